//! The read path: which positions a question is about, and the events there, read lazily and checked.

use std::sync::Arc;

use super::log::segment::reader::FrameReader;
use super::{Index, Store, StoreError};
use crate::coordinate::Coordinate;
use crate::event::{Constraint, EventId, RawEvent, Region, SharedBytes, StoredEvent};

impl Store {
    /// The event with this id, or `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`] if it cannot be read back as it was written.
    pub fn get(&self, id: EventId) -> Result<Option<StoredEvent>, StoreError> {
        let Some(position) = self.index.read().position_of(id) else {
            return Ok(None);
        };
        self.events(Positions::Range(position, position), None)
            .next()
            .transpose()
    }

    /// The events of one stream, in order of revision. An empty stream has none.
    pub fn stream(&self, coordinate: &Coordinate) -> Events<'_> {
        self.events(self.stream_positions(coordinate), None)
    }

    /// The events of a region, in order of position.
    ///
    /// Unless every item of the region names an entity and a scope exactly, the log is scanned from
    /// the region's first position to its last.
    pub fn query(&self, region: &Region) -> Events<'_> {
        let positions = Positions::of(region, &self.index.read());
        self.events(positions, Some(region.clone()))
    }

    /// The revision of the stream's newest event; 0 if the stream is empty.
    #[must_use]
    pub fn revision(&self, coordinate: &Coordinate) -> u64 {
        self.index.read().head(coordinate).revision
    }

    /// The coordinates of all streams, in order of their first events.
    ///
    /// Streams that begin while the iterator is in use are among them.
    pub fn streams(&self) -> impl Iterator<Item = Coordinate> + '_ {
        const AT_ONCE: usize = 256;
        let mut seen = 0;
        let mut next = Vec::new().into_iter();
        std::iter::from_fn(move || {
            next.next().or_else(|| {
                let index = self.index.read();
                let more = index.streams_from(seen);
                let more = more[..more.len().min(AT_ONCE)].to_vec();
                seen += more.len();
                next = more.into_iter();
                next.next()
            })
        })
    }

    pub(crate) fn stream_positions(&self, coordinate: &Coordinate) -> Positions {
        let positions = self.index.read().positions(coordinate);
        Positions::List(positions.into_iter())
    }

    pub(crate) fn events(&self, positions: Positions, region: Option<Region>) -> Events<'_> {
        Events {
            store: self,
            positions,
            region,
            reader: FrameReader::default(),
        }
    }
}

/// Positions in ascending order.
#[derive(Debug)]
pub(crate) enum Positions {
    /// From the first to the last; none if the first is above the last.
    Range(u64, u64),
    List(std::vec::IntoIter<u64>),
}

impl Positions {
    /// A superset of the positions of the region's events.
    pub(crate) fn of(region: &Region, index: &Index) -> Self {
        let mut streams = Vec::new();
        let mut range: Option<(u64, u64)> = None;
        let mut exact = true;
        for item in region.items() {
            let mut bounds = (1, index.published());
            let (mut entity, mut scope) = (None, None);
            for constraint in item {
                match constraint {
                    Constraint::Entity(name) => entity = Some(name),
                    Constraint::Scope(name) => scope = Some(name),
                    Constraint::Positions(first, last) => {
                        bounds = (bounds.0.max(*first), bounds.1.min(*last));
                    }
                    _ => {}
                }
            }
            range = Some(range.map_or(bounds, |range| {
                (range.0.min(bounds.0), range.1.max(bounds.1))
            }));
            match entity.zip(scope).map(|(e, s)| Coordinate::new(e, s)) {
                Some(Ok(coordinate)) => streams.push(coordinate),
                // No event has a coordinate that cannot be.
                Some(Err(_)) => {}
                None => exact = false,
            }
        }
        let (first, last) = range.unwrap_or((1, 0));
        if !exact {
            return Self::Range(first, last);
        }
        let mut positions: Vec<u64> = streams
            .iter()
            .flat_map(|coordinate| index.positions(coordinate))
            .filter(|position| (first..=last).contains(position))
            .collect();
        positions.sort_unstable();
        positions.dedup();
        Self::List(positions.into_iter())
    }

    fn next(&mut self) -> Option<u64> {
        match self {
            Self::Range(first, last) if *first <= *last => {
                *first += 1;
                Some(*first - 1)
            }
            Self::Range(..) => None,
            Self::List(positions) => positions.next(),
        }
    }

    fn next_back(&mut self) -> Option<u64> {
        match self {
            Self::Range(first, last) if *first <= *last => {
                *last -= 1;
                Some(*last + 1)
            }
            Self::Range(..) => None,
            Self::List(positions) => positions.next_back(),
        }
    }

    fn clear(&mut self) {
        *self = Self::Range(1, 0);
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
    store: &'s Store,
    positions: Positions,
    region: Option<Region>,
    reader: FrameReader,
}

impl Events<'_> {
    /// Gives the events that are left, in order, to `visit`, borrowed and with their payload undecoded.
    pub(crate) fn for_each_raw(
        mut self,
        mut visit: impl FnMut(&RawEvent<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        while let Some(position) = self.positions.next() {
            self.at(position, |event, _| visit(event)).transpose()?;
        }
        Ok(())
    }

    /// What `take` makes of the event at `position`, or `None` if that is not in the region.
    fn at<R>(
        &mut self,
        position: u64,
        take: impl FnOnce(&RawEvent<'_>, &Arc<Vec<u8>>) -> Result<R, StoreError>,
    ) -> Option<Result<R, StoreError>> {
        let place = self.store.index.read().segments.locate(position);
        let read = match &place {
            Some(place) => self.reader.read(place),
            None => Err(self
                .store
                .corrupt(position, "the position is in no segment")),
        };
        let result = match read {
            Ok((event, _))
                if self
                    .region
                    .as_ref()
                    .is_some_and(|r| !r.contains(&event.meta)) =>
            {
                return None;
            }
            Ok((event, buffer)) => take(&event, buffer),
            Err(error) => Err(error),
        };
        if result.is_err() {
            self.positions.clear();
        }
        Some(result)
    }
}

impl Iterator for Events<'_> {
    type Item = Result<StoredEvent, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let position = self.positions.next()?;
            if let Some(event) = self.at(position, share) {
                return Some(event);
            }
        }
    }
}

impl DoubleEndedIterator for Events<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            let position = self.positions.next_back()?;
            if let Some(event) = self.at(position, share) {
                return Some(event);
            }
        }
    }
}

/// The event by itself, sharing the buffer that it was read into.
fn share(event: &RawEvent<'_>, buffer: &Arc<Vec<u8>>) -> Result<StoredEvent, StoreError> {
    let meta = &event.meta;
    let shared = |part| SharedBytes::of(buffer, part);
    Ok(StoredEvent::new(
        meta,
        shared(meta.metadata_bytes()),
        shared(event.payload),
    ))
}
