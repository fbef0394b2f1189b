//! Configuration: found, read, overridden and checked. Wrong keys and values are refused, never repaired.
//! The only importer of the `config` crate; each section is defined by the module that it configures.

mod shown;

use std::path::{Path, PathBuf};

use ::config::{Config as Layers, ConfigError as LayerError, Environment, File, FileFormat};
use serde::{Deserialize, Serialize};

use crate::check::{CheckSettings, ImageSettings};
use crate::intake::{IntakeSettings, OnDone, Selection, WatchSettings};
use crate::policy::PolicySettings;
use crate::score::{ModelSettings, ScoringSettings};
use crate::store::StoreSettings;

/// Where the configuration of the host is.
const SYSTEM_FILE: &str = "/etc/gleaner/config.toml";

/// Variables that override the file begin with this.
const PREFIX: &str = "GLEANER";

/// Where the models of the host are.
const SYSTEM_SHARE: &str = "/usr/share/gleaner";

/// All settings, with paths as they were written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The directories to watch.
    pub watch: Vec<WatchSettings>,
    /// When files are read and when they end.
    pub intake: IntakeSettings,
    /// Where pictures are and how they are checked.
    pub images: ImageSettings,
    /// Checks of texts and duplicates.
    pub checks: CheckSettings,
    /// How scoring is done.
    pub scoring: ScoringSettings,
    /// Where the models are.
    pub models: ModelSettings,
    /// How much is kept.
    pub policy: PolicySettings,
    /// Where decisions are recorded.
    pub store: StoreSettings,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named does not exist.
    #[error("there is no configuration file `{0}`")]
    NoFile(PathBuf),
    /// No file was found where one is needed.
    #[error(
        "no configuration file: looked for `./config.toml` and `{SYSTEM_FILE}`; write one with a [[watch]] entry, \
         or name one with --config FILE"
    )]
    NoneFound,
    /// There is nothing to watch.
    #[error("{0} has no [[watch]] entry; add one with the `path` of a directory to watch")]
    NothingToWatch(String),
    /// The file cannot be read, or is not what it should be.
    #[error("{place}: {what}")]
    Invalid {
        /// The file or variable.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A value is out of range.
    #[error("{place}: `{key}` is {value}; allowed: {allowed}")]
    Value {
        /// The file or variables.
        place: String,
        /// The key with its section.
        key: String,
        /// What was found.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

/// A configuration and where it came from; paths are resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The settings, with absolute paths.
    pub config: Config,
    /// The file, if one was found.
    pub file: Option<PathBuf>,
}

impl Loaded {
    /// Finds, reads and checks the configuration: `explicit`, else `./config.toml`, else the host's, else the
    /// built-in defaults; environment variables such as `GLEANER__POLICY__ALPHA` override the file.
    ///
    /// # Errors
    /// The place and what is wrong there.
    pub fn find(explicit: Option<&Path>) -> Result<Self, ConfigError> {
        let file = match explicit {
            Some(path) if path.is_file() => Some(path.to_owned()),
            Some(path) => return Err(ConfigError::NoFile(path.to_owned())),
            None => [Path::new("config.toml"), Path::new(SYSTEM_FILE)]
                .into_iter()
                .find(|path| path.is_file())
                .map(Path::to_owned),
        };
        let config = read(file.as_deref())?;
        check(&config, file.as_deref())?;
        let folder = match file.as_deref().and_then(Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let folder = std::path::absolute(&folder).map_err(|error| ConfigError::Invalid {
            place: place_of(file.as_deref()),
            what: error.to_string(),
        })?;
        let config = resolve(config, &folder);
        Ok(Self { config, file })
    }

    /// Checks what only the daemon needs: directories to watch that exist and do not overlap.
    ///
    /// # Errors
    /// The entry and what is wrong with it.
    pub fn check_watched(&self) -> Result<(), ConfigError> {
        let place = place_of(self.file.as_deref());
        if self.config.watch.is_empty() {
            return match self.file {
                None => Err(ConfigError::NoneFound),
                Some(_) => Err(ConfigError::NothingToWatch(place)),
            };
        }
        let mut seen: Vec<PathBuf> = Vec::new();
        for watch in &self.config.watch {
            let value = |allowed: &str| ConfigError::Value {
                place: place.clone(),
                key: "watch.path".into(),
                value: format!("`{}`", watch.path.display()),
                allowed: allowed.into(),
            };
            if !watch.path.is_dir() {
                return Err(value("a directory that exists"));
            }
            let root =
                watch.path.canonicalize().map_err(|_| value("a directory that can be read"))?;
            if let OnDone::Move(target) = &watch.on_done
                && target.starts_with(&watch.path)
            {
                return Err(ConfigError::Value {
                    place: place.clone(),
                    key: "watch.on_done".into(),
                    value: format!("{{ move = `{}` }}", target.display()),
                    allowed: "a directory outside the watched one".into(),
                });
            }
            if seen.iter().any(|other| other.starts_with(&root) || root.starts_with(other)) {
                return Err(value("directories of which none lies in another"));
            }
            seen.push(root);
        }
        Ok(())
    }

    /// Returns the configuration as TOML, all keys with the values in force.
    pub fn text(&self) -> String {
        shown::toml(&self.config)
    }
}

fn place_of(file: Option<&Path>) -> String {
    file.map_or_else(|| "the configuration".to_owned(), |file| format!("`{}`", file.display()))
}

/// Names the variable that sets a key, if one does, else the file.
fn place_of_key(file: Option<&Path>, key: &str) -> String {
    let variable = format!("{PREFIX}__{}", key.to_uppercase().replace('.', "__"));
    let set = std::env::vars_os().any(|(name, _)| name.eq_ignore_ascii_case(&variable));
    if set { format!("environment variable `{variable}`") } else { place_of(file) }
}

fn read(file: Option<&Path>) -> Result<Config, ConfigError> {
    let mut layers = Layers::builder();
    if let Some(file) = file {
        layers = layers.add_source(File::from(file).format(FileFormat::Toml));
    }
    let variables = Environment::with_prefix(PREFIX)
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(":")
        .with_list_parse_key("images.root")
        .with_list_parse_key("checks.text.languages");
    let merged: serde_json::Value = layers
        .add_source(variables)
        .build()
        .and_then(Layers::try_deserialize)
        .map_err(|error| {
            let what = match &error {
                LayerError::FileParse { cause, .. } => cause.to_string().trim().replace('\n', " "),
                other => other.to_string(),
            };
            ConfigError::Invalid { place: place_of(file), what }
        })?;
    serde_path_to_error::deserialize(merged).map_err(|error| {
        let key = error.path().to_string();
        let what = error.inner().to_string();
        let what = if key == "." { what } else { format!("`{key}`: {what}") };
        ConfigError::Invalid { place: place_of_key(file, &key), what }
    })
}

/// Asks every section for values out of range.
fn check(config: &Config, file: Option<&Path>) -> Result<(), ConfigError> {
    let sections = [
        ("intake", config.intake.problems()),
        ("images", config.images.problems()),
        ("checks", config.checks.problems()),
        ("checks.text", config.checks.text.problems()),
        ("scoring", config.scoring.problems()),
        ("policy", config.policy.problems()),
    ];
    for (section, problems) in sections {
        if let Some((key, value, allowed)) = problems.into_iter().next() {
            let (key, allowed) = (format!("{section}.{key}"), allowed.to_owned());
            return Err(ConfigError::Value {
                place: place_of_key(file, &key),
                key,
                value,
                allowed,
            });
        }
    }
    for watch in &config.watch {
        if let Err((glob, why)) = Selection::new(&watch.include, &watch.exclude) {
            return Err(ConfigError::Value {
                place: place_of(file),
                key: "watch.include".into(),
                value: format!("`{glob}`, {why}"),
                allowed: "globs such as `**/*.jsonl`".into(),
            });
        }
    }
    Ok(())
}

/// Makes paths absolute: they start at the configuration file's folder.
fn resolve(mut config: Config, folder: &Path) -> Config {
    for watch in &mut config.watch {
        watch.path = folder.join(&watch.path);
        if watch.source.is_empty() {
            let name = watch.path.file_name().unwrap_or(watch.path.as_os_str());
            watch.source = name.to_string_lossy().into_owned();
        }
        if let OnDone::Move(directory) = &mut watch.on_done {
            *directory = folder.join(&*directory);
        }
    }
    for root in &mut config.images.root {
        *root = folder.join(&*root);
    }
    config.store.path = tidy(folder.join(&config.store.path));
    let models = &mut config.models;
    for model in [&mut models.question, &mut models.answer, &mut models.style] {
        let beside = folder.join(&*model);
        let shared = Path::new(SYSTEM_SHARE).join(&*model);
        *model = if !beside.exists() && shared.exists() { shared } else { beside };
    }
    config
}

/// Takes `..` and symbolic links out of a file's folder, so that messages name the place as it is.
fn tidy(path: PathBuf) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Loaded, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        Loaded::find(Some(&path)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_file_holds_the_defaults() {
        let text = include_str!("../../config.toml");
        let config: Config = toml::from_str(text).expect("valid");
        assert_eq!(
            config,
            Config::default(),
            "config.toml at the top level documents the defaults"
        );
        let shown = shown::toml(&Config::default());
        let keys = |text: &str| -> Vec<String> {
            let uncommented = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
            uncommented.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect()
        };
        for key in keys(&shown).into_iter().filter(|key| key != "watch") {
            assert!(keys(text).contains(&key), "config.toml does not name `{key}`");
        }
    }

    #[test]
    fn shown_settings_can_be_read_again() {
        let mut config = Config::default();
        config.watch.push(toml::from_str("path = \"x\"").expect("valid"));
        assert_eq!(toml::from_str::<Config>(&shown::toml(&config)).expect("valid"), config);
    }

    #[test]
    fn wrong_keys_and_values_are_named() {
        for (text, parts) in [
            ("[policy]\nalpah = 0.3\n", vec!["alpah"]),
            ("[polcy]\nalpha = 0.3\n", vec!["polcy"]),
            ("[policy]\nalpha = 1.5\n", vec!["policy.alpha", "1.5", "at most 1"]),
            ("[policy]\nalpha = \"x\"\n", vec!["policy.alpha"]),
            ("[policy]\nmode = \"greedy\"\n", vec!["greedy", "budget"]),
            ("[intake]\nsettle = \"fast\"\n", vec!["fast", "500ms"]),
            ("[intake]\nmax_record_bytes = \"1B\"\n", vec!["intake.max_record_bytes", "1KiB"]),
            ("[[watch]]\nsource = \"a\"\n", vec!["path"]),
            ("[[watch]]\npath = \"a\"\ninclude = [\"a[\"]\n", vec!["watch.include", "a["]),
            ("[policy\n", vec!["config.toml"]),
        ] {
            let error = load(text).expect_err(text);
            for part in parts {
                assert!(error.contains(part), "{text}: {error}");
            }
            assert!(error.contains("config.toml"), "{error}");
        }
    }

    #[test]
    fn paths_start_at_the_files_folder() {
        let loaded =
            load("[[watch]]\npath = \"out\"\n[store]\npath = \"/var/g.db\"\n").expect("valid");
        let watch = &loaded.config.watch[0];
        assert!(watch.path.is_absolute() && watch.path.ends_with("out"));
        assert_eq!(watch.source, "out");
        assert_eq!(loaded.config.store.path, Path::new("/var/g.db"));
        let missing = loaded.check_watched().expect_err("no such directory").to_string();
        assert!(missing.contains("watch.path") && missing.contains("out"), "{missing}");
    }
}
