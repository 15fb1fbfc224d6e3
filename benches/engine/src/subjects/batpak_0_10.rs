//! The engine of the same name that is on the registry, version 0.10.0.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use batpak_0_10::coordinate::{Coordinate, EventCategory, Region};
use batpak_0_10::event::{
    Event, EventKind, EventSourced, ProjectionStateContract, RawMsgpackInput, StateExtent,
};
use batpak_0_10::id::{EntityIdType, EventId};
use batpak_0_10::store::{
    AppendOptions, AppendTicket, BatchAppendItem, CausationRef, Cursor, DurabilityGate, Freshness,
    Open as Live, Store, StoreConfig, SyncMode, WatermarkKind,
};

use crate::event::{Item, KINDS, Payload, decode, entity_name, scope_name, scope_of};
use crate::fold::{Fold, Kept};
use crate::subject::{
    Durability, Engine, FOLLOWED_AT_ONCE, Follower, IN_FLIGHT, Reader, Settings, Subject, Writer,
};
use crate::workloads::Workload;

const CATEGORY: u8 = 0x1;
/// How long an append waits to be durable, at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one who follows by a cursor sleeps if there is nothing new.
const IDLE: Duration = Duration::from_millis(1);

/// Durable: `fdatasync` as soon as the queue is empty, and each append waits for the frontier; else no
/// sync but at the end.
pub(crate) struct Batpak010;

impl Subject for Batpak010 {
    fn name(&self) -> &'static str {
        "batpak-0.10"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        let by_position = workload == Workload::GetByPosition;
        by_position.then_some("has no index of positions: a query by them looks at every event")
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let durable = settings.durability == Durability::Durable;
        let config = StoreConfig::new(directory)
            .with_sync_mode(SyncMode::SyncData)
            .with_sync_every_n_events(if durable { 1 } else { u32::MAX })
            // One sync for all that are queued. With a number above 1 each append needs a key.
            .with_group_commit_max_batch(0);
        let coordinate =
            |entity| Coordinate::new(entity_name(entity), scope_name(scope_of(entity)));
        let kind = |kind| EventKind::try_custom(CATEGORY, 1 + kind as u16);
        Ok(Box::new(Open {
            store: if settings.keeps {
                let cache = directory.join("projections");
                Store::open_with_native_cache(config.with_incremental_projection(true), cache)?
            } else {
                Store::open(config)?
            },
            coordinates: (0..settings.entities)
                .map(coordinate)
                .collect::<Result<_, _>>()?,
            kinds: (0..KINDS).map(kind).collect::<Result<_, _>>()?,
            durable,
        }))
    }
}

struct Open {
    store: Store<Live>,
    coordinates: Vec<Coordinate>,
    kinds: Vec<EventKind>,
    durable: bool,
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        Ok(Box::new(Appender {
            open: self,
            tickets: Vec::new(),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(Look {
            open: self,
            region: Region::all().with_fact_category(EventCategory::new(CATEGORY)?),
        }))
    }

    fn follower(&self) -> Result<Box<dyn Follower + '_>> {
        let region = Region::all().with_fact_category(EventCategory::new(CATEGORY)?);
        Ok(Box::new(Polls {
            cursor: self.store.cursor_guaranteed(&region),
            open: self,
        }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.store.close()?;
        Ok(())
    }
}

struct Appender<'a> {
    open: &'a Open,
    tickets: Vec<AppendTicket>,
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        let open = self.open;
        let (coordinate, kind) = (&open.coordinates[item.entity], open.kinds[item.kind()]);
        if open.durable {
            let gate = DurabilityGate::new(WatermarkKind::Durable, PATIENCE);
            let options = AppendOptions::new().with_gate(gate);
            let store = &open.store;
            let _receipt = store.append_with_options(coordinate, kind, item.payload(), options)?;
        } else {
            let _receipt = open.store.append(coordinate, kind, item.payload())?;
        }
        Ok(())
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        let item = |item: &Item| {
            BatchAppendItem::new(
                self.open.coordinates[item.entity].clone(),
                self.open.kinds[item.kind()],
                item.payload(),
                AppendOptions::default(),
                CausationRef::None,
            )
        };
        let batch = items.iter().map(item).collect::<Result<_, _>>()?;
        self.open.store.append_batch(batch)?;
        Ok(())
    }

