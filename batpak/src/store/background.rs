//! The one thread of a store, which does what no append should wait for: it seals segments, turns tails
//! into parts of the index, merges parts, and writes what nobody waits for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::commit::{Committer, Work};
use super::index::{Merge, Part, PartDir, Tail, pick};
use super::log::segment::seal::Sealer;
use super::rebuild::Rebuild;
use super::shared::Shared;
use super::{StoreError, trace};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{AtomicBool, Instant, RwLock};

/// How long a buffered event stays in memory at most, when nothing else is to be done.
const FLUSH_AGE: Duration = Duration::from_millis(5);

/// How much of a merge is done at a time, in bytes.
const MERGE_BYTES: usize = 256 << 10;

/// How many events a merge may have that is done while a store is being closed.
const MERGE_AT_END: u64 = 1 << 16;

/// How long a job rests that failed, at first and at most: each time twice as long.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The thread, which ends when this is dropped.
pub(crate) struct Background {
    committer: Arc<Committer>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    pub(crate) fn start(
        committer: &Arc<Committer>,
        shared: &Arc<Shared>,
        parts: PartDir,
    ) -> io::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let called = Arc::downgrade(committer);
        parts.damage.listen(move || {
            if let Some(committer) = called.upgrade().filter(|called| called.is_at_home()) {
                committer.alarm();
            }
        });
        let mut worker = Worker {
            committer: Arc::clone(committer),
            shared: Arc::clone(shared),
            sealer: Sealer::new(Arc::clone(&parts.disk)),
            parts,
            rebuild: None,
            merge: None,
            pauses: [Pause::default(); JOBS.len()],
            ends: Arc::clone(&ends),
        };
        let thread = thread::Builder::new().name("batpak".to_owned());
        Ok(Self {
            committer: Arc::clone(committer),
            ends,
            thread: Some(thread.spawn(move || worker.run())?),
        })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        self.committer.alarm();
        if let Some(thread) = self.thread.take() {
            // A panic there has poisoned the store.
            let _ = thread.join();
        }
    }
}

/// What the thread has at hand.
struct Worker {
    committer: Arc<Committer>,
    shared: Arc<Shared>,
    parts: PartDir,
    sealer: Sealer,
    rebuild: Option<Rebuild>,
    merge: Option<Merge>,
    /// Those of the jobs.
    pauses: [Pause; JOBS.len()],
    ends: Arc<AtomicBool>,
}

/// Goes a step on with something, or finds that there is nothing to do.
type Job = fn(&mut Worker) -> Result<Step, StoreError>;

/// What there is to do, the most urgent first. A job is done in steps. One that fails lets the others go on, for
/// none needs another.
const JOBS: [Job; 4] = [
    Worker::write_part,
    Worker::rebuild,
    Worker::seal,
    Worker::merge,
];

/// The place of [`Worker::rebuild`] among them.
const REBUILD: usize = 1;

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There was nothing to do.
    Nothing,
    /// There is more to do.
    Part,
    /// Something is done.
    Whole,
}

impl Step {
    fn of(is_whole: bool) -> Self {
        match is_whole {
            true => Self::Whole,
            false => Self::Part,
        }
    }
}

/// How long a job rests after an error.
#[derive(Debug, Clone, Copy, Default)]
struct Pause {
    length: Duration,
    until: Option<Instant>,
    /// Whether it is not to be tried again: what is damaged stays so.
    is_final: bool,
}

impl Pause {
    fn begin(&mut self, error: &StoreError) {
        self.is_final = matches!(error, StoreError::Corrupt { .. });
        self.length = (self.length * 2).clamp(PAUSE, PAUSE_MAX);
        self.until = Some(Instant::now() + self.length);
    }

    /// What is left of it; `None` if that is nothing, or has no end.
    fn left(&self) -> Option<Duration> {
        let until = self.until.filter(|_| !self.is_final)?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn holds(&self) -> bool {
        self.is_final || self.left().is_some()
    }
}

impl Worker {
    fn run(&mut self) {
        let committer = Arc::clone(&self.committer);
        let working = committer.begin(Work::Background);
        if self.work().is_ok() {
            working.end();
        }
    }

    /// Works until the store is closed, or has failed.
    fn work(&mut self) -> Result<(), StoreError> {
        let mut is_busy = true;
        while !self.ends.load(Ordering::Acquire) {
            let pause = match is_busy {
                true => Some(Duration::ZERO),
                false => self.pauses.iter().filter_map(Pause::left).min(),
            };
            // After a failure there is nothing to write; whoever appends hears of it.
            self.committer.attend(FLUSH_AGE, pause)?;
            is_busy = self.step();
        }
        self.finish();
        Ok(())
    }

    /// Does the most urgent thing, and says whether there was any. What cannot be done now can be some time
    /// later, or after the next opening: none of it is needed for an answer.
    fn step(&mut self) -> bool {
        for (at, job) in JOBS.iter().enumerate() {
            if self.pauses[at].holds() {
                continue;
            }
            match job(self) {
                Ok(Step::Nothing) => {}
                Ok(Step::Part) => return true,
                Ok(Step::Whole) => {
                    self.pauses[at] = Pause::default();
                    return true;
                }
                Err(error) => {
                    trace::postponed(&self.shared.dir, &error);
                    self.pauses[at].begin(&error);
                }
            }
        }
        false
    }

