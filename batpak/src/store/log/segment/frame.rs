//! A frame: `[len u32][crc of len u32][crc of body u32][body]`, numbers little-endian.

use std::ops::Range;

use crc32fast::Hasher;

use super::header::SegmentHeader;

/// The bytes before a frame's body.
pub(crate) const PREFIX: usize = 12;

/// The longest body: a payload, a coordinate, tags, causes and the rest, each at its limit.
pub(crate) const MAX_BODY: usize = (16 << 20) + (64 << 10);

/// What the CRCs of a segment's frames begin with, so that no frame is valid anywhere else.
///
/// The initial value of both CRCs of the frame at an offset is the CRC of the store's id, the
/// segment's first position, its nonce and the offset.
#[derive(Debug, Clone)]
pub(crate) struct Seed(Hasher);

impl Seed {
    pub(crate) fn of(header: &SegmentHeader) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&header.store_id);
        hasher.update(&header.first.to_le_bytes());
        hasher.update(&header.nonce);
        Self(hasher)
    }

    /// What goes on from the initial value of the CRCs of the frame at `offset`.
    fn at(&self, offset: u64) -> Hasher {
        let mut hasher = self.0.clone();
        hasher.update(&offset.to_le_bytes());
        hasher
    }
}

fn crc(seed: &Hasher, bytes: &[u8]) -> u32 {
    let mut hasher = seed.clone();
    hasher.update(bytes);
    hasher.finalize()
}

/// Appends to `out` the frame whose place in the file is `offset`, its body written by `write`.
pub(crate) fn write(out: &mut Vec<u8>, seed: &Seed, offset: u64, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX]);
    write(out);
    let (prefix, body) = out[start..].split_at_mut(PREFIX);
    let seed = seed.at(offset);
    let len = (body.len() as u32).to_le_bytes();
    prefix[..4].copy_from_slice(&len);
    prefix[4..8].copy_from_slice(&crc(&seed, &len).to_le_bytes());
    prefix[8..].copy_from_slice(&crc(&seed, body).to_le_bytes());
}

/// Why there is no frame at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// Fewer bytes are left than the frame needs.
    Short,
    /// The length is not the one written.
    Length,
    /// The body is not the one written.
    Body,
}

impl FrameError {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "the file ends within a frame",
            Self::Length => "a frame's length has a wrong checksum",
            Self::Body => "a frame's body has a wrong checksum",
        }
    }
}

/// How long the frame is that `bytes` begin with, by its own unchecked word, if it can be so long.
pub(crate) fn claimed_len(bytes: &[u8]) -> Option<usize> {
    let len = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    (len > 0 && len <= MAX_BODY).then_some(PREFIX + len)
}

/// Where the body lies of the frame that `bytes` begin with; its place in the file is `offset`.
///
/// The length is bounded by its checksum and by what is there before anything else looks at it.
pub(crate) fn read(bytes: &[u8], seed: &Seed, offset: u64) -> Result<Range<usize>, FrameError> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return Err(FrameError::Short);
    };
    let word = |at: usize| {
        u32::from_le_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]])
    };
    let len = word(0) as usize;
    if len == 0 || len > MAX_BODY {
        return Err(FrameError::Length);
    }
    let seed = seed.at(offset);
    if crc(&seed, &prefix[..4]) != word(4) {
        return Err(FrameError::Length);
    }
    let Some(body) = rest.get(..len) else {
        return Err(FrameError::Short);
    };
    if crc(&seed, body) != word(8) {
        return Err(FrameError::Body);
    }
    Ok(PREFIX..PREFIX + len)
}
