//! The one writer: collects what belongs together and commits it in one transaction.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::batch::Batch;
use super::columns::{Deciding, STANDING, STANDING_MARKS, judged, standing};
use super::connection::Database;
use super::{Content, ModelRow, Record, StoreError, StoreSettings, TextKept, WriterLock};
use crate::digest::Digest;
use crate::fault;
use crate::sample::image_reference;
use crate::source::{OccurrenceRow, Progress, Source, SourceId, path_text};
use crate::time::UnixMillis;
use crate::verdict::Verdict;

/// Holds the lock and the write connection.
pub struct Writer {
    database: Database,
    text: TextKept,
    batch: Batch,
    deciding: Deciding,
    open: bool,
    _lock: WriterLock,
}

impl Writer {
    /// Takes the lock, opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// Another writer holds the lock, or the file cannot be used.
    pub fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let path = settings.path.as_path();
        let lock = WriterLock::take(path)?;
        let database = Database::open_writable(path, settings.synchronous)?;
        Ok(Self {
            database,
            text: settings.text,
            batch: Batch::default(),
            deciding: Deciding::default(),
            open: false,
            _lock: lock,
        })
    }

    /// Returns the file of the database.
    pub fn path(&self) -> &Path {
        &self.database.path
    }

    /// Names the policy and the models (question, answer, style) that decide from here on; stores them if
    /// they are new.
    ///
    /// # Errors
    /// The database fails.
    pub fn adopt(
        &mut self,
        policy: (&Digest, &str),
        models: &[ModelRow; 3],
        compute: &str,
    ) -> Result<(), StoreError> {
        let (digest, settings) = (policy.0.to_string(), policy.1);
        let row = self.database.run("store the policy", |connection| {
            connection.execute(
                "INSERT INTO policy (digest, settings) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![digest, settings],
            )?;
            connection
                .query_row("SELECT id FROM policy WHERE digest = ?1", [&digest], |row| row.get(0))
        })?;
        let [question, answer, style] =
            [self.model(&models[0])?, self.model(&models[1])?, self.model(&models[2])?];
        let scorers = self.database.run("store the models", |connection| {
            let values = params![question, answer, style, compute];
            connection.execute(
                "INSERT INTO scorers (question, answer, style, compute) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                values,
            )?;
            connection.query_row(
                "SELECT id FROM scorers WHERE question = ?1 AND answer = ?2 AND style = ?3 AND compute = ?4",
                values,
                |row| row.get(0),
            )
        })?;
        self.deciding = Deciding { policy: Some(row), scorers: Some(scorers) };
        Ok(())
    }

    fn model(&mut self, model: &ModelRow) -> Result<i64, StoreError> {
        let quantiles = serde_json::to_string(&model.quantiles).expect("quantiles are JSON");
        self.database.run("store the models", |connection| {
            connection.execute(
                "INSERT INTO model (digest, role, name, version, quantiles) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
                params![model.digest.to_string(), model.role, model.name, model.version, quantiles],
            )?;
            connection
                .query_row("SELECT id FROM model WHERE digest = ?1", [model.digest.to_string()], |row| row.get(0))
        })
    }

    /// Stores a new generation.
    ///
    /// # Errors
    /// The database fails.
    pub fn open_source(&mut self, source: &Source, now: UnixMillis) -> Result<(), StoreError> {
        self.begin()?;
        let mut values = vec![
            Value::Integer(source.id.0),
            Value::Text(source.key.to_string()),
            Value::Text(source.name.clone()),
            Value::Text(path_text(&source.origin)),
            Value::Integer(i64::try_from(source.generation).unwrap_or(i64::MAX)),
            source.previous.map_or(Value::Null, |id| Value::Integer(id.0)),
            Value::Integer(now),
        ];
        values.extend(standing(source, now));
        let sql = format!(
            "INSERT INTO source (id, key, name, origin, generation, previous, opened_at, {STANDING})
             VALUES (?, ?, ?, ?, ?, ?, ?, {STANDING_MARKS})"
        );
        self.database.run("store a source", |connection| {
            connection.prepare_cached(&sql)?.execute(params_from_iter(values)).map(drop)
        })?;
        if let Some(previous) = source.previous {
            self.forget_carried_before(previous)?;
        }
        Ok(())
    }

    /// Only the previous generation's carried records are ever looked up again.
    fn forget_carried_before(&self, source: SourceId) -> Result<(), StoreError> {
        self.database.run("store a source", |connection| {
            connection
                .prepare_cached("DELETE FROM carried WHERE source = (SELECT previous FROM source WHERE id = ?1)")?
                .execute([source.0])
                .map(drop)
        })
    }

    /// Stores all that may change of a generation, in the place of what is stored of it.
    pub fn update_source(&mut self, source: Source) {
        self.batch.update(source);
    }

    /// Stores how far a generation is decided, together with the record that was decided last.
    pub fn advance(&mut self, source: SourceId, progress: Progress) {
        self.batch.advance(source, progress);
    }

    /// Counts one record that was carried over from the generation before.
    ///
    /// # Errors
    /// The database fails.
    pub fn carry(&mut self, source: SourceId, digest: &Digest) -> Result<(), StoreError> {
        self.begin()?;
        self.batch.count_carried(source);
        self.database.run("count a carried record", |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO carried (source, digest, count) VALUES (?1, ?2, 1)
                     ON CONFLICT DO UPDATE SET count = count + 1",
                )?
                .execute(params![source.0, digest.to_string()])
                .map(drop)
        })
    }

    /// Stores a new occurrence, or the verdict of one that was open at the end of its source. Returns whether it
    /// took the place of one.
    ///
    /// # Errors
    /// The database fails; for one, because the id is there already: a record is never counted twice.
    pub fn insert(
        &mut self,
        name: &str,
        record: &Record,
        replaces: Option<&Digest>,
    ) -> Result<bool, StoreError> {
        self.begin()?;
        let replaced = match replaces {
            Some(id) => self.remove_unfinished(name, id, record.source)?,
            None => false,
        };
        let row = self.database.run("store an occurrence", |connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO occurrence (id, source, ordinal, span_start, span_end, seen_at, sample_id, digest, kind,
                     images, verdict, reason, detail, duplicate_of, decided_at, wait_until, seq, question, answer,
                     style, truncated, chosen, passed_question, question_cut, answer_cut, style_cut, margin,
                     question_needed, answer_needed, would, policy, scorers)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                     ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)",
            )?;
            let place = params![
                record.id.to_string(),
                record.source.0,
                record.ordinal,
                record.span.start,
                record.span.end,
                record.seen_at,
            ];
            for (index, value) in place.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, value)?;
            }
            for (index, value) in judged(record, &self.deciding).iter().enumerate() {
                statement.raw_bind_parameter(place.len() + index + 1, value)?;
            }
            statement.raw_execute()?;
            Ok(connection.last_insert_rowid())
        })?;
        self.batch.count(name, record, 1);
        self.write_content(row, record)?;
        self.write_marks(row, record)?;
        Ok(replaced)
    }

    /// Stores an occurrence for what is open at the end of its source, which stays where it is.
    ///
    /// # Errors
    /// The database fails.
    pub fn insert_open(&mut self, name: &str, record: &Record) -> Result<bool, StoreError> {
        let replaced = self.insert(name, record, Some(&record.id))?;
        self.batch.leave_open(record.source, record.id);
        Ok(replaced)
    }

    /// Gives a pending occurrence its final verdict.
    ///
    /// # Errors
    /// The database fails.
    pub fn settle(
        &mut self,
        name: &str,
        row: OccurrenceRow,
        record: &Record,
    ) -> Result<(), StoreError> {
        self.begin()?;
        let changed = self.database.run("settle an occurrence", |connection| {
            let mut values: Vec<Value> = judged(record, &self.deciding);
            values.push(Value::Integer(row.0));
            connection
                .prepare_cached(
                    "UPDATE occurrence SET sample_id = ?1, digest = ?2, kind = ?3, images = ?4, verdict = ?5,
                         reason = ?6, detail = ?7, duplicate_of = ?8, decided_at = ?9, wait_until = ?10, seq = ?11,
                         question = ?12, answer = ?13, style = ?14, truncated = ?15, chosen = ?16,
                         passed_question = ?17, question_cut = ?18, answer_cut = ?19, style_cut = ?20,
                         margin = ?21, question_needed = ?22, answer_needed = ?23, would = ?24, policy = ?25,
                         scorers = ?26
                     WHERE row = ?27 AND verdict = 'pending'",
                )?
                .execute(params_from_iter(values))
        })?;
        if changed != 1 {
            return Err(self.database.nonsense(format!("occurrence {} is not pending", record.id)));
        }
        self.batch.count_as(name, record, Verdict::Pending, -1);
        self.batch.count(name, record, 1);
        self.write_content(row.0, record)?;
        self.write_marks(row.0, record)
    }

    /// Stores what later samples are compared with: the signature, and the use of the images.
    fn write_marks(&self, row: i64, record: &Record) -> Result<(), StoreError> {
        let Some(gated) = &record.gated else { return Ok(()) };
        let images: BTreeSet<_> = record.images.iter().map(|name| image_reference(name)).collect();
        self.database.run("store a signature", |connection| {
            if let Some(signature) = &gated.signature {
                connection
                    .prepare_cached("INSERT INTO signature (row, bytes) VALUES (?1, ?2)")?
                    .execute(params![row, signature.to_bytes()])?;
            }
            let mut count = connection.prepare_cached(
                "INSERT INTO image (name, count) VALUES (?1, 1) ON CONFLICT DO UPDATE SET count = count + 1",
            )?;
            images.into_iter().try_for_each(|name| count.execute([&name]).map(drop))
        })
    }

    fn write_content(&self, row: i64, record: &Record) -> Result<(), StoreError> {
        let wanted = self.text == TextKept::All
            || matches!(record.verdict, Verdict::Kept | Verdict::Pending);
        let Some(content) = record.content.as_ref().filter(|_| wanted) else {
            return self.database.run("drop a text", |connection| {
                connection
                    .prepare_cached("DELETE FROM content WHERE row = ?1")?
                    .execute([row])
                    .map(drop)
            });
        };
        let Content { conversations, resolved, extra } = content;
        let inline =
            record.images.iter().any(|name| matches!(image_reference(name), Cow::Owned(_)));
        let images = inline.then(|| serde_json::to_string(&record.images).expect("names are JSON"));
        self.database.run("store a text", |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO content (row, conversations, resolved, extra, images)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![row, conversations, resolved, extra, images])
                .map(drop)
        })
    }

    /// Takes back the row of a record that was open at the end of its source, because more of it came.
    /// Returns whether there was one.
    ///
    /// # Errors
    /// The database fails.
    pub fn remove_unfinished(
        &mut self,
        name: &str,
        id: &Digest,
        source: SourceId,
    ) -> Result<bool, StoreError> {
        self.begin()?;
        let day: Option<UnixMillis> = self.database.run("replace an unfinished record", |connection| {
            connection
                .query_row(
                    "DELETE FROM occurrence WHERE id = ?1 AND reason = 'structure.unfinished' RETURNING seen_at",
                    [id.to_string()],
                    |row| row.get(0),
                )
                .optional()
        })?;
        if let Some(seen_at) = day {
            self.batch.count_unfinished(name, source, seen_at, -1);
        }
        Ok(day.is_some())
    }

    /// Commits all since the last commit: rows, offsets and counts together.
    ///
    /// # Errors
    /// The database fails; nothing of the batch is stored then.
    pub fn commit(&mut self, now: UnixMillis) -> Result<(), StoreError> {
        if !self.batch.is_empty() {
            self.begin()?;
        }
        if !self.open {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.database.run("store a source", |connection| batch.write(connection, now))?;
        self.database.run("commit", |connection| connection.execute_batch("COMMIT"))?;
        self.open = false;
        Ok(())
    }

    /// Ends writing: what is committed moves into the database file.
    ///
    /// # Errors
    /// The database fails; everything committed is safe in the write-ahead log.
    pub fn close(self) -> Result<(), StoreError> {
        fault::point("close");
        self.database.checkpoint()
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        if !self.open {
            self.database.run("begin a transaction", |connection| {
                connection.execute_batch("BEGIN IMMEDIATE")
            })?;
            self.open = true;
        }
        Ok(())
    }
}
