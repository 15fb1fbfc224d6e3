//! The index is made anew from the log wherever it is damaged.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use batpak::prelude::*;

use crate::support::{Dir, coordinate, files, number};

/// How many events fill a part of the index.
const FULL: u64 = 1 << 15;

/// Appends this many events to a store that is opened for it, over ten streams.
fn append(dir: &Dir, events: u64) {
    let store = Store::open(config(dir)).unwrap();
    for first in (0..events).step_by(512) {
        let mut batch = Batch::new();
        batch.extend((first..events.min(first + 512)).map(event));
        store.commit(batch.durability(Durability::Written)).unwrap();
    }
    store.close().unwrap();
}

fn event(n: u64) -> NewEvent {
    number(&stream(n % 10), n).tag(Tag::new("n", n % 1_000).unwrap())
}

fn stream(n: u64) -> Coordinate {
    coordinate(&format!("stream:{n}"), "s")
}

fn config(dir: &Dir) -> StoreConfig {
    dir.config().segment_bytes(256 << 10)
}

/// The files of the index, in order.
fn parts(dir: &Dir) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.path().join("index")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn flip(path: &PathBuf, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn flip_often(path: &PathBuf, places: std::ops::Range<usize>) {
    places.step_by(700).for_each(|at| flip(path, at));
}

#[test]
fn a_part_of_the_index_that_does_not_open_is_made_anew_and_stays() {
    let dir = Dir::new();
    append(&dir, FULL + 5_000);
    let whole = parts(&dir);
    assert_eq!(whole.len(), 2);
    let bytes = fs::read(&whole[0]).unwrap();
    flip(&whole[0], 9);
    let store = Store::open(config(&dir)).unwrap();
    assert!(
        whole[0].exists(),
        "it is there again once the store is open"
    );
    drop(store);
    assert_eq!(parts(&dir), whole);
    assert!(fs::read(&whole[0]).unwrap() == bytes);
}

#[test]
fn an_index_that_is_made_anew_is_the_same_to_the_byte() {
    let dir = Dir::new();
    let store = Store::open(config(&dir)).unwrap();
    // Events with much to index fill a part long before there are as many as one may have.
    for n in 0..9_000 {
        let tags = (0..8).map(|tag| Tag::new("n", format!("{tag}{n:0240}")).unwrap());
        let event = tags.fold(number(&stream(n % 10), n), NewEvent::tag);
        let batch = Batch::new().event(event);
        store
            .commit(batch.durability(Durability::Buffered))
            .unwrap();
    }
    store.close().unwrap();
    let index = files(&dir.path().join("index"));
    assert!(index.len() > 2);
    dir.forget_index();
    Store::open(config(&dir)).unwrap().close().unwrap();
    assert!(files(&dir.path().join("index")) == index);
}

/// What a store says to questions of every sort.
fn answers(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut answers = Vec::new();
    for found in store.streams() {
        let found = found?;
        let revision = store.revision(&found)?;
        let newest = store.stream(&found).next_back().transpose()?;
        answers.push(format!("{found} {revision} {newest:?}"));
    }
    for n in [0, 7, 500, 999] {
        let region = Region::all().tag(Tag::new("n", n).unwrap());
        let events = store.query(&region).collect::<Result<Vec<_>, _>>()?;
        answers.push(format!("{events:?}"));
    }
    for position in (1..=store.position()).step_by(90) {
        let event = store.get_at(position)?.unwrap();
        let found = store.get(event.header.event_id)?;
        answers.push(format!("{event:?} {found:?}"));
    }
    Ok(answers)
}

/// Asks until there are answers, which are soon there; until then it is only the index that is damaged.
fn answers_soon(store: &Store, part: &PathBuf) -> (Vec<String>, bool) {
    let (start, mut is_damaged) = (Instant::now(), false);
    loop {
        match answers(store) {
            Ok(answers) => return (answers, is_damaged),
            Err(StoreError::DamagedIndex { path, .. }) => assert_eq!(&path, part),
            Err(error) => panic!("{error}"),
        }
        is_damaged = true;
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_index_hinders_no_opening_and_soon_no_answer() {
    let dir = Dir::new();
    append(&dir, 4_000);
    let part = parts(&dir).remove(0);
    let whole = fs::read(&part).unwrap();
    let expected = answers(&Store::open(config(&dir)).unwrap()).unwrap();
    let mut healed = 0;
    for at in (11..whole.len()).step_by(1_511) {
        flip(&part, at);
        let store = Store::open(config(&dir)).unwrap();
        let (found, is_damaged) = answers_soon(&store, &part);
        assert!(found == expected, "a flip at {at}");
        drop(store);
        if is_damaged {
            healed += 1;
            assert!(fs::read(&part).unwrap() == whole, "a flip at {at}");
        }
        fs::write(&part, &whole).unwrap();
    }
    assert!(healed > 10, "{healed}");
}

#[test]
fn a_large_part_of_the_index_is_made_anew_as_several() {
    let dir = Dir::new();
    append(&dir, 4_000);
    append(&dir, FULL);
    let large = parts(&dir);
    assert_eq!(large.len(), 1, "the parts were merged");
    let expected = answers(&Store::open(config(&dir)).unwrap()).unwrap();
    let len = fs::metadata(&large[0]).unwrap().len() as usize;
    flip_often(&large[0], len / 10..len / 3);
    let store = Store::open(config(&dir)).unwrap();
    let (found, is_damaged) = answers_soon(&store, &large[0]);
    assert!(is_damaged && found == expected);
    store.close().unwrap();
    assert!(!large[0].exists() && parts(&dir).len() == 2);
    assert!(answers(&Store::open(config(&dir)).unwrap()).unwrap() == expected);
}

#[test]
fn a_commit_that_meets_damage_in_the_index_soon_goes_through() {
    let dir = Dir::new();
    append(&dir, 4_000);
    let part = parts(&dir).remove(0);
    let len = fs::metadata(&part).unwrap().len() as usize;
    flip_often(&part, 40..len - 2_000);
    let store = Store::open(config(&dir)).unwrap();
    let start = Instant::now();
    let receipt = loop {
        match store.append(&stream(3), crate::support::KIND, &1) {
            Ok(receipt) => break receipt,
            Err(StoreError::DamagedIndex { .. }) => assert!(start.elapsed().as_secs() < 10),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!((receipt.sequence, receipt.revision), (4_001, 401));
}

#[test]
fn a_reader_has_its_answers_again_once_the_writer_has_made_the_index_anew() {
    let dir = Dir::new();
    append(&dir, 4_000);
    let part = parts(&dir).remove(0);
    let writer = Store::open(config(&dir)).unwrap();
    let reader = Store::open_read_only(config(&dir)).unwrap();
    let len = fs::metadata(&part).unwrap().len() as usize;
    flip_often(&part, 40..len - 2_000);
    let damaged = answers(&reader).unwrap_err();
    assert!(
        matches!(damaged, StoreError::DamagedIndex { .. }),
        "{damaged}"
    );
    let (expected, _) = answers_soon(&writer, &part);
    assert!(answers_soon(&reader, &part).0 == expected);
}
