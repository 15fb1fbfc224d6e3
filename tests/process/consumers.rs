//! Consumers whose process is killed: each event is handled at least once, those of a key in order, and no bookmark is ahead of
//! what was handled.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use batpak::Backoff;
use batpak::testing::Random;

use super::*;
use crate::support::announce;

const ROUNDS: u64 = 48;
const ROUNDS_OF_A_STORE: u64 = 12;

/// Whether a number can be handled.
fn is_fine(n: u64) -> bool {
    n % 50 != 3
}

/// Where the handler writes what it has handled.
fn notes(dir: &Path) -> PathBuf {
    dir.with_extension("handled")
}

/// Starts the consumer as a run has it: on one thread or on some.
fn consume(store: &Store, run: u64, notes: File) -> Consuming {
    let handler = move |event: &StoredEvent| {
        if !is_fine(event.payload()?) {
            return Err("no".into());
        }
        // One write, which outlives the process.
        (&notes).write_all(format!("{}\n", event.header.sequence).as_bytes())?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let at_once = Backoff::new(Duration::ZERO, Duration::ZERO);
    let consumer = store.consumer("noting", Region::all().kinds([KIND]));
    let consumer = consumer.retry(at_once, 2).every(1 + run % 40);
    match run % 3 {
        0 => consumer.run(handler),
        _ => consumer.run_partitioned(3, |event| event.coordinate.clone(), handler),
    }
    .unwrap()
}

fn open_notes(dir: &Path) -> File {
    let options = OpenOptions::new().append(true).create(true).clone();
    options.open(notes(dir)).unwrap()
}

/// Not a test by itself: the process that is killed.
#[test]
fn child_consumes() {
    let Some(path) = given() else { return };
    let run: u64 = std::env::var("BATPAK_TEST_SEED").unwrap().parse().unwrap();
    let mut random = Random::new(run);
    let config = StoreConfig::new(&path).segment_bytes(16 << 10);
    let store = Store::open(config.durability(Durability::Written)).unwrap();
    let consuming = consume(&store, run, open_notes(&path));
    loop {
        let stream = coordinate(&format!("key:{}", random.below(8)), "s");
        let batch = Batch::new().event(number(&stream, random.below(1_000)));
        let durability = *random.pick(&[
            Durability::Buffered,
            Durability::Written,
            Durability::Durable,
        ]);
        store.commit(batch.durability(durability)).unwrap();
        if random.below(10) == 0 {
            consuming.catch_up().unwrap();
        }
    }
}

/// The events that can be handled, by position, with their keys; and the others.
fn events(store: &Store) -> (BTreeMap<u64, String>, BTreeSet<u64>) {
    let (mut fine, mut others) = (BTreeMap::new(), BTreeSet::new());
    for event in store.query(&Region::all().kinds([KIND])) {
        let event = event.unwrap();
        match is_fine(event.payload().unwrap()) {
            true => drop(fine.insert(event.header.sequence, event.coordinate.entity().to_owned())),
            false => drop(others.insert(event.header.sequence)),
        }
    }
    (fine, others)
}

/// What was handled, in order. Before each event all others of its key that come before it were.
fn handled(dir: &Path, fine: &BTreeMap<u64, String>) -> Vec<u64> {
    let text = std::fs::read_to_string(notes(dir)).unwrap();
    let handled: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let mut next: BTreeMap<&str, std::iter::Peekable<_>> = BTreeMap::new();
    for key in fine.values() {
        let of_key = fine.iter().filter(move |(_, of)| *of == key);
        let of_key = of_key.map(|(position, _)| *position);
        next.entry(key).or_insert_with(|| of_key.peekable());
    }
    let mut seen = BTreeSet::new();
    for position in &handled {
        let key = fine.get(position).expect("what was handled is in the log");
        if seen.insert(*position) {
            let due = next.get_mut(key.as_str()).unwrap().next();
            assert_eq!(due, Some(*position), "the next of its key");
        }
    }
    handled
}

/// The position that is stored, by the description in FORMAT.md.
fn stored(dir: &Path) -> u64 {
    let Ok(mut files) = std::fs::read_dir(dir.join("consumers")) else {
        return 0;
    };
    let is_bookmark = |path: &PathBuf| path.extension().is_some_and(|of| of == "bookmark");
    let path = files.find_map(|file| Some(file.unwrap().path()).filter(is_bookmark));
    let bytes = path.map(|path| std::fs::read(path).unwrap());
    bytes.map_or(0, |bytes| {
        u64::from_le_bytes(bytes[26..34].try_into().unwrap())
    })
}

#[test]
fn after_any_number_of_kills_each_event_was_handled_and_those_of_a_key_in_order() {
    let (start, mut random) = (Instant::now(), Random::new(7));
    let (mut count, mut times) = (0, 0);
    for life in 0..ROUNDS / ROUNDS_OF_A_STORE {
        let dir = Dir::new();
        for round in 0..ROUNDS_OF_A_STORE {
            let run = life * ROUNDS_OF_A_STORE + round;
            let mut child = child("consumers::child_consumes", &dir.path())
                .env("BATPAK_TEST_SEED", run.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(5 + random.below(80)));
            child.kill().unwrap();
            child.wait().unwrap();
            if !notes(&dir.path()).exists() {
                continue;
            }
            let store = Store::open(StoreConfig::new(dir.path())).unwrap();
            let (fine, _) = events(&store);
            let done: BTreeSet<u64> = handled(&dir.path(), &fine).into_iter().collect();
            let stored = stored(&dir.path());
            assert!(stored <= store.position());
            let passed = fine
                .range(..=stored)
                .find(|(position, _)| !done.contains(position));
            assert_eq!(passed, None, "the bookmark is at {stored}");
        }
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        let consuming = consume(&store, life, open_notes(&dir.path()));
        consuming.catch_up().unwrap();
        consuming.stop().unwrap();
        let (fine, others) = events(&store);
        let handled = handled(&dir.path(), &fine);
        let done: BTreeSet<u64> = handled.iter().copied().collect();
        assert!(done.iter().eq(fine.keys()), "each of them");
        let parked = store.parked("noting").unwrap();
        assert!(parked.iter().map(|parked| &parked.position).eq(&others));
        store.verify().unwrap();
        (count, times) = (count + done.len(), times + handled.len());
    }
    announce(&format!(
        "kills of consumers: {ROUNDS} rounds, {count} events, handled {times} times, {:.1?}",
        start.elapsed()
    ));
}
