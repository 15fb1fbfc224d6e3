//! Appending: receipts, batches, expectations, limits, durability.

use std::sync::Barrier;

use batpak::prelude::*;
use serde_json::json;

use crate::support::{Dir, KIND, contents, coordinate, number};

#[test]
fn a_receipt_says_where_the_event_is() {
    let dir = Dir::new();
    let store = dir.open();
    let alice = coordinate("player:alice", "room:dungeon");
    let first = store.append(&alice, KIND, &json!({"x": 10})).unwrap();
    let second = store.append(&alice, KIND, &json!({"x": 10})).unwrap();
    assert_eq!((first.sequence, first.revision), (1, 1));
    assert_eq!((second.sequence, second.revision), (2, 2));
    assert!(second.event_id > first.event_id);
    assert!(second.time_us >= first.time_us && first.time_us > 1_700_000_000_000_000);
    assert_eq!(first.durability, Durability::Durable);
    if cfg!(feature = "blake3") {
        assert_ne!(
            first.digest, second.digest,
            "equal payloads share no digest"
        );
    } else {
        assert_eq!(first.digest, None);
    }
    let read = store.get(second.event_id).unwrap().unwrap();
    assert_eq!(read.coordinate, alice);
    assert_eq!((read.header.sequence, read.header.revision), (2, 2));
    assert_eq!(
        (read.header.event_id, read.header.digest),
        (second.event_id, second.digest)
    );
    assert_eq!(
        read.payload::<serde_json::Value>().unwrap(),
        json!({"x": 10})
    );
}

#[test]
fn positions_are_dense_in_the_log_and_revisions_dense_in_each_stream() {
    let dir = Dir::new();
    let store = dir.open();
    let streams = ["a", "b", "c"].map(|entity| coordinate(entity, "s"));
    for n in 0..30_usize {
        let receipt = store.append(&streams[n % 3], KIND, &n).unwrap();
        assert_eq!(receipt.sequence, n as u64 + 1);
        assert_eq!(receipt.revision, n as u64 / 3 + 1);
    }
    assert_eq!(store.position(), 30);
    assert!(
        streams
            .iter()
            .all(|stream| store.revision(stream).unwrap() == 10)
    );
}

#[test]
fn the_same_entity_in_two_scopes_is_two_streams() {
    let dir = Dir::new();
    let store = dir.open();
    let (here, there) = (
        coordinate("order:1", "tenant:a"),
        coordinate("order:1", "tenant:b"),
    );
    store.append(&here, KIND, &1).unwrap();
    assert_eq!(store.append(&there, KIND, &2).unwrap().revision, 1);
    assert_eq!(store.stream(&here).count(), 1);
    // Nor does it matter where the entity ends and the scope begins.
    assert_eq!(
        store.revision(&coordinate("order:", "1tenant:a")).unwrap(),
        0
    );
}

#[test]
fn a_batch_over_several_streams_is_stored_whole_in_its_order() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    let batch = Batch::new()
        .event(number(&a, 1))
        .event(number(&b, 2))
        .event(number(&a, 3));
    let receipts = store.commit(batch).unwrap();
    let places: Vec<_> = receipts.iter().map(|r| (r.sequence, r.revision)).collect();
    assert_eq!(places, [(1, 1), (2, 1), (3, 2)]);
    let payloads: Vec<u64> = store
        .query(&Region::all())
        .map(|event| event.unwrap().payload().unwrap())
        .collect();
    assert_eq!(payloads, [1, 2, 3]);
}

#[test]
fn a_batch_whose_expectation_fails_stores_nothing() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    store.append(&b, KIND, &0).unwrap();
    let before = contents(&store);
    // The stream that is checked need not be one that is written to.
    let error = store
        .commit(
            Batch::new()
                .event(number(&a, 1))
                .expect(&b, Expect::Revision(7)),
        )
        .unwrap_err();
    // Nothing has come since: the stream has never had that revision.
    assert!(!error.is_retryable());
    let event = store.stream(&b).next().unwrap().unwrap().header.event_id;
    assert_eq!(
        error.to_string(),
        format!(
            "the append is on condition of revision 7 in b@s, and there is event {event} at position 1, revision 1; \
             trying again does not help"
        )
    );
    assert_eq!(contents(&store), before);
}

