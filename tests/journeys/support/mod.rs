//! A host in a temporary folder: a configuration, a watched directory, and the `gleaner` binary.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// How long a condition is waited for before the test counts as failed; far above what is needed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The folder of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A host with its own configuration, database and watched directory `out`.
pub(crate) struct Host {
    folder: TempDir,
}

/// What a command printed and how it ended.
pub(crate) struct Ran {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit status.
    pub code: i32,
}

impl Host {
    /// Makes a host; `settings` is added to its configuration.
    pub(crate) fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Self { folder };
        fs::create_dir(host.path("out")).expect("made");
        host.configure(settings);
        host
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, settings: &str) {
        let models = repository().join("models");
        let text = format!(
            "{settings}\n[models]\nquestion = \"{0}/question\"\nanswer = \"{0}/answer\"\nstyle = \"{0}/style\"\n\
             [[watch]]\npath = \"out\"\nsource = \"gen\"\n",
            models.display()
        );
        fs::write(self.path("config.toml"), text).expect("written");
    }

    /// Returns a path below the host's folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file in the watched directory, in one go.
    pub(crate) fn drop_file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path("out").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, content).expect("written");
    }

    /// Appends to a file in the watched directory.
    pub(crate) fn append(&self, name: &str, content: &str) {
        let path = self.path("out").join(name);
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path).expect("opened");
        file.write_all(content.as_bytes()).expect("written");
    }

    /// Makes a command on this host.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GLEANER")) {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the binary runs"))
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "gleaner {arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Runs SQL on the database and returns its rows.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Json> {
        let text = self.ok(&["query", sql, "--format", "json"]);
        serde_json::from_str(&text).expect("rows are JSON")
    }

    /// Runs SQL that gives one number.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql);
        let row = rows.first().and_then(Json::as_object);
        // No row, or a sum over none, is nothing.
        row.and_then(|row| row.values().next()).and_then(Json::as_i64).unwrap_or(0)
    }

    /// Starts the daemon and waits until it is ready.
    pub(crate) fn daemon(&self) -> Daemon {
        let log = self.path("daemon.log");
        let file = fs::OpenOptions::new().append(true).create(true).open(&log).expect("opened");
        let before = fs::read_to_string(&log).unwrap_or_default().len();
        let child =
            self.command(&["run"]).stderr(file).stdout(Stdio::null()).spawn().expect("started");
        let daemon = Daemon { child, log };
        daemon.wait_for_log(before, "ready");
        daemon
    }

    /// Waits until a query gives a number that fits.
    pub(crate) fn wait(&self, sql: &str, fits: impl Fn(i64) -> bool) {
        self.wait_for(sql, fits, PATIENCE);
    }

    /// Waits as `wait` does, for work that takes minutes.
    pub(crate) fn wait_long(&self, sql: &str, fits: impl Fn(i64) -> bool) {
        self.wait_for(sql, fits, 15 * PATIENCE);
    }

    fn wait_for(&self, sql: &str, fits: impl Fn(i64) -> bool, patience: Duration) {
        let began = Instant::now();
        let mut last = self.number(sql);
        while !fits(last) {
            if began.elapsed() > patience {
                let log = fs::read_to_string(self.path("daemon.log")).unwrap_or_default();
                panic!("`{sql}` stays at {last}; the daemon's log:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
            last = self.number(sql);
        }
    }

    /// Checks that promises hold: conservation and replay.
    pub(crate) fn audit(&self) {
        let ran = self.run(&["audit", "--replay"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: code(output.status),
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

/// A running daemon; it is killed when it goes out of scope.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status =
            Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill runs");
        assert!(status.success());
    }

    /// Asks the daemon to stop and returns its exit status.
    pub(crate) fn stop(mut self) -> i32 {
        self.signal("TERM");
        code(self.child.wait().expect("it ends"))
    }

    /// Waits for the daemon to end by itself and returns its exit status.
    pub(crate) fn wait(mut self) -> i32 {
        code(self.child.wait().expect("it ends"))
    }

    /// Ends the daemon at once, as a power failure would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("it ends");
    }

    /// Returns the most memory that was resident so far, in MB.
    pub(crate) fn peak_mb(&self) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("Linux tells");
        let kilobytes: u64 =
            line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
        kilobytes / 1000
    }

    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until the log, behind a place, holds a text.
    pub(crate) fn wait_for_log(&self, from: usize, text: &str) {
        let began = Instant::now();
        while !self.log().get(from..).unwrap_or_default().contains(text) {
            assert!(began.elapsed() < PATIENCE, "no `{text}` in the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings for tests: short waits, no pictures.
pub(crate) const QUICK: &str = "[intake]\nsettle = \"20ms\"\nidle_eof = \"300ms\"\nrescan = \"1s\"\n\
    [images]\ncheck = \"off\"\n[store]\nsynchronous = \"normal\"\n";

/// Makes the `number`-th of many different sound samples.
pub(crate) fn sample(number: usize) -> Json {
    const THINGS: [&str; 7] =
        ["boat", "kettle", "bicycle", "lantern", "violin", "greenhouse", "tram"];
    const PLACES: [&str; 5] =
        ["beside the quay", "on a wooden table", "under a bridge", "in the rain", "at dawn"];
    let (thing, place) = (THINGS[number % 7], PLACES[number / 7 % 5]);
    json!({
        "id": format!("s-{number}"),
        "conversations": [
            {"from": "human", "value": format!("What might the {thing} {place} tell about case {number}?")},
            {"from": "gpt", "value": format!(
                "The {thing} {place} suggests that somebody left in a hurry on day {number}, because the ground \
                 around it is marked and nothing else was moved."
            )},
        ],
    })
}

/// Makes JSONL of samples.
pub(crate) fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{}\n", sample(number))).collect()
}

/// Makes a JSON array of samples.
pub(crate) fn array(numbers: std::ops::Range<usize>) -> String {
    serde_json::to_string_pretty(&numbers.map(sample).collect::<Vec<_>>()).expect("JSON")
}

/// Makes a PNG of so many pixels a side, striped so that it is not blank.
pub(crate) fn png(side: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_fn(side, side, |x, _| image::Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("encoded");
    bytes.into_inner()
}
