//! Opening the database: pragmas first, then all migrations in one transaction; newer schemas are refused.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{StoreError, Synchronous};

/// `application_id` of the SQLite header: "GLNR".
const APPLICATION_ID: i64 = 0x474c_4e52;

/// The migrations, in order; the schema's number is their count.
const MIGRATIONS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that knows its file and turns errors into sentences.
pub(super) struct Database {
    /// The connection.
    pub connection: Connection,
    /// The file.
    pub path: PathBuf,
}

impl Database {
    /// Opens the database for writing; makes it if there is none; brings its schema up to date.
    pub(super) fn open_writable(path: &Path, synchronous: Synchronous) -> Result<Self, StoreError> {
        let mut database =
            Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        database.recognise(true)?;
        let synchronous = match synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        database.run("set the pragmas of", |connection| {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "cache_size", -16_384)?;
            connection.pragma_update(None, "journal_size_limit", 64 << 20)
        })?;
        database.migrate()?;
        Ok(database)
    }

    /// Opens an existing database for reading.
    pub(super) fn open_readable(path: &Path) -> Result<Self, StoreError> {
        if let Err(source) = path.metadata() {
            let path = path.to_owned();
            return Err(match source.kind() {
                io::ErrorKind::NotFound => StoreError::Absent { path },
                _ => StoreError::Unreachable { path, source },
            });
        }
        // A reader of a WAL database must be able to make its shared-memory file: read-only where it cannot.
        let database = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        database.recognise(false)?;
        database.run("set the pragmas of", |connection| {
            connection.pragma_update(None, "query_only", true)
        })?;
        Ok(database)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
        let database = Self { connection, path: path.to_owned() };
        database.run("set the pragmas of", |connection| {
            connection.set_prepared_statement_cache_capacity(64);
            // Members of the group may read, not make the -wal and -shm files: the last to close must leave them.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection.busy_timeout(BUSY_TIMEOUT)
        })?;
        Ok(database)
    }

    /// Tells a Gleaner database from other files by the application id.
    fn recognise(&self, may_be_new: bool) -> Result<(), StoreError> {
        let foreign = || StoreError::Foreign { path: self.path.clone() };
        let pragma =
            |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let application =
            pragma("application_id").map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => foreign(),
                _ => self.failed("read", error),
            })?;
        let version = pragma("user_version").map_err(|error| self.failed("read", error))?;
        let tables = self.run("read", |connection| {
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        })?;
        let new = application == 0 && version == 0 && tables == 0;
        if application != APPLICATION_ID && !(new && may_be_new) {
            return Err(foreign());
        }
        let known = MIGRATIONS.len() as i64;
        if version > known {
            return Err(StoreError::Newer { path: self.path.clone(), found: version, known });
        }
        Ok(())
    }

    /// Moves everything from the write-ahead log into the database file.
    pub(super) fn checkpoint(&self) -> Result<(), StoreError> {
        self.run("checkpoint", |connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let failed = |source| sentence(&path, "bring the schema up to date", source);
        let transaction = self.connection.transaction().map_err(failed)?;
        let version: usize = transaction
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(failed)?;
        if version == MIGRATIONS.len() {
            return Ok(());
        }
        for migration in &MIGRATIONS[version..] {
            transaction.execute_batch(migration).map_err(failed)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// Runs a statement; `action` completes "cannot ... the database".
    pub(super) fn run<T>(
        &self,
        action: &'static str,
        statement: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        statement(&self.connection).map_err(|source| self.failed(action, source))
    }

    /// Turns an error of SQLite into a sentence.
    pub(super) fn failed(&self, action: &'static str, source: rusqlite::Error) -> StoreError {
        sentence(&self.path, action, source)
    }

    /// Reports a stored value that cannot be.
    pub(super) fn nonsense(&self, what: impl Into<String>) -> StoreError {
        StoreError::Nonsense { path: self.path.clone(), what: what.into() }
    }
}

fn sentence(path: &Path, action: &'static str, source: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { path, source },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, source },
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path },
        _ => StoreError::Statement { path, action, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<Database, StoreError> {
        Database::open_writable(path, Synchronous::Full)
    }

    #[test]
    fn a_new_database_has_the_newest_schema_and_opens_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("g.db");
        for _ in 0..2 {
            let database = open(&path).expect("opened");
            let version: i64 = database
                .connection
                .pragma_query_value(None, "user_version", |row| row.get(0))
                .expect("read");
            assert_eq!(version, MIGRATIONS.len() as i64);
        }
        Database::open_readable(&path).expect("readable");
    }

    #[test]
    fn what_is_not_ours_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("g.db");
        assert!(matches!(Database::open_readable(&path), Err(StoreError::Absent { .. })));
        std::fs::write(&path, "not a database, but long enough to have a header").expect("written");
        assert!(matches!(open(&path), Err(StoreError::Foreign { .. })));
        std::fs::remove_file(&path).expect("removed");
        let other = Connection::open(&path).expect("made");
        other.execute_batch("CREATE TABLE mine (x)").expect("made");
        drop(other);
        assert!(matches!(open(&path), Err(StoreError::Foreign { .. })));
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("g.db");
        open(&path).expect("made").connection.pragma_update(None, "user_version", 99).expect("set");
        assert!(matches!(open(&path), Err(StoreError::Newer { found: 99, .. })));
        assert!(matches!(Database::open_readable(&path), Err(StoreError::Newer { found: 99, .. })));
    }

    #[test]
    fn a_failed_migration_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("g.db");
        let mut connection = Connection::open(&path).expect("made");
        let transaction = connection.transaction().expect("begun");
        let broken = format!("{}; CREATE TABLE source (x)", MIGRATIONS[0]);
        assert!(transaction.execute_batch(&broken).is_err());
        drop(transaction);
        drop(connection);
        open(&path).expect("still a new database");
    }

    #[test]
    fn an_older_database_is_brought_up_to_date() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("g.db");
        let old = Connection::open(&path).expect("made");
        old.execute_batch(MIGRATIONS[0]).expect("made");
        old.pragma_update(None, "application_id", APPLICATION_ID).expect("set");
        old.pragma_update(None, "user_version", 1).expect("set");
        old.execute_batch(
            "INSERT INTO source (id, key, name, origin, generation, path, device, inode, born, packing, phase, state,
                 bytes, modified_ns, offset, next_ordinal, chain, head_length, head_digest, tail_end, tail_length,
                 tail_digest, opened_at, updated_at)
             VALUES (1, 'k', 'n', 'o', 1, 'p', 1, 1, 1, '', 'lines', 'done', 1, 1, 1, 1, 'c', 1, 'h', 1, 1, 't', 1, 1);
             INSERT INTO occurrence (id, source, ordinal, span_start, span_end, digest, images, verdict, seq, seen_at,
                 decided_at)
             VALUES ('a', 1, 0, 0, 1, 'x', '[\"a.jpg\",\"b.jpg\",\"a.jpg\"]', 'kept', 1, 1, 1),
                    ('b', 1, 1, 1, 2, 'y', '[\"a.jpg\"]', 'kept', 2, 1, 1),
                    ('c', 1, 2, 2, 3, 'z', '[]', 'kept', 3, 1, 1);",
        )
        .expect("filled");
        drop(old);
        let database = open(&path).expect("brought up to date");
        let count = |name: &str| -> i64 {
            let sql = "SELECT count FROM image WHERE name = ?1";
            database.connection.query_row(sql, [name], |row| row.get(0)).expect("counted")
        };
        assert_eq!((count("a.jpg"), count("b.jpg")), (2, 1));
    }
}
