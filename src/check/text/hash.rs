//! Hashes of words: FNV-1a over code points, good enough to tell words apart and cheap to extend by
//! a letter. A text that was made to collide could at worst be rejected or let pass; it is no defence.

use std::hash::{BuildHasherDefault, Hasher};

/// The hash of no character.
pub(super) const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// Adds one character to a hash: FNV-1a over code points.
pub(super) fn add(hash: u64, letter: char) -> u64 {
    (hash ^ u64::from(letter)).wrapping_mul(PRIME)
}

/// Hashes a word that is already in lower case.
pub(super) fn hash(word: &str) -> u64 {
    word.chars().fold(BASIS, add)
}

/// Hashes a word after lowering its case and straightening its apostrophes.
pub(super) fn hash_lowered(word: &str) -> u64 {
    word.chars().fold(BASIS, |sum, letter| lowered(letter).fold(sum, add))
}

fn lowered(letter: char) -> impl Iterator<Item = char> {
    let letter = if letter == '’' { '\'' } else { letter };
    let ascii = letter.is_ascii().then(|| letter.to_ascii_lowercase());
    let other = (!letter.is_ascii()).then(|| letter.to_lowercase()).into_iter().flatten();
    ascii.into_iter().chain(other)
}

/// Passes on keys that are hashes already.
#[derive(Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Builds [`Hashed`] for maps and sets of hashes.
pub(super) type ByHash = BuildHasherDefault<Hashed>;
