//! Wrong use: one clear sentence with the place, and the right exit status.

use std::fs;

use crate::support::{Host, QUICK, lines, repository};

/// Runs a command that must fail with a status and one line that holds all of these words.
fn fails(host: &Host, arguments: &[&str], code: i32, words: &[&str]) {
    let ran = host.run(arguments);
    assert_eq!(ran.code, code, "gleaner {arguments:?}: {}{}", ran.stdout, ran.stderr);
    let lines: Vec<&str> =
        ran.stderr.lines().filter(|line| line.starts_with("gleaner: ")).collect();
    assert_eq!(lines.len(), 1, "one sentence: {}", ran.stderr);
    for word in words {
        assert!(lines[0].contains(word), "`{word}` is missing in: {}", lines[0]);
    }
}

#[test]
fn configurations_are_refused_with_file_key_and_range() {
    let host = Host::new("");
    fails(&host, &["run", "-c", "none.toml"], 2, &["none.toml"]);
    host.configure("[policy]\nalpha = 2.0\n");
    fails(&host, &["run"], 2, &["config.toml", "policy.alpha", "2", "at most 1"]);
    host.configure("[policy]\nalhpa = 0.2\n");
    fails(&host, &["config", "check"], 2, &["config.toml", "alhpa"]);
    host.configure("");
    fs::remove_dir(host.path("out")).expect("removed");
    fails(&host, &["run"], 2, &["watch.path", "out", "exists"]);
    fs::remove_file(host.path("config.toml")).expect("removed");
    fails(&host, &["run"], 2, &["config.toml", "--config"]);
    fails(&host, &["query", "--since", "soon"], 3, &["no database"]);
}

#[test]
fn overriding_variables_are_checked_too() {
    let host = Host::new("");
    let ran = host
        .command(&["config", "show"])
        .env("GLEANER__POLICY__ALPHA", "0.2")
        .output()
        .expect("runs");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("alpha = 0.2"));
    let ran = host
        .command(&["config", "show"])
        .env("GLEANER__POLICY__ALPHA", "x")
        .output()
        .expect("runs");
    assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn broken_models_stop_the_start() {
    let host = Host::new("");
    let models = host.path("models");
    for role in ["question", "answer", "style"] {
        fs::create_dir_all(models.join(role)).expect("made");
        for file in ["model.toml", "model.onnx", "tokenizer.json"] {
            fs::copy(
                repository().join("models").join(role).join(file),
                models.join(role).join(file),
            )
            .expect("copied");
        }
    }
    fs::write(host.path("config.toml"), "[[watch]]\npath = \"out\"\n").expect("written");
    host.ok(&["config", "check"]);
    let mut bytes = fs::read(models.join("answer/model.onnx")).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(models.join("answer/model.onnx"), bytes).expect("written");
    fails(&host, &["run"], 4, &["answer/model.onnx", "SHA-256", "reinstall"]);
    fs::remove_file(models.join("answer/model.onnx")).expect("removed");
    fails(&host, &["backfill", "out"], 4, &["answer/model.onnx", "[models]"]);
    fs::rename(models.join("question"), models.join("other")).expect("moved");
    fs::rename(models.join("style"), models.join("question")).expect("moved");
    fails(&host, &["run"], 4, &["style model", "question model"]);
}

#[test]
fn databases_that_cannot_be_used_are_named() {
    let host = Host::new(QUICK);
    fails(&host, &["stats"], 3, &["no database", "gleaner run"]);
    fs::write(host.path("gleaner.db"), "some other file that is long enough to be looked at")
        .expect("written");
    fails(&host, &["run"], 3, &["gleaner.db", "not a Gleaner database"]);
    fs::remove_file(host.path("gleaner.db")).expect("removed");
    host.drop_file("a.jsonl", lines(0..2));
    let daemon = host.daemon();
    host.wait("SELECT count(*) FROM decisions", |seen| seen == 2);
    fails(&host, &["run"], 3, &["in use", "process"]);
    fails(&host, &["backfill", "out"], 3, &["in use", "no backfill"]);
    assert_eq!(daemon.stop(), 0);
    let connection = rusqlite::Connection::open(host.path("gleaner.db")).expect("opened");
    connection.pragma_update(None, "user_version", 99).expect("set");
    drop(connection);
    fails(&host, &["stats"], 3, &["schema 99", "newer Gleaner"]);
    fails(&host, &["run"], 3, &["schema 99", "newer Gleaner"]);
}

#[test]
fn a_full_disk_ends_with_a_sentence_and_loses_nothing() {
    let host = Host::new(QUICK);
    host.drop_file("a.jsonl", lines(0..50));
    host.ok(&["backfill", "out"]);
    let size = fs::metadata(host.path("gleaner.db")).expect("there").len();
    host.drop_file("b.jsonl", lines(50..1500));
    // The shell's limit on the size of files stands for a full disk; SIGXFSZ is ignored, writes fail.
    let blocks = (size / 1024 + 64).to_string();
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" backfill out");
    let output = std::process::Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_gleaner")])
        .current_dir(host.path(""))
        .output()
        .expect("bash runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("gleaner.db"), "{stderr}");
    host.audit();
    host.ok(&["backfill", "out"]);
    assert_eq!(host.number("SELECT count(*) FROM decisions"), 1500);
    host.audit();
}

#[test]
fn queries_only_read_and_ids_must_be_known() {
    let host = Host::new(QUICK);
    host.drop_file("a.jsonl", lines(0..30));
    host.ok(&["backfill", "out"]);
    fails(&host, &["query", "DELETE FROM occurrence"], 2, &["only statements that read"]);
    fails(&host, &["query", "SELECT nothing"], 2, &["nothing"]);
    fails(&host, &["explain", "zzz"], 2, &["zzz"]);
    fails(&host, &["query", "--since", "soon"], 2, &["--since", "soon", "2h"]);
    assert_eq!(host.run(&["query", "--verdict", "maybe"]).code, 2);
    assert_eq!(host.run(&["nonsense"]).code, 2);
    fails(&host, &["backfill", "missing-folder"], 5, &["missing-folder"]);
    fails(&host, &["score", "missing.json"], 5, &["missing.json"]);
    fails(&host, &["export", "--out", "no/such/folder/kept.json"], 5, &["no/such/folder"]);
}

#[test]
fn a_damaged_count_is_found_by_the_audit() {
    let host = Host::new(QUICK);
    host.drop_file("a.jsonl", lines(0..30));
    host.ok(&["backfill", "out"]);
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(host.path("gleaner.db")).expect("opened");
        connection.pragma_update(None, "foreign_keys", false).expect("set");
        assert!(connection.execute(sql, []).expect("changed") > 0);
    };
    change(
        "DELETE FROM occurrence WHERE row = (SELECT row FROM occurrence WHERE verdict = 'rejected' LIMIT 1)",
    );
    let ran = host.run(&["audit"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("DIFFERS") && ran.stdout.contains("a.jsonl"), "{}", ran.stdout);
    let host = Host::new(QUICK);
    host.drop_file("a.jsonl", lines(0..30));
    host.ok(&["backfill", "out"]);
    let connection = rusqlite::Connection::open(host.path("gleaner.db")).expect("opened");
    connection
        .execute("UPDATE occurrence SET question = 9999 - question WHERE seq = 7", [])
        .expect("changed");
    drop(connection);
    assert_eq!(host.run(&["audit"]).code, 0, "counts alone still agree");
    assert_eq!(host.run(&["audit", "--replay"]).code, 1, "the decision does not follow any more");
}
