//! MAY I?: gates, the policy that is asked once, before a commit, and never on replay.

mod combinators;
mod denial;
mod digest;
mod evaluation;
mod explanation;
mod observed;
mod permit;
mod receipt;
mod set;

use std::sync::Arc;

pub use combinators::{AllOf, AnyOf, Gates, Not, all_of, any_of, not};
pub use denial::{Denial, Verdict};
pub use digest::GateSetDigest;
pub use evaluation::{DryRun, Evaluation};
use explanation::Asking;
pub use explanation::{Answer, Combinator, Explanation};
pub(crate) use observed::Read;
pub use observed::{Asked, Observed};
pub(crate) use permit::PERMIT;
pub use permit::{Bypass, BypassError, DenialRecord, Permit};
pub use receipt::Receipt;
pub use set::GateSet;

/// A policy: it looks at a context and permits, or denies with a code and a reason.
///
/// [`#[gate]`](macro@crate::gate) on a function implements it. A gate only reads. Those that look at
/// the same context are combined by [`all_of`], [`any_of`] and [`not`], and can be kept together in a
/// [`GateSet`](crate::GateSet).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a gate over `{Ctx}`",
    note = "the gate of a function `fn(&T)` under `#[gate]` is a `Gate<T>`, that of `fn(&A, &B)` a `Gate<(&A, &B)>`"
)]
pub trait Gate<Ctx: ?Sized> {
    /// The code that a denial of this gate carries.
    fn code(&self) -> &'static str;

    /// Asks the gate.
    ///
    /// # Errors
    /// The [`Denial`], if it does not permit.
    fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial>;

    /// Asks the gate, and says what it answered, and what those answered that it is made of.
    ///
    /// A gate that panics has denied, with the code [`Denial::GATE_PANICKED`].
    fn explain(&self, ctx: &Ctx) -> Explanation {
        self.ask(Asking::UntilDecided(ctx))
    }

    /// What the gate answers when it is asked like this.
    #[doc(hidden)]
    fn ask(&self, asking: Asking<'_, Ctx>) -> Explanation {
        Explanation::of_gate(self, asking)
    }
}

impl<Ctx: ?Sized, G: Gate<Ctx> + ?Sized> Gate<Ctx> for Box<G> {
    fn code(&self) -> &'static str {
        (**self).code()
    }

    fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        (**self).evaluate(ctx)
    }

    fn ask(&self, asking: Asking<'_, Ctx>) -> Explanation {
        (**self).ask(asking)
    }
}

impl<Ctx: ?Sized, G: Gate<Ctx> + ?Sized> Gate<Ctx> for Arc<G> {
    fn code(&self) -> &'static str {
        (**self).code()
    }

    fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        (**self).evaluate(ctx)
    }

    fn ask(&self, asking: Asking<'_, Ctx>) -> Explanation {
        (**self).ask(asking)
    }
}

/// What a function under `#[gate]` may return: `bool`, [`Verdict`] or `Result<(), Denial>`.
#[diagnostic::on_unimplemented(
    message = "a gate cannot return `{Self}`",
    note = "return `bool`, `Verdict` or `Result<(), Denial>`"
)]
pub trait Decision {
    /// The decision of the gate with this code, whose doc comment or `message` is `message`.
    ///
    /// # Errors
    /// The [`Denial`], if it does not permit.
    fn decide(self, code: &'static str, message: &'static str) -> Result<(), Denial>;
}

impl Decision for bool {
    fn decide(self, code: &'static str, message: &'static str) -> Result<(), Denial> {
        noted(
            code,
            self.then_some(()).ok_or_else(|| Denial::new(code, message)),
        )
    }
}

impl Decision for Verdict {
    fn decide(self, code: &'static str, _: &'static str) -> Result<(), Denial> {
        noted(code, self.into_denial(code).map_or(Ok(()), Err))
    }
}

impl Decision for Result<(), Denial> {
    /// A denial that has no code of its own, such as one of [`ensure!`](crate::ensure), gets the gate's.
    fn decide(self, code: &'static str, _: &'static str) -> Result<(), Denial> {
        noted(code, self.map_err(|denial| denial.or_code(code)))
    }
}

/// The same decision; that the gate with this code permits is noted for who asks it.
fn noted(code: &'static str, decision: Result<(), Denial>) -> Result<(), Denial> {
    if decision.is_ok() {
        observed::passed(code);
    }
    decision
}

/// In a gate that returns [`Verdict`] or `Result<(), Denial>`: denies unless the condition holds.
///
/// The message is a format string with names in its braces; `name = value` pairs after it give it
/// further names, and become the denial's context.
///
/// ```
/// use batpak::{Verdict, ensure};
///
/// fn daily_limit(amount: &u64, limit: &u64) -> Verdict {
///     ensure!(amount <= limit, "{amount} is {over} over the daily limit", over = amount - limit);
///     Verdict::permit()
/// }
/// assert!(daily_limit(&5, &10).is_permit());
/// let denial = daily_limit(&50, &10).into_denial("DAILY_LIMIT").unwrap();
/// assert_eq!(denial.to_string(), "DAILY_LIMIT: 50 is 40 over the daily limit (over = 40)");
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $message:literal $(, $name:ident = $value:expr)* $(,)?) => {
        if !$condition {
            $(let $name = &$value;)*
            return ::core::convert::Into::into(
                $crate::Verdict::deny(::std::format!($message))
                    $(.with(::core::stringify!($name), $name))*
            );
        }
    };
}
