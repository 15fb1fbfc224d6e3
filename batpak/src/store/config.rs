use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fs::{Disk, RealDisk};
use super::progress::Listener;
use super::source::{Source, SystemSource};
use crate::pipeline::Durability;
use crate::projection::ProjectionCache;

/// Where a store lives, and how it behaves. A store may be opened with other settings than it was created with.
///
/// ```
/// use batpak::{Durability, StoreConfig};
///
/// let config = StoreConfig::new("/tmp/my-store")
///     .durability(Durability::Written)
///     .segment_bytes(64 << 20);
/// # let _ = config;
/// ```
#[derive(Debug, Clone)]
pub struct StoreConfig {
    pub(crate) dir: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) durability: Durability,
    pub(crate) segment_bytes: u32,
    pub(crate) max_payload_bytes: usize,
    pub(crate) max_batch_bytes: usize,
    pub(crate) max_batch_events: usize,
    pub(crate) max_queued_bytes: usize,
    pub(crate) cache_bytes: usize,
    pub(crate) listener: Listener,
    pub(crate) projection_cache: ProjectionCache,
}

impl StoreConfig {
    /// A store in the directory `dir`, which is created by opening if it is missing.
    #[must_use]
    pub fn new(dir: impl AsRef<Path>) -> Self {
        Self {
            dir: dir.as_ref().to_owned(),
            disk: Arc::new(RealDisk),
            source: Arc::new(SystemSource),
            durability: Durability::Durable,
            segment_bytes: 32 << 20,
            max_payload_bytes: 16 << 20,
            max_batch_bytes: 32 << 20,
            max_batch_events: 4_096,
            max_queued_bytes: 64 << 20,
            cache_bytes: 32 << 20,
            listener: Listener::default(),
            projection_cache: ProjectionCache::none(),
        }
    }

    /// What a commit survives if its batch does not say. Default: [`Durability::Durable`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The size in bytes at which a segment file is closed and the next begun. Default: 32 MiB; a
    /// value outside of 4 KiB to 1 GiB is taken as the nearer of the two. A batch that is larger gets
    /// a segment of its own size.
    #[must_use]
    pub fn segment_bytes(mut self, bytes: u32) -> Self {
        self.segment_bytes = bytes.clamp(4 << 10, 1 << 30);
        self
    }

    /// The most bytes of one payload, its metadata included. Default: 16 MiB, and a larger value is
    /// taken as that, for it is the format's limit.
    #[must_use]
    pub fn max_payload_bytes(mut self, bytes: usize) -> Self {
        self.max_payload_bytes = bytes.min(16 << 20);
        self
    }

    /// The most bytes that a batch may take in the log. Default: 32 MiB; a value
    /// above 256 MiB is taken as that.
    #[must_use]
    pub fn max_batch_bytes(mut self, bytes: usize) -> Self {
        self.max_batch_bytes = bytes.min(256 << 20);
        self
    }

    /// How many bytes of events may be staged and not written. With more, [`Durability::Buffered`] commits and
    /// [`Store::submit`](crate::Store::submit) wait until their own batch is written; all others wait for that
    /// anyway. Default: 64 MiB.
    #[must_use]
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }

    /// How much memory may be taken by what was read of the index on disk, in bytes. Default: 32 MiB. The
    /// index of the newest events is in memory besides, some 10 MiB as long as the disk keeps up, and some 80 MiB at
    /// most: then appends wait for the disk.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Where states of projections are kept, if they may be. Default: [`ProjectionCache::none`].
    #[must_use]
    pub fn projection_cache(mut self, cache: ProjectionCache) -> Self {
        self.projection_cache = cache;
        self
    }

    /// The most events in one batch. Default: 4,096; a value outside of 1 to 1,048,576 is taken as the
    /// nearer of the two.
    #[must_use]
    pub fn max_batch_events(mut self, events: usize) -> Self {
        self.max_batch_events = events.clamp(1, 1 << 20);
        self
    }
}
