//! What came before, stored or still under way: which records are carried over, and which samples repeat another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::recent::Recent;
use super::work::{Candidate, Kit, Origin, Target, Ticket};
use crate::check::NearIndex;
use crate::digest::Digest;
use crate::store::{HistoryOf, Lookup, StoreError};
use crate::verdict::{Finding, History, Reason};

/// The database's memory, completed by what is not committed yet.
pub(super) struct Past {
    lookup: Lookup,
    committed: Arc<AtomicU64>,
    recent: Recent,
    near: Option<NearIndex>,
}

/// A sample's repetition of another.
pub(super) struct Repeat {
    /// What is said of it.
    pub finding: Finding,
    /// The occurrence that it repeats, if it is one.
    pub of: Option<Digest>,
}

impl Past {
    /// Makes the memory; `committed` is the ticket up to which all is stored.
    pub(super) fn new(lookup: Lookup, committed: Arc<AtomicU64>) -> Self {
        Self { lookup, committed, recent: Recent::default(), near: None }
    }

    /// Makes room for what new rules look back at; the first time it is read from the database.
    pub(super) fn adopt(&mut self, kit: &Kit) -> Result<(), StoreError> {
        if !kit.checks.duplicate_near {
            self.near = None;
            return Ok(());
        }
        let window = kit.checks.near_window;
        match &self.near {
            Some(near) if near.window() == window => {}
            Some(near) => self.near = Some(near.resized(window)),
            None => {
                let mut near = NearIndex::new(window);
                self.lookup.signatures(window, |id, signature| near.add(id, signature))?;
                self.near = Some(near);
            }
        }
        Ok(())
    }

    /// Forgets what is in the database by now.
    pub(super) fn forget_committed(&mut self) {
        self.recent.forget_until(self.committed.load(Ordering::Acquire));
    }

    /// Notes a sample that goes to the gates.
    pub(super) fn add(&mut self, ticket: Ticket, candidate: &Candidate, group: &str) {
        let images = if candidate.kit.checks.image_cap > 0 {
            each_once(&candidate.sample.images).map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        self.recent.add_sample(ticket, (candidate.digest, candidate.origin.id), group, images);
        if let (Some(near), Some(signature)) = (&mut self.near, &candidate.signature) {
            near.add(candidate.origin.id, signature);
        }
    }

    /// Tells whether a record stood in the generation before, and notes it if it did.
    pub(super) fn carries(
        &mut self,
        ticket: Ticket,
        origin: &Origin,
        digest: Digest,
    ) -> Result<bool, StoreError> {
        let (Some(previous), Target::New { .. }) = (origin.home.previous, &origin.target) else {
            return Ok(false);
        };
        let home = origin.home.id;
        let carried = self.settled(|past| {
            Ok(past.lookup.carriable(previous, home, &digest)? > past.recent.carried(home, digest))
        })?;
        if carried {
            self.recent.add_carried(ticket, home, digest);
        }
        Ok(carried)
    }

    /// Finds what a sample repeats: the same content, nearly the same text, or an image too often.
    pub(super) fn repeated(&mut self, candidate: &Candidate) -> Result<Option<Repeat>, StoreError> {
        let checks = &candidate.kit.checks;
        if checks.duplicate_exact {
            let same = match self.recent.sample(&candidate.digest) {
                Some(id) => Some(id),
                None => self.lookup.gated(&candidate.digest)?,
            };
            if let Some(id) = same {
                let finding = Finding::new(Reason::DuplicateExact, format!("repeats {id}"));
                return Ok(Some(Repeat { finding, of: Some(id) }));
            }
        }
        if let (Some(near), Some(signature)) = (&self.near, &candidate.signature)
            && let Some((id, similarity)) = near.find(signature)
        {
            let detail =
                format!("shares about {:.0} % of its word 5-grams with {id}", similarity * 100.0);
            let finding = Finding::new(Reason::DuplicateNear, detail);
            return Ok(Some(Repeat { finding, of: Some(id) }));
        }
        self.over_cap(candidate)
    }

    fn over_cap(&mut self, candidate: &Candidate) -> Result<Option<Repeat>, StoreError> {
        let cap = candidate.kit.checks.image_cap;
        if cap == 0 {
            return Ok(None);
        }
        for name in each_once(&candidate.sample.images) {
            let count = self.settled(|past| {
                Ok(past.lookup.samples_of_image(name)? + past.recent.samples_of_image(name))
            })?;
            if count >= cap {
                let samples = if count == 1 { "sample" } else { "samples" };
                let detail = format!("{count} {samples} of `{name}` came before, {cap} may");
                let finding = Finding::new(Reason::DuplicateImageCap, detail);
                return Ok(Some(Repeat { finding, of: None }));
            }
        }
        Ok(None)
    }

    /// Returns the scores of a group before a `seq`.
    pub(super) fn history(
        &self,
        of: &HistoryOf<'_>,
        window: usize,
        before: u64,
    ) -> Result<History, StoreError> {
        self.lookup.history(of, window, before)
    }

    /// Tells whether a group has samples under way.
    pub(super) fn has_group(&self, group: &str) -> bool {
        self.recent.has_group(group)
    }

    /// Asks until nothing was committed in between, which would count twice: as stored and as recent.
    fn settled<T>(
        &mut self,
        ask: impl Fn(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            let committed = self.committed.load(Ordering::Acquire);
            self.recent.forget_until(committed);
            let answer = ask(self)?;
            if self.committed.load(Ordering::Acquire) == committed {
                return Ok(answer);
            }
        }
    }
}

fn each_once(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).collect::<BTreeSet<_>>().into_iter()
}
