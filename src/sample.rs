//! The vocabulary of samples: images, turns and kinds, free of any file format.
//! It does not know where a sample came from or what becomes of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::signature::Signature;

/// One exchange: a question and its answer, or several candidate answers of which one is to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The question without `<image>` marks and surrounding white space.
    pub question: String,
    /// At least one candidate answer, trimmed.
    pub answers: Vec<String>,
}

/// One instruction sample, ready to be checked and scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The record's own id, if it has one.
    pub id: Option<String>,
    /// Names of the images in the order of their marks, as the record gives them.
    pub images: Vec<String>,
    /// The turns in order.
    pub turns: Vec<Turn>,
    /// The type of data: the record's own `kind`, or `conversation`, `detail` or `complex`.
    pub kind: String,
    /// The conversation as LLaVA JSON: a list of `{"from", "value"}`, candidates still in lists.
    pub conversations: Vec<Message>,
    /// All other top-level fields of the record as a JSON object, or `None` if there are none.
    pub extra: Option<String>,
}

/// One message of a LLaVA conversation, as the record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `human`, `gpt` or `system`.
    pub from: String,
    /// The text, with its `<image>` marks.
    pub value: Value,
}

/// The text of a message: one, or a list of candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A single text.
    One(String),
    /// Candidate texts of which one is to be chosen.
    Candidates(Vec<String>),
}

/// The mark that says where a picture goes; it never reaches a model.
pub const IMAGE_MARK: &str = "<image>";

impl Sample {
    /// Returns the digest of the content: images, turns and system texts, without id and other fields.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::default();
        hasher.number(self.images.len() as u64);
        for image in &self.images {
            hasher.field(image.as_bytes());
        }
        for turn in &self.turns {
            hasher.field(turn.question.as_bytes());
            hasher.number(turn.answers.len() as u64);
            for answer in &turn.answers {
                hasher.field(answer.as_bytes());
            }
        }
        for text in self.system() {
            hasher.field(b"system").field(text.as_bytes());
        }
        hasher.finish()
    }

    /// Returns what the conversation is told before it begins.
    fn system(&self) -> impl Iterator<Item = &str> {
        self.conversations.iter().filter(|message| message.from == "system").filter_map(|message| {
            match &message.value {
                Value::One(text) => Some(text.as_str()),
                Value::Candidates(texts) => texts.first().map(String::as_str),
            }
        })
    }

    /// Returns what nearly the same text with the same images, told the same before, is found by.
    pub fn signature(&self) -> Signature {
        let texts = self.turns.iter().flat_map(|turn| {
            std::iter::once(turn.question.as_str()).chain(turn.answers.iter().map(String::as_str))
        });
        Signature::of(texts, self.images.iter().map(String::as_str).chain(self.system()))
    }

    /// Returns all questions joined by newlines: the question model's view of the sample.
    pub fn questions(&self) -> String {
        let questions: Vec<&str> = self.turns.iter().map(|turn| turn.question.as_str()).collect();
        questions.join("\n")
    }

    /// Returns the conversation with the candidate `chosen[turn]` in the place of each list.
    ///
    /// A turn without an entry in `chosen` keeps its first candidate.
    pub fn with_chosen(&self, chosen: &[usize]) -> Vec<Message> {
        let mut turn = 0;
        let mut messages = Vec::with_capacity(self.conversations.len());
        for message in &self.conversations {
            let value = match &message.value {
                Value::Candidates(texts) => {
                    let index = chosen.get(turn).copied().unwrap_or(0);
                    Value::One(texts.get(index).or(texts.first()).cloned().unwrap_or_default())
                }
                one => one.clone(),
            };
            if message.from == "gpt" {
                turn += 1;
            }
            messages.push(Message { from: message.from.clone(), value });
        }
        messages
    }
}

/// Longest image name that is stored and compared as it is, in bytes.
const LONGEST_NAME: usize = 1024;

/// Returns what stands for an image: its name, or the digest of one so long that it must hold the image itself.
pub fn image_reference(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return Cow::Borrowed(name);
    }
    let start: String = name.chars().take(30).collect();
    Cow::Owned(format!("{start}... (blake3 {})", Digest::of(name.as_bytes())))
}

/// Returns what a message shows of an image's name, which comes from outside: its beginning, without control characters.
pub fn image_shown(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

/// Removes `<image>` marks and surrounding white space: what a model may see of a text.
pub fn without_marks(text: &str) -> String {
    if text.contains(IMAGE_MARK) {
        text.replace(IMAGE_MARK, "").trim().to_owned()
    } else {
        text.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        let human = |text: &str| Message { from: "human".into(), value: Value::One(text.into()) };
        let gpt = |value| Message { from: "gpt".into(), value };
        Sample {
            id: Some("7".into()),
            images: vec!["a.jpg".into()],
            turns: vec![
                Turn { question: "Who?".into(), answers: vec!["A".into(), "B".into()] },
                Turn { question: "Where?".into(), answers: vec!["Here".into()] },
            ],
            kind: "conversation".into(),
            conversations: vec![
                human("<image>\nWho?"),
                gpt(Value::Candidates(vec!["A".into(), "B".into()])),
                human("Where?"),
                gpt(Value::One("Here".into())),
            ],
            extra: None,
        }
    }

    #[test]
    fn digest_covers_content_only() {
        let one = sample();
        let mut other = sample();
        other.id = None;
        other.extra = Some("{}".into());
        assert_eq!(one.digest(), other.digest());
        other.turns[1].answers[0].push('.');
        assert_ne!(one.digest(), other.digest());
    }

    #[test]
    fn chosen_candidates_replace_lists() {
        let messages = sample().with_chosen(&[1, 0]);
        assert_eq!(messages[1].value, Value::One("B".into()));
        assert_eq!(messages[3].value, Value::One("Here".into()));
        assert_eq!(messages[0].value, Value::One("<image>\nWho?".into()));
    }

    #[test]
    fn marks_are_stripped_on_either_side() {
        assert_eq!(without_marks("<image>\nWhat?"), "What?");
        assert_eq!(without_marks("What?\n<image>"), "What?");
        assert_eq!(without_marks("  plain "), "plain");
    }
}
