//! Whether the footers of closed segments are those of their events.

use std::path::PathBuf;
use std::sync::Arc;

use crate::store::StoreError;
use crate::store::fs::Disk;
use crate::store::log::segment::file::SegmentFile;
use crate::store::log::segment::header::Footer;
use crate::store::log::segment::whole::WholeSegment;

/// The footers so far, in the order of their segments.
pub(super) struct Footers<'d> {
    disk: &'d Arc<dyn Disk>,
    /// The directory of the segments.
    dir: PathBuf,
    /// Whether digests were computed, so that there is something to compare roots with.
    is_hashed: bool,
    found: u64,
    /// The segments without one, by their first positions, and what it would be. They are written in order, so
    /// that none may follow.
    missing: Vec<(u64, Footer)>,
}

impl<'d> Footers<'d> {
    pub(super) fn new(disk: &'d Arc<dyn Disk>, dir: PathBuf, is_hashed: bool) -> Self {
        Self {
            disk,
            dir,
            is_hashed,
            found: 0,
            missing: Vec::new(),
        }
    }

    /// How many there are.
    pub(super) fn found(&self) -> u64 {
        self.found
    }

    /// Looks at the footer of the next closed segment, and compares it with the one that its events make.
    pub(super) fn check(&mut self, segment: &WholeSegment, made: Footer) -> Result<(), StoreError> {
        let Some(footer) = segment.footer(made.end)? else {
            self.missing.push((segment.segment.first, made));
            return Ok(());
        };
        self.compare(&segment.segment, (&footer, &made))?;
        self.found += 1;
        for (first, made) in std::mem::take(&mut self.missing) {
            // It may have been written meanwhile.
            let segment = WholeSegment::open(self.disk, &self.dir, first)?;
            let Some(footer) = segment.footer(made.end)? else {
                let problem =
                    "the footer of the segment is damaged or missing, and a later segment has one";
                return Err(corrupt(&segment.segment, &made, problem));
            };
            self.compare(&segment.segment, (&footer, &made))?;
            self.found += 1;
        }
        Ok(())
    }

    fn compare(
        &self,
        segment: &SegmentFile,
        (footer, made): (&Footer, &Footer),
    ) -> Result<(), StoreError> {
        let problem = if footer.count != made.count {
            "the footer of the segment counts other events"
        } else if !self.is_hashed {
            return Ok(());
        } else if footer.root != made.root {
            "the footer of the segment has another Merkle root than the events"
        } else if footer.closing != made.closing {
            "the footer of the segment does not follow that of the one before"
        } else {
            return Ok(());
        };
        Err(corrupt(segment, made, problem))
    }
}

fn corrupt(segment: &SegmentFile, made: &Footer, problem: &'static str) -> StoreError {
    segment.corrupt(made.end, segment.first + made.count - 1, problem)
}
