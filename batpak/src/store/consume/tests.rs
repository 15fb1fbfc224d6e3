#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::Consuming;
use crate::coordinate::Coordinate;
use crate::event::{EventKind, Region};
use crate::store::{Store, StoreError};
use crate::testing::MemoryDisk;

fn consume(store: &Store, partitions: usize) -> Consuming {
    let consumer = store.consumer("mailer", Region::all());
    let handler = |_: &_| Ok::<_, StoreError>(());
    match partitions {
        0 => consumer.run(handler),
        _ => consumer.run_partitioned(partitions, |event| event.header.sequence, handler),
    }
    .unwrap()
}

fn append(store: &Store) {
    let stream = Coordinate::new("numbers", "s").unwrap();
    store
        .append(&stream, EventKind::custom(0xF, 1), &1)
        .unwrap();
}

#[test]
fn nothing_is_left_of_a_store_once_it_and_the_handles_of_its_consumers_are_dropped() {
    for (is_store_first, partitions) in [(true, 0), (false, 0), (true, 3), (false, 3)] {
        let store = MemoryDisk::new().open().unwrap();
        let (shared, committer) = (
            Arc::downgrade(&store.shared),
            Arc::downgrade(store.committer().unwrap()),
        );
        let consuming = consume(&store, partitions);
        append(&store);
        match is_store_first {
            true => {
                drop(store);
                drop(consuming);
            }
            false => {
                drop(consuming);
                drop(store);
            }
        }
        assert!(shared.upgrade().is_none() && committer.upgrade().is_none());
    }
}
