//! The files of segments, and what their headers say.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::frame::Seed;
use super::handles::Handles;
use super::header::{HeaderError, SegmentHeader, VERSION};
use crate::store::StoreError;

/// The longest file that can be a segment: one of the largest size that can be set, or one whose only
/// batch is larger.
pub(crate) const MAX_SEGMENT_BYTES: u64 = (1 << 30) + (257 << 20);

/// The file name of the segment whose first event has this position.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// A segment file. Its header is read when it is first needed.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    /// The position of its first event, which its name says.
    pub(crate) first: u64,
    header: OnceLock<(SegmentHeader, Seed)>,
    /// The file offset up to which events were written, or some bytes more; `u64::MAX` before the header
    /// was read.
    pub(crate) end: AtomicU64,
    pub(super) handles: Arc<Handles>,
}

impl SegmentFile {
    /// The segment that a file is which was found in the directory `dir`.
    pub(crate) fn found(dir: &Path, first: u64, handles: &Arc<Handles>) -> Self {
        Self {
            path: dir.join(segment_name(first)),
            first,
            header: OnceLock::new(),
            end: u64::MAX.into(),
            handles: Arc::clone(handles),
        }
    }

    /// The segment in the directory `dir` that has just been given this header.
    pub(crate) fn created(dir: &Path, header: &SegmentHeader, handles: &Arc<Handles>) -> Self {
        Self {
            header: (*header, Seed::of(header)).into(),
            end: (SegmentHeader::BYTES as u64).into(),
            ..Self::found(dir, header.first, handles)
        }
    }

    pub(crate) fn header(&self) -> Result<&SegmentHeader, StoreError> {
        self.known().map(|(header, _)| header)
    }

    /// What the CRCs of its frames begin with.
    pub(crate) fn seed(&self) -> Result<&Seed, StoreError> {
        self.known().map(|(_, seed)| seed)
    }

    #[inline]
    fn known(&self) -> Result<&(SegmentHeader, Seed), StoreError> {
        match self.header.get() {
            Some(known) => Ok(known),
            None => self.read_header(),
        }
    }

    #[cold]
    fn read_header(&self) -> Result<&(SegmentHeader, Seed), StoreError> {
        let io = |action| StoreError::io(action, &self.path);
        let file = self.handles.get(self).map_err(io("open"))?;
        let len = file.len().map_err(io("read"))?;
        if len > MAX_SEGMENT_BYTES {
            let problem = "the file is longer than a segment can be";
            return Err(self.corrupt(MAX_SEGMENT_BYTES, self.first, problem));
        }
        let mut bytes = vec![0; len.min(SegmentHeader::BYTES as u64) as usize];
        file.read_exact_at(&mut bytes, 0).map_err(io("read"))?;
        let header = SegmentHeader::from_bytes(&bytes).map_err(|error| self.refuse(error))?;
        if header.first != self.first {
            return Err(self.corrupt(0, self.first, "the file has the name of another segment"));
        }
        let store = (header.store_id, header.chained);
        if *self.handles.store.get_or_init(|| store) != store {
            return Err(self.corrupt(0, self.first, "the segment is of another store"));
        }
        let unknown = (u64::MAX, Ordering::AcqRel, Ordering::Acquire);
        // Somebody may know better by now.
        let _ = self
            .end
            .compare_exchange(unknown.0, len, unknown.1, unknown.2);
        Ok(self.header.get_or_init(|| (header, Seed::of(&header))))
    }

    /// The length of the file, which is of a segment that has all its events: they end there or before.
    pub(super) fn measure(&self) -> Result<u64, StoreError> {
        let file = self.handles.get(self);
        let len = file.map_err(StoreError::io("open", &self.path))?.len();
        let len = len.map_err(StoreError::io("read", &self.path))?;
        self.end.fetch_max(len, Ordering::AcqRel);
        Ok(len)
    }

    fn refuse(&self, error: HeaderError) -> StoreError {
        let path = self.path.clone();
        match error {
            HeaderError::Foreign => StoreError::Foreign {
                path,
                found: "a file that is no segment".to_owned(),
            },
            HeaderError::Newer(found) => StoreError::NewerFormat {
                path,
                found,
                supported: VERSION,
            },
            HeaderError::Damaged => self.corrupt(0, self.first, "the header is damaged"),
        }
    }

    pub(crate) fn corrupt(&self, offset: u64, position: u64, problem: &'static str) -> StoreError {
        StoreError::Corrupt {
            path: self.path.clone(),
            offset,
            position,
            problem,
        }
    }
}
