//! Regions: a query gives the events that the predicate admits, and no others.

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
}

fn fact() -> impl Strategy<Value = Fact> {
    (
        0..4_usize,
        0..2_usize,
        0..4_u16,
        prop::collection::vec(0..3_u8, 0..3),
    )
        .prop_map(|(entity, scope, kind, tags)| Fact {
            entity,
            scope,
            kind,
            tags,
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
        (0..50_u64, 0..50_u64).prop_map(|(from, len)| Narrow::Positions(from, from + len)),
    ]
}

fn kind(n: u16) -> EventKind {
    EventKind::custom(1 + (n % 2) as u8, n)
}

fn region(items: &[Vec<Narrow>]) -> Region {
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
                Narrow::Positions(from, to) => region.positions(*from..*to),
            })
    };
    items.iter().map(item).reduce(Region::or).unwrap()
}

fn admits(narrow: &Narrow, fact: &Fact, position: u64) -> bool {
    match narrow {
        Narrow::Entity(entity) => fact.entity == *entity,
        Narrow::Prefix(prefix) => ENTITIES[fact.entity].starts_with(prefix),
        Narrow::Scope(scope) => fact.scope == *scope,
        Narrow::Kinds(kinds) => kinds.contains(&fact.kind),
        Narrow::Category(category) => 1 + (fact.kind % 2) as u8 == *category,
        Narrow::Tag(tag) => fact.tags.contains(tag),
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
        let mut batch = Batch::new();
        for fact in &facts {
            let at = coordinate(ENTITIES[fact.entity], SCOPES[fact.scope]);
            let event = NewEvent::new(&at, kind(fact.kind), &0);
            batch.extend([fact.tags.iter().fold(event, |event, tag| event.tag(Tag::new("t", tag).unwrap()))]);
        }
        store.commit(batch).unwrap();
        let expected: Vec<u64> = (1..)
            .zip(&facts)
            .filter(|(position, fact)| {
                items.iter().any(|item| item.iter().all(|narrow| admits(narrow, fact, *position)))
            })
            .map(|(position, _)| position)
            .collect();
        let region = region(&items);
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
