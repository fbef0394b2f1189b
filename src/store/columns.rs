//! The columns that change: of a source as it is read, of an occurrence as it is decided.

use rusqlite::types::Value;

use super::{Gated, Record};
use crate::sample::image_reference;
use crate::scale::Score;
use crate::source::{Source, path_text};
use crate::time::UnixMillis;

/// Columns of a source that change, in the order of [`standing`].
pub(super) const STANDING: &str = "path, device, inode, born, packing, phase, state, bytes, modified_ns, offset,
    next_ordinal, chain, head_length, head_digest, tail_end, tail_length, tail_digest, unfinished, updated_at";

/// Marks for the values of [`standing`].
pub(super) const STANDING_MARKS: &str = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

/// Lists where a source stands.
pub(super) fn standing(source: &Source, now: UnixMillis) -> Vec<Value> {
    let text = |text: &dyn ToString| Value::Text(text.to_string());
    // SQLite integers are signed; sizes and offsets of files stay far below their limit.
    let number = |number: u64| Value::Integer(number as i64);
    vec![
        Value::Text(path_text(&source.path)),
        number(source.file.device),
        number(source.file.inode),
        Value::Integer(source.file.born),
        text(&source.packing.suffix()),
        text(&source.progress.at.phase.name()),
        text(&source.state.name()),
        number(source.stamp.bytes),
        Value::Integer(source.stamp.modified_ns),
        number(source.progress.at.offset),
        number(source.progress.next_ordinal),
        text(&source.progress.chain),
        number(source.head.length),
        text(&source.head.digest),
        number(source.tail.end),
        number(source.tail.length),
        text(&source.tail.digest),
        source.unfinished.map_or(Value::Null, |id| text(&id)),
        Value::Integer(now),
    ]
}

/// Rows of the policy and the models in use.
#[derive(Default)]
pub(super) struct Deciding {
    /// Row of the policy.
    pub policy: Option<i64>,
    /// Row of the models.
    pub scorers: Option<i64>,
}

/// Lists the columns that a verdict settles, from `sample_id` to `scorers`.
pub(super) fn judged(record: &Record, deciding: &Deciding) -> Vec<Value> {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let time = |time: Option<UnixMillis>| time.map_or(Value::Null, Value::Integer);
    let references = || record.images.iter().map(|name| image_reference(name)).collect::<Vec<_>>();
    let images = record.kind.as_ref().map(|_| json(&references()));
    let mut values = vec![
        text(record.sample_id.clone()),
        Value::Text(record.digest.to_string()),
        text(record.kind.clone()),
        text(images),
        Value::Text(record.verdict.name().to_owned()),
        text(record.reason.map(|reason| reason.code().to_owned())),
        text(record.detail.clone()),
        text(record.duplicate_of.map(|id| id.to_string())),
        time(record.decided_at),
        time(record.wait_until),
    ];
    match &record.gated {
        Some(gated) => {
            values.extend(gate_columns(gated));
            let row = |row: Option<i64>| row.map_or(Value::Null, Value::Integer);
            values.extend([row(deciding.policy), row(deciding.scorers)]);
        }
        None => values.extend(std::iter::repeat_n(Value::Null, GATE_COLUMNS + 2)),
    }
    values
}

const GATE_COLUMNS: usize = 14;

fn gate_columns(gated: &Gated) -> [Value; GATE_COLUMNS] {
    let steps = |score: Option<Score>| {
        score.map_or(Value::Null, |score| Value::Integer(i64::from(score.steps())))
    };
    let real = |number: Option<f64>| number.map_or(Value::Null, Value::Real);
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let decision = &gated.decision;
    [
        Value::Integer(gated.seq as i64),
        steps(Some(gated.question)),
        steps(gated.answer),
        steps(gated.style),
        text(gated.truncated.clone()),
        text(gated.chosen.as_ref().map(json)),
        Value::Integer(i64::from(decision.passed_question)),
        steps(decision.question_cut),
        steps(decision.answer_cut),
        steps(decision.style_cut),
        decision.margin.map_or(Value::Null, |margin| Value::Integer(i64::from(margin))),
        real(decision.question_needed),
        real(decision.answer_needed),
        text(decision.would.map(str::to_owned)),
    ]
}

fn json(list: &impl serde::Serialize) -> String {
    serde_json::to_string(list).expect("lists of names and numbers are JSON")
}
