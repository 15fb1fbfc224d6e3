//! States in memory.

use std::collections::HashMap;

use crate::projection::Projection;
use crate::projection::cache::Evidence;

/// States by key. Each is known by when it was last asked for.
pub(super) struct States<P> {
    states: HashMap<String, State<P>>,
    /// About how many bytes they would take on disk, with what they take besides.
    bytes: usize,
    clock: u64,
}

/// A state, and where it has come to.
pub(super) struct State<P> {
    pub(super) value: P,
    /// The positions of the first and the last event that was folded into it; the last is 0 if none was yet.
    pub(super) first: u64,
    pub(super) position: u64,
    /// What shows that the last event is the same.
    pub(super) evidence: Evidence,
    /// Whether the disk has not got it so.
    pub(super) unwritten: bool,
    pub(super) bytes: usize,
    /// How often it was measured or might have been.
    changes: u64,
    used: u64,
}

/// What a state takes in memory besides what it would on disk.
const OVERHEAD: usize = 120;

impl<P: Projection> State<P> {
    /// That of a key whose first event has this position.
    pub(super) fn new(first: u64) -> Self {
        Self {
            value: P::default(),
            first,
            position: 0,
            evidence: [0; 32],
            unwritten: false,
            bytes: 0,
            changes: 0,
            used: 0,
        }
    }
}

impl<P> Default for States<P> {
    fn default() -> Self {
        Self {
            states: HashMap::new(),
            bytes: 0,
            clock: 0,
        }
    }
}

impl<P: Projection> States<P> {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.states.contains_key(key)
    }

    pub(super) fn get(&mut self, key: &str) -> Option<&mut State<P>> {
        self.clock += 1;
        let state = self.states.get_mut(key)?;
        state.used = self.clock;
        Some(state)
    }

    /// The state of a key, without noting that it was asked for.
    pub(super) fn peek(&self, key: &str) -> Option<&State<P>> {
        self.states.get(key)
    }

    pub(super) fn insert(&mut self, key: String, mut state: State<P>) {
        self.clock += 1;
        state.used = self.clock;
        state.bytes += key.len() + size_of::<State<P>>() + OVERHEAD;
        self.bytes += state.bytes;
        self.states.insert(key, state);
    }

    /// Measures a state that has changed, each time that it has changed as often as before: so this costs little, and the
    /// state has rarely grown far beyond.
    pub(super) fn measure(&mut self, key: &str) {
        let Some(state) = self.states.get_mut(key) else {
            return;
        };
        state.changes += 1;
        if state.changes.is_power_of_two() {
            let saved = state.value.save().and_then(Result::ok);
            let bytes = saved.map_or(0, |saved| saved.len());
            let bytes = bytes + key.len() + size_of::<State<P>>() + OVERHEAD;
            self.bytes = self.bytes - state.bytes + bytes;
            state.bytes = bytes;
        }
    }

    /// The states that the disk has not got.
    pub(super) fn unwritten(&self) -> impl Iterator<Item = (&String, &State<P>)> {
        self.states.iter().filter(|(_, state)| state.unwritten)
    }

    /// The disk has them now.
    pub(super) fn written(&mut self, keys: &[String]) {
        for key in keys {
            if let Some(state) = self.states.get_mut(key) {
                state.unwritten = false;
            }
        }
    }

    /// Drops those that the disk has and that were asked for longest ago: half of all.
    pub(super) fn drop_half(&mut self) {
        let mut used: Vec<u64> = self.states.values().map(|state| state.used).collect();
        if used.is_empty() {
            return;
        }
        let half = used.len() / 2;
        let (_, newer, _) = used.select_nth_unstable(half);
        let newer = *newer;
        self.states
            .retain(|_, state| state.unwritten || state.used >= newer);
        self.bytes = self.states.values().map(|state| state.bytes).sum();
    }

    /// The keys above the first and not above the second, sorted.
    pub(super) fn keys(&self, after: Option<&str>, until: Option<&str>) -> Vec<String> {
        let is_in = |key: &&String| {
            after.is_none_or(|after| key.as_str() > after)
                && until.is_none_or(|until| key.as_str() <= until)
        };
        let mut keys: Vec<String> = self.states.keys().filter(is_in).cloned().collect();
        keys.sort_unstable();
        keys
    }
}
