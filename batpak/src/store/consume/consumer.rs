use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::bookmark::{Bookmark, BookmarkFile};
use super::course::{BoxError, Course};
use super::lanes::{Lanes, SharedHandler};
use super::reader::{Hands, Key, Reader};
use super::{ConsumerError, Consuming};
use crate::event::{Region, StoredEvent};
use crate::outcome::Backoff;
use crate::store::running::{Ending, Handle, Running};
use crate::store::{Store, StoreError};
use crate::sync::thread;

/// How many events may be parked at most, whatever is asked for.
const MAX_PARKED: usize = 100_000;

/// The shortest time after which a position is stored.
const MIN_WITHIN: Duration = Duration::from_millis(1);

/// How a consumer is to work, from [`Store::consumer`]: settings, and at the end [`run`](Self::run) or
/// [`run_partitioned`](Self::run_partitioned).
#[must_use = "nothing is handled until it runs"]
pub struct Consumer<'s> {
    store: &'s Store,
    name: String,
    region: Region,
    start: Start,
    settings: Settings,
}

/// Where a new consumer begins.
#[derive(Debug, Clone, Copy)]
enum Start {
    After(u64),
    Now,
}

/// What can be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) backoff: Backoff,
    pub(super) attempts: u32,
    pub(super) park_at_most: usize,
    pub(super) keeps_order: bool,
    pub(super) every: u64,
    pub(super) within: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(10)),
            attempts: 5,
            park_at_most: 1_000,
            keeps_order: false,
            every: 1_000,
            within: Duration::from_secs(1),
        }
    }
}

/// What a consumer that begins has: its place, and what shows how it goes.
struct Begun {
    file: BookmarkFile,
    bookmark: Bookmark,
    running: Arc<Running<ConsumerError>>,
}

impl<'s> Consumer<'s> {
    pub(super) fn new(store: &'s Store, name: &str, region: Region) -> Self {
        Self {
            store,
            name: name.to_owned(),
            region,
            start: Start::After(0),
            settings: Settings::default(),
        }
    }

    /// Begins behind this position, if there is no consumer of its name yet. One that was there goes on where it was.
    /// Default: 0, which is the beginning of the log.
    pub fn after(self, position: u64) -> Self {
        let start = Start::After(position);
        Self { start, ..self }
    }

    /// Begins behind the newest event that there is when it is started, if there is no consumer of its name yet. One that was there
    /// goes on where it was.
    pub fn from_now(self) -> Self {
        let start = Start::Now;
        Self { start, ..self }
    }

    /// How often an event that fails is tried in all, and how long to wait before the next attempt. Default: 5 attempts, with
    /// waits of 100 ms, twice as long each time, up to 10 s. No attempts are taken for one.
    pub fn retry(mut self, backoff: Backoff, attempts: u32) -> Self {
        self.settings.backoff = backoff;
        self.settings.attempts = attempts.max(1);
        self
    }

    /// How many events may be parked, whose attempts have all failed. One more ends the consumer, and with 0 the first one does, by its own
    /// error. Default: 1,000; at most 100,000.
    pub fn park_at_most(mut self, events: usize) -> Self {
        self.settings.park_at_most = events.min(MAX_PARKED);
        self
    }

    /// As long as an event is parked, parks the later ones of its key behind it, without an attempt: so that they are handled in order,
    /// too, when they are replayed. The key is that of [`Self::run_partitioned`], and the event's stream with [`Self::run`].
    pub fn keep_order(mut self) -> Self {
        self.settings.keeps_order = true;
        self
    }

    /// After how many handled events the position is stored. With 1 it is stored behind each, which costs two syncs every time.
    /// Default: 1,000. What was handled since is handled again after a crash.
    pub fn every(mut self, events: u64) -> Self {
        self.settings.every = events.max(1);
        self
    }

    /// How long after an event was handled the position is stored at the latest, if [`Self::every`] does not say so before. Default: a
    /// second; at least a millisecond.
    pub fn within(mut self, time: Duration) -> Self {
        self.settings.within = time.max(MIN_WITHIN);
        self
    }

    /// Starts it: from now on the handler is called for each event of the region, one by one in the order of the log, by a thread of
    /// the consumer's own. See [`Store::consumer`].
    ///
    /// # Errors
    /// - [`StoreError::HistoryChanged`] if the log is not the one that it has read, or ends before where it is to begin;
    /// - [`StoreError::DamagedBookmark`] if the file that has its position cannot be relied on, [`StoreError::Elsewhere`]
    ///   if that is of another store, and [`StoreError::NewerFormat`] if it is of a later version;
    /// - [`StoreError::ConsumerRunning`] if there is a consumer of that name;
    /// - [`StoreError::ReadOnly`] if the store is; [`StoreError::Coordinate`] if the name is empty, longer than 512 bytes, or has
    ///   control characters;
    /// - whatever syncing and reading give, and [`StoreError::Io`] if its position cannot be stored, or there is no thread to be had.
    pub fn run<E, F>(self, mut handler: F) -> Result<Consuming, StoreError>
    where
        E: Into<BoxError>,
        F: FnMut(&StoredEvent) -> Result<(), E> + Send + 'static,
    {
        let begun = self.begin()?;
        let handler = move |event: &StoredEvent| handler(event).map_err(E::into);
        let key = key_of(|event: &StoredEvent| event.coordinate.clone());
        self.start(begun, key, |_| Ok(Hands::Own(Box::new(handler))))
    }

