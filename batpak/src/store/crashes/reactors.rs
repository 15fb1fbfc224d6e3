//! What reactors leave. A reaction is whole, or not there and made by the next run, by whatever code that has.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use super::player::{START_US, config};
use crate::coordinate::Coordinate;
use crate::event::{EventId, EventKind, Region, StoredEvent};
use crate::pipeline::{Batch, Durability, NewEvent};
use crate::store::fs::simulated::{Choices, Image, Loss, SimulatedDisk};
use crate::store::{Reacting, Store, StoreError, reactor};
use crate::testing::Clock;

const KIND: EventKind = EventKind::custom(0xF, 1);

/// How many crashes are drawn for each loss behind each call.
const DRAWN: u64 = 20;

fn stream(name: &str) -> Coordinate {
    Coordinate::new(name, "s").unwrap()
}

/// How many events follow from a number in a run.
fn count(n: u64, run: u64) -> u64 {
    (n + run) % 3
}

fn react(store: &Store, run: u64) -> Reacting {
    let answering = reactor("answering", move |event: &StoredEvent| {
        let n: u64 = event.payload()?;
        let answer = |_| NewEvent::new(&stream("answers"), KIND, &(n, run));
        Ok::<_, StoreError>((0..count(n, run)).map(answer).collect::<Batch>())
    });
    let numbers = Region::stream(&stream("numbers"));
    store.react(numbers, answering).unwrap()
}

/// A store that is written to and closed, with a reactor at work, and what was done to its disk.
fn played(durability: Durability) -> SimulatedDisk {
    let disk = SimulatedDisk::with(&Image::default());
    let clock = Clock::at_us(START_US);
    let config = config(Arc::new(disk.clone()), &clock, 1);
    let store = Store::open(config.durability(durability)).unwrap();
    let reacting = react(&store, 1);
    for n in 0..14 {
        store.append(&stream("numbers"), KIND, &n).unwrap();
        if n % 3 == 2 {
            reacting.catch_up().unwrap();
        }
    }
    reacting.stop().unwrap();
    store.close().unwrap();
    disk
}

/// The run that has answered each number, by whose answers all of it is there.
fn answered(store: &Store) -> BTreeMap<EventId, (u64, u64)> {
    let mut answers: BTreeMap<EventId, Vec<(u64, u64)>> = BTreeMap::new();
    for event in store.stream(&stream("answers")) {
        let event = event.unwrap();
        let answer = event.payload().unwrap();
        answers.entry(event.causes[0]).or_default().push(answer);
    }
    let whole = |answers: Vec<(u64, u64)>| {
        let (n, run) = answers[0];
        assert_eq!(answers, vec![(n, run); count(n, run) as usize]);
        (n, run)
    };
    answers
        .into_iter()
        .map(|(cause, answers)| (cause, whole(answers)))
        .collect()
}

/// Opens the store on a disk that a crash has left, and lets the reactor go on, with other code.
fn go_on(image: &Image) {
    let store = image.to_disk().open().unwrap();
    let before = answered(&store);
    let reacting = react(&store, 2);
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    let after = answered(&store);
    for (cause, answer) in &before {
        assert_eq!(after.get(cause), Some(answer), "the first reaction stands");
    }
    for number in store.stream(&stream("numbers")) {
        let number = number.unwrap();
        let n: u64 = number.payload().unwrap();
        let is_silent = count(n, 1) == 0 || count(n, 2) == 0;
        let answer = after.get(&number.header.event_id);
        assert!(answer.is_some() || is_silent, "{n} has no reaction");
    }
}

#[test]
fn after_any_crash_a_reactor_goes_on_with_what_has_no_reaction_and_leaves_what_has() {
    let start = Instant::now();
    let (mut crashes, mut disks) = (0, HashSet::new());
    for durability in [Durability::Durable, Durability::Written] {
        let trace = played(durability).trace();
        let mut medium = trace.start.clone();
        for (calls, call) in trace.calls.iter().enumerate() {
            medium.apply(call);
            for loss in Loss::ALL {
                for seed in 0..DRAWN {
                    let mut choices = Choices::random(seed << 32 | calls as u64);
                    let image = medium.crash(*loss, &mut choices);
                    crashes += 1;
                    if disks.insert(image.digest()) {
                        go_on(&image);
                    }
                }
            }
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "reactors: {crashes} crashes were tried, which left {} different disks, in {:.1?}",
        disks.len(),
        start.elapsed()
    );
}
