//! How reactors end, and what they leave.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use batpak::{ReactorError, ReactorFailure};

use super::*;
use crate::support::soon;

fn append(store: &Store, n: u64) -> AppendReceipt {
    store
        .append_event(number(&coordinate("a", "s"), n))
        .unwrap()
}

/// A reactor that fails for the number 3, in some way.
fn failing(mut fail: impl FnMut() -> Result<Batch, StoreError> + Send + 'static) -> impl Reactor {
    batpak::reactor("failing", move |event: &StoredEvent| {
        match event.payload::<u64>()? {
            3 => fail(),
            _ => more(event, 0).map(Batch::from),
        }
    })
}

/// Lets it fail, and gives the error.
fn fails(store: &Store, reactor: impl Reactor) -> ReactorError {
    let reacting = store.react(asked(), reactor).unwrap();
    let error = reacting.catch_up().unwrap_err();
    assert_eq!(reacting.error().unwrap().to_string(), error.to_string());
    assert_eq!(reacting.position(), 0);
    assert_eq!(reacting.stop().unwrap_err().to_string(), error.to_string());
    error
}

#[test]
fn an_error_or_a_panic_ends_a_reactor_is_told_to_all_who_ask_and_the_next_run_begins_with_that_event()
 {
    let dir = Dir::new();
    let store = dir.open();
    let mut batch = Batch::new();
    batch.extend([3, 4].map(|n| number(&coordinate("a", "s"), n)));
    store.commit(batch).unwrap();
    let error = fails(&store, failing(|| Err(StoreError::EmptyBatch)));
    assert_eq!(
        error.to_string(),
        "reactor `failing` has ended at position 1: the batch has no events"
    );
    let ReactorFailure::Reaction(source) = &error.failure else {
        panic!("{error}");
    };
    assert!(source.downcast_ref::<StoreError>().is_some());
    let error = fails(&store, failing(|| panic!("no {}", 3)));
    assert_eq!((&*error.reactor, error.position), ("failing", 1));
    assert!(matches!(&error.failure, ReactorFailure::Panicked(said) if &**said == "no 3"));
    let error = fails(&store, failing(|| std::panic::panic_any(7)));
    assert!(
        error
            .to_string()
            .ends_with("it panicked: with something that is no text")
    );
    assert_eq!(reactions(&store, "failing").len(), 0);
    let reacting = store.react(asked(), failing(|| Ok(Batch::new()))).unwrap();
    reacting.catch_up().unwrap();
    assert_eq!(answers(&store, "failing"), [4]);
}

#[test]
fn a_reaction_that_cannot_be_stored_ends_the_reactor_with_what_the_store_says_of_it() {
    let dir = Dir::new();
    let store = Store::open(dir.config().max_batch_events(5)).unwrap();
    append(&store, 3);
    let stream = || coordinate("b", "s");
    let said = |mut batch: Batch| {
        let reactor = failing(move || Ok(std::mem::take(&mut batch)));
        match fails(&store, reactor).failure {
            ReactorFailure::Store(error) => error,
            other => panic!("{other}"),
        }
    };
    let many = |count| (0..count).map(|n| number(&stream(), n)).collect::<Batch>();
    assert!(matches!(
        *said(many(6)),
        StoreError::Limit {
            actual: 6,
            limit: 5,
            ..
        }
    ));
    let reserved = NewEvent::new(&stream(), POSITION, &0);
    assert!(matches!(
        *said(reserved.into()),
        StoreError::ReservedKind(_)
    ));
    let unknown = number(&stream(), 0).cause(EventId::from_u128(7));
    assert!(matches!(*said(unknown.into()), StoreError::UnknownCause(_)));
    let own = number(&stream(), 0).metadata("batpak:reactor", "another");
    assert!(matches!(*said(own.into()), StoreError::ReservedMetadata(_)));
    assert_eq!(store.position(), 1);
    // The reactor's position does not count.
    let mut five = many(5);
    let reactor = failing(move || Ok(std::mem::take(&mut five)));
    let reacting = store.react(asked(), reactor).unwrap();
    reacting.catch_up().unwrap();
    assert_eq!(store.position(), 7);
}

