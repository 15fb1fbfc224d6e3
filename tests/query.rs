//! Events as an iterator gives them: from where, how far, in which direction, and how they are found.

use std::sync::atomic::{AtomicBool, Ordering};

use batpak::prelude::*;
use batpak::testing::{Clock, MemoryDisk};
use batpak::{Access, Criterion};

use crate::support::{Dir, KIND, coordinate, fill, number};

fn positions(events: impl Iterator<Item = Result<StoredEvent, StoreError>>) -> Vec<u64> {
    events.map(|event| event.unwrap().header.sequence).collect()
}

fn revisions(events: impl Iterator<Item = Result<StoredEvent, StoreError>>) -> Vec<u64> {
    events.map(|event| event.unwrap().header.revision).collect()
}

#[test]
fn a_stream_is_read_from_any_revision_on_in_both_directions() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 20);
    let a = coordinate("a", "s");
    for from in 0..=42 {
        let expected: Vec<u64> = (from.max(1)..=40).collect();
        assert_eq!(revisions(store.stream_from(&a, from)), expected);
        let mut backward = revisions(store.stream_from(&a, from).rev());
        backward.reverse();
        assert_eq!(backward, expected);
    }
    assert_eq!(store.stream_from(&a, u64::MAX).count(), 0);
    assert_eq!(store.stream_from(&coordinate("b", "other"), 1).count(), 0);
    assert_eq!(revisions(store.stream_from(&a, 7).take(3)), [7, 8, 9]);
    assert_eq!(
        revisions(store.stream_from(&a, 7).rev().take(3)),
        [40, 39, 38]
    );
}

#[test]
fn skipping_leaves_out_what_lies_before_and_never_goes_back() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 4);
    let all = || store.query(&Region::all());
    assert_eq!(positions(all().skip_to(0)).len(), 12);
    assert_eq!(positions(all().skip_to(11)), [11, 12]);
    assert_eq!(positions(all().skip_to(11).rev()), [12, 11]);
    assert_eq!(positions(all().skip_to(11).skip_to(3)), [11, 12]);
    assert!(positions(all().skip_to(13)).is_empty());
    assert!(positions(all().skip_to(u64::MAX)).is_empty());
    // An event of a stream need not lie there.
    let b = || store.stream(&coordinate("b", "s"));
    assert_eq!(positions(b()), [2, 5, 8, 11]);
    assert_eq!(positions(b().skip_to(6)), [8, 11]);
    let mut begun = b();
    begun.next().unwrap().unwrap();
    begun.next_back().unwrap().unwrap();
    assert_eq!(positions(begun.skip_to(1)), [5, 8]);
    let mut begun = all();
    begun.next_back().unwrap().unwrap();
    assert_eq!(positions(begun.skip_to(10)), [10, 11]);
}

#[test]
fn there_is_an_event_at_each_position_from_1_to_the_newest_and_at_no_other() {
    let dir = Dir::new();
    let store = dir.open();
    assert!(store.get_at(1).unwrap().is_none());
    fill(&store, 40);
    assert!(store.get_at(0).unwrap().is_none());
    for position in 1..=120 {
        let event = store.get_at(position).unwrap().unwrap();
        assert_eq!(event.header.sequence, position);
        let same = store.get(event.header.event_id).unwrap().unwrap();
        assert_eq!(same.header, event.header);
        assert_eq!(same.payload::<u64>().unwrap(), (position - 1) / 3);
    }
    for position in [121, 1 << 32, u64::MAX] {
        assert!(store.get_at(position).unwrap().is_none());
    }
}

#[test]
fn an_iterator_that_is_over_stays_so_whatever_is_appended() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 1);
    let all = Region::all();
    let mut events = store.query(&all);
    assert_eq!(events.by_ref().count(), 3);
    fill(&store, 1);
    assert!(events.next().is_none() && events.next_back().is_none());
    assert_eq!(positions(store.query(&all).skip_to(4)), [4, 5, 6]);
}

#[test]
fn raw_events_come_in_order_and_the_visitor_may_end_the_visit() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 100);
    let tagged = Region::all().entity("b");
    let mut seen = Vec::new();
    let visited = store.query(&tagged).skip_to(100).for_each_raw(|event| {
        assert_eq!((event.meta.entity, event.meta.scope), ("b", "s"));
        seen.push((event.meta.header.sequence, event.payload.to_vec()));
        Ok::<_, StoreError>(())
    });
    visited.unwrap();
    let owned = store.query(&tagged).skip_to(100).map(|event| {
        let event = event.unwrap();
        (event.header.sequence, event.payload_bytes().to_vec())
    });
    assert!(owned.eq(seen.iter().cloned()));
    assert_eq!((seen.len(), seen[0].0), (67, 101));
    let mut count = 0;
    let ended = store.query(&Region::all()).for_each_raw(|_| {
        count += 1;
        if count == 5 {
            Err(StoreError::EmptyBatch)
        } else {
            Ok(())
        }
    });
    assert!(matches!(ended, Err(StoreError::EmptyBatch)));
    assert_eq!(count, 5);
}

