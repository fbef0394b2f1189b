//! Framing: a stream of bytes becomes records, whatever the pieces in which the bytes arrive.
//!
//! Lines (JSONL), the elements of a JSON array and pretty-printed values one after the other are told apart
//! by content. Damage stays local: a broken record ends where the next one can begin again. This module
//! knows neither files nor samples.

use super::scan::ValueScan;
use crate::digest::{Digest, Hasher};
use crate::source::{Checkpoint, Phase, Span};

/// The content of a framed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The bytes, without white space around them.
    Bytes(Vec<u8>),
    /// Too many bytes to hold.
    TooLarge,
}

/// One framed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// Where it stands.
    pub span: Span,
    /// What it holds.
    pub body: Body,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Where framing goes on behind it.
    pub next: Checkpoint,
}

/// Frames one stream of bytes.
pub struct Framer {
    phase: Phase,
    offset: u64,
    done: u64,
    max_bytes: usize,
    record: Option<Record>,
    scan: ValueScan,
    /// Whether the open record of pretty-printed values is a line of damage.
    stray: bool,
}

/// A record of which the end has not been seen.
#[derive(Default)]
struct Record {
    start: u64,
    bytes: Vec<u8>,
    /// One past the last byte that is no white space.
    end: u64,
    /// Hash of what did not fit.
    overflow: Option<Box<Hasher>>,
}

impl Framer {
    /// Makes a framer that goes on at a checkpoint; records above `max_bytes` are not held.
    pub fn new(at: Checkpoint, max_bytes: usize) -> Self {
        Self {
            phase: at.phase,
            offset: at.offset,
            done: at.offset,
            max_bytes,
            record: None,
            scan: ValueScan::default(),
            stray: false,
        }
    }

