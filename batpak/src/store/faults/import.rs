//! What concerns imports: whatever fails, they tell of no batch that is not durable.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::store::ImportFailure;

const BATCHES: u64 = 400;

fn batches() -> impl Iterator<Item = Result<Batch, StoreError>> {
    (0..BATCHES).map(|_| Ok(one()))
}

#[test]
fn an_import_whose_only_sync_fails_tells_of_nothing() {
    let disk = RuledDisk::new();
    let store = disk.open();
    disk.rule(|ask, path| match ask {
        Ask::Sync if is_segment(path) => refused(),
        _ => Ok(()),
    });
    let error = store.import(batches()).unwrap_err();
    assert_eq!((error.stored.batches, store.durable_position()), (0, 0));
    assert!(matches!(error.failure, ImportFailure::Store(_)), "{error}");
}

#[test]
fn an_import_tells_of_the_segments_before_the_one_whose_sync_fails() {
    let mut told = Vec::new();
    for failing in 0..30 {
        let disk = RuledDisk::new();
        let config = || disk.config().segment_bytes(4 << 10);
        let store = Store::open(config()).unwrap();
        let syncs = AtomicUsize::new(0);
        disk.rule(move |ask, path| {
            let is_sync = ask == Ask::Sync && is_segment(path);
            match is_sync && syncs.fetch_add(1, Ordering::SeqCst) == failing {
                true => refused(),
                false => Ok(()),
            }
        });
        // The footer of a segment, or a mark behind the last event, need not be durable.
        let Err(error) = store.import(batches()) else {
            continue;
        };
        assert_eq!(error.stored.events, store.durable_position());
        told.push(error.stored.events);
        drop(store);
        let again = Store::open(config()).unwrap();
        assert!(again.position() >= error.stored.last);
    }
    assert_eq!(told[0], 0, "{told:?}");
    let is_between = |events: &u64| (1..BATCHES).contains(events);
    assert!(told.iter().any(is_between), "{told:?}");
}
