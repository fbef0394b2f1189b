//! What the pipeline asks of the database: sources, earlier contents, history and what waits.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, Row, params};

use super::StoreError;
use super::connection::Database;
use crate::digest::Digest;
use crate::scale::Score;
use crate::source::{
    Checkpoint, FileId, OccurrenceRow, Packing, Phase, Print, Progress, Source, SourceId,
    SourceState, Span, Stamp,
};
use crate::time::UnixMillis;
use crate::verdict::History;

/// A read-only connection for the pipeline.
pub struct Lookup {
    database: Database,
}

/// A pending occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub row: OccurrenceRow,
    /// Its id.
    pub id: Digest,
    /// The generation in which it was framed.
    pub source: SourceId,
    /// `source` of the watch entry.
    pub name: String,
    /// Its place there.
    pub ordinal: u64,
    /// Its bytes there.
    pub span: Span,
    /// Where the file is now.
    pub path: PathBuf,
    /// Names of its images.
    pub images: Vec<String>,
    /// When it was framed.
    pub seen_at: UnixMillis,
    /// Until when it waits.
    pub wait_until: UnixMillis,
}

/// The text of a pending occurrence, from which its sample is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The record's own id.
    pub sample_id: Option<String>,
    /// The kind.
    pub kind: String,
    /// LLaVA JSON.
    pub conversations: String,
    /// Other fields.
    pub extra: Option<String>,
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
        self.source("path = ?1 ORDER BY id DESC LIMIT 1", params![path.to_string_lossy()])
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
                .query_row(params![name, origin.to_string_lossy()], |row| row.get(0))
        })
    }

    fn source(
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

    /// Finds the occurrence with this content that reached a gate.
    ///
    /// # Errors
    /// The database fails.
    pub fn gated(&self, digest: &Digest) -> Result<Option<Digest>, StoreError> {
        let id: Option<String> = self.database.run("look a duplicate up", |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM occurrence WHERE digest = ?1 AND seq IS NOT NULL LIMIT 1",
                )?
                .query_row([digest.to_string()], |row| row.get(0))
                .optional()
        })?;
        id.map(|id| id.parse().map_err(|_| self.database.nonsense(format!("the id `{id}`"))))
            .transpose()
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

    /// Returns the scores of a group before a `seq`, oldest first, at most `window` of each.
    ///
    /// # Errors
    /// The database fails.
    pub fn history(
        &self,
        of: &HistoryOf<'_>,
        window: usize,
        before: u64,
    ) -> Result<History, StoreError> {
        let question = self.scores(of, Asked::Questions, window, before)?;
        let answers = self.scores(of, Asked::Answers, window, before)?;
        Ok(History { questions: question, answers })
    }

    fn scores(
        &self,
        of: &HistoryOf<'_>,
        asked: Asked,
        window: usize,
        before: u64,
    ) -> Result<Vec<Score>, StoreError> {
        let group = match of.grouping {
            Grouping::Kind => "o.kind = ?4",
            Grouping::Source => "o.source IN (SELECT id FROM source WHERE name = ?4)",
            Grouping::None => "?4 = ''",
        };
        let (column, model, passed, digest) = match asked {
            Asked::Questions => ("question", "question", "", of.question_model),
            Asked::Answers => ("answer", "answer", "AND o.passed_question = 1", of.answer_model),
        };
        let sql = format!(
            "SELECT o.{column} FROM occurrence o
             WHERE {group} AND o.seq < ?1 AND o.{column} IS NOT NULL {passed}
               AND o.scorers IN (SELECT c.id FROM scorers c JOIN model m ON m.id = c.{model} WHERE m.digest = ?2)
             ORDER BY o.seq DESC LIMIT ?3"
        );
        let steps: Vec<u16> = self.database.run("read the history", |connection| {
            let limit = i64::try_from(window).unwrap_or(i64::MAX);
            connection
                .prepare_cached(&sql)?
                .query_map(params![before, digest.to_string(), limit, of.group], |row| row.get(0))?
                .collect()
        })?;
        Ok(steps.into_iter().rev().filter_map(Score::from_steps).collect())
    }

    /// Lists pending occurrences after a row, in order, at most `limit`.
    ///
    /// # Errors
    /// The database fails.
    pub fn waiting(&self, after: OccurrenceRow, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        let rows: Vec<Option<Waiting>> = self.database.run("read what is pending", |connection| {
            connection
                .prepare_cached(
                    "SELECT o.row, o.id, o.source, s.name, o.ordinal, o.span_start, o.span_end, s.path, o.images,
                         o.seen_at, o.wait_until
                     FROM occurrence o JOIN source s ON s.id = o.source
                     WHERE o.verdict = 'pending' AND o.row > ?1 ORDER BY o.row LIMIT ?2",
                )?
                .query_map(params![after.0, limit as i64], |row| waiting_of(row))?
                .collect()
        })?;
        rows.into_iter()
            .map(|waiting| {
                waiting
                    .ok_or_else(|| self.database.nonsense("a pending occurrence with a broken id"))
            })
            .collect()
    }

    /// Returns the text of a pending occurrence.
    ///
    /// # Errors
    /// The database fails, or the text is not there.
    pub fn held(&self, row: OccurrenceRow) -> Result<Held, StoreError> {
        self.database.run("read a pending sample", |connection| {
            connection
                .prepare_cached(
                    "SELECT o.sample_id, o.kind, c.conversations, c.extra
                     FROM occurrence o JOIN content c ON c.row = o.row WHERE o.row = ?1",
                )?
                .query_row([row.0], |row| {
                    Ok(Held {
                        sample_id: row.get(0)?,
                        kind: row.get(1)?,
                        conversations: row.get(2)?,
                        extra: row.get(3)?,
                    })
                })
        })
    }

    /// Tells whether a source has pending occurrences.
    ///
    /// # Errors
    /// The database fails.
    pub fn has_pending(&self, source: SourceId) -> Result<bool, StoreError> {
        self.database.run("read what is pending", |connection| {
            connection
                .prepare_cached("SELECT pending > 0 FROM source WHERE id = ?1")?
                .query_row([source.0], |row| row.get(0))
        })
    }
}

/// By which column samples compete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// The kind.
    Kind,
    /// The name of the source.
    Source,
    /// All together.
    None,
}

/// Whose history is asked for.
#[derive(Debug, Clone, Copy)]
pub struct HistoryOf<'a> {
    /// By which column samples compete.
    pub grouping: Grouping,
    /// The group's name.
    pub group: &'a str,
    /// The question model in use.
    pub question_model: Digest,
    /// The answer model in use.
    pub answer_model: Digest,
}

#[derive(Clone, Copy)]
enum Asked {
    Questions,
    Answers,
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
        origin: text(3)?.into(),
        generation: row.get(4)?,
        path: text(5)?.into(),
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

fn waiting_of(row: &Row<'_>) -> rusqlite::Result<Option<Waiting>> {
    let id: String = row.get(1)?;
    let images: Option<String> = row.get(8)?;
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(Some(Waiting {
        row: OccurrenceRow(row.get(0)?),
        id,
        source: SourceId(row.get(2)?),
        name: row.get(3)?,
        ordinal: row.get(4)?,
        span: Span { start: row.get(5)?, end: row.get(6)? },
        path: row.get::<_, String>(7)?.into(),
        images: images.and_then(|images| serde_json::from_str(&images).ok()).unwrap_or_default(),
        seen_at: row.get(9)?,
        wait_until: row.get(10)?,
    }))
}
