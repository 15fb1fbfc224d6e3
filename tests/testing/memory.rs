//! The store in memory, and the scripted clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use batpak::testing::{self, Clock, MemoryDisk};

use super::*;
use crate::support::{Dir, KIND, contents, coordinate, files, fill};

/// The names and the bytes of the files of a store in a directory.
fn files_on_disk(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    by_name(files(dir))
}

/// The same of a store in memory.
fn files_in_memory(disk: &MemoryDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    by_name(disk.files())
}

fn by_name(files: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    let name = |path: PathBuf| PathBuf::from(path.file_name().unwrap());
    let files = files.into_iter();
    files.map(|(path, bytes)| (name(path), bytes)).collect()
}

/// A program: commands, untyped events over several segments, a flush, and a second opening.
fn run(config: &dyn Fn() -> StoreConfig, clock: &Clock) {
    let store = Store::open(config()).unwrap();
    let card = Card::at(1, "town").unwrap();
    let AnyCardIn::Unissued(unissued) = store.load::<Card>(&card).unwrap() else {
        panic!("the card is new");
    };
    let issued = unissued.issue(ada()).unwrap().commit(&store).unwrap();
    clock.advance(Duration::from_millis(3));
    issued.lend(2, &RULES).unwrap().commit(&store).unwrap();
    fill(&store, 50);
    store.flush().unwrap();
    drop(store);
    clock.set_us(0);
    fill(&Store::open(config()).unwrap(), 3);
}

#[test]
fn a_store_in_memory_keeps_its_events_when_it_is_dropped_and_opened_again() {
    let disk = MemoryDisk::new();
    let small = || Store::open(disk.config().segment_bytes(4 << 10)).unwrap();
    let store = small();
    fill(&store, 50);
    let (id, before) = (store.id(), contents(&store));
    assert!(disk.files().len() > 2, "there are several segments");
    drop(store);
    let store = small();
    assert_eq!((store.id(), contents(&store)), (id, before));
    assert_eq!(store.recovery().cut, None);
    assert_eq!(store.verify().unwrap().events, 150);
    fill(&store, 1);
    assert_eq!(store.position(), 153);
}

#[test]
fn one_store_at_a_time_has_a_disk_in_memory_open() {
    let disk = MemoryDisk::new();
    let store = disk.open().unwrap();
    assert!(matches!(disk.clone().open(), Err(StoreError::InUse(_))));
    drop(store);
    disk.open().unwrap();
}

#[test]
fn stores_in_memory_are_apart_and_need_no_directory() {
    let (one, other) = (testing::store(), testing::store());
    one.append(&coordinate("a", "s"), KIND, &1).unwrap();
    assert_eq!((one.position(), other.position()), (1, 0));
    assert_ne!(one.id(), other.id());
    assert!(!one.dir().exists());
}

#[test]
fn a_store_in_memory_is_written_to_and_read_from_by_several_threads() {
    let store = testing::store();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let stream = coordinate(&format!("t:{thread}"), "s");
                for n in 0..100_u64 {
                    let receipt = store.append(&stream, KIND, &n).unwrap();
                    assert!(store.get(receipt.event_id).unwrap().is_some());
                }
            });
        }
    });
    assert_eq!(store.verify().unwrap().events, 400);
}

#[test]
fn with_clock_and_ids_scripted_two_runs_give_the_same_bytes_in_memory_and_on_a_disk() {
    const START: u64 = 1_700_000_000_000_000;
    let in_memory = |seed| {
        let (disk, clock) = (MemoryDisk::new(), Clock::at_us(START));
        run(
            &|| disk.config().segment_bytes(4 << 10).scripted(&clock, seed),
            &clock,
        );
        files_in_memory(&disk)
    };
    let first = in_memory(7);
    assert!(first.len() > 2, "there are several segments");
    assert_eq!(in_memory(7), first);
    assert_ne!(in_memory(8), first);

    let (dir, clock) = (Dir::new(), Clock::at_us(START));
    run(&|| dir.config().scripted(&clock, 7), &clock);
    assert_eq!(files_on_disk(&dir.path()), first);
}

#[test]
fn a_scripted_clock_says_when_events_were_committed_and_times_never_fall() {
    let clock = Clock::at_us(1_000);
    let store = Store::open(MemoryDisk::new().config().scripted(&clock, 1)).unwrap();
    let at = coordinate("a", "s");
    let commit = || store.append(&at, KIND, &1).unwrap();
    assert_eq!(commit().time_us, 1_000);
    clock.advance(Duration::from_micros(5));
    assert_eq!((clock.now_us(), commit().time_us), (1_005, 1_005));
    clock.set_us(3);
    assert_eq!(commit().time_us, 1_005);
    // No later than the format can say.
    clock.set_us(u64::MAX);
    clock.advance(Duration::from_secs(1));
    commit();
    let (last, before) = (commit(), commit());
    assert!(last.event_id < before.event_id && last.time_us == before.time_us);
    assert_eq!(store.verify().unwrap().events, 6);
}

#[test]
fn a_step_of_a_machine_that_was_only_given_is_not_committed_to_a_store() {
    let store = testing::store();
    batpak::testing::Given::<Card>::nothing()
        .when(|card| {
            let AnyCardIn::Unissued(card) = card else {
                panic!("the card is new");
            };
            let Ok(step) = card.issue(ada());
            let error = step.commit(&store).unwrap_err();
            assert!(matches!(error.error, StoreError::OtherStore(_)), "{error}");
            (*error.machine).issue(ada())
        })
        .then_events([issued()]);
}
