use std::io::ErrorKind;
use std::path::Path;

use super::bookmark::{self, bookmark_dir};
use crate::store::StoreError;
use crate::store::fs::Disk;

/// The bookmarks of all consumers of a store as they were at one time, for a copy of it.
///
/// They were durable then, and so was the log up to where they are.
#[derive(Debug)]
pub(in crate::store) struct Bookmarks(Vec<(String, Vec<u8>)>);

impl Bookmarks {
    /// Those of the store in this directory.
    pub(in crate::store) fn read(disk: &dyn Disk, store: &Path) -> Result<Self, StoreError> {
        let dir = bookmark_dir(store);
        let names = match disk.list(&dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            names => names.map_err(StoreError::io("list", &dir))?,
        };
        let mut files = Vec::new();
        for name in names {
            if name.ends_with(".bookmark")
                && let Some(bytes) = bookmark::read(disk, &dir.join(&name))?
            {
                files.push((name, bytes));
            }
        }
        Ok(Self(files))
    }

    /// Makes files of them in the directory of another store. They are durable once the directory itself is.
    pub(in crate::store) fn write(&self, disk: &dyn Disk, store: &Path) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let dir = bookmark_dir(store);
        disk.create_dir(&dir)
            .map_err(StoreError::io("create", &dir))?;
        for (name, bytes) in &self.0 {
            bookmark::create(disk, &dir.join(name), bytes)?;
        }
        disk.sync_dir(&dir).map_err(StoreError::io("sync", &dir))
    }
}
