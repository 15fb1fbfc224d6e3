//! A segment read from one frame to the next.

use std::io::{self, ErrorKind};

use super::frame::{self, FrameError, Seed};
use crate::store::fs::DiskFile;

/// How much is read at once, in bytes.
const READ: u64 = 256 << 10;

/// The part of a segment file that is being read.
pub(crate) struct Window<'f> {
    file: &'f dyn DiskFile,
    seed: &'f Seed,
    /// The file offset behind what is read.
    len: u64,
    bytes: Vec<u8>,
    /// The file offset of the first byte.
    start: u64,
}

/// A body and the offset behind its frame, or what is there instead; `None` at the end of the file.
type Framed<'w> = Option<Result<(&'w [u8], u64), FrameError>>;

impl<'f> Window<'f> {
    /// A window on a file whose frames end at the offset `len`.
    pub(crate) fn new(file: &'f dyn DiskFile, seed: &'f Seed, len: u64) -> Self {
        Self {
            file,
            seed,
            len,
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// What is at the offset `at`. What lies from `keep` on stays in the window.
    pub(crate) fn frame(&mut self, at: u64, keep: u64) -> io::Result<Framed<'_>> {
        if at >= self.len {
            return Ok(None);
        }
        self.hold(keep, at, frame::PREFIX as u64)?;
        let needed = frame::claimed_len(self.from(at)).unwrap_or(0);
        self.hold(keep, at, needed as u64)?;
        let read = frame::read(self.from(at), self.seed, at);
        Ok(Some(read.map(|body| {
            let next = at + body.end as u64;
            (&self.from(at)[body], next)
        })))
    }

    /// The body of a frame that is in the window and was found valid.
    pub(crate) fn again(&self, at: u64) -> &[u8] {
        let bytes = self.from(at);
        let len = frame::claimed_len(bytes).unwrap_or(0);
        bytes.get(frame::PREFIX..len).unwrap_or_default()
    }

    /// All that is left from `at`.
    pub(crate) fn rest(&mut self, at: u64) -> io::Result<&[u8]> {
        self.hold(at, at, self.len - at)?;
        Ok(self.from(at))
    }

    fn from(&self, at: u64) -> &[u8] {
        at.checked_sub(self.start)
            .and_then(|skip| self.bytes.get(skip as usize..))
            .unwrap_or_default()
    }

    /// Reads on until `bytes` from `at` are there, if the file has as many, and forgets what lies before
    /// `keep`.
    fn hold(&mut self, keep: u64, at: u64, bytes: u64) -> io::Result<()> {
        let end = self.start + self.bytes.len() as u64;
        let needed = (at + bytes).min(self.len);
        if needed <= end && self.start <= keep {
            return Ok(());
        }
        if keep < self.start || end < keep {
            (self.start, self.bytes) = (keep, Vec::new());
        } else {
            self.bytes.drain(..(keep - self.start) as usize);
            self.start = keep;
        }
        let end = self.start + self.bytes.len() as u64;
        let to = needed.max(end + READ).min(self.len);
        let read = self.read_on(end, to);
        if !matches!(&read, Err(error) if error.kind() == ErrorKind::UnexpectedEof) {
            return read;
        }
        // Room behind the frames may have been given back meanwhile.
        let len = self.file.len()?;
        if len >= self.len {
            return read;
        }
        self.len = len;
        self.read_on(end, to.min(len).max(end))
    }

    /// Reads from `end`, where the window ends, up to `to`.
    fn read_on(&mut self, end: u64, to: u64) -> io::Result<()> {
        let held = self.bytes.len();
        self.bytes.resize(held + (to - end) as usize, 0);
        let read = self.file.read_exact_at(&mut self.bytes[held..], end);
        read.inspect_err(|_| self.bytes.truncate(held))
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::super::header::SegmentHeader;
    use super::*;
    use crate::event::Digest;
    use crate::store::fs::Disk;
    use crate::testing::MemoryDisk;

    #[test]
    fn room_that_is_given_back_while_it_is_read_is_the_end_and_lost_frames_are_not() {
        let header = SegmentHeader {
            chained: false,
            store_id: [7; 16],
            first: 1,
            previous: Digest::ZERO,
            nonce: [1; 8],
        };
        let seed = Seed::of(&header);
        let mut frames = Vec::new();
        frame::write(&mut frames, &seed, 0, |out| out.extend(b"some body"));
        let end = frames.len() as u64;
        frames.resize(frames.len() + 5_000, 0);
        let disk = MemoryDisk::new();
        let file = Disk::create(&disk, Path::new("/segment")).unwrap();
        file.write_all_at(&frames, 0).unwrap();
        let mut window = Window::new(file.as_ref(), &seed, frames.len() as u64);
        file.truncate(end).unwrap();
        let (body, next) = window.frame(0, 0).unwrap().unwrap().unwrap();
        assert_eq!((body, next), (&b"some body"[..], end));
        assert!(window.frame(next, next).unwrap().is_none());
        file.truncate(end - 1).unwrap();
        let mut window = Window::new(file.as_ref(), &seed, end);
        let frame = window.frame(0, 0).unwrap().unwrap();
        assert_eq!(frame.unwrap_err(), FrameError::Short);
    }
}
