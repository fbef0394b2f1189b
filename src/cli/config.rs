//! `gleaner config`: check or show the configuration.

use std::process::ExitCode;

use clap::Subcommand;

use super::error::CliError;
use super::{Context, toolbox};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Check the configuration, the watched directories and the models
    #[command(after_help = "Example:\n  gleaner config check --config /etc/gleaner/config.toml")]
    Check,
    /// Print all keys with the values in force, as TOML
    #[command(after_help = "Example:\n  GLEANER__POLICY__ALPHA=0.2 gleaner config show")]
    Show,
}

/// Checks or shows.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let loaded = context.loaded()?;
    match args.action {
        Action::Show => context.printer.text(&loaded.text())?,
        Action::Check => {
            if !loaded.config.watch.is_empty() {
                loaded.check_watched()?;
            }
            toolbox::models(&loaded.config)?;
            let place = loaded
                .file
                .as_ref()
                .map_or("built-in defaults".into(), |file| file.display().to_string());
            let watched = match loaded.config.watch.len() {
                0 => "no watched directory (`gleaner run` needs one)".to_owned(),
                1 => "1 watched directory".to_owned(),
                count => format!("{count} watched directories"),
            };
            context.printer.text(&format!("{place}: valid; {watched}; 3 models load\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
