use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::store::StoreError;
use crate::store::fold::Folding;
use crate::sync::{AtomicBool, AtomicU64, Mutex, RwLock};

/// What a view's thread and those who look at the view share.
#[derive(Debug)]
pub(super) struct Shown<P> {
    /// Locked for as long as it takes to copy a pointer.
    state: RwLock<Arc<P>>,
    offer: Mutex<Option<Offer<P>>>,
    has_offer: AtomicBool,
    /// How many offers were answered, and how the last was.
    answered: AtomicU64,
    answer: Mutex<Option<StoreError>>,
}

/// A state that was folded beside that of the view, to take its place.
#[derive(Debug)]
pub(super) struct Offer<P> {
    pub(super) folding: Folding<P>,
    /// The position that it is of.
    pub(super) position: u64,
}

impl<P> Shown<P> {
    pub(super) fn new(state: P) -> Self {
        Self {
            state: RwLock::new(Arc::new(state)),
            offer: Mutex::new(None),
            has_offer: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            answer: Mutex::new(None),
        }
    }

    pub(super) fn get(&self) -> Arc<P> {
        Arc::clone(&self.state.read())
    }

    pub(super) fn show(&self, state: P) {
        let state = Arc::new(state);
        // The old one is dropped, which may be the user's code, when nothing is locked.
        let _old = std::mem::replace(&mut *self.state.write(), state);
    }

    pub(super) fn has_offer(&self) -> bool {
        self.has_offer.load(Ordering::Acquire)
    }

    pub(super) fn take_offer(&self) -> Option<Offer<P>> {
        self.has_offer.store(false, Ordering::Release);
        self.offer.lock().take()
    }

    /// Offers a state, and gives the number that its answer will have.
    pub(super) fn offer(&self, offer: Offer<P>) -> u64 {
        let number = self.answered.load(Ordering::Acquire) + 1;
        let _old = self.offer.lock().replace(offer);
        self.has_offer.store(true, Ordering::Release);
        number
    }

    pub(super) fn is_answered(&self, number: u64) -> bool {
        self.answered.load(Ordering::Acquire) >= number
    }

    /// The view has the offered state from now on, or cannot have it.
    pub(super) fn answer(&self, switched: Result<(), StoreError>) {
        *self.answer.lock() = switched.err();
        self.answered.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn take_answer(&self) -> Result<(), StoreError> {
        self.answer.lock().take().map_or(Ok(()), Err)
    }
}
