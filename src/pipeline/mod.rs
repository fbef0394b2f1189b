//! The pipeline: the only place that knows the order of stages.
//!
//! One reader frames files and lets records in, scoring threads check and rate them in any order, one
//! sequencer decides them in the order of reading, one committer writes. Queues between them are bounded by
//! permits that a record holds from framing to commit, so a slow stage makes the reader wait.

mod commits;
mod committer;
mod past;
mod permits;
mod reader;
mod recent;
mod sequencer;
mod status;
mod work;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, unbounded};

use self::commits::Commits;
use self::committer::Committer;
use self::permits::Permits;
use self::reader::{Feed, Reader};
use self::sequencer::Sequencer;
use self::status::Status;
use crate::intake::IntakeSettings;
use crate::model::ModelError;
use crate::store::{Lookup, StoreError, Writer};
use crate::watch::Happening;

pub use reader::{Until, Watched};
pub use status::Snapshot;
pub use work::Kit;

use reader::Command;
use work::Message;

/// Most records under way for each scoring thread.
const RECORDS_PER_THREAD: u64 = 128;

/// Most bytes of records under way.
const MAX_BYTES: u64 = 64 << 20;

/// Why the pipeline stopped.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model is broken.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A thread panicked.
    #[error(
        "an internal error stopped the pipeline; everything committed is safe, please report the panic above"
    )]
    Panicked,
}

/// What a pipeline is made of.
pub struct Setup {
    /// `[intake]`.
    pub intake: IntakeSettings,
    /// The directories to read.
    pub watched: Vec<Watched>,
    /// When to end.
    pub until: Until,
    /// Scoring threads.
    pub threads: usize,
    /// Rules and models.
    pub kit: Arc<Kit>,
    /// Where happenings come in.
    pub inbox: Inbox,
}

/// Happenings that wait for the reader at most; when more come, it looks at all files again.
const MAX_HAPPENINGS: usize = 16_384;

/// Makes a way for happenings into a pipeline that may not be running yet.
pub fn inbox() -> (Reporter, Inbox) {
    let (sender, receiver) = bounded(MAX_HAPPENINGS);
    let missed = Arc::new(AtomicBool::new(false));
    (Reporter { sender, missed: Arc::clone(&missed) }, Inbox { receiver, missed })
}

/// The receiving end of a [`Reporter`].
pub struct Inbox {
    receiver: crossbeam_channel::Receiver<Happening>,
    missed: Arc<AtomicBool>,
}

/// A running pipeline.
pub struct Pipeline {
    status: Arc<Status>,
    permits: Arc<Permits>,
    commands: Sender<Command>,
    ended: crossbeam_channel::Receiver<()>,
    reader: JoinHandle<Result<(), PipelineError>>,
    workers: Vec<JoinHandle<()>>,
    sequencer: JoinHandle<Result<(), PipelineError>>,
    committer: JoinHandle<Result<Writer, PipelineError>>,
}

/// Reports happenings to a pipeline from any thread.
#[derive(Clone)]
pub struct Reporter {
    sender: Sender<Happening>,
    missed: Arc<AtomicBool>,
}

