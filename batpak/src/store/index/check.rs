//! Whether the index has what the log has, and nothing else.
//!
//! Of each part both are summed up, what the log's events make of it and what is in it, as numbers that do
//! not depend on an order; times, of which a part has some, are followed beside the log. So a part is read
//! once and in its own order, and memory is needed for none of it. The events behind the parts, which
//! the tails have, are looked up one by one.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::iter::Peekable;
use std::path::Path;
use std::sync::Arc;
use std::vec::IntoIter;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use super::chunk::{Ids, Positions};
use super::part::{IdRange, Part};
use super::term::{
    CAUSE, CORRELATION, KIND, NAME, SCOPE, STREAM, TAG, TIME, filter_hash, id_filter_hash, id_in,
    id_key, name_key, push_term, split, time_position,
};
use super::{FramePlace, IndexError, StreamHead, Term, View, failed};
use crate::event::{EventId, EventKind, EventMeta};
use crate::pipeline::KIND_NAME;
use crate::store::table::{TableCursor, TableError};

/// The index that the log is compared with, event by event from the first one on.
pub(crate) struct IndexCheck {
    view: View,
    parts: Peekable<IntoIter<Arc<Part>>>,
    /// The part that covers the next event.
    part: Option<PartCheck>,
    compared: u64,
    /// What was found first. The rest of the index is not looked at then.
    failure: Option<IndexError>,
}

impl IndexCheck {
    /// Begins with the first event of the log.
    pub(crate) fn new(view: &View) -> Self {
        let parts: Vec<_> = view.parts().cloned().collect();
        Self {
            view: view.clone(),
            parts: parts.into_iter().peekable(),
            part: None,
            compared: 0,
            failure: None,
        }
    }

    /// What it is to be compared with.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// Takes the next event of the log, whose frame lies at `place`.
    pub(crate) fn event(&mut self, meta: &EventMeta<'_>, place: FramePlace) {
        if self.failure.is_none() {
            self.failure = self.take(meta, place).err();
        }
    }

    /// How many parts have what the log has, or the first thing that was found of the index.
    pub(crate) fn done(self) -> Result<u64, IndexError> {
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.compared),
        }
    }

    fn take(&mut self, meta: &EventMeta<'_>, place: FramePlace) -> Result<(), IndexError> {
        let position = meta.header.sequence;
        let begins = self.parts.next_if(|part| part.first() == position);
        if let Some(part) = begins {
            self.part = Some(PartCheck::new(part)?);
        }
        let Some(part) = &mut self.part else {
            return self.find(meta, place);
        };
        part.event(meta, place)?;
        if position == part.part.last()
            && let Some(part) = self.part.take()
        {
            part.finish(meta, place)?;
            self.compared += 1;
        }
        Ok(())
    }

    /// That an event is found which no part covers.
    fn find(&self, meta: &EventMeta<'_>, place: FramePlace) -> Result<(), IndexError> {
        let header = &meta.header;
        let position = header.sequence;
        let head = StreamHead {
            revision: header.revision,
            position,
        };
        let until = self.view.until(position);
        let frame = self.view.locate(position)?;
        let is_found = frame.is_some_and(|frame| frame.offset == place.offset)
            && self.view.find_id(header.event_id)? == Some(position)
            && until.head(meta.entity, meta.scope)? == Some(head);
        match is_found {
            true => Ok(()),
            false => Err(failed(Path::new("the index in memory"), position)(
                TableError::Damaged {
                    offset: 0,
                    problem: "it does not show an event of the log",
                },
            )),
        }
    }
}

/// A part that is compared with the events that it covers.
struct PartCheck {
    part: Arc<Part>,
    /// What the events make of it.
    events: Sum,
    /// The kinds whose names the events have told.
    named: HashSet<EventKind>,
    ids: IdRange,
    first_time_us: u64,
    times: Times,
}

impl PartCheck {
    fn new(part: Arc<Part>) -> Result<Self, IndexError> {
        Ok(Self {
            times: Times::new(&part)?,
            part,
            events: Sum::new(),
            named: HashSet::new(),
            ids: IdRange::EMPTY,
            first_time_us: 0,
        })
    }

