use super::Cursor;
use super::node::Node;
use super::span::{End, Span};
use crate::store::StoreError;

/// Ascending positions without duplicates, found as they are asked for, from either end until both
/// meet.
#[derive(Debug)]
pub(crate) struct Positions<C> {
    /// What neither end has passed.
    left: Span,
    /// `None` if every position counts.
    node: Option<Node<C>>,
}

impl<C: Cursor> Positions<C> {
    /// Every position from the first to the last; none if the first is above the last.
    pub(crate) fn all(first: u64, last: u64) -> Self {
        Self {
            left: Span { first, last },
            node: None,
        }
    }

    /// Those of one term, from the first to the last.
    pub(crate) fn postings(cursor: C, first: u64, last: u64) -> Self {
        Self::of(Node::Postings(cursor), Span { first, last })
    }

    /// Those of the node in the span.
    pub(super) fn of(node: Node<C>, span: Span) -> Self {
        Self {
            left: span,
            node: Some(node),
        }
    }

    /// Whether every position from the first to the last is among them, so that the log is best read
    /// in sequence.
    pub(crate) fn is_scan(&self) -> bool {
        self.node.is_none()
    }

    /// The lowest that is left.
    pub(crate) fn next(&mut self) -> Result<Option<u64>, StoreError> {
        self.take(End::Front)
    }

    /// The highest that is left.
    pub(crate) fn next_back(&mut self) -> Result<Option<u64>, StoreError> {
        self.take(End::Back)
    }

    /// Leaves out what lies before `position`.
    pub(crate) fn skip_to(&mut self, position: u64) {
        self.left.first = self.left.first.max(position);
    }

    /// Leaves out what is not left of `others` either.
    pub(crate) fn within(&mut self, others: &Self) {
        self.left = self.left.and(others.left);
    }

    /// Leaves out all that is left.
    pub(crate) fn clear(&mut self) {
        self.left = Span::EMPTY;
    }

    fn take(&mut self, end: End) -> Result<Option<u64>, StoreError> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let found = match &mut self.node {
            None => Some(self.left.outermost(end)),
            Some(node) => node.find(end, self.left)?,
        };
        match found {
            Some(position) => self.left = self.left.beyond(end, position),
            None => self.clear(),
        }
        Ok(found)
    }
}
