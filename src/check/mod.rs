//! Checks before any model: pure functions from a sample and facts about its images to findings.

mod image;
pub mod text;

use serde::{Deserialize, Serialize};

pub use image::{Facts, ImageSettings, Look, Picture, examine as examine_images};
pub use text::TextSettings;

/// The `[checks]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSettings {
    /// Whether content that reached a gate before is `duplicate.exact`. Default: true.
    pub duplicate_exact: bool,
    /// Switches and limits of the `text.*` codes.
    pub text: TextSettings,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self { duplicate_exact: true, text: TextSettings::default() }
    }
}
