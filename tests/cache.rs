//! States of projections that are kept: what is used of them, what is not, and that no answer is another with them.

mod damaged;
mod homes;
mod keyed;
mod model;
mod snapshots;
mod unusable;

use std::cell::Cell;
use std::fs;
use std::path::Path;

use batpak::ProjectionCache;
use batpak::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::{Dir, coordinate};

/// Where states are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Memory,
    Redb,
    Lmdb,
}

impl Home {
    const ALL: [Self; 3] = [Self::Memory, Self::Redb, Self::Lmdb];
    const ON_DISK: [Self; 2] = [Self::Redb, Self::Lmdb];

    /// The cache in a directory beside the store.
    fn open(self, dir: &Dir) -> ProjectionCache {
        self.open_at(&dir.outside().join("cache"))
    }

    fn open_at(self, dir: &Path) -> ProjectionCache {
        match self {
            Self::Memory => ProjectionCache::memory(),
            Self::Redb => ProjectionCache::redb(dir).unwrap(),
            Self::Lmdb => ProjectionCache::lmdb(dir).unwrap(),
        }
    }
}

/// Copies a directory as it is now, as a crash of the process would leave it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x3)]
enum Counter {
    #[event(id = 0x001)]
    Added { n: u64 },
    #[event(id = 0x002)]
    Renamed { name: String },
}

thread_local! {
    /// How many events this thread has folded into sums.
    static FOLDED: Cell<u64> = const { Cell::new(0) };
}

/// How many events `what` folds, and what it gives.
fn folded<R>(what: impl FnOnce() -> R) -> (R, u64) {
    let before = FOLDED.get();
    let result = what();
    (result, FOLDED.get() - before)
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Sum {
    total: u64,
    count: u64,
}

#[projection(snapshot)]
impl Sum {
    #[on(Counter::Added)]
    fn added(&mut self, n: &u64) {
        self.total += n;
        self.count += 1;
        FOLDED.set(FOLDED.get() + 1);
    }
}

/// A stream, which has a counter.
fn counter(n: u64) -> Coordinate {
    coordinate(&format!("counter:{n}"), "s")
}

fn add(store: &Store, counter: &Coordinate, numbers: impl IntoIterator<Item = u64>) {
    for n in numbers {
        store.append_typed(counter, &Counter::Added { n }).unwrap();
    }
}

/// The sum over one stream by hand.
fn sum(store: &Store, counter: &Coordinate) -> Sum {
    let mut sum = Sum::default();
    for event in store.stream(counter) {
        if let Counter::Added { n } = event.unwrap().event().unwrap() {
            sum.total += n;
            sum.count += 1;
        }
    }
    sum
}
