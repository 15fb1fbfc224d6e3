//! What is appended: the same events for every subject.

use std::sync::LazyLock;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// How many different payloads there are; a multiple of [`KINDS`].
pub(crate) const SAMPLES: usize = 1_024;
/// How many kinds of events there are.
pub(crate) const KINDS: usize = 8;
/// How many scopes there are.
pub(crate) const SCOPES: usize = 10;

/// The names under which a subject that has names for kinds stores them.
pub(crate) const KIND_NAMES: [&str; KINDS] = [
    "Opened", "Renamed", "Tagged", "Moved", "Measured", "Noted", "Shared", "Closed",
];

/// An event's payload: about 205 bytes as msgpack with field names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Payload {
    /// A number that takes nine bytes.
    pub(crate) x: i64,
    /// Another one.
    pub(crate) y: i64,
    /// 16 characters.
    pub(crate) name: String,
    /// Three times 8 characters.
    pub(crate) tags: Vec<String>,
    /// 120 characters.
    pub(crate) body: String,
}

/// All payloads, made before anything is measured.
pub(crate) static PAYLOADS: LazyLock<Vec<Payload>> =
    LazyLock::new(|| (0..SAMPLES as u64).map(payload).collect());

fn payload(sample: u64) -> Payload {
    let mut random = Random::new(sample);
    Payload {
        x: i64::MIN + sample as i64,
        y: i64::MAX - sample as i64,
        name: random.text(16),
        tags: (0..3).map(|_| random.text(8)).collect(),
        body: random.text(120),
    }
}

/// One event to append.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Unique in a store.
    pub(crate) number: u64,
    /// Which entity it is about.
    pub(crate) entity: usize,
    /// Which of [`PAYLOADS`] it has.
    pub(crate) sample: usize,
}

impl Item {
    /// The event with this number among those of one writer, entities and kinds taking turns. Every 40
    /// events the kinds take one step more, so that each entity and each scope has events of all kinds.
    pub(crate) fn nth(number: u64, entities: usize) -> Self {
        Self {
            number,
            entity: (number % entities as u64) as usize,
            sample: ((number + number / 40) % SAMPLES as u64) as usize,
        }
    }

    /// The same for one of several writers at once: their numbers do not meet.
    pub(crate) fn of_writer(writer: usize, number: u64, entities: usize) -> Self {
        Self {
            number: (writer as u64) << 32 | number,
            ..Self::nth(number + 17 * writer as u64, entities)
        }
    }

    /// Its payload.
    pub(crate) fn payload(self) -> &'static Payload {
        &PAYLOADS[self.sample]
    }

    /// Its kind, from 0.
    pub(crate) fn kind(self) -> usize {
        self.sample % KINDS
    }

    /// Its scope, from 0.
    pub(crate) fn scope(self) -> usize {
        scope_of(self.entity)
    }

    /// Its id, where the subject does not mint its own: as a UUID of version 7, it rises with the number.
    pub(crate) fn id(self) -> u128 {
        let time_ms = 1_700_000_000_000 + u128::from(self.number / 256);
        let counter = u128::from(self.number % 256);
        let random = u128::from(Random::new(self.number).next());
        time_ms << 80 | (0x7000 | counter) << 64 | random >> 2 | 1 << 63
    }

    /// Checks that this is what was read back for it.
    pub(crate) fn check(self, read: &Payload) -> Result<()> {
        let expected = self.payload();
        ensure!(
            read.x == expected.x && read.body.len() == expected.body.len(),
            "event {} came back as another: {read:?}",
            self.number
        );
        Ok(())
    }
}

/// The scope that an entity is in.
pub(crate) fn scope_of(entity: usize) -> usize {
    entity % SCOPES
}

/// The name of an entity.
pub(crate) fn entity_name(entity: usize) -> String {
    format!("entity:{entity:07}")
}

/// The name of a scope.
pub(crate) fn scope_name(scope: usize) -> String {
    format!("scope:{scope}")
}

/// The payload as every subject stores it that has no codec of its own.
pub(crate) fn encode<'a>(payload: &Payload, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    buffer.clear();
    payload.serialize(&mut rmp_serde::Serializer::new(&mut *buffer).with_struct_map())?;
    Ok(buffer)
}

/// Reads [`encode`]'s bytes back.
pub(crate) fn decode(bytes: &[u8]) -> Result<Payload> {
    Ok(rmp_serde::from_slice(bytes)?)
}

/// A generator of numbers without pattern (SplitMix64), the same at every run.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The generator that begins with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// The next number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn text(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz 01234";
        let letter = |number: u64| char::from(LETTERS[(number % 32) as usize]);
        (0..length).map(|_| letter(self.next())).collect()
    }
}
