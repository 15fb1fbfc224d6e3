//! A log of random events in memory, with all lists that a plan may ask for.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::rc::Rc;

use crate::coordinate::{Coordinate, Tag};
use crate::event::{EventHeader, EventId, EventKind, EventMeta, Region, TagBytes};
use crate::store::StoreError;
use crate::store::plan::{Criterion, Cursor, Entities, Source, Term};

/// SplitMix64: the same numbers for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Below the limit, the small more often.
    pub(super) fn skewed(&mut self, limit: u64) -> u64 {
        let most = 1 + self.below(limit);
        self.below(most)
    }
}

pub(super) struct Event {
    pub(super) at: Coordinate,
    pub(super) kind: EventKind,
    pub(super) tags: Vec<Tag>,
    pub(super) causes: Vec<EventId>,
    pub(super) correlation: Option<EventId>,
    pub(super) time_us: u64,
}

impl Event {
    fn random(random: &mut Random, position: u64, time_us: &mut u64) -> Self {
        *time_us += random.below(4);
        // Some streams live for a while only.
        let entity = match random.below(4) {
            0 => format!("order:{}", position / 100),
            1 => format!("user:{}", random.skewed(300)),
            _ => format!("order:{}", random.skewed(12)),
        };
        let tags: BTreeSet<Tag> = (0..random.below(4))
            .map(|_| tag(random.skewed(40)))
            .collect();
        let causes = (0..random.below(3)).map(|_| random.skewed(position));
        Self {
            causes: causes.filter(|at| *at > 0).map(id).collect(),
            correlation: (random.below(3) > 0).then(|| story(random)),
            at: Coordinate::new(entity, scope(random.skewed(5))).unwrap(),
            kind: kind(random.skewed(30)),
            tags: tags.into_iter().collect(),
            time_us: *time_us,
        }
    }

    fn is_in(&self, region: &Region, position: u64) -> bool {
        let mut header = EventHeader::new(id(position), self.kind, 0);
        header.sequence = position;
        header.time_us = self.time_us;
        header.correlation = self.correlation;
        let causes: Vec<u8> = self.causes.iter().flat_map(|id| id.to_bytes()).collect();
        let mut strings = Vec::new();
        for tag in &self.tags {
            rmp::encode::write_str(&mut strings, tag.as_str()).unwrap();
        }
        let tags = TagBytes {
            count: self.tags.len(),
            strings: &strings,
        };
        let address = (self.at.entity(), self.at.scope());
        region.contains(&EventMeta::new(header, address, &causes, tags, &[]))
    }

    fn satisfies(&self, criterion: &Criterion, position: u64) -> bool {
        match criterion {
            Criterion::Entity(name) => self.at.entity() == name,
            Criterion::EntityPrefix(prefix) => self.at.entity().starts_with(prefix),
            Criterion::Scope(name) => self.at.scope() == name,
            Criterion::Kinds(kinds) => kinds.contains(&self.kind),
            Criterion::Category(category) => self.kind.category() == *category,
            Criterion::Tag(tag) => self.tags.contains(tag),
            Criterion::CausedBy(id) => self.causes.contains(id),
            Criterion::Correlation(of) => self.correlation == Some(*of) || id(position) == *of,
            Criterion::TimesUs(times) => times.contains(&self.time_us),
        }
    }
}

pub(super) fn kind(n: u64) -> EventKind {
    EventKind::custom(1 + (n % 3) as u8, n as u16)
}

pub(super) fn scope(n: u64) -> String {
    format!("shop/{n}")
}

pub(super) fn tag(n: u64) -> Tag {
    Tag::new("t", n).unwrap()
}

/// The id of the event at this position.
pub(super) fn id(position: u64) -> EventId {
    EventId::from_u128(u128::from(position))
}

/// The correlation of some events, which is the id of one.
pub(super) fn story(random: &mut Random) -> EventId {
    id(1 + 50 * random.skewed(40))
}

/// Events from position 1, some of them behind the last that is published.
pub(super) struct Log {
    events: Vec<Event>,
    published: u64,
    lists: HashMap<String, Rc<Vec<u64>>>,
}

