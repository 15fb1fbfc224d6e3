use std::ops::RangeInclusive;

use super::Entities;
use super::span::Span;
use crate::coordinate::{Tag, is_name};
use crate::event::{Constraint, EventId, EventKind};

/// What an item of a region asks for: at most one thing of each sort, but for those of which an event may have several.
#[derive(Debug)]
pub(super) struct Item<'r> {
    /// Positions, which the log may not reach.
    pub(super) span: Span,
    pub(super) times_us: Option<RangeInclusive<u64>>,
    pub(super) entities: Option<Entities<'r>>,
    pub(super) scope: Option<&'r str>,
    pub(super) kinds: Option<Kinds>,
    pub(super) tags: Vec<&'r Tag>,
    pub(super) causes: Vec<EventId>,
    pub(super) correlations: Vec<EventId>,
}

/// The kinds that an item asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Kinds {
    /// Rising.
    Some(Vec<EventKind>),
    Category(u8),
}

impl Kinds {
    pub(super) fn admits(&self, kind: EventKind) -> bool {
        match self {
            Self::Some(kinds) => kinds.binary_search(&kind).is_ok(),
            Self::Category(category) => kind.category() == *category,
        }
    }

    /// Those that are in both, or `None` if there are none.
    fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Category(a), Self::Category(b)) => (a == b).then_some(Self::Category(a)),
            (Self::Some(mut kinds), admitted) | (admitted, Self::Some(mut kinds)) => {
                kinds.retain(|kind| admitted.admits(*kind));
                Self::of(kinds)
            }
        }
    }

    fn of(mut kinds: Vec<EventKind>) -> Option<Self> {
        kinds.sort_unstable();
        kinds.dedup();
        (!kinds.is_empty()).then_some(Self::Some(kinds))
    }
}

impl<'r> Entities<'r> {
    fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Named(a), Self::Named(b)) => (a == b).then_some(self),
            (Self::Named(name), Self::Beginning(prefix))
            | (Self::Beginning(prefix), Self::Named(name)) => {
                name.starts_with(prefix).then_some(Self::Named(name))
            }
            (Self::Beginning(a), Self::Beginning(b)) => {
                let (longer, shorter) = if a.len() > b.len() { (a, b) } else { (b, a) };
                longer
                    .starts_with(shorter)
                    .then_some(Self::Beginning(longer))
            }
        }
    }
}

impl<'r> Item<'r> {
    /// All constraints together, or `None` if no event can satisfy them.
    pub(super) fn of(constraints: &'r [Constraint]) -> Option<Self> {
        let all = Self {
            span: Span {
                first: 1,
                last: u64::MAX,
            },
            times_us: None,
            entities: None,
            scope: None,
            kinds: None,
            tags: Vec::new(),
            causes: Vec::new(),
            correlations: Vec::new(),
        };
        constraints.iter().try_fold(all, Self::narrow)
    }

    fn narrow(mut self, constraint: &'r Constraint) -> Option<Self> {
        match constraint {
            Constraint::Entity(name) => self.narrow_entities(Entities::Named(name))?,
            // Every name begins with nothing.
            Constraint::EntityPrefix(prefix) if prefix.is_empty() => {}
            Constraint::EntityPrefix(prefix) => {
                self.narrow_entities(Entities::Beginning(prefix))?;
            }
            Constraint::Scope(name) => {
                let scope = self.scope.get_or_insert(name);
                (*scope == name && is_name(name)).then_some(())?;
            }
            Constraint::Kinds(kinds) => self.narrow_kinds(Kinds::of(kinds.clone())?)?,
            Constraint::Category(category) => self.narrow_kinds(Kinds::Category(*category))?,
            Constraint::Tag(tag) => add(&mut self.tags, tag),
            Constraint::CausedBy(id) => add(&mut self.causes, *id),
            Constraint::Correlation(id) => add(&mut self.correlations, *id),
            Constraint::Positions(first, last) => {
                let (first, last) = (*first, *last);
                self.span = self.span.and(Span { first, last });
                (!self.span.is_empty()).then_some(())?;
            }
            Constraint::TimesUs(first, last) => {
                let times = self.times_us.take().unwrap_or(0..=u64::MAX);
                let times = *first.max(times.start())..=*last.min(times.end());
                self.times_us = (!times.is_empty()).then_some(times);
                self.times_us.as_ref()?;
            }
        }
        Some(self)
    }

    fn narrow_entities(&mut self, entities: Entities<'r>) -> Option<()> {
        let (Entities::Named(text) | Entities::Beginning(text)) = entities;
        // No entity has a name that cannot be, nor begins with one.
        if !is_name(text) {
            return None;
        }
        self.entities = Some(match self.entities {
            Some(before) => before.and(entities)?,
            None => entities,
        });
        Some(())
    }

    fn narrow_kinds(&mut self, kinds: Kinds) -> Option<()> {
        self.kinds = Some(match self.kinds.take() {
            Some(before) => before.and(kinds)?,
            None => kinds,
        });
        Some(())
    }
}

/// Adds what is not there yet.
fn add<T: PartialEq>(to: &mut Vec<T>, one: T) {
    if !to.contains(&one) {
        to.push(one);
    }
}
