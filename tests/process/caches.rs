//! Projection caches in a process that may not write any more, or is killed.

use std::path::PathBuf;
use std::time::Duration;

use batpak::{CacheError, ProjectionCache};
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Event)]
#[event(category = 0x3)]
enum Named {
    #[event(id = 0x001)]
    Named { name: String },
}

/// How often a name was given, and the name, at a length.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Name {
    times: u64,
    name: String,
}

#[projection(snapshot)]
impl Name {
    #[on(Named::Named)]
    fn named(&mut self, name: &str) {
        self.times += 1;
        self.name = name.repeat(1 << 17);
    }
}

fn entity(n: u64) -> Coordinate {
    coordinate(&format!("entity:{n}"), "s")
}

fn open(home: &str, path: &Path) -> (ProjectionCache, Store) {
    let dir: PathBuf = path.join(home);
    let cache = match home {
        "redb" => ProjectionCache::redb(dir).unwrap(),
        _ => ProjectionCache::lmdb(dir).unwrap(),
    };
    let cache = cache.write_after_events(1);
    let config = StoreConfig::new(path.join("store")).segment_bytes(1 << 20);
    let store = Store::open(config.projection_cache(cache.clone())).unwrap();
    (cache, store)
}

/// Names entities, one after the other, and asks for their names.
fn name(store: &Store, home: &str) {
    let name = home.to_owned();
    let n = store.position() % 10;
    store
        .append_typed(&entity(n), &Named::Named { name })
        .unwrap();
    let asked: Name = store.project(&entity(n)).unwrap();
    assert_eq!(asked.times, store.revision(&entity(n)).unwrap());
    assert_eq!(asked.name, home.repeat(1 << 17));
}

#[test]
fn child_keeps_states_until_it_may_not() {
    let Some(path) = given() else { return };
    for home in ["redb", "lmdb"] {
        let (cache, store) = open(home, &path);
        for _ in 0..40 {
            name(&store, home);
        }
        let failure = cache.last_failure().expect(home);
        assert!(matches!(*failure, CacheError::Home { .. }), "{failure}");
        let mut names = store
            .keyed::<Name>(&Region::all(), |event| {
                Ok(Some(event.meta.entity.to_owned()))
            })
            .unwrap();
        for n in 0..10 {
            let times = names.get(&format!("entity:{n}")).unwrap().unwrap().times;
            assert_eq!(times, store.revision(&entity(n)).unwrap());
        }
        drop(names);
        store.close().unwrap();
    }
}

#[test]
fn a_cache_that_cannot_be_written_fails_nothing_else() {
    let dir = Dir::new();
    // In blocks of half a KiB, or of one.
    let limit = "trap '' XFSZ; ulimit -f 6144";
    run(
        limit,
        "caches::child_keeps_states_until_it_may_not",
        dir.outside(),
    );
    for home in ["redb", "lmdb"] {
        let (_, store) = open(home, dir.outside());
        name(&store, home);
    }
}

#[test]
fn child_keeps_states() {
    let Some(path) = given() else { return };
    let home = std::env::var("BATPAK_TEST_HOME").unwrap();
    let (_, store) = open(&home, &path);
    loop {
        name(&store, &home);
    }
}

#[test]
fn a_cache_whose_process_is_killed_opens_with_right_states() {
    for home in ["redb", "lmdb"] {
        let dir = Dir::new();
        for round in 0..6 {
            let mut child = child("caches::child_keeps_states", dir.outside());
            let mut child = child.env("BATPAK_TEST_HOME", home).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(60 + 35 * round));
            child.kill().unwrap();
            child.wait().unwrap();
            let (cache, store) = open(home, dir.outside());
            for n in 0..10 {
                let name: Name = store.project(&entity(n)).unwrap();
                assert_eq!(name.times, store.revision(&entity(n)).unwrap());
            }
            assert!(cache.last_failure().is_none(), "{home} {round}");
        }
    }
}

#[test]
fn child_has_more_states_than_memory() {
    let Some(path) = given() else { return };
    let cache = ProjectionCache::redb(path.join("redb")).unwrap();
    let config = StoreConfig::new(path.join("store"));
    let config = config.projection_cache(cache.clone().memory_bytes(4 << 20));
    let store = Store::open(config).unwrap();
    let mut batch = Batch::new();
    for n in 0..1_000 {
        let name = "x".to_owned();
        batch = batch.event(NewEvent::of(&entity(n), &Named::Named { name }));
    }
    store.commit(batch).unwrap();
    let of_process = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = peak.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<usize>().unwrap() << 10
    };
    let before = of_process();
    let key = |event: &batpak::RawEvent<'_>| Ok(Some(event.meta.entity.to_owned()));
    let mut names = store.keyed::<Name>(&Region::all(), key).unwrap();
    let mut bytes = 0;
    let mut add = |_: &str, name: &Name| {
        bytes += name.name.len();
        Ok::<_, StoreError>(())
    };
    names.for_each(&mut add).unwrap();
    assert!(cache.last_failure().is_none());
    let taken = of_process() - before;
    assert!(taken < bytes / 2, "{taken} for {bytes}");
    println!("acknowledged {bytes}");
}

#[test]
#[cfg(target_os = "linux")]
fn states_by_key_need_no_memory_for_all_of_them() {
    let dir = Dir::new();
    let text = run(
        ":",
        "caches::child_has_more_states_than_memory",
        dir.outside(),
    );
    assert_eq!(acknowledged(&text), 1_000 << 17);
}
