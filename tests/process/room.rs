//! Writes that fail: for want of room on the disk, or because a file may not become longer.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::support::announce;

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
        "room::child_writes_until_it_may_not",
        &dir.path(),
    );
    let store = dir.open();
    assert!(store.position() >= acknowledged(&text) && store.position().is_multiple_of(2));
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
            "room::child_has_threads_that_write_until_they_may_not",
            &dir.path(),
        );
        let acknowledged = acknowledged(&text);
        let store = dir.open();
        assert!(acknowledged > 0 && store.position() >= acknowledged);
        store.verify().unwrap();
    }
}

/// How large the disk of the next test is, in KiB.
const DISK: usize = 512;

/// Takes all room on the disk but so many KiB.
fn leave(ballast: &Path, kib: u64) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(ballast)
        .unwrap();
    while file.write_all(&[1; 4 << 10]).is_ok() {}
    let len = file.metadata().unwrap().len();
    file.set_len(len - (kib << 10)).unwrap();
}

/// Commits until that fails, and says what was acknowledged.
fn fill_the_disk(config: &StoreConfig) -> (u64, StoreError) {
    let store = match Store::open(config.clone()) {
        Ok(store) => store,
        Err(error) => return (0, error),
    };
    let stream = coordinate("a", "s");
    let mut acknowledged = 0;
    for n in 0.. {
        let batch = Batch::new()
            .event(number(&stream, n))
            .event(number(&stream, n));
        match store.commit(batch) {
            Ok(receipts) => acknowledged = receipts[1].sequence,
            Err(error) => {
                assert!(store.position() >= acknowledged);
                assert_eq!(store.verify().unwrap().events, store.position());
                let again = store.commit(Batch::new().event(number(&stream, n)));
                assert!(matches!(again, Err(StoreError::Poisoned(_))));
                return (acknowledged, error);
            }
        }
    }
    unreachable!("a disk of {DISK} KiB is full some time")
}

/// Not a test by itself: it has a small disk to itself.
#[test]
fn child_fills_its_disk() {
    let Some(disk) = given() else { return };
    let (path, ballast) = (disk.join("store"), disk.join("ballast"));
    let durabilities = [Durability::Durable, Durability::Written];
    for left in (0..=60).step_by(4) {
        for durability in durabilities {
            let _ = fs::remove_dir_all(&path);
            leave(&ballast, left);
            let config = StoreConfig::new(&path)
                .segment_bytes(16 << 10)
                .durability(durability);
            let (acknowledged, error) = fill_the_disk(&config);
            match &error {
                StoreError::Io {
                    path: place,
                    source,
                    ..
                } => {
                    assert!(place.starts_with(&path), "{error}");
                    assert_eq!(source.raw_os_error(), Some(28), "{error}");
                }
                other => panic!("{other}"),
            }
            // While the disk is full, the store opens with all that was acknowledged, or says what it cannot write.
            match Store::open(config.clone()) {
                Ok(store) => assert!(store.position() >= acknowledged),
                Err(error) => assert!(matches!(error, StoreError::Io { .. }), "{error}"),
            }
            if acknowledged > 0 {
                let reader = Store::open_read_only(config.clone()).unwrap();
                assert_eq!(reader.verify().unwrap().events, reader.position());
            }
            fs::remove_file(&ballast).unwrap();
            let store = Store::open(config.clone()).unwrap();
            let position = store.position();
            assert!(
                position >= acknowledged && position.is_multiple_of(2),
                "{position}, {acknowledged}"
            );
            fill(&store, 20);
            store.close().unwrap();
            let store = Store::open(config).unwrap();
            assert_eq!(store.verify().unwrap().events, position + 60);
            assert!(fs::read_dir(path.join("index")).unwrap().count() > 0);
            println!("left {left} acknowledged {acknowledged}");
        }
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_store_goes_on_once_there_is_room() {
    let dir = Dir::new();
    fs::create_dir(dir.path()).unwrap();
    // The disk is there for one process, and goes with it.
    let mount = format!("mount -t tmpfs -o size={DISK}k none \"$BATPAK_TEST_DIR\"");
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]);
        command
            .arg(std::env::current_exe().unwrap())
            .env("BATPAK_TEST_DIR", dir.path());
        command.output()
    };
    if !alone(&mount).is_ok_and(|output| output.status.success()) {
        announce("left out: a full disk, for this process may not mount one");
        return;
    }
    let script =
        format!("{mount}; exec \"$0\" --exact process::room::child_fills_its_disk --nocapture");
    let output = alone(&script).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    let most = text
        .lines()
        .filter_map(|line| line.split("acknowledged ").nth(1)?.parse::<u64>().ok())
        .max();
    assert!(most > Some(50), "{text}");
}
