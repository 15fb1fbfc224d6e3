use std::error::Error;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::reactor::Reactor;
use super::worker::Worker;
use super::{ReactorError, ReactorFailure};
use crate::store::StoreError;
use crate::store::watch::Watch;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{AtomicU8, Condvar, Mutex};

/// How far a reactor has come, and whether it is to go on: what its thread shares with those who ask.
#[derive(Debug)]
pub(super) struct Progress {
    name: Arc<str>,
    demand: AtomicU8,
    state: Mutex<State>,
    changed: Condvar,
}

/// What a reactor is to do: go on; end when it has made the reaction that it is at; or end and append nothing.
const GO_ON: u8 = 0;
const END: u8 = 1;
const KEEP_OFF: u8 = 2;

#[derive(Debug, Default)]
struct State {
    /// Up to where it was asked about everything, and all that followed is stored.
    position: u64,
    thread: Option<ThreadId>,
    /// How it has ended, if it has.
    end: Option<Result<(), ReactorError>>,
}

impl Progress {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            demand: AtomicU8::new(GO_ON),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn position(&self) -> u64 {
        self.state.lock().position
    }

    /// It has come to this position.
    pub(super) fn reach(&self, position: u64) {
        self.state.lock().position = position;
        self.changed.notify_all();
    }

    pub(super) fn goes_on(&self) -> bool {
        self.demand.load(Ordering::Acquire) == GO_ON
    }

    pub(super) fn may_append(&self) -> bool {
        self.demand.load(Ordering::Acquire) < KEEP_OFF
    }

    fn has_ended(&self) -> bool {
        self.state.lock().end.is_some()
    }

    /// The error that it has ended with.
    pub(super) fn error(&self) -> Option<ReactorError> {
        let state = self.state.lock();
        state.end.clone()?.err()
    }

    /// Waits until it has come to this position.
    pub(super) fn wait_for(&self, position: u64) -> Result<(), ReactorError> {
        let mut state = self.state.lock();
        if state.thread == Some(thread::current().id()) {
            let failure = ReactorFailure::Reaction(Arc::from(
                Box::<dyn Error + Send + Sync>::from("a reactor cannot wait for itself"),
            ));
            return Err(self.ended(state.position, failure));
        }
        while state.position < position {
            if let Some(end) = state.end.clone() {
                end?;
                return Err(self.ended(state.position, ReactorFailure::Stopped));
            }
            self.changed.wait(&mut state);
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has. If it is its own thread that asks, it ends when it comes to it.
    pub(super) fn end(&self, watch: &Watch) -> Result<(), ReactorError> {
        self.demand.fetch_max(END, Ordering::AcqRel);
        watch.notify();
        let mut state = self.state.lock();
        loop {
            if let Some(end) = state.end.clone() {
                return end;
            }
            if state.thread == Some(thread::current().id()) {
                return Ok(());
            }
            self.changed.wait(&mut state);
        }
    }

    pub(super) fn ended(&self, position: u64, failure: ReactorFailure) -> ReactorError {
        ReactorError {
            reactor: Arc::clone(&self.name),
            position,
            failure,
        }
    }
}

/// A thread that is to say how it has ended, whatever becomes of it.
pub(super) struct Ending {
    progress: Arc<Progress>,
    end: Option<Result<(), ReactorError>>,
}

impl Ending {
    pub(super) fn of(progress: Arc<Progress>) -> Self {
        Self {
            progress,
            end: None,
        }
    }

    /// Lets the reactor do its work, and says that it has ended when nothing is left of it.
    pub(super) fn after<R: Reactor>(mut self, worker: Worker<R>) {
        self.progress.state.lock().thread = Some(thread::current().id());
        self.end = Some(worker.run());
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let mut state = self.progress.state.lock();
        let end = self.end.take().unwrap_or_else(|| {
            let failure = ReactorFailure::Panicked("outside of its reactions".into());
            Err(self.progress.ended(state.position, failure))
        });
        state.end = Some(end);
        drop(state);
        self.progress.changed.notify_all();
    }
}

/// The reactors of a store.
#[derive(Debug, Default)]
pub(crate) struct Reactors(pub(super) Mutex<Vec<Weak<Progress>>>);

impl Reactors {
    /// Takes in a reactor, unless there is one of its name.
    pub(super) fn enter(&self, name: &str) -> Result<Arc<Progress>, StoreError> {
        let mut reactors = self.0.lock();
        let is_running = |progress: Arc<Progress>| !progress.has_ended();
        reactors.retain(|reactor| reactor.upgrade().is_some_and(is_running));
        let mut running = reactors.iter().filter_map(Weak::upgrade);
        if running.any(|reactor| *reactor.name == *name) {
            return Err(StoreError::ReactorRunning(name.to_owned()));
        }
        let new = Arc::new(Progress::new(name));
        reactors.push(Arc::downgrade(&new));
        Ok(new)
    }

    /// Ends all of them, before their store is closed. One whose thread closes the store appends nothing more.
    pub(crate) fn end(&self, watch: &Watch) {
        let reactors = std::mem::take(&mut *self.0.lock());
        for reactor in reactors.iter().filter_map(Weak::upgrade) {
            // Its handle tells of an error.
            let _ = reactor.end(watch);
            reactor.demand.store(KEEP_OFF, Ordering::Release);
        }
    }
}
