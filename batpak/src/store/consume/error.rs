use std::error::Error;
use std::sync::Arc;

use crate::store::StoreError;
use crate::store::running::{Failure, Sort, Unreached};

/// What has happened to a consumer, and at which event: why it has ended, why it has not come as far as was waited for, or why an
/// attempt to handle an event has failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("consumer `{consumer}` at position {position}: {failure}")]
#[non_exhaustive]
pub struct ConsumerError {
    /// The name of the consumer.
    pub consumer: Arc<str>,
    /// The position of the event that it was at.
    pub position: u64,
    /// What happened.
    #[source]
    pub failure: ConsumerFailure,
}

/// What happens to a consumer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerFailure {
    /// Its handler gave an error for the event.
    #[error("{0}")]
    Handler(#[source] Arc<dyn Error + Send + Sync>),
    /// Its handler panicked, with this message.
    #[error("it panicked: {0}")]
    Panicked(Arc<str>),
    /// The event could not be handled, and as many are parked as may be.
    #[error(
        "{limit} events are parked, and no more may be; replay them first; the event failed with: {failed}"
    )]
    TooManyParked {
        /// How many may be parked.
        limit: usize,
        /// The event's own failure.
        failed: Arc<str>,
    },
    /// The events could not be read or synced, or the consumer's position not be stored.
    #[error("{0}")]
    Store(#[source] Arc<StoreError>),
    /// One of its own threads was to wait for it.
    #[error("a consumer cannot wait for itself")]
    Itself,
    /// It was stopped, or its store dropped.
    #[error("it was stopped")]
    Stopped,
}

impl From<StoreError> for ConsumerFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl ConsumerError {
    pub(super) fn at(consumer: &Arc<str>, position: u64, failure: ConsumerFailure) -> Self {
        Self {
            consumer: Arc::clone(consumer),
            position,
            failure,
        }
    }

    /// Why the consumer has not come as far as was waited for.
    pub(super) fn of(unreached: Unreached<Self>, consumer: &Arc<str>, position: u64) -> Self {
        let failure = match unreached {
            Unreached::Failed(error) => return error,
            Unreached::Stopped => ConsumerFailure::Stopped,
            Unreached::Itself => ConsumerFailure::Itself,
            Unreached::Elsewhere(error) => error.into(),
        };
        Self::at(consumer, position, failure)
    }
}

impl Failure for ConsumerError {
    const SORT: Sort = Sort::Consumer;

    fn panicked(consumer: &Arc<str>, position: u64) -> Self {
        let failure = ConsumerFailure::Panicked("outside of its handler".into());
        Self::at(consumer, position, failure)
    }
}
