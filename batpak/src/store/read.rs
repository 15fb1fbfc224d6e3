//! The read path: which positions a question is about, and the events there, read lazily and checked.

use std::ops::{ControlFlow, Deref};
use std::sync::Arc;

use super::answer::{Answer, plan_region};
use super::fold::Folding;
use super::index::{Places, Postings, Term, View};
use super::log::segment::reader::FrameReader;
use super::plan::{Plan, Positions};
use super::progress::{Work, Working};
use super::shared::Shared;
use super::{Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{EventId, RawEvent, Region, SharedBytes, StoredEvent};
use crate::projection::Projection;

impl Store {
    /// The event with this id, or `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`] if it cannot be read back as it was written.
    pub fn get(&self, id: EventId) -> Result<Option<StoredEvent>, StoreError> {
        let view = self.shared.view();
        match view.find_id(id)? {
            Some(position) => self.shared.event_at(position, &view).map(Some),
            None => Ok(None),
        }
    }

    /// The event at this position, or `None` if the log does not go so far.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub fn get_at(&self, position: u64) -> Result<Option<StoredEvent>, StoreError> {
        let view = self.shared.view();
        if position == 0 || position > view.published() {
            return Ok(None);
        }
        self.shared.event_at(position, &view).map(Some)
    }

    /// The events of one stream, in order of revision. An empty stream has none.
    pub fn stream(&self, coordinate: &Coordinate) -> Events<'_> {
        let view = self.shared.view();
        let postings = view.postings(&Term::Stream {
            entity: coordinate.entity(),
            scope: coordinate.scope(),
        });
        let positions = Positions::postings(Answer(postings), 1, view.published());
        Events {
            shared: Held::Borrowed(&self.shared),
            places: view.places(),
            positions,
            region: None,
            is_whole: true,
            reader: FrameReader::default(),
            failed: None,
        }
    }

    /// The events of one stream from a revision on, the first of which is 1. Those before it are not read.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-stream-from-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// for step in ["north", "east", "north"] {
    ///     store.append(&alice, EventKind::custom(0xF, 1), &step)?;
    /// }
    ///
    /// let newer: Vec<String> = store
    ///     .stream_from(&alice, 2)
    ///     .map(|event| Ok(event?.payload()?))
    ///     .collect::<Result<_, StoreError>>()?;
    /// assert_eq!(newer, ["east", "north"]);
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream_from(&self, coordinate: &Coordinate, revision: u64) -> Events<'_> {
        let mut events = self.stream(coordinate);
        let view = events.places.view();
        match view.position_of(coordinate.entity(), coordinate.scope(), revision) {
            Ok(position) => events.positions.skip_to(position),
            Err(error) => events.failed = Some(error.into()),
        }
        events
    }

    /// The events of a region, in order of position.
    ///
    /// How they are found, [`Self::explain`] tells.
    pub fn query(&self, region: &Region) -> Events<'_> {
        self.query_in(region, &self.shared.view())
    }

    /// The events of a region that the view knows of.
    pub(super) fn query_in(&self, region: &Region, view: &View) -> Events<'_> {
        Events::of(region, &self.shared, view.clone())
    }

    /// How [`Self::query`] finds the events of a region: by which lists of the index, and how many
    /// candidates these give.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-explain-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let moved = EventKind::custom(0xF, 1);
    /// let mut batch = Batch::new();
    /// for n in 0..1_000 {
    ///     let player = Coordinate::new(format!("player:{}", n % 100), "room:dungeon")?;
    ///     batch = batch.event(NewEvent::new(&player, moved, &n));
    /// }
    /// store.commit(batch)?;
    ///
    /// let region = Region::all().entity("player:7").positions(..=500);
    /// assert_eq!(
    ///     store.explain(&region)?.to_string(),
    ///     "lookup at 1..=500, about 10 events\n  \
    ///        item at 1..=500, about 10 events\n    \
    ///          from entity player:7: about 10 events on 1 list"
    /// );
    /// assert_eq!(store.query(&region).count(), 5);
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::DamagedIndex`] or [`StoreError::Io`] if the index cannot be read.
    pub fn explain(&self, region: &Region) -> Result<Plan, StoreError> {
        Ok(plan_region(region, &self.shared.view())?.plan)
    }

    /// The revision of the stream's newest event; 0 if the stream is empty.
    ///
    /// # Errors
    /// [`StoreError::DamagedIndex`] or [`StoreError::Io`] if the index cannot be read.
    pub fn revision(&self, coordinate: &Coordinate) -> Result<u64, StoreError> {
        let view = self.shared.view();
        let head = view.head(coordinate.entity(), coordinate.scope())?;
        Ok(head.map_or(0, |head| head.revision))
    }

    /// The coordinates of all streams, by entity and then by scope.
    ///
    /// They are those that were there when the iterator was made. After an error it ends.
    pub fn streams(&self) -> impl Iterator<Item = Result<Coordinate, StoreError>> + '_ {
        let mut streams = Some(self.shared.view().streams(""));
        std::iter::from_fn(move || {
            let next = streams.as_mut()?.next().map_err(StoreError::from);
            if next.is_err() {
                streams = None;
            }
            next.transpose()
        })
    }
}

/// Events of a store, read as the iterator goes: forward, or backward by
/// [`rev`](Iterator::rev).
///
/// ```no_run
/// # use batpak::prelude::*;
/// # fn newest(store: &Store, coordinate: &Coordinate) -> Result<(), StoreError> {
/// for event in store.stream(coordinate).rev().take(10) {
///     let event = event?;
///     println!("{} {}", event.header.revision, event.header.kind);
/// }
/// # Ok(())
/// # }
/// ```
///
/// They are those that were published when it was made. Writers are not held up. After an error it
/// ends.
#[derive(Debug)]
#[must_use = "nothing is read until the iterator is used"]
pub struct Events<'s> {
    shared: Held<'s>,
    places: Places,
    positions: Positions<Answer<Postings>>,
    /// What was asked for; `None` if it is one stream.
    region: Option<Region>,
    /// Whether no event that is found need be asked whether it is in the region.
    is_whole: bool,
    reader: FrameReader,
    /// What is answered before anything else.
    failed: Option<StoreError>,
}

