//! The write path: a batch is encoded and hashed by its caller, staged under a short lock, written
//! with others by whoever leads, and published once it has the durability asked for.

mod conditions;
mod lead;
mod prepare;
mod repeated;
mod resolved;
pub(crate) mod stage;

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::append::Receipts;
use super::log::segment::writer::SegmentWriter;
use super::shared::Shared;
use super::tail_record::{LogEnd, TailWriter};
use super::{AppendReceipt, StoreConfig, StoreError, trace};
use crate::pipeline::Durability;
#[cfg(shuttle)]
use crate::sync::TryLockFor;
use crate::sync::{AtomicU64, Condvar, Mutex, MutexGuard};
use lead::Until;
pub(crate) use lead::Work;
pub(crate) use prepare::Prepared;
use resolved::Resolved;
use stage::{Group, Rest, Stage};

/// What all who write to a store share.
pub(crate) struct Committer {
    stage: Mutex<Stage>,
    /// Only the leader has it, and who writes a mark while nobody leads.
    writer: Mutex<SegmentWriter>,
    /// Held by whoever syncs a file of the log, until what came of it is known to all: the system tells of a
    /// failure once, and what it answers to the next sync is not to be believed then.
    syncing: Mutex<()>,
    shared: Arc<Shared>,
    /// The first failure, after which nothing is written.
    failure: OnceLock<Arc<str>>,
    /// The process that opened the store.
    owner: u32,
    /// Where whoever writes in the background waits for something to do.
    background: Condvar,
    /// Where appends wait until the background has made a part of the index.
    indexed: Condvar,
    limits: Limits,
    /// Where readers in other processes see how far they may read.
    tail: TailWriter,
    /// Up to where the log is proven durable by something that is itself durable.
    proven: AtomicU64,
}

/// How much may be staged, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From where on somebody writes though nobody waits.
    pub(crate) flush_bytes: usize,
    /// From where on appends wait.
    pub(crate) queued_bytes: usize,
    /// How long a segment becomes.
    segment_bytes: u64,
}

impl Limits {
    pub(crate) fn of(config: &StoreConfig) -> Self {
        Self {
            flush_bytes: 1 << 20,
            queued_bytes: config.max_queued_bytes,
            segment_bytes: u64::from(config.segment_bytes),
        }
    }
}

/// What became of a batch.
enum Staged<'s> {
    /// It is staged, and the lock is held.
    New(Receipts, MutexGuard<'s, Stage>),
    /// Its events are in the log already, with the durability that it asks for.
    Repeated(Receipts),
}

impl Committer {
    pub(crate) fn new(
        stage: Stage,
        writer: SegmentWriter,
        (shared, tail): (Arc<Shared>, TailWriter),
        (limits, proven): (Limits, u64),
    ) -> Self {
        Self {
            stage: Mutex::new(stage),
            writer: Mutex::new(writer),
            syncing: Mutex::new(()),
            shared,
            failure: OnceLock::new(),
            owner: process_id(),
            background: Condvar::new(),
            indexed: Condvar::new(),
            limits,
            tail,
            proven: proven.into(),
        }
    }

    fn published(&self) -> u64 {
        self.shared.watermarks.published()
    }

    fn durable(&self) -> u64 {
        self.shared.watermarks.durable()
    }

