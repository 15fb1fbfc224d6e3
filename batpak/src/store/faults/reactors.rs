//! What concerns reactors: they end with their store, and keep nobody waiting.

use super::*;
use crate::event::{Region, StoredEvent};
use crate::store::commit::IS_FORKED;
use crate::store::{ReactorFailure, reactor};

#[test]
fn a_reactor_ends_when_its_store_has_failed_and_nobody_waits_for_it_in_vain() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let answering = reactor("answering", |event: &StoredEvent| {
        Ok::<_, StoreError>(NewEvent::new(
            &event.coordinate,
            EventKind::custom(0xF, 1),
            &1,
        ))
    });
    let idle = store
        .react(Region::all().scope("elsewhere"), answering)
        .unwrap();
    disk.rule(|ask, path| match ask {
        Ask::Sync if is_segment(path) => refused(),
        _ => Ok(()),
    });
    store.commit(one()).unwrap_err();
    let error = idle.wait_for(u64::MAX).unwrap_err();
    let ReactorFailure::Store(error) = error.failure else {
        panic!("{error}");
    };
    assert!(matches!(*error, StoreError::Poisoned(_)), "{error}");
    assert!(idle.stop().is_err());
}

#[test]
fn of_a_forked_process_nobody_waits_for_a_reactor_that_is_not_there() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let silent = reactor("silent", |_| Ok::<_, StoreError>(Batch::new()));
    let reacting = store.react(Region::all(), silent).unwrap();
    IS_FORKED.set(true);
    let error = reacting.wait_for(u64::MAX).unwrap_err();
    assert!(matches!(error.failure, ReactorFailure::Store(_)), "{error}");
    drop((reacting, store));
    IS_FORKED.set(false);
}
