//! The one place where order is made: everything is decided in the order in which it was read, though the
//! scoring threads finish in any order. It gives each sample that passed the checks its `seq`.

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::PipelineError;
use super::commits::Commits;
use super::past::{Past, Repeat};
use super::work::{Candidate, Entry, Examined, Job, Kit, Message, Ticket, unusable};
use crate::digest::Digest;
use crate::fault;
use crate::policy::{Gates, GroupBy, Mode, References};
use crate::scale::Score;
use crate::score::AnswersScored;
use crate::store::{Content, Gated, Grouping, HistoryOf, Lookup, Record};
use crate::time;
use crate::verdict::{Decision, Finding, Verdict};

/// Groups whose history is held at most; others are read again when a sample of theirs comes.
const MAX_GROUPS: usize = 64;

/// Where a ticket stands.
enum Slot {
    /// The checks are not through.
    Awaited,
    /// The checks are through; earlier ones may not be.
    Examined(Examined),
    /// A scoring thread has it.
    Away,
    /// Its questions are rated.
    Questioned(Box<Candidate>),
    /// All that is needed is rated.
    Answered(Box<Candidate>),
    /// It is decided.
    Done(Box<Entry>),
}

/// Makes the order and the decisions.
pub(super) struct Sequencer {
    past: Past,
    jobs: Sender<Job>,
    out: Sender<(Ticket, Entry)>,
    slots: VecDeque<Slot>,
    /// Ticket of the first slot, which is the next to leave.
    first: Ticket,
    next_examined: Ticket,
    next_questioned: Ticket,
    end: Option<Ticket>,
    last_seq: u64,
    gates: Option<(Arc<Kit>, Gates)>,
}

impl Sequencer {
    /// Makes a sequencer that goes on behind the last stored `seq`.
    pub(super) fn new(
        lookup: Lookup,
        jobs: Sender<Job>,
        out: Sender<(Ticket, Entry)>,
        commits: Arc<Commits>,
    ) -> Result<Self, PipelineError> {
        let last_seq = lookup.last_seq()?;
        Ok(Self {
            past: Past::new(lookup, commits),
            jobs,
            out,
            slots: VecDeque::new(),
            first: 1,
            next_examined: 1,
            next_questioned: 1,
            end: None,
            last_seq,
            gates: None,
        })
    }

