//! The first bytes of a segment file, and the last ones of a sealed one.

use crate::event::Digest;

/// The first eight bytes of every segment.
pub(crate) const MAGIC: &[u8; 8] = b"BATPAKSG";
/// The format version that this code writes, and the newest that it reads.
pub(crate) const VERSION: u16 = 1;

const CHAINED: u16 = 1;

/// What a segment says of itself, and of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) chained: bool,
    pub(crate) store_id: [u8; 16],
    /// The position of its first event.
    pub(crate) first: u64,
    /// The digest of the event before its first; zero in the first segment and in unchained stores.
    pub(crate) previous: Digest,
    /// Random bytes that only the file knows, so that nobody can make a frame valid in advance.
    pub(crate) nonce: [u8; 8],
}

/// Why bytes are not a header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// They do not begin with the magic.
    Foreign,
    /// They are of a newer format version.
    Newer(u16),
    /// They are damaged.
    Damaged,
}

impl SegmentHeader {
    /// The length of a header in bytes.
    pub(crate) const BYTES: usize = 80;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        let flags = if self.chained { CHAINED } else { 0 };
        bytes[10..12].copy_from_slice(&flags.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.store_id);
        bytes[28..36].copy_from_slice(&self.first.to_le_bytes());
        bytes[36..68].copy_from_slice(self.previous.as_bytes());
        bytes[68..76].copy_from_slice(&self.nonce);
        let crc = crc32fast::hash(&bytes[..76]);
        bytes[76..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header at the start of a segment's bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        let Some((header, _)) = bytes.split_first_chunk::<{ Self::BYTES }>() else {
            return Err(HeaderError::Damaged);
        };
        let version = u16::from_le_bytes(part(header, 8));
        let flags = u16::from_le_bytes(part(header, 10));
        let intact = |header: &[u8; Self::BYTES]| {
            crc32fast::hash(&header[..76]) == u32::from_le_bytes(part(header, 76))
        };
        // A damaged magic or version is told from a foreign or newer file by what the checksum says
        // of the header with the right one in its place.
        let mut mended = *header;
        mended[..8].copy_from_slice(MAGIC);
        mended[8..10].copy_from_slice(&VERSION.to_le_bytes());
        if !intact(header) {
            return Err(match version {
                _ if intact(&mended) => HeaderError::Damaged,
                _ if &header[..8] != MAGIC => HeaderError::Foreign,
                newer if newer > VERSION => HeaderError::Newer(newer),
                _ => HeaderError::Damaged,
            });
        }
        if &header[..8] != MAGIC {
            return Err(HeaderError::Foreign);
        }
        if version > VERSION {
            return Err(HeaderError::Newer(version));
        }
        if mended != *header || flags & !CHAINED != 0 {
            return Err(HeaderError::Damaged);
        }
        Ok(Self {
            chained: flags & CHAINED != 0,
            store_id: part(header, 12),
            first: u64::from_le_bytes(part(header, 28)),
            previous: Digest::from_bytes(part(header, 36)),
            nonce: part(header, 68),
        })
    }
}

/// The `N` bytes at `at`.
fn part<const N: usize>(header: &[u8; SegmentHeader::BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&header[at..at + N]);
    part
}

/// The end of a sealed segment: the body of its last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    /// How many events the segment has.
    pub(crate) count: u64,
    /// The file offset at which their frames end and the footer's frame begins.
    pub(crate) end: u64,
    /// The Merkle root over the events' digests; zero in an unchained store.
    pub(crate) root: Digest,
    /// What the next footer's goes on from; zero in an unchained store.
    pub(crate) closing: Digest,
}

impl Footer {
    /// The length of a footer's body in bytes.
    pub(crate) const BODY_BYTES: usize = 87;
    /// How the body begins: a msgpack array of four.
    pub(crate) const FIRST_BYTE: u8 = 0x94;

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        // Writing into a `Vec` cannot fail. Numbers have their full width, so the length is fixed.
        let _ = rmp::encode::write_array_len(out, 4);
        let _ = rmp::encode::write_u64(out, self.count);
        let _ = rmp::encode::write_u64(out, self.end);
        let _ = rmp::encode::write_bin(out, self.root.as_bytes());
        let _ = rmp::encode::write_bin(out, self.closing.as_bytes());
    }

    pub(crate) fn read(mut body: &[u8]) -> Option<Self> {
        let bytes = &mut body;
        if bytes.len() != Self::BODY_BYTES || rmp::decode::read_array_len(bytes).ok()? != 4 {
            return None;
        }
        let count = rmp::decode::read_u64(bytes).ok()?;
        let end = rmp::decode::read_u64(bytes).ok()?;
        let mut digest = || {
            rmp::decode::read_bin_len(bytes)
                .ok()
                .filter(|len| *len == 32)?;
            let (digest, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Some(Digest::from_bytes(*digest))
        };
        let (root, closing) = (digest()?, digest()?);
        Some(Self {
            count,
            end,
            root,
            closing,
        })
    }
}

/// What follows a sync that no event will speak of soon: the body of a frame of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Every position up to this one was durable when the mark was written.
    pub(crate) durable: u64,
}

impl Mark {
    /// How the body begins: a msgpack array of one.
    pub(crate) const FIRST_BYTE: u8 = 0x91;

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        // Writing into a `Vec` cannot fail.
        let _ = rmp::encode::write_array_len(out, 1);
        let _ = rmp::encode::write_uint(out, self.durable);
    }

    pub(crate) fn read(mut body: &[u8]) -> Option<Self> {
        let bytes = &mut body;
        if rmp::decode::read_array_len(bytes).ok()? != 1 {
            return None;
        }
        let durable = rmp::decode::read_int(bytes).ok()?;
        bytes.is_empty().then_some(Self { durable })
    }
}
