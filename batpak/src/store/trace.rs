//! What a store says of itself without being asked, through `tracing` if the feature of that name is on.

#![cfg_attr(not(feature = "tracing"), allow(unused_variables))]

use std::fmt::Display;
use std::path::Path;

use super::{ReactorError, Recovery};
use crate::projection::CacheError;

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

/// A projection cache could not do something; what was asked of the store has its answer.
pub(crate) fn cache_failed(error: &CacheError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(%error, "a projection cache has failed");
}
