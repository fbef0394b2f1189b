//! MinHash signatures of texts: short lists of bytes that agree about as often as two texts share word 5-grams.
//! It knows neither samples nor with which others a signature is compared.
//!
//! Broder, "On the resemblance and containment of documents" (1997); of each minimum 8 bits are kept, as in
//! Li and König, "b-Bit Minwise Hashing" (2010).

/// Words in a shingle.
const SHINGLE: usize = 5;

/// Hash functions, and bytes of a signature.
pub const HASHES: usize = 96;

/// Bytes of a signature as it is stored: what stands for the context, then the minima.
pub const STORED: usize = 8 + HASHES;

/// How often two unrelated bytes agree by chance.
const CHANCE: f64 = 1.0 / 256.0;

/// The signature of the texts of a sample, and the hash of the context in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    context: u64,
    minima: [u8; HASHES],
}

impl Signature {
    /// Makes the signature of texts, read as one, in a context: the names of images, for one.
    ///
    /// Words are runs of letters and digits; case does not count.
    pub fn of<'a>(
        texts: impl Iterator<Item = &'a str>,
        context: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut minima = [u32::MAX; HASHES];
        shingles(texts, |shingle| {
            for (minimum, (factor, offset)) in minima.iter_mut().zip(&FUNCTIONS) {
                // Multiply-shift: the upper half of a product modulo 2^64.
                let value = (shingle.wrapping_mul(*factor).wrapping_add(*offset) >> 32) as u32;
                *minimum = (*minimum).min(value);
            }
        });
        let context = context.fold(0, |sum, name| {
            let begun = mixed(sum ^ (1 + name.len() as u64));
            name.bytes().fold(begun, |sum, byte| mixed(sum ^ u64::from(byte)))
        });
        Self { context, minima: minima.map(|minimum| minimum as u8) }
    }

    /// Tells whether both stand in the same context.
    pub fn same_context(&self, other: &Self) -> bool {
        self.context == other.context
    }

    /// Estimates the Jaccard similarity of the word 5-grams, from 0 to 1; one standard error is at most 0.05.
    pub fn similarity(&self, other: &Self) -> f64 {
        let pairs = self.minima.iter().zip(&other.minima);
        let agreeing = pairs.filter(|(one, other)| one == other).count();
        ((agreeing as f64 / HASHES as f64 - CHANCE) / (1.0 - CHANCE)).max(0.0)
    }

    /// Returns a number that two signatures share if they have the same context and the `rows` minima of `band`.
    pub fn band(&self, band: usize, rows: usize) -> u64 {
        let part = &self.minima[band * rows..(band + 1) * rows];
        part.iter()
            .fold(mixed(self.context ^ band as u64), |sum, byte| mixed(sum ^ u64::from(*byte)))
    }

    /// Returns the bytes from which [`Self::from_bytes`] makes the signature again.
    pub fn to_bytes(self) -> [u8; STORED] {
        let mut bytes = [0; STORED];
        bytes[..8].copy_from_slice(&self.context.to_le_bytes());
        bytes[8..].copy_from_slice(&self.minima);
        bytes
    }

    /// Reads stored bytes; `None` if there are not as many as there must be.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (context, minima) = bytes.split_at_checked(8)?;
        Some(Self {
            context: u64::from_le_bytes(context.try_into().ok()?),
            minima: minima.try_into().ok()?,
        })
    }
}

/// Calls `take` with the hash of each run of five words, or of all words if there are fewer.
fn shingles<'a>(texts: impl Iterator<Item = &'a str>, mut take: impl FnMut(u64)) {
    let mut last = [0u64; SHINGLE];
    let mut count = 0;
    for text in texts {
        for word in
            text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
        {
            last.rotate_left(1);
            last[SHINGLE - 1] = hash(word);
            count += 1;
            if count >= SHINGLE {
                take(joined(&last));
            }
        }
    }
    if (1..SHINGLE).contains(&count) {
        take(joined(&last));
    }
}

