//! The segments as readers see them: which file holds a position, and its frame.

use std::path::PathBuf;
use std::sync::Arc;

use super::frame::{self, Seed};
use crate::event::RawEvent;
use crate::store::StoreError;
use crate::store::fs::DiskFile;
use crate::store::log::body::Body;

/// A segment file, open for reading.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) seed: Seed,
}

impl SegmentFile {
    pub(crate) fn corrupt(&self, offset: u64, position: u64, problem: &'static str) -> StoreError {
        StoreError::Corrupt {
            path: self.path.clone(),
            offset,
            position,
            problem,
        }
    }
}

/// The row of segments: where each published event lies.
#[derive(Debug, Default)]
pub(crate) struct Segments(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    file: Arc<SegmentFile>,
    /// The position of its first event.
    first: u64,
    /// The file offset of each event's frame.
    offsets: Vec<u32>,
    /// The file offset behind the last one.
    end: u64,
}

/// Where a frame lies: from `offset` to `end` of `file`.
#[derive(Debug)]
pub(crate) struct Place {
    file: Arc<SegmentFile>,
    position: u64,
    offset: u64,
    end: u64,
    /// Up to where the file may be read ahead.
    file_end: u64,
}

impl Place {
    /// The error for a frame that is not as it was written.
    pub(crate) fn corrupt(&self, problem: &'static str) -> StoreError {
        self.file.corrupt(self.offset, self.position, problem)
    }
}

impl Segments {
    /// Adds a segment behind the others, with the events that it holds already.
    pub(crate) fn push_segment(
        &mut self,
        file: Arc<SegmentFile>,
        first: u64,
        offsets: Vec<u32>,
        end: u64,
    ) {
        self.0.push(Entry {
            file,
            first,
            offsets,
            end,
        });
    }

    /// Adds events to the last segment.
    pub(crate) fn push_events(&mut self, offsets: impl IntoIterator<Item = u32>, end: u64) {
        if let Some(last) = self.0.last_mut() {
            last.offsets.extend(offsets);
            last.end = end;
        }
    }

    pub(crate) fn locate(&self, position: u64) -> Option<Place> {
        let entry = self.0.partition_point(|entry| entry.first <= position);
        let entry = &self.0[entry.checked_sub(1)?];
        let at = (position - entry.first) as usize;
        let offset = u64::from(*entry.offsets.get(at)?);
        let end = entry
            .offsets
            .get(at + 1)
            .map_or(entry.end, |next| u64::from(*next));
        Some(Place {
            file: Arc::clone(&entry.file),
            position,
            offset,
            end,
            file_end: entry.end,
        })
    }

    /// The position that the newest segment begins with.
    pub(crate) fn last_first(&self) -> Option<u64> {
        self.0.last().map(|entry| entry.first)
    }
}

/// The first read of a reader, and each read that does not follow the one before, in bytes.
const WINDOW_MIN: u64 = 4 << 10;
/// The longest read ahead, in bytes.
const WINDOW_MAX: u64 = 256 << 10;

/// Reads frames through a window of the file that it last read from, which grows while reads follow
/// one another.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    file: Option<Arc<SegmentFile>>,
    window: Arc<Vec<u8>>,
    /// The file offset of the window's first byte.
    start: u64,
    /// How long the window is to be when it is next read.
    ahead: u64,
}

impl FrameReader {
    /// Reads and checks the frame at `place`, and gives it with the buffer that it lies in.
    pub(crate) fn read(
        &mut self,
        place: &Place,
    ) -> Result<(RawEvent<'_>, &Arc<Vec<u8>>), StoreError> {
        if !self.holds(place) {
            self.fill(place)?;
        }
        let from = (place.offset - self.start) as usize;
        let bytes = &self.window[from..from + (place.end - place.offset) as usize];
        let corrupt = |problem| place.corrupt(problem);
        let body = frame::read(bytes, &place.file.seed, place.offset)
            .map_err(|error| corrupt(error.as_str()))?;
        let event = Body::read(&bytes[body]).map_err(corrupt)?.event;
        if event.meta.header.sequence != place.position {
            return Err(corrupt("the event has another position"));
        }
        Ok((event, &self.window))
    }

    fn holds(&self, place: &Place) -> bool {
        self.file
            .as_ref()
            .is_some_and(|file| Arc::ptr_eq(file, &place.file))
            && self.start <= place.offset
            && place.end <= self.start + self.window.len() as u64
    }

    fn fill(&mut self, place: &Place) -> Result<(), StoreError> {
        let follows = self.start <= place.offset
            && place.offset <= self.start + self.window.len() as u64 + WINDOW_MIN;
        self.ahead = if follows {
            (self.ahead * 2).clamp(WINDOW_MIN, WINDOW_MAX)
        } else {
            WINDOW_MIN
        };
        let end = place.end.max(place.file_end.min(place.offset + self.ahead));
        let len = (end - place.offset) as usize;
        // The buffer is used again unless an event that was handed out still shares it.
        if Arc::get_mut(&mut self.window).is_none() {
            self.window = Arc::default();
        }
        if let Some(window) = Arc::get_mut(&mut self.window) {
            window.resize(len, 0);
            let read = place.file.file.read_exact_at(window, place.offset);
            if let Err(source) = read {
                window.clear();
                return Err(match source.kind() {
                    std::io::ErrorKind::UnexpectedEof => {
                        place.corrupt("the file is shorter than its events")
                    }
                    _ => StoreError::io("read", &place.file.path)(source),
                });
            }
        }
        self.start = place.offset;
        self.file = Some(Arc::clone(&place.file));
        Ok(())
    }
}
