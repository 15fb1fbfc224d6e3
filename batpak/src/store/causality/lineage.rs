use std::collections::HashSet;

use crate::coordinate::Coordinate;
use crate::event::{EventHeader, EventId};
use crate::store::answer::Answer;
use crate::store::index::{Term, View};
use crate::store::plan::Positions;
use crate::store::{Store, StoreError};

/// What led to an event and what it led to, as far as was asked: see [`Store::lineage`].
///
/// It is a graph without cycles. [`Self::to_dot`] and [`Self::to_mermaid`] draw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lineage {
    /// The event that was asked for.
    pub id: EventId,
    /// That event, those that led to it, and those that it led to, in order of position: causes before
    /// their effects.
    pub events: Vec<LineageEvent>,
    /// Which of these events led to which, in the order of the effects and in which they name their
    /// causes. What else an effect names is not among these events.
    pub edges: Vec<LineageEdge>,
    /// Whether more than [`Self::MAX_EVENTS`] led to the event, or it led to more, within the depth that
    /// was asked for.
    pub is_cut: bool,
}

/// An event in a [`Lineage`]. [`Store::get`] gives it with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineageEvent {
    /// The address of its stream.
    pub coordinate: Coordinate,
    /// Its header.
    pub header: EventHeader,
    /// What its kind is called; `None` if the store has only untyped events of the kind.
    pub kind_name: Option<String>,
}

/// That one event led to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LineageEdge {
    /// The earlier event.
    pub cause: EventId,
    /// The later one, which names it.
    pub effect: EventId,
}

impl Lineage {
    /// The most events that it has of those that led to the event, and of those that it led to.
    pub const MAX_EVENTS: usize = 1_000;
}

/// Goes from an event to others, step by step.
pub(super) struct Walk<'s> {
    store: &'s Store,
    view: &'s View,
    /// The event that was asked for, and what was found from there, the nearest first.
    found: Vec<Found>,
    /// Where these lie.
    positions: HashSet<u64>,
    is_cut: bool,
}

/// What is kept of an event.
struct Found {
    coordinate: Coordinate,
    header: EventHeader,
    causes: Vec<EventId>,
}

/// Where to go from an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Towards {
    Causes,
    Effects,
}

/// Positions, found as they are asked for.
type Neighbours = Box<dyn Iterator<Item = Result<u64, StoreError>>>;

impl<'s> Walk<'s> {
    pub(super) fn new(store: &'s Store, view: &'s View) -> Self {
        Self {
            store,
            view,
            found: Vec::new(),
            positions: HashSet::new(),
            is_cut: false,
        }
    }

    /// What lies within so many steps of the event at `position`.
    pub(super) fn around(mut self, position: u64, depth: usize) -> Result<Lineage, StoreError> {
        let asked = self.read(position)?;
        let id = asked.header.event_id;
        self.found.push(asked);
        self.go(Towards::Causes, depth)?;
        self.go(Towards::Effects, depth)?;
        Ok(self.done(id))
    }

    /// Takes so many steps from the event that was asked for, as far as there is room for what is found.
    fn go(&mut self, towards: Towards, depth: usize) -> Result<(), StoreError> {
        let full = self.found.len() + Lineage::MAX_EVENTS;
        let mut reached = 0..1;
        for _ in 0..depth {
            let before = self.found.len();
            for from in reached {
                self.step(towards, from, full)?;
            }
            reached = before..self.found.len();
            if reached.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Takes a step from one of the events that were found, until there are as many as may be.
    fn step(&mut self, towards: Towards, from: usize, full: usize) -> Result<(), StoreError> {
        let id = self.found[from].header.event_id;
        for position in self.neighbours(towards, &self.found[from])? {
            let position = position?;
            if self.positions.contains(&position) {
                continue;
            }
            if self.found.len() == full {
                self.is_cut = true;
                break;
            }
            let event = self.read(position)?;
            // What the index gives of a list are candidates.
            if towards == Towards::Causes || event.causes.contains(&id) {
                self.positions.insert(position);
                self.found.push(event);
            }
        }
        Ok(())
    }

    fn neighbours(&self, towards: Towards, event: &Found) -> Result<Neighbours, StoreError> {
        let position = event.header.sequence;
        match towards {
            Towards::Causes => {
                let causes = self
                    .store
                    .cause_positions(position, &event.causes, self.view)?;
                Ok(Box::new(causes.into_iter().map(Ok)))
            }
            Towards::Effects => {
                let term = Term::Cause(event.header.event_id);
                let named = Answer(self.view.postings(&term));
                // Whatever a log holds, this comes to an end.
                let mut behind = Positions::postings(named, position + 1, self.view.published());
                let next = move || behind.next().transpose();
                Ok(Box::new(std::iter::from_fn(next)))
            }
        }
    }

    fn read(&self, position: u64) -> Result<Found, StoreError> {
        let event = self.store.shared.event_at(position, self.view)?;
        Ok(Found {
            coordinate: event.coordinate,
            header: event.header,
            causes: event.causes,
        })
    }

    /// What was found, as a graph.
    fn done(mut self, id: EventId) -> Lineage {
        self.found
            .sort_unstable_by_key(|event| event.header.sequence);
        Lineage {
            id,
            edges: self.edges(),
            is_cut: self.is_cut,
            events: self.events(),
        }
    }

    fn edges(&self) -> Vec<LineageEdge> {
        let mut edges = Vec::new();
        let mut earlier = HashSet::new();
        for event in &self.found {
            let effect = event.header.event_id;
            let first = edges.len();
            for cause in event.causes.iter().filter(|cause| earlier.contains(*cause)) {
                let edge = LineageEdge {
                    cause: *cause,
                    effect,
                };
                // One that is named twice counts once.
                if !edges[first..].contains(&edge) {
                    edges.push(edge);
                }
            }
            earlier.insert(effect);
        }
        edges
    }

    /// The events, with the names of their kinds.
    fn events(self) -> Vec<LineageEvent> {
        let names = self.store.shared.names.read();
        let named = |event: Found| LineageEvent {
            kind_name: names.get(event.header.kind).map(str::to_owned),
            coordinate: event.coordinate,
            header: event.header,
        };
        self.found.into_iter().map(named).collect()
    }
}
