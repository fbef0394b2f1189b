//! `[policy]`: how much is kept and by which rule.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::scale::Score;

/// The rule that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Keeps a share of what arrives: the cut follows the scores of the samples before.
    Budget,
    /// Keeps what reaches fixed minima.
    Threshold,
    /// Keeps all that passes the checks, and records what the budget would have done.
    Observe,
}

/// Which samples compete with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// Samples of the same kind.
    Kind,
    /// Samples of the same source.
    Source,
    /// All samples.
    None,
}

/// The `[policy]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// The rule that decides. Default: `budget`.
    pub mode: Mode,
    /// Which samples compete with each other. Default: `kind`.
    pub group_by: GroupBy,
    /// Share of the samples that passes the question gate, above 0 and at most 1. Default: 0.3, the paper's.
    pub alpha: f64,
    /// Share of these that passes the answer gate, above 0 and at most 1. Default: 0.3, the paper's.
    pub beta: f64,
    /// How many earlier samples of its group a sample is compared with, 1 to 10,000,000. Default: 10,000.
    pub window: usize,
    /// Below this many earlier samples the reference quantiles of the model stand in. Default: 200.
    pub warmup: usize,
    /// Lowest question score in `threshold` mode, 0 to 1. Default: 0.
    pub question_min: f64,
    /// Lowest answer score in `threshold` mode, 0 to 1. Default: 0.
    pub answer_min: f64,
    /// Lowest style score in every mode, 0 to 1; 0 switches the style gate off. Default: 0.
    pub style_min: f64,
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self {
            mode: Mode::Budget,
            group_by: GroupBy::Kind,
            alpha: 0.3,
            beta: 0.3,
            window: 10_000,
            warmup: 200,
            question_min: 0.0,
            answer_min: 0.0,
            style_min: 0.0,
        }
    }
}

impl PolicySettings {
    /// Lists values out of range: key, value, allowed range.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut problems = Vec::new();
        for (key, share) in [("alpha", self.alpha), ("beta", self.beta)] {
            if !(share > 0.0 && share <= 1.0) {
                problems.push((key, share.to_string(), "a number above 0 and at most 1"));
            }
        }
        if !(1..=10_000_000).contains(&self.window) {
            problems.push(("window", self.window.to_string(), "1 to 10000000 samples"));
        }
        if self.warmup > self.window {
            problems.push(("warmup", self.warmup.to_string(), "0 to `window` samples"));
        }
        for (key, minimum) in [
            ("question_min", self.question_min),
            ("answer_min", self.answer_min),
            ("style_min", self.style_min),
        ] {
            if !(0.0..=1.0).contains(&minimum) {
                problems.push((key, minimum.to_string(), "a number from 0 to 1"));
            }
        }
        problems
    }

    /// Returns the settings as JSON with all keys: what the database stores of a policy.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("plain numbers and names are JSON")
    }

    /// Returns the digest of [`PolicySettings::text`].
    pub fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }

    /// Returns the question, answer and style minima as scores.
    pub(super) fn minima(&self) -> [Score; 3] {
        [self.question_min, self.answer_min, self.style_min].map(Score::round)
    }
}
