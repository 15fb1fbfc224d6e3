//! Whoever opens a store is told how far its long works have come.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use batpak::prelude::*;
use batpak::{FoldError, Progress, Work};

use crate::support::{Dir, KIND, coordinate, number, soon};

const EVENTS: u64 = 10_000;

/// What was told of works, in order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Progress>>>);

impl Told {
    /// A configuration that has it told.
    fn config(&self, dir: &Dir) -> StoreConfig {
        let told = self.clone();
        let config = dir.config().segment_bytes(256 << 10);
        config.on_progress(move |progress| told.0.lock().unwrap().push(*progress))
    }

    /// What was told since the last time.
    fn take(&self) -> Vec<Progress> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// That this one work was told, in at least so many steps, from its beginning to its end.
    fn check(&self, work: Work, (least, end): (usize, u64), total: Option<u64>) {
        let told = self.take();
        assert!(told.iter().all(|told| told.work == work), "{told:?}");
        assert!(told.len() >= least, "{told:?}");
        let rises = |pair: &[Progress]| pair[0].done < pair[1].done;
        assert!(told.windows(2).all(rises) && told[0].done > 0, "{told:?}");
        let (last, before) = told.split_last().unwrap();
        assert_eq!((last.done, last.total), (end, Some(end)));
        assert!(before.iter().all(|told| told.total == total), "{told:?}");
    }
}

fn stream() -> Coordinate {
    coordinate("a", "s")
}

/// Batches of ten events each.
fn batches(batches: u64) -> impl Iterator<Item = Result<Batch, StoreError>> {
    let batch = |n| (0..10).map(|i| number(&stream(), 10 * n + i)).collect();
    (0..batches).map(move |n| Ok(batch(n)))
}

#[derive(Default)]
struct Count(u64);

impl Projection for Count {
    const KINDS: &'static [EventKind] = &[KIND];
    const VERSION: u32 = 1;
    const NAME: &'static str = "count";

    fn apply(&mut self, _: &RawEvent<'_>) -> Result<(), FoldError> {
        self.0 += 1;
        Ok(())
    }
}

/// A store of [`EVENTS`] events that was closed.
fn filled() -> Dir {
    let dir = Dir::new();
    let store = Store::open(dir.config().segment_bytes(256 << 10)).unwrap();
    store.import(batches(EVENTS / 10)).unwrap();
    store.close().unwrap();
    dir
}

#[test]
fn every_work_tells_progress_that_rises_to_its_total() {
    let (dir, told) = (Dir::new(), Told::default());
    let store = Store::open(told.config(&dir)).unwrap();
    assert_eq!(told.take(), []);
    store.import(batches(EVENTS / 10)).unwrap();
    told.check(Work::Importing, (3, EVENTS / 10), Some(EVENTS / 10));
    store.verify().unwrap();
    told.check(Work::Verifying, (3, EVENTS), Some(EVENTS));
    store.verify_stream(&stream()).unwrap();
    told.check(Work::Verifying, (3, EVENTS), None);
    #[cfg(feature = "blake3")]
    {
        let checkpoint = store.checkpoint().unwrap();
        store.verify_against(&checkpoint).unwrap();
        told.check(Work::Verifying, (3, EVENTS), Some(EVENTS));
    }
    store.backup(dir.outside().join("backup")).unwrap();
    told.check(Work::BackingUp, (2, EVENTS), Some(EVENTS));
    assert_eq!(store.project::<Count>(&stream()).unwrap().0, EVENTS);
    told.check(Work::Folding, (3, EVENTS), None);
    assert_eq!(store.fold::<Count>(&Region::all()).unwrap().0, EVENTS);
    told.check(Work::Folding, (3, EVENTS), None);
    store.close().unwrap();
    Store::repair(told.config(&dir), dir.outside().join("repaired")).unwrap();
    told.check(Work::Repairing, (3, EVENTS), Some(EVENTS));
}

#[test]
fn an_opening_tells_of_what_the_index_does_not_cover() {
    let (dir, told) = (filled(), Told::default());
    let open = || Store::open(told.config(&dir)).unwrap();
    drop(open());
    assert_eq!(told.take(), [], "the index covers all of it");
    dir.forget_index();
    let store = open();
    told.check(Work::Opening, (3, EVENTS), Some(EVENTS));
    dir.forget_index();
    let reader = Store::open_read_only(told.config(&dir)).unwrap();
    told.check(Work::Opening, (3, EVENTS), Some(EVENTS));
    drop((reader, store));
    dir.forget_index();
    std::fs::remove_file(dir.path().join("TAIL")).unwrap();
    drop(open());
    told.check(Work::Opening, (3, EVENTS), None);
}

