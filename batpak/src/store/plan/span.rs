use std::ops::RangeInclusive;

/// Consecutive positions; none if the first is above the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// The end of a sequence of positions that is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Front,
    Back,
}

impl End {
    /// Greater for a position that is nearer to this end. Its own inverse.
    pub(super) const fn rank(self, position: u64) -> u64 {
        match self {
            Self::Front => u64::MAX - position,
            Self::Back => position,
        }
    }
}

impl Span {
    pub(super) const EMPTY: Self = Self { first: 1, last: 0 };

    pub(super) const fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// How many positions there are.
    pub(super) const fn len(self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }

    pub(super) const fn contains(self, position: u64) -> bool {
        self.first <= position && position <= self.last
    }

    pub(super) const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The positions that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            last: self.last.min(other.last),
        }
    }

    /// The least span that covers both; neither is empty.
    pub(super) fn hull(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// The outermost position at this end.
    pub(super) const fn outermost(self, end: End) -> u64 {
        match end {
            End::Front => self.first,
            End::Back => self.last,
        }
    }

    /// What is left when this end is moved to `position`.
    pub(super) const fn moved(mut self, end: End, position: u64) -> Self {
        match end {
            End::Front => self.first = position,
            End::Back => self.last = position,
        }
        self
    }

    /// What is left when `position` is taken from this end, and all that is nearer to it.
    pub(super) const fn beyond(self, end: End, position: u64) -> Self {
        let next = match end {
            End::Front => position.checked_add(1),
            End::Back => position.checked_sub(1),
        };
        match next {
            Some(next) => self.moved(end, next),
            None => Self::EMPTY,
        }
    }
}

impl From<Span> for RangeInclusive<u64> {
    fn from(span: Span) -> Self {
        span.first..=span.last
    }
}

/// The same positions in as few spans as can be, in order.
pub(super) fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| span.first);
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(before) if span.first <= before.last + 1 => *before = before.hull(span),
            _ => merged.push(span),
        }
    }
    merged
}
