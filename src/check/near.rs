//! `duplicate.near`: finds, among the last samples that reached a gate, one with nearly the same text.
//!
//! Locality-sensitive hashing (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3): the minima
//! of a signature form bands, and only samples that agree in all of a band are compared. With 16 bands of 6 a pair
//! of similarity 0.8 is met with a chance of 99 %, one of 0.5 with 22 %.

use crate::digest::Digest;
use crate::signature::{HASHES, Signature};

const BANDS: usize = 16;
const ROWS: usize = HASHES / BANDS;

/// Similarity from which two texts count as nearly the same.
pub const NEAR: f64 = 0.8;

/// Most samples of a band that are compared: bounds the time for texts that are all much alike.
const MOST_COMPARED: usize = 256;

/// The last samples of a window, by their signatures: 200 bytes a sample, and 16 to 32 for the bands.
pub struct NearIndex {
    window: usize,
    entries: Vec<Entry>,
    /// For each band, the newest sample in each of its buckets, by its number; 0: none.
    heads: Vec<u32>,
    buckets: usize,
    /// Number of the newest sample, counted from 1.
    newest: u32,
}

struct Entry {
    id: Digest,
    signature: Signature,
    /// In each band, the sample before it in the same bucket.
    before: [u32; BANDS],
}

impl NearIndex {
    /// Makes an empty index that forgets all but the last `window` samples.
    pub fn new(window: usize) -> Self {
        let window = window.min(u32::MAX as usize / 2);
        let buckets = (window / 4).next_power_of_two().max(1024);
        let heads = if window == 0 { Vec::new() } else { vec![0; BANDS * buckets] };
        Self { window, entries: Vec::new(), heads, buckets, newest: 0 }
    }

    /// Returns how many samples it remembers at most.
    pub fn window(&self) -> usize {
        self.window
    }

    /// The same samples with their numbers counted from 1 again.
    fn renumbered(&self) -> Self {
        let mut other = Self::new(self.window);
        let known = self.entries.len() as u32;
        for number in self.newest - known + 1..=self.newest {
            let entry = &self.entries[self.place(number)];
            other.add(entry.id, &entry.signature);
        }
        other
    }

    /// Adds the newest sample, and forgets the oldest if the window is full.
    pub fn add(&mut self, id: Digest, signature: &Signature) {
        if self.window == 0 {
            return;
        }
        if self.newest == u32::MAX {
            *self = self.renumbered();
        }
        self.newest += 1;
        let mut before = [0; BANDS];
        for (band, before) in before.iter_mut().enumerate() {
            let head = self.bucket(band, signature);
            *before = std::mem::replace(&mut self.heads[head], self.newest);
        }
        let entry = Entry { id, signature: *signature, before };
        let place = self.place(self.newest);
        match self.entries.get_mut(place) {
            Some(oldest) => *oldest = entry,
            None => self.entries.push(entry),
        }
    }

    /// Finds the sample that is most like this one in the same context, if it is as near as [`NEAR`], with its similarity; of several the oldest.
    pub fn find(&self, signature: &Signature) -> Option<(Digest, f64)> {
        if self.entries.is_empty() {
            return None;
        }
        let mut best: Option<(f64, u32)> = None;
        for band in 0..BANDS {
            let mut number = self.heads[self.bucket(band, signature)];
            for _ in 0..MOST_COMPARED {
                // What is behind a forgotten sample is older and forgotten, too.
                if !self.remembers(number) {
                    break;
                }
                let entry = &self.entries[self.place(number)];
                if entry.signature.same_context(signature) {
                    let similarity = entry.signature.similarity(signature);
                    let better = best.is_none_or(|(most, oldest)| {
                        similarity > most || similarity == most && number < oldest
                    });
                    if similarity >= NEAR && better {
                        best = Some((similarity, number));
                    }
                }
                number = entry.before[band];
            }
        }
        best.map(|(similarity, number)| (self.entries[self.place(number)].id, similarity))
    }

    fn remembers(&self, number: u32) -> bool {
        number != 0 && ((self.newest - number) as usize) < self.entries.len()
    }

    fn place(&self, number: u32) -> usize {
        (number as usize - 1) % self.window
    }

    fn bucket(&self, band: usize, signature: &Signature) -> usize {
        band * self.buckets + (signature.band(band, ROWS) as usize & (self.buckets - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(number: usize, last: &str) -> Signature {
        let words: String = (0..60).map(|word| format!("w{} ", number * 1000 + word)).collect();
        Signature::of([words.as_str(), last].into_iter(), std::iter::empty())
    }

    fn id(number: usize) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[test]
    fn nearly_the_same_text_is_found_and_others_are_not() {
        let mut index = NearIndex::new(1000);
        assert_eq!(index.find(&signature(1, "a")), None);
        for number in 0..500 {
            index.add(id(number), &signature(number, "the end"));
        }
        for number in 0..500 {
            let (found, similarity) = index.find(&signature(number, "an end")).expect("found");
            assert_eq!(found, id(number));
            assert!(similarity >= NEAR);
            assert_eq!(index.find(&signature(number + 500, "the end")), None);
        }
    }

    #[test]
    fn only_the_window_is_remembered() {
        let mut index = NearIndex::new(10);
        for number in 0..95 {
            index.add(id(number), &signature(number, ""));
        }
        for number in 0..95 {
            assert_eq!(index.find(&signature(number, "")).is_some(), number >= 85, "{number}");
        }
        let mut none = NearIndex::new(0);
        none.add(id(1), &signature(1, ""));
        assert_eq!(none.find(&signature(1, "")), None);
    }

    #[test]
    fn numbers_start_again_before_they_run_out() {
        let mut index = NearIndex::new(4);
        for number in 0..6 {
            index.add(id(number), &signature(number, ""));
        }
        let shift = u32::MAX - index.newest;
        // As if so many samples, a multiple of the window, had come before.
        let shift = shift - shift % 4;
        index.newest += shift;
        for head in index.heads.iter_mut().filter(|head| **head > 0) {
            *head += shift;
        }
        for entry in &mut index.entries {
            for before in entry.before.iter_mut().filter(|before| **before > 0) {
                *before += shift;
            }
        }
        for number in 6..16 {
            index.add(id(number), &signature(number, ""));
            for known in 0..16 {
                let found = index.find(&signature(known, "")).is_some();
                assert_eq!(found, known <= number && known + 4 > number, "{known} at {number}");
            }
        }
    }

    #[test]
    fn the_oldest_of_equals_is_named() {
        let mut index = NearIndex::new(100);
        for number in 0..3 {
            index.add(id(number), &signature(7, ""));
        }
        assert_eq!(index.find(&signature(7, "")), Some((id(0), 1.0)));
    }
}
