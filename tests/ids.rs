//! Events under ids that their caller gives: they are stored once, however often they are appended.

use batpak::prelude::*;
use batpak::testing::{Clock, MemoryDisk};

use crate::support::{Dir, KIND, coordinate, fill, number};

const SPACE: EventId = EventId::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);

fn id(name: &str) -> EventId {
    EventId::named(SPACE, name)
}

#[test]
fn an_event_that_is_appended_again_is_answered_by_its_first_receipt_for_as_long_as_it_exists() {
    let dir = Dir::new();
    let a = coordinate("a", "s");
    let event = || {
        number(&a, 7)
            .id(id("once"))
            .tag(Tag::new("n", 7).unwrap())
            .metadata("why", "a test")
    };
    let mut store = dir.open();
    let first = store.append_event(event()).unwrap();
    let other = EventKind::custom(0xF, 2);
    for n in 0..20 {
        fill(&store, 30);
        match n % 3 {
            0 => {}
            1 => {
                store.close().unwrap();
                store = dir.open();
            }
            _ => {
                drop(store);
                dir.forget_index();
                store = dir.open();
            }
        }
        let before = store.position();
        // Neither the stream as it is by now nor any region matters.
        let condition = Condition::new()
            .expect(&a, Expect::Empty)
            .fail_if_any(Region::all());
        assert_eq!(store.append_if(event(), condition).unwrap(), first);
        let ticket = store.submit(Batch::from(event())).unwrap();
        assert_eq!(ticket.wait().unwrap(), [first]);
        assert_eq!(store.position(), before);
        store.append(&a, other, &n).unwrap();
    }
}

#[test]
fn another_event_under_the_same_id_is_refused_whatever_it_differs_in() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    let [one, two] = [1, 2].map(|n| store.append_event(number(&b, n)).unwrap().event_id);
    let tag = |n| Tag::new("n", n).unwrap();
    let base = |stream: &Coordinate, kind, payload: u64| {
        NewEvent::new(stream, kind, &payload).id(id("once"))
    };
    let whole = || {
        base(&a, KIND, 1)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &1)
            .correlation(two)
    };
    let first = store.append_event(whole()).unwrap();
    let others = [
        base(&b, KIND, 1)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &1)
            .correlation(two),
        base(&a, EventKind::custom(0xF, 9), 1)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &1)
            .correlation(two),
        base(&a, KIND, 2)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &1)
            .correlation(two),
        base(&a, KIND, 1)
            .tag(tag(2))
            .cause(one)
            .metadata("k", &1)
            .correlation(two),
        base(&a, KIND, 1)
            .tag(tag(1))
            .cause(two)
            .metadata("k", &1)
            .correlation(two),
        base(&a, KIND, 1)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &2)
            .correlation(two),
        base(&a, KIND, 1)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &1)
            .metadata("l", &1)
            .correlation(two),
        base(&a, KIND, 1).tag(tag(1)).cause(one).correlation(two),
        base(&a, KIND, 1)
            .tag(tag(1))
            .cause(one)
            .metadata("k", &1)
            .correlation(one),
    ];
    for (n, other) in others.into_iter().enumerate() {
        match store.append_event(other) {
            Err(StoreError::IdTaken {
                id: taken,
                position: 3,
            }) => assert_eq!(taken, id("once")),
            answer => panic!("{n}: {answer:?}"),
        }
    }
    assert_eq!(store.append_event(whole()).unwrap(), first);
    // What the store gives is not compared.
    let inheriting = base(&a, KIND, 1).tag(tag(1)).cause(one).metadata("k", &1);
    assert_eq!(store.append_event(inheriting).unwrap(), first);
    assert_eq!(store.position(), 3);
}

