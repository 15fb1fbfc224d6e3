//! PERSIST: the store, which keeps the log and answers questions about it.

mod append;
mod config;
#[cfg(test)]
mod disk_order;
mod error;
pub(crate) mod fs;
mod index;
mod log;
mod names;
mod read;
pub(crate) mod source;
mod verify;

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

pub use append::AppendReceipt;
pub use config::StoreConfig;
pub use error::StoreError;
pub use log::segment::directory::{Cut, Recovery};
pub use log::segment::recover::CutReason;
pub use read::Events;
pub use verify::Verification;

use crate::coordinate::{Coordinate, Tag};
use crate::event::{EventMeta, Region, StoreId, hash};
use crate::projection::Projection;
use crate::typestate::{Cursor, Folded, Machine, Place};
use append::Writer;
use fs::{DirLock, Disk};
use index::Index;
use log::segment::directory::Opening;
use log::segment::reader::Handles;
use log::segment::writer::Row;

/// An event log in a directory: appended to, read, and folded, by any number of threads at once.
///
/// One store value at a time has a directory open, in this process or another; dropping it lets the
/// next one in. See the [crate's documentation](crate) for an example.
pub struct Store {
    config: StoreConfig,
    id: [u8; 16],
    chained: bool,
    recovery: Recovery,
    index: RwLock<Index>,
    /// `None` if the store is read-only.
    writer: Option<Mutex<Writer>>,
    /// Held for as long as the store is open.
    _lock: Arc<dyn DirLock>,
}

impl Store {
    /// Opens the store in the configured directory, and creates both if they are not there.
    ///
    /// The log is read once to build the index. The end of a log that was cut off by a crash is
    /// removed if nothing proves that any of it was durable; [`Self::recovery`] says so.
    ///
    /// # Errors
    /// - [`StoreError::InUse`] if the store is open elsewhere;
    /// - [`StoreError::Foreign`] if the directory holds something else, [`StoreError::NewerFormat`]
    ///   if it is a store of a later version;
    /// - [`StoreError::Corrupt`] if events that were acknowledged are damaged or missing. Nothing on
    ///   disk has then been changed;
    /// - [`StoreError::Io`] if the file system refuses.
    pub fn open(mut config: StoreConfig) -> Result<Self, StoreError> {
        let disk = Arc::clone(&config.disk);
        let lock: Arc<dyn DirLock>;
        (config.dir, lock) = prepare_dir(disk.as_ref(), &config.dir)?;
        let segments = config.dir.join("segments");
        let mut index = Index::default();
        let opened = Opening {
            row: Row {
                handles: Handles::new(Arc::clone(&disk)),
                disk,
                dir: segments,
                lock: Arc::clone(&lock),
                source: Arc::clone(&config.source),
                segment_bytes: config.segment_bytes,
            },
            new_id: config.source.random().to_be_bytes(),
            can_chain: hash::AVAILABLE,
        }
        .run(|event| {
            let meta = &event.meta;
            let coordinate = Coordinate::new(meta.entity, meta.scope)
                .map_err(|_| "the event has a name that no coordinate can have")?;
            check_tags(meta)?;
            index.names.read(meta)?;
            index.check(&coordinate, &meta.header)?;
            index.push(&coordinate, &meta.header);
            Ok(())
        })?;
        index.segments = opened.segments;
        index.durable = opened.durable;
        let writer = opened.writer.map(|log| {
            let source = Arc::clone(&config.source);
            let end = (index.last_id(), opened.proven);
            Mutex::new(Writer::new(log, source, opened.chained, end))
        });
        Ok(Self {
            config,
            id: opened.store_id,
            chained: opened.chained,
            recovery: opened.recovery,
            index: RwLock::new(index),
            writer,
            _lock: lock,
        })
    }

    /// The store's own id, given to it when it was created.
    #[must_use]
    pub fn id(&self) -> StoreId {
        StoreId::from_bytes(self.id)
    }

    /// The directory that the store lives in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.config.dir
    }

    /// Whether each event's digest covers the history of its stream. It is fixed when a store is created.
    #[must_use]
    pub fn is_chained(&self) -> bool {
        self.chained
    }

    /// What opening found at the end of the log.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The position of the newest event that readers see; 0 if the log is empty.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.index.read().published()
    }

    /// Every event up to this position survives power loss.
    #[must_use]
    pub fn durable_position(&self) -> u64 {
        self.index.read().durable
    }

    /// Makes all events durable and closes the store, so that another may open it.
    ///
    /// Dropping a store closes it too, but does not sync what was only [`Durability::Written`](crate::Durability::Written), and
    /// has no way to say what fails.
    ///
    /// # Errors
    /// As for [`Self::flush`], except that a read-only store closes without one.
    pub fn close(self) -> Result<(), StoreError> {
        match self.writer {
            Some(_) => self.flush(),
            None => Ok(()),
        }
    }

    /// Folds one stream into a projection: its state after the stream's newest event.
    ///
    /// # Errors
    /// [`StoreError::Fold`] with the place of an event that the projection cannot take, and whatever
    /// reading gives.
    pub fn project<P: Projection>(&self, coordinate: &Coordinate) -> Result<P, StoreError> {
        let (projection, _) = fold(self.stream(coordinate))?;
        Ok(projection)
    }

    /// Folds the events of a region, in order of position, into a projection.
    ///
    /// # Errors
    /// As for [`Self::project`].
    pub fn fold<P: Projection>(&self, region: &Region) -> Result<P, StoreError> {
        let (projection, _) = fold(self.query(region))?;
        Ok(projection)
    }

    /// Loads a machine from its stream: its state after the newest event, as a type to match on.
    ///
    /// An empty stream gives the initial state at revision 0.
    ///
    /// # Errors
    /// [`StoreError::Fold`] if the stream has an event that the machine's table does not allow, an
    /// unknown kind of the machine's category, or a payload that does not decode;
    /// [`StoreError::OtherMachine`] if the entity has not the machine's prefix.
    pub fn load<M: Machine>(&self, coordinate: &Coordinate) -> Result<M::Loaded, StoreError> {
        Cursor::check_address::<M>(coordinate)?;
        let (folded, head) = fold::<Folded<M>>(self.stream(coordinate))?;
        let cursor = Cursor::new(self.id(), coordinate.clone(), head);
        Ok(folded.state.enter(Place::new(cursor), folded.data))
    }
}

