//! Events handled side by side: in order for each key, and nothing passed over.

use std::collections::BTreeMap;
use std::sync::Condvar;
use std::sync::atomic::{AtomicU64, Ordering};

use batpak::ConsumerFailure;
use batpak::testing::Random;

use super::*;
use crate::support::soon;

fn key(event: &StoredEvent) -> String {
    event.coordinate.entity().to_owned()
}

/// Appends numbers to so many streams at random.
fn scatter(store: &Store, random: &mut Random, streams: u64, count: u64) {
    let mut batch = Batch::new();
    for n in 0..count {
        let stream = coordinate(&format!("key:{}", random.below(streams)), "s");
        batch.extend([number(&stream, n)]);
    }
    store.commit(batch).unwrap();
}

/// What each key was handled for, by position.
type ByKey = Arc<Mutex<BTreeMap<String, Vec<u64>>>>;

fn note(by_key: &ByKey, event: &StoredEvent) {
    let mut by_key = by_key.lock().unwrap();
    by_key
        .entry(key(event))
        .or_default()
        .push(event.header.sequence);
}

/// A gate that handlers wait at. It opens when the test is over, whatever has come of that.
#[derive(Default)]
struct Barrier(Arc<(Mutex<bool>, Condvar)>);

impl Barrier {
    /// What a handler waits by.
    fn waiting(&self) -> impl Fn() + Send + Sync + use<> {
        let gate = Arc::clone(&self.0);
        move || {
            let (is_open, opened) = &*gate;
            let is_open = is_open.lock().unwrap();
            drop(opened.wait_while(is_open, |is_open| !*is_open).unwrap());
        }
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        self.open();
    }
}

#[test]
fn events_of_a_key_are_handled_in_order_and_those_of_different_keys_side_by_side() {
    let dir = Dir::new();
    let store = dir.open();
    let mut random = Random::new(1);
    scatter(&store, &mut random, 20, 1_500);
    let (by_key, most) = (ByKey::default(), Arc::new(AtomicU64::new(0)));
    let at_once = Arc::new(AtomicU64::new(0));
    let consuming = {
        let (by_key, most) = (Arc::clone(&by_key), Arc::clone(&most));
        numbers(&store, "fast")
            .every(50)
            .run_partitioned(4, key, move |event| {
                let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // A delay that depends on the event, so that the threads overtake each other.
                let delay = Random::new(event.header.sequence).below(300);
                std::thread::sleep(Duration::from_micros(delay));
                note(&by_key, event);
                at_once.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, StoreError>(())
            })
    };
    let consuming = consuming.unwrap();
    scatter(&store, &mut random, 20, 500);
    consuming.catch_up().unwrap();
    assert_eq!(consuming.position(), 2_000);
    consuming.stop().unwrap();
    let by_key = by_key.lock().unwrap();
    assert!(by_key.values().all(|positions| positions.is_sorted()));
    let mut all: Vec<u64> = by_key.values().flatten().copied().collect();
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter(1..=2_000));
    assert_eq!(most.load(Ordering::SeqCst), 4);
}

#[test]
fn the_position_waits_for_the_slowest_and_the_others_go_on_for_so_long_as_there_is_room() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [0]);
    scatter(&store, &mut Random::new(2), 10, 3_000);
    let (gate, count) = (Barrier::default(), Arc::new(AtomicU64::new(0)));
    let first = coordinate("a", "s");
    let consuming = {
        let (wait, count) = (gate.waiting(), Arc::clone(&count));
        // The first key has a thread to itself with the most of threads that can be had.
        let keys = |event: &StoredEvent| u64::from(event.coordinate.entity() == "a");
        let consumer = numbers(&store, "slow").every(1);
        consumer.run_partitioned(64, keys, move |event| {
            if event.coordinate == first {
                wait();
            }
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, StoreError>(())
        })
    };
    // Opened before the consumer is waited for.
    let (consuming, barrier) = (consuming.unwrap(), gate);
    let is_shared = || count.load(Ordering::SeqCst) == 0;
    std::thread::sleep(Duration::from_millis(100));
    if !is_shared() {
        soon("there is no more room", || {
            count.load(Ordering::SeqCst) == 1_023
        });
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(count.load(Ordering::SeqCst), 1_023, "and the reader waits");
    }
    assert_eq!((consuming.position(), consuming.stored_position()), (0, 0));
    barrier.open();
    consuming.catch_up().unwrap();
    assert_eq!(
        (consuming.position(), count.load(Ordering::SeqCst)),
        (3_001, 3_001)
    );
    consuming.stop().unwrap();
    assert_eq!(position_in(&bookmarks(&dir)[0]), 3_001);
}

