//! `gleaner completions`: a script with which a shell completes commands and options.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::error::CliError;
use super::{Cli, Context};

#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  gleaner completions bash > ~/.local/share/bash-completion/completions/gleaner"
)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gleaner", &mut script);
    context.printer.text(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
