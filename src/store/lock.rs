//! The writer's lock: a file beside the database, locked by the kernel, that says who holds it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::StoreError;

/// `holder` takes the lock for a moment: a writer tries again so often, after so long.
const GLANCES: u32 = 5;
const GLANCE: Duration = Duration::from_millis(20);

/// Held as long as this process may write to the database; the kernel frees it when the process ends.
#[derive(Debug)]
pub struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// Another process holds it, or the lock file cannot be made.
    pub fn take(database: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Lock { path: database.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(lock_path(database))
            .map_err(failed)?;
        let mut locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        for _ in 0..GLANCES {
            if locked.is_ok() {
                break;
            }
            std::thread::sleep(GLANCE);
            locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        }
        if let Err(error) = locked {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(failed(error.into()));
            }
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(failed)?;
            let holder = match holder.trim() {
                "" => "which did not say its name".to_owned(),
                holder => holder.to_owned(),
            };
            return Err(StoreError::Locked { path: database.to_owned(), holder });
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "process {}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Returns the process that holds the lock of a database, if one does.
pub fn holder(database: &Path) -> Option<String> {
    let mut file = File::open(lock_path(database)).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).ok()?;
            Some(holder.trim().to_owned())
        }
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("g.db");
        let held = WriterLock::take(&database).expect("free");
        let refused = WriterLock::take(&database).expect_err("held");
        assert!(
            refused.to_string().contains(&format!("process {}", std::process::id())),
            "{refused}"
        );
        assert!(holder(&database).is_some());
        drop(held);
        assert_eq!(holder(&database), None);
        WriterLock::take(&database).expect("free again");
    }
}
