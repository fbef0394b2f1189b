//! Splits a text into lower-cased, hashed words with their places, once for all checks.
//! Contractions become the words that they stand for (`can't` and `cannot` are `can` `not`), so that
//! phrases need one spelling. It knows quotations and sentence starts, but no meaning.

use super::hash::{BASIS, add, hash, hash_lowered};

/// One word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// First byte in the text.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// Hash of the lower-cased word: see [`hash`].
    pub hash: u64,
    /// Whether it starts with a digit.
    pub numeric: bool,
    /// Whether it is the first word of a sentence or a line.
    pub opens: bool,
    /// Whether it stands in quotation marks that do not embrace the whole text.
    pub quoted: bool,
    /// Whether it stands in a fenced block of code.
    pub code: bool,
}

/// A text beside its words.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// The text as it came.
    pub raw: &'a str,
    /// Its words in order; a CJK character is a word of its own.
    pub words: Vec<Word>,
}

impl<'a> Text<'a> {
    /// Splits a text. Takes time linear in its length.
    pub(super) fn new(raw: &'a str) -> Self {
        let mut splitter = Splitter::new(raw);
        splitter.run();
        let mut words = splitter.words;
        if words.iter().all(|word| word.quoted) {
            words.iter_mut().for_each(|word| word.quoted = false);
        }
        Self { raw, words }
    }

    /// Returns the words as they stand in the text, from the first to the last of a range.
    pub(super) fn slice(&self, words: std::ops::Range<usize>) -> &'a str {
        match self.words.get(words.start..words.end) {
            Some([first, .., last]) => &self.raw[first.start..last.end],
            Some([word]) => &self.raw[word.start..word.end],
            _ => "",
        }
    }

    /// Returns the words `back` places before the end, 0 being the last one, as it is written.
    pub(super) fn last(&self, back: usize) -> &'a str {
        let count = self.words.len();
        if back < count { self.slice(count - 1 - back..count - back) } else { "" }
    }
}

/// Tells whether a character is a word by itself: Han, kana and other scripts without spaces.
fn stands_alone(letter: char) -> bool {
    letter >= '\u{2e80}'
        && matches!(letter, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

struct Splitter<'a> {
    raw: &'a str,
    words: Vec<Word>,
    /// Start, running hash and whether an apostrophe was met, of the word under way.
    open_word: Option<(usize, u64, bool)>,
    /// Closing mark and first word of the quotation under way.
    open_quote: Option<(char, usize)>,
    opens: bool,
    fenced: bool,
    previous: char,
}

impl<'a> Splitter<'a> {
    fn new(raw: &'a str) -> Self {
        let words = Vec::with_capacity(raw.len() / 5 + 8);
        let (open_word, open_quote) = (None, None);
        Self { raw, words, open_word, open_quote, opens: true, fenced: false, previous: '\n' }
    }

    fn run(&mut self) {
        let bytes = self.raw.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            at = match bytes[at] {
                byte if byte.is_ascii_alphanumeric() => self.ascii_letters(at),
                b' ' => {
                    self.close_word(at);
                    self.previous = ' ';
                    at + 1
                }
                _ => self.character(at),
            };
        }
        self.close_word(bytes.len());
    }

    /// Takes a run of ASCII letters and digits and returns its end.
    fn ascii_letters(&mut self, start: usize) -> usize {
        let (_, sum, _) = self.open_word.get_or_insert((start, BASIS, false));
        let letters = &self.raw.as_bytes()[start..];
        let count = letters.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        for &byte in &letters[..count] {
            *sum = add(*sum, char::from(byte.to_ascii_lowercase()));
        }
        self.previous = char::from(letters[count - 1]);
        start + count
    }

    /// Takes one character and returns its end.
    fn character(&mut self, at: usize) -> usize {
        let mut letters = self.raw[at..].chars();
        let Some(letter) = letters.next() else { return self.raw.len() };
        let next = letters.next().unwrap_or('\n');
        let end = at + letter.len_utf8();
        if letter.is_alphanumeric() {
            self.letter(at, letter);
        } else if matches!(letter, '\'' | '’') && self.joins(next) {
            if let Some((_, sum, apostrophe)) = &mut self.open_word {
                *sum = add(*sum, '\'');
                *apostrophe = true;
            }
        } else {
            self.close_word(at);
            self.mark(letter, next);
            if letter == '`' && self.previous != '`' && self.raw[at..].starts_with("```") {
                self.fenced = !self.fenced;
                self.open_quote = None;
            }
        }
        self.previous = letter;
        end
    }

    /// Tells whether an apostrophe here is inside a word.
    fn joins(&self, next: char) -> bool {
        self.open_word.is_some() && next.is_alphabetic()
    }

    fn letter(&mut self, at: usize, letter: char) {
        if stands_alone(letter) {
            self.close_word(at);
            self.push(at, at + letter.len_utf8(), add(BASIS, letter));
            return;
        }
        let (_, sum, _) = self.open_word.get_or_insert((at, BASIS, false));
        *sum = letter.to_lowercase().fold(*sum, add);
    }

    fn push(&mut self, start: usize, end: usize, hash: u64) {
        let numeric = self.raw.as_bytes()[start].is_ascii_digit();
        let (opens, code) = (self.opens, self.fenced);
        self.words.push(Word { start, end, hash, numeric, opens, quoted: false, code });
        self.opens = false;
    }

    fn close_word(&mut self, end: usize) {
        let Some((start, sum, apostrophe)) = self.open_word.take() else { return };
        let raw = &self.raw[start..end];
        if apostrophe || (raw.len() == 6 && raw.eq_ignore_ascii_case("cannot")) {
            self.contraction(start, end);
        } else {
            self.push(start, end, sum);
        }
    }

    /// Pushes the two words of a contraction, or the word as it is if it is none.
    fn contraction(&mut self, start: usize, end: usize) {
        let raw = &self.raw[start..end];
        for (ending, second) in ENDINGS {
            let Some(cut) = ends_with(raw, ending) else { continue };
            let stem = match hash_lowered(&raw[..cut]) {
                sum if sum == hash("ca") => hash("can"),
                sum if sum == hash("wo") => hash("will"),
                sum => sum,
            };
            self.push(start, start + cut, stem);
            self.push(start + cut, end, hash(second));
            return;
        }
        self.push(start, end, hash_lowered(raw));
    }

    /// Follows quotations and sentence ends.
    fn mark(&mut self, letter: char, next: char) {
        match letter {
            '\n' if self.previous == '\n' => {
                self.open_quote = None;
                self.opens = true;
            }
            '\n' | '。' | '！' | '？' => self.opens = true,
            '.' | '!' | '?' if !next.is_alphanumeric() => self.opens = true,
            '"' | '\'' | '’' | '”' | '“' | '‘' | '«' | '»' | '„' | '`' => {
                self.quote(letter, next);
            }
            _ => {}
        }
    }

    fn quote(&mut self, letter: char, next: char) {
        if letter == '`' && (self.previous == '`' || next == '`') {
            return;
        }
        let before = self.previous.is_alphanumeric();
        if let Some((closing, first)) = self.open_quote {
            let closes = letter == closing || (closing == '`' && letter == '\'');
            if closes && !next.is_alphanumeric() {
                self.words[first..].iter_mut().for_each(|word| word.quoted = true);
                self.open_quote = None;
                return;
            }
            if !(matches!(closing, '\'' | '’') && matches!(letter, '"' | '“')) {
                return;
            }
        }
        let closing = match letter {
            '"' | '`' if !before && !next.is_whitespace() => letter,
            '\'' if !before && next.is_alphanumeric() => '\'',
            '“' => '”',
            '‘' => '’',
            '«' => '»',
            '„' => '“',
            _ => return,
        };
        self.open_quote = Some((closing, self.words.len()));
    }
}

