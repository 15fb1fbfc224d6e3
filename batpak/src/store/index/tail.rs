use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, RandomState};
use hashbrown::HashTable;

use super::term::Term;
use super::{FramePlace, FrameSpan, StreamHead};
use crate::coordinate::Coordinate;
use crate::event::{Digest, EventId, EventKind, EventMeta, sorts_by_time};
use crate::pipeline::KIND_NAME;

/// The index of the newest events, in memory.
///
/// Events that are staged but not yet published are in it too: readers give a bound with each question.
/// Inside, an event is known by its place in the tail, which is its position less the tail's first.
#[derive(Debug)]
pub(crate) struct Tail {
    first: u64,
    /// The places of the events of each term, rising.
    lists: Vec<Vec<u32>>,
    /// The slot of each stream, with the stream's hash.
    streams: HashTable<(u64, u32)>,
    slots: Vec<StreamSlot>,
    pub(super) scopes: Lists<Box<str>>,
    pub(super) kinds: Lists<EventKind>,
    pub(super) tags: Lists<Box<str>>,
    pub(super) causes: Lists<u128>,
    pub(super) correlations: Lists<u128>,
    pub(super) names: HashMap<EventKind, Box<str>, RandomState>,
    pub(super) ids: Ids,
    /// Where the frame of each event begins.
    offsets: Vec<u32>,
    /// What conditions ask of each event.
    pub(super) rows: Vec<Row>,
    /// The segment of the last event, by the position of its first, and the file offset behind the event.
    log_end: Option<(u64, u32)>,
    /// The time of each event whose place is a multiple of [`TIMED`].
    times: Vec<u64>,
    /// That of the last one.
    time_us: u64,
    /// What is allocated besides the lists' own, estimated.
    bytes: usize,
}

/// What tells, with the lists, whether an event is in a region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) time_us: u64,
    /// The slot of its stream.
    pub(super) slot: u32,
    pub(super) kind: EventKind,
}

/// The list of each term of a sort.
pub(super) type Lists<T> = HashMap<T, u32, RandomState>;

/// A stream that has events in the tail.
#[derive(Debug)]
pub(super) struct StreamSlot {
    pub(super) coordinate: Coordinate,
    pub(super) head: Head,
    pub(super) list: u32,
    /// The list of its scope.
    scope: u32,
}

/// The newest event of a stream; all zeros if there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) revision: u64,
    pub(crate) digest: Digest,
    pub(crate) position: u64,
}

/// From one event whose time is in the index to the next.
const TIMED: usize = 256;

