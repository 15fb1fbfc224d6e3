//! A disk in memory that notes what it is asked for, so that crashes at any time can be played through.
//!
//! # The fault model
//!
//! Programs see every change at once. It reaches the medium when it is *synced*, or at any time before:
//! - What was written to a file, and to what length it was cut, is durable once the file is synced.
//! - What was created, renamed or removed in a directory is durable once that directory is synced, and by nothing
//!   else. A file's own sync does not make its name durable, nor a directory's that of the directory itself.
//!
//! All other changes are *pending*. A crash leaves what is durable, and of what is pending ([`Loss`]):
//! - *everything*, if only the process was killed, or *nothing*;
//! - a *prefix* for each file and each directory;
//! - any *subset of the changes*, in their order;
//! - any *subset of the blocks* of what was written, of 512 bytes or 4 KiB, which begin at multiples of that in the
//!   file; with any subset of the changes of directories;
//! - everything up to within a write, whose first bytes arrived. The *rest of it* may be as it was before, or zeros,
//!   ones, noise, or what lies elsewhere in the file. All that follows in that file is lost.
//!
//! With a prefix and with subsets, each file may also have the *length without the data*: zeros stand then where
//! nothing arrived.
//!
//! A rename is there whole or not at all; it may be there though the creation before it is not. A byte that is
//! written as it was before does not change, and no write does harm to bytes around it. What is durable stays.
//!
//! A call may *fail* ([`Fault`]), once. A write that fails leaves the first half of what was to be written. A sync of
//! a file that fails *forgets*: what was written and is pending will never reach the medium, later syncs succeed
//! without it, and programs go on reading it until the crash. Lengths and directories are not forgotten, for systems
//! keep those in a journal: a sync of a directory that fails leaves its changes pending.
//!
//! The record `TAIL`, which is never synced and which no opening reads, is not on the medium.

#![allow(clippy::unwrap_used)]

mod choices;
mod loss;
mod medium;
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

pub(crate) use choices::Choices;
pub(crate) use loss::Loss;
pub(crate) use medium::{Image, Medium};

use super::{DirLock, Disk, DiskFile};
use crate::testing::MemoryDisk;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(usize);

/// What was done that changes something, or makes it durable.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    CreateDir(PathBuf),
    SyncDir(PathBuf),
    Create(PathBuf, FileId),
    Rename(PathBuf, PathBuf, FileId),
    Link(PathBuf, FileId),
    Remove(PathBuf),
    Write(FileId, u64, Arc<[u8]>),
    Truncate(FileId, u64),
    Sync(FileId),
    FailedSync(FileId),
}

/// What a disk is asked for, as far as that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    Create,
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    SyncDir,
    Rename,
    Remove,
    List,
}

/// A call that is to fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) ask: Ask,
    /// Which one of the kind, counted from 1.
    pub(crate) nth: usize,
    pub(crate) error: io::ErrorKind,
}

/// All that was done since some time.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    /// What there was then.
    pub(crate) start: Medium,
    pub(crate) calls: Vec<Call>,
}

impl Trace {
    /// What there is then.
    pub(crate) fn end(&self) -> Medium {
        let mut medium = self.start.clone();
        self.calls.iter().for_each(|call| medium.apply(call));
        medium
    }

    /// The first so many calls.
    pub(crate) fn until(&self, calls: usize) -> Self {
        Self {
            start: self.start.clone(),
            calls: self.calls[..calls].to_vec(),
        }
    }
}

/// The disk. Clones are the same.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Inner>);

struct Inner {
    /// What programs see.
    live: MemoryDisk,
    record: Mutex<Record>,
    gate: Mutex<Gate>,
    passed: Condvar,
}

struct Record {
    trace: Trace,
    names: BTreeMap<PathBuf, FileId>,
    files: usize,
    asked: BTreeMap<Ask, usize>,
    fault: Option<Fault>,
    /// What failed, and where.
    failed: Option<(Ask, PathBuf)>,
}

/// What holds up the store's thread, so that what a store does has one order.
#[derive(Debug, Default)]
struct Gate {
    is_closed: bool,
    waiting: usize,
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedDisk")
    }
}

impl SimulatedDisk {
    /// A disk with this on it, all of it durable.
    pub(crate) fn with(image: &Image) -> Self {
        Self::after(Trace {
            start: Medium::of(image),
            calls: Vec::new(),
        })
    }

    /// A disk to which this was done by a process that was killed then.
    pub(crate) fn after(trace: Trace) -> Self {
        let medium = trace.end();
        let image = medium.crash(Loss::Nothing, &mut Choices::first());
        Self(Arc::new(Inner {
            live: image.to_disk(),
            record: Mutex::new(Record {
                trace,
                names: medium.names(),
                files: medium.files.keys().next_back().map_or(0, |last| last.0 + 1),
                asked: BTreeMap::new(),
                fault: None,
                failed: None,
            }),
            gate: Mutex::default(),
            passed: Condvar::new(),
        }))
    }

    /// All that was done so far.
    pub(crate) fn trace(&self) -> Trace {
        self.0.record.lock().trace.clone()
    }

    /// How many calls that was.
    pub(crate) fn calls(&self) -> usize {
        self.0.record.lock().trace.calls.len()
    }

