//! A store in a process that is short of something, is killed, or moves: each test runs its child in a process of its
//! own, under a shell that sets the limit where there is one.

mod caches;
mod consumers;
mod descriptors;
mod injected;
mod kill;
mod openers;
mod permissions;
mod reactors;
mod room;

use std::path::Path;
use std::process::Command;

use batpak::prelude::*;

use crate::support::{Dir, KIND, contents, coordinate, fill, number};

/// Runs a test of this program, after `before` in a shell, with `path` to work on.
fn run(before: &str, child: &str, path: &Path) -> String {
    let script = format!(r#"{before}; exec "$0" --exact process::{child} --nocapture"#);
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("BATPAK_TEST_DIR", path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

/// The directory that a child is to work on; `None` when it is run as a test by itself.
fn given() -> Option<std::path::PathBuf> {
    std::env::var_os("BATPAK_TEST_DIR").map(Into::into)
}

/// A test of this program, to be run in a process of its own with `path` to work on.
fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("process::{test}"), "--nocapture"])
        .env("BATPAK_TEST_DIR", path);
    command
}

/// The position that a child says to have been acknowledged.
fn acknowledged(text: &str) -> u64 {
    let told = |line: &str| line.split("acknowledged ").nth(1)?.trim().parse().ok();
    text.lines().find_map(told).unwrap()
}

#[test]
fn a_directory_that_is_replaced_while_the_store_is_open_gets_nothing_from_it() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 1);
    let moved = dir.outside().join("moved");
    std::fs::rename(dir.path(), &moved).unwrap();
    let other = dir.open();
    fill(&other, 3);
    let before = contents(&other);
    // The segment that is open is still the right one; the next one would not be.
    let error = loop {
        let batch = Batch::new().event(number(&coordinate("a", "s"), 1));
        if let Err(error) = store.commit(batch) {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Moved(_)), "{error}");
    let position = store.position();
    drop((store, other));
    assert_eq!(contents(&dir.open()), before);
    assert_eq!(
        Store::open(StoreConfig::new(moved)).unwrap().position(),
        position
    );
}

#[test]
fn child_moves_to_another_directory() {
    let Some(path) = given() else { return };
    std::env::set_current_dir(&path).unwrap();
    let store = Store::open(StoreConfig::new("store").segment_bytes(4 << 10)).unwrap();
    let elsewhere = path.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::env::set_current_dir(&elsewhere).unwrap();
    fill(&store, 100);
    assert_eq!(store.verify().unwrap().events, 300);
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn a_relative_directory_is_the_one_that_it_was_when_the_store_was_opened() {
    let dir = Dir::new();
    run(":", "child_moves_to_another_directory", dir.outside());
    assert_eq!(contents(&dir.open()).len(), 300);
}
