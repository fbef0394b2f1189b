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
use crate::evaluate::{self, Group, Measures, Scored};
use crate::model::{Model, ModelError, Role};
use crate::sample::without_marks;
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

#[derive(Serialize)]
struct Report {
    roles: BTreeMap<&'static str, RoleReport>,
}

#[derive(Serialize)]
struct RoleReport {
    #[serde(flatten)]
    measures: Measures,
    samples_per_second: f64,
    baselines: BTreeMap<&'static str, Measures>,
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
            roles.insert(role.name(), evaluate_role(models.of(role), &of_role, threads)?);
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
    let judged = |say: &dyn Fn(usize, &Group) -> Vec<f64>| -> Vec<Scored> {
        let with = |(index, group): (usize, &&Group)| Scored {
            labels: group.labels.clone(),
            scores: say(index, group),
            lengths: lengths(group),
        };
        groups.iter().enumerate().map(with).collect()
    };
    let samples: usize = groups.iter().map(|group| group.candidates.len()).sum();
    Ok(RoleReport {
        measures: evaluate::measure(&judged(&|index, _| scores[index].clone())),
        samples_per_second: samples as f64 / seconds.max(1e-9),
        baselines: BTreeMap::from([
            ("longest", evaluate::measure(&judged(&|_, group| evaluate::longest(&lengths(group))))),
            ("random", evaluate::measure(&judged(&|_, group| evaluate::random(group)))),
        ]),
    })
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
    let columns = [
        "role",
        "scorer",
        "pairs",
        "accuracy",
        "similar pairs",
        "similar accuracy",
        "group accuracy",
        "spearman",
        "best-of-n lift",
        "samples/s",
    ];
    let number = |value: Option<f64>| {
        value.map_or(Cell::Null, |value| Cell::Real((value * 1e4).round() / 1e4))
    };
    let row = |role: &str, scorer: &str, measures: &Measures, rate: Option<f64>| {
        vec![
            Cell::Text(role.to_owned()),
            Cell::Text(scorer.to_owned()),
            Cell::Integer(measures.pairs as i64),
            number(measures.accuracy),
            Cell::Integer(measures.similar_length.pairs as i64),
            number(measures.similar_length.accuracy),
            number(measures.group_accuracy),
            number(measures.spearman),
            number(measures.best_of_n_lift),
            rate.map_or(Cell::Null, |rate| Cell::Integer(rate.round() as i64)),
        ]
    };
    let mut rows = Vec::new();
    for (role, of_role) in &report.roles {
        rows.push(row(role, "model", &of_role.measures, Some(of_role.samples_per_second)));
        for (name, baseline) in &of_role.baselines {
            rows.push(row(role, name, baseline, None));
        }
    }
    Ok(context.printer.rows(&columns, &rows)?)
}
