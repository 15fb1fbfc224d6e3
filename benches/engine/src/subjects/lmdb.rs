//! LMDB by heed: three databases, events by position, positions by stream and by id.

use std::ops::Bound;
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use heed::byteorder::BigEndian;
use heed::types::{Bytes, U64, U128, Unit};
use heed::{Database, Env, EnvFlags, EnvOpenOptions, PutFlags, WithTls};

use super::raw::lock;
use super::record::{self, Records};
use crate::event::{Item, Payload};
use crate::subject::{Durability, Engine, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

/// How large the map may become; the file grows as it is used.
const MAP_BYTES: usize = 32 << 30;

/// A transaction per commit.
pub(crate) struct Lmdb;

impl Subject for Lmdb {
    fn name(&self) -> &'static str {
        "lmdb"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::SubmitDurable => Some("a transaction ends with its commit"),
            Workload::Subscribers8 => Some("nobody can follow it, but by asking again and again"),
            _ => None,
        }
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES).max_dbs(3).max_readers(128);
        let env = open_env(&mut options, directory, settings.durability)?;
        let mut transaction = env.write_txn()?;
        let events: Events = env.create_database(&mut transaction, Some("events"))?;
        let last = events
            .last(&transaction)?
            .map_or(0, |(position, _)| position);
        let streams = env.create_database(&mut transaction, Some("streams"))?;
        let ids = env.create_database(&mut transaction, Some("ids"))?;
        transaction.commit()?;
        Ok(Box::new(Open {
            env,
            events,
            streams,
            ids,
            last: Mutex::new(last),
            names: record::names(settings.entities),
        }))
    }
}

#[expect(
    unsafe_code,
    reason = "LMDB maps its file: no other process opens it while this one has it; and what its flags \
              give up is what the workloads that set them do not ask for"
)]
fn open_env(
    options: &mut EnvOpenOptions<WithTls>,
    directory: &Path,
    durability: Durability,
) -> Result<Env<WithTls>> {
    if durability != Durability::Durable {
        unsafe { options.flags(EnvFlags::NO_SYNC) };
    }
    Ok(unsafe { options.open(directory) }?)
}

type Events = Database<U64<BigEndian>, Bytes>;

struct Open {
    env: Env<WithTls>,
    events: Events,
    streams: Database<Bytes, Unit>,
    ids: Database<U128<BigEndian>, U64<BigEndian>>,
    /// The position of the newest event; held while a transaction writes.
    last: Mutex<u64>,
    names: Vec<(String, String)>,
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
        self.env.prepare_for_closing().wait();
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
        let open = self.open;
        let mut last = lock(&open.last)?;
        let mut position = *last;
        let mut transaction = open.env.write_txn()?;
        for item in items {
            position += 1;
            let value = self.records.value(*item)?;
            open.events
                .put_with_flags(&mut transaction, PutFlags::APPEND, &position, value)?;
            let key = self.records.stream_key(item.entity, position);
            open.streams.put(&mut transaction, key, &())?;
            open.ids.put(&mut transaction, &item.id(), &position)?;
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
        let transaction = self.open.env.read_txn()?;
        let found = self.open.events.get(&transaction, &position)?;
        record::payload(found.context("no such position")?)
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        let transaction = self.open.env.read_txn()?;
        let found = self.open.events.get(&transaction, &position)?;
        record::id(found.context("no such position")?)
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let transaction = self.open.env.read_txn()?;
        let position = self.open.ids.get(&transaction, &id)?;
        let position = position.context("no such id")?;
        let found = self.open.events.get(&transaction, &position)?;
        record::payload(found.context("no such position")?)
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let transaction = self.open.env.read_txn()?;
        let (from, to) = self.records.behind(entity, last);
        let range = (Bound::Included(&from[..]), Bound::Included(&to[..]));
        for entry in self.open.streams.range(&transaction, &range)? {
            last = record::position(entry?.0)?;
            let found = self.open.events.get(&transaction, &last)?;
            each(record::payload(found.context("no such position")?)?);
        }
        Ok(last)
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let transaction = self.open.env.read_txn()?;
        for entry in self.open.events.iter(&transaction)? {
            each(record::payload(entry?.1)?);
        }
        Ok(())
    }
}