/// What a store shares, for as long as a store is borrowed or as one likes.
#[derive(Debug)]
enum Held<'s> {
    Borrowed(&'s Shared),
    Owned(Arc<Shared>),
}

impl Deref for Held<'_> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        match self {
            Self::Borrowed(shared) => shared,
            Self::Owned(shared) => shared,
        }
    }
}

/// The end at which an iterator goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Front,
    Back,
}

impl<'s> Events<'s> {
    /// The events of a region that the view knows of.
    pub(super) fn of(region: &Region, shared: &'s Shared, view: View) -> Self {
        Self::held(region, Held::Borrowed(shared), view)
    }

    /// The same, for as long as one likes.
    pub(super) fn owned(region: &Region, shared: Arc<Shared>, view: View) -> Events<'static> {
        Events::held(region, Held::Owned(shared), view)
    }

    fn held(region: &Region, shared: Held<'s>, view: View) -> Self {
        let (positions, failed) = match plan_region(region, &view) {
            Ok(planned) => (planned.positions, None),
            Err(error) => (Positions::all(1, 0), Some(error)),
        };
        Self {
            shared,
            places: view.places(),
            positions,
            is_whole: region.is_everything(),
            region: Some(region.clone()),
            reader: FrameReader::default(),
            failed,
        }
    }
}

