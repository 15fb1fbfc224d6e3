//! Of several answers to one event the first one stands.

use std::error::Error;

use batpak::ReactorFailure;

use super::*;

/// Appends what a reactor would, before it does.
fn forge(store: &Store, name: &str, cause: EventId, answers: &[u64]) {
    let mut batch = Batch::new();
    for (ordinal, answer) in answers.iter().enumerate() {
        let id = reaction_id(store, name, cause, ordinal as u32);
        let event = NewEvent::new(&coordinate("followed", "s"), FOLLOWED, answer);
        batch = batch.event(event.id(id).cause(cause));
    }
    store.commit(batch).unwrap();
}

#[test]
fn code_that_has_changed_since_does_not_change_what_is_there() {
    let dir = Dir::new();
    let appended = |store: &Store, n| {
        store
            .append_event(number(&coordinate("a", "s"), n))
            .unwrap();
    };
    for (run, reaction) in [1_usize, 2, 0, 3].into_iter().enumerate() {
        let store = dir.open();
        (0..2).for_each(|n| appended(&store, n));
        let reactor = batpak::reactor("changing", move |event: &StoredEvent| {
            let answers = (0..reaction).map(|_| more(event, 10 * run as u64));
            answers.collect::<Result<Batch, StoreError>>()
        });
        let reacting = store.react(asked(), reactor).unwrap();
        reacting.catch_up().unwrap();
        reacting.stop().unwrap();
    }
    let expected = [0, 1, 10, 10, 11, 11, 30, 30, 30, 31, 31, 31];
    assert_eq!(answers(&dir.open(), "changing"), expected);
}

#[test]
fn a_reaction_that_is_there_stands_though_the_reactor_does_not_know_of_it() {
    let dir = Dir::new();
    let store = dir.open();
    let append = |n| {
        let receipt = store.append_event(number(&coordinate("a", "s"), n));
        receipt.unwrap().event_id
    };
    let causes: Vec<_> = (0..5).map(append).collect();
    // Another answer; the same one; one of two; one more; and none.
    forge(&store, "two", causes[0], &[77, 78]);
    forge(&store, "two", causes[1], &[1, 2]);
    forge(&store, "two", causes[2], &[2]);
    forge(&store, "two", causes[3], &[3, 4, 5]);
    let two = batpak::reactor("two", |event| {
        let answers = Batch::new().event(more(event, 0)?);
        Ok::<_, StoreError>(answers.event(more(event, 1)?))
    });
    let reacting = store.react(asked(), two).unwrap();
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    let followed = store.query(&Region::all().kinds([FOLLOWED]));
    let followed: Vec<u64> = followed
        .map(|event| event.unwrap().payload().unwrap())
        .collect();
    assert_eq!(followed, [77, 78, 1, 2, 2, 3, 4, 5, 4, 5]);
    assert_eq!(positions(&store, "two").last(), Some(&5));
}

#[test]
fn whoever_writes_to_the_stream_of_a_reactor_does_not_lead_it_astray() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("reactor:adding", "batpak");
    let reacting = store.react(asked(), adding("adding", 0)).unwrap();
    for n in 0..20 {
        store
            .append_event(number(&coordinate("a", "s"), n))
            .unwrap();
        reacting.catch_up().unwrap();
        store.append(&stream, FOLLOWED, &"not a position").unwrap();
    }
    reacting.stop().unwrap();
    let reacting = store.react(asked(), adding("adding", 100)).unwrap();
    reacting.catch_up().unwrap();
    assert_eq!(answers(&store, "adding"), (0..20).collect::<Vec<_>>());
}

#[test]
fn of_two_reactors_of_one_name_only_one_runs_at_a_time() {
    let dir = Dir::new();
    let store = dir.open();
    let reacting = store.react(asked(), adding("adding", 1)).unwrap();
    let error = store.react(asked(), adding("adding", 2)).unwrap_err();
    assert!(
        matches!(&error, StoreError::ReactorRunning(name) if name == "adding"),
        "{error}"
    );
    store
        .append_event(number(&coordinate("a", "s"), 1))
        .unwrap();
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    let reacting = store.react(asked(), adding("adding", 2)).unwrap();
    store
        .append_event(number(&coordinate("a", "s"), 1))
        .unwrap();
    reacting.catch_up().unwrap();
    assert_eq!(answers(&store, "adding"), [2, 3]);
}

#[test]
fn a_reaction_whose_condition_was_overtaken_is_asked_for_again() {
    let dir = Dir::new();
    let store = Arc::new(dir.open());
    let weak = Arc::downgrade(&store);
    let count = coordinate("count", "s");
    let mut is_overtaken = true;
    let counting = batpak::reactor("counting", move |_: &StoredEvent| {
        let store = weak.upgrade().ok_or("the store is gone")?;
        let revision = store.revision(&count)?;
        if std::mem::take(&mut is_overtaken) {
            store.append(&count, FOLLOWED, &0)?;
        }
        let next = Batch::from(NewEvent::new(&count, FOLLOWED, &(revision + 1)));
        Ok::<_, Box<dyn Error + Send + Sync>>(next.expect(&count, Expect::Revision(revision)))
    });
    let reacting = store.react(asked(), counting).unwrap();
    let cause = store
        .append_event(number(&coordinate("a", "s"), 0))
        .unwrap();
    reacting.wait_for(cause.sequence).unwrap();
    assert_eq!(answers(&store, "counting"), [2]);
}

#[test]
fn a_condition_that_never_holds_ends_the_reactor() {
    let dir = Dir::new();
    let store = dir.open();
    store
        .append_event(number(&coordinate("a", "s"), 0))
        .unwrap();
    for (condition, times) in [
        (Condition::new().fail_if_after(asked(), 0), 101),
        (Condition::new().fail_if_any(asked()), 1),
    ] {
        let asked_about = Asked::default();
        let notes = asked_about.clone();
        let reactor = batpak::reactor("conditional", move |event: &StoredEvent| {
            notes.note(event);
            more(event, 0).map(|event| Batch::from(event).when(condition.clone()))
        });
        let reacting = store.react(asked(), reactor).unwrap();
        let error = reacting.catch_up().unwrap_err();
        let ReactorFailure::Store(error) = error.failure else {
            panic!("{error}");
        };
        assert!(matches!(*error, StoreError::Conflict(_)), "{error}");
        assert_eq!(asked_about.take().len(), times);
    }
}
