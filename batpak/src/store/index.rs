//! What the store knows of its log in memory: where each event lies, which events a stream has, and
//! which position an id has. It is derived from the log alone, and built anew by opening.

use std::collections::HashMap;

use crate::coordinate::Coordinate;
use crate::event::{Digest, EventHeader, EventId, is_minted};
use crate::store::log::segment::reader::Segments;
use crate::store::names::KindNames;

/// The latest time, in the year 10889: an id has 48 bits for its milliseconds.
pub(crate) const MAX_TIME_US: u64 = ((1 << 48) - 1) * 1_000;

/// The published events. Positions above [`Self::published`] do not exist for readers.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) segments: Segments,
    /// For each position, from 1: the position before it in its stream, or 0.
    previous: Vec<u64>,
    /// For each position, from 1: its id. Ids rise with the positions, since one mint gives them out.
    ids: Vec<EventId>,
    streams: HashMap<Coordinate, Head>,
    /// The streams in the order of their first events.
    order: Vec<Coordinate>,
    pub(crate) names: KindNames,
    /// Every position up to this one survives power loss.
    pub(crate) durable: u64,
    /// The time of the newest event, in microseconds since 1970.
    pub(crate) time_us: u64,
}

/// The newest event of a stream; all zeros if there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) revision: u64,
    pub(crate) digest: Digest,
    pub(crate) position: u64,
}

impl Index {
    /// The position of the newest event.
    pub(crate) fn published(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Says why this event cannot follow all others, if so.
    pub(crate) fn check(
        &self,
        coordinate: &Coordinate,
        header: &EventHeader,
    ) -> Result<(), &'static str> {
        if header.sequence != self.published() + 1 {
            return Err("the event has another position");
        }
        if header.time_us < self.time_us {
            return Err("the event is older than the one before it");
        }
        if header.time_us > MAX_TIME_US || !is_minted(header.event_id) {
            return Err("the event has a time or an id that no store gives");
        }
        if self.ids.last().is_some_and(|last| *last >= header.event_id) {
            return Err("the event's id does not rise above the one before it");
        }
        if header.revision != self.head(coordinate).revision + 1 {
            return Err("the event has another revision in its stream");
        }
        Ok(())
    }

    /// Adds the event that follows all others.
    pub(crate) fn push(&mut self, coordinate: &Coordinate, header: &EventHeader) {
        let head = match self.streams.get_mut(coordinate) {
            Some(head) => head,
            None => {
                self.order.push(coordinate.clone());
                self.streams.entry(coordinate.clone()).or_default()
            }
        };
        self.previous.push(head.position);
        *head = Head {
            revision: header.revision,
            digest: header.digest.unwrap_or(Digest::ZERO),
            position: header.sequence,
        };
        self.ids.push(header.event_id);
        self.time_us = header.time_us;
    }

    /// The newest event of the stream.
    pub(crate) fn head(&self, coordinate: &Coordinate) -> Head {
        self.streams.get(coordinate).copied().unwrap_or_default()
    }

    /// The positions of the stream's events, in order.
    pub(crate) fn positions(&self, coordinate: &Coordinate) -> Vec<u64> {
        let head = self.head(coordinate);
        let mut positions = Vec::with_capacity(head.revision as usize);
        let mut position = head.position;
        while position > 0 {
            positions.push(position);
            position = self.previous[position as usize - 1];
        }
        positions.reverse();
        positions
    }

    pub(crate) fn position_of(&self, id: EventId) -> Option<u64> {
        self.ids.binary_search(&id).ok().map(|at| at as u64 + 1)
    }

    /// The id of the newest event, which is the greatest; zero if there is none.
    pub(crate) fn last_id(&self) -> EventId {
        self.ids.last().copied().unwrap_or(EventId::from_u128(0))
    }

    /// The streams in the order of their first events, from the `n`th.
    pub(crate) fn streams_from(&self, n: usize) -> &[Coordinate] {
        self.order.get(n..).unwrap_or_default()
    }
}
