//! Which files are to be looked at, and when.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Files with the time at which each is due.
#[derive(Default)]
pub(super) struct Agenda {
    order: BTreeSet<(Instant, PathBuf)>,
    entries: HashMap<PathBuf, Due>,
}

/// What is known of a file that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// When to look at it.
    pub at: Instant,
    /// Which watched directory it lies in.
    pub watch: usize,
    /// Whether its writer is through with it; `None` if nothing new is known of that.
    pub closed: Option<bool>,
}

impl Agenda {
    /// Notes a file; of two times the earlier counts, of two reports about its writer the later.
    pub(super) fn note(&mut self, path: &Path, due: Due) {
        let (at, closed) = match self.entries.get(path) {
            Some(known) => {
                self.order.remove(&(known.at, path.to_owned()));
                (known.at.min(due.at), due.closed.or(known.closed))
            }
            None => (due.at, due.closed),
        };
        self.order.insert((at, path.to_owned()));
        self.entries.insert(path.to_owned(), Due { at, closed, ..due });
    }

    /// Takes the file that is due first, if its time has come.
    pub(super) fn take(&mut self, now: Instant) -> Option<(PathBuf, Due)> {
        if self.order.first()?.0 > now {
            return None;
        }
        let (_, path) = self.order.pop_first()?;
        let due = self.entries.remove(&path)?;
        Some((path, due))
    }

    /// Returns when the next file is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Returns how many files are noted.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_earlier_time_and_the_later_report_count() {
        let now = Instant::now();
        let soon = now + Duration::from_secs(1);
        let mut agenda = Agenda::default();
        agenda.note(Path::new("a"), Due { at: soon, watch: 0, closed: Some(false) });
        agenda.note(Path::new("b"), Due { at: now, watch: 0, closed: Some(false) });
        agenda.note(Path::new("b"), Due { at: soon, watch: 0, closed: Some(true) });
        agenda.note(Path::new("b"), Due { at: soon, watch: 0, closed: None });
        assert_eq!(agenda.len(), 2);
        let (path, due) = agenda.take(now).expect("b is due");
        assert_eq!((path.as_path(), due.closed), (Path::new("b"), Some(true)));
        assert_eq!(agenda.take(now), None);
        assert_eq!(agenda.next(), Some(soon));
    }
}
