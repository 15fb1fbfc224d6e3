//! Playing a workload on a simulated disk, with a note of all that is promised meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::workloads::Workload;
use crate::coordinate::{Coordinate, Tag};
use crate::event::EventKind;
use crate::pipeline::{Batch, Durability, NewEvent};
use crate::store::fs::Disk;
use crate::store::fs::simulated::{Ask, Call, Image, SimulatedDisk, Trace};
use crate::store::{Store, StoreConfig, StoreError, Ticket};
use crate::testing::{Clock, MemoryDisk};

/// A step of a workload.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Open,
    /// A batch of so many events with payloads of so many bytes.
    Commit(usize, usize, Durability),
    /// The same without waiting for it.
    Submit(usize, usize, Durability),
    /// Waits for all that was submitted.
    Wait,
    Flush,
    Close,
    /// Drops the store.
    Drop,
    /// Waits until the store's thread is held up by the disk, so that it writes no events.
    Hold,
    /// Moves the clock by so many seconds.
    Clock(i64),
}

/// An event as it was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Submitted {
    /// No two events have the same.
    serial: u64,
    bytes: usize,
}

impl Submitted {
    pub(super) const fn new(serial: u64, bytes: usize) -> Self {
        Self { serial, bytes }
    }

    pub(super) fn coordinate(self) -> Coordinate {
        Coordinate::new(format!("e:{}", self.serial % 3), "s").unwrap()
    }

    pub(super) fn kind(self) -> EventKind {
        EventKind::custom(0xF, 1 + (self.serial % 2) as u16)
    }

    pub(super) fn payload(self) -> String {
        let width = self.bytes;
        format!("{:x>width$}", self.serial)
    }

    pub(super) fn payload_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        rmp::encode::write_str(&mut bytes, &self.payload()).unwrap();
        bytes
    }

    pub(super) fn tag(self) -> Option<Tag> {
        self.serial
            .is_multiple_of(4)
            .then(|| Tag::new("n", self.serial).unwrap())
    }

    fn event(self) -> NewEvent {
        let event = NewEvent::new(&self.coordinate(), self.kind(), &self.payload());
        match self.tag() {
            Some(tag) => event.tag(tag),
            None => event,
        }
    }
}

/// All that was submitted, in order of position, and where batches end.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Submitted>,
    pub(super) ends: Vec<u64>,
}

impl Log {
    pub(super) fn last(&self) -> u64 {
        self.events.len() as u64
    }

    /// Forgets what lies behind this position.
    fn cut(&mut self, last: u64) {
        self.events.truncate(last as usize);
        self.ends.retain(|end| *end <= last);
    }
}

/// What holds from some time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// Behind how many calls.
    pub(super) at: usize,
    /// Which of the logs is the one.
    pub(super) log: usize,
    /// Up to which positions there may be events, they outlive the process, and they outlive the system.
    pub(super) submitted: u64,
    pub(super) written: u64,
    pub(super) durable: u64,
}

/// What was done to a disk, and what was promised.
#[derive(Debug, Clone)]
pub(super) struct History {
    pub(super) name: String,
    pub(super) trace: Trace,
    pub(super) claims: Vec<Claim>,
    /// There is another one each time that events were taken back which were submitted.
    pub(super) logs: Arc<Vec<Log>>,
}

impl History {
    /// What holds behind so many calls.
    pub(super) fn claim(&self, calls: usize) -> Claim {
        let behind = self.claims.partition_point(|claim| claim.at <= calls);
        self.claims[behind - 1]
    }

    /// The calls and the promises as a text.
    pub(super) fn told(&self) -> String {
        let mut told = String::new();
        for (at, call) in self.trace.calls.iter().enumerate() {
            let claims = self.claims.iter().filter(|claim| claim.at == at);
            claims.for_each(|claim| told += &format!("      {claim:?}\n"));
            let call = match call {
                Call::Write(file, offset, bytes) => {
                    format!("Write({file:?}, {offset}, {} bytes)", bytes.len())
                }
                call => format!("{call:?}"),
            };
            told += &format!("{:4}  {call}\n", at + 1);
        }
        told
    }

