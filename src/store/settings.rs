//! `[store]`: where decisions are recorded, how safely, and whose text is stored.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// When SQLite waits for the disk (its `synchronous` pragma).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// At every commit: survives power loss.
    Full,
    /// At checkpoints: a power loss may undo the last commits, offsets and rows alike.
    Normal,
}

/// Whose text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextKept {
    /// That of every sample.
    All,
    /// That of kept and pending samples.
    Kept,
}

/// The `[store]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// The database file. Default: `gleaner.db`, in the configuration file's folder.
    pub path: PathBuf,
    /// When SQLite waits for the disk. Default: `full`.
    pub synchronous: Synchronous,
    /// Whose text is stored. Default: `all`.
    pub text: TextKept,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { path: "gleaner.db".into(), synchronous: Synchronous::Full, text: TextKept::All }
    }
}