impl Tail {
    /// An empty tail, whose first event will have the position `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self {
            first,
            lists: Vec::new(),
            streams: HashTable::new(),
            slots: Vec::new(),
            scopes: Lists::default(),
            kinds: Lists::default(),
            tags: Lists::default(),
            causes: Lists::default(),
            correlations: Lists::default(),
            names: HashMap::default(),
            ids: Ids::default(),
            offsets: Vec::new(),
            rows: Vec::new(),
            log_end: None,
            times: Vec::new(),
            time_us: 0,
            bytes: 0,
        }
    }

    /// What [`Self::push`] and [`Self::head`] find a stream by: to be computed outside of locks. It
    /// is another one in each process.
    pub(crate) fn stream_hash(entity: &str, scope: &str) -> u64 {
        const SEED: u64 = 0x5EED;
        let mut hasher = FoldHasher::with_seed(SEED, SharedSeed::global_random());
        hasher.write(entity.as_bytes());
        hasher.write(scope.as_bytes());
        hasher.finish()
    }

    /// The position of the first event, or that which it will have.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The position of the last event; that before the first if there is none.
    pub(crate) fn last(&self) -> u64 {
        self.first + self.offsets.len() as u64 - 1
    }

    /// Whether it has enough for a part: it is frozen then, and another begun.
    pub(crate) fn is_full(&self) -> bool {
        const EVENTS: usize = 1 << 15;
        const BYTES: usize = 8 << 20;
        self.events() >= EVENTS || self.bytes() >= BYTES
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> usize {
        self.offsets.len()
    }

    /// About how many bytes of memory the tail takes.
    pub(crate) fn bytes(&self) -> usize {
        const PER_EVENT: usize = 16 + 4 + size_of::<Row>() + 3 * 6;
        self.bytes + self.events() * PER_EVENT
    }

    /// The id of the last event.
    pub(crate) fn last_id(&self) -> Option<EventId> {
        self.ids.last.map(EventId::from_u128)
    }

    /// The time of the last event; 0 if there is none.
    pub(crate) fn last_time_us(&self) -> u64 {
        self.time_us
    }

    /// The time of the first event; 0 if there is none.
    pub(crate) fn first_time_us(&self) -> u64 {
        self.times.first().copied().unwrap_or_default()
    }

    /// The segment of the last event, by the position of its first, and the file offset behind the event.
    pub(crate) fn log_end(&self) -> Option<(u64, u32)> {
        self.log_end
    }

    /// Adds the event at the next position, whose stream has this [`Self::stream_hash`] and whose
    /// frame lies at `at`.
    pub(crate) fn push(&mut self, stream_hash: u64, meta: &EventMeta<'_>, at: FramePlace) {
        let slot = self.find(stream_hash, meta.entity, meta.scope);
        self.push_to(slot, stream_hash, meta, at);
    }

    /// [`Self::push`] for who has just asked [`Self::find`].
    pub(crate) fn push_to(
        &mut self,
        slot: Option<u32>,
        stream_hash: u64,
        meta: &EventMeta<'_>,
        at: FramePlace,
    ) {
        let header = &meta.header;
        let place = self.offsets.len() as u32;
        debug_assert_eq!(header.sequence, self.first + u64::from(place));
        let slot = slot.unwrap_or_else(|| self.add_stream(stream_hash, meta));
        self.rows.push(Row {
            time_us: header.time_us,
            slot,
            kind: header.kind,
        });
        let slot = &mut self.slots[slot as usize];
        slot.head = Head {
            revision: header.revision,
            digest: header.digest.unwrap_or(Digest::ZERO),
            position: header.sequence,
        };
        self.lists[slot.list as usize].push(place);
        self.lists[slot.scope as usize].push(place);
        let kind = list_of(&mut self.lists, &mut self.kinds, header.kind);
        self.lists[kind as usize].push(place);
        self.push_links(place, meta);
        self.ids.push(header.event_id.as_u128(), place);
        self.push_place(header.time_us, at);
        self.read_name(meta);
    }

    fn add_stream(&mut self, hash: u64, meta: &EventMeta<'_>) -> u32 {
        let scope = match self.scopes.get(meta.scope) {
            Some(list) => *list,
            None => list_of(&mut self.lists, &mut self.scopes, meta.scope.into()),
        };
        let slot = self.slots.len() as u32;
        self.slots.push(StreamSlot {
            coordinate: meta.coordinate(),
            head: Head {
                revision: 0,
                digest: Digest::ZERO,
                position: 0,
            },
            list: new_list(&mut self.lists),
            scope,
        });
        let entry = (hash, slot);
        self.streams.insert_unique(hash, entry, |(hash, _)| *hash);
        self.bytes += size_of::<StreamSlot>() + LIST + meta.entity.len() + meta.scope.len();
        slot
    }

    /// Enters the event under its tags, causes and correlation.
    fn push_links(&mut self, place: u32, meta: &EventMeta<'_>) {
        for tag in meta.tags() {
            let list = match self.tags.get(tag) {
                Some(list) => *list,
                None => {
                    self.bytes += LIST + tag.len();
                    list_of(&mut self.lists, &mut self.tags, tag.into())
                }
            };
            self.push_link(list, place);
        }
        for cause in meta.causes() {
            let list = list_of(&mut self.lists, &mut self.causes, cause.as_u128());
            self.push_link(list, place);
        }
        if let Some(correlation) = meta.header.correlation {
            let id = correlation.as_u128();
            let list = list_of(&mut self.lists, &mut self.correlations, id);
            self.push_link(list, place);
        }
    }

    fn push_link(&mut self, list: u32, place: u32) {
        let list = &mut self.lists[list as usize];
        if list.is_empty() {
            self.bytes += LIST;
        }
        // An event that names the same thing twice is there once.
        if list.last() != Some(&place) {
            self.bytes += 6;
            list.push(place);
        }
    }

    fn push_place(&mut self, time_us: u64, at: FramePlace) {
        if self.offsets.len().is_multiple_of(TIMED) {
            self.times.push(time_us);
        }
        self.offsets.push(at.offset);
        self.log_end = Some((at.segment, at.end));
        self.time_us = time_us;
    }

    /// Takes the name of the event's kind, if its metadata tells one.
    fn read_name(&mut self, meta: &EventMeta<'_>) {
        /// How the name's key begins as msgpack: a byte that few metadata have anywhere.
        const KEY_HEAD: u8 = 0xA0 | KIND_NAME.len() as u8;
        let kind = meta.header.kind;
        if !meta.metadata_bytes().contains(&KEY_HEAD) || self.names.contains_key(&kind) {
            return;
        }
        // Whether metadata can be read is decided before an event comes here.
        if let Ok(Some(name)) = meta.metadata::<String>(KIND_NAME) {
            self.names.insert(kind, name.into());
        }
    }

    /// The kinds of its events.
    pub(super) fn kinds(&self) -> impl Iterator<Item = EventKind> {
        self.kinds.keys().copied()
    }

    /// The newest event of a stream, published or not.
    pub(crate) fn head(&self, stream_hash: u64, entity: &str, scope: &str) -> Option<&Head> {
        let slot = self.find(stream_hash, entity, scope)?;
        Some(self.head_of(slot))
    }

    /// The newest event of the stream in this slot.
    pub(crate) fn head_of(&self, slot: u32) -> &Head {
        &self.slots[slot as usize].head
    }

    /// The newest event of a stream up to the position `bound`.
    pub(super) fn head_until(
        &self,
        stream_hash: u64,
        (entity, scope): (&str, &str),
        bound: u64,
    ) -> Option<StreamHead> {
        let slot = &self.slots[self.find(stream_hash, entity, scope)? as usize];
        let places = self.places(slot.list);
        let count = self.count_until(places, bound);
        Some(StreamHead {
            position: self.first + u64::from(*places.get(count.checked_sub(1)?)?),
            revision: slot.head.revision - (places.len() - count) as u64,
        })
    }

    /// The stream in this slot.
    pub(super) fn stream_of(&self, slot: u32) -> &Coordinate {
        &self.slots[slot as usize].coordinate
    }

    /// The slot of a stream, if it has events here. A slot stays the stream's.
    pub(crate) fn find(&self, hash: u64, entity: &str, scope: &str) -> Option<u32> {
        let is_it = |(found, slot): &(u64, u32)| {
            let coordinate = &self.slots[*slot as usize].coordinate;
            *found == hash && coordinate.entity() == entity && coordinate.scope() == scope
        };
        let found = self.streams.find(hash, is_it);
        found.map(|(_, slot)| *slot)
    }

    /// The list of a term, if it has events here.
    pub(super) fn list(&self, term: &Term<'_>) -> Option<u32> {
        match *term {
            Term::Stream { entity, scope } => {
                let slot = self.find(Self::stream_hash(entity, scope), entity, scope)?;
                Some(self.slots[slot as usize].list)
            }
            Term::Scope(scope) => self.scopes.get(scope).copied(),
            Term::Kind(kind) => self.kinds.get(&kind).copied(),
            Term::Tag(tag) => self.tags.get(tag).copied(),
            Term::Cause(id) => self.causes.get(&id.as_u128()).copied(),
            Term::Correlation(id) => self.correlations.get(&id.as_u128()).copied(),
        }
    }

    /// The places of a list's events, rising. Lists keep their numbers, and only grow.
    pub(super) fn places(&self, list: u32) -> &[u32] {
        &self.lists[list as usize]
    }

    /// How many of these places are at or before the position `bound`.
    pub(super) fn count_until(&self, places: &[u32], bound: u64) -> usize {
        if self.last() <= bound {
            return places.len();
        }
        places.partition_point(|place| self.first + u64::from(*place) <= bound)
    }

    /// The streams, in the order of their first events here, from the `n`th.
    pub(super) fn streams_from(&self, n: usize) -> &[StreamSlot] {
        self.slots.get(n..).unwrap_or_default()
    }

    /// Where the event at `position` lies.
    pub(crate) fn locate(&self, position: u64) -> Option<FrameSpan> {
        let place = usize::try_from(position.checked_sub(self.first)?).ok()?;
        let offset = *self.offsets.get(place)?;
        let next = self.offsets.get(place + 1).copied();
        let next = next.or(self.log_end.map(|(_, end)| end))?;
        Some(FrameSpan::until(offset, next))
    }

    /// Where the frame of each event begins.
    pub(super) fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// The times of some events, at least one in so many that a reader may pass over them, with their
    /// positions.
    pub(super) fn times(&self) -> impl Iterator<Item = (u64, u64)> {
        let times = self.times.iter().enumerate();
        times.map(|(n, time_us)| (*time_us, self.first + (n * TIMED) as u64))
    }

    /// The position of the event with this id.
    pub(crate) fn find_id(&self, id: EventId) -> Option<u64> {
        let place = self.ids.find(id.as_u128())?;
        Some(self.first + u64::from(place))
    }

    /// A position at or before that of the first event whose time is at least `time_us`, and less
    /// than a chunk before it; that behind the last event if all are older.
    pub(super) fn first_position_at(&self, time_us: u64) -> u64 {
        let older = self.times.partition_point(|time| *time < time_us);
        match older.checked_sub(1) {
            _ if self.time_us < time_us => self.last() + 1,
            Some(older) => self.first + (older * TIMED) as u64 + 1,
            None => self.first,
        }
    }
}

