//! Consumers: events are handled outside of the store, at least once, by handlers that go on where they were.

mod bookmark;
mod consumer;
mod consuming;
mod copies;
mod course;
mod error;
mod lanes;
mod ledger;
mod reader;
#[cfg(all(test, feature = "testing", not(shuttle)))]
mod tests;

pub use consumer::Consumer;
pub use consuming::Consuming;
pub(super) use copies::Bookmarks;
pub use error::{ConsumerError, ConsumerFailure};

use super::{Store, StoreError};
use crate::event::Region;
use bookmark::{Bookmark, BookmarkFile};

/// An event that a consumer could not handle, and has gone on without.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parked {
    /// The event's position.
    pub position: u64,
    /// How often it was tried. 0 if it was not, for an earlier event of its key is parked
    /// ([`Consumer::keep_order`]).
    pub attempts: u32,
    /// What was said the last time: the beginning of it, at most 1,024 bytes.
    pub error: String,
    /// When that was, in microseconds since 1970 UTC.
    pub time_us: u64,
}

impl Store {
    /// A consumer, which handles the events of a region by code of its own: sends letters, fills another database, calls a
    /// service. It remembers by its name how far it has come.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-consumer-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let paid = EventKind::custom(0x1, 1);
    /// for article in ["tea", "kettle"] {
    ///     store.append(&Coordinate::new("order:1", "shop")?, paid, &article)?;
    ///     let mailer = store
    ///         .consumer("mailer", Region::all().kinds([paid]))
    ///         .every(100)
    ///         .run(|order| {
    ///             let article: String = order.payload()?;
    ///             println!("Your {article} is on its way.");
    ///             Ok::<_, StoreError>(())
    ///         })?;
    ///     mailer.catch_up()?;
    ///     // The second run begins behind what the first one has handled.
    ///     mailer.stop()?;
    /// }
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// **At least once.** The position is stored after the events up to it were handled: behind each 1,000 events, or a second after the first
    /// that is not in it, and when the consumer ends. What was handled since the position was stored last is handled again after a crash, so a
    /// handler has to bear that: by an id that follows from the event's, for instance. What is to happen once, and is itself an
    /// event, is for a [reactor](Self::react).
    ///
    /// **Durable events.** What nobody has synced yet, the consumer has synced before it is handled, and the position that is
    /// stored is never above what is durable. So nothing was handled that a power loss takes back.
    ///
    /// **What fails.** An event whose handler gives an error, or panics, is tried again ([`Consumer::retry`]), and
    /// then *parked*: it is noted with the error, and the consumer goes on with the next one, also of the same stream or key, unless
    /// [`Consumer::keep_order`] was asked for. [`Self::parked`] lists what is parked, and [`Consuming::replay`]
    /// handles it again. [`Consumer::park_at_most`] says how many may be.
    ///
    /// **Another log.** Where the log is not the one that the consumer has read, because it was put back to an older copy, it does not
    /// start ([`StoreError::HistoryChanged`]), until [`Self::reset_consumer`] says from where it is to go on.
    ///
    /// **How it ends.** By [`Consuming::stop`], when the handle is dropped, and when the store is: all of them wait for the event that is
    /// being handled. By an error that it cannot go on from: [`Consuming::error`] tells. Its threads do not keep the store open.
    /// It may read and write its store, through an `Arc<Store>`; with a [`Weak`](std::sync::Weak) one it does not keep that open.
    ///
    /// The region may be another in each run: it is asked from the stored position on.
    pub fn consumer(&self, name: &str, region: Region) -> Consumer<'_> {
        Consumer::new(self, name, region)
    }

    /// The events that the consumer of this name has parked, by position, as they are stored; none if there is no such consumer. One
    /// that runs may have parked or replayed some since ([`Consuming::parked`]).
    ///
    /// # Errors
    /// As for [`Consumer::run`], as far as they are about what is stored.
    pub fn parked(&self, consumer: &str) -> Result<Vec<Parked>, StoreError> {
        let bookmark = BookmarkFile::of(consumer, &self.shared)?.read()?;
        Ok(bookmark.map_or_else(Vec::new, |bookmark| bookmark.parked))
    }

    /// Lets the consumer of this name go on behind a position, whatever it has stored: to have events handled again, to skip some, or to go on
    /// after [`StoreError::HistoryChanged`]. It must not be running, and need not have run before.
    ///
    /// What it had parked up to that position stays parked, if the log is still the one that it had read.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-reset-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// for step in ["north", "east", "north"] {
    ///     store.append(&alice, EventKind::custom(0xF, 1), &step)?;
    /// }
    /// store.reset_consumer("map", 2)?;
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let map = store.consumer("map", Region::all());
    /// let map = map.run(move |event| tell.send(event.header.sequence))?;
    /// map.catch_up()?;
    /// assert_eq!(told.recv()?, 3);
    /// # drop((map, store));
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`StoreError::HistoryChanged`] if the log does not go so far;
    /// - [`StoreError::ConsumerRunning`], [`StoreError::ReadOnly`], [`StoreError::Coordinate`], and whatever syncing, reading and storing
    ///   the position give.
    pub fn reset_consumer(&self, consumer: &str, position: u64) -> Result<(), StoreError> {
        let (shared, committer) = (&self.shared, self.committer()?);
        let file = BookmarkFile::of(consumer, shared)?;
        let _running = self.running.enter::<ConsumerError>(consumer)?;
        if position > shared.watermarks.published() {
            let consumer = consumer.to_owned();
            return Err(StoreError::HistoryChanged { consumer, position });
        }
        if shared.watermarks.durable() < position {
            committer.sync_published()?;
        }
        // One that cannot be read has nothing to be kept.
        let before = match file.read() {
            Ok(Some(before)) if before.fits(shared)? => before.parked,
            Err(error @ (StoreError::Io { .. } | StoreError::NewerFormat { .. })) => {
                return Err(error);
            }
            _ => Vec::new(),
        };
        let is_kept = |parked: &Parked| parked.position <= position;
        file.prepare()?;
        let kept = before.into_iter().filter(is_kept).collect();
        file.write(&Bookmark::at(position, Vec::new(), kept, shared)?)
    }
}
