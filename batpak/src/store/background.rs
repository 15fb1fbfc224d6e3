//! The one thread of a store, which does what no append should wait for: it seals segments, turns tails
//! into parts of the index, merges parts, and writes what nobody waits for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::StoreError;
use super::commit::Committer;
use super::index::{Merge, Part, PartDir, pick};
use super::log::segment::seal::Sealer;
use super::shared::Shared;

/// How long a buffered event stays in memory at most, when nothing else is to be done.
const FLUSH_AGE: Duration = Duration::from_millis(5);

/// How much of a merge is done at a time, in bytes.
const MERGE_BYTES: usize = 256 << 10;

/// How many events a merge may have that is done while a store is being closed.
const MERGE_AT_END: u64 = 1 << 16;

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
        let mut worker = Worker {
            committer: Arc::clone(committer),
            shared: Arc::clone(shared),
            sealer: Sealer::new(Arc::clone(&parts.disk)),
            parts,
            merge: None,
            ends: Arc::clone(&ends),
        };
        let thread = std::thread::Builder::new().name("batpak".to_owned());
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
            // A panic there has poisoned the store if it concerned the log.
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
    merge: Option<Merge>,
    ends: Arc<AtomicBool>,
}

impl Worker {
    fn run(&mut self) {
        let mut is_busy = true;
        while !self.ends.load(Ordering::Acquire) {
            // After a failure there is nothing to write; whoever appends hears of it.
            if self.committer.attend(FLUSH_AGE, is_busy).is_err() {
                return;
            }
            // What cannot be done now can be after the next append, or after the next opening: none
            // of it is needed for an answer.
            is_busy = self.step().unwrap_or(false);
        }
        // There is nobody to tell what fails.
        let _ = self.finish();
    }

    /// Does the most urgent thing, and says whether there was any.
    fn step(&mut self) -> Result<bool, StoreError> {
        if let Some(tail) = self.shared.index.frozen() {
            let tail = tail.read();
            if self.shared.watermarks.published() >= tail.last() {
                if self.shared.watermarks.durable() < tail.last() {
                    self.committer.sync_published()?;
                }
                let part = Part::write(&self.parts, &tail)?;
                drop(tail);
                self.shared.index.install(part);
                return Ok(true);
            }
        }
        if self.sealer.has_work(&self.shared.segments) {
            let sealed = self.sealer.step(&self.shared.segments);
            sealed.map_err(StoreError::io("seal a segment in", &self.shared.dir))?;
            return Ok(true);
        }
        self.merge()
    }

    /// Goes on with a merge, or begins one.
    fn merge(&mut self) -> Result<bool, StoreError> {
        let mut merge = match self.merge.take() {
            Some(merge) => merge,
            None => {
                let parts = self.shared.index.parts();
                let Some(range) = pick(&parts) else {
                    return Ok(false);
                };
                Merge::new(&self.parts, &parts[range])?
            }
        };
        // Dropped after an error, it leaves nothing.
        if !merge.step(MERGE_BYTES)? {
            self.merge = Some(merge);
            return Ok(true);
        }
        let merged = merge.finish()?;
        for part in self.shared.index.replace(merged) {
            self.parts
                .disk
                .remove(part.path())
                .map_err(StoreError::io("remove", part.path()))?;
        }
        Ok(true)
    }

    /// Leaves the log and the index so that the next opening has little to do.
    fn finish(&mut self) -> Result<(), StoreError> {
        self.committer.drain(false)?;
        let watermarks = &self.shared.watermarks;
        if watermarks.durable() == watermarks.published() {
            self.committer.freeze();
        }
        while self.sealer.has_work(&self.shared.segments) {
            let sealed = self.sealer.step(&self.shared.segments);
            sealed.map_err(StoreError::io("seal a segment in", &self.shared.dir))?;
        }
        while let Some(tail) = self.shared.index.frozen() {
            let tail = tail.read();
            if self.shared.watermarks.durable() < tail.last() {
                return Ok(());
            }
            let part = Part::write(&self.parts, &tail)?;
            drop(tail);
            self.shared.index.install(part);
        }
        self.merge = None;
        while self.has_small_merge() {
            while self.merge()? && self.merge.is_some() {}
        }
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
