//! File system events: the only importer of `notify`. It tells what moved, not what it means.

use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RenameMode};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// Something that happened below a watched directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A file was written to, or appeared; `closed` if its writer is through with it.
    Changed {
        /// The file.
        path: PathBuf,
        /// Whether it was closed after writing, or moved to this place.
        closed: bool,
    },
    /// A directory appeared; files may have been in it before it was watched.
    Directory(PathBuf),
    /// Something was deleted or moved away.
    Removed(PathBuf),
    /// Events were lost, or the watcher has trouble: everything must be looked at again.
    Missed,
}

/// Why a directory cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// A limit of the kernel is reached.
    #[error(
        "the kernel's limit of inotify watches or instances is reached at `{path}`; raise it with \
         `sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024`"
    )]
    Limit {
        /// The directory.
        path: PathBuf,
    },
    /// Anything else.
    #[error("cannot watch `{path}`: {source}")]
    Other {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: notify::Error,
    },
}

/// Watches directories until it is dropped.
pub struct Watcher {
    inner: RecommendedWatcher,
}

impl Watcher {
    /// Starts a watcher that reports to `report`, on a thread of its own.
    ///
    /// # Errors
    /// The kernel gives no watcher.
    pub fn start(report: impl Fn(Happening) + Send + 'static) -> Result<Self, WatchError> {
        let handler = move |event: notify::Result<notify::Event>| match event {
            Ok(event) => translate(event, &report),
            Err(_) => report(Happening::Missed),
        };
        let inner =
            notify::recommended_watcher(handler).map_err(|error| explain(Path::new("/"), error))?;
        Ok(Self { inner })
    }

    /// Adds a directory with all below it.
    ///
    /// # Errors
    /// The directory cannot be watched, or not all below it.
    pub fn add(&mut self, directory: &Path) -> Result<(), WatchError> {
        self.inner
            .watch(directory, RecursiveMode::Recursive)
            .map_err(|error| explain(directory, error))
    }
}

fn explain(path: &Path, error: notify::Error) -> WatchError {
    let path = error.paths.first().map_or(path, PathBuf::as_path).to_owned();
    let full = |source: &std::io::Error| matches!(source.raw_os_error(), Some(ENOSPC | EMFILE));
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => WatchError::Limit { path },
        notify::ErrorKind::Io(source) if full(source) => WatchError::Limit { path },
        _ => WatchError::Other { path, source: error },
    }
}

/// `errno` of inotify_add_watch(2) at the limit of watches.
const ENOSPC: i32 = 28;
/// `errno` of inotify_init(2) at the limit of instances.
const EMFILE: i32 = 24;

fn translate(event: notify::Event, report: &impl Fn(Happening)) {
    if event.need_rescan() {
        report(Happening::Missed);
        return;
    }
    for (index, path) in event.paths.into_iter().enumerate() {
        let happening = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                Happening::Changed { path, closed: true }
            }
            EventKind::Create(CreateKind::Folder) => Happening::Directory(path),
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_)) => {
                Happening::Changed { path, closed: false }
            }
            EventKind::Modify(ModifyKind::Name(mode)) => match (mode, index) {
                (RenameMode::From, _) => Happening::Removed(path),
                // The pair of both names is reported besides each of them.
                (RenameMode::Both, _) => continue,
                _ if path.is_dir() => Happening::Directory(path),
                _ => Happening::Changed { path, closed: true },
            },
            EventKind::Remove(_) => Happening::Removed(path),
            _ => continue,
        };
        report(happening);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn what_happens_is_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let (sender, receiver) = mpsc::channel();
        let mut watcher =
            Watcher::start(move |happening| drop(sender.send(happening))).expect("started");
        watcher.add(&root).expect("watched");
        let await_one = |expected: Happening| {
            let mut seen = Vec::new();
            while let Ok(happening) = receiver.recv_timeout(Duration::from_secs(30)) {
                if happening == expected {
                    return;
                }
                seen.push(happening);
            }
            panic!("{expected:?} did not come: {seen:?}");
        };
        let file = root.join("a.json");
        fs::write(&file, "x").expect("written");
        await_one(Happening::Changed { path: file.clone(), closed: true });
        let moved = root.join("b.json");
        fs::rename(&file, &moved).expect("moved");
        await_one(Happening::Removed(file));
        await_one(Happening::Changed { path: moved.clone(), closed: true });
        fs::create_dir(root.join("sub")).expect("made");
        await_one(Happening::Directory(root.join("sub")));
        fs::remove_file(&moved).expect("removed");
        await_one(Happening::Removed(moved));
    }
}
