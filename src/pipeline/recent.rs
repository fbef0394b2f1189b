//! What was decided but is not yet in the database: so that nothing is missed between the two.

use std::collections::{HashMap, VecDeque};

use super::work::Ticket;
use crate::digest::Digest;
use crate::source::SourceId;

/// Samples and carried records whose tickets are not committed.
#[derive(Default)]
pub(super) struct Recent {
    order: VecDeque<(Ticket, Noted)>,
    samples: HashMap<Digest, Digest>,
    carried: HashMap<(SourceId, Digest), i64>,
    groups: HashMap<String, usize>,
    images: HashMap<String, usize>,
}

enum Noted {
    Sample { digest: Digest, group: String, images: Vec<String> },
    Carried(SourceId, Digest),
}

impl Recent {
    /// Notes a sample that reached the gates: content, occurrence, group, and each of its images once.
    pub(super) fn add_sample(
        &mut self,
        ticket: Ticket,
        (digest, id): (Digest, Digest),
        group: &str,
        images: Vec<String>,
    ) {
        self.samples.entry(digest).or_insert(id);
        *self.groups.entry(group.to_owned()).or_default() += 1;
        for image in &images {
            *self.images.entry(image.clone()).or_default() += 1;
        }
        self.order.push_back((ticket, Noted::Sample { digest, group: group.to_owned(), images }));
    }

    /// Notes a record that was carried over.
    pub(super) fn add_carried(&mut self, ticket: Ticket, source: SourceId, digest: Digest) {
        *self.carried.entry((source, digest)).or_default() += 1;
        self.order.push_back((ticket, Noted::Carried(source, digest)));
    }

    /// Finds the occurrence with a content.
    pub(super) fn sample(&self, digest: &Digest) -> Option<Digest> {
        self.samples.get(digest).copied()
    }

    /// Returns how many records with a content were carried over to a generation.
    pub(super) fn carried(&self, source: SourceId, digest: Digest) -> i64 {
        self.carried.get(&(source, digest)).copied().unwrap_or(0)
    }

    /// Returns how many samples of an image are under way.
    pub(super) fn samples_of_image(&self, name: &str) -> u64 {
        self.images.get(name).map_or(0, |count| *count as u64)
    }

    /// Tells whether a group has samples under way.
    pub(super) fn has_group(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// Forgets what is committed: all tickets up to this one.
    pub(super) fn forget_until(&mut self, committed: Ticket) {
        while self.order.front().is_some_and(|(ticket, _)| *ticket <= committed) {
            match self.order.pop_front() {
                Some((_, Noted::Sample { digest, group, images })) => {
                    self.samples.remove(&digest);
                    decrement(&mut self.groups, &group);
                    images.iter().for_each(|image| decrement(&mut self.images, image));
                }
                Some((_, Noted::Carried(source, digest))) => {
                    let left = self.carried.entry((source, digest)).or_default();
                    *left -= 1;
                    if *left == 0 {
                        self.carried.remove(&(source, digest));
                    }
                }
                None => {}
            }
        }
    }
}

fn decrement(counts: &mut HashMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_is_forgotten() {
        let digest = |n: u8| Digest::of(&[n]);
        let mut recent = Recent::default();
        recent.add_sample(1, (digest(1), digest(11)), "a", vec!["x".into()]);
        recent.add_carried(2, SourceId(1), digest(2));
        recent.add_carried(3, SourceId(1), digest(2));
        recent.add_sample(4, (digest(3), digest(13)), "a", vec!["x".into(), "y".into()]);
        assert_eq!(recent.samples_of_image("x"), 2);
        recent.forget_until(2);
        assert_eq!(recent.sample(&digest(1)), None);
        assert_eq!(recent.carried(SourceId(1), digest(2)), 1);
        assert!(recent.has_group("a"));
        assert_eq!(recent.samples_of_image("x"), 1);
        recent.forget_until(4);
        assert_eq!(recent.samples_of_image("y"), 0);
        assert_eq!(recent.carried(SourceId(1), digest(2)), 0);
        assert!(!recent.has_group("a"));
    }
}
