use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::event::RawEvent;
use crate::store::StoreError;
use crate::store::log::body::Body;
use crate::store::log::segment::reader::FrameReader;
use crate::store::shared::Shared;
use crate::sync::Mutex;

/// How many bytes of the log are kept, besides the newest run.
const KEPT_BYTES: usize = 8 << 20;

/// How many runs are kept: where each append is read by itself, they are short.
const KEPT_RUNS: usize = 1 << 10;

/// How far behind the newest event it is still worth while to read for all.
const NEAR: u64 = 1 << 14;

/// The newest events, read and checked once for all who follow the log. Who is too far behind reads the log by himself.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Runs>);

#[derive(Debug, Default)]
struct Runs {
    /// They follow one another without a gap.
    runs: VecDeque<Arc<Run>>,
    bytes: usize,
    reader: Option<FrameReader>,
    /// How many follow the log.
    followers: usize,
}

/// Events that follow one another in one buffer.
#[derive(Debug)]
pub(super) struct Run {
    /// The position of the first.
    first: u64,
    buffer: Arc<Vec<u8>>,
    /// Where the body of each lies, all of them checked.
    bodies: Vec<Range<u32>>,
}

impl Run {
    /// The event at this position, if it is one of them.
    #[inline]
    pub(super) fn event(&self, position: u64) -> Option<Result<RawEvent<'_>, &'static str>> {
        let at = position.checked_sub(self.first)?;
        let body = self.bodies.get(usize::try_from(at).ok()?)?;
        let body = &self.buffer[body.start as usize..body.end as usize];
        Some(Body::read(body).map(|body| body.event))
    }

    pub(super) fn buffer(&self) -> &Arc<Vec<u8>> {
        &self.buffer
    }

    /// The position behind the last.
    fn end(&self) -> u64 {
        self.first + self.bodies.len() as u64
    }
}

impl Recent {
    pub(super) fn enter(&self) {
        self.0.lock().followers += 1;
    }

    /// Nothing is kept for nobody.
    pub(super) fn leave(&self) {
        let mut recent = self.0.lock();
        recent.followers -= 1;
        if recent.followers == 0 {
            recent.forget();
            recent.reader = None;
        }
    }

    /// How many bytes are kept.
    #[cfg(all(test, feature = "testing", not(shuttle)))]
    pub(super) fn kept(&self) -> usize {
        self.0.lock().bytes
    }

    /// The run that has the event at `position`, which is published; `None` if that is too far behind.
    pub(super) fn run(
        &self,
        position: u64,
        shared: &Shared,
    ) -> Result<Option<Arc<Run>>, StoreError> {
        let mut recent = self.0.lock();
        let first = recent.runs.front().map_or(0, |run| run.first);
        let end = recent.runs.back().map_or(0, |run| run.end());
        if (first..end).contains(&position) {
            let behind = recent.runs.partition_point(|run| run.first <= position);
            return Ok(recent.runs.get(behind - 1).map(Arc::clone));
        }
        let published = shared.watermarks.published();
        if position < end || published.saturating_sub(position) > NEAR {
            return Ok(None);
        }
        if position > end {
            recent.forget();
        }
        let run = Arc::new(recent.read(position, published, shared)?);
        recent.keep(Arc::clone(&run));
        Ok(Some(run))
    }
}

impl Runs {
    fn forget(&mut self) {
        self.runs.clear();
        self.bytes = 0;
    }

    /// Reads from `position` to the end of a buffer, or of what is published.
    fn read(&mut self, position: u64, published: u64, shared: &Shared) -> Result<Run, StoreError> {
        let reader = self.reader.get_or_insert_with(FrameReader::reading_on);
        reader.find(&shared.locate(position)?)?;
        let mut bodies = Vec::new();
        let mut buffer = Arc::default();
        for at in position..=published {
            if at > position && !reader.follow(at) {
                break;
            }
            let (window, body) = match reader.body() {
                // Behind the last event of a segment may lie anything.
                Err(_) if at > position => break,
                body => body?,
            };
            if at == position {
                buffer = Arc::clone(window);
            }
            bodies.push(body.start as u32..body.end as u32);
        }
        Ok(Run {
            first: position,
            buffer,
            bodies,
        })
    }

    fn keep(&mut self, run: Arc<Run>) {
        while self.bytes > KEPT_BYTES || self.runs.len() >= KEPT_RUNS {
            match self.runs.pop_front() {
                Some(oldest) => self.bytes -= oldest.buffer.len(),
                None => break,
            }
        }
        self.bytes += run.buffer.len();
        self.runs.push_back(run);
    }
}
