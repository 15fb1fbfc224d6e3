use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{DirLock, Disk, DiskFile};

/// The file system of the operating system, through std alone.
#[derive(Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(dir)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>> {
        let handle = File::open(dir)?;
        match handle.try_lock() {
            Ok(()) => Ok(Some(Arc::new(RealLock {
                handle,
                owner: std::process::id(),
            }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        check_is_file(path)?;
        if !writable && let Some(file) = open_unnoted(path)? {
            return Ok(Box::new(file));
        }
        let file = OpenOptions::new().read(true).write(writable).open(path)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// That this is the name of a file itself: a pipe would be waited for, and what a symbolic link leads to may be
/// somebody else's, or another store's.
fn check_is_file(path: &Path) -> io::Result<()> {
    let found = std::fs::symlink_metadata(path)?.file_type();
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    match found.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// `O_NOATIME` of open(2), where this knows its value: reads then do not note their time in the file, which takes a
/// tenth of a short read.
const NO_ACCESS_TIME: Option<i32> = if cfg!(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
)) {
    Some(0o1_000_000)
} else {
    None
};

/// The file, opened for reading without its times, if that can be: only the owner of a file may ask for it.
fn open_unnoted(path: &Path) -> io::Result<Option<File>> {
    let Some(flag) = NO_ACCESS_TIME else {
        return Ok(None);
    };
    match OpenOptions::new().read(true).custom_flags(flag).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        file => file.map(Some),
    }
}

/// A lock on a directory's handle.
#[derive(Debug)]
struct RealLock {
    handle: File,
    /// The process that took it.
    owner: u32,
}

impl DirLock for RealLock {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let (locked, found) = (self.handle.metadata()?, std::fs::metadata(path)?);
        Ok((locked.dev(), locked.ino()) == (found.dev(), found.ino()))
    }
}

impl Drop for RealLock {
    /// Unlocks by word rather than by closing: a process that is being spawned by another thread
    /// has a copy of the handle for a moment, which would keep the lock. A process that was forked
    /// and drops its copy is not the owner, and leaves the lock alone.
    fn drop(&mut self) {
        if std::process::id() == self.owner {
            let _ = self.handle.unlock();
        }
    }
}

impl DiskFile for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
