//! Saving what can be saved of a store that does not open.

mod header;
mod report;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use report::{Loss, Lost, Repair};

use super::consume::Bookmarks;
use super::index::{FramePlace, FrameSpan, last_named};
use super::log::history::History;
use super::log::segment::copy::SegmentsInMaking;
use super::log::segment::directory::{Reading, segment_firsts};
use super::log::segment::file::{MAX_SEGMENT_BYTES, segment_name};
use super::log::segment::header::SegmentHeader;
use super::log::segment::recover::CutReason;
use super::log::segment::whole::WholeSegment;
use super::open::claim_empty;
use super::progress::{Work, Working, Works};
use super::read_only::find_dir;
use super::tail_record::{TailPath, TailReader};
use super::verify::log::LogCheck;
use super::{Store, StoreConfig, StoreError};
use crate::event::{Digest, EventFlags, RawEvent, hash};
use header::StoreHeader;

impl Store {
    /// Makes a store in the directory `into`, which is empty or not there yet, of what can be saved of one that
    /// [`Self::open`] refuses or [`Self::verify`] finds altered.
    ///
    /// The store in the configured directory is only read. What is kept is its longest beginning that verifies,
    /// in whole batches: positions and revisions have no gaps, so that an event behind one that is lost has no
    /// place any more. What is left out is in the [`Repair`], and lies byte by byte in the directory `lost`
    /// beside the log, for whoever can make something of it. A segment's damaged header is made anew, if the
    /// events behind it show that it is right; a file whose whole header is of another segment or another store than
    /// its name and most others say is left aside.
    ///
    /// [Consumers](Self::consumer) go on where they were, unless the log ends before that
    /// ([`StoreError::HistoryChanged`]).
    ///
    /// Restoring a backup is better wherever there is one that has as much.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let base = std::env::temp_dir().join(format!("batpak-repair-{}", std::process::id()));
    /// # let (dir, saved_dir) = (base.join("store"), base.join("saved"));
    /// # let store = Store::open(StoreConfig::new(&dir))?;
    /// # let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// # for step in ["north", "east", "south"] {
    /// #     store.append(&alice, EventKind::custom(0xF, 1), &step)?;
    /// # }
    /// # store.close()?;
    /// # let segment = dir.join("segments/00000000000000000001.seg");
    /// # let mut bytes = std::fs::read(&segment)?;
    /// # let at = bytes.windows(4).position(|word| word == b"east").unwrap();
    /// # bytes[at] = b'w';
    /// # std::fs::write(&segment, bytes)?;
    /// # std::fs::remove_dir_all(dir.join("index"))?;
    ///
    /// // A byte of the second of three events is not the one that was written.
    /// assert!(matches!(Store::open(StoreConfig::new(&dir)), Err(StoreError::Corrupt { .. })));
    ///
    /// let repair = Store::repair(StoreConfig::new(&dir), &saved_dir)?;
    /// assert_eq!((repair.position, repair.lost.len()), (1, 1));
    /// assert_eq!(repair.lost[0].first_position, 2);
    /// assert_eq!(Store::open(StoreConfig::new(&saved_dir))?.verify()?.events, 1);
    /// # std::fs::remove_dir_all(base)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`StoreError::InUse`] if either directory is in use, [`StoreError::NotEmpty`] if `into` is;
    /// - [`StoreError::Foreign`] if there is no store, [`StoreError::NewerFormat`] if it is one of a later version;
    /// - [`StoreError::Corrupt`] if not even the first segment's header can be saved;
    /// - [`StoreError::Io`] if a file cannot be read or written, or `into` lies within the store. Where a disk fails,
    ///   first copy what can be read of it to another one, with a tool that puts zeros for the rest.
    pub fn repair(from: StoreConfig, into: impl AsRef<Path>) -> Result<Repair, StoreError> {
        let works = Works::of(&from);
        let disk = from.disk;
        let dir = find_dir(disk.as_ref(), &from.dir)?;
        let lock = disk.lock_dir(&dir).map_err(StoreError::io("lock", &dir))?;
        let _lock = lock.ok_or_else(|| StoreError::InUse(dir.clone()))?;
        let segments = dir.join("segments");
        let names = disk.list(&segments);
        let mut firsts = segment_firsts(&names.map_err(StoreError::io("list", &segments))?);
        if firsts.is_empty() {
            return Err(StoreError::Foreign {
                path: dir,
                found: "it has no segments".to_owned(),
            });
        }
        let (store, strays) = StoreHeader::find(disk.as_ref(), &segments, &firsts)?;
        firsts.retain(|first| !strays.contains(first));
        let (into, _into_lock) = claim_empty(disk.as_ref(), into.as_ref(), &dir)?;
        let told = store.id.and_then(|id| {
            let tail = TailPath::of(&disk, &dir, id);
            Some(TailReader::new(tail).read()?.position)
        });
        let work = works.begin(Work::Repairing, told);
        let _entered = work.enter();
        let mut salvage = Salvage {
            work,
            making: SegmentsInMaking::begin(&disk, &into)?,
            read: ReadSoFar::new(store.is_chained),
            from: segments,
            into,
            store,
            kept: None,
            footers_hold: true,
            repair: Repair::default(),
        };
        for (at, first) in firsts.iter().enumerate() {
            salvage.take(*first, firsts.get(at + 1).copied())?;
        }
        salvage.finish(&dir, &strays)
    }
}

