//! MAY I?: gates, the policy that is asked once, before a commit, and never on replay.

mod denial;
mod set;

pub use denial::{Denial, Verdict};
pub use set::GateSet;

/// A policy: it looks at a context and permits, or denies with a code and a reason.
///
/// [`#[gate]`](macro@crate::gate) on a function implements it. A gate only reads. Those that look at
/// the same context can be kept together in a [`GateSet`](crate::GateSet).
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
        if self {
            Ok(())
        } else {
            Err(Denial::new(code, message))
        }
    }
}

impl Decision for Verdict {
    fn decide(self, code: &'static str, _: &'static str) -> Result<(), Denial> {
        self.into_denial(code).map_or(Ok(()), Err)
    }
}

impl Decision for Result<(), Denial> {
    /// A denial that has no code of its own, such as one of [`ensure!`](crate::ensure), gets the gate's.
    fn decide(self, code: &'static str, _: &'static str) -> Result<(), Denial> {
        self.map_err(|denial| denial.or_code(code))
    }
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
