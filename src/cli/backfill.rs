//! `gleaner backfill`: the same pipeline once over files or folders.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::error::CliError;
use super::output::Style;
use super::{Context, toolbox};
use crate::config::Config;
use crate::intake::{OnDone, Selection, default_include, files_below};
use crate::pipeline::{self, Pipeline, Setup, Snapshot, Until, Watched};
use crate::shutdown::{self, Request};
use crate::store::{StoreError, Writer};
use crate::verdict::Verdict;

/// Time between two plain progress lines.
const LINE_PERIOD: Duration = Duration::from_secs(5);

/// Exit status after Ctrl-C, as shells give it.
const INTERRUPTED: u8 = 130;

#[derive(clap::Args)]
#[command(
    after_help = "Samples whose picture is not there are decided at once: nothing is waited for. Exit \
status 130 after Ctrl-C; the next run goes on.\n\nExample:\n  \
gleaner backfill /srv/generator/out"
)]
pub(super) struct Args {
    /// Files or folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    pub style: Style,
}

/// Reads everything once.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let config = context.loaded()?.config;
    let watched =
        args.paths.iter().map(|path| place(path, &config)).collect::<Result<Vec<_>, _>>()?;
    let kit = toolbox::kit(&config)?;
    let writer = Writer::open(&config.store).map_err(advise)?;
    let mut intake = config.intake.clone();
    // Nobody writes any more: every end is final.
    intake.idle_eof = Duration::ZERO;
    intake.unfinished_after = Duration::ZERO;
    let total = size(&watched);
    let (_reporter, inbox) = pipeline::inbox();
    let threads = config.scoring.granted_threads();
    let setup = Setup { intake, watched, until: Until::Exhausted, threads, kit, inbox };
    let began = Instant::now();
    let (stop_in, stop_out) = std::sync::mpsc::channel();
    shutdown::listen(move |request| {
        if request == Request::Stop {
            let _ = stop_in.send(());
        }
    })?;
    let pipeline = Pipeline::start(setup, writer)?;
    let mut progress = Progress::new(total);
    let mut stopped = false;
    while !pipeline.wait(Duration::from_millis(100)) {
        progress.show(&pipeline.snapshot(), began.elapsed());
        if stop_out.try_recv().is_ok() {
            pipeline.stop();
            stopped = true;
        }
    }
    progress.end();
    let counts = pipeline.snapshot();
    pipeline.join()?.close()?;
    report(&counts, began.elapsed(), stopped, total > 0, &config, context)?;
    if stopped {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    if counts.unreadable > 0 {
        let what = format!(
            "{} files or folders could not be read; see the warnings above",
            counts.unreadable
        );
        return Err(CliError::BadInput(what));
    }
    Ok(ExitCode::SUCCESS)
}

/// Finds the watched directory that a path belongs to, so that a later daemon knows its files again.
fn place(path: &Path, config: &Config) -> Result<Watched, CliError> {
    let from = toolbox::canonical(path)?;
    for watched in toolbox::watched(config).unwrap_or_default() {
        if let Ok(relative) = from.strip_prefix(&watched.root) {
            // A file that is named is read, whatever the globs say.
            let selection = if from.is_file() { only(relative)? } else { watched.selection };
            return Ok(Watched { selection, from, on_done: OnDone::Keep, ..watched });
        }
    }
    let (root, selection) = match (from.is_dir(), from.parent(), from.file_name()) {
        (false, Some(folder), Some(name)) => (folder.to_owned(), only(Path::new(name))?),
        _ => (
            from.clone(),
            Selection::new(&default_include(), &[]).expect("the default globs are valid"),
        ),
    };
    let name =
        root.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy().into_owned());
    Ok(Watched { root, from, name, selection, on_done: OnDone::Keep })
}

/// Selects one file.
fn only(relative: &Path) -> Result<Selection, CliError> {
    let glob = escape(&relative.to_string_lossy());
    Selection::new(&[glob], &[]).map_err(|(glob, why)| CliError::Usage(format!("`{glob}`: {why}")))
}

