//! What somebody has seen, written down where it outlives the process.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use batpak::StoredEvent;

/// An event that was seen: where, and which it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    pub position: u64,
    pub id: String,
}

impl Sight {
    pub fn of(event: &StoredEvent) -> Self {
        Self {
            position: event.header.sequence,
            id: event.header.event_id.to_string(),
        }
    }
}

/// A file to which what is seen is appended.
pub struct Notes(File);

impl Notes {
    fn path(store: &Path, name: &str) -> PathBuf {
        store.with_extension(name)
    }

    /// The notes of this name, next to the store.
    pub fn open(store: &Path, name: &str) -> Self {
        let mut options = OpenOptions::new();
        let path = Self::path(store, name);
        Self(options.append(true).create(true).open(path).unwrap())
    }

    /// Notes an event, by one write, which comes whole or not at all.
    pub fn add(&self, Sight { position, id }: &Sight) {
        (&self.0)
            .write_all(format!("{position} {id}\n").as_bytes())
            .unwrap();
    }

    /// What is noted, in the order of seeing; nothing if nobody has begun to.
    pub fn read(store: &Path, name: &str) -> Vec<Sight> {
        let path = Self::path(store, name);
        if !path.exists() {
            return Vec::new();
        }
        let text = std::fs::read_to_string(path).unwrap();
        let sight = |line: &str| {
            let (position, id) = line.split_once(' ').unwrap();
            Sight {
                position: position.parse().unwrap(),
                id: id.to_owned(),
            }
        };
        text.lines().map(sight).collect()
    }
}
