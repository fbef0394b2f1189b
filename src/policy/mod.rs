//! Policy: stored scores, in the order of `seq`, become decisions; a pure function of them.
//! It never scores, and it does not know where scores and history are stored.

mod gate;
mod settings;
mod window;

use std::collections::HashMap;

pub use gate::Passage;
pub use settings::{GroupBy, Mode, PolicySettings};
use window::Window;

use crate::digest::Digest;
use crate::scale::{Quantiles, Score};
use crate::verdict::{Decision, History, Reason, Verdict};

/// What the question gate says of a sample; handed on to the answer gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuestionGate {
    /// The comparison; `None` where templated requests skip the gate.
    passage: Option<Passage>,
    score: Score,
}

impl QuestionGate {
    /// Tells whether the sample goes on to the answer gate.
    pub fn passed(&self) -> bool {
        self.passage.is_none_or(|passage| passage.passed)
    }
}

/// Reference quantiles of the models in use.
#[derive(Debug, Clone, PartialEq)]
pub struct References {
    /// Of question scores.
    pub question: Quantiles,
    /// Of answer scores.
    pub answer: Quantiles,
}

/// The gates of one policy and one pair of models, with the windows of each group.
pub struct Gates {
    settings: PolicySettings,
    references: References,
    groups: HashMap<String, Group>,
}

struct Group {
    questions: Window,
    answers: Window,
}

impl Gates {
    /// Makes gates without any history.
    pub fn new(settings: PolicySettings, references: References) -> Self {
        Self { settings, references, groups: HashMap::new() }
    }

    /// Returns the policy.
    pub fn settings(&self) -> &PolicySettings {
        &self.settings
    }

    /// Returns the name of the group in which a sample competes.
    pub fn group<'a>(&self, kind: &'a str, source: &'a str) -> &'a str {
        match self.settings.group_by {
            GroupBy::Kind => kind,
            GroupBy::Source => source,
            GroupBy::None => "",
        }
    }

    /// Tells whether the group's history is at hand.
    pub fn knows(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// Returns how many groups are at hand.
    pub fn known(&self) -> usize {
        self.groups.len()
    }

    /// Forgets the groups for which `keep` says no; their history can be seeded again.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.groups.retain(|group, _| keep(group));
    }

    /// Gives a group its history.
    pub fn seed(&mut self, group: &str, history: History) {
        let mut questions = Window::new(self.settings.window);
        let mut answers = Window::new(self.settings.window);
        history.questions.into_iter().for_each(|score| questions.push(score));
        history.answers.into_iter().for_each(|score| answers.push(score));
        self.groups.insert(group.to_owned(), Group { questions, answers });
    }

    /// Runs the question gate for the next sample of a group, and adds its score to the history.
    pub fn question(&mut self, group: &str, digest: &Digest, score: Score) -> QuestionGate {
        let settings = &self.settings;
        let kind = kind_of(settings, group);
        let windows = group_of(&mut self.groups, settings, group);
        let passage = if settings.mode == Mode::Threshold {
            Some(gate::fixed(score, settings.minima()[0]))
        } else if gate::templated(&windows.questions) {
            None
        } else if windows.questions.len() < settings.warmup.max(1) {
            Some(gate::reference(score, settings.alpha, self.references.question.of(kind)))
        } else {
            Some(gate::streaming(score, digest.unit(0), settings.alpha, &windows.questions))
        };
        windows.questions.push(score);
        QuestionGate { passage, score }
    }

    /// Runs the later gates for a sample, in the order of the question gate.
    ///
    /// `answer` must be there if the question gate was passed; it may be there if not.
    pub fn decide(
        &mut self,
        group: &str,
        digest: &Digest,
        question: QuestionGate,
        answer: Option<Score>,
        style: Option<Score>,
    ) -> Decision {
        let mut decision = Decision {
            verdict: Verdict::Kept,
            reason: None,
            would: None,
            passed_question: question.passed(),
            question_cut: question.passage.map(|passage| passage.cut),
            answer_cut: None,
            style_cut: None,
            margin: question.passage.map(|passage| margin(question.score, passage.cut)),
            question_needed: question.passage.and_then(|passage| passage.needed),
            answer_needed: None,
        };
        let failed = if !question.passed() {
            Some(Reason::QuestionBelowCut)
        } else {
            answer.and_then(|score| {
                self.later(group, digest, question.passage.is_none(), score, style, &mut decision)
            })
        };
        if self.settings.mode == Mode::Observe {
            decision.would = Some(failed.map_or(Verdict::Kept.name(), Reason::code));
        } else if let Some(reason) = failed {
            decision.reason = Some(reason);
            decision.verdict = reason.verdict();
        }
        decision
    }

    fn later(
        &mut self,
        group: &str,
        digest: &Digest,
        skipped: bool,
        score: Score,
        style: Option<Score>,
        decision: &mut Decision,
    ) -> Option<Reason> {
        let settings = &self.settings;
        let share = if skipped { settings.alpha * settings.beta } else { settings.beta };
        let kind = kind_of(settings, group);
        let windows = group_of(&mut self.groups, settings, group);
        let passage = if settings.mode == Mode::Threshold {
            gate::fixed(score, settings.minima()[1])
        } else if windows.answers.len() < settings.warmup.max(1) {
            gate::reference(score, share, self.references.answer.of(kind))
        } else {
            gate::streaming(score, digest.unit(1), share, &windows.answers)
        };
        windows.answers.push(score);
        decision.answer_cut = Some(passage.cut);
        decision.answer_needed = passage.needed;
        decision.margin = Some(margin(score, passage.cut));
        if !passage.passed {
            return Some(Reason::AnswerBelowCut);
        }
        let floor = settings.minima()[2];
        let style = style.filter(|_| floor > Score::MIN)?;
        decision.style_cut = Some(floor);
        if style < floor {
            decision.margin = Some(margin(style, floor));
            return Some(Reason::StyleBelowCut);
        }
        None
    }
}