impl Events<'_> {
    /// What the index knew when they were asked for.
    pub(super) fn view(&self) -> &View {
        self.places.view()
    }

    /// The same, but that an error is all that there is.
    pub(super) fn failed(mut self, error: StoreError) -> Self {
        self.failed = Some(error);
        self
    }

    /// Begins a long work on them.
    pub(super) fn begin(&self, work: Work) -> Working {
        self.shared.begin(work, None)
    }

    /// Leaves out the events before this position, such as those that were seen in an earlier run. They are not read.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-skip-to-{}", std::process::id()));
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// let all = Region::all().scope("room:dungeon");
    /// let mut seen = 0;
    /// for run in 1..=3 {
    ///     store.append(&alice, EventKind::custom(0xF, 1), &run)?;
    ///     for event in store.query(&all).skip_to(seen + 1) {
    ///         seen = event?.header.sequence;
    ///     }
    ///     assert_eq!(seen, run);
    /// }
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn skip_to(mut self, position: u64) -> Self {
        self.positions.skip_to(position);
        self
    }

    /// The position of the newest event that was in the log when it was asked: what has come since is not given.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.places.view().published()
    }

    /// Gives the events that are left, in order, to `visit`, borrowed and with their payload undecoded:
    /// the quickest way to read many.
    ///
    /// # Errors
    /// The first that reading or `visit` gives.
    pub fn for_each_raw<E: From<StoreError>>(
        mut self,
        mut visit: impl FnMut(&RawEvent<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(visited) = self.step(Side::Front, |event, _| Ok(visit(event))) {
            visited??;
        }
        Ok(())
    }

    /// Gives the events that are left, in order, to `visit`, until that breaks off. Whether it did.
    pub(super) fn visit_raw(
        &mut self,
        mut visit: impl FnMut(&RawEvent<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<bool, StoreError> {
        while let Some(visited) = self.step(Side::Front, |event, _| visit(event)) {
            if visited?.is_break() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Folds the events that are left into a projection: what a [decision](Store::decide) rests on.
    /// `store.query(&region).project()` is [`Store::fold`] of the region.
    ///
    /// # Errors
    /// As for [`Store::fold`].
    pub fn project<P: Projection>(self) -> Result<P, StoreError> {
        let mut folding = Folding::default();
        self.fold_into(&mut folding)?;
        Ok(folding.state)
    }

    /// Folds the events that are left, of the kinds that the projection names.
    pub(super) fn fold_into<P: Projection>(
        mut self,
        folding: &mut Folding<P>,
    ) -> Result<(), StoreError> {
        if let Some(region) = &self.region {
            let narrowed = P::narrow(region.clone());
            self = self.only(&narrowed);
        }
        let mut work = self.begin(Work::Folding);
        self.for_each_raw(|event| {
            work.did(1);
            folding.take(event).map(drop)
        })?;
        work.end();
        Ok(())
    }

    /// The events that are left and in `region`, if that is part of what was asked for.
    pub(super) fn only(self, region: &Region) -> Self {
        if self.failed.is_some() {
            return self;
        }
        let view = self.places.view().clone();
        let mut only = Self::held(region, self.shared, view);
        only.positions.within(&self.positions);
        only
    }

    /// What `take` makes of the next event of the region, from either end.
    pub(super) fn step<R>(
        &mut self,
        side: Side,
        mut take: impl FnMut(&RawEvent<'_>, &Arc<Vec<u8>>) -> Result<R, StoreError>,
    ) -> Option<Result<R, StoreError>> {
        if let Some(error) = self.failed.take() {
            self.positions.clear();
            return Some(Err(error));
        }
        loop {
            let position = match side {
                Side::Front => self.positions.next(),
                Side::Back => self.positions.next_back(),
            };
            let taken = match position {
                Ok(Some(position)) => self.at(position, side, &mut take),
                Ok(None) => return None,
                Err(error) => Some(Err(error)),
            };
            if let Some(taken) = taken {
                if taken.is_err() {
                    self.positions.clear();
                }
                return Some(taken);
            }
        }
    }

    /// What `take` makes of the event at `position`, or `None` if that is not in the region.
    fn at<R>(
        &mut self,
        position: u64,
        side: Side,
        take: &mut impl FnMut(&RawEvent<'_>, &Arc<Vec<u8>>) -> Result<R, StoreError>,
    ) -> Option<Result<R, StoreError>> {
        let follows = side == Side::Front && self.positions.is_scan();
        let mut followed = follows && self.reader.follow(position);
        loop {
            if !followed && let Err(error) = self.find(position) {
                return Some(Err(error));
            }
            match self.reader.event() {
                Ok((event, buffer)) => {
                    let region = self.region.as_ref().filter(|_| !self.is_whole);
                    if region.is_some_and(|region| !region.contains(&event.meta)) {
                        return None;
                    }
                    return Some(take(&event, buffer));
                }
                // Behind the last event of a segment may lie anything, such as half a footer. The index shows whether
                // the next one is there.
                Err(StoreError::Corrupt { .. }) if followed => followed = false,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Makes the reader find the event at `position` by the index.
    fn find(&mut self, position: u64) -> Result<(), StoreError> {
        let place = match self.places.locate(position)? {
            Some(frame) => self.shared.place(position, frame)?,
            None => {
                let problem = "the index does not show where the event is";
                return Err(self.shared.corrupt(position, problem));
            }
        };
        self.reader.find(&place)
    }
}

impl Iterator for Events<'_> {
    type Item = Result<StoredEvent, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Side::Front, share)
    }
}

impl DoubleEndedIterator for Events<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Side::Back, share)
    }
}

impl std::iter::FusedIterator for Events<'_> {}

impl Shared {
    /// The event at this position, of which the view knows.
    pub(super) fn event_at(&self, position: u64, view: &View) -> Result<StoredEvent, StoreError> {
        let place = self.place_in(view, position)?;
        let mut reader = FrameReader::default();
        let (event, buffer) = reader.read_only(&place)?;
        share(&event, buffer)
    }
}

/// The event by itself, sharing the buffer that it was read into.
pub(super) fn share(
    event: &RawEvent<'_>,
    buffer: &Arc<Vec<u8>>,
) -> Result<StoredEvent, StoreError> {
    let meta = &event.meta;
    let shared = |part| SharedBytes::of(buffer, part);
    Ok(StoredEvent::new(
        meta,
        shared(meta.metadata_bytes()),
        shared(event.payload),
    ))
}
