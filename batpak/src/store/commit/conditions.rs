//! What must hold for a batch to be staged.
//!
//! The newest events are in memory, and asked under the lock. What only the parts of the index know is
//! read before, under no lock; it holds as long as no tail has become a part meanwhile.

use smallvec::SmallVec;

use super::Committer;
use super::prepare::Prepared;
use super::resolved::{Known, Resolved};
use super::stage::{Follows, Stage};
use crate::coordinate::Coordinate;
use crate::event::{EventId, Region};
use crate::pipeline::Clause;
use crate::store::StoreError;
use crate::store::index::{Head, Matches, Tail};

/// Why a batch is not staged.
pub(super) enum Refused {
    /// It must be resolved first.
    Unresolved,
    /// It must be resolved once the event at this position, which is one of its causes, is published.
    Unpublished(u64),
    /// It cannot be stored. The answer rests on the event at this position, and is sure once that is
    /// published.
    Unfit { error: StoreError, rests_on: u64 },
    /// A clause does not hold, because of the event at this position; 0 if because there is none.
    Conflict { clause: Clause, rests_on: u64 },
    /// The events whose ids were given are there, at these positions in the order of the batch.
    Repeated(Vec<Option<u64>>),
}

impl Refused {
    /// For what is wrong with the batch itself.
    fn at_once(error: StoreError) -> Self {
        Self::Unfit { error, rests_on: 0 }
    }
}

/// How many events of the tails are looked at for a region before those that are published are read by the
/// index, under no lock.
const LOOKS: usize = 1 << 12;

impl Committer {
    /// Checks a batch against everything staged, and gives what its events follow.
    pub(super) fn conditions(
        &self,
        batch: &Prepared,
        resolved: &Resolved,
        stage: &Stage,
    ) -> Result<SmallVec<[Follows; 1]>, Refused> {
        self.check_ids(batch, resolved)?;
        for (at, clause) in batch.condition.clauses().iter().enumerate() {
            let rests_on = match clause {
                Clause::Stream { coordinate, expect } => {
                    let hash = Tail::stream_hash(coordinate.entity(), coordinate.scope());
                    let head = self.follows(coordinate, hash, resolved, stage)?.head;
                    (!expect.holds(head.revision)).then_some(head.position)
                }
                Clause::NoneOf(region) => self.first_of(region, 0, (at, resolved))?,
                Clause::NoneAfter { region, position } => {
                    if *position > stage.last {
                        return Err(Refused::at_once(StoreError::PositionAhead {
                            position: *position,
                            last: stage.last,
                        }));
                    }
                    self.first_of(region, *position, (at, resolved))?
                }
            };
            if let Some(rests_on) = rests_on {
                let clause = clause.clone();
                return Err(Refused::Conflict { clause, rests_on });
            }
        }
        // Another batch may have named a kind since this one was prepared.
        for (kind, name) in batch.first_uses.names() {
            let checked = self.shared.names.read().check(kind, name);
            checked.map_err(|error| Refused::Unfit {
                error,
                rests_on: stage.last,
            })?;
        }
        let mut follows = SmallVec::<[Follows; 1]>::with_capacity(batch.events.len());
        for (place, event) in batch.events.iter().enumerate() {
            let coordinate = &event.event.coordinate;
            let mut before = self.follows(coordinate, event.stream_hash, resolved, stage)?;
            before.correlation = self.check_causes(batch, (place, &follows), resolved)?;
            follows.push(before);
        }
        Ok(follows)
    }

    /// That no event is there whose id was given.
    fn check_ids(&self, batch: &Prepared, resolved: &Resolved) -> Result<(), Refused> {
        if batch.given_ids.is_empty() {
            return Ok(());
        }
        let mut positions = Vec::with_capacity(batch.events.len());
        let mut missing = None;
        for event in &batch.events {
            let given = event.event.given_id();
            let position = match given {
                Some(id) => self.position_of(id, resolved)?,
                None => None,
            };
            if position.is_none() {
                missing = missing.or(given);
            }
            positions.push(position);
        }
        let Some(there) = positions.iter().flatten().max() else {
            return Ok(());
        };
        match missing {
            None => Err(Refused::Repeated(positions)),
            Some(missing) => Err(Refused::Unfit {
                error: StoreError::RepeatedInPart { missing },
                rests_on: *there,
            }),
        }
    }

    /// The position of the event with this id, staged or not.
    fn position_of(&self, id: EventId, resolved: &Resolved) -> Result<Option<u64>, Refused> {
        let index = &self.shared.index;
        if let Some(position) = index.position_in_tails(id) {
            return Ok(Some(position));
        }
        match resolved.ids.get(&id) {
            Some(position) => Ok(Some(*position)),
            None if resolved.has_parts_of(index) => Ok(None),
            None => Err(Refused::Unresolved),
        }
    }

    /// The position of the first event of the region behind `after`, staged or not. The clause is the one
    /// at this place of the condition.
    fn first_of(
        &self,
        region: &Region,
        after: u64,
        (at, resolved): (usize, &Resolved),
    ) -> Result<Option<u64>, Refused> {
        let known = resolved.regions.get(at);
        let after = match known {
            Some(Known::First(position)) => return Ok(Some(*position)),
            Some(Known::NoneUntil(position)) => after.max(*position),
            None => after,
        };
        let looks = if known.is_some() { usize::MAX } else { LOOKS };
        match self.shared.index.first_in_tails(region, after, looks) {
            Matches::None => Ok(None),
            Matches::First(position) => Ok(Some(position)),
            Matches::TooMany | Matches::InParts => Err(Refused::Unresolved),
        }
    }

    /// That the causes of the event at this place of the batch are before it, of which those in the batch follow
    /// these. Gives the correlation that it inherits of the first of them.
    fn check_causes(
        &self,
        batch: &Prepared,
        (place, before): (usize, &[Follows]),
        resolved: &Resolved,
    ) -> Result<Option<EventId>, Refused> {
        let event = &batch.events[place].event;
        let mut inherited = None;
        for (n, cause) in event.causes().enumerate() {
            let inherits = n == 0 && event.correlation().is_none();
            if let Some(at) = batch.given_ids.get(&cause).filter(|at| **at < place) {
                if inherits {
                    let given = batch.events[*at].event.correlation();
                    inherited = given.or(before[*at].correlation).or(Some(cause));
                }
                continue;
            }
            let Some(position) = self.position_of(cause, resolved)? else {
                return Err(Refused::at_once(StoreError::UnknownCause(cause)));
            };
            if inherits {
                inherited = match resolved.correlations.get(&cause) {
                    Some(correlation) => Some(*correlation),
                    None if position > self.published() => {
                        return Err(Refused::Unpublished(position));
                    }
                    None => return Err(Refused::Unresolved),
                };
            }
        }
        Ok(inherited)
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
        let head = match index.head_in_tails(hash, names.0, names.1) {
            Some(head) => head,
            None => match known.filter(|_| resolved.has_parts_of(index)) {
                Some(head) => *head,
                // Nothing is in no part.
                None if index.parts_end() == 0 => Head::default(),
                None => return Err(Refused::Unresolved),
            },
        };
        Ok(Follows {
            head,
            slot: None,
            correlation: None,
        })
    }
}
