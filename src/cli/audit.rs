//! `gleaner audit`: proof that no record was lost or counted twice, and that decisions can be made again.

use std::process::ExitCode;

use super::error::CliError;
use super::output::Style;
use super::{Context, toolbox};
use crate::audit::{self, Parts, Report};

#[derive(clap::Args)]
#[command(
    after_help = "Exit status 1 if something does not agree.\n\nExample:\n  gleaner audit --replay"
)]
pub(super) struct Args {
    /// Decide everything again from stored scores and compare
    #[arg(long)]
    replay: bool,

    #[command(flatten)]
    pub style: Style,
}

/// Audits and prints.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let loaded = context.loaded()?;
    let lookup = toolbox::lookup(&loaded)?;
    // One snapshot: a daemon may be writing.
    let report = lookup.in_snapshot(|| -> Result<Report, CliError> {
        let mut report = audit::conservation(&lookup, loaded.config.intake.max_record_bytes)?;
        if args.replay {
            audit::replay(&lookup, &mut report)?;
        }
        Ok(report)
    })?;
    if context.printer.is_table() {
        context.printer.text(&told(&report, args.replay))?;
    } else {
        context.printer.value(&report)?;
    }
    Ok(ExitCode::from(u8::from(!report.holds())))
}

fn told(report: &Report, replayed: bool) -> String {
    let Parts { kept, rejected, duplicate, quarantined, pending, carried } = &report.parts;
    let mut text = format!(
        "seen {} = kept {kept} + rejected {rejected} + duplicate {duplicate} + quarantined {quarantined} + pending \
         {pending} + carried {carried}\n{} generations of files; {} files read again and compared\n",
        report.seen, report.sources, report.files
    );
    if replayed {
        text.push_str(&format!("{} decisions made again from stored scores\n", report.replayed));
    }
    for difference in &report.listed {
        text.push_str(&format!("DIFFERS: {difference}\n"));
    }
    let unlisted = report.differences - report.listed.len() as u64;
    if unlisted > 0 {
        text.push_str(&format!("... and {unlisted} more\n"));
    }
    text.push_str(match report.differences {
        0 => "everything agrees\n",
        1 => "1 thing does not agree\n",
        _ => "these do not agree\n",
    });
    text
}
