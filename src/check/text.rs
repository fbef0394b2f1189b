//! Text checks: looks at questions and answers for what no model needs to be asked about, such as
//! refusals, loops and damaged characters. Every finding names its place and quotes the words.
//! It knows neither files nor scores, and changes nothing.

mod copies;
mod encoding;
mod excerpt;
mod hash;
mod language;
mod length;
mod meta;
mod phrases;
mod refusal;
mod repetition;
mod settings;
mod truncated;
mod words;

use crate::sample::{Sample, Turn};
use crate::verdict::{Finding, Reason};

use excerpt::quote;
pub use settings::TextSettings;
use words::Text;

/// Returns all findings about a sample, at most one a reason, in the order of [`Reason::ALL`].
///
/// Where a turn has several candidate answers, findings about answers count only if none of the
/// candidates is free of them; then the findings of the first candidate are returned.
pub fn examine(sample: &Sample, settings: &TextSettings) -> Vec<Finding> {
    examine_turns(&sample.turns, !sample.images.is_empty(), settings)
}

/// Returns all findings about the turns of a sample, as [`examine`] does; a turn may lack an answer.
///
/// `pictured` says whether the sample has an image, as only then talk of captions is a defect.
pub fn examine_turns(turns: &[Turn], pictured: bool, settings: &TextSettings) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        let place = format!("turn {}", index + 1);
        let question = Text::new(&turn.question);
        let view = View { question: &question, pictured, settings };
        found.extend(view.of_question().into_iter().map(|finding| finding.at(&place, "question")));
        found.extend(view.of_answers(turn, &place));
    }
    found.sort_by_key(|finding| rank(finding.reason));
    found.dedup_by_key(|finding| finding.reason);
    found
}

/// Returns the indices of a turn's candidate answers that no text check objects to, in order.
///
/// `pictured` says whether the sample has an image, as only then talk of captions is a defect.
pub fn fit_candidates(turn: &Turn, pictured: bool, settings: &TextSettings) -> Vec<usize> {
    let question = Text::new(&turn.question);
    let view = View { question: &question, pictured, settings };
    let fit = |index: &usize| view.of_answer(&turn.answers[*index]).is_empty();
    (0..turn.answers.len()).filter(fit).collect()
}

/// Returns the place of a reason among all.
fn rank(reason: Reason) -> usize {
    Reason::ALL.iter().position(|&other| other == reason).unwrap_or(usize::MAX)
}

/// A finding without its place.
struct Found(Reason, String);

impl Found {
    fn at(self, turn: &str, part: &str) -> Finding {
        let Self(reason, detail) = self;
        let comma = if part.is_empty() { "" } else { ", " };
        Finding::new(reason, format!("{turn}{comma}{part}: {detail}"))
    }
}

/// What the checks of one turn need besides the answer.
struct View<'a> {
    question: &'a Text<'a>,
    pictured: bool,
    settings: &'a TextSettings,
}

impl View<'_> {
    fn of_question(&self) -> Vec<Found> {
        let Self { question, pictured, settings } = self;
        let mut found = Vec::new();
        let mut add = |reason, detail: Option<String>| {
            found.extend(detail.map(|detail| Found(reason, detail)));
        };
        if settings.encoding {
            add(Reason::Encoding, damage(question.raw));
        }
        if settings.too_short {
            add(Reason::TooShort, length::too_short(question, settings.min_question_words));
        }
        if settings.too_long {
            add(Reason::TooLong, length::too_long(question.raw, settings.max_question_chars));
        }
        if settings.repetition {
            add(Reason::Repetition, repetition::in_a_row(question));
        }
        if settings.meta && *pictured {
            add(Reason::Meta, meta::in_question(question).map(quote));
        }
        if settings.language {
            add(Reason::Language, language(question, &settings.languages));
        }
        found
    }

    fn of_answers(&self, turn: &Turn, place: &str) -> Vec<Finding> {
        let mut first = None;
        for answer in &turn.answers {
            let found = self.of_answer(answer);
            if found.is_empty() {
                return Vec::new();
            }
            first.get_or_insert(found);
        }
        let part = if turn.answers.len() > 1 { "candidate 1" } else { "" };
        first.unwrap_or_default().into_iter().map(|found| found.at(place, part)).collect()
    }

    fn of_answer(&self, answer: &str) -> Vec<Found> {
        let Self { question, pictured, settings } = self;
        let answer = &Text::new(answer);
        let mut found = Vec::new();
        let mut add = |reason, detail: Option<String>| {
            found.extend(detail.map(|detail| Found(reason, detail)));
        };
        if settings.encoding {
            add(Reason::Encoding, damage(answer.raw));
        }
        if settings.too_short {
            add(Reason::TooShort, length::too_short(answer, settings.min_answer_words));
        }
        if settings.too_long {
            add(Reason::TooLong, length::too_long(answer.raw, settings.max_answer_chars));
        }
        if settings.repetition {
            add(Reason::Repetition, repetition::find(answer, settings.max_repeated_share));
        }
        if settings.refusal {
            add(Reason::Refusal, refusal::find(answer).map(quote));
        }
        if settings.meta && *pictured {
            add(Reason::Meta, meta::in_answer(answer, question).map(quote));
        }
        if settings.truncated {
            let stop = |tail| format!("stops at {}", quote(tail));
            add(Reason::Truncated, truncated::find(answer).map(stop));
        }
        if settings.language {
            add(Reason::Language, language(answer, &settings.languages));
        }
        if settings.copies_question {
            let overlap = copies::overlap(question, answer, settings.max_question_overlap);
            add(Reason::CopiesQuestion, overlap.map(|share| copied(share, answer.raw)));
        }
        found
    }
}

