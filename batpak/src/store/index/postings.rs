use std::sync::Arc;

use super::chunk::Positions;
use super::part::Part;
use super::term::TermKey;
use super::{IndexError, Tail, Term, View};
use crate::store::table::TableCursor;
use crate::sync::RwLock;

/// The positions of the events that have a term in common, found in either direction from anywhere.
#[derive(Debug)]
pub(crate) struct Postings {
    key: TermKey,
    hash: Option<u64>,
    /// The last position that there may be.
    bound: u64,
    /// Where the positions are, in order.
    sources: Vec<Source>,
    /// The chunks of the part that was read last, and its place among the sources.
    open: Option<(usize, Chunks)>,
    run: Run,
    /// There are no positions from this one on.
    none_from: u64,
}

#[derive(Debug)]
struct Source {
    first: u64,
    last: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A part, and whether it may have the term if that is known.
    Part(Arc<Part>, Option<bool>),
    /// A tail, and the list of the term.
    Tail(Arc<RwLock<Tail>>, u32),
}

/// How many positions are copied from a tail at a time: writers wait for it.
const AT_ONCE: usize = 1_024;

impl Postings {
    pub(super) fn new(view: &View, term: &Term<'_>) -> Self {
        let parts = view.parts().map(|part| Source {
            first: part.first(),
            last: part.last(),
            place: Place::Part(Arc::clone(part), None),
        });
        let mut sources: Vec<_> = parts.collect();
        let in_parts = sources.len();
        for shared in view.tails() {
            let tail = shared.tail.read();
            if let Some(list) = tail.list(term) {
                sources.push(Source {
                    first: tail.first(),
                    last: tail.last(),
                    place: Place::Tail(Arc::clone(&shared.tail), list),
                });
            }
        }
        sources[in_parts..].reverse();
        let key = TermKey::of(term);
        Self {
            hash: key.filter_hash(),
            key,
            bound: view.published(),
            sources,
            open: None,
            run: Run::default(),
            none_from: u64::MAX,
        }
    }

    /// The first position that is `at` or behind it.
    pub(crate) fn seek(&mut self, at: u64) -> Result<Option<u64>, IndexError> {
        if at > self.bound || at >= self.none_from {
            return Ok(None);
        }
        let mut start = at;
        if self.run.spans(at) {
            if let Some(found) = self.run.next(at) {
                return Ok(Some(found));
            }
            start = self.run.to + 1;
        }
        let mut n = self.sources.partition_point(|source| source.last < start);
        while let Some(source) = self.sources.get(n) {
            let from = start.max(source.first);
            if self.load_after(n, from)? {
                self.run.from = self.run.from.min(at);
                return Ok(self.run.next(at));
            }
            n += 1;
        }
        self.none_from = at;
        Ok(None)
    }

    /// The last position that is `at` or before it.
    pub(crate) fn seek_back(&mut self, at: u64) -> Result<Option<u64>, IndexError> {
        let at = at.min(self.bound);
        let mut start = at;
        if self.run.spans(at) {
            if let Some(found) = self.run.last(at) {
                return Ok(Some(found));
            }
            start = self.run.from.saturating_sub(1);
        }
        let mut n = self.sources.partition_point(|source| source.first <= start);
        while let Some(before) = n.checked_sub(1) {
            n = before;
            let until = start.min(self.sources[n].last);
            if self.load_before(n, until)? {
                self.run.to = self.run.to.max(at);
                return Ok(self.run.last(at));
            }
        }
        Ok(None)
    }

    /// About how many positions there are; 0 if and only if there are none.
    pub(crate) fn estimate(&self) -> Result<u64, IndexError> {
        let mut count = 0;
        for source in &self.sources {
            count += match &source.place {
                Place::Part(part, may_hold) => {
                    let mut may_hold = *may_hold;
                    if !may_hold_of(part, &mut may_hold, self.hash)? {
                        continue;
                    }
                    Chunks::new(part, &self.key).estimate(self.bound)?
                }
                Place::Tail(tail, list) => {
                    let tail = tail.read();
                    tail.count_until(tail.places(*list), self.bound) as u64
                }
            };
        }
        Ok(count)
    }

