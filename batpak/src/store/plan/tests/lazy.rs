//! What is not asked for is not looked for.

use super::steps::{PUBLISHED, Steps};
use super::{drain, drain_back};
use crate::coordinate::Tag;
use crate::event::{EventId, EventKind, Region};
use crate::store::plan::{Access, Plan, Positions, Source, plan};

fn tag(step: u64) -> Tag {
    Tag::new("t", step).unwrap()
}

fn driver(plan: &Plan) -> String {
    match &plan.items[0].access {
        Access::Lookup { driver, .. } => driver.by[0].to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_shortest_list_is_read_first() {
    let source = Steps::new().kinds([(1, 10), (1, 3)]).streams(900..=1000);
    let asked = |region: Region| driver(&plan(&region, &source).unwrap().plan);
    let ten = [EventKind::custom(1, 10)];
    assert_eq!(asked(Region::all().tag(tag(7)).tag(tag(9))), "tag t:9");
    assert_eq!(asked(Region::all().tag(tag(7)).kinds(ten)), "kind 0x100A");
    assert_eq!(asked(Region::all().scope("s12").kinds(ten)), "scope s12");
    assert_eq!(
        asked(Region::all().tag(tag(7)).entity("e950")),
        "entity e950"
    );
    let many = Region::all().entity_prefix("e9").tag(tag(5_000));
    assert_eq!(asked(many), "tag t:5000");
    let few = Region::all().entity_prefix("e99").tag(tag(5));
    assert_eq!(asked(few), "entity e99*");
}

#[test]
fn a_page_of_ten_from_a_hundred_million_costs_a_page_of_ten() {
    let source = Steps::new();
    let region = Region::all().tag(tag(6)).tag(tag(4)).tag(tag(5));
    let mut positions = plan(&region, &source).unwrap().positions;
    let oldest: Vec<u64> = (0..10).map_while(|_| positions.next().unwrap()).collect();
    let newest: Vec<u64> = (0..10)
        .map_while(|_| positions.next_back().unwrap())
        .collect();
    let common = |n: u64| n.is_multiple_of(60);
    assert_eq!(
        oldest,
        (1..).filter(|n| common(*n)).take(10).collect::<Vec<_>>()
    );
    let last: Vec<u64> = (1..=PUBLISHED)
        .rev()
        .filter(|n| common(*n))
        .take(10)
        .collect();
    assert_eq!(newest, last);
    assert!(source.asked.positions.get() < 500, "{:?}", source.asked);
}

#[test]
fn a_list_is_not_read_past_the_other_end() {
    let source = Steps::new();
    // They meet each 9,409 events only.
    let region = Region::all()
        .tag(tag(97))
        .tag(tag(97 * 97 - 1))
        .positions(1..9_000);
    let mut positions = plan(&region, &source).unwrap().positions;
    assert_eq!(positions.next().unwrap(), None);
    assert_eq!(positions.next_back().unwrap(), None);
    assert!(source.asked.positions.get() < 20, "{:?}", source.asked);
}

#[test]
fn of_all_kinds_that_are_asked_for_only_those_that_exist_are_looked_up() {
    let source = Steps::new().kinds([(1, 1_000), (2, 50)]);
    let region = Region::all().kinds((0..0x1000).map(|id| EventKind::custom(1, id)));
    let mut positions = plan(&region, &source).unwrap().positions;
    assert_eq!(positions.next().unwrap(), Some(1_000));
    assert_eq!(source.asked.lists.get(), 1);
    let mut positions = plan(&Region::all().category(1), &source).unwrap().positions;
    assert_eq!(positions.next().unwrap(), Some(1_000));
    assert_eq!(source.asked.lists.get(), 2);
}

#[test]
fn more_kinds_than_one_can_merge_are_left_to_the_filter() {
    let source = Steps::new()
        .kinds((1_000..2_000).map(|step| (1, step)))
        .kinds([(2, 1)]);
    let planned = plan(&Region::all().category(1).tag(tag(100)), &source).unwrap();
    assert_eq!(driver(&planned.plan), "tag t:100");
    assert_eq!(planned.plan.items[0].filter[0].to_string(), "category 0x1");
    assert_eq!(source.asked.lists.get(), 1);
}

#[test]
fn a_region_of_all_kinds_that_exist_is_not_filtered_by_kind() {
    let source = Steps::new().kinds([(1, 2), (1, 3)]);
    let planned = plan(&Region::all().category(1), &source).unwrap();
    assert!(planned.positions.is_scan());
    assert_eq!(planned.plan.items[0].filter, []);
}

#[test]
fn a_prefix_of_a_million_streams_is_given_up_on_before_they_are_listed() {
    let source = Steps::new().streams(1_000..=1_000_000);
    let region = Region::all().entity_prefix("e").scope("s2");
    let planned = plan(&region, &source).unwrap();
    assert!(source.asked.streams.get() < 300, "{:?}", source.asked);
    assert_eq!(driver(&planned.plan), "scope s2");
    assert_eq!(planned.plan.items[0].filter[0].to_string(), "entity e*");
}

#[test]
fn streams_are_not_listed_for_what_another_list_tells_sooner() {
    let source = Steps::new().streams(1_000..=1_000_000);
    let region = Region::all()
        .entity_prefix("e")
        .category(3)
        .tag(tag(PUBLISHED / 20));
    let planned = plan(&region, &source).unwrap();
    assert_eq!(planned.plan.candidates, 20);
    assert_eq!(
        (source.asked.streams.get(), source.asked.kinds.get()),
        (0, 0)
    );
}

#[test]
fn no_more_streams_are_listed_than_another_list_has_events() {
    let source = Steps::new().streams(1_000..=1_200);
    let region = Region::all().entity_prefix("e").tag(tag(PUBLISHED / 50));
    let planned = plan(&region, &source).unwrap();
    assert_eq!(driver(&planned.plan), "tag t:2000000");
    assert_eq!(source.asked.streams.get(), 51);
}

#[test]
fn lists_are_intersected_where_that_is_sooner_than_reading_events() {
    let source = Steps::new();
    let with = |a, b| {
        let region = Region::all().tag(tag(a)).tag(tag(b));
        match &plan(&region, &source).unwrap().plan.items[0].access {
            Access::Lookup { with, .. } => with.len(),
            _ => 0,
        }
    };
    assert_eq!(with(1_000, 999), 1);
    assert_eq!(with(1_000, 10), 1, "nine events of ten are not read");
    assert_eq!(with(1_000, 2), 0, "a seek for each event saves too little");
    assert_eq!(with(10, 2), 1, "both lists are dense, and read through");
}

#[test]
fn names_that_no_coordinate_can_have_are_not_looked_up() {
    let source = Steps::new();
    let long = "x".repeat(513);
    for name in ["a\0s2", &long] {
        let regions = [
            Region::all().entity(name),
            Region::all().entity_prefix(name),
            Region::all().scope(name),
        ];
        for region in regions {
            let planned = plan(&region, &source).unwrap();
            assert_eq!(planned.plan.items[0].access, Access::Nothing);
        }
    }
    assert_eq!(source.asked.lists.get(), 0);
}

#[test]
fn the_effects_of_an_event_cost_what_there_are_of_them() {
    let source = Steps::new().kinds([(1, 7), (2, 1)]).streams(1..=999_999);
    let effects = Region::all().caused_by(EventId::from_u128(u128::from(PUBLISHED / 20)));
    let region = effects.entity_prefix("e").category(1);
    let planned = plan(&region, &source).unwrap();
    assert_eq!(
        driver(&planned.plan),
        "cause 00000000-0000-0000-0000-0000004c4b40"
    );
    assert_eq!(drain(planned.positions).len(), 20);
    assert_eq!((source.asked.lists.get(), source.asked.ids.get()), (1, 0));
    assert!(source.asked.positions.get() < 50, "{:?}", source.asked);
}

#[test]
fn the_event_that_a_correlation_began_with_is_found_beside_its_list() {
    let source = Steps::new();
    let story = |id| Region::all().correlation(EventId::from_u128(id));
    let of = |region: Region| drain(plan(&region, &source).unwrap().positions);
    let found = [40_000_000, 40_000_001, 80_000_000];
    assert_eq!(of(story(40_000_000)), found);
    assert_eq!(of(story(40_000_000).positions(40_000_002..)), [80_000_000]);
    // That of the last is behind all that is published.
    assert_eq!(of(story(u128::from(PUBLISHED))), [PUBLISHED]);
}

#[test]
fn a_short_range_of_positions_is_read_without_asking_the_index() {
    let source = Steps::new().kinds([(1, 7)]).streams(1..=9);
    let region = Region::all()
        .category(2)
        .tag(tag(5))
        .entity("e2")
        .scope("s2");
    let planned = plan(&region.positions(PUBLISHED - 9..), &source).unwrap();
    assert_eq!(drain(planned.positions).len(), 10);
    assert_eq!(source.asked.lists.get(), 0);
}

#[test]
fn what_most_events_have_is_not_looked_up() {
    let source = Steps::new().kinds([(1, 1), (2, 500)]);
    let often = plan(&Region::all().category(1), &source).unwrap();
    assert!(often.plan.scan && often.positions.is_scan());
    // Each third or so alone, but more than half together.
    let items = Region::all().tag(tag(3)).or(Region::all().tag(tag(4)));
    let together = plan(&items, &source).unwrap();
    assert!(together.plan.scan && together.positions.is_scan());
    assert!(
        together
            .plan
            .items
            .iter()
            .all(|item| item.access == Access::Scan)
    );
    assert_eq!(together.plan.items[1].filter[0].to_string(), "tag t:4");
    let seldom = plan(&Region::all().tag(tag(3)), &source).unwrap();
    assert!(!seldom.plan.scan && !seldom.positions.is_scan());
}

#[test]
fn a_range_that_is_scanned_anyway_is_not_searched_for_other_items() {
    let source = Steps::new();
    let scan = Region::all().positions(1..=1_000);
    let within = Region::all().tag(tag(7)).positions(500..=900);
    let apart = Region::all().tag(tag(1_000_000));
    let planned = plan(&scan.or(within).or(apart), &source).unwrap();
    assert_eq!(planned.plan.items[1].access, Access::Scan);
    let found = drain(planned.positions);
    assert_eq!(
        (found.len(), found[999], found[1_000]),
        (1_100, 1_000, 1_000_000)
    );
}

#[test]
fn an_index_that_cannot_be_read_is_an_error_and_not_the_end() {
    let source = Steps::new();
    let items = Region::all()
        .tag(tag(1_000))
        .or(Region::all().tag(tag(700)));
    let mut positions = plan(&items, &source).unwrap().positions;
    source.asked.readable.set(Some(4));
    let found: Result<Vec<u64>, _> = std::iter::from_fn(|| positions.next().transpose()).collect();
    assert!(found.unwrap_err().to_string().contains("unplugged"));
}

#[test]
fn one_list_is_read_between_two_positions() {
    let source = Steps::new();
    let list = |first, last| {
        let cursor = source
            .postings(crate::store::plan::Term::Tag("t:10"))
            .unwrap();
        Positions::postings(cursor, first, last)
    };
    assert_eq!(drain(list(10, 39)), [10, 20, 30]);
    assert_eq!(drain_back(list(11, 40)), [40, 30, 20]);
    assert_eq!(drain(list(11, 19)), [0; 0]);
}

#[test]
fn every_position_is_given_up_to_the_ends_of_what_can_be_counted() {
    type All = Positions<<Steps as Source>::Postings>;
    assert_eq!(drain(All::all(3, 5)), [3, 4, 5]);
    assert_eq!(drain(All::all(1, 0)), [0; 0]);
    assert_eq!(
        drain(All::all(u64::MAX - 1, u64::MAX)),
        [u64::MAX - 1, u64::MAX]
    );
    assert_eq!(drain_back(All::all(0, 1)), [1, 0]);
    let mut cleared = All::all(1, 9);
    cleared.clear();
    assert_eq!(cleared.next_back().unwrap(), None);
}
