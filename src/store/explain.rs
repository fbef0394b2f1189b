//! Everything that is known of one occurrence.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::StoreError;
use super::lookup::Lookup;

/// One occurrence with its decision and its text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// Occurrence id.
    pub id: String,
    /// The record's own id.
    pub sample_id: Option<String>,
    /// Digest of the content.
    pub digest: String,
    /// `source` of the watch entry.
    pub source: String,
    /// The file.
    pub path: String,
    /// Which generation of the file.
    pub generation: i64,
    /// Bytes in the file, unpacked.
    pub span: (i64, i64),
    /// The kind.
    pub kind: Option<String>,
    /// Names of the images.
    pub images: Option<serde_json::Value>,
    /// The verdict.
    pub verdict: String,
    /// The reason code.
    pub reason: Option<String>,
    /// What was found.
    pub detail: Option<String>,
    /// The occurrence that it repeats.
    pub duplicate_of: Option<String>,
    /// Place in the order of the gates.
    pub seq: Option<i64>,
    /// Scores, cuts and margins, 0 to 1.
    pub scores: Scores,
    /// Roles whose input was cut, separated by commas.
    pub truncated: Option<String>,
    /// Chosen candidate of each turn.
    pub chosen: Option<serde_json::Value>,
    /// In `observe` mode, what the budget would have done.
    pub would: Option<String>,
    /// The policy that decided.
    pub policy: Option<PolicyShown>,
    /// The models that scored.
    pub models: Vec<ModelShown>,
    /// How the arithmetic was done.
    pub compute: Option<String>,
    /// When it was framed, RFC 3339.
    pub seen_at: String,
    /// When it was decided, RFC 3339.
    pub decided_at: Option<String>,
    /// The conversation, with the chosen candidates, if its text is stored.
    pub conversations: Option<serde_json::Value>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyShown {
    /// Its digest.
    pub digest: String,
    /// Its settings.
    pub settings: serde_json::Value,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelShown {
    /// What it scores.
    pub role: String,
    /// Name and version.
    pub name: String,
    /// Digest over all that shapes its scores.
    pub digest: String,
}

/// Scores of the models, cuts of the gates, and what would have been needed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Question score.
    pub question: Option<f64>,
    /// Answer score.
    pub answer: Option<f64>,
    /// Style score.
    pub style: Option<f64>,
    /// Cut of the question gate.
    pub question_cut: Option<f64>,
    /// Cut of the answer gate.
    pub answer_cut: Option<f64>,
    /// Style floor.
    pub style_cut: Option<f64>,
    /// Score minus cut at the gate that decided.
    pub margin: Option<f64>,
    /// Whether the sample passed the question gate.
    pub passed_question: Option<bool>,
    /// Smallest alpha at which the question gate would have let it pass.
    pub question_needed: Option<f64>,
    /// Smallest share at which the answer gate would have let it pass.
    pub answer_needed: Option<f64>,
}

impl Lookup {
    /// Explains one occurrence, by an unambiguous beginning of its id or by the record's own id.
    ///
    /// # Errors
    /// No occurrence, or more than one, has the id.
    pub fn explain(&self, id: &str) -> Result<Explained, StoreError> {
        let row = self.find(id)?;
        let explained = self.database.run("read an occurrence", |connection| {
            connection.query_row(EXPLAIN, [row], |row| {
                let json = |column: &str| {
                    row.get::<_, Option<String>>(column)
                        .map(|text| text.and_then(|text| serde_json::from_str(&text).ok()))
                };
                let policy: Option<String> = row.get("policy")?;
                let settings = json("settings")?;
                Ok(Explained {
                    id: row.get("id")?,
                    sample_id: row.get("sample_id")?,
                    digest: row.get("digest")?,
                    source: row.get("source")?,
                    path: row.get("path")?,
                    generation: row.get("generation")?,
                    span: (row.get("span_start")?, row.get("span_end")?),
                    kind: row.get("kind")?,
                    images: json("images")?,
                    verdict: row.get("verdict")?,
                    reason: row.get("reason")?,
                    detail: row.get("detail")?,
                    duplicate_of: row.get("duplicate_of")?,
                    seq: row.get("seq")?,
                    scores: Scores {
                        question: row.get("question")?,
                        answer: row.get("answer")?,
                        style: row.get("style")?,
                        question_cut: row.get("question_cut")?,
                        answer_cut: row.get("answer_cut")?,
                        style_cut: row.get("style_cut")?,
                        margin: row.get("margin")?,
                        passed_question: row.get("passed_question")?,
                        question_needed: row.get("question_needed")?,
                        answer_needed: row.get("answer_needed")?,
                    },
                    truncated: row.get("truncated")?,
                    chosen: json("chosen")?,
                    would: row.get("would")?,
                    policy: policy
                        .zip(settings)
                        .map(|(digest, settings)| PolicyShown { digest, settings }),
                    models: Vec::new(),
                    compute: row.get("compute")?,
                    seen_at: row.get("seen_at")?,
                    decided_at: row.get("decided_at")?,
                    conversations: json("conversations")?,
                })
            })
        })?;
        Ok(Explained { models: self.models_of(row)?, ..explained })
    }

