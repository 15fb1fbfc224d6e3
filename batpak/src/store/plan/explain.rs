use std::fmt;
use std::ops::RangeInclusive;

use crate::coordinate::Tag;
use crate::event::{EventId, EventKind};

/// How the events of a [`Region`](crate::Region) are found: which lists of the index are read, and
/// what is then left to ask of each event.
///
/// It displays as a tree, a line for each thing that is done. Numbers of events are estimates, and
/// change as the store grows; so do the plans.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The first and last position that any item asks for; the first is above the last if there is none.
    pub positions: RangeInclusive<u64>,
    /// Whether all events at these positions are read in sequence.
    pub scan: bool,
    /// About how many events are read.
    pub candidates: u64,
    /// The items of the region, in its order. An event is read once, whatever number of items it is in.
    pub items: Vec<PlanItem>,
}

/// How the events of one item of a region are found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlanItem {
    /// The first and last position that it asks for. Times are among that: those between which events
    /// of these times lie.
    pub positions: RangeInclusive<u64>,
    /// Which of the events there are read.
    pub access: Access,
    /// What each event that is read is asked, for the index has not answered it.
    pub filter: Vec<Criterion>,
    /// About how many events are read.
    pub candidates: u64,
}

/// Which events are read for an item of a region.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Access {
    /// None: no event can be as the item asks, or there is none at its positions.
    Nothing,
    /// All of them, in sequence.
    Scan,
    /// Those that are on lists of the index.
    #[non_exhaustive]
    Lookup {
        /// What has the fewest events.
        driver: Lookup,
        /// What is intersected with it.
        with: Vec<Lookup>,
    },
}

/// Lists of the index that are read together: an event that is on one of them is found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Lookup {
    /// What all events on the lists satisfy.
    pub by: Vec<Criterion>,
    /// How many lists there are, such as one for each kind.
    pub lists: usize,
    /// About how many events are on them, at the item's positions.
    pub events: u64,
}

/// One thing that an item of a region asks of its events.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Criterion {
    /// Its entity has this name.
    Entity(String),
    /// Its entity's name begins so.
    EntityPrefix(String),
    /// Its scope has this name.
    Scope(String),
    /// Its kind is one of these, which rise.
    Kinds(Vec<EventKind>),
    /// Its kind has this category.
    Category(u8),
    /// It has this tag.
    Tag(Tag),
    /// It names the event with this id as a cause.
    CausedBy(EventId),
    /// It has this correlation, or it is the event whose id that is.
    Correlation(EventId),
    /// It was committed in this time, in microseconds since 1970 UTC.
    TimesUs(RangeInclusive<u64>),
}

impl PlanItem {
    /// What a lookup was to answer is asked of each event.
    pub(super) fn scan_instead(&mut self) {
        match std::mem::replace(&mut self.access, Access::Scan) {
            Access::Nothing => self.access = Access::Nothing,
            Access::Scan => {}
            Access::Lookup { driver, with } => {
                let mut lookups = vec![driver];
                lookups.extend(with);
                self.filter
                    .extend(lookups.into_iter().flat_map(|lookup| lookup.by));
                self.candidates =
                    (self.positions.end() + 1).saturating_sub(*self.positions.start());
            }
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = if self.positions.is_empty() {
            "nothing"
        } else if self.scan {
            "scan"
        } else {
            "lookup"
        };
        write!(f, "{access}")?;
        positions(f, &self.positions, self.candidates)?;
        self.items.iter().try_for_each(|item| write!(f, "\n{item}"))
    }
}

impl fmt::Display for PlanItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  item")?;
        positions(f, &self.positions, self.candidates)?;
        match &self.access {
            Access::Nothing => write!(f, ": no events")?,
            Access::Scan => write!(f, "\n    every event")?,
            Access::Lookup { driver, with } => {
                write!(f, "\n    from {driver}")?;
                with.iter()
                    .try_for_each(|lookup| write!(f, "\n    and {lookup}"))?;
            }
        }
        if self.filter.is_empty() {
            return Ok(());
        }
        write!(f, "\n    filter ")?;
        listed(f, &self.filter, ", ")
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listed(f, &self.by, ", ")?;
        write!(f, ": about {} on ", counted(self.events, "event"))?;
        f.write_str(&counted(self.lists as u64, "list"))
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entity(name) => write!(f, "entity {name}"),
            Self::EntityPrefix(prefix) => write!(f, "entity {prefix}*"),
            Self::Scope(name) => write!(f, "scope {name}"),
            Self::Kinds(kinds) => {
                const SHOWN: usize = 4;
                let shown = &kinds[..kinds.len().min(SHOWN)];
                f.write_str("kind ")?;
                listed(f, shown, " or ")?;
                match kinds.len() - shown.len() {
                    0 => Ok(()),
                    more => write!(f, " or {more} more"),
                }
            }
            Self::Category(category) => write!(f, "category {category:#X}"),
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::CausedBy(id) => write!(f, "cause {id}"),
            Self::Correlation(id) => write!(f, "correlation {id}"),
            Self::TimesUs(times) => write!(f, "time {}..={} us", times.start(), times.end()),
        }
    }
}

fn positions(
    f: &mut fmt::Formatter<'_>,
    positions: &RangeInclusive<u64>,
    candidates: u64,
) -> fmt::Result {
    if positions.is_empty() {
        return Ok(());
    }
    let (first, last) = (positions.start(), positions.end());
    write!(f, " at {first}..={last}, about ")?;
    f.write_str(&counted(candidates, "event"))
}

fn listed<T: fmt::Display>(f: &mut fmt::Formatter<'_>, list: &[T], between: &str) -> fmt::Result {
    list.iter().enumerate().try_for_each(|(n, element)| {
        let before = if n > 0 { between } else { "" };
        write!(f, "{before}{element}")
    })
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
