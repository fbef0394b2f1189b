//! What came before, stored or still under way: which records are carried over, and which samples repeat another.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::commits::Commits;
use super::recent::Recent;
use super::work::{Candidate, Kit, Origin, Target, Ticket};
use crate::check::NearIndex;
use crate::digest::Digest;
use crate::sample::{image_reference, image_shown};
use crate::store::{HistoryOf, Lookup, StoreError};
use crate::verdict::{Finding, History, Reason};

/// How long a commit is waited for before it is looked at again.
const COMMIT: Duration = Duration::from_micros(50);

/// The database's memory, completed by what is not committed yet.
pub(super) struct Past {
    lookup: Lookup,
    commits: Arc<Commits>,
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
    /// Makes the memory.
    pub(super) fn new(lookup: Lookup, commits: Arc<Commits>) -> Self {
        Self { lookup, commits, recent: Recent::default(), near: None }
    }

    /// Reads what new rules look back at; everything before them is committed.
    pub(super) fn adopt(&mut self, kit: &Kit) -> Result<(), StoreError> {
        if !kit.checks.duplicate_near {
            self.near = None;
            return Ok(());
        }
        let window = kit.checks.near_window;
        if self.near.as_ref().is_none_or(|near| near.window() != window) {
            let mut near = NearIndex::new(window);
            self.lookup.signatures(window, |id, signature| near.add(id, signature))?;
            self.near = Some(near);
        }
        Ok(())
    }

    /// Forgets what is in the database by now.
    pub(super) fn forget_committed(&mut self) {
        self.recent.forget_until(self.commits.done());
    }

    /// Notes a sample that goes to the gates.
    pub(super) fn add(&mut self, ticket: Ticket, candidate: &Candidate, group: &str) {
        let images = if candidate.kit.checks.image_cap > 0 {
            each_once(&candidate.sample.images).map(Cow::into_owned).collect()
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
                Ok(past.lookup.samples_of_image(&name)? + past.recent.samples_of_image(&name))
            })?;
            if count >= cap {
                let samples = if count == 1 { "sample" } else { "samples" };
                let name = image_shown(&name);
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
            if let Some(committed) = self.commits.at_rest() {
                self.recent.forget_until(committed);
                let answer = ask(self)?;
                if self.commits.at_rest() == Some(committed) {
                    return Ok(answer);
                }
            }
            thread::sleep(COMMIT);
        }
    }
}

/// The references of images, each once.
fn each_once(names: &[String]) -> impl Iterator<Item = Cow<'_, str>> {
    names.iter().map(|name| image_reference(name)).collect::<BTreeSet<_>>().into_iter()
}