#[test]
fn what_was_handled_ahead_of_the_slowest_is_not_handled_again_and_belongs_to_the_log_that_it_was_in()
 {
    let dir = Dir::new();
    let store = dir.open();
    let (older, newer) = (dir.outside().join("older"), dir.outside().join("newer"));
    append(&store, [0]);
    store.backup(&older).unwrap();
    let other = coordinate("b", "s");
    for n in 1..=40 {
        store.append_event(number(&other, n)).unwrap();
    }
    let (gate, count) = (Barrier::default(), Arc::new(AtomicU64::new(0)));
    let consuming = {
        let (wait, count) = (gate.waiting(), Arc::clone(&count));
        let consumer = numbers(&store, "mailer").every(1);
        consumer.run_partitioned(64, key, move |event| {
            if key(event) == "a" {
                wait();
            }
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, StoreError>(())
        })
    };
    let (consuming, barrier) = (consuming.unwrap(), gate);
    std::thread::sleep(Duration::from_millis(200));
    if count.load(Ordering::SeqCst) == 0 {
        // By chance both keys are on one thread.
        return;
    }
    let length = || std::fs::metadata(&bookmarks(&dir)[0]).map_or(0, |file| file.len());
    soon("all that was handled ahead is stored", || length() == 122);
    assert_eq!((consuming.position(), consuming.stored_position()), (0, 0));
    store.backup(&newer).unwrap();
    barrier.open();
    consuming.stop().unwrap();

    let copy = Store::open(StoreConfig::new(&newer)).unwrap();
    // Nor after a run that has not come so far.
    let failing = numbers(&copy, "mailer").retry(AT_ONCE, 1).park_at_most(0);
    failing.run(|_| Err("no")).unwrap().catch_up().unwrap_err();
    let again = handled(&copy, "mailer");
    assert_eq!(again, [0], "what was in hand");
    assert!(handled(&copy, "mailer").is_empty());
    drop(copy);
    std::fs::create_dir(older.join("consumers")).unwrap();
    let bookmark = bookmarks(&dir).remove(0);
    std::fs::copy(
        &bookmark,
        older.join("consumers").join(bookmark.file_name().unwrap()),
    )
    .unwrap();
    let copy = Store::open(StoreConfig::new(&older)).unwrap();
    let error = numbers(&copy, "mailer").run(|_| Ok::<_, StoreError>(()));
    let error = error.unwrap_err();
    assert!(
        matches!(error, StoreError::HistoryChanged { position: 41, .. }),
        "{error}"
    );
}

#[test]
fn what_fails_on_one_thread_is_parked_and_replayed_in_the_order_of_its_key() {
    let dir = Dir::new();
    let store = dir.open();
    scatter(&store, &mut Random::new(3), 6, 300);
    let (by_key, is_up) = (ByKey::default(), Arc::new(AtomicU64::new(0)));
    let consumer = numbers(&store, "mailer").retry(AT_ONCE, 2).keep_order();
    let consuming = {
        let (by_key, is_up) = (Arc::clone(&by_key), Arc::clone(&is_up));
        consumer.run_partitioned(3, key, move |event| {
            let n: u64 = event.payload()?;
            if n % 40 == 7 && is_up.load(Ordering::SeqCst) == 0 {
                return Err(StoreError::EmptyBatch);
            }
            note(&by_key, event);
            Ok(())
        })
    };
    let consuming = consuming.unwrap();
    consuming.catch_up().unwrap();
    let parked = consuming.parked();
    assert!(parked.len() > 8 && parked.iter().any(|parked| parked.attempts == 0));
    let failed = consuming.replay(..).unwrap();
    assert_eq!(failed.len(), parked.len());
    is_up.store(1, Ordering::SeqCst);
    assert_eq!(consuming.replay(..).unwrap(), []);
    consuming.stop().unwrap();
    let by_key = by_key.lock().unwrap();
    assert!(by_key.values().all(|positions| positions.is_sorted()));
    assert_eq!(by_key.values().map(Vec::len).sum::<usize>(), 300);
}

