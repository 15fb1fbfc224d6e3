use super::Cursor;
use super::explain::{Access, Criterion, Lookup, PlanItem};
use super::node::Node;
use super::span::Span;
use crate::store::StoreError;

/// So few events are read sooner than the index is asked how to read fewer.
const FEW: u64 = 32;

/// Scanning is chosen if more than one event of so many would be read: it reads several in the time
/// in which one is sought, and close events are sought together.
const SCAN_ONE_OF: u64 = 2;

/// What reading an event costs that is then found not to be asked for, in nanoseconds.
const READ_NS: u64 = 1_500;
/// What going to the next position of a list costs.
const STEP_NS: u64 = 30;
/// What going to a distant position of a list costs.
const SEEK_NS: u64 = 500;

/// How an item is read, as far as it is decided.
#[derive(Debug)]
pub(super) struct Choice<C> {
    span: Span,
    published: u64,
    /// How many events the smallest lookup has, or the span.
    fewest: u64,
    found: Vec<Found<C>>,
    filter: Vec<Criterion>,
}

/// A lookup that could be used.
#[derive(Debug)]
struct Found<C> {
    lookup: Lookup,
    node: Node<C>,
}

/// How an item is read. Without a node it is scanned, or nothing is read.
#[derive(Debug)]
pub(super) struct Chosen<C> {
    pub(super) plan: PlanItem,
    pub(super) node: Option<Node<C>>,
}

impl<C> Chosen<C> {
    pub(super) fn nothing() -> Self {
        Self {
            plan: PlanItem {
                positions: Span::EMPTY.into(),
                access: Access::Nothing,
                filter: Vec::new(),
                candidates: 0,
            },
            node: None,
        }
    }

    pub(super) fn span(&self) -> Span {
        Span {
            first: *self.plan.positions.start(),
            last: *self.plan.positions.end(),
        }
    }

    /// All of the item's positions are read, and everything is asked of each event.
    pub(super) fn scan_instead(&mut self) {
        self.node = None;
        self.plan.scan_instead();
    }
}

impl<C: Cursor> Choice<C> {
    pub(super) fn new(span: Span, published: u64) -> Self {
        Self {
            span,
            published,
            fewest: span.len(),
            found: Vec::new(),
            filter: Vec::new(),
        }
    }

    /// Whether a lookup of so many lists could be worth its while, which has at least as many events.
    pub(super) fn wants(&self, lists: usize) -> bool {
        self.fewest > FEW && lists as u64 <= self.fewest
    }

    /// Leaves the criteria to be asked of each event.
    pub(super) fn filter(&mut self, criteria: Vec<Criterion>) {
        self.filter.extend(criteria);
    }

    /// Takes the events that are in some of the lists into consideration: those that satisfy the criteria.
    pub(super) fn offer(&mut self, by: Vec<Criterion>, cursors: Vec<C>) -> Result<(), StoreError> {
        self.offer_with(None, by, cursors)
    }

    /// The same if one more event satisfies them, at this position, which need not be on a list.
    pub(super) fn offer_with(
        &mut self,
        one_more: Option<u64>,
        by: Vec<Criterion>,
        mut cursors: Vec<C>,
    ) -> Result<(), StoreError> {
        let one_more = one_more.filter(|at| self.span.contains(*at));
        let mut events = u64::from(one_more.is_some());
        for cursor in &mut cursors {
            events = events.saturating_add(self.estimate(cursor)?);
        }
        let events = events.min(self.span.len());
        self.fewest = self.fewest.min(events);
        let one_more = one_more.map(|at| {
            Node::Span(Span {
                first: at,
                last: at,
            })
        });
        let lists = cursors.len();
        let nodes = cursors.into_iter().map(Node::Postings).chain(one_more);
        self.found.push(Found {
            lookup: Lookup { by, lists, events },
            node: Node::union(nodes.collect()),
        });
        Ok(())
    }

    /// About how many events of the span are on the list, as if they were spread evenly from the first
    /// on it to the last.
    fn estimate(&self, list: &mut C) -> Result<u64, StoreError> {
        let events = list.estimate()?;
        if events <= FEW || self.span.len() == self.published {
            return Ok(events);
        }
        let (first, last) = (list.seek(1)?, list.seek_back(self.published)?);
        let reach = match (first, last) {
            (Some(first), Some(last)) => Span { first, last },
            _ => Span::EMPTY,
        };
        Ok(share(events, reach.and(self.span).len(), reach.len()))
    }

    /// Decides among what was offered.
    pub(super) fn settle(mut self) -> Chosen<C> {
        let len = self.span.len();
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|found| found.lookup.events);
        let mut found = found.into_iter();
        let driver = match found.next() {
            Some(driver) if !prefers_scan(driver.lookup.events, len) => driver,
            rejected => {
                let unused = rejected.into_iter().chain(found);
                self.filter.extend(unused.flat_map(|found| found.lookup.by));
                return self.chosen(Access::Scan, None, len);
            }
        };
        let mut candidates = driver.lookup.events;
        let mut with = Vec::new();
        let mut nodes = vec![driver.node];
        for found in found {
            if pays(candidates, found.lookup.events, len) {
                candidates = share(candidates, found.lookup.events, len);
                with.push(found.lookup);
                nodes.push(found.node);
            } else {
                self.filter.extend(found.lookup.by);
            }
        }
        let driver = driver.lookup;
        let node = match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => {
                nodes.extend(last);
                Node::Intersection(nodes)
            }
        };
        self.chosen(Access::Lookup { driver, with }, Some(node), candidates)
    }

    fn chosen(self, access: Access, node: Option<Node<C>>, candidates: u64) -> Chosen<C> {
        Chosen {
            plan: PlanItem {
                positions: self.span.into(),
                access,
                filter: self.filter,
                candidates,
            },
            node,
        }
    }
}

/// Whether so many events of a span are sooner found by reading all of it.
pub(super) fn prefers_scan(events: u64, span: u64) -> bool {
    events.saturating_mul(SCAN_ONE_OF) > span
}

/// Whether intersecting `candidates` with a list of `events`, both in a span of `len` positions, saves
/// more than it costs, by enough that errors in the estimates do not matter.
fn pays(candidates: u64, events: u64, len: u64) -> bool {
    let kept = share(candidates, events, len);
    let saved = candidates.saturating_sub(kept).saturating_mul(READ_NS);
    let sought = candidates.saturating_mul(SEEK_NS);
    let walked = events.saturating_mul(STEP_NS);
    saved > sought.min(walked).saturating_mul(2)
}

/// `part` of `whole` in `number`, rounded up.
fn share(number: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(number) * u128::from(part);
    let share = product.div_ceil(u128::from(whole.max(1)));
    u64::try_from(share).unwrap_or(u64::MAX)
}
