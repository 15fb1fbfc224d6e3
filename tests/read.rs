//! Reading: by id, by stream, in both directions, beside a writer.

use batpak::prelude::*;

use crate::support::{Dir, KIND, coordinate, fill, number};

#[test]
fn everything_that_an_event_carries_comes_back_after_reopening() {
    let dir = Dir::new();
    let stream = coordinate("order:1", "shop");
    let (cause, effect) = {
        let store = dir.open();
        let cause = store.append(&stream, KIND, &"cause").unwrap().event_id;
        let effect = NewEvent::new(&stream, KIND, &("effect", [1_u8, 2, 3]))
            .tag("b:2".parse().unwrap())
            .tag("a:1".parse().unwrap())
            .tag("b:2".parse().unwrap())
            .cause(cause)
            .correlation(cause)
            .metadata("user", "alice")
            .metadata("attempt", &2_u8);
        (
            cause,
            store.commit(Batch::new().event(effect)).unwrap()[0].event_id,
        )
    };
    let store = dir.open();
    let event = store.get(effect).unwrap().unwrap();
    assert_eq!(event.coordinate, stream);
    assert_eq!(
        event.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        ["a:1", "b:2"]
    );
    assert_eq!(
        (&event.causes[..], event.header.correlation),
        (&[cause][..], Some(cause))
    );
    assert_eq!(
        event.metadata::<String>("user").unwrap().as_deref(),
        Some("alice")
    );
    assert_eq!(event.metadata::<u8>("attempt").unwrap(), Some(2));
    assert_eq!(event.metadata::<u8>("absent").unwrap(), None);
    assert!(event.metadata::<u8>("user").is_err());
    let payload: (String, [u8; 3]) = event.payload().unwrap();
    assert_eq!(payload, ("effect".to_owned(), [1, 2, 3]));
    assert!(event.payload::<u64>().is_err());
    assert_eq!((event.header.kind, event.header.version), (KIND, 0));
}

#[test]
fn an_unknown_id_is_no_event() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 3);
    for id in [0, 1, u128::MAX] {
        assert!(store.get(EventId::from_u128(id)).unwrap().is_none());
    }
}

#[test]
fn a_stream_reads_the_same_forward_and_backward_over_many_segments() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 200);
    assert!(dir.segments().len() > 10, "the test wants several segments");
    for entity in ["a", "b"] {
        let stream = coordinate(entity, "s");
        let revisions = |events: &mut dyn Iterator<Item = Result<StoredEvent, StoreError>>| {
            events
                .map(|event| event.unwrap().header.revision)
                .collect::<Vec<_>>()
        };
        let forward = revisions(&mut store.stream(&stream));
        assert_eq!(
            forward,
            (1..=store.revision(&stream).unwrap()).collect::<Vec<_>>()
        );
        let mut backward = revisions(&mut store.stream(&stream).rev());
        backward.reverse();
        assert_eq!(backward, forward);
    }
    let mut both = store.stream(&coordinate("a", "s"));
    let (first, last) = (
        both.next().unwrap().unwrap(),
        both.next_back().unwrap().unwrap(),
    );
    assert_eq!((first.header.revision, last.header.revision), (1, 400));
    assert_eq!(both.count(), 398);
}

#[test]
fn an_empty_stream_has_no_events_and_revision_0() {
    let dir = Dir::new();
    let store = dir.open();
    let nobody = coordinate("nobody", "nowhere");
    assert_eq!(store.revision(&nobody).unwrap(), 0);
    assert_eq!(store.stream(&nobody).count(), 0);
    assert_eq!(store.query(&Region::all()).count(), 0);
    assert_eq!((store.position(), store.durable_position()), (0, 0));
    assert_eq!(store.streams().count(), 0);
}

#[test]
fn streams_are_listed_by_their_names() {
    let dir = Dir::new();
    let store = dir.open();
    let names: Vec<String> = (0..600).map(|n| format!("e:{}", (n * 7) % 600)).collect();
    let mut batch = Batch::new();
    batch.extend(names.iter().map(|name| number(&coordinate(name, "s"), 1)));
    store.commit(batch).unwrap();
    let listed: Vec<String> = store
        .streams()
        .map(|stream| stream.unwrap().entity().to_owned())
        .collect();
    let mut sorted = names;
    sorted.sort();
    assert_eq!(listed, sorted);
}

#[test]
fn a_reader_sees_a_prefix_of_whole_batches_while_a_writer_writes() {
    let dir = Dir::new();
    let store = Store::open(dir.config().durability(Durability::Written)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| fill(&store, 300));
        let mut last = 0;
        while !writer.is_finished() || last < 900 {
            let seen: Vec<StoredEvent> = store.query(&Region::all()).map(Result::unwrap).collect();
            assert!(seen.len() >= last && seen.len().is_multiple_of(3));
            assert!(
                seen.iter()
                    .zip(1..)
                    .all(|(event, n)| event.header.sequence == n)
            );
            last = seen.len();
        }
    });
}

#[test]
fn an_event_outlives_the_iterator_and_the_store_that_it_came_from() {
    let dir = Dir::new();
    let kept: Vec<StoredEvent> = {
        let store = dir.open();
        fill(&store, 50);
        store.query(&Region::all()).map(Result::unwrap).collect()
    };
    let payloads: Vec<u64> = kept.iter().map(|event| event.payload().unwrap()).collect();
    assert_eq!(
        payloads,
        (0..50).flat_map(|n| [n, n, n]).collect::<Vec<_>>()
    );
}
