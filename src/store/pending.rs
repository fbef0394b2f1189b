//! Occurrences that wait: for the pipeline to let in again.

use std::path::PathBuf;

use rusqlite::{Row, params};

use super::StoreError;
use super::lookup::Lookup;
use crate::digest::Digest;
use crate::source::{OccurrenceRow, SourceId, Span, path_of_text};
use crate::time::UnixMillis;

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
    /// References of its images.
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
    /// Names of its images.
    pub images: Vec<String>,
    /// LLaVA JSON.
    pub conversations: String,
    /// Other fields.
    pub extra: Option<String>,
}

impl Lookup {
    /// Returns how many occurrences are pending.
    ///
    /// # Errors
    /// The database fails.
    pub fn pending_count(&self) -> Result<i64, StoreError> {
        self.database.run("read what is pending", |connection| {
            connection.query_row(
                "SELECT count(*) FROM occurrence WHERE verdict = 'pending'",
                [],
                |row| row.get(0),
            )
        })
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
                .query_map(params![after.0, limit as i64], waiting_of)?
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
                    "SELECT o.sample_id, o.kind, c.conversations, c.extra, coalesce(c.images, o.images)
                     FROM occurrence o JOIN content c ON c.row = o.row WHERE o.row = ?1",
                )?
                .query_row([row.0], |row| {
                    Ok(Held {
                        sample_id: row.get(0)?,
                        kind: row.get(1)?,
                        conversations: row.get(2)?,
                        extra: row.get(3)?,
                        images: names(row.get(4)?),
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
        path: path_of_text(&row.get::<_, String>(7)?),
        images: names(images),
        seen_at: row.get(9)?,
        wait_until: row.get(10)?,
    }))
}

fn names(json: Option<String>) -> Vec<String> {
    json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}
