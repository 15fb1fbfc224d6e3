//! Keeping snapshots: in memory, and from there on disk when it is time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::CacheError;
use super::home::{Change, Claim, Disk, Entry as Stored};
use super::memory::{Entry, Memory, Unwritten};
use super::snapshot::{Saved, Subject};
use crate::store::trace;
use crate::sync::{AtomicU64, Instant, Mutex};

/// What the handles of a cache share.
pub(crate) struct Keeping {
    memory: Mutex<Memory>,
    disk: Option<Arc<Disk>>,
    memory_bytes: AtomicU64,
    write_after_events: AtomicU64,
    /// In milliseconds.
    write_after: AtomicU64,
    failure: Mutex<Option<Arc<CacheError>>>,
    /// How many stores were opened with it.
    openings: AtomicU64,
}

/// The cache of a store for as long as that is open.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    keeping: Arc<Keeping>,
    number: u64,
}

/// A snapshot that may be of use.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) snapshot: Arc<Saved>,
    /// Whether this store has seen before that its event is in the log.
    pub(crate) checked: bool,
}

/// How many bytes are written at once when a store is closed.
const WRITE: usize = 4 << 20;

impl Keeping {
    pub(super) fn new(disk: Option<Arc<Disk>>) -> Self {
        Self {
            memory: Mutex::default(),
            disk,
            memory_bytes: AtomicU64::new(64 << 20),
            write_after_events: AtomicU64::new(1_000),
            write_after: AtomicU64::new(u64::MAX),
            failure: Mutex::default(),
            openings: AtomicU64::new(0),
        }
    }

