//! The filter: a Bloom filter in pages, of which one answers for a term.

use super::layout::{CRC, PAGE, Seal};

/// The bits of a page.
const PAGE_BITS: u64 = ((PAGE - CRC) * 8) as u64;

/// The bits of a filter for each term: about 1 of 100 that a table does not have passes.
const BITS_PER_TERM: u64 = 10;

/// How many bits of its page each term sets.
const PROBES: u32 = 7;

/// The longest filter in pages, 256 MiB. One of more terms lets more pass that are not there.
const MAX_PAGES: u64 = 64 << 10;

/// What a filter knows a term by.
pub(crate) fn term_hash(term: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(term)
}

/// Which page answers for a term: terms lie in slots, and so many slots in a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) slots: u32,
    pub(super) slots_per_page: u32,
}

impl Shape {
    /// How many pages there are.
    pub(super) fn pages(self) -> u32 {
        self.slots.div_ceil(self.slots_per_page)
    }

    pub(super) fn page_of(self, hash: u64) -> u32 {
        let slot = (u128::from(hash) * u128::from(self.slots)) >> 64;
        slot as u32 / self.slots_per_page
    }
}

/// The bits of its page that a term sets.
fn bits_of(hash: u64) -> impl Iterator<Item = usize> {
    // The high bits of the hash tell the page, and are the same within it.
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (first, step) = ((mixed >> 32) as u32, mixed as u32 | 1);
    (0..PROBES).map(move |probe| {
        let at = first.wrapping_add(step.wrapping_mul(probe));
        ((u64::from(at) * PAGE_BITS) >> 32) as usize
    })
}

/// Whether a page has all bits of a term that is in it.
pub(super) fn page_holds(page: &[u8], hash: u64) -> bool {
    bits_of(hash).all(|bit| {
        page.get(bit / 8)
            .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    })
}

/// How many pages so many terms need.
fn pages_for(terms: u64) -> u32 {
    let bits = terms.saturating_mul(BITS_PER_TERM);
    bits.div_ceil(PAGE_BITS).min(MAX_PAGES) as u32
}

/// Builds a filter, for which it is enough to know about how many terms there will be at most: each slot
/// has a page at first, and as many are joined to one page as the terms that came leave room for.
#[derive(Debug)]
pub(super) struct FilterBuilder {
    shape: Shape,
    pages: Vec<[u8; PAGE]>,
    /// How many terms set a bit that was not set.
    terms: u64,
}

impl FilterBuilder {
    pub(super) fn new(terms: u64) -> Self {
        let slots = pages_for(terms);
        Self {
            shape: Shape {
                slots,
                slots_per_page: 1,
            },
            pages: vec![[0; PAGE]; slots as usize],
            terms: 0,
        }
    }

    pub(super) fn add(&mut self, hash: u64) {
        let page = self.shape.page_of(hash) as usize;
        let Some(page) = self.pages.get_mut(page) else {
            return;
        };
        let mut is_new = false;
        for bit in bits_of(hash) {
            let mask = 1 << (bit % 8);
            is_new |= page[bit / 8] & mask == 0;
            page[bit / 8] |= mask;
        }
        self.terms += u64::from(is_new);
    }

    pub(super) fn terms(&self) -> u64 {
        self.terms
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Joins pages until the filter is about as short as its terms allow.
    pub(super) fn shrink(&mut self) {
        let joined = (self.shape.slots / pages_for(self.terms).max(1)).max(1);
        self.shape.slots_per_page = joined;
        for slot in 0..self.pages.len() {
            let page = slot / joined as usize;
            if page == slot {
                continue;
            }
            let from = std::mem::replace(&mut self.pages[slot], [0; PAGE]);
            for (byte, from) in self.pages[page].iter_mut().zip(from) {
                *byte |= from;
            }
        }
        self.pages.truncate(self.shape.pages() as usize);
    }

    /// A page with its checksum, which will lie at `offset`.
    pub(super) fn sealed(&self, page: u32, seal: Seal, offset: u64) -> [u8; PAGE] {
        let mut page = self.pages[page as usize];
        let crc = seal.crc(offset, &page[..PAGE - CRC]);
        page[PAGE - CRC..].copy_from_slice(&crc.to_le_bytes());
        page
    }
}
