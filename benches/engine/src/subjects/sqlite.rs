//! SQLite: a table with an index on the entity and one on the id, in WAL mode.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use anyhow::{Context, Result};
use rusqlite::{CachedStatement, Connection, Row, Transaction, TransactionBehavior, params};

use super::raw::lock;
use crate::event::{Item, Payload, decode, encode, entity_name, scope_name, scope_of};
use crate::subject::{Durability, Engine, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        entity TEXT NOT NULL,
        scope TEXT NOT NULL,
        kind INTEGER NOT NULL,
        payload BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS events_of_entity ON events (entity, scope);
    CREATE UNIQUE INDEX IF NOT EXISTS event_by_id ON events (id);";
const INSERT: &str =
    "INSERT INTO events (id, entity, scope, kind, payload) VALUES (?1, ?2, ?3, ?4, ?5)";

/// One connection behind a mutex: a second one would only wait for the first, and by polling.
pub(crate) struct Sqlite;

impl Subject for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::SubmitDurable => Some("a transaction ends with its commit"),
            Workload::Subscribers8 => Some("nobody can follow it, but by asking again and again"),
            _ => None,
        }
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let connection = Connection::open(directory.join("events.sqlite"))?;
        let synchronous = match settings.durability {
            Durability::Buffered => "OFF",
            Durability::Written => "NORMAL",
            Durability::Durable => "FULL",
        };
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "cache_size", -(256 << 10))?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch(SCHEMA)?;
        let name = |entity| (entity_name(entity), scope_name(scope_of(entity)));
        Ok(Box::new(Open {
            connection: Mutex::new(connection),
            names: (0..settings.entities).map(name).collect(),
        }))
    }
}

struct Open {
    connection: Mutex<Connection>,
    /// Of each entity, and its scope.
    names: Vec<(String, String)>,
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        Ok(Box::new(Appender {
            open: self,
            payload: Vec::new(),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(Look {
            connection: lock(&self.connection)?,
            names: &self.names,
        }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        let connection = self.connection.into_inner().ok();
        let connection = connection.context("another thread panicked")?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }
}

struct Appender<'a> {
    open: &'a Open,
    payload: Vec<u8>,
}

impl Appender<'_> {
    fn insert(
        &self,
        statement: &mut CachedStatement<'_>,
        item: Item,
        payload: &[u8],
    ) -> Result<()> {
        let (entity, scope) = &self.open.names[item.entity];
        let id = item.id().to_be_bytes();
        statement.execute(params![id, entity, scope, item.kind() as i64, payload])?;
        Ok(())
    }
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.payload);
        let payload = encode(item.payload(), &mut buffer)?;
        let connection = lock(&self.open.connection)?;
        self.insert(&mut connection.prepare_cached(INSERT)?, item, payload)?;
        drop(connection);
        self.payload = buffer;
        Ok(())
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.payload);
        let mut connection = lock(&self.open.connection)?;
        let behaviour = TransactionBehavior::Immediate;
        let transaction = Transaction::new(&mut connection, behaviour)?;
        {
            let mut statement = transaction.prepare_cached(INSERT)?;
            for item in items {
                let payload = encode(item.payload(), &mut buffer)?;
                self.insert(&mut statement, *item, payload)?;
            }
        }
        transaction.commit()?;
        drop(connection);
        self.payload = buffer;
        Ok(())
    }
}

struct Look<'a> {
    connection: MutexGuard<'a, Connection>,
    names: &'a [(String, String)],
}

fn payload(row: &Row<'_>) -> Result<Payload> {
    decode(row.get_ref(0)?.as_blob()?)
}

impl Look<'_> {
    fn one(&self, statement: &str, key: impl rusqlite::Params) -> Result<Payload> {
        let mut statement = self.connection.prepare_cached(statement)?;
        let mut rows = statement.query(key)?;
        payload(rows.next()?.context("no such event")?)
    }
}

impl Reader for Look<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        let by_position = "SELECT payload FROM events WHERE position = ?1";
        self.one(by_position, [position as i64])
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        let sql = "SELECT id FROM events WHERE position = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let id: [u8; 16] = statement.query_row([position as i64], |row| row.get(0))?;
        Ok(u128::from_be_bytes(id))
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let by_id = "SELECT payload FROM events WHERE id = ?1";
        self.one(by_id, [id.to_be_bytes()])
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let (entity, scope) = &self.names[entity];
        let of_stream = "SELECT payload, position FROM events \
                         WHERE entity = ?1 AND scope = ?2 AND position > ?3 ORDER BY position";
        let mut statement = self.connection.prepare_cached(of_stream)?;
        let mut rows = statement.query(params![entity, scope, last as i64])?;
        while let Some(row) = rows.next()? {
            each(payload(row)?);
            last = row.get::<_, i64>(1)? as u64;
        }
        Ok(last)
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let all = "SELECT payload FROM events ORDER BY position";
        let mut statement = self.connection.prepare_cached(all)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(payload(row)?);
        }
        Ok(())
    }
}
