//! Backups: a store that is copied while it is in use.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use batpak::Backup;
use batpak::prelude::*;
use batpak::testing::MemoryDisk;

use crate::support::{Dir, KIND, contents, coordinate, files, fill, soon};

fn config(dir: &Path) -> StoreConfig {
    StoreConfig::new(dir).segment_bytes(4 << 10)
}

/// Opens a backup and sees that it is the beginning of what the store has.
fn assert_is_prefix(dir: &Path, backup: &Backup, store: &Store) -> Store {
    assert_eq!(Backup::read(dir).unwrap(), *backup);
    let reader = Store::open_read_only(config(dir)).unwrap();
    assert_eq!(reader.position(), backup.position);
    let restored = Store::open(config(dir)).unwrap();
    assert_eq!(restored.recovery().cut, None);
    assert_eq!(restored.id(), store.id());
    assert_eq!(restored.position(), backup.position);
    assert_eq!(backup.checkpoint.is_some(), cfg!(feature = "blake3"));
    if let Some(checkpoint) = &backup.checkpoint {
        assert_eq!(checkpoint.position(), backup.position);
        restored.verify_against(checkpoint).unwrap();
        store.verify_against(checkpoint).unwrap();
    }
    restored.verify().unwrap();
    let (ours, theirs) = (contents(&restored), contents(store));
    assert_eq!(ours, theirs[..backup.position as usize]);
    restored
}

#[test]
fn a_backup_under_load_is_a_store_with_a_beginning_of_the_log_and_harms_nobody() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 30);
    let is_over = AtomicBool::new(false);
    let backups: Vec<_> = thread::scope(|scope| {
        for writer in 0..3 {
            let (store, is_over) = (&store, &is_over);
            scope.spawn(move || {
                let stream = coordinate(&format!("writer:{writer}"), "s");
                let mut n = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let durability = [Durability::Durable, Durability::Buffered][n % 2];
                    let batch = Batch::new()
                        .event(NewEvent::new(&stream, KIND, &n))
                        .event(NewEvent::new(&stream, KIND, &"x".repeat(100)));
                    store.commit(batch.durability(durability)).unwrap();
                    n += 1;
                }
            });
        }
        let backups = (0..5)
            .map(|n| {
                let before = store.position();
                let path = dir.outside().join(format!("backup {n}"));
                let backup = store.backup(&path).unwrap();
                assert!(backup.position >= before, "what was committed is in it");
                (path, backup)
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        backups
    });
    assert!(
        backups
            .iter()
            .any(|(_, b)| b.segments.iter().any(|s| s.is_linked))
    );
    for (path, backup) in &backups {
        let restored = assert_is_prefix(path, backup, &store);
        // It goes on by itself, and closes what it had to leave open.
        fill(&restored, 40);
        restored.close().unwrap();
        Store::open(config(path)).unwrap().verify().unwrap();
    }
    let whole = store.verify().unwrap();
    assert_eq!(whole.events, store.position());
    store.close().unwrap();
    dir.forget_index();
    assert_eq!(dir.open().verify().unwrap().events, whole.events);
}

#[test]
fn only_segments_that_are_never_written_to_again_are_linked() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 60);
    store.close().unwrap();
    let store = dir.open();
    let path = dir.outside().join("backup");
    let backup = store.backup(&path).unwrap();
    let (last, others) = backup.segments.split_last().unwrap();
    assert!(others.len() > 2 && others.iter().all(|segment| segment.is_linked));
    assert!(!last.is_linked);
    for segment in &backup.segments {
        let inode = |dir: &Path| {
            let path = dir.join("segments").join(&segment.name);
            let file = fs::metadata(path).unwrap();
            (file.ino(), file.len())
        };
        let (ours, theirs) = (inode(&path), inode(&dir.path()));
        assert_eq!(ours.0 == theirs.0, segment.is_linked);
        assert_eq!(ours.1, segment.bytes);
    }
    // Whoever removes the store leaves the backup as it is.
    let before = files(&path);
    drop(store);
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(files(&path), before);
    let restored = Store::open(config(&path)).unwrap();
    assert_eq!(restored.verify().unwrap().events, backup.position);
}

#[test]
fn damage_to_the_end_of_a_backup_is_refused_and_not_cut() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 3);
    let path = dir.outside().join("backup");
    let backup = store.backup(&path).unwrap();
    let segment = path.join("segments").join(&backup.segments[0].name);
    let whole = fs::read(&segment).unwrap();
    let mark = 12 + 2;
    let mut damaged = whole.clone();
    damaged[whole.len() - mark - 20] ^= 1;
    fs::write(&segment, damaged).unwrap();
    let error = Store::open(config(&path)).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn a_directory_with_anything_in_it_is_refused_and_left_alone() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 1);
    let path = dir.outside().join("backup");
    fs::create_dir_all(path.join("something")).unwrap();
    let error = store.backup(&path).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty(_)), "{error}");
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    fs::remove_dir(path.join("something")).unwrap();
    store.backup(&path).unwrap();
    let error = store.backup(&path).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty(_)), "{error}");
    let before = files(&dir.path());
    for within in ["", "backup", "segments/backup/deeper"] {
        let within = dir.path().join(within);
        let error = store.backup(&within).unwrap_err();
        assert!(
            error.to_string().contains("lies within the store"),
            "{error}"
        );
    }
    assert_eq!(files(&dir.path()), before);
    assert!(!dir.path().join("backup").exists());
}

#[test]
fn empty_stores_and_those_of_others_are_backed_up_too() {
    let dir = Dir::new();
    let store = dir.open();
    let empty = dir.outside().join("empty");
    let backup = store.backup(&empty).unwrap();
    assert_eq!(backup.position, 0);
    drop(assert_is_prefix(&empty, &backup, &store));
    fill(&store, 20);
    let reader = Store::open_read_only(dir.config()).unwrap();
    soon("the log proves all but the newest group", || {
        reader.durable_position() >= 54
    });
    let read = dir.outside().join("read");
    let backup = reader.backup(&read).unwrap();
    assert!(backup.position >= 54);
    assert_is_prefix(&read, &backup, &store);
}

#[test]
fn what_a_backup_says_of_itself_is_read_back_and_nothing_else_is() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 20);
    let path = dir.outside().join("backup");
    let backup = store.backup(&path).unwrap();
    let text = fs::read_to_string(path.join("BACKUP")).unwrap();
    assert_eq!(backup.to_string(), text);
    assert_eq!(text.parse(), Ok(backup));
    for wrong in [
        text.replacen("backup 1", "backup 2", 1),
        text.replace("segment ", "segments "),
        text.replace("copied", "lent"),
        String::new(),
    ] {
        assert!(wrong.parse::<Backup>().is_err(), "{wrong}");
    }
    fs::write(path.join("BACKUP"), "something").unwrap();
    let error = Backup::read(&path).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn a_store_in_memory_is_backed_up_on_the_same_disk() {
    let disk = MemoryDisk::new();
    let store = Store::open(disk.config().segment_bytes(4 << 10)).unwrap();
    fill(&store, 40);
    let backup = store.backup("/backup").unwrap();
    assert_eq!(backup.position, 120);
    for segment in &backup.segments {
        let path = Path::new("/backup/segments").join(&segment.name);
        assert_eq!(disk.files()[&path].len() as u64, segment.bytes);
    }
}
