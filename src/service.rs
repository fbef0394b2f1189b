//! Messages to systemd (sd_notify(3)): the only importer of `sd-notify`. Without systemd they go nowhere.

use std::time::Duration;

use sd_notify::NotifyState;

/// Says that the service is ready.
pub fn ready() {
    send(&[NotifyState::Ready]);
}

/// Says that the configuration is being read again; `ready` ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(_) => send(&[NotifyState::Reloading]),
    }
}

/// Says that the service is about to end.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// Says in one line what the service is doing.
pub fn status(line: &str) {
    send(&[NotifyState::Status(line)]);
}

/// Tells the watchdog that the service is alive.
pub fn alive() {
    send(&[NotifyState::Watchdog]);
}

/// Returns how often `alive` is due: half of the watchdog's time, if there is one.
pub fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn send(state: &[NotifyState<'_>]) {
    // Status is for people: a manager that does not listen must not stop the service.
    let _ = sd_notify::notify(state);
}
