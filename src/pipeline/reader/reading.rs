//! Reading one open file: from where it stands to its end, slice by slice.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::feed::{Feed, Stopped};
use crate::digest::Digest;
use crate::intake::{self, Body, Framed, Framer, Stream};
use crate::pipeline::work::{Entry, Home, Origin, Raw, Target, unusable};
use crate::source::{Packing, Print, Progress, Source, SourceState, Span, Stamp, occurrence_id};
use crate::time::{self, UnixMillis};
use crate::verdict::{Finding, Reason};

/// Bytes that are read before other files have their turn.
const SLICE: usize = 256 << 10;

/// Bytes of one read.
const CHUNK: usize = 128 << 10;

/// When an end counts as final.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndRules {
    /// Age of the last change after which a complete last value is decided.
    pub idle_eof: Duration,
    /// Age of the last change after which what is open is `structure.unfinished`.
    pub unfinished_after: Duration,
    /// How long samples wait for their images.
    pub grace: Duration,
}

/// An open file and how far it is read.
pub(super) struct Reading {
    /// The generation; its progress is that of the last record that was let in.
    pub source: Source,
    /// Which watched directory it lies in.
    pub watch: usize,
    /// Whether its writer is through with it, as far as is known.
    pub closed: bool,
    /// Whether something happened to it since it was opened.
    pub again: bool,
    /// Turns since it was opened.
    pub(super) turns: u32,
    file: File,
    stream: Stream,
    framer: Framer,
    /// The source as it was claimed, and the file's stamp then.
    began: (Source, Stamp),
    stamp: Stamp,
    max_record_bytes: u64,
    home: Arc<Home>,
}

/// What a slice came to.
pub(super) enum Turn {
    /// There is more.
    More,
    /// The end was reached; look again after this time, if at all.
    End(Option<Duration>),
    /// The file cannot be read.
    Failed(io::Error),
}

