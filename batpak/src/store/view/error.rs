use std::sync::Arc;

use crate::store::StoreError;
use crate::store::running::{Failure, Sort, Unreached};

/// Why a live view has stopped though nobody asked it to, has not come as far as was waited for, or was not rebuilt. Its state stays what it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the view of `{projection}` at position {position}: {failure}")]
#[non_exhaustive]
pub struct ViewError {
    /// The name of the projection.
    pub projection: Arc<str>,
    /// The position that its state is of.
    pub position: u64,
    /// What happened.
    #[source]
    pub failure: ViewFailure,
}

/// What stops a live view.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ViewFailure {
    /// The projection cannot take an event: a [`StoreError::Fold`] that says which, and why.
    #[error("{0}")]
    Fold(#[source] Arc<StoreError>),
    /// The projection panicked, with this message.
    #[error("it panicked: {0}")]
    Panicked(Arc<str>),
    /// The events could not be read, or the store can write no more.
    #[error("{0}")]
    Store(#[source] Arc<StoreError>),
    /// Its own thread was to wait for it.
    #[error("a view cannot wait for itself")]
    Itself,
    /// It was stopped, or its store dropped.
    #[error("it was stopped")]
    Stopped,
}

impl From<StoreError> for ViewFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fold { .. } => Self::Fold(Arc::new(error)),
            error => Self::Store(Arc::new(error)),
        }
    }
}

impl ViewError {
    pub(super) fn at(projection: &Arc<str>, position: u64, failure: ViewFailure) -> Self {
        Self {
            projection: Arc::clone(projection),
            position,
            failure,
        }
    }

    /// Why the view has not come as far as was waited for.
    pub(super) fn of(unreached: Unreached<Self>, projection: &Arc<str>, position: u64) -> Self {
        let failure = match unreached {
            Unreached::Failed(error) => return error,
            Unreached::Stopped => ViewFailure::Stopped,
            Unreached::Itself => ViewFailure::Itself,
            Unreached::Elsewhere(error) => error.into(),
        };
        Self::at(projection, position, failure)
    }
}

impl Failure for ViewError {
    const SORT: Sort = Sort::View;

    fn panicked(projection: &Arc<str>, position: u64) -> Self {
        let failure = ViewFailure::Panicked("outside of its projection".into());
        Self::at(projection, position, failure)
    }
}
