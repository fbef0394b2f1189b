//! Files that are not as they should be: names, packing, pictures that grow, things that are no files.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::{Host, QUICK, lines, png, sample};

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
    let picture = png(40);
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

#[test]
fn records_of_all_formats_may_stand_in_one_file() {
    let host = Host::new("[policy]\nmode = \"observe\"\n[images]\ncheck = \"off\"");
    let answer = "The lamp is lit because the room behind it has no window of its own.";
    let records = [
        json!({"id": "llava", "image": "a.jpg", "conversations": [
            {"from": "human", "value": "<image>\nWhy is the lamp lit?"}, {"from": "gpt", "value": answer}]}),
        json!({"id": "sharegpt", "system": "Be exact.", "conversations": [
            {"from": "user", "value": "Why is the second lamp lit?"}, {"from": "chatgpt", "value": answer}]}),
        json!({"id": "messages", "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "Why is the third lamp lit?"},
                {"type": "image_url", "image_url": {"url": "c.jpg"}}]},
            {"role": "assistant", "content": answer}]}),
        json!({"id": "alpaca", "instruction": "Say why the lamp is lit.", "input": "Fourth lamp", "output": answer}),
        json!({"id": "none", "prompt": "Why?", "completion": answer}),
    ];
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    host.drop_file("mixed.jsonl", text);
    host.ok(&["backfill", "out"]);
    let kept = host.rows("SELECT sample_id, images, conversations FROM kept ORDER BY seq");
    let ids: Vec<&str> = kept.iter().filter_map(|row| row["sample_id"].as_str()).collect();
    assert_eq!(ids, ["llava", "sharegpt", "messages", "alpaca"]);
    assert_eq!(kept[2]["images"], r#"["c.jpg"]"#);
    let spoken = |row: &Json| -> Vec<Json> {
        serde_json::from_str(row["conversations"].as_str().expect("a text")).expect("JSON")
    };
    assert_eq!(spoken(&kept[1])[0], json!({"from": "system", "value": "Be exact."}));
    assert_eq!(spoken(&kept[2])[0]["value"], "Why is the third lamp lit?\n<image>");
    assert_eq!(spoken(&kept[3])[0]["value"], "Say why the lamp is lit.\nFourth lamp");
    let quarantined =
        host.rows("SELECT sample_id, reason FROM decisions WHERE verdict = 'quarantined'");
    assert_eq!(quarantined, [json!({"sample_id": "none", "reason": "structure.malformed"})]);
    host.audit();
}

#[test]
fn pictures_may_be_blank_in_the_record_or_far_away() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    let host = Host::new("[policy]\nmode = \"observe\"\n");
    let mut black = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(64, 64).write_to(&mut black, image::ImageFormat::Png).expect("encoded");
    host.drop_file("black.png", black.into_inner());
    let inline = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png(64)));
    let images = [
        ("black.png", "image.blank"),
        (inline.as_str(), "kept"),
        ("data:image/png;base64,AAAA", "image.undecodable"),
        ("https://example.org/a.png", "image.missing"),
    ];
    let text: String = images
        .iter()
        .enumerate()
        .map(|(number, (name, _))| {
            let mut record = sample(number);
            record["image"] = (*name).into();
            format!("{record}\n")
        })
        .collect();
    host.drop_file("a.jsonl", text);
    host.ok(&["backfill", "out"]);
    let rows =
        host.rows("SELECT coalesce(reason, verdict) AS found FROM decisions ORDER BY span_start");
    let found: Vec<&str> = rows.iter().filter_map(|row| row["found"].as_str()).collect();
    let expected: Vec<&str> = images.iter().map(|(_, found)| *found).collect();
    assert_eq!(found, expected);
    host.audit();
}
