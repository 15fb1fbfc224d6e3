use std::error::Error;
use std::sync::Arc;

use crate::store::StoreError;

/// Why a reactor has ended though nobody stopped it, or has not come as far as was waited for. Nothing of a reaction is stored that
/// was being made then; the reactor goes on with it when it is started again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("reactor `{reactor}` has ended at position {position}: {failure}")]
#[non_exhaustive]
pub struct ReactorError {
    /// The name of the reactor.
    pub reactor: Arc<str>,
    /// The position of the event that it was at.
    pub position: u64,
    /// What happened.
    #[source]
    pub failure: ReactorFailure,
}

/// What ends a reactor.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReactorFailure {
    /// Its code gave an error for the event.
    #[error("{0}")]
    Reaction(#[source] Arc<dyn Error + Send + Sync>),
    /// Its code panicked, with this message.
    #[error("it panicked: {0}")]
    Panicked(Arc<str>),
    /// The events could not be read, or what follows from one could not be appended.
    #[error("{0}")]
    Store(#[source] Arc<StoreError>),
    /// It was stopped, or its store dropped.
    #[error("it was stopped")]
    Stopped,
}

impl From<StoreError> for ReactorFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
