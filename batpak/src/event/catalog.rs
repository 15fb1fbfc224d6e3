//! All kinds of several event types side by side.

use super::{EventKind, EventPayload, KindEntry};

/// Checks that no two event types, of whatever crates, use one kind.
///
/// ```
/// # use batpak::prelude::*;
/// # #[derive(Event)]
/// # #[event(category = 0x1)]
/// # enum OrderEvent {
/// #     #[event(id = 0x001)]
/// #     Placed { cents: u64 },
/// # }
/// # mod billing {
/// #     #[derive(batpak::Event)]
/// #     #[event(category = 0x2)]
/// #     pub enum BillingEvent {
/// #         #[event(id = 0x001)]
/// #         Billed { cents: u64 },
/// #     }
/// # }
/// batpak::catalog!(OrderEvent, billing::BillingEvent);
/// ```
///
/// With a name, it is also a constant: the entries of all tables, in the order of the types.
///
/// ```
/// # use batpak::prelude::*;
/// # #[derive(Event)]
/// # #[event(category = 0x1)]
/// # enum OrderEvent {
/// #     #[event(id = 0x001)]
/// #     Placed { cents: u64 },
/// # }
/// # #[derive(Event)]
/// # #[event(category = 0x2, id = 0x001)]
/// # struct Billed { cents: u64 }
/// batpak::catalog!(
///     /// All that is recorded.
///     pub EVENTS = OrderEvent, Billed
/// );
/// assert_eq!(EVENTS[1].name, "Billed");
/// ```
///
/// Two types with a kind in common are a compile error here, and so is a type that uses a kind that
/// another one has reserved.
#[macro_export]
macro_rules! catalog {
    ($(#[$attribute:meta])* $visibility:vis $name:ident = $($event:ty),+ $(,)?) => {
        $(#[$attribute])*
        #[doc = ::core::concat!("The kinds of", $(" `", ::core::stringify!($event), "`",)+ ".")]
        $visibility const $name: &'static [$crate::KindEntry] = &$crate::expansion::entries::<
            { 0 $(+ <$event as $crate::EventPayload>::TABLE.len())+ },
        >(&[$(<$event as $crate::EventPayload>::TABLE),+]);

        $crate::catalog!($($event),+);
    };
    ($($event:ty),+ $(,)?) => {
        const _: () = if let ::core::option::Option::Some(clash) = $crate::expansion::clash(&[
            $($crate::expansion::Kinds::of::<$event>(::core::stringify!($event))),+
        ]) {
            ::core::panic!("{}", clash.as_str())
        };
    };
}

/// The kinds of one event type.
#[derive(Debug, Clone, Copy)]
pub struct Kinds {
    owner: &'static str,
    table: &'static [KindEntry],
    retired: &'static [(EventKind, EventKind)],
}

impl Kinds {
    /// Those of `E`, which is called `owner`.
    #[must_use]
    pub const fn of<E: EventPayload>(owner: &'static str) -> Self {
        Self {
            owner,
            table: E::TABLE,
            retired: E::RETIRED,
        }
    }
}

/// The entries of all `tables`, which are `N` together.
///
/// # Panics
/// If they are not.
#[must_use]
pub const fn entries<const N: usize>(tables: &[&[KindEntry]]) -> [KindEntry; N] {
    let mut all = [KindEntry::new(EventKind::from_raw(0), "", 1, &[], 0); N];
    let (mut filled, mut at) = (0, 0);
    while at < tables.len() {
        let mut line = 0;
        while line < tables[at].len() {
            all[filled] = tables[at][line];
            filled += 1;
            line += 1;
        }
        at += 1;
    }
    assert!(filled == N, "the tables have other lengths");
    all
}

/// The first kind that is claimed twice, said in a sentence.
#[must_use]
pub const fn clash(types: &[Kinds]) -> Option<Clash> {
    let mut at = 0;
    while at < types.len() {
        let mut line = 0;
        while line < types[at].table.len() {
            if let Some(clash) = clash_of(types, at, line) {
                return Some(clash);
            }
            line += 1;
        }
        at += 1;
    }
    None
}

/// Who else claims the kind on one line of one type's table, or has reserved it.
const fn clash_of(types: &[Kinds], at: usize, line: usize) -> Option<Clash> {
    let (own, entry) = (types[at], types[at].table[line]);
    let kind = entry.kind.raw();
    let mut other = 0;
    while other < types.len() {
        let Kinds { owner, table, .. } = types[other];
        let mut theirs = 0;
        while other < at && theirs < table.len() {
            if table[theirs].kind.raw() == kind {
                let clash = Clash::new().text("event kind ").kind(entry.kind);
                return Some(
                    clash
                        .text(" is claimed by both `")
                        .event(owner, table[theirs].declared)
                        .text("` and `")
                        .event(own.owner, entry.declared)
                        .text("`: give one of them another id"),
                );
            }
            theirs += 1;
        }
        if other != at && is_within(types[other].retired, kind) {
            let clash = Clash::new().text("event kind ").kind(entry.kind);
            return Some(
                clash
                    .text(" of `")
                    .event(own.owner, entry.declared)
                    .text("` is reserved by `")
                    .text(owner)
                    .text("`: give it another id"),
            );
        }
        other += 1;
    }
    None
}

/// Whether a kind is in one of the ranges.
const fn is_within(ranges: &[(EventKind, EventKind)], kind: u16) -> bool {
    let mut range = 0;
    while range < ranges.len() {
        let (first, last) = ranges[range];
        if first.raw() <= kind && kind <= last.raw() {
            return true;
        }
        range += 1;
    }
    false
}

/// A sentence that is put together while the program compiles.
#[derive(Debug, Clone, Copy)]
pub struct Clash {
    bytes: [u8; 512],
    len: usize,
}

impl Clash {
    const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    /// Adds a text; what is too much is left out.
    const fn text(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
        self
    }

    const fn kind(self, kind: EventKind) -> Self {
        let mut digits = *b"0x0000";
        let mut at = 0;
        while at < 4 {
            let digit = (kind.raw() >> (12 - 4 * at)) & 0xF;
            digits[2 + at] = b"0123456789ABCDEF"[digit as usize];
            at += 1;
        }
        match core::str::from_utf8(&digits) {
            Ok(digits) => self.text(digits),
            Err(_) => self,
        }
    }

    /// `OrderEvent::Paid`, or `Paid` for an event that is a struct.
    const fn event(self, owner: &str, name: &str) -> Self {
        if ends_with(owner.as_bytes(), name.as_bytes()) {
            self.text(owner)
        } else {
            self.text(owner).text("::").text(name)
        }
    }

    /// The sentence.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // Cut in the middle of a character.
            Err(_) => "an event kind is claimed twice",
        }
    }
}

/// Whether the last segment of the path `owner` is `name`.
const fn ends_with(owner: &[u8], name: &[u8]) -> bool {
    if name.len() > owner.len() {
        return false;
    }
    let start = owner.len() - name.len();
    let mut at = 0;
    while at < name.len() {
        if owner[start + at] != name[at] {
            return false;
        }
        at += 1;
    }
    // `:: Paid` and `::Paid` are the same path.
    start == 0 || matches!(owner[start - 1], b':' | b' ')
}
