//! The parts of a table's file that have a fixed form, and the checksum that each part ends in.

use super::filter::Shape;

/// The longest key in bytes.
pub(crate) const MAX_KEY: usize = 2 << 10;

/// The longest value in bytes.
pub(crate) const MAX_VALUE: usize = 64 << 10;

/// How long a block may become, but for one that a single entry, or a pair of fences, makes longer.
pub(super) const BLOCK: usize = 4 << 10;

/// The longest block there can be: one long value under a long key.
pub(super) const MAX_BLOCK: usize = MAX_VALUE + MAX_KEY + 64;

/// The length of a page, of words or of the filter.
pub(super) const PAGE: usize = 4 << 10;

/// How many words a page has, before its checksum.
pub(super) const PAGE_WORDS: usize = (PAGE - CRC) / WORD;

/// The length of a word.
pub(super) const WORD: usize = 4;

/// The most levels of fences that there can be, for each fence leads to two blocks at least.
pub(super) const MAX_LEVELS: u32 = 32;

/// The length of a checksum, which is the end of what it covers.
pub(super) const CRC: usize = 4;

const MAGIC: &[u8; 8] = b"BATPAKTB";
const VERSION: u32 = 1;

/// The first bytes of the file.
pub(super) struct Header {
    pub(super) identity: u64,
}

impl Header {
    pub(super) const BYTES: usize = 24;

    pub(super) fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.identity.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..20]);
        bytes[20..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, &'static str> {
        if crc32fast::hash(&bytes[..20]) != u32::from_le_bytes(part(bytes, 20)) {
            return Err("the header has a wrong checksum");
        }
        if &bytes[..8] != MAGIC {
            return Err("the file is not a table");
        }
        if u32::from_le_bytes(part(bytes, 8)) != VERSION {
            return Err("the table has another format version");
        }
        Ok(Self {
            identity: u64::from_le_bytes(part(bytes, 12)),
        })
    }
}

/// The last bytes of the file. What lies before it is without gaps, so lengths tell all places.
#[derive(Debug)]
pub(super) struct Footer {
    pub(super) entries: u64,
    pub(super) words: u64,
    /// About how many different terms the filter was given.
    pub(super) terms: u64,
    pub(super) root_bytes: u32,
    /// How many levels of fences there are, the root among them.
    pub(super) levels: u32,
    pub(super) filter: Shape,
    /// The summary's length without its checksum.
    pub(super) summary_bytes: u32,
}

/// Where the page lies that has the word with this number, counted from 0.
pub(super) fn word_page(number: u64) -> u64 {
    (Header::BYTES as u64).saturating_add((number / PAGE_WORDS as u64).saturating_mul(PAGE as u64))
}

impl Footer {
    pub(super) const BYTES: usize = 48;

    pub(super) fn to_bytes(&self, seal: Seal, offset: u64) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.entries.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.terms.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.root_bytes.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.levels.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.filter.slots.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.filter.slots_per_page.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.summary_bytes.to_le_bytes());
        bytes[36..44].copy_from_slice(&self.words.to_le_bytes());
        let crc = seal.crc(offset, &bytes[..44]);
        bytes[44..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(
        bytes: &[u8; Self::BYTES],
        seal: Seal,
        offset: u64,
    ) -> Result<Self, &'static str> {
        seal.check(offset, bytes)
            .map_err(|_| "the footer has a wrong checksum")?;
        let footer = Self {
            entries: u64::from_le_bytes(part(bytes, 0)),
            terms: u64::from_le_bytes(part(bytes, 8)),
            root_bytes: u32::from_le_bytes(part(bytes, 16)),
            levels: u32::from_le_bytes(part(bytes, 20)),
            filter: Shape {
                slots: u32::from_le_bytes(part(bytes, 24)),
                slots_per_page: u32::from_le_bytes(part(bytes, 28)),
            },
            summary_bytes: u32::from_le_bytes(part(bytes, 32)),
            words: u64::from_le_bytes(part(bytes, 36)),
        };
        if footer.filter.slots_per_page == 0 {
            return Err("the footer tells of a filter that no table has");
        }
        if footer.root_bytes as usize > MAX_BLOCK || !(1..=MAX_LEVELS).contains(&footer.levels) {
            return Err("the footer tells of a root that no table has");
        }
        Ok(footer)
    }
}

/// Makes checksums that are right at one place of one table alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seal {
    pub(super) identity: u64,
}

impl Seal {
    /// The checksum of `bytes` that lie at `offset`.
    pub(super) fn crc(self, offset: u64, bytes: &[u8]) -> u32 {
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.identity.to_le_bytes());
        seed[8..].copy_from_slice(&offset.to_le_bytes());
        let mut hasher = crc32fast::Hasher::new_with_initial(crc32fast::hash(&seed));
        hasher.update(bytes);
        hasher.finalize()
    }

    /// What lies at `offset` before the checksum that it ends in, if that is right.
    pub(super) fn check(self, offset: u64, bytes: &[u8]) -> Result<&[u8], &'static str> {
        match bytes.split_last_chunk::<CRC>() {
            Some((covered, crc)) if self.crc(offset, covered) == u32::from_le_bytes(*crc) => {
                Ok(covered)
            }
            _ => Err("a part of the table has a wrong checksum"),
        }
    }
}

/// The `N` bytes at `at`.
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
