//! Subscriptions through a channel.

use super::*;
use crate::support::soon;

#[test]
fn a_channel_gives_the_same_events_and_holds_no_more_than_it_may() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 0..50);
    let receiver = store.subscribe(Region::all()).into_receiver(3).unwrap();
    soon("the channel fills", || receiver.len() == 3);
    append(&store, 50..100);
    let received = receiver.iter().take(100);
    let received: Vec<u64> = received
        .map(|event| event.unwrap().header.sequence)
        .collect();
    assert_eq!(received, (1..=100).collect::<Vec<u64>>());
    assert_eq!(receiver.capacity(), Some(3));
    drop(store);
    assert!(receiver.recv().is_err());
}

#[test]
fn a_channel_ends_with_the_first_error() {
    let dir = Dir::new();
    let store = dir.open();
    for n in 0..40 {
        append(&store, n..n + 1);
    }
    let path = dir.segments()[0].clone();
    let mut bytes = std::fs::read(&path).unwrap();
    let (at, _) = crate::support::bodies(&bytes)[2];
    bytes[at + 5] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let receiver = store.subscribe(Region::all()).into_receiver(100).unwrap();
    let received: Vec<_> = receiver.iter().collect();
    assert_eq!(received.len(), 3);
    assert!(matches!(
        received[2],
        Err(StoreError::Corrupt { position: 3, .. })
    ));
}
