//! What must hold on any disk that a crash leaves.
//!
//! A store opens there. It has the first so many events that were submitted: at least those that were acknowledged as
//! durable, whole batches only, as they were submitted, and `verify` passes. Opening it again gives the same and finds
//! nothing to cut. What is appended then is there afterwards.
//!
//! An opening that is refused is a violation too, for no crash damages what is durable.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::player::{Claim, History, Log, START_US, Submitted, config};
use crate::event::Region;
use crate::pipeline::{Batch, Durability, NewEvent};
use crate::store::commit::Work;
use crate::store::fs::simulated::Image;
use crate::store::{Store, StoreConfig, StoreError};
use crate::testing::{Clock, MemoryDisk};

/// What breaks a promise.
pub(super) type Violation = String;

/// Judges disks that were left of one history.
pub(super) struct Oracle {
    logs: Arc<Vec<Log>>,
    /// The number of events on each disk that was judged, by log and disk.
    judged: HashMap<(usize, u128), u64>,
    /// The disks that openings have left.
    opened: HashSet<(usize, u128)>,
}

impl Oracle {
    pub(super) fn new(history: &History) -> Self {
        Self {
            logs: Arc::clone(&history.logs),
            judged: HashMap::new(),
            opened: HashSet::new(),
        }
    }

    /// How many disks were opened, no two of them the same.
    pub(super) fn disks(&self) -> u64 {
        self.judged.len() as u64
    }

    /// Whether the disk has what was claimed, and how many events it has.
    pub(super) fn judge(
        &mut self,
        (image, digest): (&Image, u128),
        claim: &Claim,
        floor: u64,
    ) -> Result<u64, Violation> {
        let key = (claim.log, digest);
        let events = match self.judged.get(&key) {
            Some(events) => *events,
            None => {
                let events = self.open(image, claim.log)?;
                self.judged.insert(key, events);
                events
            }
        };
        if events < floor {
            return Err(format!("{floor} events are to be there, and {events} are"));
        }
        if events > claim.submitted {
            let submitted = claim.submitted;
            return Err(format!(
                "{submitted} events were submitted, and {events} are there"
            ));
        }
        Ok(events)
    }

    /// Opens the store on a disk, and counts its events.
    fn open(&mut self, image: &Image, log: usize) -> Result<u64, Violation> {
        let disk = image.to_disk();
        let store = Store::open(settings(&disk)).map_err(said("the opening"))?;
        let log_read = &self.logs[log];
        let events = read(&store, log_read).map_err(said("a read"))??;
        if !(events == 0 || log_read.ends.contains(&events)) {
            return Err(format!("the batch with event {events} is there in part"));
        }
        let left = Image::of(&disk);
        kill(store);
        if self.opened.insert((log, left.digest())) {
            self.go_on(&left, log, events)?;
        }
        Ok(events)
    }

    /// On the disk that an opening left, if the process was killed then: opens the store again, and appends to it.
    fn go_on(&self, image: &Image, log: usize, events: u64) -> Result<(), Violation> {
        let disk = image.to_disk();
        let store = Store::open(settings(&disk)).map_err(said("the second opening"))?;
        if let Some(cut) = &store.recovery().cut {
            return Err(format!("the second opening cuts {cut:?}"));
        }
        let again = read(&store, &self.logs[log]).map_err(said("the second read"))??;
        if again != events {
            return Err(format!("{events} events become {again} by opening again"));
        }
        verify(&store, events)?;
        let event = NewEvent::new(&NEXT.coordinate(), NEXT.kind(), &NEXT.payload());
        let batch = Batch::new().event(event).durability(Durability::Durable);
        store.commit(batch).map_err(said("an append"))?;
        let crashed = Image::of(&disk).to_disk();
        drop(store);
        for disk in [disk, crashed] {
            let store =
                Store::open(settings(&disk)).map_err(said("the opening behind an append"))?;
            verify(&store, events + 1)?;
            let last = store
                .get_at(events + 1)
                .map_err(said("the read of what was appended"))?;
            if last.is_none_or(|event| event.payload::<String>().ok() != Some(NEXT.payload())) {
                return Err("what was appended is something else".to_owned());
            }
        }
        Ok(())
    }
}

/// Drops a store as if nobody could write any more, which takes far less time than closing it.
pub(super) fn kill(store: Store) {
    if let Ok(committer) = store.committer() {
        drop(committer.begin(Work::Writing));
    }
}

/// What is appended on a disk that a crash has left.
const NEXT: Submitted = Submitted::new(1 << 40, 20);

fn settings(disk: &MemoryDisk) -> StoreConfig {
    config(Arc::new(disk.clone()), &Clock::at_us(START_US), 99)
}

fn said(what: &str) -> impl Fn(StoreError) -> Violation {
    move |error| format!("{what} gives: {error}")
}

fn verify(store: &Store, events: u64) -> Result<(), Violation> {
    let verified = store.verify().map_err(said("`verify`"))?;
    if verified.events != events {
        return Err(format!(
            "`verify` finds {} of {events} events",
            verified.events
        ));
    }
    Ok(())
}

/// How many events the store has, if they are the first of the log.
fn read(store: &Store, log: &Log) -> Result<Result<u64, Violation>, StoreError> {
    let mut events = 0;
    let mut violation = None;
    store.query(&Region::all()).for_each_raw(|event| {
        let expected = log.events.get(events as usize);
        events += 1;
        let meta = &event.meta;
        let is_same = expected.is_some_and(|expected| {
            meta.header.sequence == events
                && meta.header.kind == expected.kind()
                && meta.coordinate() == expected.coordinate()
                && meta
                    .tags()
                    .eq(expected.tag().iter().map(|tag| tag.as_str()))
                && event.payload == expected.payload_bytes()
        });
        if !is_same && violation.is_none() {
            violation = Some(format!(
                "event {events} is not the one that was submitted: {event:?}"
            ));
        }
        Ok::<_, StoreError>(())
    })?;
    if store.position() != events {
        violation = Some(format!(
            "{} events are told of, and {events} read",
            store.position()
        ));
    }
    Ok(violation.map_or(Ok(events), Err))
}
