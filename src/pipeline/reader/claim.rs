//! What a file is to the sources that are known: one of them, grown or moved; a new generation; or new.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tracing::info;

use super::agenda::Due;
use super::reading::Reading;
use super::{Halt, Reader};
use crate::intake::{self, Change};
use crate::pipeline::work::Entry;
use crate::source::{
    FileId, Packing, Print, Progress, Source, SourceId, SourceState, Stamp, generation_key,
};

/// Room for the magic number of packed data.
const MAGIC_BYTES: usize = 4;

impl Reader {
    /// Tells cheaply whether a file may hold something that was not read.
    pub(super) fn is_news(&mut self, path: &Path) -> Result<bool, Halt> {
        let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(false) };
        let (file, stamp) = (intake::file_id(&metadata), intake::stamp(&metadata));
        let known = self.known_file(file)?;
        Ok(known.is_none_or(|source| {
            let settled = match source.state {
                SourceState::Done => true,
                SourceState::Waiting => source.unfinished.is_some(),
                _ => false,
            };
            source.stamp != stamp || source.path != path || !settled
        }))
    }

    /// Opens a file if there is something to read in it.
    pub(super) fn claim(&mut self, path: &Path, due: Due) -> Result<Option<Reading>, Halt> {
        match self.try_claim(path, due)? {
            Ok(reading) => Ok(reading),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.gone(path)?;
                Ok(None)
            }
            Err(error) => {
                self.complain(path, &error);
                Ok(None)
            }
        }
    }

    fn try_claim(&mut self, path: &Path, due: Due) -> Result<io::Result<Option<Reading>>, Halt> {
        let opened = match open_regular(path) {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        let (file, id, stamp) = opened;
        let by_file = self.known_file(id)?;
        let by_path = self.known_path(path)?;
        if self.is_open(by_file.as_ref(), by_path.as_ref()) {
            self.agenda
                .note(path, Due { at: std::time::Instant::now() + self.settings.settle, ..due });
            return Ok(Ok(None));
        }
        let Some(source) = by_file else {
            return self.begin(path, due, file, by_path, (id, stamp));
        };
        let change = match self.change(&source, &file, stamp) {
            Ok(change) => change,
            Err(error) => return Ok(Err(error)),
        };
        match change {
            Change::Rewritten => {
                let previous = by_path.or_else(|| (source.path == path).then_some(source));
                self.begin(path, due, file, previous, (id, stamp))
            }
            Change::None if source.state == SourceState::Done => {
                self.moved(source, path, due)?;
                Ok(Ok(None))
            }
            _ => Ok(self.resume(source, path, file)),
        }
    }

    /// Says what happened to the content; reads it again where only that can tell.
    fn change(&self, source: &Source, file: &File, stamp: Stamp) -> io::Result<Change> {
        match intake::compare(source, file, stamp)? {
            Change::Unclear
                if intake::still_stands(source, file, self.settings.max_record_bytes)? =>
            {
                Ok(Change::Grown)
            }
            Change::Unclear => Ok(Change::Rewritten),
            change => Ok(change),
        }
    }

    fn resume(&self, mut source: Source, path: &Path, file: File) -> io::Result<Option<Reading>> {
        source.path = path.to_owned();
        if source.progress == Progress::start() {
            // An empty file does not show yet how it is packed.
            source.packing = packing_of(&file)?;
        }
        Reading::open(source, file, self.settings.max_record_bytes).map(Some)
    }

    /// A finished file under another name is the same source.
    fn moved(&mut self, mut source: Source, path: &Path, due: Due) -> Result<(), Halt> {
        if self.retires(due.watch) {
            self.retiring
                .note(path, Due { at: std::time::Instant::now() + self.settings.idle_eof, ..due });
        }
        if source.path != path {
            info!(from = %source.path.display(), to = %path.display(), "source moved");
            source.path = path.to_owned();
            self.feed.direct(Entry::Update(Box::new(source)))?;
        }
        Ok(())
    }

    /// Begins a new generation at a path.
    fn begin(
        &mut self,
        path: &Path,
        due: Due,
        file: File,
        previous: Option<Source>,
        (id, stamp): (FileId, Stamp),
    ) -> Result<io::Result<Option<Reading>>, Halt> {
        let watched = &self.watched[due.watch];
        if !self.selects(due.watch, path) && !self.is_rotated(due.watch, path) {
            return Ok(Ok(None));
        }
        let packing = match packing_of(&file) {
            Ok(packing) => packing,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(previous) = &previous
            && previous.progress.next_ordinal == 0
            && previous.unfinished.is_none()
        {
            // Nothing was read of it: the same generation, in the file that stands there now.
            let empty = Source { file: id, packing, stamp, ..blank(previous.clone()) };
            return Ok(self.resume(empty, path, file));
        }
        let name = watched.name.clone();
        let origin: PathBuf = path.strip_prefix(&watched.root).unwrap_or(path).to_owned();
        if let Some(previous) = &previous {
            // Its records must all be in the database before they can be carried over.
            if self.feed.is_under_way(previous.id) {
                self.feed.wait_idle()?;
                self.feed.forget_committed();
            }
            let replaced = Source { state: SourceState::Replaced, ..previous.clone() };
            self.feed.direct(Entry::Update(Box::new(replaced)))?;
        }
        let generation = self.next_generation(&name, &origin)?;
        self.last_source = SourceId(self.last_source.0 + 1);
        let source = Source {
            id: self.last_source,
            key: generation_key(
                &name,
                std::os::unix::ffi::OsStrExt::as_bytes(origin.as_os_str()),
                generation,
            ),
            name,
            origin,
            generation,
            path: path.to_owned(),
            previous: previous.map(|previous| previous.id),
            file: id,
            packing,
            stamp,
            progress: Progress::start(),
            head: Print::empty(),
            tail: Print::empty(),
            state: SourceState::Reading,
            unfinished: None,
        };
        info!(path = %path.display(), generation, "source claimed");
        self.feed.direct(Entry::Open(Box::new(source.clone())))?;
        Ok(self.resume(source, path, file))
    }

    /// Tells whether a file is a selected one after its rotation: `a.jsonl.1`, `a.json-20260131`.
    fn is_rotated(&self, watch: usize, path: &Path) -> bool {
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let numbered = |letter: char| letter.is_ascii_digit() || ".-_".contains(letter);
        let base = name.trim_end_matches(numbered);
        let suffix = &name[base.len()..];
        suffix.contains(|letter: char| letter.is_ascii_digit())
            && self.selects(watch, &path.with_file_name(base))
    }

    fn next_generation(&self, name: &str, origin: &Path) -> Result<u64, Halt> {
        let stored = self.lookup.last_generation(name, origin)?;
        Ok(self.feed.last_generation(name, origin).max(stored) + 1)
    }

    pub(super) fn known_file(&self, file: FileId) -> Result<Option<Source>, Halt> {
        let stored = self.lookup.source_by_file(file)?;
        Ok(self.newest(self.feed.source_by_file(file), stored, |source| source.file == file))
    }

    fn known_path(&self, path: &Path) -> Result<Option<Source>, Halt> {
        let stored = self.lookup.source_by_path(path)?;
        Ok(self.newest(self.feed.source_by_path(path), stored, |source| source.path == path))
    }

    /// Of what is stored and what is on its way there, the newest that still fits.
    fn newest(
        &self,
        under_way: Option<&Source>,
        stored: Option<Source>,
        fits: impl Fn(&Source) -> bool,
    ) -> Option<Source> {
        let stored = stored.and_then(|stored| match self.feed.source(stored.id) {
            Some(newer) => fits(newer).then(|| newer.clone()),
            None => Some(stored),
        });
        [under_way.cloned(), stored].into_iter().flatten().max_by_key(|source| source.id)
    }

    /// Tells whether a source is being read; then something happened to it meanwhile.
    fn is_open(&mut self, by_file: Option<&Source>, by_path: Option<&Source>) -> bool {
        let ids = [by_file.map(|source| source.id), by_path.map(|source| source.id)];
        self.open.iter_mut().any(|reading| {
            let open = ids.contains(&Some(reading.source.id));
            reading.again |= open;
            open
        })
    }

    /// A path at which no file stands any more.
    fn gone(&mut self, path: &Path) -> Result<(), Halt> {
        let Some(source) = self.known_path(path)? else { return Ok(()) };
        let open = self.open.iter().any(|reading| reading.source.id == source.id);
        if open || matches!(source.state, SourceState::Replaced | SourceState::Gone) {
            return Ok(());
        }
        let gone = Source { state: SourceState::Gone, ..source };
        self.feed.direct(Entry::Update(Box::new(gone)))?;
        Ok(())
    }
}

fn blank(source: Source) -> Source {
    Source {
        progress: Progress::start(),
        head: Print::empty(),
        tail: Print::empty(),
        state: SourceState::Reading,
        ..source
    }
}

/// Opens a regular file; `None` for anything else, such as a pipe, which must not even be opened.
fn open_regular(path: &Path) -> io::Result<Option<(File, FileId, Stamp)>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let (id, stamp) = (intake::file_id(&metadata), intake::stamp(&metadata));
    Ok(metadata.is_file().then_some((file, id, stamp)))
}

fn packing_of(file: &File) -> io::Result<Packing> {
    let mut magic = [0; MAGIC_BYTES];
    let read = std::os::unix::fs::FileExt::read_at(file, &mut magic, 0)?;
    Ok(Packing::of(&magic[..read]))
}