    /// Runs until the end was announced and everything before it has left.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Result<(), PipelineError> {
        while self.end != Some(self.first) {
            let Ok(message) = messages.recv() else { return Ok(()) };
            match message {
                Message::Examined(ticket, examined) => self.put(ticket, Slot::Examined(examined)),
                Message::Questioned(ticket, candidate) => {
                    self.put(ticket, Slot::Questioned(candidate));
                }
                Message::Answered(ticket, candidate) => self.put(ticket, Slot::Answered(candidate)),
                Message::Direct(ticket, entry) => self.put(ticket, Slot::Done(Box::new(entry))),
                Message::End(ticket) => self.end = Some(ticket),
                Message::Broken(error) => return Err(error.into()),
                Message::Panicked => return Err(PipelineError::Panicked),
            }
            self.past.forget_committed();
            if !self.advance()? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn put(&mut self, ticket: Ticket, slot: Slot) {
        let place = usize::try_from(ticket - self.first).expect("tickets under way are few");
        while self.slots.len() <= place {
            self.slots.push_back(Slot::Awaited);
        }
        self.slots[place] = slot;
    }

    fn slot(&mut self, ticket: Ticket) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(ticket - self.first).ok()?)
    }

    /// Moves everything on that can move. Returns no if the committer is gone.
    fn advance(&mut self) -> Result<bool, PipelineError> {
        while let Some(slot) = self.slot(self.next_examined) {
            match std::mem::replace(slot, Slot::Away) {
                Slot::Examined(examined) => self.examined(examined)?,
                Slot::Done(entry) => self.direct(self.next_examined, entry)?,
                Slot::Awaited => {
                    self.put(self.next_examined, Slot::Awaited);
                    break;
                }
                other => self.put(self.next_examined, other),
            }
            self.next_examined += 1;
        }
        while self.next_questioned < self.next_examined {
            let slot = self.slot(self.next_questioned).expect("examined slots are there");
            match std::mem::replace(slot, Slot::Away) {
                Slot::Questioned(candidate) => self.questioned(candidate)?,
                Slot::Away => break,
                other => self.put(self.next_questioned, other),
            }
            self.next_questioned += 1;
        }
        while self.first < self.next_questioned {
            let entry = match self.slots.pop_front().expect("questioned slots are there") {
                Slot::Done(entry) => *entry,
                Slot::Answered(candidate) => self.decided(*candidate),
                waiting => {
                    self.slots.push_front(waiting);
                    break;
                }
            };
            fault::point("decided");
            if self.out.send((self.first, entry)).is_err() {
                return Ok(false);
            }
            self.first += 1;
        }
        Ok(true)
    }

    fn direct(&mut self, ticket: Ticket, entry: Box<Entry>) -> Result<(), PipelineError> {
        if let Entry::Adopt(kit) = &*entry {
            let references = References {
                question: kit.models.question.manifest().reference.scores(),
                answer: kit.models.answer.manifest().reference.scores(),
            };
            self.gates = Some((Arc::clone(kit), Gates::new(kit.policy.clone(), references)));
            self.past.adopt(kit)?;
        }
        self.put(ticket, Slot::Done(entry));
        Ok(())
    }

    /// Carried, flawed and repeated records are done; the others get their `seq` and go to the models.
    fn examined(&mut self, examined: Examined) -> Result<(), PipelineError> {
        let ticket = self.next_examined;
        let (origin, digest) = match &examined {
            Examined::Fine(candidate)
            | Examined::Waiting(candidate, _)
            | Examined::Flawed(candidate, _) => (&candidate.origin, candidate.digest),
            Examined::Unusable { origin, digest, .. } => (origin, *digest),
        };
        if self.past.carries(ticket, origin, digest)? {
            let entry = Entry::Carried(Box::new(origin.clone()), digest);
            self.put(ticket, Slot::Done(Box::new(entry)));
            return Ok(());
        }
        let entry = match examined {
            Examined::Unusable { origin, sample_id, digest, finding } => {
                let record = unusable(&origin, digest, finding, time::now());
                let record = Record { sample_id, ..record };
                Entry::Verdict(Box::new(origin), Box::new(record))
            }
            Examined::Waiting(candidate, finding) => {
                ungated(*candidate, Verdict::Pending, finding, None)
            }
            Examined::Flawed(candidate, finding) => {
                ungated(*candidate, finding.reason.verdict(), finding, None)
            }
            Examined::Fine(candidate) => match self.past.repeated(&candidate)? {
                Some(Repeat { finding, of }) => {
                    ungated(*candidate, finding.reason.verdict(), finding, of)
                }
                None => return self.enter(ticket, candidate),
            },
        };
        self.put(ticket, Slot::Done(Box::new(entry)));
        Ok(())
    }

    /// Gives a sample its `seq` and sends it to the models.
    fn enter(
        &mut self,
        ticket: Ticket,
        mut candidate: Box<Candidate>,
    ) -> Result<(), PipelineError> {
        self.last_seq += 1;
        candidate.seq = self.last_seq;
        let (kit, gates) = self.gates.as_mut().expect("rules are adopted before records come");
        let group = gates.group(&candidate.sample.kind, &candidate.origin.home.name);
        if !gates.knows(group) {
            if gates.known() >= MAX_GROUPS {
                let past = &self.past;
                gates.retain(|group| past.has_group(group));
            }
            let of = HistoryOf {
                grouping: match kit.policy.group_by {
                    GroupBy::Kind => Grouping::Kind,
                    GroupBy::Source => Grouping::Source,
                    GroupBy::None => Grouping::None,
                },
                group,
                question_model: kit.models.question.digest(),
                answer_model: kit.models.answer.digest(),
            };
            gates.seed(group, self.past.history(&of, kit.policy.window, candidate.seq)?);
        }
        self.past.add(ticket, &candidate, group);
        // The queue has room for all that may be under way; it is closed only when the workers are gone.
        let _ = self.jobs.send(Job::Questions(ticket, candidate));
        Ok(())
    }

    /// Runs the question gate; the answers of those that pass are rated next.
    fn questioned(&mut self, mut candidate: Box<Candidate>) -> Result<(), PipelineError> {
        let ticket = self.next_questioned;
        let (kit, gates) = self.gates.as_mut().expect("rules are adopted before records come");
        let ratings = candidate.ratings.as_ref().expect("questions are rated");
        let group = gates.group(&candidate.sample.kind, &candidate.origin.home.name);
        let gate = gates.question(group, &candidate.digest, ratings.question.score);
        let answers =
            gate.passed() || kit.answers == AnswersScored::All || kit.policy.mode == Mode::Observe;
        candidate.gate = Some(gate);
        if answers {
            let _ = self.jobs.send(Job::Answers(ticket, candidate));
        } else {
            self.put(ticket, Slot::Answered(candidate));
        }
        Ok(())
    }

    /// Runs the later gates.
    fn decided(&mut self, candidate: Candidate) -> Entry {
        let (_, gates) = self.gates.as_mut().expect("rules are adopted before records come");
        let ratings = candidate.ratings.as_ref().expect("questions are rated");
        let answer = ratings.answer.as_ref().map(|answer| answer.rated.score);
        let gate = candidate.gate.expect("the question gate comes first");
        let group = gates.group(&candidate.sample.kind, &candidate.origin.home.name);
        let style = Some(ratings.style.score);
        let decision = gates.decide(group, &candidate.digest, gate, answer, style);
        gated(candidate, decision, answer)
    }
}

