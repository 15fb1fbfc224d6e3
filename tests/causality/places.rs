//! Wherever the events and the index lie, the answers are the same, and nothing else is read for them.

use std::collections::HashSet;
use std::fs;

use batpak::Access;

use super::*;
use crate::support::{bodies, number};

/// How many events go by between those of the story: some of them are in one part of the index, and
/// some in others.
const BETWEEN: u64 = 4_000;

/// Ten events, each of which led to the next and to one aside, among very many others.
struct Story {
    dir: Dir,
    chain: Vec<EventId>,
    aside: Vec<EventId>,
}

impl Story {
    fn new() -> Self {
        let (dir, mut chain, mut aside) = (Dir::new(), Vec::new(), Vec::<EventId>::new());
        for n in 0..10 {
            let store = Store::open(config(&dir)).unwrap();
            let causes = chain.last().copied();
            let event = |entity| {
                let event = number(&coordinate(entity, "story"), n);
                let event = causes.into_iter().fold(event, NewEvent::cause);
                chain
                    .first()
                    .copied()
                    .into_iter()
                    .fold(event, NewEvent::correlation)
            };
            let (next, side) = (event("chain"), event("aside"));
            chain.push(commit(&store, next));
            aside.push(commit(&store, side));
            let mut batch = Batch::new().durability(Durability::Buffered);
            batch.extend((0..BETWEEN).map(|n| number(&coordinate("other", "s"), n)));
            store.commit(batch).unwrap();
            store.close().unwrap();
        }
        Self { dir, chain, aside }
    }

    fn assert_told_by(&self, store: &Store) {
        let (chain, aside) = (&self.chain, &self.aside);
        for n in 1..9 {
            assert_eq!(causes(store, chain[n]), [chain[n - 1]]);
            assert_eq!(ids(store.effects(chain[n])), [chain[n + 1], aside[n + 1]]);
            assert!(ids(store.effects(aside[n])).is_empty());
        }
        let told = ids(store.correlation(chain[0]));
        let all = [&chain[..1], &chain[1..], &aside[1..]].concat();
        assert_eq!(told.len(), all.len());
        assert_eq!(
            HashSet::<EventId>::from_iter(told),
            all.into_iter().collect()
        );
        let lineage = store.lineage(chain[5], usize::MAX).unwrap();
        assert_eq!((lineage.events.len(), lineage.edges.len()), (14, 13));
        let lineage = store.lineage(aside[5], usize::MAX).unwrap();
        assert_eq!((lineage.events.len(), lineage.edges.len()), (6, 5));
    }
}

fn config(dir: &Dir) -> StoreConfig {
    dir.config().segment_bytes(256 << 10)
}

#[test]
fn a_story_over_segments_and_parts_is_told_the_same_whatever_becomes_of_the_index() {
    let story = Story::new();
    let dir = &story.dir;
    assert!(dir.segments().len() > 5);
    assert!(fs::read_dir(dir.path().join("index")).unwrap().count() > 1);
    let store = Store::open(config(dir)).unwrap();
    story.assert_told_by(&store);
    let reader = Store::open_read_only(config(dir)).unwrap();
    story.assert_told_by(&reader);
    drop((store, reader));
    dir.forget_index();
    story.assert_told_by(&Store::open_read_only(config(dir)).unwrap());
    story.assert_told_by(&Store::open(config(dir)).unwrap());
    story.assert_told_by(&Store::open(config(dir)).unwrap());
}

#[test]
fn a_reader_beside_the_writer_soon_hears_of_effects() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 20);
    let reader = Store::open_read_only(dir.config()).unwrap();
    let cause = append(&store, "a", &[]);
    let effects: Vec<_> = (0..5).map(|_| append(&store, "b", &[cause])).collect();
    crate::support::soon("the effects", || reader.position() == store.position());
    assert_eq!(ids(reader.effects(cause)), effects);
    assert_eq!(causes(&reader, effects[4]), [cause]);
    assert_eq!(reader.lineage(cause, 1).unwrap().events.len(), 6);
}

#[test]
fn a_plan_finds_effects_and_correlations_by_their_lists() {
    let story = Story::new();
    let store = Store::open(config(&story.dir)).unwrap();
    for (region, expected) in [
        (Region::all().caused_by(story.chain[4]), 2),
        (Region::all().correlation(story.chain[0]), 19),
        (Region::all().caused_by(EventId::from_u128(1)), 0),
    ] {
        let plan = store.explain(&region).unwrap();
        assert!(!plan.scan, "{plan}");
        assert_eq!(plan.candidates, expected, "{plan}");
        let item = &plan.items[0];
        assert!(matches!(item.access, Access::Lookup { .. }), "{plan}");
        assert!(item.filter.is_empty(), "{plan}");
        assert_eq!(store.query(&region).count() as u64, expected);
    }
}

/// Spoils every event but those of the story and the last of each part of the index, with which an
/// opening compares the part.
fn spoil_all_others(story: &Story) {
    let store = Store::open(config(&story.dir)).unwrap();
    let told = story.chain.iter().chain(&story.aside);
    let position = |id: &EventId| store.get(*id).unwrap().unwrap().header.sequence;
    let mut spared: HashSet<u64> = told.map(position).collect();
    drop(store);
    for part in fs::read_dir(story.dir.path().join("index")).unwrap() {
        let path = part.unwrap().path();
        let range = path.file_stem().unwrap().to_str().unwrap();
        spared.insert(range.split_once('-').unwrap().1.parse().unwrap());
    }
    let mut position = 0;
    for segment in story.dir.segments() {
        let mut bytes = fs::read(&segment).unwrap();
        for (at, len) in bodies(&bytes) {
            // Neither a mark nor a footer.
            if !matches!(bytes[at], 0x91 | 0x94) {
                position += 1;
                if !spared.contains(&position) {
                    bytes[at + len - 1] ^= 1;
                }
            }
        }
        fs::write(segment, bytes).unwrap();
    }
    assert!(position > 9 * BETWEEN);
}

#[test]
fn nothing_of_the_log_is_read_but_the_events_that_are_given() {
    let story = Story::new();
    spoil_all_others(&story);
    let store = Store::open(config(&story.dir)).unwrap();
    let mut all = store.query(&Region::all());
    assert!(all.any(|event| event.is_err()), "other events are spoilt");
    story.assert_told_by(&store);
}
