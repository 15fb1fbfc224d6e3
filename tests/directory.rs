//! A store's directory: creating, reopening, locking, and what is not a store.

mod places;

use std::fs;
use std::process::Command;

use batpak::prelude::*;

use crate::support::{Dir, KIND, contents, coordinate, files, fill, number};

#[test]
fn a_reopened_store_has_the_same_contents_and_goes_on() {
    let dir = Dir::new();
    let (id, before) = {
        let store = dir.open();
        fill(&store, 100);
        (store.id(), contents(&store))
    };
    assert!(dir.segments().len() > 5, "the test wants several segments");
    for _ in 0..3 {
        let store = dir.open();
        assert_eq!((store.id(), contents(&store)), (id, before.clone()));
        assert_eq!(store.recovery().cut, None);
        assert_eq!(store.durable_position(), store.position());
    }
    let store = dir.open();
    let receipt = store.append(&coordinate("a", "s"), KIND, &1).unwrap();
    assert_eq!((receipt.sequence, receipt.revision), (301, 201));
    let last = contents(&store).len();
    assert_eq!(last, 301);
    store.verify().unwrap();
}

#[test]
fn ids_and_times_rise_across_reopenings() {
    let dir = Dir::new();
    let stream = coordinate("a", "s");
    let (mut last_id, mut last_time) = (EventId::from_u128(0), 0);
    for n in 0..50 {
        let receipt = dir.open().append(&stream, KIND, &n).unwrap();
        assert!(receipt.event_id > last_id && receipt.time_us >= last_time);
        (last_id, last_time) = (receipt.event_id, receipt.time_us);
    }
}

#[test]
fn segments_are_named_by_their_first_position_and_a_batch_spans_none() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    let mut firsts = vec![1];
    for size in [1, 10, 100, 3, 50] {
        let mut batch = Batch::new();
        batch.extend((0..size).map(|n| number(&stream, n)));
        let first = store.commit(batch).unwrap()[0].sequence;
        let names: Vec<u64> = dir
            .segments()
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap())
            .collect();
        if names.last() != firsts.last() {
            assert_eq!(
                *names.last().unwrap(),
                first,
                "a segment begins with a batch"
            );
            firsts.push(first);
        }
        assert_eq!(names, firsts);
    }
    assert!(firsts.len() > 2);
}

#[test]
fn a_second_opener_in_this_process_is_told_that_the_store_is_in_use() {
    let dir = Dir::new();
    let store = dir.open();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(
        matches!(&error, StoreError::InUse(path) if *path == dir.path()),
        "{error}"
    );
    drop(store);
    dir.open();
}

#[test]
fn a_second_opener_through_a_symlink_is_told_that_the_store_is_in_use() {
    let dir = Dir::new();
    let _store = dir.open();
    let link = dir.outside().join("link");
    std::os::unix::fs::symlink(dir.path(), &link).unwrap();
    assert!(matches!(
        Store::open(StoreConfig::new(link)),
        Err(StoreError::InUse(_))
    ));
}

/// Not a test by itself: what the test below runs in another process.
#[test]
fn child_tries_to_open() {
    let Ok(path) = std::env::var("BATPAK_TEST_OPEN") else {
        return;
    };
    let outcome = match Store::open(StoreConfig::new(path)) {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    };
    println!("outcome: {outcome}");
}

#[test]
fn a_second_opener_in_another_process_is_told_that_the_store_is_in_use() {
    let dir = Dir::new();
    let store = dir.open();
    let attempt = || {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "directory::child_tries_to_open", "--nocapture"])
            .env("BATPAK_TEST_OPEN", dir.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(attempt().contains("is in use"), "{}", attempt());
    drop(store);
    assert!(attempt().contains("outcome: opened"), "{}", attempt());
}

#[test]
fn a_directory_with_something_else_in_it_is_left_alone() {
    let dir = Dir::new();
    fs::create_dir(dir.path()).unwrap();
    fs::write(dir.path().join("thesis.txt"), "chapter one").unwrap();
    let error = Store::open(dir.config()).unwrap_err().to_string();
    assert!(
        error.contains("thesis.txt") && error.contains("not a batpak store"),
        "{error}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_file_in_place_of_the_directory_is_an_error_with_its_path() {
    let dir = Dir::new();
    fs::write(dir.path(), "a file").unwrap();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Io { path, .. } if *path == dir.path()),
        "{error}"
    );
    assert_eq!(fs::read(dir.path()).unwrap(), b"a file");
}

#[test]
fn a_segment_of_a_newer_format_is_refused_by_its_version() {
    let dir = Dir::new();
    fill(&dir.open(), 1);
    let path = dir.segments().remove(0);
    let mut bytes = fs::read(&path).unwrap();
    // A newer header may be of another shape; what makes it one is that more than its version differs.
    bytes[8] = 2;
    bytes[70] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::NewerFormat {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_that_is_no_segment_but_named_like_one_is_refused() {
    let dir = Dir::new();
    drop(dir.open());
    let path = dir.segments().remove(0);
    fs::write(&path, [7; 200]).unwrap();
    assert!(matches!(
        Store::open(dir.config()),
        Err(StoreError::Foreign { .. })
    ));
}

#[test]
fn what_a_crash_left_of_a_segment_that_was_being_created_is_removed() {
    let dir = Dir::new();
    let before = {
        let store = dir.open();
        fill(&store, 3);
        contents(&store)
    };
    let leftover = dir.path().join("segments/00000000000000000010.seg.tmp");
    fs::write(&leftover, [1, 2, 3]).unwrap();
    assert_eq!(contents(&dir.open()), before);
    assert!(!leftover.exists());
}

#[test]
fn a_missing_a_swapped_and_a_foreign_segment_are_each_found_and_named() {
    type Damage = fn(&Dir, &[std::path::PathBuf]);
    let cases: [(&str, Damage); 4] = [
        ("is missing", |_, files| fs::remove_file(&files[1]).unwrap()),
        ("is missing", |_, files| fs::remove_file(&files[0]).unwrap()),
        ("has the name of another segment", |_, files| {
            let kept = fs::read(&files[1]).unwrap();
            fs::copy(&files[2], &files[1]).unwrap();
            fs::write(&files[2], kept).unwrap();
        }),
        ("is of another store", |dir, files| {
            let other = Dir::new();
            fill(&other.open(), 60);
            let twin = other.segments().remove(1);
            assert_eq!(twin.file_name(), files[1].file_name());
            fs::copy(twin, &files[1]).unwrap();
            assert!(dir.path().exists());
        }),
    ];
    for (problem, damage) in cases {
        let dir = Dir::new();
        fill(&dir.open(), 60);
        let files = dir.segments();
        assert!(files.len() > 3);
        damage(&dir, &files);
        dir.forget_index();
        let error = Store::open(dir.config()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn an_opening_that_refuses_creates_nothing() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 3);
    store.close().unwrap();
    dir.forget_index();
    let segment = dir.segments().remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[100] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let entries = || {
        let entries = fs::read_dir(dir.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        (names, files(&dir.path()))
    };
    let before = entries();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(entries() == before);
}
