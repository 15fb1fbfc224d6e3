//! The segments as readers see them: which file holds a position, and its frame.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::file::SegmentFile;
use super::frame;
use super::header::{Footer, Mark};
use crate::event::RawEvent;
use crate::store::StoreError;
use crate::store::fs::DiskFile;
use crate::store::index::FrameSpan;
use crate::store::log::body::Body;
use crate::sync::RwLock;

/// The row of segments.
#[derive(Debug, Default)]
pub(crate) struct Segments(RwLock<Vec<Arc<SegmentFile>>>);

/// Where a frame lies: from `offset` to `end` of `file`, or to before it if it is the last of its segment.
#[derive(Debug)]
pub(crate) struct Place {
    file: Arc<SegmentFile>,
    position: u64,
    offset: u64,
    end: u64,
}

impl Place {
    /// The file offset behind the frame, which is checked.
    pub(crate) fn frame_end(&self) -> Result<u64, StoreError> {
        FrameReader::default().read_only(self)?;
        let io = |action| StoreError::io(action, &self.file.path);
        let file = self.file.handles.get(&self.file).map_err(io("open"))?;
        let mut word = [0; 4];
        let read = file.read_exact_at(&mut word, self.offset);
        read.map_err(io("read"))?;
        let len = frame::claimed_len(&word).unwrap_or(0);
        Ok(self.offset + len as u64)
    }

    /// The error for a frame that is not as it was written.
    pub(crate) fn corrupt(&self, problem: &'static str) -> StoreError {
        self.file.corrupt(self.offset, self.position, problem)
    }
}

impl Segments {
    /// Adds a segment behind the others.
    pub(crate) fn push(&self, segment: Arc<SegmentFile>) {
        self.0.write().push(segment);
    }

    /// Adds those of the others that come behind its own, up to the one with the first position `last`.
    pub(crate) fn add_until(&self, last: u64, others: &Self) {
        let mut segments = self.0.write();
        let newest = segments.last().map_or(0, |segment| segment.first);
        let others = others.0.read();
        let new = others
            .iter()
            .filter(|segment| (newest + 1..=last).contains(&segment.first));
        segments.extend(new.cloned());
    }

    /// The segment whose first event has this position.
    pub(crate) fn get(&self, first: u64) -> Option<Arc<SegmentFile>> {
        let segments = self.0.read();
        let at = segments.binary_search_by_key(&first, |segment| segment.first);
        at.ok().map(|at| Arc::clone(&segments[at]))
    }

    /// The first position of the newest segment.
    pub(crate) fn newest(&self) -> u64 {
        self.0.read().last().map_or(1, |segment| segment.first)
    }

    /// The first position of the segment behind the one with this first position.
    pub(crate) fn after(&self, first: u64) -> Option<u64> {
        let segments = self.0.read();
        let at = segments.partition_point(|segment| segment.first <= first);
        segments.get(at).map(|segment| segment.first)
    }

    /// The segment before the one with this first position.
    pub(crate) fn before(&self, first: u64) -> Option<Arc<SegmentFile>> {
        let segments = self.0.read();
        let at = segments.partition_point(|segment| segment.first < first);
        Some(Arc::clone(&segments[at.checked_sub(1)?]))
    }

    /// The segments with events before the position `end`, each with the position behind the last of these.
    pub(crate) fn row(&self, end: u64) -> Vec<(Arc<SegmentFile>, u64)> {
        let segments = self.0.read();
        let before = segments.partition_point(|segment| segment.first < end);
        let ends = segments[..before].iter().skip(1).map(|next| next.first);
        let ends = ends.chain([end]);
        segments[..before].iter().cloned().zip(ends).collect()
    }

    /// The last segment that begins at or before `position`.
    pub(crate) fn holder(&self, position: u64) -> Option<Arc<SegmentFile>> {
        let segments = self.0.read();
        let after = segments.partition_point(|segment| segment.first <= position);
        Some(Arc::clone(&segments[after.checked_sub(1)?]))
    }

    /// Where the event at `position` lies, if there is a segment that can have it.
    pub(crate) fn place(
        &self,
        position: u64,
        span: FrameSpan,
    ) -> Result<Option<Place>, StoreError> {
        let (file, is_closed) = {
            let segments = self.0.read();
            let after = segments.partition_point(|segment| segment.first <= position);
            let Some(at) = after.checked_sub(1) else {
                return Ok(None);
            };
            (Arc::clone(&segments[at]), after < segments.len())
        };
        // The end of the file is known with its header.
        file.header()?;
        let end = match span.end {
            Some(end) => u64::from(end),
            None => file.end.load(Ordering::Acquire),
        };
        let is_before = end <= u64::from(span.offset);
        let end = match is_before && is_closed {
            // A reader may know of the rest by the index alone.
            true => file.measure()?,
            false => end,
        };
        Ok((end > u64::from(span.offset)).then(|| Place {
            file,
            position,
            offset: u64::from(span.offset),
            end,
        }))
    }
}

/// How far apart two reads may lie for the second to follow the first, in bytes.
const NEAR: u64 = 4 << 10;
/// The second of two reads that follow one another, in bytes. The first reads no more than its frame.
const WINDOW_MIN: u64 = 8 << 10;
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
    /// How long it is at least.
    least: u64,
    /// The frame that was found last: its position, and from where to where it lies in the file.
    found: (u64, u64, u64),
}

impl FrameReader {
    /// One that reads on from wherever it is to read.
    pub(crate) fn reading_on() -> Self {
        Self {
            least: WINDOW_MAX,
            ..Self::default()
        }
    }

