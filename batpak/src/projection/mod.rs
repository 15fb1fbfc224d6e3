//! Read models: a value that events are folded into.

mod as_of;
pub(crate) mod cache;
mod handled;
mod snapshot;

pub use as_of::AsOf;
pub use cache::{CacheError, ProjectionCache};
pub use handled::Handled;
pub use snapshot::{Kept, Snapshot};

use std::error::Error;

use crate::event::{DecodeError, EncodeError, EventKind, RawEvent, Region};
use crate::typestate::Illegal;

/// A read model: what `#[projection]` implements from handlers that name their events.
///
/// ```
/// use batpak::prelude::*;
///
/// #[derive(Event, Debug)]
/// #[event(category = 0x1)]
/// pub enum Till {
///     #[event(id = 0x001)]
///     Sold { cents: u64 },
///     #[event(id = 0x002)]
///     Emptied,
/// }
///
/// /// What has been sold, ever.
/// #[derive(Debug, Default)]
/// struct Revenue {
///     cents: u64,
/// }
///
/// #[projection(version = 1)]
/// impl Revenue {
///     #[on(Till::Sold)]
///     fn sold(&mut self, cents: &u64) {
///         self.cents += cents;
///     }
/// }
/// assert_eq!(Revenue::KINDS, [Till::SOLD]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    note = "add `#[projection(version = 1)]` to an `impl {Self}` with `#[on(..)]` methods"
)]
pub trait Projection: Default {
    /// The kinds of events that are folded. Events of others are not even decoded, and not read where the
    /// index can tell of them for less.
    const KINDS: &'static [EventKind];

    /// The category whose kinds are all given to [`Self::apply`], so that one which is not among
    /// [`Self::KINDS`] can be an error: that of a machine. `None` says that only these kinds are.
    const CATEGORY: Option<u8> = None;

    /// To be raised by whoever changes what the fold computes: states that were kept under another version
    /// are not taken for current ones. `#[projection]` without it says 1.
    const VERSION: u32;

    /// What tells it from all others whose states are kept in the same place. `#[projection]` gives the
    /// module and the type.
    const NAME: &'static str;

    /// What the code of the fold says, as a number. `#[projection]` makes it of the handlers, so that it
    /// changes with them; 0 says that [`Self::VERSION`] alone tells of changes.
    const CODE: u64 = 0;

    /// What the fold is made of, as a number: states that were kept under another one are not taken for
    /// current ones. It follows from [`Self::CODE`] and [`Self::KINDS`], and is not to be written by hand.
    const FINGERPRINT: u64 = fingerprint(Self::CODE, Self::KINDS);

    /// Takes the next event. It is called only with kinds that it [reads](Self::reads).
    ///
    /// # Errors
    /// [`FoldError`] if the event cannot be taken; the state is then not to be used any more.
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<(), FoldError>;

    /// Whether events of this kind are given to [`Self::apply`]. It follows from [`Self::KINDS`] and
    /// [`Self::CATEGORY`], and is not to be written by hand.
    #[must_use]
    fn reads(kind: EventKind) -> bool {
        match Self::CATEGORY {
            Some(category) => kind.category() == category,
            None => Self::KINDS.contains(&kind),
        }
    }

    /// The events of the region that are given to [`Self::apply`]: for [`Store::explain`](crate::Store::explain),
    /// to see how a fold reads. It follows from the same, and is not to be written by hand.
    #[must_use]
    fn narrow(region: Region) -> Region {
        match Self::CATEGORY {
            Some(category) => region.category(category),
            None => region.kinds(Self::KINDS.iter().copied()),
        }
    }

    /// The state as bytes to be kept, or `None` if it may not be, which is the default.
    /// `#[projection(snapshot)]` says that it may.
    ///
    /// # Errors
    /// [`EncodeError`] if it may be, but its `Serialize` fails.
    fn save(&self) -> Option<Result<Vec<u8>, EncodeError>> {
        None
    }

    /// The state that [`Self::save`] gave the bytes of, or `None` if they are not of a state of this type.
    #[must_use]
    fn restore(_bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// The number of a fold whose code and kinds are these: FNV-1a goes on from the code.
const fn fingerprint(code: u64, kinds: &[EventKind]) -> u64 {
    let (mut print, mut i) = (code, 0);
    while i < kinds.len() {
        print = (print ^ kinds[i].raw() as u64).wrapping_mul(0x0100_0000_01B3);
        i += 1;
    }
    print
}

/// A fold over decoded events of type `E`, which needs no header: what a machine's shared data is.
///
/// `#[projection]` implements it for each event enum whose handlers take event fields only, and return
/// nothing: a machine has checked its events by then, and there is no place to name in an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the shared data of a machine over `{E}`",
    note = "add `#[projection]` to an `impl {Self}`, with handlers of `{E}` that take no `&EventMeta` and return nothing"
)]
pub trait Fold<E> {
    /// As [`Projection::CODE`], of the version too.
    const CODE: u64 = 0;

    /// Takes the next event.
    fn fold(&mut self, event: &E);
}

/// No data: it takes every event and remembers nothing.
impl<E> Fold<E> for () {
    fn fold(&mut self, _: &E) {}
}

/// Why an event could not be folded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The event does not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A handler refused it.
    #[error(transparent)]
    Refused(Box<dyn Error + Send + Sync>),
    /// The machine's table has no transition for it.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// A kind of the machine's category that its table does not know, as written by newer code.
    #[error(
        "kind {kind} is of the category of `{machine}`, which does not know it; update this program"
    )]
    UnknownKind {
        /// The kind.
        kind: EventKind,
        /// The machine.
        machine: &'static str,
    },
}
