//! From text to token ids: byte budget, tokenising, truncation and special tokens, as `model.toml` says.

use std::path::Path;

use tokenizers::Tokenizer;

use super::ModelError;
use super::manifest::{TokenizerFile, Truncation};

/// Bytes that are looked at for each token that may be kept; more can never matter in practice.
const BYTES_PER_TOKEN: usize = 16;

/// One model input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tokens {
    /// Token ids, at least one.
    pub ids: Vec<i64>,
    /// For each id, 0 in the first part and 1 in the second.
    pub segments: Vec<i64>,
    /// Token counts of both parts before truncation.
    pub lengths: [f32; 2],
    /// Whether something was cut off.
    pub truncated: bool,
}

/// A loaded tokenizer with its frame.
pub(super) struct Encoder {
    tokenizer: Tokenizer,
    frame: TokenizerFile,
}

impl Encoder {
    /// Builds an encoder from the bytes of a `tokenizer.json`.
    pub(super) fn new(bytes: &[u8], frame: TokenizerFile, path: &Path) -> Result<Self, ModelError> {
        let mut tokenizer = Tokenizer::from_bytes(bytes)
            .map_err(|source| ModelError::Tokenizer { path: path.to_owned(), source })?;
        // Length is this module's business: the file's own padding and truncation must not interfere.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|source| ModelError::Tokenizer { path: path.to_owned(), source })?;
        Ok(Self { tokenizer, frame })
    }

    /// Turns one text, or a question with its answer, into a model input.
    pub(super) fn encode(&self, first: &str, second: Option<&str>) -> Result<Tokens, ModelError> {
        let frame = &self.frame;
        let special = frame.begin.len() + frame.separator.len() + frame.end.len();
        let room = frame.max_tokens - special;
        let Some(second) = second else {
            let part = self.part(first, frame.max_tokens, room, frame.truncation)?;
            return Ok(self.framed(part, None));
        };
        let most = frame.max_question_tokens.unwrap_or(room / 2);
        let question = self.part(first, most, most, Truncation::Head)?;
        let rest = room - question.ids.len();
        let answer = self.part(second, frame.max_tokens, rest, frame.truncation)?;
        Ok(self.framed(question, Some(answer)))
    }

    fn part(
        &self,
        text: &str,
        budget_tokens: usize,
        room: usize,
        truncation: Truncation,
    ) -> Result<Part, ModelError> {
        let cut = within_budget(text, budget_tokens * BYTES_PER_TOKEN, truncation);
        let encoding = self
            .tokenizer
            .encode_fast(cut.as_ref(), false)
            .map_err(|source| ModelError::Encode { source })?;
        let mut ids: Vec<i64> = encoding.get_ids().iter().map(|&id| i64::from(id)).collect();
        let count = ids.len();
        if count > room {
            match truncation {
                Truncation::Head => ids.truncate(room),
                Truncation::HeadTail => {
                    let tail = room / 2;
                    ids.drain(room - tail..count - tail);
                }
            }
        }
        Ok(Part { ids, count, truncated: count > room || cut.len() < text.len() })
    }

    fn framed(&self, first: Part, second: Option<Part>) -> Tokens {
        let special = |ids: &[u32]| ids.iter().map(|&id| i64::from(id)).collect::<Vec<i64>>();
        let mut ids = special(&self.frame.begin);
        ids.extend(&first.ids);
        ids.extend(special(&self.frame.separator));
        let boundary = ids.len();
        let mut lengths = [first.count as f32, 0.0];
        let mut truncated = first.truncated;
        let paired = second.is_some();
        if let Some(second) = second {
            ids.extend(&second.ids);
            lengths[1] = second.count as f32;
            truncated |= second.truncated;
        }
        ids.extend(special(&self.frame.end));
        if ids.is_empty() {
            ids.push(i64::from(self.frame.unknown));
        }
        let segments = (0..ids.len()).map(|index| i64::from(paired && index >= boundary)).collect();
        Tokens { ids, segments, lengths, truncated }
    }
}

struct Part {
    ids: Vec<i64>,
    count: usize,
    truncated: bool,
}

/// Cuts a huge text before it is tokenised, at character boundaries.
fn within_budget(text: &str, budget: usize, truncation: Truncation) -> std::borrow::Cow<'_, str> {
    match truncation {
        Truncation::Head if text.len() > budget => text[..text.floor_char_boundary(budget)].into(),
        Truncation::HeadTail if text.len() > 2 * budget => {
            let head = &text[..text.floor_char_boundary(budget)];
            let tail = &text[text.ceil_char_boundary(text.len() - budget)..];
            format!("{head} {tail}").into()
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_cut_at_character_boundaries() {
        assert_eq!(within_budget("abcdef", 6, Truncation::Head), "abcdef");
        assert_eq!(within_budget("abcdef", 4, Truncation::Head), "abcd");
        assert_eq!(within_budget("ééé", 3, Truncation::Head), "é");
        assert_eq!(within_budget("abcdefghij", 3, Truncation::HeadTail), "abc hij");
        assert_eq!(within_budget("ééééé", 3, Truncation::HeadTail), "é é");
        assert_eq!(within_budget("abcdef", 3, Truncation::HeadTail), "abcdef");
    }
}
