//! The directories of caches.

use std::fs::File;

use batpak::CacheError;

use super::*;

fn try_open(home: Home, dir: &Path) -> Result<ProjectionCache, CacheError> {
    match home {
        Home::Memory => Ok(ProjectionCache::memory()),
        Home::Redb => ProjectionCache::redb(dir),
        Home::Lmdb => ProjectionCache::lmdb(dir),
    }
}

#[test]
fn a_directory_that_is_opened_twice_is_shared() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let path = dir.outside().join("deep").join("cache");
        let first = try_open(home, &path).unwrap().write_after_events(1);
        let second = try_open(home, &path.join("..").join("cache")).unwrap();
        let store = Store::open(dir.config().projection_cache(first)).unwrap();
        add(&store, &counter(1), 0..5);
        store.project::<Sum>(&counter(1)).unwrap();
        drop(store);
        let store = Store::open(dir.config().projection_cache(second)).unwrap();
        let warm = folded(|| store.project::<Sum>(&counter(1)).unwrap());
        assert_eq!(warm, (sum(&store, &counter(1)), 0), "{home:?}");
    }
}

#[test]
fn a_directory_that_is_locked_elsewhere_is_in_use() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let path = dir.outside().join("cache");
        drop(try_open(home, &path).unwrap());
        let lock = File::open(path.join("CACHE")).unwrap();
        lock.try_lock().unwrap();
        let error = try_open(home, &path).unwrap_err();
        assert!(matches!(error, CacheError::InUse(_)), "{error}");
        drop(lock);
        try_open(home, &path).unwrap();
    }
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    for (home, other) in [(Home::Redb, Home::Lmdb), (Home::Lmdb, Home::Redb)] {
        let dir = Dir::new();
        let path = dir.outside().join("cache");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("cache.redb"), "mine").unwrap();
        let error = try_open(home, &path).unwrap_err();
        assert!(matches!(error, CacheError::Foreign(_)), "{error}");
        assert_eq!(crate::support::files(&path).len(), 1);
        fs::remove_file(path.join("cache.redb")).unwrap();
        let cache = try_open(home, &path).unwrap();
        for _ in 0..2 {
            let error = try_open(other, &path).unwrap_err();
            assert!(matches!(error, CacheError::Foreign(_)), "{error}");
        }
        drop(cache);
        let error = try_open(other, &path).unwrap_err();
        assert!(matches!(error, CacheError::Foreign(_)), "{error}");
    }
}

/// A state that is as large as it is told to be.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bulk(String);

#[projection(snapshot)]
impl Bulk {
    #[on(Counter::Renamed)]
    fn renamed(&mut self, name: &str) {
        self.0 = name.repeat(1 << 10);
        FOLDED.set(FOLDED.get() + 1);
    }
}

#[test]
fn a_home_grows_with_what_is_kept() {
    for home in Home::ON_DISK {
        let dir = Dir::new();
        let cache = home.open(&dir).memory_bytes(5 << 20);
        let store = Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        for n in 0..50 {
            let name = n.to_string().repeat(1 << 9);
            store
                .append_typed(&counter(n), &Counter::Renamed { name })
                .unwrap();
            store.project::<Bulk>(&counter(n)).unwrap();
        }
        drop(store);
        let store = Store::open(dir.config().projection_cache(cache.clone())).unwrap();
        for n in 0..50 {
            let (bulk, new) = folded(|| store.project::<Bulk>(&counter(n)).unwrap());
            assert_eq!((bulk.0.len(), new), (n.to_string().len() << 19, 0));
        }
        assert!(cache.last_failure().is_none(), "{home:?}");
        let bytes: usize = crate::support::files(&dir.outside().join("cache"))
            .values()
            .map(Vec::len)
            .sum();
        assert!(bytes > 40 << 20, "{home:?} {bytes}");
    }
}
