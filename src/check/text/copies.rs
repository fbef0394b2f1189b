//! Finds answers that only repeat their question, word for word or nearly so.

use super::words::{Text, Word};

/// Questions of fewer words are left alone: "Stop sign?" may well be answered by "Stop sign."
const MIN_WORDS: usize = 4;

/// Returns how much of the question an answer repeats, from above `max_overlap` to 1.
///
/// The measure is the longest common subsequence of words over the words of the longer text. An answer
/// that does not start as the question does ("Is the dog asleep?", "The dog is asleep.") says something.
pub(super) fn overlap(question: &Text<'_>, answer: &Text<'_>, max_overlap: f64) -> Option<f64> {
    let (one, other) = (&question.words, &answer.words);
    let (shorter, longer) = (one.len().min(other.len()), one.len().max(other.len()));
    if shorter < MIN_WORDS || one[0].hash != other[0].hash {
        return None;
    }
    if (shorter as f64) < max_overlap * longer as f64 {
        return None;
    }
    let edits = edits(one, other, ((1.0 - max_overlap) * 2.0 * longer as f64) as usize)?;
    // Insertions and deletions: each common word counts twice in the sum of the lengths.
    let common = (one.len() + other.len() - edits) / 2;
    let overlap = common as f64 / longer as f64;
    (overlap > max_overlap).then_some(overlap)
}

/// More insertions and deletions than this are not looked for, which bounds time and memory.
const MAX_EDITS: usize = 64;

/// Counts the insertions and deletions that turn one text into the other, up to `most`.
///
/// Myers, "An O(ND) difference algorithm and its variations", 1986: the furthest reach on each diagonal.
fn edits(one: &[Word], other: &[Word], most: usize) -> Option<usize> {
    let most = most.min(MAX_EDITS);
    let width = 2 * most + 3;
    let middle = most + 1;
    let mut reach = vec![0usize; width];
    for edits in 0..=most {
        for diagonal in (middle - edits..=middle + edits).step_by(2) {
            let down = diagonal == middle - edits
                || (diagonal != middle + edits && reach[diagonal - 1] < reach[diagonal + 1]);
            let mut x = if down { reach[diagonal + 1] } else { reach[diagonal - 1] + 1 };
            // The diagonal is x - y, shifted by `middle`; a place above the first row is outside.
            let Some(mut y) = (x + middle).checked_sub(diagonal) else { continue };
            while x < one.len() && y < other.len() && one[x].hash == other[y].hash {
                x += 1;
                y += 1;
            }
            reach[diagonal] = x;
            if x >= one.len() && y >= other.len() {
                return Some(edits);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, answer: &str, expect: bool) {
        let found = overlap(&Text::new(question), &Text::new(answer), 0.9);
        assert_eq!(found.is_some(), expect, "{question} / {answer}: {found:?}");
    }

    const LONG: &str = "Describe the colors, the shapes and the mood of the painting in the picture, and tell \
        what the painter may have thought of when she made it";

    #[test]
    fn copies_are_found() {
        check("What is the man doing?", "What is the man doing?", true);
        check("What is the man doing?", "what is the man doing", true);
        check("What is the man doing?", "What is… the man doing?!", true);
        check("Describe the image in detail.", "Describe the image in detail", true);
        check("Why can't he see it?", "Why cannot he see it?", true);
        check("Who wears short shorts?", "Who wears short shorts", true);
        check(LONG, &format!("{LONG} today."), true);
        check(LONG, &LONG.replace("painter", "woman"), true);
        check(LONG, &LONG.replace("the mood", "mood"), true);
        check(LONG, &LONG.replace("picture", "big picture"), true);
        check(LONG, &LONG.to_uppercase(), true);
        check("图片里有什么东西？", "图片里有什么东西", true);
    }

    #[test]
    fn answers_are_none() {
        check("Stop sign?", "Stop sign.", false);
        check("A dog?", "A dog", false);
        check("Is the dog asleep?", "The dog is asleep.", false);
        check(
            "Is the man in the red hat on the left asleep?",
            "The man in the red hat on the left is asleep.",
            false,
        );
        check("What is the man doing?", "The man is running.", false);
        check("What is the man doing?", "What is the man doing? He runs along the road.", false);
        check("What is the color of the bus?", "What a lovely red bus that is!", false);
        check(LONG, "Describe the colors, the shapes and the mood", false);
        check(
            LONG,
            &LONG
                .replace("colors", "reds")
                .replace("mood", "light")
                .replace("what", "all")
                .replace("may", "will"),
            false,
        );
        check("", "", false);
        check("", "A dog runs over the lawn.", false);
        check("Which is larger, the dog or the cat?", "The dog is larger.", false);
    }

    #[test]
    fn long_texts_stay_cheap() {
        let long = "word and other words ".repeat(50_000);
        check(&long, &long, true);
        check(&long, &"word or other words ".repeat(50_000), false);
    }
}
