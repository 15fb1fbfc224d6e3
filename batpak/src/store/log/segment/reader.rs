//! The segments as readers see them: which file holds a position, and its frame.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::frame::{self, Seed};
use crate::event::RawEvent;
use crate::store::StoreError;
use crate::store::fs::{Disk, DiskFile};
use crate::store::log::body::Body;

/// How many segment files are kept open for reading.
const MAX_OPEN: usize = 32;

/// The segment files that were read from lately, kept open.
#[derive(Debug)]
pub(crate) struct Handles {
    disk: Arc<dyn Disk>,
    /// By first position, the one used last at the end.
    open: Mutex<Vec<(u64, Arc<dyn DiskFile>)>>,
}

impl Handles {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Arc<Self> {
        Arc::new(Self {
            disk,
            open: Mutex::default(),
        })
    }

    fn get(&self, segment: &SegmentFile) -> io::Result<Arc<dyn DiskFile>> {
        let mut open = self.open.lock();
        let known = open.iter().position(|(first, _)| *first == segment.first);
        let file = match known {
            Some(at) => open.remove(at).1,
            None => self.disk.open(&segment.path, false)?.into(),
        };
        if open.len() == MAX_OPEN {
            open.remove(0);
        }
        open.push((segment.first, Arc::clone(&file)));
        Ok(file)
    }
}

/// A segment file, as readers use it.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    /// The position of its first event.
    pub(crate) first: u64,
    pub(crate) seed: Seed,
    pub(crate) handles: Arc<Handles>,
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
    pub(crate) fn push_segment(&mut self, file: Arc<SegmentFile>, offsets: Vec<u32>, end: u64) {
        self.0.push(Entry { file, offsets, end });
    }

    /// Adds events to the last segment.
    pub(crate) fn push_events(&mut self, offsets: impl IntoIterator<Item = u32>, end: u64) {
        if let Some(last) = self.0.last_mut() {
            last.offsets.extend(offsets);
            last.end = end;
        }
    }

    pub(crate) fn locate(&self, position: u64) -> Option<Place> {
        let entry = self.0.partition_point(|entry| entry.file.first <= position);
        let entry = &self.0[entry.checked_sub(1)?];
        let at = (position - entry.file.first) as usize;
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
}

/// The first read of a reader, and each read that does not follow the one before, in bytes.
const WINDOW_MIN: u64 = 4 << 10;
/// The longest read ahead, in bytes.
const WINDOW_MAX: u64 = 256 << 10;

/// Reads frames through a window of the file that it last read from, which grows while reads follow
/// one another.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    file: Option<(Arc<SegmentFile>, Arc<dyn DiskFile>)>,
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
        self.is_in(place)
            && self.start <= place.offset
            && place.end <= self.start + self.window.len() as u64
    }

    /// Whether the window is on the file of `place`.
    fn is_in(&self, place: &Place) -> bool {
        self.file
            .as_ref()
            .is_some_and(|(file, _)| Arc::ptr_eq(file, &place.file))
    }

    /// Moves the window to where `place` is in it: at its start, or at its end when reading backward.
    fn fill(&mut self, place: &Place) -> Result<(), StoreError> {
        let window_end = self.start + self.window.len() as u64;
        let forward =
            self.is_in(place) && (self.start..=window_end + WINDOW_MIN).contains(&place.offset);
        let backward =
            self.is_in(place) && place.end <= self.start && self.start - place.end < WINDOW_MIN;
        self.ahead = if forward || backward {
            (self.ahead * 2).clamp(WINDOW_MIN, WINDOW_MAX)
        } else {
            WINDOW_MIN
        };
        let (start, end) = if backward {
            let start = place.end.saturating_sub(self.ahead);
            (start.min(place.offset), place.end)
        } else {
            let end = place.file_end.min(place.offset + self.ahead);
            (place.offset, end.max(place.end))
        };
        let file = match &self.file {
            Some((_, file)) if self.is_in(place) => Arc::clone(file),
            _ => place
                .file
                .handles
                .get(&place.file)
                .map_err(StoreError::io("open", &place.file.path))?,
        };
        let read = self.read_window(file.as_ref(), start, (end - start) as usize);
        self.file = Some((Arc::clone(&place.file), file));
        read.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => place.corrupt("the file is shorter than its events"),
            _ => StoreError::io("read", &place.file.path)(source),
        })
    }

    fn read_window(&mut self, file: &dyn DiskFile, start: u64, len: usize) -> io::Result<()> {
        // The buffer is used again unless an event that was handed out still shares it.
        let mut window = match Arc::get_mut(&mut self.window) {
            Some(window) => std::mem::take(window),
            None => Vec::new(),
        };
        window.resize(len, 0);
        self.start = start;
        self.window = Arc::default();
        file.read_exact_at(&mut window, start)?;
        self.window = Arc::new(window);
        Ok(())
    }
}
