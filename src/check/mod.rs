//! Checks before any model: pure functions from a sample and facts about its images to findings.

mod image;
mod near;
pub mod text;

use serde::{Deserialize, Serialize};

pub use image::{Facts, ImageSettings, Look, Picture, examine as examine_images};
pub use near::{NEAR, NearIndex};
pub use text::TextSettings;

/// The `[checks]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckSettings {
    /// Whether content that reached a gate before is `duplicate.exact`. Default: true.
    pub duplicate_exact: bool,
    /// Whether a text nearly the same as one that reached a gate before, with the same images or both
    /// without, is `duplicate.near`. Default: true.
    pub duplicate_near: bool,
    /// How many of the last samples that reached a gate are looked at for `duplicate.near`.
    /// Default: 250000, which takes 57 MB when they are there; range: 1 to 100000000.
    pub near_window: usize,
    /// Most samples of one image that reach the gates; more are `duplicate.image_cap`. Default: 0, no cap.
    pub image_cap: u64,
    /// Switches and limits of the `text.*` codes.
    pub text: TextSettings,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self {
            duplicate_exact: true,
            duplicate_near: true,
            near_window: 250_000,
            image_cap: 0,
            text: TextSettings::default(),
        }
    }
}

impl CheckSettings {
    /// Lists values out of range: key, value, allowed range; those of the texts are listed by themselves.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        let fits = (1..=100_000_000).contains(&self.near_window);
        let range = "1 to 100000000";
        if fits { Vec::new() } else { vec![("near_window", self.near_window.to_string(), range)] }
    }
}
