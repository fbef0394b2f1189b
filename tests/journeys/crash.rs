//! The end at any moment, by kill -9 and at every step of the way from reading to commit: what is started again ends
//! with the same occurrences as what was never disturbed.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::support::{Host, PATIENCE, QUICK, array, lines, sample};

/// Kills in the short form; `GLEANER_TEST_KILLS=20 cargo test crash` runs more.
const KILLS: u64 = 4;

const FILES: usize = 12;
const RECORDS: usize = 40;

fn fill(host: &Host) {
    for file in 0..FILES {
        let numbers = file * RECORDS..(file + 1) * RECORDS;
        if file % 2 == 0 {
            host.drop_file(&format!("{file}.jsonl"), lines(numbers));
        } else {
            host.drop_file(&format!("{file}.json"), array(numbers));
        }
    }
}

fn ids(host: &Host) -> Vec<Json> {
    host.rows("SELECT id FROM decisions ORDER BY id")
}

#[test]
fn killed_daemons_lose_nothing_and_count_nothing_twice() {
    let all = (FILES * RECORDS) as i64;
    let undisturbed = Host::new(QUICK);
    fill(&undisturbed);
    undisturbed.ok(&["backfill", "out"]);
    assert_eq!(undisturbed.number("SELECT count(*) FROM decisions"), all);

    let host = Host::new(QUICK);
    fill(&host);
    let kills = std::env::var("GLEANER_TEST_KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(KILLS);
    // A fixed sequence (Knuth's MMIX generator) spreads the moments over the time that the work takes.
    let mut state: u64 = 20_260_101;
    for _ in 0..kills {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let daemon = host.daemon();
        std::thread::sleep(Duration::from_millis((state >> 33) % 250));
        daemon.kill();
        host.audit();
    }
    let daemon = host.daemon();
    host.wait("SELECT count(*) FROM decisions", |seen| seen == all);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(ids(&host), ids(&undisturbed));
    host.audit();
}

/// The steps of a record and of its file, in their order.
const STEPS: [&str; 9] = [
    "source",
    "let in",
    "examine",
    "rate questions",
    "rate answers",
    "decided",
    "write",
    "commit",
    "committed",
];

/// Runs a command that ends at a step when it is reached for the `number`-th time.
fn end_at(host: &Host, step: &str, number: usize, arguments: &[&str]) -> ExitStatus {
    let mut command = host.command(arguments);
    command.env("FAILPOINTS", format!("{step}={}*off->return", number - 1));
    let mut child = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().expect("killed");
            panic!("`{step}` is not reached for the {number}. time");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn every_step_may_be_the_last() {
    let undisturbed = Host::new(QUICK);
    let host = Host::new(QUICK);
    let mut ended = 0;
    for (round, number) in [1, 2, 30].into_iter().enumerate() {
        for (place, step) in STEPS.into_iter().enumerate() {
            let file = round * STEPS.len() + place;
            for host in [&undisturbed, &host] {
                host.drop_file(&format!("{file:03}.jsonl"), lines(file * 40..file * 40 + 40));
            }
            let status = end_at(&host, step, number, &["backfill", "out"]);
            ended += usize::from(status.code().is_none());
            if host.path("gleaner.db").exists() {
                host.audit();
            }
        }
    }
    // A commit holds many records, so that there is no 30th; all else is reached.
    assert!(ended >= 3 * STEPS.len() - 4, "{ended} of {} runs ended early", 3 * STEPS.len());
    for host in [&undisturbed, &host] {
        host.ok(&["backfill", "out"]);
        host.audit();
    }
    assert_eq!(ids(&host), ids(&undisturbed));
}

#[test]
fn the_last_moments_lose_nothing() {
    let host = Host::new(QUICK);
    host.drop_file("a.jsonl", lines(0..20));
    assert_eq!(end_at(&host, "close", 1, &["backfill", "out"]).code(), None);
    assert_eq!(host.number("SELECT count(*) FROM decisions"), 20);
    host.audit();
}

#[test]
fn a_picture_that_comes_late_is_settled_once() {
    let settings = "[intake]\nsettle = \"20ms\"\n[images]\ncheck = \"exists\"\ngrace = \"5m\"\n";
    let host = Host::new(settings);
    let mut waiting = sample(1);
    waiting["image"] = "late.png".into();
    host.drop_file("a.jsonl", format!("{waiting}\n"));
    let daemon = host.daemon();
    host.wait("SELECT count(*) FROM decisions WHERE verdict = 'pending'", |count| count == 1);
    assert_eq!(daemon.stop(), 0);
    host.drop_file("late.png", "a picture");
    // Before it is settled, and between that and its commit.
    for step in ["settle", "settled"] {
        assert_eq!(end_at(&host, step, 1, &["run"]).code(), None, "it ends at {step}");
        assert_eq!(host.number("SELECT count(*) FROM decisions WHERE verdict = 'pending'"), 1);
        host.audit();
    }
    let daemon = host.daemon();
    host.wait("SELECT count(*) FROM decisions WHERE verdict = 'pending'", |count| count == 0);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(host.number("SELECT count(*) FROM decisions"), 1);
    host.audit();
}

#[test]
fn a_finished_file_is_moved_once() {
    for step in ["retire", "retired"] {
        let host = Host::new(QUICK);
        let config = host.path("config.toml");
        let text = std::fs::read_to_string(&config).expect("read");
        std::fs::write(&config, format!("{text}on_done = {{ move = \"done\" }}\n"))
            .expect("written");
        host.drop_file("a.jsonl", lines(0..20));
        let done = end_at(&host, step, 1, &["run"]);
        assert_eq!(done.code(), None, "it ends at {step}");
        assert_eq!(host.path("done/a.jsonl").exists(), step == "retired");
        assert_eq!(host.number("SELECT count(*) FROM decisions"), 20);
        let daemon = host.daemon();
        host.drop_file("b.jsonl", lines(20..25));
        host.wait("SELECT count(*) FROM decisions", |count| count == 25);
        let moved = "SELECT count(*) FROM sources WHERE state = 'gone' AND path LIKE '%b.jsonl'";
        host.wait(moved, |count| count == 1);
        assert_eq!(daemon.stop(), 0);
        assert!(host.path("done/a.jsonl").exists() && !host.path("out/a.jsonl").exists());
        host.audit();
    }
}
