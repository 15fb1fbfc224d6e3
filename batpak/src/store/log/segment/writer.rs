//! The segment that events are appended to.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::frame::{self, Seed};
use super::header::{Footer, Mark, SegmentHeader};
use super::reader::{Handles, SegmentFile};
use crate::event::{Digest, chain};
use crate::store::StoreError;
use crate::store::fs::{DirLock, Disk, DiskFile};
use crate::store::log::body::Body;
use crate::store::source::Source;

/// The bytes of a footer's frame.
const FOOTER_FRAME: u64 = (frame::PREFIX + Footer::BODY_BYTES) as u64;

/// Where the segments of a store are, and how large they may become.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) disk: Arc<dyn Disk>,
    /// The directory that holds the segment files: an absolute path.
    pub(crate) dir: PathBuf,
    /// The lock on the directory above it.
    pub(crate) lock: Arc<dyn DirLock>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) segment_bytes: u32,
    pub(crate) handles: Arc<Handles>,
}

impl Row {
    /// That the directory is still where it was locked: a segment is created by its path, which may
    /// lead into another store by now.
    fn check_place(&self) -> Result<(), StoreError> {
        let above = self.dir.parent().unwrap_or(&self.dir);
        if self
            .lock
            .is_at(above)
            .map_err(StoreError::io("find", above))?
        {
            return Ok(());
        }
        Err(StoreError::Moved(above.to_owned()))
    }

    /// Random bytes for the header of a new segment.
    pub(crate) fn nonce(&self) -> [u8; 8] {
        let bits = self.source.random();
        // The six fixed bits of a UUID are evened out by its other half.
        ((bits >> 64) as u64 ^ bits as u64).to_le_bytes()
    }

    /// The segment with this header, as readers use it.
    pub(crate) fn segment(&self, header: &SegmentHeader) -> Arc<SegmentFile> {
        Arc::new(SegmentFile {
            path: self.dir.join(segment_name(header.first)),
            first: header.first,
            seed: Seed::of(header),
            handles: Arc::clone(&self.handles),
        })
    }
}

/// Appends groups of events to the newest segment, and seals it when it is full.
///
/// A group is staged in memory, then written with one call. After an error nothing may be appended
/// any more, for what is on disk is then unknown: the store's poison sees to that.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    row: Row,
    header: SegmentHeader,
    segment: Arc<SegmentFile>,
    file: Box<dyn DiskFile>,
    /// The file's length, and where the staged group will lie.
    end: u64,
    /// Events in the segment, those staged included.
    count: u64,
    root: chain::MerkleRoot,
    staged: Vec<u8>,
    offsets: Vec<u32>,
    synced: bool,
    /// The header of the next segment, if this one is sealed and that is not begun.
    next: Option<SegmentHeader>,
}

/// How far a segment goes: the file offset behind its last frame, its events, and their root so far.
pub(crate) struct Extent {
    pub(crate) end: u64,
    pub(crate) count: u64,
    pub(crate) root: chain::MerkleRoot,
}

/// What a group became.
#[derive(Debug)]
pub(crate) struct Written {
    /// The file offset of each event.
    pub(crate) offsets: Vec<u32>,
    /// The file offset behind the last one.
    pub(crate) end: u64,
}

impl SegmentWriter {
    /// Creates the segment that `header` describes.
    ///
    /// The file gets its name only when its header is durable, and is referred to only when its
    /// name is: a segment that can be listed has a whole header.
    pub(crate) fn create(row: Row, header: SegmentHeader) -> Result<Self, StoreError> {
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
        let extent = Extent {
            end: SegmentHeader::BYTES as u64,
            count: 0,
            root: chain::MerkleRoot::default(),
        };
        Ok(Self::resume(row, header, file, extent))
    }

    /// Goes on with a segment.
    pub(crate) fn resume(
        row: Row,
        header: SegmentHeader,
        file: Box<dyn DiskFile>,
        extent: Extent,
    ) -> Self {
        Self {
            segment: row.segment(&header),
            row,
            header,
            file,
            end: extent.end,
            count: extent.count,
            root: extent.root,
            staged: Vec::new(),
            offsets: Vec::new(),
            synced: true,
            next: None,
        }
    }

