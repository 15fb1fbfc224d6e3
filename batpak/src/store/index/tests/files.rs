//! Parts as files: their names, what a crash leaves of them, and what damage does.

use super::World;
use crate::event::EventKind;
use crate::store::index::{Cover, Index, Merge, Part, Term, open_all};
use crate::store::table::TableError;

const MIX: super::Mix = super::Mix {
    streams: 5,
    scopes: 2,
    kinds: 3,
    events_per_segment: 1_000,
    chosen_ids: u64::MAX,
    batch: 100,
};

impl World {
    /// A log in four parts, of 100 events each.
    fn in_parts(seed: u64) -> Self {
        let mut world = Self::new(seed, MIX);
        for _ in 0..4 {
            world.append(MIX.batch);
            world.write_parts();
        }
        world
    }

    fn merge_of(&self, range: std::ops::Range<usize>) -> Merge {
        Merge::new(&self.dir, &self.index.parts()[range]).unwrap()
    }
}

fn ranges(cover: &Cover) -> Vec<(u64, u64)> {
    let parts = cover.parts.iter();
    parts.map(|part| (part.first(), part.last())).collect()
}

fn name(first: u64, last: u64) -> String {
    format!("{first:020}-{last:020}.idx")
}

#[test]
fn a_part_tells_where_the_log_goes_on_behind_it() {
    let world = World::in_parts(100);
    let cover = open_all(&world.dir).unwrap();
    assert_eq!(
        ranges(&cover),
        [(1, 100), (101, 200), (201, 300), (301, 400)]
    );
    for part in &cover.parts {
        let last = world.event(part.last());
        assert_eq!(part.log_end(), (last.place.segment, last.place.end));
        assert_eq!(part.last_id(), last.id);
        assert_eq!(part.last_time_us(), last.time_us);
        assert_eq!(part.events(), 100);
    }
}

#[test]
fn parts_keep_the_names_that_their_events_tell_through_a_merge() {
    let world = World::in_parts(101);
    let merged = world.merge_of(0..4).finish().unwrap();
    let mut told: Vec<_> = world
        .events
        .iter()
        .filter(|event| event.name.is_some())
        .collect();
    told.sort_by_key(|event| event.kind);
    told.dedup_by_key(|event| event.kind);
    let told = told
        .iter()
        .map(|event| (event.kind, event.name.clone().unwrap()));
    let names: Vec<(EventKind, String)> = told.collect();
    assert!(names.len() > 1);
    assert_eq!(merged.names().unwrap(), names);
}

#[test]
fn a_merged_part_wins_over_what_a_crash_left_of_its_inputs() {
    let world = World::in_parts(102);
    world.merge_of(1..3).finish().unwrap();
    let mut inputs = vec![name(101, 200), name(201, 300)];
    while !inputs.is_empty() {
        let cover = open_all(&world.dir).unwrap();
        assert_eq!(ranges(&cover), [(1, 100), (101, 300), (301, 400)]);
        assert_eq!(cover.leftovers, inputs);
        std::fs::remove_file(world.path(&inputs.remove(0))).unwrap();
    }
}

#[test]
fn inputs_serve_when_the_merged_part_is_damaged() {
    let world = World::in_parts(103);
    world.merge_of(1..4).finish().unwrap();
    let merged = world.path(&name(101, 400));
    let bytes = std::fs::read(&merged).unwrap();
    std::fs::write(&merged, &bytes[..bytes.len() - 1]).unwrap();
    let cover = open_all(&world.dir).unwrap();
    assert_eq!(
        ranges(&cover),
        [(1, 100), (101, 200), (201, 300), (301, 400)]
    );
    assert_eq!(cover.leftovers, [name(101, 400)]);
}

#[test]
fn a_part_that_leads_no_farther_does_not_hide_those_that_do() {
    let world = World::in_parts(104);
    world.merge_of(0..2).finish().unwrap();
    world.merge_of(1..4).finish().unwrap();
    for (first, last) in [(101, 200), (201, 300), (301, 400)] {
        std::fs::remove_file(world.path(&name(first, last))).unwrap();
    }
    let cover = open_all(&world.dir).unwrap();
    assert_eq!(ranges(&cover), [(1, 100), (101, 400)]);
    assert_eq!(cover.leftovers, [name(1, 200)]);
}

