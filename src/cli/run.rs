//! `gleaner run`: the daemon.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::error::CliError;
use super::{Context, toolbox};
use crate::config::Config;
use crate::pipeline::{self, Pipeline, Reporter, Setup, Until};
use crate::service;
use crate::shutdown::{self, Request};
use crate::store::Writer;
use crate::time;
use crate::verdict::Verdict;
use crate::watch::{Happening, WatchError, Watcher};

/// Time between two status lines for the service manager.
const STATUS_PERIOD: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  gleaner run --config /etc/gleaner/config.toml\n\nSignals: SIGTERM and SIGINT \
finish and end, SIGHUP reads configuration and models again, SIGUSR1 writes the status to the log."
)]
pub(super) struct Args {}

/// Runs until it is told to stop.
pub(super) fn execute(_args: &Args, context: &Context) -> Result<ExitCode, CliError> {
    let (requests_in, mut requests) = mpsc::channel(16);
    shutdown::listen(move |request| {
        let _ = requests_in.blocking_send(request);
    })?;
    let loaded = context.loaded()?;
    loaded.check_watched()?;
    let config = loaded.config;
    let kit = toolbox::kit(&config)?;
    for model in [&kit.models.question, &kit.models.answer, &kit.models.style] {
        let manifest = model.manifest();
        info!(
            role = manifest.role.name(),
            name = manifest.name,
            version = manifest.version,
            "model loaded"
        );
    }
    let writer = Writer::open(&config.store)?;
    let watched = toolbox::watched(&config)?;
    let (reporter, inbox) = pipeline::inbox();
    let mut intake = config.intake.clone();
    let roots: Vec<PathBuf> = watched.iter().map(|watched| watched.root.clone()).collect();
    let watcher = if intake.poll { None } else { watch(&roots, reporter) };
    intake.poll = watcher.is_none();
    let threads = config.scoring.granted_threads();
    let setup = Setup { intake, watched, until: Until::Stopped, threads, kit, inbox };
    let pipeline = Pipeline::start(setup, writer)?;
    info!(directories = roots.len(), threads, database = %config.store.path.display(), "ready");
    service::ready();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(attend(&pipeline, &config, context, &mut requests));
    drop(watcher);
    stop(pipeline, config.intake.shutdown_grace)
}

/// Watches the directories; without events they are looked at in turn.
fn watch(roots: &[PathBuf], reporter: Reporter) -> Option<Watcher> {
    let started = Watcher::start(move |happening: Happening| reporter.report(happening));
    let polling = |error: &WatchError| warn!(%error, "polling instead of waiting for events");
    let mut watcher = started.inspect_err(polling).ok()?;
    for root in roots {
        match watcher.add(root) {
            Ok(()) => {}
            Err(error @ WatchError::Limit { .. }) => {
                polling(&error);
                return None;
            }
            // The rescans see what there are no events for.
            Err(error) => warn!(%error, "not everything is watched: rescans find the rest"),
        }
    }
    Some(watcher)
}

/// Answers requests and keeps the service manager informed until the end.
async fn attend(
    pipeline: &Pipeline,
    config: &Config,
    context: &Context,
    requests: &mut mpsc::Receiver<Request>,
) {
    let mut status = interval(STATUS_PERIOD);
    let mut watchdog = interval(service::watchdog_period().unwrap_or(Duration::from_secs(3600)));
    let mut health = interval(Duration::from_millis(200));
    for ticker in [&mut status, &mut watchdog, &mut health] {
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut before = None;
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(Request::Reload) => reload(pipeline, config, context),
                Some(Request::Report) => info!(status = line(pipeline), "status"),
                Some(Request::Stop) | None => return,
            },
            _ = status.tick() => service::status(&line(pipeline)),
            _ = watchdog.tick() => {
                // Alive means idle, or further than at the last tick.
                let now = Some(pipeline.snapshot());
                if pipeline.under_way() == 0 || now != before {
                    service::alive();
                } else {
                    error!(under_way = pipeline.under_way(), "no progress since the last watchdog tick");
                }
                before = now;
            }
            _ = health.tick() => if pipeline.wait(Duration::ZERO) { return },
        }
    }
}

/// Reads configuration and models again; what is bad leaves the old ones in force.
fn reload(pipeline: &Pipeline, old: &Config, context: &Context) {
    service::reloading();
    let loaded = context.loaded().and_then(|loaded| {
        loaded.check_watched()?;
        let kit = toolbox::kit(&loaded.config)?;
        Ok((loaded.config, kit))
    });
    match loaded {
        Ok((config, kit)) => {
            let fixed = config.watch != old.watch
                || config.intake != old.intake
                || config.store != old.store
                || config.scoring.threads != old.scoring.threads;
            if fixed {
                warn!("changes of [[watch]], [intake], [store] and threads need a restart");
            }
            pipeline.adopt(kit);
        }
        Err(error) => {
            error!(%error, "reload refused: the old configuration and models stay in force");
        }
    }
    service::ready();
}

fn line(pipeline: &Pipeline) -> String {
    let counts = pipeline.snapshot();
    let last = if counts.last_commit == 0 {
        "never".to_owned()
    } else {
        time::rfc3339(counts.last_commit)
    };
    format!(
        "{} records decided: {} kept, {} rejected, {} duplicate, {} quarantined; {} pending, {} carried over; \
         {} under way; last commit {last}",
        counts.decided(),
        counts.of(Verdict::Kept),
        counts.of(Verdict::Rejected),
        counts.of(Verdict::Duplicate),
        counts.of(Verdict::Quarantined),
        counts.of(Verdict::Pending),
        counts.carried,
        pipeline.under_way(),
    )
}

fn stop(pipeline: Pipeline, grace: Duration) -> Result<ExitCode, CliError> {
    service::stopping();
    info!(under_way = pipeline.under_way(), "stopping");
    pipeline.stop();
    if !pipeline.wait(grace) {
        pipeline.abandon();
        let left = pipeline.under_way();
        warn!(left, "the grace is over: what is not committed is read again at the next start");
        return Ok(ExitCode::SUCCESS);
    }
    let status = line(&pipeline);
    pipeline.join()?.close()?;
    info!(status, "stopped");
    Ok(ExitCode::SUCCESS)
}
