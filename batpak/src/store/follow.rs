//! Following the log of a store that somebody else writes to.
//!
//! A reader knows the log up to a place, and goes on from there when the record `TAIL` tells of more.
//! What it cannot read leaves it where it was, and is tried again. Nothing here writes to the disk.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::index::{Cover, Damage, FramePlace, FrameSpan, Index, PartDir, part_ranges};
use super::indexing::Indexing;
use super::log::segment::directory::{Directory, Known, Reading};
use super::log::segment::handles::Handles;
use super::log::segment::header::SegmentHeader;
use super::log::segment::reader::Segments;
use super::log::segment::recover::Start;
use super::log::segment::writer::Row;
use super::open::{cover, known, unread};
use super::progress::{Work, Working, Works};
use super::read_only::NoLock;
use super::shared::{Shared, Watermarks};
use super::subscribe::Recent;
use super::table::BlockCache;
use super::tail_record::{LogEnd, TailPath, TailReader};
use super::watch::Watch;
use super::{StoreConfig, StoreError};
use crate::event::{RawEvent, StoreId};
use crate::sync::{AtomicBool, Instant, Mutex, RwLock};

/// How many events a reader has in memory when it first looks for parts of the index that have them.
const TAKE_OVER: u64 = 1 << 15;

/// After how many more it looks again, if there were none.
const LOOK_AGAIN: u64 = 1 << 12;

/// How long nothing is tried after something could not be read.
const REST: Duration = Duration::from_millis(50);

/// How often a directory is read that changes meanwhile.
pub(crate) const TRIES: usize = 5;

/// What keeps a reader at the end of the log.
#[derive(Debug)]
pub(crate) struct Follower {
    tail: TailReader,
    damage: Arc<Damage>,
    following: Mutex<Following>,
}

#[derive(Debug)]
struct Following {
    directory: Directory,
    parts: PartDir,
    reached: Reached,
    /// From which position on the parts of the index are looked at again.
    take_over_at: u64,
    /// Whether the tail in memory may have events that nobody vouches for, so that the log must be read
    /// anew.
    is_doubtful: bool,
    rests_until: Option<Instant>,
}

/// What was read of the log.
#[derive(Debug)]
struct Reached {
    indexing: Indexing,
    /// Where the log goes on.
    end: LogEnd,
    /// Every position up to this one is proven durable.
    durable: u64,
    /// Up to where each segment was read, of those that nobody was told about yet.
    read: Vec<(u64, u64)>,
    /// How far the log went, read or not: the newest segment and its length.
    extent: (u64, u64),
    /// The file offset behind what counts of the newest segment.
    frames_end: u64,
}

impl Follower {
    /// Reads the log of the store in the configured directory, and gives what readers need.
    pub(crate) fn open(config: &StoreConfig) -> Result<(Shared, SegmentHeader), StoreError> {
        let disk = Handles::new(Arc::clone(&config.disk));
        let directory = Directory::read(Row {
            disk: Arc::clone(&disk),
            dir: config.dir.join("segments"),
            lock: Weak::<NoLock>::new(),
        })?;
        let Some(header) = directory.first_header()? else {
            return Err(StoreError::Foreign {
                path: config.dir.clone(),
                found: "it has no segment yet".to_owned(),
            });
        };
        let store_id = header.store_id;
        let parts = PartDir {
            disk: disk.clone(),
            dir: config.dir.join("index"),
            store_id,
            cache: Arc::new(BlockCache::new(config.cache_bytes)),
            damage: Arc::default(),
        };
        let damage = Arc::clone(&parts.damage);
        let tail = TailReader::new(TailPath::of(&parts.disk, &config.dir, store_id));
        let works = Works::of(config);
        let mut following = Following::new(directory, parts, tail.read(), &works)?;
        let shared = Shared {
            id: StoreId::from_bytes(store_id),
            index: Index::new(Vec::new()),
            segments: Segments::default(),
            names: RwLock::default(),
            watermarks: Watermarks::default(),
            disk,
            dir: config.dir.clone(),
            follower: None,
            watch: Watch::default(),
            recent: Recent::default(),
            closed: AtomicBool::new(false),
            works,
            snapshots: config.projection_cache.open(),
        };
        following.show(&shared);
        damage.take();
        let follower = Some(Self {
            tail,
            damage,
            following: Mutex::new(following),
        });
        Ok((Shared { follower, ..shared }, header))
    }

