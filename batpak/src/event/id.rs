use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of one event, unique in the world: a UUID.
///
/// Ids that the store mints are of version 7 (RFC 9562), so that they sort by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// The latest time that an id can have, in the year 10889: there are 48 bits for its milliseconds.
    pub(crate) const MAX_TIME_US: u64 = ((1 << 48) - 1) * 1_000;

    /// An id of its own, for an event that is to be given one: a random UUID (RFC 9562, version 4).
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id that this name has in a namespace, everywhere and always the same: a UUID of version 5 (RFC 9562).
    ///
    /// So what is asked for twice under one name, such as a request's own id, can be appended twice and
    /// is there once. A namespace is any id, chosen once.
    ///
    /// ```
    /// use batpak::EventId;
    ///
    /// const ORDERS: EventId = EventId::from_u128(0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8);
    /// assert_eq!(EventId::named(ORDERS, "42"), EventId::named(ORDERS, "42"));
    /// assert_ne!(EventId::named(ORDERS, "42"), EventId::named(ORDERS, "43"));
    /// ```
    #[must_use]
    pub fn named(namespace: Self, name: impl AsRef<[u8]>) -> Self {
        Self(Uuid::new_v5(&namespace.0, name.as_ref()))
    }

    /// The id with these 128 bits, the most significant first.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }

    /// The id's 128 bits.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0.as_u128()
    }

    /// The id's bytes in network order, as the log stores them.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// The id with these bytes in network order.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| EventIdError)
    }
}

/// The name of one store, unique in the world, given to it when it is created.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId([u8; 16]);

impl StoreId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The id's bytes, as the segments have them.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl FromStr for StoreId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        let id = Uuid::try_parse(text).map_err(|_| EventIdError)?;
        Ok(Self(id.into_bytes()))
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreId({self})")
    }
}

/// A text that is not an [`EventId`] or a [`StoreId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id; expected a UUID such as 018f2f6e-7c3a-7d2e-9a51-3f2c8b1d0e4f")]
pub struct EventIdError;

/// Whether an id has the form of those that a mint gives out, which sort by time: of version 7, in the variant of RFC 9562.
pub(crate) fn sorts_by_time(id: EventId) -> bool {
    let bits = id.as_u128();
    (bits >> 76) & 0xF == 0x7 && (bits >> 62) & 0b11 == 0b10
}

/// Mints version-7 ids, each greater than the one before.
///
/// Within a millisecond the 74 bits below the time count up from a random start (RFC 9562, section
/// 6.2, method 2), so an id minted under a clock that never goes back is never minted twice.
pub(crate) struct IdMint {
    time_ms: u64,
    count: u128,
}

const COUNT_BITS: u32 = 74;

impl IdMint {
    /// A mint that goes on in a log whose last event has this id and this time.
    pub(crate) fn after(last: EventId, time_us: u64, random: u128) -> Self {
        /// How far ahead of its event's time an id may be that a mint gave out.
        const AHEAD_MS: u64 = 60_000;
        let time_ms = time_us / 1_000;
        let id_ms = (last.as_u128() >> 80) as u64;
        let is_minted = sorts_by_time(last) && id_ms <= time_ms + AHEAD_MS;
        // A millisecond of its own, for ids behind `last` may have been given out and then lost.
        Self {
            time_ms: time_ms.max(if is_minted { id_ms } else { 0 }) + 1,
            count: start(random),
        }
    }

    /// Goes on behind an id that a caller gave, if counting up would come to it: in the millisecond of any other, the
    /// mint starts at random.
    pub(crate) fn pass(&mut self, given: EventId) {
        let bits = given.as_u128();
        if sorts_by_time(given) && (bits >> 80) as u64 == self.time_ms {
            let count = (bits >> 64 & 0xFFF) << 62 | bits & ((1 << 62) - 1);
            self.count = self.count.max(count);
        }
    }

    /// The next id for an event committed at `time_us`, microseconds since 1970.
    pub(crate) fn mint(&mut self, time_us: u64, random: impl FnOnce() -> u128) -> EventId {
        let time_ms = (time_us / 1_000).max(self.time_ms);
        if time_ms > self.time_ms {
            self.time_ms = time_ms;
            self.count = start(random());
        } else {
            self.count += 1;
            if self.count >> COUNT_BITS != 0 {
                self.time_ms += 1;
                self.count = start(random());
            }
        }
        let below_time = {
            // The version takes four bits after the top 12 of the count, the variant two more.
            let top = self.count >> 62;
            let low = self.count & ((1 << 62) - 1);
            (0x7 << 76) | (top << 64) | (0b10 << 62) | low
        };
        EventId::from_u128((u128::from(self.time_ms) << 80) | below_time)
    }
}

/// A random count whose top bit is clear, so that it can be counted up for long.
fn start(random: u128) -> u128 {
    // A version-4 UUID has six fixed bits; folding the halves leaves none of them predictable.
    (random ^ (random >> 61)) & ((1 << (COUNT_BITS - 1)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random() -> u128 {
        Uuid::new_v4().as_u128()
    }

    #[test]
    fn a_new_mint_goes_on_where_the_last_one_was_whatever_the_clock_says() {
        let mut last = IdMint::after(EventId::from_u128(0), 0, random()).mint(9_000_000, random);
        for _ in 0..1_000 {
            let id = IdMint::after(last, 9_000_000, random()).mint(8_999_000, random);
            assert!(id > last, "{id} does not follow {last}");
            last = id;
        }
    }

    #[test]
    fn an_id_that_a_caller_chose_does_not_lead_a_mint_away_from_the_time() {
        let time_us = 1_700_000_000_000_000;
        for chosen in [u128::MAX, 0xFFFF_FFFF_FFFF_7FFF_BFFF_FFFF_FFFF_FFFF, 0] {
            let chosen = EventId::from_u128(chosen);
            let id = IdMint::after(chosen, time_us, random()).mint(time_us, random);
            assert_eq!((id.as_u128() >> 80) as u64, time_us / 1_000 + 1);
        }
    }

    #[test]
    fn minted_ids_are_version_7_and_rise_even_when_the_clock_does_not() {
        let mut mint = IdMint::after(EventId::from_u128(0), 0, random());
        let mut last = EventId::from_u128(0);
        for time_us in [5_000_000, 5_000_000, 5_000_999, 4_000_000, 6_000_000] {
            for _ in 0..1_000 {
                let id = mint.mint(time_us, random);
                assert!(id > last, "{id} does not follow {last}");
                assert_eq!(Uuid::from_bytes(id.to_bytes()).get_version_num(), 7);
                assert_eq!(id.as_u128() >> 62 & 0b11, 0b10, "variant of {id}");
                last = id;
            }
        }
        assert_eq!(last.as_u128() >> 80, 6_000);
    }

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id =
            IdMint::after(EventId::from_u128(0), 0, random()).mint(1_700_000_000_000_000, random);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("nonsense".parse::<EventId>(), Err(EventIdError));
    }
}
