//! The shipped models: their scores are those of the Python reference, and depend on the text alone.

use std::fs;

use gleaner::model::Role;
use gleaner::score::Models;
use serde::Deserialize;

use crate::support::repository;

#[derive(Deserialize)]
struct Golden {
    role: Role,
    question: Option<String>,
    answer: Option<String>,
    score: f64,
}

fn shipped() -> Models {
    let folder = repository().join("models");
    Models::load(&folder.join("question"), &folder.join("answer"), &folder.join("style"))
        .expect("shipped models load")
}

fn golden() -> Vec<Golden> {
    let text = fs::read_to_string(repository().join("models/golden.jsonl"))
        .expect("the golden file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a golden line")).collect()
}

fn texts(golden: &Golden) -> (&str, Option<&str>) {
    match golden.role {
        Role::Question => (golden.question.as_deref().unwrap_or(""), None),
        Role::Answer => {
            (golden.question.as_deref().unwrap_or(""), golden.answer.as_deref().or(Some("")))
        }
        Role::Style => (golden.answer.as_deref().unwrap_or(""), None),
    }
}

#[test]
fn scores_are_those_of_the_reference() {
    let models = shipped();
    let golden = golden();
    for role in Role::ALL {
        assert!(
            golden.iter().filter(|golden| golden.role == role).count() >= 10,
            "{role:?} has golden scores"
        );
    }
    for (number, line) in golden.iter().enumerate() {
        let (first, second) = texts(line);
        let found = models
            .of(line.role)
            .session()
            .expect("a session")
            .score(first, second)
            .expect("a score");
        let difference = (found.score.value() - line.score).abs();
        assert!(
            difference <= 1e-3,
            "line {}: {} is not {}",
            number + 1,
            found.score.value(),
            line.score
        );
    }
}

#[test]
fn scores_do_not_depend_on_what_else_is_scored_or_where() {
    let models = shipped();
    let golden = golden();
    let score_all = |order: Vec<usize>| {
        let mut sessions = Role::ALL.map(|role| models.of(role).session().expect("a session"));
        let mut scores = vec![None; golden.len()];
        for index in order {
            let (first, second) = texts(&golden[index]);
            let session = &mut sessions
                [Role::ALL.iter().position(|role| *role == golden[index].role).expect("listed")];
            scores[index] = Some(session.score(first, second).expect("a score").score);
        }
        scores
    };
    let forward = score_all((0..golden.len()).collect());
    let backward = score_all((0..golden.len()).rev().collect());
    assert_eq!(forward, backward);
    let threads: Vec<_> = std::thread::scope(|scope| {
        let run = || scope.spawn(|| score_all((0..golden.len()).collect()));
        [run(), run(), run()].into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    threads.into_iter().for_each(|scores| assert_eq!(scores, forward));
}

#[test]
fn any_text_has_a_score() {
    let models = shipped();
    let long = "naïve 🙂 text ".repeat(80_000);
    let odd = [
        "",
        " ",
        "\0",
        "\u{feff}",
        "🙂",
        "漢字",
        "\u{202e}abc",
        "a\u{301}",
        "]]]]",
        "\n\n\n",
        long.as_str(),
    ];
    for text in odd {
        for role in Role::ALL {
            let second = (role == Role::Answer).then_some(text);
            models.of(role).session().expect("a session").score(text, second).expect("a score");
        }
    }
}

#[test]
fn long_texts_are_cut_and_say_so() {
    let models = shipped();
    let long = "one two three four five ".repeat(2000);
    let scored = |text: &str| {
        models.answer.session().expect("a session").score("Why?", Some(text)).expect("a score")
    };
    assert!(scored(&long).truncated);
    assert!(!scored("A short answer.").truncated);
}
