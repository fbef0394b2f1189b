//! The layout of the sources: who may import whom, which crate is used where, and what every file must look like.
//! The files are read as text; `#[cfg(test)]` items count for nothing but the length of their file.

mod code;
mod paths;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use self::code::{is_name, without_comments, without_tests};
use self::paths::{CodePath, resolve};

/// Modules by floor, lowest first. A module imports from lower floors and from itself.
const FLOORS: &[&[&str]] = &[
    &["digest", "fault", "scale", "signature", "time", "units"],
    &["sample", "source", "verdict", "model", "watch", "telemetry", "shutdown", "service"],
    &["intake", "parse", "check", "score", "policy", "store"],
    &["judge", "probe", "audit", "export", "evaluate", "select", "serve"],
    &["config"],
    &["pipeline"],
    &["cli"],
    &["main"],
];

/// Modules that compute and do nothing else.
const PURE: &[&str] = &[
    "sample",
    "source",
    "verdict",
    "scale",
    "digest",
    "signature",
    "parse",
    "check",
    "policy",
    "judge",
];

/// What pure modules do not name: files, threads, the database, logs and clocks.
const IMPURE: &[&str] = &[
    "std::fs",
    "tokio",
    "rusqlite",
    "tracing",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "crate::time::now",
];

/// External crates and the only modules that name them.
const DOORS: &[(&str, &[&str])] = &[
    ("base64", &["probe"]),
    ("blake3", &["digest"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("config", &["config"]),
    ("console", &["cli"]),
    ("csv", &["cli", "export"]),
    ("fail", &["fault"]),
    ("flate2", &["intake"]),
    ("globset", &["intake"]),
    ("image", &["probe"]),
    ("indicatif", &["cli", "main"]),
    ("jiff", &["time"]),
    ("notify", &["watch"]),
    ("rusqlite", &["store"]),
    ("sd_notify", &["service"]),
    ("sha2", &["digest"]),
    ("signal_hook", &["shutdown"]),
    ("tokenizers", &["model"]),
    ("tracing_subscriber", &["telemetry"]),
    ("tract_onnx", &["model"]),
    ("walkdir", &["intake"]),
    ("zstd", &["intake"]),
];

/// Most lines of a file.
const MAX_LINES: usize = 400;

/// Macros that stand for work that is not done, or was for a look only.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Words that mark work that is not done, in code and comments.
const MARKS: &[&str] = &["TODO", "FIXME", "XXX"];

/// The name of the library, under which `main` sees the other modules.
const LIBRARY: &str = "gleaner";

#[test]
fn modules_import_only_from_lower_floors() {
    let mut faults = Vec::new();
    for file in sources() {
        let Some(floor) = floor_of(&file.module) else {
            faults.extend(file.module_is_known().err());
            continue;
        };
        for (line, used) in file.modules_used() {
            match floor_of(&used) {
                _ if used == file.module => {}
                Some(other) if other < floor => {}
                Some(other) => faults.push(file.fault(
                    line,
                    format!("`{}` on floor {floor} uses `{used}` on floor {other}", file.module),
                )),
                None => faults.push(file.fault(line, format!("`{used}` is on no floor"))),
            }
        }
    }
    report(faults);
}

#[test]
fn pure_modules_only_compute() {
    let mut faults = Vec::new();
    for file in sources().iter().filter(|file| PURE.contains(&file.module.as_str())) {
        for (line, path) in &file.paths {
            let path = path.join("::");
            let named = IMPURE.iter().find(|impure| {
                path.strip_prefix(**impure)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            });
            if let Some(named) = named {
                faults.push(
                    file.fault(*line, format!("pure module `{}` names `{named}`", file.module)),
                );
            }
        }
    }
    report(faults);
}

#[test]
fn every_external_crate_has_one_door() {
    let mut faults = Vec::new();
    for file in sources() {
        for (line, path) in &file.paths {
            let Some(named) = external(path) else { continue };
            let Some((_, doors)) = DOORS.iter().find(|(name, _)| *name == named) else { continue };
            if !doors.contains(&file.module.as_str()) {
                let allowed = doors.join("` and `");
                let what = format!("`{}` names crate `{named}`; only `{allowed}` may", file.module);
                faults.push(file.fault(*line, what));
            }
        }
    }
    report(faults);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut faults = Vec::new();
    for file in sources() {
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            faults
                .push(file.fault(lines, format!("{lines} lines, at most {MAX_LINES} are allowed")));
        }
        if !file.text.starts_with("//!") {
            faults.push(file.fault(1, "the file does not open with `//!`"));
        }
    }
    report(faults);
}

#[test]
fn nothing_is_left_for_later() {
    let mut faults = Vec::new();
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(mark) = words.find(|word| MARKS.contains(word)) {
                faults.push(file.fault(number + 1, format!("`{mark}`")));
            }
        }
        for (number, line) in file.code.lines().enumerate() {
            let calls = |name: &&&str| {
                line.match_indices(&format!("{name}!"))
                    .any(|(at, _)| !line[..at].ends_with(is_name))
            };
            if let Some(name) = UNFINISHED.iter().find(calls) {
                faults.push(file.fault(number + 1, format!("`{name}!`")));
            }
        }
    }
    report(faults);
}

