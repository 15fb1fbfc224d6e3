//! Opening a store: its directory, its lock, and what its log holds.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::background::Background;
use super::commit::stage::{End, Stage};
use super::commit::{Committer, Limits};
use super::fs::{DirLock, Disk};
use super::index::{Cover, Part, PartDir, open_all};
use super::indexing::Indexing;
use super::log::segment::directory::{Directory, Founding, Known, Opened};
use super::log::segment::handles::Handles;
use super::log::segment::reader::{FrameReader, Segments};
use super::log::segment::recover::Start;
use super::log::segment::writer::Row;
use super::progress::{Work, Works};
use super::running::Threads;
use super::shared::{Shared, Watermarks};
use super::subscribe::Recent;
use super::table::BlockCache;
use super::tail_record::{LogEnd, TailPath, TailReader, TailWriter};
use super::watch::Watch;
use super::{Store, StoreConfig, StoreError, trace};
use crate::event::{StoreId, hash};
use crate::sync::AtomicBool;

impl Store {
    /// Opens the store in the configured directory, and creates both if they are not there.
    ///
    /// Of the log only what lies behind the part of it is read that the index on disk covers, after a clean close
    /// nothing, and the event that each file of the index ends with. Without an index, or with one that is of another version
    /// or does not open, all of the log is read once, and the index is made anew. The end of a log that was cut off by
    /// a crash is removed if nothing proves that any of it was durable; [`Self::recovery`] says so.
    ///
    /// To a build without the feature `blake3`, a chained store is open for reading only: this is then
    /// [`Self::open_read_only`], which changes nothing on disk.
    ///
    /// # Errors
    /// - [`StoreError::InUse`] if the store is open elsewhere;
    /// - [`StoreError::Foreign`] if the directory holds something else, [`StoreError::NewerFormat`]
    ///   if it is a store of a later version;
    /// - [`StoreError::Corrupt`] if events that were acknowledged are damaged or missing, as far as the
    ///   log is read: what the index covers is checked when it is read, and by [`Self::verify`]. Nothing of
    ///   the log has then been changed;
    /// - [`StoreError::Io`] if the file system refuses.
    pub fn open(mut config: StoreConfig) -> Result<Self, StoreError> {
        let disk = Handles::new(Arc::clone(&config.disk));
        let lock: Arc<dyn DirLock>;
        (config.dir, lock) = prepare_dir(disk.as_ref(), &config.dir)?;
        let directory = Directory::read(Row {
            disk: Arc::clone(&disk),
            dir: config.dir.join("segments"),
            lock: Arc::downgrade(&lock),
        })?;
        let first = directory.first_header()?;
        if first.is_some_and(|first| first.chained) && !hash::AVAILABLE {
            return Self::open_read_only(config);
        }
        let founding = Founding::of(&config, first.map(|first| first.store_id));
        let parts = PartDir {
            disk,
            dir: config.dir.join("index"),
            store_id: founding.store_id,
            cache: Arc::new(BlockCache::new(config.cache_bytes)),
            damage: Arc::default(),
        };
        let segments = directory.files();
        let cover = cover(&parts, &segments)?;
        let known = known(&cover);
        let tail = TailPath::of(&parts.disk, &config.dir, parts.store_id);
        let mut indexing = Indexing::new(cover.parts, parts.clone(), directory.newest())?;
        let works = Works::of(&config);
        let mut work = works.begin(Work::Opening, unread(known, TailReader::new(tail).read()));
        let entered = work.enter();
        let scan = match directory.scan(known, &mut work.over(&mut indexing)) {
            Err(error) => return Err(indexing.failure().unwrap_or(error)),
            scan => scan?,
        };
        drop(entered);
        work.end();
        let opened = directory.resume(scan, (known, &founding), &indexing)?;
        // Until here they may be the only proof of what a scan of the log must not cut.
        remove_leftovers(&parts, &cover.leftovers, &indexing)?;
        Self::begin(config, lock, opened, indexing, parts)
    }

