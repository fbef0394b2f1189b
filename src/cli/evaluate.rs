//! `gleaner evaluate`: how well the models agree with labels.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use super::error::CliError;
use super::output::Style;
use super::{Context, toolbox};
use crate::check::{TextSettings, text};
use crate::evaluate::{self, Group, Measures, Scored};
use crate::model::{Model, ModelError, Role};
use crate::sample::{Turn, without_marks};
use crate::store::Cell;

#[derive(clap::Args)]
#[command(
    after_help = "Lines are pairs {\"role\"?, \"instruction\", \"input\"?, \"chosen\", \"rejected\"} or groups \
{\"role\", \"question\"?, \"candidates\", \"scores\"}; the default role of a pair is answer.\n\nExample:\n  \
gleaner evaluate dev.jsonl --min-accuracy 0.6"
)]
pub(super) struct Args {
    /// Labelled data, JSONL; plain, .gz or .zst
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Evaluate this role alone
    #[arg(long, value_name = "ROLE", value_parser = ["question", "answer", "style"])]
    role: Option<String>,

    /// Exit with status 1 if the accuracy of a role is lower
    #[arg(long, value_name = "SHARE", value_parser = share)]
    min_accuracy: Option<f64>,

    #[command(flatten)]
    pub style: Style,
}

/// Columns of the table; the second is left out where no line names a kind.
const COLUMNS: [&str; 13] = [
    "role",
    "kind",
    "scorer",
    "pairs",
    "accuracy",
    "from",
    "to",
    "similar pairs",
    "similar accuracy",
    "group accuracy",
    "spearman",
    "best-of-n lift",
    "samples/s",
];
const KIND: usize = 1;

#[derive(Serialize)]
struct Report {
    roles: BTreeMap<&'static str, RoleReport>,
}

#[derive(Serialize)]
struct RoleReport {
    #[serde(flatten)]
    measures: Measures,
    samples_per_second: f64,
    pipeline: Pipeline,
    baselines: BTreeMap<&'static str, Measures>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    kinds: BTreeMap<String, Kind>,
}

/// Checks and model together: a candidate that a check rejects ranks below all others.
#[derive(Serialize)]
struct Pipeline {
    #[serde(flatten)]
    measures: Measures,
    /// Share of the candidates with the best label of their group that a check rejects.
    best_rejected: f64,
}

/// The measures over the lines of one `kind`.
#[derive(Serialize)]
struct Kind {
    #[serde(flatten)]
    measures: Measures,
    pipeline: Pipeline,
}

/// A group with what the model and the checks say of its candidates.
struct Judged<'a> {
    group: &'a Group,
    scores: Vec<f64>,
    rejected: Vec<bool>,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "allowed: a number from 0 to 1".to_owned())
}

