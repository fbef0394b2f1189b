//! `gleaner stats`: counts by source, kind, day and reason, and how scores are spread.

use std::process::ExitCode;

use serde::Serialize;

use super::error::CliError;
use super::output::{Format, Style};
use super::{Context, toolbox};
use crate::store::{Cell, Counts, Distribution, Lookup, Overview};

#[derive(clap::Args)]
#[command(after_help = "Example:\n  gleaner stats --by source --format csv")]
pub(super) struct Args {
    /// Show the counts by this alone
    #[arg(long, value_name = "WHAT", value_parser = ["source", "kind", "day", "reason"])]
    by: Option<String>,

    #[command(flatten)]
    pub style: Style,
}

#[derive(Serialize)]
struct Stats {
    #[serde(flatten)]
    overview: Overview,
    by_source: Vec<Counts>,
    by_kind: Vec<Counts>,
    by_day: Vec<Counts>,
    reasons: Vec<ReasonCount>,
    scores: Vec<Distribution>,
}

#[derive(Serialize)]
struct ReasonCount {
    reason: String,
    count: u64,
}

/// Prints the counts.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let lookup = toolbox::lookup(&context.loaded()?)?;
    let single = args.by.as_deref().or_else(|| context.printer.is_flat().then_some("kind"));
    if let Some(by) = single {
        by_one(by, &lookup, context)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stats = gather(&lookup)?;
    if context.printer.is_table() {
        sections(&stats, context)?;
    } else {
        context.printer.value(&stats)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn gather(lookup: &Lookup) -> Result<Stats, CliError> {
    let reasons =
        lookup.reasons()?.into_iter().map(|(reason, count)| ReasonCount { reason, count });
    Ok(Stats {
        overview: lookup.overview()?,
        by_source: lookup.counts_by("source")?,
        by_kind: lookup.counts_by("kind")?,
        by_day: lookup.counts_by("day")?,
        reasons: reasons.collect(),
        scores: ["question", "answer", "style"]
            .into_iter()
            .map(|role| lookup.distribution(role))
            .collect::<Result<_, _>>()?,
    })
}

fn by_one(by: &str, lookup: &Lookup, context: &Context) -> Result<(), CliError> {
    if by == "reason" {
        let rows: Vec<Vec<Cell>> =
            lookup.reasons()?.into_iter().map(|(name, count)| reason_row(name, count)).collect();
        return Ok(context.printer.rows(&["reason", "count"], &rows)?);
    }
    let rows: Vec<Vec<Cell>> = lookup
        .counts_by(by)?
        .iter()
        .map(|counts| count_row(counts, context.printer.is_table()))
        .collect();
    Ok(context.printer.rows(&count_columns(by), &rows)?)
}

fn sections(stats: &Stats, context: &Context) -> Result<(), CliError> {
    let printer = context.printer;
    let total = &stats.overview.total;
    printer.text(&format!(
        "{} records: {} kept, {} rejected, {} duplicate, {} quarantined, {} pending; {} carried over\n",
        total.seen + stats.overview.carried,
        total.kept,
        total.rejected,
        total.duplicate,
        total.quarantined,
        total.pending,
        stats.overview.carried
    ))?;
    for (by, counts) in
        [("source", &stats.by_source), ("kind", &stats.by_kind), ("day", &stats.by_day)]
    {
        printer.text("\n")?;
        printer.rows(
            &count_columns(by),
            &counts.iter().map(|counts| count_row(counts, true)).collect::<Vec<_>>(),
        )?;
    }
    printer.text("\n")?;
    let reasons: Vec<Vec<Cell>> = stats
        .reasons
        .iter()
        .map(|counted| reason_row(counted.reason.clone(), counted.count))
        .collect();
    printer.rows(&["reason", "count"], &reasons)?;
    printer.text("\nscores, from 0 to 1 in steps of 0.05\n")?;
    for distribution in &stats.scores {
        printer.text(&histogram(distribution))?;
    }
    Ok(())
}

fn count_columns(by: &str) -> [&str; 8] {
    [by, "seen", "kept", "kept_percent", "rejected", "duplicate", "quarantined", "pending"]
}

fn count_row(counts: &Counts, table: bool) -> Vec<Cell> {
    let number = |count: u64| Cell::Integer(count as i64);
    let share = 100.0 * counts.kept as f64 / counts.seen.max(1) as f64;
    vec![
        Cell::Text(counts.name.clone()),
        number(counts.seen),
        number(counts.kept),
        if table {
            Cell::Text(format!("{share:.1}"))
        } else {
            Cell::Real((share * 10.0).round() / 10.0)
        },
        number(counts.rejected),
        number(counts.duplicate),
        number(counts.quarantined),
        number(counts.pending),
    ]
}

fn reason_row(reason: String, count: u64) -> Vec<Cell> {
    vec![Cell::Text(reason), Cell::Integer(count as i64)]
}

/// One line: the role, a bar for each bin, how many and their mean.
fn histogram(distribution: &Distribution) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = distribution.bins.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: u64| match count {
        0 => ' ',
        count => BARS[((count * 8).div_ceil(most) as usize).clamp(1, 8) - 1],
    };
    let bars: String = distribution.bins.iter().map(|&count| bar(count)).collect();
    let mean = distribution.mean.map_or(String::new(), |mean| format!(", mean {mean:.4}"));
    format!("{:<9} |{bars}| {} scored{mean}\n", distribution.role, distribution.scored)
}

impl super::output::Printer {
    /// Tells whether the form holds one flat list of rows only.
    fn is_flat(self) -> bool {
        matches!(self.format(), Format::Csv | Format::Jsonl)
    }
}
