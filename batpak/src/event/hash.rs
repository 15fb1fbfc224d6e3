//! The one place that knows the hash: BLAKE3 with the feature `blake3`, and none without it.

use super::Digest;

/// What the keyed hash is used for: two uses under different keys never give the same digest.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    /// An event.
    Event,
    /// A node above digests, or the closing of a segment: they differ in length.
    Node,
}

/// Whether this build can hash. Without it stores are created unchained and nothing here is called.
pub(crate) const AVAILABLE: bool = cfg!(feature = "blake3");

#[cfg(feature = "blake3")]
mod blake {
    use std::sync::LazyLock;

    use super::{Digest, Key};

    /// Derived once: deriving a key, or cloning a keyed hasher, costs more than hashing an event.
    static KEYS: LazyLock<[[u8; 32]; 2]> = LazyLock::new(|| {
        ["batpak 2026 event digest v1", "batpak 2026 segment node v1"]
            .map(|context| blake3::derive_key(context, &[]))
    });

    /// The plain BLAKE3 digest of some bytes: of a payload, or of a metadata map.
    pub(crate) fn plain(bytes: &[u8]) -> Digest {
        Digest::from_bytes(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of some bytes under a key.
    pub(crate) fn keyed(key: Key, bytes: &[u8]) -> Digest {
        let key = match key {
            Key::Event => &KEYS[0],
            Key::Node => &KEYS[1],
        };
        Digest::from_bytes(*blake3::keyed_hash(key, bytes).as_bytes())
    }
}

#[cfg(feature = "blake3")]
pub(crate) use blake::{keyed, plain};

#[cfg(not(feature = "blake3"))]
pub(crate) fn plain(_: &[u8]) -> Digest {
    Digest::ZERO
}

#[cfg(not(feature = "blake3"))]
pub(crate) fn keyed(_: Key, _: &[u8]) -> Digest {
    Digest::ZERO
}
