use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::chunk::{Ids, Positions, Problem};
use super::term::{
    KIND, NAME, Term, TermKey, id_filter_hash, id_in, id_key, kind_in, name_in, time_key,
    time_position,
};
use super::write::write_tail;
use super::{FrameSpan, IndexError, StreamHead, Tail, failed};
use crate::event::{EventId, EventKind, sorts_by_time};
use crate::store::fs::Disk;
use crate::store::table::{BlockCache, Table, TableCursor, TableError, WordPage};
use crate::sync::AtomicBool;

/// Where the parts of a store lie.
#[derive(Debug, Clone)]
pub(crate) struct PartDir {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) store_id: [u8; 16],
    pub(crate) cache: Arc<BlockCache>,
    pub(crate) damage: Arc<Damage>,
}

/// Where it is told that a part was found damaged, so that somebody makes it anew.
#[derive(Default)]
pub(crate) struct Damage {
    is_found: AtomicBool,
    listener: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Damage {
    /// Has `listener` called whenever damage is found, by whoever finds it.
    pub(crate) fn listen(&self, listener: impl Fn() + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    /// Whether any was found since [`Self::take`].
    pub(crate) fn is_found(&self) -> bool {
        self.is_found.load(Ordering::Acquire)
    }

    /// Whether any was found since the last time.
    pub(crate) fn take(&self) -> bool {
        self.is_found.swap(false, Ordering::AcqRel)
    }

    fn tell(&self) {
        self.is_found.store(true, Ordering::Release);
        if let Some(listener) = self.listener.get() {
            listener();
        }
    }
}

impl fmt::Debug for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Damage").field(&self.is_found()).finish()
    }
}

/// The name of the part that covers these positions.
pub(super) fn part_name(first: u64, last: u64) -> String {
    format!("{first:020}-{last:020}.idx")
}

/// The positions that the part with this name covers, if it is the name of one.
pub(super) fn part_range(name: &str) -> Option<(u64, u64)> {
    let (first, last) = name.strip_suffix(".idx")?.split_once('-')?;
    let range = (first.parse().ok()?, last.parse().ok()?);
    (range.0 >= 1 && range.0 <= range.1 && part_name(range.0, range.1) == name).then_some(range)
}

/// What a part says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) store_id: [u8; 16],
    /// The positions that it covers.
    pub(super) first: u64,
    pub(super) last: u64,
    /// The segment of the last event, by the position of its first, and the file offset behind the event.
    pub(super) log_end: (u64, u32),
    pub(super) last_id: EventId,
    pub(super) ids: IdRange,
    /// The times of the first event and of the last.
    pub(super) first_time_us: u64,
    pub(super) last_time_us: u64,
}

/// The least and the greatest of those ids that sort by their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IdRange {
    least: u128,
    greatest: u128,
}

impl IdRange {
    /// That of no ids.
    pub(super) const EMPTY: Self = Self {
        least: u128::MAX,
        greatest: 0,
    };

    pub(super) fn of(ids: impl Iterator<Item = u128>) -> Self {
        ids.fold(Self::EMPTY, Self::with)
    }

    /// The range with this id, if it sorts by its time.
    pub(super) fn with(self, id: u128) -> Self {
        match sorts_by_time(EventId::from_u128(id)) {
            true => Self {
                least: self.least.min(id),
                greatest: self.greatest.max(id),
            },
            false => self,
        }
    }

    /// Both ranges.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
        }
    }
}

/// The version of the format that this code writes, and the only one that it reads: a part of another
/// is made anew.
const VERSION: u16 = 1;

impl Summary {
    const BYTES: usize = 2 + 16 + 8 + 8 + 12 + 3 * 16 + 8 + 8;

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.store_id);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.last.to_le_bytes());
        bytes.extend_from_slice(&self.log_end.0.to_le_bytes());
        bytes.extend_from_slice(&self.log_end.1.to_le_bytes());
        bytes.extend_from_slice(&self.last_id.to_bytes());
        bytes.extend_from_slice(&self.ids.least.to_be_bytes());
        bytes.extend_from_slice(&self.ids.greatest.to_be_bytes());
        bytes.extend_from_slice(&self.first_time_us.to_le_bytes());
        bytes.extend_from_slice(&self.last_time_us.to_le_bytes());
        bytes
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        fn next<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
            let (part, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Some(*part)
        }
        let bytes = &mut bytes;
        if u16::from_le_bytes(next(bytes)?) != VERSION {
            return None;
        }
        let summary = Self {
            store_id: next(bytes)?,
            first: u64::from_le_bytes(next(bytes)?),
            last: u64::from_le_bytes(next(bytes)?),
            log_end: (
                u64::from_le_bytes(next(bytes)?),
                u32::from_le_bytes(next(bytes)?),
            ),
            last_id: EventId::from_bytes(next(bytes)?),
            ids: IdRange {
                least: u128::from_be_bytes(next(bytes)?),
                greatest: u128::from_be_bytes(next(bytes)?),
            },
            first_time_us: u64::from_le_bytes(next(bytes)?),
            last_time_us: u64::from_le_bytes(next(bytes)?),
        };
        bytes.is_empty().then_some(summary)
    }
}

