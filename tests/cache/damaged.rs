//! Caches whose files were changed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use batpak::{CacheError, DecodeError, RawEvent};

use super::*;
use crate::support::{files, setting};

const STREAMS: u64 = 120;

/// A key for each event, for many of which a home needs several pages.
fn by_prefix(event: &RawEvent<'_>) -> Result<Option<String>, DecodeError> {
    let header = &event.meta.header;
    Ok(Some(format!(
        "{}{}",
        event.meta.entity.repeat(5),
        header.revision
    )))
}

/// A store with a few streams, and the files of a cache that was closed with what it keeps of them.
fn kept(home: Home) -> (Dir, BTreeMap<PathBuf, Vec<u8>>) {
    let dir = Dir::new();
    let store = Store::open(dir.config().projection_cache(home.open(&dir))).unwrap();
    let mut batch = Batch::new();
    for n in 0..STREAMS {
        for n_th in 0..1 + n % 3 {
            batch = batch.event(NewEvent::of(&counter(n), &Counter::Added { n: n_th }));
        }
    }
    store.commit(batch).unwrap();
    for n in 0..STREAMS {
        store.project::<Sum>(&counter(n)).unwrap();
    }
    drop(store.keyed::<Sum>(&Region::all(), by_prefix).unwrap());
    store.close().unwrap();
    let found = files(&dir.outside().join("cache"));
    (dir, found)
}

fn write(dir: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir(dir).unwrap();
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).unwrap();
    }
}

/// That all answers are right, with a cache of these files, or that it says that it does not open.
fn try_files(
    home: Home,
    (store, sums): (&Store, &[Sum]),
    dir: &Dir,
    files: &BTreeMap<PathBuf, Vec<u8>>,
) {
    let path = dir.outside().join("damaged");
    write(&path, files);
    let opened = match home {
        Home::Redb => ProjectionCache::redb(&path),
        _ => ProjectionCache::lmdb(&path),
    };
    let cache = match opened {
        Ok(cache) => cache,
        Err(CacheError::Foreign(_) | CacheError::Home { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let config = StoreConfig::new(store.dir()).projection_cache(cache);
    let reader = Store::open_read_only(config).unwrap();
    for (n, sum) in (0..).zip(sums) {
        assert_eq!(reader.project::<Sum>(&counter(n)).unwrap(), *sum);
    }
    let mut keyed = reader.keyed::<Sum>(&Region::all(), by_prefix).unwrap();
    for event in reader.query(&Region::all()).step_by(7) {
        let event = event.unwrap();
        let key = format!(
            "{}{}",
            event.coordinate.entity().repeat(5),
            event.header.revision
        );
        let sum = keyed.get(&key).unwrap().unwrap();
        assert_eq!((sum.count, sum.total), (1, event.header.revision - 1));
    }
    let mut count = 0;
    let all = keyed.for_each(|_, sum| {
        count += sum.count;
        Ok::<_, StoreError>(())
    });
    all.unwrap();
    assert_eq!(count, reader.position());
}

#[test]
fn a_flipped_bit_in_a_cache_gives_no_wrong_state() {
    let tried = setting("BATPAK_CACHE_FLIPS", 150) as usize;
    for home in Home::ON_DISK {
        let (dir, whole) = kept(home);
        let store = dir.open();
        let sums: Vec<Sum> = (0..STREAMS).map(|n| sum(&store, &counter(n))).collect();
        for (name, bytes) in &whole {
            // Long runs of zeros are room that nobody uses.
            let used: Vec<usize> = (0..bytes.len())
                .filter(|at| {
                    at % 512 == 0 || bytes[at - at % 32..].iter().take(32).any(|byte| *byte != 0)
                })
                .collect();
            let step = (used.len() / tried).max(1);
            for (n, at) in used.iter().enumerate().step_by(step) {
                let mut files = whole.clone();
                files.get_mut(name).unwrap()[*at] ^= 1 << (n % 8);
                try_files(home, (&store, &sums), &dir, &files);
            }
        }
    }
}

#[test]
fn a_cache_that_was_cut_or_replaced_gives_no_wrong_state() {
    for home in Home::ON_DISK {
        let (dir, whole) = kept(home);
        let store = dir.open();
        let sums: Vec<Sum> = (0..STREAMS).map(|n| sum(&store, &counter(n))).collect();
        for (name, bytes) in &whole {
            for len in [0, 1, 100, 4_096, 4_097, bytes.len() / 2, bytes.len() - 1] {
                let mut files = whole.clone();
                files.get_mut(name).unwrap().truncate(len);
                try_files(home, (&store, &sums), &dir, &files);
            }
            let mut files = whole.clone();
            files.insert(name.clone(), b"something else".repeat(1_000));
            try_files(home, (&store, &sums), &dir, &files);
        }
    }
}

#[test]
fn a_damaged_cache_is_begun_anew_and_says_so() {
    for (home, file) in [(Home::Redb, "cache.redb"), (Home::Lmdb, "data.mdb")] {
        let (dir, mut whole) = kept(home);
        let bytes = whole.get_mut(Path::new(file)).unwrap();
        let middle = bytes.len().min(16 << 10) / 2;
        bytes[..middle].fill(0xA5);
        write(&dir.outside().join("cache"), &whole);
        let cache = home.open(&dir);
        let failure = cache.last_failure().unwrap();
        assert!(matches!(*failure, CacheError::Damaged { .. }), "{failure}");
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        for new in [1, 0] {
            let folded = folded(|| store.project::<Sum>(&counter(0)).unwrap());
            assert_eq!(folded, (sum(&store, &counter(0)), new), "{home:?}");
        }
        drop(store);
        assert!(home.open(&dir).last_failure().is_none(), "{home:?}");
    }
}

#[test]
fn a_cache_that_nobody_closed_opens_with_what_was_written() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).write_after_events(1);
        let store = Store::open(dir.config().projection_cache(cache)).unwrap();
        for n in 0..20 {
            add(&store, &counter(1), [n]);
            store.project::<Sum>(&counter(1)).unwrap();
            let crashed = dir.outside().join(format!("crashed-{n}"));
            copy(&dir.outside().join("cache"), &crashed);
            let cache = home.open_at(&crashed);
            assert!(cache.last_failure().is_none(), "{home:?}");
            let config = StoreConfig::new(dir.path()).projection_cache(cache);
            let reader = Store::open_read_only(config).unwrap();
            let warm = folded(|| reader.project::<Sum>(&counter(1)).unwrap());
            assert_eq!(warm, (sum(&store, &counter(1)), 0), "{home:?} {n}");
        }
    }
}
