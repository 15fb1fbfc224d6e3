use std::sync::Arc;

use super::{Failure, Running};

/// Says that something has ended, whatever becomes of the thread that it runs on.
pub(in crate::store) struct Ending<E: Failure> {
    running: Arc<Running<E>>,
    end: Option<Result<(), E>>,
}

impl<E: Failure> Ending<E> {
    pub(in crate::store) fn of(running: &Arc<Running<E>>) -> Self {
        Self {
            running: Arc::clone(running),
            end: None,
        }
    }

    /// Does the work on this thread, and says how that has ended when nothing is left of it.
    pub(in crate::store) fn after(mut self, work: impl FnOnce() -> Result<(), E>) {
        self.running.enter_thread();
        self.end = Some(work());
    }
}

impl<E: Failure> Drop for Ending<E> {
    fn drop(&mut self) {
        let running = &self.running;
        let panicked = || Err(E::panicked(running.name(), running.position()));
        running.finish(self.end.take().unwrap_or_else(panicked));
    }
}
