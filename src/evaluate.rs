//! Agreement of scores with labels: pairwise accuracy, rank correlation, best-of-n lift and baselines. Pure.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::model::Role;

/// Lengths that differ by at most this share of the longer count as similar.
const SIMILAR: f64 = 0.15;

/// Nineteen in twenty values of a normal distribution lie within so many standard deviations.
const NORMAL_95: f64 = 1.959_964;

/// What a text scores that a check rejects: less than any that passes.
const REJECTED: f64 = -1.0;

/// One line of labelled data.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Line {
    Group {
        role: Role,
        #[serde(default)]
        kind: Option<String>,
        #[serde(default)]
        question: Option<String>,
        candidates: Vec<Texts>,
        scores: Vec<f64>,
    },
    Pair {
        #[serde(default)]
        role: Option<Role>,
        #[serde(default)]
        kind: Option<String>,
        #[serde(default)]
        instruction: String,
        #[serde(default)]
        input: Option<String>,
        chosen: Texts,
        rejected: Texts,
    },
}

/// One text, or several that belong together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

/// Candidates of one question or image with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Which model is asked.
    pub role: Role,
    /// What the line is an example of, if it says so.
    pub kind: Option<String>,
    /// What answers answer; empty for questions.
    pub question: String,
    /// For each candidate its texts: the turns of one sample.
    pub candidates: Vec<Vec<String>>,
    /// Labels: higher is better.
    pub labels: Vec<f64>,
}

/// Reads one line.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(line: &str) -> Result<Group, String> {
    let line: Line = serde_json::from_str(line).map_err(|_| {
        "neither a pair {\"instruction\", \"chosen\", \"rejected\"} nor a group {\"role\", \"candidates\", \"scores\"}"
            .to_owned()
    })?;
    let group = match line {
        Line::Group { role, kind, question, candidates, scores } => Group {
            role,
            kind,
            question: question.unwrap_or_default(),
            candidates: candidates.into_iter().map(Texts::list).collect(),
            labels: scores,
        },
        Line::Pair { role, kind, instruction, input, chosen, rejected } => {
            let input = input.filter(|input| !input.is_empty());
            let question =
                input.map_or(instruction.clone(), |input| format!("{instruction}\n{input}"));
            Group {
                role: role.unwrap_or(Role::Answer),
                kind,
                question,
                candidates: vec![chosen.list(), rejected.list()],
                labels: vec![1.0, 0.0],
            }
        }
    };
    if group.candidates.len() != group.labels.len() {
        return Err(format!(
            "{} candidates but {} scores",
            group.candidates.len(),
            group.labels.len()
        ));
    }
    if group.labels.iter().any(|label| !label.is_finite()) {
        return Err("a score is not a finite number".to_owned());
    }
    Ok(group)
}

impl Texts {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        }
    }
}

/// A group with what somebody says of its candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Labels.
    pub labels: Vec<f64>,
    /// Scores of the model or baseline.
    pub scores: Vec<f64>,
    /// Lengths in characters.
    pub lengths: Vec<usize>,
}

/// How well scores agree with labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Pairs of one group with different labels.
    pub pairs: u64,
    /// Share of them ordered as the labels are; a tie of the scores is wrong.
    pub accuracy: Option<f64>,
    /// Its 95 % confidence interval, after Wilson, as if the pairs were independent.
    pub interval: Option<[f64; 2]>,
    /// The same over pairs of similar length.
    pub similar_length: SimilarLength,
    /// Mean over groups of the accuracy within a group.
    pub group_accuracy: Option<f64>,
    /// Spearman's rank correlation over all candidates.
    pub spearman: Option<f64>,
    /// Mean over groups of (label of the chosen - mean label) / (best label - mean label).
    pub best_of_n_lift: Option<f64>,
}

/// Accuracy over pairs whose lengths differ by at most 15 %.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SimilarLength {
    /// Such pairs.
    pub pairs: u64,
    /// Share of them ordered right.
    pub accuracy: Option<f64>,
}

