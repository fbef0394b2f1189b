//! The vocabulary of sources: spans of a file, generations and the ids of occurrences.
//! It does not know how files are watched, read or stored.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::digest::{Digest, Hasher};
use crate::time::UnixMillis;

/// A half-open range of bytes of a source, in decompressed bytes where it is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

/// Row number of a source generation in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub i64);

/// Row number of an occurrence in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OccurrenceRow(pub i64);

/// Names one generation of one file: the same on every host and in every run.
///
/// `path` is the path below the watched directory at which the file was first seen, `number` counts the
/// generations that began at this path, from 1.
pub fn generation_key(source: &str, path: &[u8], number: u64) -> Digest {
    Hasher::default()
        .field(b"generation")
        .field(source.as_bytes())
        .field(path)
        .number(number)
        .finish()
}

/// Names one framed record: the `ordinal`-th (from 0) of its generation.
pub fn occurrence_id(generation: &Digest, ordinal: u64) -> Digest {
    let key = generation.to_string();
    Hasher::default().field(b"occurrence").field(key.as_bytes()).number(ordinal).finish()
}

/// How a source is framed, and where between two records framing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing but white space so far.
    Start,
    /// One record a line.
    Lines,
    /// Pretty-printed values one after the other.
    Values,
    /// In a JSON array, behind `[`.
    ArrayOpen,
    /// In a JSON array, behind a comma.
    ArrayComma,
    /// In a JSON array, behind an element.
    ArrayElement,
    /// Behind the `]` of the array: what follows is framed as lines.
    ArrayEnd,
}

impl Phase {
    const NAMES: [(Self, &'static str); 7] = [
        (Self::Start, "start"),
        (Self::Lines, "lines"),
        (Self::Values, "values"),
        (Self::ArrayOpen, "array-open"),
        (Self::ArrayComma, "array-comma"),
        (Self::ArrayElement, "array-element"),
        (Self::ArrayEnd, "array-end"),
    ];

    /// Returns the word by which the database knows the phase.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(phase, _)| *phase == self);
        named.expect("every phase is listed").1
    }

    /// Finds a phase by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase)
    }

    /// Returns the format's name as people know it.
    pub fn format(self) -> &'static str {
        match self {
            Self::Start => "empty",
            Self::Lines => "jsonl",
            Self::Values => "json",
            _ => "json array",
        }
    }

    /// Tells whether framing stands inside an array.
    pub fn in_array(self) -> bool {
        matches!(self, Self::ArrayOpen | Self::ArrayComma | Self::ArrayElement)
    }
}

/// A place between two records from which framing can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Bytes of the stream that are done with.
    pub offset: u64,
    /// Where framing stands there.
    pub phase: Phase,
}

impl Checkpoint {
    /// The beginning of a stream.
    pub const START: Self = Self { offset: 0, phase: Phase::Start };
}

/// How the bytes of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Packing {
    /// Tells the packing by the first bytes of a file.
    pub fn of(head: &[u8]) -> Self {
        if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else {
            Self::Plain
        }
    }

    const SUFFIXES: [(Self, &'static str); 3] =
        [(Self::Plain, ""), (Self::Gzip, ", gzip"), (Self::Zstd, ", zstd")];

    /// Returns the suffix that is added to a format's name.
    pub fn suffix(self) -> &'static str {
        let named = Self::SUFFIXES.iter().find(|(packing, _)| *packing == self);
        named.expect("every packing is listed").1
    }

    /// Finds a packing by its suffix.
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        Self::SUFFIXES.iter().find(|(_, known)| *known == suffix).map(|(packing, _)| *packing)
    }
}

/// What the file system says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Time of creation, 0 where the file system has none: tells a new file in a reused inode.
    pub born: UnixMillis,
}

/// Size and time of the last change of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Size in bytes.
    pub bytes: u64,
    /// Time of the last change of the content, in nanoseconds since 1970.
    pub modified_ns: i64,
}

impl Stamp {
    /// Returns the time of the last change in milliseconds.
    pub fn modified(&self) -> UnixMillis {
        self.modified_ns / 1_000_000
    }
}

/// Digest of a run of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// Where the run ends.
    pub end: u64,
    /// How long it is.
    pub length: u64,
    /// Its digest.
    pub digest: Digest,
}

impl Print {
    /// The print of no bytes at all, which every file matches.
    pub fn empty() -> Self {
        Self { end: 0, length: 0, digest: Digest::of(b"") }
    }
}