/// A file of the index, which covers a range of positions and is never changed.
#[derive(Debug)]
pub(crate) struct Part {
    pub(super) table: Arc<Table>,
    path: PathBuf,
    summary: Summary,
    /// Whether something of it was found damaged.
    is_damaged: AtomicBool,
    damage: Arc<Damage>,
}

impl Part {
    /// Writes the tail's events, of which there is at least one, as a part and makes it durable. No
    /// event may be added to the tail any more, and all of its events are durable.
    ///
    /// # Errors
    /// The disk's. Nothing is left of a part that could not be completed.
    pub(crate) fn write(dir: &PartDir, tail: &Tail) -> Result<Arc<Self>, IndexError> {
        write_tail(dir, tail)
    }

    /// Opens the part that covers `first` to `last`.
    ///
    /// # Errors
    /// The disk's; `Damaged` if the file is not such a part of this store.
    pub(crate) fn open(dir: &PartDir, first: u64, last: u64) -> Result<Arc<Self>, IndexError> {
        let path = dir.dir.join(part_name(first, last));
        let file = dir.disk.open(&path, false);
        let file = file.map_err(failed(&path, first))?.into();
        let table = Table::open(file, &dir.cache).map_err(failed(&path, first))?;
        let summary = Summary::read(table.summary()).filter(|summary| {
            summary.store_id == dir.store_id
                && (summary.first, summary.last) == (first, last)
                && table.words() == last - first + 1
        });
        match summary {
            Some(summary) => Ok(Arc::new(Self {
                table,
                path,
                summary,
                is_damaged: false.into(),
                damage: Arc::clone(&dir.damage),
            })),
            None => Err(failed(&path, first)(TableError::Damaged {
                offset: 0,
                problem: "the file is not the part that its name says",
            })),
        }
    }

    /// The first position that it covers.
    pub(crate) fn first(&self) -> u64 {
        self.summary.first
    }

    /// The last position that it covers.
    pub(crate) fn last(&self) -> u64 {
        self.summary.last
    }

    /// How many events it covers.
    pub(crate) fn events(&self) -> u64 {
        self.last() - self.first() + 1
    }

    /// Where the log goes on behind it: the segment of its last event, by the position of its first,
    /// and the file offset behind the event.
    pub(crate) fn log_end(&self) -> (u64, u32) {
        self.summary.log_end
    }

    /// The id of its last event.
    pub(crate) fn last_id(&self) -> EventId {
        self.summary.last_id
    }

