use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::layout::BLOCK;

/// The blocks that were read lately from any of a store's tables, bounded by their bytes.
///
/// They are known by their table's identity, which tells what it was made of, and their place in its file. So what is
/// in it of tables that were closed is in nobody's way, and leaves by itself.
pub(crate) struct BlockCache {
    blocks: Cache<(u64, u64), Arc<[u8]>, ByBytes>,
    /// How often tables were found that are not what they say they were made of.
    renewals: AtomicU64,
}

/// What a block takes besides its bytes: its place in the cache and the counts of its owners.
const OVERHEAD: usize = 80;

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<(u64, u64), Arc<[u8]>> for ByBytes {
    fn weight(&self, _: &(u64, u64), block: &Arc<[u8]>) -> u64 {
        (block.len() + OVERHEAD) as u64
    }
}

impl BlockCache {
    /// A cache that takes about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            blocks: Cache::with_weighter(bytes / BLOCK, bytes as u64, ByBytes),
            renewals: AtomicU64::new(0),
        }
    }

    /// Has no table that is opened from now on share blocks with one that was opened before, though it may have its
    /// identity: that one was damaged, or made of something else.
    pub(crate) fn renew(&self) {
        self.renewals.fetch_add(1, Ordering::AcqRel);
    }

    /// What a table with this identity is known by that is opened now.
    pub(super) fn name(&self, identity: u64) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let renewals = self.renewals.load(Ordering::Acquire);
        identity ^ renewals.wrapping_mul(ODD)
    }

    /// The block at an offset of a table.
    pub(super) fn get(&self, name: u64, offset: u64) -> Option<Arc<[u8]>> {
        self.blocks.get(&(name, offset))
    }

    pub(super) fn put(&self, name: u64, offset: u64, block: &Arc<[u8]>) {
        self.blocks.insert((name, offset), Arc::clone(block));
    }
}

impl fmt::Debug for BlockCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockCache")
            .field("blocks", &self.blocks.len())
            .field("bytes", &self.blocks.weight())
            .finish_non_exhaustive()
    }
}