/// Returns the kind of a group's samples, if they have one in common.
fn kind_of<'a>(settings: &PolicySettings, group: &'a str) -> Option<&'a str> {
    (settings.group_by == GroupBy::Kind).then_some(group)
}

fn group_of<'a>(
    groups: &'a mut HashMap<String, Group>,
    settings: &PolicySettings,
    name: &str,
) -> &'a mut Group {
    if !groups.contains_key(name) {
        let empty = || Window::new(settings.window);
        groups.insert(name.to_owned(), Group { questions: empty(), answers: empty() });
    }
    groups.get_mut(name).expect("inserted above")
}

fn margin(score: Score, cut: Score) -> i32 {
    i32::from(score.steps()) - i32::from(cut.steps())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gates(settings: PolicySettings) -> Gates {
        let uniform: Vec<f64> = (0..=100).map(|n| f64::from(n) / 100.0).collect();
        let uniform = Quantiles { all: uniform, kinds: std::collections::BTreeMap::new() };
        Gates::new(settings, References { question: uniform.clone(), answer: uniform })
    }

    fn run(gates: &mut Gates, scores: &[(u16, u16)]) -> Vec<Decision> {
        let mut decisions = Vec::new();
        for (index, &(question, answer)) in scores.iter().enumerate() {
            let digest = Digest::of(&index.to_le_bytes());
            let score = |steps| Score::from_steps(steps).expect("in range");
            let gate = gates.question("g", &digest, score(question));
            let answer = gate.passed().then(|| score(answer));
            decisions.push(gates.decide("g", &digest, gate, answer, None));
        }
        decisions
    }

    fn spread(n: u64, part: usize) -> u16 {
        (Digest::of(&n.to_le_bytes()).unit(part) * 10_000.0) as u16
    }

    #[test]
    fn the_kept_share_is_alpha_times_beta() {
        let scores: Vec<(u16, u16)> = (0..20_000).map(|n| (spread(n, 2), spread(n, 3))).collect();
        let decisions = run(&mut gates(PolicySettings::default()), &scores);
        let kept = decisions.iter().filter(|decision| decision.verdict == Verdict::Kept).count();
        assert!((kept as f64 / 20_000.0 - 0.09).abs() < 0.01, "{kept}");
    }

    #[test]
    fn templated_requests_skip_the_question_gate_and_keep_the_share() {
        let scores: Vec<(u16, u16)> = (0..20_000).map(|n| (5000, spread(n, 3))).collect();
        let decisions = run(&mut gates(PolicySettings::default()), &scores);
        let kept = decisions.iter().filter(|decision| decision.verdict == Verdict::Kept).count();
        assert!((kept as f64 / 20_000.0 - 0.09).abs() < 0.01, "{kept}");
        assert_eq!(decisions[100].question_cut, None);
    }

    #[test]
    fn observe_keeps_all_and_says_what_the_budget_would_do() {
        let scores: Vec<(u16, u16)> = (0..2_000).map(|n| (spread(n, 2), spread(n, 3))).collect();
        let budget = run(&mut gates(PolicySettings::default()), &scores);
        let observe =
            run(&mut gates(PolicySettings { mode: Mode::Observe, ..Default::default() }), &scores);
        for (one, other) in budget.iter().zip(&observe) {
            assert_eq!(other.verdict, Verdict::Kept);
            assert_eq!(other.would, Some(one.reason.map_or("kept", Reason::code)));
        }
    }

    #[test]
    fn thresholds_are_minima() {
        let settings = PolicySettings {
            mode: Mode::Threshold,
            question_min: 0.5,
            answer_min: 0.6,
            ..Default::default()
        };
        let decisions = run(&mut gates(settings), &[(4999, 9000), (5000, 5999), (5000, 6000)]);
        let reasons: Vec<Option<Reason>> =
            decisions.iter().map(|decision| decision.reason).collect();
        assert_eq!(reasons, [Some(Reason::QuestionBelowCut), Some(Reason::AnswerBelowCut), None]);
        assert_eq!(decisions[1].margin, Some(-1));
    }

    proptest! {
        #[test]
        fn a_restart_decides_as_if_it_had_not_happened(
            scores in proptest::collection::vec((0u16..=10_000, 0u16..=10_000), 1..200),
            cut in 0usize..200,
        ) {
            let settings = PolicySettings { warmup: 10, window: 40, ..Default::default() };
            let whole = run(&mut gates(settings.clone()), &scores);
            let cut = cut.min(scores.len());
            let mut history = History::default();
            for (decision, &(question, answer)) in whole[..cut].iter().zip(&scores) {
                history.questions.extend(Score::from_steps(question));
                if decision.passed_question {
                    history.answers.extend(Score::from_steps(answer));
                }
            }
            let mut resumed = gates(settings);
            resumed.seed("g", history);
            for (index, expected) in whole.iter().enumerate().skip(cut) {
                let digest = Digest::of(&index.to_le_bytes());
                let gate = resumed.question("g", &digest, Score::from_steps(scores[index].0).expect("in range"));
                let answer = gate.passed().then(|| Score::from_steps(scores[index].1).expect("in range"));
                prop_assert_eq!(&resumed.decide("g", &digest, gate, answer, None), expected);
            }
        }
    }
}
