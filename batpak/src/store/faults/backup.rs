//! What concerns backups and repairs: a half one is no store, and neither takes anything from what it is of.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// The events of [`filled`], which take several segments without digests too.
const EVENTS: u64 = 250;

/// A store of several segments on this disk, all but the newest with their footers.
fn filled(disk: &RuledDisk) -> Store {
    let config = || disk.config().segment_bytes(4 << 10);
    let store = Store::open(config()).unwrap();
    for _ in 0..EVENTS {
        store.commit(one()).unwrap();
    }
    store.close().unwrap();
    Store::open(config()).unwrap()
}

fn open(disk: &RuledDisk, dir: &str) -> Result<Store, StoreError> {
    Store::open(StoreConfig {
        dir: dir.into(),
        ..disk.config()
    })
}

/// The files below a directory, without its name.
fn files_in(disk: &RuledDisk, dir: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = disk.disk.files().into_iter();
    let within = files.filter_map(|(path, bytes)| {
        let path = path.strip_prefix(dir).ok()?.to_owned();
        Some((path, bytes))
    });
    within.collect()
}

#[test]
fn where_no_file_can_have_two_names_all_segments_are_copied() {
    let disk = RuledDisk::new();
    let store = filled(&disk);
    let linked = store.backup("/linked").unwrap();
    disk.rule(|ask, _| match ask {
        Ask::Link => refused(),
        _ => Ok(()),
    });
    let copied = store.backup("/copied").unwrap();
    assert!(linked.segments.iter().any(|segment| segment.is_linked));
    assert!(copied.segments.iter().all(|segment| !segment.is_linked));
    let restored = open(&disk, "/copied").unwrap();
    assert_eq!(restored.verify().unwrap().events, EVENTS);
}

#[test]
fn a_backup_of_which_some_segments_cannot_be_linked_has_all_footers() {
    let disk = RuledDisk::new();
    let store = filled(&disk);
    let asked = AtomicUsize::new(0);
    disk.rule(move |ask, _| match ask {
        Ask::Link if asked.fetch_add(1, Ordering::SeqCst) == 0 => refused(),
        _ => Ok(()),
    });
    let backup = store.backup("/backup").unwrap();
    assert!(!backup.segments[0].is_linked && backup.segments[1].is_linked);
    let verified = open(&disk, "/backup").unwrap().verify().unwrap();
    assert_eq!(verified.events, EVENTS);
    assert_eq!(verified.footers, backup.segments.len() as u64 - 1);
}

#[test]
fn a_closed_segment_without_a_footer_is_copied_for_somebody_will_write_it() {
    let disk = RuledDisk::new();
    let first = "00000000000000000001.seg";
    disk.rule(move |ask, path| match ask {
        // Its events are written under the name that it was created with.
        Ask::Write if path.ends_with(first) && path.starts_with("/store") => refused(),
        _ => Ok(()),
    });
    let store = Store::open(disk.config().segment_bytes(4 << 10)).unwrap();
    while store.shared.segments.row(u64::MAX).len() < 3 {
        store.commit(one()).unwrap();
    }
    let backup = store.backup("/backup").unwrap();
    assert!(backup.segments.iter().all(|segment| !segment.is_linked));
    let before = files_in(&disk, "/store/segments");
    let restored = open(&disk, "/backup").unwrap();
    restored.close().unwrap();
    let verified = open(&disk, "/backup").unwrap().verify().unwrap();
    assert_eq!(verified.events, backup.position);
    assert_eq!(verified.footers, backup.segments.len() as u64 - 1);
    assert_eq!(files_in(&disk, "/store/segments"), before);
}

#[test]
fn a_backup_that_fails_anywhere_leaves_no_store_and_changes_nothing_of_the_one_it_is_of() {
    let disk = RuledDisk::new();
    let store = filled(&disk);
    let before = files_in(&disk, "/store");
    let mut failed = 0;
    for nth in 0.. {
        let asked = AtomicUsize::new(0);
        disk.rule(move |ask, path| {
            let is_there = path.to_string_lossy().starts_with("/backup");
            match ask {
                Ask::Create | Ask::Write | Ask::Sync | Ask::Read if is_there => {
                    match asked.fetch_add(1, Ordering::SeqCst) == nth {
                        true => refused(),
                        false => Ok(()),
                    }
                }
                _ => Ok(()),
            }
        });
        let dir = format!("/backup {nth}");
        let backed_up = store.backup(&dir);
        disk.rule(|_, _| Ok(()));
        assert_eq!(files_in(&disk, "/store"), before);
        match backed_up {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, StoreError::Io { .. }), "{error}"),
        }
        failed += 1;
        let error = open(&disk, &dir).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
    assert!(failed > 5, "{failed}");
    assert!(store.commit(one()).is_ok());
}

#[test]
fn a_store_that_failed_is_backed_up_as_far_as_it_is_durable() {
    let disk = RuledDisk::new();
    let store = filled(&disk);
    disk.rule(|ask, path| match ask {
        Ask::Sync if is_segment(path) && path.starts_with("/store") => refused(),
        _ => Ok(()),
    });
    assert!(store.commit(one()).is_err());
    disk.rule(|_, _| Ok(()));
    let backup = store.backup("/backup").unwrap();
    assert_eq!(backup.position, EVENTS);
    assert_eq!(open(&disk, "/backup").unwrap().position(), EVENTS);
}

#[test]
fn a_repair_that_fails_anywhere_leaves_no_store_and_changes_nothing_of_the_one_it_reads() {
    let disk = RuledDisk::new();
    drop(filled(&disk));
    let before = files_in(&disk, "/store");
    let mut failed = 0;
    for nth in 0.. {
        let asked = AtomicUsize::new(0);
        disk.rule(move |ask, path| {
            assert!(!path.starts_with("/store") || !matches!(ask, Ask::Write | Ask::Sync));
            let is_there = path.to_string_lossy().starts_with("/saved");
            match is_there && asked.fetch_add(1, Ordering::SeqCst) == nth {
                true => refused(),
                false => Ok(()),
            }
        });
        let dir = format!("/saved {nth}");
        let repaired = Store::repair(disk.config(), &dir);
        disk.rule(|_, _| Ok(()));
        assert_eq!(files_in(&disk, "/store"), before);
        match repaired {
            Ok(repair) => {
                assert_eq!((repair.position, repair.lost.len()), (EVENTS, 0));
                assert_eq!(open(&disk, &dir).unwrap().position(), EVENTS);
                break;
            }
            Err(error) => assert!(matches!(error, StoreError::Io { .. }), "{error}"),
        }
        failed += 1;
        let error = open(&disk, &dir).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
    assert!(failed > 20, "{failed}");
}
