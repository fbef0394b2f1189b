//! The reader: finds files, knows them again, frames them and lets their records into the pipeline.

mod agenda;
mod claim;
mod feed;
mod reading;
mod retire;
mod scan;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tracing::{debug, info, warn};

use self::agenda::{Agenda, Due};
pub(super) use self::feed::{Feed, Stopped};
use self::reading::{EndRules, Reading, Turn};
use self::scan::Scan;
use super::status::Status;
use super::work::Kit;
use super::{Inbox, PipelineError};
use crate::intake::{IntakeSettings, OnDone, Selection};
use crate::source::SourceId;
use crate::store::Lookup;
use crate::watch::Happening;

/// Files that are read by turns.
const MAX_OPEN: usize = 4;

/// Longest time for which a command goes unheard.
const ATTENTION: Duration = Duration::from_millis(100);

/// Turns of one file after which others that are due have theirs.
const MAX_TURNS: u32 = 128;

/// Time between two looks at pending samples.
const WAITING_PERIOD: Duration = Duration::from_secs(1);

/// A directory, or a single file, whose records are taken.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The directory, without symbolic links.
    pub root: PathBuf,
    /// What is read of it: itself, or one file in it.
    pub from: PathBuf,
    /// Name of the source.
    pub name: String,
    /// Which files are read.
    pub selection: Selection,
    /// What becomes of a finished file.
    pub on_done: OnDone,
}

/// What the reader is told.
pub(super) enum Command {
    /// New rules are to be put in force.
    Adopt(Arc<Kit>),
    /// No new record is to be let in.
    Stop,
}

/// When the reader is through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When it is told to stop.
    Stopped,
    /// When everything there is has been read.
    Exhausted,
}

/// Reads watched directories.
pub(super) struct Reader {
    settings: IntakeSettings,
    watched: Vec<Watched>,
    until: Until,
    lookup: Lookup,
    feed: Feed,
    status: Arc<Status>,
    agenda: Agenda,
    retiring: Agenda,
    open: Vec<Reading>,
    scans: Vec<Scan>,
    next_scan: Instant,
    next_waiting: Instant,
    last_source: SourceId,
    complained: std::collections::HashSet<PathBuf>,
}

