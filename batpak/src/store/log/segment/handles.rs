//! The disk of a store, on which the segments that are read stay open.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use quick_cache::sync::Cache;

use super::file::SegmentFile;
use crate::store::fs::{DirLock, Disk, DiskFile};

/// How many segment files are kept open for reading, about: 4 GiB of log in segments of the usual size.
const MAX_OPEN: u64 = 128;

/// How often room is made for one call: other threads may take it at once, until few files are kept.
const TRIES: u32 = MAX_OPEN.ilog2();

/// A store's disk, and the segment files that were read from lately, kept open.
///
/// When the process has too many files open, those that are kept here are closed, and fewer are kept from then on.
pub(crate) struct Handles {
    disk: Arc<dyn Disk>,
    /// By first position.
    kept: Cache<u64, Arc<dyn DiskFile>>,
    /// The store's id and whether it is chained, as the first header says that was read.
    pub(super) store: OnceLock<([u8; 16], bool)>,
}

impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut handles = f.debug_struct("Handles");
        handles.field("disk", &self.disk);
        handles.field("kept", &self.kept.len()).finish()
    }
}

impl Handles {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Arc<Self> {
        Arc::new(Self {
            disk,
            kept: Cache::new(MAX_OPEN as usize),
            store: OnceLock::new(),
        })
    }

    /// The file of a segment, open for reading.
    pub(super) fn get(&self, segment: &SegmentFile) -> io::Result<Arc<dyn DiskFile>> {
        if let Some(file) = self.kept.get(&segment.first) {
            return Ok(file);
        }
        let file: Arc<dyn DiskFile> = self.open(&segment.path, false)?.into();
        self.kept.insert(segment.first, Arc::clone(&file));
        Ok(file)
    }

    /// Does what needs a file descriptor. If the process has none left, files that are kept open are closed.
    fn with_room<T>(&self, ask: impl Fn(&dyn Disk) -> io::Result<T>) -> io::Result<T> {
        for _ in 0..TRIES {
            match ask(self.disk.as_ref()) {
                Err(error) if is_too_many(&error) => self.make_room(),
                answer => return answer,
            }
        }
        ask(self.disk.as_ref())
    }

    /// Closes the files that are kept open, and keeps half as many from now on.
    fn make_room(&self) {
        if !self.kept.is_empty() {
            self.kept.set_capacity(self.kept.capacity() / 2);
            self.kept.clear();
        }
    }
}

/// Whether this is the error of having too many files open.
fn is_too_many(error: &io::Error) -> bool {
    /// `ENFILE` and `EMFILE`, on every Unix.
    const TOO_MANY: [i32; 2] = [23, 24];
    let code = error.raw_os_error();
    code.is_some_and(|code| TOO_MANY.contains(&code))
}

impl Disk for Handles {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.with_room(|disk| disk.list(dir))
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.disk.resolve(path)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>> {
        self.with_room(|disk| disk.lock_dir(dir))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.with_room(|disk| disk.sync_dir(dir))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.with_room(|disk| disk.create(path))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        self.with_room(|disk| disk.open(path, writable))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
}
