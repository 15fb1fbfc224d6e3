//! How consumers end: stopped, dropped, with their store, and by what they cannot go on from.

use std::sync::mpsc::{Receiver, Sender, channel};

use batpak::{ConsumerError, ConsumerFailure};

use super::*;
use crate::support::soon;

/// A handler that says when it is called, and waits for a word before it is done.
fn patient(
    seen: &Seen,
) -> (
    impl FnMut(&StoredEvent) -> Result<(), StoreError> + Send + use<>,
    Receiver<()>,
    Sender<()>,
) {
    let (begin, begun) = channel();
    let (word, words) = channel::<()>();
    let seen = seen.clone();
    let handler = move |event: &StoredEvent| {
        let _ = begin.send(());
        let _ = words.recv();
        seen.take_in(event)
    };
    (handler, begun, word)
}

#[test]
fn the_event_that_is_being_handled_is_waited_for_and_stored_before_a_consumer_has_ended() {
    for n in 0..3 {
        let dir = Dir::new();
        let store = dir.open();
        append(&store, [1, 2]);
        let seen = Seen::default();
        let (handler, begun, word) = patient(&seen);
        let consuming = numbers(&store, "patient").run(handler).unwrap();
        begun.recv().unwrap();
        let answer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            word.send(()).unwrap();
        });
        match n {
            0 => consuming.stop().unwrap(),
            1 => drop(consuming),
            _ => {
                drop(store);
                assert_eq!((consuming.position(), consuming.stored_position()), (1, 1));
                let error = consuming.wait_for(2).unwrap_err();
                assert!(matches!(error.failure, ConsumerFailure::Stopped), "{error}");
                let error = consuming.replay(..).unwrap_err();
                assert!(matches!(error.failure, ConsumerFailure::Stopped), "{error}");
                assert!(consuming.error().is_none());
                consuming.stop().unwrap();
            }
        }
        answer.join().unwrap();
        assert_eq!(seen.all(), [1], "and not the second one");
        assert_eq!(position_in(&bookmarks(&dir)[0]), 1);
    }
}

#[test]
fn an_event_that_waits_for_its_next_attempt_keeps_nobody_waiting_and_is_left_to_the_next_run() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1, 2]);
    let hour = Duration::from_secs(3_600);
    let consumer = numbers(&store, "mailer").retry(Backoff::new(hour, hour), 5);
    let consuming = consumer.run_partitioned(
        2,
        |_| 0,
        |event| match event.header.sequence {
            1 => Ok(()),
            _ => Err("no"),
        },
    );
    let consuming = consuming.unwrap();
    soon("it has failed once", || consuming.last_error().is_some());
    consuming.stop().unwrap();
    assert_eq!(store.parked("mailer").unwrap(), []);
    assert_eq!(handled(&store, "mailer"), [2]);
}

#[test]
fn the_directory_is_free_once_the_store_is_dropped_whatever_its_consumers_do() {
    let dir = Dir::new();
    let seen = Seen::default();
    let mut handles = Vec::new();
    for n in 0..20 {
        let store = dir.open();
        handles.push(numbers(&store, "one").run(seen.handler()).unwrap());
        let take = seen.clone();
        let two = numbers(&store, "two");
        handles.push(
            two.run_partitioned(
                3,
                |event| event.header.sequence,
                move |event| take.take_in(event),
            )
            .unwrap(),
        );
        append(&store, n * 5..n * 5 + 5);
        match n % 2 {
            0 => drop(store),
            _ => store.close().unwrap(),
        }
    }
    let store = dir.open();
    for handle in handles {
        handle.stop().unwrap();
    }
    numbers(&store, "one")
        .run(seen.handler())
        .unwrap()
        .catch_up()
        .unwrap();
    let take = seen.clone();
    let two = numbers(&store, "two").run_partitioned(2, |_| 0, move |event| take.take_in(event));
    two.unwrap().catch_up().unwrap();
    let mut all = seen.all();
    all.sort_unstable();
    let twice = (0..100).flat_map(|n| [n, n]);
    assert_eq!(
        all,
        Vec::from_iter(twice),
        "each of them has handled each once"
    );
}

