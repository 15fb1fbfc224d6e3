//! Threads of the store's own that follow its log: what such a thread shares with those who ask how it goes, and all of a
//! store's, so that it ends them before it is closed.

mod ending;
mod handle;
mod threads;

pub(super) use ending::Ending;
pub(super) use handle::Handle;
pub(super) use threads::{Sort, Threads};

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::StoreError;
use super::commit::process_id;
use super::watch::Watch;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{AtomicBool, AtomicU8, AtomicU64, Mutex};

/// How far something has come that runs on threads of its own, whether it is to go on, and how it has ended: by an `E`, if not
/// because it was asked to.
///
/// Asking for the position locks nothing, and nor does moving it as long as nobody waits.
#[derive(Debug)]
pub(super) struct Running<E> {
    name: Arc<str>,
    /// The process that it runs in.
    owner: u32,
    demand: AtomicU8,
    /// It is done with everything up to this position.
    position: AtomicU64,
    has_ended: AtomicBool,
    state: Mutex<State<E>>,
    /// Held while something is written that is not to be once the store is closed.
    writing: Mutex<()>,
    /// Where those wait who want to know of a position, or of the end.
    watch: Watch,
}

/// What is demanded: to go on; to end when it is done with what it is at; or to end and write nothing.
const GO_ON: u8 = 0;
const END: u8 = 1;
const KEEP_OFF: u8 = 2;

#[derive(Debug)]
struct State<E> {
    /// Its threads, which cannot wait for it.
    threads: Vec<ThreadId>,
    /// How it has ended, if it has.
    end: Option<Result<(), E>>,
}

/// By what something ends that runs on threads of its own.
pub(super) trait Failure: Clone + Debug + Send + Sync + 'static {
    /// What it is.
    const SORT: Sort;

    /// Its thread has panicked where no panic is caught.
    fn panicked(name: &Arc<str>, position: u64) -> Self;
}

/// Why a position was not come to.
#[derive(Debug)]
pub(super) enum Unreached<E> {
    /// It has ended by that before.
    Failed(E),
    /// It was stopped before.
    Stopped,
    /// One of its own threads has asked, and it cannot wait for itself.
    Itself,
    /// This process is another one, which was forked.
    Elsewhere(StoreError),
}

impl<E: Failure> Running<E> {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            owner: process_id(),
            demand: AtomicU8::new(GO_ON),
            position: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
            state: Mutex::new(State {
                threads: Vec::new(),
                end: None,
            }),
            writing: Mutex::default(),
            watch: Watch::default(),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// It has come to this position.
    pub(super) fn reach(&self, position: u64) {
        self.position.store(position, Ordering::Release);
        self.watch.notify();
    }

    pub(super) fn goes_on(&self) -> bool {
        self.demand.load(Ordering::Acquire) == GO_ON
    }

    /// Does this if it may still write. Its store is not closed meanwhile.
    pub(super) fn write<T>(&self, write: impl FnOnce() -> T) -> Option<T> {
        let _writing = self.writing.lock();
        self.may_write().then(write)
    }

    /// Whether it may write: not once the store that it is of was closed.
    pub(super) fn may_write(&self) -> bool {
        self.demand.load(Ordering::Acquire) < KEEP_OFF
    }

    /// Whether it has not ended yet.
    pub(super) fn is_at_work(&self) -> bool {
        !self.has_ended.load(Ordering::Acquire)
    }

    /// The error that it has ended with.
    pub(super) fn error(&self) -> Option<E> {
        self.ended()?.err()
    }

    fn ended(&self) -> Option<Result<(), E>> {
        match self.has_ended.load(Ordering::Acquire) {
            true => self.state.lock().end.clone(),
            false => None,
        }
    }

    /// The calling thread is one of its own from now on.
    pub(super) fn enter_thread(&self) {
        self.state.lock().threads.push(thread::current().id());
    }

    fn is_own_thread(&self) -> bool {
        let threads = &self.state.lock().threads;
        threads.contains(&thread::current().id())
    }

    /// Waits until it has come to this position.
    pub(super) fn wait_for(&self, position: u64) -> Result<(), Unreached<E>> {
        self.wait_until(|| self.position() >= position)
    }

    /// Waits until it has come so far that this holds. It is asked again at each [`Self::reach`] and [`Self::notify`], and is to
    /// lock nothing.
    pub(super) fn wait_until(&self, holds: impl Fn() -> bool) -> Result<(), Unreached<E>> {
        self.check_process().map_err(Unreached::Elsewhere)?;
        if self.is_own_thread() {
            return Err(Unreached::Itself);
        }
        let has_ended = || self.has_ended.load(Ordering::Acquire);
        self.watch.wait_until(|| holds() || has_ended());
        match self.ended() {
            _ if holds() => Ok(()),
            Some(Err(error)) => Err(Unreached::Failed(error)),
            _ => Err(Unreached::Stopped),
        }
    }

    /// A thread of its own waits until this holds, or it is to end.
    pub(super) fn wait_inside(&self, holds: impl Fn() -> bool) {
        self.watch.wait_until(|| holds() || !self.goes_on());
    }

    /// A thread of its own waits for so long, unless it is to end, or this holds.
    pub(super) fn pause(&self, pause: Duration, holds: impl Fn() -> bool) {
        self.watch.wait_for(pause, || holds() || !self.goes_on());
    }

    /// Something has changed just now that may be waited for.
    pub(super) fn notify(&self) {
        self.watch.notify();
    }

    /// Asks it to end, and waits until it has. If it is a thread of its own that asks, it ends when it comes to it.
    /// `log` is where it waits for the log to go on.
    pub(super) fn end(&self, log: &Watch) -> Result<(), Unreached<E>> {
        self.check_process().map_err(Unreached::Elsewhere)?;
        self.ask_to_end(log);
        if !self.is_own_thread() {
            let has_ended = || self.has_ended.load(Ordering::Acquire);
            self.watch.wait_until(has_ended);
        }
        match self.ended() {
            Some(Err(error)) => Err(Unreached::Failed(error)),
            _ => Ok(()),
        }
    }

    fn ask_to_end(&self, log: &Watch) {
        self.demand.fetch_max(END, Ordering::AcqRel);
        log.notify();
        self.watch.notify();
    }

    /// A fork has no thread to wait for, and may find any lock held for good.
    fn check_process(&self) -> Result<(), StoreError> {
        match self.owner == process_id() {
            true => Ok(()),
            false => Err(StoreError::forked()),
        }
    }

    /// It has ended, and nothing is left of it.
    fn finish(&self, end: Result<(), E>) {
        self.state.lock().end = Some(end);
        self.has_ended.store(true, Ordering::Release);
        self.watch.notify();
    }
}

/// What a panic says.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("with something that is no text")
}
