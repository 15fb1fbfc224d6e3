use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// What an earlier run is done with, and this one has not come to.
    ahead: BTreeSet<u64>,
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
            ahead: bookmark.ahead.iter().copied().collect(),
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

    /// The next event is come to. Says whether it is to be handled.
    pub(super) fn begin(&mut self, position: u64) -> bool {
        let is_done = self.ahead.contains(&position);
        self.window.push_back((position, is_done));
        self.pass(position);
        self.drop_done();
        !is_done
    }

    /// Up to this position there is no event of the region any more that was not come to.
    pub(super) fn pass(&mut self, position: u64) {
        self.read_to = position;
        if !self.ahead.is_empty() {
            self.ahead = self.ahead.split_off(&(position + 1));
        }
    }

    /// An event is done with.
    pub(super) fn finish(&mut self, position: u64) {
        let found = self.window.binary_search_by_key(&position, |(at, _)| *at);
        if let Ok(at) = found {
            self.window[at].1 = true;
        }
        self.drop_done();
    }

    fn drop_done(&mut self) {
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

    /// What a bookmark says, if no position above `durable` is to be in it: up to where everything is done with, which events
    /// are behind that, and what of all those is parked.
    pub(super) fn snapshot(&self, durable: u64) -> (u64, Vec<u64>, Vec<Parked>) {
        let position = self.done_to().min(durable);
        let done = self.window.iter().filter(|(_, is_done)| *is_done);
        let ahead = done.map(|(at, _)| at).chain(&self.ahead).copied();
        let ahead: Vec<u64> = ahead.filter(|at| *at > position).collect();
        // All of it is done with.
        let parked = self.parked().cloned().collect();
        (position, ahead, parked)
    }
}
