//! Threads that commit, wait, read and close, in many orders: a scheduler decides at each lock and atomic who goes
//! on. Whatever it decides, nobody waits for ever (it tells of a deadlock), readers see a prefix of whole batches
//! that only grows, and what was acknowledged is there.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test -p batpak --lib --features testing schedules` tries some hundred orders of
//! each; `BATPAK_SCHEDULES=100000` as many as it says. A failure prints the order, to be given to
//! `shuttle::replay`.

#![allow(clippy::unwrap_used)]

use std::io;
use std::path::Path;
use std::sync::Arc;

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::thread;

use super::faults::{Ask, RuledDisk};
use super::{Store, StoreError, reactor};
use crate::coordinate::Coordinate;
use crate::event::{EventKind, Region, StoredEvent};
use crate::pipeline::{Batch, Durability, Expect, NewEvent};

const KIND: EventKind = EventKind::custom(0xF, 1);

/// Tries an order many times at random, and as often in orders that are as few changes of thread as can be.
fn in_many_orders(run: impl Fn() + Send + Sync + Clone + 'static) {
    let asked = std::env::var("BATPAK_SCHEDULES").ok();
    let times = asked.and_then(|times| times.parse().ok()).unwrap_or(300);
    shuttle::check_random(run.clone(), times);
    shuttle::check_pct(run, times, 3);
}

fn stream(name: u64) -> Coordinate {
    Coordinate::new(format!("writer:{name}"), "s").unwrap()
}

/// A batch of two events on the stream of a writer.
fn pair(writer: u64, n: u64, durability: Durability) -> Batch {
    let stream = stream(writer);
    // Long enough for a second segment.
    let payload = (n, "x".repeat(400));
    Batch::new()
        .event(NewEvent::new(&stream, KIND, &payload))
        .event(NewEvent::new(&stream, KIND, &payload))
        .durability(durability)
}

/// That the store shows whole pairs, each writer's in its order, up to `position`.
fn assert_prefix(store: &Store) -> u64 {
    let mut next = [0_u64; 8];
    let mut count = 0;
    let mut open = None;
    for event in store.query(&Region::all()) {
        let event = event.unwrap();
        count += 1;
        assert_eq!(event.header.sequence, count);
        let writer: usize = event.coordinate.entity()["writer:".len()..]
            .parse()
            .unwrap();
        let (n, _): (u64, String) = event.payload().unwrap();
        match open.take() {
            None => {
                assert_eq!(n, next[writer]);
                next[writer] += 1;
                open = Some((writer, n));
            }
            Some(first) => assert_eq!(first, (writer, n)),
        }
    }
    assert_eq!(open, None, "half a batch is shown");
    count
}

#[test]
fn writers_of_every_durability_are_answered_and_readers_see_a_growing_prefix() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let config = disk.config().segment_bytes(4 << 10);
        let store = Arc::new(Store::open(config).unwrap());
        let kinds = [
            Durability::Durable,
            Durability::Written,
            Durability::Buffered,
        ];
        let writers = (0..).zip(kinds).map(|(writer, durability)| {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                for n in 0..2 {
                    let receipts = store.commit(pair(writer, n, durability)).unwrap();
                    let last = receipts.last().unwrap().sequence;
                    if durability > Durability::Buffered {
                        assert!(store.position() >= last);
                    }
                    if durability == Durability::Durable {
                        assert!(store.durable_position() >= last);
                    }
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        let reader = {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                let mut seen = 0;
                for _ in 0..3 {
                    let now = assert_prefix(&store);
                    assert!(now >= seen);
                    seen = now;
                }
            })
        };
        for thread in writers.into_iter().chain([reader]) {
            thread.join().unwrap();
        }
        store.flush().unwrap();
        assert_eq!(assert_prefix(&store), 12);
        assert_eq!(store.durable_position(), 12);
        assert!(store.shared.segments.newest() > 1);
        drop(store);
        assert_eq!(assert_prefix(&disk.open()), 12);
    });
}

#[test]
fn a_condition_holds_for_events_that_go_from_memory_into_a_part_meanwhile() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let store = disk.open();
        store.append(&stream(0), KIND, &0).unwrap();
        let committer = store.committer().unwrap();
        committer.freeze();
        // So that nothing has to be read of the stream that is written to.
        store.append(&stream(1), KIND, &0).unwrap();
        committer.alarm();
        for _ in 0..20 {
            let batch = Batch::from(NewEvent::new(&stream(1), KIND, &0));
            let came = store.commit(batch.fail_if_after(Region::stream(&stream(0)), 0));
            assert!(matches!(came, Err(StoreError::Conflict(_))), "{came:?}");
        }
    });
}

