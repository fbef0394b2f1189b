//! The kind of a sample that does not name its own: conversation, detail or complex.

use crate::sample::Turn;

/// Longest kind that a record may name, in bytes.
const MAX_KIND_BYTES: usize = 64;

/// Returns the record's own kind if it is usable, else the kind that its turns show.
pub(super) fn kind_of(own: Option<&str>, turns: &[Turn]) -> String {
    if let Some(own) =
        own.map(str::trim).filter(|own| !own.is_empty() && own.len() <= MAX_KIND_BYTES)
    {
        return own.to_owned();
    }
    match turns {
        [turn] if asks_for_description(&turn.question) => "detail",
        [_] | [] => "complex",
        _ => "conversation",
    }
    .to_owned()
}

/// Verbs that ask for the whole picture in words when the picture is their object.
const DESCRIBING: &[&str] = &[
    "describe",
    "narrate",
    "caption",
    "summarize",
    "summarise",
    "depict",
    "characterize",
    "analyze",
    "analyse",
];

/// Nouns that, asked for, mean a text about the whole picture.
const DESCRIPTIONS: &[&str] = &[
    "description",
    "descriptions",
    "summary",
    "caption",
    "explanation",
    "overview",
    "account",
    "interpretation",
    "rundown",
    "portrayal",
    "narrative",
    "depiction",
    "breakdown",
];

/// Words for the picture itself.
const PICTURES: &[&str] = &[
    "image",
    "picture",
    "photo",
    "photograph",
    "scene",
    "snapshot",
    "photo's",
    "image's",
    "picture's",
    "illustration",
    "painting",
    "this",
    "it",
];

/// Questions about the picture as a whole, without a verb of describing.
const WHOLE: &[&str] = &[
    "what is this",
    "what's this",
    "what is in the",
    "what's in the",
    "what do you see",
    "what can you see",
    "what is happening in the",
    "what's happening in the",
    "what is going on in",
    "what do you think is going on",
    "explain the visual content",
    "can you elaborate on the elements",
    "what is shown in",
    "what does the image show",
    "what does this image show",
    "what does the picture show",
    "write a detailed",
];

/// Tells whether a question asks to describe the picture as a whole.
fn asks_for_description(question: &str) -> bool {
    // A long prompt asks for more than a description, whatever its first words are.
    if question.len() > 240 {
        return false;
    }
    let question = question.to_lowercase();
    let words: Vec<&str> = question
        .split(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .filter(|word| !word.is_empty())
        .collect();
    let plain = words.join(" ");
    let names = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let about_picture = words.iter().any(|word| PICTURES.contains(word));
    let describes = names(DESCRIBING) && about_picture && describes_whole(&words);
    let wants_text = names(DESCRIPTIONS) && about_picture;
    let short = words.len() <= 12;
    describes || wants_text || (short && WHOLE.iter().any(|start| plain.starts_with(start)))
}

/// "Describe the image", but not "describe the man's shirt in the image".
fn describes_whole(words: &[&str]) -> bool {
    const FILLERS: &[&str] = &[
        "the",
        "this",
        "that",
        "following",
        "given",
        "provided",
        "attached",
        "above",
        "in",
        "detail",
        "main",
        "visual",
        "content",
        "contents",
        "features",
        "key",
        "elements",
        "of",
        "what",
        "you",
        "see",
        "all",
        "entire",
        "whole",
        "everything",
        "details",
        "briefly",
        "concisely",
        "thoroughly",
        "carefully",
        "and",
        "a",
        "an",
        "as",
    ];
    let Some(verb) = words.iter().position(|word| DESCRIBING.contains(word)) else { return false };
    words[verb + 1..]
        .iter()
        .find(|word| !FILLERS.contains(word) || **word == "this")
        .is_some_and(|word| PICTURES.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, expected: &str) {
        let turns = [Turn { question: question.into(), answers: vec!["x".into()] }];
        assert_eq!(kind_of(None, &turns), expected, "{question}");
    }

    #[test]
    fn requests_to_describe_are_detail() {
        for question in [
            "Describe this image in detail.",
            "Please generate detailed descriptions of the given image.",
            "Write a terse but informative summary of the picture.",
            "Give a brief description of the image.",
            "Present a compact description of the photo's key features.",
            "What is this?",
            "What is in the photo?",
            "Share a concise interpretation of the image provided.",
            "Summarize the visual content of the image.",
            "Give a short and clear explanation of the subsequent image.",
            "Describe the following image.",
            "Can you describe the main features of this image for me?",
            "What do you see happening in this image?",
            "Analyze the image in a comprehensive and detailed manner.",
            "Explain the visual content of the image in great detail.",
        ] {
            check(question, "detail");
        }
    }

    #[test]
    fn questions_about_a_part_are_complex() {
        for question in [
            "What is the man doing in the image?",
            "Describe the man's shirt in the image.",
            "What might be the reason behind the man's thumbs-up gesture?",
            "How many doughnuts are in the box?",
            "What type of bird is pictured in the image?",
            "Describe the emotions of the child.",
        ] {
            check(question, "complex");
        }
    }

    #[test]
    fn own_kind_wins_unless_unusable() {
        let turn = Turn { question: "Why?".into(), answers: vec!["x".into()] };
        assert_eq!(kind_of(Some("ocr"), std::slice::from_ref(&turn)), "ocr");
        assert_eq!(kind_of(Some(" "), &[turn.clone(), turn.clone()]), "conversation");
        assert_eq!(kind_of(Some(&"k".repeat(65)), &[turn]), "complex");
    }
}
