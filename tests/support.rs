//! Stores and events to try things on.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use batpak::prelude::*;
use tempfile::TempDir;

/// A kind for events whose kind does not matter.
pub const KIND: EventKind = EventKind::custom(0xF, 1);

/// A directory for a store, removed at the end.
pub struct Dir(TempDir);

impl Dir {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    /// The directory outside of the store.
    pub fn outside(&self) -> &Path {
        self.0.path()
    }

    /// A configuration with small segments, so that a test has several.
    pub fn config(&self) -> StoreConfig {
        StoreConfig::new(self.path()).segment_bytes(4 << 10)
    }

    pub fn open(&self) -> Store {
        Store::open(self.config()).unwrap()
    }

    /// Removes what is derived from the segments, so that the next opening reads all of them.
    pub fn forget_index(&self) {
        let _ = std::fs::remove_dir_all(self.path().join("index"));
    }

    /// The files of the segments, in order.
    pub fn segments(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(self.path().join("segments"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }
}

pub fn coordinate(entity: &str, scope: &str) -> Coordinate {
    Coordinate::new(entity, scope).unwrap()
}

/// An event whose payload is the number.
pub fn number(coordinate: &Coordinate, n: u64) -> NewEvent {
    NewEvent::new(coordinate, KIND, &n)
}

/// Everything that a store says of its events, in order: enough to see any difference.
pub fn contents(store: &Store) -> Vec<String> {
    store
        .query(&Region::all())
        .map(|event| {
            let event = event.unwrap();
            format!("{event:?} {:?}", event.payload_bytes())
        })
        .collect()
}

/// All files below a directory, with their bytes.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_owned();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Appends `batches` batches of three events each, over two streams.
pub fn fill(store: &Store, batches: u64) {
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    for n in 0..batches {
        let batch = Batch::new()
            .event(number(&a, n))
            .event(number(&b, n).tag(Tag::new("n", n).unwrap()))
            .event(number(&a, n).metadata("why", "a test"));
        store.commit(batch).unwrap();
    }
}

/// Says something that is seen although the test passes: what was counted, or why a part of the test was left out.
pub fn announce(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{line}").unwrap();
}

/// Waits until this holds. What is to hold soon does so long before this gives up.
pub fn soon(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::yield_now();
    }
}

/// The frames of a segment, by the description in FORMAT.md: offset and length of each body.
pub fn bodies(bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut bodies = Vec::new();
    let mut at = 80;
    while at < bytes.len() {
        let len = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if len == 0 {
            break;
        }
        bodies.push((at + 12, len));
        at += 12 + len;
    }
    bodies
}

/// The bytes of a segment, without the room that is reserved behind its frames while it is written to.
pub fn written(segment: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(segment).unwrap();
    let end = bodies(&bytes).last().map_or(80, |(at, len)| at + len);
    assert!(bytes[end..].iter().all(|byte| *byte == 0));
    bytes.truncate(end);
    bytes
}

/// Repairs the checksum of the body at `at`, by the description in FORMAT.md.
pub fn repair(bytes: &mut [u8], (at, len): (usize, usize)) {
    let mut seed = crc32fast::Hasher::new();
    seed.update(&bytes[12..28]);
    seed.update(&bytes[28..36]);
    seed.update(&bytes[68..76]);
    seed.update(&(at as u64 - 12).to_le_bytes());
    let mut crc = crc32fast::Hasher::new_with_initial(seed.finalize());
    crc.update(&bytes[at..at + len]);
    let crc = crc.finalize().to_le_bytes();
    bytes[at - 4..at].copy_from_slice(&crc);
}

/// A number from an environment variable, so that more can be tried than a normal run does.
pub fn setting(variable: &str, otherwise: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(otherwise, |number| number.parse().unwrap())
}
