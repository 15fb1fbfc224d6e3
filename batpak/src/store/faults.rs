//! What becomes of a store when something fails beneath it: the disk here is one in memory that does as it
//! is told.

#![allow(clippy::unwrap_used)]

mod backup;
mod consumers;
mod import;
mod index;
mod reactors;
mod writing;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use super::fs::{DirLock, Disk, DiskFile};
use super::{Store, StoreConfig, StoreError};
use crate::coordinate::Coordinate;
use crate::event::EventKind;
use crate::pipeline::{Batch, Durability, NewEvent};
use crate::testing::MemoryDisk;

/// What a disk is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Create,
    Open,
    Link,
    Read,
    /// Cutting too.
    Write,
    Sync,
}

type Rule = Arc<dyn Fn(Ask, &Path) -> io::Result<()> + Send + Sync>;

/// A disk that asks a rule before it does anything. Clones are the same disk.
#[derive(Clone)]
pub(super) struct RuledDisk {
    disk: MemoryDisk,
    rule: Arc<RwLock<Rule>>,
}

impl RuledDisk {
    pub(super) fn new() -> Self {
        let allow: Rule = Arc::new(|_, _| Ok(()));
        Self {
            disk: MemoryDisk::new(),
            rule: Arc::new(RwLock::new(allow)),
        }
    }

    pub(super) fn rule(&self, rule: impl Fn(Ask, &Path) -> io::Result<()> + Send + Sync + 'static) {
        *self.rule.write() = Arc::new(rule);
    }

    fn ask(&self, ask: Ask, path: &Path) -> io::Result<()> {
        let rule = Arc::clone(&self.rule.read());
        rule(ask, path)
    }

    pub(super) fn config(&self) -> StoreConfig {
        StoreConfig {
            disk: Arc::new(self.clone()),
            ..self.disk.config()
        }
    }

    pub(super) fn open(&self) -> Store {
        Store::open(self.config()).unwrap()
    }

    fn file(&self, file: Box<dyn DiskFile>, path: &Path) -> Box<dyn DiskFile> {
        Box::new(RuledFile {
            file,
            path: path.to_owned(),
            disk: self.clone(),
        })
    }
}

impl fmt::Debug for RuledDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RuledDisk")
    }
}

impl Disk for RuledDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.resolve(path)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>> {
        self.disk.lock_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.ask(Ask::Create, path)?;
        Ok(self.file(self.disk.create(path)?, path))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        self.ask(Ask::Open, path)?;
        Ok(self.file(Disk::open(&self.disk, path, writable)?, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.ask(Ask::Link, to)?;
        self.disk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
}

#[derive(Debug)]
struct RuledFile {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    disk: RuledDisk,
}

impl DiskFile for RuledFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk.ask(Ask::Read, &self.path)?;
        self.file.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.ask(Ask::Write, &self.path)?;
        self.file.write_all_at(bytes, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.disk.ask(Ask::Write, &self.path)?;
        self.file.truncate(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.ask(Ask::Sync, &self.path)?;
        self.file.sync()
    }
}

fn refused() -> io::Result<()> {
    Err(io::Error::other("as demanded"))
}

/// Whether a file is one of the log.
fn is_segment(path: &Path) -> bool {
    path.to_string_lossy().contains(".seg")
}

fn stream() -> Coordinate {
    Coordinate::new("a", "s").unwrap()
}

fn one() -> Batch {
    Batch::new().event(NewEvent::new(&stream(), EventKind::custom(0xF, 1), &1))
}

/// As many events as fill a tail, so that there is a part of the index to be written. Nobody waits for them.
fn stage_a_tail(store: &Store) -> Result<(), StoreError> {
    for _ in 0..16 {
        let mut batch = Batch::new().durability(Durability::Buffered);
        let events = (0..2_048).map(|n| NewEvent::new(&stream(), EventKind::custom(0xF, 1), &n));
        batch.extend(events);
        store.commit(batch)?;
    }
    Ok(())
}

/// The same, and waits until they are durable.
fn fill_a_tail(store: &Store) -> Result<(), StoreError> {
    stage_a_tail(store)?;
    store.flush()
}

fn is_part(path: &Path) -> bool {
    path.to_string_lossy().contains(".idx")
}
