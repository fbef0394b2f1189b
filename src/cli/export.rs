//! `gleaner export`: the kept samples as a file, with a manifest beside it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::error::CliError;
use super::{Context, toolbox};
use crate::export::{self, ExportFormat};
use crate::store::KeptFilter;
use crate::time;

#[derive(clap::Args)]
#[command(
    after_help = "The same database, options and program give the same bytes. FILE.manifest.json names \
counts, models, policies and the SHA-256 of the data.\n\nExample:\n  gleaner export --format llava --out kept.json"
)]
pub(super) struct Args {
    /// Form of the samples
    #[arg(long = "format", value_enum, value_name = "FORM", default_value = "llava")]
    form: Form,

    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Only this source; may be given several times
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,

    /// Only samples decided at this time or later
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only samples behind this seq
    #[arg(long, value_name = "SEQ")]
    since_seq: Option<u64>,
}

#[derive(ValueEnum, Clone, Copy)]
enum Form {
    /// One JSON array in LLaVA's format
    Llava,
    /// One object a line, with scores and origin
    Jsonl,
}

/// Writes the file and its manifest.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let loaded = context.loaded()?;
    let lookup = toolbox::lookup(&loaded)?;
    let since = match &args.since {
        None => None,
        Some(text) => Some(time::parse(text, time::now()).ok_or_else(|| {
            CliError::Usage(format!(
                "--since `{text}` is no time; allowed: 2026-01-31T08:00:00Z, 2026-01-31, or 7d"
            ))
        })?),
    };
    let filter = KeptFilter { sources: args.source.clone(), since, since_seq: args.since_seq };
    let format = match args.form {
        Form::Llava => ExportFormat::Llava,
        Form::Jsonl => ExportFormat::Jsonl,
    };
    if args.out.as_os_str() == "-" || args.out.exists() && !args.out.is_file() {
        return Err(CliError::Usage(format!(
            "--out `{}` is not a regular file; name a file to write, its manifest appears beside it",
            args.out.display()
        )));
    }
    let manifest = export::export(&lookup, &filter, format, &args.out, &loaded.text())?;
    let samples = manifest.samples;
    eprintln!(
        "{samples} kept samples written to {} ({} bytes)",
        args.out.display(),
        manifest.bytes
    );
    Ok(ExitCode::SUCCESS)
}
