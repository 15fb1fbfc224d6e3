//! Reading a store that somebody else writes to: what was published, in order, and nothing changed.

mod damaged;
mod processes;

use std::fs;
use std::path::PathBuf;

use batpak::prelude::*;
use batpak::testing::MemoryDisk;

use crate::support::{Dir, KIND, contents, coordinate, files, fill, number, soon, written};

impl Dir {
    fn reader(&self) -> Store {
        Store::open_read_only(self.config()).unwrap()
    }

    fn tail(&self) -> PathBuf {
        self.path().join("TAIL")
    }

    /// A copy of the store as it is now: what a crash of its writer would leave.
    fn image(&self) -> Self {
        let image = Self::new();
        for (path, bytes) in files(&self.path()) {
            let path = image.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        image
    }
}

#[test]
fn a_reader_sees_what_its_writer_commits_across_segments() {
    let dir = Dir::new();
    let writer = dir.open();
    let reader = dir.reader();
    assert_eq!((reader.id(), reader.position()), (writer.id(), 0));
    assert_eq!(reader.is_chained(), writer.is_chained());
    for n in 1..=60 {
        fill(&writer, 1);
        soon("the commit", || reader.position() == 3 * n);
    }
    assert!(dir.segments().len() > 3);
    assert_eq!(contents(&reader), contents(&writer));
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    assert_eq!(reader.revision(&a).unwrap(), 120);
    assert_eq!(reader.stream(&b).rev().count(), 60);
    let event = reader.get_at(100).unwrap().unwrap();
    assert_eq!(
        reader.get(event.header.event_id).unwrap().unwrap().header,
        event.header
    );
    let tagged = Region::all().tag(Tag::new("n", 0).unwrap());
    assert_eq!(reader.query(&tagged).count(), 60);
    assert_eq!(reader.streams().count(), 2);
    assert_eq!(reader.verify().unwrap().events, 180);
    // All but the newest commit is proven by what was written after it.
    assert!((177..=180).contains(&reader.durable_position()));
}

#[test]
fn what_is_not_durable_is_seen_some_milliseconds_later() {
    for durability in [Durability::Written, Durability::Buffered] {
        let dir = Dir::new();
        let writer = Store::open(dir.config().durability(durability)).unwrap();
        let reader = dir.reader();
        for n in 1..=50 {
            fill(&writer, 2);
            soon("the commits", || reader.position() == 6 * n);
        }
        assert_eq!(contents(&reader), contents(&writer));
    }
}

#[test]
fn a_reader_sees_all_batches_whole() {
    let dir = Dir::new();
    let writer = Store::open(dir.config().durability(Durability::Written)).unwrap();
    let reader = dir.reader();
    let appending = std::thread::spawn(move || fill(&writer, 1_000));
    let mut last = 0;
    while last < 3_000 {
        let position = reader.position();
        assert!(position >= last && position.is_multiple_of(3), "{position}");
        last = position;
        assert!(start_is_dense(&reader, position));
    }
    appending.join().unwrap();
}

/// Whether the last few events up to a position that was seen are there.
fn start_is_dense(reader: &Store, position: u64) -> bool {
    (position.saturating_sub(5)..=position)
        .filter(|position| *position > 0)
        .all(|position| reader.get_at(position).unwrap().unwrap().header.sequence == position)
}

#[test]
fn an_iterator_gives_what_there_was_when_it_was_made() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 10);
    let reader = dir.reader();
    let all = Region::all();
    let mut events = reader.query(&all);
    events.next().unwrap().unwrap();
    fill(&writer, 100);
    soon("the commits", || reader.position() == 330);
    assert_eq!(events.map(Result::unwrap).count(), 29);
}

#[test]
fn appending_to_a_reader_is_refused() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 1);
    let reader = dir.reader();
    let stream = coordinate("a", "s");
    let batch = || Batch::new().event(number(&stream, 1));
    let errors = [
        reader.append(&stream, KIND, &1).unwrap_err(),
        reader.commit(batch()).unwrap_err(),
        reader.submit(batch()).unwrap_err(),
        reader.flush().unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, StoreError::ReadOnly(path) if *path == dir.path()),
            "{error}"
        );
    }
    reader.close().unwrap();
    fill(&writer, 1);
    assert_eq!(writer.position(), 6);
}

