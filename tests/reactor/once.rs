//! Each event has one reaction, however often its reactor is started.

use super::*;

#[test]
fn each_event_has_one_reaction_under_its_own_id_whenever_it_comes_and_however_often_the_store_is_opened()
 {
    let dir = Dir::new();
    let stream = coordinate("a", "s");
    let mut appended = Vec::new();
    for run in 0..5 {
        let store = dir.open();
        let mut append = |n| appended.push(store.append_event(number(&stream, n)).unwrap());
        append(run * 10);
        let reacting = store.react(asked(), adding("adding", 100)).unwrap();
        append(run * 10 + 1);
        reacting.catch_up().unwrap();
        append(run * 10 + 2);
        match run % 3 {
            0 => reacting.stop().unwrap(),
            1 => drop(reacting),
            _ => reacting.catch_up().unwrap(),
        }
        store.close().unwrap();
    }
    let store = dir.open();
    let reacting = store.react(asked(), adding("adding", 200)).unwrap();
    reacting.catch_up().unwrap();
    let reactions = reactions(&store, "adding");
    assert_eq!(reactions.len(), appended.len());
    for (reaction, cause) in reactions.iter().zip(&appended) {
        let id = reaction_id(&store, "adding", cause.event_id, 0);
        assert_eq!(reaction.header.event_id, id);
        assert_eq!(reaction.causes, [cause.event_id]);
        assert_eq!(reaction.header.correlation, Some(cause.event_id));
    }
    store.verify().unwrap();
}

#[test]
fn the_events_of_a_reaction_are_one_batch_with_the_position_of_the_event_that_they_follow_from() {
    let dir = Dir::new();
    let store = dir.open();
    let cause = store
        .append_event(number(&coordinate("a", "s"), 7))
        .unwrap();
    let three = batpak::reactor("three", |event| {
        let answers = (0..3).map(|n| more(event, n));
        answers.collect::<Result<Batch, StoreError>>()
    });
    let reacting = store.react(asked(), three).unwrap();
    reacting.wait_for(cause.sequence).unwrap();
    let batch: Vec<_> = store
        .query(&Region::all().positions(2..))
        .map(Result::unwrap)
        .collect();
    let ends = batch.iter().map(|event| event.header.flags.bits() & 1);
    assert!(ends.eq([0, 0, 0, 1]), "one batch");
    for (ordinal, event) in batch[..3].iter().enumerate() {
        assert_eq!(event.payload::<u64>().unwrap(), 7 + ordinal as u64);
        let id = reaction_id(&store, "three", cause.event_id, ordinal as u32);
        assert_eq!(event.header.event_id, id);
    }
    assert_eq!(batch[3].header.kind, POSITION);
    assert_eq!(
        batch[3].metadata::<String>("batpak:name").unwrap().unwrap(),
        "ReactorPosition"
    );
    assert_eq!(positions(&store, "three"), [1]);
}

#[test]
fn a_reaction_keeps_what_it_says_of_itself_but_for_its_id_and_its_first_cause() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    let other = store.append(&stream, FOLLOWED, &0).unwrap().event_id;
    let origin = EventId::from_u128(77);
    let cause = store
        .append_event(number(&stream, 1).correlation(origin))
        .unwrap();
    let reactor = batpak::reactor("careful", move |event: &StoredEvent| {
        let plain = NewEvent::new(&event.coordinate, FOLLOWED, &1);
        let tag = Tag::new("n", "1")?;
        let own = NewEvent::new(&event.coordinate, FOLLOWED, &2)
            .id(EventId::from_u128(5))
            .cause(other)
            .cause(event.header.event_id)
            .correlation(EventId::from_u128(78))
            .metadata("why", "a test")
            .tag(tag);
        Ok::<_, StoreError>(Batch::new().event(plain).event(own))
    });
    let reacting = store.react(asked(), reactor).unwrap();
    reacting.catch_up().unwrap();
    let reactions = reactions(&store, "careful");
    assert_eq!(reactions[0].header.correlation, Some(origin));
    assert_eq!(
        reactions[1].header.correlation,
        Some(EventId::from_u128(78))
    );
    assert_eq!(reactions[1].causes, [cause.event_id, other]);
    let id = reaction_id(&store, "careful", cause.event_id, 1);
    assert_eq!(reactions[1].header.event_id, id);
    assert_eq!(
        reactions[1].metadata::<String>("why").unwrap().unwrap(),
        "a test"
    );
    assert_eq!(reactions[1].tags.len(), 1);
}

