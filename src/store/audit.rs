//! What `gleaner audit` reads: counts that must agree, and decisions in their order.

use std::path::PathBuf;

use super::StoreError;
use super::lookup::Lookup;
use crate::digest::Digest;
use crate::scale::{Quantiles, Score};
use crate::source::{Source, SourceId, occurrence_id, path_of_text};
use crate::verdict::{Decision, Reason, Verdict};

/// What was counted of a source, and what its rows say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The generation.
    pub id: SourceId,
    /// Where the file is.
    pub path: PathBuf,
    /// Which generation of it.
    pub generation: u64,
    /// The counts kept with the source: records, the verdicts in their order, carried.
    pub noted: [i64; 7],
    /// The same counts from the rows.
    pub found: [i64; 7],
    /// Records framed: the next ordinal, and one more if a record is open at the end.
    pub framed: i64,
}

/// A decision with all that it followed from.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDecision {
    /// Occurrence id.
    pub id: String,
    /// Place in the order of the gates.
    pub seq: u64,
    /// Digest of the content.
    pub digest: Digest,
    /// Kind of the sample.
    pub kind: String,
    /// Name of the source.
    pub source: String,
    /// The scores.
    pub question: Score,
    /// Answer score, if there is one.
    pub answer: Option<Score>,
    /// Style score, if there is one.
    pub style: Option<Score>,
    /// What was decided.
    pub decision: Decision,
    /// Row of the policy.
    pub policy: i64,
    /// Row of the models.
    pub scorers: i64,
}

/// A policy and the models that decided under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    /// The policy as JSON.
    pub settings: String,
    /// Digest of the question model.
    pub question_model: Digest,
    /// Digest of the answer model.
    pub answer_model: Digest,
    /// Reference quantiles of the question model.
    pub question_quantiles: Quantiles,
    /// Reference quantiles of the answer model.
    pub answer_quantiles: Quantiles,
}

impl Lookup {
    /// Lets SQLite check its own file; returns what it finds.
    ///
    /// # Errors
    /// The database fails.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        self.database.run("check the file", |connection| {
            let mut check = connection.prepare("PRAGMA integrity_check(20)")?;
            let mut found: Vec<String> =
                check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            found.retain(|line| line != "ok");
            let mut keys = connection.prepare("PRAGMA foreign_key_check")?;
            let broken = keys.query_map([], |row| row.get::<_, String>(0))?;
            for table in broken.take(20) {
                found.push(format!("a row of table {} refers to nothing", table?));
            }
            Ok(found)
        })
    }

    /// Counts the rows of every source beside what is noted with it.
    ///
    /// # Errors
    /// The database fails.
    pub fn counted(&self) -> Result<Vec<Counted>, StoreError> {
        let sum = |verdict: &str| format!("coalesce(sum(o.verdict = '{verdict}'), 0)");
        let sql = format!(
            "SELECT s.id, s.path, s.generation, s.records, s.kept, s.rejected, s.duplicate, s.quarantined, s.pending,
                    s.carried, s.next_ordinal + (s.unfinished IS NOT NULL), count(o.row), {}, {}, {}, {}, {}
             FROM source s LEFT JOIN occurrence o ON o.source = s.id GROUP BY s.id ORDER BY s.id",
            sum("kept"),
            sum("rejected"),
            sum("duplicate"),
            sum("quarantined"),
            sum("pending")
        );
        self.database.run("count the rows", |connection| {
            connection
                .prepare(&sql)?
                .query_map([], |row| {
                    let carried: i64 = row.get(9)?;
                    let rows: i64 = row.get(11)?;
                    let mut noted = [0; 7];
                    for (place, value) in noted.iter_mut().enumerate() {
                        *value = row.get(3 + place)?;
                    }
                    let mut found = [rows + carried, 0, 0, 0, 0, 0, carried];
                    for (place, value) in found[1..6].iter_mut().enumerate() {
                        *value = row.get(12 + place)?;
                    }
                    Ok(Counted {
                        id: SourceId(row.get(0)?),
                        path: path_of_text(&row.get::<_, String>(1)?),
                        generation: row.get(2)?,
                        noted,
                        found,
                        framed: row.get(10)?,
                    })
                })?
                .collect()
        })
    }

    /// Finds occurrences whose id does not follow from their place, at most twenty.
    ///
    /// # Errors
    /// The database fails.
    pub fn misnamed(&self) -> Result<Vec<String>, StoreError> {
        let mut wrong = Vec::new();
        self.database.run("read the ids", |connection| {
            let mut statement = connection.prepare(
                "SELECT o.id, s.key, o.ordinal FROM occurrence o JOIN source s ON s.id = o.source",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (id, key, ordinal): (String, String, u64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let named = key.parse().map(|key| occurrence_id(&key, ordinal).to_string());
                if named.as_ref() != Ok(&id) && wrong.len() < 20 {
                    wrong.push(id);
                }
            }
            Ok(())
        })?;
        Ok(wrong)
    }

    /// Counts what must not be: pairs of a sentence and how many rows it holds for.
    ///
    /// # Errors
    /// The database fails.
    pub fn impossible(&self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        const QUESTIONS: [(&str, &str); 6] = [
            ("kept occurrences without a text", "SELECT count(*) FROM occurrence o WHERE verdict = 'kept'
                AND NOT EXISTS (SELECT 1 FROM content c WHERE c.row = o.row)"),
            ("gaps in seq", "SELECT coalesce(max(seq), 0) - count(seq) FROM occurrence"),
            ("kept occurrences that reached no gate", "SELECT count(*) FROM occurrence WHERE verdict = 'kept'
                AND seq IS NULL"),
            ("duplicates of nothing", "SELECT count(*) FROM occurrence o WHERE duplicate_of IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM occurrence e WHERE e.id = o.duplicate_of)"),
            ("gated occurrences without policy or models", "SELECT count(*) FROM occurrence WHERE seq IS NOT NULL
                AND (policy IS NULL OR scorers IS NULL)"),
            ("daily counts that differ from the rows", "SELECT count(*) FROM (
                SELECT day, name, kind, verdict, sum(count) AS n FROM tally WHERE count <> 0 GROUP BY 1, 2, 3, 4
                EXCEPT
                SELECT strftime('%Y-%m-%d', o.seen_at / 1e3, 'unixepoch'), s.name, coalesce(o.kind, ''), o.verdict,
                       count(*) FROM occurrence o JOIN source s ON s.id = o.source GROUP BY 1, 2, 3, 4)"),
        ];
        let mut found = Vec::new();
        for (what, sql) in QUESTIONS {
            let count = self.database.run("check the rows", |connection| {
                connection.query_row(sql, [], |row| row.get::<_, i64>(0))
            })?;
            if count != 0 {
                found.push((what, count.unsigned_abs()));
            }
        }
        Ok(found)
    }

    /// Returns a source by its row.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_by_id(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        self.source("id = ?1", &[&id.0])
    }

    /// Hands on every gated decision in the order of `seq`.
    ///
    /// # Errors
    /// The database fails, or what `take` returns.
    pub fn decisions<E: From<StoreError>>(
        &self,
        mut take: impl FnMut(StoredDecision) -> Result<(), E>,
    ) -> Result<(), E> {
        let database = &self.database;
        let failed = |error| database.failed("read the decisions", error);
        let mut statement = database.connection.prepare(DECISIONS).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let stored = decision_of(row).map_err(failed)?;
            let id = row
                .get_ref(0)
                .ok()
                .and_then(|id| id.as_str().ok().map(str::to_owned))
                .unwrap_or_default();
            take(stored.ok_or_else(|| database.nonsense(format!("the decision of {id}")))?)?;
        }
        Ok(())
    }

    /// Returns a policy and the models that decided under it.
    ///
    /// # Errors
    /// The database fails.
    pub fn regime(&self, policy: i64, scorers: i64) -> Result<Regime, StoreError> {
        let texts: [String; 5] = self.database.run("read the policy", |connection| {
            connection.query_row(
                "SELECT p.settings, q.digest, a.digest, q.quantiles, a.quantiles
                 FROM policy p, scorers c JOIN model q ON q.id = c.question JOIN model a ON a.id = c.answer
                 WHERE p.id = ?1 AND c.id = ?2",
                [policy, scorers],
                |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]),
            )
        })?;
        let [settings, question, answer, question_quantiles, answer_quantiles] = texts;
        let nonsense = || self.database.nonsense("a model without digest or quantiles");
        let quantiles = |text: &str| serde_json::from_str(text).map_err(|_| nonsense());
        Ok(Regime {
            settings,
            question_model: question.parse().map_err(|_| nonsense())?,
            answer_model: answer.parse().map_err(|_| nonsense())?,
            question_quantiles: quantiles(&question_quantiles)?,
            answer_quantiles: quantiles(&answer_quantiles)?,
        })
    }
}

