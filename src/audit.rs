//! Proof of the promises from the database: conservation, and that every decision follows from what is stored.

use std::fs::File;
use std::path::Path;

use serde::Serialize;

use crate::intake::{self, Change};
use crate::policy::{Gates, GroupBy, PolicySettings, References};
use crate::source::{Packing, SourceState};
use crate::store::{Counted, Grouping, HistoryOf, Lookup, Regime, StoreError, StoredDecision};

/// Most disagreements that are listed; all are counted.
const LISTED: usize = 50;

/// Groups whose history is held at a time.
const MAX_GROUPS: usize = 64;

/// The parts that add up to what was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Kept.
    pub kept: i64,
    /// Rejected.
    pub rejected: i64,
    /// Duplicates.
    pub duplicate: i64,
    /// Quarantined.
    pub quarantined: i64,
    /// Pending.
    pub pending: i64,
    /// Carried over.
    pub carried: i64,
}

impl Parts {
    fn add(&mut self, [kept, rejected, duplicate, quarantined, pending, carried]: [i64; 6]) {
        self.kept += kept;
        self.rejected += rejected;
        self.duplicate += duplicate;
        self.quarantined += quarantined;
        self.pending += pending;
        self.carried += carried;
    }
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Records framed.
    pub seen: i64,
    /// What became of them.
    #[serde(flatten)]
    pub parts: Parts,
    /// Generations of files.
    pub sources: u64,
    /// Files that were read again and compared.
    pub files: u64,
    /// Decisions made again.
    pub replayed: u64,
    /// How many things do not agree.
    pub differences: u64,
    /// The first of them, in words.
    pub listed: Vec<String>,
}

impl Report {
    fn differ(&mut self, what: String) {
        self.differences += 1;
        if self.listed.len() < LISTED {
            self.listed.push(what);
        }
    }

    /// Tells whether everything agrees.
    pub fn holds(&self) -> bool {
        self.differences == 0
    }
}

/// Checks the database file, the counts, and the files that are still there.
///
/// # Errors
/// The database fails.
pub fn conservation(lookup: &Lookup, max_record_bytes: u64) -> Result<Report, StoreError> {
    let mut report = Report::default();
    for line in lookup.integrity()? {
        report.differ(format!("database file: {line}"));
    }
    for (what, count) in lookup.impossible()? {
        report.differ(format!("{count} {what}"));
    }
    for id in lookup.misnamed()? {
        report.differ(format!("occurrence {id}: the id does not follow from its source and place"));
    }
    for counted in lookup.counted()? {
        report.sources += 1;
        report.seen += counted.found[0];
        let [_, parts @ ..] = counted.found;
        report.parts.add(parts);
        compare_counts(&counted, &mut report);
        compare_file(lookup, &counted, max_record_bytes, &mut report)?;
    }
    Ok(report)
}

fn compare_counts(counted: &Counted, report: &mut Report) {
    const NAMES: [&str; 7] =
        ["records", "kept", "rejected", "duplicate", "quarantined", "pending", "carried"];
    let place = format!("`{}` (generation {})", counted.path.display(), counted.generation);
    for ((name, noted), found) in NAMES.iter().zip(counted.noted).zip(counted.found) {
        if noted != found {
            report.differ(format!("{place}: {noted} {name} noted, {found} rows found"));
        }
    }
    if counted.framed != counted.found[0] {
        report.differ(format!(
            "{place}: {} records framed, {} accounted for",
            counted.framed, counted.found[0]
        ));
    }
}

/// Frames a file again, if it still is the one that was read.
fn compare_file(
    lookup: &Lookup,
    counted: &Counted,
    max_record_bytes: u64,
    report: &mut Report,
) -> Result<(), StoreError> {
    let Some(source) = lookup.source_by_id(counted.id)? else { return Ok(()) };
    if matches!(source.state, SourceState::Replaced | SourceState::Gone) {
        return Ok(());
    }
    let Ok(file) = File::open(&source.path) else { return Ok(()) };
    let Ok(metadata) = file.metadata() else { return Ok(()) };
    let shorter = source.packing == Packing::Plain && metadata.len() < source.progress.at.offset;
    if intake::file_id(&metadata) != source.file || shorter {
        return Ok(());
    }
    let change = intake::compare(&source, &file, intake::stamp(&metadata));
    if !matches!(change, Ok(Change::None | Change::Grown)) {
        // It was changed since it was read: there is nothing to compare with.
        return Ok(());
    }
    report.files += 1;
    match intake::still_stands(&source, &file, max_record_bytes) {
        Ok(true) => {}
        Ok(false) => report
            .differ(format!("`{}`: its records are not those that were read", shown(&source.path))),
        Err(error) => {
            report.differ(format!("`{}`: cannot be read again: {error}", shown(&source.path)));
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Makes every decision again from stored scores, policies and the order, and compares.
///
/// # Errors
/// The database fails.
pub fn replay(lookup: &Lookup, report: &mut Report) -> Result<(), StoreError> {
    let mut court: Option<Court> = None;
    lookup.decisions(|stored| -> Result<(), StoreError> {
        let regime = (stored.policy, stored.scorers);
        if court.as_ref().is_none_or(|court| court.of != regime) {
            court = Some(Court::open(lookup, regime)?);
        }
        let court = court.as_mut().expect("opened above");
        report.replayed += 1;
        if let Some(what) = court.differs(lookup, &stored)? {
            report.differ(format!("seq {} ({}): {what}", stored.seq, stored.id));
        }
        Ok(())
    })
}

/// The gates of one policy and its models.
struct Court {
    of: (i64, i64),
    regime: Regime,
    gates: Gates,
}

impl Court {
    fn open(lookup: &Lookup, of: (i64, i64)) -> Result<Self, StoreError> {
        let regime = lookup.regime(of.0, of.1)?;
        let settings: PolicySettings = serde_json::from_str(&regime.settings)
            .map_err(|error| lookup.nonsense(format!("the policy {}: {error}", of.0)))?;
        let references = References {
            question: regime.question_quantiles.clone(),
            answer: regime.answer_quantiles.clone(),
        };
        Ok(Self { of, regime, gates: Gates::new(settings, references) })
    }

    fn differs(
        &mut self,
        lookup: &Lookup,
        stored: &StoredDecision,
    ) -> Result<Option<String>, StoreError> {
        let group = self.gates.group(&stored.kind, &stored.source);
        if !self.gates.knows(group) {
            if self.gates.known() >= MAX_GROUPS {
                // Their history is read again from the database when they come back.
                self.gates.retain(|_| false);
            }
            let of = HistoryOf {
                grouping: match self.gates.settings().group_by {
                    GroupBy::Kind => Grouping::Kind,
                    GroupBy::Source => Grouping::Source,
                    GroupBy::None => Grouping::None,
                },
                group,
                question_model: self.regime.question_model,
                answer_model: self.regime.answer_model,
            };
            let history = lookup.history(&of, self.gates.settings().window, stored.seq)?;
            self.gates.seed(group, history);
        }
        let gate = self.gates.question(group, &stored.digest, stored.question);
        let found = self.gates.decide(group, &stored.digest, gate, stored.answer, stored.style);
        if found == stored.decision {
            return Ok(None);
        }
        let named = |verdict, reason: Option<crate::verdict::Reason>| match reason {
            Some(reason) => format!("{verdict} ({reason})"),
            None => format!("{verdict}"),
        };
        Ok(Some(format!(
            "stored as {}, decided again as {}",
            named(stored.decision.verdict, stored.decision.reason),
            named(found.verdict, found.reason)
        )))
    }
}
