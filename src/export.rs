//! The kept set as files for training, with a manifest that says what they hold and how it was chosen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::digest::Sha256;
use crate::store::{Kept, KeptFilter, Lookup, StoreError};

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// One JSON array in LLaVA's format, for training as it is.
    Llava,
    /// One JSON object a line, with scores and origin.
    Jsonl,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// What an export holds; the same for the same snapshot, options and program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// Version of Gleaner.
    pub gleaner: &'static str,
    /// How the samples are written.
    pub format: ExportFormat,
    /// Name of the data file.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// Samples in it.
    pub samples: u64,
    /// Samples by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Samples by source.
    pub sources: BTreeMap<String, u64>,
    /// Highest `seq` in it: the next export can go on behind it with `--since-seq`.
    pub last_seq: Option<i64>,
    /// Digests of the policies that decided.
    pub policies: BTreeSet<String>,
    /// Names, versions and digests of the models that scored.
    pub models: BTreeSet<String>,
    /// SHA-256 of the configuration in force at the export.
    pub config_sha256: String,
    /// The conditions of the export.
    pub filter: Json,
}

/// Writes the kept samples that pass a filter to `out`, then the manifest beside it.
///
/// Both appear under their names only when they are complete, the manifest last.
///
/// # Errors
/// The database or a file fails; then no file has appeared or changed.
pub fn export(
    lookup: &Lookup,
    filter: &KeptFilter,
    format: ExportFormat,
    out: &Path,
    config: &str,
) -> Result<Manifest, ExportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ExportError::Write { path, source }
    };
    let partial = beside(out, ".partial");
    let file = File::create(&partial).map_err(failed(&partial))?;
    let mut sink = Sink { file: BufWriter::new(file), hash: Sha256::default(), bytes: 0 };
    let mut manifest = blank(format, out, filter, config);
    let written = write_samples(lookup, filter, format, &mut sink, &mut manifest);
    let finished = written.and_then(|()| sink.finish().map_err(failed(&partial)));
    let (bytes, sha256) = finished.inspect_err(|_| drop(fs::remove_file(&partial)))?;
    manifest.bytes = bytes;
    manifest.sha256 = sha256;
    fs::rename(&partial, out).map_err(failed(out))?;

    let target = beside(out, ".manifest.json");
    let partial = beside(&target, ".partial");
    let mut text = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON");
    text.push('\n');
    fs::write(&partial, text).map_err(failed(&partial))?;
    fs::rename(&partial, &target).map_err(failed(&target))?;
    Ok(manifest)
}

fn blank(format: ExportFormat, out: &Path, filter: &KeptFilter, config: &str) -> Manifest {
    Manifest {
        gleaner: env!("CARGO_PKG_VERSION"),
        format,
        file: out.file_name().unwrap_or(out.as_os_str()).to_string_lossy().into_owned(),
        bytes: 0,
        sha256: String::new(),
        samples: 0,
        kinds: BTreeMap::new(),
        sources: BTreeMap::new(),
        last_seq: None,
        policies: BTreeSet::new(),
        models: BTreeSet::new(),
        config_sha256: Sha256::of(config.as_bytes()),
        filter: serde_json::json!({
            "sources": filter.sources,
            "since": filter.since.map(crate::time::rfc3339),
            "since_seq": filter.since_seq,
        }),
    }
}

fn write_samples(
    lookup: &Lookup,
    filter: &KeptFilter,
    format: ExportFormat,
    sink: &mut Sink,
    manifest: &mut Manifest,
) -> Result<(), ExportError> {
    let path = PathBuf::from(&manifest.file);
    let failed = |source| ExportError::Write { path: path.clone(), source };
    if format == ExportFormat::Llava {
        sink.write_all(b"[").map_err(failed)?;
    }
    lookup.kept(filter, |kept| -> Result<(), ExportError> {
        let line = match format {
            ExportFormat::Llava => llava(&kept),
            ExportFormat::Jsonl => jsonl(&kept),
        };
        let before: &[u8] = match format {
            ExportFormat::Llava if manifest.samples == 0 => b"\n",
            ExportFormat::Llava => b",\n",
            ExportFormat::Jsonl => b"",
        };
        let after: &[u8] = if format == ExportFormat::Jsonl { b"\n" } else { b"" };
        for bytes in [before, line.as_bytes(), after] {
            sink.write_all(bytes).map_err(failed)?;
        }
        manifest.samples += 1;
        *manifest.kinds.entry(kept.kind).or_default() += 1;
        *manifest.sources.entry(kept.source).or_default() += 1;
        manifest.last_seq = manifest.last_seq.max(Some(kept.seq));
        manifest.policies.extend(kept.policy);
        manifest.models.extend(kept.models.into_iter().flatten());
        Ok(())
    })?;
    if format == ExportFormat::Llava {
        sink.write_all(b"\n]\n").map_err(failed)?;
    }
    Ok(())
}

/// `{"id", "image", "conversations"}` and the record's other fields.
fn llava(kept: &Kept) -> String {
    #[derive(Serialize)]
    struct Sample<'a> {
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<Json>,
        conversations: &'a RawValue,
        #[serde(flatten)]
        extra: Map<String, Json>,
    }
    let mut images: Vec<Json> = serde_json::from_str(kept.images.get()).unwrap_or_default();
    let image = match images.len() {
        0 => None,
        1 => images.pop(),
        _ => Some(Json::Array(images)),
    };
    let mut extra: Map<String, Json> = kept
        .extra
        .as_deref()
        .and_then(|extra| serde_json::from_str(extra).ok())
        .unwrap_or_default();
    // What has its place already must not stand there twice.
    for taken in ["id", "image", "images", "conversations"] {
        extra.remove(taken);
    }
    let id = kept.sample_id.as_deref().unwrap_or(&kept.id);
    json(&Sample { id, image, conversations: &kept.conversations, extra })
}

/// All that the `kept` view knows.
fn jsonl(kept: &Kept) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        id: &'a str,
        sample_id: &'a Option<String>,
        digest: &'a str,
        seq: i64,
        source: &'a str,
        kind: &'a str,
        images: &'a RawValue,
        conversations: &'a RawValue,
        question: Option<f64>,
        answer: Option<f64>,
        style: Option<f64>,
        chosen_answers: &'a Option<Box<RawValue>>,
        decided_at: &'a str,
        path: &'a str,
        span_start: i64,
        span_end: i64,
        extra: Option<Json>,
    }
    let [question, answer, style] = kept.scores;
    let [span_start, span_end] = kept.span;
    json(&Row {
        id: &kept.id,
        sample_id: &kept.sample_id,
        digest: &kept.digest,
        seq: kept.seq,
        source: &kept.source,
        kind: &kept.kind,
        images: &kept.images,
        conversations: &kept.conversations,
        question,
        answer,
        style,
        chosen_answers: &kept.chosen,
        decided_at: &kept.decided_at,
        path: &kept.path,
        span_start,
        span_end,
        extra: kept.extra.as_deref().and_then(|extra| serde_json::from_str(extra).ok()),
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("rows are JSON")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Counts and hashes what it writes.
struct Sink {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Sink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.add(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn finish(self) -> io::Result<(u64, String)> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok((self.bytes, self.hash.finish()))
    }
}
