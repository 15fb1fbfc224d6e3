//! Logs that no store wrote: what their events name cannot be.

use super::*;
use crate::forger::Log;

/// A log in which the event at position 3 names the one at 1 and the event at 4 that at 3, with these
/// causes in the place of those at 3.
fn forged(forge: impl Fn(&[EventId]) -> Vec<EventId>) -> (Store, Vec<EventId>, Dir) {
    let dir = Dir::new();
    let store = dir.open();
    let first = append(&store, "a", &[]);
    let second = append(&store, "b", &[]);
    let third = append(&store, "c", &[first]);
    let fourth = append(&store, "d", &[third]);
    store.close().unwrap();
    let known = vec![first, second, third, fourth];
    let mut log = Log::read(&dir.path());
    let causes = forge(&known).into_iter();
    log.event(3).causes = Some(causes.flat_map(|id| id.to_bytes()).collect());
    log.rechain().write(&dir.path());
    (dir.open(), known, dir)
}

#[test]
fn a_cause_that_is_named_twice_counts_once() {
    let (store, known, _dir) = forged(|known| vec![known[1], known[0], known[1]]);
    assert_eq!(store.get(known[2]).unwrap().unwrap().causes.len(), 3);
    assert_eq!(causes(&store, known[2]), [known[1], known[0]]);
    assert_eq!(ids(store.effects(known[1])), [known[2]]);
    let lineage = store.lineage(known[2], 5).unwrap();
    assert_eq!((lineage.events.len(), lineage.edges.len()), (4, 3));
}

#[test]
fn a_cause_that_is_not_before_its_effect_is_refused_and_never_followed_in_circles() {
    type Forge = fn(&[EventId]) -> Vec<EventId>;
    let forges: [(&str, Forge); 3] = [
        ("itself", |known| vec![known[0], known[2]]),
        ("its own effect", |known| vec![known[3]]),
        ("nobody", |_| vec![EventId::from_u128(4_711)]),
    ];
    for (name, forge) in forges {
        let (store, known, _dir) = forged(forge);
        for error in [
            store.causes(known[2]).unwrap_err(),
            store.lineage(known[2], 9).unwrap_err(),
            store.lineage(known[3], usize::MAX).unwrap_err(),
        ] {
            assert!(
                matches!(error, StoreError::Corrupt { position: 3, .. }),
                "{name}: {error}"
            );
        }
        // What it has itself is not in question, nor what it led to.
        assert_eq!(ids(store.effects(known[2])).last(), Some(&known[3]));
        assert_eq!(causes(&store, known[3]), [known[2]]);
        let lineage = store.lineage(known[3], 1).unwrap();
        assert_eq!(lineage.edges.len(), 1, "{name}");
    }
}
