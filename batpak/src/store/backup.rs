//! Copying a store while it is in use.

mod manifest;

use std::path::Path;
use std::sync::Arc;

pub use manifest::{Backup, BackupError, BackupSegment};

use super::consume::Bookmarks;
use super::log::segment::copy::SegmentsInMaking;
use super::log::segment::file::{SegmentFile, segment_name};
use super::log::segment::header::SegmentHeader;
use super::log::segment::seal::{FOOTER_FRAME, read_footer};
use super::open::claim_empty;
use super::progress::Work;
use super::{Store, StoreError};

impl Store {
    /// Copies the store into the directory `dir`, which is empty or not there yet, while others append and read.
    ///
    /// The backup has all events up to a position, which are durable, in whole batches; a store that can be
    /// written to first makes durable what was committed so far. Opened with [`Store::open`], it is a store of
    /// its own, of the same id, that goes on from there; its index is made anew then. A file `BACKUP` beside the
    /// log says what is in it, with a [`Checkpoint`](crate::Checkpoint) for [`Store::verify_against`], if the
    /// store has digests. A directory without that file, or without `segments`, is a backup that was not
    /// completed; what an error leaves there may be removed.
    ///
    /// [Consumers](Self::consumer) go on in the backup from the position that was stored last when it was begun.
    ///
    /// Segments that will never be written to again are not copied, but get a second name in the backup (a hard
    /// link), where the file system can. That takes no room and no time, and survives whatever is done to the
    /// store's directory. It is no second copy of the bytes: what changes or damages such a file in place does so for
    /// both. Against that, and a disk that fails, copy the backup to another one, or give a directory there, where
    /// links cannot be made.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let base = std::env::temp_dir().join(format!("batpak-backup-{}", std::process::id()));
    /// # let (dir, backup_dir) = (base.join("store"), base.join("backup"));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// store.append(&alice, EventKind::custom(0xF, 1), &"north")?;
    ///
    /// let backup = store.backup(&backup_dir)?;
    /// assert_eq!(backup.position, 1);
    ///
    /// let restored = Store::open(StoreConfig::new(&backup_dir))?;
    /// assert_eq!(restored.revision(&alice)?, 1);
    /// if let Some(checkpoint) = &backup.checkpoint {
    ///     restored.verify_against(checkpoint)?;
    /// }
    /// # drop((store, restored));
    /// # std::fs::remove_dir_all(base)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`], or [`StoreError::InUse`] if somebody else fills the directory;
    /// [`StoreError::Io`]; and [`StoreError::Corrupt`] or [`StoreError::DamagedIndex`] where it has to read the
    /// log and cannot. It reads little of it: verify the backup, against its own checkpoint ([`Backup::read`]), which
    /// also tells whether a copy of it is whole. A `dir` within the store's own directory is refused.
    pub fn backup(&self, dir: impl AsRef<Path>) -> Result<Backup, StoreError> {
        // Before the position, which so is above none of them.
        let bookmarks = Bookmarks::read(self.shared.disk.as_ref(), &self.config.dir)?;
        match self.flush() {
            // What is durable already can be copied all the same.
            Err(StoreError::ReadOnly(_) | StoreError::Poisoned(_)) => {}
            flushed => flushed?,
        }
        let position = self.durable_position().min(self.position());
        let disk = &self.shared.disk;
        let (dir, _lock) = claim_empty(disk.as_ref(), dir.as_ref(), &self.config.dir)?;
        let mut work = self.shared.begin(Work::BackingUp, Some(position));
        let _entered = work.enter();
        let making = SegmentsInMaking::begin(disk, &dir)?;
        let mut segments = Vec::new();
        let mut are_sealed = true;
        let row = self.shared.segments.row(position + 1);
        for (at, (segment, end)) in row.iter().enumerate() {
            let is_last = at + 1 == row.len();
            // A footer says that those before it are there. The last segment will be written to, here or there.
            let sealed = match are_sealed && !is_last {
                true => self.sealed(segment, *end)?,
                false => None,
            };
            are_sealed = sealed.is_some();
            segments.push(self.back_up(&making, segment, (*end, sealed), is_last)?);
            work.did(end - segment.first);
        }
        if row.is_empty()
            && let Some(segment) = self.shared.segments.get(1)
        {
            segments.push(self.back_up(&making, &segment, (1, None), true)?);
        }
        let backup = Backup {
            store_id: self.id(),
            position,
            checkpoint: match self.checkpoint_at(position) {
                Err(StoreError::Unchained(_)) => None,
                checkpoint => Some(checkpoint?),
            },
            segments,
        };
        bookmarks.write(disk.as_ref(), &dir)?;
        backup.write(disk.as_ref(), &dir)?;
        making.finish()?;
        work.end();
        Ok(backup)
    }

    /// Links a segment, if it is `sealed` and so long, or copies it: with its footer, or else its events before the
    /// position `end`.
    fn back_up(
        &self,
        making: &SegmentsInMaking,
        segment: &Arc<SegmentFile>,
        (end, sealed): (u64, Option<u64>),
        is_last: bool,
    ) -> Result<BackupSegment, StoreError> {
        let first = segment.first;
        let mut backed_up = BackupSegment {
            name: segment_name(first),
            bytes: 0,
            is_linked: false,
        };
        // One without a footer will get it from its writer.
        if let Some(bytes) = sealed
            && making.link(&segment.path, first)?
        {
            (backed_up.bytes, backed_up.is_linked) = (bytes, true);
            return Ok(backed_up);
        }
        let last = end - 1;
        backed_up.bytes = match sealed {
            Some(bytes) => bytes,
            None if last >= first => self.shared.locate(last)?.frame_end()?,
            None => SegmentHeader::BYTES as u64,
        };
        let to = making.path(first);
        let copied = making.copy((&segment.path, 0), &to, backed_up.bytes)?;
        if is_last && last > 0 {
            backed_up.bytes = copied.mark(segment.seed()?, backed_up.bytes, last)?;
        }
        copied.sync()?;
        Ok(backed_up)
    }

    /// The length of a closed segment that has all events before `end` and its footer, and so is never written to
    /// again.
    fn sealed(&self, segment: &SegmentFile, end: u64) -> Result<Option<u64>, StoreError> {
        let file = self.shared.disk.open(&segment.path, false);
        let file = file.map_err(StoreError::io("open", &segment.path))?;
        let footer = read_footer(file.as_ref(), segment)?;
        let footer = footer.filter(|footer| footer.count == end - segment.first);
        Ok(footer.map(|footer| footer.end + FOOTER_FRAME))
    }
}
