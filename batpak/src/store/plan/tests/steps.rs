//! An index of a hundred million events that is never stored: the events of a term are those at the
//! multiples of the number that its name ends in, or that its id is. It counts what it is asked.

use std::cell::Cell;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::rc::Rc;

use crate::coordinate::Coordinate;
use crate::event::{EventId, EventKind};
use crate::store::StoreError;
use crate::store::plan::{Cursor, Entities, Source, Term};

pub(super) const PUBLISHED: u64 = 100_000_000;

pub(super) struct Steps {
    /// A kind's id is its step.
    pub(super) kinds: Vec<EventKind>,
    /// The steps of the streams, whose entities are `e` and the step, in the scope `s2`.
    pub(super) streams: RangeInclusive<u64>,
    pub(super) asked: Rc<Asked>,
}

/// How often a source was asked for what.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) lists: Cell<u64>,
    pub(super) positions: Cell<u64>,
    pub(super) estimates: Cell<u64>,
    pub(super) kinds: Cell<u64>,
    pub(super) ids: Cell<u64>,
    pub(super) streams: Cell<u64>,
    /// After so many positions the index cannot be read.
    pub(super) readable: Cell<Option<u64>>,
}

fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            kinds: Vec::new(),
            streams: RangeInclusive::new(1, 0),
            asked: Rc::default(),
        }
    }

    /// With events of these kinds, `(category, step)`.
    pub(super) fn kinds(mut self, kinds: impl IntoIterator<Item = (u8, u16)>) -> Self {
        let kinds = kinds.into_iter();
        self.kinds
            .extend(kinds.map(|(category, step)| EventKind::custom(category, step)));
        self
    }

    pub(super) fn streams(mut self, steps: RangeInclusive<u64>) -> Self {
        self.streams = steps;
        self
    }
}

impl Source for Steps {
    type Postings = Multiples;

    fn published(&self) -> u64 {
        PUBLISHED
    }

    fn postings(&self, term: Term<'_>) -> Result<Multiples, StoreError> {
        count(&self.asked.lists);
        let name = match term {
            Term::Kind(kind) => kind.id().to_string(),
            Term::Stream { entity: name, .. } | Term::Scope(name) | Term::Tag(name) => {
                name.to_owned()
            }
            Term::Cause(id) | Term::Correlation(id) => id.as_u128().to_string(),
        };
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        Ok(Multiples {
            of: digits.parse().unwrap(),
            asked: Rc::clone(&self.asked),
        })
    }

    /// An event's id is the position before it.
    fn position_of(&self, id: EventId) -> Result<Option<u64>, StoreError> {
        count(&self.asked.ids);
        let position = id.as_u128() as u64 + 1;
        Ok(Some(position).filter(|position| *position <= PUBLISHED))
    }

    fn kinds(&self) -> Result<Vec<EventKind>, StoreError> {
        count(&self.asked.kinds);
        Ok(self.kinds.clone())
    }

    fn streams(
        &self,
        entities: Entities<'_>,
    ) -> impl Iterator<Item = Result<Coordinate, StoreError>> {
        self.streams
            .clone()
            .inspect(|_| count(&self.asked.streams))
            .map(|step| Coordinate::from_log(&format!("e{step}"), "s2"))
            .filter(move |stream| match entities {
                Entities::Named(name) => stream.entity() == name,
                Entities::Beginning(prefix) => stream.entity().starts_with(prefix),
            })
            .map(Ok)
    }

    /// An event is committed each microsecond.
    fn first_position_at(&self, time_us: u64) -> Result<RangeInclusive<u64>, StoreError> {
        let position = time_us.clamp(1, PUBLISHED + 1);
        Ok(position..=position)
    }
}

#[derive(Debug)]
pub(super) struct Multiples {
    of: u64,
    asked: Rc<Asked>,
}

impl Multiples {
    fn read(&self, position: u64) -> Result<Option<u64>, StoreError> {
        count(&self.asked.positions);
        let asked = self.asked.positions.get();
        if self
            .asked
            .readable
            .get()
            .is_some_and(|readable| readable < asked)
        {
            let error = io::Error::other("unplugged");
            return Err(StoreError::io("read", Path::new("index"))(error));
        }
        Ok(Some(position).filter(|position| (1..=PUBLISHED).contains(position)))
    }
}

impl Cursor for Multiples {
    fn seek(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        self.read(at.max(1).next_multiple_of(self.of))
    }

    fn seek_back(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        self.read(at.min(PUBLISHED) / self.of * self.of)
    }

    fn estimate(&mut self) -> Result<u64, StoreError> {
        count(&self.asked.estimates);
        Ok(PUBLISHED / self.of)
    }
}
