//! Nearly the same again: found among what reached a gate, named, remembered over restarts.

use std::collections::BTreeSet;
use std::fs;

use gleaner::check::{NEAR, NearIndex};
use gleaner::digest::Digest;
use gleaner::signature::Signature;
use serde_json::{Value as Json, json};

use crate::support::{Host, repository};

const OBSERVE: &str =
    "[policy]\nmode = \"observe\"\n[images]\ncheck = \"off\"\n[intake]\nsettle = \"20ms\"\n";

/// A sample about something of its own, whose last word may differ.
fn record(number: usize, image: &str, end: &str) -> Json {
    let things = [
        "kettle", "ladder", "window", "anchor", "violin", "lantern", "saddle", "barrel", "mirror",
        "pulley",
    ];
    let thing = |step: usize| things[(number / 10usize.pow(step as u32)) % 10];
    let answer = format!(
        "Beside the {} number {number} a tall {} leans against the {}, as it was left there by the people who \
         had to carry it up all the stairs from the cellar before the rain began in the late {end}.",
        thing(0),
        thing(1),
        thing(2)
    );
    json!({"id": format!("{number}-{end}"), "image": image, "conversations": [
        {"from": "human", "value": format!("<image>\nWhat stands beside the {} number {number}?", thing(0))},
        {"from": "gpt", "value": answer},
    ]})
}

fn text(records: &[Json]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn verdicts(host: &Host) -> Vec<(String, String, String)> {
    let word = |row: &Json, name: &str| row[name].as_str().unwrap_or("").to_owned();
    let rows = host.rows(
        "SELECT d.sample_id, coalesce(d.reason, 'kept') AS found, coalesce(e.sample_id, '') AS first
         FROM decisions d LEFT JOIN decisions e ON e.id = d.duplicate_of ORDER BY d.path, d.span_start",
    );
    rows.iter()
        .map(|row| (word(row, "sample_id"), word(row, "found"), word(row, "first")))
        .collect()
}

fn line(id: &str, found: &str, first: &str) -> (String, String, String) {
    (id.to_owned(), found.to_owned(), first.to_owned())
}

#[test]
fn nearly_the_same_text_is_a_duplicate_also_after_a_restart() {
    let host = Host::new(OBSERVE);
    host.drop_file(
        "a.jsonl",
        text(&[
            record(123, "a.jpg", "evening"),
            record(123, "a.jpg", "afternoon"),
            record(123, "b.jpg", "morning"),
            record(456, "a.jpg", "evening"),
        ]),
    );
    host.ok(&["backfill", "out"]);
    host.drop_file(
        "b.jsonl",
        text(&[record(456, "a.jpg", "night"), record(789, "a.jpg", "night")]),
    );
    host.ok(&["backfill", "out"]);
    assert_eq!(
        verdicts(&host),
        [
            line("123-evening", "kept", ""),
            line("123-afternoon", "duplicate.near", "123-evening"),
            line("123-morning", "kept", ""),
            line("456-evening", "kept", ""),
            line("456-night", "duplicate.near", "456-evening"),
            line("789-night", "kept", ""),
        ]
    );
    let told = host.ok(&["explain", "456-night"]);
    assert!(told.contains("nearly repeats") && told.contains("456-evening"), "{told}");
    host.audit();
}

#[test]
fn only_the_window_is_looked_at_and_the_check_can_be_switched_off() {
    for (checks, expected) in [
        ("near_window = 1", "kept"),
        ("near_window = 2", "duplicate.near"),
        ("duplicate_near = false", "kept"),
    ] {
        let host = Host::new(&format!("{OBSERVE}[checks]\n{checks}\n"));
        let records = [
            record(1, "a.jpg", "evening"),
            record(2, "a.jpg", "evening"),
            record(1, "a.jpg", "night"),
        ];
        host.drop_file("a.jsonl", text(&records));
        host.ok(&["backfill", "out"]);
        assert_eq!(verdicts(&host)[2].1, expected, "{checks}");
        host.audit();
    }
}

#[test]
fn an_image_has_as_many_samples_as_its_cap_also_after_a_restart() {
    let host = Host::new(&format!("{OBSERVE}[checks]\nimage_cap = 2\n"));
    let first: Vec<Json> = (0..4).map(|number| record(number * 111, "a.jpg", "evening")).collect();
    host.drop_file("a.jsonl", text(&first));
    host.drop_file("b.jsonl", text(&[record(555, "b.jpg", "evening")]));
    host.ok(&["backfill", "out"]);
    host.drop_file(
        "c.jsonl",
        text(&[
            record(666, "a.jpg", "evening"),
            record(777, "b.jpg", "evening"),
            record(888, "b.jpg", "evening"),
        ]),
    );
    host.ok(&["backfill", "out"]);
    let found: Vec<String> = verdicts(&host).into_iter().map(|(_, found, _)| found).collect();
    let capped = "duplicate.image_cap";
    assert_eq!(found, ["kept", "kept", capped, capped, "kept", capped, "kept", capped]);
    let told = host.ok(&["explain", "666-evening"]);
    assert!(told.contains("2 samples of `a.jpg` came before, 2 may"), "{told}");
    host.audit();
}

#[test]
fn the_cap_holds_while_commits_are_slow() {
    let host = Host::new(&format!(
        "{OBSERVE}[checks]\nimage_cap = 300\nduplicate_near = false\n[store]\nsynchronous = \"normal\"\n"
    ));
    let records: Vec<Json> = (0..900).map(|number| record(number, "a.jpg", "evening")).collect();
    host.drop_file("a.jsonl", text(&records));
    // Between a commit and the news of it.
    let mut command = host.command(&["backfill", "out"]);
    let done = command.env("FAILPOINTS", "committed=sleep(20)").status().expect("it runs");
    assert!(done.success());
    assert_eq!(host.number("SELECT count(*) FROM decisions WHERE seq IS NOT NULL"), 300);
    host.audit();
}

/// Words of a text as signatures see them.
fn shingles(text: &str) -> BTreeSet<Vec<String>> {
    let lower = text.to_lowercase();
    let words: Vec<String> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.windows(5.min(words.len().max(1))).map(<[String]>::to_vec).collect()
}

/// Replaces, drops or doubles a few words.
fn edited(text: &str, edits: usize, mut draw: impl FnMut(usize) -> usize) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    for _ in 0..edits {
        let place = draw(words.len());
        match draw(3) {
            0 => words[place] = "something",
            1 => drop(words.remove(place)),
            _ => words.insert(place, "really"),
        }
    }
    words.join(" ")
}

