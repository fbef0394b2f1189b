//! Opening a source: plain, gzip (all members) or Zstandard (all frames), told apart by the first bytes.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::unix::fs::FileExt;

use flate2::read::MultiGzDecoder;

use crate::source::Packing;

/// The unpacked bytes of a file from some offset on.
pub struct Stream {
    inner: Inner,
    packing: Packing,
}

enum Inner {
    Plain(Positioned),
    Packed(Box<dyn Read + Send>),
}

/// A file with a position of its own: clones of a `File` share theirs.
struct Positioned {
    file: File,
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Stream {
    /// Opens the bytes of `file` from `offset` (in unpacked bytes) on.
    ///
    /// Packed files are unpacked from their beginning and skipped.
    ///
    /// # Errors
    /// The file cannot be read, or packed data ends or breaks before `offset`.
    pub fn open(file: File, packing: Packing, offset: u64) -> io::Result<Self> {
        let begin = if packing == Packing::Plain { offset } else { 0 };
        let file = Positioned { file, at: begin };
        let inner = match packing {
            Packing::Plain => Inner::Plain(file),
            Packing::Gzip => Inner::Packed(Box::new(MultiGzDecoder::new(io::BufReader::new(file)))),
            Packing::Zstd => Inner::Packed(Box::new(zstd::stream::read::Decoder::new(file)?)),
        };
        let mut stream = Self { inner, packing };
        if packing != Packing::Plain {
            let skipped = io::copy(&mut (&mut stream).take(offset), &mut io::sink())?;
            if skipped < offset {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(stream)
    }

    /// Returns how the file is packed.
    pub fn packing(&self) -> Packing {
        self.packing
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.inner {
            Inner::Plain(file) => file.read(buffer),
            Inner::Packed(reader) => reader.read(buffer),
        }
    }
}

/// Unpacks a stream that is read once, such as a pipe, if its first bytes say that it is packed.
///
/// # Errors
/// The first bytes cannot be read.
pub fn unpacked(input: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut input = io::BufReader::new(input);
    Ok(match Packing::of(input.fill_buf()?) {
        Packing::Plain => Box::new(input),
        Packing::Gzip => Box::new(MultiGzDecoder::new(input)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
    })
}

/// Tells whether an error means that packed data stops in the middle: more may still be written.
pub fn is_incomplete(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof || error.to_string().contains("incomplete frame")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(packed: &[u8], packing: Packing) {
        assert_eq!(Packing::of(packed), packing);
        for offset in [0u64, 3, 7, 14] {
            let mut file = tempfile::tempfile().expect("a temporary file");
            file.write_all(packed).expect("written");
            let mut text = String::new();
            let mut stream = Stream::open(file, packing, offset).expect("opened");
            stream.read_to_string(&mut text).expect("read");
            assert_eq!(text, "first\nsecond\n+"[offset as usize..], "{packing:?}");
        }
    }

    #[test]
    fn all_members_and_frames_are_read_from_any_offset() {
        check(b"first\nsecond\n+", Packing::Plain);
        let gzip = |text: &str| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text.as_bytes()).expect("written");
            encoder.finish().expect("finished")
        };
        check(&[gzip("first\n"), gzip("second\n+")].concat(), Packing::Gzip);
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 3).expect("packed");
        check(&[zstd("first\n"), zstd("second\n+")].concat(), Packing::Zstd);
    }

    #[test]
    fn cut_data_is_incomplete() {
        let whole = zstd::encode_all(&b"some text that is long enough"[..], 3).expect("packed");
        for cut in [5, whole.len() - 1] {
            let mut file = tempfile::tempfile().expect("a temporary file");
            file.write_all(&whole[..cut]).expect("written");
            let mut text = String::new();
            let mut stream = Stream::open(file, Packing::Zstd, 0).expect("opened");
            let error = stream.read_to_string(&mut text).expect_err("incomplete");
            assert!(is_incomplete(&error), "{error}");
        }
    }
}
