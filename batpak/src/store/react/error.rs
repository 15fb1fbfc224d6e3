use std::error::Error;
use std::sync::Arc;

use crate::store::StoreError;
use crate::store::running::{Failure, Sort, Unreached};

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

impl ReactorError {
    /// The reactor of this name has ended at this position.
    pub(super) fn at(reactor: &Arc<str>, position: u64, failure: ReactorFailure) -> Self {
        Self {
            reactor: Arc::clone(reactor),
            position,
            failure,
        }
    }

    /// Why the reactor has not come as far as was waited for.
    pub(super) fn of(unreached: Unreached<Self>, reactor: &Arc<str>, position: u64) -> Self {
        let failure = match unreached {
            Unreached::Failed(error) => return error,
            Unreached::Stopped => ReactorFailure::Stopped,
            Unreached::Itself => {
                let said = Box::<dyn Error + Send + Sync>::from("a reactor cannot wait for itself");
                ReactorFailure::Reaction(said.into())
            }
            Unreached::Elsewhere(error) => error.into(),
        };
        Self::at(reactor, position, failure)
    }
}

impl Failure for ReactorError {
    const SORT: Sort = Sort::Reactor;

    fn panicked(reactor: &Arc<str>, position: u64) -> Self {
        let failure = ReactorFailure::Panicked("outside of its reactions".into());
        Self::at(reactor, position, failure)
    }
}