/// Endings of contractions, with the word that each stands for.
const ENDINGS: [(&str, &str); 8] = [
    ("n't", "not"),
    ("'m", "am"),
    ("'re", "are"),
    ("'ve", "have"),
    ("'ll", "will"),
    ("'d", "would"),
    ("'s", "'s"),
    ("not", "not"),
];

/// Returns where an ending starts in a word, in whatever case and with either apostrophe.
fn ends_with(word: &str, ending: &str) -> Option<usize> {
    let mut at = word.len();
    let mut letters = word.char_indices().rev();
    for wanted in ending.chars().rev() {
        let (start, letter) = letters.next()?;
        let same = letter.to_ascii_lowercase() == wanted || (letter == '’' && wanted == '\'');
        if !same {
            return None;
        }
        at = start;
    }
    (at > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let text = Text::new(text);
        let found: Vec<&str> = (0..text.words.len()).map(|at| text.slice(at..at + 1)).collect();
        assert_eq!(found, expect, "{}", text.raw);
    }

    #[test]
    fn words_of_many_scripts() {
        check("A man, 25 years old.", &["A", "man", "25", "years", "old"]);
        check("well-known naïve café", &["well", "known", "naïve", "café"]);
        check("I can't, it’s", &["I", "ca", "n't", "it", "’s"]);
        check("rock 'n' roll o'clock", &["rock", "n", "roll", "o'clock"]);
        check("一只dog狗", &["一", "只", "dog", "狗"]);
        check("Привет, мир", &["Привет", "мир"]);
        check("...", &[]);
    }

    #[test]
    fn contractions_have_one_spelling() {
        let hashes = |text: &str| -> Vec<u64> {
            Text::new(text).words.iter().map(|word| word.hash).collect()
        };
        assert_eq!(hashes("can't"), hashes("can not"));
        assert_eq!(hashes("CANNOT"), hashes("can’t"));
        assert_eq!(hashes("won't"), hashes("will not"));
        assert_eq!(hashes("I'm"), hashes("i am"));
        assert_eq!(hashes("ÉTÉ"), hashes("été"));
    }

    #[test]
    fn sentences_quotations_and_code_are_marked() {
        let text = Text::new("He said \"no way\". Then\nleft ```let x``` 3.5");
        let flags: Vec<_> =
            text.words.iter().map(|word| (word.opens, word.quoted, word.code)).collect();
        let (plain, opens) = ((false, false, false), (true, false, false));
        let (quoted, code) = ((false, true, false), (false, false, true));
        assert_eq!(flags, [opens, plain, quoted, quoted, opens, opens, code, code, plain, plain]);
    }
}