impl Reading {
    /// Opens a file where its source stands.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn open(source: Source, file: File, max_record_bytes: u64) -> io::Result<Self> {
        let at = source.progress.at;
        let stream = Stream::open(file.try_clone()?, source.packing, at.offset)?;
        let max = usize::try_from(max_record_bytes).unwrap_or(usize::MAX);
        let stamp = intake::stamp(&file.metadata()?);
        let home = Arc::new(Home::of(&source));
        let framer = Framer::new(at, max);
        let began = (source.clone(), stamp);
        let (watch, closed, again, turns) = (0, false, false, 0);
        Ok(Self {
            source,
            watch,
            closed,
            again,
            turns,
            file,
            stream,
            framer,
            began,
            stamp,
            max_record_bytes,
            home,
        })
    }

    /// Reads a slice and lets its records in. Returns the bytes read, and whether there is more.
    pub(super) fn turn(
        &mut self,
        feed: &mut Feed,
        rules: &EndRules,
    ) -> Result<(u64, Turn), Stopped> {
        match self.file.metadata() {
            // Taken before the last bytes are read, so that a change meanwhile is a change.
            Ok(metadata) => self.stamp = intake::stamp(&metadata),
            Err(error) => return Ok((0, Turn::Failed(error))),
        }
        self.turns += 1;
        let mut bytes = vec![0; CHUNK];
        let mut framed = Vec::new();
        let mut total = 0;
        while total < SLICE {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok((total as u64, self.end(feed, rules, false)?)),
                Ok(read) => {
                    total += read;
                    self.framer.feed(&bytes[..read], &mut framed);
                    for record in framed.drain(..) {
                        self.let_in(record, feed, rules)?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if intake::is_incomplete(&error) => {
                    return Ok((total as u64, self.end(feed, rules, true)?));
                }
                Err(error) if self.source.packing != Packing::Plain => {
                    return Ok((total as u64, self.damaged(&error, feed)?));
                }
                Err(error) => return Ok((total as u64, Turn::Failed(error))),
            }
        }
        Ok((total as u64, Turn::More))
    }

    fn let_in(&mut self, record: Framed, feed: &mut Feed, rules: &EndRules) -> Result<(), Stopped> {
        let weight = match &record.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::TooLarge => 0,
        };
        let now = time::now();
        let ordinal = self.source.progress.next_ordinal;
        let mut progress: Progress = self.source.progress;
        progress.advance(&record.digest, record.next);
        let origin = Origin {
            home: Arc::clone(&self.home),
            id: occurrence_id(&self.source.key, ordinal),
            ordinal,
            span: record.span,
            seen_at: now,
            wait_until: now + millis(rules.grace),
            weight,
            target: Target::New { progress, replaces: self.source.unfinished.take() },
        };
        feed.record(origin, Raw::Framed(record.body, record.digest))?;
        self.source.progress = progress;
        Ok(())
    }

    /// The end of the file as it is now: what is open there may be complete, may grow, or is unfinished. Packed
    /// data may be `cut` in the middle.
    fn end(&mut self, feed: &mut Feed, rules: &EndRules, cut: bool) -> Result<Turn, Stopped> {
        let age = time::between(self.stamp.modified(), time::now());
        let complete = self.framer.open_bytes().is_some_and(is_complete);
        if complete
            && (self.closed || age >= rules.idle_eof)
            && let Some(record) = self.framer.finish()
        {
            self.let_in(record, feed, rules)?;
        }
        let mut again = None;
        if self.framer.at_rest() && !cut {
            self.source.state = SourceState::Done;
            if let Some(id) = self.source.unfinished.take() {
                feed.direct(Entry::NothingOpen(Arc::clone(&self.home), id))?;
            }
        } else {
            self.source.state = SourceState::Waiting;
            if age >= rules.unfinished_after {
                self.unfinished(feed, rules)?;
            } else {
                let limit = if complete { rules.idle_eof } else { rules.unfinished_after };
                again = Some(limit.saturating_sub(age).max(Duration::from_millis(10)));
            }
        }
        self.source.progress.at = self.framer.checkpoint();
        self.settle(feed)?;
        Ok(Turn::End(again))
    }

    /// Records once that the source ended inside a record or an array.
    fn unfinished(&mut self, feed: &mut Feed, rules: &EndRules) -> Result<(), Stopped> {
        if self.source.unfinished.is_some() {
            return Ok(());
        }
        let at = self.framer.checkpoint().offset;
        let span = self.framer.open_span().unwrap_or(Span { start: at, end: at });
        let what = if span.start == span.end {
            "the array or the packed data has no end"
        } else {
            "the record has no end"
        };
        let detail = format!("{what}: nothing was added for {}", shown(rules.unfinished_after));
        let digest = Digest::of(self.framer.open_bytes().unwrap_or_default());
        let id =
            self.row(span, digest, Finding::new(Reason::Unfinished, detail), Target::Open, feed)?;
        self.source.unfinished = Some(id);
        Ok(())
    }

    /// Packed data that cannot be unpacked further is one broken record.
    fn damaged(&mut self, error: &io::Error, feed: &mut Feed) -> Result<Turn, Stopped> {
        let at = self.framer.checkpoint();
        let digest = intake::damaged_digest();
        let mut progress = self.source.progress;
        progress.advance(&digest, at);
        let target = Target::New { progress, replaces: self.source.unfinished.take() };
        let finding =
            Finding::new(Reason::Malformed, format!("the packed data is damaged here: {error}"));
        self.row(Span { start: at.offset, end: at.offset }, digest, finding, target, feed)?;
        self.source.progress = progress;
        self.source.state = SourceState::Done;
        self.settle(feed)?;
        Ok(Turn::End(None))
    }

    fn row(
        &mut self,
        span: Span,
        digest: Digest,
        finding: Finding,
        target: Target,
        feed: &mut Feed,
    ) -> Result<Digest, Stopped> {
        let now = time::now();
        let ordinal = self.source.progress.next_ordinal;
        let id = occurrence_id(&self.source.key, ordinal);
        let home = Arc::clone(&self.home);
        let origin =
            Origin { home, id, ordinal, span, seen_at: now, wait_until: now, weight: 0, target };
        let record = unusable(&origin, digest, finding, now);
        feed.direct(Entry::Verdict(Box::new(origin), Box::new(record)))?;
        Ok(id)
    }

    /// Remembers how the file looks at its end.
    pub(super) fn settle(&mut self, feed: &mut Feed) -> Result<(), Stopped> {
        let plain = self.source.packing == Packing::Plain;
        let solid = if plain { self.source.progress.at.offset } else { self.stamp.bytes };
        let prints =
            (intake::print_head(&self.file, solid), intake::print_before(&self.file, solid));
        match prints {
            (Ok(head), Ok(tail)) if self.is_whole() => {
                self.source.head = head;
                self.source.tail = tail;
                self.source.stamp = self.stamp;
            }
            _ => {
                // It was rewritten while it was read: a print that nothing matches begins a new generation.
                self.source.tail = Print { end: 0, length: 0, digest: Digest::of(b"rewritten") };
                self.source.state = SourceState::Reading;
                self.again = true;
            }
        }
        feed.direct(Entry::Update(Box::new(self.source.clone())))
    }

    /// Tells whether what was read in this turn is one state of the file: sure if nothing changed meanwhile,
    /// else read again.
    fn is_whole(&self) -> bool {
        let (source, stamp) = &self.began;
        *stamp == self.stamp
            || intake::stands(&source.progress, &self.source, &self.file, self.max_record_bytes)
                .unwrap_or(false)
    }

    /// Returns where the file was when it was opened.
    pub(super) fn path(&self) -> &PathBuf {
        &self.source.path
    }
}

fn is_complete(bytes: &[u8]) -> bool {
    !bytes.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

fn millis(duration: Duration) -> UnixMillis {
    UnixMillis::try_from(duration.as_millis()).unwrap_or(UnixMillis::MAX / 4)
}

fn shown(duration: Duration) -> String {
    crate::units::human(duration)
}