#[test]
fn an_event_is_the_same_after_it_is_detached_and_after_others_were_read() {
    let dir = Dir::new();
    let store = dir.open();
    let stream = coordinate("a", "s");
    for n in 0..300 {
        let long = "x".repeat(n * 7 % 900);
        let event = NewEvent::new(&stream, KIND, &(n, long)).metadata("n", &n);
        store
            .commit(Batch::new().event(event).durability(Durability::Written))
            .unwrap();
    }
    let mut kept: Vec<(StoredEvent, StoredEvent)> = Vec::new();
    for event in store.stream(&stream) {
        let event = event.unwrap();
        kept.push((event.clone().detach(), event));
    }
    drop(store);
    for (n, (detached, shared)) in kept.into_iter().enumerate() {
        assert_eq!(detached.header, shared.header);
        assert_eq!(detached.payload_bytes(), shared.payload_bytes());
        drop(shared);
        let (number, long): (usize, String) = detached.payload().unwrap();
        assert_eq!((number, long.len()), (n, n * 7 % 900));
        assert_eq!(detached.metadata::<usize>("n").unwrap(), Some(n));
    }
}

#[test]
fn a_range_of_times_has_the_events_from_its_first_microsecond_to_its_last() {
    let clock = Clock::at_us(1_700_000_000_000_000);
    let disk = MemoryDisk::new();
    let store = Store::open(disk.config().segment_bytes(4 << 10).scripted(&clock, 1)).unwrap();
    let time = |n: u64| 1_700_000_000_000_000 + n * 1_000;
    // Three events at each time, over more events than the index tells apart by time.
    for n in 0..400 {
        clock.set_us(time(n));
        fill(&store, 1);
    }
    let at = |from, to| positions(store.query(&Region::all().times_us(from..=to)));
    for n in [0, 1, 84, 85, 86, 170, 171, 255, 256, 398, 399] {
        let first = n * 3 + 1;
        assert_eq!(at(time(n), time(n)), [first, first + 1, first + 2]);
        assert!(at(time(n) + 1, time(n + 1) - 1).is_empty());
        let until: Vec<u64> = (1..first).collect();
        assert_eq!(at(0, time(n) - 1), until);
        let mut backward = positions(store.query(&Region::all().times_us(time(n)..)).rev());
        backward.reverse();
        assert_eq!(backward, (first..=1_200).collect::<Vec<_>>());
        let both = Region::all()
            .times_us(time(n)..)
            .positions(..first + 2)
            .entity("b");
        assert_eq!(positions(store.query(&both)), [first + 1]);
    }
    assert_eq!(at(0, u64::MAX).len(), 1_200);
    assert!(at(time(400), u64::MAX).is_empty());
}

#[test]
fn an_event_that_several_items_ask_for_is_given_once_in_its_place() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 30);
    let tag = |n| Region::all().tag(Tag::new("n", n).unwrap());
    let region = tag(20)
        .or(Region::all().entity("b").positions(55..=65))
        .or(Region::all().positions(60..=63))
        .or(tag(2));
    let expected = [8, 56, 59, 60, 61, 62, 63, 65];
    assert_eq!(positions(store.query(&region)), expected);
    let mut backward = positions(store.query(&region).rev());
    backward.reverse();
    assert_eq!(backward, expected);
    assert_eq!(positions(store.query(&region).skip_to(60)), expected[3..]);
}

