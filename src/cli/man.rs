//! `gleaner man`: the manual pages, made from what `--help` says.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use super::error::CliError;
use super::{Cli, Context};

#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  gleaner man | man -l -\n  gleaner man --out /usr/share/man/man1"
)]
pub(super) struct Args {
    /// Write the pages of all commands into this folder, instead of printing the first one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes the pages.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    match &args.out {
        Some(folder) => {
            let written = std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
            let what = format!("cannot write the pages to `{}`", folder.display());
            written.map_err(|source| CliError::Input { what, source })?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(Cli::command()).render(&mut page)?;
            context.printer.text(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