    /// Takes the next event that it covers.
    fn event(&mut self, meta: &EventMeta<'_>, place: FramePlace) -> Result<(), IndexError> {
        let header = &meta.header;
        let position = header.sequence;
        if position == self.part.first() {
            self.first_time_us = header.time_us;
        }
        self.ids = self.ids.with(header.event_id.as_u128());
        let follows = self.times.event(position, header.time_us);
        follows.map_err(|problem| self.other(problem))?;
        if self.times.is_passed {
            self.times.advance(&self.part)?;
        }
        let sum = &mut self.events;
        sum.add(OFFSET, position, u64::from(place.offset));
        sum.add(&id_key(header.event_id.as_u128()), position, 0);
        let stream = Term::Stream {
            entity: meta.entity,
            scope: meta.scope,
        };
        sum.term(&stream, position, header.revision);
        sum.term(&Term::Scope(meta.scope), position, 0);
        sum.term(&Term::Kind(header.kind), position, 0);
        // Each stands once, or the log would have been refused.
        for tag in meta.tags() {
            sum.term(&Term::Tag(tag), position, 0);
        }
        // An event that names a cause twice is there once.
        let mut causes: Vec<EventId> = meta.causes().collect();
        causes.sort_unstable();
        causes.dedup();
        for cause in causes {
            sum.term(&Term::Cause(cause), position, 0);
        }
        if let Some(correlation) = header.correlation {
            sum.term(&Term::Correlation(correlation), position, 0);
        }
        if !meta.metadata_bytes().is_empty()
            && let Ok(Some(name)) = meta.metadata::<String>(KIND_NAME)
            && self.named.insert(header.kind)
        {
            sum.add(&name_key(header.kind), xxh3_64(name.as_bytes()), 0);
        }
        Ok(())
    }

    /// Compares, behind the last event.
    fn finish(self, last: &EventMeta<'_>, place: FramePlace) -> Result<(), IndexError> {
        let summary = self.part.summary();
        let (id, time_us) = (last.header.event_id, last.header.time_us);
        let is_right = summary.log_end == (place.segment, place.end)
            && (summary.last_id, summary.last_time_us) == (id, time_us)
            && summary.ids == self.ids
            && summary.first_time_us == self.first_time_us;
        if !is_right || self.times.next.is_some() {
            return Err(self.other("its summary or its times are not those of the log"));
        }
        if self.entries()? != self.events.sum {
            return Err(self.other("it shows other events than the log has"));
        }
        Ok(())
    }

    /// The sum of what is in the part.
    fn entries(&self) -> Result<u128, IndexError> {
        let part = &self.part;
        let mut sum = Sum {
            sum: 0,
            ..self.events.clone()
        };
        let mut page = None;
        for position in part.first()..=part.last() {
            let offset = part.locate(position, &mut page)?.offset;
            sum.add(OFFSET, position, u64::from(offset));
        }
        let mut cursor = part.table.scan();
        let mut positions = Vec::new();
        let mut known = Vec::new();
        while cursor.next().map_err(part.failed())? {
            match cursor.key().first() {
                Some(&(CAUSE | SCOPE | KIND | CORRELATION | STREAM | TAG)) => {
                    positions.clear();
                    let (prefix, _) = split(cursor.key()).unwrap_or_default();
                    if known != prefix {
                        known.clear();
                        known.extend_from_slice(prefix);
                        if !part.may_hold(filter_hash(prefix))? {
                            return Err(self.other("its filter leaves out what it has"));
                        }
                    }
                    sum.chunk(&cursor, &mut positions)
                        .map_err(part.damaged(&cursor))?;
                }
                Some(&NAME) => sum.add(cursor.key(), xxh3_64(cursor.value()), 0),
                // These were followed beside the log.
                Some(&TIME) => {}
                _ => {
                    let ids = sum.ids(&cursor).map_err(part.damaged(&cursor))?;
                    for id in ids {
                        if !part.may_hold(id_filter_hash(id))? {
                            return Err(self.other("its filter leaves out what it has"));
                        }
                    }
                }
            }
        }
        Ok(sum.sum)
    }

    /// The error of a part that is valid, and not made of this log.
    fn other(&self, problem: &'static str) -> IndexError {
        self.part.failed()(TableError::Damaged { offset: 0, problem })
    }
}

/// What the file offset of an event is summed up under.
const OFFSET: &[u8] = b"o";