/// A reactor that says when it is asked, and waits for a word before it answers.
fn patient() -> (impl Reactor<Error = StoreError>, Receiver<()>, Sender<()>) {
    let (begin, begun) = channel();
    let (word, words) = channel::<()>();
    let words = Mutex::new(words);
    let reactor = batpak::reactor("patient", move |event| {
        let _ = begin.send(());
        let _ = words.lock().unwrap().recv();
        more(event, 0)
    });
    (reactor, begun, word)
}

#[test]
fn the_reaction_that_is_being_made_is_stored_before_a_reactor_is_stopped_or_its_store_dropped() {
    for n in 0..3 {
        let dir = Dir::new();
        let store = dir.open();
        let (reactor, begun, word) = patient();
        let reacting = store.react(asked(), reactor).unwrap();
        append(&store, 1);
        append(&store, 2);
        begun.recv().unwrap();
        let answer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            word.send(()).unwrap();
        });
        match n {
            0 => reacting.stop().unwrap(),
            1 => drop(reacting),
            _ => {
                drop(store);
                assert_eq!(reacting.position(), 1);
                let error = reacting.wait_for(2).unwrap_err();
                assert!(matches!(error.failure, ReactorFailure::Stopped), "{error}");
                assert!(reacting.error().is_none());
                reacting.stop().unwrap();
                let store = dir.open();
                assert_eq!(answers(&store, "patient"), [1]);
                continue;
            }
        }
        answer.join().unwrap();
        assert_eq!(answers(&store, "patient"), [1], "and not the second one");
    }
}

#[test]
fn the_directory_is_free_once_the_store_is_dropped_whatever_its_reactors_do() {
    let dir = Dir::new();
    let mut handles = Vec::new();
    for n in 0..20 {
        let store = dir.open();
        let names = ["one", "two"];
        handles.extend(names.map(|name| store.react(Region::all(), adding_to_any(name)).unwrap()));
        for m in 0..5 {
            append(&store, n * 5 + m);
        }
        match n % 2 {
            0 => drop(store),
            _ => store.close().unwrap(),
        }
    }
    let store = dir.open();
    let position = store.position();
    for handle in handles {
        handle.stop().unwrap();
    }
    assert_eq!(
        store.position(),
        position,
        "what was dropped appends nothing"
    );
    store.verify().unwrap();
    let reacting = store.react(asked(), adding_to_any("one")).unwrap();
    reacting.catch_up().unwrap();
    let of_numbers = reactions(&store, "one").into_iter().filter(|event| {
        let cause = store.get(event.causes[0]).unwrap().unwrap();
        cause.header.kind == KIND
    });
    let causes: std::collections::BTreeSet<_> = of_numbers.map(|event| event.causes[0]).collect();
    assert_eq!(causes.len(), 100);
}

/// A reactor that answers numbers, and nothing else.
fn adding_to_any(name: &str) -> impl Reactor<Error = StoreError> + use<> {
    batpak::reactor(name, |event: &StoredEvent| match event.header.kind {
        KIND => more(event, 1).map(Batch::from),
        _ => Ok(Batch::new()),
    })
}

