//! Opening a store that somebody else writes to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::follow::{Follower, TRIES};
use super::fs::{DirLock, Disk};
use super::open::check_is_own;
use super::running::Threads;
use super::{Recovery, Store, StoreConfig, StoreError};

impl Store {
    /// Opens the store in the configured directory for reading, while another store value, here or in another
    /// process, may be writing to it.
    ///
    /// It takes no lock and changes nothing on disk, so that there may be any number of them, also where the
    /// process may not write. Each question sees what the writer has told of until then: of a
    /// durable commit it tells as soon as it has answered, of any other after some milliseconds. An iterator gives
    /// what there was when it was made. Appending gives [`StoreError::ReadOnly`].
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-read-only-{}", std::process::id()));
    ///
    /// let writer = Store::open(StoreConfig::new(&dir))?;
    /// let reader = Store::open_read_only(StoreConfig::new(&dir))?;
    ///
    /// let coordinate = Coordinate::new("player:alice", "room:dungeon")?;
    /// let receipt = writer.append(&coordinate, EventKind::custom(0xF, 1), &"hello")?;
    /// while reader.position() < receipt.sequence {
    ///     std::thread::yield_now();
    /// }
    /// assert_eq!(reader.revision(&coordinate)?, 1);
    /// # drop((writer, reader));
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The writer tells in a file beside the log, `TAIL`. If that is missing or damaged, or tells of more than
    /// the log has, this shows what the log itself proves to be durable. [`Self::durable_position`] is what it
    /// proves in any case, which may lag a commit behind. What a writer left unfinished is neither shown nor removed.
    /// What cannot be read of what is new is tried again; until it can be, questions see what there was.
    ///
    /// # Errors
    /// - [`StoreError::Io`] if there is no such directory, or the file system refuses;
    /// - [`StoreError::Foreign`] if the directory holds no store, [`StoreError::NewerFormat`] if it is one of
    ///   a later version;
    /// - [`StoreError::Corrupt`] if events that were acknowledged are damaged or missing.
    pub fn open_read_only(mut config: StoreConfig) -> Result<Self, StoreError> {
        config.dir = find_dir(config.disk.as_ref(), &config.dir)?;
        let mut tries = 1;
        let (shared, header) = loop {
            match Follower::open(&config) {
                // The writer may have changed what was just listed.
                Err(StoreError::Io { .. } | StoreError::Corrupt { .. }) if tries < TRIES => {
                    tries += 1;
                }
                opened => break opened?,
            }
        };
        Ok(Self {
            chained: header.chained,
            recovery: Recovery::default(),
            shared: Arc::new(shared),
            committer: None,
            background: None,
            running: Threads::default(),
            config,
            _lock: None,
        })
    }
}

/// The path of a store's directory without symbolic links, if it is one.
pub(super) fn find_dir(disk: &dyn Disk, dir: &Path) -> Result<PathBuf, StoreError> {
    let dir = disk.resolve(dir).map_err(StoreError::io("find", dir))?;
    let names = disk.list(&dir).map_err(StoreError::io("list", &dir))?;
    if names.iter().any(|name| name == "segments") {
        check_is_own(disk, &dir)?;
        return Ok(dir);
    }
    let found = match names.first() {
        Some(name) => format!("it holds `{name}` and no `segments`"),
        None => "it is empty".to_owned(),
    };
    Err(StoreError::Foreign { path: dir, found })
}

/// The lock that a reader has: there is none, and nothing that needs one may be done.
#[derive(Debug)]
pub(crate) enum NoLock {}

impl DirLock for NoLock {
    fn is_at(&self, _: &Path) -> io::Result<bool> {
        match *self {}
    }
}