    /// Takes in what was published since the last time.
    pub(crate) fn follow(&self, shared: &Shared) {
        let is_behind = |told: &LogEnd| told.position > shared.watermarks.published();
        let told = self.tail.read();
        let has_news =
            |told: &Option<LogEnd>| told.as_ref().is_none_or(is_behind) || self.damage.is_found();
        if !has_news(&told) {
            return;
        }
        let mut following = self.following.lock();
        let rests = following
            .rests_until
            .is_some_and(|end| Instant::now() < end);
        if rests || !has_news(&told) {
            return;
        }
        // The writer may have made anew what is damaged of the index.
        let is_damaged = self.damage.take();
        if is_damaged {
            following.is_doubtful = true;
            following.parts.cache.renew();
        }
        // An error leaves what there was.
        let _ = match &told {
            Some(told) => following.follow(*told, shared),
            None => following.prove(shared),
        };
        let is_there = told.is_some_and(|told| !is_behind(&told));
        // What is damaged still is found by the next question.
        self.damage.take();
        let rests = is_damaged || !is_there;
        following.rests_until = rests.then(|| Instant::now() + REST);
    }
}

impl Following {
    fn new(
        mut directory: Directory,
        parts: PartDir,
        told: Option<LogEnd>,
        works: &Works,
    ) -> Result<Self, StoreError> {
        // Whatever the record tells of was written before it.
        directory.refresh()?;
        let reached = Reached::read(&directory, &parts, told, Some(works))?;
        Ok(Self {
            take_over_at: reached.take_over_at(),
            reached,
            directory,
            parts,
            is_doubtful: false,
            rests_until: None,
        })
    }

    /// Goes on to the end that the writer told of.
    fn follow(&mut self, told: LogEnd, shared: &Shared) -> Result<(), StoreError> {
        if self.is_doubtful {
            return self.read_anew(Some(told), shared).map(|_| ());
        }
        if told.position >= self.take_over_at {
            // What no part has yet stays in memory.
            if self.has_newer_parts() && self.read_anew(Some(told), shared).unwrap_or(false) {
                return Ok(());
            }
            self.take_over_at = told.position.saturating_add(LOOK_AGAIN);
        }
        if told.segment != self.reached.end.segment {
            self.directory.refresh()?;
        }
        self.is_doubtful = true;
        if self.reached.go_on(&self.directory, told)? {
            self.is_doubtful = false;
            self.show(shared);
        }
        Ok(())
    }

    /// Without a record: goes on to what the log itself proves, if it has grown.
    fn prove(&mut self, shared: &Shared) -> Result<(), StoreError> {
        self.directory.refresh()?;
        let is_longer = self.directory.extent() != self.reached.extent;
        // Frames are written into room that was reserved for them, which leaves the length as it was.
        if self.is_doubtful || is_longer || self.directory.goes_on_at(self.reached.frames_end)? {
            self.read_anew(None, shared)?;
        }
        Ok(())
    }

    /// Whether a part of the index has events that are in memory.
    fn has_newer_parts(&self) -> bool {
        let end = self.reached.indexing.parts_end();
        part_ranges(&self.parts).is_ok_and(|ranges| ranges.iter().any(|(_, last)| *last > end))
    }

    /// Reads anew what no part of the index has, and takes it instead of what there was, unless it is less.
    fn read_anew(&mut self, told: Option<LogEnd>, shared: &Shared) -> Result<bool, StoreError> {
        self.directory.refresh()?;
        // This is under a lock, and no place for a hook.
        let reached = Reached::read(&self.directory, &self.parts, told, None)?;
        if reached.end.position < shared.watermarks.published() {
            return Ok(false);
        }
        self.reached = reached;
        self.take_over_at = self.reached.take_over_at();
        self.is_doubtful = false;
        self.show(shared);
        Ok(true)
    }