    /// The store whose log was read and is ready to be written to.
    fn begin(
        config: StoreConfig,
        lock: Arc<dyn DirLock>,
        opened: Opened,
        indexing: Indexing,
        parts: PartDir,
    ) -> Result<Self, StoreError> {
        let last = opened.last;
        let (index, names, newest) = indexing.done();
        let shared = Arc::new(Shared {
            id: StoreId::from_bytes(opened.header.store_id),
            index,
            segments: opened.segments,
            names: names.into(),
            watermarks: Watermarks::new(last, last),
            disk: Arc::clone(&parts.disk),
            dir: config.dir.clone(),
            follower: None,
            watch: Watch::default(),
            recent: Recent::default(),
            closed: AtomicBool::new(false),
            works: Works::of(&config),
            snapshots: config.projection_cache.open(),
        });
        let end = End {
            segment: opened.header,
            offset: opened.end,
            last,
            last_digest: shared.digest_at(last)?,
            last_id: newest.0,
            time_us: newest.1,
        };
        let source = Arc::clone(&config.source);
        let stage = Stage::behind(end, shared.index.tail(), config.segment_bytes, source);
        let limits = (Limits::of(&config), opened.proven);
        let told = LogEnd {
            position: last,
            segment: opened.header.first,
            offset: opened.end,
        };
        let tail = TailPath::of(&parts.disk, &config.dir, opened.header.store_id);
        let of_all = (Arc::clone(&shared), TailWriter::create(&tail, told));
        let committer = Arc::new(Committer::new(stage, opened.writer, of_all, limits));
        committer.prove()?;
        trace::opened(&config.dir, last, &opened.recovery);
        let background = Background::start(&committer, &shared, parts)
            .map_err(StoreError::io("start a thread for", &config.dir))?;
        Ok(Self {
            chained: opened.header.chained,
            recovery: opened.recovery,
            background: Some(background),
            running: Threads::default(),
            shared,
            committer: Some(committer),
            config,
            _lock: Some(lock),
        })
    }
}

impl Founding {
    /// What the store is, if it has this id, or would be.
    fn of(config: &StoreConfig, store_id: Option<[u8; 16]>) -> Self {
        let new_id = || config.source.random().to_be_bytes();
        let store_id = store_id.unwrap_or_else(new_id);
        let random = config.source.random();
        Self {
            store_id,
            // The six fixed bits of a UUID are evened out by its other half.
            nonce: ((random >> 64) as u64 ^ random as u64).to_le_bytes(),
            chained: hash::AVAILABLE,
        }
    }
}

/// How many events there are to read, by what their writer told, if that may be.
pub(super) fn unread(known: Known, told: Option<LogEnd>) -> Option<u64> {
    let covered = known.map_or(0, |(_, start)| start.position - 1);
    told?.position.checked_sub(covered)
}

/// Up to where the parts cover the log, if there are any, and what they prove of the rest.
pub(super) fn known(cover: &Cover) -> Known {
    let durable = cover.durable;
    match cover.parts.last() {
        Some(part) => {
            let (segment, offset) = part.log_end();
            let start = Start {
                position: part.last() + 1,
                offset: u64::from(offset),
                durable,
            };
            Some((segment, start))
        }
        None if durable == 0 => None,
        None => {
            let start = Start::of_log();
            Some((1, Start { durable, ..start }))
        }
    }
}

/// Removes the files of the index that are of no use, unless what was read of the log has become a part of that name.
fn remove_leftovers(
    parts: &PartDir,
    leftovers: &[String],
    indexing: &Indexing,
) -> Result<(), StoreError> {
    let made = indexing.index().parts();
    for name in leftovers {
        let path = parts.dir.join(name);
        if made.iter().any(|part| part.path() == path) {
            continue;
        }
        match parts.disk.remove(&path) {
            // One that was unfinished gave way to another.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.map_err(StoreError::io("remove", &path))?,
        }
    }
    Ok(())
}

/// The parts of the index that fit the log. One that is damaged where opening reads it, or shows another
/// event than the log has where it ends, is a leftover, and so are those behind it. What these prove to be durable
/// they prove all the same.
///
/// # Errors
/// [`StoreError::Corrupt`] if the log has no readable event where the last part ends. What is in a part
/// was durable, so that is a loss, and none that a scan of the log would be sure to find.
pub(super) fn cover(dir: &PartDir, segments: &Segments) -> Result<Cover, StoreError> {
    let mut cover = open_all(dir)?;
    let mut right = cover.parts.len();
    let mut is_last = true;
    for (at, part) in cover.parts.iter().enumerate().rev() {
        if fits(part, segments, is_last)? {
            is_last = false;
            cover.durable = cover.durable.max(part.last());
        } else {
            right = at;
        }
    }
    for part in cover.parts.drain(right..) {
        let name = part.path().file_name().unwrap_or_default();
        cover.leftovers.push(name.to_string_lossy().into_owned());
    }
    Ok(cover)
}

