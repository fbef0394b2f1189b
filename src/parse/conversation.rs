//! What all formats have in common: a list of messages becomes turns, and findings say where it is none.

use serde_json::{Map, Value as Json};

use super::kind::kind_of;
use crate::sample::{IMAGE_MARK, Message, Sample, Turn, Value, without_marks};
use crate::verdict::{Finding, Reason};

/// A record of any format, taken apart.
pub(super) struct Parts {
    /// Names of images in the order of their marks.
    pub(super) images: Vec<String>,
    /// The messages, with `human`, `gpt` and `system` as roles.
    pub(super) messages: Vec<Message>,
    /// How many of them, at the beginning, come from other fields than the list of messages.
    pub(super) added: usize,
    /// Whether the format has no marks by nature, so that all may be missing.
    pub(super) unmarked: bool,
    /// All fields of the record that no part was taken from, `id` and `kind` among them.
    pub(super) rest: Map<String, Json>,
}

impl Parts {
    /// Makes the sample, or says all that keeps the record from being one.
    pub(super) fn sample(self) -> Result<Sample, Vec<Finding>> {
        let Self { images, messages: mut conversations, added, unmarked, mut rest } = self;
        let id = own_id(rest.remove("id"));
        let own_kind = rest.get("kind").and_then(Json::as_str).map(str::to_owned);
        let (turns, mut findings) = pair(&conversations, added);
        match marks(&conversations) {
            0 if unmarked || images.len() == 1 => mark(&mut conversations, images.len()),
            found if found == images.len() => {}
            found => {
                let detail = format!("{found} `<image>` marks for {} images", images.len());
                findings.push(Finding::new(Reason::ImageToken, detail));
            }
        }
        if !findings.is_empty() {
            let order =
                |finding: &Finding| Reason::ALL.iter().position(|one| *one == finding.reason);
            findings.sort_by_key(order);
            return Err(findings);
        }
        let kind = kind_of(own_kind.as_deref(), &turns);
        let extra = if rest.is_empty() { None } else { Some(Json::Object(rest).to_string()) };
        Ok(Sample { id, images, turns, kind, conversations, extra })
    }
}

/// Ids may be texts or numbers; anything else is no id.
pub(super) fn own_id(id: Option<Json>) -> Option<String> {
    match id? {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Takes the image names out of the fields `image` and `images`.
pub(super) fn images(record: &mut Map<String, Json>) -> Result<Vec<String>, Finding> {
    let wrong =
        || Finding::new(Reason::Malformed, "`image` is not a file name or a list of file names");
    let name = |json: Json| match json {
        Json::String(name) => Ok(name),
        _ => Err(wrong()),
    };
    let mut names = |field: &str| match record.remove(field) {
        None => Ok(None),
        Some(Json::Array(names)) => names.into_iter().map(name).collect::<Result<_, _>>().map(Some),
        Some(json) => Ok(Some(vec![name(json)?])),
    };
    match (names("image")?, names("images")?) {
        (Some(one), Some(many)) if one != many => {
            Err(Finding::new(Reason::Malformed, "`image` and `images` name different pictures"))
        }
        (one, many) => Ok(one.or(many).unwrap_or_default()),
    }
}

/// The message that a field `system` stands for.
pub(super) fn system(record: &mut Map<String, Json>) -> Vec<Message> {
    match record.get("system") {
        Some(Json::String(text)) if !text.is_empty() => {
            let message = Message { from: "system".to_owned(), value: Value::One(text.clone()) };
            record.remove("system");
            vec![message]
        }
        _ => Vec::new(),
    }
}

/// A text, a list of candidate texts, or nothing; `what` names the field in the finding.
pub(super) fn value(json: Option<Json>, what: &str) -> Result<Value, Finding> {
    let wrong = |fault: String| Finding::new(Reason::Malformed, fault);
    match json {
        Some(Json::String(text)) => Ok(Value::One(text)),
        Some(Json::Array(texts)) => {
            let text = |json| match json {
                Json::String(text) => Ok(text),
                _ => Err(wrong(format!("{what}: a candidate is not a text"))),
            };
            Ok(Value::Candidates(texts.into_iter().map(text).collect::<Result<_, _>>()?))
        }
        None | Some(Json::Null) => Ok(Value::One(String::new())),
        Some(_) => Err(wrong(format!("{what} is neither a text nor a list of texts"))),
    }
}

/// The name that LLaVA gives to a role; formats have several for each.
pub(super) fn role(name: &str, number: usize) -> Result<&'static str, Finding> {
    match name.to_ascii_lowercase().as_str() {
        "human" | "user" | "prompter" => Ok("human"),
        "gpt" | "assistant" | "model" | "chatgpt" | "bing" | "bard" => Ok("gpt"),
        "system" | "developer" => Ok("system"),
        _ => {
            let shown: String = name.chars().take(40).collect();
            let detail = format!("message {number}: unknown role `{shown}`");
            Err(Finding::new(Reason::Roles, detail))
        }
    }
}

/// Pairs the questions and answers of a conversation that was accepted before.
pub(super) fn turns(conversations: &[Message]) -> Vec<Turn> {
    pair(conversations, 0).0
}

/// Pairs questions with answers; says where the roles do not alternate or a text is empty.
/// Messages are numbered from 1 behind those that were added.
fn pair(conversations: &[Message], added: usize) -> (Vec<Turn>, Vec<Finding>) {
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
        .skip_while(|(_, message)| message.from == "system")
        .collect();
    if spoken.len() < 2 {
        note(Reason::NoTurns, format!("{} of the 2 messages that a turn needs", spoken.len()));
    }
    for (place, (index, message)) in spoken.iter().enumerate() {
        let expected = if place % 2 == 0 { "human" } else { "gpt" };
        if message.from != expected {
            note(
                Reason::Roles,
                format!(
                    "message {}: `{}` where `{expected}` is due",
                    (index + 1).saturating_sub(added),
                    message.from
                ),
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

/// Counts the `<image>` marks of the questions.
fn marks(conversations: &[Message]) -> usize {
    let count = |text: &String| text.matches(IMAGE_MARK).count();
    conversations
        .iter()
        .filter(|message| message.from == "human")
        .map(|message| match &message.value {
            Value::One(text) => count(text),
            Value::Candidates(texts) => texts.iter().map(count).sum(),
        })
        .sum()
}

/// Puts the marks of images that have none before the first question.
fn mark(conversations: &mut [Message], images: usize) {
    let first = conversations.iter_mut().find(|message| message.from == "human");
    let text = match first.map(|message| &mut message.value) {
        Some(Value::One(text)) => text,
        Some(Value::Candidates(texts)) if !texts.is_empty() => &mut texts[0],
        _ => return,
    };
    text.insert_str(0, &format!("{IMAGE_MARK}\n").repeat(images));
}