    /// Reads and checks the frame at `place`, and gives it with the buffer that it lies in.
    pub(crate) fn read(
        &mut self,
        place: &Place,
    ) -> Result<(RawEvent<'_>, &Arc<Vec<u8>>), StoreError> {
        self.find(place)?;
        self.event()
    }

    /// The same, without reading anything else.
    pub(crate) fn read_only(
        &mut self,
        place: &Place,
    ) -> Result<(RawEvent<'_>, &Arc<Vec<u8>>), StoreError> {
        self.load(place, place.offset, place.end)?;
        self.find(place)?;
        self.event()
    }

    /// Makes the window hold the frame at `place`, to be read by [`Self::event`].
    pub(crate) fn find(&mut self, place: &Place) -> Result<(), StoreError> {
        if !self.holds(place) {
            self.fill(place)?;
        }
        let window_end = self.start + self.window.len() as u64;
        self.found = (place.position, place.offset, place.end.min(window_end));
        Ok(())
    }

    /// Goes on to the event at `position`, if that is the next in the file and in the window.
    pub(crate) fn follow(&mut self, position: u64) -> bool {
        let (before, _, mut at) = self.found;
        let Some((file, _)) = self.file.as_ref().filter(|_| before + 1 == position) else {
            return false;
        };
        // What lies behind may be being written.
        let end = file
            .end
            .load(Ordering::Acquire)
            .min(self.start + self.window.len() as u64);
        loop {
            let rest = at
                .checked_sub(self.start)
                .and_then(|at| self.window.get(at as usize..));
            let Some(rest) = rest else {
                return false;
            };
            let next = frame::claimed_len(rest).map(|len| at + len as u64);
            let Some(next) = next.filter(|next| *next <= end) else {
                return false;
            };
            match rest[frame::PREFIX] {
                Mark::FIRST_BYTE => at = next,
                Footer::FIRST_BYTE => return false,
                _ => {
                    self.found = (position, at, next);
                    return true;
                }
            }
        }
    }

    /// Checks the frame that was found, and gives it with the buffer that it lies in.
    #[inline]
    pub(crate) fn event(&self) -> Result<(RawEvent<'_>, &Arc<Vec<u8>>), StoreError> {
        let (event, _) = self.checked()?;
        Ok((event, &self.window))
    }

    /// Checks the frame that was found, and gives the buffer that it lies in, and where in that its body is.
    pub(crate) fn body(&self) -> Result<(&Arc<Vec<u8>>, Range<usize>), StoreError> {
        let (_, body) = self.checked()?;
        Ok((&self.window, body))
    }

    #[inline]
    fn checked(&self) -> Result<(RawEvent<'_>, Range<usize>), StoreError> {
        let (position, offset, end) = self.found;
        let Some((file, _)) = &self.file else {
            let nothing = io::Error::other("no event was looked for");
            return Err(StoreError::io("read", Path::new("the log"))(nothing));
        };
        let corrupt = |problem| file.corrupt(offset, position, problem);
        let from = (offset - self.start) as usize;
        let bytes = &self.window[from..from + (end - offset) as usize];
        let body =
            frame::read(bytes, file.seed()?, offset).map_err(|error| corrupt(error.as_str()))?;
        let event = Body::read(&bytes[body.clone()]).map_err(corrupt)?.event;
        if event.meta.header.sequence != position {
            return Err(corrupt("the event has another position"));
        }
        Ok((event, from + body.start..from + body.end))
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
        // Part of a frame may be in the window already, for it ends anywhere.
        let is_behind = place.offset >= self.start;
        let forward = self.is_in(place) && is_behind && place.offset < window_end + NEAR;
        let backward = self.is_in(place) && !is_behind && place.end + NEAR > self.start;
        self.ahead = if forward || backward {
            (self.ahead * 2).clamp(WINDOW_MIN.max(self.least), WINDOW_MAX)
        } else {
            self.least
        };
        if backward {
            let start = place.end.saturating_sub(self.ahead);
            self.load(place, start.min(place.offset), place.end)
        } else {
            let file_end = place.file.end.load(Ordering::Acquire);
            let end = file_end.min(place.offset + self.ahead);
            self.load(place, place.offset, end.max(place.end))
        }
    }

    /// Reads the file of `place` from `start` to `end`.
    fn load(&mut self, place: &Place, start: u64, end: u64) -> Result<(), StoreError> {
        let file = match &self.file {
            Some((_, file)) if self.is_in(place) => Arc::clone(file),
            _ => place
                .file
                .handles
                .get(&place.file)
                .map_err(StoreError::io("open", &place.file.path))?,
        };
        let mut read = self.read_window(file.as_ref(), start, end);
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::UnexpectedEof) {
            // What lies beside the frame is not what was asked for, and behind the last frame there may have
            // been room that was given back.
            let len = file
                .len()
                .map_err(StoreError::io("read", &place.file.path))?;
            let end = place.end.min(len).max(place.offset + frame::PREFIX as u64);
            read = self.read_window(file.as_ref(), place.offset, end);
        }
        self.file = Some((Arc::clone(&place.file), file));
        read.map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => place.corrupt("the file is shorter than its events"),
            _ => StoreError::io("read", &place.file.path)(source),
        })
    }

    fn read_window(&mut self, file: &dyn DiskFile, start: u64, end: u64) -> io::Result<()> {
        let len = (end - start) as usize;
        self.start = start;
        // The buffer is used again unless an event that was handed out still shares it.
        if let Some(window) = Arc::get_mut(&mut self.window) {
            window.resize(len, 0);
            let read = file.read_exact_at(window, start);
            return read.inspect_err(|_| window.clear());
        }
        let mut window = vec![0; len];
        self.window = Arc::default();
        file.read_exact_at(&mut window, start)?;
        self.window = Arc::new(window);
        Ok(())
    }
}
