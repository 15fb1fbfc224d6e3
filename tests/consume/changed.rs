//! Consumers whose log or bookmark is another than it was: told, and put right on purpose only.

use std::fs;

use super::*;
use crate::support::contents;

/// What a consumer is told that cannot start.
fn refused(store: &Store, name: &str) -> StoreError {
    numbers(store, name)
        .run(|_| Ok::<_, StoreError>(()))
        .unwrap_err()
}

fn is_changed(error: &StoreError, at: u64) -> bool {
    matches!(error, StoreError::HistoryChanged { consumer, position } if consumer == "mailer" && *position == at)
}

/// Puts the log of a backup in the place of that of the store.
fn restore(dir: &Dir, backup: &std::path::Path) {
    for part in ["segments", "index"] {
        let _ = fs::remove_dir_all(dir.path().join(part));
    }
    fs::rename(backup.join("segments"), dir.path().join("segments")).unwrap();
}

#[test]
fn over_a_log_that_was_put_back_a_consumer_does_not_start_until_it_is_told_where_to_go_on() {
    let dir = Dir::new();
    let backup = dir.outside().join("backup");
    let store = dir.open();
    append(&store, 1..=5);
    store.backup(&backup).unwrap();
    append(&store, 6..=9);
    assert_eq!(handled(&store, "mailer").len(), 9);
    store.close().unwrap();
    restore(&dir, &backup);

    let store = dir.open();
    assert!(
        is_changed(&refused(&store, "mailer"), 9),
        "the log ends before"
    );
    append(&store, 16..=20);
    let error = refused(&store, "mailer");
    assert!(
        is_changed(&error, 9),
        "the log has another event there: {error}"
    );
    let ahead = store.reset_consumer("mailer", 11).unwrap_err();
    assert!(is_changed(&ahead, 11), "{ahead}");
    store.reset_consumer("mailer", 5).unwrap();
    assert_eq!(handled(&store, "mailer"), [16, 17, 18, 19, 20]);
}

#[test]
fn a_reset_goes_back_or_ahead_and_keeps_what_is_parked_before_if_the_log_is_the_same() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=6);
    let failing =
        numbers(&store, "mailer")
            .retry(AT_ONCE, 1)
            .run(|event| match event.header.sequence % 2 {
                0 => Err("even"),
                _ => Ok(()),
            });
    let failing = failing.unwrap();
    failing.catch_up().unwrap();
    failing.stop().unwrap();
    let parked = || {
        let parked = store.parked("mailer").unwrap();
        parked
            .iter()
            .map(|parked| parked.position)
            .collect::<Vec<_>>()
    };
    assert_eq!(parked(), [2, 4, 6]);
    store.reset_consumer("mailer", 4).unwrap();
    assert_eq!(parked(), [2, 4]);
    assert_eq!(handled(&store, "mailer"), [5, 6]);
    store.reset_consumer("mailer", 0).unwrap();
    assert!(parked().is_empty());
    store.reset_consumer("mailer", 6).unwrap();
    assert!(handled(&store, "mailer").is_empty());
    store.reset_consumer("new", 5).unwrap();
    assert_eq!(handled(&store, "new"), [6]);
}

#[test]
fn a_damaged_bookmark_is_told_with_its_path_and_is_not_a_new_beginning() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    handled(&store, "mailer");
    let path = bookmarks(&dir).remove(0);
    let whole = fs::read(&path).unwrap();
    let damaged = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        for error in [
            refused(&store, "mailer"),
            store.parked("mailer").unwrap_err(),
        ] {
            let is_it =
                matches!(&error, StoreError::DamagedBookmark { path: found, .. } if *found == path);
            let is_newer =
                matches!(&error, StoreError::NewerFormat { path: found, .. } if *found == path);
            assert!(is_it || is_newer, "{error}");
        }
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        damaged(&bytes);
        damaged(&whole[..at]);
    }
    damaged(&[&whole[..], &[0]].concat());
    // That of another consumer.
    handled(&store, "other");
    let other = bookmarks(&dir)
        .into_iter()
        .find(|found| *found != path)
        .unwrap();
    damaged(&fs::read(other).unwrap());
    store.reset_consumer("mailer", 2).unwrap();
    assert_eq!(handled(&store, "mailer"), [3]);
}

#[test]
fn a_bookmark_of_a_later_version_is_left_alone() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    handled(&store, "mailer");
    let path = bookmarks(&dir).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    fs::write(&path, &bytes).unwrap();
    let reset = store.reset_consumer("mailer", 0).unwrap_err();
    for error in [refused(&store, "mailer"), reset] {
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
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_bookmark_of_another_store_is_told_apart() {
    let (dir, other) = (Dir::new(), Dir::new());
    for dir in [&dir, &other] {
        let store = dir.open();
        append(&store, 1..=3);
        handled(&store, "mailer");
    }
    let (path, from) = (bookmarks(&dir).remove(0), bookmarks(&other).remove(0));
    assert_eq!(path.file_name(), from.file_name());
    fs::copy(from, path).unwrap();
    let error = refused(&dir.open(), "mailer");
    let id = other.open().id();
    assert!(
        matches!(error, StoreError::Elsewhere { of, .. } if of == id),
        "{error}"
    );
}

#[test]
fn in_a_backup_consumers_go_on_from_where_they_had_come_when_it_was_made() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=5);
    let running = numbers(&store, "running").within(Duration::from_secs(3_600));
    let running = running.every(2).run(|_| Ok::<_, StoreError>(())).unwrap();
    running.catch_up().unwrap();
    handled(&store, "mailer");
    append(&store, [6]);
    let backup = dir.outside().join("backup");
    assert_eq!(store.backup(&backup).unwrap().position, 6);
    let copy = Store::open(StoreConfig::new(&backup)).unwrap();
    assert_eq!(handled(&copy, "mailer"), [6]);
    let again = handled(&copy, "running");
    assert!(again == [5, 6] || again.is_empty(), "{again:?}");
    assert_eq!(contents(&copy), contents(&store));
    copy.verify().unwrap();
}

#[test]
fn in_a_repaired_store_consumers_go_on_if_the_log_goes_so_far_and_are_told_otherwise() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    handled(&store, "early");
    append(&store, 4..=400);
    handled(&store, "mailer");
    store.close().unwrap();
    let segments = dir.segments();
    let mut bytes = fs::read(&segments[1]).unwrap();
    bytes[200] ^= 1;
    fs::write(&segments[1], bytes).unwrap();
    dir.forget_index();
    let saved = dir.outside().join("saved");
    let repair = Store::repair(dir.config(), &saved).unwrap();
    assert!((4..400).contains(&repair.position));
    let store = Store::open(StoreConfig::new(&saved)).unwrap();
    assert!(is_changed(&refused(&store, "mailer"), 400));
    assert_eq!(
        handled(&store, "early"),
        Vec::from_iter(4..=repair.position)
    );
}

#[test]
fn leftovers_of_a_bookmark_that_was_being_stored_are_in_nobodys_way() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    handled(&store, "mailer");
    let leftover = bookmarks(&dir)[0].with_extension("bookmark.tmp");
    fs::write(&leftover, "half").unwrap();
    append(&store, [4]);
    let backup = dir.outside().join("backup");
    store.backup(&backup).unwrap();
    assert_eq!(fs::read_dir(backup.join("consumers")).unwrap().count(), 1);
    assert_eq!(handled(&store, "mailer"), [4]);
    assert_eq!(bookmarks(&dir).len(), 1);
}
