//! Folds of the past.

use std::time::Duration;

use batpak::prelude::*;
use batpak::testing::{Clock, MemoryDisk};

use crate::support::coordinate;

#[derive(Event, Debug, Clone)]
#[event(category = 0x3)]
enum Counter {
    #[event(id = 0x001)]
    Added { n: u64 },
}

#[derive(Debug, Default, PartialEq)]
struct Sum(u64);

#[projection]
impl Sum {
    #[on(Counter::Added)]
    fn added(&mut self, n: &u64) {
        self.0 += n;
    }
}

const BEGIN_US: u64 = 1_700_000_000_000_000;
const SECOND_US: u64 = 1_000_000;

/// A thousand events, one a second, in turn on two streams: the event at position `n` adds `n`, at `n` seconds.
fn history() -> (Clock, Store, [Coordinate; 2]) {
    let clock = Clock::at_us(BEGIN_US);
    let store = Store::open(MemoryDisk::new().config().scripted(&clock, 7)).unwrap();
    let streams = [coordinate("a", "s"), coordinate("b", "s")];
    for n in 1..=1_000 {
        clock.advance(Duration::from_micros(SECOND_US));
        let stream = &streams[n as usize % 2];
        store.append_typed(stream, &Counter::Added { n }).unwrap();
    }
    (clock, store, streams)
}

/// What the events up to the position add, those of all streams or of the one with such numbers.
fn sum(last: u64, is_it: impl Fn(&u64) -> bool) -> Sum {
    Sum((1..=last.min(1_000)).filter(is_it).sum())
}

#[test]
fn a_fold_as_of_a_position_is_of_the_events_up_to_it() {
    let (_, store, [even, odd]) = history();
    for last in [0, 1, 2, 3, 31, 32, 33, 256, 257, 999, 1_000] {
        let as_of = AsOf::Position(last);
        let of_even: Sum = store.project_as_of(&even, as_of).unwrap();
        let of_odd: Sum = store.project_as_of(&odd, as_of).unwrap();
        let all: Sum = store.fold_as_of(&Region::all(), as_of).unwrap();
        assert_eq!(of_even, sum(last, |n| n % 2 == 0), "{last}");
        assert_eq!(of_odd, sum(last, |n| n % 2 == 1), "{last}");
        assert_eq!(all, sum(last, |_| true), "{last}");
    }
    let late = Region::all().positions(900..);
    let of_late: Sum = store.fold_as_of(&late, AsOf::Position(902)).unwrap();
    assert_eq!(of_late, Sum(900 + 901 + 902));
}

#[test]
fn a_fold_as_of_a_time_is_of_the_events_up_to_it_and_including_it() {
    let (_, store, [even, _]) = history();
    for last in [0, 1, 2, 3, 255, 256, 257, 258, 999, 1_000, 1_001] {
        let at_us = BEGIN_US + last * SECOND_US;
        for (time_us, last) in [
            (at_us - 1, last.saturating_sub(1)),
            (at_us, last),
            (at_us + 1, last),
        ] {
            let as_of = AsOf::Time(time_us);
            let of_even: Sum = store.project_as_of(&even, as_of).unwrap();
            let all: Sum = store.fold_as_of(&Region::all(), as_of).unwrap();
            assert_eq!(of_even, sum(last, |n| n % 2 == 0), "{time_us}");
            assert_eq!(all, sum(last, |_| true), "{time_us}");
        }
    }
}

#[test]
fn a_clock_that_was_set_back_takes_no_event_out_of_the_past() {
    let disk = MemoryDisk::new();
    let later = Clock::at_us(BEGIN_US + SECOND_US);
    let a = coordinate("a", "s");
    let store = Store::open(disk.config().scripted(&later, 7)).unwrap();
    store.append_typed(&a, &Counter::Added { n: 1 }).unwrap();
    store.close().unwrap();
    let earlier = Clock::at_us(BEGIN_US);
    let store = Store::open(disk.config().scripted(&earlier, 8)).unwrap();
    let second = store.append_typed(&a, &Counter::Added { n: 2 }).unwrap();
    assert!(second.time_us >= BEGIN_US + SECOND_US);
    let before = AsOf::Time(BEGIN_US);
    assert_eq!(store.project_as_of::<Sum>(&a, before).unwrap(), Sum(0));
    let then = AsOf::Time(second.time_us);
    assert_eq!(store.project_as_of::<Sum>(&a, then).unwrap(), Sum(3));
}

#[test]
fn a_position_that_the_log_has_not_is_an_error_and_a_time_to_come_is_now() {
    let (_, store, [even, _]) = history();
    for position in [1_001, u64::MAX] {
        let as_of = AsOf::Position(position);
        for error in [
            store.project_as_of::<Sum>(&even, as_of).unwrap_err(),
            store.fold_as_of::<Sum>(&Region::all(), as_of).unwrap_err(),
        ] {
            assert!(
                matches!(error, StoreError::PositionAhead { position: p, last: 1_000 } if p == position),
                "{error}"
            );
        }
    }
    let to_come = AsOf::Time(u64::MAX);
    let all: Sum = store.fold_as_of(&Region::all(), to_come).unwrap();
    assert_eq!(all, sum(1_000, |_| true));
}

state_machine!(
    #[derive(Debug, Clone, PartialEq)]
    enum Lamp {
        #[initial]
        Off,
        On,
    }

    #[derive(Event, Debug, Clone)]
    #[event(category = 0x4)]
    enum LampEvent {
        #[event(id = 0x001)]
        Lit,
        #[event(id = 0x002)]
        Quenched,
    }

    fn evolve(lamp: Lamp, event: LampEvent) -> Lamp {
        match (lamp, event) {
            (Off, Lit) => On,
            (On, Quenched) => Off,
        }
    }
);

#[test]
fn the_state_of_a_machine_in_the_past_is_a_value_to_look_at() {
    let store = Store::open(MemoryDisk::new().config()).unwrap();
    let lamp = coordinate("lamp:1", "s");
    for event in [LampEvent::Lit, LampEvent::Quenched] {
        store.append_typed(&lamp, &event).unwrap();
    }
    let states: [Lamp; 3] =
        [0, 1, 2].map(|last| store.project_as_of(&lamp, AsOf::Position(last)).unwrap());
    assert_eq!(states, [Lamp::Off, Lamp::On, Lamp::Off]);
}
