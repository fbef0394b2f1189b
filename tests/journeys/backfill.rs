//! The demo samples from beginning to end: decided for the right reasons, explained, exported, proved.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::support::{Host, QUICK, lines, repository, sample};

/// Reads the table of `tests/samples/README.md`: sample id and the reason code that it must get.
fn expected() -> BTreeMap<String, String> {
    let text = fs::read_to_string(repository().join("tests/samples/README.md"))
        .expect("the README is there");
    let code = |cell: &str| cell.trim().trim_matches('`').to_owned();
    text.lines()
        .filter(|line| line.starts_with("| ") && line.contains("-00"))
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let reason = cells.iter().map(|cell| code(cell)).find(|cell| {
                ["structure.", "text.", "image.", "duplicate."]
                    .iter()
                    .any(|family| cell.starts_with(family))
            })?;
            Some((code(cells[0]), reason))
        })
        .collect()
}

fn demo() -> Host {
    let host = Host::new("");
    host.ok(&["backfill", repository().join("tests/samples").to_str().expect("UTF-8")]);
    host
}

#[test]
fn every_demo_sample_is_decided_for_the_reason_that_its_readme_gives() {
    let host = demo();
    let found: BTreeMap<String, String> = host
        .rows("SELECT sample_id, reason FROM decisions WHERE sample_id IS NOT NULL AND reason IS NOT NULL")
        .iter()
        .map(|row| (row["sample_id"].as_str().unwrap_or("").to_owned(), row["reason"].as_str().unwrap_or("").to_owned()))
        .collect();
    let expected = expected();
    assert!(expected.len() >= 25, "the table is read: {expected:?}");
    for (id, reason) in &expected {
        // What is no sample has no id: those are counted below.
        if reason.starts_with("structure.") {
            continue;
        }
        assert_eq!(found.get(id), Some(reason), "{id}");
    }
    for reason in expected.values().filter(|reason| reason.starts_with("structure.")) {
        let count =
            host.number(&format!("SELECT count(*) FROM decisions WHERE reason = '{reason}'"));
        let wanted = expected.values().filter(|other| *other == reason).count();
        assert_eq!(count, wanted as i64, "{reason}");
    }
    let checked = |family: &str| {
        host.number(&format!("SELECT count(*) FROM decisions WHERE reason GLOB '{family}.*'"))
    };
    let wanted = expected.values().filter(|reason| reason.starts_with("text.")).count();
    assert_eq!(checked("text"), wanted as i64, "no fine sample fails a text check");
    host.audit();
}

#[test]
fn a_second_run_finds_nothing_new() {
    let host = demo();
    let before = host.rows("SELECT id, verdict, decided_at FROM decisions ORDER BY id");
    let folder = repository().join("tests/samples");
    let text = host.ok(&["backfill", folder.to_str().expect("UTF-8")]);
    assert!(text.contains("nothing new"), "{text}");
    assert_eq!(host.rows("SELECT id, verdict, decided_at FROM decisions ORDER BY id"), before);
}

#[test]
fn ids_and_verdicts_are_the_same_on_every_host() {
    let list = |host: &Host| {
        host.rows("SELECT id, seq, verdict, reason, question, answer FROM decisions ORDER BY id")
    };
    assert_eq!(list(&demo()), list(&demo()));
}

#[test]
fn every_decision_explains_itself() {
    let host = demo();
    for row in host.rows("SELECT id, verdict, reason, seq FROM decisions") {
        let id = row["id"].as_str().expect("an id");
        let text = host.ok(&["explain", &id[..16]]);
        assert!(text.contains(row["verdict"].as_str().expect("a verdict")), "{text}");
        let told: Json = serde_json::from_str(&host.ok(&["explain", id, "--json"])).expect("JSON");
        assert_eq!(told["id"], row["id"]);
        if row["seq"].is_i64() {
            assert_eq!(told["models"].as_array().map(Vec::len), Some(3), "{told}");
            assert!(told["policy"]["digest"].is_string() && told["compute"].is_string(), "{told}");
        }
        if row["reason"] == "question.below_cut" {
            assert!(
                text.contains("alpha = ") && told["scores"]["question_needed"].is_f64(),
                "{text}"
            );
        }
    }
    let by_own_id = host.ok(&["explain", "complex-0001"]);
    assert!(by_own_id.contains("complex-0001"), "{by_own_id}");
}

#[test]
fn exports_hold_the_kept_set_and_are_the_same_bytes_each_time() {
    let host = Host::new("[policy]\nmode = \"observe\"\n");
    host.ok(&["backfill", repository().join("tests/samples").to_str().expect("UTF-8")]);
    let kept = host.number("SELECT count(*) FROM kept");
    assert!(kept > 20, "{kept}");
    let read = |name: &str| fs::read(host.path(name)).expect("exported");
    for format in ["llava", "jsonl"] {
        host.ok(&["export", "--format", format, "--out", "one"]);
        host.ok(&["export", "--format", format, "--out", "two"]);
        assert_eq!(read("one"), read("two"));
        let manifest: Json = serde_json::from_slice(&read("one.manifest.json")).expect("JSON");
        assert_eq!(manifest["samples"], kept);
        assert_eq!(manifest["bytes"], read("one").len());
    }
    host.ok(&["export", "--format", "llava", "--out", "kept.json"]);
    let samples: Vec<Json> = serde_json::from_slice(&read("kept.json")).expect("one JSON array");
    assert_eq!(samples.len() as i64, kept);
    for sample in &samples {
        assert!(sample["id"].is_string() && sample["image"].is_string(), "{sample}");
        for message in sample["conversations"].as_array().expect("messages") {
            assert!(message["value"].is_string(), "one candidate is chosen: {message}");
        }
    }
    let marks = samples.iter().filter(|sample| sample.to_string().contains("<image>")).count();
    assert_eq!(marks, samples.len(), "marks stay where the record had them");
}

