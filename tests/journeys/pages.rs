//! What the program tells about itself: shell completions and manual pages.

use std::fs;

use crate::support::Host;

#[test]
fn shells_complete_every_command() {
    let host = Host::new("");
    for shell in ["bash", "zsh", "fish"] {
        let script = host.ok(&["completions", shell]);
        for command in ["run", "backfill", "explain", "export"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(host.run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn every_command_has_its_page() {
    let host = Host::new("");
    let page = host.ok(&["man"]);
    assert!(page.starts_with(".ie") && page.contains(".TH gleaner 1"), "{page}");
    host.ok(&["man", "--out", "pages/man1"]);
    let mut names: Vec<String> = fs::read_dir(host.path("pages/man1"))
        .expect("written")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in ["gleaner.1", "gleaner-run.1", "gleaner-config-check.1", "gleaner-man.1"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    fs::write(host.path("file"), "").expect("written");
    assert_eq!(host.run(&["man", "--out", "file"]).code, 5);
}
