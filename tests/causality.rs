//! Causality: what led to an event, what it led to, and which events belong together.

mod diagrams;
#[cfg(feature = "blake3")]
mod forged;
mod lineage;
mod oracle;
mod places;

use batpak::prelude::*;
use batpak::testing::MemoryDisk;

use crate::support::{Dir, KIND, coordinate, fill};

/// A store in memory with small segments.
fn store() -> Store {
    Store::open(MemoryDisk::new().config().segment_bytes(4 << 10)).unwrap()
}

/// Appends an event of this entity that names these causes.
fn append(store: &Store, entity: &str, causes: &[EventId]) -> EventId {
    let event = NewEvent::new(&coordinate(entity, "s"), KIND, &0);
    let event = causes.iter().copied().fold(event, NewEvent::cause);
    commit(store, event)
}

fn commit(store: &Store, event: NewEvent) -> EventId {
    let batch = Batch::new().event(event).durability(Durability::Written);
    store.commit(batch).unwrap()[0].event_id
}

fn ids(events: impl IntoIterator<Item = Result<StoredEvent, StoreError>>) -> Vec<EventId> {
    let events = events.into_iter();
    events.map(|event| event.unwrap().header.event_id).collect()
}

fn causes(store: &Store, id: EventId) -> Vec<EventId> {
    ids(store.causes(id).unwrap().into_iter().map(Ok))
}

#[test]
fn causes_come_in_the_order_in_which_the_event_names_them() {
    let store = store();
    let first = append(&store, "a", &[]);
    let second = append(&store, "b", &[]);
    let third = append(&store, "a", &[first]);
    let named = [third, first, second];
    let last = append(&store, "c", &named);
    assert_eq!(causes(&store, last), named);
    assert_eq!(causes(&store, third), [first]);
    assert!(causes(&store, first).is_empty());
    let found = &store.causes(third).unwrap()[0];
    assert_eq!(found.coordinate, coordinate("a", "s"));
    assert_eq!(found.payload::<u64>().unwrap(), 0);
}

#[test]
fn effects_come_in_order_of_position_from_either_end() {
    let store = store();
    let cause = append(&store, "a", &[]);
    let other = append(&store, "a", &[]);
    let mut effects = Vec::new();
    for n in 0..50 {
        fill(&store, 1);
        let causes = [other, cause];
        effects.push(append(&store, "b", &causes[n % 2..]));
    }
    assert_eq!(ids(store.effects(cause)), effects);
    let backward: Vec<_> = effects.iter().rev().copied().take(7).collect();
    assert_eq!(ids(store.effects(cause).rev().take(7)), backward);
    let evens: Vec<_> = effects.iter().copied().step_by(2).collect();
    assert_eq!(ids(store.effects(other)), evens);
    assert!(ids(store.effects(effects[0])).is_empty());
    let position = store.get(effects[30]).unwrap().unwrap().header.sequence;
    assert_eq!(
        ids(store.effects(cause).skip_to(position)),
        effects[30..].to_vec()
    );
}

#[test]
fn the_effects_of_a_moment_are_those_that_there_were_then() {
    let store = store();
    let cause = append(&store, "a", &[]);
    let first = append(&store, "b", &[cause]);
    let (effects, story) = (store.effects(cause), store.correlation(cause));
    let told = number_of(&store, cause);
    append(&store, "b", &[cause]);
    assert_eq!(ids(effects), [first]);
    assert_eq!(story.count(), told);
}

/// How many events a correlation has.
fn number_of(store: &Store, id: EventId) -> usize {
    store.correlation(id).count()
}

#[test]
fn a_correlation_has_the_event_that_it_began_with_in_its_place() {
    let store = store();
    fill(&store, 20);
    let within = |id| NewEvent::new(&coordinate("b", "s"), KIND, &0).correlation(id);
    let first = append(&store, "a", &[]);
    assert_eq!(ids(store.correlation(first)), [first]);
    fill(&store, 1);
    let second = commit(&store, within(first));
    fill(&store, 20);
    let third = commit(&store, within(first));
    // It begins a story of its own, and is told in that of the first besides.
    let fourth = commit(&store, within(third));
    assert_eq!(ids(store.correlation(first)), [first, second, third]);
    assert_eq!(ids(store.correlation(first).rev()), [third, second, first]);
    assert_eq!(ids(store.correlation(third)), [third, fourth]);
    let region = Region::all().correlation(first).entity("b");
    assert_eq!(ids(store.query(&region)), [second, third]);
    // It may be the id of something that is no event.
    let of_request = EventId::from_u128(4_711);
    let traced = commit(&store, within(of_request));
    assert_eq!(ids(store.correlation(of_request)), [traced]);
}

#[test]
fn an_id_that_no_event_has_is_said_to_be_unknown() {
    let store = store();
    fill(&store, 40);
    let nobody = EventId::from_u128(4_711);
    let is_unknown =
        |error: StoreError| matches!(error, StoreError::UnknownEvent(id) if id == nobody);
    assert!(is_unknown(store.causes(nobody).unwrap_err()));
    assert!(is_unknown(store.lineage(nobody, 1).unwrap_err()));
    let mut effects = store.effects(nobody);
    assert!(is_unknown(effects.next().unwrap().unwrap_err()));
    assert!(effects.next().is_none());
    assert!(is_unknown(
        store.effects(nobody).next_back().unwrap().unwrap_err()
    ));
    assert_eq!(number_of(&store, nobody), 0);
    assert_eq!(store.query(&Region::all().caused_by(nobody)).count(), 0);
}

#[test]
fn what_an_event_led_to_is_asked_together_with_anything_else() {
    let store = store();
    fill(&store, 20);
    let (one, other) = (append(&store, "x", &[]), append(&store, "x", &[]));
    let of_one = append(&store, "y", &[one]);
    let of_both = append(&store, "y", &[other, one]);
    let of_other = append(&store, "z", &[other]);
    let asked = |region: Region| ids(store.query(&region));
    let effects = |id| Region::all().caused_by(id);
    assert_eq!(asked(effects(one)), [of_one, of_both]);
    assert_eq!(asked(effects(one).caused_by(other)), [of_both]);
    assert_eq!(asked(effects(other).entity("z")), [of_other]);
    assert_eq!(
        asked(effects(one).or(effects(other))),
        [of_one, of_both, of_other]
    );
    assert_eq!(asked(effects(one).positions(..64)), [of_one]);
    assert!(asked(effects(one).kinds([])).is_empty());
}
