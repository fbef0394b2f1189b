//! Rust sources without what the compiler does not see, or sees only in tests. Lines stay where they are.

/// Blanks comments and the content of strings and characters; all else stays in its place.
pub(super) fn without_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = end_of_dark(bytes, at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).expect("only whole comments, strings and characters are blanked")
}

/// Returns the end of the comment, string or character that begins here, or the place itself.
fn end_of_dark(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let after_name = at > 0 && is_name(char::from(bytes[at - 1]));
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return end_of_block(bytes, at);
    }
    match rest[0] {
        b'"' => end_of_quoted(bytes, at + 1, b'"'),
        b'r' if !after_name || bytes[at - 1] == b'b' => end_of_raw(bytes, at),
        b'\'' if rest.get(1) == Some(&b'\\') => end_of_quoted(bytes, at + 1, b'\''),
        // One character between two marks; else it is a lifetime.
        b'\'' => {
            let inner = std::str::from_utf8(&rest[1..]).ok().and_then(|text| text.chars().next());
            match inner.map(char::len_utf8) {
                Some(length) if rest.get(1 + length) == Some(&b'\'') => at + length + 2,
                _ => at,
            }
        }
        _ => at,
    }
}

fn end_of_block(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_quoted(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn end_of_raw(bytes: &[u8], at: usize) -> usize {
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    let begin = at + 1 + hashes;
    if bytes.get(begin) != Some(&b'"') {
        return at;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let found = bytes[begin + 1..].windows(close.len()).position(|window| window == close);
    found.map_or(bytes.len(), |length| begin + 1 + length + close.len())
}

/// Blanks every item behind `#[cfg(test)]`.
pub(super) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut left = code.to_owned();
    while let Some(begin) = left.find(MARK) {
        let end = end_of_item(&left, begin + MARK.len());
        let blank: String =
            left[begin..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        left.replace_range(begin..end, &blank);
    }
    left
}

fn end_of_item(code: &str, from: usize) -> usize {
    let mut depth = 0;
    for (offset, c) in code[from..].char_indices() {
        match c {
            ';' if depth == 0 => return from + offset + 1,
            '{' | '(' | '[' => depth += 1,
            '}' if depth == 1 => return from + offset + 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Tells whether a character may stand in a name.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
