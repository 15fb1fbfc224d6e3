//! What readers and writers of a store share: what is known of the log, and how far it goes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::StoreError;
use super::follow::Follower;
use super::fs::Disk;
use super::index::{FrameSpan, Head, Index, View};
use super::log::segment::reader::{FrameReader, Place, Segments};
use super::names::KindNames;
use super::progress::{Work, Working, Works};
use super::subscribe::Recent;
use super::watch::Watch;
use crate::coordinate::Coordinate;
use crate::event::{Digest, StoreId};
use crate::projection::cache::Opening;
use crate::sync::{AtomicBool, AtomicU64, RwLock};

/// The log, as an open store knows it.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The store that it is of.
    pub(crate) id: StoreId,
    pub(crate) index: Index,
    pub(crate) segments: Segments,
    pub(crate) names: RwLock<KindNames>,
    pub(crate) watermarks: Watermarks,
    /// Where its files are, with the segments that are kept open.
    pub(crate) disk: Arc<dyn Disk>,
    /// The directory of the store.
    pub(crate) dir: PathBuf,
    /// What brings news of the log if somebody else writes it.
    pub(crate) follower: Option<Follower>,
    /// Where threads wait for events, and for the end of those.
    pub(crate) watch: Watch,
    /// The newest events, for those who follow the log.
    pub(crate) recent: Recent,
    /// Whether nothing is published any more, for the store was dropped.
    pub(crate) closed: AtomicBool,
    /// Where long work begins.
    pub(crate) works: Works,
    /// Where states of projections are kept, if anywhere.
    pub(crate) snapshots: Option<Opening>,
}

/// How far the log goes, for those who read it and those who rely on it.
#[derive(Debug, Default)]
pub(crate) struct Watermarks {
    published: AtomicU64,
    durable: AtomicU64,
}

impl Watermarks {
    pub(crate) fn new(published: u64, durable: u64) -> Self {
        Self {
            published: published.into(),
            durable: durable.into(),
        }
    }

    /// The position of the newest event that readers see.
    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Every position up to this one survives power loss.
    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Shows events to readers.
    pub(crate) fn publish(&self, position: u64) {
        self.published.store(position, Ordering::Release);
    }

    pub(crate) fn raise_durable(&self, position: u64) {
        self.durable.fetch_max(position, Ordering::AcqRel);
    }
}

impl Shared {
    /// The index as it is now, up to the newest event that readers see: with this, a question begins.
    pub(crate) fn view(&self) -> View {
        self.refresh();
        self.known()
    }

    /// Takes in what somebody else has written.
    pub(crate) fn refresh(&self) {
        if let Some(follower) = &self.follower {
            follower.follow(self);
        }
    }

    /// Whether the store was dropped: what is published by then is all that there will be.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Tells those who follow the log that it does not go on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.watch.notify();
    }

    /// Begins a long work of so much, if that is known, on the thread of a caller.
    pub(crate) fn begin(&self, work: Work, total: Option<u64>) -> Working {
        self.works.begin(work, total)
    }

    /// The index up to the newest event that a question was told of.
    fn known(&self) -> View {
        self.index.view(self.watermarks.published())
    }

    /// That something is of this store.
    pub(crate) fn check_is_mine(&self, what: &'static str, of: StoreId) -> Result<(), StoreError> {
        match of == self.id {
            true => Ok(()),
            false => Err(StoreError::Elsewhere { what, of }),
        }
    }

    /// Where the published event at `position` is.
    pub(crate) fn locate(&self, position: u64) -> Result<Place, StoreError> {
        self.place_in(&self.known(), position)
    }

    /// Where the event at `position` is, of which the view knows.
    pub(crate) fn place_in(&self, view: &View, position: u64) -> Result<Place, StoreError> {
        match view.locate(position)? {
            Some(frame) => self.place(position, frame),
            None => Err(self.corrupt(position, "the index does not show where the event is")),
        }
    }

    /// The digest of the event at `position`; zeros if there is none, or it has none.
    pub(crate) fn digest_at(&self, position: u64) -> Result<Digest, StoreError> {
        if position == 0 {
            return Ok(Digest::ZERO);
        }
        let mut reader = FrameReader::default();
        let (event, _) = reader.read(&self.locate(position)?)?;
        Ok(event.meta.header.digest.unwrap_or(Digest::ZERO))
    }

    /// Where the frame of the event at `position` is.
    pub(crate) fn place(&self, position: u64, frame: FrameSpan) -> Result<Place, StoreError> {
        let place = self.segments.place(position, frame)?;
        place.ok_or_else(|| match self.segments.holder(position) {
            Some(file) => {
                let offset = u64::from(frame.offset);
                file.corrupt(offset, position, "the file is shorter than its events")
            }
            None => self.corrupt(position, "the index shows the event in no segment"),
        })
    }

    /// The newest published event of a stream; zeros if there is none. Its digest is read from the log,
    /// which also shows that the index is right.
    pub(crate) fn head(&self, coordinate: &Coordinate) -> Result<Head, StoreError> {
        let view = self.view();
        let Some(head) = view.head(coordinate.entity(), coordinate.scope())? else {
            return Ok(Head::default());
        };
        let place = self.locate(head.position)?;
        let mut reader = FrameReader::default();
        let (event, _) = reader.read(&place)?;
        let meta = &event.meta;
        let is_it = (meta.entity, meta.scope) == (coordinate.entity(), coordinate.scope());
        if !is_it || meta.header.revision != head.revision {
            return Err(place.corrupt("the index shows another event here"));
        }
        Ok(Head {
            revision: head.revision,
            digest: meta.header.digest.unwrap_or(Digest::ZERO),
            position: head.position,
        })
    }

    /// The error for an event that is not where or what it should be.
    pub(crate) fn corrupt(&self, position: u64, problem: &'static str) -> StoreError {
        let frame = self.known().locate(position).ok().flatten();
        let place = |frame| self.segments.place(position, frame).ok().flatten();
        match frame.and_then(place) {
            Some(place) => place.corrupt(problem),
            None => StoreError::Corrupt {
                path: self.dir.clone(),
                offset: 0,
                position,
                problem,
            },
        }
    }
}
