//! Appends on condition: what a commit is told of streams and regions holds at the moment when it is stored.

mod racing;

use batpak::prelude::*;
use batpak::{Clause, Conflict};

use crate::support::{Dir, KIND, coordinate, number};

fn conflict<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Conflict {
    match answer {
        Err(StoreError::Conflict(conflict)) => *conflict,
        other => panic!("{other:?}"),
    }
}

fn course(n: u64) -> Tag {
    Tag::new("course", n).unwrap()
}

#[test]
fn a_conflict_names_its_clause_and_its_event_and_says_whether_to_try_again() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    let first = store.append_event(number(&a, 1)).unwrap();
    let second = store.append_event(number(&a, 2).tag(course(1))).unwrap();
    let stream = |expect| {
        let coordinate = a.clone();
        Clause::Stream { coordinate, expect }
    };
    let tagged = Region::all().tag(course(1));
    let everything = Region::stream(&a);
    let new = Condition::new;
    let behind = |region: &Region, position| Clause::NoneAfter {
        region: region.clone(),
        position,
    };
    type Case<'c> = (Condition, Clause, &'c AppendReceipt, bool);
    let cases: [Case; 7] = [
        (
            new().expect(&a, Expect::Empty),
            stream(Expect::Empty),
            &second,
            false,
        ),
        (
            new().expect(&a, Expect::Revision(1)),
            stream(Expect::Revision(1)),
            &second,
            true,
        ),
        (
            new().expect(&a, Expect::Revision(0)),
            stream(Expect::Revision(0)),
            &second,
            true,
        ),
        (
            new().expect(&a, Expect::Revision(3)),
            stream(Expect::Revision(3)),
            &second,
            false,
        ),
        (
            new().fail_if_any(tagged.clone()),
            Clause::NoneOf(tagged.clone()),
            &second,
            false,
        ),
        (
            new().fail_if_after(tagged.clone(), 1),
            behind(&tagged, 1),
            &second,
            true,
        ),
        (
            new().fail_if_after(everything.clone(), 0),
            behind(&everything, 0),
            &first,
            true,
        ),
    ];
    for (condition, clause, event, is_retryable) in cases {
        // A clause that holds before it, and one behind it that nobody comes to.
        let condition = new().expect(&b, Expect::Empty).and(condition);
        let condition = condition.fail_if_any(Region::all());
        let found = conflict(store.append_if(number(&b, 0), condition));
        assert_eq!(found.clause, clause);
        assert_eq!(found.event, Some(event.event_id), "{found}");
        assert_eq!(
            (found.position, found.revision),
            (event.sequence, event.revision)
        );
        assert_eq!(found.is_retryable(), is_retryable, "{found}");
    }
    let missing = conflict(store.append_if(number(&a, 0), new().expect(&b, Expect::Exists)));
    assert_eq!(
        (missing.event, missing.position, missing.revision),
        (None, 0, 0)
    );
    assert_eq!(
        missing.to_string(),
        "the append is on condition of at least one event in b@s, and there is none; trying again does not help"
    );
    assert_eq!(store.position(), 2);
}

#[test]
fn a_region_is_told_as_it_was_asked_for() {
    let region = Region::all()
        .entity("a")
        .scope("s")
        .kinds([KIND, EventKind::custom(0x1, 2)])
        .tag(course(1))
        .positions(3..=9)
        .or(Region::all()
            .entity_prefix("b:")
            .category(0x2)
            .times_us(5..))
        .or(Region::all());
    assert_eq!(
        region.to_string(),
        format!(
            "(entity a, scope s, kind {KIND}|0x1002, tag course:1, position 3 to 9) or \
             (entity b:.., category 0x2, time from 5) or (everything)"
        )
    );
}

#[test]
fn a_condition_is_about_what_was_committed_before_its_batch_and_not_about_the_batch() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    let batch = Batch::new()
        .event(number(&a, 1).tag(course(1)))
        .event(number(&a, 2))
        .fail_if_any(Region::all().tag(course(1)))
        .expect(&a, Expect::Empty);
    assert_eq!(store.commit(batch).unwrap().len(), 2);
    let region = Region::all().tag(course(1));
    store
        .append_if(number(&b, 1), Condition::new().fail_if_after(region, 1))
        .unwrap();
}

