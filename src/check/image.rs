//! `image.*`: what facts about the pictures of a sample mean.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::verdict::{Finding, Reason};

/// How closely pictures are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// Not at all.
    Off,
    /// The file must be there.
    Exists,
    /// The file must be a picture that can be decoded, and of a sensible shape.
    Decode,
}

/// The `[images]` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageSettings {
    /// Folders in which picture names are looked up, before the sample's own. Default: none.
    pub root: Vec<PathBuf>,
    /// How closely pictures are looked at. Default: `decode`.
    pub check: Look,
    /// How long a sample waits for its picture. Default: 10 min.
    #[serde(with = "crate::units::duration")]
    pub grace: Duration,
    /// Shortest side in pixels, 1 or more. Default: 32.
    pub min_side: u32,
    /// Most pixels (width times height); pictures that claim more are not decoded. Default: 100,000,000.
    pub max_pixels: u64,
    /// Longest side divided by the shortest, 1 or more. Default: 10.
    pub max_aspect: f64,
}

impl Default for ImageSettings {
    fn default() -> Self {
        Self {
            root: Vec::new(),
            check: Look::Decode,
            grace: Duration::from_secs(600),
            min_side: 32,
            max_pixels: 100_000_000,
            max_aspect: 10.0,
        }
    }
}

impl ImageSettings {
    /// Lists values out of range: key, value, allowed range.
    pub fn problems(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut problems = Vec::new();
        if self.grace > Duration::from_secs(365 * 24 * 3600) {
            problems.push(("grace", format!("{:?}", self.grace), "365 days or less"));
        }
        if self.min_side == 0 {
            problems.push(("min_side", self.min_side.to_string(), "1 pixel or more"));
        }
        if self.max_pixels == 0 {
            problems.push(("max_pixels", self.max_pixels.to_string(), "1 pixel or more"));
        }
        if self.max_aspect.is_nan() || self.max_aspect < 1.0 {
            problems.push(("max_aspect", self.max_aspect.to_string(), "1 or more"));
        }
        problems
    }
}

/// What a look at one picture found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// No such file in any root.
    Missing,
    /// It is there; its content was not asked for.
    Present,
    /// It was decoded.
    Decoded {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// It cannot be decoded, and why.
    Broken(String),
}

/// What looks at all pictures of a sample found, in their order; empty if nobody looked.
pub type Facts = Vec<Picture>;

/// Judges the pictures of a sample; a missing one comes first, because all else may still change.
pub fn examine(names: &[String], facts: &Facts, settings: &ImageSettings) -> Option<Finding> {
    let pairs = || names.iter().zip(facts);
    let missing = pairs().find(|(_, picture)| **picture == Picture::Missing);
    if let Some((name, _)) = missing {
        return Some(Finding::new(Reason::ImageMissing, format!("`{}`", shown(name))));
    }
    pairs().find_map(|(name, picture)| judge(&shown(name), picture, settings))
}

fn judge(name: &str, picture: &Picture, settings: &ImageSettings) -> Option<Finding> {
    let (width, height) = match picture {
        Picture::Missing | Picture::Present => return None,
        Picture::Broken(why) => {
            return Some(Finding::new(Reason::ImageUndecodable, format!("`{name}`: {why}")));
        }
        Picture::Decoded { width, height } => (*width, *height),
    };
    let (short, long) = (width.min(height), width.max(height));
    if short < settings.min_side {
        let detail = format!(
            "`{name}`: {width} x {height} pixels, a side of {} is needed",
            settings.min_side
        );
        return Some(Finding::new(Reason::ImageTooSmall, detail));
    }
    if f64::from(long) > settings.max_aspect * f64::from(short) {
        let detail = format!(
            "`{name}`: {width} x {height} pixels, at most {} to 1 is allowed",
            settings.max_aspect
        );
        return Some(Finding::new(Reason::ImageAspect, detail));
    }
    None
}

/// Names come from outside: a message shows their beginning at most.
fn shown(name: &str) -> String {
    name.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(facts: &[Picture], expected: Option<Reason>) {
        let names: Vec<String> = (0..facts.len()).map(|n| format!("{n}.jpg")).collect();
        let found = examine(&names, &facts.to_vec(), &ImageSettings::default());
        assert_eq!(found.map(|finding| finding.reason), expected, "{facts:?}");
    }

    #[test]
    fn facts_have_their_reasons() {
        let fine = Picture::Decoded { width: 640, height: 480 };
        check(&[], None);
        check(&[fine.clone(), Picture::Present], None);
        check(&[Picture::Broken("cut".into())], Some(Reason::ImageUndecodable));
        check(&[Picture::Broken("cut".into()), Picture::Missing], Some(Reason::ImageMissing));
        check(&[fine, Picture::Decoded { width: 31, height: 480 }], Some(Reason::ImageTooSmall));
        check(&[Picture::Decoded { width: 320, height: 32 }], None);
        check(&[Picture::Decoded { width: 321, height: 32 }], Some(Reason::ImageAspect));
    }
}
