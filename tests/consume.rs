//! Consumers: events are handled at least once, by handlers that go on where they were.

mod changed;
mod ends;
mod fails;
mod goes_on;
mod partitions;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use batpak::prelude::*;
use batpak::{Backoff, Consumer};

use crate::support::{Dir, KIND, coordinate, number};

/// What a handler was called for, as the payloads of the events. Clones are the same list.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u64>>>);

impl Seen {
    fn take_in(&self, event: &StoredEvent) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(event.payload()?);
        Ok(())
    }

    fn all(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }

    /// A handler that takes everything in.
    fn handler(&self) -> impl FnMut(&StoredEvent) -> Result<(), StoreError> + Send + use<> {
        let seen = self.clone();
        move |event| seen.take_in(event)
    }
}

/// Appends these numbers to a stream, each in a batch of its own.
fn append(store: &Store, numbers: impl IntoIterator<Item = u64>) {
    for n in numbers {
        store
            .append_event(number(&coordinate("a", "s"), n))
            .unwrap();
    }
}

/// A consumer of the numbers.
fn numbers<'s>(store: &'s Store, name: &str) -> Consumer<'s> {
    store.consumer(name, Region::all().kinds([KIND]))
}

/// What a consumer of the store handles until it has come to the end.
fn handled(store: &Store, name: &str) -> Vec<u64> {
    let seen = Seen::default();
    let consuming = numbers(store, name).run(seen.handler()).unwrap();
    consuming.catch_up().unwrap();
    consuming.stop().unwrap();
    seen.all()
}

/// No wait between attempts.
const AT_ONCE: Backoff = Backoff::new(Duration::ZERO, Duration::ZERO);

/// The files of the bookmarks.
fn bookmarks(dir: &Dir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.path().join("consumers")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The position in a bookmark, by the description in FORMAT.md.
fn position_in(bookmark: &PathBuf) -> u64 {
    let bytes = std::fs::read(bookmark).unwrap();
    u64::from_le_bytes(bytes[26..34].try_into().unwrap())
}
