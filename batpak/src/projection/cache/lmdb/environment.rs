//! What of LMDB its caller must keep to, kept to: the crate's only unsafe code.

#![allow(unsafe_code)]

use std::io;
use std::path::Path;

use heed::types::Bytes;
use heed::{
    CommitOrAbort, Database, Env, EnvOpenOptions, Error, MdbError, RoTxn, RwTxn, WithoutTls,
};

use super::is_full;
use crate::sync::RwLock;

/// An open environment whose map grows when it is full.
pub(super) struct Environment {
    env: Env<WithoutTls>,
    /// The one table, which has no name and is always there.
    pub(super) table: Database<'static, Bytes, Bytes>,
    /// Read by each transaction for as long as it is open, and written by who moves the map. Whether the map is lost: what
    /// LMDB had of it is gone when moving it fails, and nothing may be asked any more.
    map: RwLock<bool>,
}

/// The map's size in bytes at first, and what it grows by at least: a multiple of any system's page size.
const STEP: usize = 16 << 20;

/// How many may read at the same time.
const READERS: u32 = 1_024;

impl Environment {
    /// Opens the environment in a directory, with room for what is in its file and more.
    pub(super) fn open(dir: &Path, data: &str) -> Result<Self, Error> {
        let len = std::fs::metadata(dir.join(data)).map_or(0, |file| file.len());
        let size = (usize::try_from(len).unwrap_or(0) / STEP + 2) * STEP;
        let mut options = EnvOpenOptions::new().read_txn_without_tls();
        options.map_size(size).max_readers(READERS);
        // SAFETY: The map shows the file, which nobody may change or cut but LMDB. The directory is a cache's own, by
        // its mark, and its mark is locked for as long as this is open (`home::claim`): no other process, and nobody else
        // in this one, opens it. A process that is forked from this never comes here (`home::Disk`). No flag is set
        // that gives up what LMDB itself takes care of.
        let env = unsafe { options.open(dir) }?;
        let opened = env.open_databases_and_commit(env.read_txn()?, |open, read| {
            let table = open.open_database(read, None)?;
            Ok::<_, Error>(CommitOrAbort::<_, ()>::Commit(table))
        })?;
        let missing = Error::Mdb(MdbError::Invalid);
        Ok(Self {
            table: opened.commit().flatten().ok_or(missing)?,
            env,
            map: RwLock::new(false),
        })
    }

    /// What `read` finds in one transaction.
    pub(super) fn read<R>(
        &self,
        read: impl Fn(&RoTxn<'_, WithoutTls>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let is_lost = self.map.read();
        check(*is_lost)?;
        read(&self.env.read_txn()?)
    }

    /// Does `write` in one transaction, and makes it durable. If the map is full, it grows, and `write` is called again.
    pub(super) fn write<R>(
        &self,
        write: impl Fn(&mut RwTxn<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        loop {
            let (written, size) = self.try_write(&write);
            match written {
                Err(error) if is_full(&error) => self.grow(size)?,
                written => return written,
            }
        }
    }

    /// Does `write`, if the map has the room, and gives the size that the map had.
    fn try_write<R>(
        &self,
        write: impl Fn(&mut RwTxn<'_>) -> Result<R, Error>,
    ) -> (Result<R, Error>, usize) {
        let is_lost = self.map.read();
        if let Err(lost) = check(*is_lost) {
            return (Err(lost), 0);
        }
        let try_write = || {
            let mut transaction = self.env.write_txn()?;
            let written = write(&mut transaction)?;
            transaction.commit()?;
            Ok(written)
        };
        (try_write(), self.env.info().map_size)
    }

    /// Doubles the map, unless somebody else has already.
    fn grow(&self, full: usize) -> Result<(), Error> {
        let mut is_lost = self.map.write();
        check(*is_lost)?;
        let size = self.env.info().map_size;
        if size > full {
            return Ok(());
        }
        // SAFETY: The map may only be moved while no transaction is open. All are opened and ended by `read` and
        // `try_write`, which hold `map` meanwhile, and what they give has no part of the map in it: the lifetime of the
        // transaction, which any such part has, ends within them. If it cannot be moved it is gone: `is_lost` keeps all
        // from asking for it, and nobody else is here.
        let resized = unsafe { self.env.resize(size.max(STEP) * 2) };
        *is_lost = resized.is_err();
        resized
    }
}

/// That the map is not lost.
fn check(is_lost: bool) -> Result<(), Error> {
    match is_lost {
        true => Err(Error::Io(io::Error::other(
            "its map could not grow, and is lost; open the cache again",
        ))),
        false => Ok(()),
    }
}
