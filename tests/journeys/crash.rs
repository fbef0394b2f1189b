//! Kill -9 at random moments: the restarted daemon ends with the same occurrences as an undisturbed one.

use std::time::Duration;

use serde_json::Value as Json;

use crate::support::{Host, QUICK, array, lines};

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
