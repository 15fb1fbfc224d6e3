use std::fmt;

/// What a stream must look like for an append to go ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Anything: no check.
    Any,
    /// It has no event.
    Empty,
    /// It has at least one event.
    Exists,
    /// Its newest event has this revision; 0 means that it is empty.
    Revision(u64),
}

impl Expect {
    /// Whether a stream at `revision` (0 if empty) is as expected.
    #[must_use]
    pub const fn holds(self, revision: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Empty => revision == 0,
            Self::Exists => revision > 0,
            Self::Revision(expected) => revision == expected,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any revision"),
            Self::Empty => f.write_str("no event"),
            Self::Exists => f.write_str("at least one event"),
            Self::Revision(revision) => write!(f, "revision {revision}"),
        }
    }
}