    pub(super) fn set_memory_bytes(&self, bytes: usize) {
        self.memory_bytes.store(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn set_write_after_events(&self, events: u64) {
        self.write_after_events
            .store(events.max(1), Ordering::Relaxed);
    }

    pub(super) fn set_write_after(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.write_after.store(millis, Ordering::Relaxed);
    }

    pub(super) fn last_failure(&self) -> Option<Arc<CacheError>> {
        self.failure.lock().clone()
    }

    /// Remembers what has failed, and tells of it.
    pub(crate) fn tell(&self, error: CacheError) {
        trace::cache_failed(&error);
        *self.failure.lock() = Some(Arc::new(error));
    }

    fn memory_max(&self) -> usize {
        usize::try_from(self.memory_bytes.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    /// Whether a state is to be written to disk that has so much which the disk has not.
    fn is_due(&self, unwritten: &Unwritten) -> bool {
        let after = self.write_after.load(Ordering::Relaxed);
        unwritten.events >= self.write_after_events.load(Ordering::Relaxed)
            || after != u64::MAX && unwritten.since.elapsed() >= Duration::from_millis(after)
    }

    /// What the disk has of the subject.
    fn read(&self, subject: &Subject) -> Option<Saved> {
        let value = self.ask(|disk| disk.get(&subject.key()))??;
        Saved::from_value(subject, &value)
    }

    /// Asks the disk, if there is one. What fails is told.
    fn ask<R>(&self, question: impl FnOnce(&Disk) -> Result<R, CacheError>) -> Option<R> {
        let answer = question(self.disk.as_deref()?);
        answer.map_err(|error| self.tell(error)).ok()
    }
}

impl Opening {
    pub(super) fn new(keeping: &Arc<Keeping>) -> Self {
        Self {
            number: keeping.openings.fetch_add(1, Ordering::Relaxed) + 1,
            keeping: Arc::clone(keeping),
        }
    }

    /// Remembers what has failed, and tells of it.
    pub(crate) fn tell(&self, error: CacheError) {
        self.keeping.tell(error);
    }

    /// What is kept of the subject.
    pub(crate) fn find(&self, subject: &Arc<Subject>) -> Option<Found> {
        if let Some(entry) = self.keeping.memory.lock().get(subject) {
            return Some(Found {
                snapshot: Arc::clone(&entry.snapshot),
                checked: entry.opening == self.number,
            });
        }
        let read = Entry::new(subject, self.keeping.read(subject)?, 0);
        let snapshot = Arc::clone(&read.snapshot);
        let mut memory = self.keeping.memory.lock();
        if memory.get(subject).is_none() {
            memory.insert(read);
        }
        drop(memory);
        Some(Found {
            snapshot,
            checked: false,
        })
    }

    /// The event of this snapshot is in the log.
    pub(crate) fn checked(&self, subject: &Subject, snapshot: &Arc<Saved>) {
        let mut memory = self.keeping.memory.lock();
        let entry = memory.get(subject);
        if let Some(entry) = entry.filter(|entry| Arc::ptr_eq(&entry.snapshot, snapshot)) {
            entry.opening = self.number;
        }
    }

    /// Keeps a snapshot to which so many events have come, in memory, and on disk if it is time and the log is durable up to there.
    pub(crate) fn keep(&self, subject: &Arc<Subject>, snapshot: Saved, events: u64, durable: u64) {
        let keeping = &*self.keeping;
        let mut memory = keeping.memory.lock();
        let before = memory.get(subject);
        if before.as_ref().is_some_and(|before| {
            before.opening == self.number && before.snapshot.position >= snapshot.position
        }) {
            // Another thread has come further.
            return;
        }
        let before = before.and_then(|before| before.unwritten);
        let mut entry = Entry::new(subject, snapshot, self.number);
        let mut due = false;
        if keeping.disk.is_some() {
            let unwritten = Unwritten {
                events: before.map_or(0, |before| before.events) + events,
                since: before.map_or_else(Instant::now, |before| before.since),
                durable: entry.snapshot.position <= durable,
            };
            due = unwritten.durable && keeping.is_due(&unwritten);
            entry.unwritten = Some(unwritten);
        }
        let due = due.then(|| (Arc::clone(&entry.subject), Arc::clone(&entry.snapshot)));
        memory.insert(entry);
        let evicted = memory.evict(keeping.memory_max());
        drop(memory);
        let evicted = evicted
            .iter()
            .filter(|entry| self.may_write(entry, durable));
        let evicted =
            evicted.map(|entry| (Arc::clone(&entry.subject), Arc::clone(&entry.snapshot)));
        self.write(evicted.chain(due));
    }

    /// Writes what this store has not written yet, as far as the log is durable.
    pub(crate) fn settle(&self, durable: u64) {
        if self.keeping.disk.is_none() {
            return;
        }
        let mut memory = self.keeping.memory.lock();
        let unwritten: Vec<_> = memory
            .entries()
            .filter(|entry| entry.opening == self.number && self.may_write(entry, durable))
            .map(|entry| (Arc::clone(&entry.subject), Arc::clone(&entry.snapshot)))
            .collect();
        drop(memory);
        self.write(unwritten.into_iter());
    }

    /// Whether an entry has something for the disk which the log is known to have for good.
    fn may_write(&self, entry: &Entry, durable: u64) -> bool {
        let reached = || entry.opening == self.number && entry.snapshot.position <= durable;
        entry
            .unwritten
            .is_some_and(|unwritten| unwritten.durable || reached())
    }

    /// Writes snapshots to disk, few at once.
    fn write(&self, snapshots: impl Iterator<Item = (Arc<Subject>, Arc<Saved>)>) {
        let mut changes: Vec<Change> = Vec::new();
        let mut written = Vec::new();
        let mut bytes = 0;
        for (subject, snapshot) in snapshots {
            let value = snapshot.to_value(&subject);
            bytes += value.len();
            changes.push((subject.key().to_vec(), Some(value)));
            written.push((subject, snapshot));
            if bytes >= WRITE {
                self.write_all(&std::mem::take(&mut changes), &std::mem::take(&mut written));
                bytes = 0;
            }
        }
        self.write_all(&changes, &written);
    }

    fn write_all(&self, changes: &[Change], written: &[(Arc<Subject>, Arc<Saved>)]) {
        if changes.is_empty() {
            return;
        }
        let done = self.keeping.ask(|disk| disk.write(changes)).is_some();
        let mut memory = self.keeping.memory.lock();
        for (subject, snapshot) in written {
            let entry = memory.get(subject);
            let Some(entry) = entry.filter(|entry| Arc::ptr_eq(&entry.snapshot, snapshot)) else {
                continue;
            };
            // What could not be written is not tried again at each read, but with as many events as the first time.
            entry.unwritten = entry
                .unwritten
                .filter(|_| !done)
                .map(|unwritten| Unwritten {
                    events: 0,
                    since: Instant::now(),
                    ..unwritten
                });
        }
    }
}

/// What keyed projections keep on disk themselves.
impl Opening {
    /// Keys for the subject, if there is a disk.
    pub(crate) fn claim(&self, subject: &Subject, number: u64) -> Option<Claim> {
        let disk = self.keeping.disk.as_ref()?;
        Some(Claim::new(disk, subject, number))
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.keeping.memory_max()
    }

    pub(crate) fn write_after_events(&self) -> u64 {
        self.keeping.write_after_events.load(Ordering::Relaxed)
    }

    /// The value under a key; `None` with what failed told.
    pub(crate) fn read_value(&self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        self.keeping.ask(|disk| disk.get(key))
    }

    pub(crate) fn write_values(&self, changes: &[Change]) -> Option<()> {
        self.keeping.ask(|disk| disk.write(changes))
    }

    pub(crate) fn list_values(
        &self,
        prefix: &[u8],
        after: &[u8],
        bytes: usize,
    ) -> Option<Vec<Stored>> {
        self.keeping.ask(|disk| disk.list(prefix, after, bytes))
    }

    pub(crate) fn clear_values(&self, prefix: &[u8]) -> Option<()> {
        self.keeping.ask(|disk| disk.clear(prefix))
    }
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeping")
            .field("disk", &self.disk)
            .field("bytes", &self.memory.lock().bytes())
            .finish_non_exhaustive()
    }
}
