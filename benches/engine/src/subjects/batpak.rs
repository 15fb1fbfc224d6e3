//! The engine of this repository.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use batpak::{
    Batch, Condition, Coordinate, Durability as Promise, Event, EventId, NewEvent, ProjectionCache,
    Region, Store, StoreConfig, StoredEvent, Subscription, Tag, projection,
};

use crate::event::{Item, KINDS, PAYLOADS, Payload, entity_name, scope_name, scope_of};
use crate::fold::{Fold, Kept};
use crate::subject::{
    Durability, Engine, FOLLOWED_AT_ONCE, Follower, IN_FLIGHT, On, Reader, Settings, Subject,
    Writer,
};
use crate::workloads::Workload;

/// The most that the store may cache.
const CACHE_BYTES: usize = 256 << 20;

/// States of projections are kept in memory, where they are kept.
pub(super) const BATPAK: Batpak = Batpak { redb: false };
/// The same, and in a file of redb.
pub(super) const WITH_REDB: Batpak = Batpak { redb: true };

/// With its defaults, but for the durability and the caches.
pub(crate) struct Batpak {
    redb: bool,
}

impl Subject for Batpak {
    fn name(&self) -> &'static str {
        if self.redb { "batpak+redb" } else { "batpak" }
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        let is_other = self.redb && workload != Workload::ProjectWarm;
        is_other.then_some("only for `project-warm-1`")
    }

    fn has_conditions(&self) -> bool {
        !self.redb
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let coordinates = (0..settings.entities).map(coordinate);
        let tagged = if settings.tagged {
            settings.entities
        } else {
            0
        };
        let tags = (0..tagged).map(|entity| entity_name(entity).parse());
        Ok(Box::new(Open {
            store: Store::open(self.config(directory, settings)?)?,
            coordinates: coordinates.collect::<Result<_>>()?,
            tags: tags.collect::<Result<_, _>>()?,
        }))
    }
}

impl Batpak {
    fn config(&self, directory: &Path, settings: Settings) -> Result<StoreConfig> {
        let projections = match (settings.keeps, self.redb) {
            (false, _) => ProjectionCache::none(),
            (true, false) => ProjectionCache::memory(),
            (true, true) => ProjectionCache::redb(directory.join("projections"))?,
        };
        let config = StoreConfig::new(directory.join("store"))
            .durability(promise(settings.durability))
            .cache_bytes(CACHE_BYTES);
        Ok(config.projection_cache(projections))
    }
}

fn promise(durability: Durability) -> Promise {
    match durability {
        Durability::Buffered => Promise::Buffered,
        Durability::Written => Promise::Written,
        Durability::Durable => Promise::Durable,
    }
}

fn coordinate(entity: usize) -> Result<Coordinate> {
    let scope = scope_name(scope_of(entity));
    Ok(Coordinate::new(entity_name(entity), scope)?)
}

/// What happens: one payload under eight kinds.
#[derive(Event, Debug, Clone)]
#[event(category = 0x1)]
enum Happened {
    #[event(id = 0x001)]
    Opened(Payload),
    #[event(id = 0x002)]
    Renamed(Payload),
    #[event(id = 0x003)]
    Tagged(Payload),
    #[event(id = 0x004)]
    Moved(Payload),
    #[event(id = 0x005)]
    Measured(Payload),
    #[event(id = 0x006)]
    Noted(Payload),
    #[event(id = 0x007)]
    Shared(Payload),
    #[event(id = 0x008)]
    Closed(Payload),
}

impl Happened {
    /// Its kinds, in the order of [`crate::event::KIND_NAMES`].
    const MADE: [fn(Payload) -> Self; KINDS] = [
        Self::Opened,
        Self::Renamed,
        Self::Tagged,
        Self::Moved,
        Self::Measured,
        Self::Noted,
        Self::Shared,
        Self::Closed,
    ];

    fn payload(self) -> Payload {
        match self {
            Self::Opened(payload)
            | Self::Renamed(payload)
            | Self::Tagged(payload)
            | Self::Moved(payload)
            | Self::Measured(payload)
            | Self::Noted(payload)
            | Self::Shared(payload)
            | Self::Closed(payload) => payload,
        }
    }
}

