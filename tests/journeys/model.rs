//! A model of the watched directory: random lists of what writers, rotation and operators do to files, with restarts and
//! kills between, against the real daemon on a real file system. Every record that stood complete on disk is decided
//! exactly once, and nothing else is.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value as Json;

use crate::support::{Daemon, Host, QUICK, sample};

/// Lists of actions in the short form; `GLEANER_TEST_LISTS=40 cargo test random_lists` runs more.
const LISTS: u32 = 3;

/// Actions of one list.
const LENGTH: usize = 25;

/// What happens to one of the files; numbers choose the file and how many records.
#[derive(Debug, Clone)]
enum Action {
    /// A new file of lines.
    Create(usize),
    /// A new file that is a JSON array.
    CreateArray(usize),
    /// More lines at the end.
    Append(usize, usize),
    /// A line of which the end comes with the next action on the file.
    AppendHalf(usize),
    /// Another name in another folder.
    Rename(usize),
    /// The file gets another name and a new one stands in its place.
    Rotate(usize, usize),
    /// A copy is made and the file is emptied, as logrotate's copytruncate does.
    CopyTruncate(usize, usize),
    /// All is written again with more behind it.
    Rewrite(usize, usize),
    /// A new file with other records takes the file's name.
    Replace(usize, usize),
    /// The file goes.
    Delete(usize),
    /// The daemon is stopped and started.
    Restart,
    /// The daemon is killed and started.
    Kill,
}

fn action() -> impl Strategy<Value = Action> {
    let (file, few) = (0..64usize, 1..12usize);
    prop_oneof![
        3 => few.clone().prop_map(Action::Create),
        1 => few.clone().prop_map(Action::CreateArray),
        4 => (file.clone(), few.clone()).prop_map(|(file, few)| Action::Append(file, few)),
        2 => file.clone().prop_map(Action::AppendHalf),
        1 => file.clone().prop_map(Action::Rename),
        1 => (file.clone(), few.clone()).prop_map(|(file, few)| Action::Rotate(file, few)),
        1 => (file.clone(), few.clone()).prop_map(|(file, few)| Action::CopyTruncate(file, few)),
        1 => (file.clone(), few.clone()).prop_map(|(file, few)| Action::Rewrite(file, few)),
        1 => (file.clone(), few).prop_map(|(file, few)| Action::Replace(file, few)),
        1 => file.prop_map(Action::Delete),
        1 => Just(Action::Restart),
        1 => Just(Action::Kill),
    ]
}

/// What a file holds by the model.
struct File {
    path: PathBuf,
    array: bool,
    /// The rest of a line that was half written.
    rest: Option<String>,
}

/// The host, and what must be decided by now.
struct World {
    host: Host,
    daemon: Option<Daemon>,
    files: Vec<File>,
    expected: BTreeSet<String>,
    made: usize,
}

impl World {
    fn new() -> Self {
        let host = Host::new(QUICK);
        let daemon = Some(host.daemon());
        Self { host, daemon, files: Vec::new(), expected: BTreeSet::new(), made: 0 }
    }

    /// Makes records that never were before, which must be decided once they stand on disk.
    fn records(&mut self, count: usize) -> Vec<Json> {
        (0..count)
            .map(|_| {
                self.made += 1;
                let record = sample(self.made);
                self.expected.insert(record["id"].as_str().expect("an id").to_owned());
                record
            })
            .collect()
    }

    fn lines(&mut self, count: usize) -> String {
        self.records(count).iter().map(|record| format!("{record}\n")).collect()
    }

    fn new_path(&self, folder: &str) -> PathBuf {
        let path = self.host.path("out").join(folder);
        fs::create_dir_all(&path).expect("made");
        path.join(format!("f{}.jsonl", self.made))
    }

    /// The place of a file of lines that no half line stands at the end of.
    fn whole(&mut self, number: usize) -> Option<usize> {
        let lines: Vec<usize> =
            (0..self.files.len()).filter(|place| !self.files[*place].array).collect();
        let place = *lines.get(number % lines.len().max(1))?;
        if let Some(rest) = self.files[place].rest.take() {
            self.append(place, &rest);
        }
        Some(place)
    }

