//! What is kept and must not be used.

use batpak::{EncodeError, FoldError, RawEvent};

use super::*;

/// A sum as it is in one version of a program.
#[derive(Debug, Default, PartialEq)]
struct Versioned<const VERSION: u32, const FINGERPRINT: u64> {
    total: u64,
}

impl<const VERSION: u32, const FINGERPRINT: u64> Projection for Versioned<VERSION, FINGERPRINT> {
    const KINDS: &'static [EventKind] = Sum::KINDS;
    const VERSION: u32 = VERSION;
    const NAME: &'static str = "a sum that changes";
    const FINGERPRINT: u64 = FINGERPRINT;

    fn apply(&mut self, event: &RawEvent<'_>) -> Result<(), FoldError> {
        let mut sum = Sum::default();
        sum.apply(event)?;
        // Versions differ in what they give.
        self.total += sum.total * u64::from(VERSION);
        Ok(())
    }

    fn save(&self) -> Option<Result<Vec<u8>, EncodeError>> {
        Some(Ok(self.total.to_le_bytes().to_vec()))
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        // Fingerprint 9 has changed its form, and nobody has noticed.
        let bytes = bytes.try_into().ok().filter(|_| FINGERPRINT != 9);
        bytes.map(|bytes| Self {
            total: u64::from_le_bytes(bytes),
        })
    }
}

type First = Versioned<1, 0>;

#[test]
fn a_state_of_another_version_or_of_other_handlers_is_folded_anew_and_replaced() {
    for home in Home::ALL {
        let dir = Dir::new();
        let cache = home.open(&dir);
        let one = counter(1);
        let open = || Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        add(&open(), &one, [1, 2, 3]);
        fn project<P: Projection>(store: &Store) -> (P, u64) {
            folded(|| store.project::<P>(&counter(1)).unwrap())
        }
        let store = open();
        assert_eq!(project::<First>(&store), (First { total: 6 }, 3));
        assert_eq!(project::<First>(&store).1, 0);
        let newer = Versioned::<2, 0> { total: 12 };
        assert_eq!(project(&store), (newer, 3), "{home:?}");
        assert_eq!(project::<Versioned<2, 0>>(&store).1, 0);
        assert_eq!(project::<Versioned<2, 7>>(&store).1, 3, "{home:?}");
        drop(store);
        let store = open();
        assert_eq!(project::<Versioned<2, 7>>(&store).1, 0);
        // That of the older has given way.
        assert_eq!(
            project::<First>(&store),
            (First { total: 6 }, 3),
            "{home:?}"
        );
    }
}

#[test]
fn a_state_that_does_not_decode_is_folded_anew() {
    type Changed = Versioned<1, 9>;
    for home in Home::ALL {
        let dir = Dir::new();
        let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
        add(&store, &counter(1), [1, 2, 3]);
        for _ in 0..2 {
            let folded = folded(|| store.project::<Changed>(&counter(1)).unwrap());
            assert_eq!(folded, (Changed { total: 6 }, 3), "{home:?}");
        }
    }
}

/// A sum whose state has changed its form, under the same handlers.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Reformed<const LONG: bool> {
    total: u64,
}

impl<const LONG: bool> Projection for Reformed<LONG> {
    const KINDS: &'static [EventKind] = Sum::KINDS;
    const VERSION: u32 = 1;
    const NAME: &'static str = "a sum of another form";

    fn apply(&mut self, event: &RawEvent<'_>) -> Result<(), FoldError> {
        let mut sum = Sum::default();
        sum.apply(event)?;
        self.total += sum.total;
        Ok(())
    }

    fn save(&self) -> Option<Result<Vec<u8>, EncodeError>> {
        let total = self.total.to_le_bytes();
        Some(Ok(if LONG {
            total.repeat(2)
        } else {
            total.to_vec()
        }))
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        let total = match LONG {
            true => bytes.strip_suffix(&bytes[8.min(bytes.len())..]),
            false => Some(bytes),
        };
        let is_whole = bytes.len() == if LONG { 16 } else { 8 };
        let total = total.filter(|_| is_whole)?.try_into().ok()?;
        Some(Self {
            total: u64::from_le_bytes(total),
        })
    }
}

#[test]
fn a_state_of_another_form_is_folded_anew_once_though_no_event_has_come() {
    for home in Home::ALL {
        let dir = Dir::new();
        let cache = home.open(&dir);
        let open = || Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        let store = open();
        add(&store, &counter(1), [1, 2, 3]);
        store.project::<Reformed<false>>(&counter(1)).unwrap();
        drop(store);
        let store = open();
        for events in [3, 0, 0] {
            let (sum, new) = folded(|| store.project::<Reformed<true>>(&counter(1)).unwrap());
            assert_eq!((sum.total, new), (6, events), "{home:?}");
        }
    }
}

