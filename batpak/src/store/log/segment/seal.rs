//! Closing segments for good, after the fact: the footer with the root over a segment's digests.
//!
//! A segment counts as closed once the next one exists. Its footer is no part of any answer, so that
//! nobody waits for it.

use std::io::ErrorKind;
use std::sync::Arc;

use super::file::SegmentFile;
use super::frame;
use super::header::{Footer, SegmentHeader};
use super::reader::Segments;
use super::walk::Walk;
use crate::event::{Digest, chain};
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};
use crate::store::log::body::Body;

/// The bytes of a footer's frame, for which each segment keeps room.
pub(crate) const FOOTER_FRAME: u64 = (frame::PREFIX + Footer::BODY_BYTES) as u64;

/// How much of a segment is read at a time, in bytes.
const STEP_BYTES: u64 = 1 << 20;

/// A segment and its footer.
type Sealed = (Arc<SegmentFile>, Footer);

/// Writes the footers of the segments, one after the other.
#[derive(Debug)]
pub(crate) struct Sealer {
    disk: Arc<dyn Disk>,
    /// The first position of the next segment to be sealed, and the closing digest of the one before;
    /// `None` before anybody looked.
    next: Option<(u64, Digest)>,
    /// The segment before it, if that had its footer before this looked.
    doubtful: Option<Sealed>,
    /// The segment that is being sealed.
    sealing: Option<Sealing>,
}

/// A segment that is read for its footer.
#[derive(Debug)]
struct Sealing {
    segment: Arc<SegmentFile>,
    chained: bool,
    /// The first position of the segment behind it.
    end: u64,
    previous: Digest,
    walk: Walk,
    root: chain::MerkleRoot,
}

impl Sealer {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            next: None,
            doubtful: None,
            sealing: None,
        }
    }

    /// Whether a closed segment has no footer yet, as far as this knows.
    pub(crate) fn has_work(&self, segments: &Segments) -> bool {
        let newest = segments.newest();
        match self.next {
            Some((next, _)) => newest > next,
            None => newest > 1,
        }
    }

    /// Goes on with the next closed segment that has no footer. Returns whether that has one now.
    ///
    /// # Errors
    /// The disk's; [`StoreError::Corrupt`] if the segment is damaged: it gets no footer, and so do none
    /// behind it. After an error, it begins with the segment anew.
    pub(crate) fn step(&mut self, segments: &Segments) -> Result<bool, StoreError> {
        let mut sealing = match self.sealing.take() {
            Some(sealing) => sealing,
            None => match self.begin(segments)? {
                Some(sealing) => sealing,
                None => return Ok(true),
            },
        };
        if !sealing.read()? {
            self.sealing = Some(sealing);
            return Ok(false);
        }
        let end = sealing.end;
        self.next = Some((end, sealing.finish()?.closing));
        Ok(true)
    }

    fn begin(&mut self, segments: &Segments) -> Result<Option<Sealing>, StoreError> {
        let (first, previous) = match self.next {
            Some(next) => next,
            None => {
                let (next, last) = self.find(segments)?;
                let closing = last.as_ref().map(|(_, footer)| footer.closing);
                self.doubtful = last;
                (next, closing.unwrap_or(Digest::ZERO))
            }
        };
        self.next = Some((first, previous));
        let Some((segment, end)) = segments.get(first).zip(segments.after(first)) else {
            return Ok(None);
        };
        if let Some((before, footer)) = &self.doubtful {
            self.renew(before, footer)?;
            self.doubtful = None;
        }
        let chained = segment.header()?.chained;
        let file = self.disk.open(&segment.path, true);
        let file = file.map_err(StoreError::io("open", &segment.path))?;
        let of_segment = (Arc::clone(&segment), file);
        Ok(Some(Sealing {
            segment,
            chained,
            end,
            previous,
            walk: Walk::new(of_segment, first, SegmentHeader::BYTES as u64),
            root: chain::MerkleRoot::default(),
        }))
    }

    /// The first segment without a footer, and the one before it.
    fn find(&self, segments: &Segments) -> Result<(u64, Option<Sealed>), StoreError> {
        let mut at = segments.newest();
        while let Some(before) = segments.before(at) {
            let io = |action| StoreError::io(action, &before.path);
            let file = self.disk.open(&before.path, false).map_err(io("open"))?;
            if let Some(footer) = read_footer(file.as_ref(), &before)? {
                return Ok((at, Some((before, footer))));
            }
            at = before.first;
        }
        Ok((at, None))
    }

    /// Writes a footer again, and makes it durable. After a failed sync the system may hold it as clean pages that
    /// never reached the medium, and the next footer says that it did.
    fn renew(&self, segment: &SegmentFile, footer: &Footer) -> Result<(), StoreError> {
        let io = |action| StoreError::io(action, &segment.path);
        let file = self.disk.open(&segment.path, true).map_err(io("open"))?;
        write_footer(file.as_ref(), segment, footer)
    }
}

