//! Files that are not as they should be: names, packing, pictures that grow, things that are no files.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::time::Duration;

use crate::support::{Host, QUICK, lines, sample};

const SEEN: &str = "SELECT count(*) FROM decisions";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("written");
    encoder.finish().expect("finished")
}

#[test]
fn names_that_are_not_utf8_are_told_apart() {
    let host = Host::new(QUICK);
    for (name, numbers) in [(&b"a\xff.jsonl"[..], 0..3), (b"a\xfe.jsonl", 3..6)] {
        fs::write(host.path("out").join(OsStr::from_bytes(name)), lines(numbers)).expect("written");
    }
    let daemon = host.daemon();
    host.wait(SEEN, |seen| seen == 6);
    assert_eq!(daemon.stop(), 0);
    let daemon = host.daemon();
    host.append("b.jsonl", &lines(6..7));
    host.wait(SEEN, |seen| seen == 7);
    assert!(!daemon.log().contains("source moved"), "{}", daemon.log());
    assert_eq!(daemon.stop(), 0);
    assert_eq!(host.number("SELECT count(*) FROM sources WHERE state = 'done'"), 3);
    host.audit();
}

#[test]
fn a_packed_file_may_begin_empty_and_grow() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    host.drop_file("a.jsonl.gz", "");
    host.drop_file("marker.jsonl", lines(90..91));
    host.wait("SELECT count(*) FROM sources", |count| count == 2);
    let packed = gzip(&lines(0..20));
    let mut file =
        fs::OpenOptions::new().append(true).open(host.path("out/a.jsonl.gz")).expect("opened");
    file.write_all(&packed[..packed.len() / 2]).expect("written");
    host.drop_file("marker2.jsonl", lines(91..92));
    host.wait("SELECT count(*) FROM decisions WHERE path LIKE '%marker%'", |count| count == 2);
    file.write_all(&packed[packed.len() / 2..]).expect("written");
    drop(file);
    host.wait(SEEN, |seen| seen == 22);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict = 'quarantined'"), 0);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn packed_data_that_ends_too_early_is_unfinished() {
    let host = Host::new(QUICK);
    let packed = gzip(&lines(0..20));
    host.drop_file("cut.jsonl.gz", &packed[..8]);
    host.ok(&["backfill", "out"]);
    assert_eq!(
        host.number("SELECT count(*) FROM decisions WHERE reason = 'structure.unfinished'"),
        1
    );
    host.audit();
}

#[test]
fn a_half_written_picture_is_waited_for() {
    let settings = "[intake]\nsettle = \"20ms\"\n[images]\ngrace = \"1m\"\nmin_side = 2\n";
    let host = Host::new(settings);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(40, 40).write_to(&mut bytes, image::ImageFormat::Png).expect("encoded");
    let picture = bytes.into_inner();
    let mut record = sample(1);
    record["image"] = "p.png".into();
    let daemon = host.daemon();
    host.drop_file("p.png", &picture[..picture.len() / 2]);
    host.drop_file("s.jsonl", format!("{record}\n"));
    host.wait(SEEN, |seen| seen == 1);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict = 'pending'"), 1);
    host.drop_file("p.png", &picture);
    host.wait("SELECT count(*) FROM decisions WHERE seq = 1", |count| count == 1);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn a_file_rotated_before_it_was_seen_is_read() {
    let host = Host::new(QUICK);
    fs::write(host.path("out/log.jsonl.1"), lines(0..3)).expect("written");
    fs::write(host.path("out/log.jsonl.bak"), lines(5..9)).expect("written");
    host.drop_file("log.jsonl", lines(3..5));
    let daemon = host.daemon();
    host.wait(SEEN, |seen| seen == 5);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(host.number(SEEN), 5, "copies of other kinds are left alone");
    host.audit();
}

#[test]
fn on_done_is_remembered_over_a_restart() {
    let host = Host::new(&QUICK.replace("300ms", "2s"));
    let text = fs::read_to_string(host.path("config.toml")).expect("read");
    fs::write(host.path("config.toml"), format!("{text}on_done = \"delete\"\n")).expect("written");
    let daemon = host.daemon();
    host.drop_file("a.jsonl", lines(0..4));
    host.wait(SEEN, |seen| seen == 4);
    assert_eq!(daemon.stop(), 0);
    assert!(host.path("out/a.jsonl").exists());
    let daemon = host.daemon();
    host.wait("SELECT count(*) FROM sources WHERE state = 'gone'", |gone| gone == 1);
    assert!(!host.path("out/a.jsonl").exists());
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn what_is_no_regular_file_is_left_alone() {
    let host = Host::new(QUICK);
    fs::create_dir(host.path("out/folder.json")).expect("made");
    fs::create_dir(host.path("elsewhere")).expect("made");
    fs::write(host.path("elsewhere/a.jsonl"), lines(0..2)).expect("written");
    std::os::unix::fs::symlink(host.path("elsewhere"), host.path("out/link")).expect("linked");
    std::os::unix::fs::symlink(host.path("elsewhere/a.jsonl"), host.path("out/link.jsonl"))
        .expect("linked");
    let status =
        Command::new("mkfifo").arg(host.path("out/pipe.jsonl")).status().expect("mkfifo runs");
    assert!(status.success());
    let daemon = host.daemon();
    host.drop_file("real.jsonl", lines(5..7));
    host.wait(SEEN, |seen| seen == 2);
    // One more rescan sees them again.
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(daemon.stop(), 0);
    assert_eq!(host.number(SEEN), 2);
    host.audit();
}

#[test]
fn an_open_end_survives_a_kill_at_any_moment() {
    let host = Host::new(&QUICK.replace("[intake]\n", "[intake]\nunfinished_after = \"100ms\"\n"));
    let half = sample(1).to_string();
    for number in 0..200 {
        host.drop_file(&format!("{number}.jsonl"), &half[..40]);
    }
    for kill in 0..5 {
        let daemon = host.daemon();
        std::thread::sleep(Duration::from_millis(30 * kill));
        daemon.kill();
        host.audit();
    }
    let daemon = host.daemon();
    host.wait("SELECT count(*) FROM decisions WHERE reason = 'structure.unfinished'", |count| {
        count == 200
    });
    for number in 0..200 {
        host.append(&format!("{number}.jsonl"), &format!("{}\n", &half[40..]));
    }
    host.wait("SELECT count(*) FROM decisions WHERE reason = 'structure.unfinished'", |count| {
        count == 0
    });
    host.wait(SEEN, |seen| seen == 200);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}
