//! Races: writers that all look before any of them appends. A check before the append lets all of them through, and an
//! append on condition just one.

mod mail;
mod on_call;
mod seat;

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use batpak::Events;
use batpak::prelude::*;

use crate::support::{Dir, soon};

/// How many rounds are run with a condition.
const ROUNDS: u64 = 10_000;

/// How many are run without, to see that they go wrong.
const NAIVE_ROUNDS: u64 = 200;

/// Writers that do the same at the same time, once in each round.
struct Race {
    store: Store,
    writers: u64,
    rounds: u64,
    /// How often somebody has come to where the writers meet, in all rounds.
    arrivals: AtomicU64,
    _dir: Dir,
}

/// One writer's part in a round.
struct Turn<'r> {
    race: &'r Race,
    round: u64,
    writer: u64,
    has_met: Cell<bool>,
}

impl Race {
    fn new(writers: u64, rounds: u64) -> Self {
        let dir = Dir::new();
        Self {
            store: Store::open(StoreConfig::new(dir.path())).unwrap(),
            writers,
            rounds,
            arrivals: AtomicU64::new(0),
            _dir: dir,
        }
    }

    /// Has all writers take their turn in all rounds. `turn` tells whether its event is stored; how many of each round said so
    /// is the answer.
    fn run(&self, turn: impl Fn(&Turn<'_>) -> bool + Sync) -> Vec<u64> {
        let told = Mutex::new(vec![0; self.rounds as usize]);
        std::thread::scope(|scope| {
            for writer in 0..self.writers {
                let (turn, told) = (&turn, &told);
                scope.spawn(move || {
                    for round in 0..self.rounds {
                        let mine = Turn::new(self, round, writer);
                        if turn(&mine) {
                            told.lock().unwrap()[round as usize] += 1;
                        }
                    }
                });
            }
        });
        self.store.flush().unwrap();
        told.into_inner().unwrap()
    }

    /// How many events of this region each round has in the log. Their payload is the round.
    fn stored(&self, region: &Region) -> Vec<u64> {
        let mut stored = vec![0; self.rounds as usize];
        for event in self.store.query(region) {
            stored[event.unwrap().payload::<u64>().unwrap() as usize] += 1;
        }
        stored
    }
}

impl<'r> Turn<'r> {
    fn new(race: &'r Race, round: u64, writer: u64) -> Self {
        let turn = Self {
            race,
            round,
            writer,
            has_met: Cell::new(false),
        };
        if !turn.meets_between() {
            turn.meet();
        }
        turn
    }

    /// In every other round the writers wait for each other once they have checked, so that what each of them has seen is
    /// no longer so when all but one append; in the others before they check, so that some check while others append.
    fn meets_between(&self) -> bool {
        self.round.is_multiple_of(2)
    }

    /// Told by a writer that has checked, before it appends. One that checks anew does not wait again.
    fn has_checked(&self) {
        if !self.has_met.get() {
            self.meet();
        }
    }

    fn meet(&self) {
        self.has_met.set(true);
        let arrivals = &self.race.arrivals;
        arrivals.fetch_add(1, Ordering::SeqCst);
        let all = (self.round + 1) * self.race.writers;
        soon("all writers meet", || {
            arrivals.load(Ordering::SeqCst) >= all
        });
    }

    /// The event as a batch: most are quick, and some hundreds wait for the medium.
    fn batch(&self, event: NewEvent) -> Batch {
        Batch::from(event).durability(match self.round % 40 {
            0 | 19 => Durability::Durable,
            round if round % 4 < 2 => Durability::Written,
            _ => Durability::Buffered,
        })
    }

    /// Commits a batch if its condition holds.
    fn commit(&self, batch: Batch) -> Result<(), Conflict> {
        match self.race.store.commit(batch) {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict(conflict)) => Err(*conflict),
            Err(error) => panic!("{error}"),
        }
    }
}

/// One of the ways to append if a region has not too many events.
type Way = fn(&Turn<'_>, &Region, usize, &dyn Fn() -> NewEvent) -> bool;

/// Appends without a condition, once it has seen that the region has no more than `most` events.
fn check_then_append(
    turn: &Turn<'_>,
    region: &Region,
    most: usize,
    event: &dyn Fn() -> NewEvent,
) -> bool {
    let may = count(turn.race.store.query(region)).unwrap() <= most;
    turn.has_checked();
    if may {
        turn.commit(turn.batch(event())).unwrap();
    }
    may
}

/// Appends if the region has no more than `most` events, on condition that none has come since it looked.
fn append_on_condition(
    turn: &Turn<'_>,
    region: &Region,
    most: usize,
    event: &dyn Fn() -> NewEvent,
) -> bool {
    loop {
        let events = turn.race.store.query(region);
        let position = events.position();
        let may = count(events).unwrap() <= most;
        turn.has_checked();
        if !may {
            return false;
        }
        let batch = turn.batch(event());
        match turn.commit(batch.fail_if_after(region.clone(), position)) {
            Ok(()) => return true,
            Err(conflict) => assert!(conflict.is_retryable(), "{conflict}"),
        }
    }
}

/// The same by [`Store::decide`].
fn decide(turn: &Turn<'_>, region: &Region, most: usize, event: &dyn Fn() -> NewEvent) -> bool {
    let receipts = turn.race.store.decide(region, |events| {
        let may = count(events)? <= most;
        turn.has_checked();
        Ok::<_, StoreError>(match may {
            true => turn.batch(event()),
            false => Batch::new(),
        })
    });
    !receipts.unwrap().is_empty()
}

fn count(events: Events<'_>) -> Result<usize, StoreError> {
    let mut count = 0;
    events.for_each_raw(|_| {
        count += 1;
        Ok::<_, StoreError>(())
    })?;
    Ok(count)
}

/// Exactly one writer of each round was told that its event is stored, and it is the only one in the log.
fn exactly_one(race: &Race, told: &[u64], region: &Region) {
    let ones = vec![1; race.rounds as usize];
    assert_eq!(told, ones);
    assert_eq!(race.stored(region), ones);
}

/// In each round in which the writers met after they had checked, all of them stored their event.
fn all_of_them(race: &Race, told: &[u64], region: &Region) {
    assert_eq!(race.stored(region), told);
    for (round, told) in told.iter().enumerate().step_by(2) {
        assert_eq!(*told, race.writers, "round {round}");
    }
}
