//! The kept set, in one snapshot and in the order of ids.

use rusqlite::types::Value;
use serde_json::value::RawValue;

use super::StoreError;
use super::lookup::Lookup;
use crate::time::{self, UnixMillis};

/// Which kept samples are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeptFilter {
    /// Sources; all if empty.
    pub sources: Vec<String>,
    /// Decided at or after.
    pub since: Option<UnixMillis>,
    /// `seq` above this.
    pub since_seq: Option<u64>,
}

/// One kept sample.
#[derive(Debug)]
pub struct Kept {
    /// Occurrence id.
    pub id: String,
    /// The record's own id.
    pub sample_id: Option<String>,
    /// Digest of the content.
    pub digest: String,
    /// Place in the order of the gates.
    pub seq: i64,
    /// Source.
    pub source: String,
    /// Kind.
    pub kind: String,
    /// Names of the images, a JSON list.
    pub images: Box<RawValue>,
    /// LLaVA JSON with the chosen candidates.
    pub conversations: Box<RawValue>,
    /// The record's other fields, a JSON object.
    pub extra: Option<String>,
    /// Scores: question, answer, style.
    pub scores: [Option<f64>; 3],
    /// Chosen candidates, a JSON list.
    pub chosen: Option<Box<RawValue>>,
    /// When it was decided, RFC 3339.
    pub decided_at: String,
    /// The file.
    pub path: String,
    /// Its bytes there.
    pub span: [i64; 2],
    /// Digest of the policy.
    pub policy: Option<String>,
    /// Names, versions and digests of the models.
    pub models: [Option<String>; 3],
}

impl Lookup {
    /// Hands on the kept samples of one snapshot.
    ///
    /// # Errors
    /// The database fails, or what `take` returns.
    pub fn kept<E: From<StoreError>>(
        &self,
        filter: &KeptFilter,
        mut take: impl FnMut(Kept) -> Result<(), E>,
    ) -> Result<(), E> {
        let (sql, values) = filter.sql();
        let failed = |error| self.database.failed("read the kept set", error);
        let mut statement = self.database.connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let kept = kept_of(row).map_err(failed)?;
            take(kept.ok_or_else(|| self.nonsense("a kept sample whose text is no JSON"))?)?;
        }
        Ok(())
    }
}

impl KeptFilter {
    fn sql(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["true".to_owned()];
        let mut values = Vec::new();
        if !self.sources.is_empty() {
            let marks = vec!["?"; self.sources.len()].join(", ");
            conditions.push(format!("k.source IN ({marks})"));
            values.extend(self.sources.iter().cloned().map(Value::Text));
        }
        if let Some(since) = self.since {
            conditions.push("k.decided_at >= ?".into());
            values.push(Value::Text(time::rfc3339(since)));
        }
        if let Some(seq) = self.since_seq {
            conditions.push("k.seq > ?".into());
            values.push(Value::Integer(i64::try_from(seq).unwrap_or(i64::MAX)));
        }
        let sql = format!(
            "SELECT k.*, c.extra, d.policy, d.question_model, d.answer_model, d.style_model
             FROM kept k JOIN decisions d ON d.id = k.id
             JOIN occurrence o ON o.id = k.id LEFT JOIN content c ON c.row = o.row
             WHERE {} ORDER BY k.id",
            conditions.join(" AND ")
        );
        (sql, values)
    }
}

fn kept_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Kept>> {
    let raw = |column: &str| -> rusqlite::Result<Option<Box<RawValue>>> {
        Ok(row.get::<_, Option<String>>(column)?.and_then(|text| RawValue::from_string(text).ok()))
    };
    let (Some(images), Some(conversations)) = (raw("images")?, raw("conversations")?) else {
        return Ok(None);
    };
    Ok(Some(Kept {
        id: row.get("id")?,
        sample_id: row.get("sample_id")?,
        digest: row.get("digest")?,
        seq: row.get("seq")?,
        source: row.get("source")?,
        kind: row.get("kind")?,
        images,
        conversations,
        extra: row.get("extra")?,
        scores: [row.get("question")?, row.get("answer")?, row.get("style")?],
        chosen: raw("chosen_answers")?,
        decided_at: row.get("decided_at")?,
        path: row.get("path")?,
        span: [row.get("span_start")?, row.get("span_end")?],
        policy: row.get("policy")?,
        models: [row.get("question_model")?, row.get("answer_model")?, row.get("style_model")?],
    }))
}
