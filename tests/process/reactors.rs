//! Reactors whose process is killed: each event has one reaction, whatever the code of the next run would say.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use batpak::testing::Random;

use super::*;
use crate::support::announce;

const ROUNDS: u64 = 60;
const ROUNDS_OF_A_STORE: u64 = 15;

/// How many events follow from a number in a run.
fn count(n: u64, run: u64) -> u64 {
    (n + run) % 4
}

fn numbers() -> Coordinate {
    coordinate("numbers", "s")
}

fn answers() -> Coordinate {
    coordinate("answers", "s")
}

/// Starts the reactor with the code of a run.
fn react(store: &Store, run: u64) -> Reacting {
    let answering = batpak::reactor("answering", move |event: &StoredEvent| {
        let n: u64 = event.payload()?;
        let answer = |_| NewEvent::new(&answers(), KIND, &(n, run));
        Ok::<_, StoreError>((0..count(n, run)).map(answer).collect::<Batch>())
    });
    store.react(Region::stream(&numbers()), answering).unwrap()
}

/// Not a test by itself: the process that is killed.
#[test]
fn child_reacts() {
    let Some(path) = given() else { return };
    let run: u64 = std::env::var("BATPAK_TEST_SEED").unwrap().parse().unwrap();
    let mut random = Random::new(run);
    let config = StoreConfig::new(path).segment_bytes(16 << 10);
    let store = Store::open(config.durability(Durability::Written)).unwrap();
    let reacting = react(&store, run);
    loop {
        let n = random.below(1_000);
        let durability = *random.pick(&[
            Durability::Buffered,
            Durability::Written,
            Durability::Durable,
        ]);
        let batch = Batch::new().event(number(&numbers(), n));
        store.commit(batch.durability(durability)).unwrap();
        if random.below(10) == 0 {
            reacting.catch_up().unwrap();
        }
    }
}

/// Which run has answered each event; all of its answers are there, next to each other.
fn answered(store: &Store) -> BTreeMap<EventId, u64> {
    let mut found: BTreeMap<EventId, Vec<(u64, u64)>> = BTreeMap::new();
    for event in store.stream(&answers()) {
        let event = event.unwrap();
        let answer = event.payload().unwrap();
        found.entry(event.causes[0]).or_default().push(answer);
    }
    let whole = |answers: Vec<(u64, u64)>| {
        let (n, run) = answers[0];
        assert_eq!(answers, vec![(n, run); count(n, run) as usize]);
        run
    };
    let found = found.into_iter();
    found
        .map(|(cause, answers)| (cause, whole(answers)))
        .collect()
}

#[test]
fn after_any_number_of_kills_each_event_has_its_first_reaction_and_no_other() {
    let (start, mut random) = (Instant::now(), Random::new(5));
    let (mut events, mut reactions) = (0, 0);
    for life in 0..ROUNDS / ROUNDS_OF_A_STORE {
        let dir = Dir::new();
        let mut known = BTreeMap::new();
        for round in 0..ROUNDS_OF_A_STORE {
            let run = life * ROUNDS_OF_A_STORE + round;
            let mut child = child("reactors::child_reacts", &dir.path())
                .env("BATPAK_TEST_SEED", run.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(5 + random.below(80)));
            child.kill().unwrap();
            child.wait().unwrap();
            let store = Store::open(StoreConfig::new(dir.path())).unwrap();
            let found = answered(&store);
            for (cause, run) in &known {
                assert_eq!(found.get(cause), Some(run), "the first reaction stands");
            }
            known = found;
        }
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        let reacting = react(&store, ROUNDS);
        reacting.catch_up().unwrap();
        reacting.stop().unwrap();
        store.verify().unwrap();
        let found = answered(&store);
        for event in store.stream(&numbers()) {
            let event = event.unwrap();
            events += 1;
            match found.get(&event.header.event_id) {
                Some(_) => reactions += 1,
                None => {
                    let n: u64 = event.payload().unwrap();
                    let mut runs = (life * ROUNDS_OF_A_STORE..).take(15).chain([ROUNDS]);
                    assert!(runs.any(|run| count(n, run) == 0), "{n} has no reaction");
                }
            }
        }
        assert!(found.keys().len() >= known.len());
    }
    announce(&format!(
        "kills of reactors: {ROUNDS} rounds, {events} events, {reactions} with a reaction, {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    assert!(reactions > ROUNDS, "the reactors came to react");
}
