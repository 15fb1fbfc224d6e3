//! Closing segments for good, after the fact: the footer with the root over a segment's digests.
//!
//! A segment counts as closed once the next one exists. Its footer is no part of any answer, so that
//! nobody waits for it.

use std::io;
use std::sync::Arc;

use super::frame;
use super::header::{Footer, SegmentHeader};
use super::reader::{SegmentFile, Segments};
use super::recover::{Scan, Start, Step};
use super::window::Window;
use crate::event::{Digest, chain};
use crate::store::fs::{Disk, DiskFile};
use crate::store::log::body::Body;

/// The bytes of a footer's frame, for which each segment keeps room.
pub(crate) const FOOTER_FRAME: u64 = (frame::PREFIX + Footer::BODY_BYTES) as u64;

/// Writes the footers of the segments, one after the other.
#[derive(Debug)]
pub(crate) struct Sealer {
    disk: Arc<dyn Disk>,
    /// The first position of the next segment to be sealed, and the closing digest of the one before;
    /// `None` before anybody looked.
    next: Option<(u64, Digest)>,
}

impl Sealer {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, next: None }
    }

    /// Whether a closed segment has no footer yet, as far as this knows.
    pub(crate) fn has_work(&self, segments: &Segments) -> bool {
        let newest = segments.newest();
        match self.next {
            Some((next, _)) => newest > next,
            None => newest > 1,
        }
    }

    /// Seals the next closed segment that has no footer.
    pub(crate) fn step(&mut self, segments: &Segments) -> io::Result<()> {
        let (first, previous) = match self.next {
            Some(next) => next,
            None => self.find(segments)?,
        };
        self.next = Some((first, previous));
        let Some((segment, next)) = segments.get(first).zip(segments.after(first)) else {
            return Ok(());
        };
        let footer = self.seal(&segment, next, previous)?;
        self.next = Some((next, footer.closing));
        Ok(())
    }

    /// The first segment without a footer, and the closing digest before it.
    fn find(&self, segments: &Segments) -> io::Result<(u64, Digest)> {
        let mut at = segments.newest();
        while let Some(before) = segments.before(at) {
            let file = self.disk.open(&before.path, false)?;
            if let Some(footer) = read_footer(file.as_ref(), &before)? {
                return Ok((at, footer.closing));
            }
            at = before.first;
        }
        Ok((at, Digest::ZERO))
    }

    /// Reads a segment whose successor begins at the position `next`, and writes its footer.
    fn seal(&self, segment: &SegmentFile, next: u64, previous: Digest) -> io::Result<Footer> {
        let file = self.disk.open(&segment.path, true)?;
        let mut bytes = [0; SegmentHeader::BYTES];
        file.read_exact_at(&mut bytes, 0)?;
        let damaged = |_| io::Error::from(io::ErrorKind::InvalidData);
        let header = SegmentHeader::from_bytes(&bytes).map_err(damaged)?;
        let (end, root) = read_root(file.as_ref(), segment, &header, next)?;
        let count = next - segment.first;
        let closing = if header.chained {
            chain::closing(&previous, segment.first, count, &root)
        } else {
            Digest::ZERO
        };
        let footer = Footer {
            count,
            end,
            root,
            closing,
        };
        let mut frame = Vec::new();
        frame::write(&mut frame, &segment.seed, end, |out| footer.write(out));
        file.write_all_at(&frame, end)?;
        file.sync()?;
        Ok(footer)
    }
}

/// The footer that a segment ends with, if it has one.
pub(crate) fn read_footer(
    file: &dyn DiskFile,
    segment: &SegmentFile,
) -> io::Result<Option<Footer>> {
    let Some(at) = file.len()?.checked_sub(FOOTER_FRAME) else {
        return Ok(None);
    };
    let mut bytes = [0; FOOTER_FRAME as usize];
    file.read_exact_at(&mut bytes, at)?;
    let body = frame::read(&bytes, &segment.seed, at).ok();
    let footer = body.and_then(|body| Footer::read(&bytes[body]));
    Ok(footer.filter(|footer| footer.end == at))
}

/// The file offset behind the last event before the position `next`, and the root over all of them.
fn read_root(
    file: &dyn DiskFile,
    segment: &SegmentFile,
    header: &SegmentHeader,
    next: u64,
) -> io::Result<(u64, Digest)> {
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let mut scan = Scan::new(Start::of(header), Some(next));
    let mut window = Window::new(file, &segment.seed, file.len()?);
    let mut root = chain::MerkleRoot::default();
    let mut at = scan.end;
    while !scan.is_over() {
        let frame = window.frame(at, scan.end)?.ok_or_else(damaged)?;
        let (body, behind) = frame.map_err(|_| damaged())?;
        let step = scan.take(body, at, behind).map_err(|_| damaged())?;
        if let (Step::Committed(_, offsets), true) = (step, header.chained) {
            for offset in offsets {
                let event = Body::read(window.again(offset))
                    .map_err(|_| damaged())?
                    .event;
                root.push(event.meta.header.digest.ok_or_else(damaged)?);
            }
        }
        at = behind;
    }
    Ok((scan.end, root.root()))
}
