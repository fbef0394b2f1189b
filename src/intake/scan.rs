//! Finds where a JSON value ends without parsing it, in bytes that arrive in pieces.

/// Nesting that is tracked exactly; deeper brackets are only counted.
const MAX_DEPTH: usize = 4096;

/// State of the scan of one value.
///
/// Brackets are matched by type, so that a missing closer does not swallow what follows, and a line break
/// ends a string, because JSON strings have none.
#[derive(Debug, Default)]
pub(super) struct ValueScan {
    open: Vec<u8>,
    deeper: u64,
    in_string: bool,
    escaped: bool,
}

impl ValueScan {
    /// Returns where the value ends in `bytes`: behind the bracket that closes it.
    pub(super) fn end_of_value(&mut self, bytes: &[u8]) -> Option<usize> {
        self.run(bytes, |scan, byte| {
            let closes = matches!(byte, b'}' | b']') && scan.at_top();
            closes.then_some(1)
        })
    }

    /// Returns where an array's element ends in `bytes`: before the comma or bracket that follows it.
    pub(super) fn end_of_element(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.at_top() && !self.in_string && matches!(bytes.first(), Some(b',' | b']')) {
            return Some(0);
        }
        self.run(bytes, |_, _| None)
    }

    /// Runs to the end of the value: `closed` is asked behind each closing bracket, else the next comma or
    /// bracket at the top ends an element.
    fn run(&mut self, bytes: &[u8], closed: impl Fn(&Self, u8) -> Option<usize>) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.in_string {
                at = self.string(bytes, at);
                continue;
            }
            let byte = bytes[at];
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.push(byte),
                b',' if self.at_top() => return Some(at),
                b']' if self.at_top() => return Some(at),
                b'}' | b']' => {
                    self.pop(byte);
                    if let Some(length) = closed(self, byte) {
                        return Some(at + length);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn at_top(&self) -> bool {
        self.open.is_empty() && self.deeper == 0
    }

    /// Skips through a string; returns the place behind it or the end of the bytes.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if self.escaped {
            self.escaped = false;
            // A line break ends the string even behind a backslash.
            if bytes[at] != b'\n' {
                at += 1;
            }
        }
        match memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) {
            None => bytes.len(),
            Some(found) => {
                let byte = bytes[at + found];
                self.escaped = byte == b'\\';
                self.in_string = byte == b'\\';
                at + found + 1
            }
        }
    }

    fn push(&mut self, byte: u8) {
        if self.open.len() < MAX_DEPTH && self.deeper == 0 {
            self.open.push(byte);
        } else {
            self.deeper += 1;
        }
    }

    fn pop(&mut self, byte: u8) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let opener = if byte == b'}' { b'{' } else { b'[' };
        if let Some(place) = self.open.iter().rposition(|open| *open == opener) {
            self.open.truncate(place);
        }
    }
}
