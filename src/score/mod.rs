//! Scoring: the three models and what each of them sees of a sample. It never decides.

mod settings;

use std::path::Path;
use std::sync::Arc;

use crate::model::{Model, ModelError, Role, Session};
use crate::sample::{Sample, Turn};
use crate::scale::Score;

pub use settings::{AnswersScored, ModelSettings, ScoringSettings};

/// The models in use.
#[derive(Clone)]
pub struct Models {
    /// Scores all questions of a sample.
    pub question: Arc<Model>,
    /// Scores one answer to one question.
    pub answer: Arc<Model>,
    /// Scores the writing of one answer.
    pub style: Arc<Model>,
}

impl Models {
    /// Loads the models from their folders.
    ///
    /// # Errors
    /// A model is missing, damaged or not the one that is expected.
    pub fn load(question: &Path, answer: &Path, style: &Path) -> Result<Self, ModelError> {
        Ok(Self {
            question: Model::load(question, Role::Question)?,
            answer: Model::load(answer, Role::Answer)?,
            style: Model::load(style, Role::Style)?,
        })
    }

    /// Returns the model for a role.
    pub fn of(&self, role: Role) -> &Arc<Model> {
        match role {
            Role::Question => &self.question,
            Role::Answer => &self.answer,
            Role::Style => &self.style,
        }
    }

    /// Starts scoring on one thread.
    ///
    /// # Errors
    /// A graph cannot be instantiated.
    pub fn scorers(&self) -> Result<Scorers, ModelError> {
        Ok(Scorers {
            question: self.question.session()?,
            answer: self.answer.session()?,
            style: self.style.session()?,
        })
    }
}

/// One thread's use of the models.
pub struct Scorers {
    question: Session,
    answer: Session,
    style: Session,
}

/// A sample's score by one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated {
    /// The score.
    pub score: Score,
    /// Whether a text was too long for the model and was cut.
    pub truncated: bool,
}

/// A sample's answer score, with the candidates that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The mean of the turns' best scores.
    pub rated: Rated,
    /// For each turn, the index of its best candidate.
    pub chosen: Vec<usize>,
}

impl Scorers {
    /// Scores all questions of a sample, joined by newlines.
    ///
    /// # Errors
    /// The model is broken.
    pub fn question(&mut self, sample: &Sample) -> Result<Rated, ModelError> {
        let scored = self.question.score(&sample.questions(), None)?;
        Ok(Rated { score: scored.score, truncated: scored.truncated })
    }

    /// Scores the candidates of each turn that `fit` lists, each turn alone, and chooses the best ones; of
    /// equal ones the first. A turn without an entry in `fit` is scored over all its candidates.
    ///
    /// # Errors
    /// The model is broken.
    pub fn answers(&mut self, sample: &Sample, fit: &[Vec<usize>]) -> Result<Answered, ModelError> {
        let mut chosen = Vec::with_capacity(sample.turns.len());
        let mut best_scores = Vec::with_capacity(sample.turns.len());
        let mut truncated = false;
        for (number, turn) in sample.turns.iter().enumerate() {
            let all: Vec<usize> = (0..turn.answers.len()).collect();
            let listed = fit.get(number).filter(|listed| !listed.is_empty()).unwrap_or(&all);
            let mut best: Option<(usize, Score)> = None;
            for &candidate in listed {
                let scored = self.answer.score(&turn.question, Some(&turn.answers[candidate]))?;
                truncated |= scored.truncated;
                if best.is_none_or(|(_, score)| scored.score > score) {
                    best = Some((candidate, scored.score));
                }
            }
            let (candidate, score) = best.expect("a parsed turn has an answer");
            chosen.push(candidate);
            best_scores.push(score);
        }
        let score = Score::mean(&best_scores).expect("a parsed sample has a turn");
        Ok(Answered { rated: Rated { score, truncated }, chosen })
    }

    /// Scores the writing of a sample: the mean over its turns' answers, where `chosen` says which candidate.
    ///
    /// # Errors
    /// The model is broken.
    pub fn style(&mut self, sample: &Sample, chosen: &[usize]) -> Result<Rated, ModelError> {
        let mut scores = Vec::with_capacity(sample.turns.len());
        let mut truncated = false;
        for (number, turn) in sample.turns.iter().enumerate() {
            let scored = self.style.score(answer_of(turn, chosen.get(number)), None)?;
            truncated |= scored.truncated;
            scores.push(scored.score);
        }
        let score = Score::mean(&scores).expect("a parsed sample has a turn");
        Ok(Rated { score, truncated })
    }
}

fn answer_of<'a>(turn: &'a Turn, chosen: Option<&usize>) -> &'a str {
    let index = chosen.copied().unwrap_or(0);
    turn.answers.get(index).or(turn.answers.first()).map_or("", String::as_str)
}
