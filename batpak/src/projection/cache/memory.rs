//! Snapshots in memory, bounded by their bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::snapshot::{Saved, Subject};
use crate::sync::Instant;

/// Snapshots by what they are of. When there are too many, those that were asked for longest ago leave.
#[derive(Debug, Default)]
pub(super) struct Memory {
    entries: HashMap<[u8; 16], Entry>,
    /// The keys, in the order in which they were last asked for.
    order: BTreeMap<u64, [u8; 16]>,
    /// How often something was asked for.
    clock: u64,
    bytes: usize,
}

/// A snapshot, and what is known of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) subject: Arc<Subject>,
    pub(super) snapshot: Arc<Saved>,
    /// The opening of a store that has seen its event in the log; 0 if none has.
    pub(super) opening: u64,
    /// What the disk has not got, if it is to have it.
    pub(super) unwritten: Option<Unwritten>,
    /// When it was last asked for.
    used: u64,
}

/// What has come to a snapshot since it was written to disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unwritten {
    pub(super) events: u64,
    pub(super) since: Instant,
    /// Whether all of it was durable in the log when it was kept.
    pub(super) durable: bool,
}

/// What an entry takes besides the bytes of its state and subject: its places in both maps, and the counts of owners.
const OVERHEAD: usize = 200;

impl Entry {
    pub(super) fn new(subject: &Arc<Subject>, snapshot: Saved, opening: u64) -> Self {
        Self {
            subject: Arc::clone(subject),
            snapshot: Arc::new(snapshot),
            opening,
            unwritten: None,
            used: 0,
        }
    }

    fn size(&self) -> usize {
        self.snapshot.state.len() + self.subject.size() + OVERHEAD
    }
}

impl Memory {
    pub(super) fn get(&mut self, subject: &Subject) -> Option<&mut Entry> {
        self.clock += 1;
        let entry = self.entries.get_mut(&subject.key())?;
        if *entry.subject != *subject {
            return None;
        }
        self.order.remove(&entry.used);
        entry.used = self.clock;
        self.order.insert(entry.used, subject.key());
        Some(entry)
    }

    pub(super) fn insert(&mut self, mut entry: Entry) {
        let key = entry.subject.key();
        self.remove(key);
        self.clock += 1;
        entry.used = self.clock;
        self.bytes += entry.size();
        self.order.insert(entry.used, key);
        self.entries.insert(key, entry);
    }

    /// Takes out those that were asked for longest ago if there are more bytes than so many, so that there is room
    /// for some more.
    pub(super) fn evict(&mut self, bytes: usize) -> Vec<Entry> {
        let mut evicted = Vec::new();
        if self.bytes > bytes {
            while self.bytes > bytes - bytes / 8
                && let Some((_, key)) = self.order.first_key_value()
            {
                evicted.extend(self.remove(*key));
            }
        }
        evicted
    }

    pub(super) fn entries(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, key: [u8; 16]) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        self.order.remove(&entry.used);
        self.bytes -= entry.size();
        Some(entry)
    }
}