#[test]
fn a_state_of_another_store_is_not_used() {
    for home in Home::ALL {
        let (dir, other) = (Dir::new(), Dir::new());
        let cache = home.open(&dir);
        let open = |dir: &Dir| Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        let (ours, theirs) = (open(&dir), open(&other));
        add(&ours, &counter(1), [1, 2, 3]);
        add(&theirs, &counter(1), [4, 5, 6]);
        assert_eq!(ours.project::<Sum>(&counter(1)).unwrap().total, 6);
        let folded = folded(|| theirs.project::<Sum>(&counter(1)).unwrap());
        assert_eq!((folded.0.total, folded.1), (15, 3), "{home:?}");
    }
}

/// A store that is put back to an older copy of itself, and the cache as it was with the newer one.
#[test]
fn a_state_ahead_of_a_log_that_was_put_back_is_not_used() {
    for home in Home::ALL {
        let dir = Dir::new();
        let (cache, one) = (home.open(&dir), counter(1));
        let all = Region::all();
        let open = || Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        let store = open();
        add(&store, &one, [1, 2, 3]);
        store.close().unwrap();
        let older = dir.outside().join("older");
        copy(&dir.path(), &older);
        let store = open();
        add(&store, &one, [4, 5, 6]);
        assert_eq!(store.project::<Sum>(&one).unwrap().total, 21);
        assert_eq!(store.fold::<Sum>(&all).unwrap().total, 21);
        store.close().unwrap();
        fs::remove_dir_all(dir.path()).unwrap();
        copy(&older, &dir.path());

        let store = open();
        assert_eq!(
            folded(|| store.project::<Sum>(&one).unwrap().total),
            (6, 3),
            "{home:?}"
        );
        assert_eq!(
            folded(|| store.project::<Sum>(&one).unwrap().total),
            (6, 0),
            "{home:?}"
        );
        // The region is asked again only when the log is as long as it was, with other events.
        add(&store, &one, [10, 20, 30]);
        assert_eq!(
            folded(|| store.fold::<Sum>(&all).unwrap().total),
            (66, 6),
            "{home:?}"
        );
        assert_eq!(
            folded(|| store.fold::<Sum>(&all).unwrap().total),
            (66, 0),
            "{home:?}"
        );
        assert_eq!(store.project::<Sum>(&one).unwrap().total, 66);
    }
}

/// Two copies of a store that go on differently while both are open, with one cache.
#[test]
fn copies_of_a_store_do_not_use_each_others_states() {
    for home in Home::ALL {
        let dir = Dir::new();
        let (cache, one) = (home.open(&dir), counter(1));
        add(&dir.open(), &one, [1, 2, 3]);
        let copied = dir.outside().join("copied");
        copy(&dir.path(), &copied);
        let config = |path: &Path| StoreConfig::new(path).projection_cache(cache.clone());
        let stores = [&dir.path(), &copied].map(|path| Store::open(config(path)).unwrap());
        add(&stores[0], &one, [4, 5]);
        add(&stores[1], &one, [6, 7, 8]);
        for _ in 0..3 {
            for (store, total) in stores.iter().zip([15, 27]) {
                assert_eq!(store.project::<Sum>(&one).unwrap().total, total, "{home:?}");
            }
        }
    }
}

#[test]
fn what_is_in_a_cache_says_nothing_of_what_it_was_copied_over() {
    // The value of one stream under the key of another: both are as they were written.
    let dir = Dir::new();
    let path = dir.outside().join("cache");
    let values = |swap: bool| {
        const TABLE: redb::TableDefinition<'_, &[u8], &[u8]> =
            redb::TableDefinition::new("snapshots");
        let database = redb::Database::open(path.join("cache.redb")).unwrap();
        let write = database.begin_write().unwrap();
        let mut table = write.open_table(TABLE).unwrap();
        let mut entries: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for entry in redb::ReadableTable::iter(&table).unwrap() {
            let (key, value) = entry.unwrap();
            entries.push((key.value().to_vec(), value.value().to_vec()));
        }
        if swap {
            let values: Vec<_> = entries.iter().rev().map(|(_, value)| value).collect();
            for ((key, _), value) in entries.iter().zip(values) {
                table.insert(&key[..], &value[..]).unwrap();
            }
        }
        drop(table);
        write.commit().unwrap();
        entries.len()
    };
    let open = || {
        let cache = ProjectionCache::redb(&path).unwrap();
        Store::open(dir.config().projection_cache(cache)).unwrap()
    };
    let store = open();
    for n in 0..2 {
        add(&store, &counter(n), 0..10 * (n + 1));
        store.project::<Sum>(&counter(n)).unwrap();
    }
    drop(store);
    assert_eq!(values(true), 2);
    let store = open();
    for n in 0..2 {
        let folded = folded(|| store.project::<Sum>(&counter(n)).unwrap());
        assert_eq!(folded, (sum(&store, &counter(n)), 10 * (n + 1)));
    }
}