const DECISIONS: &str = "
    SELECT o.id, o.seq, o.digest, o.kind, s.name, o.question, o.answer, o.style, o.verdict, o.reason, o.would,
           o.passed_question, o.question_cut, o.answer_cut, o.style_cut, o.margin, o.question_needed,
           o.answer_needed, o.policy, o.scorers
    FROM occurrence o JOIN source s ON s.id = o.source
    WHERE o.seq IS NOT NULL ORDER BY o.seq";

fn decision_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<StoredDecision>> {
    let score = |column: usize| {
        row.get::<_, Option<u16>>(column).map(|steps| steps.and_then(Score::from_steps))
    };
    let digest: String = row.get(2)?;
    let verdict: String = row.get(8)?;
    let reason: Option<String> = row.get(9)?;
    let would: Option<String> = row.get(10)?;
    let (Ok(digest), Some(verdict), Some(question)) =
        (digest.parse(), Verdict::from_name(&verdict), score(5)?)
    else {
        return Ok(None);
    };
    let would = match would.as_deref() {
        None => None,
        Some("kept") => Some(Verdict::Kept.name()),
        Some(code) => match Reason::from_code(code) {
            Some(reason) => Some(reason.code()),
            None => return Ok(None),
        },
    };
    Ok(Some(StoredDecision {
        id: row.get(0)?,
        seq: row.get(1)?,
        digest,
        kind: row.get(3)?,
        source: row.get(4)?,
        question,
        answer: score(6)?,
        style: score(7)?,
        decision: Decision {
            verdict,
            reason: reason.as_deref().and_then(Reason::from_code),
            would,
            passed_question: row.get(11)?,
            question_cut: score(12)?,
            answer_cut: score(13)?,
            style_cut: score(14)?,
            margin: row.get(15)?,
            question_needed: row.get(16)?,
            answer_needed: row.get(17)?,
        },
        policy: row.get(18)?,
        scorers: row.get(19)?,
    }))
}
