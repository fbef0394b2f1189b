//! The vocabulary of decisions: verdicts and reason codes.
//! It does not know how a decision is reached.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::scale::Score;

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// In the kept set.
    Kept,
    /// Well formed, but not good enough.
    Rejected,
    /// Repeats an earlier occurrence.
    Duplicate,
    /// Not a usable sample.
    Quarantined,
    /// Waits for something, such as its image.
    Pending,
}

impl Verdict {
    /// All verdicts, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::Kept, Self::Rejected, Self::Duplicate, Self::Quarantined, Self::Pending];

    /// Returns the word that the database and the commands use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Quarantined => "quarantined",
            Self::Pending => "pending",
        }
    }

    /// Finds a verdict by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal => $verdict:ident,)*) => {
        /// Why a record was not kept, or why it waits. The codes are a contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All reasons, in the order of the stages that give them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the reason code, such as `text.refusal`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Returns the verdict that goes with the reason.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }
        }
    };
}

reasons! {
    /// Not JSON, or of no known record format.
    Malformed = "structure.malformed" => Quarantined,
    /// The file ended inside the record, and nothing was added for a long time.
    Unfinished = "structure.unfinished" => Quarantined,
    /// Longer than `[intake] max_record_bytes`.
    TooLarge = "structure.too_large" => Quarantined,
    /// No question with an answer.
    NoTurns = "structure.no_turns" => Quarantined,
    /// Questions and answers do not alternate.
    Roles = "structure.roles" => Quarantined,
    /// A question without text.
    EmptyQuestion = "structure.empty_question" => Quarantined,
    /// An answer without text.
    EmptyAnswer = "structure.empty_answer" => Quarantined,
    /// The count of `<image>` marks does not match the images.
    ImageToken = "structure.image_token" => Quarantined,
    /// Damaged characters.
    Encoding = "text.encoding" => Rejected,
    /// An answer without a word, or shorter than the limits.
    TooShort = "text.too_short" => Rejected,
    /// Longer than the limits.
    TooLong = "text.too_long" => Rejected,
    /// The same words again and again.
    Repetition = "text.repetition" => Rejected,
    /// The generator declines to answer.
    Refusal = "text.refusal" => Rejected,
    /// Talks of captions, bounding boxes or "the description" instead of the picture.
    Meta = "text.meta" => Rejected,
    /// Ends in mid-sentence.
    Truncated = "text.truncated" => Rejected,
    /// Not in one of the configured languages.
    Language = "text.language" => Rejected,
    /// The answer only repeats the question.
    CopiesQuestion = "text.copies_question" => Rejected,
    /// The image is not there, or did not come within `[images] grace`.
    ImageMissing = "image.missing" => Rejected,
    /// The image cannot be decoded.
    ImageUndecodable = "image.undecodable" => Rejected,
    /// A side is shorter than `[images] min_side`.
    ImageTooSmall = "image.too_small" => Rejected,
    /// The longer side exceeds `[images] max_aspect` times the shorter.
    ImageAspect = "image.aspect" => Rejected,
    /// All its pixels are nearly of one brightness.
    ImageBlank = "image.blank" => Rejected,
    /// The same content reached a gate before.
    DuplicateExact = "duplicate.exact" => Duplicate,
    /// Nearly the same text, with the same images, reached a gate before.
    DuplicateNear = "duplicate.near" => Duplicate,
    /// As many samples of the image as `[checks] image_cap` allows reached a gate before.
    DuplicateImageCap = "duplicate.image_cap" => Duplicate,
    /// Below the cut of the question gate.
    QuestionBelowCut = "question.below_cut" => Rejected,
    /// Below the cut of the answer gate.
    AnswerBelowCut = "answer.below_cut" => Rejected,
    /// Below the style floor.
    StyleBelowCut = "style.below_cut" => Rejected,
}

impl Reason {
    /// Finds a reason by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.code())
    }
}

/// One failed check: the reason and what was found, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The reason code.
    pub reason: Reason,
    /// What was found and where, such as "turn 2: `the red car` 9 times in a row".
    pub detail: String,
}

impl Finding {
    /// Makes a finding.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// What is decided at the end of the gates, as the database stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// `Kept` or `Rejected`.
    pub verdict: Verdict,
    /// The gate that the sample failed at; `None` for kept samples.
    pub reason: Option<Reason>,
    /// In `observe` mode, what the budget would have done: `kept` or the code of a gate.
    pub would: Option<&'static str>,
    /// Whether the sample counts among those that passed the question gate.
    pub passed_question: bool,
    /// The cut of the question gate; `None` where templated requests skip it.
    pub question_cut: Option<Score>,
    /// The cut of the answer gate; `None` if it was not reached.
    pub answer_cut: Option<Score>,
    /// The style floor; `None` if it is off or was not reached.
    pub style_cut: Option<Score>,
    /// Score minus cut, in steps of 1e-4, at the gate that decided.
    pub margin: Option<i32>,
    /// The smallest alpha at which the question gate would have let the sample pass.
    pub question_needed: Option<f64>,
    /// The smallest share at which the answer gate would have let it pass.
    pub answer_needed: Option<f64>,
}

/// The scores before now in one group, oldest first, all of the same models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Question scores of samples that passed the checks.
    pub questions: Vec<Score>,
    /// Answer scores of samples that passed the question gate.
    pub answers: Vec<Score>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_round_trip() {
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_name(verdict.name()), Some(verdict));
        }
        assert_eq!(Reason::from_code("text.other"), None);
    }
}
