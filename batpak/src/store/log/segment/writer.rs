//! The segment that events are appended to.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::file::{SegmentFile, segment_name};
use super::frame;
use super::handles::Handles;
use super::header::{Mark, SegmentHeader};
use crate::store::StoreError;
use crate::store::fs::{DirLock, Disk, DiskFile};

/// Where the segments of a store are.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) disk: Arc<Handles>,
    /// The directory that holds the segment files: an absolute path.
    pub(crate) dir: PathBuf,
    /// The lock on the directory above it, which is the store's.
    pub(crate) lock: Weak<dyn DirLock>,
}

impl Row {
    /// That the directory is still where it was locked: a segment is created by its path, which may
    /// lead into another store by now.
    fn check_place(&self) -> Result<(), StoreError> {
        let above = self.dir.parent().unwrap_or(&self.dir);
        let is_there = match self.lock.upgrade() {
            Some(lock) => match lock.is_at(above) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                is_there => is_there.map_err(StoreError::io("find", above))?,
            },
            None => false,
        };
        match is_there {
            true => Ok(()),
            false => Err(StoreError::Moved(above.to_owned())),
        }
    }
}

/// Writes groups of frames to the newest segment, and begins the next one.
///
/// After an error nothing may be written any more, for what is on disk is then unknown: the store's
/// poison sees to that.
#[derive(Debug, Clone)]
pub(crate) struct SegmentWriter {
    row: Row,
    segment: Arc<SegmentFile>,
    file: Arc<dyn DiskFile>,
    /// The file offset up to which there is room for frames, filled with zeros, if that is behind the last.
    reserved: u64,
}

/// How much room is reserved at a time, in bytes: as much as the segment has, within these bounds.
const RESERVED_MIN: u64 = 64 << 10;
const RESERVED_MAX: u64 = 256 << 10;

/// Up to how many bytes at a time it pays to write zeros first.
const SMALL_GROUP: usize = 128 << 10;

impl SegmentWriter {
    /// Creates the segment that `header` describes.
    ///
    /// The file gets its name only when its header is durable, and is referred to only when its
    /// name is: a segment that can be listed has a whole header.
    pub(crate) fn create(row: Row, header: &SegmentHeader) -> Result<Self, StoreError> {
        row.check_place()?;
        let path = row.dir.join(segment_name(header.first));
        let temporary = row.dir.join(format!("{}.tmp", segment_name(header.first)));
        let io = |action| StoreError::io(action, &temporary);
        let file = row.disk.create(&temporary).map_err(io("create"))?;
        file.write_all_at(&header.to_bytes(), 0)
            .map_err(io("write to"))?;
        file.sync().map_err(io("sync"))?;
        row.disk.rename(&temporary, &path).map_err(io("rename"))?;
        row.disk
            .sync_dir(&row.dir)
            .map_err(StoreError::io("sync", &row.dir))?;
        let segment = SegmentFile::created(&row.dir, header, &row.disk);
        Ok(Self::resume(row, segment.into(), file))
    }

    /// Goes on with a segment.
    pub(crate) fn resume(row: Row, segment: Arc<SegmentFile>, file: Box<dyn DiskFile>) -> Self {
        Self {
            row,
            segment,
            file: file.into(),
            reserved: 0,
        }
    }

    /// The segment as readers use it.
    pub(crate) fn segment(&self) -> &Arc<SegmentFile> {
        &self.segment
    }

    /// Begins the next segment: its existence proves that all before it is durable.
    pub(crate) fn begin(&mut self, next: &SegmentHeader) -> Result<(), StoreError> {
        *self = Self::create(self.row.clone(), next)?;
        Ok(())
    }

    /// Writes frames at `offset` with one call.
    pub(crate) fn write(&self, frames: &[u8], offset: u64) -> Result<(), StoreError> {
        self.file
            .write_all_at(frames, offset)
            .map_err(StoreError::io("write to", &self.segment.path))?;
        let end = offset + frames.len() as u64;
        self.segment.end.store(end, Ordering::Release);
        Ok(())
    }

    /// Before a sync of a group of so many bytes: writes zeros behind it if none are left, up to the file
    /// offset `limit` at most.
    ///
    /// The next syncs find the file as long as before, and need not make its length and its blocks durable,
    /// which takes the system about as long as the bytes themselves. Without room on the disk all works as
    /// well, if more slowly.
    pub(crate) fn reserve(&mut self, group: usize, limit: u64) -> Result<(), StoreError> {
        let end = self.segment.end.load(Ordering::Relaxed);
        let to = (end + end.clamp(RESERVED_MIN, RESERVED_MAX)).min(limit);
        if end < self.reserved || end >= to || group > SMALL_GROUP {
            return Ok(());
        }
        self.reserved = to;
        match self.file.write_all_at(&vec![0; (to - end) as usize], end) {
            Err(error) if !is_full(&error) => {
                Err(StoreError::io("write to", &self.segment.path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Gives back the room that is left.
    pub(crate) fn give_back(&mut self) -> Result<(), StoreError> {
        let end = self.segment.end.load(Ordering::Relaxed);
        if std::mem::take(&mut self.reserved) <= end {
            return Ok(());
        }
        let cut = self.file.truncate(end);
        cut.map_err(StoreError::io("cut", &self.segment.path))
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync()
            .map_err(StoreError::io("sync", &self.segment.path))
    }

    /// Writes and syncs a mark at `offset`: that every position up to `durable` survives power loss.
    /// Returns its length, or `None` if there is no room for it on the disk: what it is to prove holds
    /// without it. What was written of one is overwritten by the next frame.
    pub(crate) fn mark(&self, offset: u64, durable: u64) -> Result<Option<usize>, StoreError> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, self.segment.seed()?, offset, |out| {
            Mark { durable }.write(out);
        });
        match self.write(&bytes, offset) {
            Err(StoreError::Io { source, .. }) if is_full(&source) => Ok(None),
            Err(error) => Err(error),
            Ok(()) => self.sync().map(|()| Some(bytes.len())),
        }
    }
}

/// Whether a write failed for want of room alone.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
