use std::fmt;
use std::time::Duration;

use super::feed::{Feed, Follows};
use crate::event::StoredEvent;
use crate::store::StoreError;
use crate::store::read::share;
use crate::sync::{Instant, thread};

/// How often a thread that feeds a channel looks whether there is somebody at its other end.
const LOOK: Duration = Duration::from_millis(250);

/// One who follows the events of a region: see [`Store::subscribe`](crate::Store::subscribe).
///
/// Events are received one by one by [`recv`](Self::recv), [`recv_timeout`](Self::recv_timeout), [`try_recv`](Self::try_recv) or as an iterator,
/// several at a time by [`recv_batch`](Self::recv_batch), or through a channel by [`into_receiver`](Self::into_receiver).
///
/// When the store is dropped, it gives what it may give by then, and then [`StoreError::Closed`]; as an
/// iterator it ends. What nobody has synced by then it does not give, unless it follows what is [published](Self::published);
/// [`Store::close`](crate::Store::close) syncs. If the store can write no more, it gives what there is, and then [`StoreError::Poisoned`]. After any
/// other error the same event is tried again by the next call.
#[must_use = "nothing is read until events are received"]
pub struct Subscription {
    feed: Feed,
    /// Whether it has ended as an iterator.
    is_over: bool,
}

impl Subscription {
    pub(super) fn new(feed: Feed) -> Self {
        Self {
            feed,
            is_over: false,
        }
    }

    /// The same, but that it goes on behind this position, such as where an earlier one has come to
    /// ([`Self::position`]). A position that the log has not reached is waited for.
    pub fn after(mut self, position: u64) -> Self {
        self.feed.skip_to(position);
        self
    }

    /// The same, but that it begins with what comes from now on.
    pub fn from_now(self) -> Self {
        self.feed.shared().refresh();
        let now = self.feed.shared().watermarks.published();
        self.after(now)
    }

    /// The same, but that it gives events as soon as readers see them. What was not durable then, a power loss may take back.
    pub fn published(mut self) -> Self {
        self.feed.follow(Follows::Published);
        self
    }

    /// Up to where it has come: every event of the region up to this position was given.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.feed.position()
    }

    /// How many positions it is behind the newest event that it may give, whether or not those are of its region.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.feed.shared().refresh();
        self.feed.end().saturating_sub(self.position())
    }

    /// The next event, which is waited for.
    ///
    /// # Errors
    /// [`StoreError::Closed`] if the store was dropped, [`StoreError::Poisoned`] if it can write no more, and whatever reading gives.
    pub fn recv(&mut self) -> Result<StoredEvent, StoreError> {
        loop {
            if let Some(event) = self.wait(None)? {
                return Ok(event);
            }
        }
    }

    /// The next event, which is waited for, but no longer than this; `None` if there is none by then.
    ///
    /// # Errors
    /// As for [`Self::recv`].
    pub fn recv_timeout(&mut self, patience: Duration) -> Result<Option<StoredEvent>, StoreError> {
        let start = Instant::now();
        loop {
            let left = patience.saturating_sub(start.elapsed());
            let event = match left.is_zero() {
                true => self.try_recv()?,
                false => self.wait(Some(left))?,
            };
            if event.is_some() || left.is_zero() {
                return Ok(event);
            }
        }
    }

    /// The next event, if there is one by now.
    ///
    /// # Errors
    /// As for [`Self::recv`].
    pub fn try_recv(&mut self) -> Result<Option<StoredEvent>, StoreError> {
        self.feed.shared().refresh();
        self.take()
    }

    /// The next events, at least one, which is waited for, and at most `max`: what there is by then.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-recv-batch-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// for step in ["north", "east", "north"] {
    ///     store.append(&alice, EventKind::custom(0xF, 1), &step)?;
    /// }
    /// let mut moves = store.subscribe(Region::stream(&alice)).after(1);
    /// assert_eq!(moves.recv_batch(100)?.len(), 2);
    /// assert_eq!((moves.position(), moves.lag()), (3, 0));
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Self::recv`], if there is not one event before it.
    pub fn recv_batch(&mut self, max: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = Vec::new();
        if max == 0 {
            return Ok(events);
        }
        events.push(self.recv()?);
        while events.len() < max {
            let next = self.feed.next(|event, buffer| {
                events.push(share(event, buffer)?);
                Ok(())
            });
            // An error comes again when it is the first.
            if !matches!(next, Ok(Some(()))) {
                break;
            }
        }
        Ok(events)
    }

    /// A channel that the events come through, of so many at most, with a thread that receives them: for callers that are async
    /// (`recv_async`, `into_stream`), and for those who select among channels.
    ///
    /// The thread waits as long as the channel is full. It ends when the store is dropped, with all that the subscription gives in the
    /// channel, or within some hundred milliseconds when the receiver is. An error is the last that comes.
    ///
    /// # Errors
    /// [`StoreError::Io`] if there is no thread to be had.
    pub fn into_receiver(
        mut self,
        capacity: usize,
    ) -> Result<flume::Receiver<Result<StoredEvent, StoreError>>, StoreError> {
        let (sender, receiver) = flume::bounded(capacity.max(1));
        let dir = self.feed.shared().dir.clone();
        let feeding = move || {
            while !sender.is_disconnected() {
                let next = match self.recv_timeout(LOOK) {
                    Ok(Some(event)) => Ok(event),
                    Ok(None) => continue,
                    Err(StoreError::Closed) => return,
                    Err(error) => Err(error),
                };
                let is_last = next.is_err();
                if sender.send(next).is_err() || is_last {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("batpak-feed".to_owned())
            .spawn(feeding)
            .map_err(StoreError::io("start a thread for", &dir))?;
        Ok(receiver)
    }

    /// The next event, if there is one after this time at most.
    fn wait(&mut self, patience: Option<Duration>) -> Result<Option<StoredEvent>, StoreError> {
        if let Some(event) = self.take()? {
            return Ok(Some(event));
        }
        self.feed.wait(patience, || false)?;
        self.take()
    }

    /// The next event, or why there is none any more.
    fn take(&mut self) -> Result<Option<StoredEvent>, StoreError> {
        // What is published after this was asked does not come to an end here.
        let has_ended = self.feed.has_ended();
        let next = self.feed.next(share)?;
        if next.is_none() && has_ended {
            self.feed.check()?;
            return Err(StoreError::Closed);
        }
        Ok(next)
    }
}

/// It waits for each event, and ends when the store is dropped, or after an error.
impl Iterator for Subscription {
    type Item = Result<StoredEvent, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.recv();
        self.is_over = next.is_err();
        match next {
            Err(StoreError::Closed) => None,
            next => Some(next),
        }
    }
}

impl std::iter::FusedIterator for Subscription {}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}
