//! `on_done`: what becomes of a file when every record of it has its final verdict, never before.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing::{error, info};

use super::agenda::Due;
use super::{Halt, Reader};
use crate::fault;
use crate::intake::{self, OnDone};
use crate::pipeline::work::Entry;
use crate::source::{Source, SourceState};
use crate::time;

/// Time until a file that is not yet finished is looked at again.
const LATER: Duration = Duration::from_secs(1);

impl Reader {
    /// Moves or deletes the files that are due and finished.
    pub(super) fn retire_due(&mut self) -> Result<(), Halt> {
        while let Some((path, due)) = self.retiring.take(Instant::now()) {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let Some(source) = self.finished(&path, &metadata)? else { continue };
            let idle =
                time::between(source.stamp.modified(), time::now()) >= self.settings.idle_eof;
            let busy =
                self.feed.is_under_way(source.id) || !idle || self.lookup.has_pending(source.id)?;
            if busy {
                self.retiring.note(&path, Due { at: Instant::now() + LATER, ..due });
                continue;
            }
            let watched = &self.watched[due.watch];
            fault::point("retire");
            match retire(&path, &watched.root, &watched.on_done) {
                Ok(()) => {
                    fault::point("retired");
                    info!(path = %path.display(), records = source.progress.next_ordinal, "source finished");
                    let gone = Source { state: SourceState::Gone, ..source };
                    self.feed.direct(Entry::Update(Box::new(gone)))?;
                }
                Err(cause) => {
                    error!(path = %path.display(), error = %cause, "cannot move or delete a finished source");
                    self.retiring
                        .note(&path, Due { at: Instant::now() + self.settings.rescan, ..due });
                }
            }
        }
        Ok(())
    }

    /// Returns the source of a file that is read to its end as it stands now.
    fn finished(&self, path: &Path, metadata: &fs::Metadata) -> Result<Option<Source>, Halt> {
        let known = self.known_file(intake::file_id(metadata))?;
        Ok(known.filter(|source| {
            source.state == SourceState::Done
                && source.path == path
                && source.stamp == intake::stamp(metadata)
        }))
    }
}

fn retire(path: &Path, root: &Path, on_done: &OnDone) -> io::Result<()> {
    match on_done {
        OnDone::Keep => Ok(()),
        OnDone::Delete => fs::remove_file(path),
        OnDone::Move(directory) => {
            let relative = path.strip_prefix(root).unwrap_or(path);
            let target = free_name(&directory.join(relative));
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)?;
            }
            match fs::rename(path, &target) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    copy_over(path, &target)
                }
                renamed => renamed,
            }
        }
    }
}

/// Copies to another file system; the original goes only when the copy is safe on disk.
fn copy_over(path: &Path, target: &Path) -> io::Result<()> {
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::copy(path, &partial)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, target)?;
    fs::remove_file(path)
}

fn free_name(wanted: &Path) -> PathBuf {
    let numbered = |number: u32| {
        let mut name = wanted.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    if !wanted.exists() {
        return wanted.to_owned();
    }
    (1..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| wanted.to_owned())
}
