//! OpenAI messages: `{"messages": [{"role", "content"}, ...]}`, where a content is a text or a list of parts of
//! text and images. An image part becomes an `<image>` mark at its place.

use serde_json::{Map, Value as Json};

use super::conversation::{Parts, images, role, system};
use crate::sample::{IMAGE_MARK, Message, Value};
use crate::verdict::{Finding, Reason};

/// Takes a record with `messages` apart.
pub(super) fn parts(mut record: Map<String, Json>) -> Result<Parts, Finding> {
    let listed = images(&mut record)?;
    let mut messages = system(&mut record);
    let added = messages.len();
    let Some(Json::Array(spoken)) = record.remove("messages") else {
        return Err(Finding::new(Reason::Malformed, "`messages` is not a list"));
    };
    let mut named = Vec::new();
    for (index, json) in spoken.into_iter().enumerate() {
        messages.push(message(index + 1, json, &mut named)?);
    }
    if !named.is_empty() && !listed.is_empty() {
        let detail = "pictures are named both in the messages and in `images`";
        return Err(Finding::new(Reason::Malformed, detail));
    }
    let unmarked = named.is_empty();
    let images = if unmarked { listed } else { named };
    Ok(Parts { images, messages, added, unmarked, rest: record })
}

fn message(number: usize, json: Json, named: &mut Vec<String>) -> Result<Message, Finding> {
    let wrong = |what: &str| Finding::new(Reason::Malformed, format!("message {number}: {what}"));
    let Json::Object(mut fields) = json else { return Err(wrong("not an object")) };
    let Some(Json::String(speaker)) = fields.remove("role") else {
        return Err(wrong("`role` is not a text"));
    };
    let from = role(&speaker, number)?.to_owned();
    let text = match fields.remove("content") {
        Some(Json::String(text)) => text,
        Some(Json::Array(parts)) => {
            let mut texts = Vec::with_capacity(parts.len());
            for part in parts {
                let text = content(part, named).map_err(|what| wrong(&what))?;
                if text == IMAGE_MARK && from != "human" {
                    return Err(wrong("a picture stands outside the questions"));
                }
                texts.push(text);
            }
            texts.join("\n")
        }
        None | Some(Json::Null) => String::new(),
        Some(_) => return Err(wrong("`content` is neither a text nor a list of parts")),
    };
    Ok(Message { from, value: Value::One(text) })
}

/// The text of one part; the name of a picture goes to `named`.
fn content(part: Json, named: &mut Vec<String>) -> Result<String, String> {
    let mut fields = match part {
        Json::String(text) => return Ok(text),
        Json::Object(fields) => fields,
        _ => return Err("a part of `content` is not an object".to_owned()),
    };
    let sort = fields.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    match sort.as_str() {
        "text" | "input_text" | "output_text" => match fields.remove("text") {
            Some(Json::String(text)) => Ok(text),
            _ => Err("a text part has no `text`".to_owned()),
        },
        "image_url" | "input_image" | "image" => {
            // {"image_url": {"url": ...}}, {"image_url": ...}, {"image": ...}, or a picture of the list `images`.
            let place = fields.remove("image_url").or_else(|| fields.remove("image"));
            match place {
                Some(Json::Object(mut inner)) => match inner.remove("url") {
                    Some(Json::String(name)) => named.push(name),
                    _ => return Err("an image part has no `url`".to_owned()),
                },
                Some(Json::String(name)) => named.push(name),
                None | Some(Json::Null) => {}
                Some(_) => return Err("an image part has no `url`".to_owned()),
            }
            Ok(IMAGE_MARK.to_owned())
        }
        other => {
            let shown: String = other.chars().take(40).collect();
            Err(format!("a part of type `{shown}`; text and image_url are known"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parse::parse;
    use crate::sample::Value;
    use crate::verdict::Reason;

    fn reasons(record: &str) -> Vec<Reason> {
        let findings = parse(record.as_bytes()).expect_err("no sample");
        findings.into_iter().map(|finding| finding.reason).collect()
    }

    #[test]
    fn texts_and_parts_are_read() {
        let sample = parse(
            br#"{"id":"m","tools":[],"messages":[
            {"role":"developer","content":"Be brief."},
            {"role":"user","content":[{"type":"image_url","image_url":{"url":"a.jpg","detail":"low"}},{"type":"text","text":"Why?"}]},
            {"role":"assistant","content":"So."},
            {"role":"user","content":"And?"},
            {"role":"assistant","content":[{"type":"text","text":"No."}]}]}"#,
        )
        .expect("a sample");
        assert_eq!(sample.images, ["a.jpg"]);
        assert_eq!(sample.turns.len(), 2);
        assert_eq!(sample.turns[0].question, "Why?");
        assert_eq!(sample.conversations[1].value, Value::One("<image>\nWhy?".into()));
        assert_eq!(sample.conversations[0].from, "system");
        assert_eq!(
            (sample.kind.as_str(), sample.extra.as_deref()),
            ("conversation", Some(r#"{"tools":[]}"#))
        );
    }

    #[test]
    fn pictures_may_stand_in_a_list() {
        let sample = parse(
            br#"{"images":["a.jpg","b.jpg"],"messages":[
            {"role":"user","content":[{"type":"image"},{"type":"image"},{"type":"text","text":"Which?"}]},
            {"role":"assistant","content":"The first."}]}"#,
        )
        .expect("a sample");
        assert_eq!(sample.images, ["a.jpg", "b.jpg"]);
        let plain = parse(
            br#"{"images":["a.jpg"],"conversations":null,"messages":[
            {"role":"system","content":"A."},{"role":"developer","content":"B."},
            {"role":"user","content":"Why?"},{"role":"assistant","content":"So."}]}"#,
        )
        .expect("a sample");
        assert_eq!(plain.conversations[2].value, Value::One("<image>\nWhy?".into()));
        assert_eq!((plain.turns.len(), plain.extra), (1, None));
    }

    #[test]
    fn what_is_wrong_has_its_reason() {
        let with = |user: &str, more: &str| {
            format!(
                r#"{{{more}"messages":[{{"role":"user","content":{user}}},{{"role":"assistant","content":"So."}}]}}"#
            )
        };
        assert!(parse(with(r#""Why?""#, "").as_bytes()).is_ok());
        for user in [
            "7",
            "[7]",
            r#"[{"type":"text"}]"#,
            r#"[{"type":"image_url","image_url":{}}]"#,
            r#"[{"type":"input_audio"}]"#,
        ] {
            assert_eq!(reasons(&with(user, "")), [Reason::Malformed], "{user}");
        }
        assert_eq!(reasons(&with("null", "")), [Reason::EmptyQuestion]);
        let named = r#"[{"type":"image_url","image_url":"a.jpg"},{"type":"text","text":"Why?"}]"#;
        assert_eq!(reasons(&with(named, r#""images":["b.jpg"],"#)), [Reason::Malformed]);
        assert_eq!(reasons(r#"{"messages":[{"role":"tool","content":"x"}]}"#), [Reason::Roles]);
        assert_eq!(reasons(r#"{"messages":"x"}"#), [Reason::Malformed]);
        let shown = r#"{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"image"}]}]}"#;
        assert_eq!(reasons(shown), [Reason::Malformed]);
        assert_eq!(reasons(r#"{"messages":[{"role":"user","content":"x"}]}"#), [Reason::NoTurns]);
    }
}