#[test]
fn events_without_reaction_are_asked_about_once_if_the_reactor_was_stopped() {
    let dir = Dir::new();
    let asked_about = Asked::default();
    let silent = || {
        let asked_about = asked_about.clone();
        batpak::reactor("silent", move |event: &StoredEvent| {
            asked_about.note(event);
            Ok::<_, StoreError>(Batch::new())
        })
    };
    let mut seen = Vec::new();
    for run in 0..4 {
        let store = dir.open();
        let first = store.position() + 1;
        for n in 0..5 {
            store
                .append_event(number(&coordinate("a", "s"), n))
                .unwrap();
        }
        let reacting = store.react(asked(), silent()).unwrap();
        reacting.catch_up().unwrap();
        match run {
            0 => reacting.stop().unwrap(),
            1 => drop(reacting),
            // The store is dropped, or closed, with the reactor still running.
            2 => drop(store),
            _ => store.close().unwrap(),
        }
        assert_eq!(asked_about.take(), (first..first + 5).collect::<Vec<_>>());
        seen.push(first + 4);
    }
    let store = dir.open();
    assert_eq!(positions(&store, "silent"), seen);
    // With nothing new to be asked about nothing is stored.
    let position = store.position();
    let reacting = store.react(asked(), silent()).unwrap();
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    assert_eq!((asked_about.take(), store.position()), (vec![], position));
}

#[test]
fn the_position_is_stored_behind_each_thousand_events_without_reaction() {
    let dir = Dir::new();
    let store = dir.open();
    let mut batch = Batch::new();
    batch.extend((0..2_500).map(|n| number(&coordinate("a", "s"), n)));
    store.commit(batch).unwrap();
    let silent = batpak::reactor("silent", |_| Ok::<_, StoreError>(Batch::new()));
    let reacting = store.react(Region::all(), silent).unwrap();
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    assert_eq!(positions(&store, "silent"), [1_000, 2_000, 2_502]);
}

#[test]
fn what_a_reactor_is_asked_about_is_durable_whatever_durability_the_store_has() {
    for durability in [
        Durability::Buffered,
        Durability::Written,
        Durability::Durable,
    ] {
        let dir = Dir::new();
        let store = Arc::new(Store::open(dir.config().durability(durability)).unwrap());
        let weak = Arc::downgrade(&store);
        let reactor = batpak::reactor("careful", move |event: &StoredEvent| {
            let store = weak.upgrade().ok_or("the store is gone")?;
            match store.durable_position() >= event.header.sequence {
                true => more(event, 1).map_err(|error| error.to_string()),
                false => Err("it is not durable".to_owned()),
            }
        });
        let reacting = store.react(asked(), reactor).unwrap();
        for n in 0..20 {
            store
                .append_event(number(&coordinate("a", "s"), n))
                .unwrap();
            if n % 5 == 0 {
                store.flush().unwrap();
            }
        }
        store.flush().unwrap();
        reacting.catch_up().unwrap();
        // A reaction is there when it is said to be.
        assert_eq!(answers(&store, "careful"), (1..=20).collect::<Vec<_>>());
    }
}

#[test]
fn reactors_of_several_names_each_have_their_reaction_while_many_append() {
    let dir = Dir::new();
    let store = dir.open();
    let names = ["one", "two", "three"];
    let reactors: Vec<_> = names
        .iter()
        .map(|name| store.react(asked(), adding(name, 1)).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let stream = coordinate(&format!("t:{thread}"), "s");
                for n in 0..25 {
                    store.append_event(number(&stream, n)).unwrap();
                }
            });
        }
    });
    for (name, reacting) in names.iter().zip(reactors) {
        reacting.catch_up().unwrap();
        reacting.stop().unwrap();
        let causes: Vec<_> = store
            .query(&asked())
            .map(|event| event.unwrap().header.event_id)
            .collect();
        let reactions = reactions(&store, name);
        let answered = reactions.iter().map(|event| event.causes[0]);
        assert!(
            answered.eq(causes),
            "{name} has answered each, in their order"
        );
    }
}

#[test]
fn an_event_of_a_reaction_is_a_cause_of_another_by_the_id_that_it_was_given() {
    let dir = Dir::new();
    let store = dir.open();
    let cause = store
        .append_event(number(&coordinate("a", "s"), 7))
        .unwrap();
    let two = batpak::reactor("two", |event| {
        let first = EventId::random();
        let second = more(event, 2)?.cause(first).correlation(first);
        Ok::<_, StoreError>(Batch::from(more(event, 1)?.id(first)).event(second))
    });
    let reacting = store.react(asked(), two).unwrap();
    reacting.wait_for(cause.sequence).unwrap();
    let [first, second] = &reactions(&store, "two")[..] else {
        panic!("two events");
    };
    assert_eq!(first.causes, [cause.event_id]);
    assert_eq!(second.causes, [cause.event_id, first.header.event_id]);
    assert_eq!(second.header.correlation, Some(first.header.event_id));
}