/// What intake is doing with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// Records are being read.
    Reading,
    /// The end was reached, and a record or array is open there.
    Waiting,
    /// The end was reached.
    Done,
    /// Another generation stands at its path.
    Replaced,
    /// The file was deleted, or moved out of sight.
    Gone,
}

impl SourceState {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Reading, "reading"),
        (Self::Waiting, "waiting"),
        (Self::Done, "done"),
        (Self::Replaced, "replaced"),
        (Self::Gone, "gone"),
    ];

    /// Returns the word that the database uses.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(state, _)| *state == self);
        named.expect("every state is listed").1
    }

    /// Finds a state by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }
}

/// How far a generation has been framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The place behind the last record.
    pub at: Checkpoint,
    /// The ordinal of the next record.
    pub next_ordinal: u64,
    /// Digest over the digests of all records in order.
    pub chain: Digest,
}

impl Progress {
    /// The beginning of a generation.
    pub fn start() -> Self {
        Self { at: Checkpoint::START, next_ordinal: 0, chain: Digest::of(b"") }
    }

    /// Goes on behind one more record.
    pub fn advance(&mut self, record: &Digest, next: Checkpoint) {
        let mut hasher = Hasher::default();
        hasher.field(self.chain.to_string().as_bytes()).field(record.to_string().as_bytes());
        self.chain = hasher.finish();
        self.next_ordinal += 1;
        self.at = next;
    }
}

/// One generation of one file, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Row number.
    pub id: SourceId,
    /// Names the generation.
    pub key: Digest,
    /// `source` of the watch entry.
    pub name: String,
    /// Path below the watched directory where the generation began.
    pub origin: PathBuf,
    /// Counts the generations that began at `origin`, from 1.
    pub generation: u64,
    /// Where the file is now.
    pub path: PathBuf,
    /// The generation of the same path before this one.
    pub previous: Option<SourceId>,
    /// The file's identity.
    pub file: FileId,
    /// How it is packed.
    pub packing: Packing,
    /// Size and time when it was last read to the end.
    pub stamp: Stamp,
    /// How far it is decided.
    pub progress: Progress,
    /// Its first bytes.
    pub head: Print,
    /// The bytes before the offset when it was last read to the end.
    pub tail: Print,
    /// What intake is doing with it.
    pub state: SourceState,
    /// The occurrence that stands for a record still open at the end.
    pub unfinished: Option<Digest>,
}

/// Begins the text of a path that is not UTF-8.
const ESCAPED: &str = "bytes:";

/// Writes a path as text, different paths always differently: as it is, or, if it is not UTF-8, as `bytes:`
/// and the path with `%` and all bytes beyond ASCII as `%XX`.
pub fn path_text(path: &Path) -> String {
    match path.to_str() {
        Some(text) if !text.starts_with(ESCAPED) => text.to_owned(),
        _ => {
            let mut text = ESCAPED.to_owned();
            for &byte in path.as_os_str().as_bytes() {
                if byte.is_ascii() && byte != b'%' {
                    text.push(char::from(byte));
                } else {
                    text.push_str(&format!("%{byte:02X}"));
                }
            }
            text
        }
    }
}

/// Reads what [`path_text`] wrote.
pub fn path_of_text(text: &str) -> PathBuf {
    let Some(escaped) = text.strip_prefix(ESCAPED) else { return PathBuf::from(text) };
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let [first, others @ ..] = rest {
        let code = others.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            None => {
                bytes.push(*first);
                rest = others;
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_by_every_part() {
        let key = generation_key("gen-a", b"x/a.jsonl", 1);
        assert_eq!(key, generation_key("gen-a", b"x/a.jsonl", 1));
        assert_ne!(key, generation_key("gen-b", b"x/a.jsonl", 1));
        assert_ne!(key, generation_key("gen-a", b"x/b.jsonl", 1));
        assert_ne!(key, generation_key("gen-a", b"x/a.jsonl", 2));
        assert_ne!(occurrence_id(&key, 0), occurrence_id(&key, 1));
    }

    #[test]
    fn every_path_survives_as_text() {
        for bytes in [
            &b"/a/b.jsonl"[..],
            b"/a\xff.jsonl",
            b"/a\xfe.jsonl",
            b"/%41\xff",
            b"bytes:x",
            b"/a%b",
            b"",
        ] {
            let path = PathBuf::from(OsString::from_vec(bytes.to_vec()));
            assert_eq!(path_of_text(&path_text(&path)), path, "{path:?}");
        }
        assert_eq!(path_text(Path::new("/a%b")), "/a%b");
    }
}
