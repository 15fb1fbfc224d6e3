//! redb: three tables, events by position, positions by stream and by id.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::raw::lock;
use super::record::{self, Records};
use crate::event::{Item, Payload};
use crate::subject::{Durability, Engine, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const STREAMS: TableDefinition<'_, &[u8], ()> = TableDefinition::new("streams");
const IDS: TableDefinition<'_, u128, u64> = TableDefinition::new("ids");
const CACHE_BYTES: usize = 256 << 20;

/// A transaction per commit.
pub(crate) struct Redb;

impl Subject for Redb {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::SubmitDurable => Some("a transaction ends with its commit"),
            Workload::Subscribers8 => Some("nobody can follow it, but by asking again and again"),
            Workload::AppendWritten1 => Some("commits into memory or onto the medium"),
            _ => None,
        }
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let mut builder = Database::builder();
        let database = builder
            .set_cache_size(CACHE_BYTES)
            .create(directory.join("events.redb"))?;
        let transaction = database.begin_write()?;
        let events = transaction.open_table(EVENTS)?;
        let last = events.last()?.map_or(0, |(position, _)| position.value());
        drop(events);
        transaction.open_table(STREAMS)?;
        transaction.open_table(IDS)?;
        transaction.commit()?;
        Ok(Box::new(Open {
            database,
            last: Mutex::new(last),
            names: record::names(settings.entities),
            durability: match settings.durability {
                Durability::Durable => redb::Durability::Immediate,
                _ => redb::Durability::None,
            },
        }))
    }
}

struct Open {
    database: Database,
    /// The position of the newest event; held while a transaction writes.
    last: Mutex<u64>,
    names: Vec<(String, String)>,
    durability: redb::Durability,
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        Ok(Box::new(Appender {
            open: self,
            records: Records::new(&self.names),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(Look {
            open: self,
            records: Records::new(&self.names),
        }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

struct Appender<'a> {
    open: &'a Open,
    records: Records<'a>,
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        self.append_all(&[item])
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        let mut last = lock(&self.open.last)?;
        let mut position = *last;
        let mut transaction = self.open.database.begin_write()?;
        transaction.set_durability(self.open.durability)?;
        {
            let mut events = transaction.open_table(EVENTS)?;
            let mut streams = transaction.open_table(STREAMS)?;
            let mut ids = transaction.open_table(IDS)?;
            for item in items {
                position += 1;
                events.insert(position, self.records.value(*item)?)?;
                streams.insert(self.records.stream_key(item.entity, position), ())?;
                ids.insert(item.id(), position)?;
            }
        }
        transaction.commit()?;
        *last = position;
        Ok(())
    }
}

struct Look<'a> {
    open: &'a Open,
    records: Records<'a>,
}

impl Reader for Look<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        let events = self.open.database.begin_read()?.open_table(EVENTS)?;
        let found = events.get(position)?.context("no such position")?;
        record::payload(found.value())
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        let events = self.open.database.begin_read()?.open_table(EVENTS)?;
        let found = events.get(position)?.context("no such position")?;
        record::id(found.value())
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let transaction = self.open.database.begin_read()?;
        let position = transaction.open_table(IDS)?.get(id)?;
        let position = position.context("no such id")?.value();
        let found = transaction.open_table(EVENTS)?.get(position)?;
        record::payload(found.context("no such position")?.value())
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let transaction = self.open.database.begin_read()?;
        let events = transaction.open_table(EVENTS)?;
        let streams = transaction.open_table(STREAMS)?;
        let (from, to) = self.records.behind(entity, last);
        for entry in streams.range::<&[u8]>(&from[..]..=&to[..])? {
            last = record::position(entry?.0.value())?;
            let found = events.get(last)?.context("no such position")?;
            each(record::payload(found.value())?);
        }
        Ok(last)
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let events = self.open.database.begin_read()?.open_table(EVENTS)?;
        for entry in events.iter()? {
            each(record::payload(entry?.1.value())?);
        }
        Ok(())
    }
}
