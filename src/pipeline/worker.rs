//! The scoring threads: they parse, check and rate whatever comes, in any order.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError};

use super::work::{Candidate, Examined, Job, Kit, Message, Origin, Raw};
use crate::check::Picture;
use crate::digest::Digest;
use crate::fault;
use crate::intake::Body;
use crate::judge;
use crate::model::ModelError;
use crate::parse;
use crate::probe;
use crate::sample::Sample;
use crate::score::Scorers;
use crate::store::Held;
use crate::time;
use crate::verdict::{Finding, Reason};

/// Age of the last change after which a picture that cannot be decoded is not waited for.
const SETTLED_PICTURE: Duration = Duration::from_secs(5);

/// Runs until both queues are closed.
pub(super) fn run(fresh: &Receiver<Job>, begun: &Receiver<Job>, out: &Sender<Message>) {
    let mut bench = Bench::default();
    while let Some(job) = next(fresh, begun) {
        let message = bench.work(job).unwrap_or_else(Message::Broken);
        if out.send(message).is_err() {
            break;
        }
    }
}

/// Takes what was begun before what is fresh, so that records leave before new ones enter.
fn next(fresh: &Receiver<Job>, begun: &Receiver<Job>) -> Option<Job> {
    loop {
        match begun.try_recv() {
            Ok(job) => return Some(job),
            Err(TryRecvError::Disconnected) => return fresh.recv().ok(),
            Err(TryRecvError::Empty) => {}
        }
        let mut select = Select::new();
        let first = select.recv(begun);
        select.recv(fresh);
        let ready = select.ready();
        let queue = if ready == first { begun } else { fresh };
        match queue.try_recv() {
            Ok(job) => return Some(job),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) if ready == first => return fresh.recv().ok(),
            Err(TryRecvError::Disconnected) => return begun.recv().ok(),
        }
    }
}

/// One thread's sessions, made anew when the models change.
#[derive(Default)]
struct Bench {
    current: Option<(Arc<Kit>, Scorers)>,
}

impl Bench {
    fn work(&mut self, job: Job) -> Result<Message, ModelError> {
        match job {
            Job::Examine { ticket, origin, raw, kit } => {
                fault::point("examine");
                Ok(Message::Examined(ticket, examine(origin, raw, kit)))
            }
            Job::Questions(ticket, mut candidate) => {
                fault::point("rate questions");
                let scorers = self.scorers(&candidate.kit)?;
                candidate.ratings = Some(judge::rate_questions(scorers, &candidate.sample)?);
                Ok(Message::Questioned(ticket, candidate))
            }
            Job::Answers(ticket, mut candidate) => {
                fault::point("rate answers");
                let scorers = self.scorers(&candidate.kit)?;
                let Candidate { sample, ratings, kit, .. } = &mut *candidate;
                let ratings = ratings.as_mut().expect("questions are rated before answers");
                judge::rate_answers(scorers, sample, &kit.checks, ratings)?;
                Ok(Message::Answered(ticket, candidate))
            }
        }
    }

    fn scorers(&mut self, kit: &Arc<Kit>) -> Result<&mut Scorers, ModelError> {
        let stale = self.current.as_ref().is_none_or(|(current, _)| !Arc::ptr_eq(current, kit));
        if stale {
            self.current = Some((Arc::clone(kit), kit.models.scorers()?));
        }
        Ok(&mut self.current.as_mut().expect("made above").1)
    }
}

fn examine(origin: Origin, raw: Raw, kit: Arc<Kit>) -> Examined {
    let (body, digest) = match raw {
        Raw::Held(held) => return examine_held(origin, *held, kit),
        Raw::Framed(body, digest) => (body, digest),
    };
    let bytes = match body {
        Body::Bytes(bytes) => bytes,
        Body::TooLarge => {
            let length = origin.span.end - origin.span.start;
            let sample_id = None;
            let finding = Finding::new(Reason::TooLarge, format!("{length} bytes"));
            return Examined::Unusable { origin, sample_id, digest, finding };
        }
    };
    match parse::parse(&bytes) {
        Ok(sample) => examine_sample(origin, sample, kit),
        Err(findings) => {
            let sample_id = parse::own_id(&bytes);
            let finding = findings.into_iter().next().expect("an error has a finding");
            Examined::Unusable { origin, sample_id, digest, finding }
        }
    }
}

fn examine_held(origin: Origin, held: Held, kit: Arc<Kit>) -> Examined {
    let digest = Digest::of(held.conversations.as_bytes());
    match parse::restore(held.sample_id, held.kind, held.images, &held.conversations, held.extra) {
        Ok(sample) => examine_sample(origin, sample, kit),
        Err(error) => {
            let sample_id = None;
            let finding = Finding::new(Reason::Malformed, format!("the stored sample: {error}"));
            Examined::Unusable { origin, sample_id, digest, finding }
        }
    }
}

fn examine_sample(origin: Origin, sample: Sample, kit: Arc<Kit>) -> Examined {
    let facts = probe::look(&sample.images, &origin.home.folder, &kit.images);
    let finding = judge::examine(&sample, &facts, &kit.checks, &kit.images).into_iter().next();
    let may_pass = finding.as_ref().is_some_and(|finding| match finding.reason {
        // A picture on the network never comes.
        Reason::ImageMissing => !facts.contains(&Picture::Remote),
        // It may still be written.
        Reason::ImageUndecodable => {
            let folder = &origin.home.folder;
            probe::any_changing(&sample.images, folder, &kit.images, SETTLED_PICTURE)
        }
        _ => false,
    });
    let waits = may_pass && time::now() < origin.wait_until;
    let digest: Digest = sample.digest();
    let wanted = finding.is_none() && kit.checks.duplicate_near;
    let signature = wanted.then(|| sample.signature());
    let candidate = Box::new(Candidate {
        origin,
        kit,
        sample,
        digest,
        signature,
        seq: 0,
        ratings: None,
        gate: None,
    });
    match finding {
        None => Examined::Fine(candidate),
        Some(finding) if waits => Examined::Waiting(candidate, finding),
        Some(finding) => Examined::Flawed(candidate, finding),
    }
}