/// Measures and prints.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let config = context.loaded()?.config;
    let mut groups = Vec::new();
    for file in &args.files {
        read(file, &mut groups)?;
    }
    if let Some(role) = &args.role {
        groups.retain(|group| group.role.name() == role);
    }
    if groups.is_empty() {
        return Err(CliError::BadInput(
            "nothing to evaluate: no pair or group for the role in these files".into(),
        ));
    }
    let models = toolbox::models(&config)?;
    let threads = config.scoring.granted_threads();
    let mut roles = BTreeMap::new();
    for role in Role::ALL {
        let of_role: Vec<&Group> = groups.iter().filter(|group| group.role == role).collect();
        if !of_role.is_empty() {
            roles.insert(
                role.name(),
                evaluate_role(models.of(role), &of_role, threads, &config.checks.text)?,
            );
        }
    }
    let report = Report { roles };
    if context.printer.is_table() {
        table(&report, context)?;
    } else {
        context.printer.value(&report)?;
    }
    if let Some(least) = args.min_accuracy {
        for (role, of_role) in &report.roles {
            let what = match of_role.measures.accuracy {
                Some(accuracy) if accuracy >= least => continue,
                Some(accuracy) => {
                    format!("the {role} model's accuracy {accuracy:.4} is below {least}")
                }
                None => {
                    format!("no pair of the {role} role has different labels: there is no accuracy")
                }
            };
            eprintln!("gleaner: {what}");
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path, groups: &mut Vec<Group>) -> Result<(), CliError> {
    let input =
        |source| CliError::Input { what: format!("cannot read `{}`", path.display()), source };
    let stream = toolbox::input(Some(path))?;
    for (number, line) in BufReader::new(stream).lines().enumerate() {
        let line = line.map_err(input)?;
        if line.trim().is_empty() {
            continue;
        }
        let group = evaluate::parse(&line).map_err(|what| {
            CliError::BadInput(format!("`{}`, line {}: {what}", path.display(), number + 1))
        })?;
        groups.push(group);
    }
    Ok(())
}

fn evaluate_role(
    model: &std::sync::Arc<Model>,
    groups: &[&Group],
    threads: usize,
    checks: &TextSettings,
) -> Result<RoleReport, CliError> {
    let began = Instant::now();
    let share = groups.len().div_ceil(threads).max(1);
    let scores: Vec<Result<Vec<Vec<f64>>, ModelError>> = std::thread::scope(|scope| {
        let parts: Vec<_> = groups
            .chunks(share)
            .map(|part| {
                scope.spawn(move || {
                    let mut session = model.session()?;
                    part.iter().map(|group| score(&mut session, group)).collect()
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("scoring does not panic")).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let scores = scores.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    let judged: Vec<Judged> = groups
        .iter()
        .zip(scores)
        .map(|(group, scores)| Judged { group, scores, rejected: rejected(group, checks) })
        .collect();
    let all: Vec<&Judged> = judged.iter().collect();
    let mut kinds: BTreeMap<String, Vec<&Judged>> = BTreeMap::new();
    for one in &judged {
        if let Some(kind) = &one.group.kind {
            kinds.entry(kind.clone()).or_default().push(one);
        }
    }
    let of_kind = |(kind, of_kind): (String, Vec<&Judged>)| {
        let measures = measured(&of_kind, |one| one.scores.clone());
        (kind, Kind { measures, pipeline: pipeline(&of_kind) })
    };
    let samples: usize = groups.iter().map(|group| group.candidates.len()).sum();
    Ok(RoleReport {
        measures: measured(&all, |one| one.scores.clone()),
        samples_per_second: samples as f64 / seconds.max(1e-9),
        pipeline: pipeline(&all),
        baselines: BTreeMap::from([
            ("longest", measured(&all, |one| evaluate::longest(&lengths(one.group)))),
            ("random", measured(&all, |one| evaluate::random(one.group))),
        ]),
        kinds: kinds.into_iter().map(of_kind).collect(),
    })
}

fn measured(judged: &[&Judged], say: impl Fn(&Judged) -> Vec<f64>) -> Measures {
    let with = |one: &&Judged| Scored {
        labels: one.group.labels.clone(),
        scores: say(one),
        lengths: lengths(one.group),
    };
    evaluate::measure(&judged.iter().map(with).collect::<Vec<_>>())
}

fn pipeline(judged: &[&Judged]) -> Pipeline {
    let measures = measured(judged, |one| evaluate::checked(&one.scores, &one.rejected));
    let (mut best, mut lost) = (0_u32, 0_u32);
    for one in judged {
        let top = one.group.labels.iter().copied().fold(f64::MIN, f64::max);
        for (label, rejected) in one.group.labels.iter().zip(&one.rejected) {
            best += u32::from(*label == top);
            lost += u32::from(*label == top && *rejected);
        }
    }
    Pipeline { measures, best_rejected: f64::from(lost) / f64::from(best.max(1)) }
}

/// Tells for each candidate whether a text check rejects it, as part of a sample with a picture.
fn rejected(group: &Group, checks: &TextSettings) -> Vec<bool> {
    let question = without_marks(&group.question);
    let turn = |text: &String| match group.role {
        Role::Question => Turn { question: without_marks(text), answers: Vec::new() },
        _ => Turn { question: question.clone(), answers: vec![without_marks(text)] },
    };
    let of = |texts: &Vec<String>| {
        let turns: Vec<Turn> = texts.iter().map(turn).collect();
        !text::examine_turns(&turns, true, checks).is_empty()
    };
    group.candidates.iter().map(of).collect()
}

/// Scores the candidates of a group as the cascade would: questions together, answers each alone.
fn score(session: &mut crate::model::Session, group: &Group) -> Result<Vec<f64>, ModelError> {
    let question = without_marks(&group.question);
    let mut scores = Vec::with_capacity(group.candidates.len());
    for texts in &group.candidates {
        let texts: Vec<String> = texts.iter().map(|text| without_marks(text)).collect();
        let score = match group.role {
            Role::Question => session.score(&texts.join("\n"), None)?.score.value(),
            role => {
                let mut sum = 0.0;
                for text in &texts {
                    let scored = match role {
                        Role::Answer => session.score(&question, Some(text))?,
                        _ => session.score(text, None)?,
                    };
                    sum += scored.score.value();
                }
                sum / texts.len().max(1) as f64
            }
        };
        scores.push(score);
    }
    Ok(scores)
}

fn lengths(group: &Group) -> Vec<usize> {
    let length =
        |texts: &Vec<String>| texts.iter().map(|text| without_marks(text).chars().count()).sum();
    group.candidates.iter().map(length).collect()
}

fn table(report: &Report, context: &Context) -> Result<(), CliError> {
    let mut rows = Vec::new();
    for (role, of_role) in &report.roles {
        let rate = Cell::Integer(of_role.samples_per_second.round() as i64);
        rows.push(row([role, "", "model"], &of_role.measures, rate));
        rows.push(row([role, "", "checks + model"], &of_role.pipeline.measures, Cell::Null));
        for (name, baseline) in &of_role.baselines {
            rows.push(row([role, "", name], baseline, Cell::Null));
        }
        for (kind, of_kind) in &of_role.kinds {
            rows.push(row([role, kind, "model"], &of_kind.measures, Cell::Null));
            let both = &of_kind.pipeline.measures;
            rows.push(row([role, kind, "checks + model"], both, Cell::Null));
        }
    }
    let kinds = report.roles.values().any(|of_role| !of_role.kinds.is_empty());
    let shown = |column: usize| kinds || column != KIND;
    let keep = |row: Vec<Cell>| -> Vec<Cell> {
        row.into_iter().enumerate().filter(|(at, _)| shown(*at)).map(|(_, cell)| cell).collect()
    };
    let columns: Vec<&str> = COLUMNS
        .into_iter()
        .enumerate()
        .filter(|(at, _)| shown(*at))
        .map(|(_, name)| name)
        .collect();
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(keep).collect();
    Ok(context.printer.rows(&columns, &rows)?)
}

fn row(names: [&str; 3], measures: &Measures, rate: Cell) -> Vec<Cell> {
    let number = |value: Option<f64>| {
        value.map_or(Cell::Null, |value| Cell::Real((value * 1e4).round() / 1e4))
    };
    let [role, kind, scorer] = names.map(|name| Cell::Text(name.to_owned()));
    let [low, high] = measures.interval.map_or([None; 2], |[low, high]| [Some(low), Some(high)]);
    vec![
        role,
        kind,
        scorer,
        Cell::Integer(measures.pairs as i64),
        number(measures.accuracy),
        number(low),
        number(high),
        Cell::Integer(measures.similar_length.pairs as i64),
        number(measures.similar_length.accuracy),
        number(measures.group_accuracy),
        number(measures.spearman),
        number(measures.best_of_n_lift),
        rate,
    ]
}
