use std::fmt;
use std::ops::RangeBounds;

use super::{EventId, EventKind, EventMeta};
use crate::coordinate::{Coordinate, Tag};

/// The tag of events that no gate was asked about.
pub(crate) const BYPASSED: &str = "batpak:bypassed";

/// The one predicate over events: an OR of items, each an AND of constraints.
///
/// A region starts with all events; each call narrows it, and [`Region::or`] widens it by another
/// region. To narrow by two things of a sort is to ask for both: `.entity("a").entity("b")` has no
/// events. What is called after `or` narrows both sides.
///
/// ```
/// use batpak::{EventKind, Region};
///
/// let paid = EventKind::custom(0x1, 3);
/// let refunded = EventKind::custom(0x2, 1);
/// let payments = Region::all().scope("shop").kinds([paid])
///     .or(Region::all().entity_prefix("refund:").kinds([refunded]))
///     .positions(1_000..);
/// # let _ = payments;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// An event is in the region if it satisfies all constraints of some item.
    items: Vec<Vec<Constraint>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Constraint {
    Entity(String),
    EntityPrefix(String),
    Scope(String),
    Kinds(Vec<EventKind>),
    Category(u8),
    Tag(Tag),
    CausedBy(EventId),
    Correlation(EventId),
    /// First and last position.
    Positions(u64, u64),
    /// First and last time.
    TimesUs(u64, u64),
}

impl Constraint {
    fn admits(&self, meta: &EventMeta<'_>) -> bool {
        let header = &meta.header;
        match self {
            Self::Entity(entity) => meta.entity == entity,
            Self::EntityPrefix(prefix) => meta.entity.starts_with(prefix.as_str()),
            Self::Scope(scope) => meta.scope == scope,
            Self::Kinds(kinds) => kinds.contains(&header.kind),
            Self::Category(category) => header.kind.category() == *category,
            Self::Tag(tag) => meta.tags().any(|found| found == tag.as_str()),
            Self::CausedBy(id) => meta.causes().any(|cause| cause == *id),
            Self::Correlation(id) => header.event_id == *id || header.correlation == Some(*id),
            Self::Positions(first, last) => (*first..=*last).contains(&header.sequence),
            Self::TimesUs(first, last) => (*first..=*last).contains(&header.time_us),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |f: &mut fmt::Formatter<'_>, what: &str, first: u64, last: u64| match last {
            u64::MAX => write!(f, "{what} from {first}"),
            _ => write!(f, "{what} {first} to {last}"),
        };
        match self {
            Self::Entity(entity) => write!(f, "entity {entity}"),
            Self::EntityPrefix(prefix) => write!(f, "entity {prefix}.."),
            Self::Scope(scope) => write!(f, "scope {scope}"),
            Self::Kinds(kinds) => {
                f.write_str("kind")?;
                let mut kinds = kinds.iter().enumerate();
                kinds
                    .try_for_each(|(n, kind)| write!(f, "{}{kind}", if n == 0 { " " } else { "|" }))
            }
            Self::Category(category) => write!(f, "category {category:#x}"),
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::CausedBy(id) => write!(f, "caused by {id}"),
            Self::Correlation(id) => write!(f, "correlation {id}"),
            Self::Positions(first, last) => range(f, "position", *first, *last),
            Self::TimesUs(first, last) => range(f, "time", *first, *last),
        }
    }
}

