//! Whatever is asked, what is found is what the predicate admits.

use std::collections::VecDeque;

use super::log::{List, Log, Random, id, kind, scope, story, tag};
use super::{drain, drain_back};
use crate::event::{EventKind, Region};
use crate::store::plan::{Access, Plan, Positions, Source, plan};

/// How many events are published in each round.
const ROUNDS: [u64; 6] = [6_000, 5_000, 1_500, 40, 1, 0];
const REGIONS: u64 = 100;

fn narrowed(region: Region, random: &mut Random, log: &Log) -> Region {
    let choose = |random: &mut Random, from: &[&str]| -> String {
        from[random.below(from.len() as u64) as usize].to_owned()
    };
    match random.below(12) {
        0 => region.entity(format!("order:{}", random.below(14))),
        1 => region.entity(choose(
            random,
            &["user:1", "user:200", "nobody", "", "a\0b"],
        )),
        2 => region.entity_prefix(choose(
            random,
            &["", "order:", "order:1", "user:29", "user:", "z"],
        )),
        3 => region.scope(scope(random.below(6))),
        4 => region.kinds((0..random.below(6)).map(|_| kind(random.below(32)))),
        5 => region.kinds((0..0x20).map(|id| EventKind::custom(1 + random.below(3) as u8, id))),
        6 => region.category(random.below(5) as u8),
        7 => region.tag(tag(random.below(42))),
        8 => region.caused_by(id(random.skewed(200))),
        9 => region.correlation(story(random)),
        10 => {
            let first = random.below(log.published() + 20);
            region.positions(first..first + random.below(1_500))
        }
        _ => {
            let first = random.below(log.now_us() + 20);
            region.times_us(first..=first + random.below(2_000))
        }
    }
}

fn random_region(random: &mut Random, log: &Log) -> Region {
    let item = |random: &mut Random| {
        (0..1 + random.below(3)).fold(Region::all(), |region, _| narrowed(region, random, log))
    };
    let more = random.below(4) / 2 * random.below(4);
    (0..more).fold(item(random), |region, _| region.or(item(random)))
}

/// Gives each region, planned, to the test: the log, the region, and a function that plans it.
fn each_region(
    mut test: impl FnMut(&Log, &Region, &Plan, &dyn Fn() -> Positions<List>, &mut Random),
) {
    for (seed, published) in (0..).zip(ROUNDS) {
        let mut random = Random(seed);
        let log = Log::random(&mut random, published, 100);
        for _ in 0..REGIONS {
            let region = random_region(&mut random, &log);
            let planned = plan(&region, &log).unwrap();
            let again = || plan(&region, &log).unwrap().positions;
            test(&log, &region, &planned.plan, &again, &mut random);
        }
    }
}

#[test]
fn the_events_of_a_region_are_among_the_candidates_in_order_and_once() {
    each_region(|log, region, plan, positions, _| {
        let found = drain(positions());
        assert!(found.is_sorted_by(|a, b| a < b), "{region:?}\n{plan}");
        assert!(
            found.iter().all(|p| plan.positions.contains(p)),
            "{region:?}\n{plan}"
        );
        assert!(found.last() <= Some(&log.published()), "{region:?}\n{plan}");
        let asked = |p: &u64| plan.items.iter().any(|item| item.positions.contains(p));
        assert!(plan.scan || found.iter().all(asked), "{region:?}\n{plan}");
        let events = |p: &u64| log.is_in(region, *p);
        let found: Vec<u64> = found.into_iter().filter(events).collect();
        let expected: Vec<u64> = (1..=log.published()).filter(events).collect();
        assert_eq!(found, expected, "{region:?}\n{plan}");
    });
}

#[test]
fn backward_gives_the_same_as_forward() {
    each_region(|_, region, plan, positions, _| {
        let mut backward = drain_back(positions());
        backward.reverse();
        assert_eq!(backward, drain(positions()), "{region:?}\n{plan}");
    });
}

#[test]
fn both_ends_may_be_taken_from_and_skipped_in_any_order() {
    each_region(|log, region, plan, positions, random| {
        let mut left = VecDeque::from(drain(positions()));
        let mut positions = positions();
        for _ in 0..200 {
            match random.below(5) {
                0 => {
                    let front = left.front().copied().unwrap_or(log.published());
                    let to = (front + random.skewed(60)).saturating_sub(5);
                    left.retain(|position| *position >= to);
                    positions.skip_to(to);
                }
                1 | 2 => {
                    let found = positions.next_back().unwrap();
                    assert_eq!(found, left.pop_back(), "{region:?}\n{plan}");
                }
                _ => {
                    let found = positions.next().unwrap();
                    assert_eq!(found, left.pop_front(), "{region:?}\n{plan}");
                }
            }
        }
        assert_eq!(left, drain(positions), "{region:?}\n{plan}");
    });
}

#[test]
fn a_plan_tells_all_that_is_done_and_all_that_is_left_to_ask() {
    let (mut scans, mut lookups, mut intersections, mut nothing) = (0, 0, 0, 0);
    each_region(|log, region, plan, positions, _| {
        let [item] = &plan.items[..] else {
            return;
        };
        let (mut by, whole) = match &item.access {
            Access::Nothing => {
                nothing += 1;
                assert_eq!(drain(positions()), [0_u64; 0]);
                (Vec::new(), true)
            }
            Access::Scan => {
                scans += 1;
                assert!(plan.scan && positions().is_scan());
                (Vec::new(), true)
            }
            Access::Lookup { driver, with } => {
                lookups += 1;
                intersections += usize::from(!with.is_empty());
                let lists = with.iter().chain([driver]);
                (lists.flat_map(|lookup| &lookup.by).collect(), false)
            }
        };
        assert_eq!(plan.scan, whole && !item.positions.is_empty());
        let satisfying = |by: &[&_]| -> Vec<u64> {
            let all = |p: &u64| by.iter().all(|asked| log.satisfies(asked, *p));
            item.positions.clone().filter(all).collect()
        };
        assert_eq!(drain(positions()), satisfying(&by), "{region:?}\n{plan}");
        by.extend(&item.filter);
        let expected: Vec<u64> = (1..=log.published())
            .filter(|p| log.is_in(region, *p))
            .collect();
        assert_eq!(satisfying(&by), expected, "{region:?}\n{plan}");
    });
    let least = [scans, lookups, intersections, nothing].into_iter().min();
    assert!(
        least > Some(10),
        "{scans} {lookups} {intersections} {nothing}"
    );
}
