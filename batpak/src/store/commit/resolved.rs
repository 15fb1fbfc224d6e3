//! What a batch rests on that is not in memory, read under no lock.

use std::collections::HashMap;

use super::prepare::Prepared;
use crate::coordinate::Coordinate;
use crate::event::{Constraint, EventId, Region};
use crate::pipeline::Clause;
use crate::store::StoreError;
use crate::store::index::{Head, Index, Tail, Term, View};
use crate::store::read::Events;
use crate::store::shared::Shared;

/// What the parts of the index, and the log, know of a batch's streams, ids, causes and regions.
#[derive(Default)]
pub(super) struct Resolved {
    /// Up to where the parts went.
    parts_end: Option<u64>,
    pub(super) heads: HashMap<Coordinate, Head>,
    /// The positions of those of the given ids, and of the causes, that are there.
    pub(super) ids: HashMap<EventId, u64>,
    /// What the effects of these causes inherit.
    pub(super) correlations: HashMap<EventId, EventId>,
    /// For each clause of the condition, what is known of its region.
    pub(super) regions: Vec<Known>,
}

/// What is known of the events of a region behind some position.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    /// There is none up to this position.
    NoneUntil(u64),
    /// The first is at this position.
    First(u64),
}

impl Resolved {
    /// What they know by now. Of the regions of this batch it was known `before`, so that no more is read than what has come since:
    /// others may write more meanwhile than the tails hold, but not for ever.
    pub(super) fn of(batch: &Prepared, before: &Self, shared: &Shared) -> Result<Self, StoreError> {
        let mut resolved = Self {
            parts_end: Some(shared.index.parts_end()),
            ..Self::default()
        };
        for event in &batch.events {
            resolved.read_head(&event.event.coordinate, shared)?;
            for id in event
                .event
                .given_id()
                .into_iter()
                .chain(event.event.causes())
            {
                resolved.read_id(id, shared)?;
            }
            let first_cause = event.event.causes().next();
            if let Some(cause) = first_cause.filter(|_| event.event.correlation().is_none()) {
                resolved.read_correlation(cause, shared)?;
            }
        }
        for (at, clause) in batch.condition.clauses().iter().enumerate() {
            let before = before.regions.get(at).copied();
            let known = match clause {
                Clause::Stream { coordinate, .. } => {
                    resolved.read_head(coordinate, shared)?;
                    Known::NoneUntil(0)
                }
                Clause::NoneOf(region) => first_behind(region, 0, before, shared)?,
                Clause::NoneAfter { region, position } => {
                    first_behind(region, *position, before, shared)?
                }
            };
            resolved.regions.push(known);
        }
        Ok(resolved)
    }

    /// Whether it is known of all parts that there are by now.
    pub(super) fn has_parts_of(&self, index: &Index) -> bool {
        let parts_end = index.parts_end();
        parts_end == 0 || self.parts_end == Some(parts_end)
    }

    /// Reads the head of a stream that the tails do not know. They are asked again under the lock.
    fn read_head(&mut self, coordinate: &Coordinate, shared: &Shared) -> Result<(), StoreError> {
        let (entity, scope) = (coordinate.entity(), coordinate.scope());
        let hash = Tail::stream_hash(entity, scope);
        let is_known = shared.index.head_in_tails(hash, entity, scope).is_some();
        if !is_known && !self.heads.contains_key(coordinate) {
            let head = shared.head(coordinate)?;
            self.heads.insert(coordinate.clone(), head);
        }
        Ok(())
    }

    fn read_id(&mut self, id: EventId, shared: &Shared) -> Result<(), StoreError> {
        if let Some(position) = shared.view().find_id(id)? {
            self.ids.insert(id, position);
        }
        Ok(())
    }

    fn read_correlation(&mut self, cause: EventId, shared: &Shared) -> Result<(), StoreError> {
        if let Some(position) = self.ids.get(&cause) {
            let event = shared.event_at(*position, &shared.view())?;
            let correlation = event.header.correlation.unwrap_or(cause);
            self.correlations.insert(cause, correlation);
        }
        Ok(())
    }
}

/// What is published of the region behind `after`, of which this was known before.
fn first_behind(
    region: &Region,
    after: u64,
    before: Option<Known>,
    shared: &Shared,
) -> Result<Known, StoreError> {
    let after = match before {
        Some(Known::First(position)) => return Ok(Known::First(position)),
        Some(Known::NoneUntil(position)) => after.max(position),
        None => after,
    };
    let view = shared.view();
    let published = view.published();
    if after >= published {
        return Ok(Known::NoneUntil(after));
    }
    if asks_for_missing_tags(region, after, &view)? {
        return Ok(Known::NoneUntil(published));
    }
    let mut events = Events::of(region, shared, view).skip_to(after + 1);
    match events.next() {
        None => Ok(Known::NoneUntil(published)),
        Some(found) => Ok(Known::First(found?.header.sequence)),
    }
}

/// Whether each item of the region asks for a tag that no event behind `after` has: which is so of most regions that are to have
/// none, and found without a plan of how to read them.
fn asks_for_missing_tags(region: &Region, after: u64, view: &View) -> Result<bool, StoreError> {
    for item in region.items() {
        let tags = item.iter().filter_map(|constraint| match constraint {
            Constraint::Tag(tag) => Some(tag),
            _ => None,
        });
        let mut is_missing = false;
        for tag in tags {
            let found = view.postings(&Term::Tag(tag.as_str())).seek(after + 1)?;
            is_missing |= found.is_none();
        }
        if !is_missing {
            return Ok(false);
        }
    }
    Ok(true)
}