#[test]
fn what_is_staged_and_not_seen_yet_counts_and_the_answer_waits_until_it_is_as_durable_as_asked() {
    for durability in [
        Durability::Buffered,
        Durability::Written,
        Durability::Durable,
    ] {
        let dir = Dir::new();
        let store = Store::open(dir.config().durability(Durability::Buffered)).unwrap();
        let a = coordinate("a", "s");
        for n in 1..=50 {
            let receipt = store.append_event(number(&a, n).tag(course(n))).unwrap();
            let batch = Batch::from(number(&a, n)).durability(durability);
            let taken = Region::all().tag(course(n));
            let found = conflict(store.commit(batch.fail_if_any(taken)));
            assert_eq!(found.event, Some(receipt.event_id));
            assert!(store.position() >= receipt.sequence);
            let is_durable = store.durable_position() >= receipt.sequence;
            assert!(is_durable || durability < Durability::Durable);
        }
        assert_eq!(store.position(), 50);
    }
}

#[test]
fn a_condition_about_a_position_that_the_log_has_not_reached_is_refused() {
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    store.append_event(number(&a, 1)).unwrap();
    let on = |position| Condition::new().fail_if_after(Region::all(), position);
    let error = store.append_if(number(&a, 2), on(2)).unwrap_err();
    assert!(!error.is_retryable());
    assert!(
        matches!(
            error,
            StoreError::PositionAhead {
                position: 2,
                last: 1
            }
        ),
        "{error}"
    );
    store.append_if(number(&a, 2), on(1)).unwrap();
}

#[test]
fn conditions_find_what_lies_in_any_segment_and_part_of_the_index_and_after_reopening() {
    const EVENTS: u64 = 3_000;
    let dir = Dir::new();
    let mut store = dir.open();
    let mut n = 0;
    while n < EVENTS {
        let event = |n: u64| {
            let stream = coordinate(&format!("e:{}", n % 40), "s");
            number(&stream, n).tag(course(n))
        };
        let mut batch = Batch::new();
        batch.extend((n + 1..=n + 100).map(event));
        store.commit(batch).unwrap();
        n += 100;
        if n.is_multiple_of(500) {
            store.close().unwrap();
            store = dir.open();
        }
    }
    let other = coordinate("other", "s");
    let mut last = EVENTS;
    for n in (1..=EVENTS).step_by(97) {
        let taken = Region::all().tag(course(n));
        let on = |after: Option<u64>| match after {
            None => Condition::new().fail_if_any(taken.clone()),
            Some(position) => Condition::new().fail_if_after(taken.clone(), position),
        };
        for after in [None, Some(0), Some(n - 1)] {
            assert_eq!(
                conflict(store.append_if(number(&other, 0), on(after))).position,
                n
            );
        }
        store.append_if(number(&other, 0), on(Some(n))).unwrap();
        last += 1;
    }
    assert_eq!(store.position(), last);
}

#[test]
fn a_step_of_a_machine_and_a_chain_are_committed_on_a_condition_too() {
    state_machine!(
        #[derive(Debug, Clone)]
        pub enum Seat {
            #[initial]
            Free,
            #[terminal]
            Taken,
        }
        #[derive(Event)]
        #[event(category = 0x3)]
        pub enum SeatEvent {
            #[event(id = 0x001)]
            Taken,
        }
        fn evolve(seat: Seat, event: SeatEvent) -> Seat {
            match (seat, event) {
                #[command(take)]
                (Free, Taken) => Taken,
            }
        }
    );
    let dir = Dir::new();
    let store = dir.open();
    let (seat, closed) = (coordinate("seat:1", "hall"), coordinate("hall", "hall"));
    store.append_event(number(&closed, 1)).unwrap();
    let AnySeatIn::Free(free) = store.load::<Seat>(&seat).unwrap() else {
        panic!("nobody has taken it");
    };
    let is_open = || Condition::new().expect(&closed, Expect::Empty);
    let Ok(step) = free.take();
    let error = step.when(is_open()).commit(&store).unwrap_err();
    assert!(matches!(error.error, StoreError::Conflict(_)), "{error}");

    let mut chain = AnySeatIn::from(*error.machine).chain();
    chain.record(SeatEvent::Taken, &()).unwrap();
    let error = chain.when(is_open()).commit(&store).unwrap_err();
    assert!(matches!(error.error, StoreError::Conflict(_)), "{error}");
    let AnySeatIn::Free(free) = *error.machine else {
        panic!("nobody has taken it");
    };
    let Ok(step) = free.take();
    let exists = Condition::new().expect(&closed, Expect::Exists);
    step.when(exists).commit(&store).unwrap();
    assert_eq!(store.revision(&seat).unwrap(), 1);
}
