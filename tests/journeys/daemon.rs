//! The daemon at work: files that grow, arrive and end, pictures that come late, signals.

use std::fs;

use crate::support::{Host, QUICK, array, lines, png, sample};

const SEEN: &str = "SELECT count(*) FROM decisions";

#[test]
fn files_are_read_however_they_arrive() {
    let host = Host::new(QUICK);
    host.drop_file("before.json", array(0..5));
    let daemon = host.daemon();
    host.wait(SEEN, |seen| seen == 5);
    host.drop_file("written.jsonl", lines(5..10));
    fs::write(host.path("elsewhere.tmp"), array(10..15)).expect("written");
    fs::rename(host.path("elsewhere.tmp"), host.path("out/renamed.json")).expect("moved");
    host.drop_file("deep/er/folder/new.jsonl", lines(15..20));
    fs::write(host.path("out/ignored.txt"), "no record").expect("written");
    host.wait(SEEN, |seen| seen == 20);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(host.number(SEEN), 20);
    host.audit();
}

#[test]
fn packed_files_are_read() {
    let host = Host::new(QUICK);
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("written");
        encoder.finish().expect("finished")
    };
    host.drop_file("a.jsonl.gz", [gzip(&lines(0..3)), gzip(&lines(3..6))].concat());
    host.drop_file("b.json.zst", zstd::encode_all(array(6..10).as_bytes(), 3).expect("packed"));
    host.drop_file("c.json.gz", [gzip(&lines(10..12)), b"\x1f\x8bdamaged".to_vec()].concat());
    host.ok(&["backfill", "out"]);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict <> 'quarantined'"), 12);
    host.audit();
}

#[test]
fn a_growing_file_is_followed_and_a_half_line_waits() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    let third = sample(2).to_string();
    host.append("grow.jsonl", &lines(0..2));
    host.wait(SEEN, |seen| seen == 2);
    host.append("grow.jsonl", &third[..40]);
    host.drop_file("other.jsonl", lines(10..11));
    host.wait(SEEN, |seen| seen == 3);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE path LIKE '%grow.jsonl'"), 2);
    host.append("grow.jsonl", &third[40..]);
    // No newline follows: the closed file ends it.
    host.wait(SEEN, |seen| seen == 4);
    host.append("grow.jsonl", &format!("\n{}", lines(3..5)));
    host.wait(SEEN, |seen| seen == 6);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict = 'quarantined'"), 0);
    assert_eq!(host.number("SELECT max(generation) FROM sources"), 1);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn what_never_ends_is_unfinished_and_decided_when_it_does() {
    let host = Host::new(&QUICK.replace("[intake]\n", "[intake]\nunfinished_after = \"400ms\"\n"));
    let daemon = host.daemon();
    let record = sample(1).to_string();
    host.append("line.jsonl", &record[..50]);
    let open = array(5..7);
    host.append("array.json", open.trim_end().trim_end_matches(']'));
    host.wait("SELECT count(*) FROM decisions WHERE reason = 'structure.unfinished'", |count| {
        count == 2
    });
    host.append("line.jsonl", &format!("{}\n", &record[50..]));
    host.append("array.json", "]");
    host.wait("SELECT count(*) FROM decisions WHERE reason = 'structure.unfinished'", |count| {
        count == 0
    });
    host.wait(SEEN, |seen| seen == 3);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn late_pictures_release_their_samples() {
    let settings = "[intake]\nsettle = \"20ms\"\n[images]\ngrace = \"3s\"\nmin_side = 2\n[store]\nsynchronous = \"normal\"\n";
    let host = Host::new(settings);
    let with_picture = |number: usize, name: &str| {
        let mut sample = sample(number);
        sample["image"] = name.into();
        format!("{sample}\n")
    };
    let daemon = host.daemon();
    host.drop_file(
        "s.jsonl",
        [with_picture(1, "late.png"), with_picture(2, "never.png"), lines(3..4)].concat(),
    );
    host.wait(SEEN, |seen| seen == 3);
    assert!(
        host.number("SELECT count(*) FROM decisions WHERE seq = 1 AND sample_id = 's-3'") == 1,
        "nobody is held up"
    );
    host.drop_file("late.png", png(2));
    host.wait(
        "SELECT count(*) FROM decisions WHERE sample_id = 's-1' AND seq IS NOT NULL",
        |count| count == 1,
    );
    host.wait("SELECT count(*) FROM decisions WHERE sample_id = 's-2' AND reason = 'image.missing' AND verdict = 'rejected'", |count| count == 1);
    assert_eq!(host.number("SELECT pending FROM sources"), 0);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn signals_reload_report_and_stop() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    host.drop_file("a.jsonl", lines(0..3));
    host.wait(SEEN, |seen| seen == 3);
    daemon.signal("USR1");
    daemon.wait_for_log(0, "3 records decided");
    host.configure(&format!("{QUICK}[policy]\nalpha = 7.0\n"));
    daemon.signal("HUP");
    daemon.wait_for_log(0, "reload refused");
    host.configure(&format!("{QUICK}[policy]\nmode = \"observe\"\n"));
    let from = daemon.log().len();
    daemon.signal("HUP");
    daemon.wait_for_log(from, "in force");
    host.drop_file("b.jsonl", lines(3..8));
    host.wait("SELECT count(*) FROM kept WHERE path LIKE '%b.jsonl'", |kept| kept == 5);
    daemon.signal("INT");
    assert_eq!(daemon.wait(), 0);
    assert_eq!(host.number("SELECT count(DISTINCT policy) FROM decisions"), 2);
    host.audit();
}

#[test]
fn the_same_content_elsewhere_is_a_duplicate() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    host.drop_file("a.jsonl", lines(0..20));
    host.wait(SEEN, |seen| seen == 20);
    host.drop_file("copy.jsonl", lines(0..20));
    host.wait(SEEN, |seen| seen == 40);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE reason = 'duplicate.exact'"), 20);
    let named = "SELECT count(*) FROM decisions d JOIN decisions f ON f.id = d.duplicate_of
        WHERE f.digest = d.digest AND f.seq IS NOT NULL AND f.path LIKE '%a.jsonl'";
    assert_eq!(host.number(named), 20);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn finished_files_move_or_go_only_then() {
    for (on_done, moved) in [("\"delete\"", false), ("{ move = \"done\" }", true)] {
        let host = Host::new(QUICK);
        let text = fs::read_to_string(host.path("config.toml")).expect("read");
        fs::write(host.path("config.toml"), format!("{text}on_done = {on_done}\n"))
            .expect("written");
        let daemon = host.daemon();
        host.drop_file("sub/a.jsonl", lines(0..4));
        host.drop_file("open.jsonl", &sample(9).to_string()[..30]);
        host.wait(
            "SELECT count(*) FROM sources WHERE state = 'gone' AND kept + rejected = 4",
            |gone| gone == 1,
        );
        assert!(!host.path("out/sub/a.jsonl").exists());
        assert_eq!(host.path("done/sub/a.jsonl").exists(), moved);
        assert!(host.path("out/open.jsonl").exists(), "an unfinished file stays");
        assert_eq!(daemon.stop(), 0);
        host.audit();
    }
}
