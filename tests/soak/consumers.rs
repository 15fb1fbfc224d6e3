//! Who consumes, and is stopped, dropped and killed in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use batpak::{Backoff, ConsumerError, ConsumerFailure};

use super::*;

/// No wait between attempts.
const AT_ONCE: Backoff = Backoff::new(Duration::ZERO, Duration::ZERO);

/// One who handles the events of a region.
pub struct Consumer {
    pub name: &'static str,
    region: fn() -> Region,
    form: Form,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// On one thread.
    Plain,
    /// On one thread, with a handler that fails now and then, but not as often as it is tried.
    Failing,
    /// On some threads, by stream.
    Partitioned,
}

pub const CONSUMERS: [Consumer; 3] = [
    Consumer::new("plain", Region::all, Form::Plain),
    Consumer::new("failing", || Region::all().scope("west"), Form::Failing),
    Consumer::new("partitioned", kinds, Form::Partitioned),
];

fn kinds() -> Region {
    Region::all().kinds([KIND]).or(asked())
}

/// What a handler does: notes each event, fails by chance, and dies after a number of calls, if there is one.
struct Handling {
    notes: Notes,
    fails: bool,
    /// The calls that are left to it, and its luck.
    life: Mutex<(Option<u64>, Random)>,
}

impl Handling {
    fn handle(&self, event: &StoredEvent) -> Result<(), &'static str> {
        let (dies, fails) = self.fate();
        if dies {
            std::panic::resume_unwind(Box::new(KILLED));
        }
        if fails {
            return Err("not now");
        }
        self.notes.add(&Sight::of(event));
        Ok(())
    }

    /// Whether a call dies, and whether it fails.
    fn fate(&self) -> (bool, bool) {
        let mut life = self.life.lock().unwrap();
        let dies = life.0 == Some(0);
        life.0 = life.0.map(|left| left.saturating_sub(1));
        (dies, self.fails && life.1.below(4) == 0)
    }
}

impl Consumer {
    const fn new(name: &'static str, region: fn() -> Region, form: Form) -> Self {
        Self { name, region, form }
    }

    /// Starts it; after so many events, if there is a number, its handler panics, and that ends it, for nothing is parked.
    pub fn start(
        &self,
        store: &Store,
        path: &Path,
        lives_for: Option<u64>,
        seed: u64,
    ) -> Consuming {
        let handling = Handling {
            notes: Notes::open(path, self.name),
            fails: self.form == Form::Failing,
            life: Mutex::new((lives_for, Random::new(seed))),
        };
        let attempts = if handling.fails { 50 } else { 1 };
        let consumer = store.consumer(self.name, (self.region)());
        let consumer = consumer.retry(AT_ONCE, attempts).park_at_most(0);
        let consumer = consumer.every(1 + seed % 100);
        let handler = move |event: &StoredEvent| handling.handle(event);
        let consuming = match self.form {
            Form::Plain | Form::Failing => consumer.run(handler),
            Form::Partitioned => {
                let partitions = 1 + seed as usize % 4;
                consumer.run_partitioned(partitions, |event| event.coordinate.clone(), handler)
            }
        };
        consuming.unwrap()
    }

    /// Starts it again and again until the round is at its end, and then leaves it to the end of the store, or not.
    pub fn mind(
        &self,
        store: &Store,
        path: &Path,
        mut random: Random,
        end: &End,
    ) -> Option<Consuming> {
        while !end.has_come() {
            let lives_for = (random.below(2) == 0).then(|| random.below(150));
            let consuming = self.start(store, path, lives_for, random.number());
            let patience = Duration::from_millis(random.below(100));
            end.wait(patience, || consuming.error().is_some());
            if end.has_come() && random.below(2) == 0 {
                return Some(consuming);
            }
            match random.below(3) {
                0 => check_end(consuming.catch_up().and_then(|()| consuming.stop())),
                1 => check_end(consuming.stop()),
                _ => drop(consuming),
            }
        }
        None
    }

    /// It has handled the events of its region, none that is not there, and those of one key in their order. Returns how
    /// often it has handled one again.
    pub fn check(&self, store: &Store, path: &Path) -> usize {
        let wanted = log(store, &(self.region)());
        let handled = Notes::read(path, self.name);
        let mut met = BTreeSet::new();
        let first = handled.iter().filter(|sight| met.insert(*sight));
        let first: Vec<_> = first.cloned().collect();
        let again = handled.len() - first.len();
        let keys = self.keys(store);
        let (first, wanted) = (by_key(first, &keys), by_key(wanted, &keys));
        for (key, wanted) in &wanted {
            let of_key = first.get(key).map_or(&[][..], Vec::as_slice);
            let at = of_key.iter().zip(wanted).take_while(|(a, b)| a == b);
            let at = at.count();
            assert_eq!(of_key.get(at), wanted.get(at), "{} of {key}", self.name);
        }
        assert!(first.keys().eq(wanted.keys()), "{} no other", self.name);
        again
    }

    /// What it keeps in order, for each position: the events of a stream, or all.
    fn keys(&self, store: &Store) -> BTreeMap<u64, String> {
        let key = |event: &StoredEvent| match self.form {
            Form::Partitioned => event.coordinate.to_string(),
            Form::Plain | Form::Failing => "all".to_owned(),
        };
        let events = store.query(&Region::all()).map(Result::unwrap);
        events
            .map(|event| (event.header.sequence, key(&event)))
            .collect()
    }
}

/// A consumer ends by being stopped, or by its handler's death.
pub fn check_end(ended: Result<(), ConsumerError>) {
    if let Err(error) = ended {
        let is_killed = matches!(&error.failure, ConsumerFailure::Panicked(by) if &**by == KILLED);
        assert!(is_killed, "{error}");
    }
}

/// Splits these by their keys. All of them are in the log.
fn by_key(sights: Vec<Sight>, keys: &BTreeMap<u64, String>) -> BTreeMap<&str, Vec<Sight>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for sight in sights {
        let key = keys.get(&sight.position).expect("it is in the log");
        found.entry(key.as_str()).or_default().push(sight);
    }
    found
}