#[test]
fn a_handler_that_has_its_store_may_be_the_last_to_drop_it() {
    for partitions in [0, 3] {
        let dir = Dir::new();
        let store = Arc::new(dir.open());
        append(&store, [1, 2, 3]);
        let last = Arc::new(Mutex::new(Some(Arc::clone(&store))));
        let (word, words) = channel::<()>();
        let words = Mutex::new(words);
        let handler = {
            let last = Arc::clone(&last);
            move |event: &StoredEvent| {
                if event.header.sequence == 2 {
                    let _ = words.lock().unwrap().recv();
                    drop(last.lock().unwrap().take());
                }
                Ok::<_, StoreError>(())
            }
        };
        let consumer = numbers(&store, "last").every(1);
        let consuming = match partitions {
            0 => consumer.run(handler),
            _ => consumer.run_partitioned(partitions, |_| 0, handler),
        };
        let consuming = consuming.unwrap();
        drop(store);
        soon("the first is stored", || consuming.stored_position() == 1);
        word.send(()).unwrap();
        soon("the handler drops the store", || {
            last.lock().unwrap().is_none()
        });
        consuming.stop().unwrap();
        let store = dir.open();
        // What was handled when the store was closed is not stored any more, and so handled again.
        assert_eq!(handled(&store, "last"), [2, 3]);
    }
}

#[test]
fn a_consumer_that_waits_for_itself_is_told_so_and_does_not_hang() {
    for partitions in [0, 2] {
        let dir = Dir::new();
        let store = dir.open();
        append(&store, [1]);
        let (give, take) = channel::<Consuming>();
        let (tell, told) = channel();
        let take = Mutex::new(take);
        let handler = move |_: &StoredEvent| {
            let consuming = take.lock().unwrap().recv().unwrap();
            let waits: [Result<(), ConsumerError>; 3] = [
                consuming.catch_up(),
                consuming.wait_for(1),
                consuming.replay(..).map(drop),
            ];
            tell.send(waits).unwrap();
            // It stops itself, too.
            drop(consuming);
            Ok::<_, StoreError>(())
        };
        let consumer = numbers(&store, "own");
        let consuming = match partitions {
            0 => consumer.run(handler),
            _ => consumer.run_partitioned(partitions, |_| 0, handler),
        };
        give.send(consuming.unwrap()).unwrap();
        for waited in told.recv_timeout(Duration::from_secs(10)).unwrap() {
            let failure = waited.unwrap_err().failure;
            assert!(matches!(failure, ConsumerFailure::Itself), "{failure}");
        }
        soon("it has ended", || store.reset_consumer("own", 0).is_ok());
    }
}

#[test]
fn a_store_is_dropped_though_what_runs_on_it_waits_for_what_else_does() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1]);
    let (begin, begun) = channel();
    let (tell, told) = channel();
    let (give, take) = channel::<Consuming>();
    let waiting = numbers(&store, "waiting").run(move |_| {
        let other = take.recv()?;
        begin.send(())?;
        let waited = other.wait_for(u64::MAX);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(tell.send(waited)?)
    });
    let waiting = waiting.unwrap();
    let idle = numbers(&store, "idle").run(|_| Ok::<_, StoreError>(()));
    give.send(idle.unwrap()).unwrap();
    begun.recv().unwrap();
    drop(store);
    let failure = told.recv().unwrap().unwrap_err().failure;
    assert!(matches!(failure, ConsumerFailure::Stopped), "{failure}");
    waiting.stop().unwrap();
}

#[test]
fn a_consumer_tells_how_far_it_is_behind() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, [1]);
    let (handler, begun, word) = patient(&Seen::default());
    let consuming = numbers(&store, "patient").run(handler).unwrap();
    begun.recv().unwrap();
    append(&store, [2]);
    assert_eq!((consuming.position(), consuming.lag()), (0, 2));
    word.send(()).unwrap();
    consuming.wait_for(1).unwrap();
    begun.recv().unwrap();
    assert_eq!((consuming.position(), consuming.lag()), (1, 1));
    word.send(()).unwrap();
    consuming.catch_up().unwrap();
    assert_eq!((consuming.position(), consuming.lag()), (2, 0));
}

#[test]
fn after_a_panic_of_the_thread_that_has_the_store_a_consumer_goes_on_where_it_was() {
    let dir = Dir::new();
    let seen = Seen::default();
    let (path, taken) = (dir.config(), seen.clone());
    let thread = std::thread::spawn(move || {
        let store = Store::open(path).unwrap();
        append(&store, 1..=20);
        let consuming = numbers(&store, "mailer").run(taken.handler()).unwrap();
        consuming.wait_for(10).unwrap();
        panic!("as demanded");
    });
    assert!(thread.join().is_err());
    let store = dir.open();
    numbers(&store, "mailer")
        .run(seen.handler())
        .unwrap()
        .catch_up()
        .unwrap();
    assert_eq!(seen.all(), Vec::from_iter(1..=20));
}
