use std::collections::{BTreeMap, btree_map};
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
/// assert_eq!(store.revision(&coordinate)?, 1);
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

    /// A disk with these files, and the directories that they lie in: what [`Self::files`] gave of another disk, say, or
    /// a damaged copy of that.
    ///
    /// # Panics
    /// If a path is not UTF-8, has no name, or leads through a file.
    ///
    /// ```
    /// use batpak::testing::MemoryDisk;
    ///
    /// let disk = MemoryDisk::new();
    /// disk.open()?.close()?;
    /// let copy = MemoryDisk::with_files(disk.files());
    /// assert_eq!(copy.open()?.id(), disk.open()?.id());
    /// # Ok::<(), batpak::StoreError>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_files(files: impl IntoIterator<Item = (PathBuf, Vec<u8>)>) -> Self {
        let disk = Self::new();
        for (path, bytes) in files {
            if let Err(error) = disk.put(&path, bytes) {
                panic!("{} cannot be a file: {error}", path.display());
            }
        }
        disk
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

    /// Makes a file with these bytes.
    fn put(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        self.create_dir(path.parent().unwrap_or(path))?;
        let (dir, name) = self.place(path)?;
        let bytes = RwLock::new(bytes);
        let file = Entry::File(Arc::new(MemoryFile { bytes }));
        dir.entries.lock().insert(name, file);
        Ok(())
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
        if let (Some(Entry::File(file)), Some(Entry::File(there))) =
            (entries.get(&from), entries.get(&to))
            && Arc::ptr_eq(file, there)
        {
            // Two names of one file: nothing is done.
            return Ok(());
        }
        let entry = entries.remove(&from).ok_or(ErrorKind::NotFound)?;
        entries.insert(to, entry);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (dir, name) = self.place(from)?;
        let file = match dir.entries.lock().get(&name) {
            Some(Entry::File(file)) => Arc::clone(file),
            Some(Entry::Directory(_)) => return Err(ErrorKind::PermissionDenied.into()),
            None => return Err(ErrorKind::NotFound.into()),
        };
        let (dir, name) = self.place(to)?;
        match dir.entries.lock().entry(name) {
            btree_map::Entry::Vacant(place) => place.insert(Entry::File(file)),
            btree_map::Entry::Occupied(_) => return Err(ErrorKind::AlreadyExists.into()),
        };
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
        if buffer.is_empty() {
            return Ok(());
        }
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
        self.change(|bytes| {
            if written.is_empty() {
                return;
            }
            if bytes.len() < from {
                bytes.resize(from, 0);
            }
            let (over, behind) = written.split_at(written.len().min(bytes.len() - from));
            bytes[from..from + over.len()].copy_from_slice(over);
            bytes.extend_from_slice(behind);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::store::fs::RealDisk;
    use crate::testing::Random;

    type Open = Vec<Box<dyn DiskFile>>;

    /// Asks a file for something, and says what came of it.
    fn ask_file(file: &dyn DiskFile, random: &mut Random) -> io::Result<String> {
        let (offset, len) = (random.below(30), random.below(30));
        let mut buffer = vec![random.below(256) as u8; len as usize];
        match random.below(4) {
            0 => file.write_all_at(&buffer, offset)?,
            1 => file.truncate(len)?,
            _ => file.read_exact_at(&mut buffer, offset)?,
        }
        Ok(format!("{:?} {buffer:?}", file.len()?))
    }

    /// Asks a disk for something in `dir`, and says what came of it.
    fn ask(
        disk: &dyn Disk,
        dir: &Path,
        random: &mut Random,
        open: &mut Open,
    ) -> io::Result<String> {
        let path = dir.join(random.pick(&["a", "b", "missing/a"]));
        match random.below(13) {
            0 => open.push(disk.create(&path)?),
            1 => open.push(disk.open(&path, true)?),
            2 => disk.rename(&dir.join("a"), &dir.join("b"))?,
            3 => disk.remove(&path)?,
            4 => disk.sync_dir(&dir.join("missing"))?,
            5 => {
                let mut names = disk.list(dir)?;
                names.sort();
                return Ok(names.join(" "));
            }
            6 => disk.link(&dir.join("a"), &path)?,
            _ if open.is_empty() => {}
            _ => return ask_file(random.pick(open).as_ref(), random),
        }
        Ok(String::new())
    }

    #[test]
    fn a_disk_in_memory_answers_as_a_real_one() {
        let name = format!("batpak-memory-{}", std::process::id());
        for seed in 0..50 {
            let (real, memory) = (std::env::temp_dir().join(&name), MemoryDisk::new());
            let _ = std::fs::remove_dir_all(&real);
            let dirs: [(&dyn Disk, &Path); 2] = [(&RealDisk, &real), (&memory, Path::new("/x/y"))];
            dirs.iter()
                .for_each(|(disk, dir)| disk.create_dir(dir).unwrap());
            let mut states = dirs.map(|at| (at, Random::new(seed), Open::new()));
            for step in 0..200 {
                let [of_real, of_memory] = states.each_mut().map(|((disk, dir), random, open)| {
                    ask(*disk, dir, random, open).map_err(|error| error.kind())
                });
                assert_eq!(of_memory, of_real, "step {step} of seed {seed}");
            }
            std::fs::remove_dir_all(&real).unwrap();
        }
    }

    #[test]
    fn a_directory_in_memory_is_locked_once_and_where_it_is() {
        let disk = MemoryDisk::new();
        disk.create_dir(Path::new("/a/b")).unwrap();
        let lock = disk.lock_dir(Path::new("/a")).unwrap().unwrap();
        assert!(disk.lock_dir(Path::new("/a")).unwrap().is_none());
        assert!(lock.is_at(Path::new("/a")).unwrap());
        assert!(!lock.is_at(Path::new("/a/b")).unwrap());
        drop(lock);
        assert!(disk.lock_dir(Path::new("/a")).unwrap().is_some());
    }
}