    /// Its tickets resolve before the sync, so that many are awaited at once, with a sync after them.
    fn submit(&mut self, item: Item) -> Result<()> {
        if self.tickets.len() == IN_FLIGHT {
            self.settle()?;
        }
        let (coordinate, kind) = (
            &self.open.coordinates[item.entity],
            self.open.kinds[item.kind()],
        );
        let ticket = self.open.store.submit(coordinate, kind, item.payload())?;
        self.tickets.push(ticket);
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        for ticket in self.tickets.drain(..) {
            let _receipt = ticket.wait()?;
        }
        Ok(self.open.store.sync()?)
    }
}

struct Look<'a> {
    open: &'a Open,
    /// All but the store's own events.
    region: Region,
}

impl Look<'_> {
    fn read(&self, id: EventId) -> Result<Payload> {
        decode(&self.open.store.read_raw(id)?.event.payload)
    }
}

impl Reader for Look<'_> {
    fn get(&mut self, _position: u64) -> Result<Payload> {
        bail!("there is no index of positions")
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        let found = self.ids(&[position])?.pop();
        found.context("no such position")
    }

    fn ids(&mut self, positions: &[u64]) -> Result<Vec<u128>> {
        let entries = self.open.store.query(&self.region);
        let id = |&position: &u64| {
            let entry = entries.get(position as usize - 1);
            Ok(entry.context("no such position")?.event_id().as_u128())
        };
        positions.iter().map(id).collect()
    }

    fn newest(&mut self, _position: u64, item: Item) -> Result<Payload> {
        let entity = self.open.coordinates[item.entity].entity();
        let newest = self.open.store.latest_lane(entity, 0);
        self.read(newest.context("the stream is empty")?.event_id())
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        self.read(EventId::from_u128(id))
    }

    fn stream(&mut self, entity: usize, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let entity = self.open.coordinates[entity].entity();
        for entry in self.open.store.by_entity(entity) {
            each(self.read(entry.event_id())?);
        }
        Ok(())
    }

    fn project(&mut self, entity: usize, kept: &mut Kept) -> Result<()> {
        let entity = self.open.coordinates[entity].entity();
        let found = self.open.store.project(entity, &Freshness::Consistent)?;
        kept.fold = found.context("the stream is empty")?;
        Ok(())
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        for entry in self.open.store.query(&self.region) {
            each(self.read(entry.event_id())?);
        }
        Ok(())
    }
}

impl EventSourced for Fold {
    type Input = RawMsgpackInput;
    const STATE_CONTRACT: ProjectionStateContract = ProjectionStateContract::single_entity("fold");

    fn from_events(events: &[Event<Vec<u8>>]) -> Option<Self> {
        let mut fold = Self::default();
        for event in events {
            fold.apply_event(event);
        }
        Some(fold)
    }

    /// What does not decode is left out, for it has no errors: the number of events tells.
    fn apply_event(&mut self, event: &Event<Vec<u8>>) {
        if let Ok(payload) = decode(&event.payload) {
            self.take(&payload);
        }
    }

    fn relevant_event_kinds() -> &'static [EventKind] {
        const OURS: [EventKind; KINDS] = {
            let mut kinds = [EventKind::custom(CATEGORY, 1); KINDS];
            let mut kind = 1;
            while kind < KINDS {
                kinds[kind] = EventKind::custom(CATEGORY, 1 + kind as u16);
                kind += 1;
            }
            kinds
        };
        &OURS
    }

    fn supports_incremental_apply() -> bool {
        true
    }

    fn state_extent(&self) -> StateExtent {
        StateExtent::single_entity()
    }
}

/// Its subscriptions lose events, its cursors do not, and give what is in the index: the event is read.
struct Polls<'a> {
    open: &'a Open,
    cursor: Cursor,
}

impl Follower for Polls<'_> {
    fn receive(&mut self, each: &mut dyn FnMut(u64)) -> Result<()> {
        let entries = self.cursor.poll_batch(FOLLOWED_AT_ONCE);
        if entries.is_empty() {
            std::thread::sleep(IDLE);
        }
        for entry in entries {
            let stored = self.open.store.read_raw(entry.event_id())?;
            std::hint::black_box(stored);
            each(entry.global_sequence());
        }
        Ok(())
    }
}
