//! What several commands build from a configuration.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::error::CliError;
use crate::config::{Config, Loaded};
use crate::intake::{self, Selection};
use crate::pipeline::{Kit, Watched};
use crate::score::Models;
use crate::store::Lookup;

/// Loads the configured models.
pub(super) fn models(config: &Config) -> Result<Models, CliError> {
    let folders = &config.models;
    Ok(Models::load(&folders.question, &folders.answer, &folders.style)?)
}

/// Puts rules and models together.
pub(super) fn kit(config: &Config) -> Result<Arc<Kit>, CliError> {
    Ok(Arc::new(Kit {
        checks: config.checks.clone(),
        images: config.images.clone(),
        policy: config.policy.clone(),
        answers: config.scoring.answers,
        models: models(config)?,
    }))
}

/// Makes the watched directories of a configuration.
pub(super) fn watched(config: &Config) -> Result<Vec<Watched>, CliError> {
    config
        .watch
        .iter()
        .map(|watch| {
            let root = canonical(&watch.path)?;
            let selection =
                Selection::new(&watch.include, &watch.exclude).expect("globs are checked at load");
            let (name, on_done) = (watch.source.clone(), watch.on_done.clone());
            Ok(Watched { from: root.clone(), root, name, selection, on_done })
        })
        .collect()
}

/// Opens the configured database for reading.
pub(super) fn lookup(loaded: &Loaded) -> Result<Lookup, CliError> {
    Ok(Lookup::open(&loaded.config.store.path)?)
}

/// Resolves symbolic links of a path that must exist.
pub(super) fn canonical(path: &Path) -> Result<std::path::PathBuf, CliError> {
    path.canonicalize().map_err(|source| CliError::Input {
        what: format!("cannot find `{}`", path.display()),
        source,
    })
}

/// Opens a file, or standard input, to be read once: plain, gzip or Zstandard, by content.
pub(super) fn input(path: Option<&Path>) -> Result<Box<dyn Read>, CliError> {
    let opened = match path {
        None => intake::unpacked(io::stdin()),
        Some(path) => File::open(path).and_then(intake::unpacked),
    };
    let shown = path.map_or("standard input".into(), |path| format!("`{}`", path.display()));
    opened.map_err(|source| CliError::Input { what: format!("cannot read {shown}"), source })
}
