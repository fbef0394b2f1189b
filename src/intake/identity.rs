//! Identity of a file over rename, growth and rewriting: what was seen of it against what it is now (ADR 1).

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use crate::digest::Digest;
use crate::source::{FileId, Packing, Print, Source, SourceState, Stamp};
use crate::time;

/// Most bytes at the head and before the offset that are remembered of a file.
const PRINT_BYTES: u64 = 4096;

/// Reads a file's identity from its metadata.
pub fn file_id(metadata: &Metadata) -> FileId {
    let born = metadata.created().map_or(0, time::of_system);
    FileId { device: metadata.dev(), inode: metadata.ino(), born }
}

/// Reads size and time of the last change from metadata.
pub fn stamp(metadata: &Metadata) -> Stamp {
    let modified_ns =
        metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
    Stamp { bytes: metadata.len(), modified_ns }
}

/// Takes the print of at most 4,096 bytes that end at `end`.
///
/// # Errors
/// The file cannot be read, or is shorter.
pub fn print_before(file: &File, end: u64) -> io::Result<Print> {
    let length = end.min(PRINT_BYTES);
    Ok(Print { end, length, digest: digest_at(file, end - length, length)? })
}

/// Takes the print of the first bytes of a file of which `solid` bytes do not change by growth.
///
/// # Errors
/// The file cannot be read, or is shorter.
pub fn print_head(file: &File, solid: u64) -> io::Result<Print> {
    print_before(file, solid.min(PRINT_BYTES))
}

/// Tells whether a file still has these bytes there.
fn matches(print: &Print, file: &File) -> io::Result<bool> {
    match digest_at(file, print.end - print.length, print.length) {
        Ok(found) => Ok(found == print.digest),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn digest_at(file: &File, start: u64, length: u64) -> io::Result<Digest> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, start)?;
    Ok(Digest::of(&bytes))
}

/// What a file is to the source that was remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing happened to its content.
    None,
    /// It may have grown: go on at the offset.
    Grown,
    /// Only reading its records again tells whether they still stand there.
    Unclear,
    /// What was read is no longer there: a new generation begins.
    Rewritten,
}

/// Compares a file with what is remembered of its source.
///
/// # Errors
/// The file cannot be read.
pub fn compare(source: &Source, file: &File, stamp: Stamp) -> io::Result<Change> {
    let packed = source.packing != Packing::Plain;
    let offset = source.progress.at.offset;
    if (!packed && stamp.bytes < offset) || !matches(&source.head, file)? {
        return Ok(Change::Rewritten);
    }
    if stamp == source.stamp && source.state != SourceState::Reading {
        return Ok(Change::None);
    }
    if packed {
        return Ok(Change::Unclear);
    }
    if !matches(&source.tail, file)? {
        return Ok(Change::Rewritten);
    }
    let interrupted = offset > source.tail.end;
    let touched = stamp.bytes == source.stamp.bytes && offset > 0;
    Ok(if interrupted || touched { Change::Unclear } else { Change::Grown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Checkpoint, Phase, Progress, SourceId};
    use std::io::Write;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(content).expect("written");
        file
    }

    fn source(content: &[u8], offset: u64) -> Source {
        let file = file(content);
        let metadata = file.metadata().expect("metadata");
        let at = Checkpoint { offset, phase: Phase::Lines };
        Source {
            id: SourceId(1),
            key: Digest::of(b""),
            name: "s".into(),
            origin: "f".into(),
            generation: 1,
            path: "/f".into(),
            previous: None,
            file: file_id(&metadata),
            packing: Packing::Plain,
            stamp: Stamp { bytes: content.len() as u64, modified_ns: 5 },
            progress: Progress { at, ..Progress::start() },
            head: print_head(&file, offset).expect("read"),
            tail: print_before(&file, offset).expect("read"),
            state: SourceState::Done,
            unfinished: None,
        }
    }

    fn check(before: &[u8], offset: u64, after: &[u8], modified_ns: i64, expected: Change) {
        let stamp = Stamp { bytes: after.len() as u64, modified_ns };
        let found = compare(&source(before, offset), &file(after), stamp).expect("read");
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(after));
    }

    #[test]
    fn changes_are_told_apart() {
        check(b"a\nb\n", 4, b"a\nb\n", 5, Change::None);
        check(b"a\nb\n", 4, b"a\nb\n", 6, Change::Unclear);
        check(b"a\nb\n", 4, b"a\nb\nc\n", 6, Change::Grown);
        check(b"a\nb\nc", 4, b"a\nb\ncd\n", 6, Change::Grown);
        check(b"a\nb\nc", 4, b"a\nb\nother\n", 6, Change::Grown);
        check(b"a\nb\n", 4, b"", 6, Change::Rewritten);
        check(b"a\nb\n", 4, b"x\nb\nc\n", 6, Change::Rewritten);
        check(b"[1,2]", 5, b"[1,2,3]", 6, Change::Rewritten);
    }
}
