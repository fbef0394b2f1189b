//! Counts and distributions, for people who ask how it goes.

use rusqlite::params;

use super::StoreError;
use super::connection::Database;
use super::lookup::Lookup;
use crate::scale::Score;

/// Counts of one group, such as a source or a reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// The group's name.
    pub name: String,
    /// Occurrences.
    pub seen: u64,
    /// Those kept.
    pub kept: u64,
    /// Those rejected.
    pub rejected: u64,
    /// Those that repeat others.
    pub duplicate: u64,
    /// Those that are no usable samples.
    pub quarantined: u64,
    /// Those that wait.
    pub pending: u64,
}

/// How many generations of files are in a state.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StateCount {
    /// The state.
    pub state: String,
    /// How many.
    pub count: u64,
}

/// How the scores of one role are spread.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Distribution {
    /// `question`, `answer` or `style`.
    pub role: &'static str,
    /// How many samples have the score.
    pub scored: u64,
    /// Their mean score.
    pub mean: Option<f64>,
    /// Counts in twenty bins of 0.05, from 0 to 1.
    pub bins: Vec<u64>,
}

/// The database at a glance.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Overview {
    /// All occurrences.
    pub total: Counts,
    /// Records found again in rewritten files; they have no row of their own.
    pub carried: u64,
    /// Files and generations by state.
    pub sources: Vec<StateCount>,
    /// Time of the last commit, RFC 3339.
    pub updated_at: Option<String>,
    /// Size of the database in bytes.
    pub database_bytes: u64,
}

/// What counts may be grouped by.
const GROUPS: [(&str, &str); 3] = [("source", "name"), ("kind", "kind"), ("day", "day")];

impl Lookup {
    /// Returns the database at a glance.
    ///
    /// # Errors
    /// The database fails.
    pub fn overview(&self) -> Result<Overview, StoreError> {
        let database = self.database();
        let total = self.counts("''")?.pop().unwrap_or_else(|| empty("all"));
        database.run("count", |connection| {
            let mut states = connection
                .prepare("SELECT state, count(*) FROM source GROUP BY state ORDER BY 2 DESC")?;
            let sources = states
                .query_map([], |row| Ok(StateCount { state: row.get(0)?, count: row.get(1)? }))?
                .collect::<Result<_, _>>()?;
            let carried = connection.query_row(
                "SELECT coalesce(sum(carried), 0) FROM source",
                [],
                |row| row.get(0),
            )?;
            let updated_at =
                connection
                    .query_row("SELECT max(updated_at) FROM sources", [], |row| row.get(0))?;
            let pages: u64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let page_bytes: u64 =
                connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let total = Counts { name: "all".into(), ..total };
            Ok(Overview { total, carried, sources, updated_at, database_bytes: pages * page_bytes })
        })
    }

    /// Returns counts by `source`, `kind` or `day`.
    ///
    /// # Errors
    /// The database fails.
    pub fn counts_by(&self, group: &str) -> Result<Vec<Counts>, StoreError> {
        let column =
            GROUPS.iter().find(|(name, _)| *name == group).map_or("name", |(_, column)| column);
        self.counts(column)
    }

    fn counts(&self, column: &str) -> Result<Vec<Counts>, StoreError> {
        let sum =
            |verdict: &str| format!("coalesce(sum(count) FILTER (WHERE verdict = '{verdict}'), 0)");
        let sql = format!(
            "SELECT {column}, coalesce(sum(count), 0), {}, {}, {}, {}, {} FROM tally GROUP BY 1 HAVING sum(count) > 0
             ORDER BY 1",
            sum("kept"),
            sum("rejected"),
            sum("duplicate"),
            sum("quarantined"),
            sum("pending")
        );
        self.database().run("count", |connection| {
            connection
                .prepare(&sql)?
                .query_map([], |row| {
                    let name: String = row.get(0)?;
                    Ok(Counts {
                        name: if name.is_empty() { "(none)".into() } else { name },
                        seen: row.get(1)?,
                        kept: row.get(2)?,
                        rejected: row.get(3)?,
                        duplicate: row.get(4)?,
                        quarantined: row.get(5)?,
                        pending: row.get(6)?,
                    })
                })?
                .collect()
        })
    }

    /// Returns how often each reason was given, most frequent first.
    ///
    /// # Errors
    /// The database fails.
    pub fn reasons(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.database().run("count the reasons", |connection| {
            connection
                .prepare(
                    "SELECT reason, count(*) FROM occurrence WHERE reason IS NOT NULL GROUP BY reason
                     ORDER BY 2 DESC, 1",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    /// Returns how the scores of a role are spread.
    ///
    /// # Errors
    /// The database fails.
    pub fn distribution(&self, role: &'static str) -> Result<Distribution, StoreError> {
        const BINS: usize = 20;
        let width = i64::from(Score::STEPS) / BINS as i64;
        let sql = format!(
            "SELECT min({role} / ?1, ?2), count(*), sum({role}) FROM occurrence WHERE {role} IS NOT NULL GROUP BY 1"
        );
        let rows: Vec<(usize, u64, u64)> =
            self.database().run("read the scores", |connection| {
                connection
                    .prepare(&sql)?
                    .query_map(params![width, BINS as i64 - 1], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })?
                    .collect()
            })?;
        let mut bins = vec![0; BINS];
        let (mut scored, mut sum) = (0, 0);
        for (bin, count, steps) in rows {
            bins[bin] = count;
            scored += count;
            sum += steps;
        }
        let mean = (scored > 0).then(|| sum as f64 / scored as f64 / f64::from(Score::STEPS));
        Ok(Distribution { role, scored, mean, bins })
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }
}

fn empty(name: &str) -> Counts {
    let name = name.to_owned();
    Counts { name, seen: 0, kept: 0, rejected: 0, duplicate: 0, quarantined: 0, pending: 0 }
}
