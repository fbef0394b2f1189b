//! Finds texts without a word, with too few words or with too many characters.

use super::words::Text;

/// Returns what is wrong with a text of fewer than `min_words` words.
///
/// Words of letters or digits count; with a minimum of 0 every text is long enough.
pub(super) fn too_short(text: &Text<'_>, min_words: usize) -> Option<String> {
    let count = text.words.len();
    if count >= min_words {
        return None;
    }
    Some(match count {
        0 => "no word".to_owned(),
        1 => format!("1 word, {min_words} are the least"),
        _ => format!("{count} words, {min_words} are the least"),
    })
}

/// Returns what is wrong with a text of more than `max_chars` characters.
pub(super) fn too_long(text: &str, max_chars: usize) -> Option<String> {
    // A text has at most as many characters as bytes.
    if text.len() <= max_chars {
        return None;
    }
    let count = text.chars().count();
    (count > max_chars).then(|| format!("{count} characters, {max_chars} are the most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_short(text: &str, min_words: usize, expect: Option<&str>) {
        assert_eq!(too_short(&Text::new(text), min_words).as_deref(), expect, "{text}");
    }

    fn check_long(text: &str, max_chars: usize, expect: Option<&str>) {
        assert_eq!(too_long(text, max_chars).as_deref(), expect, "{text}");
    }

    #[test]
    fn texts_without_words() {
        for text in [
            "",
            "...",
            "?",
            "\u{200b}",
            "```",
            ":-(",
            "\u{1f600}\u{1f600}",
            "-",
            "---",
            "!!!",
            "\"\"",
            " \n ",
        ] {
            check_short(text, 1, Some("no word"));
        }
        check_short("red bus", 3, Some("2 words, 3 are the least"));
        check_short("red", 3, Some("1 word, 3 are the least"));
    }

    #[test]
    fn short_answers_with_words() {
        for text in ["Two.", "2", "B", "狗", "a", "Да", "½", "x=1", "(c)", "Yes!", "3.5", "犬です"]
        {
            check_short(text, 1, None);
        }
        check_short("...", 0, None);
    }

    #[test]
    fn long_texts_are_counted_in_characters() {
        check_long("abcdef", 5, Some("6 characters, 5 are the most"));
        check_long("ääääää", 5, Some("6 characters, 5 are the most"));
        check_long("\u{1f600}\u{1f600}", 1, Some("2 characters, 1 are the most"));
        check_long("abcde", 5, None);
        check_long("äääää", 5, None);
        check_long("日本語", 3, None);
        check_long("", 1, None);
    }
}
