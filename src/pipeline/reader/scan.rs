//! A walk through a watched tree, some files at a time.

use std::io;
use std::path::{Path, PathBuf};

use crate::intake::files_below;

/// A walk under way.
pub(super) struct Scan {
    /// Which watched directory it goes through.
    pub watch: usize,
    files: Box<dyn Iterator<Item = Result<PathBuf, (PathBuf, io::Error)>> + Send>,
}

impl Scan {
    /// Begins at a folder or file below a watched directory.
    pub(super) fn new(from: &Path, watch: usize) -> Self {
        Self { watch, files: Box::new(files_below(from)) }
    }
}

impl Iterator for Scan {
    type Item = Result<PathBuf, (PathBuf, io::Error)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.files.next()
    }
}
