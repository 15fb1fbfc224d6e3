#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::coordinate::Coordinate;
use crate::event::{EventKind, Region};
use crate::store::commit::Work;
use crate::store::shared::Shared;
use crate::store::{Store, StoreError};
use crate::testing::MemoryDisk;

fn append(store: &Store, count: u64) {
    let stream = Coordinate::new("a", "s").unwrap();
    for n in 0..count {
        store
            .append(&stream, EventKind::custom(0xF, 1), &n)
            .unwrap();
    }
}

/// Nobody has it any more, or will not soon.
fn is_let_go(shared: &Weak<Shared>) -> bool {
    let start = Instant::now();
    while shared.strong_count() > 0 && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    shared.strong_count() == 0
}

#[test]
fn nothing_is_left_of_a_store_once_it_and_its_subscriptions_are_dropped() {
    let store = MemoryDisk::new().open().unwrap();
    append(&store, 5);
    let shared = Arc::downgrade(&store.shared);
    let mut events = store.subscribe(Region::all());
    let receiver = store.subscribe(Region::all()).into_receiver(2).unwrap();
    events.recv().unwrap();
    drop(store);
    assert!(shared.upgrade().is_some());
    drop(events);
    drop(receiver);
    assert!(is_let_go(&shared));
}

#[test]
fn a_channel_that_nobody_has_any_more_ends_its_thread_though_nothing_comes() {
    let store = MemoryDisk::new().open().unwrap();
    let receiver = store.subscribe(Region::all()).into_receiver(2).unwrap();
    let before = Arc::strong_count(&store.shared);
    drop(receiver);
    let start = Instant::now();
    while Arc::strong_count(&store.shared) == before {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_kept_for_those_who_follow_is_bounded_and_goes_with_the_last_of_them() {
    let store = MemoryDisk::new().open().unwrap();
    let mut events = store.subscribe(Region::all());
    let stream = Coordinate::new("a", "s").unwrap();
    let large = vec![7_u8; 200 << 10];
    for n in 0..100 {
        let receipt = store.append(&stream, EventKind::custom(0xF, 1), &large);
        assert_eq!(receipt.unwrap().sequence, n + 1);
        assert_eq!(events.recv().unwrap().header.sequence, n + 1);
    }
    let kept = store.shared.recent.kept();
    assert!(kept > 0 && kept <= (8 << 20) + (1 << 20), "{kept}");
    drop(events);
    assert_eq!(store.shared.recent.kept(), 0);
}

#[test]
fn a_store_that_can_write_no_more_tells_who_follows_it_behind_what_there_is() {
    let disk = MemoryDisk::new();
    let store = disk.open().unwrap();
    append(&store, 3);
    let mut events = store.subscribe(Region::all());
    events.recv().unwrap();
    let mut idle = store.subscribe(Region::all()).from_now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| idle.recv());
        drop(store.committer().unwrap().begin(Work::Writing));
        assert!(matches!(
            waiting.join().unwrap(),
            Err(StoreError::Poisoned(_))
        ));
    });
    assert_eq!(events.recv().unwrap().header.sequence, 2);
    assert_eq!(events.recv().unwrap().header.sequence, 3);
    assert!(matches!(events.recv(), Err(StoreError::Poisoned(_))));
    assert!(matches!(events.try_recv(), Err(StoreError::Poisoned(_))));
}
