//! The same events in a list: what a store has to answer, found by looking at each.

mod asks;
mod causality;

use std::collections::BTreeMap;

use batpak::prelude::*;
use batpak::testing::Random;

pub use asks::Asks;

use crate::support::coordinate;

/// An event before it is appended.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The id that it is given, of one sort or another.
    pub id: Option<EventId>,
    pub stream: Coordinate,
    pub kind: EventKind,
    pub tags: Vec<Tag>,
    pub causes: Vec<EventId>,
    pub correlation: Option<EventId>,
    pub payload: u64,
}

impl Draft {
    /// An event of one of some fifty streams, a few of which have most events; what it refers to is in
    /// the list.
    pub fn random(random: &mut Random, list: &List) -> Self {
        let few =
            |random: &mut Random, limit: u64| random.below(limit) * random.below(limit) / limit;
        let entity = match random.below(4) {
            0 => format!("user:{}", few(random, 6)),
            1 => "order:".to_owned(),
            _ => format!("order:{}", few(random, 12)),
        };
        let scope = ["shop", "shop/denied", "s"][few(random, 3) as usize];
        let tags = (0..random.below(3)).map(|_| asks::tag(random)).collect();
        let earlier = |random: &mut Random| {
            let event = list.events.get(random.below(list.last()) as usize);
            event.map(|event| event.receipt.event_id)
        };
        let causes = 0..few(random, 3);
        let causes = causes.filter_map(|_| earlier(random)).collect();
        let id = (random.below(5) == 0).then(|| match random.below(3) {
            0 => EventId::random(),
            1 => EventId::named(EventId::from_u128(1), random.number().to_le_bytes()),
            // As a mint of another store would have it, long ago or far ahead.
            _ => {
                let time = u128::from(random.number()) << 80;
                let rest = u128::from(random.number()) & !(0b11 << 62);
                EventId::from_u128(time | (0x7 << 76) | (0b10 << 62) | rest)
            }
        });
        Self {
            id,
            stream: coordinate(&entity, scope),
            kind: asks::kind(random),
            tags,
            causes,
            correlation: (random.below(3) == 0).then(|| earlier(random)).flatten(),
            payload: random.number(),
        }
    }

    pub fn event(&self) -> NewEvent {
        let event = NewEvent::new(&self.stream, self.kind, &self.payload);
        let event = self.tags.iter().cloned().fold(event, NewEvent::tag);
        let event = self.causes.iter().copied().fold(event, NewEvent::cause);
        let event = self.id.into_iter().fold(event, NewEvent::id);
        match self.correlation {
            Some(id) => event.correlation(id),
            None => event,
        }
    }
}

/// An event and what its append answered.
#[derive(Debug)]
pub struct Listed {
    pub draft: Draft,
    pub receipt: AppendReceipt,
}

impl Listed {
    /// That this is the event, with everything it has.
    fn assert_is(&self, event: &StoredEvent) {
        let (header, receipt) = (&event.header, &self.receipt);
        assert_eq!(header.sequence, receipt.sequence);
        assert_eq!(
            (
                header.event_id,
                header.revision,
                header.time_us,
                header.digest
            ),
            (
                receipt.event_id,
                receipt.revision,
                receipt.time_us,
                receipt.digest
            )
        );
        let draft = &self.draft;
        assert!(draft.id.is_none_or(|id| id == header.event_id));
        assert_eq!(
            (&event.coordinate, header.kind),
            (&draft.stream, draft.kind)
        );
        assert_eq!(header.correlation, draft.correlation);
        assert!(event.tags.iter().all(|tag| draft.tags.contains(tag)));
        assert!(draft.tags.iter().all(|tag| event.tags.contains(tag)));
        assert!(event.causes.iter().all(|id| draft.causes.contains(id)));
        assert!(draft.causes.iter().all(|id| event.causes.contains(id)));
        assert_eq!(event.payload::<u64>().unwrap(), draft.payload);
    }
}