/// A sum over things in any order: two sums under a seed that nobody can foresee are equal only if the
/// things are, but for one chance in 2^64.
#[derive(Debug, Clone)]
struct Sum {
    seed: u64,
    sum: u128,
    buffer: Vec<u8>,
}

impl Sum {
    fn new() -> Self {
        Self {
            seed: RandomState::new().build_hasher().finish(),
            sum: 0,
            buffer: Vec::new(),
        }
    }

    fn add(&mut self, key: &[u8], a: u64, b: u64) {
        self.buffer.clear();
        self.buffer.extend_from_slice(key);
        self.finish(a, b);
    }

    fn term(&mut self, term: &Term<'_>, position: u64, revision: u64) {
        self.buffer.clear();
        push_term(&mut self.buffer, term);
        self.finish(position, revision);
    }

    /// Adds what is in the buffer, with two numbers.
    fn finish(&mut self, a: u64, b: u64) {
        self.buffer.extend_from_slice(&a.to_le_bytes());
        self.buffer.extend_from_slice(&b.to_le_bytes());
        let hash = xxh3_128_with_seed(&self.buffer, self.seed);
        self.sum = self.sum.wrapping_add(hash);
    }

    /// Adds what the chunk of positions says that the cursor is on.
    fn chunk(
        &mut self,
        cursor: &TableCursor,
        positions: &mut Vec<u64>,
    ) -> Result<(), &'static str> {
        let (prefix, first) = split(cursor.key()).ok_or("a key is cut off")?;
        let of_stream = prefix.starts_with(&[STREAM]);
        let chunk = Positions::read(first, cursor.value(), of_stream)?;
        chunk.decode(positions)?;
        for (n, position) in positions.iter().enumerate() {
            let revision = if of_stream {
                chunk.revision + n as u64
            } else {
                0
            };
            self.add(prefix, *position, revision);
        }
        Ok(())
    }

    /// Adds what the chunk of ids says that the cursor is on, and gives those that are in the filter.
    fn ids(&mut self, cursor: &TableCursor) -> Result<Vec<u128>, &'static str> {
        let first = id_in(cursor.key()).ok_or("an entry is of no known sort")?;
        let mut ids = Ids::read(first, cursor.value())?;
        let mut in_filter = Vec::new();
        while let Some((id, position)) = ids.next()? {
            self.add(&id_key(id), position, 0);
            if id_filter_hash(id).is_some() {
                in_filter.push(id);
            }
        }
        Ok(in_filter)
    }
}

/// The times that a part has, of some of its events, in their order.
struct Times {
    cursor: TableCursor,
    /// The time and the position of the next of these events.
    next: Option<(u64, u64)>,
    /// The position of the one before.
    last: Option<u64>,
    /// Whether that is the one that `next` still tells.
    is_passed: bool,
}

/// From one event whose time is in a part to the next, at most.
const TIMED: u64 = 256;

impl Times {
    fn new(part: &Part) -> Result<Self, IndexError> {
        let mut times = Self {
            cursor: part.table.cursor(),
            next: None,
            last: None,
            is_passed: false,
        };
        let found = times.cursor.seek(&[TIME]).map_err(part.failed())?;
        times.read(found);
        Ok(times)
    }

    fn read(&mut self, found: bool) {
        let key = self.cursor.key();
        let time = key
            .get(1..)
            .and_then(|time| time.first_chunk())
            .map(|time| u64::from_be_bytes(*time));
        self.next = time.zip(time_position(key)).filter(|_| found);
        self.is_passed = false;
    }

    /// Goes on to the time behind that of the event before.
    fn advance(&mut self, part: &Part) -> Result<(), IndexError> {
        let found = self.cursor.next().map_err(part.failed())?;
        self.read(found);
        Ok(())
    }

    /// Takes the next event of the log.
    fn event(&mut self, position: u64, time_us: u64) -> Result<(), &'static str> {
        match self.next {
            Some((time, at)) if at == position && time == time_us => {
                self.last = Some(position);
                self.is_passed = true;
                Ok(())
            }
            Some((_, at)) if at <= position => Err("it shows another time of an event"),
            _ if self.last.is_none_or(|last| position >= last + TIMED) => {
                Err("it leaves out the time of an event")
            }
            _ => Ok(()),
        }
    }
}