fn joined(words: &[u64; SHINGLE]) -> u64 {
    words.iter().fold(0, |sum, word| mixed(sum ^ word))
}

fn hash(word: &str) -> u64 {
    if word.is_ascii() {
        return word.bytes().fold(1, |sum, byte| mixed(sum ^ u64::from(byte.to_ascii_lowercase())));
    }
    word.chars().flat_map(char::to_lowercase).fold(1, |sum, letter| mixed(sum ^ u64::from(letter)))
}

/// Spreads the bits of a number over all of it (the constants of MurmurHash3's last step, shortened).
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    number ^ (number >> 33)
}

/// Odd factors and offsets of the hash functions, fixed for ever: signatures are stored.
const FUNCTIONS: [(u64, u64); HASHES] = functions();

const fn functions() -> [(u64, u64); HASHES] {
    let mut functions = [(0, 0); HASHES];
    let mut state = 0x676c_6561_6e65_7221;
    let mut place = 0;
    while place < HASHES {
        let (factor, after) = next(state);
        let (offset, rest) = next(after);
        functions[place] = (factor | 1, offset);
        state = rest;
        place += 1;
    }
    functions
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a number, and the state behind it.
const fn next(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (number ^ (number >> 31), state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn of(text: &str, images: &[&str]) -> Signature {
        Signature::of(["What is it?", text].into_iter(), images.iter().copied())
    }

    fn words(numbers: std::ops::Range<u32>) -> String {
        numbers.map(|number| format!("word{number} ")).collect()
    }

    #[test]
    fn similarity_is_near_the_shared_part() {
        for shared in [0, 20, 50, 80, 95, 100] {
            let one = words(0..400);
            let other = words(400 - 4 * shared..800 - 4 * shared);
            let shingles = |text: &str| {
                let all = format!("what is it {text}");
                let list: Vec<String> = all.split_whitespace().map(str::to_owned).collect();
                list.windows(SHINGLE).map(<[String]>::to_vec).collect::<HashSet<_>>()
            };
            let (a, b) = (shingles(&one), shingles(&other));
            let exact = a.intersection(&b).count() as f64 / a.union(&b).count() as f64;
            let found = of(&one, &[]).similarity(&of(&other, &[]));
            assert!((found - exact).abs() < 0.15, "{shared}: {found} for {exact}");
        }
    }

    #[test]
    fn case_marks_and_spaces_do_not_count() {
        let one = of("A red  Kettle, on the ÖFEN stove!", &["a.jpg"]);
        assert_eq!(one, of("a RED kettle on the öfen stove", &["a.jpg"]));
        assert_ne!(one, of("a red kettle on the cold stove", &["a.jpg"]));
    }

    #[test]
    fn images_tell_apart() {
        let kettle = |images: &[&str]| of("A kettle.", images);
        assert!(kettle(&["a", "b"]).same_context(&kettle(&["a", "b"])));
        for other in [&["b", "a"][..], &["ab"], &["a"], &[]] {
            assert!(!kettle(&["a", "b"]).same_context(&kettle(other)), "{other:?}");
        }
    }

    #[test]
    fn signatures_are_stored_and_read() {
        let one = of("", &["a.jpg"]);
        assert_eq!(Signature::from_bytes(&one.to_bytes()), Some(one));
        assert_eq!(Signature::from_bytes(&[0; 7]), None);
        assert_eq!(Signature::from_bytes(&[0; STORED + 1]), None);
    }

    #[test]
    fn stored_signatures_keep_their_meaning() {
        let one = of("A red kettle stands on the stove.", &["a.jpg"]).to_bytes();
        let sum = one.iter().fold(0u64, |sum, byte| mixed(sum ^ u64::from(*byte)));
        assert_eq!(
            sum, 16_208_679_219_493_501_757,
            "stored signatures would not be found again: never change how they are made"
        );
    }
}
