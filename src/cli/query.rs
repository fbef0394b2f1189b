//! `gleaner query`: decisions, by filters or by SQL.

use std::io;
use std::process::ExitCode;

use super::error::CliError;
use super::output::{RowStream, Style};
use super::{Context, toolbox};
use crate::store::{Cell, Filter, Rows};
use crate::time;
use crate::verdict::{Reason, Verdict};

#[derive(clap::Args)]
#[command(
    after_help = "Views: kept, decisions, sources, daily. Times are RFC 3339, a UTC date, or an age such as \
2h or 7d.\n\nExamples:\n  gleaner query --verdict rejected --reason text --limit 20\n  \
gleaner query \"SELECT reason, count(*) FROM decisions GROUP BY reason\""
)]
pub(super) struct Args {
    /// A SELECT statement over the views
    sql: Option<String>,

    /// Verdict: kept, rejected, duplicate, quarantined or pending
    #[arg(long, conflicts_with = "sql", value_name = "VERDICT", value_parser = verdict)]
    verdict: Option<String>,

    /// Reason code such as text.refusal, or a family such as text
    #[arg(long, conflicts_with = "sql", value_name = "CODE", value_parser = reason)]
    reason: Option<String>,

    /// Source
    #[arg(long, conflicts_with = "sql", value_name = "NAME")]
    source: Option<String>,

    /// Kind
    #[arg(long, conflicts_with = "sql", value_name = "KIND")]
    kind: Option<String>,

    /// Seen at this time or later
    #[arg(long, conflicts_with = "sql", value_name = "TIME")]
    since: Option<String>,

    /// Seen before this time
    #[arg(long, conflicts_with = "sql", value_name = "TIME")]
    until: Option<String>,

    #[command(flatten)]
    scores: ScoreBounds,

    /// Words that must all be in the stored text
    #[arg(long, conflicts_with = "sql", value_name = "WORDS")]
    text: Option<String>,

    /// Most rows, newest first
    #[arg(long, conflicts_with = "sql", value_name = "N", default_value_t = 50)]
    limit: u64,

    #[command(flatten)]
    pub style: Style,
}

#[derive(clap::Args)]
struct ScoreBounds {
    /// Lowest question score
    #[arg(long, conflicts_with = "sql", value_name = "SCORE")]
    min_question: Option<f64>,
    /// Highest question score
    #[arg(long, conflicts_with = "sql", value_name = "SCORE")]
    max_question: Option<f64>,
    /// Lowest answer score
    #[arg(long, conflicts_with = "sql", value_name = "SCORE")]
    min_answer: Option<f64>,
    /// Highest answer score
    #[arg(long, conflicts_with = "sql", value_name = "SCORE")]
    max_answer: Option<f64>,
    /// Lowest style score
    #[arg(long, conflicts_with = "sql", value_name = "SCORE")]
    min_style: Option<f64>,
    /// Highest style score
    #[arg(long, conflicts_with = "sql", value_name = "SCORE")]
    max_style: Option<f64>,
}

/// Prints rows.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let lookup = toolbox::lookup(&context.loaded()?)?;
    let mut printing = Printing { stream: RowStream::new(context.printer), failed: None };
    match &args.sql {
        Some(sql) => lookup.query(sql, &mut printing)?,
        None => lookup.filtered(&args.filter(context.printer.is_table())?, &mut printing)?,
    }
    match printing.failed {
        Some(error) => Err(error.into()),
        None => {
            printing.stream.finish()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Args {
    fn filter(&self, brief: bool) -> Result<Filter, CliError> {
        let now = time::now();
        let point = |text: &Option<String>, option: &str| {
            match text {
            None => Ok(None),
            Some(text) => time::parse(text, now).map(Some).ok_or_else(|| {
                CliError::Usage(format!(
                    "{option} `{text}` is no time; allowed: 2026-01-31T08:00:00Z, 2026-01-31, or an age such as 2h"
                ))
            }),
        }
        };
        let bounds = &self.scores;
        let scores = [
            ("question", ">=", bounds.min_question),
            ("question", "<=", bounds.max_question),
            ("answer", ">=", bounds.min_answer),
            ("answer", "<=", bounds.max_answer),
            ("style", ">=", bounds.min_style),
            ("style", "<=", bounds.max_style),
        ];
        Ok(Filter {
            verdict: self.verdict.clone(),
            reason: self.reason.clone(),
            source: self.source.clone(),
            kind: self.kind.clone(),
            since: point(&self.since, "--since")?,
            until: point(&self.until, "--until")?,
            scores: scores
                .into_iter()
                .filter_map(|(column, sign, value)| Some((column, sign, value?)))
                .collect(),
            text: self.text.clone(),
            limit: self.limit,
            brief,
        })
    }
}

fn verdict(text: &str) -> Result<String, String> {
    let names = || Verdict::ALL.map(Verdict::name).join(", ");
    Verdict::from_name(text)
        .map(|verdict| verdict.name().to_owned())
        .ok_or_else(|| format!("allowed: {}", names()))
}

fn reason(text: &str) -> Result<String, String> {
    let known = Reason::ALL.iter().any(|reason| {
        reason.code() == text
            || reason.code().split_once('.').is_some_and(|(family, _)| family == text)
    });
    let codes = || Reason::ALL.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(", ");
    if known { Ok(text.to_owned()) } else { Err(format!("allowed: {}", codes())) }
}

/// Prints rows as they come.
struct Printing {
    stream: RowStream,
    failed: Option<io::Error>,
}

impl Rows for Printing {
    fn header(&mut self, columns: Vec<String>) -> bool {
        self.failed = self.stream.header(columns).err();
        self.failed.is_none()
    }

    fn row(&mut self, cells: Vec<Cell>) -> bool {
        self.failed = self.stream.row(cells).err();
        self.failed.is_none()
    }
}