#[test]
fn a_reader_writes_nothing_and_takes_no_lock() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 60);
    let crashed = dir.image();
    fs::create_dir_all(crashed.path().join("index")).unwrap();
    fs::write(crashed.path().join("index/left.idx.tmp"), "left").unwrap();
    fs::write(
        crashed.path().join("segments/00000000000000000999.seg.tmp"),
        "left",
    )
    .unwrap();
    let newest = crashed
        .segments()
        .into_iter()
        .rfind(|path| path.extension().unwrap() == "seg");
    let newest = newest.unwrap();
    let torn = [written(&newest), vec![7; 100]].concat();
    fs::write(&newest, torn).unwrap();
    for path in files(&crashed.path()).keys() {
        let path = crashed.path().join(path);
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions).unwrap();
    }
    let before = files(&crashed.path());
    let reader = crashed.reader();
    assert_eq!(contents(&reader), contents(&writer));
    assert_eq!(reader.recovery().cut, None);
    let second = crashed.reader();
    assert_eq!(second.verify().unwrap().events, 180);
    drop(second);
    reader.close().unwrap();
    assert_eq!(files(&crashed.path()), before);
}

#[test]
fn a_writer_opens_and_recovers_beside_its_readers() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 10);
    let crashed = dir.image();
    let newest = crashed.segments().pop().unwrap();
    let torn = [written(&newest), vec![7; 100]].concat();
    fs::write(&newest, torn).unwrap();
    let reader = crashed.reader();
    let before = contents(&reader);
    let next = crashed.open();
    assert_eq!(next.recovery().cut.as_ref().unwrap().bytes, 100);
    assert_eq!(contents(&reader), before);
    fill(&next, 1);
    soon("the next writer's commit", || reader.position() == 33);
    assert_eq!(contents(&reader), contents(&next));
}

#[test]
fn readers_outlive_their_writers_and_new_ones_open_while_parts_of_the_index_are_merged() {
    let dir = Dir::new();
    drop(dir.open());
    let old = dir.reader();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let ordering = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| {
            let (mut last, mut count) = (0, 0);
            while !is_over.load(ordering) {
                let reader = dir.reader();
                let position = reader.position();
                assert!(position >= last);
                let len = contents(&reader).len() as u64;
                assert!(position <= len && len <= reader.position());
                (last, count) = (position, count + 1);
            }
            count
        });
        // Each leaves a part, and eight of them become one.
        for n in 1..=40 {
            let writer = dir.open();
            fill(&writer, 2);
            soon("the commits", || old.position() == 6 * n);
            drop(writer);
        }
        is_over.store(true, ordering);
        assert!(opening.join().unwrap() > 0);
    });
    assert_eq!(contents(&old), contents(&dir.open()));
}

#[test]
fn what_is_no_store_is_an_error_and_nothing_is_created_there() {
    let dir = Dir::new();
    let open = || Store::open_read_only(dir.config()).unwrap_err();
    assert!(matches!(open(), StoreError::Io { path, .. } if path == dir.path()));
    assert!(!dir.path().exists());
    fs::create_dir(dir.path()).unwrap();
    assert!(matches!(open(), StoreError::Foreign { .. }));
    fs::write(dir.path().join("thesis.txt"), "chapter one").unwrap();
    let error = open().to_string();
    assert!(error.contains("thesis.txt"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    fs::create_dir(dir.path().join("segments")).unwrap();
    assert!(matches!(open(), StoreError::Foreign { .. }));
    assert!(files(&dir.path()).len() == 1 && dir.segments().is_empty());
}

#[test]
fn a_store_in_memory_has_readers_too() {
    let disk = MemoryDisk::new();
    let writer = disk.open().unwrap();
    let reader = Store::open_read_only(disk.config()).unwrap();
    fill(&writer, 10);
    soon("the commits", || reader.position() == 30);
    assert_eq!(contents(&reader), contents(&writer));
}
