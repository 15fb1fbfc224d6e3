//! fjall: three keyspaces, events by position, positions by stream and by id.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::record::{self, Records};
use crate::event::{Item, Payload};
use crate::subject::{Durability, Engine, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

const CACHE_BYTES: u64 = 256 << 20;

/// A batch per commit.
pub(crate) struct Fjall;

impl Subject for Fjall {
    fn name(&self) -> &'static str {
        "fjall"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::SubmitDurable => Some("a batch ends with its commit"),
            Workload::Subscribers8 => Some("nobody can follow it, but by asking again and again"),
            _ => None,
        }
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let database = Database::builder(directory.join("fjall"))
            .cache_size(CACHE_BYTES)
            .manual_journal_persist(settings.durability == Durability::Buffered)
            .open()?;
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        let events = keyspace("events")?;
        let last = match events.last_key_value() {
            Some(entry) => record::position(&entry.key()?)?,
            None => 0,
        };
        Ok(Box::new(Open {
            streams: keyspace("streams")?,
            ids: keyspace("ids")?,
            events,
            last: AtomicU64::new(last),
            names: record::names(settings.entities),
            persist: (settings.durability == Durability::Durable).then_some(PersistMode::SyncData),
            database,
        }))
    }
}

struct Open {
    database: Database,
    events: Keyspace,
    streams: Keyspace,
    ids: Keyspace,
    /// The newest position that was given to an event.
    last: AtomicU64,
    names: Vec<(String, String)>,
    persist: Option<PersistMode>,
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
        Ok(self.database.persist(PersistMode::SyncAll)?)
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
        let open = self.open;
        let count = items.len() as u64;
        let mut position = open.last.fetch_add(count, Ordering::Relaxed);
        let mut batch = open.database.batch().durability(open.persist);
        for item in items {
            position += 1;
            let key = position.to_be_bytes();
            batch.insert(&open.events, key, self.records.value(*item)?);
            let stream = self.records.stream_key(item.entity, position);
            batch.insert(&open.streams, stream, []);
            batch.insert(&open.ids, item.id().to_be_bytes(), key);
        }
        Ok(batch.commit()?)
    }
}

struct Look<'a> {
    open: &'a Open,
    records: Records<'a>,
}

impl Look<'_> {
    fn record(&self, position: u64) -> Result<fjall::UserValue> {
        let found = self.open.events.get(position.to_be_bytes())?;
        found.context("no such position")
    }
}

impl Reader for Look<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        record::payload(&self.record(position)?)
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        record::id(&self.record(position)?)
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let position = self.open.ids.get(id.to_be_bytes())?;
        self.get(record::position(&position.context("no such id")?)?)
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let (from, to) = self.records.behind(entity, last);
        for entry in self.open.streams.range(from..=to) {
            last = record::position(&entry.key()?)?;
            each(record::payload(&self.record(last)?)?);
        }
        Ok(last)
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        for entry in self.open.events.iter() {
            each(record::payload(&entry.value()?)?);
        }
        Ok(())
    }
}
