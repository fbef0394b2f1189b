//! The command line: one file a subcommand. It builds everything, and it alone prints.

mod audit;
mod backfill;
mod completions;
mod config;
mod error;
mod evaluate;
mod explain;
mod export;
mod man;
mod output;
mod query;
mod run;
mod score;
mod stats;
mod status;
mod table;
mod toolbox;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::error::CliError;
use self::output::{Format, Printer, Style};
use crate::config::Loaded;
use crate::fault;
use crate::telemetry;

/// Keeps the best few of machine-generated instruction samples while they are being made.
///
/// Watches directories, checks and scores every sample with small ONNX models, decides, and records each
/// decision in SQLite.
#[derive(Parser)]
#[command(name = "gleaner", version, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 success, 1 a check did not hold, 2 usage or configuration, 3 database, \
4 model, 5 input or output.\n\nA first look:\n  gleaner backfill FOLDER     score what is there, once\n  \
gleaner stats               what was kept, and why the rest was not\n  gleaner explain ID          why one sample was or was not"
)]
struct Cli {
    /// Configuration file [default: ./config.toml, else /etc/gleaner/config.toml, else built in]
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How much is logged on standard error [default: info for `run`, else warn]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    log_level: Option<String>,

    #[command(flatten)]
    style: Style,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon: watch, score and decide until stopped
    Run(run::Args),
    /// Score and decide what is in files or folders, once
    Backfill(backfill::Args),
    /// Add scores and checks to samples, without a database
    Score(score::Args),
    /// Measure how well the models agree with labels
    Evaluate(evaluate::Args),
    /// Say what the daemon is doing
    Status(status::Args),
    /// Count by source, kind, day and reason, and show how scores are spread
    Stats(stats::Args),
    /// List decisions, by filters or by SQL
    Query(query::Args),
    /// Say why one sample was kept or not
    Explain(explain::Args),
    /// Prove from the database that no record was lost or counted twice
    Audit(audit::Args),
    /// Write the kept samples to a file
    Export(export::Args),
    /// Check or show the configuration
    Config(config::Args),
    /// Print a script with which a shell completes commands and options
    Completions(completions::Args),
    /// Print or write the manual pages
    Man(man::Args),
}

/// What every subcommand gets.
struct Context {
    config_file: Option<PathBuf>,
    log_level: String,
    printer: Printer,
}

impl Context {
    fn loaded(&self) -> Result<Loaded, CliError> {
        Ok(Loaded::find(self.config_file.as_deref())?)
    }
}

/// Runs the command line and returns its exit status.
pub fn main() -> ExitCode {
    fault::arm();
    let cli = Cli::parse();
    let daemon = matches!(cli.command, Command::Run(_));
    let level = cli.log_level.unwrap_or_else(|| if daemon { "info" } else { "warn" }.to_owned());
    telemetry::start(&level);
    let local = cli.command.style();
    let format = local.and_then(Style::chosen).or(cli.style.chosen()).unwrap_or(Format::Table);
    let context =
        Context { config_file: cli.config, log_level: level, printer: Printer::new(format) };
    match cli.command.execute(&context) {
        Ok(code) => code,
        Err(error) => error.report(context.log_level == "debug" || context.log_level == "trace"),
    }
}

impl Command {
    fn style(&self) -> Option<&Style> {
        match self {
            Self::Run(_)
            | Self::Export(_)
            | Self::Config(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
            Self::Backfill(args) => Some(&args.style),
            Self::Score(_) => None,
            Self::Evaluate(args) => Some(&args.style),
            Self::Status(args) => Some(&args.style),
            Self::Stats(args) => Some(&args.style),
            Self::Query(args) => Some(&args.style),
            Self::Explain(args) => Some(&args.style),
            Self::Audit(args) => Some(&args.style),
        }
    }

    fn execute(self, context: &Context) -> Result<ExitCode, CliError> {
        match self {
            Self::Run(args) => run::execute(&args, context),
            Self::Backfill(args) => backfill::execute(&args, context),
            Self::Score(args) => score::execute(&args, context),
            Self::Evaluate(args) => evaluate::execute(&args, context),
            Self::Status(args) => status::execute(&args, context),
            Self::Stats(args) => stats::execute(&args, context),
            Self::Query(args) => query::execute(&args, context),
            Self::Explain(args) => explain::execute(&args, context),
            Self::Audit(args) => audit::execute(&args, context),
            Self::Export(args) => export::execute(&args, context),
            Self::Config(args) => config::execute(&args, context),
            Self::Completions(args) => completions::execute(&args, context),
            Self::Man(args) => man::execute(&args, context),
        }
    }
}
