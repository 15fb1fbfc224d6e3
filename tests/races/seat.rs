//! One seat left, and several who want it.

use super::*;
use crate::support::coordinate;

const SOLD: EventKind = EventKind::custom(0x3, 1);
const SEATS: usize = 3;
const BUYERS: u64 = 4;

fn concert(round: u64) -> Tag {
    Tag::new("concert", round).unwrap()
}

fn sold(buyer: &str, round: u64) -> NewEvent {
    NewEvent::new(&coordinate(buyer, "tickets"), SOLD, &round).tag(concert(round))
}

/// In each round a concert all of whose seats are sold but one. Gives how many were told in each that they have it.
fn sell(rounds: u64, way: Way) -> (Race, Vec<u64>) {
    let race = Race::new(BUYERS, rounds);
    for round in 0..rounds {
        let mut batch = Batch::new().durability(Durability::Buffered);
        batch.extend((1..SEATS).map(|_| sold("early bird", round)));
        race.store.commit(batch).unwrap();
    }
    race.store.flush().unwrap();
    let told = race.run(|turn| {
        let tickets = Region::all().kinds([SOLD]).tag(concert(turn.round));
        let buyer = format!("buyer:{}", turn.writer);
        way(turn, &tickets, SEATS - 1, &|| sold(&buyer, turn.round))
    });
    (race, told)
}

fn last_seats() -> Region {
    Region::all().kinds([SOLD]).entity_prefix("buyer:")
}

#[test]
fn the_last_seat_is_sold_to_everybody_who_sees_it_free_and_then_takes_it() {
    let (race, told) = sell(NAIVE_ROUNDS, check_then_append);
    all_of_them(&race, &told, &last_seats());
}

#[test]
fn the_last_seat_is_sold_once_if_it_is_taken_on_condition_that_it_is_still_free() {
    let (race, told) = sell(ROUNDS, append_on_condition);
    exactly_one(&race, &told, &last_seats());
}

#[test]
fn the_last_seat_is_sold_once_by_a_decision() {
    let (race, told) = sell(ROUNDS, decide);
    exactly_one(&race, &told, &last_seats());
}
