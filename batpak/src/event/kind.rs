use std::fmt;

use serde::{Deserialize, Serialize};

/// What happened: a 4-bit category and a 12-bit type id.
///
/// Categories `0x0` and `0xD` are the library's own; a domain uses the others. A kind is written to
/// the log, so an id once used is never given another meaning.
///
/// ```
/// use batpak::EventKind;
///
/// const PLACED: EventKind = EventKind::custom(0x1, 0x002);
/// assert_eq!((PLACED.category(), PLACED.id()), (0x1, 0x002));
/// assert_eq!(PLACED.to_string(), "0x1002");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKind(u16);

impl EventKind {
    /// That a reactor has come to a position.
    pub(crate) const REACTOR_POSITION: Self = Self(0xD001);

    /// A denial that was recorded.
    pub(crate) const DENIED: Self = Self(0xD002);

    /// The largest type id.
    pub const MAX_ID: u16 = 0xFFF;

    /// The kind with this category and type id. In a constant, a bad one is a compile error.
    ///
    /// # Panics
    /// If the category is the library's (`0x0`, `0xD`) or above `0xF`, or the id above
    /// [`Self::MAX_ID`]. [`Self::try_custom`] returns `None` instead.
    #[must_use]
    pub const fn custom(category: u8, id: u16) -> Self {
        match Self::try_custom(category, id) {
            Some(kind) => kind,
            None => panic!(
                "a kind has a category of 0x1 to 0xC, 0xE or 0xF, and an id of at most 0xFFF"
            ),
        }
    }

    /// The kind with this category and type id, or `None` where [`Self::custom`] would panic.
    #[must_use]
    pub const fn try_custom(category: u8, id: u16) -> Option<Self> {
        let kind = Self(((category as u16) << 12) | (id & Self::MAX_ID));
        if category > 0xF || id > Self::MAX_ID || kind.is_reserved() {
            None
        } else {
            Some(kind)
        }
    }

    /// The kind with these 16 bits, the category highest, as [`Self::raw`] gives them.
    #[must_use]
    pub const fn from_raw(raw: u16) -> Self {
        Self(raw)
    }

    /// All 16 bits: the category, then the id.
    #[must_use]
    pub const fn raw(self) -> u16 {
        self.0
    }

    /// The category, `0x0` to `0xF`.
    #[must_use]
    pub const fn category(self) -> u8 {
        (self.0 >> 12) as u8
    }

    /// The type id within the category, `0x000` to `0xFFF`.
    #[must_use]
    pub const fn id(self) -> u16 {
        self.0 & Self::MAX_ID
    }

    /// Whether the category is one of the library's own, which no domain event may use.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        matches!(self.category(), 0x0 | 0xD)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventKind({self})")
    }
}
