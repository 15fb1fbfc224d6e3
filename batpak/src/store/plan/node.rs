use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::Cursor;
use super::span::{End, Span};
use crate::store::StoreError;

/// A set of positions that is searched from both ends, and never listed.
///
/// From one search to the next the span only shrinks. A search from one end does not disturb those
/// from the other.
#[derive(Debug)]
pub(super) enum Node<C> {
    /// Every position of a span.
    Span(Span),
    /// The positions of one term.
    Postings(C),
    /// Those of the node that lie in the span.
    Within(Span, Box<Node<C>>),
    /// Those that are in some node.
    Union(Union<C>),
    /// Those that are in all nodes, the one with the fewest first.
    Intersection(Vec<Node<C>>),
}

impl<C: Cursor> Node<C> {
    /// The union of these nodes.
    pub(super) fn union(mut nodes: Vec<Self>) -> Self {
        match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => {
                nodes.extend(last);
                Self::Union(Union::new(nodes))
            }
        }
    }

    /// The position in `span` that is nearest to `end`.
    pub(super) fn find(&mut self, end: End, span: Span) -> Result<Option<u64>, StoreError> {
        if span.is_empty() {
            return Ok(None);
        }
        match self {
            Self::Span(own) => {
                let both = own.and(span);
                Ok((!both.is_empty()).then(|| both.outermost(end)))
            }
            Self::Postings(cursor) => {
                let found = match end {
                    End::Front => cursor.seek(span.first)?,
                    End::Back => cursor.seek_back(span.last)?,
                };
                Ok(found.filter(|position| span.contains(*position)))
            }
            Self::Within(own, node) => node.find(end, own.and(span)),
            Self::Union(union) => union.find(end, span),
            Self::Intersection(nodes) => find_common(nodes, end, span),
        }
    }
}

/// The position in `span` nearest to `end` that all nodes have: each in turn leaps to what another
/// has found, until all agree.
fn find_common<C: Cursor>(
    nodes: &mut [Node<C>],
    end: End,
    mut span: Span,
) -> Result<Option<u64>, StoreError> {
    let Some((driver, others)) = nodes.split_first_mut() else {
        return Ok(None);
    };
    'candidate: while let Some(candidate) = driver.find(end, span)? {
        span = span.moved(end, candidate);
        for other in &mut *others {
            match other.find(end, span)? {
                None => return Ok(None),
                Some(found) if found != candidate => {
                    span = span.moved(end, found);
                    continue 'candidate;
                }
                Some(_) => {}
            }
        }
        return Ok(Some(candidate));
    }
    Ok(None)
}

/// Nodes, and for each end the positions that they were last found at.
#[derive(Debug)]
pub(super) struct Union<C> {
    nodes: Vec<Node<C>>,
    /// Built by the first search from this end.
    front: Option<Found>,
    back: Option<Found>,
}

/// The rank of the position that a node was found at, and the node's number. A node that has no more
/// positions is not among them.
type Found = BinaryHeap<(u64, usize)>;

impl<C: Cursor> Union<C> {
    fn new(nodes: Vec<Node<C>>) -> Self {
        Self {
            nodes,
            front: None,
            back: None,
        }
    }

    fn find(&mut self, end: End, span: Span) -> Result<Option<u64>, StoreError> {
        let known = match end {
            End::Front => &mut self.front,
            End::Back => &mut self.back,
        };
        let found = match known {
            Some(found) => found,
            None => known.insert(first_search(&mut self.nodes, end, span)?),
        };
        while let Some(mut nearest) = found.peek_mut() {
            let (rank, node) = *nearest;
            let position = end.rank(rank);
            if span.contains(position) {
                return Ok(Some(position));
            }
            match self.nodes[node].find(end, span)? {
                Some(position) => nearest.0 = end.rank(position),
                None => {
                    PeekMut::pop(nearest);
                }
            }
        }
        Ok(None)
    }
}

fn first_search<C: Cursor>(
    nodes: &mut [Node<C>],
    end: End,
    span: Span,
) -> Result<Found, StoreError> {
    let mut found = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter_mut().enumerate() {
        if let Some(position) = node.find(end, span)? {
            found.push((end.rank(position), number));
        }
    }
    Ok(found.into())
}
