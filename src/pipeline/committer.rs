//! The thread that owns the write connection: what comes together is committed together, and only then do
//! its places in the pipeline become free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::PipelineError;
use super::commits::Commits;
use super::permits::Permits;
use super::status::Status;
use super::work::{Entry, Kit, Origin, Target, Ticket};
use crate::fault;
use crate::model::{COMPUTE, Role};
use crate::store::{ModelRow, Record, Writer};
use crate::time;
use crate::verdict::Verdict;

/// Most entries of one transaction.
const MAX_ENTRIES: u64 = 1024;

/// Longest time that a decided record waits for others to be committed with.
const MAX_WAIT: Duration = Duration::from_millis(20);

/// Writes what the sequencer decided.
pub(super) struct Committer {
    /// Holds the lock and the write connection.
    pub writer: Writer,
    /// Made free when committed.
    pub permits: Arc<Permits>,
    /// What is committed.
    pub commits: Arc<Commits>,
    /// Counts for people.
    pub status: Arc<Status>,
}

impl Committer {
    /// Runs until the sequencer is gone and all that it sent is committed; gives the writer back.
    pub(super) fn run(
        mut self,
        entries: &Receiver<(Ticket, Entry)>,
    ) -> Result<Writer, PipelineError> {
        while let Ok((ticket, entry)) = entries.recv() {
            let began = Instant::now();
            let mut batch = Batch::default();
            self.take(ticket, entry, &mut batch)?;
            while batch.entries < MAX_ENTRIES {
                match entries.recv_timeout(MAX_WAIT.saturating_sub(began.elapsed())) {
                    Ok((ticket, entry)) => self.take(ticket, entry, &mut batch)?,
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            self.commit(&batch)?;
        }
        Ok(self.writer)
    }

    fn take(
        &mut self,
        ticket: Ticket,
        entry: Entry,
        batch: &mut Batch,
    ) -> Result<(), PipelineError> {
        fault::point("write");
        batch.entries += 1;
        batch.bytes += entry.weight();
        batch.last = ticket;
        match entry {
            Entry::Open(source) => self.writer.open_source(&source, time::now())?,
            Entry::Update(source) => self.writer.update_source(*source),
            Entry::Verdict(origin, record) => self.verdict(&origin, &record, batch)?,
            Entry::Carried(origin, digest) => {
                batch.carried += 1;
                self.writer.carry(origin.home.id, &digest)?;
                if let Target::New { progress, replaces } = origin.target {
                    if let Some(id) = replaces {
                        let removed = self.writer.remove_unfinished(
                            &origin.home.name,
                            &id,
                            origin.home.id,
                        )?;
                        batch.note_replaced(removed);
                    }
                    self.writer.advance(origin.home.id, progress);
                }
            }
            Entry::NothingOpen(home, id) => {
                let removed = self.writer.remove_unfinished(&home.name, &id, home.id)?;
                batch.note_replaced(removed);
            }
            Entry::Adopt(kit) => self.adopt(&kit)?,
        }
        Ok(())
    }

    fn verdict(
        &mut self,
        origin: &Origin,
        record: &Record,
        batch: &mut Batch,
    ) -> Result<(), PipelineError> {
        let name = &origin.home.name;
        match &origin.target {
            Target::New { progress, replaces } => {
                batch.note_replaced(self.writer.insert(name, record, replaces.as_ref())?);
                self.writer.advance(origin.home.id, *progress);
                batch.note(record.verdict, 1);
            }
            Target::Open => {
                batch.note_replaced(self.writer.insert_open(name, record)?);
                batch.note(record.verdict, 1);
            }
            // It waits on: nothing changed.
            Target::Pending(_) if record.verdict == Verdict::Pending => {}
            Target::Pending(row) => {
                fault::point("settle");
                self.writer.settle(name, *row, record)?;
                fault::point("settled");
                batch.note(record.verdict, 1);
                batch.note(Verdict::Pending, -1);
            }
        }
        Ok(())
    }

    fn adopt(&mut self, kit: &Kit) -> Result<(), PipelineError> {
        let models = Role::ALL.map(|role| {
            let model = kit.models.of(role);
            ModelRow {
                digest: model.digest(),
                role: role.name(),
                name: model.manifest().name.clone(),
                version: model.manifest().version.clone(),
                quantiles: model.manifest().reference.scores(),
            }
        });
        let policy = &kit.policy;
        self.writer.adopt((&policy.digest(), &policy.text()), &models, COMPUTE)?;
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), PipelineError> {
        fault::point("commit");
        let under_way = self.commits.begin(batch.last);
        self.writer.commit(time::now())?;
        fault::point("committed");
        under_way.finish();
        self.status.add(&batch.verdicts, batch.carried);
        self.permits.release(batch.entries, batch.bytes);
        Ok(())
    }
}

/// What one transaction holds.
#[derive(Default)]
struct Batch {
    entries: u64,
    bytes: u64,
    last: Ticket,
    carried: u64,
    verdicts: [i64; 5],
}

impl Batch {
    /// Notes that an unfinished record's row gave way.
    fn note_replaced(&mut self, replaced: bool) {
        if replaced {
            self.note(Verdict::Quarantined, -1);
        }
    }

    fn note(&mut self, verdict: Verdict, change: i64) {
        let place =
            Verdict::ALL.iter().position(|known| *known == verdict).expect("all are listed");
        self.verdicts[place] += change;
    }
}