/// Measures agreement over groups.
pub fn measure(groups: &[Scored]) -> Measures {
    let mut all = Tally::default();
    let mut similar = Tally::default();
    let (mut accuracies, mut lifts) = (Vec::new(), Vec::new());
    for group in groups {
        let mut own = Tally::default();
        for one in 0..group.labels.len() {
            for other in one + 1..group.labels.len() {
                let Some(right) = ordered(group, one, other) else { continue };
                own.add(right);
                if is_similar(group.lengths[one], group.lengths[other]) {
                    similar.add(right);
                }
            }
        }
        accuracies.extend(own.share());
        lifts.extend(lift(group));
        all.pairs += own.pairs;
        all.right += own.right;
    }
    Measures {
        pairs: all.pairs,
        accuracy: all.share(),
        interval: all.interval(),
        similar_length: SimilarLength { pairs: similar.pairs, accuracy: similar.share() },
        group_accuracy: mean(&accuracies),
        spearman: spearman(groups),
        best_of_n_lift: mean(&lifts),
    }
}

#[derive(Default)]
struct Tally {
    pairs: u64,
    right: u64,
}

impl Tally {
    fn add(&mut self, right: bool) {
        self.pairs += 1;
        self.right += u64::from(right);
    }

    fn share(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.right as f64 / self.pairs as f64)
    }

    /// Wilson's score interval (Journal of the American Statistical Association 22, 1927).
    fn interval(&self) -> Option<[f64; 2]> {
        let (share, pairs) = (self.share()?, self.pairs as f64);
        let square = NORMAL_95 * NORMAL_95;
        let middle = (share + square / (2.0 * pairs)) / (1.0 + square / pairs);
        let spread = (share * (1.0 - share) / pairs + square / (4.0 * pairs * pairs)).sqrt();
        let half = NORMAL_95 * spread / (1.0 + square / pairs);
        Some([(middle - half).max(0.0), (middle + half).min(1.0)])
    }
}

/// Tells whether the scores order a pair as the labels do; `None` if the labels are equal.
fn ordered(group: &Scored, one: usize, other: usize) -> Option<bool> {
    let labels = group.labels[one] - group.labels[other];
    let scores = group.scores[one] - group.scores[other];
    (labels != 0.0).then_some(labels * scores > 0.0)
}

fn is_similar(one: usize, other: usize) -> bool {
    one.abs_diff(other) as f64 <= SIMILAR * one.max(other) as f64
}

/// Of equal best scores the mean of their labels counts, so that the order of candidates does not.
fn lift(group: &Scored) -> Option<f64> {
    let middle = mean(&group.labels)?;
    let best = group.labels.iter().copied().fold(f64::MIN, f64::max);
    // Equal labels may have a mean that differs from them by rounding.
    if best - middle <= 1e-9 {
        return None;
    }
    let top = group.scores.iter().copied().fold(f64::MIN, f64::max);
    let chosen: Vec<f64> = group
        .labels
        .iter()
        .zip(&group.scores)
        .filter(|(_, score)| **score == top)
        .map(|(label, _)| *label)
        .collect();
    Some((mean(&chosen)? - middle) / (best - middle))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn spearman(groups: &[Scored]) -> Option<f64> {
    let labels: Vec<f64> = groups.iter().flat_map(|group| group.labels.iter().copied()).collect();
    let scores: Vec<f64> = groups.iter().flat_map(|group| group.scores.iter().copied()).collect();
    pearson(&ranks(&labels), &ranks(&scores))
}

/// Returns ranks from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = |place: &usize| values[*place] == values[order[from]];
        let to = from + order[from..].iter().take_while(|place| same(place)).count();
        let rank = (from + to + 1) as f64 / 2.0;
        order[from..to].iter().for_each(|place| ranks[*place] = rank);
        from = to;
    }
    ranks
}

