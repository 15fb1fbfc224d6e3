//! Threads that commit at once, and what the others see of it.

mod buffered;
mod tickets;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use batpak::prelude::*;

use crate::support::{Dir, contents, coordinate, number, soon};

const THREADS: u64 = 6;

/// What one thread commits: batches of one to three events, to its own stream and to one that all share.
fn commit_many(store: &Store, thread: u64, durability: Durability) -> Vec<Vec<AppendReceipt>> {
    let (own, shared) = (
        coordinate(&format!("t:{thread}"), "s"),
        coordinate("all", "s"),
    );
    let batch = |n: u64| {
        let mut batch = Batch::new().durability(durability);
        batch.extend((0..n % 3).map(|_| number(&own, n)));
        store.commit(batch.event(number(&shared, thread))).unwrap()
    };
    (0..40).map(batch).collect()
}

#[test]
fn threads_that_commit_at_once_leave_no_gap_and_each_has_its_batches_whole_and_in_order() {
    let dir = Dir::new();
    let store = dir.open();
    let receipts: Vec<Vec<Vec<AppendReceipt>>> = std::thread::scope(|scope| {
        let commit = |thread| {
            let store = &store;
            scope.spawn(move || commit_many(store, thread, Durability::Durable))
        };
        let threads: Vec<_> = (0..THREADS).map(commit).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut by_position = BTreeMap::new();
    for (thread, batches) in (0..).zip(&receipts) {
        let mut last = 0;
        for (n, batch) in (0..).zip(batches) {
            assert_eq!(batch.len() as u64, n % 3 + 1);
            for receipt in batch {
                assert!(receipt.sequence > last);
                assert!(last == 0 || receipt.sequence == last + 1 || *receipt == batch[0]);
                assert_eq!(receipt.durability, Durability::Durable);
                last = receipt.sequence;
                by_position.insert(last, (thread, n, *receipt));
            }
        }
    }
    assert!(by_position.keys().copied().eq(1..=store.position()));
    assert_eq!(store.durable_position(), store.position());
    for event in store.query(&Region::all()) {
        let event = event.unwrap();
        let (thread, n, receipt) = by_position[&event.header.sequence];
        let is_shared = event.coordinate.entity() == "all";
        assert_eq!(
            event.payload::<u64>().unwrap(),
            if is_shared { thread } else { n }
        );
        assert_eq!(
            (
                receipt.event_id,
                receipt.revision,
                receipt.time_us,
                receipt.digest
            ),
            (
                event.header.event_id,
                event.header.revision,
                event.header.time_us,
                event.header.digest
            )
        );
    }
    for stream in store.streams() {
        let events = store.stream(&stream.unwrap());
        assert!(
            events
                .zip(1..)
                .all(|(event, n)| event.unwrap().header.revision == n)
        );
    }
    let before = contents(&store);
    drop(store);
    dir.forget_index();
    assert_eq!(contents(&dir.open()), before);
}

#[test]
fn whatever_threads_commit_at_once_a_reader_sees_whole_batches_without_a_gap() {
    let dir = Dir::new();
    let store = dir.open();
    let is_over = AtomicBool::new(false);
    let kinds = [
        Durability::Buffered,
        Durability::Written,
        Durability::Durable,
    ];
    let pair = |entity: &str| coordinate(entity, "pair");
    std::thread::scope(|scope| {
        let (store, is_over) = (&store, &is_over);
        let writers = kinds.map(|durability| {
            scope.spawn(move || {
                for n in 0..100 {
                    let event = |entity| number(&pair(entity), n).tag(Tag::new("n", n).unwrap());
                    let batch = Batch::new().event(event("left")).event(event("right"));
                    store.commit(batch.durability(durability)).unwrap();
                }
            })
        });
        let reader = scope.spawn(move || {
            let either = Region::stream(&pair("left")).or(Region::stream(&pair("right")));
            let regions = [Region::all(), either, Region::all().scope("pair")];
            let tagged = Region::all().tag(Tag::new("n", 7).unwrap());
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                for region in &regions {
                    let before = store.position();
                    let seen: Vec<u64> = positions(store, region);
                    assert!(seen.iter().copied().eq(1..=seen.len() as u64));
                    assert!(seen.len().is_multiple_of(2) && seen.len() as u64 >= before.max(last));
                    last = seen.len() as u64;
                }
                assert!(positions(store, &tagged).len().is_multiple_of(2));
                assert!(store.streams().count().is_multiple_of(2));
            }
            last
        });
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        soon("the buffered ones", || store.position() == 600);
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
    assert_eq!(store.verify().unwrap().events, 600);
}

fn positions(store: &Store, region: &Region) -> Vec<u64> {
    let events = store.query(region);
    events.map(|event| event.unwrap().header.sequence).collect()
}

#[test]
fn an_expectation_is_of_what_was_submitted_before_whether_or_not_it_is_stored() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    let mut tickets = Vec::new();
    for n in 0..100 {
        let batch = Batch::new().event(number(&stream, n));
        tickets.push(
            store
                .submit(batch.expect(&stream, Expect::Revision(n)))
                .unwrap(),
        );
    }
    for (n, ticket) in (1..).zip(tickets) {
        assert_eq!(ticket.wait().unwrap()[0].revision, n);
    }
}

#[test]
fn a_conflict_is_told_once_the_event_that_it_rests_on_is_stored() {
    let dir = Dir::new();
    let store = dir.open();
    for n in 0..100_u64 {
        let (stream, beside) = (
            coordinate(&format!("seat:{n}"), "hall"),
            coordinate("b", "s"),
        );
        let durability = match n % 3 {
            0 => Durability::Buffered,
            1 => Durability::Written,
            _ => Durability::Durable,
        };
        let batch = Batch::new()
            .event(number(&stream, n))
            .durability(durability);
        let ticket = store.submit(batch).unwrap();
        let late = Batch::new()
            .event(number(&beside, n))
            .expect(&stream, Expect::Empty);
        let error = store.commit(late).unwrap_err();
        assert!(
            matches!(&error, StoreError::Conflict(conflict) if conflict.revision == 1),
            "{error}"
        );
        // Who reloads now finds it.
        assert!(ticket.is_done());
        assert_eq!(store.revision(&stream).unwrap(), 1);
        let receipt = ticket.wait().unwrap().remove(0);
        assert!(receipt.durability >= durability.max(Durability::Written));
        assert_eq!(store.revision(&beside).unwrap(), 0);
    }
}
