//! The scale of scores: numbers from 0 to 1 in steps of 1e-4, exact, so that equal means equal.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A score from 0 to 1 in steps of 1e-4; higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u16);

impl Score {
    /// Steps from 0 to 1.
    pub const STEPS: u16 = 10_000;
    /// The lowest score.
    pub const MIN: Self = Self(0);
    /// The highest score.
    pub const MAX: Self = Self(Self::STEPS);

    /// Rounds a number to the nearest step and limits it to 0..=1; NaN gives the lowest score.
    pub fn round(value: f64) -> Self {
        // A float to integer cast saturates and turns NaN into 0.
        Self(((value * f64::from(Self::STEPS)).round() as u16).min(Self::STEPS))
    }

    /// Takes a count of steps; `None` above 10,000.
    pub fn from_steps(steps: u16) -> Option<Self> {
        (steps <= Self::STEPS).then_some(Self(steps))
    }

    /// Returns the count of steps, 0 to 10,000.
    pub fn steps(self) -> u16 {
        self.0
    }

    /// Returns the score as a number from 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / f64::from(Self::STEPS)
    }

    /// Returns the mean of scores, rounded to a step; `None` for no score.
    pub fn mean(scores: &[Self]) -> Option<Self> {
        if scores.is_empty() {
            return None;
        }
        let sum: f64 = scores.iter().map(|score| f64::from(score.0)).sum();
        Some(Self::round(sum / scores.len() as f64 / f64::from(Self::STEPS)))
    }
}

/// Score quantiles over real data: 101 ascending scores each, 0 %, 1 %, ..., 100 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Over all data.
    pub all: Vec<f64>,
    /// Over the data of one kind, where there was enough of it.
    #[serde(default)]
    pub kinds: BTreeMap<String, Vec<f64>>,
}

impl Quantiles {
    /// Returns the quantiles of a kind, or of all data if the kind is not known.
    pub fn of(&self, kind: Option<&str>) -> &[f64] {
        kind.and_then(|kind| self.kinds.get(kind)).unwrap_or(&self.all)
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&value) {
            Ok(Self::round(value))
        } else {
            Err(serde::de::Error::custom(format!("{value} is not a number from 0 to 1")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_and_limited() {
        for (value, steps) in [
            (0.0, 0),
            (0.5, 5000),
            (0.123_44, 1234),
            (0.123_46, 1235),
            (-3.0, 0),
            (7.0, 10_000),
            (f64::NAN, 0),
        ] {
            assert_eq!(Score::round(value).steps(), steps, "{value}");
        }
    }

    #[test]
    fn every_step_survives_the_round_trip() {
        for steps in 0..=Score::STEPS {
            let score = Score::from_steps(steps).expect("in range");
            assert_eq!(Score::round(score.value()), score);
        }
        assert_eq!(Score::from_steps(10_001), None);
    }

    #[test]
    fn mean_of_scores() {
        assert_eq!(Score::mean(&[]), None);
        assert_eq!(Score::mean(&[Score::round(0.2), Score::round(0.4)]), Some(Score::round(0.3)));
    }
}