    /// The time of its last event.
    pub(crate) fn last_time_us(&self) -> u64 {
        self.summary.last_time_us
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something of it was found damaged.
    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Acquire)
    }

    /// The names of kinds that its events tell.
    pub(crate) fn names(&self) -> Result<Vec<(EventKind, String)>, IndexError> {
        let mut cursor = self.table.cursor();
        let mut names = Vec::new();
        let mut found = cursor.seek(&[NAME]).map_err(self.failed())?;
        while found && let Some(kind) = name_in(cursor.key()) {
            let name = str::from_utf8(cursor.value()).map_err(|_| "the name of a kind is no text");
            let name = name.map_err(self.damaged(&cursor))?;
            names.push((kind, name.to_owned()));
            found = cursor.next().map_err(self.failed())?;
        }
        Ok(names)
    }

    /// Adds the kinds of its events.
    pub(super) fn kinds(&self, kinds: &mut BTreeSet<EventKind>) -> Result<(), IndexError> {
        let mut cursor = self.table.cursor();
        let mut found = cursor.seek(&[KIND]).map_err(self.failed())?;
        while found && let Some(kind) = kind_in(cursor.key()) {
            kinds.insert(kind);
            let mut behind = TermKey::of(&Term::Kind(kind));
            found = cursor.seek(behind.at(u64::MAX)).map_err(self.failed())?;
        }
        Ok(())
    }

    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }

    /// For `map_err` on what its table gives. Whatever is found damaged passes by here.
    pub(super) fn failed(&self) -> impl FnOnce(TableError) -> IndexError {
        |error| {
            if matches!(error, TableError::Damaged { .. }) {
                self.is_damaged.store(true, Ordering::Release);
                self.damage.tell();
            }
            failed(&self.path, self.first())(error)
        }
    }

    /// For `map_err` on what the entry gives that the cursor is on: no writer makes such an entry.
    pub(super) fn damaged(&self, cursor: &TableCursor) -> impl Fn(Problem) -> IndexError {
        let offset = cursor.offset();
        move |problem| self.failed()(TableError::Damaged { offset, problem })
    }

    /// Where the event at `position` lies, which it covers. `page` is that which was asked last.
    pub(crate) fn locate(
        &self,
        position: u64,
        page: &mut Option<WordPage>,
    ) -> Result<FrameSpan, IndexError> {
        let number = position - self.first();
        let offset = self.word(number, page)?;
        if position == self.last() {
            return Ok(FrameSpan::until(offset, self.log_end().1));
        }
        Ok(FrameSpan::until(offset, self.word(number + 1, page)?))
    }

    fn word(&self, number: u64, page: &mut Option<WordPage>) -> Result<u32, IndexError> {
        if let Some(word) = page.as_ref().and_then(|page| page.word(number)) {
            return Ok(word);
        }
        let read = self.table.page_of(number).map_err(self.failed())?;
        // A page that has the number of a word has the word.
        Ok(page.insert(read).word(number).unwrap_or_default())
    }

    /// The position of the event with this id, if it has it.
    pub(super) fn find_id(&self, id: u128) -> Result<Option<u64>, IndexError> {
        let IdRange { least, greatest } = self.summary.ids;
        let may_be_here = match id_filter_hash(id) {
            None => (least..=greatest).contains(&id),
            hash => self.may_hold(hash)?,
        };
        if !may_be_here {
            return Ok(None);
        }
        let mut cursor = self.table.cursor();
        cursor.seek_back(&id_key(id)).map_err(self.failed())?;
        let Some(first) = id_in(cursor.key()) else {
            return Ok(None);
        };
        let search = || {
            let mut ids = Ids::read(first, cursor.value())?;
            while let Some((found, position)) = ids.next()? {
                if found >= id {
                    return Ok((found == id).then_some(position));
                }
            }
            Ok(None)
        };
        search().map_err(self.damaged(&cursor))
    }

    /// The newest event up to `bound` of the stream with this key.
    pub(super) fn head(
        &self,
        key: &mut TermKey,
        hash: Option<u64>,
        bound: u64,
    ) -> Result<Option<StreamHead>, IndexError> {
        if !self.may_hold(hash)? {
            return Ok(None);
        }
        let mut cursor = self.table.cursor();
        let found = cursor.seek_back(key.at(bound)).map_err(self.failed())?;
        let first = found.then(|| key.position_in(cursor.key()));
        let Some(first) = first.flatten() else {
            return Ok(None);
        };
        let chunk = Positions::read(first, cursor.value(), true);
        let last = chunk.and_then(|chunk| {
            let last = chunk.last_until(bound)?;
            Ok(last.map(|(count, position)| StreamHead {
                position,
                revision: chunk.revision + count as u64 - 1,
            }))
        });
        last.map_err(self.damaged(&cursor))
    }

    /// Whether it may have a term with this hash; one without a hash is in no filter.
    pub(super) fn may_hold(&self, hash: Option<u64>) -> Result<bool, IndexError> {
        match hash {
            Some(hash) => self.table.may_hold(hash).map_err(self.failed()),
            None => Ok(true),
        }
    }

    /// As the tail's method of this name.
    pub(super) fn first_position_at(&self, time_us: u64) -> Result<u64, IndexError> {
        if self.summary.last_time_us < time_us {
            return Ok(self.last() + 1);
        }
        if self.summary.first_time_us >= time_us {
            return Ok(self.first());
        }
        let mut cursor = self.table.cursor();
        let found = cursor.seek_back(&time_key(time_us, 0));
        let older = found.map_err(self.failed())?.then(|| cursor.key());
        let older = older.and_then(time_position);
        Ok(older.map_or(self.first(), |older| older + 1))
    }
}
