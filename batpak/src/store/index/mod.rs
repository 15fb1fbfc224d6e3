//! The index: which events have a stream, scope, kind, tag, cause, correlation or id, and where each
//! event lies. It is derived from the log, and can be thrown away.
//!
//! The log's positions are covered by *parts*, each a file with a range of positions that is never
//! changed, and behind the last of them by *tails* in memory. The last tail takes the newest events;
//! when it has many it is frozen and another begun, it is written as a [`Part`], and a [`Merge`] makes
//! adjacent parts one. A reader asks a [`View`], which stays as it is.

mod check;
mod chunk;
mod cover;
mod matching;
mod merge;
mod part;
mod postings;
mod streams;
mod tail;
mod term;
#[cfg(test)]
mod tests;
mod view;
mod write;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use check::IndexCheck;
pub(crate) use cover::{Cover, last_named, open_all, part_ranges, pick};
pub(crate) use matching::Matches;
pub(crate) use merge::Merge;
pub(crate) use part::{Damage, Part, PartDir};
pub(crate) use postings::Postings;
pub(crate) use streams::Streams;
pub(crate) use tail::{Head, Tail};
pub(crate) use term::Term;
pub(crate) use view::{Places, View};

use crate::event::{EventId, Region};
use crate::store::StoreError;
use crate::store::table::TableError;
use crate::sync::RwLock;

/// Where the frame of an event lies in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameSpan {
    /// The file offset of the frame's first byte.
    pub(crate) offset: u32,
    /// The file offset behind the frame, or behind marks that follow it; `None` if the event is the
    /// last of its segment, and the index does not tell.
    pub(crate) end: Option<u32>,
}

impl FrameSpan {
    /// That of an event behind which the next one begins at `next`.
    fn until(offset: u32, next: u32) -> Self {
        Self {
            offset,
            // The first event of the next segment begins where that of this one did, or before.
            end: Some(next).filter(|next| *next > offset),
        }
    }
}

/// Where the frame of an event lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FramePlace {
    /// The segment, by the position of its first event.
    pub(crate) segment: u64,
    /// The file offset of the frame's first byte.
    pub(crate) offset: u32,
    /// The file offset behind the frame, or behind marks that follow it.
    pub(crate) end: u32,
}

/// The newest event of a stream, as far as the index knows it: its digest is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamHead {
    pub(crate) revision: u64,
    pub(crate) position: u64,
}

/// Why a part could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub(crate) struct IndexError {
    pub(crate) path: PathBuf,
    /// The first position that the part covers.
    pub(crate) first: u64,
    pub(crate) source: TableError,
}

impl IndexError {
    /// Whether a file is not what was written.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self.source, TableError::Damaged { .. })
    }

    /// Whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(&self.source, TableError::Io(error) if error.kind() == ErrorKind::NotFound)
    }
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        match error.source {
            TableError::Io(source) => StoreError::io("read or write", &error.path)(source),
            TableError::Damaged { offset, problem } => StoreError::DamagedIndex {
                path: error.path,
                offset,
                position: error.first,
                problem,
            },
        }
    }
}

/// The parts and tails of a store, which change while it is open.
#[derive(Debug)]
pub(crate) struct Index {
    shape: RwLock<Arc<Shape>>,
}

/// The parts and tails at one moment. Together they cover all positions, in order.
#[derive(Debug, Clone)]
struct Shape {
    parts: Vec<Arc<Part>>,
    /// At least one; all but the last are frozen.
    tails: Vec<SharedTail>,
}

#[derive(Debug, Clone)]
struct SharedTail {
    /// The position that it begins at.
    first: u64,
    tail: Arc<RwLock<Tail>>,
}

impl SharedTail {
    fn new(first: u64) -> Self {
        Self {
            first,
            tail: Arc::new(RwLock::new(Tail::new(first))),
        }
    }
}

impl Index {
    /// An index of these parts, which cover the positions from 1 on without gaps, and an empty tail
    /// behind them.
    pub(crate) fn new(parts: Vec<Arc<Part>>) -> Self {
        let first = parts.last().map_or(1, |part| part.last() + 1);
        Self {
            shape: RwLock::new(Arc::new(Shape {
                parts,
                tails: vec![SharedTail::new(first)],
            })),
        }
    }

    /// What a reader sees that knows of the events up to `published`, all of which are in the index.
    pub(crate) fn view(&self, published: u64) -> View {
        View::new(Arc::clone(&self.shape.read()), published)
    }

    /// The tail that takes new events.
    pub(crate) fn tail(&self) -> Arc<RwLock<Tail>> {
        let shape = self.shape.read();
        let last = shape.tails.len() - 1;
        Arc::clone(&shape.tails[last].tail)
    }