#[test]
fn a_replay_makes_a_key_free_though_events_come_to_it_all_the_while() {
    let dir = Dir::new();
    let store = dir.open();
    let other = coordinate("b", "s");
    for n in 0..=100 {
        append(&store, [n]);
        store.append_event(number(&other, n)).unwrap();
    }
    let (seen, is_up) = (Seen::default(), Arc::new(AtomicU64::new(0)));
    let consumer = numbers(&store, "mailer").retry(AT_ONCE, 1).keep_order();
    let consuming = {
        let (seen, is_up) = (seen.clone(), Arc::clone(&is_up));
        consumer.run_partitioned(1, key, move |event| {
            if key(event) == "b" {
                // Meanwhile others of the key wait for the thread.
                std::thread::sleep(Duration::from_millis(1));
                return Ok(());
            }
            match is_up.load(Ordering::SeqCst) {
                0 => Err(StoreError::EmptyBatch),
                _ => seen.take_in(event),
            }
        })
    };
    let consuming = consuming.unwrap();
    std::thread::scope(|scope| {
        let appending = scope.spawn(|| append(&store, 101..=300));
        consuming.wait_for(1).unwrap();
        is_up.store(1, Ordering::SeqCst);
        assert_eq!(consuming.replay(..).unwrap(), []);
        appending.join().unwrap();
    });
    consuming.catch_up().unwrap();
    assert_eq!(consuming.parked(), []);
    assert_eq!(seen.all(), Vec::from_iter(0..=300));
}

#[test]
fn what_a_slow_thread_has_handled_is_stored_though_nothing_more_comes() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1]);
    let consumer = numbers(&store, "slow").within(Duration::from_millis(20));
    let consuming = consumer.run_partitioned(1, key, |_| {
        std::thread::sleep(Duration::from_millis(60));
        Ok::<_, StoreError>(())
    });
    let consuming = consuming.unwrap();
    soon("it is stored", || consuming.stored_position() == 1);
}

#[test]
fn an_event_that_ends_the_consumer_stops_all_threads_and_nothing_before_it_is_passed_over() {
    let dir = Dir::new();
    let store = dir.open();
    scatter(&store, &mut Random::new(4), 10, 2_000);
    let handled = Arc::new(Mutex::new(Vec::new()));
    let consumer = numbers(&store, "strict").retry(AT_ONCE, 1).park_at_most(0);
    let consuming = {
        let handled = Arc::clone(&handled);
        consumer.run_partitioned(4, key, move |event| {
            let position = event.header.sequence;
            if position == 700 {
                return Err("no");
            }
            handled.lock().unwrap().push(position);
            Ok(())
        })
    };
    let consuming = consuming.unwrap();
    let error = consuming.catch_up().unwrap_err();
    assert_eq!(error.position, 700);
    assert!(
        matches!(error.failure, ConsumerFailure::Handler(_)),
        "{error}"
    );
    let stored = consuming.stored_position();
    assert!(stored < 700);
    drop(consuming);
    let handled = handled.lock().unwrap();
    assert!((1..=stored).all(|position| handled.contains(&position)));
    assert!(handled.len() < 700 + 1_024);
}

#[test]
fn a_key_that_cannot_be_found_ends_the_consumer_before_the_event_is_handled() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1..=3);
    let seen = Seen::default();
    let take = seen.clone();
    let key = |event: &StoredEvent| match event.header.sequence {
        3 => panic!("no key"),
        _ => 0,
    };
    let consumer = numbers(&store, "keyless");
    let consuming = consumer.run_partitioned(2, key, move |event| take.take_in(event));
    let error = consuming.unwrap().catch_up().unwrap_err();
    assert_eq!(error.position, 3);
    assert!(matches!(error.failure, ConsumerFailure::Panicked(said) if &*said == "no key"));
    assert!(
        [1, 2].starts_with(&seen.all()),
        "those before it, if there was time"
    );
}