    /// Loads a run of the `n`th source that has its first position from `start` on; `false` if there
    /// is none.
    fn load_after(&mut self, n: usize, start: u64) -> Result<bool, IndexError> {
        if let Place::Tail(tail, list) = &self.sources[n].place {
            let tail = tail.read();
            let places = tail.places(*list);
            let from = tail.count_until(places, start - 1);
            let until = tail.count_until(places, self.bound);
            let until = until.min(from + AT_ONCE);
            return Ok(self.run.copy(&tail, &places[from..until.max(from)]));
        }
        let open = (&mut self.open, &mut self.sources[n]);
        let Some(chunks) = chunks_of(open, n, &self.key, self.hash)? else {
            return Ok(false);
        };
        let follows = start > self.run.to && self.run.begins_at(chunks.position());
        if !chunks.seek(start, follows)? {
            return Ok(false);
        }
        self.run.decode(chunks, self.bound)
    }

    /// Loads a run of the `n`th source that has its last position up to `end`; `false` if there is
    /// none.
    fn load_before(&mut self, n: usize, end: u64) -> Result<bool, IndexError> {
        if let Place::Tail(tail, list) = &self.sources[n].place {
            let tail = tail.read();
            let places = tail.places(*list);
            let until = tail.count_until(places, end);
            let from = until.saturating_sub(AT_ONCE);
            return Ok(self.run.copy(&tail, &places[from..until]));
        }
        let open = (&mut self.open, &mut self.sources[n]);
        let Some(chunks) = chunks_of(open, n, &self.key, self.hash)? else {
            return Ok(false);
        };
        let precedes = end < self.run.from && self.run.begins_at(chunks.position());
        if !chunks.seek_back(end, precedes)? {
            return Ok(false);
        }
        self.run.decode(chunks, self.bound)
    }
}

/// The chunks of the `n`th source, a part, in `open`; `None` if it has none.
fn chunks_of<'p>(
    (open, source): (&'p mut Option<(usize, Chunks)>, &mut Source),
    n: usize,
    key: &TermKey,
    hash: Option<u64>,
) -> Result<Option<&'p mut Chunks>, IndexError> {
    let Place::Part(part, may_hold) = &mut source.place else {
        return Ok(None);
    };
    if !may_hold_of(part, may_hold, hash)? {
        return Ok(None);
    }
    let chunks = match open.take() {
        Some((at, chunks)) if at == n => chunks,
        _ => Chunks::new(part, key),
    };
    Ok(Some(&mut open.insert((n, chunks)).1))
}

/// Whether the part may have the term, asked of its filter once.
fn may_hold_of(
    part: &Part,
    known: &mut Option<bool>,
    hash: Option<u64>,
) -> Result<bool, IndexError> {
    match known {
        Some(may_hold) => Ok(*may_hold),
        None => Ok(*known.insert(part.may_hold(hash)?)),
    }
}

/// Positions that follow one another among those of a term: a chunk, or some of a tail's.
#[derive(Debug)]
struct Run {
    positions: Vec<u64>,
    /// There are no others from this position
    from: u64,
    /// to this one.
    to: u64,
    /// Where the last answer was.
    at: usize,
}

impl Default for Run {
    /// A run that spans nothing.
    fn default() -> Self {
        Self {
            positions: Vec::new(),
            from: 1,
            to: 0,
            at: 0,
        }
    }
}

impl Run {
    fn spans(&self, position: u64) -> bool {
        (self.from..=self.to).contains(&position)
    }

    /// Whether it was read from the chunk that begins at this position.
    fn begins_at(&self, position: Option<u64>) -> bool {
        position.is_some() && self.positions.first().copied() == position
    }

    /// The first position that is `at` or behind it. It is mostly the one behind the last answer.
    fn next(&mut self, at: u64) -> Option<u64> {
        let is_before = |n: usize| self.positions.get(n).is_some_and(|found| *found < at);
        self.at = if is_before(self.at) && !is_before(self.at + 1) {
            self.at + 1
        } else {
            self.positions.partition_point(|found| *found < at)
        };
        self.positions.get(self.at).copied()
    }

    /// The last position that is `at` or before it.
    fn last(&mut self, at: u64) -> Option<u64> {
        let behind = self.positions.partition_point(|found| *found <= at);
        self.at = behind.checked_sub(1)?;
        self.positions.get(self.at).copied()
    }