    /// Begins a new tail, unless the present one is empty. Nobody may add events meanwhile, nor to
    /// the old tail afterwards.
    pub(crate) fn freeze(&self) {
        let mut shape = self.shape.write();
        let last = &shape.tails[shape.tails.len() - 1];
        let next = last.tail.read().last() + 1;
        if next > last.first {
            Arc::make_mut(&mut shape).tails.push(SharedTail::new(next));
        }
    }

    /// The newest event of a stream that the tails have, staged or not.
    pub(crate) fn head_in_tails(&self, hash: u64, entity: &str, scope: &str) -> Option<Head> {
        let shape = self.shape.read();
        let mut tails = shape.tails.iter().rev();
        tails.find_map(|tail| tail.tail.read().head(hash, entity, scope).copied())
    }

    /// The position of the event with this id, staged or not, if the tails have it.
    pub(crate) fn position_in_tails(&self, id: EventId) -> Option<u64> {
        let shape = self.shape.read();
        let mut tails = shape.tails.iter().rev();
        tails.find_map(|tail| tail.tail.read().find_id(id))
    }

    /// The first event of the region behind `after` that the tails have, staged or not.
    ///
    /// A tail may become a part at any moment. So whether the tails have everything behind `after` is
    /// asked of the same tails that are gone through.
    pub(crate) fn first_in_tails(&self, region: &Region, after: u64, looks: usize) -> Matches {
        let shape = self.shape.read();
        if after.saturating_add(1) < shape.tails[0].first {
            return Matches::InParts;
        }
        let mut left = looks;
        let tails = shape.tails.iter().map(|tail| tail.tail.read());
        let mut found = tails.map(|tail| tail.first_in(region, after, &mut left));
        let found = found.find(|found| *found != Matches::None);
        found.unwrap_or(Matches::None)
    }

    /// The last position that the parts cover.
    pub(crate) fn parts_end(&self) -> u64 {
        self.shape.read().tails[0].first - 1
    }

    /// Whether as many tails are frozen as may be: they are to become parts first, for they take some 10 MiB each.
    pub(crate) fn is_behind(&self) -> bool {
        const MAX_FROZEN: usize = 8;
        self.shape.read().tails.len() > MAX_FROZEN
    }

    /// The oldest frozen tail, the next to become a part.
    pub(crate) fn frozen(&self) -> Option<Arc<RwLock<Tail>>> {
        let shape = self.shape.read();
        match &*shape.tails {
            [oldest, _, ..] => Some(Arc::clone(&oldest.tail)),
            _ => None,
        }
    }

    /// The parts, in order.
    pub(crate) fn parts(&self) -> Vec<Arc<Part>> {
        self.shape.read().parts.clone()
    }

    /// Takes the parts and tails of another instead of its own.
    pub(crate) fn adopt(&self, other: &Self) {
        let shape = Arc::clone(&other.shape.read());
        *self.shape.write() = shape;
    }

    /// Puts the part in the place of the frozen tails that it was made of.
    pub(crate) fn install(&self, part: Arc<Part>) {
        let mut shape = self.shape.write();
        let shape = Arc::make_mut(&mut shape);
        debug_assert_eq!(shape.tails[0].first, part.first());
        shape.tails.retain(|tail| tail.first > part.last());
        shape.parts.push(part);
    }

    /// Puts parts that follow one another in the place of those that they cover, and returns those. Their
    /// files may be removed, unless one of the new parts has its name: who still reads them has them open.
    pub(crate) fn replace(&self, made: Vec<Arc<Part>>) -> Vec<Arc<Part>> {
        let [first, ..] = &*made else {
            return made;
        };
        let (first, last) = (first.first(), made[made.len() - 1].last());
        let mut shape = self.shape.write();
        let parts = &mut Arc::make_mut(&mut shape).parts;
        let start = parts.partition_point(|part| part.first() < first);
        let end = parts.partition_point(|part| part.last() <= last);
        parts.splice(start..end, made).collect()
    }
}

impl Shape {
    /// The part that covers `position`, if one does.
    fn part_at(&self, position: u64) -> Option<&Arc<Part>> {
        let at = self.parts.partition_point(|part| part.last() < position);
        self.parts.get(at).filter(|part| part.first() <= position)
    }

    /// The tail that covers `position`, if one does.
    fn tail_at(&self, position: u64) -> Option<&SharedTail> {
        let after = self.tails.partition_point(|tail| tail.first <= position);
        self.tails.get(after.checked_sub(1)?)
    }
}

/// For `map_err` on what a disk gives: the error of the part at `path`, which begins at `first`.
fn failed<E: Into<TableError>>(path: &Path, first: u64) -> impl FnOnce(E) -> IndexError {
    move |source| IndexError {
        path: path.to_owned(),
        first,
        source: source.into(),
    }
}
