//! Batches that are submitted and waited for later, or never.

use super::*;
use crate::support::KIND;

fn one(stream: &Coordinate, n: u64) -> Batch {
    Batch::new().event(number(stream, n))
}

#[test]
fn one_thread_keeps_many_durable_batches_in_flight_and_they_are_stored_in_their_order() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    let submit = |n| store.submit(one(&stream, n)).unwrap();
    let tickets: Vec<Ticket> = (1..=2_000).map(submit).collect();
    // In whatever order one waits.
    for (at, ticket) in tickets.into_iter().enumerate().rev() {
        let n = at as u64 + 1;
        let receipt = ticket.wait().unwrap().remove(0);
        assert_eq!((receipt.sequence, receipt.revision), (n, n));
        assert_eq!(receipt.durability, Durability::Durable);
        assert!(store.durable_position() >= n);
    }
    let payloads = store
        .stream(&stream)
        .map(|event| event.unwrap().payload::<u64>().unwrap());
    assert!(payloads.eq(1..=2_000));
}

#[test]
fn a_batch_is_stored_though_its_ticket_is_dropped_and_nobody_waits() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    for n in 1..=50 {
        drop(store.submit(one(&stream, n)).unwrap());
        soon("the batch", || store.position() == n);
        soon("its sync", || store.durable_position() == n);
    }
    (51..=99).for_each(|n| drop(store.submit(one(&stream, n)).unwrap()));
    drop(store);
    assert_eq!(dir.open().position(), 99);
}

#[test]
fn a_ticket_says_by_itself_when_its_batch_is_stored_also_after_its_store_is_dropped() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    let ticket = store.submit(one(&stream, 1)).unwrap();
    soon("the batch", || ticket.is_done());
    assert_eq!(store.position(), 1);
    let late = store.submit(one(&stream, 2)).unwrap();
    drop(store);
    assert!(late.is_done());
    assert_eq!(late.wait().unwrap()[0].sequence, 2);
    assert_eq!(ticket.wait().unwrap()[0].sequence, 1);
    assert_eq!(dir.open().position(), 2);
}

#[test]
fn what_is_no_batch_to_store_is_told_when_it_is_submitted() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    assert!(matches!(
        store.submit(Batch::new()),
        Err(StoreError::EmptyBatch)
    ));
    let unmet = one(&stream, 1).expect(&stream, Expect::Exists);
    assert!(matches!(
        store.submit(unmet),
        Err(StoreError::Conflict(conflict)) if conflict.event.is_none()
    ));
    let unknown = number(&stream, 1).cause(EventId::from_u128(7));
    let error = store.submit(Batch::new().event(unknown)).unwrap_err();
    assert!(matches!(error, StoreError::UnknownCause(_)));
    assert_eq!(
        store.submit(one(&stream, 1)).unwrap().wait().unwrap()[0].sequence,
        1
    );
}

#[test]
fn with_room_for_little_in_flight_everybody_gets_through() {
    for room in [0, 1, 300, 3_000] {
        let dir = Dir::new();
        let store = Store::open(dir.config().max_queued_bytes(room)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let store = &store;
                scope.spawn(move || {
                    let stream = coordinate(&format!("t:{thread}"), "s");
                    let mut tickets = Vec::new();
                    for n in 0..60 {
                        match (thread + n) % 3 {
                            0 => tickets.push(store.submit(one(&stream, n)).unwrap()),
                            1 => drop(store.commit(one(&stream, n)).unwrap()),
                            _ => {
                                let batch = one(&stream, n).durability(Durability::Buffered);
                                drop(store.commit(batch).unwrap());
                            }
                        }
                    }
                    for ticket in tickets {
                        ticket.wait().unwrap();
                    }
                });
            }
        });
        store.flush().unwrap();
        assert_eq!(store.verify().unwrap().events, THREADS * 60);
    }
}

#[test]
fn a_batch_that_is_larger_than_all_that_may_be_in_flight_is_stored() {
    let dir = Dir::new();
    let store = Store::open(dir.config().max_queued_bytes(1_000)).unwrap();
    let stream = coordinate("a", "s");
    let large = || Batch::new().event(NewEvent::new(&stream, KIND, &"x".repeat(100_000)));
    let ticket = store.submit(large()).unwrap();
    store
        .commit(large().durability(Durability::Buffered))
        .unwrap();
    store.commit(large()).unwrap();
    assert_eq!(ticket.wait().unwrap()[0].sequence, 1);
    assert_eq!(store.verify().unwrap().events, 3);
}
