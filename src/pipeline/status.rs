//! What the pipeline is doing, in numbers that any thread may read.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::time::{self, UnixMillis};
use crate::verdict::Verdict;

/// Counts since the start; all of committed records.
#[derive(Default)]
pub(super) struct Status {
    verdicts: [AtomicI64; 5],
    carried: AtomicU64,
    bytes_read: AtomicU64,
    sources_done: AtomicU64,
    unreadable: AtomicU64,
    last_commit: AtomicI64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// By verdict, in the order of `Verdict::ALL`.
    pub verdicts: [i64; 5],
    /// Records found again in a rewritten file.
    pub carried: u64,
    /// Bytes read, unpacked.
    pub bytes_read: u64,
    /// Times that the end of a file was reached.
    pub sources_done: u64,
    /// Files and folders that cannot be read.
    pub unreadable: u64,
    /// Time of the last commit; 0 before the first.
    pub last_commit: UnixMillis,
}

impl Status {
    /// Adds what one transaction changed.
    pub(super) fn add(&self, verdicts: &[i64; 5], carried: u64) {
        for (count, change) in self.verdicts.iter().zip(verdicts) {
            count.fetch_add(*change, Ordering::Relaxed);
        }
        self.carried.fetch_add(carried, Ordering::Relaxed);
        self.last_commit.store(time::now(), Ordering::Relaxed);
    }

    /// Adds bytes that were read.
    pub(super) fn read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a file of which the end was reached.
    pub(super) fn source_done(&self) {
        self.sources_done.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins with the pending records that earlier runs left.
    pub(crate) fn begin(&self, pending: i64) {
        let place = Verdict::ALL
            .iter()
            .position(|known| *known == Verdict::Pending)
            .expect("all are listed");
        self.verdicts[place].store(pending, Ordering::Relaxed);
    }

    /// Counts a file or folder that cannot be read.
    pub(crate) fn unreadable(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the counts.
    pub(super) fn snapshot(&self) -> Snapshot {
        let mut verdicts = [0; 5];
        for (value, count) in verdicts.iter_mut().zip(&self.verdicts) {
            *value = count.load(Ordering::Relaxed);
        }
        Snapshot {
            verdicts,
            carried: self.carried.load(Ordering::Relaxed),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            sources_done: self.sources_done.load(Ordering::Relaxed),
            unreadable: self.unreadable.load(Ordering::Relaxed),
            last_commit: self.last_commit.load(Ordering::Relaxed),
        }
    }
}

impl Snapshot {
    /// Returns the count of one verdict.
    pub fn of(&self, verdict: Verdict) -> i64 {
        let place =
            Verdict::ALL.iter().position(|known| *known == verdict).expect("all are listed");
        self.verdicts[place]
    }

    /// Returns how many records were decided or carried over.
    pub fn decided(&self) -> u64 {
        let decided = self.verdicts.iter().sum::<i64>() - self.of(Verdict::Pending);
        u64::try_from(decided).unwrap_or(0) + self.carried
    }
}
