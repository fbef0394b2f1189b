//! What travels between the threads of the pipeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::check::{CheckSettings, ImageSettings};
use crate::digest::Digest;
use crate::intake::Body;
use crate::judge::Ratings;
use crate::model::ModelError;
use crate::policy::{PolicySettings, QuestionGate};
use crate::sample::Sample;
use crate::score::{AnswersScored, Models};
use crate::signature::Signature;
use crate::source::{OccurrenceRow, Progress, Source, SourceId, Span};
use crate::store::{Held, Record};
use crate::time::UnixMillis;
use crate::verdict::Finding;

/// Place in the order in which records were read; everything is decided in this order.
pub(super) type Ticket = u64;

/// The rules and models in force; a reload brings a new one.
pub struct Kit {
    /// `[checks]`.
    pub checks: CheckSettings,
    /// `[images]`.
    pub images: ImageSettings,
    /// `[policy]`.
    pub policy: PolicySettings,
    /// Which samples get an answer score.
    pub answers: AnswersScored,
    /// The models.
    pub models: Models,
}

/// What all records of a generation have in common.
#[derive(Debug)]
pub(super) struct Home {
    /// The generation.
    pub id: SourceId,
    /// `source` of the watch entry.
    pub name: String,
    /// The generation of the same path before it.
    pub previous: Option<SourceId>,
    /// The folder of the file, in which images are looked for.
    pub folder: PathBuf,
}

impl Home {
    /// Takes what is common from a source.
    pub(super) fn of(source: &Source) -> Self {
        Self {
            id: source.id,
            name: source.name.clone(),
            previous: source.previous,
            folder: source.path.parent().unwrap_or(Path::new("/")).to_owned(),
        }
    }
}

/// Where a record comes from and where its verdict goes.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// Its generation.
    pub home: Arc<Home>,
    /// Names the occurrence.
    pub id: Digest,
    /// Place in the generation.
    pub ordinal: u64,
    /// Its bytes there.
    pub span: Span,
    /// When it was framed.
    pub seen_at: UnixMillis,
    /// How long it may wait for its images.
    pub wait_until: UnixMillis,
    /// Bytes that it holds while it is under way.
    pub weight: u64,
    /// What its verdict does to the database.
    pub target: Target,
}

/// What a verdict does to the database.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// A new row, and its generation's progress with it.
    New {
        /// Progress behind the record.
        progress: Progress,
        /// The row that stood for the record while it was open at the end.
        replaces: Option<Digest>,
    },
    /// A row for a record that is open at the end of its source; its generation stays where it is.
    Open,
    /// The row of a pending occurrence.
    Pending(OccurrenceRow),
}

/// A record on its way to the checks.
pub(super) enum Raw {
    /// Framed bytes with their digest.
    Framed(Body, Digest),
    /// A pending sample.
    Held(Box<Held>),
}

/// A sample that reached the gates.
pub(super) struct Candidate {
    /// Where it comes from.
    pub origin: Origin,
    /// The rules and models.
    pub kit: Arc<Kit>,
    /// The sample.
    pub sample: Sample,
    /// Digest of its content.
    pub digest: Digest,
    /// What its text is found again by, if near-duplicates are looked for.
    pub signature: Option<Signature>,
    /// Place in the order of the gates.
    pub seq: u64,
    /// What the models say.
    pub ratings: Option<Ratings>,
    /// What the question gate says.
    pub gate: Option<QuestionGate>,
}

/// Work for the scoring threads.
pub(super) enum Job {
    /// Parse and check.
    Examine {
        /// Its place.
        ticket: Ticket,
        /// Where it comes from.
        origin: Origin,
        /// What is to be parsed.
        raw: Raw,
        /// The rules.
        kit: Arc<Kit>,
    },
    /// Rate the questions.
    Questions(Ticket, Box<Candidate>),
    /// Rate the answers.
    Answers(Ticket, Box<Candidate>),
}

/// What the checks made of a record.
pub(super) enum Examined {
    /// A sample in which nothing was found.
    Fine(Box<Candidate>),
    /// A sample that waits for an image.
    Waiting(Box<Candidate>, Finding),
    /// A sample in which something was found.
    Flawed(Box<Candidate>, Finding),
    /// No sample.
    Unusable {
        /// Where it comes from.
        origin: Origin,
        /// Its own id, if it has one.
        sample_id: Option<String>,
        /// Digest of its bytes.
        digest: Digest,
        /// What is wrong.
        finding: Finding,
    },
}

/// News for the sequencer.
pub(super) enum Message {
    /// A record went through the checks.
    Examined(Ticket, Examined),
    /// Its questions were rated.
    Questioned(Ticket, Box<Candidate>),
    /// Its answers were rated.
    Answered(Ticket, Box<Candidate>),
    /// Something that needs no check, in its place between the records.
    Direct(Ticket, Entry),
    /// Everything before this ticket was sent; nothing comes after it.
    End(Ticket),
    /// A model is broken.
    Broken(ModelError),
    /// A thread panicked.
    Panicked,
}

/// What the committer writes, in the order of the tickets.
pub(super) enum Entry {
    /// A new generation.
    Open(Box<Source>),
    /// A generation's state.
    Update(Box<Source>),
    /// A verdict.
    Verdict(Box<Origin>, Box<Record>),
    /// A record that was carried over.
    Carried(Box<Origin>, Digest),
    /// The end of a generation turned out to hold no record.
    NothingOpen(Arc<Home>, Digest),
    /// New rules and models.
    Adopt(Arc<Kit>),
}

impl Entry {
    /// Returns the bytes that the entry's record held while it was under way.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Verdict(origin, _) | Self::Carried(origin, _) => origin.weight,
            _ => 0,
        }
    }
}

/// Makes the row of a record that never becomes a sample.
pub(super) fn unusable(
    origin: &Origin,
    digest: Digest,
    finding: Finding,
    now: UnixMillis,
) -> Record {
    Record {
        id: origin.id,
        source: origin.home.id,
        ordinal: origin.ordinal,
        span: origin.span,
        sample_id: None,
        digest,
        kind: None,
        images: Vec::new(),
        verdict: finding.reason.verdict(),
        reason: Some(finding.reason),
        detail: Some(finding.detail),
        duplicate_of: None,
        gated: None,
        content: None,
        seen_at: origin.seen_at,
        decided_at: Some(now),
        wait_until: None,
    }
}
