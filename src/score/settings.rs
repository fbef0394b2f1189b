//! `[models]` and `[scoring]`: which models score, on how many threads, and which answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The `[models]` section: a folder with a `model.toml` for each role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// Scores all questions of a sample. Default: `models/question`.
    pub question: PathBuf,
    /// Scores one answer to one question. Default: `models/answer`.
    pub answer: PathBuf,
    /// Scores the writing of an answer. Default: `models/style`.
    pub style: PathBuf,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            question: "models/question".into(),
            answer: "models/answer".into(),
            style: "models/style".into(),
        }
    }
}

/// Which samples get an answer score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswersScored {
    /// Those that passed the question gate.
    Survivors,
    /// All that passed the checks, so that every budget can be previewed exactly.
    All,
}

/// The `[scoring]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoringSettings {
    /// Threads that check and score; 0: as many as there are cores granted. Default: 0; at most 1,024.
    pub threads: usize,
    /// Which samples get an answer score. Default: `survivors`.
    pub answers: AnswersScored,
}

impl Default for ScoringSettings {
    fn default() -> Self {
        Self { threads: 0, answers: AnswersScored::Survivors }
    }
}

impl ScoringSettings {
    /// Lists values out of range: key, value, allowed range.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        if self.threads > 1024 {
            return vec![("threads", self.threads.to_string(), "0 to 1024")];
        }
        Vec::new()
    }

    /// Returns the number of threads to start.
    pub fn granted_threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }
}
