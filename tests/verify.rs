//! Verifying: an edited log is found, also where its checksums were repaired.

mod index;
mod segments;

use crate::support::{Dir, KIND, coordinate, fill};

#[test]
fn an_untouched_log_verifies_whole_and_by_stream() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 50);
    let all = store.verify().unwrap();
    assert_eq!((all.events, all.streams), (150, 2));
    assert_eq!(all.segments, dir.segments().len() as u64);
    assert!(all.segments > 2);
    assert_eq!(all.digests_checked, cfg!(feature = "blake3"));
    let one = store.verify_stream(&coordinate("b", "s")).unwrap();
    assert_eq!((one.events, one.streams), (50, 1));
    let none = store.verify_stream(&coordinate("nobody", "s")).unwrap();
    assert_eq!((none.events, none.streams), (0, 0));
}

#[cfg(feature = "blake3")]
mod chained {
    use std::fs;

    use batpak::prelude::*;

    use super::*;
    use crate::support::{bodies, repair};

    #[test]
    fn every_edited_byte_of_an_event_is_found_though_the_checksum_was_repaired() {
        let dir = Dir::new();
        let stream = coordinate("account:1", "bank");
        {
            let store = Store::open(StoreConfig::new(dir.path())).unwrap();
            let cause = store.append(&stream, KIND, &1).unwrap().event_id;
            let event = NewEvent::new(&stream, KIND, &"payload")
                .tag("t:1".parse().unwrap())
                .cause(cause)
                .correlation(cause)
                .metadata("user", "alice");
            store.commit(Batch::new().event(event)).unwrap();
            store.append(&stream, KIND, &3).unwrap();
            store.append(&stream, KIND, &4).unwrap();
        }
        let path = dir.segments().remove(0);
        let whole = fs::read(&path).unwrap();
        let body = bodies(&whole)[1];
        let mut found_by_verify = 0;
        for at in body.0..body.0 + body.1 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            repair(&mut bytes, body);
            fs::write(&path, &bytes).unwrap();
            // Many an edit is no event any more, and already opening says so.
            match Store::open(StoreConfig::new(dir.path())).and_then(|store| store.verify()) {
                Err(StoreError::Corrupt {
                    position, problem, ..
                }) => {
                    assert!(
                        position == 2 || position == 3,
                        "byte {at}: position {position}"
                    );
                    found_by_verify += usize::from(problem.contains("digest"));
                }
                // The one number that is about the writing of the log and not about the event: how far
                // it was durable. It decides nothing once later frames say the same.
                Ok(_) => assert_eq!(at, body.0 + 5, "byte {at} was edited and not found"),
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
        assert!(
            found_by_verify > 50,
            "only {found_by_verify} edits came as far as the chain"
        );
    }

    #[test]
    fn times_and_ids_rise_behind_a_log_from_the_future() {
        let dir = Dir::new();
        let stream = coordinate("a", "s");
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        let now = store.append(&stream, KIND, &1).unwrap();
        drop(store);
        let path = dir.segments().remove(0);
        let mut bytes = fs::read(&path).unwrap();
        let body = bodies(&bytes)[0];
        // The eight bytes behind the marker of the time, which is ten small fields from the front.
        let time = body.0 + 12..body.0 + 20;
        let future = now.time_us + 86_400_000_000;
        assert_eq!(bytes[time.clone()], now.time_us.to_be_bytes());
        bytes[time].copy_from_slice(&future.to_be_bytes());
        repair(&mut bytes, body);
        fs::write(&path, &bytes).unwrap();
        dir.forget_index();
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        let next = store.append(&stream, KIND, &2).unwrap();
        assert!(next.time_us >= future && next.event_id > now.event_id);
        drop(store);
        assert_eq!(dir.open().position(), 2);
    }

    #[test]
    fn the_head_of_a_stream_commits_to_its_whole_history() {
        let heads: Vec<_> = [1_u64, 2]
            .into_iter()
            .map(|first| {
                let dir = Dir::new();
                let store = dir.open();
                let stream = coordinate("a", "s");
                store.append(&stream, KIND, &first).unwrap();
                store.append(&stream, KIND, &"the same").unwrap().digest
            })
            .collect();
        assert_ne!(heads[0], heads[1]);
    }
}

#[cfg(not(feature = "blake3"))]
#[test]
fn without_the_feature_a_store_works_unchained() {
    let dir = Dir::new();
    let before = {
        let store = dir.open();
        assert!(!store.is_chained());
        fill(&store, 50);
        crate::support::contents(&store)
    };
    let store = dir.open();
    assert_eq!(crate::support::contents(&store), before);
    assert!(!store.verify().unwrap().digests_checked);
    assert_eq!(
        store
            .append(&coordinate("a", "s"), KIND, &1)
            .unwrap()
            .digest,
        None
    );
}