/// About how many bytes a list takes, with its entry in a map.
const LIST: usize = 80;

fn new_list(lists: &mut Vec<Vec<u32>>) -> u32 {
    lists.push(Vec::new());
    lists.len() as u32 - 1
}

/// The list of a term, a new one if it has none.
fn list_of<T: Eq + Hash>(lists: &mut Vec<Vec<u32>>, of: &mut Lists<T>, term: T) -> u32 {
    *of.entry(term).or_insert_with(|| new_list(lists))
}

/// Places by id. Ids that rise with the time need no map.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// For each event, the greatest id up to it.
    greatest: Vec<u128>,
    /// The ids that were not the greatest when they came.
    strays: HashMap<u128, u32, RandomState>,
    last: Option<u128>,
}

impl Ids {
    fn push(&mut self, id: u128, place: u32) {
        let greatest = self.greatest.last().copied().unwrap_or_default();
        if id > greatest && sorts_by_time(EventId::from_u128(id)) {
            self.greatest.push(id);
        } else {
            self.greatest.push(greatest);
            self.strays.entry(id).or_insert(place);
        }
        self.last = Some(id);
    }

    pub(super) fn find(&self, id: u128) -> Option<u32> {
        let at = self.greatest.partition_point(|greatest| *greatest < id);
        if id != 0 && self.greatest.get(at) == Some(&id) {
            return Some(at as u32);
        }
        self.strays.get(&id).copied()
    }

    /// The ids in their order, each with its place.
    pub(super) fn sorted(&self) -> Vec<(u128, u32)> {
        let mut all = Vec::with_capacity(self.greatest.len());
        let mut before = 0;
        for (place, id) in self.greatest.iter().enumerate() {
            if *id != before {
                all.push((*id, place as u32));
            }
            before = *id;
        }
        if !self.strays.is_empty() {
            all.extend(self.strays.iter().map(|(id, place)| (*id, *place)));
            all.sort_unstable();
            all.dedup_by_key(|(id, _)| *id);
        }
        all
    }
}
