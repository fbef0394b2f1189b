//! Finds texts that run in circles: words or phrases again and again in a row, the same sentences,
//! mostly repeated five-word runs, or one character without end. Lists that share a template, rulers
//! of dashes and tables of numbers are not meant.

use std::collections::{HashMap, HashSet};

use super::excerpt::quote;
use super::hash::ByHash;
use super::words::{Text, Word};

/// The longest phrase, in words, whose repetition in a row is looked for.
const MAX_PHRASE: usize = 20;
/// Phrases inside quotation marks may be repeated over so many words: a sign may say anything.
const QUOTED_WORDS: usize = 40;
/// Numbers and code may be repeated over so many words: a table or a matrix.
const TABLE_WORDS: usize = 300;
/// Sentences of fewer words may come again.
const SENTENCE_WORDS: usize = 5;
/// The share of repeated sentences that is a loop if one of them comes three times.
const LOOP_SHARE: f64 = 0.2;
/// The length of the word runs whose repetition is counted.
const RUN: usize = 16;
/// Shorter texts, in words, have no meaningful share of repeated runs.
const SHARE_WORDS: usize = 60;

/// Returns what an answer repeats, in words for people.
///
/// `max_share` is the largest share of words that may stand in runs or sentences seen before.
pub(super) fn find(text: &Text<'_>, max_share: f64) -> Option<String> {
    in_a_row(text).or_else(|| sentences(text, max_share)).or_else(|| runs(&text.words, max_share))
}

/// Returns what a text repeats in a row. A question may bring a text along that repeats itself in
/// other ways, such as a song.
pub(super) fn in_a_row(text: &Text<'_>) -> Option<String> {
    phrases(text).or_else(|| characters(text.raw))
}

/// How often a phrase of so many words must come in a row to count as a loop.
fn least_times(words: usize) -> usize {
    match words {
        1 => 8,
        2 => 6,
        3..=5 => 5,
        _ => 3,
    }
}

/// Finds a phrase that comes again and again.
fn phrases(text: &Text<'_>) -> Option<String> {
    let hashes: Vec<u64> = text.words.iter().map(|word| word.hash).collect();
    for length in 1..=MAX_PHRASE.min(hashes.len() / 2) {
        let least = length * (least_times(length) - 1);
        let pairs = hashes.iter().zip(&hashes[length..]);
        // Most texts end here, at the speed of comparing numbers.
        if pairs.filter(|(one, other)| one == other).count() < least {
            continue;
        }
        let mut same = 0;
        for at in length..=hashes.len() {
            if at < hashes.len() && hashes[at] == hashes[at - length] {
                same += 1;
                continue;
            }
            // Words `at - same - length .. at` repeat a phrase of `length` words.
            if same >= least && !harmless(&text.words[at - same - length..at]) {
                let start = at - same - length;
                let phrase = quote(text.slice(start..start + length));
                return Some(format!("{phrase} {} times in a row", same / length + 1));
            }
            same = 0;
        }
    }
    None
}

/// Tells whether a repetition over these words may be a quoted text, a table or code.
fn harmless(words: &[Word]) -> bool {
    let short = words.len() <= QUOTED_WORDS && words.iter().all(|word| word.quoted);
    short || (words.len() <= TABLE_WORDS && words.iter().all(|word| word.numeric || word.code))
}

/// Finds one character without end.
fn characters(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    // A run of eight characters shows as eight equal bytes, unless they take several bytes each.
    if text.is_ascii() && !bytes.windows(8).any(|run| run.iter().all(|&byte| byte == run[0])) {
        return None;
    }
    let mut run = 0;
    let mut previous = '\0';
    for (at, letter) in text.char_indices() {
        run = if letter == previous { run + 1 } else { 1 };
        previous = letter;
        if run > most_in_a_row(letter) {
            let more = text[at..].chars().skip(1).take_while(|&other| other == letter).count();
            let shown = quote(&letter.to_string());
            return Some(format!("{shown} {} times in a row", run + more));
        }
    }
    None
}

/// How often a character may come in a row.
fn most_in_a_row(letter: char) -> usize {
    match letter {
        'a'..='z' | 'A'..='Z' => 7,
        '0'..='9' => 63,
        '!' | '?' | ',' | ';' | ':' | '"' | '\'' => 9,
        _ if letter.is_ascii() || letter.is_whitespace() => usize::MAX - 1,
        _ if letter.is_alphabetic() => 14,
        // Box drawing and blocks, ruler dashes and dots.
        '\u{2500}'..='\u{25ff}' | '\u{2010}'..='\u{2026}' | '·' | '¯' | '\u{ad}' => {
            usize::MAX - 1
        }
        _ => 29,
    }
}

