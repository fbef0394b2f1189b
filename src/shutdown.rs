//! Signals: the only importer of `signal-hook`.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// SIGTERM or SIGINT: finish and end.
    Stop,
    /// SIGHUP: read configuration and models again.
    Reload,
    /// SIGUSR1: write the status to the log.
    Report,
}

/// Hands every request to `take`, on a thread of its own, until the process ends.
///
/// # Errors
/// The handlers cannot be installed.
pub fn listen(take: impl Fn(Request) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            take(match signal {
                SIGHUP => Request::Reload,
                SIGUSR1 => Request::Report,
                _ => Request::Stop,
            });
        }
    })?;
    Ok(())
}
