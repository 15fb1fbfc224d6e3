//! How plans read.

use super::steps::Steps;
use crate::coordinate::Tag;
use crate::event::{EventId, EventKind, Region};
use crate::store::plan::plan;

fn explained(region: &Region, source: &Steps) -> String {
    plan(region, source).unwrap().plan.to_string()
}

#[test]
fn a_lookup_names_its_lists_and_what_is_left_to_ask() {
    let source = Steps::new().kinds([(1, 10), (1, 20), (2, 5)]);
    let region = Region::all()
        .scope("s2")
        .kinds([EventKind::custom(1, 20), EventKind::custom(1, 10)])
        .tag(Tag::new("course", 20_000).unwrap());
    assert_eq!(
        explained(&region, &source),
        "\
lookup at 1..=100000000, about 750 events
  item at 1..=100000000, about 750 events
    from tag course:20000: about 5000 events on 1 list
    and kind 0x100A or 0x1014: about 15000000 events on 2 lists
    filter scope s2"
    );
}

#[test]
fn the_items_of_a_region_are_explained_one_by_one() {
    let source = Steps::new().kinds([(1, 100), (2, 5)]).streams(250..=300);
    let region = Region::all()
        .entity_prefix("e2")
        .scope("s2")
        .or(Region::all().category(1).times_us(1_000..=1_999_999))
        .or(Region::all().entity("e").entity("f"));
    assert_eq!(
        explained(&region, &source),
        "\
lookup at 1..=100000000, about 18285495 events
  item at 1..=100000000, about 18265504 events
    from entity e2*, scope s2: about 18265504 events on 50 lists
  item at 1000..=1999999, about 19991 events
    from category 0x1: about 19991 events on 1 list
    filter time 1000..=1999999 us
  item: no events"
    );
}

#[test]
fn a_scan_says_what_every_event_is_asked() {
    let source = Steps::new().kinds([(1, 1), (2, 5)]);
    let region = Region::all()
        .category(1)
        .tag(Tag::new("even", 2).unwrap())
        .positions(1_001..);
    assert_eq!(
        explained(&region, &source),
        "\
scan at 1001..=100000000, about 99999000 events
  item at 1001..=100000000, about 99999000 events
    every event
    filter tag even:2, category 0x1"
    );
    let none = Region::all().kinds([]);
    assert_eq!(explained(&none, &source), "nothing\n  item: no events");
}

#[test]
fn causality_is_asked_by_ids() {
    let source = Steps::new().kinds([(1, 1), (2, 5)]);
    let id = |step| EventId::from_u128(step);
    let region = Region::all()
        .correlation(id(20_000))
        .caused_by(id(50_000))
        .or(Region::all().correlation(id(4_000)));
    assert_eq!(
        explained(&region, &source),
        "\
lookup at 1..=100000000, about 25002 events
  item at 1..=100000000, about 1 event
    from cause 00000000-0000-0000-0000-00000000c350: about 2000 events on 1 list
    and correlation 00000000-0000-0000-0000-000000004e20: about 5001 events on 1 list
  item at 1..=100000000, about 25001 events
    from correlation 00000000-0000-0000-0000-000000000fa0: about 25001 events on 1 list"
    );
}