    /// What it would be on a disk that does not do what these calls ask for.
    pub(super) fn without(&self, mut ignored: impl FnMut(&Call) -> bool) -> Self {
        let (mut claims, mut calls) = (self.claims.clone(), Vec::new());
        for (at, call) in self.trace.calls.iter().enumerate() {
            if ignored(call) {
                let later = claims.iter_mut().zip(&self.claims);
                let later = later.filter(|(_, claim)| claim.at > at);
                later.for_each(|(claim, _)| claim.at -= 1);
            } else {
                calls.push(call.clone());
            }
        }
        let start = self.trace.start.clone();
        Self {
            trace: Trace { start, calls },
            claims,
            ..self.clone()
        }
    }
}

/// The configuration of all stores here: small segments, and the same bytes in each run.
pub(super) fn config(disk: Arc<dyn Disk>, clock: &Clock, seed: u64) -> StoreConfig {
    let config = StoreConfig {
        disk,
        ..MemoryDisk::new().config()
    };
    config.segment_bytes(4 << 10).scripted(clock, seed)
}

/// What the clock says at first.
pub(super) const START_US: u64 = 1_700_000_000_000_000;

/// Somebody who plays a workload.
pub(super) struct Player {
    pub(super) disk: SimulatedDisk,
    store: Option<Store>,
    tickets: Vec<Ticket>,
    clock: Clock,
    opened: u64,
    serial: u64,
    claims: Vec<Claim>,
    logs: Vec<Log>,
}

impl Player {
    /// Begins with an empty disk.
    pub(super) fn new() -> Self {
        let claim = Claim {
            at: 0,
            log: 0,
            submitted: 0,
            written: 0,
            durable: 0,
        };
        Self {
            disk: SimulatedDisk::with(&Image::default()),
            store: None,
            tickets: Vec::new(),
            clock: Clock::at_us(START_US),
            opened: 0,
            serial: 0,
            claims: vec![claim],
            logs: vec![Log::default()],
        }
    }

    /// Plays a workload. Without faults every step succeeds.
    pub(super) fn play(workload: &Workload) -> History {
        let mut player = Self::new();
        for step in &workload.steps {
            match workload.is_free {
                true => player.disk.release(),
                false => player.disk.hold(),
            }
            player.step(*step).unwrap();
        }
        player.done(&workload.name)
    }

    /// What was done so far.
    pub(super) fn history(&self, name: &str) -> History {
        History {
            name: name.to_owned(),
            trace: self.disk.trace(),
            claims: self.claims.clone(),
            logs: self.logs.clone().into(),
        }
    }

    /// Ends with what was done so far. What dropping the store does is not noted.
    pub(super) fn done(self, name: &str) -> History {
        self.history(name)
    }

    /// Goes on with a disk after a crash before which this claim held.
    pub(super) fn go_on(mut self, disk: SimulatedDisk, claim: Claim) -> Self {
        let before = std::mem::replace(&mut self.disk, disk);
        before.release();
        self.tickets.clear();
        self.store = None;
        let at = self.disk.calls();
        self.claims = vec![Claim { at, ..claim }];
        self
    }

    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// What was promised last.
    pub(super) fn claim(&self) -> Claim {
        self.claims[self.claims.len() - 1]
    }

    pub(super) fn log(&self) -> &Log {
        &self.logs[self.logs.len() - 1]
    }

    /// Plays a step. Those that need a store are passed over if there is none.
    pub(super) fn step(&mut self, step: Step) -> Result<(), StoreError> {
        let done = self.try_step(step);
        if let Some(store) = &self.store {
            let (written, durable) = (store.position(), store.durable_position());
            self.promise(written, durable);
        }
        done
    }

    /// Notes up to which positions events outlive the process, and the system.
    fn promise(&mut self, written: u64, durable: u64) {
        let last = self.claim();
        self.claims.push(Claim {
            at: self.disk.calls(),
            log: self.logs.len() - 1,
            submitted: self.log().last(),
            written: last.written.max(written),
            durable: last.durable.max(durable),
        });
    }

