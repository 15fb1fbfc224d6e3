use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds};

use super::bookmark::Bookmark;
use super::{ConsumerError, Parked};

/// What a consumer is done with, and what not.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The events that were given out, by position, with whether they are done with: from the first on that is not.
    window: VecDeque<(u64, bool)>,
    /// Everything up to this position was given out, or is not in the region.
    read_to: u64,
    parked: BTreeMap<u64, Held>,
    /// What has failed last, though it may have succeeded since.
    pub(super) last_error: Option<ConsumerError>,
    /// By what the consumer ends.
    pub(super) failure: Option<ConsumerError>,
    /// Where what is parked is to be replayed.
    asked: Vec<(Bound<u64>, Bound<u64>)>,
}

/// An event that is parked, and its key if that matters.
#[derive(Debug)]
struct Held {
    parked: Parked,
    key: Option<u64>,
}

impl Ledger {
    /// That of a consumer which goes on from a bookmark.
    pub(super) fn of(bookmark: &Bookmark) -> Self {
        let parked = bookmark.parked.iter().map(|parked| {
            let (parked, key) = (parked.clone(), None);
            (parked.position, Held { parked, key })
        });
        Self {
            read_to: bookmark.position,
            parked: parked.collect(),
            ..Self::default()
        }
    }

    /// Everything up to this position is done with.
    pub(super) fn done_to(&self) -> u64 {
        let first = self.window.front();
        first.map_or(self.read_to, |(position, _)| position - 1)
    }

    /// How many events are in hand, or done with before one that is.
    pub(super) fn window(&self) -> u64 {
        self.window.len() as u64
    }

    /// The next event is given out.
    pub(super) fn begin(&mut self, position: u64) {
        self.window.push_back((position, false));
        self.read_to = position;
    }

    /// Up to this position there is no event of the region any more.
    pub(super) fn pass(&mut self, position: u64) {
        self.read_to = position;
    }

    /// An event is done with.
    pub(super) fn finish(&mut self, position: u64) {
        let found = self.window.binary_search_by_key(&position, |(at, _)| *at);
        if let Ok(at) = found {
            self.window[at].1 = true;
        }
        while self.window.front().is_some_and(|(_, is_done)| *is_done) {
            self.window.pop_front();
        }
    }

    pub(super) fn park(&mut self, parked: Parked, key: Option<u64>) {
        self.parked.insert(parked.position, Held { parked, key });
    }

    /// A parked event was handled.
    pub(super) fn unpark(&mut self, position: u64) {
        self.parked.remove(&position);
    }

    /// A parked event has failed again.
    pub(super) fn fail_again(&mut self, failed: Parked) {
        if let Some(held) = self.parked.get_mut(&failed.position) {
            let attempts = held.parked.attempts.saturating_add(failed.attempts);
            held.parked = Parked { attempts, ..failed };
        }
    }

    pub(super) fn parked(&self) -> impl ExactSizeIterator<Item = &Parked> {
        self.parked.values().map(|held| &held.parked)
    }

    /// What is parked at these positions is to be replayed.
    pub(super) fn ask_for(&mut self, positions: (Bound<u64>, Bound<u64>)) {
        self.asked.push(positions);
    }

    /// The parked events that are to be replayed.
    pub(super) fn take_asked(&mut self) -> Vec<u64> {
        let asked = std::mem::take(&mut self.asked);
        let is_asked = |position: &u64| asked.iter().any(|range| range.contains(position));
        self.parked.keys().copied().filter(is_asked).collect()
    }

    /// The first parked event of this key before a position.
    pub(super) fn before(&self, key: Option<u64>, position: u64) -> Option<u64> {
        let mut before = self.parked.range(..position);
        before.find_map(|(at, held)| (held.key == key).then_some(*at))
    }

    /// The key of a parked event is this.
    pub(super) fn set_key(&mut self, position: u64, key: u64) {
        if let Some(held) = self.parked.get_mut(&position) {
            held.key = Some(key);
        }
    }

    /// What is parked up to this position: what is above it will be handled again.
    pub(super) fn parked_up_to(&self, position: u64) -> Vec<Parked> {
        let parked = self.parked.range(..=position);
        parked.map(|(_, held)| held.parked.clone()).collect()
    }
}
