//! `gleaner score`: a filter that adds scores and checks to samples, without a database.

use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};

use super::error::CliError;
use super::{Context, toolbox};
use crate::check::{CheckSettings, ImageSettings, Look};
use crate::intake::{Body, Framed, Framer};
use crate::judge;
use crate::model::ModelError;
use crate::parse;
use crate::probe;
use crate::score::Scorers;
use crate::source::Checkpoint;

/// Bytes of one read.
const CHUNK: usize = 256 << 10;

#[derive(clap::Args)]
#[command(
    after_help = "Each output line is the sample with \"gleaner\": {\"kind\", \"checks\", \"question\", \
\"answer\", \"style\"} added, in the order of the input. Records that are no samples give a line with \
\"gleaner\": {\"checks\", \"detail\"} alone. All scores are computed, whatever the checks find.\n\nExample:\n  \
gleaner score samples.json | jq 'select(.gleaner.answer > 0.8)'"
)]
pub(super) struct Args {
    /// JSONL or a JSON array; plain, .gz or .zst [default: standard input]
    file: Option<PathBuf>,

    /// How closely pictures are looked at [default: as configured]
    #[arg(long, value_enum, value_name = "HOW")]
    images: Option<Images>,
}

#[derive(ValueEnum, Clone, Copy)]
enum Images {
    Off,
    Exists,
    Decode,
}

/// Rules and models, and where pictures are.
struct Desk {
    checks: CheckSettings,
    images: ImageSettings,
    folder: PathBuf,
    scorers: Vec<Scorers>,
}

/// Filters the input.
pub(super) fn execute(args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let config = context.loaded()?.config;
    let models = toolbox::models(&config)?;
    let threads = config.scoring.granted_threads();
    let scorers = (0..threads).map(|_| models.scorers()).collect::<Result<Vec<_>, _>>()?;
    let mut images = config.images.clone();
    match args.images {
        Some(Images::Off) => images.check = Look::Off,
        Some(Images::Exists) => images.check = Look::Exists,
        Some(Images::Decode) => images.check = Look::Decode,
        None => {}
    }
    let folder = args.file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let mut desk = Desk { checks: config.checks, images, folder, scorers };
    let mut input = toolbox::input(args.file.as_deref())?;
    let max = usize::try_from(config.intake.max_record_bytes).unwrap_or(usize::MAX);
    let mut framer = Framer::new(Checkpoint::START, max);
    let mut out = BufWriter::new(io::stdout());
    let mut bytes = vec![0; CHUNK];
    let mut framed = Vec::new();
    loop {
        let what = || "cannot read the input".to_owned();
        let read =
            input.read(&mut bytes).map_err(|source| CliError::Input { what: what(), source })?;
        if read == 0 {
            break;
        }
        framer.feed(&bytes[..read], &mut framed);
        desk.write(&framed, &mut out)?;
        framed.clear();
    }
    framed.extend(framer.finish());
    desk.write(&framed, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

impl Desk {
    /// Scores records on all threads and writes them in order.
    fn write(&mut self, records: &[Framed], out: &mut impl Write) -> Result<(), CliError> {
        let share = records.len().div_ceil(self.scorers.len()).max(1);
        let (checks, images, folder) = (&self.checks, &self.images, self.folder.as_path());
        let lines: Vec<Result<Vec<String>, ModelError>> = std::thread::scope(|scope| {
            let parts = records.chunks(share).zip(&mut self.scorers);
            let threads: Vec<_> = parts
                .map(|(part, scorers)| {
                    scope.spawn(move || {
                        part.iter()
                            .map(|record| line(record, checks, images, folder, scorers))
                            .collect()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("scoring does not panic"))
                .collect()
        });
        for part in lines {
            for line in part? {
                writeln!(out, "{line}")?;
            }
        }
        Ok(out.flush()?)
    }
}

fn line(
    record: &Framed,
    checks: &CheckSettings,
    images: &ImageSettings,
    folder: &Path,
    scorers: &mut Scorers,
) -> Result<String, ModelError> {
    let span = json!([record.span.start, record.span.end]);
    let Body::Bytes(bytes) = &record.body else {
        return Ok(
            json!({"gleaner": {"checks": ["structure.too_large"], "span": span}}).to_string()
        );
    };
    let sample = match parse::parse(bytes) {
        Ok(sample) => sample,
        Err(findings) => {
            let codes: Vec<&str> = findings.iter().map(|finding| finding.reason.code()).collect();
            let added = json!({"checks": codes, "detail": findings[0].detail, "span": span});
            return Ok(with(bytes, added));
        }
    };
    let facts = probe::look(&sample.images, folder, images);
    let findings = judge::examine(&sample, &facts, checks, images);
    let codes: Vec<&str> = findings.iter().map(|finding| finding.reason.code()).collect();
    let mut ratings = judge::rate_questions(scorers, &sample)?;
    judge::rate_answers(scorers, &sample, checks, &mut ratings)?;
    let mut added = json!({
        "kind": sample.kind,
        "checks": codes,
        "question": ratings.question.score,
        "answer": ratings.answer.as_ref().map(|answer| answer.rated.score),
        "style": ratings.style.score,
    });
    if let (true, Some(answer)) =
        (sample.turns.iter().any(|turn| turn.answers.len() > 1), &ratings.answer)
    {
        added["chosen"] = json!(answer.chosen);
    }
    if let Some(truncated) = ratings.truncated() {
        added["truncated"] = json!(truncated);
    }
    Ok(with(bytes, added))
}

/// Adds what was found to the record, or gives it alone if the record is no object.
fn with(bytes: &[u8], added: Json) -> String {
    let mut record: Map<String, Json> = serde_json::from_slice(bytes).unwrap_or_default();
    record.insert("gleaner".to_owned(), added);
    Json::Object(record).to_string()
}
