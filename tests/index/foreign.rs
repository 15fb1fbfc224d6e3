//! What is in the directory of the index and does not belong to this log.

use super::*;
use crate::support::{contents, coordinate, files, fill, number};

impl Dir {
    /// A copy of the store, which nobody has open.
    fn copy(&self) -> Self {
        let copy = Self::new();
        for (path, bytes) in files(&self.path()) {
            let path = copy.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        copy
    }

    /// Puts the index of another store in the place of its own.
    fn take_index_of(&self, other: &Self) {
        self.forget_index();
        fs::create_dir(self.index()).unwrap();
        for (path, ..) in other.parts() {
            fs::copy(&path, self.index().join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// A closed store, and what it holds.
fn filled(dir: &Dir, batches: u64) -> Vec<String> {
    let store = dir.open();
    fill(&store, batches);
    contents(&store)
}

/// All of a stream's events, which the index alone says to be its.
fn stream(store: &Store, entity: &str) -> Vec<String> {
    let stream = coordinate(entity, "s");
    store
        .stream(&stream)
        .map(|event| {
            let event = event.unwrap();
            assert_eq!(event.coordinate, stream);
            format!("{event:?}")
        })
        .collect()
}

#[test]
fn the_index_of_another_store_is_discarded() {
    let (dir, other) = (Dir::new(), Dir::new());
    let before = filled(&dir, 50);
    filled(&other, 50);
    dir.take_index_of(&other);
    let foreign = files(&dir.index());
    let store = dir.open();
    assert_eq!(contents(&store), before);
    assert_eq!(stream(&store, "a").len(), 100);
    drop(store);
    let made = files(&dir.index());
    assert!(made.keys().eq(foreign.keys()) && made != foreign);
}

#[test]
fn the_index_of_another_history_of_the_same_store_is_discarded() {
    let dir = Dir::new();
    filled(&dir, 20);
    let other = dir.copy();
    let before = filled(&dir, 10);
    filled(&other, 10);
    dir.take_index_of(&other);
    let store = dir.open();
    assert_eq!(contents(&store), before);
    assert_eq!(stream(&store, "a").len(), 60);
}

#[test]
fn one_file_of_another_history_among_the_right_ones_is_discarded() {
    let dir = Dir::new();
    filled(&dir, 20);
    let other = dir.copy();
    // The same positions hold events of other streams.
    let swapped = other.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    for n in 0..10 {
        let batch = Batch::new()
            .event(number(&b, n))
            .event(number(&a, n))
            .event(number(&b, n));
        swapped.commit(batch).unwrap();
    }
    drop(swapped);
    filled(&dir, 10);
    let before = filled(&dir, 1);
    let (theirs, first, last) = other.parts().pop().unwrap();
    assert_eq!((first, last), (61, 90));
    let ours = dir.index().join(theirs.file_name().unwrap());
    fs::copy(&theirs, &ours).unwrap();
    let store = dir.open();
    assert_eq!(contents(&store), before);
    assert_eq!(stream(&store, "a").len(), 62);
    assert_eq!(stream(&store, "b").len(), 31);
}

#[test]
fn an_older_log_under_a_newer_index_is_refused_until_the_index_is_removed() {
    let dir = Dir::new();
    let before = filled(&dir, 10);
    let old = dir.copy();
    for more in [1, 60] {
        filled(&dir, more);
        let restored = old.copy();
        restored.take_index_of(&dir);
        let unchanged = files(&restored.path());
        let refused = |opened: Result<Store, StoreError>| {
            let error = opened.unwrap_err();
            assert!(matches!(error, StoreError::Corrupt { .. }));
            let advice = "if this is meant to be an older log, remove the directory `index`";
            assert!(error.to_string().contains(advice), "{error}");
        };
        refused(Store::open(restored.config()));
        refused(Store::open_read_only(restored.config()));
        assert_eq!(files(&restored.path()), unchanged);
        restored.forget_index();
        assert_eq!(contents(&restored.open()), before);
    }
}

#[cfg(feature = "blake3")]
#[test]
fn an_event_of_another_position_than_the_index_shows_there_is_refused_by_the_read() {
    let dir = Dir::new();
    filled(&dir, 20);
    let index = files(&dir.index());
    let mut log = crate::forger::Log::read(&dir.path());
    log.event(5).position = 7;
    log.write(&dir.path());
    fs::create_dir(dir.index()).unwrap();
    for (name, bytes) in index {
        fs::write(dir.index().join(name), bytes).unwrap();
    }
    let store = dir.open();
    let error = store.get_at(5).unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { position: 5, .. }),
        "{error}"
    );
    assert_eq!(store.get_at(6).unwrap().unwrap().header.sequence, 6);
}

#[test]
fn other_files_beside_the_index_are_left_alone_and_unfinished_ones_are_removed() {
    let dir = Dir::new();
    let before = filled(&dir, 10);
    let names = ["notes.txt", "1-30.idx", "00000000000000000031.idx"];
    for name in names {
        fs::write(dir.index().join(name), "mine").unwrap();
    }
    let unfinished = "00000000000000000001-00000000000000000030.idx.tmp";
    fs::write(dir.index().join(unfinished), "left by a crash").unwrap();
    assert_eq!(contents(&dir.open()), before);
    assert!(names.iter().all(|name| dir.index().join(name).exists()));
    assert!(!dir.index().join(unfinished).exists());
}

#[test]
fn a_file_in_place_of_the_index_is_an_error_with_its_path() {
    let dir = Dir::new();
    let before = filled(&dir, 10);
    dir.forget_index();
    fs::write(dir.index(), "mine").unwrap();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Io { path, .. } if *path == dir.index()),
        "{error}"
    );
    assert_eq!(fs::read(dir.index()).unwrap(), b"mine");
    fs::remove_file(dir.index()).unwrap();
    assert_eq!(contents(&dir.open()), before);
}
