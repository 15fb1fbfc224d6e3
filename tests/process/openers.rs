//! Several processes that want to write to one directory.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::*;
use crate::support::soon;

/// How often each process opens the store, and how many batches of three events it appends each time.
const TURNS: u64 = 10;
const BATCHES: u64 = 2;

/// Not a test by itself: opens the store again and again, as soon as nobody else has it.
#[test]
fn child_takes_turns() {
    let Some(path) = given() else { return };
    let mut refused = 0;
    for _ in 0..TURNS {
        let store = loop {
            match Store::open(StoreConfig::new(&path).segment_bytes(4 << 10)) {
                Ok(store) => break store,
                Err(StoreError::InUse(_)) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        };
        let before = store.position();
        fill(&store, BATCHES);
        assert_eq!(
            store.position(),
            before + 3 * BATCHES,
            "nobody else has written"
        );
    }
    println!("refused {refused}");
}

#[test]
fn processes_that_open_one_new_directory_at_once_take_turns_whatever_they_call_it() {
    let dir = Dir::new();
    let link = dir.outside().join("link");
    std::os::unix::fs::symlink(dir.outside(), &link).unwrap();
    let paths = [dir.path(), link.join("store")];
    let children: Vec<_> = (0..4)
        .map(|n| {
            child("openers::child_takes_turns", &paths[n % 2])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let store = dir.open();
    assert_eq!(store.position(), 4 * TURNS * 3 * BATCHES);
    store.verify().unwrap();
}

/// Not a test by itself: has the store until it is killed.
#[test]
fn child_keeps_a_store_open() {
    let Some(path) = given() else { return };
    let store = Store::open(StoreConfig::new(path)).unwrap();
    fill(&store, 1);
    println!("acknowledged 3");
    loop {
        std::thread::park();
    }
}

#[test]
fn a_process_that_is_killed_leaves_no_lock() {
    let dir = Dir::new();
    for round in 1..=5 {
        let mut child = child("openers::child_keeps_a_store_open", &dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "acknowledged 3"));
        let open = || Store::open(dir.config());
        assert!(matches!(open(), Err(StoreError::InUse(_))));
        child.kill().unwrap();
        child.wait().unwrap();
        // The lock is gone with the process, not with a file that somebody has to remove.
        soon("the lock", || open().is_ok());
        assert_eq!(open().unwrap().position(), 3 * round);
    }
}