    fn models_of(&self, row: i64) -> Result<Vec<ModelShown>, StoreError> {
        self.database.run("read the models", |connection| {
            connection
                .prepare_cached(
                    "SELECT m.role, m.name || ' ' || m.version, m.digest
                     FROM occurrence o JOIN scorers c ON c.id = o.scorers
                     JOIN model m ON m.id IN (c.question, c.answer, c.style)
                     WHERE o.row = ?1 ORDER BY m.id",
                )?
                .query_map([row], |row| {
                    Ok(ModelShown { role: row.get(0)?, name: row.get(1)?, digest: row.get(2)? })
                })?
                .collect()
        })
    }

    /// Finds the row of an occurrence by its id or by the record's own id.
    fn find(&self, id: &str) -> Result<i64, StoreError> {
        let hex =
            !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let by_prefix: Vec<(i64, String)> = if hex {
            let low = id.to_ascii_lowercase();
            let high = format!("{low}g");
            self.some("id >= ?1 AND id < ?2", &[&low, &high])?
        } else {
            Vec::new()
        };
        let found = if by_prefix.is_empty() { self.by_own_id(id)? } else { by_prefix };
        match found.as_slice() {
            [] => Err(StoreError::Unknown(id.to_owned())),
            [(row, _)] => Ok(*row),
            [(_, example), ..] => Err(StoreError::Ambiguous {
                prefix: id.to_owned(),
                count: found.len() as u64,
                example: example.chars().take(id.len().max(12) + 4).collect(),
            }),
        }
    }

    /// Of several records with the same own id, repetitions of another come last.
    fn by_own_id(&self, id: &str) -> Result<Vec<(i64, String)>, StoreError> {
        let first = self.some("sample_id = ?1 AND verdict <> ?2", &[&id, &"duplicate"])?;
        if first.is_empty() {
            self.some("sample_id = ?1 AND ?1 = ?2", &[&id, &id])
        } else {
            Ok(first)
        }
    }

    fn some(
        &self,
        condition: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<(i64, String)>, StoreError> {
        self.database.run("look an id up", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT row, id FROM occurrence WHERE {condition} ORDER BY row LIMIT 1000"
                ))?
                .query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    /// Returns the first occurrence that reached a gate with the same content as another, by id.
    ///
    /// # Errors
    /// The database fails.
    pub fn sample_id_of(&self, id: &str) -> Result<Option<String>, StoreError> {
        let found: Option<Option<String>> = self.database.run("look an id up", |connection| {
            connection
                .prepare_cached("SELECT sample_id FROM occurrence WHERE id = ?1")?
                .query_row(params![id], |row| row.get(0))
                .optional()
        })?;
        Ok(found.flatten())
    }
}

const EXPLAIN: &str = "
    SELECT d.*, o.passed_question, o.question_needed, o.answer_needed, o.chosen, s.generation, p.settings,
           coalesce(t.resolved, t.conversations) AS conversations
    FROM occurrence o
    JOIN decisions d ON d.id = o.id
    JOIN source s ON s.id = o.source
    LEFT JOIN policy p ON p.id = o.policy
    LEFT JOIN content t ON t.row = o.row
    WHERE o.row = ?1";
