//! `image.*`: what facts about the pictures of a sample mean.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sample::image_shown;
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
    /// Least standard deviation of the brightness of the pixels (0 to 255), 0 to 127. Default: 1.
    pub min_contrast: f64,
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
            min_contrast: 1.0,
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
        if !(0.0..=127.0).contains(&self.min_contrast) {
            problems.push(("min_contrast", self.min_contrast.to_string(), "0 to 127"));
        }
        problems
    }
}

/// What a look at one picture found.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// No such file in any root.
    Missing,
    /// An address on the network, where nobody looks.
    Remote,
    /// It is there; its content was not asked for.
    Present,
    /// It was decoded.
    Decoded {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Standard deviation of the brightness of its pixels, which is 0 to 255.
        contrast: f64,
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
        return Some(Finding::new(Reason::ImageMissing, format!("`{}`", image_shown(name))));
    }
    if let Some((name, _)) = pairs().find(|(_, picture)| **picture == Picture::Remote) {
        let detail = format!("`{}` is an address on the network, not a file", image_shown(name));
        return Some(Finding::new(Reason::ImageMissing, detail));
    }
    pairs().find_map(|(name, picture)| judge(&image_shown(name), picture, settings))
}

fn judge(name: &str, picture: &Picture, settings: &ImageSettings) -> Option<Finding> {
    let (width, height, contrast) = match picture {
        Picture::Missing | Picture::Remote | Picture::Present => return None,
        Picture::Broken(why) => {
            return Some(Finding::new(Reason::ImageUndecodable, format!("`{name}`: {why}")));
        }
        Picture::Decoded { width, height, contrast } => (*width, *height, *contrast),
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
    if contrast < settings.min_contrast {
        let detail = format!(
            "`{name}`: brightness deviates by {contrast:.2} of 255, {} is needed",
            settings.min_contrast
        );
        return Some(Finding::new(Reason::ImageBlank, detail));
    }
    None
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
        let of = |width, height, contrast| Picture::Decoded { width, height, contrast };
        let fine = of(640, 480, 40.0);
        check(&[], None);
        check(&[fine.clone(), Picture::Present], None);
        check(&[Picture::Broken("cut".into())], Some(Reason::ImageUndecodable));
        check(&[Picture::Broken("cut".into()), Picture::Missing], Some(Reason::ImageMissing));
        check(&[fine.clone(), Picture::Remote], Some(Reason::ImageMissing));
        check(&[fine, of(31, 480, 40.0)], Some(Reason::ImageTooSmall));
        check(&[of(320, 32, 40.0)], None);
        check(&[of(321, 32, 40.0)], Some(Reason::ImageAspect));
        check(&[of(320, 320, 0.9)], Some(Reason::ImageBlank));
    }
}