#[test]
fn an_opening_goes_on_from_the_index_and_counts_what_lies_behind_it() {
    let (dir, told) = (filled(), Told::default());
    let index = crate::support::files(&dir.path().join("index"));
    let store = Store::open(told.config(&dir)).unwrap();
    store.import(batches(500)).unwrap();
    store.close().unwrap();
    told.take();
    dir.forget_index();
    for (name, bytes) in index {
        let path = dir.path().join("index").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    drop(Store::open(told.config(&dir)).unwrap());
    told.check(Work::Opening, (2, 5_000), Some(5_000));
}

#[test]
fn short_folds_and_works_on_nothing_are_not_told() {
    let (dir, told) = (Dir::new(), Told::default());
    let store = Store::open(told.config(&dir)).unwrap();
    store.verify().unwrap();
    store.import(batches(0)).unwrap();
    assert_eq!(told.take(), []);
    store.import(batches(400)).unwrap();
    told.check(Work::Importing, (1, 400), Some(400));
    assert_eq!(store.project::<Count>(&stream()).unwrap().0, 4_000);
    assert_eq!(told.take(), []);
}

#[test]
fn a_work_that_fails_tells_no_end() {
    let (dir, told) = (Dir::new(), Told::default());
    let store = Store::open(told.config(&dir)).unwrap();
    let failing = [Err("the source's".to_owned())];
    let batches = batches(500).map(|batch| batch.map_err(|error| error.to_string()));
    store.import(batches.chain(failing)).unwrap_err();
    let told = told.take();
    assert!(told.iter().all(|told| told.total == Some(501)), "{told:?}");
}

#[test]
fn a_hook_may_ask_the_store_that_tells_it() {
    let dir = filled();
    dir.forget_index();
    let store = Arc::new(Mutex::new(None::<Arc<Store>>));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let config = dir.config().on_progress({
        let (store, asked) = (Arc::clone(&store), Arc::clone(&asked));
        move |_| {
            let found = store.lock().unwrap().clone();
            let found = found.map(|store: Arc<Store>| {
                let last = store.get_at(store.position()).unwrap().unwrap();
                (last.header.sequence, store.revision(&stream()).unwrap())
            });
            asked.lock().unwrap().push(found);
        }
    });
    let opened = Arc::new(Store::open(config).unwrap());
    *store.lock().unwrap() = Some(Arc::clone(&opened));
    opened.verify().unwrap();
    opened.backup(dir.outside().join("backup")).unwrap();
    opened.import(batches(1_000)).unwrap();
    *store.lock().unwrap() = None;
    let asked = asked.lock().unwrap();
    let asked: Vec<_> = asked.iter().flatten().collect();
    assert!(asked.len() >= 6, "{asked:?}");
    assert!(asked.iter().all(|(last, _)| *last >= EVENTS));
}

#[test]
fn a_hook_that_panics_is_the_callers_panic_and_the_store_goes_on() {
    let dir = filled();
    dir.forget_index();
    let panics = Arc::new(Mutex::new(true));
    let config = dir.config().on_progress({
        let panics = Arc::clone(&panics);
        move |_| {
            assert!(
                !*panics.lock().unwrap_or_else(|held| held.into_inner()),
                "the hook's"
            )
        }
    });
    let panic = catch_unwind(AssertUnwindSafe(|| Store::open(config.clone())));
    assert!(panic.is_err(), "it is told of the opening");
    *panics.lock().unwrap_or_else(|held| held.into_inner()) = false;
    panics.clear_poison();
    let store = Store::open(config).unwrap();
    *panics.lock().unwrap() = true;
    let calls: [(&str, &dyn Fn()); 4] = [
        ("verify", &|| drop(store.verify())),
        ("import", &|| drop(store.import(batches(1)))),
        ("backup", &|| {
            drop(store.backup(dir.outside().join("backup")))
        }),
        ("fold", &|| drop(store.project::<Count>(&stream()))),
    ];
    for (work, call) in calls {
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "{work}");
        panics.clear_poison();
    }
    *panics.lock().unwrap() = false;
    assert_eq!(store.verify().unwrap().events, EVENTS + 10);
    store.append_event(number(&stream(), 1)).unwrap();
    store.close().unwrap();
    assert_eq!(dir.open().position(), EVENTS + 11);
}

/// Damages the index of an open store, has it found, and waits until it is made good.
fn damage(dir: &Dir, store: &Store) {
    let index = dir.path().join("index");
    let part = std::fs::read_dir(index).unwrap().next().unwrap().unwrap();
    let mut bytes = std::fs::read(part.path()).unwrap();
    for at in (40..bytes.len() - 2_000).step_by(700) {
        bytes[at] ^= 1;
    }
    std::fs::write(part.path(), bytes).unwrap();
    let damaged = store.verify().unwrap_err();
    assert!(
        matches!(damaged, StoreError::DamagedIndex { .. }),
        "{damaged}"
    );
    soon("the part is made anew", || store.verify().is_ok());
}

#[test]
fn a_part_of_the_index_that_is_made_anew_is_told_from_the_stores_own_thread() {
    let (dir, told) = (filled(), Told::default());
    let store = Store::open(told.config(&dir)).unwrap();
    damage(&dir, &store);
    store.close().unwrap();
    let told = told.take();
    let mut rebuilding = told.iter().filter(|told| told.work == Work::Rebuilding);
    let first = rebuilding.next().unwrap();
    let last = rebuilding.next_back().unwrap();
    assert!(first.done < last.done && first.total == last.total);
    assert_eq!(Some(last.done), last.total);
}

#[test]
fn a_hook_that_panics_on_the_stores_own_thread_is_not_called_again_and_fails_nothing() {
    let dir = filled();
    let calls = Arc::new(Mutex::new(0));
    let config = dir.config().on_progress({
        let calls = Arc::clone(&calls);
        move |progress| {
            if progress.work == Work::Rebuilding {
                *calls.lock().unwrap() += 1;
                panic!("the hook's");
            }
        }
    });
    let store = Store::open(config).unwrap();
    damage(&dir, &store);
    store.append_event(number(&stream(), 1)).unwrap();
    store.close().unwrap();
    assert_eq!(*calls.lock().unwrap(), 1);
}
