//! What a store says of itself without being asked, through `tracing` if the feature of that name is on.

#![cfg_attr(not(feature = "tracing"), allow(unused_variables))]

use std::fmt::Display;
use std::path::Path;

use super::progress::Work;
use super::{ConsumerError, Parked, ReactorError, Recovery, ViewError};
use crate::projection::CacheError;

/// The span of a long work, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Span {
    /// That of a work which is not to be seen.
    pub(super) fn none() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::Span::none(),
        }
    }

    /// Begins the span of a work on the store in the directory `dir`.
    pub(super) fn begin(work: Work, dir: &Path, total: Option<u64>) -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: span(work, dir, total),
        }
    }

    /// What happens on this thread is part of it until this is dropped.
    pub(super) fn enter(&self) -> impl Sized + use<> {
        #[cfg(feature = "tracing")]
        return self.span.clone().entered();
    }

    /// It ends with so much done.
    pub(super) fn end(&self, done: u64) {
        #[cfg(feature = "tracing")]
        self.span.record("done", done);
    }
}

/// The span of a work, by its name.
#[cfg(feature = "tracing")]
fn span(work: Work, dir: &Path, total: Option<u64>) -> tracing::Span {
    macro_rules! named {
        ($name:literal) => {
            tracing::info_span!($name, dir = %dir.display(), total, done = tracing::field::Empty)
        };
    }
    match work {
        Work::Opening => named!("opening"),
        Work::Rebuilding => named!("rebuilding"),
        Work::Verifying => named!("verifying"),
        Work::Importing => named!("importing"),
        Work::BackingUp => named!("backing_up"),
        Work::Repairing => named!("repairing"),
        Work::Folding => named!("folding"),
    }
}

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

/// A view is kept up to date no more.
pub(super) fn view_stopped(dir: &Path, error: &ViewError) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        dir = %dir.display(),
        projection = &*error.projection,
        position = error.position,
        failure = %error.failure,
        "a live view has stopped"
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
