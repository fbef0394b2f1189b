//! What the pipeline asks of the database: sources, and contents that came earlier.

use std::path::Path;

use rusqlite::{OptionalExtension, Row, params};

use super::StoreError;
use super::connection::Database;
use crate::digest::Digest;
use crate::source::{
    Checkpoint, FileId, Packing, Phase, Print, Progress, Source, SourceId, SourceState, Stamp,
    path_of_text, path_text,
};

/// A read-only connection for the pipeline.
pub struct Lookup {
    pub(super) database: Database,
}

const SOURCE_COLUMNS: &str = "id, key, name, origin, generation, path, previous, device, inode, born, packing, phase,
    state, bytes, modified_ns, offset, next_ordinal, chain, head_length, head_digest, tail_end, tail_length,
    tail_digest, unfinished";

impl Lookup {
    /// Opens an existing database for reading.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open_readable(path)? })
    }

    /// Runs several reads on one snapshot, whatever is written meanwhile.
    ///
    /// # Errors
    /// The database fails, or what `reads` returns.
    pub fn in_snapshot<T, E: From<StoreError>>(
        &self,
        reads: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.run("begin a snapshot", |connection| connection.execute_batch("BEGIN"))?;
        let read = reads();
        self.database.run("end a snapshot", |connection| connection.execute_batch("COMMIT"))?;
        read
    }

    /// Reports something stored that makes no sense.
    pub fn nonsense(&self, what: impl Into<String>) -> StoreError {
        self.database.nonsense(what)
    }

    /// Finds the newest generation of a file by its identity, wherever the file is now.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_by_file(&self, file: FileId) -> Result<Option<Source>, StoreError> {
        self.source(
            "device = ?1 AND inode = ?2 AND born = ?3 ORDER BY id DESC LIMIT 1",
            params![file.device as i64, file.inode as i64, file.born],
        )
    }

    /// Finds the newest generation that stands, or stood last, at a path.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_by_path(&self, path: &Path) -> Result<Option<Source>, StoreError> {
        self.source("path = ?1 ORDER BY id DESC LIMIT 1", params![path_text(path)])
    }

    /// Returns the highest source id, 0 if there is none.
    ///
    /// # Errors
    /// The database fails.
    pub fn last_source(&self) -> Result<SourceId, StoreError> {
        self.database.run("read the sources", |connection| {
            connection
                .query_row("SELECT coalesce(max(id), 0) FROM source", [], |row| row.get(0))
                .map(SourceId)
        })
    }

    /// Returns the highest generation that began at a path below a watched directory, 0 if none did.
    ///
    /// # Errors
    /// The database fails.
    pub fn last_generation(&self, name: &str, origin: &Path) -> Result<u64, StoreError> {
        self.database.run("read the sources", |connection| {
            connection
                .prepare_cached("SELECT coalesce(max(generation), 0) FROM source WHERE name = ?1 AND origin = ?2")?
                .query_row(params![name, path_text(origin)], |row| row.get(0))
        })
    }

    pub(super) fn source(
        &self,
        condition: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Option<Source>, StoreError> {
        let found = self.database.run("read the sources", |connection| {
            connection
                .prepare_cached(&format!("SELECT {SOURCE_COLUMNS} FROM source WHERE {condition}"))?
                .query_row(values, |row| Ok(source_of(row)))
                .optional()
        })?;
        match found {
            None => Ok(None),
            Some(Ok(Some(source))) => Ok(Some(source)),
            Some(Ok(None)) => Err(self.database.nonsense("a source with unknown names or digests")),
            Some(Err(error)) => Err(self.database.failed("read the sources", error)),
        }
    }

    /// Returns how many records of `previous` with this content have not been found again in `source`.
    ///
    /// # Errors
    /// The database fails.
    pub fn carriable(
        &self,
        previous: SourceId,
        source: SourceId,
        digest: &Digest,
    ) -> Result<i64, StoreError> {
        self.database.run("look a carried record up", |connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM occurrence WHERE digest = ?3 AND source = ?1)
                          + coalesce((SELECT count FROM carried WHERE source = ?1 AND digest = ?3), 0)
                          - coalesce((SELECT count FROM carried WHERE source = ?2 AND digest = ?3), 0)",
                )?
                .query_row(params![previous.0, source.0, digest.to_string()], |row| row.get(0))
        })
    }

    /// Returns the highest `seq`, 0 if there is none.
    ///
    /// # Errors
    /// The database fails.
    pub fn last_seq(&self) -> Result<u64, StoreError> {
        self.database.run("read the last seq", |connection| {
            connection
                .query_row("SELECT coalesce(max(seq), 0) FROM occurrence", [], |row| row.get(0))
        })
    }
}

fn source_of(row: &Row<'_>) -> rusqlite::Result<Option<Source>> {
    let text = |column: usize| row.get::<_, String>(column);
    let digest = |column: usize| Ok::<Option<Digest>, rusqlite::Error>(text(column)?.parse().ok());
    let (Some(key), Some(chain), Some(head), Some(tail)) =
        (digest(1)?, digest(17)?, digest(19)?, digest(22)?)
    else {
        return Ok(None);
    };
    let (Some(packing), Some(phase), Some(state)) = (
        Packing::from_suffix(&text(10)?),
        Phase::from_name(&text(11)?),
        SourceState::from_name(&text(12)?),
    ) else {
        return Ok(None);
    };
    let head_length = row.get(18)?;
    Ok(Some(Source {
        id: SourceId(row.get(0)?),
        key,
        name: text(2)?,
        origin: path_of_text(&text(3)?),
        generation: row.get(4)?,
        path: path_of_text(&text(5)?),
        previous: row.get::<_, Option<i64>>(6)?.map(SourceId),
        file: FileId {
            device: row.get::<_, i64>(7)? as u64,
            inode: row.get::<_, i64>(8)? as u64,
            born: row.get(9)?,
        },
        packing,
        stamp: Stamp { bytes: row.get(13)?, modified_ns: row.get(14)? },
        progress: Progress {
            at: Checkpoint { offset: row.get(15)?, phase },
            next_ordinal: row.get(16)?,
            chain,
        },
        head: Print { end: head_length, length: head_length, digest: head },
        tail: Print { end: row.get(20)?, length: row.get(21)?, digest: tail },
        state,
        unfinished: row.get::<_, Option<String>>(23)?.and_then(|id| id.parse().ok()),
    }))
}
