//! A home in a file of redb, with one table.

use std::io;
use std::path::Path;

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition,
};

use super::directory::{Kind, Unopened};
use super::home::{Change, Entry, Failure, Home};

pub(super) const KIND: Kind = Kind {
    name: "redb",
    files: &[FILE],
    open,
};

const FILE: &str = "cache.redb";

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("snapshots");

/// What redb may keep in memory of its file, in bytes: what is asked for often is in memory before it comes here.
const MEMORY: usize = 16 << 20;

#[derive(Debug)]
struct Redb(Database);

/// Opens the file, and reads all of it to see that it is as it was written.
fn open(dir: &Path) -> Result<Box<dyn Home>, Unopened> {
    let path = dir.join(FILE);
    let is_new = !path.exists();
    let mut builder = Builder::new();
    builder.set_cache_size(MEMORY);
    builder.set_check_integrity_on_open(!is_new);
    let database = builder.create(&path).map_err(|error| match error {
        DatabaseError::Storage(StorageError::Io(error)) if !is_damage(&error) => {
            Unopened::Failed(error.into())
        }
        DatabaseError::DatabaseAlreadyOpen => Unopened::Failed(error.into()),
        _ => Unopened::Damaged(error.into()),
    })?;
    let create = || -> Result<(), Failure> {
        let transaction = database.begin_write()?;
        transaction.open_table(TABLE)?;
        Ok(transaction.commit()?)
    };
    let has_table = || -> Result<(), Failure> {
        database.begin_read()?.open_table(TABLE)?;
        Ok(())
    };
    match is_new {
        true => create().map_err(Unopened::Failed)?,
        false => has_table()
            .or_else(|_| create())
            .map_err(Unopened::Damaged)?,
    }
    Ok(Box::new(Redb(database)))
}

/// Whether it is about what the file holds, and not about reading it.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

impl Home for Redb {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    fn write(&self, changes: &[Change]) -> Result<(), Failure> {
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for (key, value) in changes {
                match value {
                    Some(value) => drop(table.insert(&key[..], &value[..])?),
                    None => drop(table.remove(&key[..])?),
                }
            }
        }
        // It is durable at once, which is redb's default.
        Ok(transaction.commit()?)
    }

    fn list(&self, prefix: &[u8], after: &[u8], bytes: usize) -> Result<Vec<Entry>, Failure> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        let mut listed = Vec::new();
        let mut size = 0;
        for entry in table.range(prefix.max(after)..)? {
            let (key, value) = entry?;
            if !key.value().starts_with(prefix) || size >= bytes {
                break;
            }
            if key.value() > after {
                size += key.value().len() + value.value().len();
                listed.push((key.value().to_vec(), value.value().to_vec()));
            }
        }
        Ok(listed)
    }

    fn clear(&self, prefix: &[u8]) -> Result<(), Failure> {
        let is_in = |key: &[u8]| key.starts_with(prefix);
        let table = self.0.begin_read()?.open_table(TABLE)?;
        let first = table.range(prefix..)?.next().transpose()?;
        if !first.is_some_and(|(key, _)| is_in(key.value())) {
            return Ok(());
        }
        let transaction = self.0.begin_write()?;
        {
            let mut table = transaction.open_table(TABLE)?;
            loop {
                let first = table.range(prefix..)?.next().transpose()?;
                let first = first.map(|(key, _)| key.value().to_vec());
                match first.filter(|key| is_in(key)) {
                    Some(key) => drop(table.remove(&key[..])?),
                    None => break,
                }
            }
        }
        Ok(transaction.commit()?)
    }
}