/// Writes a name as a glob that fits it alone.
fn escape(name: &str) -> String {
    name.chars()
        .map(
            |letter| {
                if "?*[]{}!\\".contains(letter) { format!("[{letter}]") } else { letter.into() }
            },
        )
        .collect()
}

fn size(watched: &[Watched]) -> u64 {
    let files = watched
        .iter()
        .flat_map(|watched| files_below(&watched.from).flatten().map(move |file| (watched, file)));
    let taken = files.filter(|(watched, file)| {
        file.strip_prefix(&watched.root).is_ok_and(|relative| watched.selection.takes(relative))
    });
    taken.filter_map(|(_, file)| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn advise(error: StoreError) -> CliError {
    match error {
        StoreError::Locked { path, holder } => CliError::Store(StoreError::Locked {
            path,
            holder: format!("{holder}; files in its watched directories need no backfill"),
        }),
        other => other.into(),
    }
}

/// A bar on a terminal, plain lines elsewhere; both on standard error.
struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    next_line: Duration,
}

impl Progress {
    fn new(total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:20} {percent:>3} %  {wide_msg}");
            ProgressBar::new(total).with_style(style.expect("the template is valid"))
        });
        Self { bar, total, next_line: LINE_PERIOD }
    }

    fn show(&mut self, counts: &Snapshot, elapsed: Duration) {
        let rate = counts.decided() as f64 / elapsed.as_secs_f64().max(0.001);
        let message = format!(
            "{} records, {rate:.0} records/s, {} kept",
            counts.decided(),
            counts.of(Verdict::Kept)
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(counts.bytes_read.min(self.total));
                let left = match bar.position() {
                    0 => String::new(),
                    _ => format!(", {} s left", bar.eta().as_secs()),
                };
                bar.set_message(message + &left);
            }
            None if elapsed >= self.next_line => {
                let percent = 100 * counts.bytes_read.min(self.total) / self.total.max(1);
                eprintln!("{percent} % read, {message}");
                self.next_line = elapsed + LINE_PERIOD;
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[derive(Serialize)]
struct Summary {
    records: u64,
    kept: i64,
    rejected: i64,
    duplicate: i64,
    quarantined: i64,
    pending: i64,
    carried: u64,
    seconds: f64,
    stopped_early: bool,
}

fn report(
    counts: &Snapshot,
    elapsed: Duration,
    stopped: bool,
    any_file: bool,
    config: &Config,
    context: &Context,
) -> Result<(), CliError> {
    let summary = Summary {
        records: counts.decided(),
        kept: counts.of(Verdict::Kept),
        rejected: counts.of(Verdict::Rejected),
        duplicate: counts.of(Verdict::Duplicate),
        quarantined: counts.of(Verdict::Quarantined),
        pending: counts.of(Verdict::Pending),
        carried: counts.carried,
        seconds: elapsed.as_secs_f64(),
        stopped_early: stopped,
    };
    if !context.printer.is_table() {
        return Ok(context.printer.value(&summary)?);
    }
    let Summary {
        records, kept, rejected, duplicate, quarantined, pending, carried, seconds, ..
    } = summary;
    let rate = records as f64 / seconds.max(0.001);
    let mut text = format!(
        "{records} records in {seconds:.1} s ({rate:.0} records/s) into {}\n\
         {kept} kept, {rejected} rejected, {duplicate} duplicate, {quarantined} quarantined, {pending} pending, \
         {carried} carried over\n",
        config.store.path.display(),
    );
    if stopped {
        text.push_str("stopped early: run it again to go on\n");
    } else if records == 0 {
        text.push_str(if counts.sources_done > 0 || any_file {
            "nothing new: all records were read before\n"
        } else {
            "no file to read there: *.json and *.jsonl, also .gz and .zst, are taken\n"
        });
    }
    Ok(context.printer.text(&text)?)
}