#[test]
fn what_lies_behind_a_gap_is_left_over_and_unknown_names_are_left_alone() {
    let world = World::in_parts(105);
    std::fs::remove_file(world.path(&name(101, 200))).unwrap();
    let unfinished = name(401, 500) + ".tmp";
    for name in [&*unfinished, "notes.txt", "1-2.idx", &*name(7, 3)] {
        std::fs::write(world.path(name), "nothing").unwrap();
    }
    let mut cover = open_all(&world.dir).unwrap();
    assert_eq!(ranges(&cover), [(1, 100)]);
    cover.leftovers.sort();
    assert_eq!(
        cover.leftovers,
        [name(201, 300), name(301, 400), unfinished]
    );
}

#[test]
fn parts_of_another_store_or_of_other_positions_are_left_over() {
    let world = World::in_parts(106);
    std::fs::rename(world.path(&name(301, 400)), world.path(&name(301, 401))).unwrap();
    let mut dir = world.dir.clone();
    let cover = open_all(&dir).unwrap();
    assert_eq!(ranges(&cover), [(1, 100), (101, 200), (201, 300)]);
    assert_eq!(cover.leftovers, [name(301, 401)]);
    dir.store_id = *b"another store id";
    let cover = open_all(&dir).unwrap();
    assert_eq!((cover.parts.len(), cover.leftovers.len()), (0, 4));
}

#[test]
fn a_merge_that_is_dropped_leaves_nothing() {
    let world = World::in_parts(107);
    let before = world.files();
    let mut merge = world.merge_of(0..4);
    assert!(!merge.step(100).unwrap());
    assert_ne!(world.files(), before);
    drop(merge);
    assert_eq!(world.files(), before);
}

#[test]
fn a_part_made_anew_is_the_same_to_the_byte() {
    let mut world = World::new(108, MIX);
    world.append(700);
    world.index.freeze();
    let tail = world.index.frozen().unwrap();
    let part = Part::write(&world.dir, &tail.read()).unwrap();
    let bytes = std::fs::read(part.path()).unwrap();
    let again = Part::write(&world.dir, &tail.read()).unwrap();
    assert_eq!(std::fs::read(again.path()).unwrap(), bytes);
}

#[test]
fn a_damaged_byte_is_an_error_that_names_the_file_or_changes_nothing() {
    let world = World::in_parts(109);
    let path = world.path(&name(101, 200));
    let whole = std::fs::read(&path).unwrap();
    let all = |parts| {
        let view = Index::new(parts).view(400);
        let mut found = Vec::new();
        for term in [Term::Scope("scope0"), Term::Scope("scope1")] {
            let mut postings = view.postings(&term);
            while let Some(at) = postings.seek(found.last().map_or(0, |at| at % 1_000 + 1))? {
                found.push(at);
            }
            found.push(1_000);
        }
        for event in &world.events[80..220] {
            found.push(view.find_id(event.id)?.unwrap_or(0));
            let head = view.head(&event.entity, &event.scope)?;
            found.push(head.map_or(0, |head| head.revision));
        }
        for position in 80..220 {
            found.push(
                view.locate(position)?
                    .map_or(0, |place| place.offset.into()),
            );
        }
        Ok::<_, super::super::IndexError>(found)
    };
    let right = all(world.index.parts()).unwrap();
    let (mut refused, mut found_damaged) = (0, 0);
    for at in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let mut dir = world.dir.clone();
        dir.cache = std::sync::Arc::new(crate::store::table::BlockCache::new(1 << 20));
        let cover = open_all(&dir).unwrap();
        if cover.parts.len() < 4 {
            assert_eq!(cover.leftovers[0], name(101, 200));
            refused += 1;
            continue;
        }
        match all(cover.parts) {
            Ok(found) => assert!(found == right, "byte {at}"),
            Err(error) => {
                assert!(
                    matches!(error.source, TableError::Damaged { .. }),
                    "{error}"
                );
                assert_eq!(error.path, path);
                found_damaged += 1;
            }
        }
    }
    assert!(
        refused > 0 && found_damaged > 0,
        "{refused} {found_damaged}"
    );
}
