//! Files that are renamed, rotated, truncated and rewritten: what stood there before is carried over.

use std::fs;

use crate::support::{Host, QUICK, array, lines, sample};

const SEEN: &str = "SELECT count(*) FROM decisions";
const CARRIED: &str = "SELECT sum(carried) FROM sources";

#[test]
fn dumping_a_growing_list_again_and_again_decides_each_record_once() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    for (count, carried) in [(3, 0), (6, 3), (7, 9)] {
        host.drop_file("dump.json", array(0..count));
        host.wait(SEEN, |seen| seen == count as i64);
        host.wait(CARRIED, |sum| sum == carried);
    }
    assert_eq!(host.number("SELECT max(generation) FROM sources"), 3);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn a_file_replaced_by_rename_is_a_new_generation() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    host.drop_file("a.jsonl", lines(0..4));
    host.wait(SEEN, |seen| seen == 4);
    fs::write(host.path("new"), lines(2..6)).expect("written");
    fs::rename(host.path("new"), host.path("out/a.jsonl")).expect("moved");
    host.wait(SEEN, |seen| seen == 6);
    assert_eq!(host.number(CARRIED), 2);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn a_renamed_file_is_the_same_source() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    host.drop_file("a.jsonl", lines(0..4));
    host.wait(SEEN, |seen| seen == 4);
    fs::rename(host.path("out/a.jsonl"), host.path("out/b.jsonl")).expect("moved");
    host.append("b.jsonl", &lines(4..5));
    host.wait(SEEN, |seen| seen == 5);
    fs::rename(host.path("out/b.jsonl"), host.path("out/b.jsonl.1")).expect("rotated");
    host.append("b.jsonl.1", &lines(5..6));
    host.append("b.jsonl", &lines(6..8));
    host.wait(SEEN, |seen| seen == 8);
    assert_eq!(host.number("SELECT count(*) FROM sources"), 2);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict = 'duplicate'"), 0);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn a_truncated_file_begins_anew() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    host.append("log.jsonl", &lines(0..5));
    host.wait(SEEN, |seen| seen == 5);
    fs::copy(host.path("out/log.jsonl"), host.path("log.copy")).expect("copied");
    let file = fs::OpenOptions::new().write(true).open(host.path("out/log.jsonl")).expect("opened");
    file.set_len(0).expect("truncated");
    host.append("log.jsonl", &lines(5..7));
    host.wait(SEEN, |seen| seen == 7);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}

#[test]
fn changes_while_the_daemon_is_down_are_seen_at_the_start() {
    let host = Host::new(QUICK);
    host.drop_file("grown.jsonl", lines(0..3));
    host.drop_file("same.jsonl", lines(3..6));
    host.drop_file("edited.jsonl", lines(6..9));
    assert_eq!(start_and_stop(&host, 9), 0);
    host.append("grown.jsonl", &lines(20..22));
    let other = sample(7).to_string().replace("hurry", "HURRY");
    host.drop_file("edited.jsonl", [lines(6..7), format!("{other}\n"), lines(8..9)].concat());
    let touched = fs::read(host.path("out/same.jsonl")).expect("read");
    host.drop_file("same.jsonl", touched);
    assert_eq!(start_and_stop(&host, 12), 0);
    assert_eq!(host.number(CARRIED), 2);
    host.audit();
}

fn start_and_stop(host: &Host, seen: i64) -> i32 {
    let daemon = host.daemon();
    host.wait(SEEN, |count| count == seen);
    daemon.stop()
}

#[test]
fn repeated_records_are_carried_as_often_as_they_stood_there() {
    let host = Host::new(QUICK);
    let daemon = host.daemon();
    let one = lines(0..1);
    host.drop_file("r.jsonl", one.repeat(2));
    host.wait(SEEN, |seen| seen == 2);
    fs::write(host.path("new"), one.repeat(3)).expect("written");
    fs::rename(host.path("new"), host.path("out/r.jsonl")).expect("moved");
    host.wait(CARRIED, |carried| carried == 2);
    host.wait(SEEN, |seen| seen == 3);
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict = 'duplicate'"), 2);
    assert_eq!(daemon.stop(), 0);
    host.audit();
}
