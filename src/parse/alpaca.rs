//! Alpaca records: `{"instruction", "input", "output"}`, with `system`, `history` (earlier questions and answers)
//! and images where there are some; `output` may be a list of candidates.

use serde_json::{Map, Value as Json};

use super::conversation::{Parts, images, system, value};
use crate::sample::{Message, Value};
use crate::verdict::{Finding, Reason};

/// Takes a record with `instruction` apart.
pub(super) fn parts(mut record: Map<String, Json>) -> Result<Parts, Finding> {
    let images = images(&mut record)?;
    let mut messages = system(&mut record);
    let added = messages.len();
    let wrong = |what: &str| Finding::new(Reason::Malformed, what);
    match record.remove("history") {
        None | Some(Json::Null) => {}
        Some(Json::Array(exchanges)) => {
            for exchange in exchanges {
                let (question, answer) = earlier(exchange).ok_or_else(|| {
                    wrong("`history` is not a list of pairs of question and answer")
                })?;
                messages
                    .extend([said("human", Value::One(question)), said("gpt", Value::One(answer))]);
            }
        }
        Some(_) => return Err(wrong("`history` is not a list of pairs of question and answer")),
    }
    let mut question = text(&mut record, "instruction")?;
    let input = text(&mut record, "input")?;
    if !input.trim().is_empty() {
        question = if question.is_empty() { input } else { format!("{question}\n{input}") };
    }
    let output = record.remove("output").filter(|output| !output.is_null());
    let output = output.or_else(|| record.remove("response"));
    let answer = value(output, "`output`")?;
    messages.extend([said("human", Value::One(question)), said("gpt", answer)]);
    Ok(Parts { images, messages, added, unmarked: true, rest: record })
}

fn said(from: &str, value: Value) -> Message {
    Message { from: from.to_owned(), value }
}

fn text(record: &mut Map<String, Json>, field: &str) -> Result<String, Finding> {
    match record.remove(field) {
        Some(Json::String(text)) => Ok(text),
        None | Some(Json::Null) => Ok(String::new()),
        Some(_) => Err(Finding::new(Reason::Malformed, format!("`{field}` is not a text"))),
    }
}

fn earlier(exchange: Json) -> Option<(String, String)> {
    let Json::Array(pair) = exchange else { return None };
    match <[Json; 2]>::try_from(pair).ok()? {
        [Json::String(question), Json::String(answer)] => Some((question, answer)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::parse::parse;
    use crate::sample::Value;
    use crate::verdict::Reason;

    #[test]
    fn instructions_are_read() {
        let sample = parse(
            br#"{"instruction":"Translate.","input":"Guten Tag","output":["Good day","Hello"],"system":"Be exact.","history":[["Hi","Hello"]],"topic":"x"}"#,
        )
        .expect("a sample");
        assert_eq!(sample.turns[0].question, "Hi");
        assert_eq!(sample.turns[1].question, "Translate.\nGuten Tag");
        assert_eq!(sample.turns[1].answers, ["Good day", "Hello"]);
        assert_eq!(sample.conversations.len(), 5);
        assert_eq!(sample.extra.as_deref(), Some(r#"{"topic":"x"}"#));
        let plain =
            parse(br#"{"instruction":"<image>Why?","input":"","output":"So.","image":"a.jpg"}"#);
        assert_eq!(plain.expect("a sample").images, ["a.jpg"]);
        let unmarked = parse(
            br#"{"messages":null,"instruction":"Compare.","output":null,"response":"So.","image":"","images":["a","b"]}"#,
        )
        .expect("a sample");
        assert_eq!(
            unmarked.conversations[0].value,
            Value::One("<image>\n<image>\nCompare.".into())
        );
        assert_eq!(unmarked.turns[0].question, "Compare.");
    }

    #[test]
    fn what_is_wrong_has_its_reason() {
        for (record, reason) in [
            (r#"{"instruction":7,"output":"x"}"#, Reason::Malformed),
            (r#"{"instruction":"x","output":7}"#, Reason::Malformed),
            (r#"{"instruction":"x","output":"y","history":[["a"]]}"#, Reason::Malformed),
            (r#"{"instruction":"x","output":"y","history":7}"#, Reason::Malformed),
            (r#"{"instruction":" ","output":"y"}"#, Reason::EmptyQuestion),
            (r#"{"instruction":"x","input":"y","output":""}"#, Reason::EmptyAnswer),
            (r#"{"instruction":"<image>x","output":"y","images":["a","b"]}"#, Reason::ImageToken),
            (
                r#"{"instruction":"x","output":"y","image":"a","images":["a","b"]}"#,
                Reason::Malformed,
            ),
        ] {
            let findings = parse(record.as_bytes()).expect_err(record);
            assert_eq!(findings[0].reason, reason, "{record}");
        }
    }
}
