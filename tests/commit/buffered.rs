//! Events that nobody waits for.

use std::fs;

use super::*;

fn buffered(stream: &Coordinate, n: u64) -> Batch {
    Batch::new()
        .event(number(stream, n))
        .durability(Durability::Buffered)
}

/// How many events a store would have after a crash at this moment.
fn after_a_crash(dir: &Dir) -> u64 {
    let image = Dir::new();
    for path in dir.segments() {
        let segments = image.path().join("segments");
        fs::create_dir_all(&segments).unwrap();
        fs::copy(&path, segments.join(path.file_name().unwrap())).unwrap();
    }
    image.open().position()
}

#[test]
fn a_buffered_event_is_answered_for_at_once_and_seen_soon_without_another_call() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    for n in 1..=20 {
        let receipt = store.commit(buffered(&stream, n)).unwrap().remove(0);
        assert_eq!((receipt.sequence, receipt.revision), (n, n));
        assert_eq!(receipt.durability, Durability::Buffered);
        soon("the event", || {
            store.get(receipt.event_id).unwrap().is_some()
        });
        assert_eq!(store.revision(&stream).unwrap(), n);
        assert_eq!(after_a_crash(&dir), n);
    }
}

#[test]
fn a_flush_makes_what_was_buffered_durable() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    for n in 1..=20 {
        store.commit(buffered(&stream, n)).unwrap();
        store.flush().unwrap();
        assert_eq!((store.position(), store.durable_position()), (n, n));
        assert_eq!(after_a_crash(&dir), n);
    }
}

#[test]
fn closing_or_dropping_a_store_writes_what_is_buffered() {
    let dir = Dir::new();
    let stream = coordinate("a", "s");
    for n in 1..=20 {
        let store = dir.open();
        assert_eq!(store.position(), n - 1);
        store.commit(buffered(&stream, n)).unwrap();
        if n % 2 == 0 {
            store.close().unwrap();
        }
    }
    assert_eq!(dir.open().position(), 20);
}

#[test]
fn a_durable_commit_makes_durable_what_was_buffered_before_it_by_whatever_thread() {
    let dir = Dir::new();
    let store = dir.open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let stream = coordinate(&format!("buffered:{thread}"), "s");
                for n in 1..=300 {
                    let receipt = store.commit(buffered(&stream, n)).unwrap()[0];
                    assert_eq!(receipt.revision, n);
                    if n % 60 == 0 {
                        let durable = Batch::new().event(number(&coordinate("d", "s"), n));
                        let durable = store.commit(durable).unwrap()[0];
                        assert_eq!(durable.durability, Durability::Durable);
                        assert!(durable.sequence > receipt.sequence);
                        assert!(store.durable_position() >= durable.sequence);
                        assert!(store.get(receipt.event_id).unwrap().is_some());
                    }
                }
            });
        }
    });
    // The last of each thread is a durable one.
    assert_eq!(after_a_crash(&dir), 4 * 305);
    assert_eq!(store.verify().unwrap().events, 4 * 305);
}

#[test]
fn the_ticket_of_a_buffered_batch_waits_until_it_is_written() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    for n in 1..=20 {
        let ticket = store.submit(buffered(&stream, n)).unwrap();
        let receipt = ticket.wait().unwrap()[0];
        assert!(receipt.durability >= Durability::Written);
        assert_eq!(store.position(), n);
        assert_eq!(after_a_crash(&dir), n);
    }
}