fn pearson(one: &[f64], other: &[f64]) -> Option<f64> {
    let (mean_one, mean_other) = (mean(one)?, mean(other)?);
    let (mut both, mut square_one, mut square_other) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        both += (a - mean_one) * (b - mean_other);
        square_one += (a - mean_one).powi(2);
        square_other += (b - mean_other).powi(2);
    }
    (square_one > 0.0 && square_other > 0.0).then(|| both / (square_one * square_other).sqrt())
}

/// Returns what checks and model say together: what a check rejects comes last.
pub fn checked(scores: &[f64], rejected: &[bool]) -> Vec<f64> {
    let one = |(score, rejected): (&f64, &bool)| if *rejected { REJECTED } else { *score };
    scores.iter().zip(rejected).map(one).collect()
}

/// Returns what the baseline `longest` says: the length.
pub fn longest(lengths: &[usize]) -> Vec<f64> {
    lengths.iter().map(|length| *length as f64).collect()
}

/// Returns what the baseline `random` says: numbers that depend on the texts alone, the same in every run.
pub fn random(group: &Group) -> Vec<f64> {
    group.candidates.iter().map(|texts| Digest::of(texts.join("\n").as_bytes()).unit(2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(labels: &[f64], scores: &[f64]) -> Scored {
        Scored { labels: labels.to_vec(), scores: scores.to_vec(), lengths: vec![10; labels.len()] }
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.expect("a number") - expected).abs() < 1e-9, "{found:?} is not {expected}");
    }

    #[test]
    fn pairs_and_ties_count_as_documented() {
        let measures = measure(&[
            scored(&[1.0, 0.5, 0.5], &[0.9, 0.1, 0.2]),
            scored(&[0.0, 1.0], &[0.4, 0.4]),
        ]);
        assert_eq!(measures.pairs, 3);
        close(measures.accuracy, 2.0 / 3.0);
        close(measures.group_accuracy, 0.5);
        close(measures.best_of_n_lift, 0.5);
        assert_eq!(measure(&[scored(&[0.1; 3], &[0.3, 0.2, 0.1])]).best_of_n_lift, None);
    }

    #[test]
    fn intervals_are_wilsons() {
        let groups = vec![scored(&[1.0, 0.0], &[1.0, 0.0]); 9];
        let groups = [groups, vec![scored(&[1.0, 0.0], &[0.0, 1.0])]].concat();
        let [low, high] = measure(&groups).interval.expect("an interval");
        close(Some((low * 1e4).round()), 5958.0);
        close(Some((high * 1e4).round()), 9821.0);
        assert_eq!(measure(&[]).interval, None);
    }

    #[test]
    fn what_checks_reject_comes_last() {
        assert_eq!(checked(&[0.9, 0.0, 0.3], &[true, false, true]), [REJECTED, 0.0, REJECTED]);
    }

    #[test]
    fn rank_correlation_is_spearmans() {
        close(measure(&[scored(&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 30.0, 31.0])]).spearman, 1.0);
        close(measure(&[scored(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0])]).spearman, -1.0);
        assert_eq!(ranks(&[5.0, 1.0, 5.0]), [2.5, 1.0, 2.5]);
    }

    #[test]
    fn only_similar_lengths_are_similar() {
        let mut group = scored(&[1.0, 0.0], &[1.0, 0.0]);
        group.lengths = vec![100, 85];
        assert_eq!(measure(&[group.clone()]).similar_length.pairs, 1);
        group.lengths = vec![100, 84];
        assert_eq!(measure(&[group]).similar_length.pairs, 0);
    }

    #[test]
    fn lines_are_read() {
        let pair = parse(
            r#"{"instruction":"Why?","input":"x","chosen":"a","rejected":"b","judge":"human"}"#,
        );
        let pair = pair.expect("a pair");
        assert_eq!((pair.role, pair.question.as_str()), (Role::Answer, "Why?\nx"));
        let group = parse(
            r#"{"role":"question","id":"1","candidates":[["a","b"],"c"],"scores":[0.1,0.9]}"#,
        );
        assert_eq!(group.expect("a group").candidates[0], ["a", "b"]);
        for wrong in ["{}", "x", r#"{"role":"answer","candidates":["a"],"scores":[]}"#] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
