//! What becomes of events that cannot be handled: tried again, parked, replayed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use batpak::{ConsumerFailure, Parked};

use super::*;

/// A handler that takes in what it can: not the numbers of this list.
fn picky(
    seen: &Seen,
    refused: &Arc<Mutex<Vec<u64>>>,
) -> impl FnMut(&StoredEvent) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + use<>
{
    let (seen, refused) = (seen.clone(), Arc::clone(refused));
    move |event| {
        let n: u64 = event.payload()?;
        if refused.lock().unwrap().contains(&n) {
            return Err(format!("no {n}").into());
        }
        Ok(seen.take_in(event)?)
    }
}

fn list(of: &[u64]) -> Arc<Mutex<Vec<u64>>> {
    Arc::new(Mutex::new(of.to_vec()))
}

fn positions(parked: &[Parked]) -> Vec<u64> {
    parked.iter().map(|parked| parked.position).collect()
}

#[test]
fn an_event_that_fails_is_tried_again_after_a_wait_and_others_wait_for_it() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1, 2]);
    let seen = Seen::default();
    let tries = Arc::new(AtomicU64::new(0));
    let (count, take) = (Arc::clone(&tries), seen.clone());
    let backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
    let start = Instant::now();
    let consuming = numbers(&store, "mailer")
        .retry(backoff, 4)
        .run(move |event| match count.fetch_add(1, Ordering::SeqCst) {
            0..3 => Err(Box::<dyn std::error::Error + Send + Sync>::from("not yet")),
            _ => Ok(take.take_in(event)?),
        });
    let consuming = consuming.unwrap();
    consuming.catch_up().unwrap();
    assert_eq!((seen.all(), tries.load(Ordering::SeqCst)), (vec![1, 2], 5));
    assert!(start.elapsed() >= Duration::from_millis(20 + 40 + 80));
    let error = consuming.last_error().unwrap();
    assert_eq!((&*error.consumer, error.position), ("mailer", 1));
    assert!(
        matches!(&error.failure, ConsumerFailure::Handler(_)),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "consumer `mailer` at position 1: not yet"
    );
    assert!(consuming.error().is_none() && consuming.parked().is_empty());
}

#[test]
fn what_fails_again_and_again_is_parked_listed_and_replayed_also_by_later_runs() {
    let dir = Dir::new();
    let (seen, refused) = (Seen::default(), list(&[2, 4]));
    let store = dir.open();
    append(&store, 1..=5);
    let run = |store: &Store| {
        let consumer = numbers(store, "mailer").retry(AT_ONCE, 3);
        consumer.run(picky(&seen, &refused)).unwrap()
    };
    let consuming = run(&store);
    consuming.catch_up().unwrap();
    assert_eq!(seen.all(), [1, 3, 5]);
    let parked = consuming.parked();
    assert_eq!(positions(&parked), [2, 4]);
    assert_eq!((parked[0].attempts, &*parked[0].error), (3, "no 2"));
    assert!(parked[0].time_us > store.get_at(2).unwrap().unwrap().header.time_us);
    consuming.stop().unwrap();
    assert_eq!(store.parked("mailer").unwrap(), parked);
    drop(store);

    let store = dir.open();
    let consuming = run(&store);
    assert_eq!(consuming.parked(), parked);
    *refused.lock().unwrap() = vec![4];
    let still = consuming.replay(..).unwrap();
    assert_eq!(positions(&still), [4]);
    assert_eq!(still[0].attempts, 4, "it was tried once more");
    assert!(still[0].time_us > parked[1].time_us);
    assert_eq!(consuming.parked(), still);
    assert_eq!(store.parked("mailer").unwrap(), still, "that is stored");
    assert_eq!(
        consuming.replay(..=3).unwrap(),
        [],
        "nothing is parked there"
    );
    drop((consuming, store));

    let store = dir.open();
    *refused.lock().unwrap() = vec![];
    let consuming = run(&store);
    assert_eq!(consuming.replay(4..=4).unwrap(), []);
    assert_eq!(store.parked("mailer").unwrap(), []);
    assert_eq!(seen.all(), [1, 3, 5, 2, 4]);
}

#[test]
fn a_panic_is_a_failure_of_the_event_and_the_consumer_goes_on() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    let seen = Seen::default();
    let take = seen.clone();
    let consuming = numbers(&store, "mailer")
        .retry(AT_ONCE, 2)
        .run(move |event| {
            if event.header.sequence == 2 {
                panic!("no {}", 2);
            }
            take.take_in(event)
        });
    let consuming = consuming.unwrap();
    consuming.catch_up().unwrap();
    assert_eq!(seen.all(), [1, 3]);
    let parked = consuming.parked();
    assert_eq!(
        (parked[0].attempts, &*parked[0].error),
        (2, "it panicked: no 2")
    );
    let failure = consuming.last_error().unwrap().failure;
    assert!(matches!(failure, ConsumerFailure::Panicked(said) if &*said == "no 2"));
}

