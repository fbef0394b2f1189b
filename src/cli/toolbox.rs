//! What several commands build from a configuration.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::error::CliError;
use crate::config::{Config, Loaded};
use crate::intake::{Selection, Stream};
use crate::pipeline::{Kit, Watched};
use crate::score::Models;
use crate::source::Packing;
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

/// Opens a file to be read once: plain, gzip or Zstandard; a pipe is read as it is.
pub(super) fn input(path: &Path) -> Result<Box<dyn Read>, CliError> {
    let opened = File::open(path).and_then(|file| -> io::Result<Box<dyn Read>> {
        if !file.metadata()?.is_file() {
            return Ok(Box::new(file));
        }
        let mut magic = [0; 4];
        let read = file.read_at(&mut magic, 0)?;
        Ok(Box::new(Stream::open(file, Packing::of(&magic[..read]), 0)?))
    });
    let what = || format!("cannot open `{}`", path.display());
    opened.map_err(|source| CliError::Input { what: what(), source })
}
