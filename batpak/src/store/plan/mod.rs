//! From a question to positions: which lists of the index are read for a [`Region`], and the positions
//! that they give, found one after another from either end.
//!
//! What is found are candidates: every event of the region is among them, and whoever reads them asks
//! [`Region::contains`] of each.

mod choice;
mod explain;
mod item;
mod node;
mod planner;
mod positions;
mod span;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

pub use explain::{Access, Criterion, Lookup, Plan, PlanItem};
pub(crate) use positions::Positions;

use super::StoreError;
pub(crate) use super::index::Term;
use crate::coordinate::Coordinate;
use crate::event::{EventId, EventKind, Region};
use choice::{Chosen, prefers_scan};
use node::Node;
use planner::Planner;
use span::{Span, merged};

/// What the index knows at one moment. It may tell of events that are not published yet.
pub(crate) trait Source {
    type Postings: Cursor;

    /// The position of the newest event that readers see.
    fn published(&self) -> u64;

    /// The positions of the events that the term is about. This alone reads nothing, or little.
    fn postings(&self, term: Term<'_>) -> Result<Self::Postings, StoreError>;

    /// The position of the event with this id.
    fn position_of(&self, id: EventId) -> Result<Option<u64>, StoreError>;

    /// The kinds of all events. There may be others among them.
    fn kinds(&self) -> Result<Vec<EventKind>, StoreError>;

    /// The streams of these entities, each once, found as they are asked for.
    fn streams(
        &self,
        entities: Entities<'_>,
    ) -> impl Iterator<Item = Result<Coordinate, StoreError>>;

    /// Where the first event that was committed at this time or later is: it has one of these
    /// positions. If there is none, the one behind the newest event counts as its position.
    fn first_position_at(&self, time_us: u64) -> Result<RangeInclusive<u64>, StoreError>;
}

/// Ascending positions of the log, to be sought in any order.
pub(crate) trait Cursor {
    /// The first position that is not below `at`.
    fn seek(&mut self, at: u64) -> Result<Option<u64>, StoreError>;

    /// The last position that is not above `at`.
    fn seek_back(&mut self, at: u64) -> Result<Option<u64>, StoreError>;

    /// About how many positions there are in the whole log.
    fn estimate(&mut self) -> Result<u64, StoreError>;
}

/// Entities by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entities<'a> {
    /// The one with this name.
    Named(&'a str),
    /// Those whose names begin so.
    Beginning(&'a str),
}

/// How a region is read, and where.
#[derive(Debug)]
pub(crate) struct Planned<C> {
    pub(crate) plan: Plan,
    pub(crate) positions: Positions<C>,
}

/// Decides how the region is read, by what the source says of the lengths of its lists.
pub(crate) fn plan<S: Source>(
    region: &Region,
    source: &S,
) -> Result<Planned<S::Postings>, StoreError> {
    let mut planner = Planner::new(source);
    let mut items = region
        .items()
        .iter()
        .map(|constraints| planner.item(constraints))
        .collect::<Result<Vec<_>, _>>()?;
    let scans = merged(spans(&items, |access| matches!(access, Access::Scan)));
    for item in &mut items {
        if scans.iter().any(|scan| scan.covers(item.span())) {
            item.scan_instead();
        }
    }
    let scanned: u64 = scans.iter().map(|scan| scan.len()).sum();
    let looked_up = items.iter().filter(|item| item.node.is_some());
    let candidates = looked_up.fold(scanned, |sum, item| {
        sum.saturating_add(item.plan.candidates)
    });
    let hull = spans(&items, |access| *access != Access::Nothing)
        .into_iter()
        .reduce(Span::hull)
        .unwrap_or(Span::EMPTY);
    let scan = prefers_scan(candidates, hull.len());
    if scan {
        items.iter_mut().for_each(Chosen::scan_instead);
    }
    let (positions, items) = gathered(items, scans, hull, scan);
    let plan = Plan {
        positions: hull.into(),
        scan,
        candidates: if scan { hull.len() } else { candidates },
        items,
    };
    Ok(Planned { plan, positions })
}

/// The positions of all items together, and their plans.
fn gathered<C: Cursor>(
    items: Vec<Chosen<C>>,
    scans: Vec<Span>,
    hull: Span,
    scan: bool,
) -> (Positions<C>, Vec<PlanItem>) {
    let mut nodes: Vec<Node<C>> = scans.into_iter().map(Node::Span).collect();
    let mut plans = Vec::with_capacity(items.len());
    for item in items {
        let span = item.span();
        nodes.extend(item.node.map(|node| match span == hull {
            true => node,
            false => Node::Within(span, Box::new(node)),
        }));
        plans.push(item.plan);
    }
    let positions = if scan || hull.is_empty() {
        Positions::all(hull.first, hull.last)
    } else {
        Positions::of(Node::union(nodes), hull)
    };
    (positions, plans)
}

/// The spans of the items that are read so.
fn spans<C>(items: &[Chosen<C>], how: impl Fn(&Access) -> bool) -> Vec<Span> {
    items
        .iter()
        .filter(|item| how(&item.plan.access))
        .map(Chosen::span)
        .collect()
}
