//! Processes that are killed: what they acknowledged is there, what is there was submitted, and batches are whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use batpak::testing::Random;

use super::*;
use crate::support::{announce, files};

/// How often a writer is killed, and how often in the life of one store.
const ROUNDS: u64 = 200;
const ROUNDS_OF_A_STORE: u64 = 20;

const THREADS: u64 = 3;

/// What each event says of itself: its number in its stream, its place in its batch and the size of that, and a text
/// that follows from the number.
type Payload = (u64, u64, u64, String);

fn payload(number: u64, place: u64, size: u64) -> Payload {
    let text = "x".repeat((number * 7_919 % 300) as usize);
    (number, place, size, text)
}

fn stream(thread: u64) -> Coordinate {
    coordinate(&format!("thread:{thread}"), "s")
}

/// Segments so small that a round ends some of them, and every few rounds a part of the index is made.
fn config(path: &Path) -> StoreConfig {
    StoreConfig::new(path).segment_bytes(16 << 10)
}

/// Not a test by itself: the writer that is killed.
#[test]
fn child_loads_a_store() {
    let Some(path) = given() else { return };
    let seed: u64 = std::env::var("BATPAK_TEST_SEED").unwrap().parse().unwrap();
    let store = Store::open(config(&path)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, random) = (&store, Random::new(seed * THREADS + thread));
            scope.spawn(move || load(store, thread, random));
        }
    });
}

/// Appends batches of all durabilities, and tells of each that a kill must not take.
fn load(store: &Store, thread: u64, mut random: Random) -> ! {
    let stream = stream(thread);
    let mut number = store.revision(&stream).unwrap();
    loop {
        let size = 1 + random.below(4) * random.below(4);
        let durability = *random.pick(&[
            Durability::Buffered,
            Durability::Written,
            Durability::Written,
            Durability::Durable,
        ]);
        let mut batch = Batch::new().durability(durability);
        for place in 0..size {
            number += 1;
            batch = batch.event(NewEvent::new(&stream, KIND, &payload(number, place, size)));
        }
        let receipts = match random.below(4) {
            0 => store.submit(batch).unwrap().wait().unwrap(),
            _ => store.commit(batch).unwrap(),
        };
        assert_eq!(receipts.last().unwrap().revision, number);
        let mut survives = durability > Durability::Buffered;
        if random.below(30) == 0 {
            store.flush().unwrap();
            survives = true;
        }
        if survives {
            println!("acknowledged {thread} {number}");
        }
    }
}

/// A store whose writers are killed, and what is known of it.
#[derive(Default)]
struct Victim {
    /// The newest number of each stream that was acknowledged.
    acknowledged: BTreeMap<u64, u64>,
    /// The position up to which a store has shown events.
    shown: u64,
}

