//! Every answer of a view is that of the list.

use std::collections::BTreeSet;

use super::{Mix, World};
use crate::event::{EventId, EventKind, Region};
use crate::store::index::{Index, Matches, Merge, Term, View, open_all, pick};

impl World {
    /// Merges adjacent parts: those that are to be, or any.
    fn merge(&mut self) {
        let parts = self.index.parts();
        let range = match pick(&parts) {
            Some(range) if self.random.one_in(2) => range,
            _ if parts.len() < 2 => return,
            _ => {
                let start = self.random.below(parts.len() as u64 - 1) as usize;
                let rest = (parts.len() - start) as u64;
                start..start + 2 + self.random.below(rest - 1) as usize
            }
        };
        let mut merge = Merge::new(&self.dir, &parts[range]).unwrap();
        let budget = 1 + self.random.below(5_000) as usize;
        while !merge.step(budget).unwrap() {}
        for part in self.index.replace(vec![merge.finish().unwrap()]) {
            std::fs::remove_file(part.path()).unwrap();
        }
    }

    /// Opens the index anew: its parts, and the events behind them once more.
    fn reopen(&mut self) {
        let cover = open_all(&self.dir).unwrap();
        assert_eq!(cover.leftovers, Vec::<String>::new());
        let parts: Vec<_> = self.index.parts().iter().map(|part| part.last()).collect();
        let opened: Vec<_> = cover.parts.iter().map(|part| part.last()).collect();
        assert_eq!(opened, parts);
        self.index = Index::new(cover.parts);
        let tail = self.index.tail();
        let mut tail = tail.write();
        for position in tail.first()..=self.published() {
            self.event(position).push(position, &mut tail);
        }
    }

    /// One of the events, by its place in the list.
    fn any_event(&mut self) -> usize {
        self.random.below(self.published()) as usize
    }

    fn check(&mut self, view: &View) {
        self.check_places(view);
        self.check_ids_and_times(view);
        for _ in 0..3 {
            self.check_terms_of_an_event(view);
        }
        for prefix in ["", "order:", "order:1", "é", "none"] {
            self.check_streams(view, prefix);
        }
        let unknown = Term::Stream {
            entity: "order:",
            scope: "scope0",
        };
        self.check_postings(view, &unknown);
        assert_eq!(view.head("order:", "scope0").unwrap(), None);
    }

    fn check_places(&mut self, view: &View) {
        let mut places = view.places();
        for _ in 0..40 {
            let start = 1 + self.random.below(view.published() + 2);
            for position in start..start + self.random.below(30) {
                let found = view.locate(position).unwrap();
                assert_eq!(places.locate(position).unwrap(), found, "{position}");
                let expected = Some(position).filter(|position| *position <= view.published());
                let expected = expected.map(|position| self.event(position).place);
                let offset = expected.map(|place| place.offset);
                assert_eq!(found.map(|span| span.offset), offset, "{position}");
                let (Some(found), Some(expected)) = (found, expected) else {
                    continue;
                };
                let Some(end) = found.end else {
                    let next = self.event(position + 1).place;
                    assert!(next.segment > expected.segment, "{position}");
                    continue;
                };
                // A mark may follow the frame.
                let behind = end - expected.end;
                assert!(behind == 0 || behind == 14, "{position}: {behind}");
            }
        }
        assert_eq!(view.locate(0).unwrap(), None);
        assert_eq!(view.locate(u64::MAX).unwrap(), None);
    }

    fn check_ids_and_times(&mut self, view: &View) {
        for _ in 0..40 {
            let at = self.any_event();
            let (event, position) = (&self.events[at], at as u64 + 1);
            let found = view.find_id(event.id).unwrap();
            let expected = Some(position).filter(|position| *position <= view.published());
            assert_eq!(found, expected, "{}", event.id);
            let near = EventId::from_u128(event.id.as_u128() ^ (1 << 60));
            assert_eq!(view.find_id(near).unwrap(), None);

            let time_us = event.time_us + self.random.below(3) - 1;
            let expected = self.events.partition_point(|event| event.time_us < time_us);
            let expected = (expected as u64).min(view.published()) + 1;
            let found = view.first_position_at(time_us).unwrap();
            assert!(found <= expected, "{time_us}: {found} > {expected}");
            assert!(expected - found < 256, "{time_us}: {found}, {expected}");
        }
        assert!(view.first_position_at(0).unwrap() == 1);
        let late = view.first_position_at(u64::MAX).unwrap();
        assert_eq!(late, view.published() + 1);
    }

    fn check_terms_of_an_event(&mut self, view: &View) {
        let at = self.any_event();
        let event = self.events[at].clone();
        let (entity, scope) = (&*event.entity, &*event.scope);
        let head = view.head(entity, scope).unwrap();
        assert_eq!(head, self.head(entity, scope, view.published()));
        self.check_postings(view, &Term::Stream { entity, scope });
        self.check_postings(view, &Term::Scope(scope));
        self.check_postings(view, &Term::Kind(event.kind));
        for tag in &event.tags {
            self.check_postings(view, &Term::Tag(tag));
        }
        for cause in &event.causes {
            self.check_postings(view, &Term::Cause(*cause));
        }
        if let Some(correlation) = event.correlation {
            self.check_postings(view, &Term::Correlation(correlation));
        }
        self.check_postings(view, &Term::Kind(EventKind::custom(2, 0)));
    }

