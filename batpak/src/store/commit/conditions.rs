//! What must hold for a batch to be staged.
//!
//! The newest events are in memory, and asked under the lock. What only the parts of the index know is
//! read before, under no lock; it holds as long as no tail has become a part meanwhile.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::Committer;
use super::prepare::Prepared;
use super::stage::{Follows, Stage};
use crate::coordinate::Coordinate;
use crate::event::EventId;
use crate::store::StoreError;
use crate::store::index::{Head, Tail};
use crate::store::shared::Shared;

/// What the parts of the index, and the log, know of a batch's streams and causes.
#[derive(Default)]
pub(super) struct Resolved {
    /// Up to where the parts went.
    parts_end: Option<u64>,
    heads: HashMap<Coordinate, Head>,
    causes: HashSet<EventId>,
}

impl Resolved {
    pub(super) fn of(batch: &Prepared, shared: &Shared) -> Result<Self, StoreError> {
        let mut resolved = Self {
            parts_end: Some(shared.index.parts_end()),
            ..Self::default()
        };
        let streams = batch.events.iter().map(|event| &event.event.coordinate);
        let expected = batch.expectations.iter().map(|(coordinate, _)| coordinate);
        for coordinate in streams.chain(expected) {
            if !resolved.heads.contains_key(coordinate) {
                let head = shared.head(coordinate)?;
                resolved.heads.insert(coordinate.clone(), head);
            }
        }
        let causes = batch.events.iter().flat_map(|event| event.event.causes());
        for id in causes {
            if shared.view().find_id(id)?.is_some() {
                resolved.causes.insert(id);
            }
        }
        Ok(resolved)
    }
}

/// Why a batch is not staged.
pub(super) enum Refused {
    /// It must be resolved first.
    Unresolved,
    /// A condition does not hold. The answer rests on the event at this position, and is sure once that
    /// is published.
    Unfit { error: StoreError, rests_on: u64 },
}

impl Committer {
    /// Checks a batch against everything staged, and gives what its events follow.
    pub(super) fn conditions(
        &self,
        batch: &Prepared,
        resolved: &Resolved,
        stage: &Stage,
    ) -> Result<SmallVec<[Follows; 1]>, Refused> {
        for (coordinate, expected) in &batch.expectations {
            let hash = Tail::stream_hash(coordinate.entity(), coordinate.scope());
            let head = self.follows(coordinate, hash, resolved, stage)?.head;
            if !expected.holds(head.revision) {
                let error = StoreError::Conflict {
                    coordinate: coordinate.clone(),
                    expected: *expected,
                    actual: head.revision,
                };
                return Err(Refused::Unfit {
                    error,
                    rests_on: head.position,
                });
            }
        }
        for id in batch.events.iter().flat_map(|event| event.event.causes()) {
            if self.shared.index.tails_have_id(id) || resolved.causes.contains(&id) {
                continue;
            }
            if resolved.parts_end != Some(self.shared.index.parts_end()) {
                return Err(Refused::Unresolved);
            }
            let error = StoreError::UnknownCause(id);
            return Err(Refused::Unfit { error, rests_on: 0 });
        }
        // Another batch may have named a kind since this one was prepared.
        for (kind, name) in batch.first_uses.names() {
            let checked = self.shared.names.read().check(kind, name);
            checked.map_err(|error| Refused::Unfit {
                error,
                rests_on: stage.last,
            })?;
        }
        let mut follows = SmallVec::with_capacity(batch.events.len());
        for event in &batch.events {
            let coordinate = &event.event.coordinate;
            follows.push(self.follows(coordinate, event.stream_hash, resolved, stage)?);
        }
        Ok(follows)
    }

    /// The newest event of a stream, staged or not.
    fn follows(
        &self,
        coordinate: &Coordinate,
        hash: u64,
        resolved: &Resolved,
        stage: &Stage,
    ) -> Result<Follows, Refused> {
        let names = (coordinate.entity(), coordinate.scope());
        if let Some(follows) = stage.follows(hash, names) {
            return Ok(follows);
        }
        let index = &self.shared.index;
        let known = resolved.heads.get(coordinate);
        let is_known = resolved.parts_end == Some(index.parts_end());
        let head = match index.head_in_tails(hash, names.0, names.1) {
            Some(head) => head,
            None => match known.filter(|_| is_known) {
                Some(head) => *head,
                // Nothing is in no part.
                None if index.parts_end() == 0 => Head::default(),
                None => return Err(Refused::Unresolved),
            },
        };
        Ok(Follows { head, slot: None })
    }
}