impl Victim {
    /// Starts a writer, and kills it after a while: from its start, or from its first acknowledgement on.
    fn kill(&mut self, path: &Path, seed: u64, random: &mut Random) {
        let mut child = child("kill::child_loads_a_store", path)
            .env("BATPAK_TEST_SEED", seed.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (first, is_writing) = std::sync::mpsc::channel();
        let reading = std::thread::spawn(move || {
            let mut newest = BTreeMap::new();
            for line in output.lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix("acknowledged ") {
                    let (thread, number) = line.split_once(' ').unwrap();
                    newest.insert(thread.parse().unwrap(), number.parse().unwrap());
                    let _ = first.send(());
                }
            }
            newest
        });
        if random.below(3) > 0 {
            let _ = is_writing.recv_timeout(Duration::from_secs(20));
        }
        std::thread::sleep(Duration::from_micros(random.below(60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let newest: BTreeMap<u64, u64> = reading.join().unwrap();
        self.acknowledged.extend(newest);
    }

    /// Opens the store, and checks what it has.
    fn check(&mut self, path: &Path) -> u64 {
        let store = Store::open(config(path)).unwrap();
        assert!(store.position() >= self.shown, "what was shown stays");
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        let mut open = None;
        for event in store.query(&Region::all()) {
            let event = event.unwrap();
            let found: Payload = event.payload().unwrap();
            let number = numbers
                .entry(event.coordinate.entity().to_owned())
                .or_default();
            *number += 1;
            assert_eq!((event.header.revision, found.0), (*number, *number));
            assert_eq!(found, payload(found.0, found.1, found.2));
            let begun = (event.coordinate, found.1, found.2);
            if let Some((stream, place, size)) = open.take() {
                assert_eq!(
                    (&begun.0, begun.1, begun.2),
                    (&stream, place + 1, size),
                    "a batch is in one piece"
                );
            } else {
                assert_eq!(begun.1, 0, "a batch has its first event");
            }
            open = (begun.1 + 1 < begun.2).then_some(begun);
        }
        assert_eq!(open, None, "a batch has its last event");
        for (thread, acknowledged) in &self.acknowledged {
            let revision = store.revision(&stream(*thread)).unwrap();
            assert!(revision >= *acknowledged, "{revision} of {acknowledged}");
            assert_eq!(
                numbers.get(stream(*thread).entity()).copied(),
                Some(revision)
            );
        }
        assert_eq!(store.verify().unwrap().events, store.position());
        store.position()
    }
}

#[test]
fn what_was_acknowledged_survives_any_number_of_kills() {
    let (start, mut random) = (Instant::now(), Random::new(1));
    let (mut events, mut acknowledged) = (0, 0);
    for life in 0..ROUNDS / ROUNDS_OF_A_STORE {
        let (dir, mut victim) = (Dir::new(), Victim::default());
        for round in 0..ROUNDS_OF_A_STORE {
            victim.kill(&dir.path(), life * ROUNDS_OF_A_STORE + round, &mut random);
            if random.below(2) == 0 {
                victim.shown = victim.check(&dir.path());
            } else if dir.path().exists() {
                // The next writer finds what this one has left.
                let copy = Dir::new();
                copy_to(&dir.path(), &copy.path());
                victim.check(&copy.path());
            }
        }
        events += victim.check(&dir.path());
        acknowledged += victim.acknowledged.values().sum::<u64>();
    }
    announce(&format!(
        "kills: {ROUNDS} rounds, {events} events, {acknowledged} of them acknowledged, {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    assert!(acknowledged > ROUNDS, "the writers came to write");
}

fn copy_to(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    // A crash may have come before there was a segment.
    fs::create_dir_all(to).unwrap();
}

/// Not a test by itself: an opening that is killed.
#[test]
fn child_recovers_a_store() {
    let Some(path) = given() else { return };
    println!("begun");
    let store = Store::open(config(&path)).unwrap();
    println!("opened {}", store.position());
    store.close().unwrap();
    println!("closed");
}

/// A store whose index fills several parts, though it has few events, and what is in it.
fn large_store() -> (Dir, u64) {
    let dir = Dir::new();
    let store = Store::open(config(&dir.path())).unwrap();
    for n in 0..5_000 {
        let tags = (0..8).map(|tag| Tag::new("n", format!("{tag}{n:0240}")).unwrap());
        let event = tags.fold(number(&coordinate("a", "s"), n), NewEvent::tag);
        let batch = Batch::new().event(event);
        store
            .commit(batch.durability(Durability::Buffered))
            .unwrap();
    }
    store.close().unwrap();
    dir.forget_index();
    (dir, 5_000)
}

#[test]
fn an_opening_that_is_killed_at_any_time_is_made_up_for_by_the_next() {
    let (start, mut random) = (Instant::now(), Random::new(2));
    let (dir, events) = large_store();
    let newest = dir.segments().pop().unwrap();
    let whole = fs::read(&newest).unwrap();
    let open = |dir: &Dir, after: Duration| {
        let begun = Instant::now();
        let mut child = child("kill::child_recovers_a_store", &dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while begun.elapsed() < after && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(500));
        }
        let _ = child.kill();
        let status = child.wait().unwrap();
        assert!(status.success() || status.code().is_none(), "{status}");
        (begun.elapsed(), status.success())
    };
    let (mut usual, ended) = open(&dir, Duration::from_secs(60));
    assert!(ended, "an opening ends by itself");
    let mut killed = 0;
    for round in 0..8 {
        dir.forget_index();
        // What a torn write leaves, which is to be cut.
        let tail: Vec<u8> = (0..random.below(3_000))
            .map(|_| random.below(256) as u8)
            .collect();
        fs::write(&newest, [whole.as_slice(), &tail].concat()).unwrap();
        for _ in 0..4 {
            let after = usual.mul_f64(random.below(1_000) as f64 / 1_000.0);
            match open(&dir, after) {
                // The next goes on where this one was killed.
                (_, false) => killed += 1,
                (took, true) => {
                    usual = usual.min(took);
                    dir.forget_index();
                }
            }
        }
        let store = Store::open(config(&dir.path())).unwrap();
        assert_eq!(store.position(), events, "round {round}");
        assert_eq!(store.revision(&coordinate("a", "s")).unwrap(), events);
        if round % 4 == 0 {
            store.verify().unwrap();
        }
        store.close().unwrap();
        let mut written = fs::read(&newest).unwrap();
        written.truncate(whole.len());
        assert!(written == whole, "nothing but the tail was changed");
    }
    announce(&format!(
        "kills during recovery: {killed} of 32 openings of {:.2} s, {:.1} s",
        usual.as_secs_f64(),
        start.elapsed().as_secs_f64()
    ));
    assert!(killed > 8);
}