    fn check_postings(&mut self, view: &View, term: &Term<'_>) {
        let expected = self.positions(term, view.published());
        let mut postings = view.postings(term);
        let estimate = postings.estimate().unwrap();
        assert_eq!(estimate > 0, !expected.is_empty(), "{term:?}: {estimate}");
        let mut forward = Vec::new();
        while let Some(position) = postings.seek(forward.last().map_or(0, |p| p + 1)).unwrap() {
            forward.push(position);
        }
        assert_eq!(forward, expected, "{term:?}");
        let mut backward = Vec::new();
        let mut at = u64::MAX;
        while let Some(position) = postings.seek_back(at).unwrap() {
            backward.push(position);
            at = position - 1;
        }
        backward.reverse();
        assert_eq!(backward, expected, "{term:?}");
        let mut at = 0;
        for _ in 0..100 {
            // Near the last place, or anywhere.
            at = match self.random.below(3) {
                0 => self.random.below(view.published() + 3),
                1 => at + self.random.below(20),
                _ => at.saturating_sub(self.random.below(20)),
            };
            if self.random.one_in(2) {
                let before = expected.partition_point(|position| *position < at);
                let first = expected.get(before);
                assert_eq!(postings.seek(at).unwrap().as_ref(), first, "{term:?} {at}");
            } else {
                let until = expected.partition_point(|position| *position <= at);
                let last = expected[..until].last();
                let found = postings.seek_back(at).unwrap();
                assert_eq!(found.as_ref(), last, "{term:?} {at}");
            }
        }
    }

    fn check_streams(&mut self, view: &View, prefix: &str) {
        let until = view.published() as usize;
        let names = self.events[..until]
            .iter()
            .map(|event| (&*event.entity, &*event.scope));
        let expected: BTreeSet<_> = names
            .filter(|(entity, _)| entity.starts_with(prefix))
            .collect();
        let mut streams = view.streams(prefix);
        let mut found = Vec::new();
        while let Some(stream) = streams.next().unwrap() {
            found.push(stream);
        }
        let names = found.iter().map(|stream| (stream.entity(), stream.scope()));
        assert!(names.eq(expected.iter().copied()), "{prefix}: {found:?}");
    }
}

/// Appends, freezes, writes, merges and opens again, at random, and asks everything now and then, also
/// views from before.
fn run(seed: u64, mix: Mix) {
    let mut world = World::new(seed, mix);
    world.append(1);
    let mut views = Vec::new();
    for _ in 0..24 {
        match world.random.below(8) {
            0..3 => {
                let count = 1 + world.random.below(mix.batch);
                world.append(count);
            }
            3 => world.index.freeze(),
            4 | 5 => world.write_parts(),
            6 => world.merge(),
            _ => world.reopen(),
        }
        let published = match world.random.below(3) {
            0 => world.published(),
            _ => world.random.below(world.published() + 1),
        };
        views.push(world.index.view(published));
        if world.random.one_in(3) {
            let view = views.swap_remove(world.random.below(views.len() as u64) as usize);
            world.check(&view);
        }
    }
    world.check(&world.index.view(world.published()));
}

const MIX: Mix = Mix {
    streams: 40,
    scopes: 3,
    kinds: 4,
    events_per_segment: 300,
    chosen_ids: u64::MAX,
    batch: 400,
};

#[test]
fn a_view_answers_as_the_list_of_events() {
    for seed in 0..8 {
        run(seed, MIX);
    }
}

#[test]
fn a_view_answers_as_the_list_of_events_of_few_streams_in_small_segments() {
    let mix = Mix {
        streams: 2,
        scopes: 1,
        kinds: 1,
        events_per_segment: 7,
        batch: 1_500,
        ..MIX
    };
    for seed in 0..3 {
        run(seed, mix);
    }
}

#[test]
fn a_view_answers_as_the_list_of_events_that_are_each_of_another_stream() {
    let mix = Mix {
        streams: 1 << 40,
        scopes: 20,
        kinds: 300,
        ..MIX
    };
    for seed in 0..3 {
        run(seed, mix);
    }
}

#[test]
fn ids_that_do_not_rise_are_found() {
    for (seed, chosen_ids) in [(0, 1), (1, 3), (2, 50)] {
        run(seed, Mix { chosen_ids, ..MIX });
    }
}

#[test]
fn tails_do_not_answer_for_events_that_have_become_a_part() {
    let mut world = World::new(3, MIX);
    world.append(100);
    let last = world.published();
    let first_behind = |world: &World, after| {
        let looks = usize::MAX;
        world.index.first_in_tails(&Region::all(), after, looks)
    };
    assert_eq!(first_behind(&world, 0), Matches::First(1));
    world.write_parts();
    assert_eq!(first_behind(&world, 0), Matches::InParts);
    assert_eq!(first_behind(&world, last - 1), Matches::InParts);
    assert_eq!(first_behind(&world, last), Matches::None);
}