    /// Has a call fail that is yet to come: they are counted from now on.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut record = self.0.record.lock();
        record.asked.clear();
        record.fault = Some(fault);
        record.failed = None;
    }

    /// Which call failed, and the path that it was about.
    pub(crate) fn failed(&self) -> Option<(Ask, PathBuf)> {
        self.0.record.lock().failed.clone()
    }

    /// Has the store's thread wait before it opens a file to write to it, creates one or removes one, until
    /// [`Self::release`].
    pub(crate) fn hold(&self) {
        self.0.gate.lock().is_closed = true;
    }

    /// Lets the store's thread go on.
    pub(crate) fn release(&self) {
        self.0.gate.lock().is_closed = false;
        self.0.passed.notify_all();
    }

    /// Waits until the store's thread is being held up.
    pub(crate) fn wait_until_held(&self) {
        let mut gate = self.0.gate.lock();
        while gate.waiting == 0 {
            self.0.passed.wait(&mut gate);
        }
    }

    fn pass(&self) {
        if std::thread::current().name() != Some("batpak") {
            return;
        }
        let mut gate = self.0.gate.lock();
        if gate.is_closed {
            gate.waiting += 1;
            self.0.passed.notify_all();
            while gate.is_closed {
                self.0.passed.wait(&mut gate);
            }
            gate.waiting -= 1;
        }
    }

    /// Does what changes something, and notes it. What is of no account is done only.
    fn note<T>(
        &self,
        (ask, path): (Ask, &Path),
        act: impl FnOnce(&MemoryDisk) -> io::Result<T>,
        call: impl FnOnce(&mut Record) -> Call,
    ) -> io::Result<T> {
        let mut record = self.0.record.lock();
        if !is_recorded(path) {
            return act(&self.0.live);
        }
        record.ask(ask, path)?;
        let done = act(&self.0.live)?;
        let call = call(&mut record);
        record.trace.calls.push(call);
        Ok(done)
    }

    fn file(&self, live: Box<dyn DiskFile>, path: &Path) -> Box<dyn DiskFile> {
        if !is_recorded(path) {
            return live;
        }
        let id = self.0.record.lock().names[path];
        Box::new(SimulatedFile {
            live,
            id,
            path: path.to_owned(),
            disk: self.clone(),
        })
    }
}

impl Record {
    /// Counts a call, and fails it if that is to be.
    fn ask(&mut self, ask: Ask, path: &Path) -> io::Result<()> {
        let asked = self.asked.entry(ask).or_default();
        *asked += 1;
        match self.fault {
            Some(fault) if (fault.ask, fault.nth) == (ask, *asked) => {
                self.failed = Some((ask, path.to_owned()));
                Err(fault.error.into())
            }
            _ => Ok(()),
        }
    }

    fn new_file(&mut self, path: &Path) -> FileId {
        let id = FileId(self.files);
        self.files += 1;
        self.names.insert(path.to_owned(), id);
        id
    }
}

/// Whether what becomes of this file is noted.
fn is_recorded(path: &Path) -> bool {
    !path.ends_with("TAIL")
}

impl Disk for SimulatedDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let call = |_: &mut Record| Call::CreateDir(path.to_owned());
        self.note((Ask::Create, path), |live| live.create_dir(path), call)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.record.lock().ask(Ask::List, dir)?;
        self.0.live.list(dir)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.live.resolve(path)
    }

    fn lock_dir(&self, dir: &Path) -> io::Result<Option<Arc<dyn DirLock>>> {
        self.0.live.lock_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let call = |_: &mut Record| Call::SyncDir(dir.to_owned());
        self.note((Ask::SyncDir, dir), |live| live.sync_dir(dir), call)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.pass();
        let call = |record: &mut Record| Call::Create(path.to_owned(), record.new_file(path));
        let live = self.note((Ask::Create, path), |live| live.create(path), call)?;
        Ok(self.file(live, path))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Box<dyn DiskFile>> {
        if writable && is_recorded(path) {
            self.pass();
        }
        if is_recorded(path) {
            self.0.record.lock().ask(Ask::Open, path)?;
        }
        let live = Disk::open(&self.0.live, path, writable)?;
        Ok(self.file(live, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let call = |record: &mut Record| {
            let file = record.names[from];
            record.names.remove(from);
            record.names.insert(to.to_owned(), file);
            Call::Rename(from.to_owned(), to.to_owned(), file)
        };
        self.note((Ask::Rename, from), |live| live.rename(from, to), call)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let call = |record: &mut Record| {
            let file = record.names[from];
            record.names.insert(to.to_owned(), file);
            Call::Link(to.to_owned(), file)
        };
        self.note((Ask::Create, to), |live| live.link(from, to), call)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if is_recorded(path) {
            self.pass();
        }
        let call = |record: &mut Record| {
            record.names.remove(path);
            Call::Remove(path.to_owned())
        };
        self.note((Ask::Remove, path), |live| live.remove(path), call)
    }
}

/// An open file of the disk.
#[derive(Debug)]
struct SimulatedFile {
    live: Box<dyn DiskFile>,
    id: FileId,
    path: PathBuf,
    disk: SimulatedDisk,
}

impl DiskFile for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        self.live.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk.0.record.lock().ask(Ask::Read, &self.path)?;
        self.live.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut record = self.disk.0.record.lock();
        let asked = record.ask(Ask::Write, &self.path);
        let written = match asked {
            Ok(()) => bytes,
            Err(_) => &bytes[..bytes.len() / 2],
        };
        if !written.is_empty() {
            self.live.write_all_at(written, offset)?;
            let call = Call::Write(self.id, offset, written.into());
            record.trace.calls.push(call);
        }
        asked
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let truncate = |_: &MemoryDisk| self.live.truncate(len);
        let call = |_: &mut Record| Call::Truncate(self.id, len);
        self.disk.note((Ask::Truncate, &self.path), truncate, call)
    }

    fn sync(&self) -> io::Result<()> {
        let mut record = self.disk.0.record.lock();
        let asked = record.ask(Ask::Sync, &self.path);
        record.trace.calls.push(match asked {
            Ok(()) => Call::Sync(self.id),
            Err(_) => Call::FailedSync(self.id),
        });
        asked
    }
}
