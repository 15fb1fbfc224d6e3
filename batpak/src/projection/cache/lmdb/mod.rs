//! A home in an LMDB environment of its own, which is opened by one process at a time.

mod environment;
mod seal;

use std::fmt;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use heed::types::Bytes;
use heed::{Database, Error, MdbError, RoTxn, RwTxn, WithoutTls};

use super::directory::{Kind, Unopened};
use super::home::{Change, Entry, Failure, Home};
use environment::Environment;
use seal::Seal;

pub(super) const KIND: Kind = Kind {
    name: "lmdb",
    files: &[DATA, "lock.mdb", seal::FILE, seal::UNFINISHED],
    open,
};

const DATA: &str = "data.mdb";

type Table = Database<'static, Bytes, Bytes>;

struct Lmdb {
    dir: PathBuf,
    /// `None` once it was closed.
    environment: Option<Environment>,
    seal: Seal,
}

/// Opens the environment. LMDB has no checksums, and may crash over a damaged file: so one that was closed is compared
/// with what was noted then before LMDB sees it.
fn open(dir: &Path) -> Result<Box<dyn Home>, Unopened> {
    let seal = Seal::check(dir, DATA)?;
    let unopened = |error| match error {
        Error::Io(error) if error.kind() != io::ErrorKind::InvalidData => {
            Unopened::Failed(error.into())
        }
        Error::EnvAlreadyOpened => Unopened::Failed(error.into()),
        _ => Unopened::Damaged(error.into()),
    };
    let environment = Environment::open(dir, DATA).map_err(unopened)?;
    Ok(Box::new(Lmdb {
        dir: dir.to_owned(),
        environment: Some(environment),
        seal,
    }))
}

impl Lmdb {
    fn environment(&self) -> Result<&Environment, Error> {
        let closed = || Error::Io(io::Error::other("it is closed"));
        self.environment.as_ref().ok_or_else(closed)
    }

    fn read<R>(
        &self,
        read: impl Fn(&RoTxn<'_, WithoutTls>, Table) -> Result<R, Error>,
    ) -> Result<R, Failure> {
        let environment = self.environment()?;
        Ok(environment.read(|transaction| read(transaction, environment.table))?)
    }

    fn write<R>(
        &self,
        write: impl Fn(&mut RwTxn<'_>, Table) -> Result<R, Error>,
    ) -> Result<R, Failure> {
        let environment = self.environment()?;
        self.seal.open()?;
        Ok(environment.write(|transaction| write(transaction, environment.table))?)
    }
}

impl Home for Lmdb {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        self.read(|read, table| Ok(table.get(read, key)?.map(<[u8]>::to_vec)))
    }

    fn write(&self, changes: &[Change]) -> Result<(), Failure> {
        self.write(|write, table| {
            for (key, value) in changes {
                match value {
                    Some(value) => table.put(write, key, value)?,
                    None => drop(table.delete(write, key)?),
                }
            }
            Ok(())
        })
    }

    fn list(&self, prefix: &[u8], after: &[u8], bytes: usize) -> Result<Vec<Entry>, Failure> {
        let from = match after >= prefix {
            true => Bound::Excluded(after),
            false => Bound::Included(prefix),
        };
        self.read(|read, table| {
            let mut listed = Vec::new();
            let mut size = 0;
            for entry in table.range(read, &(from, Bound::Unbounded))? {
                let (key, value) = entry?;
                if !key.starts_with(prefix) || size >= bytes {
                    break;
                }
                size += key.len() + value.len();
                listed.push((key.to_vec(), value.to_vec()));
            }
            Ok(listed)
        })
    }

    fn clear(&self, prefix: &[u8]) -> Result<(), Failure> {
        let first = self.read(|read, table| {
            let mut entries = table.prefix_iter(read, prefix)?;
            Ok(entries.next().transpose()?.is_some())
        })?;
        if !first {
            return Ok(());
        }
        self.write(|write, table| {
            loop {
                let first = table.get_greater_than_or_equal_to(write, prefix)?;
                let first = first.map(|(key, _)| key.to_vec());
                match first.filter(|key| key.starts_with(prefix)) {
                    Some(key) => drop(table.delete(write, &key)?),
                    None => return Ok(()),
                }
            }
        })
    }
}

/// Whether there was too little room in the map.
fn is_full(error: &Error) -> bool {
    matches!(error, Error::Mdb(MdbError::MapFull))
}

impl Drop for Lmdb {
    /// Notes what the file has, once nobody writes to it.
    fn drop(&mut self) {
        self.environment = None;
        self.seal.close(&self.dir, DATA);
    }
}

impl fmt::Debug for Lmdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lmdb")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}
