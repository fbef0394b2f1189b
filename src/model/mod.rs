//! Loading and running one ONNX model: the only importer of `tract_onnx` and `tokenizers`.
//! It knows texts and raw scores, not what they decide.

mod manifest;
mod tokens;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tract_onnx::prelude::*;

pub use manifest::{Manifest, Role};
use tokens::{Encoder, Tokens};

use crate::digest::{Digest, Hasher};
use crate::scale::Score;

/// How the arithmetic is done; recorded with each decision.
pub const COMPUTE: &str = "tract-0.23.9 f32";

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file of the model cannot be read.
    #[error(
        "cannot read model file `{path}`; reinstall the models, or point [models] at their folders"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// `model.toml` is not what it should be.
    #[error("`{path}` is not a valid model description: {source}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The cause, with its line.
        source: Box<toml::de::Error>,
    },
    /// A value of `model.toml` makes no sense.
    #[error("`{path}`: {defect}")]
    Value {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        defect: String,
    },
    /// A file is not the one that `model.toml` describes.
    #[error(
        "model file `{path}` is damaged or was replaced: its SHA-256 is {found}, model.toml says {expected}; \
         reinstall the models"
    )]
    Hash {
        /// The file.
        path: PathBuf,
        /// SHA-256 in `model.toml`.
        expected: String,
        /// SHA-256 of the file.
        found: String,
    },
    /// The folder holds a model for something else.
    #[error("`{folder}` holds a {found} model where a {expected} model is configured")]
    Role {
        /// The folder.
        folder: PathBuf,
        /// What the configuration wants.
        expected: &'static str,
        /// What the folder has.
        found: &'static str,
    },
    /// The tokenizer cannot be built.
    #[error("tokenizer `{path}` cannot be loaded: {source}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: tokenizers::Error,
    },
    /// A text cannot be tokenised.
    #[error("a text cannot be tokenised: {source}")]
    Encode {
        /// The cause.
        source: tokenizers::Error,
    },
    /// The graph cannot be loaded or prepared.
    #[error("model `{path}` cannot be loaded: {source}")]
    Load {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: TractError,
    },
    /// The graph wants an input that is not fed.
    #[error("model `{path}` has an input `{input}`; known are `ids`, `segments` and `lengths`")]
    Input {
        /// The file.
        path: PathBuf,
        /// Name of the input.
        input: String,
    },
    /// The graph fails on an input.
    #[error("model `{name}` failed: {source}")]
    Run {
        /// The model.
        name: String,
        /// The cause.
        source: TractError,
    },
    /// The graph gives something that is no number.
    #[error("model `{name}` gave {raw}, which is no score; reinstall the models")]
    NotFinite {
        /// The model.
        name: String,
        /// The output.
        raw: f32,
    },
}

/// A model ready to run on any number of threads.
pub struct Model {
    manifest: Manifest,
    digest: Digest,
    encoder: Encoder,
    inputs: Vec<Input>,
    plan: Arc<TypedRunnableModel>,
}

/// What a graph may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Ids,
    Segments,
    Lengths,
}

impl Model {
    /// Loads the model in `folder`, checks its hashes and its role, and runs it once.
    ///
    /// # Errors
    /// Whatever keeps the model from scoring, with the file and what to do.
    pub fn load(folder: &Path, role: Role) -> Result<Arc<Self>, ModelError> {
        let manifest = Manifest::read(folder)?;
        if manifest.role != role {
            return Err(ModelError::Role {
                folder: folder.to_owned(),
                expected: role.name(),
                found: manifest.role.name(),
            });
        }
        let onnx = manifest.verified(folder, &manifest.onnx.file)?;
        let vocabulary = manifest.verified(folder, &manifest.tokenizer.file)?;
        let path = folder.join(&manifest.tokenizer.file);
        let encoder = Encoder::new(&vocabulary, manifest.tokenizer.clone(), &path)?;
        let (inputs, plan) =
            prepare(&onnx, &manifest.onnx.output, &folder.join(&manifest.onnx.file))?;
        let model = Arc::new(Self { digest: identity(&manifest), manifest, encoder, inputs, plan });
        let second = (role == Role::Answer).then_some("A start-up check.");
        model.session()?.score("What is this?", second)?;
        Ok(model)
    }

    /// Returns what the model says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the digest over everything that shapes its scores.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Starts a session for one thread.
    ///
    /// # Errors
    /// The graph cannot be instantiated.
    pub fn session(self: &Arc<Self>) -> Result<Session, ModelError> {
        let state = self.plan.spawn().map_err(|source| self.failed(source))?;
        Ok(Session { model: Arc::clone(self), state })
    }