#[projection(snapshot)]
impl Fold {
    #[on(
        Happened::Opened(payload)
            | Happened::Renamed(payload)
            | Happened::Tagged(payload)
            | Happened::Moved(payload)
            | Happened::Measured(payload)
            | Happened::Noted(payload)
            | Happened::Shared(payload)
            | Happened::Closed(payload)
    )]
    fn happened(&mut self, payload: &Payload) {
        self.take(payload);
    }
}

/// All events, made before anything is measured.
static EVENTS: LazyLock<Vec<Happened>> = LazyLock::new(|| {
    let made = PAYLOADS.iter().enumerate();
    made.map(|(sample, payload)| Happened::MADE[sample % KINDS](payload.clone()))
        .collect()
});

struct Open {
    store: Store,
    coordinates: Vec<Coordinate>,
    /// Of each entity, if events are tagged.
    tags: Vec<Tag>,
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        let _made = EVENTS.len();
        Ok(Box::new(Appender {
            open: self,
            tickets: std::collections::VecDeque::with_capacity(IN_FLIGHT),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(Look { open: self }))
    }

    fn follower(&self) -> Result<Box<dyn Follower + '_>> {
        let subscription = self.store.subscribe(Region::all()).published();
        Ok(Box::new(Subscriber { subscription }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.store.close()?)
    }
}

struct Appender<'a> {
    open: &'a Open,
    tickets: std::collections::VecDeque<batpak::Ticket>,
}

impl Appender<'_> {
    fn event(&self, item: Item) -> Result<NewEvent> {
        let event = NewEvent::of(&self.open.coordinates[item.entity], &EVENTS[item.sample]);
        Ok(match self.open.tags.get(item.entity) {
            Some(entity) => event.tag(entity.clone()).tag(id_tag(item)?),
            None => event,
        })
    }
}

fn id_tag(item: Item) -> Result<Tag> {
    Ok(Tag::new("id", format_args!("{:032x}", item.id()))?)
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        let coordinate = &self.open.coordinates[item.entity];
        self.open
            .store
            .append_typed(coordinate, &EVENTS[item.sample])?;
        Ok(())
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        let mut batch = Batch::new();
        for item in items {
            batch = batch.event(self.event(*item)?);
        }
        self.open.store.commit(batch)?;
        Ok(())
    }

    fn append_on(&mut self, item: Item, on: Option<On>) -> Result<u64> {
        let with = |tag: &Tag| Region::all().tag(tag.clone());
        let entity = &self.open.tags[item.entity];
        let condition = match on {
            None => Condition::new(),
            Some(On::NoneBehind(position)) => {
                Condition::new().fail_if_after(with(entity), position)
            }
            Some(On::NoneWithId) => Condition::new().fail_if_any(with(&id_tag(item)?)),
        };
        let receipt = self.open.store.append_if(self.event(item)?, condition)?;
        Ok(receipt.sequence)
    }

    fn submit(&mut self, item: Item) -> Result<()> {
        if self.tickets.len() == IN_FLIGHT
            && let Some(oldest) = self.tickets.pop_front()
        {
            oldest.wait()?;
        }
        let batch = Batch::new().event(self.event(item)?);
        self.tickets.push_back(self.open.store.submit(batch)?);
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        for ticket in self.tickets.drain(..) {
            ticket.wait()?;
        }
        Ok(())
    }
}

struct Look<'a> {
    open: &'a Open,
}

fn at(store: &Store, position: u64) -> Result<StoredEvent> {
    let found = store.get_at(position)?;
    found.with_context(|| format!("there is nothing at {position}"))
}

fn typed(stored: &StoredEvent) -> Result<Payload> {
    Ok(stored.event::<Happened>()?.payload())
}

