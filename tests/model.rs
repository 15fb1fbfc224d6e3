//! Random programs against a list of the events: whatever is done to a store, it answers as the list.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use batpak::prelude::*;
use batpak::testing::Random;

use crate::list::{Asks, Draft, List};
use crate::support::{Dir, setting, soon};

/// How many programs are run, if `BATPAK_TEST_PROGRAMS` does not say otherwise. Each has a seed, from
/// `BATPAK_TEST_SEED` (or 0) on, which is printed when it fails.
const PROGRAMS: u64 = 6;

const STEPS: u64 = 120;

const DURABILITIES: [Durability; 3] = [
    Durability::Buffered,
    Durability::Written,
    Durability::Durable,
];

/// A store in the course of a program.
struct Program {
    dir: Dir,
    settings: Settings,
    /// `None` while it is closed.
    store: Option<Store>,
    list: List,
    random: Random,
    /// Where batches end.
    ends: Vec<u64>,
    /// Up to where a crash of the process takes nothing.
    written: u64,
}

/// How the store is configured, wherever it is.
struct Settings {
    segment_bytes: u32,
    max_queued_bytes: usize,
    cache_bytes: usize,
}

impl Settings {
    fn config(&self, dir: &Dir) -> StoreConfig {
        dir.config()
            .segment_bytes(self.segment_bytes)
            .max_queued_bytes(self.max_queued_bytes)
            .cache_bytes(self.cache_bytes)
    }
}

