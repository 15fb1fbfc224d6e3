//! What the threads of a store share and wait by. Built with `--cfg shuttle` it is [shuttle]'s, whose scheduler
//! then decides at each step which thread goes on, so that a test can try many ways.
//!
//! [shuttle]: https://docs.rs/shuttle

#[cfg(not(shuttle))]
mod system {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
    pub(crate) use std::thread;
    pub(crate) use std::thread_local;
    pub(crate) use std::time::Instant;

    pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
}

#[cfg(shuttle)]
mod scheduled;

#[cfg(shuttle)]
pub(crate) use scheduled::*;
#[cfg(not(shuttle))]
pub(crate) use system::*;
