//! Random histories: what is answered by the index is what a look at every event finds.

use std::collections::BTreeSet;

use batpak::{EventHeader, Lineage};
use proptest::prelude::*;

use super::*;

/// An event: by how many events before it its causes are, and the one that its story began with.
#[derive(Debug, Clone)]
struct Step {
    causes: Vec<usize>,
    story: Option<usize>,
    /// The store is closed and opened again behind it, so that the index on disk has it.
    reopens: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let near = prop_oneof![3 => 1..6_usize, 1 => 1..80_usize];
    (
        prop::collection::vec(near, 0..4),
        prop::option::weighted(0.3, 1..40_usize),
        prop::bool::weighted(0.03),
    )
        .prop_map(|(causes, story, reopens)| Step {
            causes,
            story,
            reopens,
        })
}

/// Everything that a store has, in order, found without its index.
struct Seen(Vec<(EventHeader, Vec<EventId>)>);

impl Seen {
    fn all(store: &Store) -> Self {
        let events = store.query(&Region::all()).map(Result::unwrap);
        Self(events.map(|event| (event.header, event.causes)).collect())
    }

    fn filter(&self, is_one: impl Fn(&EventHeader, &[EventId]) -> bool) -> Vec<EventId> {
        let found = self
            .0
            .iter()
            .filter(|(header, causes)| is_one(header, causes));
        found.map(|(header, _)| header.event_id).collect()
    }

    fn causes(&self, id: EventId) -> Vec<EventId> {
        let event = self.0.iter().find(|(header, _)| header.event_id == id);
        event.unwrap().1.clone()
    }

    fn effects(&self, id: EventId) -> Vec<EventId> {
        self.filter(|_, causes| causes.contains(&id))
    }

    fn correlation(&self, id: EventId) -> Vec<EventId> {
        self.filter(|header, _| header.event_id == id || header.correlation == Some(id))
    }

    /// All that is reached by so many steps.
    fn within(
        &self,
        id: EventId,
        depth: usize,
        next: impl Fn(&Self, EventId) -> Vec<EventId>,
    ) -> BTreeSet<EventId> {
        let mut reached = BTreeSet::from([id]);
        for _ in 0..depth {
            let found: Vec<_> = reached.iter().flat_map(|id| next(self, *id)).collect();
            reached.extend(found);
        }
        reached
    }

    fn assert_is(&self, lineage: &Lineage, id: EventId, depth: usize) {
        let mut near = self.within(id, depth, Self::causes);
        near.extend(self.within(id, depth, Self::effects));
        let events = self.filter(|header, _| near.contains(&header.event_id));
        let found = lineage.events.iter();
        assert!(
            found
                .map(|event| event.header.event_id)
                .eq(events.iter().copied())
        );
        let edges = events.iter().flat_map(|effect| {
            let causes = self.causes(*effect).into_iter();
            causes.map(|cause| (cause, *effect))
        });
        let edges = edges.filter(|(cause, _)| near.contains(cause));
        let found = lineage.edges.iter();
        assert!(found.map(|edge| (edge.cause, edge.effect)).eq(edges));
        assert_eq!((lineage.id, lineage.is_cut), (id, false));
    }
}

fn assert_same(store: &Store, seen: &Seen) {
    for (at, (header, named)) in seen.0.iter().enumerate() {
        let id = header.event_id;
        assert_eq!(causes(store, id), *named);
        assert_eq!(ids(store.effects(id)), seen.effects(id));
        assert_eq!(ids(store.correlation(id)), seen.correlation(id));
        if at % 7 == 0 {
            let depth = at % 5;
            seen.assert_is(&store.lineage(id, depth).unwrap(), id, depth);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_index_and_a_look_at_every_event_tell_the_same(steps in prop::collection::vec(step(), 1..120)) {
        let dir = Dir::new();
        let mut store = dir.open();
        let mut known: Vec<EventId> = Vec::new();
        for step in &steps {
            let before = |back: &usize| Some(known[known.len().checked_sub(*back)?]);
            let event = NewEvent::new(&coordinate("a", "s"), KIND, &0);
            let event = step.causes.iter().filter_map(before).fold(event, NewEvent::cause);
            let event = match step.story.as_ref().and_then(before) {
                Some(id) => event.correlation(id),
                None => event,
            };
            known.push(commit(&store, event));
            if step.reopens {
                drop(store);
                store = dir.open();
            }
        }
        let seen = Seen::all(&store);
        assert_same(&store, &seen);
        drop(store);
        assert_same(&Store::open_read_only(dir.config()).unwrap(), &seen);
        dir.forget_index();
        assert_same(&dir.open(), &seen);
    }
}
