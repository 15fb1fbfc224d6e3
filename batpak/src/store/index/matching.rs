//! Whether a tail has events of a region: what conditions are checked against while nobody else stages.

use std::ops::Range;

use super::Tail;
use super::term::Term;
use crate::event::{Constraint, Region};

/// What tails have of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matches {
    /// No event.
    None,
    /// The event at this position, and none before it.
    First(u64),
    /// There are more events to look at than somebody would.
    TooMany,
    /// Some of the events to look at are in parts.
    InParts,
}

impl Tail {
    /// The first event of the region behind the position `after`, published or not. Each event that is
    /// looked at is taken from `looks`.
    ///
    /// Only memory is read, and of the lists that an item of the region names the shortest is gone through.
    pub(super) fn first_in(&self, region: &Region, after: u64, looks: &mut usize) -> Matches {
        let behind = (after + 1).max(self.first()) - self.first();
        // A tail has less than 2^32 events, so that there is none behind its end.
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        let mut until = self.events() as u32;
        let mut first = None;
        for constraints in region.items() {
            let candidates = self.candidates(constraints, behind..until);
            for place in candidates {
                let Some(left) = looks.checked_sub(1) else {
                    return Matches::TooMany;
                };
                *looks = left;
                if constraints.iter().all(|asked| self.satisfies(place, asked)) {
                    until = place;
                    first = Some(place);
                    break;
                }
            }
        }
        first.map_or(Matches::None, |place| {
            Matches::First(self.first() + u64::from(place))
        })
    }

    /// Places among these, rising, that have among them all that satisfy the constraints.
    fn candidates(&self, constraints: &[Constraint], places: Range<u32>) -> Candidates<'_> {
        let mut fewest = Candidates::All(places.clone());
        for term in terms(constraints) {
            let list = self.list(&term).map_or(&[][..], |list| self.places(list));
            let begin = list.partition_point(|place| *place < places.start);
            let end = list.partition_point(|place| *place < places.end);
            let listed = Candidates::Listed(list.get(begin..end).unwrap_or_default());
            if listed.len() < fewest.len() {
                fewest = listed;
            }
        }
        fewest
    }

    fn satisfies(&self, place: u32, asked: &Constraint) -> bool {
        let row = &self.rows[place as usize];
        let stream = || self.stream_of(row.slot);
        let has = |term| {
            let list = self.list(&term);
            list.is_some_and(|list| self.places(list).binary_search(&place).is_ok())
        };
        match asked {
            Constraint::Entity(entity) => stream().entity() == entity,
            Constraint::EntityPrefix(prefix) => stream().entity().starts_with(prefix.as_str()),
            Constraint::Scope(scope) => stream().scope() == scope,
            Constraint::Kinds(kinds) => kinds.contains(&row.kind),
            Constraint::Category(category) => row.kind.category() == *category,
            Constraint::Tag(tag) => has(Term::Tag(tag.as_str())),
            Constraint::CausedBy(id) => has(Term::Cause(*id)),
            Constraint::Correlation(id) => {
                has(Term::Correlation(*id)) || self.ids.find(id.as_u128()) == Some(place)
            }
            Constraint::Positions(first, last) => {
                (*first..=*last).contains(&(self.first() + u64::from(place)))
            }
            Constraint::TimesUs(first, last) => (*first..=*last).contains(&row.time_us),
        }
    }
}

/// The terms whose lists have all events that satisfy the constraints.
fn terms(constraints: &[Constraint]) -> impl Iterator<Item = Term<'_>> {
    let single = constraints.iter().filter_map(|asked| match asked {
        Constraint::Scope(scope) => Some(Term::Scope(scope)),
        Constraint::Tag(tag) => Some(Term::Tag(tag.as_str())),
        Constraint::CausedBy(id) => Some(Term::Cause(*id)),
        Constraint::Kinds(kinds) => match kinds[..] {
            [kind] => Some(Term::Kind(kind)),
            _ => None,
        },
        _ => None,
    });
    let entity = constraints.iter().find_map(|asked| match asked {
        Constraint::Entity(entity) => Some(entity),
        _ => None,
    });
    let scope = constraints.iter().find_map(|asked| match asked {
        Constraint::Scope(scope) => Some(scope),
        _ => None,
    });
    let stream = entity.zip(scope);
    single.chain(stream.map(|(entity, scope)| Term::Stream { entity, scope }))
}

/// Places in a tail, rising.
enum Candidates<'t> {
    All(Range<u32>),
    Listed(&'t [u32]),
}

impl Candidates<'_> {
    fn len(&self) -> usize {
        match self {
            Self::All(places) => places.len(),
            Self::Listed(places) => places.len(),
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::All(places) => places.next(),
            Self::Listed(places) => {
                let (place, rest) = places.split_first()?;
                *places = rest;
                Some(*place)
            }
        }
    }
}