#[test]
fn no_file_is_forgotten() {
    let mut faults = forgotten("src", &["lib.rs", "main.rs"]);
    faults.extend(forgotten("tests/journeys", &["main.rs"]));
    report(faults);
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let check = |text: &str, expected: &[&str]| {
        let file = Source::read(PathBuf::from("src/store/writer.rs"), text.to_owned());
        let found: Vec<String> = file.paths.iter().map(|(_, path)| path.join("::")).collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        "use crate::a::{b, c::{self, d as e}};",
        &["crate::a::b", "crate::a::c", "crate::a::c::d"],
    );
    check("use ::config::Config;", &["::config::Config"]);
    check("use crate::time; fn f() { time::now() }", &["crate::time", "crate::time::now"]);
    check(
        "use std::time::Instant; fn f() { Instant::now() }",
        &["std::time::Instant", "std::time::Instant::now"],
    );
    check("// tokio::a\n/* tokio::b /* */ tokio::c */ \"tokio::d\" r#\"tokio::e\"#", &[]);
    check("fn f<'a>(x: &'a str) { ('\"', b'\\'', tokio::a) }", &["tokio::a"]);
    check("#[cfg(test)]\nmod tests { use tokio::a; }\nuse tokio::b;", &["tokio::b"]);
    check("Vec::<u8>::new(); <T as a::B>::c()", &["a::B"]);
    check("mod image; pub use image::look;", &["self::image", "self::image::look"]);
    check("fn f() -> impl A + use<> { tokio::a }", &["tokio::a"]);
    check("#[cfg(test)]\nconst A: [u8; 2] = [tokio::a; 2];\nuse tokio::b;", &["tokio::b"]);
    check("use super::Record; use super::super::judge;", &["crate::store::Record", "crate::judge"]);
}

/// Fails with all faults, one a line; what a file does again and again is told once.
fn report(mut faults: Vec<Fault>) {
    faults.sort();
    let mut told = BTreeSet::new();
    faults.retain(|fault| told.insert((fault.file.clone(), fault.what.clone())));
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(faults.is_empty(), "{} found:\n{}\n", faults.len(), lines.join("\n"));
}

/// Something that is not as it should be, and where.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    file: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// One file of the sources.
struct Source {
    /// Path below the repository.
    file: PathBuf,
    /// The module of the top level to which it belongs.
    module: String,
    /// As it is.
    text: String,
    /// Without comments, the content of strings, and tests; lines stay where they are.
    code: String,
    /// All paths of two names or more, with their lines.
    paths: Vec<(usize, CodePath)>,
}

impl Source {
    fn read(file: PathBuf, text: String) -> Self {
        let code = without_tests(&without_comments(&text));
        let below: Vec<String> = file
            .with_extension("")
            .iter()
            .skip(1)
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let module = below.first().cloned().unwrap_or_default();
        let place = below.into_iter().filter(|name| name != "mod" && name != "lib").collect();
        let paths = resolve(&code, &place);
        Self { file, module, text, code, paths }
    }

    fn fault(&self, line: usize, what: impl Into<String>) -> Fault {
        Fault { file: self.file.clone(), line, what: what.into() }
    }

    /// `lib.rs` only lists the modules; any other file must have its floor.
    fn module_is_known(&self) -> Result<(), Fault> {
        match self.module.as_str() {
            "lib" => Ok(()),
            module => Err(self.fault(1, format!("`{module}` is on no floor"))),
        }
    }

    /// Lists the modules of the top level that the file names.
    fn modules_used(&self) -> BTreeSet<(usize, String)> {
        let own =
            |path: &CodePath| path[0] == "crate" || (self.module == "main" && path[0] == LIBRARY);
        let used = self.paths.iter().filter(|(_, path)| own(path));
        used.map(|(line, path)| (*line, path[1].clone())).collect()
    }
}

/// Returns the external crate that a path begins with, if it does.
fn external(path: &CodePath) -> Option<&str> {
    match path[0].as_str() {
        "crate" | "self" | "super" | "Self" | "std" | "core" | "alloc" => None,
        "" => path.get(1).map(String::as_str),
        name => Some(name),
    }
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads all files below `src`.
fn sources() -> Vec<Source> {
    let files = rust_files(&repository().join("src"));
    assert!(!files.is_empty(), "no sources found below {}", repository().display());
    let read = |path: PathBuf| {
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source::read(
            path.strip_prefix(repository()).expect("below the repository").to_owned(),
            text,
        )
    };
    files.into_iter().map(read).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Finds files of which no `mod` line above them knows.
fn forgotten(folder: &str, roots: &[&str]) -> Vec<Fault> {
    let root = repository().join(folder);
    let is_root = |path: &Path| roots.iter().any(|name| path == root.join(name));
    let mut faults = Vec::new();
    for path in rust_files(&root).into_iter().filter(|path| !is_root(path)) {
        let inner = path.file_name().is_some_and(|name| name == "mod.rs");
        let module = if inner {
            path.parent().expect("a folder").to_owned()
        } else {
            path.with_extension("")
        };
        let parent = module.parent().expect("a folder");
        let candidates: Vec<PathBuf> = if parent == root {
            roots.iter().map(|name| root.join(name)).collect()
        } else {
            vec![parent.join("mod.rs"), parent.with_extension("rs")]
        };
        let name = module.file_name().expect("a name").to_string_lossy().into_owned();
        let declared =
            candidates.iter().filter_map(|file| fs::read_to_string(file).ok()).any(|text| {
                without_comments(&text).lines().any(|line| {
                    let line = line.trim_end().strip_suffix(';').unwrap_or_default();
                    line.rsplit_once("mod ").is_some_and(|(_, declared)| declared.trim() == name)
                })
            });
        if !declared {
            let file = path.strip_prefix(repository()).expect("below the repository").to_owned();
            faults.push(Fault { file, line: 1, what: format!("no file says `mod {name};`") });
        }
    }
    faults
}
