//! Errors as people see them: one sentence, and an exit status that scripts can rely on.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::export::ExportError;
use crate::model::ModelError;
use crate::pipeline::PipelineError;
use crate::store::StoreError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// Wrong use.
    #[error("{0}")]
    Usage(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A model is missing or broken.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The pipeline stopped.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The export failed.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Something cannot be read.
    #[error("{what}: {source}")]
    Input {
        /// What was to be done.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// Something that was read is not what it should be.
    #[error("{0}")]
    BadInput(String),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// Returns the exit status.
    fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) => 2,
            Self::Store(
                StoreError::Query(_)
                | StoreError::NotReading
                | StoreError::Unknown(_)
                | StoreError::Ambiguous { .. },
            ) => 2,
            // As Rust ends a process that panics.
            Self::Pipeline(PipelineError::Panicked) => 101,
            Self::Store(_)
            | Self::Pipeline(PipelineError::Store(_))
            | Self::Export(ExportError::Store(_)) => 3,
            Self::Model(_) | Self::Pipeline(PipelineError::Model(_)) => 4,
            Self::Input { .. }
            | Self::BadInput(_)
            | Self::Output(_)
            | Self::Export(ExportError::Write { .. }) => 5,
        }
    }

    /// Prints the sentence, with the chain of causes if asked for, and returns the exit status.
    pub(super) fn report(&self, causes: bool) -> ExitCode {
        if let Self::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            // Whoever read the output has seen enough.
            return ExitCode::SUCCESS;
        }
        eprintln!("gleaner: {self}");
        let mut source = self.source();
        while let (true, Some(cause)) = (causes, source) {
            eprintln!("  because: {cause}");
            source = cause.source();
        }
        ExitCode::from(self.status())
    }
}
