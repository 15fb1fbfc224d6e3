use std::fmt;

use super::Expect;
use crate::coordinate::Coordinate;
use crate::event::{EventId, Region};

/// What must hold for an append to go ahead: clauses about streams and about regions, all of which are
/// checked at one moment, inside the commit, against everything that was committed before.
///
/// ```
/// use batpak::prelude::*;
/// # let dir = std::env::temp_dir().join(format!("batpak-condition-{}", std::process::id()));
///
/// let store = Store::open(StoreConfig::new(&dir))?;
/// let registered = EventKind::custom(0x1, 1);
/// let register = |user: &str, mail: &str| -> Result<AppendReceipt, StoreError> {
///     let user = Coordinate::new(user, "shop")?;
///     let mail = Tag::new("mail", mail)?;
///     let taken = Region::all().kinds([registered]).tag(mail.clone());
///     store.append_if(
///         NewEvent::new(&user, registered, &()).tag(mail),
///         Condition::new().expect(&user, Expect::Empty).fail_if_any(taken),
///     )
/// };
///
/// let first = register("user:1", "ann@example.com")?;
/// let Err(StoreError::Conflict(conflict)) = register("user:2", "ann@example.com") else {
///     panic!("the address is taken");
/// };
/// assert_eq!((conflict.event, conflict.position), (Some(first.event_id), 1));
/// assert!(!conflict.is_retryable());
/// # drop(store);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Conditions on regions are the append conditions of [dynamic consistency boundaries](https://dcb.events).
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a condition holds for nothing until it is given to an append"]
pub struct Condition {
    clauses: Vec<Clause>,
}

/// One thing that a [`Condition`] asks for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Clause {
    /// A stream must look like this.
    Stream {
        /// The stream.
        coordinate: Coordinate,
        /// What it must look like.
        expect: Expect,
    },
    /// The region must have no event.
    NoneOf(Region),
    /// The region must have no event behind a position.
    NoneAfter {
        /// The region.
        region: Region,
        /// The position.
        position: u64,
    },
}

impl Condition {
    /// A condition without clauses, which always holds.
    pub const fn new() -> Self {
        Self {
            clauses: Vec::new(),
        }
    }

    /// A stream must look like this before the append, whether or not the append goes to it.
    pub fn expect(self, coordinate: &Coordinate, expect: Expect) -> Self {
        self.clause(Clause::Stream {
            coordinate: coordinate.clone(),
            expect,
        })
    }

    /// The region must have no event at all.
    pub fn fail_if_any(self, region: Region) -> Self {
        self.clause(Clause::NoneOf(region))
    }

    /// The region must have no event behind this position: nothing has come to it since somebody read it
    /// up to there. A position that the log has not reached is refused
    /// ([`StoreError::PositionAhead`](crate::StoreError::PositionAhead)).
    pub fn fail_if_after(self, region: Region, position: u64) -> Self {
        self.clause(Clause::NoneAfter { region, position })
    }

    /// The clauses of both.
    pub fn and(mut self, other: Self) -> Self {
        self.clauses.extend(other.clauses);
        self
    }

    /// The clauses, in the order in which they were added.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    fn clause(mut self, clause: Clause) -> Self {
        self.clauses.push(clause);
        self
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream { coordinate, expect } => write!(f, "{expect} in {coordinate}"),
            Self::NoneOf(region) => write!(f, "no event of {region}"),
            Self::NoneAfter { region, position } => {
                write!(f, "no event of {region} behind position {position}")
            }
        }
    }
}

/// Why a condition did not hold: the first clause that did not, and the event that it did not hold for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Conflict {
    /// The clause.
    pub clause: Clause,
    /// The newest event of the stream, or the first one of the region that should not be there; `None` if
    /// the stream has none.
    pub event: Option<EventId>,
    /// The position of that event; 0 if there is none.
    pub position: u64,
    /// The revision of that event in its stream; 0 if there is none.
    pub revision: u64,
}

impl Conflict {
    /// Whether reading again, deciding anew and trying again may succeed: whether the clause was about what somebody
    /// had read up to a position or a revision, and something has come since.
    ///
    /// That a stream is not empty, or a region not without events, is final: nothing is ever removed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self.clause {
            Clause::Stream { expect, .. } => match expect {
                Expect::Revision(expected) => self.revision > expected,
                Expect::Any | Expect::Empty | Expect::Exists => false,
            },
            Clause::NoneOf(_) => false,
            Clause::NoneAfter { .. } => true,
        }
    }
}

impl std::error::Error for Conflict {}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the append is on condition of {}, and there is ",
            self.clause
        )?;
        match self.event {
            Some(event) => write!(
                f,
                "event {event} at position {}, revision {}",
                self.position, self.revision
            )?,
            None => f.write_str("none")?,
        }
        f.write_str(match self.is_retryable() {
            true => "; read again and try again",
            false => "; trying again does not help",
        })
    }
}