/// Finds whole sentences that come again. Lines without a final mark, such as verses, are none.
fn sentences(text: &Text<'_>, max_share: f64) -> Option<String> {
    let words = &text.words;
    let mut seen: HashMap<u64, usize, ByHash> = HashMap::default();
    let (mut repeated, mut start) = (0, 0);
    let mut most = (0, 0..0);
    for end in 1..=words.len() {
        if end < words.len() && !words[end].opens {
            continue;
        }
        if end - start >= SENTENCE_WORDS && ends(&text.raw[words[end - 1].end..]) {
            let count = seen.entry(combine(&words[start..end])).or_insert(0);
            *count += 1;
            if *count > 1 {
                repeated += end - start;
            }
            if *count > most.0 {
                most = (*count, start..end);
            }
        }
        start = end;
    }
    let share = repeated as f64 / words.len().max(1) as f64;
    ((most.0 >= 3 && share > LOOP_SHARE.min(max_share)) || share > max_share)
        .then(|| format!("the sentence {} {} times", quote(text.slice(most.1)), most.0))
}

/// Tells whether the text behind a word ends a sentence.
fn ends(rest: &str) -> bool {
    rest.starts_with(['.', '!', '?', '。', '！', '？'])
}

/// Finds texts most of which consists of five-word runs that stood in them before.
fn runs(words: &[Word], max_share: f64) -> Option<String> {
    if words.len() < SHARE_WORDS {
        return None;
    }
    let mut seen: HashSet<u64, ByHash> = HashSet::default();
    seen.reserve(words.len());
    let (mut repeated, mut counted_to) = (0, 0);
    for start in 0..=words.len() - RUN {
        let run = &words[start..start + RUN];
        if !seen.insert(combine(run)) && !run.iter().all(|word| word.numeric || word.code) {
            repeated += start + RUN - counted_to.max(start);
            counted_to = start + RUN;
        }
    }
    let share = repeated as f64 / words.len() as f64;
    (share > max_share).then(|| format!("{:.0} % of the words repeat earlier ones", share * 100.0))
}

/// Hashes a run of words.
fn combine(words: &[Word]) -> u64 {
    words.iter().fold(17, |sum: u64, word| {
        (sum.rotate_left(5) ^ word.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(find(&Text::new(text), 0.4).as_deref(), expect, "{text}");
    }

    fn again(text: &str, times: usize) -> String {
        vec![text; times].join(" ")
    }

    #[test]
    fn loops_are_found() {
        check(&again("red", 9), Some("`red` 9 times in a row"));
        check(&again("reborn or", 6), Some("`reborn or` 6 times in a row"));
        check(&again("a brown bear cub,", 5), Some("`a brown bear cub` 5 times in a row"));
        check(
            &again("Dos primas de su alteza.", 5),
            Some("`Dos primas de su alteza` 5 times in a row"),
        );
        check(
            &again("There is a man in a red hat.", 3),
            Some("`There is a man in a red hat` 3 times in a row"),
        );
        check("aaaaaaaaaaaa", Some("`a` 12 times in a row"));
        check("What!!!!!!!!!!!!", Some("`!` 12 times in a row"));
        check("很很很很很很很很好", Some("`很` 8 times in a row"));
        check(&"1".repeat(100), Some("`1` 100 times in a row"));
        check(&again("\u{1f600}", 1).repeat(40), Some("`\u{1f600}` 40 times in a row"));
    }

    #[test]
    fn repeated_sentences_and_passages_are_found() {
        let sentence = "The sky above is a clear blue.";
        let text = format!("{sentence} A dog runs. {sentence} Two men sit. {sentence}");
        check(&text, Some("the sentence `The sky above is a clear blue` 3 times"));
        check(
            "The cake has a green leaf. White.\n\nThe cake has a green leaf.",
            Some("the sentence `The cake has a green leaf` 2 times"),
        );
        let passage = "a quiet street with parked cars on both sides, tall trees, a red bus at the stop and \
            some people who wait for it in the warm evening light of the town";
        let text = format!("We see {passage}. Here is another view of it: {passage}; nothing else");
        check(&text, Some("43 % of the words repeat earlier ones"));
    }

    #[test]
    fn lists_tables_and_rulers_pass() {
        check("No, no, no, no!", None);
        check("----------------------------------------", None);
        check("| 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |", None);
        check("|---|---|---|---|---|---|---|---|---|---|", None);
        check("Contents ................................ 7", None);
        check("The sign reads \"spam spam spam spam spam spam spam spam\" in red.", None);
        check("1. The man on the left wears a hat.\n2. The man on the right wears a cap.", None);
        check("0 0 0 1 0 0 0 0 0 0 0 0 0 0 1", None);
        check("```\nx = [a, a, a, a, a, a, a, a, a, a]\n```", None);
        check("The dog is red. The cat is red. The bird is red.", None);
        check("We see a dog. A dog is an animal. We see a dog.", None);
        check("Ha ha ha ha!", None);
        check("\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}", None);
        check("", None);
    }
}