fn damage(text: &str) -> Option<String> {
    let encoding::Damage { what, start, end } = encoding::find(text)?;
    let from = text[..start].char_indices().rev().nth(9).map_or(0, |(at, _)| at);
    let to = text[end..].char_indices().nth(10).map_or(text.len(), |(at, _)| end + at);
    Some(format!("{what} in {}", quote(&text[from..to])))
}

fn language(text: &Text<'_>, allowed: &[String]) -> Option<String> {
    let name = language::find(text, allowed)?;
    Some(format!("{name}: {}", quote(text.raw)))
}

fn copied(share: f64, answer: &str) -> String {
    format!("{:.0} % of the question again: {}", share * 100.0, quote(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(question: &str, answers: &[&str]) -> Turn {
        let answers = answers.iter().map(|&answer| answer.to_owned()).collect();
        Turn { question: question.to_owned(), answers }
    }

    fn check(turns: Vec<Turn>, expect: &[(Reason, &str)]) {
        let images = vec!["a.jpg".to_owned()];
        let (kind, conversations) = (String::new(), Vec::new());
        let sample = Sample { id: None, images, turns, kind, conversations, extra: None };
        let found = examine(&sample, &TextSettings::default());
        let found: Vec<_> = found.iter().map(|one| (one.reason, one.detail.as_str())).collect();
        assert_eq!(found, expect);
    }

    const REFUSAL: &str = "I cannot see the image.";

    #[test]
    fn details_name_the_place() {
        check(vec![turn("What is it?", &["A dog."])], &[]);
        check(
            vec![turn("What is it?", &["A dog."]), turn("Where?", &[REFUSAL])],
            &[(Reason::Refusal, "turn 2: `I cannot see the image`")],
        );
        check(
            vec![turn("What are the coordinates?", &["A dog\u{fffd}."])],
            &[
                (Reason::Encoding, "turn 1: replacement character in `A dog\u{fffd}.`"),
                (Reason::Meta, "turn 1, question: `coordinates`"),
            ],
        );
        check(vec![turn("?", &["Two."])], &[(Reason::TooShort, "turn 1, question: no word")]);
    }

    #[test]
    fn a_reason_is_given_once_and_the_first_place_counts() {
        check(
            vec![turn("A?", &["..."]), turn("B?", &["Fine."]), turn("C?", &["?"])],
            &[(Reason::TooShort, "turn 1: no word")],
        );
    }

    #[test]
    fn one_fit_candidate_saves_a_turn() {
        let mixed = turn("What is it?", &[REFUSAL, "A dog.", "...", "A cat."]);
        assert_eq!(fit_candidates(&mixed, true, &TextSettings::default()), [1, 3]);
        check(vec![mixed], &[]);
        check(
            vec![turn("What is it?", &["...", REFUSAL])],
            &[(Reason::TooShort, "turn 1, candidate 1: no word")],
        );
    }

    #[test]
    fn texts_without_a_picture_may_speak_of_texts() {
        let answer = turn("Who?", &["Based on the descriptions, a dog."]);
        assert!(fit_candidates(&answer, true, &TextSettings::default()).is_empty());
        assert_eq!(fit_candidates(&answer, false, &TextSettings::default()), [0]);
    }

    #[test]
    fn odd_texts_do_no_harm() {
        let settings = TextSettings { language: true, ..TextSettings::default() };
        let pieces = [
            "",
            " ",
            "'",
            "’",
            "\"",
            "`",
            "```",
            "“",
            "”",
            "«",
            "\u{0}",
            "\u{fffd}",
            "\u{301}",
            "İ",
            "ß",
            "ﬀ",
            "\u{202e}",
            "\u{10ffff}",
            "\u{1f468}\u{200d}",
            "Ã",
            "â",
            "日",
            "ก",
            "n't",
            "'s",
            "can",
            "the",
            ".",
            "?",
            "\n",
            "\n\n",
            "[",
            "0.1,",
            "]",
            "-",
            "\r",
            "𝒳",
            "é\u{a0}",
            "</s>",
            "not",
        ];
        // A fixed sequence of pseudo-random pieces: every pair and many longer mixtures.
        let mut state = 1u64;
        for _ in 0..3_000 {
            let mut text = String::new();
            for _ in 0..state % 40 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            state = state.wrapping_add(0x9e37_79b9);
            let turns = vec![turn(&text, &[&text, &text.replace('\'', " ")])];
            let images = vec!["a.jpg".to_owned()];
            let (kind, conversations) = (String::new(), Vec::new());
            examine(
                &Sample { id: None, images, turns, kind, conversations, extra: None },
                &settings,
            );
        }
    }

    #[test]
    fn a_megabyte_takes_no_time_to_speak_of() {
        let settings = TextSettings::default();
        for piece in
            ["a", "word ", "'", "\"a ", "[0.1, ", "日", "as in the ", "`", "is ", "Ã", "i am so "]
        {
            let text = piece.repeat(1_000_000 / piece.len());
            fit_candidates(&turn(&text, &[&text]), true, &settings);
        }
    }
}