    /// Shows readers what was read.
    fn show(&mut self, shared: &Shared) {
        let reached = &mut self.reached;
        if shared.segments.get(reached.end.segment).is_none() {
            let files = self.directory.files();
            shared.segments.add_until(reached.end.segment, &files);
        }
        // What lies behind may be being written.
        for (segment, end) in reached.read.drain(..) {
            if let Some(segment) = shared.segments.get(segment) {
                segment.end.store(end, Ordering::Release);
            }
        }
        shared.index.adopt(reached.indexing.index());
        shared.watermarks.raise_durable(reached.durable);
        shared.watermarks.publish(reached.end.position);
    }
}

impl Reached {
    /// Reads the log up to what the writer told of. If that is not there, or the log proves more, it is read
    /// up to what it proves to be durable. With `works`, this is one of them.
    fn read(
        directory: &Directory,
        parts: &PartDir,
        told: Option<LogEnd>,
        works: Option<&Works>,
    ) -> Result<Self, StoreError> {
        let cover = settled_cover(parts, &directory.files())?;
        let total = unread(known(&cover), told);
        let mut work = works.map(|works| works.begin(Work::Opening, total));
        let reached = Self::read_twice(directory, (parts, &cover), told, work.as_mut())?;
        if let Some(work) = work {
            work.end();
        }
        Ok(reached)
    }

    /// Reads what the parts do not cover, and once more if less of it is to be shown than was thought, or more.
    fn read_twice(
        directory: &Directory,
        (parts, cover): (&PartDir, &Cover),
        told: Option<LogEnd>,
        mut work: Option<&mut Working>,
    ) -> Result<Self, StoreError> {
        let covered = cover.parts.last().map_or(0, |part| part.last());
        let wanted = told.map_or(0, |told| told.position).max(covered);
        let index = (parts, cover);
        let reached = Self::read_until(wanted, directory, index, work.as_deref_mut())?;
        let is_there = told.is_none_or(|told| told.position <= covered || reached.is_at(&told));
        let last = match is_there {
            true => wanted.max(reached.durable),
            false => reached.durable,
        };
        if last == reached.end.position {
            return Ok(reached);
        }
        Self::read_until(last, directory, index, work)
    }

    /// Reads what the parts do not cover: all of it for what it proves, and the events up to `last`.
    fn read_until(
        last: u64,
        directory: &Directory,
        (parts, cover): (&PartDir, &Cover),
        work: Option<&mut Working>,
    ) -> Result<Self, StoreError> {
        let known = known(cover);
        let (segment, start) = known.unwrap_or((1, Start::of_log()));
        let mut reached = Self {
            // Nothing is durable enough to write parts of it.
            indexing: Indexing::new(cover.parts.clone(), parts.clone(), 0)?,
            end: LogEnd {
                position: start.position - 1,
                segment,
                offset: start.offset,
            },
            durable: start.durable,
            read: vec![(segment, start.offset)],
            extent: directory.extent(),
            frames_end: start.offset,
        };
        let mut reading = Until {
            last,
            reached: &mut reached,
        };
        let _entered = work.as_ref().map(|work| work.enter());
        let scan = match work {
            Some(work) => directory.scan(known, &mut work.over(&mut reading)),
            None => directory.scan(known, &mut reading),
        };
        if let Some(scan) = scan? {
            reached.durable = scan.durable.max(scan.durable_by_later);
            reached.frames_end = scan.end;
        }
        Ok(reached)
    }

    /// Reads on to the end that the writer told of, and says whether that is there.
    fn go_on(&mut self, directory: &Directory, told: LogEnd) -> Result<bool, StoreError> {
        let start = Start {
            position: self.end.position + 1,
            offset: self.end.offset,
            durable: self.durable,
        };
        let known: Known = Some((self.end.segment, start));
        let mut reading = Until {
            last: told.position,
            reached: self,
        };
        let scan = directory.scan_until((told.segment, told.offset), known, &mut reading)?;
        self.durable = self.durable.max(scan.map_or(0, |scan| scan.durable));
        Ok(self.is_at(&told))
    }