impl Reader {
    /// Makes a reader.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn new(
        settings: IntakeSettings,
        watched: Vec<Watched>,
        until: Until,
        lookup: Lookup,
        feed: Feed,
        status: Arc<Status>,
    ) -> Result<Self, PipelineError> {
        let now = Instant::now();
        let last_source = lookup.last_source()?;
        Ok(Self {
            settings,
            watched,
            until,
            lookup,
            feed,
            status,
            agenda: Agenda::default(),
            retiring: Agenda::default(),
            open: Vec::new(),
            scans: Vec::new(),
            next_scan: now,
            next_waiting: now,
            last_source,
            complained: std::collections::HashSet::new(),
        })
    }

    /// Runs until it is told to stop or, if so made, until everything is read.
    pub(super) fn run(
        mut self,
        commands: &Receiver<Command>,
        inbox: &Inbox,
    ) -> Result<(), PipelineError> {
        let kit = Arc::clone(&self.feed.kit);
        let ran =
            self.feed.adopt(kit).map_err(Halt::from).and_then(|()| self.read(commands, inbox));
        self.feed.end();
        match ran {
            // What stopped the pipeline is reported by the thread that failed.
            Ok(()) | Err(Halt::Stopped) => Ok(()),
            Err(Halt::Failed(error)) => Err(error),
        }
    }

    fn read(&mut self, commands: &Receiver<Command>, inbox: &Inbox) -> Result<(), Halt> {
        loop {
            if !self.obey(commands, inbox)? {
                return Ok(());
            }
            self.feed.forget_committed();
            let now = Instant::now();
            if now >= self.next_scan && self.scans.is_empty() {
                self.begin_scans();
                self.next_scan = now + self.scan_period();
            }
            if now >= self.next_waiting {
                self.release_waiting()?;
                // Looking must not take more than a tenth of the time.
                self.next_waiting = Instant::now() + WAITING_PERIOD.max(now.elapsed() * 10);
            }
            self.scan_on()?;
            self.open_due()?;
            self.read_on()?;
            self.retire_due()?;
            if self.until == Until::Exhausted && self.is_exhausted() {
                return Ok(());
            }
        }
    }

    fn scan_period(&self) -> Duration {
        if self.settings.poll { self.settings.settle } else { self.settings.rescan }
    }

    fn is_exhausted(&self) -> bool {
        self.open.is_empty() && self.scans.is_empty() && self.agenda.len() == 0
    }

    /// Takes what was reported and commanded; waits for it if there is nothing else to do. Returns no at a stop.
    fn obey(&mut self, commands: &Receiver<Command>, inbox: &Inbox) -> Result<bool, Halt> {
        let busy = !self.open.is_empty() || !self.scans.is_empty() || !commands.is_empty();
        let wait = if busy { Duration::ZERO } else { self.time_to_next().min(ATTENTION) };
        match inbox.receiver.recv_timeout(wait) {
            Ok(happening) => self.happened(happening),
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody reports: a backfill, or polling.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(wait),
        }
        inbox.receiver.try_iter().for_each(|happening| self.happened(happening));
        if inbox.missed.swap(false, Ordering::AcqRel) {
            self.happened(Happening::Missed);
        }
        for command in commands.try_iter() {
            match command {
                Command::Stop => return Ok(false),
                Command::Adopt(kit) => {
                    self.feed.adopt(kit)?;
                    info!("new rules and models are in force");
                }
            }
        }
        Ok(true)
    }

    fn time_to_next(&self) -> Duration {
        let next = [
            self.agenda.next(),
            self.retiring.next(),
            Some(self.next_scan),
            Some(self.next_waiting),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(self.next_scan);
        next.saturating_duration_since(Instant::now())
    }

    fn happened(&mut self, happening: Happening) {
        let settled = Instant::now() + self.settings.settle;
        match happening {
            Happening::Changed { path, closed } => {
                let Some(watch) = self.watch_of(&path) else { return };
                if self.selects(watch, &path) || is_renamed_log(&path) {
                    self.agenda.note(&path, Due { at: settled, watch, closed: Some(closed) });
                }
            }
            Happening::Removed(path) => {
                let Some(watch) = self.watch_of(&path) else { return };
                if self.selects(watch, &path) {
                    self.agenda.note(&path, Due { at: settled, watch, closed: None });
                }
            }
            Happening::Directory(path) => {
                if let Some(watch) = self.watch_of(&path) {
                    self.scans.push(Scan::new(&path, watch));
                }
            }
            Happening::Missed => {
                warn!("events of the file system were lost: all watched files are looked at again");
                self.next_scan = Instant::now();
            }
        }
    }

    fn watch_of(&self, path: &Path) -> Option<usize> {
        self.watched.iter().position(|watched| path.starts_with(&watched.root))
    }

    fn selects(&self, watch: usize, path: &Path) -> bool {
        let watched = &self.watched[watch];
        path.strip_prefix(&watched.root).is_ok_and(|relative| watched.selection.takes(relative))
    }

    fn begin_scans(&mut self) {
        for watch in 0..self.watched.len() {
            let from = self.watched[watch].from.clone();
            match from.metadata() {
                Ok(_) => {
                    if self.complained.remove(&from) {
                        info!(path = %from.display(), "watched directory is back");
                    }
                    self.scans.push(Scan::new(&from, watch));
                }
                Err(error) => self.complain(&from, &error),
            }
        }
    }

    /// Looks at some of the files of the scans under way.
    fn scan_on(&mut self) -> Result<(), Halt> {
        const FILES_A_TURN: usize = 256;
        for _ in 0..FILES_A_TURN {
            let Some(scan) = self.scans.last_mut() else { return Ok(()) };
            let watch = scan.watch;
            match scan.next() {
                None => {
                    self.scans.pop();
                }
                Some(Err((path, error))) => self.complain(&path, &error),
                Some(Ok(path)) => {
                    if !self.selects(watch, &path) && !is_renamed_log(&path) {
                        continue;
                    }
                    let due = Due { at: Instant::now(), watch, closed: None };
                    if self.is_news(&path)? {
                        self.agenda.note(&path, due);
                    } else if self.retires(watch) {
                        self.retiring.note(&path, due);
                    }
                }
            }
        }
        Ok(())
    }

    fn open_due(&mut self) -> Result<(), Halt> {
        while self.open.len() < MAX_OPEN {
            let Some((path, due)) = self.agenda.take(Instant::now()) else { return Ok(()) };
            if let Some(mut reading) = self.claim(&path, due)? {
                self.complained.remove(&path);
                reading.watch = due.watch;
                reading.closed = due.closed == Some(true) || self.until == Until::Exhausted;
                debug!(path = %path.display(), offset = reading.source.progress.at.offset, "source opened");
                self.open.push(reading);
            }
        }
        Ok(())
    }

    fn read_on(&mut self) -> Result<(), Halt> {
        let rules = EndRules {
            idle_eof: self.settings.idle_eof,
            unfinished_after: self.settings.unfinished_after,
            grace: if self.until == Until::Exhausted {
                Duration::ZERO
            } else {
                self.feed.kit.images.grace
            },
        };
        let mut index = 0;
        while index < self.open.len() {
            let (bytes, turn) = self.open[index].turn(&mut self.feed, &rules)?;
            self.status.read(bytes);
            match turn {
                Turn::More
                    if self.open[index].turns < MAX_TURNS || self.agenda.next().is_none() =>
                {
                    index += 1;
                    continue;
                }
                Turn::More => {
                    let due =
                        Due { at: Instant::now(), watch: self.open[index].watch, closed: None };
                    self.open[index].settle(&mut self.feed)?;
                    self.agenda.note(self.open[index].path(), due);
                }
                Turn::End(again) => self.ended(index, again),
                Turn::Failed(error) => {
                    let path = self.open[index].path().clone();
                    self.complain(&path, &error);
                }
            }
            let reading = self.open.swap_remove(index);
            self.feed.remember(&reading.source);
        }
        Ok(())
    }

    fn ended(&mut self, index: usize, again: Option<Duration>) {
        let reading = &self.open[index];
        self.status.source_done();
        let now = Instant::now();
        let due = |after: Duration| Due {
            at: now + after,
            watch: reading.watch,
            closed: reading.closed.then_some(true),
        };
        if reading.again {
            self.agenda.note(reading.path(), due(self.settings.settle));
        } else if let Some(after) = again.filter(|_| self.until == Until::Stopped) {
            self.agenda.note(reading.path(), due(after));
        }
        if self.retires(reading.watch) {
            self.retiring.note(reading.path(), due(self.settings.idle_eof));
        }
    }

    /// Tells whether finished files of a watched directory are moved or deleted.
    fn retires(&self, watch: usize) -> bool {
        self.until == Until::Stopped && self.watched[watch].on_done != OnDone::Keep
    }

    /// Says once that a file cannot be read; it is tried again at the next scan.
    fn complain(&mut self, path: &Path, error: &std::io::Error) {
        if self.complained.insert(path.to_owned()) {
            self.status.unreadable();
            warn!(path = %path.display(), %error, "cannot read: tried again at the next rescan");
        }
    }
}

/// Names such as `a.jsonl.1` or `a.json-20260131`: perhaps a known source after its rotation.
fn is_renamed_log(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(".json"))
}

/// Why the reader ends early.
#[derive(Debug)]
enum Halt {
    Stopped,
    Failed(PipelineError),
}

impl From<Stopped> for Halt {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<crate::store::StoreError> for Halt {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}
