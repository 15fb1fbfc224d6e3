//! Subscriptions while others write.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::support::soon;

/// Numbers by several writers, as single events and batches of every durability.
fn write(store: &Store, writer: u64, events: u64) {
    let stream = coordinate(&format!("w:{writer}"), "s");
    let mut next = 0;
    while next < events {
        let count = 1 + (next + writer) % 7;
        let durability = [
            Durability::Buffered,
            Durability::Written,
            Durability::Durable,
        ];
        let batch: Batch = (next..next + count).map(|n| number(&stream, n)).collect();
        let batch = batch.durability(durability[(next % 3) as usize]);
        store.commit(batch).unwrap();
        next += count;
    }
}

/// Takes events until `last`, and sees that each one of the region comes once and in order.
fn follow(mut events: Subscription, last: &dyn Fn() -> Option<u64>, pace: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    loop {
        match events.recv_timeout(Duration::from_millis(20)).unwrap() {
            Some(event) => {
                seen.push(event.header.sequence);
                if pace > 0 && (seen.len() as u64).is_multiple_of(pace) {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            None if last().is_some_and(|last| events.position() >= last) => return seen,
            None => {}
        }
    }
}

#[test]
fn whoever_follows_gets_each_event_of_the_region_once_and_in_order_however_slow_and_however_late() {
    const WRITERS: u64 = 3;
    let dir = Dir::new();
    let store = Store::open(dir.config().segment_bytes(64 << 10)).unwrap();
    let is_over = AtomicBool::new(false);
    let last = || {
        is_over
            .load(Ordering::SeqCst)
            .then(|| store.durable_position())
    };
    let regions = [
        Region::all(),
        Region::all().entity("w:1"),
        Region::all().entity("w:0").or(Region::all().entity("w:2")),
    ];
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || write(store, writer, 8_000))
            })
            .collect();
        let mut following = Vec::new();
        for (n, region) in regions.iter().cycle().take(9).enumerate() {
            // Some begin when there is much already.
            soon("the writers go on", || store.position() > n as u64 * 300);
            let events = store.subscribe(region.clone());
            let events = if n % 2 == 0 {
                events.published()
            } else {
                events
            };
            let (pace, last) = ([0, 50, 400][n % 3], &last);
            following.push((region, scope.spawn(move || follow(events, last, pace))));
        }
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        store.flush().unwrap();
        is_over.store(true, Ordering::SeqCst);
        for (region, following) in following {
            let wanted = store
                .query(region)
                .map(|event| event.unwrap().header.sequence);
            let wanted: Vec<u64> = wanted.collect();
            assert!(following.join().unwrap() == wanted, "{region}");
        }
    });
}

#[test]
fn an_event_is_there_soon_after_it_was_committed() {
    let dir = Dir::new();
    let store = dir.open();
    let mut events = store.subscribe(Region::all());
    for n in 0..50 {
        append(&store, n..n + 1);
        let event = events.recv_timeout(LONG).unwrap();
        assert_eq!(event.unwrap().header.sequence, n + 1);
        assert_eq!(events.lag(), 0);
    }
}

#[test]
fn a_subscription_tells_how_far_it_is_behind() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..10);
    let mut events = store.subscribe(Region::all().entity("nobody"));
    assert_eq!((events.position(), events.lag()), (0, 10));
    assert!(events.try_recv().unwrap().is_none());
    // What is of no interest is behind it too.
    assert_eq!((events.position(), events.lag()), (10, 0));
    append(&store, 10..15);
    assert_eq!((events.position(), events.lag()), (10, 5));
}