/// A store that is being saved, segment by segment.
struct Salvage {
    making: SegmentsInMaking,
    /// The directories of the segments and of the new store.
    from: PathBuf,
    into: PathBuf,
    store: StoreHeader,
    read: ReadSoFar,
    /// The last segment that was kept, and the file offset up to which.
    kept: Option<(u64, u64)>,
    /// Whether no footer was missing or wrong yet. They follow one another.
    footers_hold: bool,
    repair: Repair,
    work: Working,
}

impl Salvage {
    /// Takes the next segment; `next` is the first position of the one behind it.
    fn take(&mut self, first: u64, next: Option<u64>) -> Result<(), StoreError> {
        let expected = self.read.position + 1;
        if self.repair.lost.is_empty() && first != expected {
            let missing = self.from.join(segment_name(expected));
            let until = first.checked_sub(1);
            self.repair
                .lose((missing, 0, 0), (expected, until), Loss::Missing);
        }
        if self.repair.lost.is_empty() {
            return self.keep(first, next);
        }
        self.lose(first, 0, (first, next), Loss::Behind)
    }

    /// Keeps what there is of a segment that follows what was kept.
    fn keep(&mut self, first: u64, next: Option<u64>) -> Result<(), StoreError> {
        let path = self.from.join(segment_name(first));
        let len = self
            .making
            .disk
            .open(&path, false)
            .and_then(|file| file.len());
        let len = len.map_err(StoreError::io("read", &path))?;
        let len = len.min(MAX_SEGMENT_BYTES);
        let copied = self
            .making
            .copy((&path, 0), &self.making.path(first), len)?;
        let header = self.store.of(copied.file.as_ref(), first, self.read.digest);
        let Some(found) = header.map_err(StoreError::io("read", &path))? else {
            return self.lose_headless(first, next);
        };
        if found.is_mended {
            copied.write(&found.header.to_bytes(), 0)?;
            self.repair.mended_headers.push(path);
        }
        let whole = WholeSegment::open(&self.making.disk, &self.making.partial(), first)?;
        self.read.begin();
        let loss = match whole.read(next, &mut self.work.over(&mut self.read)) {
            Ok((scan, _)) => {
                let cut = scan.cut.filter(|cut| *cut != CutReason::Zeros);
                cut.map(Loss::Unproven)
            }
            Err(StoreError::Corrupt { problem, .. }) => Some(Loss::Damaged(problem)),
            Err(error) => return Err(error),
        };
        let end = self.read.end;
        self.kept = Some((first, end));
        self.repair.segments += 1;
        match loss {
            Some(loss) => {
                copied.cut(end)?;
                self.lose(first, end, (self.read.position + 1, next), loss)?;
            }
            None => {
                let footer = match whole.footer(end) {
                    Err(StoreError::Corrupt { .. }) => None,
                    footer => footer?,
                };
                self.footers_hold &= footer == Some(self.read.history.footer(end));
                if !self.footers_hold {
                    copied.cut(end)?;
                }
                self.read.history.close();
            }
        }
        copied.sync()
    }

    /// Leaves out a segment whose header nothing tells.
    fn lose_headless(&mut self, first: u64, next: Option<u64>) -> Result<(), StoreError> {
        let problem = "the header is damaged";
        if first == 1 {
            return Err(StoreError::Corrupt {
                path: self.from.join(segment_name(first)),
                offset: 0,
                position: first,
                problem,
            });
        }
        self.making.remove(first)?;
        self.lose(first, 0, (first, next), Loss::Damaged(problem))
    }

