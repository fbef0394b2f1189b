//! The settings of the text checks: a switch for each reason code, and limits.

use serde::{Deserialize, Serialize};

use super::language;

/// Which text checks run, and their limits.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextSettings {
    /// Rejects damaged characters, in questions and answers (`text.encoding`). Default: true.
    pub encoding: bool,
    /// Rejects questions and answers with too few words (`text.too_short`). Default: true.
    pub too_short: bool,
    /// The least words of an answer. Default: 1; range: 0 to 10000.
    pub min_answer_words: usize,
    /// The least words of a question. Default: 1; range: 0 to 10000.
    pub min_question_words: usize,
    /// Rejects questions and answers with too many characters (`text.too_long`). Default: true.
    pub too_long: bool,
    /// The most characters of an answer. Default: 20000; range: 1 to 100000000.
    pub max_answer_chars: usize,
    /// The most characters of a question. Default: 8000; range: 1 to 100000000.
    pub max_question_chars: usize,
    /// Rejects questions and answers that run in circles (`text.repetition`). Default: true.
    pub repetition: bool,
    /// The largest share of an answer's words that may stand in sentences, or in runs of sixteen words,
    /// that came before in it; loops in a row are found at any value. Default: 0.4; range: 0.05 to 1.
    pub max_repeated_share: f64,
    /// Rejects answers in which the generator declines (`text.refusal`). Default: true.
    pub refusal: bool,
    /// Rejects samples with an image whose text talks of captions, bounding boxes or descriptions
    /// (`text.meta`). Turn it off for data about regions and coordinates. Default: true.
    pub meta: bool,
    /// Rejects answers that stop in mid-sentence (`text.truncated`). Default: true.
    pub truncated: bool,
    /// Rejects texts in other languages than `languages` (`text.language`). A light detector: it lets
    /// short and mixed texts pass. Default: false.
    pub language: bool,
    /// The allowed languages, as ISO 639-1 codes (en de fr es pt it nl sv pl tr id; by script alone:
    /// zh ja ko ru uk bg sr el ar fa ur he hi mr th), or scripts (latin han kana hangul cyrillic greek
    /// arabic hebrew devanagari thai). Default: `["en"]`; at least one if `language` is true.
    pub languages: Vec<String>,
    /// Rejects answers that repeat their question (`text.copies_question`). Default: true.
    pub copies_question: bool,
    /// The largest share of words that an answer may have in common with its question, in order.
    /// Default: 0.9; range: 0.5 to 1 (1: only full copies are allowed to pass, too).
    pub max_question_overlap: f64,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            encoding: true,
            too_short: true,
            min_answer_words: 1,
            min_question_words: 1,
            too_long: true,
            max_answer_chars: 20_000,
            max_question_chars: 8_000,
            repetition: true,
            max_repeated_share: 0.4,
            refusal: true,
            meta: true,
            truncated: true,
            language: false,
            languages: vec!["en".to_owned()],
            copies_question: true,
            max_question_overlap: 0.9,
        }
    }
}

impl TextSettings {
    /// Returns each bad value: its key, the value found, and the allowed range.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut problems = Vec::new();
        for (key, value) in [
            ("min_answer_words", self.min_answer_words),
            ("min_question_words", self.min_question_words),
        ] {
            if value > 10_000 {
                problems.push((key, value.to_string(), "0 to 10000"));
            }
        }
        for (key, value) in [
            ("max_answer_chars", self.max_answer_chars),
            ("max_question_chars", self.max_question_chars),
        ] {
            if !(1..=100_000_000).contains(&value) {
                problems.push((key, value.to_string(), "1 to 100000000"));
            }
        }
        if !(0.05..=1.0).contains(&self.max_repeated_share) {
            let value = self.max_repeated_share.to_string();
            problems.push(("max_repeated_share", value, "0.05 to 1"));
        }
        if !(0.5..=1.0).contains(&self.max_question_overlap) {
            let value = self.max_question_overlap.to_string();
            problems.push(("max_question_overlap", value, "0.5 to 1"));
        }
        problems.extend(self.language_problems());
        problems
    }

    fn language_problems(&self) -> Vec<(&'static str, String, &'static str)> {
        const KNOWN: &str = "en de fr es pt it nl sv pl tr id zh ja ko ru uk bg sr el ar fa ur he hi \
            mr th, or a script: latin han kana hangul cyrillic greek arabic hebrew devanagari thai";
        if self.language && self.languages.is_empty() {
            return vec![("languages", "[]".to_owned(), "at least one language or script")];
        }
        let unknown = self.languages.iter().filter(|code| !language::is_known(code));
        unknown.map(|code| ("languages", code.clone(), KNOWN)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut TextSettings), expect: &[(&str, &str)]) {
        let mut settings = TextSettings::default();
        change(&mut settings);
        let problems = settings.problems();
        let found: Vec<_> = problems.iter().map(|(key, value, _)| (*key, value.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn bad_values_are_named() {
        check(|_| {}, &[]);
        check(|settings| settings.min_answer_words = 20_000, &[("min_answer_words", "20000")]);
        check(|settings| settings.max_question_chars = 0, &[("max_question_chars", "0")]);
        check(|settings| settings.max_repeated_share = f64::NAN, &[("max_repeated_share", "NaN")]);
        check(|settings| settings.max_question_overlap = 1.5, &[("max_question_overlap", "1.5")]);
        check(|settings| settings.languages = vec!["xx".into()], &[("languages", "xx")]);
        check(
            |settings| (settings.language, settings.languages) = (true, Vec::new()),
            &[("languages", "[]")],
        );
        check(|settings| settings.languages = vec!["zh".into(), "latin".into()], &[]);
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_str::<TextSettings>(r#"{"refusals": true}"#).is_err());
        let settings: TextSettings = serde_json::from_str(r#"{"refusal": false}"#).expect("valid");
        assert_eq!(settings, TextSettings { refusal: false, ..TextSettings::default() });
    }
}
