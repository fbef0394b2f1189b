//! `model.toml`: what a model folder says of itself, checked against the files beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ModelError;
use crate::digest::Sha256;
use crate::scale::Quantiles;

/// What a model scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// All questions of a sample.
    Question,
    /// One answer to one question.
    Answer,
    /// The writing of one answer.
    Style,
}

impl Role {
    /// All roles, in the order of the cascade.
    pub const ALL: [Self; 3] = [Self::Question, Self::Answer, Self::Style];

    /// Returns the role's word in files and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Style => "style",
        }
    }
}

/// The content of `model.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name, such as `gleaner-answer`.
    pub name: String,
    /// Version of the weights.
    pub version: String,
    /// What it scores.
    pub role: Role,
    /// One sentence about the model.
    pub description: String,
    /// The pretrained model that it comes from.
    pub base: String,
    /// Licence of the pretrained model.
    pub base_licence: String,
    /// Terms of these weights.
    pub licence: String,
    /// The graph.
    pub onnx: OnnxFile,
    /// How text becomes token ids.
    pub tokenizer: TokenizerFile,
    /// How the raw output becomes a score.
    pub calibration: Calibration,
    /// The distribution of scores over real data.
    pub reference: Reference,
    /// How good the model is, with the data that it was measured on.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// SHA-256 of each file, in hexadecimal digits.
    pub sha256: BTreeMap<String, String>,
}

/// The ONNX file and the output that holds the raw score.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxFile {
    /// Path, relative to the folder of `model.toml`.
    pub file: String,
    /// Name of the output: one `f32` a sample.
    pub output: String,
}

/// Which end of a text that is too long is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// The beginning.
    Head,
    /// The beginning and the end, in equal parts.
    HeadTail,
}

/// The tokenizer and the frame around its ids.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerFile {
    /// Path of the `tokenizer.json`, relative to the folder of `model.toml`.
    pub file: String,
    /// Most tokens of one input, special ones included.
    pub max_tokens: usize,
    /// Most tokens of the question before an answer.
    #[serde(default)]
    pub max_question_tokens: Option<usize>,
    /// What is kept of a text that is too long.
    pub truncation: Truncation,
    /// Id that stands for a text without any token.
    pub unknown: u32,
    /// Ids before the first part.
    #[serde(default)]
    pub begin: Vec<u32>,
    /// Ids after the first part.
    #[serde(default)]
    pub separator: Vec<u32>,
    /// Ids at the end.
    #[serde(default)]
    pub end: Vec<u32>,
}

/// `score = 1 / (1 + exp(-(scale * raw + shift)))`: Platt's form of calibration.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor of the raw output.
    pub scale: f64,
    /// Added after scaling.
    pub shift: f64,
}

/// Score quantiles over real data, which stand in for history that is not there yet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The data in words.
    pub data: String,
    /// 101 scores: the quantiles 0 %, 1 %, ..., 100 %, ascending.
    pub quantiles: Vec<f64>,
    /// The same over the data of one kind, such as `conversation`.
    #[serde(default)]
    pub kinds: BTreeMap<String, Vec<f64>>,
}

impl Reference {
    /// Returns the quantiles alone.
    pub fn scores(&self) -> Quantiles {
        Quantiles { all: self.quantiles.clone(), kinds: self.kinds.clone() }
    }
}

/// One measurement of the model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The data in words.
    pub data: String,
    /// Pairs with different labels.
    pub pairs: u64,
    /// Share of them that the model orders as the labels do.
    pub accuracy: f64,
    /// The same over pairs whose lengths differ by at most 15 %.
    #[serde(default)]
    pub similar_length_accuracy: Option<f64>,
    /// The accuracy of "the longer one is better".
    #[serde(default)]
    pub longest_accuracy: Option<f64>,
}

impl Manifest {
    /// Reads `model.toml` in `folder`.
    ///
    /// # Errors
    /// The file is missing, not valid TOML, has unknown keys or values that make no sense.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("model.toml");
        let text = fs::read_to_string(&path)
            .map_err(|source| ModelError::Read { path: path.clone(), source })?;
        let manifest: Self = toml::from_str(&text).map_err(|source| ModelError::Manifest {
            path: path.clone(),
            source: Box::new(source),
        })?;
        match manifest.defect() {
            Some(defect) => Err(ModelError::Value { path, defect }),
            None => Ok(manifest),
        }
    }

    fn defect(&self) -> Option<String> {
        let room = self.tokenizer.max_question_tokens.unwrap_or(0)
            + self.tokenizer.begin.len()
            + self.tokenizer.separator.len()
            + self.tokenizer.end.len();
        let reference = &self.reference;
        for quantiles in reference.kinds.values().chain([&reference.quantiles]) {
            if quantiles.len() != 101 {
                return Some(format!(
                    "`reference` has a list of {} quantiles, 101 are expected",
                    quantiles.len()
                ));
            }
            if !quantiles.is_sorted() || quantiles.iter().any(|value| !(0.0..=1.0).contains(value))
            {
                return Some("the quantiles of `reference` must ascend within 0 and 1".into());
            }
        }
        if self.tokenizer.max_tokens <= room {
            return Some(format!(
                "`tokenizer.max_tokens` = {} leaves no room: more than {room} is needed",
                self.tokenizer.max_tokens
            ));
        }
        if !self.calibration.scale.is_finite() || !self.calibration.shift.is_finite() {
            return Some("`calibration` must be finite numbers".into());
        }
        None
    }

    /// Reads a file of the model and compares its SHA-256 with the one in `model.toml`.
    ///
    /// # Errors
    /// The file is missing, has no hash in `model.toml`, or another one.
    pub fn verified(&self, folder: &Path, file: &str) -> Result<Vec<u8>, ModelError> {
        let path: PathBuf = folder.join(file);
        let Some(expected) = self.sha256.get(file) else {
            let defect = format!("`sha256` has no entry for `{file}`");
            return Err(ModelError::Value { path: folder.join("model.toml"), defect });
        };
        let bytes = fs::read(&path)
            .map_err(|source: io::Error| ModelError::Read { path: path.clone(), source })?;
        let found = Sha256::of(&bytes);
        if found.eq_ignore_ascii_case(expected) {
            Ok(bytes)
        } else {
            Err(ModelError::Hash { path, expected: expected.clone(), found })
        }
    }
}
