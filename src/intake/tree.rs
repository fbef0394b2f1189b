//! Which files of a watched tree are read: regular files that match the globs, symbolic links not followed.

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::WalkDir;

/// Include and exclude globs, relative to the watched directory.
#[derive(Debug, Clone)]
pub struct Selection {
    include: GlobSet,
    exclude: GlobSet,
}

impl Selection {
    /// Compiles globs: `*` stays within a folder, `**` crosses folders.
    ///
    /// # Errors
    /// The first glob that is not valid, and why.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, (String, String)> {
        Ok(Self { include: compile(include)?, exclude: compile(exclude)? })
    }

    /// Tells whether a file below the watched directory is read.
    pub fn takes(&self, relative: &Path) -> bool {
        self.include.is_match(relative) && !self.exclude.is_match(relative)
    }
}

fn compile(globs: &[String]) -> Result<GlobSet, (String, String)> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let built = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(built.map_err(|error| (glob.clone(), error.kind().to_string()))?);
    }
    set.build().map_err(|error| (globs.join(", "), error.kind().to_string()))
}

/// Walks a tree and yields its regular files, in the order of their names.
///
/// Symbolic links are not followed, so nothing outside the tree and nothing twice is read. Folders that
/// cannot be read come as errors with their path.
pub fn files_below(
    root: &Path,
) -> impl Iterator<Item = Result<PathBuf, (PathBuf, io::Error)>> + use<> {
    let root = root.to_owned();
    WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(move |entry| match entry {
        Ok(entry) => entry.file_type().is_file().then(|| Ok(entry.into_path())),
        Err(error) => {
            let path = error.path().unwrap_or(&root).to_owned();
            let source = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
            // A file that vanished between two looks is no trouble.
            (source.kind() != io::ErrorKind::NotFound).then_some(Err((path, source)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn selected_regular_files_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("a/b.json")).expect("made");
        for name in ["x.json", "a/y.jsonl", "a/b.json/z.jsonl.gz", "a/skip.json", "a/note.txt"] {
            fs::write(root.join(name), "").expect("written");
        }
        std::os::unix::fs::symlink(root.join("x.json"), root.join("link.json")).expect("linked");
        let include = super::super::settings::default_include();
        let selection = Selection::new(&include, &["**/skip.*".into()]).expect("globs");
        let found: Vec<PathBuf> = files_below(root)
            .map(|file| file.expect("readable").strip_prefix(root).expect("below").to_owned())
            .filter(|file| selection.takes(file))
            .collect();
        assert_eq!(found, ["a/b.json/z.jsonl.gz", "a/y.jsonl", "x.json"].map(PathBuf::from));
    }

    #[test]
    fn bad_globs_are_named() {
        assert_eq!(Selection::new(&["a[".into()], &[]).expect_err("bad").0, "a[");
    }
}