#[test]
fn without_parking_the_first_event_that_fails_ends_the_consumer_and_is_what_the_next_run_begins_with()
 {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    let (seen, refused) = (Seen::default(), list(&[2]));
    let run = || {
        let consumer = numbers(&store, "mailer").retry(AT_ONCE, 2).park_at_most(0);
        consumer.run(picky(&seen, &refused)).unwrap()
    };
    let consuming = run();
    let error = consuming.wait_for(2).unwrap_err();
    assert_eq!(error.position, 2);
    assert!(matches!(&error.failure, ConsumerFailure::Handler(said) if said.to_string() == "no 2"));
    assert_eq!(consuming.error().unwrap().to_string(), error.to_string());
    assert_eq!((consuming.position(), consuming.stored_position()), (1, 1));
    assert!(consuming.replay(..).is_err());
    assert!(consuming.stop().is_err());
    refused.lock().unwrap().clear();
    let consuming = run();
    consuming.catch_up().unwrap();
    assert_eq!(seen.all(), [1, 2, 3]);
}

#[test]
fn one_more_than_may_be_parked_ends_the_consumer_until_something_was_replayed() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=5);
    let (seen, refused) = (Seen::default(), list(&[1, 3, 4]));
    let consumer = numbers(&store, "mailer").retry(AT_ONCE, 1).park_at_most(2);
    let consuming = consumer.run(picky(&seen, &refused)).unwrap();
    let error = consuming.wait_for(5).unwrap_err();
    assert_eq!(error.position, 4);
    assert!(
        matches!(&error.failure, ConsumerFailure::TooManyParked { limit: 2, failed } if &**failed == "no 4"),
        "{error}"
    );
    drop(consuming);
    assert_eq!(positions(&store.parked("mailer").unwrap()), [1, 3]);
    refused.lock().unwrap().retain(|n| *n == 4);
    let consumer = numbers(&store, "mailer").retry(AT_ONCE, 1).park_at_most(3);
    let consuming = consumer.run(picky(&seen, &refused)).unwrap();
    consuming.catch_up().unwrap();
    assert_eq!(positions(&consuming.replay(..).unwrap()), [4]);
    consuming.stop().unwrap();
    assert_eq!(positions(&store.parked("mailer").unwrap()), [4]);
    assert_eq!(seen.all(), [2, 5, 1, 3]);
}

#[test]
fn with_order_kept_what_comes_behind_a_parked_event_of_its_stream_is_parked_behind_it() {
    let dir = Dir::new();
    let (seen, refused) = (Seen::default(), list(&[10]));
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    let store = dir.open();
    let put = |store: &Store, stream: &Coordinate, n| {
        store.append_event(number(stream, n)).unwrap();
    };
    for (stream, n) in [(&a, 10), (&b, 20), (&a, 11), (&b, 21)] {
        put(&store, stream, n);
    }
    let run = |store: &Store| {
        let consumer = numbers(store, "mailer").retry(AT_ONCE, 2).keep_order();
        consumer.run(picky(&seen, &refused)).unwrap()
    };
    let consuming = run(&store);
    consuming.catch_up().unwrap();
    assert_eq!(seen.all(), [20, 21]);
    let parked = consuming.parked();
    assert_eq!(positions(&parked), [1, 3]);
    assert_eq!(
        (parked[1].attempts, &*parked[1].error),
        (0, "the event at position 1 is parked")
    );
    // The second of the stream alone cannot be replayed, nor is it in a later run.
    assert_eq!(positions(&consuming.replay(2..).unwrap()), [3]);
    drop((consuming, store));
    let store = dir.open();
    put(&store, &a, 12);
    let consuming = run(&store);
    consuming.catch_up().unwrap();
    assert_eq!(positions(&consuming.parked()), [1, 3, 5]);
    assert_eq!(positions(&consuming.replay(..).unwrap()), [1, 3, 5]);
    refused.lock().unwrap().clear();
    assert_eq!(consuming.replay(..).unwrap(), []);
    put(&store, &a, 13);
    consuming.catch_up().unwrap();
    assert_eq!(seen.all(), [20, 21, 10, 11, 12, 13]);
}

#[test]
fn what_an_error_says_at_length_is_kept_in_part() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1]);
    let consumer = numbers(&store, "mailer").retry(AT_ONCE, 1);
    let consuming = consumer.run(|_| Err("ä".repeat(5_000))).unwrap();
    consuming.catch_up().unwrap();
    consuming.stop().unwrap();
    let parked = store.parked("mailer").unwrap();
    assert_eq!(parked[0].error, "ä".repeat(512));
}
