//! Writers that race, judged by a scan of the whole log.

use std::sync::Mutex;

use batpak::testing::Random;

use super::*;

const WRITERS: u64 = 4;
const OPENINGS: u64 = 5;
const COMMITS: u64 = 300;

/// What came of a commit on these conditions.
struct Tried {
    condition: Condition,
    /// The position of the batch's first event, or the conflict.
    came: Result<u64, Conflict>,
}

/// A region that some of the events are in that [`event`] makes.
fn region(random: &mut Random, store: &Store, last: u64) -> Region {
    let item = |random: &mut Random| {
        let all = Region::all();
        let all = match random.below(5) {
            0 => all.entity(format!("e:{}", random.below(6))),
            1 => all.entity_prefix(["e:", "e:1", "x"][random.below(3) as usize]),
            2 => all.scope(format!("s{}", random.below(3))),
            3 => Region::stream(&stream(random)),
            _ => all,
        };
        let all = match random.below(4) {
            0 => all.kinds([kind(random)]),
            1 => all.kinds([kind(random), kind(random)]),
            2 => all.category(1 + random.below(3) as u8),
            _ => all,
        };
        let all = match random.below(3) {
            0 => all,
            _ => all.tag(course(random.below(5))),
        };
        let some = |random: &mut Random| some_id(random, store, last);
        match random.below(10) {
            0 => all.positions(random.below(last + 1)..),
            1 => all.times_us(..u64::MAX / 2),
            2 => all.caused_by(some(random)),
            3 => all.correlation(some(random)),
            _ => all,
        }
    };
    match random.below(3) {
        0 => item(random).or(item(random)),
        _ => item(random),
    }
}

/// The id of some event of the last ones, or one that no event has.
fn some_id(random: &mut Random, store: &Store, last: u64) -> EventId {
    let position = last.saturating_sub(random.below(10)).max(1);
    let event = store.get_at(position).unwrap();
    event.map_or(EventId::from_u128(1), |event| event.header.event_id)
}

fn kind(random: &mut Random) -> EventKind {
    EventKind::custom(1 + random.below(2) as u8, random.below(2) as u16)
}

fn stream(random: &mut Random) -> Coordinate {
    let (entity, scope) = (random.below(12), random.below(2));
    coordinate(&format!("e:{entity}"), &format!("s{scope}"))
}

fn event(random: &mut Random, store: &Store, last: u64) -> NewEvent {
    let event = NewEvent::new(&stream(random), kind(random), &random.number());
    let event = match random.below(4) {
        0 if last > 0 => event.cause(some_id(random, store, last)),
        _ => event,
    };
    match random.below(3) {
        0 => event.tag(course(random.below(5))),
        1 => event.tag(course(random.below(5))).tag(course(7)),
        _ => event,
    }
}

fn condition(random: &mut Random, store: &Store, last: u64) -> Condition {
    let clauses = 0..1 + random.below(2);
    clauses.fold(Condition::new(), |condition, _| match random.below(4) {
        0 => {
            let revision = Expect::Revision(random.below(last / 12 + 2));
            let expect = [Expect::Empty, Expect::Exists, revision];
            condition.expect(&stream(random), *random.pick(&expect))
        }
        1 => condition.fail_if_any(region(random, store, last)),
        _ => {
            let position = last - random.below(last + 1).min(6);
            condition.fail_if_after(region(random, store, last), position)
        }
    })
}

fn write(store: &Store, seed: u64) -> Vec<Tried> {
    let mut random = Random::new(seed);
    let tries = (0..COMMITS).map(|_| {
        let last = store.position();
        let condition = condition(&mut random, store, last);
        let durability = match random.below(30) {
            0 => Durability::Durable,
            1..10 => Durability::Written,
            _ => Durability::Buffered,
        };
        let mut batch = Batch::new().durability(durability);
        batch.extend((0..1 + random.below(2)).map(|_| event(&mut random, store, last)));
        let came = match store.commit(batch.when(condition.clone())) {
            Ok(receipts) => Ok(receipts[0].sequence),
            Err(StoreError::Conflict(conflict)) => Err(*conflict),
            Err(error) => panic!("{error}"),
        };
        Tried { condition, came }
    });
    tries.collect()
}

