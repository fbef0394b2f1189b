//! The reader's way into the pipeline: tickets, permits and queues.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::fault;
use crate::pipeline::commits::Commits;
use crate::pipeline::permits::Permits;
use crate::pipeline::work::{Entry, Job, Kit, Message, Origin, Raw, Ticket};
use crate::source::{FileId, OccurrenceRow, Source, SourceId};

/// The pipeline stopped: nothing more is let in.
#[derive(Debug)]
pub(crate) struct Stopped;

/// Lets work in, in order, as far as there is room.
pub(crate) struct Feed {
    /// Bounds what is under way.
    pub permits: Arc<Permits>,
    /// What is committed.
    pub commits: Arc<Commits>,
    /// To the scoring threads.
    pub jobs: Sender<Job>,
    /// To the sequencer.
    pub messages: Sender<Message>,
    /// The rules in force.
    pub kit: Arc<Kit>,
    last: Ticket,
    sources: HashMap<SourceId, (Source, Ticket)>,
    pending: HashMap<OccurrenceRow, Ticket>,
}

impl Feed {
    /// Makes a feed into an empty pipeline.
    pub(crate) fn new(
        permits: Arc<Permits>,
        commits: Arc<Commits>,
        jobs: Sender<Job>,
        messages: Sender<Message>,
        kit: Arc<Kit>,
    ) -> Self {
        let (sources, pending) = (HashMap::new(), HashMap::new());
        Self { permits, commits, jobs, messages, kit, last: 0, sources, pending }
    }

    /// Lets a record in.
    pub(crate) fn record(&mut self, origin: Origin, raw: Raw) -> Result<(), Stopped> {
        fault::point("let in");
        let ticket = self.ticket(origin.weight)?;
        if let crate::pipeline::work::Target::Pending(row) = &origin.target {
            self.pending.insert(*row, ticket);
        }
        let job = Job::Examine { ticket, origin, raw, kit: Arc::clone(&self.kit) };
        self.jobs.send(job).map_err(|_| Stopped)
    }

    /// Lets something in that needs no check.
    pub(crate) fn direct(&mut self, entry: Entry) -> Result<(), Stopped> {
        fault::point("source");
        let ticket = self.ticket(entry.weight())?;
        if let Entry::Open(source) | Entry::Update(source) = &entry {
            self.sources.insert(source.id, ((**source).clone(), ticket));
        }
        self.messages.send(Message::Direct(ticket, entry)).map_err(|_| Stopped)
    }

    /// Announces that nothing more comes.
    pub(crate) fn end(&mut self) {
        // If the sequencer is gone there is nobody to tell.
        let _ = self.messages.send(Message::End(self.last + 1));
    }

    /// Remembers where a source stands until that is committed.
    pub(crate) fn remember(&mut self, source: &Source) {
        self.sources.insert(source.id, (source.clone(), self.last));
    }

    /// Puts new rules in force, once everything under the old ones is committed.
    pub(crate) fn adopt(&mut self, kit: Arc<Kit>) -> Result<(), Stopped> {
        self.wait_idle()?;
        self.kit = Arc::clone(&kit);
        self.direct(Entry::Adopt(kit))
    }

    /// Waits until everything that was let in is committed.
    pub(crate) fn wait_idle(&mut self) -> Result<(), Stopped> {
        if self.permits.wait_idle() { Ok(()) } else { Err(Stopped) }
    }

    /// Forgets what is committed.
    pub(crate) fn forget_committed(&mut self) {
        let committed = self.commits.done();
        self.sources.retain(|_, (_, ticket)| *ticket > committed);
        self.pending.retain(|_, ticket| *ticket > committed);
    }

    /// Tells whether a pending occurrence is under way.
    pub(crate) fn is_released(&self, row: OccurrenceRow) -> bool {
        self.pending.contains_key(&row)
    }

    /// Tells whether something of a source is not committed.
    pub(crate) fn is_under_way(&self, source: SourceId) -> bool {
        self.sources.contains_key(&source)
    }

    /// Returns where a source stands, if it is not committed.
    pub(crate) fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(&id).map(|(source, _)| source)
    }

    /// Finds the newest source that is not committed, by its file.
    pub(crate) fn source_by_file(&self, file: FileId) -> Option<&Source> {
        self.newest(|source| source.file == file)
    }

    /// Finds the newest source that is not committed, by its path.
    pub(crate) fn source_by_path(&self, path: &Path) -> Option<&Source> {
        self.newest(|source| source.path == path)
    }

    /// Returns the highest generation that began at a path and is not committed, 0 if there is none.
    pub(crate) fn last_generation(&self, name: &str, origin: &Path) -> u64 {
        let here = |source: &&Source| source.name == name && source.origin == origin;
        self.sources
            .values()
            .map(|(source, _)| source)
            .filter(here)
            .map(|source| source.generation)
            .max()
            .unwrap_or(0)
    }

    fn newest(&self, fits: impl Fn(&Source) -> bool) -> Option<&Source> {
        self.sources
            .values()
            .map(|(source, _)| source)
            .filter(|source| fits(source))
            .max_by_key(|source| source.id)
    }

    fn ticket(&mut self, weight: u64) -> Result<Ticket, Stopped> {
        if !self.permits.acquire(weight) {
            return Err(Stopped);
        }
        self.last += 1;
        Ok(self.last)
    }
}