    /// Takes the positions of these places of a tail; `false` if there are none.
    fn copy(&mut self, tail: &Tail, places: &[u32]) -> bool {
        let position = |place: &u32| tail.first() + u64::from(*place);
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return false;
        };
        (self.from, self.to) = (position(first), position(last));
        self.positions.clear();
        self.positions.extend(places.iter().map(position));
        true
    }

    /// Takes the positions up to `bound` of the chunk that `chunks` is on; `false` if there are none.
    fn decode(&mut self, chunks: &Chunks, bound: u64) -> Result<bool, IndexError> {
        let Some(chunk) = chunks.chunk()?.filter(|chunk| chunk.first <= bound) else {
            return Ok(false);
        };
        self.positions.clear();
        (self.from, self.to) = (chunk.first, chunk.last);
        let decoded = chunk.decode(&mut self.positions);
        if let Err(problem) = decoded {
            *self = Self::default();
            return Err(chunks.part.damaged(&chunks.cursor)(problem));
        }
        if chunk.last > bound {
            let end = self.positions.partition_point(|found| *found <= bound);
            self.positions.truncate(end);
        }
        Ok(true)
    }
}

/// The chunks of a term in a part.
#[derive(Debug)]
struct Chunks {
    part: Arc<Part>,
    cursor: TableCursor,
    key: TermKey,
}

impl Chunks {
    fn new(part: &Arc<Part>, key: &TermKey) -> Self {
        Self {
            part: Arc::clone(part),
            cursor: part.table.cursor(),
            key: key.clone(),
        }
    }

    /// The first position of the chunk that the cursor is on, if it is on one.
    fn position(&self) -> Option<u64> {
        self.key.position_in(self.cursor.key())
    }

    /// The chunk that the cursor is on, if it is on one.
    fn chunk(&self) -> Result<Option<Positions<'_>>, IndexError> {
        let Some(first) = self.position() else {
            return Ok(None);
        };
        let chunk = Positions::read(first, self.cursor.value(), self.key.is_of_stream());
        chunk.map(Some).map_err(self.part.damaged(&self.cursor))
    }

    /// Goes to the first chunk that ends at `at` or behind it; `false` if there is none. `at` follows
    /// if it lies behind the chunk that the cursor is on.
    fn seek(&mut self, at: u64, follows: bool) -> Result<bool, IndexError> {
        if follows {
            self.cursor.next().map_err(self.part.failed())?;
            match self.chunk()? {
                Some(chunk) if chunk.last < at => {}
                found => return Ok(found.is_some()),
            }
        }
        let found = self.cursor.seek_back(self.key.at(at));
        let found = found.map_err(self.part.failed())?;
        if found && self.chunk()?.is_some_and(|chunk| chunk.last >= at) {
            return Ok(true);
        }
        self.cursor.next().map_err(self.part.failed())?;
        Ok(self.position().is_some())
    }

    /// Goes to the last chunk that begins at `at` or before it; `false` if there is none. `at` precedes
    /// if it lies before the chunk that the cursor is on.
    fn seek_back(&mut self, at: u64, precedes: bool) -> Result<bool, IndexError> {
        if precedes {
            self.cursor.prev().map_err(self.part.failed())?;
            match self.position() {
                Some(first) if first > at => {}
                found => return Ok(found.is_some()),
            }
        }
        let found = self.cursor.seek_back(self.key.at(at));
        Ok(found.map_err(self.part.failed())? && self.position().is_some())
    }

    /// About how many positions there are up to `bound`; exact if they are in few chunks.
    fn estimate(&mut self, bound: u64) -> Result<u64, IndexError> {
        let (mut count, mut bytes) = (0, 0);
        let mut is_on = self.seek(0, false)?;
        for _ in 0..COUNTED {
            let Some(chunk) = self.chunk()?.filter(|_| is_on) else {
                return Ok(count);
            };
            let until = chunk.last_until(bound);
            let until = until.map_err(self.part.damaged(&self.cursor))?;
            let Some((more, _)) = until else {
                return Ok(count);
            };
            count += more as u64;
            bytes += (self.cursor.key().len() + self.cursor.value().len()) as u64;
            is_on = self.cursor.next().map_err(self.part.failed())?;
        }
        let mut from = self.key.clone();
        let all = self
            .part
            .table
            .bytes_between(from.at(0), self.key.at(bound));
        let all = all.map_err(self.part.failed())?;
        Ok((all * count / bytes.max(1)).max(count))
    }
}

/// How many chunks are counted before the others are estimated.
const COUNTED: usize = 4;
