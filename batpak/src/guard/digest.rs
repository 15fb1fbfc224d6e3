use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_128;

use super::explanation::{Combinator, Explanation};

/// By which set of gates something was decided: a fingerprint of its name, of the codes of its gates and
/// of how they are combined, in order.
///
/// It is the same in every run, build and version of batpak. Messages do not count. What the functions of the gates
/// do it cannot see: who changes that and keeps the code says so in the set's
/// [name](crate::GateSet::named). 16 bytes of XXH3 tell sets apart that are made in good faith; they
/// prove nothing.
///
/// ```
/// use batpak::prelude::*;
///
/// #[gate(message = "it is closed")]
/// fn open(hour: &u8) -> bool {
///     (9..18).contains(hour)
/// }
///
/// let digest = GateSet::named("opening hours").with(open::Gate).digest();
/// assert_eq!(GateSet::named("opening hours").with(open::Gate).digest(), digest);
/// assert_ne!(GateSet::named("opening hours/2").with(open::Gate).digest(), digest);
/// assert_ne!(GateSet::named("opening hours").with(not("OPEN", open::Gate)).digest(), digest);
/// assert_eq!(digest.to_string().len(), 32);
/// ```
///
/// It displays as 32 hexadecimal digits, and is that text in serde.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GateSetDigest([u8; 16]);

impl GateSetDigest {
    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// That of a set with this name and these gates.
    pub(super) fn of(name: &str, gates: &[Explanation]) -> Self {
        let mut bytes = b"batpak gate set v1".to_vec();
        add_text(&mut bytes, name);
        add_gates(&mut bytes, gates);
        Self(xxh3_128(&bytes).to_be_bytes())
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u128::from_str_radix(text, 16))?;
        Some(Self(number.ok()?.to_be_bytes()))
    }
}

/// Every text and list is behind its length, so that no two sets give the same bytes.
fn add_gates(bytes: &mut Vec<u8>, gates: &[Explanation]) {
    bytes.extend((gates.len() as u64).to_le_bytes());
    for gate in gates {
        bytes.push(match gate.combinator() {
            None => 0,
            Some(Combinator::AllOf) => 1,
            Some(Combinator::AnyOf) => 2,
            Some(Combinator::Not) => 3,
        });
        add_text(bytes, gate.code());
        add_gates(bytes, gate.parts());
    }
}

fn add_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

impl fmt::Display for GateSetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for GateSetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GateSetDigest({self})")
    }
}

impl Serialize for GateSetDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GateSetDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected 32 hexadecimal digits"))
    }
}
