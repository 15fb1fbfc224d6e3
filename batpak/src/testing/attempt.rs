use std::convert::Infallible;

use crate::expansion::{Instance, Moved};
use crate::{Chain, Denial, Denied, Illegal, Machine, NewEvent, Refused, State, Step};

/// What may come of an attempt: what a closure that is given to [`Given::when`](super::Given::when)
/// returns.
///
/// That is a [`Step`] or a [`Chain`], or a `Result` of one whose error is a [`Refusal`]; also such a
/// result within another. `K` only tells the implementations apart, and is never written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what comes of an attempt on this machine",
    note = "let the closure return what a command returns, or, where it looks for a state first, `order.draft().map(|draft| draft.place(..))`"
)]
pub trait Attempt<M: Machine, K> {
    /// What came of it.
    #[doc(hidden)]
    fn outcome(self) -> Outcome;
}

/// Why an attempt came to nothing: [`Denied`] by a gate, [`Refused`], [`Illegal`], or the loaded machine
/// itself, given back because it is in another state than the attempt is about.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a refusal of this machine")]
pub trait Refusal<M: Machine, K> {
    /// What came of the attempt.
    #[doc(hidden)]
    fn outcome(self) -> Outcome;
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Outcome {
    /// These events may happen.
    Events(Vec<NewEvent>),
    /// A gate denied it.
    Denied(Denial),
    /// It cannot happen: no arm is for it, or the machine is in another state than it is about.
    Illegal(Option<Illegal>),
}

impl<M, F, T> Attempt<M, Step<(), ()>> for Step<F, T>
where
    M: Machine,
    F: Instance,
    F::State: State<Machine = M>,
    T: Moved,
{
    fn outcome(self) -> Outcome {
        Outcome::Events(self.into_events())
    }
}

impl<M: Machine> Attempt<M, Chain<M>> for Chain<M> {
    fn outcome(self) -> Outcome {
        Outcome::Events(self.into_events())
    }
}

impl<M, A, R, KA, KR> Attempt<M, Result<KA, KR>> for Result<A, R>
where
    M: Machine,
    A: Attempt<M, KA>,
    R: Refusal<M, KR>,
{
    fn outcome(self) -> Outcome {
        match self {
            Ok(attempt) => attempt.outcome(),
            Err(refusal) => refusal.outcome(),
        }
    }
}

impl<M, F> Refusal<M, Denial> for Denied<F, Denial>
where
    M: Machine,
    F: Instance,
    F::State: State<Machine = M>,
{
    fn outcome(self) -> Outcome {
        Outcome::Denied(self.denial)
    }
}

impl<M, F> Refusal<M, Infallible> for Denied<F, Infallible>
where
    M: Machine,
    F: Instance,
    F::State: State<Machine = M>,
{
    fn outcome(self) -> Outcome {
        match self.denial {}
    }
}

impl<M: Machine> Refusal<M, Refused> for Refused {
    fn outcome(self) -> Outcome {
        match self {
            Self::Illegal(illegal) => Outcome::Illegal(Some(illegal)),
            Self::Denied(denial) => Outcome::Denied(denial),
        }
    }
}

impl<M: Machine> Refusal<M, Illegal> for Illegal {
    fn outcome(self) -> Outcome {
        Outcome::Illegal(Some(self))
    }
}

/// The machine as it was loaded, given back.
impl<M: Machine> Refusal<M, M> for M::Loaded {
    fn outcome(self) -> Outcome {
        Outcome::Illegal(None)
    }
}
