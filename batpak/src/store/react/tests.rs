#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::{Reacting, reactor};
use crate::coordinate::Coordinate;
use crate::event::{EventKind, Region, StoredEvent};
use crate::pipeline::{Batch, Durability, NewEvent};
use crate::store::{Store, StoreError};
use crate::testing::MemoryDisk;

const KIND: EventKind = EventKind::custom(0xF, 1);

fn stream(name: &str) -> Coordinate {
    Coordinate::new(name, "s").unwrap()
}

/// Starts an instance of a reactor that answers each number by so many events.
fn react(store: &Store, instance: u64, count: u64) -> Reacting {
    let answering = reactor("answering", move |event: &StoredEvent| {
        let n: u64 = event.payload()?;
        let answer = |_| NewEvent::new(&stream("answers"), KIND, &(n, instance));
        Ok::<_, StoreError>((0..count).map(answer).collect::<Batch>())
    });
    let numbers = Region::stream(&stream("numbers"));
    store.react(numbers, answering).unwrap()
}

/// The store keeps a name for one instance, so here it is made to forget of each.
#[test]
fn of_several_instances_at_once_each_event_has_the_reaction_of_one_and_all_come_to_the_end() {
    let config = MemoryDisk::new().config().durability(Durability::Written);
    let store = Store::open(config).unwrap();
    let instances = [(1, 1), (2, 2), (3, 0), (4, 2)];
    let reacting = instances.map(|(instance, count)| {
        let reacting = react(&store, instance, count);
        store.running.forget();
        reacting
    });
    for n in 0..300_u64 {
        store.append(&stream("numbers"), KIND, &n).unwrap();
    }
    for reacting in reacting {
        reacting.catch_up().unwrap();
        reacting.stop().unwrap();
    }
    let answers = store.stream(&stream("answers")).map(Result::unwrap);
    let answers: Vec<_> = answers
        .map(|event| event.payload::<(u64, u64)>().unwrap())
        .collect();
    for same in answers.chunk_by(|a, b| a.0 == b.0) {
        let (_, instance) = same[0];
        let (_, count) = instances[instance as usize - 1];
        assert_eq!(same, vec![same[0]; count as usize]);
    }
    let numbers = answers.iter().map(|(n, _)| n);
    assert!(numbers.is_sorted(), "no event has a second reaction");
}

#[test]
fn nothing_is_left_of_a_store_once_it_and_the_handles_of_its_reactors_are_dropped() {
    for is_store_first in [true, false] {
        let store = MemoryDisk::new().open().unwrap();
        let (shared, committer) = (
            Arc::downgrade(&store.shared),
            Arc::downgrade(store.committer().unwrap()),
        );
        let reacting = react(&store, 1, 1);
        store.append(&stream("numbers"), KIND, &1).unwrap();
        match is_store_first {
            true => {
                drop(store);
                drop(reacting);
            }
            false => {
                drop(reacting);
                drop(store);
            }
        }
        assert!(shared.upgrade().is_none() && committer.upgrade().is_none());
    }
}
