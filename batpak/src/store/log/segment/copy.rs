//! Segments in another directory: linked or copied, and the last one ended as a clean close would.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::segment_name;
use super::frame::{self, Seed};
use super::header::Mark;
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};

/// How much is copied at a time, in bytes.
const STEP_BYTES: u64 = 1 << 20;

/// A directory that is being filled with segments, under a name that no store has.
///
/// Only when all are there and durable is it given the name under which a store has its segments. So what
/// a crash leaves of it is not opened as a store.
pub(crate) struct SegmentsInMaking {
    pub(crate) disk: Arc<dyn Disk>,
    /// The directory above.
    pub(crate) dir: PathBuf,
}

impl SegmentsInMaking {
    /// Begins in the directory `dir`, which is empty.
    pub(crate) fn begin(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Self, StoreError> {
        let making = Self {
            disk: Arc::clone(disk),
            dir: dir.to_owned(),
        };
        let partial = making.partial();
        let created = making.disk.create_dir(&partial);
        created.map_err(StoreError::io("create", &partial))?;
        Ok(making)
    }

    /// Where the segments are until all are there.
    pub(crate) fn partial(&self) -> PathBuf {
        self.dir.join("segments.partial")
    }

    /// Where the segment is whose first event has this position.
    pub(crate) fn path(&self, first: u64) -> PathBuf {
        self.partial().join(segment_name(first))
    }

    /// Gives the file of a segment, which nobody writes to any more, a second name here, if the file system
    /// can. Returns whether it has one now.
    pub(crate) fn link(&self, from: &Path, first: u64) -> Result<bool, StoreError> {
        if self.disk.link(from, &self.path(first)).is_err() {
            return Ok(false);
        }
        // Its footer may have been written a moment ago.
        let synced = self.disk.open(from, false).and_then(|file| file.sync());
        synced.map_err(StoreError::io("sync", from))?;
        Ok(true)
    }

    /// Copies `len` bytes of a file, from the offset `start` on, into one that is not there yet. They are not durable then.
    pub(crate) fn copy(
        &self,
        (from, start): (&Path, u64),
        to: &Path,
        len: u64,
    ) -> Result<Copied, StoreError> {
        let source = self.disk.open(from, false);
        let source = source.map_err(StoreError::io("open", from))?;
        let file = self.disk.create(to);
        let copied = Copied {
            file: file.map_err(StoreError::io("create", to))?,
            path: to.to_owned(),
        };
        copied.take(source.as_ref(), (from, start), len)?;
        Ok(copied)
    }

    /// Opens a segment that is here to be written to.
    pub(crate) fn reopen(&self, first: u64) -> Result<Copied, StoreError> {
        let path = self.path(first);
        let file = self.disk.open(&path, true);
        let file = file.map_err(StoreError::io("open", &path))?;
        Ok(Copied { file, path })
    }

    /// Removes a segment again.
    pub(crate) fn remove(&self, first: u64) -> Result<(), StoreError> {
        let path = self.path(first);
        let removed = self.disk.remove(&path);
        removed.map_err(StoreError::io("remove", &path))
    }

    /// Makes the names of the segments durable, and the directory that of a store.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        let (partial, segments) = (self.partial(), self.dir.join("segments"));
        let sync = |dir: &Path| {
            let synced = self.disk.sync_dir(dir);
            synced.map_err(StoreError::io("sync", dir))
        };
        sync(&partial)?;
        let renamed = self.disk.rename(&partial, &segments);
        renamed.map_err(StoreError::io("rename", &partial))?;
        sync(&self.dir)
    }
}

/// A file that was copied.
pub(crate) struct Copied {
    pub(crate) file: Box<dyn DiskFile>,
    path: PathBuf,
}

impl Copied {
    /// Copies `len` bytes, from the offset `start` of a file to the beginning of this one.
    fn take(
        &self,
        source: &dyn DiskFile,
        (from, start): (&Path, u64),
        len: u64,
    ) -> Result<(), StoreError> {
        let mut buffer = Vec::new();
        let mut at = 0;
        while at < len {
            buffer.resize((len - at).min(STEP_BYTES) as usize, 0);
            let read = source.read_exact_at(&mut buffer, start + at);
            read.map_err(StoreError::io("read", from))?;
            self.write(&buffer, at)?;
            at += buffer.len() as u64;
        }
        Ok(())
    }

    /// Writes these bytes at the file offset `at`.
    pub(crate) fn write(&self, bytes: &[u8], at: u64) -> Result<(), StoreError> {
        let written = self.file.write_all_at(bytes, at);
        written.map_err(StoreError::io("write to", &self.path))
    }

    /// Ends the segment at the file offset `end` with a mark that every position up to `durable` is durable,
    /// as a clean close does. Returns how long it is then.
    pub(crate) fn mark(&self, seed: &Seed, end: u64, durable: u64) -> Result<u64, StoreError> {
        let mut mark = Vec::new();
        frame::write(&mut mark, seed, end, |out| Mark { durable }.write(out));
        self.write(&mark, end)?;
        Ok(end + mark.len() as u64)
    }

    /// Cuts the copy to `len` bytes.
    pub(crate) fn cut(&self, len: u64) -> Result<(), StoreError> {
        let cut = self.file.truncate(len);
        cut.map_err(StoreError::io("cut", &self.path))
    }

    /// Makes the copy durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync().map_err(StoreError::io("sync", &self.path))
    }
}
