//! A row of segments that another process writes to while it is read.

use std::io;
use std::sync::atomic::Ordering;

use super::directory::{Directory, Known, Reading, segment_firsts};
use super::header::SegmentHeader;
use super::recover::Scan;
use super::writer::Row;
use crate::store::StoreError;
use crate::store::fs::Disk;

impl Directory {
    /// Takes in the segments that were not there before, and those behind them, and sees how long the newest has
    /// become.
    pub(crate) fn refresh(&mut self) -> Result<(), StoreError> {
        let Row { disk, dir, .. } = &self.row;
        let names = disk.list(dir).map_err(StoreError::io("list", dir))?;
        let mut firsts = segment_firsts(&names);
        let known = |first: &u64| self.index_of(*first, *first).is_ok();
        if let Some(new) = firsts.iter().copied().find(|first| !known(first)) {
            self.segments.retain(|segment| segment.shared.first < new);
        }
        self.measure()?;
        if let Some(newest) = self.segments.last() {
            firsts.retain(|first| *first > newest.shared.first);
            if !firsts.is_empty() {
                // With another one behind it, it has all of its events.
                newest.shared.end.store(newest.len, Ordering::Release);
            }
        }
        self.add(firsts);
        self.measure()
    }

    /// Sees how long the newest segment is.
    pub(super) fn measure(&mut self) -> Result<(), StoreError> {
        if let Some(newest) = self.segments.last_mut() {
            let path = &newest.shared.path;
            let file = self.row.disk.get(&newest.shared);
            newest.len = file
                .and_then(|file| file.len())
                .map_err(StoreError::io("read", path))?;
        }
        Ok(())
    }

    /// The header of the first segment; `None` if there are none.
    pub(crate) fn first_header(&self) -> Result<Option<SegmentHeader>, StoreError> {
        let first = self.segments.first();
        first
            .map(|first| first.shared.header().copied())
            .transpose()
    }

    /// The first position of the newest segment, and the length of its file; zeros if there are no
    /// segments.
    pub(crate) fn extent(&self) -> (u64, u64) {
        let newest = self.segments.last();
        newest.map_or((0, 0), |newest| (newest.shared.first, newest.len))
    }

    /// Whether there is anything but room at the file offset `at` of the newest segment.
    pub(crate) fn goes_on_at(&self, at: u64) -> Result<bool, StoreError> {
        let Some(newest) = self.segments.last() else {
            return Ok(false);
        };
        let path = &newest.shared.path;
        let mut word = [0; 4];
        let file = self.row.disk.get(&newest.shared);
        match file.and_then(|file| file.read_exact_at(&mut word, at)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            read => read
                .map(|()| word != [0; 4])
                .map_err(StoreError::io("read", path)),
        }
    }

    /// Reads what is not known of the log up to the file offset `end` of the segment with the first
    /// position `last`, as if there were nothing behind.
    pub(crate) fn scan_until(
        &self,
        (last, end): (u64, u64),
        known: Known,
        reading: &mut dyn Reading,
    ) -> Result<Option<Scan>, StoreError> {
        let (from, to) = (self.start_of(known)?, self.index_of(last, last)?);
        let mut row = self.segments.get(from..=to).unwrap_or_default().to_vec();
        if let Some(newest) = row.last_mut() {
            newest.len = end;
        }
        self.scan_row(&row, known, reading)
    }
}
