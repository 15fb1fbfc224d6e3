//! States on disk, and how far all of them have come.
//!
//! Each state has its own position, for states are written before all have come to the same. What has been reached is written when
//! the disk has every state as it was then or later. So who goes on from there leaves out the events that a state has already.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use super::states::{State, States};
use crate::event::Region;
use crate::projection::Projection;
use crate::projection::cache::{Change, Claim, Evidence, Opening, Subject, Use};
use crate::store::shared::Shared;
use crate::store::snapshot::{is_kept, save};

/// What states are of: the last event that was seen, and how many keys there were by then.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reached {
    pub(super) position: u64,
    pub(super) evidence: Evidence,
    pub(super) keys: u64,
}

/// What is on disk cannot be read, or is not of this log.
#[derive(Debug)]
pub(super) struct Lost;

/// The states of a keyed projection that are on disk.
pub(super) struct Spilled {
    opening: Opening,
    subject: Arc<Subject>,
    /// What its keys begin with, for nobody else as long as this is there.
    claim: Claim,
    /// A number that no other run has, by which it knows what it has written itself.
    run: u64,
    /// The position of what was written as reached, and how many events were seen since.
    written: u64,
    events: u64,
    /// How many bytes are in memory before it tries again to write, after it could not.
    patience: usize,
}

/// The key of what was reached, and what those of states begin with.
const REACHED: u8 = 0;
const STATE: u8 = 1;

/// The longest key whose state is written, in bytes. Those with longer ones stay in memory.
const KEY_MAX: usize = 1_024;

/// How many bytes are written or read at once.
const AT_ONCE: usize = 4 << 20;

impl Spilled {
    /// Where the states of `P` over the region are on disk, if they may be.
    pub(super) fn open<P: Projection>(shared: &Shared, region: &Region) -> Option<Self> {
        let opening = shared.snapshots.as_ref()?;
        if !is_kept::<P>() {
            return None;
        }
        let run = RandomState::new().build_hasher().finish();
        let subject = Subject::new::<P>(Use::Keyed, shared.id, region);
        Some(Self {
            claim: opening.claim(&subject, run)?,
            opening: opening.clone(),
            subject,
            run,
            written: 0,
            events: 0,
            patience: 0,
        })
    }

    /// What has been reached on disk; all that is there is removed if that cannot be told, or is of another log. `None` if that
    /// cannot be.
    pub(super) fn begin(&mut self, shared: &Shared) -> Option<Reached> {
        let key = self.key(REACHED, "");
        let value = self.opening.read_value(&key).flatten();
        let reached = value.and_then(|value| {
            let value = self.subject.unseal(&key, &value)?;
            let (position, value) = value.split_first_chunk()?;
            let (keys, evidence) = value.split_first_chunk()?;
            Some(Reached {
                position: u64::from_le_bytes(*position),
                evidence: *evidence.as_array()?,
                keys: u64::from_le_bytes(*keys),
            })
        });
        let published = shared.view().published();
        let reached = reached.filter(|reached| {
            reached.position <= published && shared.shows(reached.position, &reached.evidence)
        });
        if reached.is_none() && !self.clear() {
            return None;
        }
        let reached = reached.unwrap_or_default();
        (self.written, self.events) = (reached.position, 0);
        Some(reached)
    }

    /// The same with nothing on disk; `None` if that cannot be.
    pub(super) fn emptied(mut self) -> Option<Self> {
        self.run = RandomState::new().build_hasher().finish();
        self.clear().then_some(self)
    }

    fn clear(&self) -> bool {
        self.opening.clear_values(self.claim.prefix()).is_some()
    }

    /// The state of a key, if it is on disk.
    pub(super) fn read<P: Projection>(
        &self,
        key: &str,
        shared: &Shared,
    ) -> Result<Option<State<P>>, Lost> {
        if key.len() > KEY_MAX {
            return Ok(None);
        }
        let key = self.key(STATE, key);
        let value = self.opening.read_value(&key).ok_or(Lost)?;
        value
            .map(|value| self.state(&key, &value, shared))
            .transpose()
    }

    /// Keys with states behind a key, in order; none if there are no more.
    pub(super) fn list<P: Projection>(
        &self,
        after: Option<&str>,
        shared: &Shared,
    ) -> Result<Vec<(String, State<P>)>, Lost> {
        let prefix = self.key(STATE, "");
        let after = match after {
            Some(after) => self.key(STATE, after),
            None => self.key(REACHED, ""),
        };
        let listed = self.opening.list_values(&prefix, &after, AT_ONCE);
        let listed = listed.ok_or(Lost)?.into_iter().map(|(key, value)| {
            let name = String::from_utf8(key[prefix.len()..].to_vec()).map_err(|_| Lost)?;
            Ok((name, self.state(&key, &value, shared)?))
        });
        listed.collect()
    }