#[test]
fn small_edits_are_found_and_larger_ones_are_not() {
    let folder = repository().join("models/train/gleaner_train/scenes");
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).expect("the scenes are there") {
        for line in fs::read_to_string(entry.expect("an entry").path()).expect("read").lines() {
            let scene: Json = serde_json::from_str(line).expect("JSON");
            for turn in scene["turns"].as_array().expect("turns") {
                texts.push(turn["padded"].as_str().expect("a text").to_owned());
            }
        }
    }
    let mut state = 1u64;
    let mut draw = |size: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % size
    };
    let signature = |text: &str| Signature::of(std::iter::once(text), std::iter::empty());
    let mut index = NearIndex::new(texts.len());
    for (number, text) in texts.iter().enumerate() {
        index.add(Digest::of(&number.to_le_bytes()), &signature(text));
    }
    // (pairs, found) by whether they are clearly near, clearly not, or at the border.
    let (mut near, mut border, mut far) = ([0usize; 2], [0usize; 2], [0usize; 2]);
    let (mut right, mut said, mut truly) = (0, 0, 0);
    for (number, text) in texts.iter().enumerate() {
        for edits in [1, 2, 3, 4, 6, 9] {
            let other = edited(text, edits, &mut draw);
            let (a, b) = (shingles(text), shingles(&other));
            let exact = a.intersection(&b).count() as f64 / a.union(&b).count() as f64;
            let found = index.find(&signature(&other));
            let is_found = found.is_some_and(|(id, _)| id == Digest::of(&number.to_le_bytes()));
            assert_eq!(found.is_some(), is_found, "another text is named: {other}");
            let counts = match exact {
                0.9.. => &mut near,
                0.7.. => &mut border,
                _ => &mut far,
            };
            counts[0] += 1;
            counts[1] += usize::from(is_found);
            truly += usize::from(exact >= NEAR);
            said += usize::from(is_found);
            right += usize::from(is_found && exact >= NEAR);
        }
    }
    println!(
        "{} pairs: precision {:.3}, recall {:.3}; found of similarity 0.9 and more {near:?}, 0.7 to 0.9 {border:?}, less {far:?}",
        6 * texts.len(),
        right as f64 / said as f64,
        right as f64 / truly as f64,
    );
    assert!(near[0] > 500 && far[0] > 500, "both sorts are tried");
    assert!(near[1] * 1000 >= near[0] * 985, "of {near:?}");
    assert!(far[1] * 1000 <= far[0] * 5, "of {far:?}");
}
