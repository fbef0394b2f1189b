//! `gleaner explain`: why one sample was kept or not, first as a colleague would say it, then the figures.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::Value as Json;

use super::error::CliError;
use super::output::Style;
use super::{Context, toolbox};
use crate::store::{Explained, Lookup, ModelShown, PolicyShown};

#[derive(clap::Args)]
#[command(after_help = "Example:\n  gleaner explain 3f9a6c20")]
pub(super) struct Args {
    /// The beginning of an occurrence id, or the record's own id
    id: String,

    #[command(flatten)]
    pub style: Style,
}

/// Prints what is known of one occurrence.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let lookup = toolbox::lookup(&context.loaded()?)?;
    let explained = lookup.explain(&args.id)?;
    if context.printer.is_table() {
        context.printer.text(&told(&explained, &lookup)?)?;
    } else {
        context.printer.value(&explained)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(explained: &Explained, lookup: &Lookup) -> Result<String, CliError> {
    let mut text = sentence(explained, lookup)?;
    text.push_str("\n\n");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    line("id", explained.id.clone());
    if let Some(id) = &explained.sample_id {
        line("sample id", id.clone());
    }
    let (start, end) = explained.span;
    line("from", format!("{}, bytes {start} to {end}", explained.path));
    line(
        "source",
        format!("{}, generation {} of the file", explained.source, explained.generation),
    );
    if let Some(kind) = &explained.kind {
        line("kind", kind.clone());
    }
    line(
        "verdict",
        match &explained.reason {
            Some(reason) => format!("{} ({reason})", explained.verdict),
            None => explained.verdict.clone(),
        },
    );
    if let Some(detail) = &explained.detail {
        line("found", detail.clone());
    }
    for (name, value) in figures(explained) {
        line(name, value);
    }
    line("seen", explained.seen_at.clone());
    line("decided", explained.decided_at.clone().unwrap_or_else(|| "not yet".into()));
    text.push_str(&conversation(explained.conversations.as_ref()));
    Ok(text)
}

/// One or two sentences.
fn sentence(explained: &Explained, lookup: &Lookup) -> Result<String, CliError> {
    let scores = &explained.scores;
    let name = explained.sample_id.clone().unwrap_or_else(|| short(&explained.id).to_owned());
    let found = explained.detail.as_deref().unwrap_or("");
    let code = explained.reason.as_deref().unwrap_or("");
    let below = |what: &str,
                 score: Option<f64>,
                 cut: Option<f64>,
                 needed: Option<f64>,
                 share: &str| {
        let (score, cut) = (score.unwrap_or(0.0), cut.unwrap_or(0.0));
        let needed = needed.map_or(String::new(), |needed| {
            format!(" It would have passed this gate at {share} = {needed:.3} or more.")
        });
        format!(
            "{name} was rejected: its {what} scored {score:.4}, below the cut of {cut:.4} at that time.{needed}"
        )
    };
    let mut sentence = match (explained.verdict.as_str(), code) {
        ("kept", _) => kept_sentence(&name, explained),
        ("pending", _) => format!("{name} waits for its picture {found}."),
        ("duplicate", "duplicate.image_cap") => {
            format!("{name} came when its picture had samples enough: {found}.")
        }
        ("duplicate", code) => {
            let how = if code == "duplicate.near" { "nearly repeats" } else { "repeats" };
            let first = explained.duplicate_of.as_deref().unwrap_or("");
            let own = lookup.sample_id_of(first)?.map_or(String::new(), |id| format!(" ({id})"));
            format!("{name} {how} occurrence {}{own}, which came first.", short(first))
        }
        (_, "question.below_cut") => {
            below("question", scores.question, scores.question_cut, scores.question_needed, "alpha")
                + " Later gates were not reached."
        }
        (_, "answer.below_cut") => {
            let share = if scores.question_cut.is_none() { "alpha x beta" } else { "beta" };
            below("answer", scores.answer, scores.answer_cut, scores.answer_needed, share)
        }
        (_, "style.below_cut") => below("style", scores.style, scores.style_cut, None, ""),
        (verdict, _) => format!("{name} was {verdict} before any model saw it: {code} ({found})."),
    };
    if let Some(would) = &explained.would {
        let would = if would == "kept" {
            "kept it too".to_owned()
        } else {
            format!("rejected it ({would})")
        };
        let _ = write!(sentence, " The policy only observes: the budget would have {would}.");
    }
    Ok(sentence)
}

fn kept_sentence(name: &str, explained: &Explained) -> String {
    let scores = &explained.scores;
    let gate = |what: &str, score: Option<f64>, cut: Option<f64>| {
        Some(format!("its {what} scored {:.4} (cut {:.4})", score?, cut?))
    };
    let passed: Vec<String> = [
        gate("question", scores.question, scores.question_cut),
        gate("answer", scores.answer, scores.answer_cut),
        gate("style", scores.style, scores.style_cut),
    ]
    .into_iter()
    .flatten()
    .collect();
    let skipped = if scores.question_cut.is_none() && explained.seq.is_some() {
        " Requests of its kind are templated, so the question gate was skipped."
    } else {
        ""
    };
    match passed.as_slice() {
        [] => format!("{name} was kept.{skipped}"),
        passed => format!("{name} was kept: {}.{skipped}", passed.join(", ")),
    }
}

fn figures(explained: &Explained) -> Vec<(&'static str, String)> {
    let scores = &explained.scores;
    let mut figures = Vec::new();
    let mut gate = |name, score: Option<f64>, cut: Option<f64>, needed: Option<f64>| {
        let Some(score) = score else { return };
        let cut = cut.map_or("no cut".to_owned(), |cut| format!("cut {cut:.4}"));
        let needed = needed
            .map_or(String::new(), |needed| format!(", passes at a share of {needed:.3} or more"));
        figures.push((name, format!("{score:.4}, {cut}{needed}")));
    };
    gate("question", scores.question, scores.question_cut, scores.question_needed);
    gate("answer", scores.answer, scores.answer_cut, scores.answer_needed);
    gate("style", scores.style, scores.style_cut, None);
    if let Some(margin) = scores.margin {
        figures.push(("margin", format!("{margin:+.4}")));
    }
    if let Some(seq) = explained.seq {
        figures.push(("seq", seq.to_string()));
    }
    if let Some(cut) = &explained.truncated {
        figures.push(("cut short", format!("the text was too long for: {cut}")));
    }
    if let Some(chosen) = explained
        .chosen
        .as_ref()
        .filter(|chosen| chosen.to_string().contains(|c| ('1'..='9').contains(&c)))
    {
        figures.push(("chosen", format!("candidate of each turn, from 0: {chosen}")));
    }
    if let Some(PolicyShown { digest, settings }) = &explained.policy {
        figures.push(("policy", format!("{} {}", short(digest), policy(settings))));
    }
    for ModelShown { role, name, digest } in &explained.models {
        figures.push(("model", format!("{role}: {name} {}", short(digest))));
    }
    if let Some(compute) = &explained.compute {
        figures.push(("compute", compute.clone()));
    }
    figures
}

fn policy(settings: &Json) -> String {
    let field = |name: &str| {
        settings.get(name).map_or(String::new(), |value| value.to_string().replace('"', ""))
    };
    format!(
        "mode {}, group by {}, alpha {}, beta {}",
        field("mode"),
        field("group_by"),
        field("alpha"),
        field("beta")
    )
}

fn conversation(conversations: Option<&Json>) -> String {
    let mut text = String::new();
    for message in conversations.and_then(Json::as_array).into_iter().flatten() {
        let from = message.get("from").and_then(Json::as_str).unwrap_or("?");
        let values: Vec<&str> = match message.get("value") {
            Some(Json::Array(candidates)) => candidates.iter().filter_map(Json::as_str).collect(),
            Some(Json::String(value)) => vec![value],
            _ => Vec::new(),
        };
        for value in values {
            let _ = write!(text, "\n{from}: {}\n", printable(value));
        }
    }
    text
}

/// Stored texts come from outside: control characters must not reach the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter })
        .collect()
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