    fn try_step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Open => self.open(),
            Step::Clock(seconds) => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                match seconds < 0 {
                    true => self
                        .clock
                        .set_us(self.clock.now_us() - by.as_micros() as u64),
                    false => self.clock.advance(by),
                }
                Ok(())
            }
            Step::Hold => {
                self.disk.wait_until_held();
                Ok(())
            }
            Step::Close | Step::Drop => self.close(matches!(step, Step::Close)),
            Step::Commit(events, bytes, durability) => self
                .append((events, bytes, durability), |batch, store| {
                    store.commit(batch).map(|_| None)
                }),
            Step::Submit(events, bytes, durability) => self
                .append((events, bytes, durability), |batch, store| {
                    store.submit(batch).map(Some)
                }),
            Step::Wait => {
                let tickets = std::mem::take(&mut self.tickets);
                let waited = tickets.into_iter().map(|ticket| ticket.wait().map(|_| ()));
                // All of them hear of a failure, the first one too.
                let waited: Vec<_> = waited.collect();
                let failed = waited.iter().position(Result::is_err);
                let failed = failed.map_or(&[][..], |failed| &waited[failed..]);
                assert!(failed.iter().all(Result::is_err), "{waited:?}");
                waited.into_iter().collect()
            }
            Step::Flush => self.store.as_ref().map_or(Ok(()), Store::flush),
        }
    }

    fn open(&mut self) -> Result<(), StoreError> {
        if self.store.is_some() {
            return Ok(());
        }
        self.opened += 1;
        let disk = Arc::new(self.disk.clone());
        let store = Store::open(config(disk, &self.clock, self.opened))?;
        let found = store.position();
        self.store = Some(store);
        if found < self.log().last() {
            let mut log = self.log().clone();
            log.cut(found);
            self.logs.push(log);
        }
        // What was found is durable by now, and nothing else that was submitted is on its way.
        self.promise(found, found);
        Ok(())
    }

    fn close(&mut self, properly: bool) -> Result<(), StoreError> {
        let Some(store) = self.store.take() else {
            return Ok(());
        };
        let last = self.log().last();
        let flushed = match properly {
            true => store.flush(),
            false => Ok(()),
        };
        // The store's thread is to find that it has to end before it goes on.
        let disk = self.disk.clone();
        let release = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(3));
            disk.release();
        });
        drop(store);
        let _ = release.join();
        if properly && flushed.is_ok() {
            self.promise(last, last);
        } else if self.disk.failed().is_none() {
            // Nobody would tell if it had failed to write what was buffered.
            self.promise(last, 0);
        }
        self.tickets.clear();
        flushed
    }

    /// Hands a batch to the store, which may answer with a ticket.
    fn append(
        &mut self,
        (events, bytes, durability): (usize, usize, Durability),
        hand: impl FnOnce(Batch, &Store) -> Result<Option<Ticket>, StoreError>,
    ) -> Result<(), StoreError> {
        if self.store.is_none() {
            return Ok(());
        }
        let serials = self.serial..self.serial + events as u64;
        self.serial = serials.end;
        let events: Vec<_> = serials
            .map(|serial| Submitted::new(serial, bytes))
            .collect();
        let mut batch = Batch::new().durability(durability);
        batch.extend(events.iter().map(|event| event.event()));
        let newest = self.logs.len() - 1;
        let before = self.log().last();
        self.logs[newest].events.extend(&events);
        self.logs[newest].ends.push(before + events.len() as u64);
        self.promise(0, 0);
        match self.store.as_ref().map(|store| hand(batch, store)) {
            Some(Err(error)) => {
                if matches!(self.disk.failed(), Some((Ask::Read | Ask::Open, _))) {
                    // Nothing is read once a batch is staged.
                    self.logs[newest].cut(before);
                }
                Err(error)
            }
            handed => {
                self.tickets.extend(handed.transpose()?.flatten());
                Ok(())
            }
        }
    }
}

impl Drop for Player {
    /// Lets the store's thread end, which is waited for then.
    fn drop(&mut self) {
        self.disk.release();
    }
}
