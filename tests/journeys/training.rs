//! The models are made by one command each: the whole of it, on a few rows and random bases, gives models
//! that the product loads. Skipped, with a word, where Python has no torch; `GLEANER_PYTHON` names another.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::support::repository;

const ROLES: [&str; 3] = ["question", "answer", "style"];

fn python() -> Command {
    let mut command =
        Command::new(env::var("GLEANER_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.current_dir(repository().join("models/train"));
    command
}

fn run(command: &mut Command) -> String {
    let done = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

fn score(folder: &Path, sample: &Json) -> Json {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
    command.args(["score", "--images", "off"]).current_dir(repository());
    for role in ROLES {
        command.env(format!("GLEANER__MODELS__{}", role.to_uppercase()), folder.join(role));
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gleaner starts");
    let mut input = child.stdin.take().expect("an input");
    writeln!(input, "{sample}").expect("the input is read");
    drop(input);
    let done = child.wait_with_output().expect("gleaner ends");
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).expect("a line of JSON")
}

#[test]
fn a_few_rows_give_models_that_load() {
    let found = python().args(["-c", "import torch, onnx, onnxruntime, tokenizers"]).output();
    if !found.is_ok_and(|done| done.status.success()) {
        println!("skipped: Python with torch and models/train/requirements.txt is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [data, build, models] = ["data", "build", "models"].map(|part| folder.path().join(part));
    let tokenizer = repository().join("models/answer/tokenizer.json");
    run(python().args(["-m", "gleaner_train.smoke"]).arg(folder.path()).arg(tokenizer));
    let train = |role: &str, more: &[&str]| {
        let mut command = python();
        command.args(["-m", "gleaner_train", role]).args(more);
        command.arg("--data").arg(&data).arg("--build").arg(&build).arg("--models").arg(&models);
        command.arg("--gleaner").arg(env!("CARGO_BIN_EXE_gleaner"));
        run(&mut command);
    };
    for role in ROLES {
        train(role, &[]);
        let card =
            std::fs::read_to_string(models.join(role).join("MODEL_CARD.md")).expect("a card");
        assert!(card.contains("## Figures"), "{card}");
    }
    let sample = json!({"id": "1", "image": "a.jpg", "conversations": [
        {"from": "human", "value": "<image>\nWhy is the kettle in the valley?"},
        {"from": "gpt", "value": "It was carried there for tea."},
    ]});
    let scored = score(&models, &sample);
    for role in ROLES {
        assert!(scored["gleaner"][role].is_number(), "{scored}");
    }
    // Finished stages are not trained again: what they left makes the same model.
    let before = std::fs::read(models.join("question/model.onnx")).expect("a model");
    train("question", &[]);
    assert_eq!(before, std::fs::read(models.join("question/model.onnx")).expect("a model"));
}