#[test]
fn of_two_appends_that_expect_the_same_revision_one_succeeds() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let store = Arc::new(disk.open());
        let won = Arc::new(AtomicUsize::new(0));
        let threads = (0..3).map(|n| {
            let (store, won) = (Arc::clone(&store), Arc::clone(&won));
            thread::spawn(move || {
                let stream = stream(0);
                let batch = Batch::new()
                    .event(NewEvent::new(&stream, KIND, &n))
                    .expect(&stream, Expect::Empty);
                match store.commit(batch) {
                    Ok(_) => {
                        won.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(StoreError::Conflict(_)) => {
                        // The answer rests on an event that is stored.
                        assert_eq!(store.revision(&stream).unwrap(), 1);
                    }
                    Err(other) => panic!("{other}"),
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(won.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn everyone_who_waits_hears_of_a_failed_sync_and_what_was_acknowledged_is_there() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let store = Arc::new(disk.open());
        let syncs = AtomicUsize::new(0);
        disk.rule(move |ask, path: &Path| {
            let fails =
                ask == Ask::Sync && path.parent().is_some_and(|dir| dir.ends_with("segments"));
            match fails && syncs.fetch_add(1, Ordering::SeqCst) == 1 {
                true => Err(io::Error::other("as demanded")),
                false => Ok(()),
            }
        });
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let failed = Arc::new(AtomicBool::new(false));
        let threads = (0..3).map(|writer| {
            let store = Arc::clone(&store);
            let (acknowledged, failed) = (Arc::clone(&acknowledged), Arc::clone(&failed));
            thread::spawn(move || {
                for n in 0..2 {
                    match store.commit(pair(writer, n, Durability::Durable)) {
                        Ok(receipts) => {
                            let last = receipts.last().unwrap().sequence as usize;
                            acknowledged.fetch_max(last, Ordering::SeqCst);
                        }
                        Err(_) => {
                            failed.store(true, Ordering::SeqCst);
                            return;
                        }
                    }
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        // Each has to wait for two syncs, of which one fails.
        assert!(failed.load(Ordering::SeqCst));
        assert!(matches!(store.flush(), Err(StoreError::Poisoned(_))));
        assert!(assert_prefix(&store) >= acknowledged.load(Ordering::SeqCst) as u64);
        drop(store);
        disk.rule(|_, _| Ok(()));
        assert!(assert_prefix(&disk.open()) >= acknowledged.load(Ordering::SeqCst) as u64);
    });
}

#[test]
fn tickets_are_answered_whoever_waits_for_them_and_whenever_the_store_is_flushed() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let store = Arc::new(disk.open());
        let submitter = {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                let tickets: Vec<_> = (0..3)
                    .map(|n| store.submit(pair(0, n, Durability::Durable)).unwrap())
                    .collect();
                tickets
            })
        };
        let other = {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                store.commit(pair(1, 0, Durability::Durable)).unwrap();
                store.flush().unwrap();
            })
        };
        for ticket in submitter.join().unwrap().into_iter().rev() {
            let receipts = ticket.wait().unwrap();
            assert!(store.durable_position() >= receipts.last().unwrap().sequence);
        }
        other.join().unwrap();
        assert_eq!(assert_prefix(&store), 8);
    });
}

#[test]
fn a_reactor_is_woken_by_what_it_waits_for_and_ends_with_its_store() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let store = disk.open();
        let answering = reactor("answering", |event: &StoredEvent| {
            let payload: (u64, String) = event.payload()?;
            Ok::<_, StoreError>(NewEvent::new(&stream(1), KIND, &payload))
        });
        let numbers = Region::stream(&stream(0));
        let reacting = store.react(numbers, answering).unwrap();
        let waiter = thread::spawn(move || {
            reacting.wait_for(2).unwrap();
            reacting
        });
        store.commit(pair(0, 0, Durability::Durable)).unwrap();
        let reacting = waiter.join().unwrap();
        assert_eq!(store.stream(&stream(1)).count(), 2);
        store.commit(pair(0, 1, Durability::Written)).unwrap();
        drop(store);
        let position = reacting.position();
        reacting.stop().unwrap();
        let store = disk.open();
        let answers = store.stream(&stream(1)).count();
        assert!((2..=4).contains(&answers), "{answers}");
        let asked = store.query(&Region::stream(&stream(0)).positions(..=position));
        assert_eq!(asked.count(), answers);
    });
}

#[test]
fn a_consumer_hands_out_each_event_once_and_in_order_by_key_and_ends_with_its_store() {
    in_many_orders(|| {
        let disk = RuledDisk::new();
        let store = disk.open();
        let handled = Arc::new(Mutex::new(Vec::new()));
        let consume = |store: &Store| {
            let handled = Arc::clone(&handled);
            let consumer = store
                .consumer("reading", Region::all().kinds([KIND]))
                .every(3);
            let key = |event: &StoredEvent| event.coordinate.clone();
            consumer.run_partitioned(2, key, move |event| {
                handled.lock().unwrap().push(event.header.sequence);
                Ok::<_, StoreError>(())
            })
        };
        let consuming = consume(&store).unwrap();
        let waiter = thread::spawn(move || {
            consuming.wait_for(4).unwrap();
            consuming
        });
        store.commit(pair(0, 0, Durability::Durable)).unwrap();
        store.commit(pair(1, 0, Durability::Durable)).unwrap();
        let consuming = waiter.join().unwrap();
        store.commit(pair(0, 1, Durability::Written)).unwrap();
        drop(store);
        assert_eq!(consuming.stored_position(), consuming.position());
        consuming.stop().unwrap();
        let store = disk.open();
        let consuming = consume(&store).unwrap();
        consuming.catch_up().unwrap();
        let handled = handled.lock().unwrap();
        for key in [&[1, 2, 5, 6][..], &[3, 4]] {
            let of_key = handled.iter().filter(|position| key.contains(position));
            assert_eq!(of_key.copied().collect::<Vec<u64>>(), key);
        }
    });
}
