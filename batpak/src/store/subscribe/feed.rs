use std::sync::Arc;
use std::time::Duration;

use super::recent::Run;
use crate::event::{RawEvent, Region};
use crate::store::StoreError;
use crate::store::commit::Committer;
use crate::store::read::{Events, Side};
use crate::store::shared::Shared;
use crate::sync::{Instant, thread};

/// Who is woken again so soon first lets more come, so that a busy writer wakes nobody for each event.
const BUSY: Duration = Duration::from_micros(200);

/// How long that takes.
const LULL: Duration = Duration::from_micros(100);

/// How many positions are gone through with one view of the index, which keeps what it is of.
const STRETCH: u64 = 1 << 18;

/// How often a reader asks for what somebody else has written.
const POLL: Duration = Duration::from_millis(2);

/// Up to where somebody follows the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// What survives power loss.
    Durable,
    /// What readers see.
    Published,
}

/// One who follows the events of a region: from the log as long as they are far behind, else from what is read for all.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    /// `None` if the store is read-only.
    committer: Option<Arc<Committer>>,
    region: Region,
    follows: Follows,
    /// Everything up to this position was given, or is not in the region.
    at: u64,
    /// Everything up to this position may be given.
    until: u64,
    source: Source,
    woken: Option<Instant>,
}

/// Where the next events come from.
enum Source {
    /// Wherever they are.
    Open,
    Run(Arc<Run>),
    /// By the index, up to this position.
    Log(Box<Events<'static>>, u64),
}

impl Feed {
    /// From the beginning.
    pub(crate) fn new(
        region: Region,
        follows: Follows,
        shared: &Arc<Shared>,
        committer: Option<&Arc<Committer>>,
    ) -> Self {
        shared.recent.enter();
        Self {
            shared: Arc::clone(shared),
            committer: committer.map(Arc::clone),
            region,
            follows,
            at: 0,
            until: 0,
            source: Source::Open,
            woken: None,
        }
    }

    /// The events behind this position alone.
    pub(crate) fn skip_to(&mut self, position: u64) {
        self.at = position;
        self.until = 0;
        self.source = Source::Open;
    }

    /// Another one of the same events, of those behind this position.
    pub(crate) fn beside(&self, position: u64) -> Self {
        let committer = self.committer.as_ref();
        let mut feed = Self::new(self.region.clone(), self.follows, &self.shared, committer);
        feed.skip_to(position);
        feed
    }

    pub(crate) fn follow(&mut self, follows: Follows) {
        self.follows = follows;
        self.until = 0;
    }

    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The position of the newest event that may be given.
    pub(crate) fn end(&self) -> u64 {
        let watermarks = &self.shared.watermarks;
        match self.follows {
            Follows::Published => watermarks.published(),
            Follows::Durable => watermarks.durable().min(watermarks.published()),
        }
    }

    /// What `take` makes of the next event of the region, if there is one by now. After an error the same is tried again.
    pub(crate) fn next<R>(
        &mut self,
        mut take: impl FnMut(&RawEvent<'_>, &Arc<Vec<u8>>) -> Result<R, StoreError>,
    ) -> Result<Option<R>, StoreError> {
        loop {
            if self.at >= self.until {
                self.until = self.end();
                if self.at >= self.until {
                    return Ok(None);
                }
            }
            match &mut self.source {
                Source::Open => self.open()?,
                Source::Run(run) => {
                    let Some(event) = run.event(self.at + 1) else {
                        self.source = Source::Open;
                        continue;
                    };
                    let event =
                        event.map_err(|problem| self.shared.corrupt(self.at + 1, problem))?;
                    let taken = match self.region.contains(&event.meta) {
                        true => Some(take(&event, run.buffer())?),
                        false => None,
                    };
                    self.at += 1;
                    if taken.is_some() {
                        return Ok(taken);
                    }
                }
                Source::Log(events, until) => {
                    let next = events.step(Side::Front, |event, buffer| {
                        Ok((event.meta.header.sequence, take(event, buffer)?))
                    });
                    match next.transpose() {
                        Ok(Some((position, taken))) => {
                            self.at = position;
                            return Ok(Some(taken));
                        }
                        Ok(None) => {
                            self.at = *until;
                            self.source = Source::Open;
                        }
                        Err(error) => {
                            self.source = Source::Open;
                            return Err(error);
                        }
                    }
                }
            }
        }
    }

    /// Looks where the next events come from.
    fn open(&mut self) -> Result<(), StoreError> {
        self.check_process()?;
        self.source = match self.shared.recent.run(self.at + 1, &self.shared)? {
            Some(run) => Source::Run(run),
            None => {
                let until = self.until.min(self.at.saturating_add(STRETCH));
                let view = self.shared.view().until(until);
                let events = Events::owned(&self.region, Arc::clone(&self.shared), view);
                Source::Log(Box::new(events.skip_to(self.at + 1)), until)
            }
        };
        Ok(())
    }

    /// Waits until there is news, the log does not go on, `is_over`, or for so long.
    pub(crate) fn wait(
        &mut self,
        patience: Option<Duration>,
        is_over: impl Fn() -> bool,
    ) -> Result<(), StoreError> {
        self.check_process()?;
        let start = Instant::now();
        let left = |patience: Duration| patience.saturating_sub(start.elapsed());
        if self.woken.is_some_and(|woken| woken.elapsed() < BUSY) {
            thread::sleep(patience.map_or(LULL, |patience| patience.min(LULL)));
        }
        let holds = || self.end() > self.at || is_over() || self.has_ended();
        match (&self.shared.follower, patience) {
            (Some(_), _) => loop {
                self.shared.refresh();
                let left = patience.map_or(POLL, left);
                if left.is_zero() || self.shared.watch.wait_for(left.min(POLL), holds) {
                    break;
                }
            },
            (None, Some(patience)) => {
                self.shared.watch.wait_for(left(patience), holds);
            }
            (None, None) => self.shared.watch.wait_until(holds),
        }
        self.woken = Some(Instant::now());
        Ok(())
    }

    /// Whether nothing is published any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.shared.is_closed() || self.check().is_err()
    }

    /// That the log may go on.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.committer {
            Some(committer) => committer.check(),
            None => Ok(()),
        }
    }

    /// A fork may find any lock held for good.
    pub(crate) fn check_process(&self) -> Result<(), StoreError> {
        match &self.committer {
            Some(committer) => committer.check_process(),
            None => Ok(()),
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if self.check_process().is_ok() {
            self.shared.recent.leave();
        }
    }
}
