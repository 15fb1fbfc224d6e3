use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::bookmark::Bookmark;
use super::reactor::Reactor;
use super::{ReactorError, ReactorFailure};
use crate::event::{Region, StoredEvent};
use crate::outcome::Backoff;
use crate::pipeline::{Batch, Durability};
use crate::store::commit::{Committer, Prepared};
use crate::store::read::Events;
use crate::store::running::{Running, panic_message};
use crate::store::shared::Shared;
use crate::store::{StoreConfig, StoreError, trace};

/// After how many events without reaction the position is stored.
const UNSAVED: u64 = 1_000;

/// How often in a row it is asked again after a conflict.
const CONFLICTS: u32 = 100;

/// How long it waits before it asks again. Nobody who stops it waits longer than that.
const BACKOFF: Backoff = Backoff::new(Duration::from_micros(100), Duration::from_millis(20));

/// A reactor at work. It has what reading and appending need, and nothing that keeps the directory locked.
pub(super) struct Worker<R> {
    pub(super) reactor: R,
    pub(super) region: Region,
    pub(super) bookmark: Bookmark,
    /// The position of the event that it is at, or was at last.
    pub(super) at: u64,
    /// Everything behind what it was told of, up to this position, it has appended itself.
    pub(super) own_until: u64,
    /// How many events without reaction lie behind the bookmark.
    pub(super) unsaved: u64,
    /// How many conflicts there were in a row.
    pub(super) conflicts: u32,
    pub(super) running: Arc<Running<ReactorError>>,
    pub(super) committer: Arc<Committer>,
    pub(super) shared: Arc<Shared>,
    pub(super) config: StoreConfig,
    pub(super) chained: bool,
}

impl<R: Reactor> Worker<R> {
    /// Reacts until it is to end, or cannot go on.
    pub(super) fn run(mut self) -> Result<(), ReactorError> {
        let mut ended = self.work();
        if self.unsaved > 0 {
            let saved = self.save(self.running.position());
            ended = ended.and(saved.map(drop).map_err(ReactorFailure::from));
        }
        ended.map_err(|failure| {
            let error = ReactorError::at(self.running.name(), self.at, failure);
            trace::ended(&self.shared.dir, &error);
            error
        })
    }

    fn work(&mut self) -> Result<(), ReactorFailure> {
        loop {
            let reached = self.running.position();
            let has_news = || self.shared.watermarks.published() > reached;
            let is_over = || !self.running.goes_on() || self.committer.check().is_err();
            self.shared.watch.wait_until(|| has_news() || is_over());
            if !self.running.goes_on() {
                return Ok(());
            }
            self.committer.check()?;
            self.catch_up(reached)?;
        }
    }

    /// Goes on to where the log ends, unless something comes in between.
    fn catch_up(&mut self, reached: u64) -> Result<(), ReactorFailure> {
        let shared = Arc::clone(&self.shared);
        let view = shared.view();
        self.own_until = view.published();
        let events = Events::of(&self.region, &shared, view).skip_to(reached + 1);
        for event in events {
            let event = event?;
            self.at = event.header.sequence;
            if !self.running.goes_on() {
                return Ok(());
            }
            let is_own = event.header.kind.is_reserved() || self.bookmark.is_of(&event)?;
            let reached = match is_own {
                true => self.at,
                false => self.take(&event)?,
            };
            self.running.reach(reached);
            if reached != self.at {
                return Ok(());
            }
        }
        self.running.reach(self.own_until);
        Ok(())
    }

    /// Takes an event, and gives the position that the reactor has come to: another than that of the event if something
    /// has come in between.
    fn take(&mut self, event: &StoredEvent) -> Result<u64, ReactorFailure> {
        if self.shared.watermarks.durable() < self.at {
            self.committer.sync_published()?;
        }
        let reaction = self.ask(event)?;
        if !reaction.is_empty() {
            let durability = reaction.durability.unwrap_or(self.config.durability);
            let batch = self.bookmark.reaction(&event.header, reaction);
            let batch = batch.durability(durability.max(Durability::Written));
            return Ok(self.commit(batch, self.at)?);
        }
        self.unsaved += 1;
        self.conflicts = 0;
        match self.unsaved >= UNSAVED {
            true => Ok(self.save(self.at)?),
            false => Ok(self.at),
        }
    }

    /// What the reactor's code says.
    fn ask(&mut self, event: &StoredEvent) -> Result<Batch, ReactorFailure> {
        // Nobody asks it again after a panic.
        let asked = catch_unwind(AssertUnwindSafe(|| self.reactor.react(event)));
        match asked {
            Ok(Ok(reaction)) => Ok(reaction),
            Ok(Err(error)) => Err(ReactorFailure::Reaction(error.into().into())),
            Err(panic) => Err(ReactorFailure::Panicked(
                panic_message(panic.as_ref()).into(),
            )),
        }
    }

    /// Stores the position that it has come to.
    fn save(&mut self, position: u64) -> Result<u64, StoreError> {
        let batch = self.bookmark.moved(position);
        self.commit(batch.durability(Durability::Written), position)
    }

    /// Commits a batch that moves the bookmark to this position, and gives the position that the reactor has come to.
    fn commit(&mut self, batch: Batch, position: u64) -> Result<u64, StoreError> {
        let reached = self.running.position();
        if !self.running.may_write() {
            return Ok(reached);
        }
        let batch = Prepared::of(batch, &self.shared, &self.config, self.chained)?;
        let stands = match self.committer.commit(&batch) {
            Ok(receipts) => {
                if let (Some(first), Some(last)) = (receipts.first(), receipts.last()) {
                    self.bookmark.move_to(position, last.revision);
                    if first.sequence == self.own_until + 1 {
                        self.own_until = last.sequence;
                    }
                }
                self.unsaved = 0;
                self.conflicts = 0;
                return Ok(position);
            }
            // Somebody else was faster, and the code may have another answer to what it reads by now.
            Err(error) if error.is_retryable() && self.conflicts < CONFLICTS => {
                self.conflicts += 1;
                thread::sleep(BACKOFF.delay(self.conflicts));
                reached
            }
            // There is a reaction, wherever the bookmark is.
            Err(StoreError::IdTaken { .. } | StoreError::RepeatedInPart { .. }) => {
                self.unsaved += 1;
                position
            }
            Err(error) => return Err(error),
        };
        self.bookmark.look(&self.shared)?;
        Ok(self.bookmark.position().max(stands))
    }
}