/// The events of a store in their order.
#[derive(Debug, Default)]
pub struct List {
    events: Vec<Listed>,
}

impl List {
    pub fn last(&self) -> u64 {
        self.events.len() as u64
    }

    /// Adds what was appended. The receipts go on where the list ends.
    pub fn record(&mut self, drafts: Vec<Draft>, receipts: &[AppendReceipt]) {
        assert_eq!(drafts.len(), receipts.len());
        for (mut draft, receipt) in drafts.into_iter().zip(receipts) {
            assert_eq!(receipt.sequence, self.last() + 1);
            if let Some(newest) = self.events.last() {
                assert!(receipt.time_us >= newest.receipt.time_us);
            }
            if let (None, Some(cause)) = (draft.correlation, draft.causes.first()) {
                let cause = self.find(*cause).unwrap();
                let inherited = cause.draft.correlation;
                draft.correlation = Some(inherited.unwrap_or(cause.receipt.event_id));
            }
            let receipt = *receipt;
            self.events.push(Listed { draft, receipt });
        }
    }

    /// Appends so many events in one batch.
    pub fn append(&mut self, store: &Store, random: &mut Random, events: u64, how: Durability) {
        let drafts: Vec<_> = (0..events).map(|_| Draft::random(random, self)).collect();
        let mut batch = Batch::new().durability(how);
        batch.extend(drafts.iter().map(Draft::event));
        let receipts = store.commit(batch).unwrap();
        self.record(drafts, &receipts);
    }

    /// The event with this id.
    pub fn find(&self, id: EventId) -> Option<&Listed> {
        let mut events = self.events.iter();
        events.find(|event| event.receipt.event_id == id)
    }

    /// The position of the first event of these behind a position.
    pub fn first_behind(&self, asks: &Asks, position: u64) -> Option<u64> {
        let mut events = self.events.iter().filter(|event| asks.admit(event));
        let first = events.find(|event| event.receipt.sequence > position);
        first.map(|event| event.receipt.sequence)
    }

    /// Forgets the events behind a position.
    pub fn truncate(&mut self, last: u64) {
        self.events.truncate(last as usize);
    }

    pub fn revision(&self, stream: &Coordinate) -> u64 {
        let events = self.events.iter();
        events.filter(|event| event.draft.stream == *stream).count() as u64
    }

    /// How many events each stream has.
    pub fn revisions(&self) -> BTreeMap<(String, String), u64> {
        let mut streams = BTreeMap::new();
        for event in &self.events {
            let stream = &event.draft.stream;
            let names = (stream.entity().to_owned(), stream.scope().to_owned());
            *streams.entry(names).or_default() += 1;
        }
        streams
    }

    /// That the store answers as the list does: for each event, for each stream, and to some random
    /// questions.
    pub fn assert_same(&self, store: &Store, random: &mut Random) {
        self.assert_same_events(store);
        self.assert_same_streams(store);
        for _ in 0..2 {
            self.assert_same_event(store, random);
            self.assert_same_stream(store, random);
            self.assert_same_region(store, random);
            self.assert_same_causality(store, random);
        }
    }

    /// That the store has these events and no others.
    pub fn assert_same_events(&self, store: &Store) {
        assert_eq!(store.position(), self.last());
        let mut events = store.query(&Region::all());
        for listed in &self.events {
            listed.assert_is(&events.next().unwrap().unwrap());
        }
        assert!(events.next().is_none());
    }

    /// That the store has these streams and no others.
    pub fn assert_same_streams(&self, store: &Store) {
        let mut streams = store.streams();
        let revisions = self.revisions();
        for ((entity, scope), revision) in revisions {
            let stream = streams.next().unwrap().unwrap();
            assert_eq!((stream.entity(), stream.scope()), (&*entity, &*scope));
            assert_eq!(store.revision(&stream).unwrap(), revision);
        }
        assert!(streams.next().is_none());
    }

