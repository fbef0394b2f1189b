//! What a transaction adds up before it writes: where sources stand, and counts.

use std::collections::{BTreeMap, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::Record;
use super::columns::{STANDING, STANDING_MARKS, standing};
use crate::digest::Digest;
use crate::source::{Progress, Source, SourceId, SourceState};
use crate::time::{self, UnixMillis};
use crate::verdict::Verdict;

/// Sums of one transaction.
#[derive(Default)]
pub(super) struct Batch {
    sources: HashMap<SourceId, Source>,
    progress: HashMap<SourceId, Progress>,
    unfinished: HashMap<SourceId, Digest>,
    counts: HashMap<SourceId, Changes>,
    tally: BTreeMap<(String, String, String, &'static str), i64>,
}

/// Changes of a source's counts: one for each verdict, in the order of `Verdict::ALL`, and carried records.
#[derive(Default)]
struct Changes {
    verdicts: [i64; 5],
    carried: i64,
}

impl Batch {
    /// Tells whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.progress.is_empty() && self.counts.is_empty()
    }

    /// Notes all that may change of a source.
    pub(super) fn update(&mut self, source: Source) {
        self.progress.remove(&source.id);
        self.unfinished.remove(&source.id);
        self.sources.insert(source.id, source);
    }

    /// Notes the occurrence that stands for what is open at the end of a source.
    pub(super) fn leave_open(&mut self, source: SourceId, id: Digest) {
        match self.sources.get_mut(&source) {
            Some(updated) => updated.unfinished = Some(id),
            None => {
                self.unfinished.insert(source, id);
            }
        }
    }

    /// Notes how far a source is decided.
    pub(super) fn advance(&mut self, source: SourceId, progress: Progress) {
        match self.sources.get_mut(&source) {
            Some(updated) => {
                updated.progress = progress;
                updated.state = SourceState::Reading;
                updated.unfinished = None;
            }
            None => {
                self.unfinished.remove(&source);
                self.progress.insert(source, progress);
            }
        }
    }

    /// Counts a record under its verdict.
    pub(super) fn count(&mut self, name: &str, record: &Record, change: i64) {
        self.count_as(name, record, record.verdict, change);
    }

    /// Counts a record under another verdict.
    pub(super) fn count_as(&mut self, name: &str, record: &Record, verdict: Verdict, change: i64) {
        let kind = record.kind.as_deref().unwrap_or("");
        self.add(name, record.source, record.seen_at, kind, verdict, change);
    }

    /// Counts a record of which the end was not seen.
    pub(super) fn count_unfinished(
        &mut self,
        name: &str,
        source: SourceId,
        seen_at: UnixMillis,
        change: i64,
    ) {
        self.add(name, source, seen_at, "", Verdict::Quarantined, change);
    }

    /// Counts a record that was carried over.
    pub(super) fn count_carried(&mut self, source: SourceId) {
        self.counts.entry(source).or_default().carried += 1;
    }

    fn add(
        &mut self,
        name: &str,
        source: SourceId,
        seen_at: UnixMillis,
        kind: &str,
        verdict: Verdict,
        change: i64,
    ) {
        let place =
            Verdict::ALL.iter().position(|known| *known == verdict).expect("all are listed");
        self.counts.entry(source).or_default().verdicts[place] += change;
        let day = time::rfc3339(seen_at)[..10].to_owned();
        *self.tally.entry((day, name.to_owned(), kind.to_owned(), verdict.name())).or_default() +=
            change;
    }

    /// Writes the sums.
    pub(super) fn write(&self, connection: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
        self.write_sources(connection, now)?;
        for (source, progress) in &self.progress {
            connection
                .prepare_cached(
                    "UPDATE source SET phase = ?2, offset = ?3, next_ordinal = ?4, chain = ?5, unfinished = NULL,
                         state = 'reading', updated_at = ?6
                     WHERE id = ?1",
                )?
                .execute(params![
                    source.0,
                    progress.at.phase.name(),
                    progress.at.offset,
                    progress.next_ordinal,
                    progress.chain.to_string(),
                    now
                ])?;
        }
        for (source, id) in &self.unfinished {
            connection
                .prepare_cached("UPDATE source SET unfinished = ?2 WHERE id = ?1")?
                .execute(params![source.0, id.to_string()])?;
        }
        for (source, changes) in &self.counts {
            let [kept, rejected, duplicate, quarantined, pending] = changes.verdicts;
            connection
                .prepare_cached(
                    "UPDATE source SET kept = kept + ?2, rejected = rejected + ?3, duplicate = duplicate + ?4,
                         quarantined = quarantined + ?5, pending = pending + ?6, carried = carried + ?7,
                         records = records + ?8, updated_at = ?9
                     WHERE id = ?1",
                )?
                .execute(params![
                    source.0,
                    kept,
                    rejected,
                    duplicate,
                    quarantined,
                    pending,
                    changes.carried,
                    changes.verdicts.iter().sum::<i64>() + changes.carried,
                    now
                ])?;
        }
        for ((day, name, kind, verdict), change) in &self.tally {
            connection
                .prepare_cached(
                    "INSERT INTO tally (day, name, kind, verdict, count) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET count = count + ?5",
                )?
                .execute(params![day, name, kind, verdict, change])?;
        }
        Ok(())
    }

    fn write_sources(&self, connection: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
        let sql = format!("UPDATE source SET ({STANDING}) = ({STANDING_MARKS}) WHERE id = ?");
        for source in self.sources.values() {
            let mut values = standing(source, now);
            values.push(Value::Integer(source.id.0));
            connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}
