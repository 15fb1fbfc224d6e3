use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::layout::BLOCK;

/// The blocks that were read lately from any of a store's tables, bounded by their bytes.
///
/// They are known by their table's identity, which is random and never comes back, and their place in
/// its file. So what is in it of tables that were closed is in nobody's way, and leaves by itself.
pub(crate) struct BlockCache {
    blocks: Cache<(u64, u64), Arc<[u8]>, ByBytes>,
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
        }
    }

    /// The block at an offset of a table.
    pub(super) fn get(&self, identity: u64, offset: u64) -> Option<Arc<[u8]>> {
        self.blocks.get(&(identity, offset))
    }

    pub(super) fn put(&self, identity: u64, offset: u64, block: &Arc<[u8]>) {
        self.blocks.insert((identity, offset), Arc::clone(block));
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
