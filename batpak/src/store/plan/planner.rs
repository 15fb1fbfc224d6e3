use super::choice::{Choice, Chosen};
use super::explain::Criterion;
use super::item::{Item, Kinds};
use super::span::Span;
use super::{Entities, Source, Term};
use crate::event::{Constraint, EventId, EventKind};
use crate::store::StoreError;

/// A lookup has at most so many lists: the first event that it finds costs a seek in each.
const MOST_LISTS: usize = 256;

/// An entity may be in as many scopes as this: it is one of many entities whatever their number,
/// while a prefix of so many streams may be that of all.
const MOST_SCOPES: usize = 4_096;

/// Plans the items of one region.
#[derive(Debug)]
pub(super) struct Planner<'s, S> {
    source: &'s S,
    published: u64,
    /// The kinds that exist, rising, once they are asked for.
    existing: Option<Vec<EventKind>>,
}

impl<'s, S: Source> Planner<'s, S> {
    pub(super) fn new(source: &'s S) -> Self {
        Self {
            source,
            published: source.published(),
            existing: None,
        }
    }

    /// How an item is best read.
    ///
    /// Lookups are considered in the order of what they cost to consider, and no longer than fewer
    /// events are worth it.
    pub(super) fn item(
        &mut self,
        constraints: &[Constraint],
    ) -> Result<Chosen<S::Postings>, StoreError> {
        let Some(item) = Item::of(constraints) else {
            return Ok(Chosen::nothing());
        };
        let span = self.span(&item)?;
        if span.is_empty() {
            return Ok(Chosen::nothing());
        }
        let mut choice = Choice::new(span, self.published);
        let streams_are_known = self.one_stream(&item, &mut choice)?;
        self.listed(&item, &mut choice)?;
        if !streams_are_known {
            self.address(&item, &mut choice)?;
        }
        if let Some(kinds) = item.kinds {
            self.kinds(kinds, &mut choice)?;
        }
        if let Some(times) = item.times_us {
            choice.filter(vec![Criterion::TimesUs(times)]);
        }
        Ok(choice.settle())
    }

    /// The positions of all events that may be in the item's ranges.
    fn span(&self, item: &Item<'_>) -> Result<Span, StoreError> {
        let published = Span {
            first: 1,
            last: self.published,
        };
        let mut span = item.span.and(published);
        let Some(times) = &item.times_us else {
            return Ok(span);
        };
        if *times.start() > 0 && !span.is_empty() {
            let first = self.source.first_position_at(*times.start())?;
            span.first = span.first.max(*first.start());
        }
        if let Some(after) = times.end().checked_add(1).filter(|_| !span.is_empty()) {
            let first = self.source.first_position_at(after)?;
            span.last = span.last.min(first.end().saturating_sub(1));
        }
        Ok(span)
    }

    /// Considers the stream, if the item names one.
    fn one_stream(
        &self,
        item: &Item<'_>,
        choice: &mut Choice<S::Postings>,
    ) -> Result<bool, StoreError> {
        let (Some(Entities::Named(entity)), Some(scope)) = (item.entities, item.scope) else {
            return Ok(false);
        };
        self.list(address(item), Term::Stream { entity, scope }, choice)?;
        Ok(true)
    }

    /// Considers what the item asks of which an event may have several.
    fn listed(&self, item: &Item<'_>, choice: &mut Choice<S::Postings>) -> Result<(), StoreError> {
        for id in &item.causes {
            let by = vec![Criterion::CausedBy(*id)];
            self.list(by, Term::Cause(*id), choice)?;
        }
        for tag in &item.tags {
            let by = vec![Criterion::Tag((*tag).clone())];
            self.list(by, Term::Tag(tag.as_str()), choice)?;
        }
        for id in &item.correlations {
            self.correlation(*id, choice)?;
        }
        Ok(())
    }

    /// Considers the events of one term.
    fn list(
        &self,
        by: Vec<Criterion>,
        term: Term<'_>,
        choice: &mut Choice<S::Postings>,
    ) -> Result<(), StoreError> {
        if choice.wants(1) {
            choice.offer(by, vec![self.source.postings(term)?])
        } else {
            choice.filter(by);
            Ok(())
        }
    }