#[test]
fn an_expectation_holds_exactly_when_it_says() {
    let cases = [
        (Expect::Any, [true, true, true]),
        (Expect::Empty, [true, false, false]),
        (Expect::Exists, [false, true, true]),
        (Expect::Revision(0), [true, false, false]),
        (Expect::Revision(1), [false, true, false]),
        (Expect::Revision(2), [false, false, true]),
    ];
    for (expect, holds) in cases {
        for (revision, holds) in holds.into_iter().enumerate() {
            let dir = Dir::new();
            let store = dir.open();
            let stream = coordinate("a", "s");
            for n in 0..revision {
                store.append(&stream, KIND, &n).unwrap();
            }
            let batch = Batch::new()
                .event(number(&stream, 9))
                .expect(&stream, expect);
            let result = store.commit(batch);
            assert_eq!(result.is_ok(), holds, "{expect:?} at revision {revision}");
            assert_eq!(
                store.revision(&stream).unwrap(),
                revision as u64 + u64::from(holds)
            );
        }
    }
}

#[test]
fn of_racing_appends_at_one_revision_exactly_one_wins() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 50;
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    let stream = coordinate("seat:1", "hall");
    let barrier = Barrier::new(THREADS as usize);
    let wins: u64 = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, stream, barrier) = (&store, &stream, &barrier);
                scope.spawn(move || {
                    let attempt = |round| {
                        barrier.wait();
                        let expect = Expect::Revision(round);
                        let batch = Batch::new().event(number(stream, thread));
                        store.commit(batch.expect(stream, expect)).is_ok()
                    };
                    (0..ROUNDS).filter(|round| attempt(*round)).count() as u64
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!((wins, store.revision(&stream).unwrap()), (ROUNDS, ROUNDS));
}

#[test]
fn concurrent_appends_lose_nothing_and_share_no_position() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                let stream = coordinate(&format!("t:{thread}"), "s");
                for n in 0..200_u64 {
                    let receipt = store.append(&stream, KIND, &n).unwrap();
                    assert_eq!(receipt.revision, n + 1);
                    // What is acknowledged is read back at once.
                    assert!(store.get(receipt.event_id).unwrap().is_some());
                }
            });
        }
    });
    assert_eq!(store.position(), 800);
    assert_eq!(store.verify().unwrap().events, 800);
}

#[test]
fn a_receipt_says_which_durability_was_reached() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    let stream = coordinate("a", "s");
    let written = store.append(&stream, KIND, &1).unwrap();
    assert_eq!(written.durability, Durability::Written);
    assert_eq!((store.position(), store.durable_position()), (1, 0));
    let batch = Batch::new()
        .event(number(&stream, 2))
        .durability(Durability::Durable);
    assert_eq!(
        store.commit(batch).unwrap()[0].durability,
        Durability::Durable
    );
    assert_eq!(
        store.durable_position(),
        2,
        "a sync covers what was written before"
    );
    store.append(&stream, KIND, &3).unwrap();
    assert_eq!(store.durable_position(), 2);
    store.flush().unwrap();
    assert_eq!(store.durable_position(), 3);
}

