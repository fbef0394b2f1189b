//! Which tickets are committed, and whether a commit is under way: between its beginning and its end nobody can tell
//! whether its rows can be seen yet.

use std::sync::atomic::{AtomicU64, Ordering};

use super::work::Ticket;

/// Written by the committer, read by all.
#[derive(Default)]
pub(crate) struct Commits {
    begun: AtomicU64,
    done: AtomicU64,
}

/// A commit under way; dropped without [`Self::finish`], it did not happen.
pub(crate) struct UnderWay<'a> {
    commits: &'a Commits,
    last: Ticket,
}

impl Commits {
    /// Notes that all up to a ticket is about to be committed.
    pub(crate) fn begin(&self, last: Ticket) -> UnderWay<'_> {
        self.begun.store(last, Ordering::SeqCst);
        UnderWay { commits: self, last }
    }

    /// Returns the last ticket of which it is known that it is committed.
    pub(crate) fn done(&self) -> Ticket {
        self.done.load(Ordering::SeqCst)
    }

    /// Returns the last committed ticket, unless a commit is under way.
    pub(crate) fn at_rest(&self) -> Option<Ticket> {
        let done = self.done();
        (self.begun.load(Ordering::SeqCst) == done).then_some(done)
    }
}

impl UnderWay<'_> {
    /// Notes that the commit is done.
    pub(crate) fn finish(self) {
        self.commits.done.store(self.last, Ordering::SeqCst);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.commits.begun.store(self.commits.done(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_done_or_did_not_happen() {
        let commits = Commits::default();
        assert_eq!(commits.at_rest(), Some(0));
        let under_way = commits.begin(7);
        assert_eq!((commits.at_rest(), commits.done()), (None, 0));
        under_way.finish();
        assert_eq!((commits.at_rest(), commits.done()), (Some(7), 7));
        drop(commits.begin(9));
        assert_eq!(commits.at_rest(), Some(7));
    }
}
