//! Subscriptions: what has happened, and then what happens.

mod channel;
mod ends;
mod live;

use std::time::Duration;

use batpak::prelude::*;

use crate::support::{Dir, coordinate, number};

/// Long enough for whatever is to happen.
const LONG: Duration = Duration::from_secs(20);

fn append(store: &Store, numbers: std::ops::Range<u64>) {
    let stream = coordinate("a", "s");
    let batch: Batch = numbers.map(|n| number(&stream, n)).collect();
    store.commit(batch).unwrap();
}

/// The positions of the next events, as many as that.
fn positions(events: &mut Subscription, count: usize) -> Vec<u64> {
    let next = std::iter::from_fn(|| events.recv_timeout(LONG).unwrap());
    let next = next.map(|event| event.header.sequence);
    next.take(count).collect()
}

#[test]
fn a_subscription_begins_at_the_beginning_behind_a_position_or_now() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..5);
    let mut all = store.subscribe(Region::all());
    let mut after = store.subscribe(Region::all()).after(3);
    let mut now = store.subscribe(Region::all()).from_now();
    let mut ahead = store.subscribe(Region::all()).after(6);
    append(&store, 5..7);
    assert_eq!(positions(&mut all, 7), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(positions(&mut after, 4), [4, 5, 6, 7]);
    assert_eq!(positions(&mut now, 2), [6, 7]);
    assert_eq!(positions(&mut ahead, 1), [7]);
    for mut events in [all, after, now, ahead] {
        assert!(events.try_recv().unwrap().is_none());
        assert_eq!((events.position(), events.lag()), (7, 0));
    }
}

#[test]
fn what_is_received_is_what_a_query_gives() {
    let dir = Dir::new();
    let store = dir.open();
    for n in 0..200_u64 {
        let stream = coordinate(&format!("e:{}", n % 7), "s");
        let event = number(&stream, n).tag(Tag::new("n", n % 5).unwrap());
        store.append_event(event.metadata("why", "a test")).unwrap();
    }
    let three = Tag::new("n", 3).unwrap();
    for region in [
        Region::all(),
        Region::all().entity("e:3"),
        Region::all().tag(three.clone()),
        Region::all()
            .tag(three)
            .entity_prefix("e:")
            .positions(20..=150),
        Region::all().entity("nobody"),
    ] {
        let queried: Vec<StoredEvent> = store.query(&region).map(Result::unwrap).collect();
        for after in [0, 50, 200] {
            let mut events = store.subscribe(region.clone()).after(after);
            let received = std::iter::from_fn(|| events.try_recv().unwrap());
            let received: Vec<String> = received.map(|event| format!("{event:?}")).collect();
            let wanted = queried.iter().filter(|event| event.header.sequence > after);
            let wanted: Vec<String> = wanted.map(|event| format!("{event:?}")).collect();
            assert_eq!(received, wanted, "{region} after {after}");
            assert_eq!(events.position(), 200);
        }
    }
}

#[test]
fn a_batch_has_what_there_is_and_waits_for_one() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..10);
    let mut events = store.subscribe(Region::all());
    assert!(events.recv_batch(0).unwrap().is_empty());
    let sizes = [4, 4, 4].map(|max| events.recv_batch(max).unwrap().len());
    assert_eq!(sizes, [4, 4, 2]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| events.recv_batch(4).unwrap());
        append(&store, 10..13);
        assert_eq!(waiting.join().unwrap().len(), 3);
    });
}

#[test]
fn nothing_is_waited_for_longer_than_asked() {
    let dir = Dir::new();
    let store = dir.open();
    let mut events = store.subscribe(Region::all());
    assert!(events.try_recv().unwrap().is_none());
    for patience in [0, 1, 30] {
        let patience = Duration::from_millis(patience);
        let start = std::time::Instant::now();
        assert!(events.recv_timeout(patience).unwrap().is_none());
        assert!(start.elapsed() >= patience);
    }
    // What is not of the region does not end the time, nor is it given.
    let mut others = store.subscribe(Region::all().entity("b"));
    append(&store, 0..1);
    assert!(
        others
            .recv_timeout(Duration::from_millis(20))
            .unwrap()
            .is_none()
    );
    assert_eq!(others.position(), 1);
}

#[test]
fn what_is_not_durable_is_given_to_those_who_ask_for_what_is_published() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    append(&store, 0..3);
    let mut durable = store.subscribe(Region::all());
    let mut published = store.subscribe(Region::all()).published();
    assert!(durable.try_recv().unwrap().is_none());
    assert_eq!(durable.lag(), 0);
    assert_eq!(published.lag(), 3);
    assert_eq!(positions(&mut published, 3), [1, 2, 3]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| positions(&mut durable, 3));
        store.flush().unwrap();
        assert_eq!(waiting.join().unwrap(), [1, 2, 3]);
    });
}

#[test]
fn a_store_that_is_open_for_reading_follows_its_writer() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..3);
    let reader = Store::open_read_only(dir.config()).unwrap();
    let mut events = reader.subscribe(Region::all());
    assert_eq!(positions(&mut events, 3), [1, 2, 3]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| positions(&mut events, 200));
        for n in 0..200 {
            append(&store, n..n + 1);
        }
        assert_eq!(waiting.join().unwrap(), (4..=203).collect::<Vec<u64>>());
    });
    store.close().unwrap();
    assert_eq!(events.lag(), 0);
    drop(reader);
    assert!(matches!(events.recv(), Err(StoreError::Closed)));
}

#[test]
fn an_event_that_cannot_be_read_is_told_with_its_place_and_not_passed_over() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Durable)).unwrap();
    for n in 0..40 {
        append(&store, n..n + 1);
    }
    let path = dir.segments()[0].clone();
    let mut bytes = std::fs::read(&path).unwrap();
    let (at, len) = crate::support::bodies(&bytes)[2];
    bytes[at + len - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut events = store.subscribe(Region::all());
    assert_eq!(positions(&mut events, 2), [1, 2]);
    for _ in 0..2 {
        match events.recv() {
            Err(StoreError::Corrupt { position, .. }) => assert_eq!(position, 3),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        events.recv_batch(3).unwrap_err().to_string(),
        events.recv().unwrap_err().to_string()
    );
    let mut later = events.after(3);
    assert_eq!(positions(&mut later, 37).len(), 37);
    let mut iterated = store.subscribe(Region::all());
    assert!(iterated.by_ref().take(2).all(|event| event.is_ok()));
    assert!(iterated.next().unwrap().is_err());
    assert!(iterated.next().is_none());
}
