//! Random histories: what they promise, and the properties that are tried with them.

use batpak::testing::{Given, histories, history};
use batpak::{Folded, Transition};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::*;

fn strategy(kind: EventKind) -> BoxedStrategy<CardEvent> {
    match kind {
        CardEvent::ISSUED => Just(issued()).boxed(),
        CardEvent::LENT => (0..4_u64).prop_map(lent).boxed(),
        CardEvent::RETURNED => Just(CardEvent::Returned).boxed(),
        CardEvent::EXPIRED => Just(CardEvent::Expired).boxed(),
        other => unreachable!("{other} is of no card"),
    }
}

#[test]
fn a_history_is_the_same_for_its_seed_and_can_happen_for_every_seed() {
    let of = |seed| history::<Card>(seed, 30, &RULES, event);
    assert_eq!(of(3), of(3));
    let mut longest = 0;
    let mut lines = Vec::new();
    for seed in 0..200 {
        let events = of(seed);
        assert!(events.len() <= 30);
        longest = longest.max(events.len());
        let mut card = Folded::<Card>::default();
        for event in events {
            // The gates have permitted it, and not only the table.
            card.state.admit(&card.data, &event, &RULES).unwrap();
            let (from, kind) = (card.state.name(), event.kind());
            card.advance(event).unwrap();
            lines.push((from, kind, card.state.name()));
        }
    }
    assert!(longest > 10);
    // Every line of the table is gone along.
    let is_taken = |line: &Transition| lines.contains(&(line.from, line.kind, line.to));
    assert!(Card::TRANSITIONS.iter().all(is_taken));
}

#[test]
fn a_history_ends_in_a_state_that_no_event_leaves() {
    for seed in 0..50 {
        let events = history::<Card>(seed, 1_000, &RULES, event);
        assert!(events.len() < 1_000);
        Given::<Folded<Card>>::events(events).then(|card| {
            assert_eq!(card.state, Card::Expired);
        });
    }
}

/// Lets in at most two.
#[gate]
fn room(inside: &u64) -> bool {
    *inside < 2
}

state_machine!(
    /// A door that counts.
    #[derive(Debug, Clone, PartialEq)]
    pub enum Gateway {
        #[initial]
        Open { inside: u64 },
    }

    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x9)]
    pub enum GatewayEvent {
        #[event(id = 0x001)]
        Entered,
    }

    fn evolve(gateway: Gateway, event: GatewayEvent) -> Gateway {
        match (gateway, event) {
            #[command(enter)]
            #[gate(room(inside))]
            (Open { inside }, Entered) => Open { inside: inside + 1 },
        }
    }
);

#[test]
fn a_history_ends_where_the_gates_deny_whatever_is_made() {
    let events = history::<Gateway>(1, 10, &(), |_, _| GatewayEvent::Entered);
    assert_eq!(events, [GatewayEvent::Entered, GatewayEvent::Entered]);
}

#[test]
fn an_event_of_another_kind_than_asked_for_is_told() {
    let panic = panic_of(|| drop(history::<Card>(1, 10, &RULES, |_, _| lent(1))));
    assert_eq!(
        panic,
        "asked for an event of kind 0x7001, `make` made one of 0x7002"
    );
}

#[test]
fn folding_any_history_is_never_illegal_and_every_beginning_of_it_is_a_history() {
    proptest!(|(events in histories::<Card>(0..=20, RULES, strategy))| {
        for len in 0..=events.len() {
            let mut card = Folded::<Card>::default();
            for event in &events[..len] {
                prop_assert!(card.state.admit(&card.data, event, &RULES).is_ok());
                prop_assert!(card.advance(event.clone()).is_ok());
            }
        }
    });
}

#[test]
fn every_event_of_a_history_comes_back_as_it_was_written() {
    proptest!(|(events in histories::<Card>(1..=20, RULES, strategy))| {
        let mut past = Vec::new();
        for event in events {
            Given::<Card>::events(past.clone())
                .when_event(event.clone(), &RULES)
                .then_events([event.clone()]);
            past.push(event);
        }
    });
}

/// Gives the command of the event to the card, and commits.
fn command(store: &Store, at: &Coordinate, event: &CardEvent) {
    let card = store.load::<Card>(at).unwrap();
    match (card, event.clone()) {
        (AnyCardIn::Unissued(card), CardEvent::Issued { holder }) => {
            card.issue(holder).unwrap().commit(store).unwrap();
        }
        (AnyCardIn::Valid(card), CardEvent::Lent { books }) => {
            card.lend(books, &RULES).unwrap().commit(store).unwrap();
        }
        (AnyCardIn::Valid(card), CardEvent::Returned) => {
            card.give_back().unwrap().commit(store).unwrap();
        }
        (AnyCardIn::Valid(card), CardEvent::Expired) => {
            card.expire().unwrap().commit(store).unwrap();
        }
        (_, event) => panic!("{event:?} has no command here"),
    }
}

#[test]
fn a_chain_stores_what_the_commands_store() {
    proptest!(|(events in histories::<Card>(0..=12, RULES, strategy))| {
        let store = batpak::testing::store();
        let (by_commands, by_chain) = (Card::at(1, "town")?, Card::at(2, "town")?);
        let mut chain = store.load::<Card>(&by_chain)?.chain();
        for event in &events {
            command(&store, &by_commands, event);
            chain.record(event.clone(), &RULES)?;
        }
        chain.commit(&store)?;
        let stored = |at: &Coordinate| -> Vec<CardEvent> {
            store.stream(at).map(|event| event.unwrap().event().unwrap()).collect()
        };
        prop_assert_eq!(&stored(&by_commands), &events);
        prop_assert_eq!(stored(&by_chain), events);
    });
}

#[test]
fn a_history_that_fails_is_shortened_from_its_end() {
    let mut runner = TestRunner::new(Config::default());
    let any = histories::<Card>(2..=20, RULES, strategy);
    for _ in 0..50 {
        let mut tree = any.new_tree(&mut runner).unwrap();
        let whole = tree.current();
        let mut shortest = whole.clone();
        // The failure that is looked for: three events or more.
        loop {
            let fails = tree.current().len() >= 3;
            if fails {
                shortest = tree.current();
            }
            let goes_on = if fails {
                tree.simplify()
            } else {
                tree.complicate()
            };
            if !goes_on {
                break;
            }
        }
        assert_eq!(shortest, whole[..whole.len().min(3)]);
    }
}
