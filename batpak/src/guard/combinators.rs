use std::borrow::Cow;

use super::explanation::{Answer, Asking, Combinator, Explanation};
use super::{Denial, Gate};

/// Gates over one context, as [`all_of`] and [`any_of`] take them: a tuple of up to twelve, an array, or
/// a `Vec`, say of `Box<dyn Gate<Ctx> + Send + Sync>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of gates over `{Ctx}`",
    note = "give a tuple of up to twelve gates, an array or a `Vec`"
)]
pub trait Gates<Ctx: ?Sized> {
    /// Shows each gate, in order.
    fn each(&self, visit: &mut dyn FnMut(&dyn Gate<Ctx>));
}

impl<Ctx: ?Sized, G: Gate<Ctx>> Gates<Ctx> for [G] {
    fn each(&self, visit: &mut dyn FnMut(&dyn Gate<Ctx>)) {
        self.iter().for_each(|gate| visit(gate));
    }
}

impl<Ctx: ?Sized, G: Gate<Ctx>, const N: usize> Gates<Ctx> for [G; N] {
    fn each(&self, visit: &mut dyn FnMut(&dyn Gate<Ctx>)) {
        self.as_slice().each(visit);
    }
}

impl<Ctx: ?Sized, G: Gate<Ctx>> Gates<Ctx> for Vec<G> {
    fn each(&self, visit: &mut dyn FnMut(&dyn Gate<Ctx>)) {
        self.as_slice().each(visit);
    }
}

macro_rules! tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<Ctx: ?Sized, $first: Gate<Ctx>, $($rest: Gate<Ctx>),*> Gates<Ctx> for ($first, $($rest,)*) {
            #[allow(non_snake_case)]
            fn each(&self, visit: &mut dyn FnMut(&dyn Gate<Ctx>)) {
                let ($first, $($rest,)*) = self;
                visit($first);
                $(visit($rest);)*
            }
        }
        tuples!($($rest)*);
    };
}

tuples!(A B C D E F G H I J K L);

/// A gate that permits if all of these do; its denials carry this code.
///
/// They are asked in order until one denies, or with [`AllOf::ask_all`] all of them. Those that deny are
/// the [causes](Denial::causes) of its denial.
///
/// ```
/// use batpak::prelude::*;
///
/// struct Parcel {
///     grams: u32,
///     street: String,
/// }
///
/// /// It weighs nothing.
/// #[gate]
/// fn weighed(parcel: &Parcel) -> bool {
///     parcel.grams > 0
/// }
///
/// /// It is addressed to nobody.
/// #[gate]
/// fn addressed(parcel: &Parcel) -> bool {
///     !parcel.street.is_empty()
/// }
///
/// let ready = all_of("READY", (weighed::Gate, addressed::Gate))
///     .message("it cannot be posted yet")
///     .ask_all();
/// let denial = ready.evaluate(&Parcel { grams: 0, street: String::new() }).unwrap_err();
/// assert_eq!(
///     denial.to_string(),
///     "READY: it cannot be posted yet [WEIGHED: It weighs nothing., ADDRESSED: It is addressed to nobody.]"
/// );
/// ```
///
/// Without gates it permits. If the one that decides panics, the denial is that of the
/// [panic](Denial::GATE_PANICKED).
pub const fn all_of<G>(code: &'static str, gates: G) -> AllOf<G> {
    AllOf {
        code,
        message: Cow::Borrowed("not all of these permit"),
        gates,
        ask_all: false,
    }
}

/// A gate that permits if one of these does; its denials carry this code.
///
/// They are asked in order until one permits. If none does, their denials are the
/// [causes](Denial::causes) of its denial.
///
/// ```
/// use batpak::prelude::*;
///
/// #[gate(message = "it is too much")]
/// fn small(cents: &u64) -> bool {
///     *cents < 10_000
/// }
///
/// #[gate(message = "it is not round")]
/// fn round(cents: &u64) -> bool {
///     cents % 1_000 == 0
/// }
///
/// let plausible = any_of("PLAUSIBLE", (small::Gate, round::Gate)).message("it looks wrong");
/// assert!(plausible.evaluate(&9_999).is_ok());
/// assert!(plausible.evaluate(&20_000).is_ok());
/// let denial = plausible.evaluate(&20_001).unwrap_err();
/// assert_eq!(
///     denial.to_string(),
///     "PLAUSIBLE: it looks wrong [SMALL: it is too much, ROUND: it is not round]"
/// );
/// ```
///
/// Without gates it denies. If none permits and one panics, the denial is that of the
/// [panic](Denial::GATE_PANICKED).
pub const fn any_of<G>(code: &'static str, gates: G) -> AnyOf<G> {
    AnyOf {
        code,
        message: Cow::Borrowed("none of these permits"),
        gates,
    }
}