impl Sealing {
    /// Reads on, and returns whether all of the segment was read.
    fn read(&mut self) -> Result<bool, StoreError> {
        let (root, chained) = (&mut self.root, self.chained);
        self.walk.step(self.end, STEP_BYTES, |body, _| {
            let (position, digest) = Body::place_in_chain(body)?;
            if chained {
                root.push(digest.ok_or("the event has no digest")?);
            }
            Ok(position)
        })
    }

    /// Writes the footer.
    fn finish(self) -> Result<Footer, StoreError> {
        let (first, root) = (self.segment.first, self.root.root());
        let count = self.end - first;
        let closing = match self.chained {
            true => chain::closing(&self.previous, first, count, &root),
            false => Digest::ZERO,
        };
        let footer = Footer {
            count,
            end: self.walk.offset(),
            root,
            closing,
        };
        write_footer(self.walk.file.as_ref(), &self.segment, &footer)?;
        Ok(footer)
    }
}

/// Writes the footer of a segment, which then ends with it, and makes it durable.
fn write_footer(
    file: &dyn DiskFile,
    segment: &SegmentFile,
    footer: &Footer,
) -> Result<(), StoreError> {
    let io = |action| StoreError::io(action, &segment.path);
    let mut frame = Vec::new();
    frame::write(&mut frame, segment.seed()?, footer.end, |out| {
        footer.write(out);
    });
    if file.len().map_err(io("read"))? > footer.end + frame.len() as u64 {
        // Room that was reserved and not used.
        file.truncate(footer.end).map_err(io("cut"))?;
    }
    let written = file.write_all_at(&frame, footer.end);
    written.map_err(io("write to"))?;
    file.sync().map_err(io("sync"))
}

/// The footer that a segment ends with, if it has one.
pub(crate) fn read_footer(
    file: &dyn DiskFile,
    segment: &SegmentFile,
) -> Result<Option<Footer>, StoreError> {
    let len = file.len().map_err(StoreError::io("read", &segment.path))?;
    match len.checked_sub(FOOTER_FRAME) {
        Some(at) => footer_at(file, segment, at),
        None => Ok(None),
    }
}

/// The footer whose frame lies at the file offset `at` of a segment, if there is one.
pub(crate) fn footer_at(
    file: &dyn DiskFile,
    segment: &SegmentFile,
    at: u64,
) -> Result<Option<Footer>, StoreError> {
    let mut bytes = [0; FOOTER_FRAME as usize];
    match file.read_exact_at(&mut bytes, at) {
        // The segment is longer while there is room in it.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(StoreError::io("read", &segment.path))?,
    }
    let body = frame::read(&bytes, segment.seed()?, at).ok();
    let footer = body.and_then(|body| Footer::read(&bytes[body]));
    Ok(footer.filter(|footer| footer.end == at))
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::coordinate::Coordinate;
    use crate::event::{EventKind, Region};
    use crate::store::Store;
    use crate::testing::MemoryDisk;

    #[test]
    fn a_segment_that_is_sealed_in_many_steps_has_the_footer_of_its_events() {
        let disk = MemoryDisk::new();
        let config = || disk.config().segment_bytes(4 * STEP_BYTES as u32);
        let store = Store::open(config()).unwrap();
        let stream = Coordinate::new("a", "s").unwrap();
        while store.shared.segments.newest() == 1 {
            let payload = "x".repeat(100_000);
            let kind = EventKind::custom(0xF, 1);
            store.append(&stream, kind, &payload).unwrap();
        }
        store.close().unwrap();
        let store = Store::open(config()).unwrap();
        let first = store.shared.segments.get(1).unwrap();
        let end = store.shared.segments.newest();
        let mut root = chain::MerkleRoot::default();
        for event in store.query(&Region::all()).take(end as usize - 1) {
            if let Some(digest) = event.unwrap().header.digest {
                root.push(digest);
            }
        }
        let file = store.config.disk.open(&first.path, false).unwrap();
        let footer = read_footer(file.as_ref(), &first).unwrap().unwrap();
        assert_eq!((footer.count, footer.root), (end - 1, root.root()));
        assert_eq!(footer.end + FOOTER_FRAME, file.len().unwrap());
    }
}