    fn failed(&self, source: TractError) -> ModelError {
        ModelError::Run { name: self.manifest.name.clone(), source }
    }
}

/// One thread's use of a model.
pub struct Session {
    model: Arc<Model>,
    state: TypedSimpleState,
}

/// What a model says of one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The calibrated score.
    pub score: Score,
    /// The output before calibration.
    pub raw: f32,
    /// Whether the text was too long for the model and was cut.
    pub truncated: bool,
}

impl Session {
    /// Scores one text, or an answer (`second`) to a question (`first`).
    ///
    /// The score depends on the texts alone, not on earlier calls.
    ///
    /// # Errors
    /// The tokenizer or the graph fails, or the output is not finite: the model is broken.
    pub fn score(&mut self, first: &str, second: Option<&str>) -> Result<Scored, ModelError> {
        let tokens = self.model.encoder.encode(first, second)?;
        let raw = self.run(&tokens).map_err(|source| self.model.failed(source))?;
        if !raw.is_finite() {
            return Err(ModelError::NotFinite { name: self.model.manifest.name.clone(), raw });
        }
        let calibration = self.model.manifest.calibration;
        let logit = calibration.scale * f64::from(raw) + calibration.shift;
        let score = Score::round(1.0 / (1.0 + (-logit).exp()));
        Ok(Scored { score, raw, truncated: tokens.truncated })
    }

    fn run(&mut self, tokens: &Tokens) -> TractResult<f32> {
        let mut inputs = tvec!();
        for input in &self.model.inputs {
            let tensor = match input {
                Input::Ids => Tensor::from_shape(&[1, tokens.ids.len()], &tokens.ids)?,
                Input::Segments => {
                    Tensor::from_shape(&[1, tokens.segments.len()], &tokens.segments)?
                }
                Input::Lengths => Tensor::from_shape(&[1, 2], &tokens.lengths)?,
            };
            inputs.push(tensor.into_tvalue());
        }
        let outputs = self.state.run(inputs)?;
        let view = outputs[0].to_plain_array_view::<f32>()?;
        Ok(view.iter().copied().next().unwrap_or(f32::NAN))
    }
}

/// Loads and optimises a graph for one sample of any length.
fn prepare(
    onnx: &[u8],
    output: &str,
    path: &Path,
) -> Result<(Vec<Input>, Arc<TypedRunnableModel>), ModelError> {
    let broken = |source| ModelError::Load { path: path.to_owned(), source };
    let mut graph = tract_onnx::onnx()
        .with_ignore_value_info(true)
        .model_for_read(&mut &onnx[..])
        .and_then(|graph| graph.with_outputs_by_name([output]))
        .map_err(broken)?;
    let length = graph.symbols.sym("N");
    let mut inputs = Vec::new();
    for index in 0..graph.inputs.len() {
        let name = graph.node(graph.inputs[index].node).name.clone();
        let (input, fact) = match name.as_str() {
            "ids" => (
                Input::Ids,
                InferenceFact::dt_shape(i64::datum_type(), tvec!(1.to_dim(), length.to_dim())),
            ),
            "segments" => (
                Input::Segments,
                InferenceFact::dt_shape(i64::datum_type(), tvec!(1.to_dim(), length.to_dim())),
            ),
            "lengths" => (
                Input::Lengths,
                InferenceFact::dt_shape(f32::datum_type(), tvec!(1.to_dim(), 2.to_dim())),
            ),
            _ => return Err(ModelError::Input { path: path.to_owned(), input: name }),
        };
        inputs.push(input);
        graph.set_input_fact(index, fact).map_err(broken)?;
    }
    let plan = graph.into_optimized().and_then(IntoRunnable::into_runnable).map_err(broken)?;
    Ok((inputs, plan))
}

/// Hashes the manifest's parts that shape a score or a cut, file hashes included.
fn identity(manifest: &Manifest) -> Digest {
    let mut hasher = Hasher::default();
    hasher.field(manifest.name.as_bytes()).field(manifest.version.as_bytes());
    hasher.field(manifest.onnx.output.as_bytes());
    hasher.field(format!("{:?}", manifest.tokenizer).as_bytes());
    hasher.field(format!("{:?}", manifest.calibration).as_bytes());
    hasher.field(format!("{:?}", manifest.reference.scores()).as_bytes());
    for (file, hash) in &manifest.sha256 {
        hasher.field(file.as_bytes()).field(hash.to_ascii_lowercase().as_bytes());
    }
    hasher.finish()
}
