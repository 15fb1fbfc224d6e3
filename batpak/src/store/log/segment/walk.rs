//! A segment whose events are known to be there, read again from one event to the next, in steps.

use std::sync::Arc;

use super::file::SegmentFile;
use super::header::{Footer, Mark};

use super::window::Window;
use crate::store::StoreError;
use crate::store::fs::DiskFile;
use crate::store::index::FramePlace;

/// The way through a segment.
#[derive(Debug)]
pub(crate) struct Walk {
    segment: Arc<SegmentFile>,
    pub(super) file: Box<dyn DiskFile>,
    /// The position of the next event.
    position: u64,
    /// The file offset behind the event before.
    offset: u64,
}

impl Walk {
    /// Begins behind the event before `position`, which ends at `offset` of the segment's file.
    pub(crate) fn new(
        (segment, file): (Arc<SegmentFile>, Box<dyn DiskFile>),
        position: u64,
        offset: u64,
    ) -> Self {
        Self {
            segment,
            file,
            position,
            offset,
        }
    }

    /// The segment, by the position of its first event.
    pub(crate) fn segment(&self) -> u64 {
        self.segment.first
    }

    /// The position of the next event.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The file offset behind the event before.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Gives the bodies of the events before the position `end` to `take`, which says what positions they
    /// have, and stops after about `budget` bytes. Returns whether there are no more.
    pub(crate) fn step(
        &mut self,
        end: u64,
        budget: u64,
        mut take: impl FnMut(&[u8], FramePlace) -> Result<u64, &'static str>,
    ) -> Result<bool, StoreError> {
        let io = || StoreError::io("read", &self.segment.path);
        let len = self.file.len().map_err(io())?;
        let mut window = Window::new(self.file.as_ref(), self.segment.seed()?, len);
        let stop = self.offset.saturating_add(budget);
        while self.position < end {
            if self.offset >= stop {
                return Ok(false);
            }
            let (offset, position) = (self.offset, self.position);
            let corrupt = |problem| self.segment.corrupt(offset, position, problem);
            let frame = window.frame(offset, offset).map_err(io())?;
            let frame = frame.ok_or_else(|| corrupt("the file is shorter than its events"))?;
            let (body, next) = frame.map_err(|error| corrupt(error.as_str()))?;
            match body[0] {
                Mark::FIRST_BYTE => {}
                Footer::FIRST_BYTE => return Err(corrupt("the segment ends before its events do")),
                _ => {
                    let place = FramePlace {
                        segment: self.segment.first,
                        offset: offset as u32,
                        end: next as u32,
                    };
                    if take(body, place).map_err(corrupt)? != position {
                        return Err(corrupt("the event has another position"));
                    }
                    self.position += 1;
                }
            }
            self.offset = next;
        }
        Ok(true)
    }
}
