//! The scores before now: what the gates compare with.

use rusqlite::params;

use super::StoreError;
use super::lookup::Lookup;
use crate::digest::Digest;
use crate::scale::Score;
use crate::verdict::History;

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

impl Lookup {
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
}