#[test]
fn a_batch_is_repeated_as_a_whole_or_refused() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    fill(&store, 1);
    let batch = || {
        Batch::new()
            .event(number(&b, 0))
            .event(number(&a, 1).id(id("1")))
            .event(number(&b, 2))
            .event(number(&a, 3).id(id("3")))
            .expect(&a, Expect::Revision(2))
    };
    let receipts = store.commit(batch()).unwrap();
    assert_eq!(store.commit(batch()).unwrap(), receipts);

    // Part of it is new.
    let more = batch().event(number(&a, 4).id(id("4")));
    match store.commit(more) {
        Err(StoreError::RepeatedInPart { missing }) => assert_eq!(missing, id("4")),
        answer => panic!("{answer:?}"),
    }
    // What has no id of its own is another one, or elsewhere.
    let another = Batch::new()
        .event(number(&a, 1).id(id("1")))
        .event(number(&b, 9))
        .event(number(&a, 3).id(id("3")));
    assert!(matches!(
        store.commit(another),
        Err(StoreError::IdTaken { .. })
    ));
    // A part of what was stored together is stored.
    let part = Batch::from(number(&a, 3).id(id("3")));
    assert_eq!(store.commit(part).unwrap(), receipts[3..]);
    // What was stored beside it is no part of it, however alike.
    store.append_event(number(&b, 7)).unwrap();
    store.append_event(number(&a, 7).id(id("7"))).unwrap();
    store.append_event(number(&b, 7)).unwrap();
    for beside in [
        Batch::from(number(&b, 7)).event(number(&a, 7).id(id("7"))),
        Batch::from(number(&a, 7).id(id("7"))).event(number(&b, 7)),
    ] {
        match store.commit(beside) {
            Err(StoreError::IdTaken { id: taken, .. }) => assert_eq!(taken, id("7")),
            answer => panic!("{answer:?}"),
        }
    }
    let twice = Batch::new()
        .event(number(&a, 5).id(id("5")))
        .event(number(&a, 6).id(id("5")));
    match store.commit(twice) {
        Err(StoreError::RepeatedInBatch(twice)) => assert_eq!(twice, id("5")),
        answer => panic!("{answer:?}"),
    }
    assert_eq!(store.position(), 10);
}

#[test]
fn no_id_is_minted_that_a_caller_gave_ahead_of_the_mint() {
    let clock = Clock::at_us(1_700_000_000_000_000);
    let store = Store::open(MemoryDisk::new().config().scripted(&clock, 7)).unwrap();
    let a = coordinate("a", "s");
    let last_of_its_time = |id: u128| id | 0xFFF << 64 | ((1 << 62) - 1);
    for ahead in [|id| id + 1, |id| id + 3, last_of_its_time] {
        let minted = store.append_event(number(&a, 0)).unwrap().event_id;
        let ahead = EventId::from_u128(ahead(minted.as_u128()));
        store.append_event(number(&a, 1).id(ahead)).unwrap();
        for n in 2..5 {
            store.append_event(number(&a, n)).unwrap();
        }
    }
    let mut ids: Vec<_> = store
        .query(&Region::all())
        .map(|event| event.unwrap().header.event_id)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() as u64, store.position());
}

