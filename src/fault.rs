//! Fail points: named places where a test ends the process as a power failure would. The only importer of `fail`.
//! Outside tests they are empty.

/// Arms the points that the environment variable `FAILPOINTS` names, such as `commit=40*off->return`: the process ends
/// when `commit` is reached for the 41st time.
pub fn arm() {
    if fail::has_failpoints() {
        // The scenario lasts as long as the process.
        std::mem::forget(fail::FailScenario::setup());
    }
}

/// Ends the process, without any cleaning up, if this point is armed and due.
pub fn point(name: &str) {
    // Not used where fail points are switched off.
    let _ = name;
    fail::fail_point!(name, |_| std::process::abort());
}
