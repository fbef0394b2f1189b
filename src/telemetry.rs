//! Log lines for people and for journald, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

/// Sends log lines of `level` and above (`error`, `warn`, `info`, `debug` or `trace`) to standard error.
///
/// Under systemd the journal adds the time. Libraries are heard from `warn` on only.
pub fn start(level: &str) {
    let filter = EnvFilter::new(format!("warn,gleaner={level}"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let colour = std::io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // A second start, as in tests, keeps the first.
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        let _ = lines.with_ansi(false).without_time().try_init();
    } else {
        let _ = lines.with_ansi(colour).with_timer(SystemTime).try_init();
    }
}
