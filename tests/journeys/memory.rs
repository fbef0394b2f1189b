//! Memory does not grow with the size of a file.

use std::fs::File;
use std::io::{BufWriter, Write};

use crate::support::{Host, QUICK, sample};

/// Size of the array in the short form, in MB; `GLEANER_TEST_ARRAY_MB=300 cargo test memory` makes it larger.
const ARRAY_MB: u64 = 24;

/// The bound that holds for every size, in MB.
const BOUND_MB: u64 = 300;

#[test]
fn one_huge_array_is_read_in_bounded_memory() {
    let size = std::env::var("GLEANER_TEST_ARRAY_MB")
        .ok()
        .and_then(|size| size.parse().ok())
        .unwrap_or(ARRAY_MB);
    let host = Host::new(QUICK);
    let path = host.path("array.json");
    let count = write_array(&path, size * 1_000_000);
    let daemon = host.daemon();
    let idle = daemon.peak_mb();
    std::fs::rename(path, host.path("out/array.json")).expect("moved");
    host.wait_long("SELECT records FROM sources", |records| records == count);
    let peak = daemon.peak_mb();
    println!("{size} MB array, {count} records: peak memory {peak} MB, {idle} MB when idle");
    assert!(peak < BOUND_MB, "peak memory {peak} MB");
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

/// Writes samples of about 4 kB each until the file has the size; returns how many.
fn write_array(path: &std::path::Path, bytes: u64) -> i64 {
    let mut file = BufWriter::new(File::create(path).expect("made"));
    let (mut written, mut count) = (0, 0);
    while written < bytes {
        let mut record = sample(count);
        let answer = record["conversations"][1]["value"].as_str().expect("a text").to_owned();
        let more: Vec<String> =
            (0..16).map(|part| answer.replace("day", &format!("day {part} of"))).collect();
        record["conversations"][1]["value"] = more.join(" ").into();
        let separator = if count == 0 { "[" } else { ",\n" };
        let text = format!("{separator}{record}");
        file.write_all(text.as_bytes()).expect("written");
        written += text.len() as u64;
        count += 1;
    }
    file.write_all(b"]").expect("written");
    file.flush().expect("written");
    count as i64
}
