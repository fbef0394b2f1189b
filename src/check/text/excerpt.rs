//! Quotes from texts in the details of findings: short, on one line, without control characters.

/// The most characters of a quote.
const MAX_CHARS: usize = 60;

/// Returns the start of a text between backticks.
pub(super) fn quote(text: &str) -> String {
    let mut shown = String::from("`");
    for (count, letter) in text.trim().chars().enumerate() {
        if count == MAX_CHARS {
            shown.push('…');
            break;
        }
        match letter {
            '\n' | '\r' | '\t' => shown.push(' '),
            _ if letter.is_control() => shown.extend(letter.escape_unicode()),
            _ => shown.push(letter),
        }
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(quote(text), expect);
    }

    #[test]
    fn quotes_are_short_and_on_one_line() {
        check(" a\nb\t", "`a b`");
        check("a\u{7}b", "`a\\u{7}b`");
        check(&"é".repeat(60), &format!("`{}`", "é".repeat(60)));
        check(&"é".repeat(61), &format!("`{}…`", "é".repeat(60)));
        check("", "``");
    }
}