    /// Puts what a segment has from the file offset `offset` on aside.
    fn lose(
        &mut self,
        first: u64,
        offset: u64,
        (position, next): (u64, Option<u64>),
        loss: Loss,
    ) -> Result<(), StoreError> {
        let path = self.from.join(segment_name(first));
        let disk = &self.making.disk;
        let lost = self.into.join("lost");
        disk.create_dir(&lost)
            .map_err(StoreError::io("create", &lost))?;
        let name = match offset {
            0 => segment_name(first),
            _ => format!("{}.from-{offset}", segment_name(first)),
        };
        let len = disk.open(&path, false).and_then(|file| file.len());
        let len = len.map_err(StoreError::io("read", &path))?;
        // Behind that is nothing that a store wrote, and a file may claim more than the disk has room for.
        let bytes = len.min(MAX_SEGMENT_BYTES).saturating_sub(offset);
        let copied = self.making.copy((&path, offset), &lost.join(name), bytes)?;
        copied.sync()?;
        let last = next.map(|next| next - 1);
        self.repair
            .lose((path, offset, bytes), (position, last), loss);
        Ok(())
    }

    /// Ends the log where what was kept of it ends.
    fn finish(mut self, dir: &Path, strays: &[u64]) -> Result<Repair, StoreError> {
        let position = self.read.position;
        if let Some((first, end)) = self.kept {
            let whole = WholeSegment::open(&self.making.disk, &self.making.partial(), first)?;
            let copied = self.making.reopen(first)?;
            copied.cut(end)?;
            if position > 0 {
                copied.mark(whole.segment.seed()?, end, position)?;
            }
            copied.sync()?;
        }
        self.repair.position = position;
        self.lose_to_index(dir)?;
        for first in strays {
            self.lose(*first, 0, (*first, None), Loss::Stray)?;
        }
        let lost = self.into.join("lost");
        match self.making.disk.sync_dir(&lost) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            synced => synced.map_err(StoreError::io("sync", &lost))?,
        }
        let disk = self.making.disk.as_ref();
        Bookmarks::read(disk, dir)?.write(disk, &self.into)?;
        self.making.finish()?;
        self.work.end();
        Ok(self.repair)
    }

    /// Tells of events that only the index shows to have been there.
    fn lose_to_index(&mut self, dir: &Path) -> Result<(), StoreError> {
        let index = dir.join("index");
        let names = match self.making.disk.list(&index) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(());
            }
            names => names.map_err(StoreError::io("list", &index))?,
        };
        let told = match self.repair.lost.last() {
            Some(lost) => lost.last_position,
            None => Some(self.read.position),
        };
        if let (Some(told), Some(last)) = (told, last_named(&names))
            && last > told
        {
            let missing = (self.from.clone(), 0, 0);
            self.repair
                .lose(missing, (told + 1, Some(last)), Loss::Missing);
        }
        Ok(())
    }
}

/// What was read of the log, and found to be as a store wrote it.
struct ReadSoFar {
    log: LogCheck,
    history: History,
    /// The position and the digest of the last event of the last whole batch, and the file offset behind it.
    position: u64,
    digest: Digest,
    end: u64,
}

impl ReadSoFar {
    fn new(is_chained: bool) -> Self {
        Self {
            log: LogCheck::new(is_chained),
            history: History::new(is_chained && hash::AVAILABLE),
            position: 0,
            digest: Digest::ZERO,
            end: SegmentHeader::BYTES as u64,
        }
    }

    /// Goes on at the beginning of a segment.
    fn begin(&mut self) {
        self.end = SegmentHeader::BYTES as u64;
    }
}

impl Reading for ReadSoFar {
    fn event(&mut self, event: &RawEvent<'_>, place: FramePlace) -> Result<(), &'static str> {
        self.log.take(event)?;
        let header = &event.meta.header;
        self.history.push(header.digest);
        if header.flags.contains(EventFlags::COMMIT) {
            self.position = header.sequence;
            self.digest = header.digest.unwrap_or(Digest::ZERO);
            self.end = u64::from(place.end);
        }
        Ok(())
    }

    fn place(&self, _: u64) -> Option<FrameSpan> {
        None
    }
}