    /// Starts it on several threads: events of one key are handled one by one, in the order of the log, by one of the threads, and those
    /// of different keys side by side.
    ///
    /// The position is that up to which everything is handled. What is handled behind that is stored with it, so that a crash has no more
    /// handled again than what was in hand, and what [`Self::every`] allows. If one event takes long, the others wait for it once
    /// 1,024 have been handled behind it, or are in hand.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-partitioned-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// for n in 0..20 {
    ///     let room = Coordinate::new("door", format!("room:{}", n % 3))?;
    ///     store.append(&room, EventKind::custom(0x1, 1), &n)?;
    /// }
    /// let consuming = store.consumer("doorkeeper", Region::all()).run_partitioned(
    ///     4,
    ///     |event| event.coordinate.scope().to_owned(),
    ///     |event| {
    ///         println!("{}: {}", event.coordinate.scope(), event.payload::<u64>()?);
    ///         Ok::<_, StoreError>(())
    ///     },
    /// )?;
    /// consuming.catch_up()?;
    /// assert_eq!(consuming.position(), 20);
    /// consuming.stop()?;
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// `partitions` is the number of threads that handle; 0 is taken for 1. It and the key may be others in each run.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn run_partitioned<K, E, F>(
        self,
        partitions: usize,
        key: impl Fn(&StoredEvent) -> K + Send + 'static,
        handler: F,
    ) -> Result<Consuming, StoreError>
    where
        K: Hash,
        E: Into<BoxError>,
        F: Fn(&StoredEvent) -> Result<(), E> + Send + Sync + 'static,
    {
        let begun = self.begin()?;
        let dir = self.store.config.dir.clone();
        let handler: SharedHandler = Arc::new(move |event| handler(event).map_err(E::into));
        self.start(begun, key_of(key), move |course| {
            let lanes = Lanes::start(partitions.max(1), handler, course);
            let lanes = lanes.map_err(StoreError::io("start a thread for", &dir))?;
            Ok(Hands::Lanes(lanes))
        })
    }

    /// Finds its place, or makes it one.
    fn begin(&self) -> Result<Begun, StoreError> {
        let (store, shared) = (self.store, &self.store.shared);
        let committer = store.committer()?;
        let file = BookmarkFile::of(&self.name, shared)?;
        let running = store.running.enter(&self.name)?;
        file.prepare()?;
        let changed = |position| {
            let consumer = self.name.clone();
            Err(StoreError::HistoryChanged { consumer, position })
        };
        let bookmark = match file.read()? {
            Some(bookmark) if bookmark.fits(shared)? => bookmark,
            Some(bookmark) => return changed(bookmark.last()),
            None => {
                let published = shared.watermarks.published();
                let position = match self.start {
                    Start::After(position) if position > published => return changed(position),
                    Start::After(position) => position,
                    Start::Now => published,
                };
                if shared.watermarks.durable() < position {
                    committer.sync_published()?;
                }
                let bookmark = Bookmark::at(position, Vec::new(), Vec::new(), shared)?;
                // So that it begins there again, if it has handled nothing when it ends.
                file.write(&bookmark)?;
                bookmark
            }
        };
        Ok(Begun {
            file,
            bookmark,
            running,
        })
    }

    /// Starts the threads.
    fn start(
        self,
        begun: Begun,
        key: Key,
        hands: impl FnOnce(&Arc<Course>) -> Result<Hands, StoreError>,
    ) -> Result<Consuming, StoreError> {
        let Begun {
            file,
            bookmark,
            running,
        } = begun;
        let (store, shared) = (self.store, &self.store.shared);
        let course = Arc::new(Course::new(
            (Arc::clone(&running), Arc::clone(shared)),
            self.settings,
            Arc::clone(&store.config.source),
            &bookmark,
        ));
        let reader = Reader {
            hands: hands(&course)?,
            course: Arc::clone(&course),
            committer: Arc::clone(store.committer()?),
            region: self.region,
            key,
            file,
            read_to: bookmark.position,
            at: bookmark.position,
            unkept_since: None,
            bookmark,
        };
        let ending = Ending::of(&running);
        let thread = thread::Builder::new().name("batpak-consumer".to_owned());
        thread
            .spawn(move || ending.after(|| reader.run()))
            .map_err(StoreError::io("start a thread for", &store.config.dir))?;
        let shared = Arc::clone(shared);
        Ok(Consuming {
            handle: Handle { running, shared },
            course,
        })
    }
}

/// The key of events as a number. Two keys have the same by chance, and then share what one has: their order, and a thread.
fn key_of<K: Hash>(key: impl Fn(&StoredEvent) -> K + Send + 'static) -> Key {
    let hasher = RandomState::new();
    Box::new(move |event| hasher.hash_one(key(event)))
}

impl fmt::Debug for Consumer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("name", &self.name)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
