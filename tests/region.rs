//! Regions: a query gives the events that the predicate admits, and no others.

use batpak::EventHeader;
use batpak::prelude::*;
use proptest::prelude::*;

use crate::support::{Dir, contents, coordinate};

const ENTITIES: [&str; 4] = ["order:1", "order:2", "user:1", "order:"];
const SCOPES: [&str; 2] = ["shop", "shop/denied"];

#[derive(Debug, Clone)]
struct Fact {
    entity: usize,
    scope: usize,
    kind: u16,
    tags: Vec<u8>,
    /// By how many events before this one.
    causes: Vec<usize>,
    correlation: Option<usize>,
}

fn fact() -> impl Strategy<Value = Fact> {
    (
        0..4_usize,
        0..2_usize,
        0..4_u16,
        prop::collection::vec(0..3_u8, 0..3),
        prop::collection::vec(1..6_usize, 0..3),
        prop::option::of(1..6_usize),
    )
        .prop_map(|(entity, scope, kind, tags, causes, correlation)| Fact {
            entity,
            scope,
            kind,
            tags,
            causes,
            correlation,
        })
}

/// One constraint, as this test understands it.
#[derive(Debug, Clone)]
enum Narrow {
    Entity(usize),
    Prefix(&'static str),
    Scope(usize),
    Kinds(Vec<u16>),
    Category(u8),
    Tag(u8),
    /// By the number of the cause, from 0.
    CausedBy(usize),
    /// By the number of the event that it began with.
    Correlation(usize),
    Positions(u64, u64),
}

fn narrow() -> impl Strategy<Value = Narrow> {
    prop_oneof![
        (0..4_usize).prop_map(Narrow::Entity),
        prop::sample::select(vec!["", "order:", "user", "x"]).prop_map(Narrow::Prefix),
        (0..2_usize).prop_map(Narrow::Scope),
        prop::collection::vec(0..4_u16, 0..3).prop_map(Narrow::Kinds),
        (1..4_u8).prop_map(Narrow::Category),
        (0..3_u8).prop_map(Narrow::Tag),
        (0..40_usize).prop_map(Narrow::CausedBy),
        (0..40_usize).prop_map(Narrow::Correlation),
        (0..50_u64, 0..50_u64).prop_map(|(from, len)| Narrow::Positions(from, from + len)),
    ]
}

fn kind(n: u16) -> EventKind {
    EventKind::custom(1 + (n % 2) as u8, n)
}

/// Appends the facts one by one, and gives what is stored of each.
fn append(store: &Store, facts: &[Fact]) -> Vec<EventHeader> {
    let mut stored: Vec<EventHeader> = Vec::new();
    for fact in facts {
        let at = coordinate(ENTITIES[fact.entity], SCOPES[fact.scope]);
        let mut event = NewEvent::new(&at, kind(fact.kind), &0);
        for tag in &fact.tags {
            event = event.tag(Tag::new("t", tag).unwrap());
        }
        let before = |back: usize| Some(stored[stored.len().checked_sub(back)?].event_id);
        for id in fact.causes.iter().filter_map(|back| before(*back)) {
            event = event.cause(id);
        }
        if let Some(id) = fact.correlation.and_then(before) {
            event = event.correlation(id);
        }
        let receipt = store.commit(Batch::new().event(event)).unwrap()[0];
        stored.push(store.get(receipt.event_id).unwrap().unwrap().header);
    }
    stored
}

fn region(items: &[Vec<Narrow>], stored: &[EventHeader]) -> Region {
    let id = |number: usize| match stored.get(number) {
        Some(header) => header.event_id,
        None => EventId::from_u128(7),
    };
    let item = |narrows: &Vec<Narrow>| {
        narrows
            .iter()
            .fold(Region::all(), |region, narrow| match narrow {
                Narrow::Entity(entity) => region.entity(ENTITIES[*entity]),
                Narrow::Prefix(prefix) => region.entity_prefix(*prefix),
                Narrow::Scope(scope) => region.scope(SCOPES[*scope]),
                Narrow::Kinds(kinds) => region.kinds(kinds.iter().map(|n| kind(*n))),
                Narrow::Category(category) => region.category(*category),
                Narrow::Tag(tag) => region.tag(Tag::new("t", tag).unwrap()),
                Narrow::CausedBy(number) => region.caused_by(id(*number)),
                Narrow::Correlation(number) => region.correlation(id(*number)),
                Narrow::Positions(from, to) => region.positions(*from..*to),
            })
    };
    items.iter().map(item).reduce(Region::or).unwrap()
}

fn admits(narrow: &Narrow, fact: &Fact, stored: &[EventHeader], position: u64) -> bool {
    let number = position as usize - 1;
    match narrow {
        Narrow::Entity(entity) => fact.entity == *entity,
        Narrow::Prefix(prefix) => ENTITIES[fact.entity].starts_with(prefix),
        Narrow::Scope(scope) => fact.scope == *scope,
        Narrow::Kinds(kinds) => kinds.contains(&fact.kind),
        Narrow::Category(category) => 1 + (fact.kind % 2) as u8 == *category,
        Narrow::Tag(tag) => fact.tags.contains(tag),
        Narrow::CausedBy(of) => {
            let mut causes = fact.causes.iter();
            causes.any(|back| number.checked_sub(*back) == Some(*of))
        }
        Narrow::Correlation(of) => {
            let first = stored.get(*of).map(|header| header.event_id);
            number == *of || first.is_some_and(|id| stored[number].correlation == Some(id))
        }
        Narrow::Positions(from, to) => (*from..*to).contains(&position),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_query_gives_what_a_full_scan_would(
        facts in prop::collection::vec(fact(), 1..40),
        items in prop::collection::vec(prop::collection::vec(narrow(), 0..4), 1..4),
    ) {
        let dir = Dir::new();
        let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
        let stored = append(&store, &facts);
        let expected: Vec<u64> = (1..)
            .zip(&facts)
            .filter(|(position, fact)| {
                items.iter().any(|item| item.iter().all(|narrow| admits(narrow, fact, &stored, *position)))
            })
            .map(|(position, _)| position)
            .collect();
        let region = region(&items, &stored);
        let forward: Vec<u64> = store.query(&region).map(|event| event.unwrap().header.sequence).collect();
        prop_assert_eq!(&forward, &expected);
        let mut backward: Vec<u64> =
            store.query(&region).rev().map(|event| event.unwrap().header.sequence).collect();
        backward.reverse();
        prop_assert_eq!(&backward, &expected);
    }
}

#[test]
fn ranges_at_their_edges_mean_what_they_say() {
    let dir = Dir::new();
    let store = dir.open();
    crate::support::fill(&store, 2);
    let count = |region: Region| store.query(&region).count();
    assert_eq!(count(Region::all().positions(..)), 6);
    assert_eq!(count(Region::all().positions(0..=u64::MAX)), 6);
    assert_eq!(count(Region::all().positions(6..)), 1);
    assert_eq!(count(Region::all().positions(..1)), 0);
    assert_eq!(count(Region::all().positions(..0)), 0);
    assert_eq!(count(Region::all().positions(7..)), 0);
    #[expect(clippy::reversed_empty_ranges, reason = "an empty range is the case")]
    let reversed = 5..2;
    assert_eq!(count(Region::all().positions(reversed)), 0);
    assert_eq!(count(Region::all().kinds([])), 0);
    assert_eq!(count(Region::all().entity("a").entity("b")), 0);
    let a = Region::stream(&coordinate("a", "s"));
    assert_eq!(count(a.clone().or(a)), 4, "an event is given once");
}

#[test]
fn a_region_of_times_holds_what_was_committed_then() {
    let dir = Dir::new();
    let store = dir.open();
    crate::support::fill(&store, 3);
    let time_us = store
        .query(&Region::all())
        .nth(3)
        .unwrap()
        .unwrap()
        .header
        .time_us;
    let then: Vec<_> = store
        .query(&Region::all().times_us(time_us..=time_us))
        .collect();
    assert!(then.len() >= 3);
    assert!(
        then.into_iter()
            .all(|event| event.unwrap().header.time_us == time_us)
    );
    assert_eq!(store.query(&Region::all().times_us(..1_000)).count(), 0);
}

#[test]
fn a_query_is_of_the_events_that_there_were_when_it_was_made() {
    let dir = Dir::new();
    let store = dir.open();
    crate::support::fill(&store, 2);
    let events = store.query(&Region::all());
    crate::support::fill(&store, 2);
    assert_eq!(events.count(), 6);
    assert_eq!(contents(&store).len(), 12);
}