    /// Takes the next bytes of the stream and appends the records that end in them to `out`.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<Framed>) {
        while !bytes.is_empty() {
            let taken = match self.phase {
                Phase::Start => self.start(bytes, out),
                Phase::Lines | Phase::ArrayEnd => self.line(bytes, out),
                Phase::Values => self.value(bytes, out),
                Phase::ArrayOpen | Phase::ArrayComma | Phase::ArrayElement => {
                    self.element(bytes, out)
                }
            };
            self.offset += taken as u64;
            bytes = &bytes[taken..];
        }
    }

    /// Returns the place behind the last finished record and the white space after it.
    pub fn checkpoint(&self) -> Checkpoint {
        match (&self.record, self.phase) {
            // A first brace or byte order mark alone decides nothing: begin again.
            (_, Phase::Start) => Checkpoint { offset: self.done, phase: Phase::Start },
            (Some(_), phase) => Checkpoint { offset: self.done, phase },
            (None, phase) => Checkpoint { offset: self.offset, phase },
        }
    }

    /// Tells whether the stream could end here: no record and no array is open.
    pub fn at_rest(&self) -> bool {
        self.record.is_none() && !self.phase.in_array()
    }

    /// Returns the open record's bytes so far; `None` if there is none or it is too large.
    pub fn open_bytes(&self) -> Option<&[u8]> {
        let record = self.record.as_ref()?;
        record.overflow.is_none().then_some(record.bytes.trim_ascii())
    }

    /// Returns where the open record or array stands, up to the bytes seen.
    pub fn open_span(&self) -> Option<Span> {
        match &self.record {
            Some(record) => Some(Span { start: record.start, end: self.offset }),
            None if self.phase.in_array() => {
                Some(Span { start: self.done.min(self.offset), end: self.offset })
            }
            None => None,
        }
    }

    /// Ends the open record at the end of the stream.
    pub fn finish(&mut self) -> Option<Framed> {
        self.record.as_ref()?;
        let phase = match self.phase {
            Phase::Start | Phase::ArrayEnd => Phase::Lines,
            phase if phase.in_array() => Phase::ArrayElement,
            phase => phase,
        };
        self.close(phase, self.offset)
    }

    /// Skips white space and a byte order mark, then tells the format by the first bytes.
    fn start(&mut self, bytes: &[u8], out: &mut Vec<Framed>) -> usize {
        let Some(record) = &mut self.record else {
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if blank > 0 {
                self.done = self.offset + blank as u64;
                return blank;
            }
            if bytes[0] == b'[' {
                self.phase = Phase::ArrayOpen;
                self.done = self.offset + 1;
                return 1;
            }
            let opening = bytes[0] == b'{' || (self.offset == 0 && bytes[0] == BOM[0]);
            self.record =
                Some(Record { start: self.offset, end: self.offset, ..Record::default() });
            if !opening {
                self.phase = Phase::Lines;
                return 0;
            }
            self.push(&bytes[..1]);
            return 1;
        };
        let seen = record.bytes.len();
        if record.bytes[0] == BOM[0] {
            if bytes[0] != BOM[seen] {
                self.decide(Phase::Lines, out);
                return 0;
            }
            self.push(&bytes[..1]);
            if seen + 1 == BOM.len() {
                self.record = None;
                self.done = self.offset + 1;
            }
            return 1;
        }
        match bytes[0] {
            b' ' | b'\t' | b'\r' if seen < MAX_INDENT => {
                self.push(&bytes[..1]);
                1
            }
            b'\n' => {
                self.decide(Phase::Values, out);
                0
            }
            _ => {
                self.decide(Phase::Lines, out);
                0
            }
        }
    }

    /// Settles the format and frames the bytes held back so far.
    fn decide(&mut self, phase: Phase, out: &mut Vec<Framed>) {
        let held = self.record.take().expect("the first byte is held");
        self.phase = phase;
        let offset = self.offset;
        self.offset = held.start;
        self.feed(&held.bytes, out);
        debug_assert_eq!(self.offset, offset, "held bytes end where the next begin");
    }

    fn line(&mut self, bytes: &[u8], out: &mut Vec<Framed>) -> usize {
        if self.record.is_none() {
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if blank > 0 {
                self.done = self.offset + blank as u64;
                return blank;
            }
            self.phase = Phase::Lines;
            self.open(0);
        }
        match memchr::memchr(b'\n', bytes) {
            None => {
                self.push(bytes);
                bytes.len()
            }
            Some(end) => {
                self.push(&bytes[..end]);
                let after = self.offset + end as u64 + 1;
                out.extend(self.close(Phase::Lines, after));
                end + 1
            }
        }
    }

    fn value(&mut self, bytes: &[u8], out: &mut Vec<Framed>) -> usize {
        if self.record.is_none() {
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if blank > 0 {
                self.done = self.offset + blank as u64;
                return blank;
            }
            if bytes[0] == b',' {
                self.done = self.offset + 1;
                return 1;
            }
            // What is not an object is damage, up to the end of its line.
            self.stray = bytes[0] != b'{';
            self.open(0);
        }
        let end = match self.stray {
            true => memchr::memchr(b'\n', bytes),
            false => self.scan.end_of_value(bytes),
        };
        match end {
            None => {
                self.push(bytes);
                bytes.len()
            }
            Some(end) => {
                self.push(&bytes[..end]);
                let after = self.offset + end as u64;
                out.extend(self.close(Phase::Values, after));
                end
            }
        }
    }

    fn element(&mut self, bytes: &[u8], out: &mut Vec<Framed>) -> usize {
        if self.record.is_none() {
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if blank > 0 {
                return blank;
            }
            match (bytes[0], self.phase) {
                (b',', Phase::ArrayElement) => {
                    self.phase = Phase::ArrayComma;
                    self.done = self.offset + 1;
                    return 1;
                }
                (b']', Phase::ArrayElement | Phase::ArrayOpen) => {
                    self.phase = Phase::ArrayEnd;
                    self.done = self.offset + 1;
                    return 1;
                }
                _ => self.open(0),
            }
        }
        match self.scan.end_of_element(bytes) {
            None => {
                self.push(bytes);
                bytes.len()
            }
            Some(end) => {
                self.push(&bytes[..end]);
                let after = self.offset + end as u64;
                out.extend(self.close(Phase::ArrayElement, after));
                end
            }
        }
    }

    fn open(&mut self, skip: u64) {
        let start = self.offset + skip;
        self.record = Some(Record { start, end: start, ..Record::default() });
        self.scan = ValueScan::default();
    }

    fn push(&mut self, bytes: &[u8]) {
        let record = self.record.as_mut().expect("a record is open");
        let position = self.offset;
        if let Some(last) = bytes.iter().rposition(|byte| !byte.is_ascii_whitespace()) {
            record.end = position + last as u64 + 1;
        }
        match &mut record.overflow {
            Some(hasher) => {
                hasher.raw(bytes);
            }
            None if record.bytes.len() + bytes.len() > self.max_bytes => {
                let mut hasher = Box::new(Hasher::default());
                hasher.raw(&record.bytes).raw(bytes);
                record.overflow = Some(hasher);
                record.bytes = Vec::new();
            }
            None => record.bytes.extend_from_slice(bytes),
        }
    }

    fn close(&mut self, phase: Phase, after: u64) -> Option<Framed> {
        let record = self.record.take()?;
        self.phase = phase;
        self.done = after;
        let span = Span { start: record.start, end: record.end };
        let next = Checkpoint { offset: after, phase };
        let mut bytes = record.bytes;
        let (body, digest) = match record.overflow {
            Some(hasher) => (Body::TooLarge, hasher.finish()),
            None => {
                bytes.truncate((record.end - record.start) as usize);
                let digest = Digest::of(&bytes);
                (Body::Bytes(bytes), digest)
            }
        };
        Some(Framed { span, body, digest, next })
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// White space behind a first brace up to which the format stays open.
const MAX_INDENT: usize = 64;