impl Reporter {
    /// Reports one happening, without waiting; does nothing when the pipeline has ended.
    pub fn report(&self, happening: Happening) {
        if self.sender.try_send(happening).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}

impl Pipeline {
    /// Starts all threads.
    ///
    /// # Errors
    /// The database fails.
    pub fn start(setup: Setup, writer: Writer) -> Result<Self, PipelineError> {
        let threads = setup.threads.max(1);
        let max_records = RECORDS_PER_THREAD * threads as u64;
        let permits = Arc::new(Permits::new(max_records, MAX_BYTES));
        let commits = Arc::new(Commits::default());
        let status = Arc::new(Status::default());
        // Each record under way is in one queue at most: with room for all of them no sender ever waits.
        let room = usize::try_from(max_records).unwrap_or(usize::MAX) + 2;
        let (fresh_in, fresh_out) = bounded(room);
        let (begun_in, begun_out) = bounded(room);
        let (message_in, message_out) = bounded(room + 1);
        let (entry_in, entry_out) = bounded(room);
        let (command_in, command_out) = unbounded();
        let inbox = setup.inbox;
        let (end_in, ended) = bounded(1);

        let path = writer.path().to_owned();
        status.begin(Lookup::open(&path)?.pending_count()?);
        let sequencer =
            Sequencer::new(Lookup::open(&path)?, begun_in, entry_in, Arc::clone(&commits))?;
        let feed = Feed::new(
            Arc::clone(&permits),
            Arc::clone(&commits),
            fresh_in,
            message_in.clone(),
            setup.kit,
        );
        let reader = Reader::new(
            setup.intake,
            setup.watched,
            setup.until,
            Lookup::open(&path)?,
            feed,
            Arc::clone(&status),
        )?;
        let committer = Committer {
            writer,
            permits: Arc::clone(&permits),
            commits,
            status: Arc::clone(&status),
        };

        let workers = (0..threads)
            .map(|number| {
                let (fresh, begun, out) =
                    (fresh_out.clone(), begun_out.clone(), message_in.clone());
                spawn(&format!("score-{number}"), move || {
                    let _alarm = Alarm(out.clone());
                    worker::run(&fresh, &begun, &out);
                })
            })
            .collect();
        let alarm = Alarm(message_in);
        let sequencer_exit = StopOnExit(Arc::clone(&permits), None);
        let committer_exit = StopOnExit(Arc::clone(&permits), Some(end_in));
        Ok(Self {
            reader: spawn("read", move || {
                let _alarm = alarm;
                reader.run(&command_out, &inbox)
            }),
            workers,
            sequencer: spawn("sequence", move || {
                let _exit = sequencer_exit;
                sequencer.run(&message_out)
            }),
            committer: spawn("commit", move || {
                let _exit = committer_exit;
                committer.run(&entry_out)
            }),
            status,
            permits,
            commands: command_in,
            ended,
        })
    }

    /// Returns the counts.
    pub fn snapshot(&self) -> Snapshot {
        self.status.snapshot()
    }

    /// Returns how many records are under way.
    pub fn under_way(&self) -> u64 {
        self.permits.under_way()
    }

    /// Puts new rules and models in force, between two records.
    pub fn adopt(&self, kit: Arc<Kit>) {
        let _ = self.commands.send(Command::Adopt(kit));
    }

    /// Asks the reader to let nothing more in; what is under way is finished.
    pub fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
    }

    /// Waits, at most for `limit`, for the pipeline to end; tells whether it did.
    pub fn wait(&self, limit: Duration) -> bool {
        !matches!(self.ended.recv_timeout(limit), Err(crossbeam_channel::RecvTimeoutError::Timeout))
    }

    /// Lets go of what is under way but not committed: it is read again at the next start.
    pub fn abandon(&self) {
        self.permits.stop();
    }

    /// Waits for all threads and returns the first error.
    ///
    /// # Errors
    /// What stopped the pipeline.
    pub fn join(self) -> Result<Writer, PipelineError> {
        drop(self.commands);
        let committed = join(self.committer);
        let sequenced = join(self.sequencer);
        let read = join(self.reader);
        let workers: Result<Vec<()>, PipelineError> = self.workers.into_iter().map(join).collect();
        sequenced??;
        let writer = committed??;
        read??;
        workers?;
        Ok(writer)
    }
}

/// Tells the sequencer when its thread panics, so that nobody waits for what never comes.
struct Alarm(Sender<Message>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.try_send(Message::Panicked);
        }
    }
}

/// Wakes the reader, and whoever waits for the end, when a thread ends, whether well or not.
struct StopOnExit(Arc<Permits>, Option<Sender<()>>);

impl Drop for StopOnExit {
    fn drop(&mut self) {
        self.0.stop();
        if let Some(ended) = &self.1 {
            let _ = ended.try_send(());
        }
    }
}

fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("the system gives a thread")
}

fn join<T>(thread: JoinHandle<T>) -> Result<T, PipelineError> {
    thread.join().map_err(|_| PipelineError::Panicked)
}
