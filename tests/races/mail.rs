//! One address, and two who register it at the same time, each under a name of their own.

use super::*;
use crate::support::coordinate;

const REGISTERED: EventKind = EventKind::custom(0x1, 1);

fn address(round: u64) -> Tag {
    Tag::new("mail", format!("user-{round}@example.com")).unwrap()
}

fn user(turn: &Turn<'_>) -> Coordinate {
    coordinate(&format!("user:{}:{}", turn.round, turn.writer), "shop")
}

fn registered(turn: &Turn<'_>) -> NewEvent {
    NewEvent::new(&user(turn), REGISTERED, &turn.round).tag(address(turn.round))
}

/// In each round an address that nobody has.
fn register(rounds: u64, way: Way) -> (Race, Vec<u64>) {
    let race = Race::new(2, rounds);
    let told = race.run(|turn| {
        let taken = Region::all().kinds([REGISTERED]).tag(address(turn.round));
        way(turn, &taken, 0, &|| registered(turn))
    });
    (race, told)
}

/// Appends on condition that there is no such event at all, whatever it saw.
fn append_if_none(
    turn: &Turn<'_>,
    region: &Region,
    _: usize,
    event: &dyn Fn() -> NewEvent,
) -> bool {
    turn.has_checked();
    let condition = Condition::new()
        .expect(&user(turn), Expect::Empty)
        .fail_if_any(region.clone());
    match turn.commit(turn.batch(event()).when(condition)) {
        Ok(()) => true,
        Err(conflict) => {
            assert!(!conflict.is_retryable(), "{conflict}");
            false
        }
    }
}

#[test]
fn an_address_is_registered_by_everybody_who_sees_it_free_and_then_takes_it() {
    let (race, told) = register(NAIVE_ROUNDS, check_then_append);
    all_of_them(&race, &told, &Region::all());
}

#[test]
fn an_address_is_registered_once_on_condition_that_no_event_has_its_tag() {
    let (race, told) = register(ROUNDS, append_if_none);
    exactly_one(&race, &told, &Region::all());
}

#[test]
fn an_address_is_registered_once_by_a_decision() {
    let (race, told) = register(ROUNDS, decide);
    exactly_one(&race, &told, &Region::all());
}