#[test]
fn a_reactor_that_has_its_store_may_be_the_last_to_drop_it() {
    let dir = Dir::new();
    // It goes with the reactor.
    let store = Arc::new(dir.open());
    let owner = Arc::clone(&store);
    let reactor = batpak::reactor("owner", move |event: &StoredEvent| {
        owner.append(&event.coordinate, FOLLOWED, &"by itself")?;
        more(event, 0)
    });
    let reacting = store.react(asked(), reactor).unwrap();
    append(&store, 1);
    reacting.catch_up().unwrap();
    drop(store);
    reacting.stop().unwrap();
    let store = dir.open();
    assert_eq!(store.query(&Region::all().kinds([FOLLOWED])).count(), 2);
    // It is dropped while a reaction is being made, which is then not appended.
    let last = Arc::new(Mutex::new(Some(store)));
    let (word, words) = channel::<()>();
    let reactor = {
        let (last, words) = (Arc::clone(&last), Mutex::new(words));
        batpak::reactor("last", move |event: &StoredEvent| {
            let _ = words.lock().unwrap().recv();
            drop(last.lock().unwrap().take());
            more(event, 0)
        })
    };
    let started = |store: &Store| store.react(asked(), reactor).unwrap();
    let reacting = started(last.lock().unwrap().as_ref().unwrap());
    word.send(()).unwrap();
    soon("the reactor drops the store", || {
        last.lock().unwrap().is_none()
    });
    reacting.stop().unwrap();
    assert_eq!(reactions(&dir.open(), "last").len(), 0);
}

#[test]
fn a_store_that_is_read_only_has_no_reactors_and_a_bad_name_is_told_at_once() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 1);
    for name in ["", "a\nb", &"x".repeat(600)] {
        let error = store.react(asked(), adding(name, 1)).unwrap_err();
        assert!(matches!(error, StoreError::Coordinate(_)), "{error}");
    }
    let reader = Store::open_read_only(dir.config()).unwrap();
    let error = reader.react(asked(), adding("adding", 1)).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
}

#[test]
fn a_reactor_tells_how_far_it_is_behind() {
    let dir = Dir::new();
    let store = dir.open();
    let (reactor, begun, word) = patient();
    let reacting = store.react(asked(), reactor).unwrap();
    append(&store, 1);
    begun.recv().unwrap();
    append(&store, 2);
    assert_eq!((reacting.position(), reacting.lag()), (0, 2));
    word.send(()).unwrap();
    reacting.wait_for(1).unwrap();
    begun.recv().unwrap();
    assert_eq!((reacting.position(), reacting.lag()), (1, 3));
    word.send(()).unwrap();
    reacting.catch_up().unwrap();
    soon("it comes to the end", || reacting.lag() == 0);
    assert_eq!(reacting.position(), 6);
    assert!(reacting.error().is_none());
}

#[test]
fn a_reactor_that_waits_for_itself_is_told_so_and_does_not_hang() {
    let dir = Dir::new();
    let store = dir.open();
    let (give, take) = channel::<Reacting>();
    let (tell, told) = channel();
    let reactor = failing(move || {
        let reacting = take.recv().unwrap();
        tell.send(reacting.catch_up()).unwrap();
        Ok(Batch::new())
    });
    give.send(store.react(asked(), reactor).unwrap()).unwrap();
    append(&store, 3);
    let error = told.recv_timeout(Duration::from_secs(10)).unwrap();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("cannot wait for itself"), "{error}");
}

#[test]
fn a_reaction_that_loses_again_and_again_waits_in_between_and_ends_with_the_conflict() {
    let dir = Dir::new();
    let store = dir.open();
    append(&store, 3);
    let moved = coordinate("moved", "s");
    store.append_event(number(&moved, 1)).unwrap();
    store.append_event(number(&moved, 2)).unwrap();
    let asked_for = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked_for);
    let reactor = failing(move || {
        count.fetch_add(1, Ordering::SeqCst);
        let stale = number(&coordinate("b", "s"), 0);
        Ok(Batch::from(stale).expect(&moved, Expect::Revision(1)))
    });
    let start = Instant::now();
    match fails(&store, reactor).failure {
        ReactorFailure::Store(error) => assert!(error.is_retryable(), "{error}"),
        other => panic!("{other}"),
    }
    assert_eq!(asked_for.load(Ordering::SeqCst), 101);
    // 100 us doubled up to 20 ms, a hundred times.
    assert!(start.elapsed() > Duration::from_secs(1));
}
