//! Categories as types, so that the compiler sees which of their ids are taken.

/// A category of event kinds that is declared by name: what [`category!`](crate::category) implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a category of events",
    label = "not a category",
    note = "declare one with `batpak::category!(pub Orders = 0x1);`"
)]
pub trait Category {
    /// Its number.
    const CATEGORY: u8;

    /// Where it is declared.
    #[doc(hidden)]
    const HOME: Home;
}

/// Declares a category of event kinds as a type.
///
/// ```
/// use batpak::prelude::*;
///
/// batpak::category!(
///     /// What happens to orders.
///     pub Orders = 0x1
/// );
///
/// #[derive(Event)]
/// #[event(category = Orders)]
/// enum OrderEvent {
///     #[event(id = 0x001)]
///     Placed { cents: u64 },
/// }
///
/// #[derive(Event)]
/// #[event(category = Orders)]
/// enum RefundEvent {
///     #[event(id = 0x002)]
///     Refunded { cents: u64 },
/// }
/// assert_eq!(RefundEvent::REFUNDED, EventKind::custom(0x1, 0x002));
/// ```
///
/// Two event types of the category's own crate that claim one id are a compile error, `conflicting
/// implementations of trait KindSlot<2> for type Orders`. Event types of other crates may be of the
/// category too; whether their ids differ from all others is what [`catalog!`](crate::catalog) checks.
#[macro_export]
macro_rules! category {
    ($(#[$attribute:meta])* $visibility:vis $name:ident = $number:expr) => {
        $(#[$attribute])*
        #[doc = ::core::concat!("The category ", ::core::stringify!($number), " of event kinds.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {}

        impl $crate::Category for $name {
            const CATEGORY: ::core::primitive::u8 = $crate::expansion::accepted_category($number);
            const HOME: $crate::expansion::Home = $crate::expansion::Home::new(
                ::core::module_path!(),
                ::core::option_env!("CARGO_BIN_NAME"),
            );
        }

        const _: () = if let ::core::option::Option::Some(reason) =
            $crate::expansion::refused_category($number)
        {
            ::core::panic!("{}", reason)
        };
    };
}

/// Why a domain may not use the category, if it may not.
#[must_use]
pub const fn refused_category(number: u8) -> Option<&'static str> {
    match number {
        0x0 => Some("category 0x0 is reserved for the store; use 0x1 to 0xC, 0xE or 0xF"),
        0xD => Some("category 0xD is reserved for the store; use 0x1 to 0xC, 0xE or 0xF"),
        0x10.. => Some("a category has 4 bits; use 0x1 to 0xC, 0xE or 0xF"),
        _ => None,
    }
}

/// The category, or one that stands in for it where it is refused, so that it is so only once.
#[must_use]
pub const fn accepted_category(number: u8) -> u8 {
    match refused_category(number) {
        None => number,
        Some(_) => 0xF,
    }
}

/// That an id of the category `C` is taken: implemented once, by whoever claims it.
///
/// `C` keeps apart what is claimed in two categories, also where the compiler cannot tell claimants of
/// another crate from each other.
pub trait KindSlot<const ID: u16, C = Self> {}

/// Who claims an id: the category `C`, in the crate that declares it, where two claims then
/// conflict. Elsewhere that is not possible, for neither the trait nor `C` would be of the crate: there
/// it is the event type `E`.
pub type Claimant<C, E, const HERE: bool> = <At<HERE> as Claim<C, E>>::By;

/// Whether the category's own crate is being compiled.
#[derive(Debug)]
pub struct At<const HERE: bool>;

/// Chooses between a category and an event type.
pub trait Claim<C, E> {
    /// The one of them that claims.
    type By;
}

impl<C, E> Claim<C, E> for At<true> {
    type By = C;
}

impl<C, E> Claim<C, E> for At<false> {
    type By = E;
}

/// The crate that a line of code is in, as far as that line can know.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    module: &'static str,
    /// Set in binaries: a package's binary may have the name of its library.
    program: Option<&'static str>,
}

impl Home {
    /// That of the line that these are asked on.
    #[must_use]
    pub const fn new(module: &'static str, program: Option<&'static str>) -> Self {
        Self { module, program }
    }

    /// Whether both are the same crate.
    #[must_use]
    pub const fn is(self, other: Self) -> bool {
        let programs = match (self.program, other.program) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        programs && same(self.module, other.module)
    }
}

/// Whether the first segments of two paths are the same.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    loop {
        let a_ends = at == a.len() || a[at] == b':';
        let b_ends = at == b.len() || b[at] == b':';
        if a_ends || b_ends {
            return a_ends && b_ends;
        }
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
}