impl Reader for Look<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        typed(&at(&self.open.store, position)?)
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        Ok(at(&self.open.store, position)?.header.event_id.as_u128())
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let found = self.open.store.get(EventId::from_u128(id))?;
        typed(&found.context("no such id")?)
    }

    fn stream(&mut self, entity: usize, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let events = self.open.store.stream(&self.open.coordinates[entity]);
        events.for_each_raw(|event| {
            each(event.event::<Happened>()?.payload());
            Ok(())
        })
    }

    fn project(&mut self, entity: usize, kept: &mut Kept) -> Result<()> {
        kept.fold = self.open.store.project(&self.open.coordinates[entity])?;
        Ok(())
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let events = self.open.store.query(&Region::all());
        events.for_each_raw(|event| {
            each(event.event::<Happened>()?.payload());
            Ok(())
        })
    }
}

struct Subscriber {
    subscription: Subscription,
}

impl Follower for Subscriber {
    fn receive(&mut self, each: &mut dyn FnMut(u64)) -> Result<()> {
        for event in self.subscription.recv_batch(FOLLOWED_AT_ONCE)? {
            each(event.header.sequence);
        }
        Ok(())
    }
}

/// A store with so many streams that their coordinates are made when they are needed.
pub(crate) struct Grown {
    store: Store,
}

/// Opens the store in `directory`, whose appends stay in the process unless they are flushed.
pub(crate) fn open_grown(directory: &Path, cache: usize) -> Result<Grown> {
    let _made = EVENTS.len();
    let config = StoreConfig::new(directory)
        .durability(Promise::Buffered)
        .cache_bytes(cache);
    let store = Store::open(config)?;
    Ok(Grown { store })
}

/// Opens the store in `directory` only to read, and reads the event at a position.
pub(crate) fn read_only(directory: &Path, position: u64) -> Result<()> {
    let store = Store::open_read_only(StoreConfig::new(directory))?;
    typed(&at(&store, position)?)?;
    Ok(())
}

impl Grown {
    /// How many events there are.
    pub(crate) fn len(&self) -> u64 {
        self.store.position()
    }

    /// Appends one event.
    pub(crate) fn append(&self, item: Item) -> Result<()> {
        self.store
            .append_typed(&coordinate(item.entity)?, &EVENTS[item.sample])?;
        Ok(())
    }

    /// Appends several at once.
    pub(crate) fn append_all(&self, items: impl Iterator<Item = Item>) -> Result<()> {
        let mut batch = Batch::new();
        for item in items {
            batch = batch.event(NewEvent::of(
                &coordinate(item.entity)?,
                &EVENTS[item.sample],
            ));
        }
        self.store.commit(batch)?;
        Ok(())
    }

    /// Waits until all is on the medium.
    pub(crate) fn flush(&self) -> Result<()> {
        Ok(self.store.flush()?)
    }

    /// The event at a position.
    pub(crate) fn get(&self, position: u64) -> Result<Payload> {
        typed(&at(&self.store, position)?)
    }

    /// The id of the event at a position.
    pub(crate) fn id_at(&self, position: u64) -> Result<u128> {
        Ok(at(&self.store, position)?.header.event_id.as_u128())
    }

    /// The event with an id.
    pub(crate) fn get_by_id(&self, id: u128) -> Result<Payload> {
        let found = self.store.get(EventId::from_u128(id))?;
        typed(&found.context("no such id")?)
    }

    /// Reads at most `most` events of an entity, and tells how many there were.
    pub(crate) fn stream(&self, entity: usize, most: usize) -> Result<u64> {
        let mut events = 0;
        for event in self.store.stream(&coordinate(entity)?).take(most) {
            typed(&event?)?;
            events += 1;
        }
        Ok(events)
    }

    /// Reads `most` events of a kind in a scope, from a position on.
    pub(crate) fn page(&self, item: Item, from: u64, most: usize) -> Result<()> {
        let kind = batpak::EventPayload::kind(&EVENTS[item.sample]);
        let region = Region::all().scope(scope_name(item.scope())).kinds([kind]);
        let mut events = 0;
        for event in self.store.query(&region.positions(from..)).take(most) {
            typed(&event?)?;
            events += 1;
        }
        ensure!(events == most, "a page of {most} has {events} events");
        Ok(())
    }

    /// Closes it.
    pub(crate) fn close(self) -> Result<()> {
        Ok(self.store.close()?)
    }
}