/// The events of the log by what a clause asks of them.
enum Scanned {
    /// The stream's, by position; its revisions are dense.
    Stream(Expect, Vec<u64>),
    /// Those of the region behind the position.
    Region(Vec<u64>),
}

/// Every event of the log, held against every clause.
fn scan(store: &Store, clauses: &[&Clause]) -> Vec<Scanned> {
    let begin = |clause: &&Clause| match clause {
        Clause::Stream { expect, .. } => Scanned::Stream(*expect, Vec::new()),
        _ => Scanned::Region(Vec::new()),
    };
    let mut scanned: Vec<_> = clauses.iter().map(begin).collect();
    let visited = store.query(&Region::all()).for_each_raw(|event| {
        let position = event.meta.header.sequence;
        for (clause, scanned) in clauses.iter().zip(&mut scanned) {
            let (Scanned::Stream(_, found) | Scanned::Region(found)) = scanned;
            let is_in = match clause {
                Clause::Stream { coordinate, .. } => event.meta.coordinate() == *coordinate,
                Clause::NoneOf(region) => region.contains(&event.meta),
                Clause::NoneAfter {
                    region,
                    position: p,
                } => position > *p && region.contains(&event.meta),
                other => panic!("{other:?}"),
            };
            if is_in {
                found.push(position);
            }
        }
        Ok::<_, StoreError>(())
    });
    visited.unwrap();
    scanned
}

impl Scanned {
    /// The event that is against the clause of those before `end`: its position, or 0 for one that is missing.
    fn against(&self, end: u64) -> Option<u64> {
        match self {
            Self::Stream(expect, found) => {
                let revision = found.partition_point(|position| *position < end);
                let head = revision.checked_sub(1).map_or(0, |at| found[at]);
                (!expect.holds(revision as u64)).then_some(head)
            }
            Self::Region(found) => found.first().copied().filter(|first| *first < end),
        }
    }
}

#[test]
fn of_writers_that_race_each_is_stored_if_and_only_if_its_condition_held_at_its_place() {
    let dir = Dir::new();
    let tried = Mutex::new(Vec::new());
    // What is there when the store is opened again is in parts of the index, and what comes is in memory.
    for opening in 0..OPENINGS {
        let store = dir.open();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (store, tried) = (&store, &tried);
                scope.spawn(move || {
                    let mine = write(store, 1 + writer + WRITERS * opening);
                    tried.lock().unwrap().extend(mine);
                });
            }
        });
        store.close().unwrap();
    }
    let store = dir.open();
    let tried = tried.into_inner().unwrap();
    let clauses: Vec<_> = tried
        .iter()
        .flat_map(|tried| tried.condition.clauses())
        .collect();
    let scanned = scan(&store, &clauses);
    let mut judged = clauses.iter().zip(&scanned);
    let end = store.position() + 1;
    let (mut stored, mut refused) = (0, 0);
    for Tried { condition, came } in &tried {
        let judged: Vec<_> = judged.by_ref().take(condition.clauses().len()).collect();
        let conflict = match came {
            Ok(first) => {
                stored += 1;
                let held = |(_, scanned): &(_, &Scanned)| scanned.against(*first).is_none();
                assert!(judged.iter().all(held), "{condition:?} at {first}");
                continue;
            }
            Err(conflict) => conflict,
        };
        refused += 1;
        let (clause, scanned) = judged
            .iter()
            .find(|(clause, _)| **clause == &conflict.clause)
            .unwrap();
        // It was so at some moment: of a region the first event stays the first, and of a stream the one
        // that was its newest is there.
        let until = match clause {
            Clause::Stream { .. } => conflict.position + 1,
            _ => end,
        };
        assert_eq!(
            scanned.against(until),
            Some(conflict.position),
            "{conflict}"
        );
        let event = store.get_at(conflict.position).unwrap();
        assert_eq!(event.map(|event| event.header.event_id), conflict.event);
    }
    assert!(
        stored > 200 && refused > 200,
        "{stored} stored, {refused} refused"
    );
}
