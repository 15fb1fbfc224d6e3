//! What consumers leave. Nothing was handled that a crash takes back, no bookmark is ahead of the log or of what was handled, and the
//! next run goes on with all the rest.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::player::{START_US, config};
use crate::coordinate::Coordinate;
use crate::event::{EventKind, Region, StoredEvent};
use crate::outcome::Backoff;
use crate::pipeline::Durability;
use crate::store::fs::simulated::{Choices, Image, Loss, SimulatedDisk};
use crate::store::{Consuming, Store};
use crate::testing::Clock;

const KIND: EventKind = EventKind::custom(0xF, 1);

/// How many crashes are drawn for each loss behind each call.
const DRAWN: u64 = 10;

fn stream() -> Coordinate {
    Coordinate::new("numbers", "s").unwrap()
}

/// Which numbers were handled, at which positions, and how many calls the disk had had before that.
type Handled = Arc<Mutex<BTreeMap<u64, (u64, usize)>>>;

/// How a consumer runs: at first on one thread, or on some, and it cannot handle each fifth number; at last it can.
#[derive(Clone, Copy, PartialEq)]
enum Run {
    One,
    Some,
    Last,
}

fn consume(store: &Store, run: Run, handled: &Handled, disk: &SimulatedDisk) -> Consuming {
    let (handled, disk) = (Arc::clone(handled), disk.clone());
    let handler = move |event: &StoredEvent| {
        let n: u64 = event.payload().unwrap();
        if n % 5 == 4 && run != Run::Last {
            return Err("no");
        }
        let calls = disk.calls();
        handled.lock().insert(event.header.sequence, (n, calls));
        Ok(())
    };
    let at_once = Backoff::new(std::time::Duration::ZERO, std::time::Duration::ZERO);
    let consumer = store.consumer("numbers", Region::stream(&stream()));
    let consumer = consumer.every(2).retry(at_once, 1);
    match run {
        Run::One => consumer.run(handler),
        _ => consumer.run_partitioned(2, |event| event.header.sequence, handler),
    }
    .unwrap()
}

/// What was done to the disk of a store that was written to and closed, with a consumer at work.
struct Played {
    disk: SimulatedDisk,
    handled: BTreeMap<u64, (u64, usize)>,
    /// Up to where the consumer said that its position was stored, and how many calls the disk had had by then.
    stored: Vec<(usize, u64)>,
}

fn played(durability: Durability, run: Run) -> Played {
    let disk = SimulatedDisk::with(&Image::default());
    let clock = Clock::at_us(START_US);
    let config = config(Arc::new(disk.clone()), &clock, 1);
    let store = Store::open(config.durability(durability)).unwrap();
    let (handled, mut stored) = (Handled::default(), Vec::new());
    let consuming = consume(&store, run, &handled, &disk);
    for n in 0..12 {
        store.append(&stream(), KIND, &n).unwrap();
        if n % 3 == 2 {
            consuming.catch_up().unwrap();
        }
        let position = consuming.stored_position();
        stored.push((disk.calls(), position));
    }
    consuming.stop().unwrap();
    store.close().unwrap();
    let handled = handled.lock().clone();
    Played {
        disk,
        handled,
        stored,
    }
}

/// Opens the store on a disk that a crash has left, when these numbers had been handled and this position stored, and lets the
/// consumer go on.
fn go_on(image: &Image, before: &BTreeMap<u64, u64>, stored: u64) {
    let disk = image.to_disk();
    let store = disk.open().unwrap();
    let numbers: BTreeMap<u64, u64> = store
        .stream(&stream())
        .map(|event| event.unwrap())
        .map(|event| (event.header.sequence, event.payload().unwrap()))
        .collect();
    for (position, n) in before {
        assert_eq!(
            numbers.get(position),
            Some(n),
            "what was handled is durable"
        );
    }
    let parked: BTreeSet<u64> = store
        .parked("numbers")
        .unwrap()
        .iter()
        .map(|parked| parked.position)
        .collect();
    let handled = Handled::default();
    let unheard = SimulatedDisk::with(&Image::default());
    let consuming = consume(&store, Run::Last, &handled, &unheard);
    assert!(
        consuming.stored_position() >= stored,
        "what is stored is durable"
    );
    consuming.catch_up().unwrap();
    consuming.stop().unwrap();
    let after = handled.lock();
    for (position, n) in &numbers {
        let is_handled = before.contains_key(position) || after.contains_key(position);
        assert!(
            is_handled || parked.contains(position),
            "{n} was passed over"
        );
        assert!(
            !(after.contains_key(position) && parked.contains(position)),
            "{n} is parked"
        );
    }
}

#[test]
fn after_any_crash_a_consumer_goes_on_with_all_that_was_not_handled_and_nothing_is_lost_that_was() {
    let start = Instant::now();
    let (mut crashes, mut disks) = (0, HashSet::new());
    for (durability, run) in [
        (Durability::Durable, Run::One),
        (Durability::Written, Run::One),
        (Durability::Durable, Run::Some),
    ] {
        let played = played(durability, run);
        let trace = played.disk.trace();
        let mut medium = trace.start.clone();
        for (calls, call) in trace.calls.iter().enumerate() {
            medium.apply(call);
            let stored = played.stored.iter().filter(|(at, _)| *at <= calls);
            let stored = stored.map(|(_, position)| *position).max().unwrap_or(0);
            let before = played.handled.iter();
            let before: BTreeMap<u64, u64> = before
                .filter(|(_, (_, at))| *at <= calls)
                .map(|(position, (n, _))| (*position, *n))
                .collect();
            for loss in Loss::ALL {
                for seed in 0..DRAWN {
                    let mut choices = Choices::random(seed << 32 | calls as u64);
                    let image = medium.crash(*loss, &mut choices);
                    crashes += 1;
                    if disks.insert((image.digest(), before.len(), stored)) {
                        go_on(&image, &before, stored);
                    }
                }
            }
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "consumers: {crashes} crashes were tried, which left {} different disks, in {:.1?}",
        disks.len(),
        start.elapsed()
    );
}
