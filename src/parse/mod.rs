//! Parsing: the bytes of one framed record become a sample, or findings that say what is wrong.
//! Formats are told apart by content; no file, check or model is known here.

mod alpaca;
mod conversation;
mod kind;
mod llava;
mod messages;

use serde_json::{Map, Value as Json};

use crate::sample::{Message, Sample};
use crate::verdict::{Finding, Reason};

/// Deepest nesting of arrays and objects that a record may have.
pub const MAX_DEPTH: usize = 128;

/// Reads one record.
///
/// # Errors
/// The `structure.*` findings that keep the record from being a sample; never empty.
pub fn parse(bytes: &[u8]) -> Result<Sample, Vec<Finding>> {
    let mut record: Map<String, Json> = match serde_json::from_slice(bytes) {
        Ok(record) => record,
        Err(error) => return Err(vec![malformed(bytes, &error)]),
    };
    // Tables with the columns of several formats leave those of the others null or empty.
    record.retain(|name, value| !says_nothing(name, value));
    let is_list = |field: &str| {
        record.get(field).and_then(Json::as_array).is_some_and(|list| !list.is_empty())
    };
    let parts = if is_list("conversations")
        || !is_list("messages") && record.contains_key("conversations")
    {
        llava::parts(record)
    } else if record.contains_key("messages") {
        messages::parts(record)
    } else if record.contains_key("instruction")
        && (record.contains_key("output") || record.contains_key("response"))
    {
        alpaca::parts(record)
    } else {
        let detail = format!(
            "no known record format: `conversations`, `messages`, or `instruction` and `output` are expected, found {}",
            keys(&record)
        );
        Err(Finding::new(Reason::Malformed, detail))
    };
    parts.map_err(|finding| vec![finding])?.sample()
}

/// Tells whether a field of some format is as good as absent. An empty list of messages says that there are none.
fn says_nothing(name: &str, value: &Json) -> bool {
    let empty =
        || value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    match name {
        "conversations" | "messages" => value.is_null(),
        "image" | "images" | "history" | "system" => value.is_null() || empty(),
        _ => false,
    }
}

/// Returns the own id of a record that is no sample, if it is a JSON object that has one.
pub fn own_id(bytes: &[u8]) -> Option<String> {
    let record: Map<String, Json> = serde_json::from_slice(bytes).ok()?;
    conversation::own_id(record.get("id").cloned())
}

/// Makes a sample again from what the store holds of it.
///
/// # Errors
/// The stored conversation is none.
pub fn restore(
    id: Option<String>,
    kind: String,
    images: Vec<String>,
    conversations: &str,
    extra: Option<String>,
) -> Result<Sample, serde_json::Error> {
    let conversations: Vec<Message> = serde_json::from_str(conversations)?;
    let turns = conversation::turns(&conversations);
    Ok(Sample { id, images, turns, kind, conversations, extra })
}

fn malformed(bytes: &[u8], error: &serde_json::Error) -> Finding {
    if std::str::from_utf8(bytes).is_err() {
        return Finding::new(Reason::Malformed, "not UTF-8 text");
    }
    let detail = match error.classify() {
        serde_json::error::Category::Data => "a JSON object is expected".to_owned(),
        _ => format!("not JSON: {error}"),
    };
    Finding::new(Reason::Malformed, detail)
}

fn keys(record: &Map<String, Json>) -> String {
    if record.is_empty() {
        return "no field at all".to_owned();
    }
    let shown: Vec<String> = record
        .keys()
        .take(5)
        .map(|key| format!("`{}`", key.chars().take(40).collect::<String>()))
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_record_is_malformed() {
        for bytes in [
            &b""[..],
            b"{",
            b"nonsense",
            b"[]",
            b"12",
            b"{}",
            b"{\"a\":1}",
            b"\xff\xfe",
            b"{\"conversations\":",
            b"\"text\"",
            b"null",
            b"{} {}",
        ] {
            let findings = parse(bytes).expect_err("not a sample");
            assert_eq!(findings[0].reason, Reason::Malformed, "{bytes:?}");
            assert!(!findings[0].detail.is_empty());
        }
    }

    #[test]
    fn deep_nesting_is_malformed() {
        let deep = format!(
            "{{\"conversations\":{}{}}}",
            "[".repeat(MAX_DEPTH * 2),
            "]".repeat(MAX_DEPTH * 2)
        );
        assert_eq!(parse(deep.as_bytes()).expect_err("too deep")[0].reason, Reason::Malformed);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn near_samples_never_panic(
            from in "(human|gpt|system|x)?", value in "\\PC{0,40}", image in "\\PC{0,20}", n in 0usize..4,
        ) {
            let turn = serde_json::json!({"from": from, "value": value});
            let record = serde_json::json!({"image": image, "conversations": vec![turn; n]});
            let _ = parse(record.to_string().as_bytes());
        }
    }
}
