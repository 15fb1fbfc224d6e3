//! tephra: an event store of its own kind, whose events are found by their types and tags.

use std::path::Path;

use anyhow::{Context, Result};
use tephra::{
    AppendCondition, Event, EventType, Position, Query, QueryItem, ReadHandle, SegmentConfig,
    SegmentSet, Tag, Tags, WriteCoordinator, WriteHandle, WriterConfig,
};

use crate::event::{Item, KIND_NAMES, Payload, SCOPES, decode, encode, entity_name, scope_name};
use crate::subject::{Engine, IN_FLIGHT, On, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

/// Segments are as large as this from the first event on, so that smaller ones take less that is empty.
const SEGMENT_BYTES: usize = 64 << 20;

/// A writer with its defaults; entity, scope and id of an event are tags.
pub(crate) struct Tephra;

impl Subject for Tephra {
    fn name(&self) -> &'static str {
        "tephra"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        workload
            .is_undurable_append()
            .then_some("every append is durable")
    }

    fn has_conditions(&self) -> bool {
        true
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let set = SegmentSet::open(directory, SegmentConfig::new(SEGMENT_BYTES))?;
        let (coordinator, handle) = WriteCoordinator::start(set, WriterConfig::default())?;
        let kinds = KIND_NAMES.iter().map(|name| EventType::new(*name));
        let entities = (0..settings.entities).map(|entity| Tag::new(entity_name(entity)));
        let scopes = (0..SCOPES).map(|scope| Tag::new(scope_name(scope)));
        Ok(Box::new(Open {
            handle,
            coordinator,
            kinds: kinds.collect::<Result<_, _>>()?,
            entities: entities.collect::<Result<_, _>>()?,
            scopes: scopes.collect::<Result<_, _>>()?,
        }))
    }
}

struct Open {
    handle: WriteHandle,
    coordinator: WriteCoordinator,
    kinds: Vec<EventType>,
    entities: Vec<Tag>,
    scopes: Vec<Tag>,
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        let (reply, replies) = flume::unbounded();
        Ok(Box::new(Appender {
            open: self,
            payload: Vec::new(),
            reply,
            replies,
            under_way: 0,
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(Look {
            open: self,
            handle: self.handle.reader(),
        }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        drop(self.handle);
        drop(self.coordinator.shutdown());
        Ok(())
    }
}

fn id_tag(id: u128) -> Result<Tag> {
    Ok(Tag::new(format!("id:{id:032x}"))?)
}

type Reply = (u64, Result<tephra::PositionRange, tephra::AppendError>);

struct Appender<'a> {
    open: &'a Open,
    payload: Vec<u8>,
    reply: flume::Sender<Reply>,
    replies: flume::Receiver<Reply>,
    under_way: usize,
}

impl Appender<'_> {
    fn event(&mut self, item: Item) -> Result<Event> {
        let payload = encode(item.payload(), &mut self.payload)?;
        let tags = Tags::new([
            self.open.entities[item.entity].clone(),
            self.open.scopes[item.scope()].clone(),
            id_tag(item.id())?,
        ])?;
        Ok(Event::new(&self.open.kinds[item.kind()], &tags, payload)?)
    }

    fn await_one(&mut self) -> Result<()> {
        let (_, result) = self.replies.recv()?;
        result?;
        self.under_way -= 1;
        Ok(())
    }
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        self.append_all(&[item])
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        let events = items.iter().map(|item| self.event(*item));
        let events = events.collect::<Result<_>>()?;
        self.open.handle.append(events, None)?;
        Ok(())
    }

    fn append_on(&mut self, item: Item, on: Option<On>) -> Result<u64> {
        let condition = match on {
            None => None,
            Some(On::NoneBehind(position)) => {
                let entity = self.open.entities[item.entity].clone();
                Some(AppendCondition::new(with(entity)?).after(Position::new(position)))
            }
            Some(On::NoneWithId) => Some(AppendCondition::new(with(id_tag(item.id())?)?)),
        };
        let events = vec![self.event(item)?];
        Ok(self.open.handle.append(events, condition)?.last.get())
    }

    fn submit(&mut self, item: Item) -> Result<()> {
        if self.under_way == IN_FLIGHT {
            self.await_one()?;
        }
        let events = vec![self.event(item)?];
        let reply = self.reply.clone();
        self.open
            .handle
            .append_submit(events, None, item.number, reply)?;
        self.under_way += 1;
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        while self.under_way > 0 {
            self.await_one()?;
        }
        Ok(())
    }
}

struct Look<'a> {
    open: &'a Open,
    handle: ReadHandle,
}

fn with(tag: Tag) -> Result<Query> {
    Ok(Query::item(QueryItem::with_tags(Tags::new([tag])?)))
}

impl Look<'_> {
    fn each(
        &self,
        query: &Query,
        after: Position,
        limit: Option<u64>,
        mut each: impl FnMut(tephra::EventRef<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut reads = self.handle.read(query, after, limit);
        while let Some(found) = reads.next() {
            each(found?.event)?;
        }
        Ok(())
    }

    fn one<T>(
        &self,
        query: &Query,
        after: Position,
        read: impl Fn(tephra::EventRef<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut found = None;
        self.each(query, after, Some(1), |event| {
            found = Some(read(event)?);
            Ok(())
        })?;
        found.context("no such event")
    }
}

impl Reader for Look<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        let before = Position::new(position - 1);
        self.one(&Query::all(), before, |event| decode(event.data()))
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        let before = Position::new(position - 1);
        self.one(&Query::all(), before, |event| {
            let id = event.tags().find_map(|tag| tag.strip_prefix("id:"));
            Ok(u128::from_str_radix(id.context("no id")?, 16)?)
        })
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let query = with(id_tag(id)?)?;
        self.one(&query, Position::ZERO, |event| decode(event.data()))
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let query = with(self.open.entities[entity].clone())?;
        let mut reads = self.handle.read(&query, Position::new(last), None);
        while let Some(found) = reads.next() {
            let found = found?;
            each(decode(found.event.data())?);
            last = found.position.get();
        }
        Ok(last)
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        self.each(&Query::all(), Position::ZERO, None, |event| {
            each(decode(event.data())?);
            Ok(())
        })
    }
}
