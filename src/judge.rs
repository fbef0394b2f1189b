//! The cascade for one sample: what the checks find, and what the models say. Pure but for the models.
//!
//! It runs in three steps, because the gates between them need the samples before: examine, rate the
//! questions, rate the answers.

use crate::check::{self, CheckSettings, Facts, ImageSettings};
use crate::model::{ModelError, Role};
use crate::sample::{Sample, Turn};
use crate::score::{Answered, Rated, Scorers};
use crate::verdict::Finding;

/// What the models say of a sample so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratings {
    /// All its questions.
    pub question: Rated,
    /// Its turns' best answers, once they are scored.
    pub answer: Option<Answered>,
    /// The writing of its answers: the chosen ones once they are scored, else the first ones.
    pub style: Rated,
}

/// Lists what the checks find in a sample, in the order of the reasons.
pub fn examine(
    sample: &Sample,
    facts: &Facts,
    checks: &CheckSettings,
    images: &ImageSettings,
) -> Vec<Finding> {
    let mut findings = check::text::examine(sample, &checks.text);
    findings.extend(check::examine_images(&sample.images, facts, images));
    findings
}

/// Lists, for each turn, the candidate answers in which the checks find nothing.
pub fn fit_candidates(sample: &Sample, checks: &CheckSettings) -> Vec<Vec<usize>> {
    let pictured = !sample.images.is_empty();
    let fit = |turn: &Turn| match turn.answers.len() {
        1 => vec![0],
        _ => check::text::fit_candidates(turn, pictured, &checks.text),
    };
    sample.turns.iter().map(fit).collect()
}

/// Rates what every sample is rated on: its questions and the writing of its answers.
///
/// # Errors
/// A model is broken.
pub fn rate_questions(scorers: &mut Scorers, sample: &Sample) -> Result<Ratings, ModelError> {
    Ok(Ratings {
        question: scorers.question(sample)?,
        answer: None,
        style: scorers.style(sample, &[])?,
    })
}

/// Rates the answers of a sample, and the writing of those that are chosen.
///
/// # Errors
/// A model is broken.
pub fn rate_answers(
    scorers: &mut Scorers,
    sample: &Sample,
    checks: &CheckSettings,
    ratings: &mut Ratings,
) -> Result<(), ModelError> {
    let answered = scorers.answers(sample, &fit_candidates(sample, checks))?;
    if answered.chosen.iter().any(|&candidate| candidate > 0) {
        ratings.style = scorers.style(sample, &answered.chosen)?;
    }
    ratings.answer = Some(answered);
    Ok(())
}

impl Ratings {
    /// Names the roles whose input was too long and was cut.
    pub fn truncated(&self) -> Option<String> {
        let cut = [
            (Role::Question, self.question.truncated),
            (Role::Answer, self.answer.as_ref().is_some_and(|answer| answer.rated.truncated)),
            (Role::Style, self.style.truncated),
        ];
        let names: Vec<&str> =
            cut.iter().filter(|(_, cut)| *cut).map(|(role, _)| role.name()).collect();
        (!names.is_empty()).then(|| names.join(","))
    }
}