#[test]
fn of_threads_that_append_the_same_event_at_once_all_get_the_same_receipt() {
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    for n in 0..200 {
        let append = |durability| {
            let batch = Batch::from(number(&a, n).id(id(&n.to_string())));
            store.commit(batch.durability(durability)).unwrap()[0].sequence
        };
        let how = [
            Durability::Buffered,
            Durability::Written,
            Durability::Durable,
        ];
        let receipts = std::thread::scope(|scope| {
            let threads = how.map(|how| scope.spawn(move || append(how)));
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(receipts, [n + 1; 3]);
    }
    assert_eq!(store.stream(&a).count(), 200);
}

#[test]
fn an_answer_that_an_event_is_there_has_the_durability_that_is_asked_for() {
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    let asked = [
        Durability::Buffered,
        Durability::Written,
        Durability::Durable,
    ];
    let batch = || Batch::from(number(&a, 1).id(id("once")));
    for durability in asked {
        let receipt = store.commit(batch().durability(durability)).unwrap()[0];
        assert!(receipt.durability >= durability);
        assert!(receipt.durability < Durability::Durable || store.durable_position() >= 1);
    }
    assert_eq!(store.position(), 1);
}

#[test]
fn the_store_mints_ids_that_rise_with_the_time_whatever_ids_it_was_given() {
    let dir = Dir::new();
    let a = coordinate("a", "s");
    let given = [
        EventId::from_u128(0),
        EventId::from_u128(u128::MAX),
        // Of version 7, in the far future.
        EventId::from_u128(0xFFFF_FFFF_FFFF_7FFF_BFFF_FFFF_FFFF_FFFF),
        EventId::random(),
        id("a"),
    ];
    let mut minted = Vec::new();
    for (n, given) in given.into_iter().enumerate() {
        let store = dir.open();
        minted.push(store.append_event(number(&a, 1)).unwrap().event_id);
        let receipt = store.append_event(number(&a, 2).id(given)).unwrap();
        assert_eq!(
            (receipt.event_id, receipt.sequence),
            (given, 2 * n as u64 + 2)
        );
        if n % 2 == 0 {
            drop(store);
            dir.forget_index();
        }
    }
    let store = dir.open();
    minted.push(store.append_event(number(&a, 1)).unwrap().event_id);
    assert!(minted.is_sorted());
    assert!(minted.iter().all(|id| id.as_u128() >> 76 & 0xF == 7));
    for (n, given) in given.into_iter().enumerate() {
        let event = store.get(given).unwrap().unwrap();
        assert_eq!(event.header.sequence, 2 * n as u64 + 2);
    }
    store.verify().unwrap();
}

#[test]
fn a_typed_event_is_the_same_whether_or_not_it_told_the_name_of_its_kind() {
    #[derive(Event)]
    #[event(category = 0x4)]
    enum Noted {
        #[event(id = 0x001)]
        Text { text: String },
    }
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    let event = |n: u64| {
        let text = n.to_string();
        NewEvent::of(&a, &Noted::Text { text }).id(id(&n.to_string()))
    };
    let receipts = [1, 2].map(|n| store.append_event(event(n)).unwrap());
    assert_eq!(
        [1, 2].map(|n| store.append_event(event(n)).unwrap()),
        receipts
    );
    drop(store);
    let store = dir.open();
    assert_eq!(
        [1, 2].map(|n| store.append_event(event(n)).unwrap()),
        receipts
    );
}

#[test]
fn a_cause_is_in_the_store_or_before_its_effect_in_the_batch_and_hands_its_correlation_on() {
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    let correlation_of = |receipt: &AppendReceipt| {
        let event = store.get(receipt.event_id).unwrap().unwrap();
        event.header.correlation
    };
    let root = store.append_event(number(&a, 1)).unwrap();
    assert_eq!(correlation_of(&root), None);
    let child = store
        .append_event(number(&a, 2).cause(root.event_id))
        .unwrap();
    assert_eq!(correlation_of(&child), Some(root.event_id));
    let other = store.append_event(number(&a, 3)).unwrap();
    // The first cause counts, and what is said counts more.
    let both = number(&a, 4).cause(child.event_id).cause(other.event_id);
    assert_eq!(
        correlation_of(&store.append_event(both).unwrap()),
        Some(root.event_id)
    );
    let said = number(&a, 5)
        .cause(child.event_id)
        .correlation(other.event_id);
    let said = store.append_event(said).unwrap();
    assert_eq!(correlation_of(&said), Some(other.event_id));

    // Within a batch, and of what nobody sees yet.
    let buffered = Batch::from(number(&a, 6).cause(said.event_id)).durability(Durability::Buffered);
    let buffered = store.commit(buffered).unwrap()[0].event_id;
    let chain = Batch::new()
        .event(number(&a, 7).id(id("7")).cause(buffered))
        .event(number(&a, 8).id(id("8")).cause(id("7")))
        .event(number(&a, 9).id(id("9")))
        .event(number(&a, 10).cause(id("9")).cause(id("8")));
    let receipts = store.commit(chain).unwrap();
    let correlations: Vec<_> = receipts.iter().map(correlation_of).collect();
    let inherited = Some(other.event_id);
    assert_eq!(correlations, [inherited, inherited, None, Some(id("9"))]);

    let before = store.position();
    let itself = Batch::from(number(&a, 0).id(id("x")).cause(id("x")));
    let later = Batch::new()
        .event(number(&a, 0).cause(id("y")))
        .event(number(&a, 0).id(id("y")));
    for batch in [
        itself,
        later,
        Batch::from(number(&a, 0).cause(id("nobody"))),
    ] {
        let error = store.commit(batch).unwrap_err();
        assert!(matches!(error, StoreError::UnknownCause(_)), "{error}");
    }
    assert_eq!(store.position(), before);
}

#[test]
fn a_long_chain_of_causes_within_one_batch_is_taken() {
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    let event = |n: u64| {
        let event = number(&a, n).id(id(&n.to_string()));
        match n {
            0 => event,
            _ => event.cause(id(&(n - 1).to_string())),
        }
    };
    let mut batch = Batch::new();
    batch.extend((0..4_096).map(event));
    let receipts = store.commit(batch).unwrap();
    let last = store.get(receipts[4_095].event_id).unwrap().unwrap();
    assert_eq!(last.header.correlation, Some(id("0")));
}