/// What it asks for, such as `(scope shop, kind 0x1003) or (entity refund:.., kind 0x2001)`.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, item) in self.items.iter().enumerate() {
            f.write_str(if n == 0 { "(" } else { " or (" })?;
            if item.is_empty() {
                f.write_str("everything")?;
            }
            for (n, constraint) in item.iter().enumerate() {
                write!(f, "{}{constraint}", if n == 0 { "" } else { ", " })?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl Region {
    /// All events.
    #[must_use]
    pub fn all() -> Self {
        Self {
            items: vec![Vec::new()],
        }
    }

    /// The events of one stream.
    #[must_use]
    pub fn stream(coordinate: &Coordinate) -> Self {
        Self::all()
            .entity(coordinate.entity())
            .scope(coordinate.scope())
    }

    /// Only those of this entity, in whatever scope.
    #[must_use]
    pub fn entity(self, entity: impl Into<String>) -> Self {
        self.and(Constraint::Entity(entity.into()))
    }

    /// Only those of entities whose name begins so.
    #[must_use]
    pub fn entity_prefix(self, prefix: impl Into<String>) -> Self {
        self.and(Constraint::EntityPrefix(prefix.into()))
    }

    /// Only those in this scope.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.and(Constraint::Scope(scope.into()))
    }

    /// Only those of one of these kinds.
    #[must_use]
    pub fn kinds(self, kinds: impl IntoIterator<Item = EventKind>) -> Self {
        self.and(Constraint::Kinds(kinds.into_iter().collect()))
    }

    /// Only those whose kind has this category.
    #[must_use]
    pub fn category(self, category: u8) -> Self {
        self.and(Constraint::Category(category))
    }

    /// Only those with this tag; several calls ask for several tags.
    #[must_use]
    pub fn tag(self, tag: Tag) -> Self {
        self.and(Constraint::Tag(tag))
    }

    /// Only those that no gate was asked about, by a [`Bypass`](crate::Bypass).
    #[must_use]
    pub fn bypassed(self) -> Self {
        self.tag(Tag::from_log(BYPASSED))
    }

    /// Only the denials that were recorded: see [`Store::record_denial`](crate::Store::record_denial).
    #[must_use]
    pub fn denials(self) -> Self {
        self.kinds([EventKind::DENIED])
    }

    /// Only those that the event with this id led to: they name it as a cause.
    #[must_use]
    pub fn caused_by(self, id: EventId) -> Self {
        self.and(Constraint::CausedBy(id))
    }

    /// Only those of this correlation: they have its id, or it is theirs. So the event that all began with
    /// is one of them, whether or not it has a correlation itself.
    #[must_use]
    pub fn correlation(self, id: EventId) -> Self {
        self.and(Constraint::Correlation(id))
    }

    /// Only those at these positions of the log.
    #[must_use]
    pub fn positions(self, positions: impl RangeBounds<u64>) -> Self {
        let (first, last) = inclusive(&positions);
        self.and(Constraint::Positions(first, last))
    }

    /// Only those committed in this time, in microseconds since 1970 UTC.
    #[must_use]
    pub fn times_us(self, times_us: impl RangeBounds<u64>) -> Self {
        let (first, last) = inclusive(&times_us);
        self.and(Constraint::TimesUs(first, last))
    }

    /// These events and those of `other`.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.items.extend(other.items);
        self
    }

    /// Whether an event is in the region.
    #[must_use]
    pub fn contains(&self, meta: &EventMeta<'_>) -> bool {
        self.items
            .iter()
            .any(|item| item.iter().all(|constraint| constraint.admits(meta)))
    }

    /// Whether every event is in it, by its form.
    pub(crate) fn is_everything(&self) -> bool {
        self.items.iter().any(Vec::is_empty)
    }

    pub(crate) fn items(&self) -> &[Vec<Constraint>] {
        &self.items
    }

    fn and(mut self, constraint: Constraint) -> Self {
        for item in &mut self.items {
            item.push(constraint.clone());
        }
        self
    }
}

/// The first and last number in `range`; first above last if there is none.
fn inclusive(range: &impl RangeBounds<u64>) -> (u64, u64) {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let first = match range.start_bound() {
        Included(first) => Some(*first),
        Excluded(before) => before.checked_add(1),
        Unbounded => Some(0),
    };
    let last = match range.end_bound() {
        Included(last) => Some(*last),
        Excluded(end) => end.checked_sub(1),
        Unbounded => Some(u64::MAX),
    };
    first.zip(last).unwrap_or((1, 0))
}
