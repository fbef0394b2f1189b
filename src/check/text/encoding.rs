//! Finds damaged characters: replacement characters, control characters, UTF-8 that was read as
//! Latin-1 or Windows-1252, runs of private-use characters, and control tokens of a language model.
//! It knows characters, not languages.

/// What a damaged place looks like, and where it is.
pub(super) struct Damage {
    /// In words for people.
    pub what: &'static str,
    /// First byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// So many private-use characters in a row cannot be an icon or a logo.
const PRIVATE_RUN: usize = 2;

/// Tokens that a language model's server should have removed.
const CONTROL_TOKENS: [&str; 8] = [
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end|>",
    "<|assistant|>",
    "<|user|>",
    "[/INST]",
];

/// Returns the first damaged place of a text.
pub(super) fn find(text: &str) -> Option<Damage> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let strange = if text.as_bytes().iter().all(plain) {
        None
    } else {
        single(text).or_else(|| misread(text))
    };
    strange.or_else(|| token(text))
}

/// Finds damage that one character or a run of them shows.
fn single(text: &str) -> Option<Damage> {
    let mut private = 0;
    for (start, letter) in text.char_indices() {
        let end = start + letter.len_utf8();
        let what = match letter {
            '\t' | '\n' | '\r' | ' '..='~' => {
                private = 0;
                continue;
            }
            '\u{fffd}' => "replacement character",
            '\0' => "NUL character",
            '\u{1}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => "control character",
            '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' => "no character",
            '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => {
                private += 1;
                if private < PRIVATE_RUN {
                    continue;
                }
                "private-use characters"
            }
            _ => {
                private = 0;
                continue;
            }
        };
        return Some(Damage { what, start, end });
    }
    None
}

/// Finds the marks of UTF-8 that was read as Windows-1252: a lead byte's letter, then the letters of
/// continuation bytes. `Ã` and `â€` are proof at once, other leads only if they occur twice.
fn misread(text: &str) -> Option<Damage> {
    let mut weak = 0;
    let mut before = ' ';
    let mut rest = text.char_indices();
    while let Some((start, lead)) = rest.next() {
        let after = rest.as_str();
        let mut next = after.chars();
        let (second, third) = (next.next().unwrap_or(' '), next.next().unwrap_or(' '));
        let strong = match lead {
            'Ã' | 'Â' => continues(second) && !(doubtful(second) && before.is_uppercase()),
            'â' => second == '€',
            'ð' => second == 'Ÿ',
            'à'..='ï' => {
                continues(second) && continues(third) && !(doubtful(second) && doubtful(third))
            }
            'Ä' | 'Å' | 'Ð' | 'Ñ' | 'Î' | 'Ï' | 'Ø' | 'Ù' => {
                if continues(second) && !doubtful(second) && !matches!(second, '²' | '³' | '°') {
                    weak += 1;
                }
                weak >= 2
            }
            _ => false,
        };
        if strong {
            let end = start + lead.len_utf8() + second.len_utf8();
            return Some(Damage { what: "UTF-8 read as Latin-1", start, end });
        }
        before = lead;
    }
    None
}

/// Tells whether a character is what Windows-1252 or Latin-1 shows for a continuation byte.
fn continues(letter: char) -> bool {
    matches!(
        letter,
        '\u{80}'
            ..='\u{bf}'
                | '€'
                | '‚'
                | 'ƒ'
                | '„'
                | '…'
                | '†'
                | '‡'
                | 'ˆ'
                | '‰'
                | 'Š'
                | '‹'
                | 'Œ'
                | 'Ž'
                | '‘'
                | '’'
                | '“'
                | '”'
                | '•'
                | '–'
                | '—'
                | '˜'
                | '™'
                | 'š'
                | '›'
                | 'œ'
                | 'ž'
                | 'Ÿ'
    )
}

/// Tells whether such a character may also follow a letter in correct text.
fn doubtful(letter: char) -> bool {
    matches!(
        letter,
        '\u{a0}'
            | '«'
            | '»'
            | '·'
            | '…'
            | '‚'
            | '„'
            | '‹'
            | '›'
            | '‘'
            | '’'
            | '“'
            | '”'
            | '•'
            | '–'
            | '—'
            | '™'
            | '®'
            | '©'
    )
}

/// Finds a control token.
fn token(text: &str) -> Option<Damage> {
    let what = "control token of a language model";
    let at = |start: usize, token: &str| Damage { what, start, end: start + token.len() };
    if let Some(rest) = text.trim_end().strip_suffix("</s>") {
        return (!rest.contains("<s>")).then(|| at(rest.len(), "</s>"));
    }
    memchr::memchr2_iter(b'<', b'[', text.as_bytes()).find_map(|start| {
        let found = CONTROL_TOKENS.iter().find(|&&token| text[start..].starts_with(token))?;
        Some(at(start, found))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, &str)>) {
        let found = find(text).map(|damage| (damage.what, &text[damage.start..damage.end]));
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn damage_is_found() {
        let misread = "UTF-8 read as Latin-1";
        let control = "control character";
        check("a caf\u{fffd}", Some(("replacement character", "\u{fffd}")));
        check("a\0b", Some(("NUL character", "\0")));
        check("\u{c}rac{1}{2}", Some((control, "\u{c}")));
        check("bell \u{7}", Some((control, "\u{7}")));
        check("\u{80}2 billion", Some((control, "\u{80}")));
        check("a cafÃ©", Some((misread, "Ã©")));
        check("itâ€™s", Some((misread, "â€")));
        check("25Â°C", Some((misread, "Â°")));
        check("ends.Â\u{a0} Then", Some((misread, "Â\u{a0}")));
        check("ðŸ˜€", Some((misread, "ðŸ")));
        check("æ—¥æœ¬", Some((misread, "æ—")));
        check("Å¼Ã³Å‚w", Some((misread, "Ã³")));
        check("ÐºÐ¾Ñ‚", Some((misread, "Ð¾")));
        check("\u{f04a}\u{f04a}", Some(("private-use characters", "\u{f04a}")));
        check("It is red.</s>", Some(("control token of a language model", "</s>")));
        check("red<|im_end|> user", Some(("control token of a language model", "<|im_end|>")));
    }

    #[test]
    fn correct_characters_pass() {
        for text in [
            "café naïve Ångström Ærø",
            "São Paulo, NÃO, IRMÃ, “IRMÔ",
            "un allé», dit-il… «bien sûr»",
            "日本語の文章です。",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{1f1eb}\u{1f1f7}",
            "Привет, мир",
            "20 °C, 5 m², ½ ± 3",
            "an area of 12 Å²",
            "tabs\tand\r\nlines",
            "the \u{f8ff} logo",
            "<s>old</s>",
            "Ä Ö Ü ß, É. È",
            "soft\u{ad}hyphen and zero\u{200b}width",
            "",
        ] {
            check(text, None);
        }
    }
}
