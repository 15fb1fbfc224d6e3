//! Group commit without a thread of its own: whoever finds nobody writing becomes the leader, writes
//! what is staged, and hands over to one of those who still wait.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::stage::{Group, Rest, Stage};
use super::{Committer, StoreError};
use crate::sync::thread::{self, Thread};
use crate::sync::{AtomicU8, Instant, MutexGuard, thread_local};

/// How long a leader waits for those who were writing a moment ago.
const GATHER: Duration = Duration::from_micros(100);

/// What somebody waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// That the event at this position is published.
    Published(u64),
    /// That everything up to this position is durable.
    Durable(u64),
}

/// A thread that waits, or that is to lead.
#[derive(Debug)]
pub(crate) struct Waiter {
    until: Until,
    parker: Arc<Parker>,
}

/// Where a thread waits. Each thread has one, for it waits for one thing at a time.
#[derive(Debug)]
struct Parker {
    thread: Thread,
    state: AtomicU8,
}

const WAITING: u8 = 0;
const DONE: u8 = 1;
const LEAD: u8 = 2;

thread_local! {
    static PARKER: RefCell<Option<Arc<Parker>>> = const { RefCell::new(None) };
}

impl Parker {
    /// That of this thread, set to wait.
    fn mine() -> Arc<Self> {
        let new = || {
            Arc::new(Self {
                thread: thread::current(),
                state: AtomicU8::new(WAITING),
            })
        };
        let parker = PARKER.try_with(|mine| Arc::clone(mine.borrow_mut().get_or_insert_with(new)));
        // A thread that is ending has no locals any more.
        let parker = parker.unwrap_or_else(|_| new());
        parker.state.store(WAITING, Ordering::Relaxed);
        parker
    }

    fn wait(&self) -> u8 {
        loop {
            match self.state.load(Ordering::Acquire) {
                WAITING => thread::park(),
                state => return state,
            }
        }
    }

    fn wake(&self, state: u8) {
        self.state.store(state, Ordering::Release);
        self.thread.unpark();
    }
}

impl Committer {
    fn is_reached(&self, until: Until) -> bool {
        match until {
            Until::Published(position) => self.shared.watermarks.published() >= position,
            Until::Durable(position) => self.shared.watermarks.durable() >= position,
        }
    }

    /// Waits until something staged is written, and writes it if nobody else does.
    pub(crate) fn wait_for<'s>(
        &'s self,
        until: Until,
        mut stage: MutexGuard<'s, Stage>,
    ) -> Result<(), StoreError> {
        loop {
            if self.is_reached(until) {
                return Ok(());
            }
            self.check()?;
            if !stage.led {
                stage.led = true;
                return self.lead(until, stage);
            }
            let parker = Parker::mine();
            stage.waiting.push(Waiter {
                until,
                parker: Arc::clone(&parker),
            });
            drop(stage);
            if parker.wait() == LEAD {
                return self.lead(until, self.stage.lock());
            }
            if self.is_reached(until) {
                return Ok(());
            }
            stage = self.stage.lock();
        }
    }

    /// Writes groups until that is reached, or nothing is left; then hands over to one of those who wait
    /// for more. The caller has set `led`.
    pub(crate) fn lead<'s>(
        &'s self,
        until: Until,
        stage: MutexGuard<'s, Stage>,
    ) -> Result<(), StoreError> {
        let leading = self.begin(Work::Writing);
        self.write_groups(until, stage)?;
        leading.end();
        Ok(())
    }

    fn write_groups<'s>(
        &'s self,
        until: Until,
        mut stage: MutexGuard<'s, Stage>,
    ) -> Result<(), StoreError> {
        loop {
            stage = self.gather(stage);
            let Some(mut group) = stage.take_group() else {
                self.answer(&mut stage, true);
                return Ok(());
            };
            drop(stage);
            let written = self.write(&group);
            stage = self.stage.lock();
            stage.queued_bytes -= group.frames.len();
            written?;
            self.publish(&group, &mut stage);
            let end = group.end();
            group.frames.clear();
            group.frames.shrink_to(1 << 20);
            stage.spare = group.frames;
            let leaves = self.is_reached(until);
            self.answer(&mut stage, leaves);
            drop(stage);
            self.shared.watch.notify();
            self.tell(end, group.sync);
            if leaves {
                return Ok(());
            }
            stage = self.stage.lock();
        }
    }

    /// Waits a little for writers that the last group answered, since they may be back in a moment.
    fn gather<'s>(&'s self, mut stage: MutexGuard<'s, Stage>) -> MutexGuard<'s, Stage> {
        let is_worth_it = |stage: &Stage| {
            stage.queue.is_empty() && stage.open.sync && stage.waiting.len() + 1 < stage.lately
        };
        if !is_worth_it(&stage) {
            return stage;
        }
        let start = Instant::now();
        while is_worth_it(&stage) && start.elapsed() < GATHER {
            drop(stage);
            thread::yield_now();
            stage = self.stage.lock();
        }
        stage
    }

    /// Wakes those whose events are published. If the leader `leaves`, one of the others leads on.
    fn answer(&self, stage: &mut Stage, leaves: bool) {
        let mut done = Vec::new();
        let mut next = None;
        stage.waiting.retain(|waiter| {
            if self.is_reached(waiter.until) {
                done.push(Arc::clone(&waiter.parker));
                return false;
            }
            if leaves && next.is_none() {
                next = Some(Arc::clone(&waiter.parker));
                return false;
            }
            true
        });
        stage.lately = done.len() + 1;
        if leaves {
            stage.led = next.is_some();
            if !stage.led && stage.last > self.published() && stage.rest != Rest::Awake {
                self.background.notify_one();
            }
        }
        if let Some(next) = next {
            next.wake(LEAD);
        }
        for parker in done {
            parker.wake(DONE);
        }
    }

    /// Wakes everyone, for nothing will be published any more.
    fn release(&self) {
        let mut stage = self.stage.lock();
        stage.led = false;
        self.indexed.notify_all();
        for waiter in std::mem::take(&mut stage.waiting) {
            waiter.parker.wake(DONE);
        }
    }

    /// Touches the disk. The first failure is the last.
    fn write(&self, group: &Group) -> Result<(), StoreError> {
        self.check()?;
        let mut writer = self.writer.lock();
        self.put(&mut writer, group)
            .inspect_err(|error| self.fail(error))
    }
}

/// Work that others rely on to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// That on a batch, under the lock of the stage.
    Staging,
    /// That of the leader.
    Writing,
    /// That of the store's thread.
    Background,
}

/// Work that was begun. If it ends before its time, by an error or a panic, nobody writes any more, and
/// everyone hears of it.
#[must_use = "dropped, it fails the store"]
pub(crate) struct Begun<'c> {
    committer: &'c Committer,
    work: Work,
}

impl Committer {
    pub(crate) fn begin(&self, work: Work) -> Begun<'_> {
        Begun {
            committer: self,
            work,
        }
    }
}

impl Begun<'_> {
    /// It is done.
    pub(crate) fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let committer = self.committer;
        match self.work {
            // Those who wait have a leader, who hears of it.
            Work::Staging => committer.fail(&"a panic while a batch was staged"),
            Work::Writing => committer.fail(&"a panic while writing"),
            Work::Background => committer.fail(&"a panic in the background"),
        }
        if self.work != Work::Staging {
            committer.release();
        }
    }
}
