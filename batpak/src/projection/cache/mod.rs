//! Where states of projections are kept, so that folds go on from them instead of beginning anew.

#[cfg(any(feature = "lmdb", feature = "redb"))]
mod directory;
mod home;
mod keeping;
#[cfg(feature = "lmdb")]
mod lmdb;
mod memory;
#[cfg(feature = "redb")]
mod redb;
mod snapshot;

use std::error::Error;
use std::fmt;
use std::io;
#[cfg(any(feature = "lmdb", feature = "redb"))]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use home::{Change, Claim};
use keeping::Keeping;
pub(crate) use keeping::Opening;
pub(crate) use snapshot::{Evidence, Saved, Subject, Use, evidence};

/// Where a store keeps the states of its projections, so that asking again reads the events alone that have come
/// since: [`StoreConfig::projection_cache`](crate::StoreConfig::projection_cache).
///
/// A state is kept if its type says that it may be, by `#[projection(snapshot)]` or `#[machine(.., snapshot)]`. The store
/// uses it by itself, and never trusts it: one that is not of this version and these handlers, of this log up to
/// its event, or not as it was written, is ignored and made anew. So a cache may be removed at any time.
///
/// A handle is cheaply cloned, and may serve several stores and threads; its clones share what they keep, and
/// the settings.
///
/// ```
/// use batpak::{ProjectionCache, StoreConfig};
///
/// let config = StoreConfig::new("/tmp/my-store")
///     .projection_cache(ProjectionCache::memory().memory_bytes(16 << 20));
/// # let _ = config;
/// ```
///
/// # On disk
///
/// With `redb` or `lmdb`, states lie in a directory of their own as well, which outlives the process. A read writes there only
/// when as much has come to a state as [`Self::write_after_events`] says, or when memory is full; what is
/// left is written when the store is closed or dropped. Nothing is written there that is not durable in the log.
///
/// What fails in the cache fails no read: the log has the answer. [`Self::last_failure`] tells of it, and an event of
/// `tracing` if that feature is on.
///
/// A directory is open in one process at a time, by a lock on the file `CACHE` in it; in that process all that open it
/// share it. A process that was forked from that uses what it has in memory alone.
#[derive(Clone, Default)]
pub struct ProjectionCache {
    keeping: Option<Arc<Keeping>>,
}

impl ProjectionCache {
    /// None: each question reads all of its events. It is the default.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// In memory, for as long as there is a handle.
    #[must_use]
    pub fn memory() -> Self {
        Self {
            keeping: Some(Arc::new(Keeping::new(None))),
        }
    }

    /// In memory, and in a file of [redb] in this directory, which is created if it is not there.
    ///
    /// Opening it reads all of the file, to see that it is as it was written. One that is damaged is begun anew, and
    /// [`Self::last_failure`] says so.
    ///
    /// [redb]: https://docs.rs/redb
    ///
    /// # Errors
    /// [`CacheError::InUse`] if another process has it open, [`CacheError::Foreign`] if the directory holds anything else, and
    /// [`CacheError::Io`] or [`CacheError::Home`] if it cannot be created or read.
    #[cfg(feature = "redb")]
    pub fn redb(dir: impl AsRef<Path>) -> Result<Self, CacheError> {
        Self::on_disk(dir.as_ref(), &redb::KIND)
    }

    /// In memory, and in an LMDB environment in this directory, which is created if it is not there.
    ///
    /// LMDB shows its file to the program as memory, and has no checksums: a file that is changed by anything else while it is open, or was
    /// damaged, may end the program. So a file that was closed is compared with a digest
    /// that was noted then, which reads all of it; one that differs is begun anew, and [`Self::last_failure`] says so. After a crash
    /// there is no digest, and the file is taken as LMDB left it. The directory must be on a local file system. Its map
    /// grows by itself.
    ///
    /// # Errors
    /// As for [`Self::redb`].
    #[cfg(feature = "lmdb")]
    pub fn lmdb(dir: impl AsRef<Path>) -> Result<Self, CacheError> {
        Self::on_disk(dir.as_ref(), &lmdb::KIND)
    }

    #[cfg(any(feature = "lmdb", feature = "redb"))]
    fn on_disk(dir: &Path, kind: &directory::Kind) -> Result<Self, CacheError> {
        let (disk, damage) = home::Disk::open(dir, kind)?;
        let keeping = Keeping::new(Some(disk));
        if let Some(damage) = damage {
            keeping.tell(damage);
        }
        Ok(Self {
            keeping: Some(Arc::new(keeping)),
        })
    }

    /// How many bytes of states are kept in memory; those that were asked for longest ago leave first, to the disk if there is
    /// one. Default: 64 MiB.
    #[must_use]
    pub fn memory_bytes(self, bytes: usize) -> Self {
        self.set(|keeping| keeping.set_memory_bytes(bytes))
    }

    /// After how many events that were folded into a state it is written to disk. Default: 1,000.
    ///
    /// With fewer, less is read again after a crash; each write is synced, and the read that comes upon it waits for that.
    #[must_use]
    pub fn write_after_events(self, events: u64) -> Self {
        self.set(|keeping| keeping.set_write_after_events(events))
    }

    /// After how much time a state that has changed is written to disk, when it is next asked for. Default: none is.
    #[must_use]
    pub fn write_after(self, time: Duration) -> Self {
        self.set(|keeping| keeping.set_write_after(time))
    }

    /// What last failed in this cache, if anything has.
    #[must_use]
    pub fn last_failure(&self) -> Option<Arc<CacheError>> {
        self.keeping.as_ref()?.last_failure()
    }

    fn set(self, set: impl FnOnce(&Keeping)) -> Self {
        if let Some(keeping) = &self.keeping {
            set(keeping);
        }
        self
    }

    /// What a store that is being opened uses of it.
    pub(crate) fn open(&self) -> Option<Opening> {
        self.keeping.as_ref().map(Opening::new)
    }
}

impl fmt::Debug for ProjectionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ProjectionCache");
        match &self.keeping {
            Some(keeping) => shown.field("keeping", keeping),
            None => &mut shown,
        }
        .finish()
    }
}

/// What went wrong in a [`ProjectionCache`]. No answer of a store is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Another process has the directory open.
    #[error("the projection cache in {} is in use; each process needs a directory of its own", .0.display())]
    InUse(PathBuf),
    /// The directory holds something else than a cache, or one of another kind or version.
    #[error("{} is no projection cache of this kind and version; choose an empty directory, or remove it if it is a cache", .0.display())]
    Foreign(PathBuf),
    /// Its files were damaged. They were removed, and the cache begun anew.
    #[error("the projection cache in {} was damaged and is begun anew: {source}", path.display())]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What was found.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What keeps the states cannot do what it was asked for. Reads go on without it.
    #[error("the projection cache in {} has failed: {source}", path.display())]
    Home {
        /// The directory.
        path: PathBuf,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A state cannot be encoded.
    #[error("a state of {projection} cannot be kept: {source}")]
    Encode {
        /// The projection.
        projection: &'static str,
        /// The reason.
        source: crate::EncodeError,
    },
}

impl CacheError {
    #[cfg(any(feature = "lmdb", feature = "redb"))]
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
