use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::bookmark::{Bookmark, BookmarkFile};
use super::course::{Course, Job, OwnHandler, panicked};
use super::lanes::Lanes;
use super::{ConsumerError, ConsumerFailure};
use crate::event::{Region, StoredEvent};
use crate::store::commit::Committer;
use crate::store::read::Events;
use crate::store::{StoreError, trace};
use crate::sync::Instant;

/// The key of an event, by which its order is kept, as a number.
pub(super) type Key = Box<dyn Fn(&StoredEvent) -> u64 + Send>;

/// Who handles the events.
pub(super) enum Hands {
    /// The thread that reads them.
    Own(OwnHandler),
    Lanes(Lanes),
}

/// The thread of a consumer that reads the log, gives out its events, and stores how far it has come.
///
/// It has what reading and syncing need, and nothing that keeps the directory locked.
pub(super) struct Reader {
    pub(super) course: Arc<Course>,
    pub(super) committer: Arc<Committer>,
    pub(super) region: Region,
    pub(super) key: Key,
    pub(super) hands: Hands,
    pub(super) file: BookmarkFile,
    /// What is in the file.
    pub(super) bookmark: Bookmark,
    /// Everything up to this position was given out, or is not in the region.
    pub(super) read_to: u64,
    /// The position of the event that it was at last.
    pub(super) at: u64,
    /// Since when something was handled that is not in the file.
    pub(super) unkept_since: Option<Instant>,
}

impl Reader {
    /// Reads on until it is to end, or cannot go on.
    pub(super) fn run(mut self) -> Result<(), ConsumerError> {
        let worked = self.work();
        self.note(worked);
        if let Hands::Lanes(lanes) = &mut self.hands {
            lanes.close();
        }
        let saved = self.save().map_err(ConsumerFailure::from);
        self.note(saved);
        let failure = self.course.ledger(|ledger| ledger.failure.clone());
        match failure {
            Some(error) => {
                trace::consumer_ended(&self.course.shared.dir, &error);
                Err(error)
            }
            None => Ok(()),
        }
    }

    /// It ends by this, if it is an error.
    fn note(&self, came: Result<(), ConsumerFailure>) {
        if let Err(failure) = came {
            let name = self.course.running.name();
            self.course.fail(ConsumerError::at(name, self.at, failure));
        }
    }

    fn work(&mut self) -> Result<(), ConsumerFailure> {
        self.find_keys()?;
        loop {
            self.wait();
            if self.course.is_over() {
                return Ok(());
            }
            self.committer.check()?;
            self.replay()?;
            self.catch_up()?;
            self.save_if_due()?;
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) {
        let (course, watch) = (&self.course, &self.course.shared.watch);
        let has_news = || course.shared.watermarks.published() > self.read_to;
        let is_over = || course.is_over() || self.committer.check().is_err();
        let is_called = || has_news() || is_over() || course.is_asked() || course.is_due();
        if course.unkept() == 0 {
            return watch.wait_until(|| is_called() || course.unkept() > 0);
        }
        let waited = self.unkept_since.map(|since| since.elapsed());
        let left = course
            .settings
            .within
            .saturating_sub(waited.unwrap_or_default());
        watch.wait_for(left, is_called);
    }

    /// Goes on to where the log ends, unless something comes in between.
    fn catch_up(&mut self) -> Result<(), ConsumerFailure> {
        let shared = Arc::clone(&self.course.shared);
        let view = shared.view();
        let end = view.published();
        if end <= self.read_to {
            return Ok(());
        }
        let events = Events::of(&self.region, &shared, view).skip_to(self.read_to + 1);
        for event in events {
            let event = event?;
            self.course.wait_for_room();
            if self.course.is_over() || self.course.is_asked() {
                return Ok(());
            }
            self.at = event.header.sequence;
            if shared.watermarks.durable() < self.at {
                self.committer.sync_published()?;
            }
            self.read_to = self.at;
            self.give(event, false)?;
            self.save_if_due()?;
        }
        self.read_to = end;
        self.course.pass(end);
        Ok(())
    }

    /// Has an event handled.
    fn give(&mut self, event: StoredEvent, is_replay: bool) -> Result<(), ConsumerFailure> {
        let needs_key = matches!(self.hands, Hands::Lanes(_)) || self.course.settings.keeps_order;
        let key = match needs_key {
            true => Some(self.key_of(&event)?),
            false => None,
        };
        let mut job = Job {
            event,
            key,
            is_replay,
        };
        if !self.course.begin(&job) {
            return Ok(());
        }
        self.unkept_since.get_or_insert_with(Instant::now);
        match &mut self.hands {
            Hands::Own(handler) => self.course.handle(&job, handler),
            Hands::Lanes(lanes) => {
                // Many wait at once, and are not to keep what was read with them.
                job.event = job.event.detach();
                lanes.give(job);
            }
        }
        Ok(())
    }

    fn key_of(&self, event: &StoredEvent) -> Result<u64, ConsumerFailure> {
        let key = catch_unwind(AssertUnwindSafe(|| (self.key)(event)));
        key.map_err(|panic| panicked(panic.as_ref()))
    }

    /// Finds the keys of what was parked in an earlier run.
    fn find_keys(&mut self) -> Result<(), ConsumerFailure> {
        if !self.course.settings.keeps_order {
            return Ok(());
        }
        let shared = Arc::clone(&self.course.shared);
        for parked in self.bookmark.parked.clone() {
            self.at = parked.position;
            let key = self.key_of(&shared.event_at(self.at, &shared.view())?)?;
            self.course.ledger(|ledger| ledger.set_key(self.at, key));
        }
        Ok(())
    }

    /// Has handled again what was asked for of what is parked.
    fn replay(&mut self) -> Result<(), ConsumerFailure> {
        if !self.course.is_asked() {
            return Ok(());
        }
        // What is in hand may yet be parked behind what is to be replayed.
        self.course.wait_for_idle();
        let shared = Arc::clone(&self.course.shared);
        let (round, positions) = self.course.take_asked();
        for position in positions {
            if self.course.is_over() {
                return Ok(());
            }
            self.at = position;
            let event = shared.event_at(position, &shared.view())?;
            self.give(event, true)?;
        }
        self.course.wait_for_idle();
        if !self.course.is_over() {
            self.save()?;
            self.course.finish_round(round);
        }
        Ok(())
    }

    /// Stores how far it has come, if there is enough to be stored or it has waited for long enough.
    fn save_if_due(&mut self) -> Result<(), StoreError> {
        if self.course.unkept() == 0 {
            return Ok(());
        }
        let since = *self.unkept_since.get_or_insert_with(Instant::now);
        match self.course.is_due() || since.elapsed() >= self.course.settings.within {
            true => self.save(),
            false => Ok(()),
        }
    }

    /// Stores how far it has come, as far as that is durable.
    fn save(&mut self) -> Result<(), StoreError> {
        let course = Arc::clone(&self.course);
        let handled = course.handled();
        let durable = course.shared.watermarks.durable();
        let (position, ahead, parked) = course.ledger(|ledger| ledger.snapshot(durable));
        let (before, now) = (&self.bookmark, (position, &ahead, &parked));
        if now != (before.position, &before.ahead, &before.parked) {
            let bookmark = Bookmark::at(position, ahead, parked, &course.shared)?;
            let written = course.running.write(|| self.file.write(&bookmark));
            let Some(written) = written else {
                return Ok(());
            };
            written?;
            self.bookmark = bookmark;
        }
        // What is in hand may be done at any moment.
        self.unkept_since = (!course.is_idle()).then(Instant::now);
        course.keep(position, handled);
        Ok(())
    }
}