    /// That the store finds some event by its position and its id, and none where there is none.
    pub fn assert_same_event(&self, store: &Store, random: &mut Random) {
        assert!(store.get_at(0).unwrap().is_none());
        assert!(store.get_at(self.last() + 1).unwrap().is_none());
        let unknown = EventId::from_u128(u128::from(random.number()) << 64);
        assert!(store.get(unknown).unwrap().is_none());
        if self.events.is_empty() {
            return;
        }
        let listed = random.pick(&self.events);
        let receipt = &listed.receipt;
        listed.assert_is(&store.get_at(receipt.sequence).unwrap().unwrap());
        listed.assert_is(&store.get(receipt.event_id).unwrap().unwrap());
    }

    /// That some stream reads the same, in both directions and from some revision on.
    pub fn assert_same_stream(&self, store: &Store, random: &mut Random) {
        let stream = Draft::random(random, self).stream;
        let of_stream = |listed: &&Listed| listed.draft.stream == stream;
        let all: Vec<_> = self.events.iter().filter(of_stream).collect();
        let revision = random.below(all.len() as u64 + 3);
        let from = (revision.max(1) as usize - 1).min(all.len());
        assert_events(|| store.stream(&stream), &all);
        assert_events(|| store.stream_from(&stream, revision), &all[from..]);
        let position = random.below(self.last() + 3);
        let behind = all.partition_point(|listed| listed.receipt.sequence < position);
        let skipped = || store.stream_from(&stream, revision).skip_to(position);
        assert_events(skipped, &all[from.max(behind)..]);
    }

    /// That a random region has the same events, in both directions and from some position on.
    pub fn assert_same_region(&self, store: &Store, random: &mut Random) {
        let asks = Asks::random(random, self);
        self.assert_same_asked(store, &asks, random);
    }

    /// The same for what is asked here.
    pub fn assert_same_asked(&self, store: &Store, asks: &Asks, random: &mut Random) {
        let all: Vec<_> = self
            .events
            .iter()
            .filter(|event| asks.admit(event))
            .collect();
        let region = asks.region();
        assert_events(|| store.query(&region), &all);
        let position = random.below(self.last() + 3);
        let behind = all.partition_point(|listed| listed.receipt.sequence < position);
        assert_events(|| store.query(&region).skip_to(position), &all[behind..]);
        let plan = store.explain(&region).unwrap();
        let within = |listed: &&Listed| plan.positions.contains(&listed.receipt.sequence);
        assert!(all.iter().all(within), "{plan} of {asks:?}");
    }

    pub fn events(&self) -> &[Listed] {
        &self.events
    }
}

/// That these are the events, read forward, backward, and from both ends by turns.
fn assert_events<'s>(events: impl Fn() -> batpak::Events<'s>, expected: &[&Listed]) {
    let mut positions = Vec::new();
    let visited = events().for_each_raw(|event| {
        positions.push(event.meta.header.sequence);
        Ok::<_, StoreError>(())
    });
    visited.unwrap();
    let sequence = |listed: &&Listed| listed.receipt.sequence;
    let all: Vec<_> = expected.iter().map(sequence).collect();
    assert_eq!(positions, all);
    /// So many are read in full, from either end.
    const SOME: usize = 200;
    let mut backward = events().rev();
    for listed in expected.iter().rev().take(SOME) {
        listed.assert_is(&backward.next().unwrap().unwrap());
    }
    let mut both = events();
    let (mut front, mut back) = (expected.iter(), expected.iter().rev());
    for _ in 0..expected.len().min(SOME) / 2 {
        front
            .next()
            .unwrap()
            .assert_is(&both.next().unwrap().unwrap());
        back.next()
            .unwrap()
            .assert_is(&both.next_back().unwrap().unwrap());
    }
    if expected.len() <= SOME {
        assert_eq!(both.count(), expected.len() % 2);
        assert!(backward.next().is_none());
    }
}
