//! Two gates that read each other's region: of two doctors on call each may leave as long as the other stays. Neither writes
//! what the other one writes, so that only what they have read tells that not both may.

use super::*;
use crate::support::coordinate;

const LEFT: EventKind = EventKind::custom(0x4, 1);

/// A doctor who would leave, in view of whether the other one is on call.
struct Leaving {
    other_stays: Observed<bool>,
}

/// Somebody must stay on call.
#[gate]
fn somebody_stays(leaving: &Leaving) -> bool {
    *leaving.other_stays.get()
}

fn doctor(turn: &Turn<'_>, number: u64) -> Coordinate {
    coordinate(
        &format!("doctor:{number}"),
        &format!("night:{}", turn.round),
    )
}

fn other(turn: &Turn<'_>) -> Region {
    Region::stream(&doctor(turn, 1 - turn.writer)).kinds([LEFT])
}

fn left(turn: &Turn<'_>) -> NewEvent {
    NewEvent::new(&doctor(turn, turn.writer), LEFT, &turn.round)
}

fn look(turn: &Turn<'_>) -> Leaving {
    let left = turn.race.store.observe_with(&other(turn), count).unwrap();
    Leaving {
        other_stays: left.map(|left| left == 0),
    }
}

fn gates() -> Pipeline<Leaving> {
    Pipeline::new(GateSet::named("on call").with(somebody_stays::Gate))
}

/// Asks the gate, and commits by the receipt that it gives, until that is stored or the gate denies.
fn leave_by_receipt(pipeline: &Pipeline<Leaving>, turn: &Turn<'_>) -> bool {
    let store = &turn.race.store;
    loop {
        let leaving = look(turn);
        let permitted = pipeline.permit(store.propose(turn.batch(left(turn))), &leaving);
        turn.has_checked();
        let receipt = match permitted {
            Ok(receipt) => receipt,
            Err(denied) => {
                assert_eq!(denied.denial().code(), "SOMEBODY_STAYS");
                return false;
            }
        };
        match pipeline.commit(store, receipt) {
            Ok(_) => return true,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

/// Asks the gate, and appends without telling what it has read.
fn leave_unread(pipeline: &Pipeline<Leaving>, turn: &Turn<'_>) -> bool {
    let permitted = pipeline.permit((), &look(turn));
    turn.has_checked();
    let Ok(receipt) = permitted else {
        return false;
    };
    let append = |()| turn.commit(turn.batch(left(turn)));
    let append =
        |proposal| append(proposal).map_err(|conflict| StoreError::Conflict(Box::new(conflict)));
    pipeline.commit_with(receipt, append).unwrap();
    true
}

#[test]
fn both_doctors_leave_if_what_their_gates_have_read_is_not_checked_again() {
    let (race, pipeline) = (Race::new(2, NAIVE_ROUNDS), gates());
    let told = race.run(|turn| leave_unread(&pipeline, turn));
    all_of_them(&race, &told, &Region::all());
}

#[test]
fn one_doctor_stays_if_each_leaves_by_a_receipt_of_a_gate_that_has_read_of_the_other() {
    let (race, pipeline) = (Race::new(2, ROUNDS), gates());
    let told = race.run(|turn| leave_by_receipt(&pipeline, turn));
    exactly_one(&race, &told, &Region::all());
}

#[test]
fn one_doctor_stays_if_each_leaves_by_a_decision_over_the_stream_of_the_other() {
    let race = Race::new(2, ROUNDS);
    let told = race.run(|turn| decide(turn, &other(turn), 0, &|| left(turn)));
    exactly_one(&race, &told, &Region::all());
}
