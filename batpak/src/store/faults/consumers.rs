//! What concerns consumers: a bookmark that cannot be stored, a store that has failed, and a process that was forked.

use super::*;
use crate::event::Region;
use crate::store::commit::IS_FORKED;
use crate::store::{ConsumerFailure, Consuming};

fn is_bookmark(path: &Path) -> bool {
    path.to_string_lossy().contains("consumers")
}

fn consume(store: &Store, region: Region) -> Result<Consuming, StoreError> {
    let consumer = store.consumer("mailer", region).every(1);
    consumer.run(|_| Ok::<_, StoreError>(()))
}

#[test]
fn a_bookmark_that_cannot_be_stored_ends_the_consumer_and_not_the_store() {
    for ask in [Ask::Create, Ask::Write, Ask::Sync] {
        let disk = RuledDisk::new();
        let store = disk.open();
        let consuming = consume(&store, Region::all()).unwrap();
        store.commit(one()).unwrap();
        consuming.catch_up().unwrap();
        while consuming.stored_position() == 0 {
            std::thread::yield_now();
        }
        disk.rule(move |asked, path| match asked == ask && is_bookmark(path) {
            true => refused(),
            false => Ok(()),
        });
        store.commit(one()).unwrap();
        let error = consuming.wait_for(u64::MAX).unwrap_err();
        let ConsumerFailure::Store(failure) = &error.failure else {
            panic!("{error}");
        };
        assert!(
            matches!(&**failure, StoreError::Io { path, .. } if is_bookmark(path)),
            "{error}"
        );
        assert_eq!((error.position, consuming.stored_position()), (2, 1));
        store.commit(one()).unwrap();
        disk.rule(|_, _| Ok(()));
        let again = consume(&store, Region::all()).unwrap();
        assert!(
            again.position() >= 1,
            "it goes on from what was stored before"
        );
        again.catch_up().unwrap();
        store.verify().unwrap();
    }
}

#[test]
fn a_consumer_does_not_start_if_its_bookmark_cannot_be_stored_or_read() {
    for ask in [Ask::Create, Ask::Write, Ask::Sync, Ask::Open, Ask::Read] {
        let disk = RuledDisk::new();
        let store = disk.open();
        store.commit(one()).unwrap();
        if ask == Ask::Read {
            drop(consume(&store, Region::all()).unwrap());
        }
        disk.rule(move |asked, path| match asked == ask && is_bookmark(path) {
            true => refused(),
            false => Ok(()),
        });
        let error = consume(&store, Region::all()).unwrap_err();
        assert!(
            matches!(&error, StoreError::Io { path, .. } if is_bookmark(path)),
            "{error}"
        );
        disk.rule(|_, _| Ok(()));
        consume(&store, Region::all()).unwrap().catch_up().unwrap();
    }
}

#[test]
fn a_consumer_ends_when_its_store_has_failed_and_nobody_waits_for_it_in_vain() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let idle = consume(&store, Region::all().scope("elsewhere")).unwrap();
    disk.rule(|ask, path| match ask {
        Ask::Sync if is_segment(path) => refused(),
        _ => Ok(()),
    });
    store.commit(one()).unwrap_err();
    let error = idle.wait_for(u64::MAX).unwrap_err();
    let ConsumerFailure::Store(error) = error.failure else {
        panic!("{error}");
    };
    assert!(matches!(*error, StoreError::Poisoned(_)), "{error}");
    assert!(idle.stop().is_err());
}

#[test]
fn of_a_forked_process_nobody_waits_for_a_consumer_that_is_not_there() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let consuming = consume(&store, Region::all()).unwrap();
    IS_FORKED.set(true);
    for waited in [consuming.wait_for(u64::MAX), consuming.replay(..).map(drop)] {
        let error = waited.unwrap_err();
        assert!(
            matches!(error.failure, ConsumerFailure::Store(_)),
            "{error}"
        );
    }
    assert!(consume(&store, Region::all()).is_err());
    drop((consuming, store));
    IS_FORKED.set(false);
}
