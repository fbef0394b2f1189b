//! LLaVA records: `{"id", "image", "conversations": [{"from", "value"}, ...]}`, where the value of an
//! answer may be a list of candidates.

use serde_json::{Map, Value as Json};

use super::kind::kind_of;
use crate::sample::{IMAGE_MARK, Message, Sample, Turn, Value, without_marks};
use crate::verdict::{Finding, Reason};

/// Turns a LLaVA record into a sample.
pub(super) fn sample(mut record: Map<String, Json>) -> Result<Sample, Vec<Finding>> {
    let id = own_id(record.remove("id"));
    let images =
        images(record.remove("image"), record.remove("images")).map_err(|finding| vec![finding])?;
    let listed = record.remove("conversations").unwrap_or(Json::Null);
    let conversations = messages(listed).map_err(|finding| vec![finding])?;
    let own_kind = record.get("kind").and_then(Json::as_str).map(str::to_owned);
    let (turns, mut findings) = pair(&conversations);
    findings.extend(count_marks(&conversations, images.len()));
    if !findings.is_empty() {
        findings
            .sort_by_key(|finding| Reason::ALL.iter().position(|reason| *reason == finding.reason));
        return Err(findings);
    }
    let kind = kind_of(own_kind.as_deref(), &turns);
    let extra = if record.is_empty() { None } else { Some(Json::Object(record).to_string()) };
    Ok(Sample { id, images, turns, kind, conversations, extra })
}

/// Ids may be texts or numbers; anything else is no id.
pub(super) fn own_id(id: Option<Json>) -> Option<String> {
    match id? {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn images(one: Option<Json>, many: Option<Json>) -> Result<Vec<String>, Finding> {
    let wrong =
        || Finding::new(Reason::Malformed, "`image` is not a file name or a list of file names");
    let name = |json: Json| match json {
        Json::String(name) => Ok(name),
        _ => Err(wrong()),
    };
    match one.or(many) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::String(name)) if name.is_empty() => Ok(Vec::new()),
        Some(Json::Array(names)) => names.into_iter().map(name).collect(),
        Some(json) => Ok(vec![name(json)?]),
    }
}

fn messages(listed: Json) -> Result<Vec<Message>, Finding> {
    let Json::Array(listed) = listed else {
        return Err(Finding::new(Reason::Malformed, "`conversations` is not a list"));
    };
    listed.into_iter().enumerate().map(|(index, json)| message(index + 1, json)).collect()
}

fn message(number: usize, json: Json) -> Result<Message, Finding> {
    let wrong = |what: &str| Finding::new(Reason::Malformed, format!("message {number}: {what}"));
    let Json::Object(mut fields) = json else { return Err(wrong("not an object")) };
    let Some(Json::String(from)) = fields.remove("from") else {
        return Err(wrong("`from` is not a text"));
    };
    let value = match fields.remove("value") {
        Some(Json::String(text)) => Value::One(text),
        Some(Json::Array(texts)) => {
            let texts: Option<Vec<String>> = texts
                .into_iter()
                .map(|text| match text {
                    Json::String(text) => Some(text),
                    _ => None,
                })
                .collect();
            Value::Candidates(texts.ok_or_else(|| wrong("a candidate is not a text"))?)
        }
        None | Some(Json::Null) => Value::One(String::new()),
        Some(_) => return Err(wrong("`value` is neither a text nor a list of texts")),
    };
    let role = match from.as_str() {
        "human" | "user" => "human",
        "gpt" | "assistant" => "gpt",
        "system" => "system",
        _ => {
            let shown: String = from.chars().take(40).collect();
            return Err(Finding::new(
                Reason::Roles,
                format!("message {number}: unknown role `{shown}`"),
            ));
        }
    };
    Ok(Message { from: role.to_owned(), value })
}

/// Pairs the questions and answers of a conversation that was accepted before.
pub(super) fn turns(conversations: &[Message]) -> Vec<Turn> {
    pair(conversations).0
}

/// Pairs questions with answers; says where the roles do not alternate or a text is empty.
fn pair(conversations: &[Message]) -> (Vec<Turn>, Vec<Finding>) {
    let mut turns = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut note = |reason, detail: String| {
        if findings.iter().all(|finding| finding.reason != reason) {
            findings.push(Finding::new(reason, detail));
        }
    };
    let spoken: Vec<(usize, &Message)> = conversations
        .iter()
        .enumerate()
        .filter(|(index, message)| *index > 0 || message.from != "system")
        .collect();
    if spoken.len() < 2 {
        note(Reason::NoTurns, format!("{} of the 2 messages that a turn needs", spoken.len()));
    }
    for (place, (index, message)) in spoken.iter().enumerate() {
        let expected = if place % 2 == 0 { "human" } else { "gpt" };
        if message.from != expected {
            note(
                Reason::Roles,
                format!("message {}: `{}` where `{expected}` is due", index + 1, message.from),
            );
        }
    }
    if spoken.len() > 1 && spoken.len() % 2 == 1 {
        note(Reason::Roles, "the last question has no answer".to_owned());
    }
    for (number, exchange) in spoken.chunks_exact(2).enumerate() {
        let turn = Turn {
            question: question(&exchange[0].1.value),
            answers: answers(&exchange[1].1.value),
        };
        if turn.question.is_empty() {
            note(Reason::EmptyQuestion, format!("turn {}", number + 1));
        }
        if turn.answers.iter().all(String::is_empty) {
            note(Reason::EmptyAnswer, format!("turn {}", number + 1));
        }
        turns.push(turn);
    }
    (turns, findings)
}

fn question(value: &Value) -> String {
    match value {
        Value::One(text) => without_marks(text),
        Value::Candidates(texts) => without_marks(&texts.join("\n")),
    }
}

fn answers(value: &Value) -> Vec<String> {
    match value {
        Value::One(text) => vec![without_marks(text)],
        Value::Candidates(texts) => texts.iter().map(|text| without_marks(text)).collect(),
    }
}

/// Compares the `<image>` marks with the images. Records without any mark are accepted: the picture then
/// goes before the first question.
fn count_marks(conversations: &[Message], images: usize) -> Option<Finding> {
    let marks = |text: &String| text.matches(IMAGE_MARK).count();
    let found: usize = conversations
        .iter()
        .filter(|message| message.from == "human")
        .map(|message| match &message.value {
            Value::One(text) => marks(text),
            Value::Candidates(texts) => texts.iter().map(marks).sum(),
        })
        .sum();
    if found == images || (found == 0 && images == 1) {
        return None;
    }
    Some(Finding::new(Reason::ImageToken, format!("{found} `<image>` marks for {images} images")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

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