    /// Goes on behind a segment that is sealed, by the footer with this closing digest.
    pub(crate) fn behind_sealed(mut self, closing: Digest) -> Self {
        self.next = Some(self.next_header(closing, self.row.nonce()));
        self
    }

    /// The segment as readers use it.
    pub(crate) fn segment(&self) -> &Arc<SegmentFile> {
        &self.segment
    }

    /// Makes room for a group of about `bytes`: seals the segment and begins the next one if the
    /// group would not fit. Returns whether it did, and then everything before is durable.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<bool, StoreError> {
        let needed = self.end + bytes as u64 + FOOTER_FRAME;
        let fits = self.count == 0 || needed <= u64::from(self.row.segment_bytes);
        if self.next.is_none() && !fits {
            self.seal(self.row.nonce())?;
        }
        self.begin_next()
    }

    /// Writes and syncs the footer. The next segment will have this nonce.
    pub(crate) fn seal(&mut self, nonce: [u8; 8]) -> Result<(), StoreError> {
        let (root, closing) = if self.header.chained {
            let root = self.root.root();
            let SegmentHeader {
                previous, first, ..
            } = &self.header;
            (root, chain::closing(previous, *first, self.count, &root))
        } else {
            (Digest::ZERO, Digest::ZERO)
        };
        let footer = Footer {
            count: self.count,
            end: self.end,
            root,
            closing,
        };
        self.append(|out| footer.write(out))?;
        self.sync()?;
        self.next = Some(self.next_header(closing, nonce));
        Ok(())
    }

    fn next_header(&self, closing: Digest, nonce: [u8; 8]) -> SegmentHeader {
        SegmentHeader {
            first: self.header.first + self.count,
            previous: closing,
            nonce,
            ..self.header
        }
    }

    /// Writes and syncs a mark: that every position up to `durable` survives power loss. Returns
    /// whether it is there: what it is to prove holds without it, so that a disk that has no room
    /// for a mark is no failure. What was written of one is overwritten by the next frame.
    pub(crate) fn mark(&mut self, durable: u64) -> Result<bool, StoreError> {
        match self.append(|out| Mark { durable }.write(out)) {
            Err(StoreError::Io { source, .. }) if is_full(&source) => Ok(false),
            Err(error) => Err(error),
            Ok(()) => self.sync().map(|()| true),
        }
    }

    /// Begins the next segment, if this one is sealed: its existence proves that all before it is
    /// durable. Returns whether it did.
    pub(crate) fn begin_next(&mut self) -> Result<bool, StoreError> {
        let Some(next) = self.next.take() else {
            return Ok(false);
        };
        *self = Self::create(self.row.clone(), next)?;
        Ok(true)
    }

    /// Writes a frame that is no event.
    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, &self.segment.seed, self.end, write);
        self.synced = false;
        self.file
            .write_all_at(&bytes, self.end)
            .map_err(StoreError::io("write to", &self.segment.path))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Adds an event to the staged group.
    pub(crate) fn stage(&mut self, body: &Body<'_>) {
        let offset = self.end + self.staged.len() as u64;
        frame::write(&mut self.staged, &self.segment.seed, offset, |out| {
            body.write(out)
        });
        // A segment is at most 1 GiB, or one batch of at most 256 MiB.
        self.offsets.push(offset as u32);
        if let Some(digest) = body.event.meta.header.digest {
            self.root.push(digest);
        }
        self.count += 1;
    }

    /// Writes the staged group with one call.
    pub(crate) fn write(&mut self) -> Result<Written, StoreError> {
        self.synced = false;
        self.file
            .write_all_at(&self.staged, self.end)
            .map_err(StoreError::io("write to", &self.segment.path))?;
        self.end += self.staged.len() as u64;
        self.staged.clear();
        self.staged.shrink_to(1 << 20);
        Ok(Written {
            offsets: std::mem::take(&mut self.offsets),
            end: self.end,
        })
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        if !self.synced {
            self.file
                .sync()
                .map_err(StoreError::io("sync", &self.segment.path))?;
            self.synced = true;
        }
        Ok(())
    }
}

/// Whether a write failed for want of room alone.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// The file name of the segment whose first event has this position.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}.seg")
}
