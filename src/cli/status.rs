//! `gleaner status`: what the daemon is doing, as far as the database tells.

use std::process::ExitCode;

use serde::Serialize;

use super::error::CliError;
use super::output::Style;
use super::{Context, toolbox};
use crate::store::{self, Overview};

#[derive(clap::Args)]
#[command(after_help = "Example:\n  gleaner status --json")]
pub(super) struct Args {
    #[command(flatten)]
    pub style: Style,
}

#[derive(Serialize)]
struct Status {
    /// Who holds the writer's lock; `None` if nobody does.
    writer: Option<String>,
    database: String,
    #[serde(flatten)]
    overview: Overview,
}

/// Prints the state of daemon and database.
pub(super) fn execute(_args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let loaded = context.loaded()?;
    let path = &loaded.config.store.path;
    let overview = toolbox::lookup(&loaded)?.overview()?;
    let status =
        Status { writer: store::holder(path), database: path.display().to_string(), overview };
    if !context.printer.is_table() {
        context.printer.value(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Status { writer, database, overview } = status;
    let writer = writer.map_or("nobody".to_owned(), |holder| format!("gleaner, {holder}"));
    let total = &overview.total;
    let sources: Vec<String> = overview
        .sources
        .iter()
        .map(|counted| format!("{} {}", counted.count, counted.state))
        .collect();
    let text = format!(
        "writing      {writer}\n\
         database     {database}, {:.1} MB\n\
         last commit  {}\n\
         files        {}\n\
         records      {} seen: {} kept, {} rejected, {} duplicate, {} quarantined, {} pending; {} carried over\n",
        overview.database_bytes as f64 / 1e6,
        overview.updated_at.as_deref().unwrap_or("never"),
        if sources.is_empty() { "none".to_owned() } else { sources.join(", ") },
        total.seen + overview.carried,
        total.kept,
        total.rejected,
        total.duplicate,
        total.quarantined,
        total.pending,
        overview.carried,
    );
    context.printer.text(&text)?;
    Ok(ExitCode::SUCCESS)
}