/// A gate that permits if this one denies; its denials carry this code.
///
/// ```
/// use batpak::prelude::*;
///
/// #[gate(message = "it is an ordinary day")]
/// fn holiday(day: &str) -> bool {
///     day == "sunday"
/// }
///
/// let open = not("CLOSED", holiday::Gate).message("come back tomorrow");
/// assert!(open.evaluate("monday").is_ok());
/// let denial = open.evaluate("sunday").unwrap_err();
/// assert_eq!(denial.to_string(), "CLOSED: come back tomorrow (gate = HOLIDAY)");
/// ```
///
/// If the gate panics, this one denies as well, with the denial of the [panic](Denial::GATE_PANICKED): a
/// panic is never a permit.
pub const fn not<G>(code: &'static str, gate: G) -> Not<G> {
    Not {
        code,
        message: Cow::Borrowed("what must not hold does"),
        gate,
    }
}

/// A gate that permits if all of its gates do: see [`all_of`].
#[derive(Debug, Clone)]
#[must_use = "a gate that nobody asks denies nothing"]
pub struct AllOf<G> {
    code: &'static str,
    message: Cow<'static, str>,
    gates: G,
    ask_all: bool,
}

impl<G> AllOf<G> {
    /// The message that its denials carry.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Asks all of its gates, even if one has denied: its denial then has all of theirs as causes.
    pub fn ask_all(mut self) -> Self {
        self.ask_all = true;
        self
    }
}

impl<Ctx: ?Sized, G: Gates<Ctx>> Gate<Ctx> for AllOf<G> {
    fn code(&self) -> &'static str {
        self.code
    }

    fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        self.explain(ctx).into_result()
    }

    fn ask(&self, asking: Asking<'_, Ctx>) -> Explanation {
        let parts = if self.ask_all {
            asking.each(&self.gates, |_| false)
        } else {
            asking.each(&self.gates, Explanation::is_denied)
        };
        let answer = if matches!(asking, Asking::Nothing) {
            Answer::NotAsked
        } else {
            match parts.iter().find_map(Explanation::denial) {
                None => Answer::Permitted,
                Some(first) if first.is_panic() => Answer::Denied(first.clone()),
                Some(_) => denied(self.code, self.message.clone(), &parts),
            }
        };
        Explanation::of_parts(self.code, Combinator::AllOf, answer, parts)
    }
}

/// A gate that permits if one of its gates does: see [`any_of`].
#[derive(Debug, Clone)]
#[must_use = "a gate that nobody asks denies nothing"]
pub struct AnyOf<G> {
    code: &'static str,
    message: Cow<'static, str>,
    gates: G,
}

impl<G> AnyOf<G> {
    /// The message that its denials carry.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }
}

impl<Ctx: ?Sized, G: Gates<Ctx>> Gate<Ctx> for AnyOf<G> {
    fn code(&self) -> &'static str {
        self.code
    }

    fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        self.explain(ctx).into_result()
    }

    fn ask(&self, asking: Asking<'_, Ctx>) -> Explanation {
        let parts = asking.each(&self.gates, Explanation::is_permitted);
        let answer = if matches!(asking, Asking::Nothing) {
            Answer::NotAsked
        } else if parts.iter().any(Explanation::is_permitted) {
            Answer::Permitted
        } else {
            let mut denials = parts.iter().filter_map(Explanation::denial);
            match denials.find(|denial| denial.is_panic()) {
                Some(panic) => Answer::Denied(panic.clone()),
                None => denied(self.code, self.message.clone(), &parts),
            }
        };
        Explanation::of_parts(self.code, Combinator::AnyOf, answer, parts)
    }
}

/// A gate that permits if its gate denies: see [`not`].
#[derive(Debug, Clone)]
#[must_use = "a gate that nobody asks denies nothing"]
pub struct Not<G> {
    code: &'static str,
    message: Cow<'static, str>,
    gate: G,
}

impl<G> Not<G> {
    /// The message that its denials carry.
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }
}

impl<Ctx: ?Sized, G: Gate<Ctx>> Gate<Ctx> for Not<G> {
    fn code(&self) -> &'static str {
        self.code
    }

    fn evaluate(&self, ctx: &Ctx) -> Result<(), Denial> {
        self.explain(ctx).into_result()
    }

    fn ask(&self, asking: Asking<'_, Ctx>) -> Explanation {
        let part = self.gate.ask(asking);
        let answer = match part.answer() {
            Answer::NotAsked => Answer::NotAsked,
            Answer::Denied(denial) if denial.is_panic() => Answer::Denied(denial.clone()),
            Answer::Denied(_) => Answer::Permitted,
            Answer::Permitted => {
                let denial = Denial::new(self.code, self.message.clone());
                Answer::Denied(denial.with("gate", part.code()))
            }
        };
        Explanation::of_parts(self.code, Combinator::Not, answer, vec![part])
    }
}

/// A denial that comes of those of the parts.
fn denied(code: &'static str, message: Cow<'static, str>, parts: &[Explanation]) -> Answer {
    let causes = parts.iter().filter_map(Explanation::denial).cloned();
    Answer::Denied(Denial::new(code, message).because_of(causes))
}
