//! A store in a process that is short of something, or moves: each test runs its child in a process
//! of its own, under a shell that sets the limit.

use std::path::Path;
use std::process::Command;

use batpak::prelude::*;

use crate::support::{Dir, contents, coordinate, fill, number};

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

#[test]
fn child_writes_until_it_may_not() {
    let Some(path) = given() else { return };
    let store = Store::open(StoreConfig::new(path)).unwrap();
    let stream = coordinate("a", "s");
    let error = loop {
        let batch = Batch::new()
            .event(number(&stream, 1))
            .event(number(&stream, 2));
        if let Err(error) = store.commit(batch) {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    let position = store.position();
    assert!(position > 0 && position.is_multiple_of(2));
    // Nothing is tried again, and reading goes on.
    let again = store
        .commit(Batch::new().event(number(&stream, 3)))
        .unwrap_err();
    assert!(matches!(again, StoreError::Poisoned(_)), "{again}");
    assert!(matches!(store.flush(), Err(StoreError::Poisoned(_))));
    assert_eq!(store.verify().unwrap().events, position);
    println!("acknowledged {position}");
}

#[test]
fn after_a_failed_write_nothing_is_written_until_the_store_is_opened_again() {
    let dir = Dir::new();
    let text = run(
        "trap '' XFSZ; ulimit -f 16",
        "child_writes_until_it_may_not",
        &dir.path(),
    );
    let acknowledged: u64 = text
        .lines()
        .find_map(|line| line.split("acknowledged ").nth(1)?.trim().parse().ok())
        .unwrap();
    let store = dir.open();
    assert!(store.position() >= acknowledged && store.position().is_multiple_of(2));
    fill(&store, 3);
    store.verify().unwrap();
}

/// Commits and submits until that fails, and gives the last position that was acknowledged and whatever
/// failed.
fn append_until_it_fails(store: &Store, thread: u64) -> (u64, Vec<StoreError>) {
    let (mut acknowledged, mut errors, mut tickets) = (0, Vec::new(), Vec::new());
    for n in 0.. {
        let batch = || Batch::new().event(number(&coordinate(&format!("{thread}:{n}"), "s"), n));
        match store.submit(batch()) {
            Ok(ticket) => tickets.push(ticket),
            Err(error) => errors.push(error),
        }
        match store.commit(batch()) {
            Ok(receipts) => acknowledged = receipts[0].sequence,
            Err(error) => {
                errors.push(error);
                break;
            }
        }
    }
    for ticket in tickets {
        match ticket.wait() {
            Ok(receipts) => acknowledged = acknowledged.max(receipts[0].sequence),
            Err(error) => errors.push(error),
        }
    }
    (acknowledged, errors)
}

#[test]
fn child_has_threads_that_write_until_they_may_not() {
    let Some(path) = given() else { return };
    let store = Store::open(StoreConfig::new(path)).unwrap();
    let results: Vec<_> = std::thread::scope(|scope| {
        let append = |thread| {
            let store = &store;
            scope.spawn(move || append_until_it_fails(store, thread))
        };
        let threads: Vec<_> = (0..4).map(append).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut failed = 0;
    for (_, errors) in &results {
        assert!(!errors.is_empty(), "every thread hears of it");
        for error in errors {
            failed += usize::from(matches!(error, StoreError::Io { .. }));
            assert!(
                matches!(error, StoreError::Io { .. } | StoreError::Poisoned(_)),
                "{error}"
            );
        }
    }
    assert!(
        failed <= 1,
        "one write fails, and nothing is written after it"
    );
    let batch = || Batch::new().event(number(&coordinate("late", "s"), 1));
    let buffered = store.commit(batch().durability(Durability::Buffered));
    assert!(matches!(buffered, Err(StoreError::Poisoned(_))));
    assert!(matches!(
        store.submit(batch()),
        Err(StoreError::Poisoned(_))
    ));
    assert!(matches!(store.flush(), Err(StoreError::Poisoned(_))));
    // What was staged and never written is in no answer.
    let events = store
        .query(&Region::all())
        .map(|event| event.unwrap().coordinate);
    let seen: std::collections::HashSet<_> = events.collect();
    assert!(
        store
            .streams()
            .all(|stream| seen.contains(&stream.unwrap()))
    );
    assert_eq!(
        store.query(&Region::all().scope("s")).count() as u64,
        store.position()
    );
    let acknowledged = results.iter().map(|(acknowledged, _)| *acknowledged).max();
    assert!(store.position() >= acknowledged.unwrap());
    println!("acknowledged {}", acknowledged.unwrap());
}

#[test]
fn everyone_who_waits_hears_of_a_failed_write_and_everyone_after() {
    for _ in 0..5 {
        let dir = Dir::new();
        let text = run(
            "trap '' XFSZ; ulimit -f 64",
            "child_has_threads_that_write_until_they_may_not",
            &dir.path(),
        );
        let mut lines = text.lines();
        let acknowledged: u64 = lines
            .find_map(|line| line.split("acknowledged ").nth(1)?.trim().parse().ok())
            .unwrap();
        let store = dir.open();
        assert!(acknowledged > 0 && store.position() >= acknowledged);
        store.verify().unwrap();
    }
}

#[test]
fn child_reads_all_with_few_descriptors() {
    let Some(path) = given() else { return };
    let store = Store::open(StoreConfig::new(path).segment_bytes(4 << 10)).unwrap();
    let stream = coordinate("a", "s");
    for _ in 0..2 {
        let events = store.stream(&stream).collect::<Result<Vec<_>, _>>();
        assert_eq!(events.unwrap().len() as u64, store.position() * 2 / 3);
    }
    fill(&store, 100);
}

#[test]
fn a_store_of_many_segments_needs_few_descriptors() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    fill(&store, 1_500);
    drop(store);
    assert!(
        dir.segments().len() > 64,
        "the test wants more segments than descriptors"
    );
    // Each of them runs out at another place.
    for limit in 49..=64 {
        run(
            &format!("ulimit -n {limit}"),
            "child_reads_all_with_few_descriptors",
            &dir.path(),
        );
    }
    assert_eq!(dir.open().position(), 4_500 + 16 * 300);
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