fn ungated(
    candidate: Candidate,
    verdict: Verdict,
    finding: Finding,
    earlier: Option<Digest>,
) -> Entry {
    let mut record = row_of(&candidate, verdict);
    record.reason = Some(finding.reason);
    record.detail = Some(finding.detail);
    record.duplicate_of = earlier;
    if verdict == Verdict::Pending {
        record.decided_at = None;
        record.wait_until = Some(candidate.origin.wait_until);
    }
    Entry::Verdict(Box::new(candidate.origin), Box::new(record))
}

fn gated(candidate: Candidate, decision: Decision, answer: Option<Score>) -> Entry {
    let mut record = row_of(&candidate, decision.verdict);
    record.reason = decision.reason;
    let ratings = candidate.ratings.expect("questions are rated");
    let truncated = ratings.truncated();
    let chosen = ratings.answer.map(|answer| answer.chosen);
    let lists = candidate.sample.turns.iter().any(|turn| turn.answers.len() > 1);
    if let (true, Verdict::Kept, Some(content)) = (lists, decision.verdict, &mut record.content) {
        let messages = candidate.sample.with_chosen(chosen.as_deref().unwrap_or_default());
        content.resolved = Some(json(&messages));
    }
    record.gated = Some(Gated {
        seq: candidate.seq,
        question: ratings.question.score,
        answer,
        style: Some(ratings.style.score),
        truncated,
        chosen,
        signature: candidate.signature,
        decision,
    });
    Entry::Verdict(Box::new(candidate.origin), Box::new(record))
}

fn row_of(candidate: &Candidate, verdict: Verdict) -> Record {
    let Candidate { origin, sample, digest, .. } = candidate;
    Record {
        id: origin.id,
        source: origin.home.id,
        ordinal: origin.ordinal,
        span: origin.span,
        sample_id: sample.id.clone(),
        digest: *digest,
        kind: Some(sample.kind.clone()),
        images: sample.images.clone(),
        verdict,
        reason: None,
        detail: None,
        duplicate_of: None,
        gated: None,
        content: Some(Content {
            conversations: json(&sample.conversations),
            resolved: None,
            extra: sample.extra.clone(),
        }),
        seen_at: origin.seen_at,
        decided_at: Some(time::now()),
        wait_until: None,
    }
}

fn json(messages: &[crate::sample::Message]) -> String {
    serde_json::to_string(messages).expect("messages are JSON")
}