    /// The state in a value. One that was written by another run may be of a log that is no more: that run may have ended
    /// before it had written what was reached.
    fn state<P: Projection>(
        &self,
        key: &[u8],
        value: &[u8],
        shared: &Shared,
    ) -> Result<State<P>, Lost> {
        let split = || {
            let value = self.subject.unseal(key, value)?;
            let (numbers, value) = value.split_first_chunk::<24>()?;
            let (evidence, value) = value.split_first_chunk()?;
            let (numbers, _) = numbers.as_chunks();
            let [run, first, position] = numbers.try_into().ok()?;
            let mut state = State::new(u64::from_le_bytes(first));
            state.value = P::restore(value)?;
            state.position = u64::from_le_bytes(position);
            state.evidence = *evidence;
            state.bytes = value.len();
            Some((u64::from_le_bytes(run), state))
        };
        let (run, state) = split().ok_or(Lost)?;
        let is_of_log = run == self.run
            || state.position <= shared.view().published()
                && shared.shows(state.position, &state.evidence);
        is_of_log.then_some(state).ok_or(Lost)
    }

    /// Has no more in memory than may be, as far as that can be, and writes what is on disk too seldom.
    pub(super) fn make_room<P: Projection>(
        &mut self,
        states: &mut States<P>,
        reached: &Reached,
        shared: &Shared,
    ) {
        let max = self.opening.memory_bytes();
        if states.bytes() > max.max(self.patience) {
            self.save(states, reached, shared);
            states.drop_half();
            let left = states.bytes();
            self.patience = if left > max { left + left / 2 } else { 0 };
        }
    }

    /// Writes what the disk has not got, as far as the log is durable, and then what has been reached if that was all.
    pub(super) fn save<P: Projection>(
        &mut self,
        states: &mut States<P>,
        reached: &Reached,
        shared: &Shared,
    ) {
        let durable = shared.watermarks.durable();
        let mut batch = Batch::default();
        let mut all = reached.position <= durable;
        for (key, state) in states.unwritten() {
            let may_be = state.position <= durable && key.len() <= KEY_MAX;
            let value = may_be.then(|| save(&self.opening, &state.value)).flatten();
            let Some(value) = value else {
                all = false;
                continue;
            };
            batch.put(key, self.change(key, state, &value));
            if batch.bytes >= AT_ONCE && !batch.write(&self.opening) {
                break;
            }
        }
        if all && reached.position > self.written {
            batch.changes.push(self.reached(reached));
        }
        let written = batch.write(&self.opening);
        states.written(&batch.written);
        if written && all {
            (self.written, self.events) = (reached.position, 0);
        }
    }

    /// One more event was seen.
    pub(super) fn count(&mut self) {
        self.events += 1;
    }

    /// Whether so much was seen that it is to be written.
    pub(super) fn is_due(&self) -> bool {
        self.events >= self.opening.write_after_events()
    }

    fn change<P>(&self, key: &str, state: &State<P>, value: &[u8]) -> Change {
        let key = self.key(STATE, key);
        let parts: [&[u8]; 5] = [
            &self.run.to_le_bytes(),
            &state.first.to_le_bytes(),
            &state.position.to_le_bytes(),
            &state.evidence,
            value,
        ];
        let value = self.subject.seal(&key, &parts);
        (key, Some(value))
    }

    fn reached(&self, reached: &Reached) -> Change {
        let key = self.key(REACHED, "");
        let parts: [&[u8]; 3] = [
            &reached.position.to_le_bytes(),
            &reached.keys.to_le_bytes(),
            &reached.evidence,
        ];
        let value = self.subject.seal(&key, &parts);
        (key, Some(value))
    }

    fn key(&self, sort: u8, name: &str) -> Vec<u8> {
        [self.claim.prefix(), &[sort], name.as_bytes()].concat()
    }
}

impl Drop for Spilled {
    fn drop(&mut self) {
        if !self.claim.is_kept() {
            self.clear();
        }
    }
}

/// Changes to be written at once.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    bytes: usize,
    /// The keys of the states in it, and of those that were written before.
    keys: Vec<String>,
    written: Vec<String>,
    failed: bool,
}

impl Batch {
    fn put(&mut self, key: &str, change: Change) {
        self.bytes += change.1.as_ref().map_or(0, Vec::len);
        self.changes.push(change);
        self.keys.push(key.to_owned());
    }

    /// Writes what was put; whether that and all before was done.
    fn write(&mut self, opening: &Opening) -> bool {
        let mut changes = std::mem::take(&mut self.changes);
        // What lies together is written together.
        changes.sort_unstable();
        self.failed = self.failed || opening.write_values(&changes).is_none();
        if !self.failed {
            self.written.append(&mut self.keys);
        }
        self.bytes = 0;
        !self.failed
    }
}