#[test]
fn a_plan_names_the_lists_that_a_query_reads_and_what_it_asks_of_each_event() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Buffered)).unwrap();
    let rare = EventKind::custom(0x1, 1);
    let mut batch = Batch::new();
    for n in 0..4_000 {
        let stream = coordinate(&format!("e:{}", n % 100), ["s", "t"][n % 2]);
        let kind = if n % 400 == 0 { rare } else { KIND };
        let event = NewEvent::new(&stream, kind, &n).tag(Tag::new("n", n % 800).unwrap());
        batch = batch.event(event);
    }
    let causes = store.commit(batch).unwrap();
    let (first, cause) = (causes[7].event_id, causes[8].event_id);
    let effects = (0..5).map(|n| {
        number(&coordinate("e:6", "s"), n)
            .cause(cause)
            .correlation(first)
    });
    let mut batch = Batch::new();
    batch.extend(effects);
    store.commit(batch).unwrap();
    store.flush().unwrap();
    let all = store.explain(&Region::all()).unwrap();
    assert!(all.scan && all.positions == (1..=4_005));
    let driver = |region: &Region| {
        let plan = store.explain(region).unwrap();
        assert!(!plan.scan, "{plan}");
        match plan.items.into_iter().next().unwrap().access {
            Access::Lookup { driver, .. } => driver.by,
            access => panic!("{access:?}"),
        }
    };
    let tag = Tag::new("n", 7).unwrap();
    let (entity, scope) = (
        || Criterion::Entity("e:6".to_owned()),
        || Criterion::Scope("s".to_owned()),
    );
    let cases = [
        (
            Region::stream(&coordinate("e:6", "s")),
            vec![entity(), scope()],
        ),
        (Region::all().entity("e:6"), vec![entity()]),
        (
            Region::all().tag(tag.clone()),
            vec![Criterion::Tag(tag.clone())],
        ),
        (
            Region::all().kinds([rare]),
            vec![Criterion::Kinds(vec![rare])],
        ),
        (
            Region::all().category(1).scope("s"),
            vec![Criterion::Category(1)],
        ),
        (
            Region::all().scope("s").tag(tag.clone()),
            vec![Criterion::Tag(tag)],
        ),
        (
            Region::all().caused_by(cause).scope("s"),
            vec![Criterion::CausedBy(cause)],
        ),
        (
            Region::all().correlation(first).kinds([KIND]),
            vec![Criterion::Correlation(first)],
        ),
    ];
    for (region, by) in cases {
        assert_eq!(driver(&region), by);
    }
    let nothing = store
        .explain(&Region::all().entity("a").entity("b"))
        .unwrap();
    assert_eq!(
        (&nothing.items[0].access, nothing.candidates),
        (&Access::Nothing, 0)
    );
    let nobody = store.explain(&Region::all().entity("nobody")).unwrap();
    assert_eq!(nobody.candidates, 0);
    let late = store.explain(&Region::all().positions(3_996..)).unwrap();
    assert_eq!((late.positions, late.candidates), (3_996..=4_005, 10));
}

#[test]
fn who_goes_on_behind_the_last_position_it_saw_gets_each_event_once() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    let is_over = AtomicBool::new(false);
    let regions = [
        Region::all(),
        Region::all().entity("a"),
        Region::all()
            .entity_prefix("a")
            .or(Region::all().tag(Tag::new("n", 3).unwrap())),
    ];
    std::thread::scope(|scope| {
        let (store, is_over) = (&store, &is_over);
        let followers: Vec<_> = regions
            .iter()
            .map(|region| {
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    loop {
                        let was_over = is_over.load(Ordering::Acquire);
                        let next = seen.last().map_or(1, |last| last + 1);
                        let events = store.query(region).skip_to(next);
                        seen.extend(positions(events.take(100)));
                        if was_over
                            && store
                                .query(region)
                                .skip_to(seen[seen.len() - 1] + 1)
                                .count()
                                == 0
                        {
                            return seen;
                        }
                    }
                })
            })
            .collect();
        let writers = [0, 1].map(|_| scope.spawn(move || fill(store, 300)));
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        is_over.store(true, Ordering::Release);
        for (follower, region) in followers.into_iter().zip(&regions) {
            assert_eq!(follower.join().unwrap(), positions(store.query(region)));
        }
    });
    assert_eq!(store.query(&regions[2]).count(), 1_202);
}

#[test]
fn a_region_is_of_the_moment_it_is_asked_also_if_its_lists_grow_meanwhile() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    fill(&store, 50);
    let b = coordinate("b", "s");
    let region = Region::stream(&b);
    let (mut forward, mut backward) = (store.query(&region), store.query(&region).rev());
    for n in 1..=50 {
        store.commit(Batch::new().event(number(&b, n))).unwrap();
        fill(&store, 1);
        assert_eq!(forward.next().unwrap().unwrap().header.revision, n);
        assert_eq!(backward.next().unwrap().unwrap().header.revision, 51 - n);
    }
    assert!(forward.next().is_none() && backward.next().is_none());
    assert_eq!(store.query(&region).count(), 150);
}