#[test]
fn every_limit_is_a_typed_error_and_stores_nothing() {
    let dir = Dir::new();
    let config = dir
        .config()
        .max_payload_bytes(1_000)
        .max_batch_bytes(5_000)
        .max_batch_events(10);
    let store = Store::open(config).unwrap();
    let a = coordinate("a", "s");
    let many = |count: u64, payload: &str| {
        let mut batch = Batch::new();
        batch.extend((0..count).map(|_| NewEvent::new(&a, KIND, payload)));
        batch
    };
    let tags = (0..9).fold(number(&a, 1), |event, n| {
        event.tag(Tag::new("n", n).unwrap())
    });
    let cause = EventId::from_u128(1);
    let causes = (0..256).fold(number(&a, 1), |event, n| event.cause(EventId::from_u128(n)));
    let cases = [
        (
            many(1, &"x".repeat(1_001)),
            "bytes in a payload with its metadata",
        ),
        (many(9, &"x".repeat(900)), "bytes in a batch"),
        (many(11, ""), "events in a batch"),
        (Batch::new().event(tags), "tags on an event"),
        (Batch::new().event(causes), "causes of an event"),
    ];
    for (batch, expected) in cases {
        match store.commit(batch) {
            Err(StoreError::Limit {
                what,
                actual,
                limit,
            }) => {
                assert_eq!(what, expected);
                assert!(actual > limit);
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert!(matches!(
        store.commit(Batch::new()),
        Err(StoreError::EmptyBatch)
    ));
    let unknown = Batch::new().event(number(&a, 1).cause(cause));
    assert!(matches!(store.commit(unknown), Err(StoreError::UnknownCause(id)) if id == cause));
    for category in [0x0, 0xD] {
        let kind = EventKind::from_raw(category << 12 | 1);
        assert!(
            matches!(store.append(&a, kind, &1), Err(StoreError::ReservedKind(k)) if k == kind)
        );
    }
    assert_eq!(store.position(), 0);
}

#[test]
fn a_payload_that_cannot_be_encoded_is_an_error_of_the_commit() {
    struct Unwritable;
    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a secret"))
        }
    }
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    let error = store.append(&a, KIND, &Unwritable).unwrap_err();
    assert_eq!(error.to_string(), "cannot encode the payload: a secret");
    let event = number(&a, 1).metadata("m", &Unwritable);
    assert!(matches!(
        store.commit(Batch::new().event(event)),
        Err(StoreError::Encode(_))
    ));
    assert_eq!(store.position(), 0);
}

#[test]
fn a_payload_that_nests_too_deeply_to_be_read_back_is_not_stored() {
    let nested =
        |depth: usize| (0..depth).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    let receipt = store.append(&a, KIND, &nested(100)).unwrap();
    let read = store.get(receipt.event_id).unwrap().unwrap();
    assert_eq!(read.payload::<serde_json::Value>().unwrap(), nested(100));
    let error = store.append(&a, KIND, &nested(200)).unwrap_err();
    assert!(matches!(error, StoreError::Encode(_)), "{error}");
    let event = number(&a, 1).metadata("m", &nested(200));
    assert!(store.commit(Batch::new().event(event)).is_err());
    assert_eq!(store.position(), 1);
    // Many containers side by side are no depth.
    let wide: Vec<[u8; 0]> = vec![[]; 10_000];
    store.append(&a, KIND, &wide).unwrap();
}

#[test]
fn names_that_no_coordinate_or_tag_can_have_are_typed_errors() {
    assert!(matches!(
        Coordinate::new("", "s"),
        Err(CoordinateError::Empty(_))
    ));
    assert!(matches!(
        Coordinate::new("e", ""),
        Err(CoordinateError::Empty(_))
    ));
    assert!(matches!(
        Coordinate::new("a\nb", "s"),
        Err(CoordinateError::Control { .. })
    ));
    let long = "x".repeat(Coordinate::MAX_BYTES + 1);
    assert!(matches!(
        Coordinate::new(&long, "s"),
        Err(CoordinateError::TooLong { bytes: 513, .. })
    ));
    assert!(Coordinate::new(&long[1..], &long[1..]).is_ok());
    for bad in ["", ":", "a:", ":b", "ab", "a:\t"] {
        assert!(bad.parse::<Tag>().is_err(), "{bad:?} is a tag");
    }
    assert!(Tag::new("a:b", 1).is_err());
    assert!(Tag::new("n", "x".repeat(300)).is_err());
}

#[test]
fn dropping_a_store_lets_the_next_one_in_whatever_tickets_are_alive() {
    let dir = Dir::new();
    let store = dir.open();
    let ticket = store
        .submit(Batch::new().event(number(&coordinate("a", "s"), 1)))
        .unwrap();
    drop(store);
    let next = dir.open();
    assert_eq!(next.position(), 1);
    assert!(ticket.is_done());
    let receipts = ticket.wait().unwrap();
    assert_eq!(
        (receipts[0].sequence, receipts[0].durability),
        (1, Durability::Durable)
    );
}
