//! How much may be under way at once: a bound on records and on their bytes, so that memory is bounded.

use std::sync::{Condvar, Mutex};

/// Counts what was let in and what is done with.
pub(super) struct Permits {
    max_records: u64,
    max_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    records: u64,
    bytes: u64,
    stopped: bool,
}

impl Permits {
    /// Makes permits for so many records and bytes.
    pub(super) fn new(max_records: u64, max_bytes: u64) -> Self {
        Self { max_records, max_bytes, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until one more record of `bytes` may be under way; a record larger than the bound waits until it
    /// is alone. Returns whether it was let in: no if the pipeline stopped.
    pub(super) fn acquire(&self, bytes: u64) -> bool {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return false;
            }
            let fits = state.records < self.max_records && state.bytes + bytes <= self.max_bytes;
            if fits || state.records == 0 {
                state.records += 1;
                state.bytes += bytes;
                return true;
            }
            state = self.changed.wait(state).expect("no holder panics");
        }
    }

    /// Gives back what `acquire` let in.
    pub(super) fn release(&self, records: u64, bytes: u64) {
        let mut state = self.lock();
        state.records -= records;
        state.bytes -= bytes;
        self.changed.notify_all();
    }

    /// Waits until nothing is under way. Returns no if the pipeline stopped.
    pub(super) fn wait_idle(&self) -> bool {
        let mut state = self.lock();
        while state.records > 0 && !state.stopped {
            state = self.changed.wait(state).expect("no holder panics");
        }
        !state.stopped
    }

    /// Returns how many records are under way.
    pub(super) fn under_way(&self) -> u64 {
        self.lock().records
    }

    /// Lets nothing in any more and wakes all that wait.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_full_pipeline_makes_the_next_wait() {
        let permits = Arc::new(Permits::new(2, 100));
        assert!(permits.acquire(60));
        assert!(permits.acquire(40));
        let waiting = Arc::clone(&permits);
        let thread = std::thread::spawn(move || waiting.acquire(1));
        permits.release(1, 60);
        assert!(thread.join().expect("no panic"));
        assert_eq!(permits.under_way(), 2);
        permits.release(2, 41);
        assert!(permits.wait_idle());
        assert!(permits.acquire(1000), "a huge record goes alone");
        permits.stop();
        assert!(!permits.acquire(1));
    }
}
