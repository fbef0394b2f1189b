//! The last scores of a group, with order statistics in logarithmic time.

use std::collections::VecDeque;

use crate::scale::Score;

const BINS: usize = Score::STEPS as usize + 1;

/// A sliding window over scores: at most `capacity` of the newest.
///
/// A ring holds the order of arrival, a Fenwick tree (Fenwick 1994) the counts by score.
#[derive(Debug, Clone)]
pub(super) struct Window {
    capacity: usize,
    ring: VecDeque<Score>,
    counts: Vec<u32>,
    tree: Vec<u32>,
    distinct: usize,
}

impl Window {
    /// Makes an empty window.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            ring: VecDeque::new(),
            counts: vec![0; BINS],
            tree: vec![0; BINS + 1],
            distinct: 0,
        }
    }

    /// Adds the newest score; the oldest leaves when the window is full.
    pub(super) fn push(&mut self, score: Score) {
        if self.capacity == 0 {
            return;
        }
        if self.ring.len() == self.capacity
            && let Some(oldest) = self.ring.pop_front()
        {
            self.count(oldest, false);
        }
        self.ring.push_back(score);
        self.count(score, true);
    }

    /// Returns how many scores are in the window.
    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }

    /// Returns how many different scores are in the window.
    pub(super) fn distinct(&self) -> usize {
        self.distinct
    }

    /// Returns how many scores equal `score`.
    pub(super) fn equal(&self, score: Score) -> usize {
        self.counts[bin(score)] as usize
    }

    /// Returns how many scores are above `score`.
    pub(super) fn above(&self, score: Score) -> usize {
        let mut at_most = 0;
        let mut node = bin(score) + 1;
        while node > 0 {
            at_most += self.tree[node] as usize;
            node &= node - 1;
        }
        self.ring.len() - at_most
    }

    /// Returns the `k`-th largest score, `k` from 1; `None` if there are fewer.
    pub(super) fn largest(&self, k: usize) -> Option<Score> {
        if k == 0 || k > self.ring.len() {
            return None;
        }
        // The k-th largest is the (n - k + 1)-th smallest: descend the tree to the last node before it.
        let mut before = self.ring.len() - k;
        let mut node = 0;
        let mut step = BINS.next_power_of_two();
        while step > 0 {
            let next = node + step;
            if next <= BINS && self.tree[next] as usize <= before {
                before -= self.tree[next] as usize;
                node = next;
            }
            step /= 2;
        }
        Score::from_steps(u16::try_from(node).ok()?)
    }

    fn count(&mut self, score: Score, add: bool) {
        let count = &mut self.counts[bin(score)];
        if add {
            *count += 1;
            self.distinct += usize::from(*count == 1);
        } else {
            *count -= 1;
            self.distinct -= usize::from(*count == 0);
        }
        let mut node = bin(score) + 1;
        while node <= BINS {
            if add {
                self.tree[node] += 1;
            } else {
                self.tree[node] -= 1;
            }
            node += node & node.wrapping_neg();
        }
    }
}

fn bin(score: Score) -> usize {
    usize::from(score.steps())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_sorted_list(
            steps in proptest::collection::vec(prop_oneof![0u16..=10_000, 4990u16..5010, Just(0), Just(10_000)], 0..300),
            capacity in 0usize..80,
            probe in 0u16..=10_000,
        ) {
            let mut window = Window::new(capacity);
            for &step in &steps {
                window.push(Score::from_steps(step).expect("in range"));
            }
            let mut newest: Vec<u16> = steps.iter().rev().take(capacity).copied().collect();
            newest.sort_unstable_by(|one, other| other.cmp(one));
            prop_assert_eq!(window.len(), newest.len());
            for k in 1..=newest.len() {
                prop_assert_eq!(window.largest(k).map(Score::steps), Some(newest[k - 1]));
            }
            prop_assert_eq!(window.largest(0), None);
            prop_assert_eq!(window.largest(newest.len() + 1), None);
            let probe_score = Score::from_steps(probe).expect("in range");
            prop_assert_eq!(window.above(probe_score), newest.iter().filter(|step| **step > probe).count());
            prop_assert_eq!(window.equal(probe_score), newest.iter().filter(|step| **step == probe).count());
            newest.dedup();
            prop_assert_eq!(window.distinct(), newest.len());
        }
    }
}