    /// Makes the oldest frozen tail a part.
    fn write_part(&mut self) -> Result<Step, StoreError> {
        let written = self.write_tail();
        match &written {
            Ok(Step::Nothing) => {}
            Ok(_) => self.committer.indexed(None),
            Err(error) => self.committer.indexed(Some(error)),
        }
        written
    }

    fn write_tail(&mut self) -> Result<Step, StoreError> {
        let Some(tail) = self.shared.index.frozen() else {
            return Ok(Step::Nothing);
        };
        let tail = tail.read();
        if self.shared.watermarks.published() < tail.last() {
            return Ok(Step::Nothing);
        }
        if self.shared.watermarks.durable() < tail.last() {
            self.committer.sync_published()?;
        }
        let part = Part::write(&self.parts, &tail)?;
        drop(tail);
        self.shared.index.install(part);
        Ok(Step::Whole)
    }

    /// Goes on with the footer of a closed segment.
    fn seal(&mut self) -> Result<Step, StoreError> {
        if !self.sealer.has_work(&self.shared.segments) {
            return Ok(Step::Nothing);
        }
        self.sealer.step(&self.shared.segments).map(Step::of)
    }

    /// Goes on with a merge, or begins one.
    fn merge(&mut self) -> Result<Step, StoreError> {
        let mut merge = match self.merge.take() {
            Some(merge) => merge,
            None => {
                let parts = self.shared.index.parts();
                let Some(range) = pick(&parts) else {
                    return Ok(Step::Nothing);
                };
                Merge::new(&self.parts, &parts[range])?
            }
        };
        // Dropped after an error, it leaves nothing.
        if !merge.step(MERGE_BYTES)? {
            self.merge = Some(merge);
            return Ok(Step::Part);
        }
        self.replace(vec![merge.finish()?])
    }

    /// Goes on with making a damaged part anew, or begins with one.
    fn rebuild(&mut self) -> Result<Step, StoreError> {
        let segments = &self.shared.segments;
        let mut rebuild = match self.rebuild.take() {
            Some(rebuild) => rebuild,
            None => {
                let parts = self.shared.index.parts();
                let damaged = parts.iter().position(|part| part.is_damaged());
                let until = damaged.map_or(0, |damaged| damaged + 1);
                let Some(rebuild) = Rebuild::new(&self.parts, &self.shared, &parts[..until])?
                else {
                    return Ok(Step::Nothing);
                };
                // It may be one of the damaged part.
                self.merge = None;
                rebuild
            }
        };
        match rebuild.step(segments)? {
            Some(made) => {
                let (first, last) = rebuild.end();
                trace::remade(&self.shared.dir, first, last);
                self.replace(made)
            }
            None => {
                self.rebuild = Some(rebuild);
                Ok(Step::Part)
            }
        }
    }

    /// Puts new parts in the place of those that they cover.
    fn replace(&self, made: Vec<Arc<Part>>) -> Result<Step, StoreError> {
        for part in self.shared.index.replace(made.clone()) {
            let path = part.path();
            if made.iter().all(|made| made.path() != path) {
                let removed = self.parts.disk.remove(path);
                removed.map_err(StoreError::io("remove", path))?;
            }
        }
        Ok(Step::Whole)
    }

    /// Leaves the log and the index so that the next opening has little to do. There is nobody to tell what
    /// fails.
    fn finish(&mut self) {
        if self.committer.drain(false).is_err() {
            return;
        }
        let durable = self.shared.watermarks.durable();
        if durable == self.shared.watermarks.published() {
            self.committer.freeze();
        }
        let is_durable = |tail: Arc<RwLock<Tail>>| tail.read().last() <= durable;
        while self.shared.index.frozen().is_some_and(is_durable)
            && matches!(self.write_part(), Ok(Step::Whole))
        {}
        while matches!(self.seal(), Ok(Step::Part | Step::Whole)) {}
        self.merge = None;
        self.leave_no_damage();
        while self.has_small_merge() && self.do_whole(Self::merge).is_ok() {}
    }

    /// Makes damaged parts anew if that takes little time, and removes them otherwise, so that the next opening
    /// makes them. If the log is damaged there, nobody can.
    fn leave_no_damage(&mut self) {
        let mut can_be_made = !self.pauses[REBUILD].is_final;
        for part in self.shared.index.parts() {
            if !part.is_damaged() || !can_be_made {
                continue;
            }
            let is_made = match part.events() <= MERGE_AT_END {
                true => self.do_whole(Self::rebuild),
                false => Ok(()),
            };
            can_be_made = !matches!(is_made, Err(StoreError::Corrupt { .. }));
            if can_be_made
                && self
                    .shared
                    .index
                    .parts()
                    .iter()
                    .any(|now| Arc::ptr_eq(now, &part))
            {
                let _ = self.parts.disk.remove(part.path());
            }
        }
    }

    /// Does all of a job that there is one thing to do for.
    fn do_whole(&mut self, job: Job) -> Result<(), StoreError> {
        while job(self)? == Step::Part {}
        Ok(())
    }

    /// Whether a merge is due that takes little time.
    fn has_small_merge(&self) -> bool {
        let parts = self.shared.index.parts();
        pick(&parts).is_some_and(|range| {
            let events = parts[range].iter().map(|part| part.events());
            events.sum::<u64>() <= MERGE_AT_END
        })
    }
}
