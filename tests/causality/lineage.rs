//! The graph around an event.

use batpak::{Lineage, LineageEdge};

use super::*;

fn of(lineage: &Lineage) -> Vec<EventId> {
    let events = lineage.events.iter();
    events.map(|event| event.header.event_id).collect()
}

fn edges(lineage: &Lineage) -> Vec<(EventId, EventId)> {
    let ends = |edge: &LineageEdge| (edge.cause, edge.effect);
    lineage.edges.iter().map(ends).collect()
}

#[test]
fn a_diamond_has_each_event_once_and_every_edge() {
    let store = store();
    let top = append(&store, "a", &[]);
    let left = append(&store, "b", &[top]);
    let right = append(&store, "c", &[top]);
    let bottom = append(&store, "d", &[right, left]);
    let all = [top, left, right, bottom];
    for asked in [top, bottom] {
        let lineage = store.lineage(asked, 2).unwrap();
        assert_eq!((lineage.id, lineage.is_cut), (asked, false));
        assert_eq!(of(&lineage), all);
        assert_eq!(
            edges(&lineage),
            [(top, left), (top, right), (right, bottom), (left, bottom)]
        );
    }
    // What is beside an event led not to it, and it led not to that.
    let lineage = store.lineage(left, 9).unwrap();
    assert_eq!(of(&lineage), [top, left, bottom]);
    assert_eq!(edges(&lineage), [(top, left), (left, bottom)]);
}

#[test]
fn a_lineage_goes_as_many_steps_in_both_directions_as_it_is_asked_to() {
    let store = store();
    let mut chain = vec![append(&store, "a", &[])];
    for n in 1..30 {
        chain.push(append(&store, "a", &[chain[n - 1]]));
    }
    for at in [0, 1, 14, 28, 29] {
        for depth in [0, 1, 2, 13, 30, usize::MAX] {
            let lineage = store.lineage(chain[at], depth).unwrap();
            let first = at.saturating_sub(depth);
            let last = at.saturating_add(depth).min(29);
            assert_eq!(of(&lineage), chain[first..=last]);
            assert_eq!(lineage.edges.len(), last - first);
            assert!(!lineage.is_cut);
        }
    }
}

#[test]
fn an_event_that_is_reached_by_a_short_way_and_a_long_one_is_as_near_as_by_the_short_one() {
    let store = store();
    let a = append(&store, "a", &[]);
    let b = append(&store, "a", &[a]);
    let c = append(&store, "a", &[b]);
    let d = append(&store, "a", &[a, c]);
    let e = append(&store, "a", &[d]);
    let lineage = store.lineage(a, 1).unwrap();
    assert_eq!(of(&lineage), [a, b, d]);
    assert_eq!(edges(&lineage), [(a, b), (a, d)]);
    assert_eq!(of(&store.lineage(a, 2).unwrap()), [a, b, c, d, e]);
    assert_eq!(of(&store.lineage(e, 2).unwrap()), [a, c, d, e]);
}

#[test]
fn what_has_nothing_to_do_with_one_another_stays_apart() {
    let store = store();
    let roots = [0, 1, 2].map(|_| append(&store, "a", &[]));
    let mut trees = roots.map(|root| vec![root]);
    for n in 0..60 {
        let tree = &mut trees[n % 3];
        let parent = tree[n / 6];
        tree.push(append(&store, "b", &[parent]));
    }
    for tree in &trees {
        let lineage = store.lineage(tree[0], usize::MAX).unwrap();
        assert_eq!(of(&lineage), *tree);
        assert_eq!(lineage.edges.len(), tree.len() - 1);
    }
}

#[test]
fn an_event_of_a_lineage_is_told_with_its_address_its_header_and_the_name_of_its_kind() {
    #[derive(Event)]
    #[event(category = 0x1)]
    enum Paid {
        #[event(id = 0x001, name = "invoice paid")]
        Invoice { cents: u64 },
    }
    let store = store();
    let cause = append(&store, "a", &[]);
    let at = coordinate("invoice:1", "books");
    let paid = commit(
        &store,
        NewEvent::of(&at, &Paid::Invoice { cents: 1 }).cause(cause),
    );
    let lineage = store.lineage(paid, 1).unwrap();
    let [untyped, typed] = &lineage.events[..] else {
        panic!("{lineage:?}")
    };
    assert_eq!(untyped.kind_name, None);
    assert_eq!(typed.kind_name.as_deref(), Some("invoice paid"));
    let stored = store.get(paid).unwrap().unwrap();
    assert_eq!((&typed.coordinate, typed.header), (&at, stored.header));
}

#[test]
fn of_more_effects_than_a_lineage_may_have_it_has_the_first_and_says_that_there_are_more() {
    let store = store();
    let before = append(&store, "a", &[]);
    let cause = append(&store, "a", &[before]);
    let mut effects = Vec::new();
    while effects.len() < Lineage::MAX_EVENTS {
        effects.push(append(&store, "b", &[cause]));
    }
    let whole = store.lineage(cause, 1).unwrap();
    assert_eq!(whole.events.len(), 2 + Lineage::MAX_EVENTS);
    assert!(!whole.is_cut);
    let distant = append(&store, "b", &[effects[0]]);
    assert!(!store.lineage(cause, 1).unwrap().is_cut);
    let cut = store.lineage(cause, 2).unwrap();
    assert!(cut.is_cut && !of(&cut).contains(&distant));
    append(&store, "b", &[cause]);
    let cut = store.lineage(cause, 1).unwrap();
    assert!(cut.is_cut);
    // In the other direction nothing is missing.
    assert_eq!(of(&cut), [vec![before, cause], effects].concat());
}

#[test]
fn a_chain_of_causes_that_is_longer_than_a_lineage_may_be_ends_with_the_nearest() {
    let store = store();
    let mut chain = vec![append(&store, "a", &[])];
    while chain.len() < Lineage::MAX_EVENTS + 2 {
        chain.push(append(&store, "a", &chain[chain.len() - 1..]));
    }
    let last = chain.len() - 1;
    let whole = store.lineage(chain[last - 1], usize::MAX).unwrap();
    assert!(!whole.is_cut);
    assert_eq!(of(&whole), chain);
    let cut = store.lineage(chain[last], usize::MAX).unwrap();
    assert!(cut.is_cut);
    assert_eq!(of(&cut), chain[1..]);
    let short = store.lineage(chain[last], Lineage::MAX_EVENTS).unwrap();
    assert!(!short.is_cut);
}

#[test]
fn many_causes_of_one_event_are_all_in_its_lineage() {
    let store = store();
    let named: Vec<_> = (0..NewEvent::MAX_CAUSES)
        .map(|_| append(&store, "a", &[]))
        .collect();
    let one = append(&store, "b", &named);
    let other = append(&store, "b", &named[..100]);
    let lineage = store.lineage(one, 1).unwrap();
    assert_eq!(of(&lineage).len(), 256);
    assert_eq!(lineage.edges.len(), 255);
    assert_eq!(
        of(&store.lineage(named[7], 1).unwrap()),
        [named[7], one, other]
    );
}
