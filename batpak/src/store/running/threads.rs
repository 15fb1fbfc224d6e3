use std::fmt::Debug;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::{Failure, KEEP_OFF, Running};
use crate::store::StoreError;
use crate::store::watch::Watch;
use crate::sync::Mutex;

/// Everything of a store that runs on threads of its own. It keeps nothing of that alive.
#[derive(Debug, Default)]
pub(in crate::store) struct Threads(Mutex<Vec<Weak<dyn Runs>>>);

/// What something is that runs on threads of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Sort {
    Reactor,
    Consumer,
    View,
}

impl Sort {
    /// What is said of a name that something of this sort has already; `None` if several may have one.
    fn taken(self, name: &str) -> Option<StoreError> {
        match self {
            Self::Reactor => Some(StoreError::ReactorRunning(name.to_owned())),
            Self::Consumer => Some(StoreError::ConsumerRunning(name.to_owned())),
            Self::View => None,
        }
    }
}

/// Something that runs, by whatever it ends.
trait Runs: Debug + Send + Sync {
    fn sort(&self) -> Sort;

    fn name(&self) -> &str;

    fn has_ended(&self) -> bool;

    fn ask_to_end(&self, log: &Watch);

    /// Waits until it has ended. If that is what it is doing just now, it writes nothing more.
    fn end_for_good(&self, log: &Watch);
}

impl<E: Failure> Runs for Running<E> {
    fn sort(&self) -> Sort {
        E::SORT
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    fn ask_to_end(&self, log: &Watch) {
        Running::ask_to_end(self, log);
    }

    fn end_for_good(&self, log: &Watch) {
        // Its handle tells of an error.
        let _ = self.end(log);
        self.demand.store(KEEP_OFF, Ordering::Release);
        // What is being written is to be there before the store is closed.
        drop(self.writing.lock());
    }
}

impl Threads {
    /// Takes in what is about to run, unless something of its sort is running under its name.
    pub(in crate::store) fn enter<E: Failure>(
        &self,
        name: &str,
    ) -> Result<Arc<Running<E>>, StoreError> {
        let mut running = self.0.lock();
        running.retain(|other| other.upgrade().is_some_and(|other| !other.has_ended()));
        let is_it = |other: Arc<dyn Runs>| other.sort() == E::SORT && other.name() == name;
        if let Some(taken) = E::SORT.taken(name)
            && running.iter().filter_map(Weak::upgrade).any(is_it)
        {
            return Err(taken);
        }
        let new = Arc::new(Running::new(name));
        let weak: Weak<Running<E>> = Arc::downgrade(&new);
        running.push(weak);
        Ok(new)
    }

    /// Ends all of them, before their store is closed. One whose thread closes the store writes nothing more.
    pub(in crate::store) fn end(&self, log: &Watch) {
        let running = std::mem::take(&mut *self.0.lock());
        let running: Vec<_> = running.iter().filter_map(Weak::upgrade).collect();
        // One may wait for another that is yet to be asked.
        running.iter().for_each(|one| one.ask_to_end(log));
        running.iter().for_each(|one| one.end_for_good(log));
    }

    /// Forgets all of them, so that what would be refused can be tried.
    #[cfg(all(test, feature = "testing", not(shuttle)))]
    pub(in crate::store) fn forget(&self) {
        self.0.lock().clear();
    }
}
