//! What a store says of itself without being asked, through `tracing` if the feature of that name is on.

#![cfg_attr(not(feature = "tracing"), allow(unused_variables))]

use std::fmt::Display;
use std::path::Path;

use super::{ConsumerError, Parked, ReactorError, Recovery};

/// The store was opened, and its newest event has the position `last`.
pub(super) fn opened(dir: &Path, last: u64, recovery: &Recovery) {
    #[cfg(feature = "tracing")]
    match &recovery.cut {
        None => tracing::info!(dir = %dir.display(), last, "opened; nothing was cut off"),
        Some(cut) => tracing::warn!(
            dir = %dir.display(),
            last,
            segment = %cut.path.display(),
            offset = cut.offset,
            bytes = cut.bytes,
            reason = ?cut.reason,
            "opened; the end of the log did not count and was cut off"
        ),
    }
}

/// Nothing is taken from now on.
pub(super) fn failed(dir: &Path, failure: &str) {
    #[cfg(feature = "tracing")]
    tracing::error!(dir = %dir.display(), failure, "takes no more events until it is opened again");
}

/// A reactor cannot go on.
pub(super) fn ended(dir: &Path, error: &ReactorError) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        dir = %dir.display(),
        reactor = &*error.reactor,
        position = error.position,
        failure = %error.failure,
        "a reactor has ended"
    );
}

/// A consumer cannot go on.
pub(super) fn consumer_ended(dir: &Path, error: &ConsumerError) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        dir = %dir.display(),
        consumer = &*error.consumer,
        position = error.position,
        failure = %error.failure,
        "a consumer has ended"
    );
}

/// A consumer could not handle an event, and has gone on without.
pub(super) fn parked(dir: &Path, consumer: &str, parked: &Parked) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        dir = %dir.display(),
        consumer,
        position = parked.position,
        attempts = parked.attempts,
        error = parked.error,
        "a consumer has parked an event"
    );
}

/// What is done in the background could not be done. It is tried again later, unless the log is damaged there.
pub(super) fn postponed(dir: &Path, error: &dyn Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(dir = %dir.display(), %error, "could not do what is done in the background");
}

/// A damaged part of the index, with the events from `first` to `last`, was made anew from the log.
pub(super) fn remade(dir: &Path, first: u64, last: u64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(dir = %dir.display(), first, last, "made a damaged part of the index anew");
}
