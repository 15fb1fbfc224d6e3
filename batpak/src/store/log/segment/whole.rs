//! A segment read whole, by whoever wants to know that it is.

use std::path::Path;
use std::sync::Arc;

use super::directory::{Reading, Segment};
use super::file::SegmentFile;
use super::handles::Handles;
use super::header::Footer;
use super::recover::{Scan, Start};
use super::seal::{FOOTER_FRAME, footer_at};
use super::window::Window;
use crate::event::Digest;
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};

/// A segment file that is opened to be read from its first byte, whatever is known of it.
pub(crate) struct WholeSegment {
    pub(crate) segment: Arc<SegmentFile>,
    file: Arc<dyn DiskFile>,
}

impl WholeSegment {
    /// Opens the segment in the directory `dir` whose first event has the position `first`, and reads its header.
    ///
    /// # Errors
    /// The disk's, and those of a header that is none.
    pub(crate) fn open(disk: &Arc<dyn Disk>, dir: &Path, first: u64) -> Result<Self, StoreError> {
        // Nothing of it stays open for others.
        let handles = Handles::new(Arc::clone(disk));
        let segment = Arc::new(SegmentFile::found(dir, first, &handles));
        segment.header()?;
        let file = handles.get(&segment);
        let file = file.map_err(StoreError::io("open", &segment.path))?;
        Ok(Self { segment, file })
    }

    /// Gives the events before the position `end` to `reading`, all of which are to be there; without an
    /// `end`, those that a recovery would leave. Returns the file offset behind the last one, and its digest.
    ///
    /// # Errors
    /// The disk's; [`StoreError::Corrupt`] with the first place where something does not fit.
    pub(crate) fn read(
        &self,
        end: Option<u64>,
        reading: &mut dyn Reading,
    ) -> Result<(Scan, Option<Digest>), StoreError> {
        let segment = Segment {
            len: u64::MAX,
            shared: Arc::clone(&self.segment),
        };
        let scan = Scan::new(Start::of(self.segment.header()?), end);
        let mut digest = None;
        let scan = segment.scan(self.file.as_ref(), scan, reading, &mut digest)?;
        Ok((scan, digest))
    }

    /// The footer whose frame begins at the file offset `at`, if the segment ends with it. One that has only zeros
    /// behind it is not written for good: after a crash the room behind the segment can be there again.
    ///
    /// # Errors
    /// The disk's; [`StoreError::Corrupt`] if something else follows it.
    pub(crate) fn footer(&self, at: u64) -> Result<Option<Footer>, StoreError> {
        let Some(footer) = footer_at(self.file.as_ref(), &self.segment, at)? else {
            return Ok(None);
        };
        let behind = at + FOOTER_FRAME;
        let io = || StoreError::io("read", &self.segment.path);
        let len = self.file.len().map_err(io())?.max(behind);
        let mut window = Window::new(self.file.as_ref(), self.segment.seed()?, len);
        let rest = window.rest(behind).map_err(io())?;
        if rest.iter().any(|byte| *byte != 0) {
            let last = self.segment.first + footer.count.saturating_sub(1);
            let problem = "something follows the footer of the segment";
            return Err(self.segment.corrupt(behind, last, problem));
        }
        Ok(Some(footer).filter(|_| rest.is_empty()))
    }
}
