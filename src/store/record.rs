//! What is written of one record, of the models and of the policy.

use crate::digest::Digest;
use crate::scale::{Quantiles, Score};
use crate::signature::Signature;
use crate::source::{SourceId, Span};
use crate::time::UnixMillis;
use crate::verdict::{Decision, Reason, Verdict};

/// What is stored of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    /// Digest over all that shapes its scores and cuts.
    pub digest: Digest,
    /// `question`, `answer` or `style`.
    pub role: &'static str,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Reference quantiles.
    pub quantiles: Quantiles,
}

/// One occurrence: decided, or pending.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Digest of source key and ordinal.
    pub id: Digest,
    /// The generation in which it was framed.
    pub source: SourceId,
    /// Its place there, from 0.
    pub ordinal: u64,
    /// Its bytes there.
    pub span: Span,
    /// The record's own id.
    pub sample_id: Option<String>,
    /// Digest of the content, or of the bytes if they are no sample.
    pub digest: Digest,
    /// The kind of a sample.
    pub kind: Option<String>,
    /// Names of its images.
    pub images: Vec<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was not kept, or why it waits.
    pub reason: Option<Reason>,
    /// What was found, in words.
    pub detail: Option<String>,
    /// The occurrence that it repeats.
    pub duplicate_of: Option<Digest>,
    /// What the gates said, if it reached them.
    pub gated: Option<Gated>,
    /// Its text, if it is stored.
    pub content: Option<Content>,
    /// When it was framed.
    pub seen_at: UnixMillis,
    /// When it was decided; `None` while it is pending.
    pub decided_at: Option<UnixMillis>,
    /// Until when it waits, while it is pending.
    pub wait_until: Option<UnixMillis>,
}

/// What was scored and decided of a sample that reached the gates.
#[derive(Debug, Clone, PartialEq)]
pub struct Gated {
    /// Its place in the order of the gates, from 1.
    pub seq: u64,
    /// Score of all its questions.
    pub question: Score,
    /// Mean score of its turns' best answers, if they were scored.
    pub answer: Option<Score>,
    /// Mean style score of its answers.
    pub style: Option<Score>,
    /// Roles whose input was too long and was cut, separated by commas.
    pub truncated: Option<String>,
    /// For each turn, the index of the chosen candidate, if the answers were scored.
    pub chosen: Option<Vec<usize>>,
    /// What its text is found again by, if near-duplicates are looked for.
    pub signature: Option<Signature>,
    /// The decision.
    pub decision: Decision,
}

/// The text of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The conversation as LLaVA JSON, candidates in lists.
    pub conversations: String,
    /// The same with the chosen candidates, if there are lists and the sample was kept.
    pub resolved: Option<String>,
    /// The record's other fields as a JSON object.
    pub extra: Option<String>,
}
