use std::fmt;

use crate::event::EventKind;
use crate::guard::Denial;
use crate::store::StoreError;

/// A pair of state and event that no arm of the machine handles: it cannot happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` ({kind}) cannot happen in state `{state}`")]
#[non_exhaustive]
pub struct Illegal {
    /// The state.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
    /// The event's kind.
    pub kind: EventKind,
}

impl Illegal {
    /// The refusal of this event in this state; `state_machine!` calls it.
    #[must_use]
    pub const fn new(state: &'static str, event: &'static str, kind: EventKind) -> Self {
        Self { state, event, kind }
    }
}

/// Why a [`Chain`](super::Chain) did not take an event. The chain is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The machine has no arm for it.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// A gate of the arm denied it.
    #[error(transparent)]
    Denied(#[from] Denial),
}

/// A command that a gate denied, with the machine as it was.
///
/// A command without gates has [`Infallible`](std::convert::Infallible) for a denial, so `let Ok(step) = ..`
/// is all that it needs.
pub struct Denied<M, D = Denial> {
    /// The machine, as it was before the command.
    pub machine: Box<M>,
    /// Why not.
    pub denial: D,
}

impl<M, D> Denied<M, D> {
    /// The denial of a command on `machine`; `state_machine!` calls it.
    #[must_use]
    pub fn new(machine: M, denial: D) -> Self {
        Self {
            machine: Box::new(machine),
            denial,
        }
    }
}

impl<M, D: fmt::Debug> fmt::Debug for Denied<M, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denied")
            .field("denial", &self.denial)
            .finish_non_exhaustive()
    }
}

impl<M, D: fmt::Display> fmt::Display for Denied<M, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.denial.fmt(f)
    }
}

impl<M, D: fmt::Debug + fmt::Display> std::error::Error for Denied<M, D> {}

/// A commit that failed, with the machine as it was before.
///
/// After a conflict ([`Self::is_retryable`]) the machine is out of date: load it again and decide anew.
pub struct CommitError<M> {
    /// The machine, as it was before the step or chain.
    pub machine: Box<M>,
    /// Why not.
    pub error: StoreError,
}

impl<M> CommitError<M> {
    /// Whether loading the machine again and deciding anew may succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.error.is_retryable()
    }
}

impl<M> fmt::Debug for CommitError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<M> fmt::Display for CommitError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<M> std::error::Error for CommitError<M> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
