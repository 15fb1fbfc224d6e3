//! Causality, as these tests understand it.

use batpak::prelude::*;
use batpak::testing::Random;

use super::{List, Listed, assert_events};

impl List {
    /// That the store tells what led to some event, what that led to, and what is of its correlation.
    pub fn assert_same_causality(&self, store: &Store, random: &mut Random) {
        if self.events.is_empty() {
            return;
        }
        let listed = random.pick(&self.events);
        let id = listed.receipt.event_id;
        let mut causes: Vec<&Listed> = Vec::new();
        for id in &listed.draft.causes {
            // One that is named twice counts once.
            if !causes.iter().any(|cause| cause.receipt.event_id == *id) {
                causes.extend(self.filter(|event| event.receipt.event_id == *id));
            }
        }
        let found = store.causes(id).unwrap();
        assert_eq!(found.len(), causes.len());
        for (cause, found) in causes.iter().zip(&found) {
            cause.assert_is(found);
        }
        let effects = self.filter(|other| other.draft.causes.contains(&id));
        assert_events(|| store.effects(id), &effects);
        let of_story =
            |other: &Listed| other.receipt.event_id == id || other.draft.correlation == Some(id);
        assert_events(|| store.correlation(id), &self.filter(of_story));
        let lineage = store.lineage(id, 1).unwrap();
        let mut near: Vec<_> = causes.into_iter().chain([listed]).chain(effects).collect();
        near.sort_by_key(|event| event.receipt.sequence);
        let headers = lineage.events.iter().map(|event| event.header.sequence);
        assert!(headers.eq(near.iter().map(|event| event.receipt.sequence)));
    }

    fn filter(&self, is_one: impl Fn(&Listed) -> bool) -> Vec<&Listed> {
        self.events.iter().filter(|event| is_one(event)).collect()
    }
}
