//! Finds set phrases in the words of a text. A phrase is a line of words in a small notation, made for
//! lists that people can read and extend; it knows nothing of what the phrases mean.
//!
//! Notation, parts separated by spaces: `see|view` one of several words; `?the|this` the same, or
//! nothing; `*3` up to three words; `!in|by` none of these words next; a leading `^` the first word of
//! a sentence. A phrase does not reach from one sentence into the next.

use std::collections::HashMap;
use std::ops::Range;

use super::hash::{ByHash, hash};
use super::words::Word;

/// A list of phrases, ready to be searched for.
#[derive(Debug)]
pub(super) struct Phrases {
    phrases: Vec<Phrase>,
    /// Phrases by the hash of each word that they may start with.
    by_first: HashMap<u64, Vec<usize>, ByHash>,
    /// One bit for each first word, so that most words need no look-up.
    filter: [u64; 16],
}

#[derive(Debug)]
struct Phrase {
    /// Whether it must start a sentence.
    opens: bool,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    One(Vec<u64>),
    Maybe(Vec<u64>),
    Not(Vec<u64>),
    Gap(usize),
}

impl Phrases {
    /// Reads a list of phrases, one a line; empty lines are skipped.
    ///
    /// A phrase starts with a word, not with something that may be absent.
    pub(super) fn new(list: &str) -> Self {
        let mut made = Self { phrases: Vec::new(), by_first: HashMap::default(), filter: [0; 16] };
        for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let phrase = Phrase::new(line);
            let Some(Part::One(firsts)) = phrase.parts.first() else { continue };
            for &first in firsts {
                made.filter[slot(first)] |= bit(first);
                made.by_first.entry(first).or_default().push(made.phrases.len());
            }
            made.phrases.push(phrase);
        }
        made
    }

    /// Returns the place of the first phrase that starts in `range` outside of quotation marks.
    pub(super) fn find(&self, words: &[Word], range: Range<usize>) -> Option<Range<usize>> {
        range.into_iter().find_map(|at| self.at(words, at))
    }

    /// Returns the place of a phrase that starts at the word `at` outside of quotation marks.
    pub(super) fn at(&self, words: &[Word], at: usize) -> Option<Range<usize>> {
        let word = words.get(at)?;
        if self.filter[slot(word.hash)] & bit(word.hash) == 0 || word.quoted {
            return None;
        }
        let candidates = self.by_first.get(&word.hash)?;
        candidates.iter().find_map(|&index| {
            let phrase = &self.phrases[index];
            if phrase.opens && !word.opens {
                return None;
            }
            matched(&phrase.parts[1..], words, at + 1).map(|end| at..end)
        })
    }
}

fn slot(hash: u64) -> usize {
    (hash >> 6) as usize & 15
}

fn bit(hash: u64) -> u64 {
    1 << (hash & 63)
}

impl Phrase {
    fn new(line: &str) -> Self {
        let (opens, line) = match line.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let choice = |words: &str| words.split('|').map(hash).collect();
        let part = |text: &str| match text.split_at_checked(1) {
            Some(("*", count)) => Part::Gap(count.parse().unwrap_or(0)),
            Some(("?", words)) => Part::Maybe(choice(words)),
            Some(("!", words)) => Part::Not(choice(words)),
            _ => Part::One(choice(text)),
        };
        Self { opens, parts: line.split_whitespace().map(part).collect() }
    }
}

/// Matches the parts after the first from the word `at` on and returns the place after the match.
fn matched(parts: &[Part], words: &[Word], at: usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else { return Some(at) };
    let next = words.get(at).filter(|word| !word.opens && !word.quoted);
    let is = |choice: &[u64]| next.is_some_and(|word| choice.contains(&word.hash));
    match part {
        Part::One(choice) if is(choice) => matched(rest, words, at + 1),
        Part::One(_) => None,
        Part::Maybe(choice) if is(choice) => {
            matched(rest, words, at + 1).or_else(|| matched(rest, words, at))
        }
        Part::Not(choice) if is(choice) => None,
        Part::Maybe(_) | Part::Not(_) => matched(rest, words, at),
        Part::Gap(0) => matched(rest, words, at),
        Part::Gap(most) => {
            let mut ends = (at..=at + most)
                .take_while(|&end| end == at || words.get(end - 1).is_some_and(|word| !word.opens));
            ends.find_map(|end| matched(rest, words, end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Text;
    use super::*;

    fn check(phrase: &str, text: &str, expect: Option<&str>) {
        let text = Text::new(text);
        let found = Phrases::new(phrase).find(&text.words, 0..text.words.len());
        assert_eq!(found.map(|range| text.slice(range)), expect, "{phrase}: {}", text.raw);
    }

    #[test]
    fn parts_of_the_notation() {
        check(
            "can not see|view ?the|this image",
            "We can't view this image.",
            Some("can't view this image"),
        );
        check("can not see|view ?the|this image", "I CANNOT see image", Some("CANNOT see image"));
        check("can not see|view ?the|this image", "I cannot hear the image", None);
        check("sorry *3 not", "Sorry, but I can not", Some("Sorry, but I can not"));
        check("sorry *3 not", "Sorry. But I can not", None);
        check("sorry *1 not", "sorry, but I can not", None);
        check("^sorry", "I am sorry", None);
        check("^sorry", "Oh! Sorry", Some("Sorry"));
        check("sorry !about", "sorry about that", None);
        check("sorry !about", "sorry", Some("sorry"));
        check("it 's|is fine", "It’s fine", Some("It’s fine"));
    }

    #[test]
    fn quotations_hide_phrases() {
        check("sorry", "The sign says \"Sorry, closed\" in red", None);
        check("sorry", "The sign says ‘Sorry’, I guess", None);
        check("sorry", "The text reads `'Sorry we are closed'` here", None);
        check("sorry", "\"Sorry, I can't\"", Some("Sorry"));
        check("sorry", "A 5\" pipe. Sorry", Some("Sorry"));
        check("sorry", "The dogs' owner is sorry", Some("sorry"));
    }
}