    fn append(&self, place: usize, text: &str) {
        use std::io::Write as _;
        let path = &self.files[place].path;
        let mut file = fs::OpenOptions::new().append(true).open(path).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn write_new(&mut self, path: PathBuf, text: &str, array: bool) {
        fs::write(&path, text).expect("written");
        self.files.push(File { path, array, rest: None });
    }

    /// Waits until all that must be decided is.
    fn settle(&mut self) {
        for place in 0..self.files.len() {
            if let Some(rest) = self.files[place].rest.take() {
                self.append(place, &rest);
            }
        }
        let wanted = self.expected.len() as i64;
        self.host.wait(
            "SELECT count(DISTINCT sample_id) FROM decisions WHERE seq IS NOT NULL",
            |found| found == wanted,
        );
    }

    fn run(&mut self, action: &Action) {
        match *action {
            Action::Create(few) => {
                let text = self.lines(few);
                self.write_new(self.new_path(""), &text, false);
            }
            Action::CreateArray(few) => {
                let text = Json::Array(self.records(few)).to_string();
                let path = self.new_path("arrays").with_extension("json");
                self.write_new(path, &text, true);
            }
            Action::Append(file, few) => {
                if let Some(place) = self.whole(file) {
                    let text = self.lines(few);
                    self.append(place, &text);
                }
            }
            Action::AppendHalf(file) => {
                if let Some(place) = self.whole(file) {
                    let text = self.lines(1);
                    let (half, rest) = text.split_at(text.len() / 2);
                    self.append(place, half);
                    self.files[place].rest = Some(rest.to_owned());
                }
            }
            Action::Rename(file) => {
                if let Some(place) = self.whole(file) {
                    self.made += 1;
                    let path = self.new_path("moved/deeper");
                    fs::rename(&self.files[place].path, &path).expect("renamed");
                    self.files[place].path = path;
                }
            }
            Action::Rotate(file, few) => {
                if let Some(place) = self.whole(file) {
                    self.made += 1;
                    let (old, path) = (self.files[place].path.clone(), self.new_path("rotated"));
                    fs::rename(&old, &path).expect("renamed");
                    self.files[place].path = path;
                    let text = self.lines(few);
                    self.write_new(old, &text, false);
                }
            }
            Action::CopyTruncate(file, few) => {
                if let Some(place) = self.whole(file) {
                    self.settle();
                    self.made += 1;
                    let copy = self.new_path("copies");
                    fs::copy(&self.files[place].path, &copy).expect("copied");
                    self.files.push(File { path: copy, array: false, rest: None });
                    fs::OpenOptions::new()
                        .write(true)
                        .truncate(true)
                        .open(&self.files[place].path)
                        .expect("emptied");
                    let text = self.lines(few);
                    self.append(place, &text);
                }
            }
            Action::Rewrite(file, few) => {
                if let Some(place) = self.whole(file) {
                    self.settle();
                    let path = self.files[place].path.clone();
                    let before = fs::read_to_string(&path).expect("read");
                    let text = self.lines(few);
                    // New records stand first, so that nothing is where it was.
                    fs::write(&path, text + &before).expect("written");
                }
            }
            Action::Replace(file, few) => {
                if let Some(place) = self.whole(file) {
                    self.settle();
                    let text = self.lines(few);
                    let partial = self.host.path("out/partial.tmp");
                    fs::write(&partial, text).expect("written");
                    fs::rename(&partial, &self.files[place].path).expect("replaced");
                }
            }
            Action::Delete(file) => {
                if let Some(place) = self.whole(file) {
                    self.settle();
                    fs::remove_file(&self.files.remove(place).path).expect("removed");
                }
            }
            Action::Restart => {
                assert_eq!(self.daemon.take().expect("it runs").stop(), 0);
                self.daemon = Some(self.host.daemon());
            }
            Action::Kill => {
                self.daemon.take().expect("it runs").kill();
                self.daemon = Some(self.host.daemon());
            }
        }
    }

    /// What must hold at the end.
    fn check(mut self) {
        self.settle();
        assert_eq!(self.daemon.take().expect("it runs").stop(), 0);
        let rows = self
            .host
            .rows("SELECT sample_id, count(seq) AS gated FROM decisions GROUP BY sample_id");
        let found: BTreeSet<String> =
            rows.iter().map(|row| row["sample_id"].as_str().unwrap_or("none").to_owned()).collect();
        assert_eq!(found, self.expected);
        for row in rows {
            assert_eq!(row["gated"], 1, "{row}");
        }
        self.host.audit();
    }
}

#[test]
fn random_lists_of_actions_lose_nothing_and_count_nothing_twice() {
    let lists = std::env::var("GLEANER_TEST_LISTS")
        .ok()
        .and_then(|lists| lists.parse().ok())
        .unwrap_or(LISTS);
    let config = ProptestConfig {
        cases: lists,
        max_shrink_iters: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(actions in proptest::collection::vec(action(), LENGTH))| {
        let mut world = World::new();
        actions.iter().for_each(|action| world.run(action));
        world.check();
    });
}
