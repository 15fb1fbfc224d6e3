//! The segment that events are appended to.

use std::path::Path;
use std::sync::Arc;

use super::frame::{self, Seed};
use super::header::{Footer, SegmentHeader};
use super::reader::SegmentFile;
use crate::event::{Digest, chain};
use crate::store::StoreError;
use crate::store::fs::Disk;
use crate::store::log::body::Body;

/// The bytes of a footer's frame.
const FOOTER_FRAME: u64 = (frame::PREFIX + Footer::BODY_BYTES) as u64;

/// Appends groups of events to the newest segment, and seals it when it is full.
///
/// A group is staged in memory, then written with one call. After an error nothing may be appended
/// any more, for what is on disk is then unknown: the store's poison sees to that.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    disk: Arc<dyn Disk>,
    segment_bytes: u32,
    header: SegmentHeader,
    file: Arc<SegmentFile>,
    /// The file's length, and where the staged group will lie.
    end: u64,
    /// Events in the segment, those staged included.
    count: u64,
    root: chain::MerkleRoot,
    staged: Vec<u8>,
    offsets: Vec<u32>,
    synced: bool,
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
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        segment_bytes: u32,
        header: SegmentHeader,
    ) -> Result<Self, StoreError> {
        let path = dir.join(segment_name(header.first));
        let temporary = dir.join(format!("{}.tmp", segment_name(header.first)));
        let io = |action| StoreError::io(action, &path);
        let file = disk.create(&temporary).map_err(io("create"))?;
        file.write_all_at(&header.to_bytes(), 0)
            .map_err(io("write to"))?;
        file.sync().map_err(io("sync"))?;
        disk.rename(&temporary, &path).map_err(io("name"))?;
        disk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
        let file = Arc::new(SegmentFile {
            path,
            file: file.into(),
            seed: Seed::of(&header),
        });
        let end = SegmentHeader::BYTES as u64;
        let root = chain::MerkleRoot::default();
        Ok(Self::resume(
            disk,
            segment_bytes,
            header,
            file,
            (end, 0, root),
        ))
    }

    /// Goes on with a segment that has `count` events, which end at `end`.
    pub(crate) fn resume(
        disk: Arc<dyn Disk>,
        segment_bytes: u32,
        header: SegmentHeader,
        file: Arc<SegmentFile>,
        (end, count, root): (u64, u64, chain::MerkleRoot),
    ) -> Self {
        Self {
            disk,
            segment_bytes,
            header,
            file,
            end,
            count,
            root,
            staged: Vec::new(),
            offsets: Vec::new(),
            synced: true,
        }
    }

    /// The position of the segment's first event.
    pub(crate) fn first(&self) -> u64 {
        self.header.first
    }

    /// The segment as readers use it.
    pub(crate) fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }

    /// Makes room for a group of about `bytes`: seals the segment and begins the next one if the
    /// group would not fit. Returns whether it did, and then everything before is durable.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<bool, StoreError> {
        let needed = self.end + bytes as u64 + FOOTER_FRAME;
        if self.count == 0 || needed <= u64::from(self.segment_bytes) {
            return Ok(false);
        }
        let closing = self.seal()?;
        let header = SegmentHeader {
            first: self.header.first + self.count,
            previous: closing,
            ..self.header
        };
        let dir = self.file.path.parent().unwrap_or(Path::new("."));
        *self = Self::create(Arc::clone(&self.disk), dir, self.segment_bytes, header)?;
        Ok(true)
    }

    /// Writes and syncs the footer, and returns the segment's closing digest.
    fn seal(&mut self) -> Result<Digest, StoreError> {
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
        let mut bytes = Vec::new();
        frame::write(&mut bytes, &self.file.seed, self.end, |out| {
            footer.write(out)
        });
        self.file
            .file
            .write_all_at(&bytes, self.end)
            .map_err(StoreError::io("write to", &self.file.path))?;
        self.synced = false;
        self.sync()?;
        Ok(closing)
    }

    /// Adds an event to the staged group.
    pub(crate) fn stage(&mut self, body: &Body<'_>) {
        let offset = self.end + self.staged.len() as u64;
        frame::write(&mut self.staged, &self.file.seed, offset, |out| {
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
            .file
            .write_all_at(&self.staged, self.end)
            .map_err(StoreError::io("write to", &self.file.path))?;
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
                .file
                .sync()
                .map_err(StoreError::io("sync", &self.file.path))?;
            self.synced = true;
        }
        Ok(())
    }
}

/// The file name of the segment whose first event has this position.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}.seg")
}