impl Log {
    pub(super) fn random(random: &mut Random, published: u64, staged: u64) -> Self {
        let mut time_us = 0;
        let events: Vec<Event> = (1..=published + staged)
            .map(|position| Event::random(random, position, &mut time_us))
            .collect();
        let mut lists: HashMap<String, Vec<u64>> = HashMap::new();
        for (position, event) in (1..).zip(&events) {
            let (entity, scope) = (event.at.entity(), event.at.scope());
            let tags = event.tags.iter().map(|tag| Term::Tag(tag.as_str()));
            let causes: BTreeSet<EventId> = event.causes.iter().copied().collect();
            [
                Term::Stream { entity, scope },
                Term::Scope(scope),
                Term::Kind(event.kind),
            ]
            .into_iter()
            .chain(tags)
            .chain(causes.into_iter().map(Term::Cause))
            .chain(event.correlation.map(Term::Correlation))
            .for_each(|term| lists.entry(key(term)).or_default().push(position));
        }
        Self {
            events,
            published,
            lists: lists.into_iter().map(|(k, v)| (k, Rc::new(v))).collect(),
        }
    }

    fn event(&self, position: u64) -> &Event {
        &self.events[position as usize - 1]
    }

    pub(super) fn is_in(&self, region: &Region, position: u64) -> bool {
        self.event(position).is_in(region, position)
    }

    pub(super) fn satisfies(&self, criterion: &Criterion, position: u64) -> bool {
        self.event(position).satisfies(criterion, position)
    }

    /// The time of the newest event.
    pub(super) fn now_us(&self) -> u64 {
        self.events.last().map_or(0, |event| event.time_us)
    }
}

fn key(term: Term<'_>) -> String {
    format!("{term:?}")
}

impl Source for Log {
    type Postings = List;

    fn published(&self) -> u64 {
        self.published
    }

    fn postings(&self, term: Term<'_>) -> Result<List, StoreError> {
        Ok(List(
            self.lists.get(&key(term)).cloned().unwrap_or_default(),
        ))
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, StoreError> {
        let position = id.as_u128() as u64;
        Ok((1..=self.published).contains(&position).then_some(position))
    }

    fn kinds(&self) -> Result<Vec<EventKind>, StoreError> {
        let kinds: BTreeSet<EventKind> = self.events.iter().map(|event| event.kind).collect();
        Ok(kinds.into_iter().rev().chain([kind(40)]).collect())
    }

    fn streams(
        &self,
        entities: Entities<'_>,
    ) -> impl Iterator<Item = Result<Coordinate, StoreError>> {
        let is_one = |entity: &str| match entities {
            Entities::Named(name) => entity == name,
            Entities::Beginning(prefix) => entity.starts_with(prefix),
        };
        let streams: BTreeSet<(&str, &str)> = self
            .events
            .iter()
            .map(|event| (event.at.entity(), event.at.scope()))
            .filter(|(entity, _)| is_one(entity))
            .collect();
        streams
            .into_iter()
            .map(|(entity, scope)| Ok(Coordinate::from_log(entity, scope)))
    }

    fn first_position_at(&self, time_us: u64) -> Result<RangeInclusive<u64>, StoreError> {
        const COARSE: u64 = 64;
        let exact = self.events.partition_point(|event| event.time_us < time_us) as u64 + 1;
        let exact = exact.min(self.published + 1);
        let first = (exact - 1) / COARSE * COARSE + 1;
        Ok(first..=(first + COARSE - 1).min(self.published + 1))
    }
}

/// A list of positions, and a wrong idea of how long it is.
#[derive(Debug)]
pub(super) struct List(Rc<Vec<u64>>);

impl Cursor for List {
    fn seek(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        let next = self.0.partition_point(|position| *position < at);
        Ok(self.0.get(next).copied())
    }

    fn seek_back(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        let next = self.0.partition_point(|position| *position <= at);
        Ok(next.checked_sub(1).map(|last| self.0[last]))
    }

    fn estimate(&mut self) -> Result<u64, StoreError> {
        Ok(self.0.len() as u64 * 3 / 4)
    }
}
