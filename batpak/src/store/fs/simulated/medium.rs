//! What of a disk has reached the medium, and what is only on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::{Call, FileId};
use crate::store::fs::Disk;
use crate::testing::MemoryDisk;

/// A disk as its medium has it, and all that a system may still have in its memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Medium {
    pub(super) files: BTreeMap<FileId, Contents>,
    pub(super) dirs: BTreeMap<PathBuf, Entries>,
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) durable: Arc<Vec<u8>>,
    /// In the order in which it was asked for.
    pub(super) pending: Vec<Change>,
    /// What programs find, if some of that was forgotten by a sync that failed.
    pub(super) seen: Option<Vec<u8>>,
}

/// What was asked to be done to a file.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Write(u64, Arc<[u8]>),
    Truncate(u64),
}

/// A directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    pub(super) durable: BTreeMap<String, Entry>,
    pub(super) pending: Vec<EntryChange>,
    /// What the durable ones are with all changes that are pending.
    now: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Directory,
    File(FileId),
}

/// What was asked to be done to a directory.
#[derive(Debug, Clone)]
pub(super) enum EntryChange {
    Add(String, Entry),
    Rename(String, String, Entry),
    Remove(String),
}

impl Medium {
    /// A disk of which all is durable. Its files have the numbers from 0 on, in the order of their paths.
    pub(crate) fn of(image: &Image) -> Self {
        let mut medium = Self::default();
        medium.dirs.insert(PathBuf::from("/"), Entries::default());
        for dir in &image.dirs {
            medium.create_dir(dir);
        }
        for (id, (path, bytes)) in image.files.iter().enumerate() {
            let contents = Contents {
                durable: Arc::clone(bytes),
                ..Contents::default()
            };
            medium.files.insert(FileId(id), contents);
            let name = name_of(path);
            medium.change_in(path, EntryChange::Add(name, Entry::File(FileId(id))));
        }
        medium.dirs.values_mut().for_each(Entries::sync);
        medium
    }

    /// Takes a call.
    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::CreateDir(path) => self.create_dir(path),
            Call::SyncDir(path) => self.dirs.entry(path.clone()).or_default().sync(),
            Call::Create(path, file) => {
                self.files.insert(*file, Contents::default());
                self.change_in(path, EntryChange::Add(name_of(path), Entry::File(*file)));
            }
            Call::Rename(from, to, file) => {
                let entry = Entry::File(*file);
                let change = EntryChange::Rename(name_of(from), name_of(to), entry);
                self.change_in(to, change);
            }
            Call::Link(path, file) => {
                self.change_in(path, EntryChange::Add(name_of(path), Entry::File(*file)));
            }
            Call::Remove(path) => self.change_in(path, EntryChange::Remove(name_of(path))),
            Call::Write(file, offset, bytes) => {
                let change = Change::Write(*offset, Arc::clone(bytes));
                self.file(*file).change(change);
            }
            Call::Truncate(file, len) => self.file(*file).change(Change::Truncate(*len)),
            Call::Sync(file) => self.file(*file).sync(),
            Call::FailedSync(file) => self.file(*file).forget(),
        }
    }

    /// The files that programs find, by path.
    pub(super) fn names(&self) -> BTreeMap<PathBuf, FileId> {
        let mut names = BTreeMap::new();
        for (dir, entries) in &self.dirs {
            for (name, entry) in &entries.now {
                if let Entry::File(file) = entry {
                    names.insert(dir.join(name), *file);
                }
            }
        }
        names
    }

    fn file(&mut self, file: FileId) -> &mut Contents {
        self.files.entry(file).or_default()
    }

    fn create_dir(&mut self, path: &Path) {
        let ancestors: Vec<&Path> = path.ancestors().collect();
        for dir in ancestors.into_iter().rev() {
            if self.dirs.contains_key(dir) {
                continue;
            }
            self.dirs.insert(dir.to_owned(), Entries::default());
            if dir.parent().is_some() {
                self.change_in(dir, EntryChange::Add(name_of(dir), Entry::Directory));
            }
        }
    }

    fn change_in(&mut self, path: &Path, change: EntryChange) {
        let above = path.parent().unwrap_or(path).to_owned();
        let entries = self.dirs.entry(above).or_default();
        change.apply(&mut entries.now);
        entries.pending.push(change);
    }
}

