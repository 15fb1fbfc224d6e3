//! Processes that may open few files.

use std::fs::{self, File};
use std::path::Path;

use super::*;

/// Not a test by itself.
#[test]
fn child_reads_all_with_few_descriptors() {
    let Some(path) = given() else { return };
    let store = Store::open(StoreConfig::new(path).segment_bytes(4 << 10)).unwrap();
    let stream = coordinate("a", "s");
    for _ in 0..2 {
        let events = store.stream(&stream).collect::<Result<Vec<_>, _>>();
        assert_eq!(events.unwrap().len() as u64, store.position() * 2 / 3);
    }
    assert_eq!(store.verify().unwrap().events, store.position());
    fill(&store, 100);
}

/// A store of more segments than a process below may open files.
fn many_segments() -> Dir {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    fill(&store, 1_500);
    drop(store);
    assert!(dir.segments().len() > 64);
    dir
}

#[test]
fn a_store_of_many_segments_needs_few_descriptors() {
    let dir = many_segments();
    // Each of them runs out at another place.
    for limit in 49..=64 {
        run(
            &format!("ulimit -n {limit}"),
            "descriptors::child_reads_all_with_few_descriptors",
            &dir.path(),
        );
    }
    assert_eq!(dir.open().position(), 4_500 + 16 * 300);
}

/// How many files this process has open. It runs one test alone.
fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn assert_is_shortage(error: &StoreError) {
    match error {
        StoreError::Io { source, path, .. } => {
            assert!(path.is_absolute());
            assert_eq!(source.raw_os_error(), Some(24), "{error}");
        }
        StoreError::Poisoned(_) => {}
        other => panic!("{other}"),
    }
}

/// Opens the store for writing and for reading, and does what can be done. Gives the position that was acknowledged.
fn try_to_work(config: &StoreConfig) -> Result<u64, StoreError> {
    let reader = Store::open_read_only(config.clone())?;
    let read = reader.query(&Region::all()).find_map(Result::err);
    if let Some(error) = read {
        assert_is_shortage(&error);
    }
    let store = Store::open(config.clone())?;
    let mut acknowledged = store.position();
    let stream = coordinate("a", "s");
    for n in 0..40 {
        match store.commit(
            Batch::new()
                .event(number(&stream, n))
                .event(number(&stream, n)),
        ) {
            Ok(receipts) => acknowledged = receipts[1].sequence,
            Err(error) => {
                assert_is_shortage(&error);
                break;
            }
        }
    }
    Ok(acknowledged)
}

/// Not a test by itself.
#[test]
fn child_has_ever_more_descriptors() {
    let Some(path) = given() else { return };
    let config = StoreConfig::new(&path).segment_bytes(4 << 10);
    let before = open_files();
    let mut acknowledged = Store::open(config.clone()).unwrap().position();
    assert_eq!(open_files(), before);
    let mut worked = 0;
    for free in 0..24 {
        // Without its index a store has parts to write.
        if free % 2 == 0 {
            fs::remove_dir_all(path.join("index")).unwrap();
            fs::create_dir(path.join("index")).unwrap();
        }
        let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        taken.truncate(taken.len() - free);
        match try_to_work(&config) {
            Ok(position) => (acknowledged, worked) = (position, worked + 1),
            Err(error) => assert_is_shortage(&error),
        }
        drop(taken);
        assert_eq!(open_files(), before, "with {free} descriptors");
        let store = Store::open(config.clone()).unwrap();
        assert!(store.position() >= acknowledged);
        acknowledged = store.position();
        store.verify().unwrap();
    }
    assert!(worked > 3 && worked < 24, "{worked}");
}

#[test]
fn a_process_out_of_descriptors_gets_an_error_and_loses_neither_events_nor_descriptors() {
    let dir = Dir::new();
    fill(&dir.open(), 100);
    run(
        "ulimit -n 48",
        "descriptors::child_has_ever_more_descriptors",
        &dir.path(),
    );
    dir.open().verify().unwrap();
}

/// Openings of every sort, of which most fail.
fn open_in_every_way(path: &Path) {
    let config = |name: &str| StoreConfig::new(path.join(name)).segment_bytes(4 << 10);
    let store = Store::open(config("whole")).unwrap();
    fill(&store, 10);
    assert!(matches!(
        Store::open(config("whole")),
        Err(StoreError::InUse(_))
    ));
    let reader = Store::open_read_only(config("whole")).unwrap();
    let mut events = reader.query(&Region::all());
    assert!(events.next().is_some() && events.next_back().is_some());
    assert!(Store::open(config("corrupt")).is_err());
    assert!(Store::open_read_only(config("corrupt")).is_err());
    assert!(matches!(
        Store::open(config("foreign")),
        Err(StoreError::Foreign { .. })
    ));
    assert!(Store::open(config("a file")).is_err());
    assert!(Store::open_read_only(config("missing")).is_err());
}

/// Not a test by itself.
#[test]
fn child_opens_in_every_way() {
    let Some(path) = given() else { return };
    open_in_every_way(&path);
    let before = open_files();
    for _ in 0..30 {
        open_in_every_way(&path);
        assert_eq!(open_files(), before);
    }
}

#[test]
fn an_opening_that_fails_leaves_no_descriptor_open() {
    let dir = Dir::new();
    let outside = dir.outside();
    let config = StoreConfig::new(outside.join("corrupt"));
    fill(&Store::open(config).unwrap(), 3);
    fs::remove_dir_all(outside.join("corrupt/index")).unwrap();
    let segment = outside.join("corrupt/segments/00000000000000000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[120] ^= 1;
    fs::write(segment, bytes).unwrap();
    fs::create_dir(outside.join("foreign")).unwrap();
    fs::write(outside.join("foreign/thesis.txt"), "chapter one").unwrap();
    fs::write(outside.join("a file"), "mine").unwrap();
    run(":", "descriptors::child_opens_in_every_way", outside);
}
