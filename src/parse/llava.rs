//! LLaVA and ShareGPT records: `{"id", "image", "conversations": [{"from", "value"}, ...]}`, where the value of an
//! answer may be a list of candidates. ShareGPT has no images, other names of roles, and a field `system`.

use serde_json::{Map, Value as Json};

use super::conversation::{Parts, images, role, system, value};
use crate::sample::Message;
use crate::verdict::{Finding, Reason};

/// Takes a record with `conversations` apart.
pub(super) fn parts(mut record: Map<String, Json>) -> Result<Parts, Finding> {
    let images = images(&mut record)?;
    let mut messages = system(&mut record);
    let added = messages.len();
    match record.remove("conversations") {
        Some(Json::Array(listed)) => {
            for (index, json) in listed.into_iter().enumerate() {
                messages.push(message(index + 1, json)?);
            }
        }
        _ => return Err(Finding::new(Reason::Malformed, "`conversations` is not a list")),
    }
    Ok(Parts { images, messages, added, unmarked: false, rest: record })
}

fn message(number: usize, json: Json) -> Result<Message, Finding> {
    let wrong = |what: &str| Finding::new(Reason::Malformed, format!("message {number}: {what}"));
    let Json::Object(mut fields) = json else { return Err(wrong("not an object")) };
    let Some(Json::String(from)) = fields.remove("from").or_else(|| fields.remove("role")) else {
        return Err(wrong("`from` is not a text"));
    };
    let said = fields.remove("value").or_else(|| fields.remove("content"));
    let value = value(said, &format!("message {number}: `value`"))?;
    Ok(Message { from: role(&from, number)?.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use crate::parse::parse;
    use crate::sample::Value;
    use crate::verdict::Reason;

    fn check(record: &str, expected: Result<&str, &[Reason]>) {
        match (parse(record.as_bytes()), expected) {
            (Ok(sample), Ok(kind)) => assert_eq!(sample.kind, kind, "{record}"),
            (Err(findings), Err(reasons)) => {
                let found: Vec<Reason> = findings.iter().map(|finding| finding.reason).collect();
                assert_eq!(found, reasons, "{record}");
            }
            (found, _) => panic!("{record}: {found:?}"),
        }
    }

    #[test]
    fn samples_are_read() {
        check(
            r#"{"id":1,"image":"a.jpg","conversations":[{"from":"human","value":"<image>\nWhy?"},{"from":"gpt","value":"So."}]}"#,
            Ok("complex"),
        );
        check(
            r#"{"conversations":[{"from":"human","value":"A?"},{"from":"gpt","value":["x","y"]},{"from":"human","value":"B?"},{"from":"gpt","value":"z"}]}"#,
            Ok("conversation"),
        );
        check(
            r#"{"kind":"ocr","conversations":[{"from":"system","value":"Be kind."},{"from":"human","value":"A?"},{"from":"gpt","value":"x"}]}"#,
            Ok("ocr"),
        );
    }

    #[test]
    fn marks_stay_in_the_conversation_and_leave_the_turns() {
        let sample = parse(
            br#"{"image":"a.jpg","note":7,"conversations":[{"from":"human","value":"<image>\nWhy?"},{"from":"gpt","value":"So."}]}"#,
        )
        .expect("a sample");
        assert_eq!(sample.turns[0].question, "Why?");
        assert_eq!(sample.conversations[0].value, Value::One("<image>\nWhy?".into()));
        assert_eq!(sample.extra.as_deref(), Some(r#"{"note":7}"#));
    }

    #[test]
    fn broken_structures_have_their_reasons() {
        let human = r#"{"from":"human","value":"Why?"}"#;
        let gpt = r#"{"from":"gpt","value":"So."}"#;
        let with = |messages: &str| format!(r#"{{"conversations":[{messages}]}}"#);
        check(&with(""), Err(&[Reason::NoTurns]));
        check(&with(human), Err(&[Reason::NoTurns]));
        check(&with(&format!("{human},{human}")), Err(&[Reason::Roles]));
        check(&with(&format!("{gpt},{human}")), Err(&[Reason::Roles]));
        check(&with(&format!("{human},{gpt},{human}")), Err(&[Reason::Roles]));
        check(
            &with(&format!("{human},{}", r#"{"from":"robot","value":"x"}"#)),
            Err(&[Reason::Roles]),
        );
        check(
            &with(&format!("{human},{}", r#"{"from":"gpt","value":" "}"#)),
            Err(&[Reason::EmptyAnswer]),
        );
        check(
            &with(&format!("{human},{}", r#"{"from":"gpt","value":[]}"#)),
            Err(&[Reason::EmptyAnswer]),
        );
        check(
            &with(&format!("{},{gpt}", r#"{"from":"human","value":""}"#)),
            Err(&[Reason::EmptyQuestion]),
        );
        check(
            &with(&format!("{},{gpt}", r#"{"from":"human","value":"<image>"}"#)),
            Err(&[Reason::EmptyQuestion, Reason::ImageToken]),
        );
        check(
            &with(&format!("{human},{}", r#"{"from":"gpt","value":7}"#)),
            Err(&[Reason::Malformed]),
        );
        check(r#"{"conversations":7}"#, Err(&[Reason::Malformed]));
        check(
            &format!(r#"{{"image":7,"conversations":[{human},{gpt}]}}"#),
            Err(&[Reason::Malformed]),
        );
        check(
            &format!(r#"{{"image":["a","b"],"conversations":[{human},{gpt}]}}"#),
            Err(&[Reason::ImageToken]),
        );
    }
}
