//! The one seam to the disk: the few file operations that the engine needs.
//!
//! Everything that touches a file goes through [`Disk`] and [`DiskFile`]. No call does more than it
//! says, or tries again after an error (but for interruptions by a signal, as std does); who calls
//! them decides what an error means.

mod real;
#[cfg(all(test, feature = "testing"))]
pub(crate) mod simulated;

pub(crate) use real::RealDisk;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file system, as far as the engine uses one.
pub(crate) trait Disk: Debug + Send + Sync {
    /// Creates a directory and its missing parents. One that exists is no error.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// The path without symbolic links or relative parts.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// Takes the lock on a directory's own handle, or gives `None` if another holder has it.
    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>>;

    /// Makes a directory's entries durable: what was created, renamed or removed in it.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Creates a file that must not exist yet, open for reading and writing.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file, for writing too if asked. What is no regular file is refused, symbolic links too.
    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file or a directory another name in the same directory, replacing a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, which must not exist yet. Where that cannot be done, the error says so.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// A lock on a directory, which ends when this is dropped, or with the process.
pub(crate) trait DirLock: Debug + Send + Sync {
    /// Whether the directory that is locked is the one at `path`.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
}

/// An open file. Offsets are in bytes from its start.
pub(crate) trait DiskFile: Debug + Send + Sync {
    /// The file's length.
    fn len(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset`; too few bytes are the error `UnexpectedEof`.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file to `len` bytes.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Makes the file's contents durable, and as much of its metadata as reading them back needs.
    fn sync(&self) -> io::Result<()>;
}
