//! Making a damaged part of the index anew from the log while the store is open.

use std::sync::Arc;

use super::StoreError;
use super::index::{Part, PartDir, Tail};
use super::log::body::Body;
use super::log::segment::header::SegmentHeader;
use super::log::segment::reader::Segments;
use super::log::segment::walk::Walk;
use super::progress::{Work, Working};
use super::shared::Shared;

/// How much of the log is read at a time, in bytes.
const STEP_BYTES: u64 = 256 << 10;

/// Parts in the making that are to take the place of a damaged one.
#[derive(Debug)]
pub(crate) struct Rebuild {
    dir: PartDir,
    walk: Walk,
    /// The position behind the damaged part.
    end: u64,
    /// The position of its first event.
    first: u64,
    tail: Tail,
    made: Vec<Arc<Part>>,
    work: Working,
}

impl Rebuild {
    /// Begins to make the last of these parts anew, which follow one another.
    pub(crate) fn new(
        dir: &PartDir,
        shared: &Shared,
        parts: &[Arc<Part>],
    ) -> Result<Option<Self>, StoreError> {
        let [before @ .., damaged] = parts else {
            return Ok(None);
        };
        // What takes its place may have its identity, and other blocks.
        dir.cache.renew();
        let start = before.last().map(|part| part.log_end());
        let (segment, offset) = start.unwrap_or((1, SegmentHeader::BYTES as u32));
        Ok(Some(Self {
            work: shared
                .works
                .begin_own(Work::Rebuilding, Some(damaged.events())),
            walk: walk(dir, &shared.segments, segment, (damaged.first(), offset))?,
            dir: dir.clone(),
            end: damaged.last() + 1,
            first: damaged.first(),
            tail: Tail::new(damaged.first()),
            made: Vec::new(),
        }))
    }

    /// Its parts are all made. Gives the positions of the first and the last event that the damaged one was of.
    pub(crate) fn end(self) -> (u64, u64) {
        self.work.end();
        (self.first, self.end - 1)
    }

    /// Goes on. Returns the parts when they are all made.
    pub(crate) fn step(
        &mut self,
        segments: &Segments,
    ) -> Result<Option<Vec<Arc<Part>>>, StoreError> {
        let next_segment = segments.after(self.walk.segment());
        let end = next_segment.map_or(self.end, |next| next.min(self.end));
        let _entered = self.work.enter();
        let (tail, before) = (&mut self.tail, self.walk.position());
        let is_over = self.walk.step(end, STEP_BYTES, |body, place| {
            let meta = Body::read(body)?.event.meta;
            let position = meta.header.sequence;
            if position == tail.last() + 1 {
                tail.push(Tail::stream_hash(meta.entity, meta.scope), &meta, place);
            }
            Ok(position)
        })?;
        let position = self.walk.position();
        self.work.did(position - before);
        if self.tail.is_full() || position == self.end {
            self.made.push(Part::write(&self.dir, &self.tail)?);
            self.tail = Tail::new(position);
        }
        if position == self.end {
            return Ok(Some(std::mem::take(&mut self.made)));
        }
        if is_over {
            let start = (position, SegmentHeader::BYTES as u32);
            self.walk = walk(&self.dir, segments, position, start)?;
        }
        Ok(None)
    }
}

/// The way through the segment whose first event has the position `first`.
fn walk(
    dir: &PartDir,
    segments: &Segments,
    first: u64,
    (position, offset): (u64, u32),
) -> Result<Walk, StoreError> {
    let segment = segments.get(first).ok_or_else(|| StoreError::Corrupt {
        path: dir.dir.clone(),
        offset: 0,
        position,
        problem: "the index shows the event in no segment",
    })?;
    let file = dir.disk.open(&segment.path, false);
    let file = file.map_err(StoreError::io("open", &segment.path))?;
    Ok(Walk::new((segment, file), position, u64::from(offset)))
}
