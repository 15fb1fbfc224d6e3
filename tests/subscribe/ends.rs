//! How subscriptions end.

use super::*;

#[test]
fn a_dropped_store_ends_its_subscriptions_behind_what_was_published_and_wakes_who_waits() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..5);
    let mut idle = store.subscribe(Region::all());
    let mut nothing = store.subscribe(Region::all().entity("nobody"));
    let waiting = {
        let mut events = store.subscribe(Region::all()).after(5);
        std::thread::spawn(move || events.recv())
    };
    let all = {
        let events = store.subscribe(Region::all());
        std::thread::spawn(move || events.map(Result::unwrap).count())
    };
    std::thread::sleep(Duration::from_millis(20));
    drop(store);
    assert_eq!(all.join().unwrap(), 5);
    assert!(matches!(waiting.join().unwrap(), Err(StoreError::Closed)));
    assert_eq!(positions(&mut idle, 5), [1, 2, 3, 4, 5]);
    for _ in 0..2 {
        assert!(matches!(idle.try_recv(), Err(StoreError::Closed)));
        assert!(matches!(nothing.recv(), Err(StoreError::Closed)));
        assert!(matches!(idle.recv_timeout(LONG), Err(StoreError::Closed)));
    }
}

#[test]
fn a_subscription_does_not_keep_its_store_open() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..5);
    let mut events = store.subscribe(Region::all());
    let receiver = store.subscribe(Region::all()).into_receiver(1).unwrap();
    assert_eq!(positions(&mut events, 2), [1, 2]);
    drop(store);
    let store = dir.open();
    append(&store, 5..6);
    // It goes on with what there was when its own store was dropped.
    assert_eq!(positions(&mut events, 3), [3, 4, 5]);
    assert!(matches!(events.recv(), Err(StoreError::Closed)));
    assert_eq!(receiver.iter().count(), 5);
    let mut events = store.subscribe(Region::all()).after(events.position());
    assert_eq!(positions(&mut events, 1), [6]);
}

#[test]
fn what_a_buffered_store_writes_when_it_is_dropped_is_still_given() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Buffered)).unwrap();
    let mut events = store.subscribe(Region::all()).published();
    append(&store, 0..5);
    drop(store);
    assert_eq!(positions(&mut events, 5), [1, 2, 3, 4, 5]);
    assert!(matches!(events.recv(), Err(StoreError::Closed)));
}

#[test]
fn a_store_whose_consumer_waits_for_a_subscription_can_be_dropped_and_closed() {
    for is_closed in [true, false] {
        let dir = Dir::new();
        let store = dir.open();
        append(&store, 0..1);
        let mut nothing = store.subscribe(Region::all().entity("nobody"));
        let (tell, told) = std::sync::mpsc::channel();
        let consumer = store.consumer("waiting", Region::all());
        let consuming = consumer.run(move |_| {
            tell.send(()).unwrap();
            match nothing.recv() {
                Err(StoreError::Closed) => Ok::<_, StoreError>(()),
                other => panic!("{other:?}"),
            }
        });
        let consuming = consuming.unwrap();
        told.recv_timeout(LONG).unwrap();
        match is_closed {
            true => store.close().unwrap(),
            false => drop(store),
        }
        assert_eq!(consuming.position(), 1);
        assert!(consuming.error().is_none());
    }
}