#[test]
fn score_is_a_filter_in_order() {
    let host = Host::new("");
    let mut input = lines(0..3);
    input.push_str("nonsense\n");
    input.push_str(&lines(3..5));
    let mut child = host
        .command(&["score", "--images", "off"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let found: Vec<Json> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(found.len(), 6);
    assert_eq!(found[3]["gleaner"]["checks"][0], "structure.malformed");
    for (place, number) in [(0, 0), (1, 1), (2, 2), (4, 3), (5, 4)] {
        assert_eq!(found[place]["id"], sample(number)["id"]);
        for score in ["question", "answer", "style"] {
            let score = found[place]["gleaner"][score].as_f64().expect("a score");
            assert!((0.0..=1.0).contains(&score));
        }
        assert_eq!(found[place]["gleaner"]["kind"], "complex");
    }
}

#[test]
fn evaluate_tells_kinds_apart_and_counts_what_checks_reject_as_worst() {
    let host = Host::new("");
    let good = "The man is repairing a bicycle chain next to a workbench.";
    let pair = |kind: &str, chosen: &str, rejected: &str| {
        let pair = serde_json::json!({"kind": kind, "instruction": "What is the man doing?",
            "chosen": chosen, "rejected": rejected});
        format!("{pair}\n")
    };
    // The second is labelled the wrong way round, so that checks and model together must be wrong.
    let lines = pair("refusal", good, "I'm sorry, but I can't see the image.")
        + &pair("upside_down", "The provided captions do not say what he does.", good);
    fs::write(host.path("kinds.jsonl"), lines).expect("written");
    let report: Json =
        serde_json::from_str(&host.ok(&["evaluate", "kinds.jsonl", "--json"])).expect("JSON");
    let answer = &report["roles"]["answer"];
    assert_eq!(answer["pipeline"]["accuracy"], 0.5);
    assert_eq!(answer["pipeline"]["best_rejected"], 0.5);
    assert_eq!(answer["kinds"]["refusal"]["pipeline"]["accuracy"], 1.0);
    assert_eq!(answer["kinds"]["upside_down"]["pipeline"]["accuracy"], 0.0);
    assert_eq!(answer["kinds"]["upside_down"]["pipeline"]["best_rejected"], 1.0);
    let interval = &answer["kinds"]["refusal"]["pipeline"]["interval"];
    assert!(interval[0].as_f64().expect("a number") < 0.5 && interval[1] == 1.0, "{interval}");
    let table = host.ok(&["evaluate", "kinds.jsonl"]);
    assert!(table.contains("upside_down") && table.contains("checks + model"), "{table}");
}

#[test]
fn evaluate_prints_the_measures_and_judges_a_minimum() {
    let host = Host::new("");
    let group = |better: &str, worse: &str| {
        format!(
            "{}\n",
            serde_json::json!({"role": "answer", "id": "g", "question": "What is the man doing?",
                "candidates": [better, worse], "scores": [0.9, 0.1]})
        )
    };
    let text = group(
        "The man is repairing a bicycle chain next to a workbench, holding a wrench in his right hand.",
        "man the bicycle wrench a chain his",
    );
    fs::write(host.path("dev.jsonl"), text.repeat(3)).expect("written");
    fs::write(host.path("ties.jsonl"), text.replace("0.1", "0.9")).expect("written");
    assert_eq!(host.run(&["evaluate", "ties.jsonl", "--min-accuracy", "0.1"]).code, 1);
    let report: Json =
        serde_json::from_str(&host.ok(&["evaluate", "dev.jsonl", "--json"])).expect("JSON");
    let answer = &report["roles"]["answer"];
    assert_eq!(answer["pairs"], 3);
    for measure in ["accuracy", "group_accuracy", "best_of_n_lift", "samples_per_second"] {
        assert!(answer[measure].is_number(), "{answer}");
    }
    assert!(answer["similar_length"]["pairs"].is_number());
    assert_eq!(answer["baselines"]["longest"]["accuracy"], 1.0);
    assert!(answer["baselines"]["random"]["accuracy"].is_number());
    assert_eq!(host.run(&["evaluate", "dev.jsonl", "--min-accuracy", "1.1"]).code, 2);
}

#[test]
fn budget_shares_hold_on_many_samples() {
    let host = Host::new(&format!("{QUICK}[policy]\nwarmup = 50\n"));
    // In mixed order, so that no score depends on the time.
    let mixed: String =
        (0..1500).map(|number| format!("{}\n", sample(number * 7919 % 1500))).collect();
    host.drop_file("many.jsonl", mixed);
    host.ok(&["backfill", "out"]);
    let gated = host.number("SELECT count(*) FROM decisions WHERE seq IS NOT NULL");
    let passed = host.number("SELECT count(*) FROM decisions WHERE answer IS NOT NULL");
    let kept = host.number("SELECT count(*) FROM kept");
    assert_eq!(gated, 1500);
    let near = |found: i64, share: f64| (found as f64 / 1500.0 - share).abs() < 0.03;
    assert!(near(passed, 0.3) || near(passed, 1.0), "{passed} of 1500 passed the question gate");
    assert!(near(kept, 0.09), "{kept} of 1500 were kept");
    host.audit();
}
