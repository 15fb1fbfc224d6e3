use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use crate::store::fs::{DirLock, Disk, DiskFile};
use crate::{Store, StoreConfig, StoreError};

/// A disk in memory, with the directory of one store on it.
///
/// A store on it is the same engine as on a real disk, and its whole interface works; only there is
/// nothing to clean up. Clones are the same disk, which is there until the last of them and of the
/// stores on it is dropped.
///
/// ```
/// use batpak::prelude::*;
/// use batpak::testing::MemoryDisk;
///
/// let disk = MemoryDisk::new();
/// let store = disk.open()?;
/// let coordinate = Coordinate::new("player:alice", "room:dungeon")?;
/// store.append(&coordinate, EventKind::custom(0xF, 1), &"hello")?;
/// drop(store);
///
/// // The events are still there, and the configuration may be another.
/// let store = Store::open(disk.config().durability(Durability::Written))?;
/// assert_eq!(store.revision(&coordinate), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryDisk {
    root: Arc<Directory>,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The configuration of the store on this disk.
    #[must_use]
    pub fn config(&self) -> StoreConfig {
        StoreConfig {
            disk: Arc::new(self.clone()),
            ..StoreConfig::new("/store")
        }
    }

    /// Opens the store on this disk, and creates it if it is not there.
    ///
    /// # Errors
    /// As for [`Store::open`]: [`StoreError::InUse`] if it is open already.
    pub fn open(&self) -> Result<Store, StoreError> {
        Store::open(self.config())
    }

    /// All files with their bytes, by path.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        self.root.collect(Path::new("/"), &mut files);
        files
    }

    /// The directory at `path`.
    fn dir(&self, path: &Path) -> io::Result<Arc<Directory>> {
        let mut dir = Arc::clone(&self.root);
        for name in names(path) {
            let inner = match dir.entries.lock().get(name?) {
                Some(Entry::Directory(inner)) => Arc::clone(inner),
                Some(Entry::File(_)) => return Err(ErrorKind::NotADirectory.into()),
                None => return Err(ErrorKind::NotFound.into()),
            };
            dir = inner;
        }
        Ok(dir)
    }

    /// The directory that has the last name of `path`, and that name.
    fn place(&self, path: &Path) -> io::Result<(Arc<Directory>, String)> {
        let name = path.file_name().and_then(OsStr::to_str);
        let (Some(above), Some(name)) = (path.parent(), name) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        Ok((self.dir(above)?, name.to_owned()))
    }
}

/// The names on the way to `path`, from the root.
fn names(path: &Path) -> impl Iterator<Item = io::Result<&str>> {
    path.components().filter_map(|component| match component {
        Component::RootDir | Component::CurDir => None,
        Component::Normal(name) => Some(name.to_str().ok_or(ErrorKind::InvalidInput.into())),
        _ => Some(Err(ErrorKind::InvalidInput.into())),
    })
}

/// A directory as programs see it.
#[derive(Debug, Default)]
struct Directory {
    entries: Mutex<BTreeMap<String, Entry>>,
    /// The lock on it, if that is held.
    lock: Mutex<Weak<MemoryLock>>,
}

#[derive(Debug)]
enum Entry {
    Directory(Arc<Directory>),
    File(Arc<MemoryFile>),
}

impl Directory {
    fn collect(&self, path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for (name, entry) in &*self.entries.lock() {
            let path = path.join(name);
            match entry {
                Entry::Directory(dir) => dir.collect(&path, files),
                Entry::File(file) => {
                    files.insert(path, file.bytes.read().clone());
                }
            }
        }
    }
}

impl Disk for MemoryDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut dir = Arc::clone(&self.root);
        for name in names(path) {
            let mut entries = dir.entries.lock();
            let new = || Entry::Directory(Arc::default());
            let inner = match entries.entry(name?.to_owned()).or_insert_with(new) {
                Entry::Directory(inner) => Arc::clone(inner),
                Entry::File(_) => return Err(ErrorKind::NotADirectory.into()),
            };
            drop(entries);
            dir = inner;
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        Ok(self.dir(dir)?.entries.lock().keys().cloned().collect())
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.dir(path).map(|_| path.to_owned())
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>> {
        let dir = self.dir(dir)?;
        let mut holder = dir.lock.lock();
        if holder.strong_count() > 0 {
            return Ok(None);
        }
        let lock = Arc::new(MemoryLock {
            disk: self.clone(),
            dir: Arc::clone(&dir),
        });
        *holder = Arc::downgrade(&lock);
        Ok(Some(lock))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.dir(dir).map(|_| ())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let (dir, name) = self.place(path)?;
        let mut entries = dir.entries.lock();
        if entries.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let file = Arc::new(MemoryFile::default());
        entries.insert(name, Entry::File(Arc::clone(&file)));
        Ok(Box::new(Handle {
            file,
            writable: true,
        }))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        let (dir, name) = self.place(path)?;
        match dir.entries.lock().get(&name) {
            Some(Entry::File(file)) => Ok(Box::new(Handle {
                file: Arc::clone(file),
                writable,
            })),
            Some(Entry::Directory(_)) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (dir, from) = self.place(from)?;
        let (target, to) = self.place(to)?;
        if !Arc::ptr_eq(&dir, &target) {
            return Err(ErrorKind::CrossesDevices.into());
        }
        let mut entries = dir.entries.lock();
        let entry = entries.remove(&from).ok_or(ErrorKind::NotFound)?;
        entries.insert(to, entry);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (dir, name) = self.place(path)?;
        match dir.entries.lock().remove(&name) {
            Some(_) => Ok(()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }
}

/// The lock on a directory, held until it is dropped.
#[derive(Debug)]
struct MemoryLock {
    disk: MemoryDisk,
    dir: Arc<Directory>,
}

impl DirLock for MemoryLock {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(Arc::ptr_eq(&self.disk.dir(path)?, &self.dir))
    }
}

/// A file as programs see it. What holds it open keeps it, whatever becomes of its name.
#[derive(Debug, Default)]
struct MemoryFile {
    bytes: RwLock<Vec<u8>>,
}

/// An open file.
#[derive(Debug)]
struct Handle {
    file: Arc<MemoryFile>,
    writable: bool,
}

impl Handle {
    /// The file's bytes, if they may be written to.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        if !self.writable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        change(&mut self.file.bytes.write());
        Ok(())
    }
}

impl DiskFile for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.bytes.read().len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = self.file.bytes.read();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = from
            .checked_add(buffer.len())
            .and_then(|to| bytes.get(from..to))
            .ok_or(ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn write_all_at(&self, written: &[u8], offset: u64) -> io::Result<()> {
        let from = usize::try_from(offset).map_err(|_| ErrorKind::FileTooLarge)?;
        let to = from + written.len();
        self.change(|bytes| {
            if bytes.len() < to {
                bytes.resize(to, 0);
            }
            bytes[from..to].copy_from_slice(written);
        })
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| ErrorKind::FileTooLarge)?;
        self.change(|bytes| bytes.resize(len, 0))
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