impl Contents {
    fn change(&mut self, change: Change) {
        if let Some(seen) = &mut self.seen {
            change.apply(seen);
        }
        self.pending.push(change);
    }

    /// What programs find.
    pub(super) fn seen(&self) -> Vec<u8> {
        self.seen.clone().unwrap_or_else(|| {
            let mut bytes = Vec::clone(&self.durable);
            self.pending
                .iter()
                .for_each(|change| change.apply(&mut bytes));
            bytes
        })
    }

    fn forget(&mut self) {
        self.seen = Some(self.seen());
        let is_kept = |change: &Change| matches!(change, Change::Truncate(_));
        self.pending.retain(is_kept);
    }

    fn sync(&mut self) {
        let durable = Arc::make_mut(&mut self.durable);
        for change in self.pending.drain(..) {
            change.apply(durable);
        }
    }
}

impl Change {
    pub(super) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, written) => put(bytes, *offset as usize, written),
            Self::Truncate(len) => {
                bytes.truncate(*len as usize);
                lengthen(bytes, *len as usize);
            }
        }
    }
}

/// Writes into a file.
pub(super) fn put(bytes: &mut Vec<u8>, from: usize, written: &[u8]) {
    lengthen(bytes, from);
    let (over, behind) = written.split_at(written.len().min(bytes.len() - from));
    bytes[from..from + over.len()].copy_from_slice(over);
    bytes.extend_from_slice(behind);
}

/// Puts zeros behind the end of a file that is shorter than this. Without optimizations `resize` takes long.
pub(super) fn lengthen(bytes: &mut Vec<u8>, len: usize) {
    let zeros = vec![0; len.saturating_sub(bytes.len())];
    bytes.extend_from_slice(&zeros);
}

impl Entries {
    fn sync(&mut self) {
        self.pending.clear();
        self.durable.clone_from(&self.now);
    }
}

impl EntryChange {
    pub(super) fn apply(&self, entries: &mut BTreeMap<String, Entry>) {
        match self {
            Self::Add(name, entry) => {
                entries.insert(name.clone(), *entry);
            }
            Self::Rename(from, to, entry) => {
                entries.remove(from);
                entries.insert(to.clone(), *entry);
            }
            Self::Remove(name) => {
                entries.remove(name);
            }
        }
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// All that can be found on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) dirs: BTreeSet<PathBuf>,
    pub(crate) files: BTreeMap<PathBuf, Arc<Vec<u8>>>,
}

impl Image {
    /// What programs find on this disk now, but for empty directories.
    pub(crate) fn of(disk: &MemoryDisk) -> Self {
        let mut image = Self::default();
        for (path, bytes) in disk.files() {
            let dirs = path.ancestors().skip(1).map(Path::to_owned);
            image.dirs.extend(dirs);
            image.files.insert(path, bytes.into());
        }
        image
    }

    /// A disk with this on it.
    pub(crate) fn to_disk(&self) -> MemoryDisk {
        let disk = MemoryDisk::new();
        for dir in &self.dirs {
            disk.create_dir(dir).unwrap();
        }
        for (path, bytes) in &self.files {
            let file = disk.create(path).unwrap();
            file.write_all_at(bytes, 0).unwrap();
        }
        disk
    }

    /// A number that no other image has, for all that anybody will see.
    pub(crate) fn digest(&self) -> u128 {
        let mut hasher = Xxh3::new();
        for dir in &self.dirs {
            hasher.write(dir.as_os_str().as_encoded_bytes());
            hasher.write_u8(0);
        }
        for (path, bytes) in &self.files {
            hasher.write(path.as_os_str().as_encoded_bytes());
            hasher.write_u64(bytes.len() as u64);
            hasher.write(bytes);
        }
        hasher.digest128()
    }
}