impl Program {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let dir = Dir::new();
        let settings = Settings {
            segment_bytes: *random.pick(&[4 << 10, 16 << 10, 1 << 20]),
            max_queued_bytes: *random.pick(&[0, 2_000, 64 << 20]),
            cache_bytes: *random.pick(&[0, 10_000, 32 << 20]),
        };
        Self {
            store: Some(Store::open(settings.config(&dir)).unwrap()),
            dir,
            settings,
            list: List::default(),
            random,
            ends: vec![0],
            written: 0,
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn step(&mut self) {
        match self.random.below(40) {
            0..16 => self.commit(),
            16..20 => self.commit_on_condition(),
            20..24 => self.submit(),
            24..26 => self.refuse(),
            26 => self.repeat(),
            27..29 => self.flush(),
            29..33 => self.ask(),
            33..35 => self.reopen(),
            35 => self.reopen_without_index(),
            36..38 => self.read_beside(),
            _ => self.crash(),
        }
    }

    /// A batch of one to some events.
    fn batch(&mut self) -> (Vec<Draft>, Batch, Durability) {
        let durability = *self.random.pick(&DURABILITIES);
        let events = 1 + self.random.below(5) * self.random.below(5);
        let draft = |_| Draft::random(&mut self.random, &self.list);
        let drafts: Vec<_> = (0..events).map(draft).collect();
        let mut batch = Batch::new().durability(durability);
        batch.extend(drafts.iter().map(Draft::event));
        (drafts, batch, durability)
    }

    fn record(&mut self, drafts: Vec<Draft>, receipts: &[AppendReceipt], asked: Durability) {
        assert!(receipts.iter().all(|receipt| receipt.durability >= asked));
        self.list.record(drafts, receipts);
        self.ends.push(self.list.last());
        if receipts[0].durability > Durability::Buffered {
            self.written = self.list.last();
        }
    }

    fn commit(&mut self) {
        let (drafts, batch, durability) = self.batch();
        let stream = &drafts[0].stream;
        let expect = match self.list.revision(stream) {
            0 => *self
                .random
                .pick(&[Expect::Any, Expect::Empty, Expect::Revision(0)]),
            revision => *self
                .random
                .pick(&[Expect::Exists, Expect::Revision(revision)]),
        };
        let receipts = self.store().commit(batch.expect(stream, expect)).unwrap();
        self.record(drafts, &receipts, durability);
    }

    /// Submits some batches, and then waits for them from the last to the first.
    fn submit(&mut self) {
        let mut submitted = Vec::new();
        for _ in 0..1 + self.random.below(5) {
            let (drafts, batch, durability) = self.batch();
            submitted.push((drafts, self.store().submit(batch).unwrap(), durability));
        }
        let wait = |(drafts, ticket, durability): (_, Ticket, _)| {
            (drafts, ticket.wait().unwrap(), durability)
        };
        let stored: Vec<_> = submitted.into_iter().rev().map(wait).collect();
        for (drafts, receipts, durability) in stored.into_iter().rev() {
            self.record(drafts, &receipts, durability);
        }
    }

    /// Commits what is expected of another state of a stream than it is in.
    fn refuse(&mut self) {
        let (drafts, batch, _) = self.batch();
        let stream = &drafts[drafts.len() - 1].stream;
        let revision = self.list.revision(stream);
        let wrong = match self.random.below(3) {
            0 if revision > 0 => Expect::Empty,
            1 if revision == 0 => Expect::Exists,
            _ => Expect::Revision(revision + 1 + self.random.below(3)),
        };
        match self.store().commit(batch.expect(stream, wrong)) {
            Err(StoreError::Conflict(conflict)) => {
                let (coordinate, expect) = (stream.clone(), wrong);
                assert_eq!(
                    conflict.clause,
                    batpak::Clause::Stream { coordinate, expect }
                );
                assert_eq!(conflict.revision, revision);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Commits on condition that a region has no event, or none behind some position, if it has none.
    fn commit_on_condition(&mut self) {
        let (drafts, batch, durability) = self.batch();
        let asks = Asks::random(&mut self.random, &self.list);
        let (region, last) = (asks.region(), self.list.last());
        let behind = match self.random.below(3) {
            0 => 0,
            1 => last - self.random.below(last + 1).min(20),
            _ => self.random.below(last + 1),
        };
        let batch = match self.random.below(2) {
            0 if behind == 0 => batch.fail_if_any(region),
            _ => batch.fail_if_after(region, behind),
        };
        match (
            self.store().commit(batch),
            self.list.first_behind(&asks, behind),
        ) {
            (Ok(receipts), None) => self.record(drafts, &receipts, durability),
            (Err(StoreError::Conflict(conflict)), Some(first)) => {
                let receipt = &self.list.events()[first as usize - 1].receipt;
                let found = (conflict.event, conflict.position, conflict.revision);
                let event = (Some(receipt.event_id), first, receipt.revision);
                assert_eq!(found, event, "{asks:?}");
                // The answer is sure.
                self.written = self.written.max(first);
            }
            (answer, first) => panic!("{answer:?}, and not {first:?}: {asks:?}"),
        }
    }

    /// Appends some event with a given id once more, and another one with its id.
    fn repeat(&mut self) {
        let given = self
            .list
            .events()
            .iter()
            .filter(|event| event.draft.id.is_some());
        let given: Vec<_> = given.collect();
        if given.is_empty() {
            return;
        }
        let listed = *self.random.pick(&given);
        let durability = *self.random.pick(&DURABILITIES);
        let commit = |draft: &Draft| {
            let batch = Batch::from(draft.event()).durability(durability);
            // It is answered before any condition is asked.
            self.store().commit(batch.fail_if_any(Region::all()))
        };
        let mut receipt = commit(&listed.draft).unwrap()[0];
        assert!(receipt.durability >= durability);
        receipt.durability = listed.receipt.durability;
        assert_eq!(receipt, listed.receipt);
        let mut other = listed.draft.clone();
        other.payload ^= 1;
        match commit(&other) {
            Err(StoreError::IdTaken { id, position }) => {
                assert_eq!((Some(id), position), (listed.draft.id, receipt.sequence));
            }
            answer => panic!("{answer:?}"),
        }
        self.written = self.written.max(receipt.sequence);
    }

    fn flush(&mut self) {
        let store = self.store();
        store.flush().unwrap();
        let last = self.list.last();
        assert_eq!((store.position(), store.durable_position()), (last, last));
        self.written = last;
    }

    /// Asks this and that, of events that may have been committed a moment ago.
    fn ask(&mut self) {
        let store = self.store.as_ref().unwrap();
        soon("what was buffered", || store.position() == self.list.last());
        self.list.assert_same(store, &mut self.random);
    }

    fn reopen(&mut self) {
        let store = self.store.take().unwrap();
        match self.random.below(2) {
            0 => store.close().unwrap(),
            _ => drop(store),
        }
        self.open();
    }

    fn reopen_without_index(&mut self) {
        drop(self.store.take());
        self.dir.forget_index();
        self.open();
    }

    fn open(&mut self) {
        let store = Store::open(self.settings.config(&self.dir)).unwrap();
        assert_eq!(store.recovery().cut, None);
        self.written = self.list.last();
        self.store = Some(store);
        self.ask();
    }

    fn read_beside(&mut self) {
        let reader = Store::open_read_only(self.settings.config(&self.dir)).unwrap();
        soon("the writer's events", || {
            reader.position() == self.list.last()
        });
        self.list.assert_same(&reader, &mut self.random);
    }

    /// Goes on with what the files hold at this moment, as after the end of the process: what was only
    /// buffered may be lost, from the beginning of some batch on.
    fn crash(&mut self) {
        let image = Dir::new();
        // A part of the index is made of what the log already has.
        for inner in ["index", "segments"] {
            copy(&self.dir.path().join(inner), &image.path().join(inner));
        }
        self.store = None;
        self.dir = image;
        let store = Store::open(self.settings.config(&self.dir)).unwrap();
        let position = store.position();
        assert!(self.written <= position && position <= self.list.last());
        assert!(self.ends.contains(&position), "a batch is whole");
        self.ends.retain(|end| *end <= position);
        self.list.truncate(position);
        self.written = position;
        self.store = Some(store);
        self.ask();
    }
}

/// Copies the files of a directory, which may grow or vanish meanwhile. A segment is closed once there
/// is a next one: so the names must be the same before and after, or the copy is of no one moment.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let names = || {
        // There may be no index yet.
        let entries = fs::read_dir(from).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.collect::<BTreeSet<_>>()
    };
    loop {
        let before = names();
        for name in &before {
            match fs::copy(from.join(name), to.join(name)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
        if names() == before {
            return;
        }
        for entry in fs::read_dir(to).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

#[test]
fn a_store_answers_as_a_list_of_its_events_whatever_was_done_to_it() {
    let first = setting("BATPAK_TEST_SEED", 0);
    for seed in first..first + setting("BATPAK_TEST_PROGRAMS", PROGRAMS) {
        // It is shown if the test fails.
        println!("the program of seed {seed}");
        let mut program = Program::new(seed);
        (0..STEPS).for_each(|_| program.step());
        program.store().flush().unwrap();
        let verified = program.store().verify().unwrap();
        assert_eq!(verified.events, program.list.last());
    }
}