    /// Considers the events that have the correlation, and that whose id it is.
    fn correlation(&self, id: EventId, choice: &mut Choice<S::Postings>) -> Result<(), StoreError> {
        let by = vec![Criterion::Correlation(id)];
        if choice.wants(1) {
            let first = self.source.position_of(id)?;
            let others = self.source.postings(Term::Correlation(id))?;
            choice.offer_with(first, by, vec![others])
        } else {
            choice.filter(by);
            Ok(())
        }
    }

    /// Considers the streams of the item's entities in its scope, or else all events of the scope.
    fn address(&self, item: &Item<'_>, choice: &mut Choice<S::Postings>) -> Result<(), StoreError> {
        if let Some(streams) = self.streams(item, choice)? {
            return choice.offer(address(item), streams);
        }
        let Some(scope) = item.scope.filter(|_| choice.wants(1)) else {
            choice.filter(address(item));
            return Ok(());
        };
        let within = self.source.postings(Term::Scope(scope))?;
        choice.offer(of_scope(item).into_iter().collect(), vec![within])?;
        choice.filter(of_entities(item).into_iter().collect());
        Ok(())
    }

    /// The streams of the item's entities in its scope, if there are few enough.
    fn streams(
        &self,
        item: &Item<'_>,
        choice: &Choice<S::Postings>,
    ) -> Result<Option<Vec<S::Postings>>, StoreError> {
        let Some(entities) = item.entities.filter(|_| choice.wants(1)) else {
            return Ok(None);
        };
        let most = match entities {
            Entities::Named(_) => MOST_SCOPES,
            Entities::Beginning(_) => MOST_LISTS,
        };
        let mut lists = Vec::new();
        for (number, stream) in (1..).zip(self.source.streams(entities)) {
            if number > most || !choice.wants(number) {
                return Ok(None);
            }
            let stream = stream?;
            let (entity, scope) = (stream.entity(), stream.scope());
            if item.scope.is_none_or(|asked| asked == scope) {
                lists.push(self.source.postings(Term::Stream { entity, scope })?);
            }
        }
        Ok(Some(lists))
    }

    /// Considers those of the kinds that exist.
    fn kinds(&mut self, kinds: Kinds, choice: &mut Choice<S::Postings>) -> Result<(), StoreError> {
        let mut lists = None;
        if choice.wants(1) {
            let existing = self.existing()?;
            if existing.iter().all(|kind| kinds.admits(*kind)) {
                return Ok(());
            }
            let mut admitted = existing.to_vec();
            admitted.retain(|kind| kinds.admits(*kind));
            lists = Some(admitted).filter(|kinds| kinds.len() <= MOST_LISTS);
        }
        let by = vec![match kinds {
            Kinds::Some(kinds) => Criterion::Kinds(kinds),
            Kinds::Category(category) => Criterion::Category(category),
        }];
        match lists {
            Some(kinds) if choice.wants(kinds.len()) => {
                let postings = |kind| self.source.postings(Term::Kind(kind));
                let lists = kinds.into_iter().map(postings).collect::<Result<_, _>>()?;
                choice.offer(by, lists)
            }
            _ => {
                choice.filter(by);
                Ok(())
            }
        }
    }

    fn existing(&mut self) -> Result<&[EventKind], StoreError> {
        if self.existing.is_none() {
            let mut kinds = self.source.kinds()?;
            kinds.sort_unstable();
            kinds.dedup();
            self.existing = Some(kinds);
        }
        Ok(self.existing.as_deref().unwrap_or_default())
    }
}

/// What the item asks of an event's coordinate.
fn address(item: &Item<'_>) -> Vec<Criterion> {
    of_entities(item)
        .into_iter()
        .chain(of_scope(item))
        .collect()
}

fn of_entities(item: &Item<'_>) -> Option<Criterion> {
    item.entities.map(|entities| match entities {
        Entities::Named(name) => Criterion::Entity(name.to_owned()),
        Entities::Beginning(prefix) => Criterion::EntityPrefix(prefix.to_owned()),
    })
}

fn of_scope(item: &Item<'_>) -> Option<Criterion> {
    item.scope.map(|name| Criterion::Scope(name.to_owned()))
}
