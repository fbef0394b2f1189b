//! Framing again what was framed before, to see whether it still stands there.

use std::fs::File;
use std::io::{self, Read};

use super::decode::Stream;
use super::frame::Framer;
use crate::digest::Digest;
use crate::source::{Packing, Progress, Source};

/// Bytes of one read.
const CHUNK: usize = 256 << 10;

/// Tells whether the records that were read of a source still stand in its file.
///
/// # Errors
/// The file cannot be read.
pub fn still_stands(source: &Source, file: &File, max_record_bytes: u64) -> io::Result<bool> {
    stands(&Progress::start(), source, file, max_record_bytes)
}

/// Frames a file again from an earlier place to where its source stands, and compares the records.
///
/// # Errors
/// The file cannot be read.
pub fn stands(
    from: &Progress,
    source: &Source,
    file: &File,
    max_record_bytes: u64,
) -> io::Result<bool> {
    let max = usize::try_from(max_record_bytes).unwrap_or(usize::MAX);
    let mut stream = Stream::open(file.try_clone()?, source.packing, from.at.offset)?;
    let mut framer = Framer::new(from.at, max);
    let wanted = source.progress;
    let mut found = *from;
    let mut left = wanted.at.offset - from.at.offset;
    let mut bytes = vec![0; CHUNK];
    let mut framed = Vec::new();
    while left > 0 {
        let most = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        match stream.read(&mut bytes[..most]) {
            Ok(0) => break,
            Ok(read) => {
                left -= read as u64;
                framer.feed(&bytes[..read], &mut framed);
                framed.drain(..).for_each(|record| found.advance(&record.digest, record.next));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if source.packing != Packing::Plain => break,
            Err(error) => return Err(error),
        }
    }
    if found.next_ordinal < wanted.next_ordinal
        && let Some(record) = framer.finish()
    {
        found.advance(&record.digest, record.next);
    }
    if found.next_ordinal < wanted.next_ordinal && source.packing != Packing::Plain {
        let at = found.at;
        found.advance(&damaged_digest(), at);
    }
    Ok(left == 0 && found.next_ordinal == wanted.next_ordinal && found.chain == wanted.chain)
}

/// Returns the digest that stands for packed data that cannot be unpacked.
pub fn damaged_digest() -> Digest {
    Digest::of(b"damaged packed data")
}