/// Whether a part is whole where opening reads it, and shows the event that the log has where it ends.
/// Unless it is the last, a log that is damaged there is left to the scan.
fn fits(part: &Part, segments: &Segments, is_last: bool) -> Result<bool, StoreError> {
    let position = part.last();
    let place = match part.names().and_then(|_| part.locate(position, &mut None)) {
        Err(error) if error.is_damage() => return Ok(false),
        place => place?,
    };
    let is_there = segments.get(part.log_end().0).is_some();
    let place = match segments.place(position, place) {
        Err(StoreError::Corrupt { .. }) if !is_last => return Ok(false),
        place => place?,
    };
    let Some(place) = place.filter(|_| is_there) else {
        // For the last part this is told when the log is read on from there.
        return Ok(is_last);
    };
    match FrameReader::default().read_only(&place) {
        Ok((event, _)) => Ok(event.meta.header.event_id == part.last_id()),
        Err(StoreError::Corrupt { .. }) if !is_last => Ok(false),
        Err(StoreError::Corrupt { .. }) => Err(place.corrupt(
            "the event that the index ends with is not here (if this is meant to be an older log, \
             remove the directory `index`)",
        )),
        Err(error) => Err(error),
    }
}

/// A directory that is this process' alone.
struct Claimed {
    /// Its path as it was given, and as it is now, whatever becomes of the working directory or of symbolic
    /// links later.
    absolute: PathBuf,
    dir: PathBuf,
    /// The lowest directory on the way to it that was there before.
    existing: PathBuf,
    lock: Arc<dyn DirLock>,
    /// What is in it.
    names: Vec<String>,
}

/// The absolute path of a directory, and the lowest directory on the way to it that is there.
fn existing_part(disk: &dyn Disk, dir: &Path) -> Result<(PathBuf, PathBuf), StoreError> {
    let absolute = std::path::absolute(dir).map_err(StoreError::io("resolve", dir))?;
    let existing = absolute.ancestors().find(|dir| disk.list(dir).is_ok());
    let existing = existing.unwrap_or(&absolute).to_owned();
    Ok((absolute, existing))
}

/// Creates what is missing of a directory and those above it, and takes the lock.
fn claim_dir(disk: &dyn Disk, dir: &Path) -> Result<Claimed, StoreError> {
    let (absolute, existing) = existing_part(disk, dir)?;
    disk.create_dir(&absolute)
        .map_err(StoreError::io("create", &absolute))?;
    let dir = disk
        .resolve(&absolute)
        .map_err(StoreError::io("resolve", &absolute))?;
    let lock = disk
        .lock_dir(&dir)
        .map_err(StoreError::io("lock", &dir))?
        .ok_or_else(|| StoreError::InUse(dir.clone()))?;
    Ok(Claimed {
        names: disk.list(&dir).map_err(StoreError::io("list", &dir))?,
        absolute,
        dir,
        existing,
        lock,
    })
}

/// Creates a directory that is to be filled, or takes one that is empty, and takes the lock. It is not to lie within
/// the directory `store`.
pub(super) fn claim_empty(
    disk: &dyn Disk,
    dir: &Path,
    store: &Path,
) -> Result<(PathBuf, Arc<dyn DirLock>), StoreError> {
    let (absolute, existing) = existing_part(disk, dir)?;
    let above = disk.resolve(&existing);
    let above = above.map_err(StoreError::io("resolve", &existing))?;
    if above.starts_with(store) {
        let within = io::Error::new(ErrorKind::InvalidInput, "it lies within the store");
        return Err(StoreError::io("use", &absolute)(within));
    }
    let claimed = claim_dir(disk, dir)?;
    if claimed.names.iter().any(|name| name != "lost+found") {
        return Err(StoreError::NotEmpty(claimed.dir));
    }
    sync_ancestors(disk, &claimed.absolute, &claimed.existing)?;
    Ok((claimed.dir, claimed.lock))
}

/// Creates what is missing of the store's directories, and takes the lock. Gives the directory's
/// path as it is now.
fn prepare_dir(disk: &dyn Disk, dir: &Path) -> Result<(PathBuf, Arc<dyn DirLock>), StoreError> {
    let Claimed {
        absolute,
        dir,
        existing,
        lock,
        names,
    } = claim_dir(disk, dir)?;
    let segments = dir.join("segments");
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
    check_is_own(disk, &dir)?;
    let is_empty = || disk.list(&segments).map(|names| names.is_empty());
    if !founded || is_empty().map_err(StoreError::io("list", &segments))? {
        sync_ancestors(disk, &absolute, &existing)?;
        disk.sync_dir(&dir).map_err(StoreError::io("sync", &dir))?;
    }
    Ok((dir, lock))
}

/// That the segments of the store in `dir` are there and not elsewhere. The lock is on this directory, and would not
/// keep apart two stores that share their segments.
pub(super) fn check_is_own(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    let segments = dir.join("segments");
    match disk.resolve(&segments) {
        Ok(found) if found != segments => Err(StoreError::Foreign {
            path: dir.to_owned(),
            found: "its `segments` is a symbolic link".to_owned(),
        }),
        _ => Ok(()),
    }
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
