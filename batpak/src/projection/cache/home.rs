//! Where snapshots lie on disk: what each kind of home must be able to do, and who asks it.

#![cfg_attr(not(any(feature = "lmdb", feature = "redb")), allow(dead_code))]

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::CacheError;
use super::snapshot::Subject;
use crate::sync::{AtomicBool, Mutex};

/// Why a home could not do what it was asked for.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// A key with its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// What is to be under a key; nothing, if the value is `None`.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// What keys begin with that are of use to nobody later.
pub(super) const FOR_NOW: u8 = 3;

/// Keys with values, sorted by key, on disk.
pub(super) trait Home: fmt::Debug + Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure>;

    /// Makes all changes, and makes them durable; or none.
    fn write(&self, changes: &[Change]) -> Result<(), Failure>;

    /// The entries whose keys begin with `prefix` and are above `after`, in order: all, or the first of them once
    /// they have so many bytes.
    fn list(&self, prefix: &[u8], after: &[u8], bytes: usize) -> Result<Vec<Entry>, Failure>;

    /// Removes all whose keys begin with `prefix`, in one write.
    fn clear(&self, prefix: &[u8]) -> Result<(), Failure>;
}

/// A home in a directory that is this process' alone for as long as it is open.
#[derive(Debug)]
pub(crate) struct Disk {
    /// `None` once it was closed.
    home: Option<Box<dyn Home>>,
    dir: PathBuf,
    /// The process that has opened it. One that was forked from that has its files, and must leave them alone.
    process: u32,
    /// Whether it has panicked, which may have left it in any state.
    broken: AtomicBool,
    /// What keys begin with that somebody has for themselves.
    claims: Mutex<HashSet<[u8; 16]>>,
    /// Locked.
    _mark: File,
}

/// Keys on disk that nobody else uses for as long as this is there.
#[derive(Debug)]
pub(crate) struct Claim {
    disk: Arc<Disk>,
    prefix: Vec<u8>,
    /// Whether they are of use to whoever has the same claim later.
    kept: bool,
}

impl Disk {
    /// The home in a directory, whose mark is locked.
    pub(super) fn new(home: Box<dyn Home>, dir: PathBuf, mark: File) -> Self {
        Self {
            home: Some(home),
            dir,
            process: std::process::id(),
            broken: AtomicBool::new(false),
            claims: Mutex::default(),
            _mark: mark,
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CacheError> {
        self.ask(|home| home.get(key))
    }

    pub(super) fn write(&self, changes: &[Change]) -> Result<(), CacheError> {
        match changes {
            [] => Ok(()),
            _ => self.ask(|home| home.write(changes)),
        }
    }

    pub(super) fn list(
        &self,
        prefix: &[u8],
        after: &[u8],
        bytes: usize,
    ) -> Result<Vec<Entry>, CacheError> {
        self.ask(|home| home.list(prefix, after, bytes))
    }

    pub(super) fn clear(&self, prefix: &[u8]) -> Result<(), CacheError> {
        self.ask(|home| home.clear(prefix))
    }

    /// A home may panic over files that were changed under it. It is not asked again then.
    fn ask<R>(
        &self,
        question: impl FnOnce(&dyn Home) -> Result<R, Failure>,
    ) -> Result<R, CacheError> {
        let failed = |source| CacheError::Home {
            path: self.dir.clone(),
            source,
        };
        if self.process != std::process::id() {
            return Err(failed("it was opened by another process".into()));
        }
        let home = self
            .home
            .as_deref()
            .filter(|_| !self.broken.load(Ordering::Acquire));
        let Some(home) = home else {
            return Err(failed("it has panicked before".into()));
        };
        let answered = catch_unwind(AssertUnwindSafe(|| question(home)));
        answered
            .unwrap_or_else(|_| {
                self.broken.store(true, Ordering::Release);
                Err("it has panicked".into())
            })
            .map_err(failed)
    }
}

impl Claim {
    /// The keys of the subject, or if somebody has these, others for now, which a number tells apart.
    pub(super) fn new(disk: &Arc<Disk>, subject: &Subject, number: u64) -> Self {
        let key = subject.key();
        let kept = disk.claims.lock().insert(key);
        let prefix = match kept {
            true => key.to_vec(),
            false => [&[FOR_NOW], &key[1..], &number.to_le_bytes()].concat(),
        };
        Self {
            disk: Arc::clone(disk),
            prefix,
            kept,
        }
    }

    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.kept
            && let Some(key) = self.prefix.as_array()
        {
            self.disk.claims.lock().remove(key);
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let home = self.home.take();
        if self.process == std::process::id() {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(home)));
        } else {
            std::mem::forget(home);
        }
    }
}