/// The projection of these events, and the revision and position of the last of them, or zeros.
fn fold<P: Projection>(events: Events<'_>) -> Result<(P, (u64, u64)), StoreError> {
    let mut projection = P::default();
    let mut head = (0, 0);
    events.for_each_raw(|event| {
        let header = &event.meta.header;
        head = (header.revision, header.sequence);
        if !P::reads(header.kind) {
            return Ok(());
        }
        projection.apply(event).map_err(|source| StoreError::Fold {
            position: header.sequence,
            coordinate: event.meta.coordinate(),
            source,
        })
    })?;
    Ok((projection, head))
}

/// That the tags are such as an append takes: well-formed, sorted, each once.
fn check_tags(meta: &EventMeta<'_>) -> Result<(), &'static str> {
    let mut last = "";
    for tag in meta.tags() {
        if tag <= last || tag.parse::<Tag>().is_err() {
            return Err("the event has a tag that no event can have");
        }
        last = tag;
    }
    Ok(())
}

/// Creates what is missing of the store's directories, and takes the lock. Gives the directory's
/// path as it is now, whatever becomes of the working directory or of symbolic links later.
fn prepare_dir(disk: &dyn Disk, dir: &Path) -> Result<(PathBuf, Arc<dyn DirLock>), StoreError> {
    let absolute = std::path::absolute(dir).map_err(StoreError::io("resolve", dir))?;
    let existing = absolute.ancestors().find(|dir| disk.list(dir).is_ok());
    let existing = existing.unwrap_or(&absolute).to_owned();
    disk.create_dir(&absolute)
        .map_err(StoreError::io("create", &absolute))?;
    let dir = disk
        .resolve(&absolute)
        .map_err(StoreError::io("resolve", &absolute))?;
    let lock = disk
        .lock_dir(&dir)
        .map_err(StoreError::io("lock", &dir))?
        .ok_or_else(|| StoreError::InUse(dir.clone()))?;
    let segments = dir.join("segments");
    let names = disk.list(&dir).map_err(StoreError::io("list", &dir))?;
    let founded = names.iter().any(|name| name == "segments");
    if !founded {
        // What a new file system has in its root is nobody's.
        let mut found = names.into_iter().filter(|name| name != "lost+found");
        if let Some(found) = found.next() {
            return Err(StoreError::Foreign {
                path: dir,
                found: format!("it holds `{found}` and no `segments`"),
            });
        }
        disk.create_dir(&segments)
            .map_err(StoreError::io("create", &segments))?;
    }
    let is_empty = || disk.list(&segments).map(|names| names.is_empty());
    if !founded || is_empty().map_err(StoreError::io("list", &segments))? {
        sync_ancestors(disk, &absolute, &existing)?;
        disk.sync_dir(&dir).map_err(StoreError::io("sync", &dir))?;
    }
    Ok((dir, lock))
}

/// Makes the names of `dir` and of the directories above it durable, for any of them may be new.
/// Those above `existing` are older than this call: they are synced in case a crash came between their
/// creation and their sync, and passed over where that cannot be done.
fn sync_ancestors(disk: &dyn Disk, dir: &Path, existing: &Path) -> Result<(), StoreError> {
    for ancestor in dir.ancestors() {
        let is_older = existing != ancestor && existing.starts_with(ancestor);
        match disk.sync_dir(ancestor) {
            Err(error)
                if is_older
                    && matches!(
                        error.kind(),
                        ErrorKind::PermissionDenied
                            | ErrorKind::InvalidInput
                            | ErrorKind::Unsupported
                    ) => {}
            result => result.map_err(StoreError::io("sync", ancestor))?,
        }
    }
    Ok(())
}

impl Drop for Store {
    /// Notes what is durable anyway, so that the next opening need not doubt it.
    fn drop(&mut self) {
        if self.durable_position() == self.position() {
            // There is nobody to tell, and nothing is lost by it.
            let _ = self.flush();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("dir", &self.config.dir)
            .field("id", &self.id())
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
