//! Keyed projections beside a map, over random events, with little memory, ends in the midst, and reopenings.

use std::collections::BTreeMap;

use batpak::{Keyed, RawEvent};
use proptest::prelude::*;

use super::*;

/// What is done next.
#[derive(Debug, Clone)]
enum Act {
    /// Numbers are added to counters, durably or not.
    Add(Vec<(u64, u64)>, bool),
    Refresh,
    Get(u64),
    All,
    Save,
    /// The keyed projection is dropped, and made anew.
    Again,
    /// The store is closed, or dropped, and opened again, with all that is its.
    Reopen {
        close: bool,
    },
    /// The process ends: what lies in both directories is all that there is.
    Crash,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let numbers = prop::collection::vec((0_u64..25, 0_u64..100), 1..30);
    let act = prop_oneof![
        6 => (numbers, any::<bool>()).prop_map(|(numbers, durable)| Act::Add(numbers, durable)),
        4 => Just(Act::Refresh),
        3 => (0_u64..30).prop_map(Act::Get),
        1 => Just(Act::All),
        1 => Just(Act::Save),
        1 => Just(Act::Again),
        1 => any::<bool>().prop_map(|close| Act::Reopen { close }),
        1 => Just(Act::Crash),
    ];
    prop::collection::vec(act, 1..25)
}

/// A store and a keyed projection of it, and what they should say.
struct Run {
    home: Home,
    dir: Dir,
    /// How often the process has ended.
    crashes: usize,
    memory: usize,
    open: Option<(Keyed<Sum>, Store)>,
    /// All that was added, and what of it the projection has seen.
    added: Vec<(u64, u64)>,
    seen: BTreeMap<u64, Sum>,
}

impl Run {
    fn new(home: Home, memory: usize) -> Self {
        let mut run = Self {
            home,
            dir: Dir::new(),
            crashes: 0,
            memory,
            open: None,
            added: Vec::new(),
            seen: BTreeMap::new(),
        };
        run.reopen();
        run
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.outside().join(format!("{name}-{}", self.crashes))
    }

    fn reopen(&mut self) {
        let cache = self.home.open_at(&self.path("cache"));
        let cache = cache.memory_bytes(self.memory).write_after_events(40);
        let config = StoreConfig::new(self.path("log")).segment_bytes(4 << 10);
        let store = Store::open(config.projection_cache(cache)).unwrap();
        // What was not synced may be gone.
        self.added.truncate(store.position() as usize);
        self.open = Some((Self::keyed(&store), store));
        self.see();
    }

    fn keyed(store: &Store) -> Keyed<Sum> {
        let key = |event: &RawEvent<'_>| Ok(Some(event.meta.entity.to_owned()));
        store.keyed(&Region::all(), key).unwrap()
    }

    fn see(&mut self) {
        self.seen.clear();
        for (counter, n) in &self.added {
            let sum = self.seen.entry(*counter).or_default();
            sum.total += n;
            sum.count += 1;
        }
    }

    fn act(&mut self, act: Act) {
        let Some((keyed, store)) = &mut self.open else {
            return;
        };
        match act {
            Act::Add(numbers, durable) => {
                let mut batch = Batch::new();
                for (at, n) in &numbers {
                    let event = NewEvent::of(&counter(*at), &Counter::Added { n: *n });
                    batch = batch.event(event);
                }
                let durability = [Durability::Written, Durability::Durable][usize::from(durable)];
                store.commit(batch.durability(durability)).unwrap();
                self.added.extend(numbers);
            }
            Act::Refresh => {
                keyed.refresh().unwrap();
                self.see();
            }
            Act::Get(n) => {
                let expected = self.seen.get(&n);
                assert_eq!(keyed.get(&format!("counter:{n}")).unwrap(), expected);
            }
            Act::All => self.check(),
            Act::Save => keyed.save(),
            Act::Again => {
                // The new one begins where the old one has come to.
                *keyed = Self::keyed(store);
                *keyed = Self::keyed(store);
                self.see();
            }
            Act::Reopen { close } => {
                let (keyed, store) = self.open.take().unwrap();
                drop(keyed);
                if close {
                    store.close().unwrap();
                } else {
                    drop(store);
                }
                self.reopen();
            }
            Act::Crash => {
                let before = (self.path("cache"), self.path("log"));
                self.crashes += 1;
                if self.home != Home::Memory {
                    copy(&before.0, &self.path("cache"));
                }
                copy(&before.1, &self.path("log"));
                self.open = None;
                self.reopen();
            }
        }
    }

    /// That all states are what they should be.
    fn check(&mut self) {
        let Some((keyed, _)) = &mut self.open else {
            return;
        };
        let mut all = Vec::new();
        keyed
            .for_each(|key, sum| {
                all.push((key.to_owned(), sum.clone()));
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let expected = self
            .seen
            .iter()
            .map(|(n, sum)| (format!("counter:{n}"), sum.clone()));
        let mut expected: Vec<_> = expected.collect();
        expected.sort_by(|(a, _), (b, _)| a.cmp(b));
        assert_eq!(all, expected);
        assert_eq!(keyed.len(), expected.len());
    }
}

fn try_acts(home: Home, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(acts in acts(), memory in 1_usize..8_000)| {
        let mut run = Run::new(home, memory);
        for act in acts {
            run.act(act);
        }
        run.act(Act::Refresh);
        run.check();
    });
}

#[test]
fn keyed_states_in_memory_are_those_of_a_map() {
    try_acts(Home::Memory, 20);
}

#[test]
fn keyed_states_in_redb_are_those_of_a_map() {
    try_acts(
        Home::Redb,
        crate::support::setting("BATPAK_KEYED_RUNS", 25) as u32,
    );
}

#[test]
fn keyed_states_in_lmdb_are_those_of_a_map() {
    try_acts(
        Home::Lmdb,
        crate::support::setting("BATPAK_KEYED_RUNS", 25) as u32,
    );
}