    /// Holds the locks, as a thread may that is not there after a fork.
    #[cfg(all(test, feature = "testing"))]
    pub(crate) fn hold(&self) -> impl Sized + '_ {
        let names = self.shared.names.write();
        let (stage, writer) = (self.stage.lock(), self.writer.lock());
        (names, stage, writer, self.syncing.lock())
    }

    /// That nothing has failed before.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            Some(failure) => Err(StoreError::Poisoned(Arc::clone(failure))),
            None => Ok(()),
        }
    }

    /// Whether this is the process that opened the store.
    ///
    /// A fork does not know what its parent has written since, has no thread in the background, and may find any lock
    /// held for good. So this is asked before anything else is done, and a fork touches nothing.
    pub(crate) fn is_at_home(&self) -> bool {
        self.owner == process_id()
    }

    /// That this is the process that opened the store.
    pub(crate) fn check_process(&self) -> Result<(), StoreError> {
        match self.is_at_home() {
            true => Ok(()),
            false => Err(StoreError::forked()),
        }
    }

    /// Remembers the first failure, so that nothing is written after it.
    fn fail(&self, failure: &dyn std::fmt::Display) {
        self.failure.get_or_init(|| {
            let failure = failure.to_string();
            trace::failed(&self.shared.dir, &failure);
            failure.into()
        });
        self.shared.watch.notify();
    }

    /// Commits a batch, and answers when it has the durability that it asks for.
    pub(crate) fn commit(&self, batch: &Prepared) -> Result<Receipts, StoreError> {
        let (mut receipts, stage) = match self.stage(batch)? {
            Staged::New(receipts, stage) => (receipts, stage),
            Staged::Repeated(receipts) => return Ok(receipts),
        };
        if batch.durability == Durability::Buffered {
            self.spill(stage)?;
            return Ok(receipts);
        }
        self.wait_for(Until::Published(stage.last), stage)?;
        self.stamp(&mut receipts);
        Ok(receipts)
    }

    /// Stages a batch. Somebody will write it.
    pub(crate) fn submit(&self, batch: &Prepared) -> Result<Receipts, StoreError> {
        let (receipts, mut stage) = match self.stage(batch)? {
            Staged::New(receipts, stage) => (receipts, stage),
            Staged::Repeated(receipts) => return Ok(receipts),
        };
        if batch.durability > Durability::Buffered {
            stage.wanted = stage.last;
        }
        self.spill(stage)?;
        Ok(receipts)
    }

    /// Waits for what was submitted, and leads if nobody does.
    pub(crate) fn wait(&self, receipts: &mut [AppendReceipt]) -> Result<(), StoreError> {
        let last = receipts.last().map_or(0, |receipt| receipt.sequence);
        if self.published() < last {
            self.wait_for(Until::Published(last), self.stage.lock())?;
        }
        self.stamp(receipts);
        Ok(())
    }

    /// Says in published receipts what durability was reached.
    fn stamp(&self, receipts: &mut [AppendReceipt]) {
        let durable = self.durable();
        for receipt in receipts {
            receipt.durability = if receipt.sequence <= durable {
                Durability::Durable
            } else {
                Durability::Written
            };
        }
    }

    /// Sees to it that what is staged is written though nobody waits for it: in the background, or here
    /// if it is much. Waits if it is too much.
    fn spill(&self, mut stage: MutexGuard<'_, Stage>) -> Result<(), StoreError> {
        let last = Until::Published(stage.last);
        if stage.queued_bytes >= self.limits.queued_bytes {
            return self.wait_for(last, stage);
        }
        if stage.led {
            return Ok(());
        }
        if stage.queued_bytes >= self.limits.flush_bytes {
            stage.led = true;
            return self.lead(last, stage);
        }
        if stage.rest == Rest::Asleep
            || (stage.rest == Rest::Drowsy && stage.is_wanted(self.published()))
        {
            stage.rest = Rest::Awake;
            self.background.notify_one();
        }
        Ok(())
    }

    /// Stages a batch, or says why it cannot be once that is sure.
    fn stage(&self, batch: &Prepared) -> Result<Staged<'_>, StoreError> {
        let mut resolved = Resolved::default();
        loop {
            let mut stage = self.lock_stage()?;
            self.check()?;
            if stage.tail_is_new && self.shared.index.is_behind() {
                self.wait_for_index(&mut stage)?;
            }
            let follows = match self.conditions(batch, &resolved, &stage) {
                Ok(follows) => follows,
                Err(refused) => match self.answer_refused(batch, refused, stage)? {
                    Some(receipts) => return Ok(Staged::Repeated(receipts)),
                    None => {
                        resolved = Resolved::of(batch, &resolved, &self.shared)?;
                        continue;
                    }
                },
            };
            // A batch that is staged in part must not be written: the next would end it.
            let staging = self.begin(Work::Staging);
            stage.make_room(batch, self.durable());
            stage.tick();
            let mut receipts = Receipts::with_capacity(batch.events.len());
            for (i, event) in batch.events.iter().enumerate() {
                // An event of the batch may have gone to the same stream.
                let follows = match i {
                    0 => follows[0],
                    _ => stage.follows_by_now(event, follows[i]),
                };
                let is_last = i + 1 == batch.events.len();
                receipts.push(stage.stage(event, &follows, is_last));
            }
            if batch.first_uses.names().len() > 0 {
                let mut names = self.shared.names.write();
                for (kind, name) in batch.first_uses.names() {
                    names.record(kind, name);
                }
            }
            self.freeze_if_full(&mut stage);
            staging.end();
            return Ok(Staged::New(receipts, stage));
        }
    }

    /// The lock, unless this is a fork: that may find it held for good, or be here without having been asked.
    fn lock_stage(&self) -> Result<MutexGuard<'_, Stage>, StoreError> {
        /// How many batches may be staged unasked.
        const UNASKED: u32 = 64;
        /// How long the lock is waited for unasked, which is far longer than anybody holds it.
        const PATIENCE: Duration = Duration::from_millis(10);
        let free = self.stage.try_lock();
        let Some(mut stage) = free.or_else(|| self.stage.try_lock_for(PATIENCE)) else {
            self.check_process()?;
            return Ok(self.stage.lock());
        };
        stage.unasked += 1;
        if stage.unasked >= UNASKED {
            stage.unasked = 0;
            self.check_process()?;
        }
        Ok(stage)
    }

    /// Waits until the index has room for more. If its parts cannot be written, there is none.
    fn wait_for_index(&self, stage: &mut MutexGuard<'_, Stage>) -> Result<(), StoreError> {
        while self.shared.index.is_behind() {
            self.check()?;
            if let Some(problem) = &stage.index_problem {
                return Err(StoreError::IndexBehind(Arc::clone(problem)));
            }
            self.indexed.wait(stage);
        }
        Ok(())
    }

    /// For the background: a part was made of a tail, or could not be.
    pub(crate) fn indexed(&self, problem: Option<&StoreError>) {
        let mut stage = self.stage.lock();
        stage.index_problem = problem.map(|problem| problem.to_string().into());
        self.indexed.notify_all();
    }

    /// Begins a new tail if the present one has enough for a part of the index.
    fn freeze_if_full(&self, stage: &mut Stage) {
        if stage.tail_is_full {
            self.shared.index.freeze();
            stage.change_tail(self.shared.index.tail());
            self.call(stage);
        }
    }

    /// Freezes the tail if nothing is staged: with all of it durable, it can become a part.
    pub(crate) fn freeze(&self) {
        let mut stage = self.stage.lock();
        self.shared.index.freeze();
        stage.change_tail(self.shared.index.tail());
    }

    /// Calls the background back from [`Self::attend`].
    fn call(&self, stage: &mut Stage) {
        stage.alarm = true;
        self.background.notify_one();
    }

    /// Writes a group, in a segment of its own if it begins one, and syncs it if asked to.
    fn put(&self, writer: &mut SegmentWriter, group: &Group) -> Result<(), StoreError> {
        if let Some(header) = &group.begins {
            writer.begin(header)?;
            self.shared.segments.push(Arc::clone(writer.segment()));
            self.proven.store(header.first - 1, Ordering::Relaxed);
        }
        if !group.frames.is_empty() {
            writer.write(&group.frames, group.offset)?;
        }
        if group.sync {
            if group.reserve {
                writer.reserve(group.frames.len(), self.limits.segment_bytes)?;
            }
            self.sync(|| writer.sync())?;
        }
        Ok(())
    }

    /// On closing: leaves the newest segment no longer than its frames.
    pub(crate) fn give_back(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        self.check()?;
        writer.give_back()
    }

    /// Syncs a file of the log, unless a sync has failed before, and remembers a failure.
    fn sync<T>(&self, sync: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _syncing = self.syncing.lock();
        self.check()?;
        sync().inspect_err(|error| self.fail(error))
    }

    /// Shows a group that was written to readers.
    fn publish(&self, group: &Group, stage: &mut Stage) {
        if group.begins.is_some() {
            // The segment before it is to be sealed.
            self.call(stage);
        }
        if group.sync {
            self.shared.watermarks.raise_durable(group.last);
        }
        self.shared.watermarks.publish(group.last);
    }

    /// Tells readers in other processes of the end of the log, or lets the background do so soon.
    fn tell(&self, end: LogEnd, is_synced: bool) {
        if self.tail.tell(end, is_synced) {
            let mut stage = self.stage.lock();
            if stage.rest == Rest::Asleep {
                stage.rest = Rest::Awake;
                self.background.notify_one();
            }
        }
    }

    /// Tells readers in other processes of everything that is published, and nothing any more: the next
    /// writer tells them.
    pub(crate) fn tell_last(&self) {
        self.tail.close();
    }

    /// Whether what these receipts are for is published, or never will be.
    pub(crate) fn is_settled(&self, receipts: &[AppendReceipt]) -> bool {
        let last = receipts.last().map_or(0, |receipt| receipt.sequence);
        self.published() >= last || self.failure.get().is_some()
    }

    /// Writes everything that is staged, and syncs it if asked to.
    pub(crate) fn drain(&self, sync: bool) -> Result<(), StoreError> {
        let mut stage = self.stage.lock();
        self.check()?;
        let last = stage.last;
        if !sync {
            return self.wait_for(Until::Published(last), stage);
        }
        stage.sync_all();
        self.wait_for(Until::Durable(last), stage)
    }

    /// Leaves a mark in the log that everything in it is durable, if nothing else proves it and nobody
    /// is about to write more.
    pub(crate) fn prove(&self) -> Result<(), StoreError> {
        let mut stage = self.stage.lock();
        self.check()?;
        let durable = self.durable();
        let proven = self.proven.load(Ordering::Relaxed);
        if !stage.is_idle() || proven >= durable || durable < stage.last {
            return Ok(());
        }
        let writer = self.writer.lock();
        let bytes = self.sync(|| writer.mark(stage.open.offset, durable))?;
        if let Some(bytes) = bytes {
            stage.skip(bytes);
            self.proven.store(durable, Ordering::Relaxed);
        }
        Ok(())
    }

    /// For the background: writes what somebody wants written without waiting for it, and what has been
    /// staged for `age`. It first waits for such, or for [`Self::alarm`], or until the caller has something else to
    /// do: `pause` from now, if that is given.
    pub(crate) fn attend(&self, age: Duration, pause: Option<Duration>) -> Result<(), StoreError> {
        let mut stage = self.stage.lock();
        let mut is_over = pause.is_some_and(|pause| pause.is_zero());
        while !is_over && !stage.alarm && !stage.is_wanted(self.published()) {
            let has_staged = !stage.led && stage.last > self.published();
            let rest = match has_staged || self.tail.is_owed() {
                true => Some(pause.map_or(age, |pause| pause.min(age))),
                false => pause,
            };
            stage.rest = match rest {
                Some(rest) if rest <= age => Rest::Drowsy,
                _ => Rest::Asleep,
            };
            match rest {
                Some(rest) => is_over = self.background.wait_for(&mut stage, rest).timed_out(),
                None => self.background.wait(&mut stage),
            }
            stage.rest = Rest::Awake;
        }
        stage.alarm = false;
        if self.tail.is_owed() {
            MutexGuard::unlocked(&mut stage, || self.tail.settle());
        }
        self.check()?;
        let last = Until::Published(stage.last);
        if stage.led || self.published() == stage.last {
            return Ok(());
        }
        stage.led = true;
        self.lead(last, stage)
    }

    /// Calls the background back from [`Self::attend`].
    pub(crate) fn alarm(&self) {
        self.call(&mut self.stage.lock());
    }

    /// Makes what is published durable while others go on writing.
    pub(crate) fn sync_published(&self) -> Result<(), StoreError> {
        let (segment, published) = {
            let writer = self.writer.lock();
            // What lies before the writer's segment is durable.
            (writer.clone(), self.published())
        };
        self.sync(|| segment.sync())?;
        self.shared.watermarks.raise_durable(published);
        self.shared.watch.notify();
        Ok(())
    }
}

#[cfg(not(test))]
pub(crate) use std::process::id as process_id;

/// The process that this is, or that a test makes of a thread.
#[cfg(test)]
pub(crate) fn process_id() -> u32 {
    std::process::id() + u32::from(IS_FORKED.get())
}

#[cfg(test)]
thread_local! {
    /// Whether the thread is to pass for one of a forked process.
    pub(crate) static IS_FORKED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}