    /// Whether this is where the writer told that the log ends. A segment may have been begun behind it, and
    /// marks may follow the last event.
    fn is_at(&self, told: &LogEnd) -> bool {
        let end = &self.end;
        let is_in_it = end.segment == told.segment && end.offset <= told.offset;
        let is_behind_it = told.segment.checked_sub(1) == Some(told.position);
        end.position == told.position && (is_in_it || is_behind_it)
    }

    fn take_over_at(&self) -> u64 {
        let in_memory = self.indexing.parts_end() + TAKE_OVER;
        in_memory.max(self.end.position + LOOK_AGAIN)
    }
}

/// Takes the events up to a position, and lets those behind it be.
struct Until<'r> {
    last: u64,
    reached: &'r mut Reached,
}

impl Reading for Until<'_> {
    fn event(&mut self, event: &RawEvent<'_>, place: FramePlace) -> Result<(), &'static str> {
        let position = event.meta.header.sequence;
        if position > self.last {
            return Ok(());
        }
        self.reached.indexing.event(event, place)?;
        let end = LogEnd {
            position,
            segment: place.segment,
            offset: u64::from(place.end),
        };
        match self.reached.read.last_mut() {
            Some((segment, offset)) if *segment == end.segment => *offset = end.offset,
            _ => self.reached.read.push((end.segment, end.offset)),
        }
        self.reached.end = end;
        Ok(())
    }

    fn place(&self, position: u64) -> Option<FrameSpan> {
        self.reached.indexing.place(position)
    }
}

/// The parts that cover most of the log, as they were at one moment: the writer replaces them meanwhile.
fn settled_cover(parts: &PartDir, segments: &Segments) -> Result<Cover, StoreError> {
    let mut before = part_ranges(parts)?;
    for _ in 0..TRIES {
        let found = cover(parts, segments)?;
        let after = part_ranges(parts)?;
        if after == before {
            return Ok(found);
        }
        before = after;
    }
    // What is missing of them is read from the log.
    cover(parts, segments)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::coordinate::Coordinate;
    use crate::event::{EventKind, Region};
    use crate::pipeline::{Batch, Durability, NewEvent};
    use crate::store::Store;

    const BATCH: u64 = 1_000;

    fn fill(store: &Store, batches: u64) {
        let stream = Coordinate::new("a", "s").unwrap();
        let kind = EventKind::custom(0xF, 1);
        for _ in 0..batches {
            let mut batch = Batch::new();
            batch.extend((0..BATCH).map(|n| NewEvent::new(&stream, kind, &n)));
            store.commit(batch).unwrap();
        }
    }

    #[test]
    fn a_reader_takes_over_the_parts_that_its_writer_writes_and_old_iterators_go_on() {
        let name = format!("batpak-take-over-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        let config = StoreConfig::new(&dir).segment_bytes(1 << 20);
        let writer = Store::open(config.clone().durability(Durability::Written)).unwrap();
        let reader = Store::open_read_only(config).unwrap();
        fill(&writer, 1);
        writer.flush().unwrap();
        let all = Region::all();
        while reader.position() < BATCH {}
        let mut old = reader.query(&all);
        let in_memory = |store: &Store| store.position() - store.shared.index.parts_end();
        for _ in 0..12 {
            fill(&writer, 8);
            // A part is taken over once it is there, and the writer has no more in memory either.
            while in_memory(&writer) > TAKE_OVER + LOOK_AGAIN {}
            let _ = reader.position();
        }
        fill(&writer, 8);
        while reader.position() < writer.position() {}
        assert!(reader.shared.index.parts_end() >= TAKE_OVER);
        assert!(
            in_memory(&reader) <= 2 * TAKE_OVER,
            "{}",
            in_memory(&reader)
        );
        assert!(old.all(|event| event.is_ok()));
        let events: Result<Vec<_>, _> = reader.query(&all).collect();
        assert_eq!(events.unwrap().len() as u64, reader.position());
        let stream = Coordinate::new("a", "s").unwrap();
        assert_eq!(reader.revision(&stream).unwrap(), writer.position());
        drop(old);
        drop((reader, writer));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
