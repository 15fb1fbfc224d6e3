//! A soak: writers, slow and fast subscribers, consumers and a reactor, all at once on a store with small segments, that are
//! stopped, dropped and killed and go on, in a store that is closed, dropped and killed and opened again. At the end every one of
//! them has seen exactly the log.
//!
//! `BATPAK_SOAK_ROUNDS` says how often the store is opened (14, which takes some seconds), and `BATPAK_TEST_SEED` from which seed
//! on the rounds are made up (0); it is printed if the test fails. Threads and processes run as they come, so a seed that has
//! failed may have to be tried more than once.

mod consumers;
mod followers;
mod notes;
mod reactors;
mod writers;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use batpak::prelude::*;
use batpak::testing::Random;
use consumers::CONSUMERS;
use followers::{FOLLOWERS, Positions};
use notes::{Notes, Sight};
use reactors::{answers, asked};

use crate::support::{Dir, KIND, announce, coordinate, setting};

/// Whether a round is at its end. Clones are the same.
#[derive(Clone, Default)]
struct End(Arc<AtomicBool>);

impl End {
    fn come(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn has_come(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits for a while, or until the round is at its end, or this holds.
    fn wait(&self, patience: Duration, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while start.elapsed() < patience && !self.has_come() && !holds() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// What code panics with that is to end whoever runs it.
const KILLED: &str = "killed";

/// How a round ends.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// With its store closed or dropped.
    Closed,
    /// With its process.
    Killed,
}

/// Opens the store with settings of which none changes what is in it.
fn open(path: &Path, random: &mut Random) -> Store {
    let durability = *random.pick(&[Durability::Written, Durability::Durable]);
    let config = StoreConfig::new(path).segment_bytes(16 << 10);
    let config = config.durability(durability);
    let config = match random.below(3) {
        0 => config.cache_bytes(random.below(4) as usize * 1_024),
        _ => config,
    };
    Store::open(config).unwrap()
}

/// One life of the store, with everybody at work.
fn round(path: &Path, seed: u64, fate: Fate, positions: &mut Positions) {
    let mut random = Random::new(seed);
    let store = open(path, &mut random);
    let end = End::default();
    let following = followers::start(&store, path, fate, &end, positions, &mut random);
    let (consuming, reacting) = std::thread::scope(|scope| {
        let (store, end) = (&store, &end);
        let writing: Vec<_> = (0..writers::WRITERS)
            .map(|writer| {
                let random = Random::new(random.number());
                scope.spawn(move || writers::write(store, path, writer, random, fate))
            })
            .collect();
        let consuming = CONSUMERS.iter().map(|consumer| {
            let random = Random::new(random.number());
            scope.spawn(move || consumer.mind(store, path, random, end))
        });
        let consuming: Vec<_> = consuming.collect();
        let random = Random::new(random.number());
        let reacting = scope.spawn(move || reactors::mind(store, random, end));
        let written: Vec<_> = writing.into_iter().map(|writing| writing.join()).collect();
        end.come();
        written.into_iter().for_each(|written| written.unwrap());
        let consuming = consuming.into_iter().map(|minding| minding.join().unwrap());
        (consuming.collect::<Vec<_>>(), reacting.join().unwrap())
    });
    match random.below(2) {
        0 => store.close().unwrap(),
        _ => drop(store),
    }
    for (name, following) in following {
        positions.insert(name, following.join().unwrap());
    }
    // Those who were still running have ended with their store.
    for consuming in consuming.into_iter().flatten() {
        consumers::check_end(consuming.stop());
    }
    if let Some(reacting) = reacting {
        reactors::check_end(reacting.stop());
    }
}

/// Not a test by itself: a round whose process is killed.
#[test]
fn child_soaks() {
    let Some(path) = std::env::var_os("BATPAK_TEST_DIR") else {
        return;
    };
    // Nobody is joined here.
    std::panic::set_hook(Box::new(|panic| {
        announce(&panic.to_string());
        std::process::exit(1);
    }));
    let seed = setting("BATPAK_TEST_SEED", 0);
    round(
        Path::new(&path),
        seed,
        Fate::Killed,
        &mut Positions::default(),
    );
}

/// Has a round in a process of its own, and kills that.
fn killed_round(path: &Path, seed: u64, random: &mut Random) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "soak::child_soaks", "--nocapture"])
        .env("BATPAK_TEST_DIR", path)
        .env("BATPAK_TEST_SEED", seed.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(100 + random.below(300)));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "it has failed before it was killed");
}

/// Has everybody come to the end of the log, once no more is written.
fn finish(store: &Store, path: &Path, positions: &mut Positions, random: &mut Random) {
    let reacting = reactors::start(store, None);
    reacting.catch_up().unwrap();
    reacting.stop().unwrap();
    store.flush().unwrap();
    for consumer in &CONSUMERS {
        let consuming = consumer.start(store, path, None, random.number());
        consuming.catch_up().unwrap();
        assert_eq!(consuming.parked(), [], "{}", consumer.name);
        consuming.stop().unwrap();
    }
    followers::finish(store, path, positions);
}

/// What is in the log of a region.
fn log(store: &Store, region: &Region) -> Vec<Sight> {
    let events = store.query(region).map(Result::unwrap);
    events.map(|event| Sight::of(&event)).collect()
}

/// What was written and said to be, is there; and the log has no holes.
fn check_written(store: &Store, path: &Path) {
    let log = log(store, &Region::all());
    let positions = log.iter().map(|sight| sight.position);
    assert!(positions.eq(1..=store.position()), "the log is whole");
    for writer in 0..writers::WRITERS {
        for written in Notes::read(path, &writers::name(writer)) {
            let there = log.get(written.position as usize - 1);
            assert_eq!(there, Some(&written), "what was acknowledged is there");
        }
    }
}

/// Each event that asks has one answer, in their order.
fn check_reactions(store: &Store) {
    let causes = store.query(&asked()).map(|event| event.unwrap());
    let causes: Vec<_> = causes.map(|event| event.header.event_id).collect();
    let answers = store.query(&answers()).map(Result::unwrap);
    let answered: Vec<_> = answers.map(|event| event.causes[0]).collect();
    assert!(answered == causes, "each has one reaction");
}

#[test]
fn whoever_is_stopped_dropped_and_killed_and_goes_on_has_at_the_end_seen_exactly_the_log() {
    let (start, rounds) = (Instant::now(), setting("BATPAK_SOAK_ROUNDS", 14));
    let first = setting("BATPAK_TEST_SEED", 0);
    // It is shown if the test fails.
    println!("{rounds} rounds from seed {first} on");
    let (dir, mut random) = (Dir::new(), Random::new(first));
    let (path, mut positions) = (dir.path(), Positions::default());
    for n in 0..rounds {
        match n % 3 {
            2 => killed_round(&path, first + n, &mut random),
            _ => round(&path, first + n, Fate::Closed, &mut positions),
        }
    }
    let store = open(&path, &mut random);
    finish(&store, &path, &mut positions, &mut random);
    check_written(&store, &path);
    check_reactions(&store);
    for follower in &FOLLOWERS {
        follower.check(&store, &path);
    }
    let again: usize = CONSUMERS
        .iter()
        .map(|consumer| consumer.check(&store, &path))
        .sum();
    store.verify().unwrap();
    assert!(dir.segments().len() > 3, "segments were rolled");
    announce(&format!(
        "soak: {rounds} rounds, {} events in {} segments, {again} times one was handled again, {:.1?}",
        store.position(),
        dir.segments().len(),
        start.elapsed()
    ));
}
