//! `[[watch]]` and `[intake]`: where records come from and when a file counts as finished.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What becomes of a file of which every record has its final verdict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDone {
    /// It stays.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved to this directory.
    Move(PathBuf),
}

/// One `[[watch]]` entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchSettings {
    /// The directory; relative paths start at the configuration file's folder.
    pub path: PathBuf,
    /// Name of the source. Default: the directory's name.
    #[serde(default)]
    pub source: String,
    /// Globs of files to read, relative to `path`. Default: JSON and JSONL, plain, `.gz` and `.zst`.
    #[serde(default = "default_include")]
    pub include: Vec<String>,
    /// Globs of files to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// What becomes of a finished file. Default: `keep`.
    #[serde(default)]
    pub on_done: OnDone,
}

/// Returns the globs of the formats that Gleaner reads.
pub fn default_include() -> Vec<String> {
    ["", ".gz", ".zst"]
        .iter()
        .flat_map(|packing| ["json", "jsonl"].map(|format| format!("**/*.{format}{packing}")))
        .collect()
}

/// Longest time that makes sense anywhere here.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The `[intake]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeSettings {
    /// Wait after the first event of a file before it is read. Default: 500 ms.
    #[serde(with = "crate::units::duration")]
    pub settle: Duration,
    /// Time between two looks at all watched files. Default: 60 s.
    #[serde(with = "crate::units::duration")]
    pub rescan: Duration,
    /// Look at all files every `settle` instead of asking the kernel for events: for network file systems.
    /// Default: false.
    pub poll: bool,
    /// After this time without a change a complete last value without a newline is decided. Default: 60 s.
    #[serde(with = "crate::units::duration")]
    pub idle_eof: Duration,
    /// After this time without a change an unterminated line or array is `structure.unfinished`. Default: 1 h.
    #[serde(with = "crate::units::duration")]
    pub unfinished_after: Duration,
    /// Longer records are `structure.too_large`. Default: 16 MiB; from 1 KiB to 256 MiB.
    #[serde(with = "crate::units::bytes")]
    pub max_record_bytes: u64,
    /// Time that a stop may take to finish what was begun. Default: 10 s.
    #[serde(with = "crate::units::duration")]
    pub shutdown_grace: Duration,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(500),
            rescan: Duration::from_secs(60),
            poll: false,
            idle_eof: Duration::from_secs(60),
            unfinished_after: Duration::from_secs(3600),
            max_record_bytes: 16 << 20,
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

impl IntakeSettings {
    /// Lists values out of range: key, value, allowed range.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut problems = Vec::new();
        if !(1 << 10..=256 << 20).contains(&self.max_record_bytes) {
            problems.push((
                "max_record_bytes",
                self.max_record_bytes.to_string(),
                "1KiB to 256MiB",
            ));
        }
        for (key, duration) in [
            ("settle", self.settle),
            ("rescan", self.rescan),
            ("idle_eof", self.idle_eof),
            ("unfinished_after", self.unfinished_after),
            ("shutdown_grace", self.shutdown_grace),
        ] {
            if duration > LONGEST {
                problems.push((key, format!("{duration:?}"), "365 days or less"));
            }
        }
        for (key, duration) in [("rescan", self.rescan), ("shutdown_grace", self.shutdown_grace)] {
            if duration < Duration::from_millis(100) {
                problems.push((key, format!("{duration:?}"), "100ms or more"));
            }
        }
        if self.poll && self.settle < Duration::from_millis(10) {
            problems.push((
                "settle",
                format!("{:?}", self.settle),
                "10ms or more with `poll = true`",
            ));
        }
        problems
    }
}
