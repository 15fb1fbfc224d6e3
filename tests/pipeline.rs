//! From a proposal over gates to a commit: permits that hold, and are told with the events.

mod machine;

use batpak::prelude::*;
use batpak::{DenialRecord, Permit, Receipt};

use crate::support::{Dir, KIND, coordinate, number};

/// What is decided on: how many are in the hall, and who asks.
struct Entry {
    inside: Observed<usize>,
    age: u8,
}

/// The hall is full.
#[gate]
fn room_left(entry: &Entry) -> Verdict {
    ensure!(
        *entry.inside.get() < 2,
        "there are {n} inside",
        n = entry.inside.get()
    );
    Verdict::permit()
}

/// Children are not let in.
#[gate]
fn grown_up(entry: &Entry) -> bool {
    entry.age >= 18
}

fn pipeline() -> Pipeline<Entry> {
    let gates = GateSet::named("hall")
        .with(grown_up::Gate)
        .with(room_left::Gate);
    Pipeline::new(gates)
}

fn hall() -> Region {
    Region::all().scope("hall")
}

fn inside(store: &Store) -> Observed<usize> {
    store
        .observe_with(&hall(), |events| Ok::<_, StoreError>(events.count()))
        .unwrap()
}

fn enter(store: &Store, who: &str, age: u8) -> (Entry, batpak::Proposal) {
    let entry = Entry {
        inside: inside(store),
        age,
    };
    (
        entry,
        store.propose(number(&coordinate(who, "hall"), u64::from(age))),
    )
}

fn permitted(store: &Store, who: &str) -> Receipt<batpak::Proposal> {
    let (entry, proposal) = enter(store, who, 30);
    pipeline().permit(proposal, &entry).unwrap()
}

fn permit_of(store: &Store, receipt: &AppendReceipt) -> Option<Permit> {
    store
        .get(receipt.event_id)
        .unwrap()
        .unwrap()
        .permit()
        .unwrap()
}

#[test]
fn what_is_committed_tells_by_which_gates_of_which_set_it_was_permitted() {
    let dir = Dir::new();
    let store = dir.open();
    let pipeline = pipeline();
    let receipt = permitted(&store, "ann");
    assert_eq!(receipt.permit().gates, ["GROWN_UP", "ROOM_LEFT"]);
    let committed = pipeline.commit(&store, receipt).unwrap();
    drop(store);
    let store = dir.open();
    let permit = permit_of(&store, &committed[0]).unwrap();
    assert_eq!(permit.gates, ["GROWN_UP", "ROOM_LEFT"]);
    assert_eq!(permit.set, Some(pipeline.gates().digest()));
    assert_eq!(permit.name.as_deref(), Some("hall"));
    assert_eq!(permit.bypass, None);
    let plain = store
        .append_event(number(&coordinate("bob", "street"), 1))
        .unwrap();
    assert_eq!(permit_of(&store, &plain), None);
}

#[test]
fn a_permit_that_rests_on_what_has_changed_is_a_retryable_conflict_and_stores_nothing() {
    let dir = Dir::new();
    let store = dir.open();
    let pipeline = pipeline();
    let receipts = ["ann", "bob"].map(|who| permitted(&store, who));
    let [ann, bob] = receipts;
    let reads: Vec<_> = ann
        .reads()
        .map(|(region, position)| (region.clone(), position))
        .collect();
    assert_eq!(reads, [(hall(), 0)]);
    let ann = pipeline.commit(&store, ann).unwrap().remove(0);
    let error = pipeline.commit(&store, bob).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    match &error {
        StoreError::Conflict(conflict) => assert_eq!(conflict.event, Some(ann.event_id)),
        other => panic!("{other}"),
    }
    assert_eq!(store.position(), 1);
    // What comes elsewhere is no reason.
    let bob = permitted(&store, "bob");
    store
        .append_event(number(&coordinate("ann", "street"), 1))
        .unwrap();
    pipeline.commit(&store, bob).unwrap();
    // Now it is full, and that is said.
    let (entry, proposal) = enter(&store, "cid", 30);
    let denied = pipeline.permit(proposal, &entry).unwrap_err();
    assert_eq!(
        denied.denial().to_string(),
        "ROOM_LEFT: there are 2 inside (n = 2)"
    );
}

#[test]
fn a_gate_that_does_not_look_at_what_was_observed_does_not_depend_on_it() {
    let dir = Dir::new();
    let store = dir.open();
    let pipeline = Pipeline::new(GateSet::new().with(grown_up::Gate));
    let (entry, proposal) = enter(&store, "ann", 30);
    // Looking outside of gates is nobody's reason either.
    assert_eq!(entry.inside.get(), &0);
    let receipt = pipeline.permit(proposal, &entry).unwrap();
    assert_eq!(receipt.reads().len(), 0);
    store
        .append_event(number(&coordinate("bob", "hall"), 1))
        .unwrap();
    pipeline.commit(&store, receipt).unwrap();
}

#[test]
fn what_is_observed_however_deep_and_by_gates_that_ask_others_counts() {
    /// Some hall has room.
    #[gate]
    fn somewhere(halls: &[Vec<Entry>]) -> Result<(), Denial> {
        let entries = halls.iter().flatten();
        let mut asked = entries.map(|entry| room_left::Gate.evaluate(entry));
        asked
            .find(Result::is_ok)
            .unwrap_or_else(|| Err(Denial::new("", "all are full")))
    }

    let dir = Dir::new();
    let store = dir.open();
    let observed = |scope: &str| {
        let region = Region::all().scope(scope);
        store
            .observe_with(&region, |events| Ok::<_, StoreError>(events.count()))
            .unwrap()
    };
    for n in 0..2 {
        store
            .append_event(number(&coordinate("x", "a"), n))
            .unwrap();
    }
    let entry = |scope| Entry {
        inside: observed(scope),
        age: 30,
    };
    let halls = [vec![entry("a")], vec![], vec![entry("b"), entry("c")]];
    let pipeline = Pipeline::new(GateSet::new().with(somewhere::Gate));
    let proposal = store.propose(number(&coordinate("ann", "b"), 1));
    let receipt = pipeline.permit(proposal, &halls[..]).unwrap();
    let scopes: Vec<_> = receipt
        .reads()
        .map(|(region, _)| region.to_string())
        .collect();
    assert_eq!(scopes, ["(scope a)", "(scope b)"]);
    let permit = receipt.permit().clone();
    assert_eq!(permit.gates, ["SOMEWHERE"]);
    store
        .append_event(number(&coordinate("bob", "a"), 1))
        .unwrap();
    assert!(pipeline.commit(&store, receipt).unwrap_err().is_retryable());
}

#[test]
fn a_receipt_is_good_in_its_store_and_pipeline_alone() {
    let (dir, other_dir) = (Dir::new(), Dir::new());
    let (store, other) = (dir.open(), other_dir.open());
    let error = pipeline()
        .commit(&other, permitted(&store, "ann"))
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Elsewhere { of, .. } if of == store.id()),
        "{error}"
    );

    // Also if nothing was read for it.
    let by_age = Pipeline::new(GateSet::new().with(grown_up::Gate));
    let (entry, proposal) = enter(&store, "ann", 30);
    let receipt = by_age.permit(proposal, &entry).unwrap();
    let error = by_age.commit(&other, receipt).unwrap_err();
    assert!(
        matches!(error, StoreError::Elsewhere { of, .. } if of == store.id()),
        "{error}"
    );

    // Proposed here in view of what lies there.
    let (entry, _) = enter(&other, "ann", 30);
    let proposal = store.propose(number(&coordinate("ann", "hall"), 1));
    let receipt = pipeline().permit(proposal, &entry).unwrap();
    let error = pipeline().commit(&store, receipt).unwrap_err();
    assert!(
        matches!(error, StoreError::Elsewhere { of, .. } if of == other.id()),
        "{error}"
    );

    let laxer = Pipeline::new(GateSet::named("hall").with(grown_up::Gate));
    let (entry, proposal) = enter(&store, "ann", 30);
    let receipt = laxer.permit(proposal, &entry).unwrap();
    let error = pipeline().commit(&store, receipt).unwrap_err();
    assert!(matches!(error, StoreError::OtherGates), "{error}");
    assert_eq!((store.position(), other.position()), (0, 0));
}

#[cfg(feature = "blake3")]
#[test]
fn the_digest_of_a_proposal_is_another_one_for_whatever_differs_in_it() {
    let dir = Dir::new();
    let store = dir.open();
    let (a, b) = (coordinate("a", "s"), coordinate("b", "s"));
    let cause = store.append_event(number(&a, 0)).unwrap().event_id;
    let event = || number(&a, 1);
    let tag = Tag::new("n", 1).unwrap();
    let batches = [
        Batch::from(event()),
        Batch::from(number(&b, 1)),
        Batch::from(number(&a, 2)),
        Batch::from(NewEvent::new(&a, EventKind::custom(0xF, 2), &1)),
        Batch::from(event().tag(tag.clone())),
        Batch::from(event().cause(cause)),
        Batch::from(event().correlation(cause)),
        Batch::from(event().id(cause)),
        Batch::from(event().metadata("k", &1)),
        Batch::new().event(event()).event(event()),
        Batch::from(event()).expect(&a, Expect::Exists),
        Batch::from(event()).expect(&a, Expect::Revision(1)),
        Batch::from(event()).fail_if_any(Region::all().tag(tag)),
        Batch::from(event()).unchanged(&inside(&store)),
    ];
    let pipeline = Pipeline::<()>::new(GateSet::new());
    let digest = |batch| {
        pipeline
            .permit(store.propose(batch), &())
            .unwrap()
            .digest()
            .unwrap()
    };
    let mut digests: Vec<_> = batches.into_iter().map(digest).collect();
    assert_eq!(digests[0], digest(Batch::from(event())));
    digests.sort_unstable_by_key(|digest| *digest.as_bytes());
    digests.dedup();
    assert_eq!(digests.len(), 14);
    // Of anything else, it is that of what serde writes.
    // Names that look like what is displayed between them.
    let none = |region| digest(Batch::from(event()).fail_if_any(region));
    let all = Region::all;
    assert_ne!(
        none(all().entity("a, scope b")),
        none(all().entity("a").scope("b"))
    );
    assert_ne!(none(all().entity("a..")), none(all().entity_prefix("a")));
    let empty = |stream| digest(Batch::from(event()).expect(&stream, Expect::Empty));
    assert_ne!(empty(coordinate("a@b", "c")), empty(coordinate("a", "b@c")));
    let of = |payload: (u8, &str)| pipeline.permit(payload, &()).unwrap().digest().unwrap();
    assert_eq!(of((1, "a")), of((1, "a")));
    assert_ne!(of((1, "a")), of((2, "a")));
}

#[test]
fn what_is_permitted_goes_to_other_sinks_by_value_and_once() {
    let pipeline = Pipeline::new(GateSet::new().with(is_short::Gate));
    let receipt = pipeline.permit("a text".to_owned(), "a text").unwrap();
    assert_eq!(receipt.proposal(), "a text");
    let sent = pipeline.commit_with(receipt, |text| Ok::<_, StoreError>(text + "!"));
    assert_eq!(sent.unwrap(), "a text!");
    let receipt = pipeline.permit(1, "a text").unwrap();
    let refused = |_| Err::<(), _>(StoreError::EmptyBatch);
    let answer = pipeline.commit_with(receipt, refused);
    assert!(matches!(answer, Err(StoreError::EmptyBatch)));
    let others = Pipeline::<str>::new(GateSet::named("others"));
    let receipt = others.permit(1, "a text").unwrap();
    let answer = pipeline.commit_with(receipt, Ok::<i32, StoreError>);
    assert!(matches!(answer, Err(StoreError::OtherGates)));
}

/// A text has at most ten letters.
#[gate]
fn is_short(text: &str) -> bool {
    text.len() <= 10
}

#[test]
fn a_bypass_is_stored_with_its_reason_and_found_by_a_region() {
    let dir = Dir::new();
    let store = dir.open();
    let pipeline = pipeline();
    let bypass = Bypass::new("EVACUATION", "the fire brigade asked us to").unwrap();
    // The store's tag takes the place of none of the caller's.
    let full = (0..NewEvent::MAX_TAGS as u64)
        .fold(number(&coordinate("eve", "cellar"), 1), |event, n| {
            event.tag(Tag::new("n", n).unwrap())
        });
    let receipt = pipeline.bypass(store.propose(full), bypass.clone());
    let committed = pipeline.commit(&store, receipt).unwrap();
    let full = store.get(committed[0].event_id).unwrap().unwrap();
    assert_eq!(full.tags.len(), NewEvent::MAX_TAGS + 1);
    let batch = Batch::new()
        .event(number(&coordinate("ann", "hall"), 9).tag(Tag::new("z", 1).unwrap()))
        .event(number(&coordinate("bob", "hall"), 9).tag(Tag::new("a", 1).unwrap()));
    let receipt = pipeline.bypass(store.propose(batch), bypass.clone());
    let committed = pipeline.commit(&store, receipt).unwrap();
    let found: Vec<_> = store
        .query(&Region::all().bypassed().scope("hall"))
        .map(Result::unwrap)
        .collect();
    assert_eq!(found.len(), 2);
    for (event, committed) in found.iter().zip(&committed) {
        assert_eq!(event.header.event_id, committed.event_id);
        let permit = event.permit().unwrap().unwrap();
        assert_eq!(permit.bypass.as_ref(), Some(&bypass));
        assert_eq!(permit.set, Some(pipeline.gates().digest()));
        assert_eq!(permit.gates.len(), 0);
    }
    store.verify().unwrap();
    for (reason, justification) in [("", "because"), ("R", ""), (" ", "because"), ("R", "\n")] {
        Bypass::new(reason, justification).unwrap_err();
        let read = serde_json::json!({ "reason": reason, "justification": justification });
        serde_json::from_value::<Bypass>(read).unwrap_err();
    }
    // Nobody else writes the store's own tags and metadata.
    let own = number(&coordinate("ann", "hall"), 1).tag(Tag::new("batpak", "bypassed").unwrap());
    assert!(matches!(
        store.append_event(own),
        Err(StoreError::ReservedTag(_))
    ));
    let own = number(&coordinate("ann", "hall"), 1).metadata("batpak:permit", &1);
    assert!(matches!(
        store.append_event(own),
        Err(StoreError::ReservedMetadata(_))
    ));
}

#[test]
fn denials_are_recorded_beside_the_stream_and_are_in_nobodys_way() {
    let dir = Dir::new();
    let store = dir.open();
    let pipeline = pipeline();
    let (entry, proposal) = enter(&store, "ann", 12);
    let denied = pipeline.permit(proposal, &entry).unwrap_err();
    let receipt = pipeline.record_denial(&store, &denied).unwrap();
    let by_hand = Denial::new("SHUT", "the hall is shut").with("hour", 3);
    store
        .record_denial(&coordinate("bob", "hall"), &by_hand)
        .unwrap();

    let events: Vec<_> = store
        .query(&Region::all().denials())
        .map(Result::unwrap)
        .collect();
    assert_eq!(events[0].header.event_id, receipt.event_id);
    assert_eq!(events[0].coordinate, coordinate("ann", "hall/denied"));
    let record: DenialRecord = events[0].payload().unwrap();
    assert_eq!(
        (&*record.code, &*record.message),
        ("GROWN_UP", "Children are not let in.")
    );
    assert_eq!(record.set, Some(pipeline.gates().digest()));
    assert_eq!(record.proposal.is_some(), cfg!(feature = "blake3"));
    let record: DenialRecord = events[1].payload().unwrap();
    assert_eq!(record.context, [("hour".to_owned(), "3".to_owned())]);
    assert_eq!((record.set, record.name), (None, None));

    assert_eq!(store.revision(&coordinate("ann", "hall")).unwrap(), 0);
    assert_eq!(inside(&store).get(), &0);
    // A user has no kinds of the store's.
    let own = NewEvent::new(&coordinate("a", "s"), events[0].header.kind, &record.code);
    assert!(matches!(
        store.append_event(own),
        Err(StoreError::ReservedKind(_))
    ));
    let nothing = store.propose(Batch::new());
    let denied = pipeline.permit(nothing, &entry).unwrap_err();
    let answer = pipeline.record_denial(&store, &denied);
    assert!(matches!(answer, Err(StoreError::EmptyBatch)));
}

#[test]
fn a_decision_is_made_anew_until_it_holds_and_at_most_as_often_as_it_may() {
    let dir = Dir::new();
    let store = dir.open();
    let (mine, other) = (coordinate("mine", "s"), coordinate("other", "s"));
    let region = Region::stream(&other);
    let mut seen = Vec::new();
    let receipts = store
        .decide(&region, |events| {
            seen.push(events.count());
            if seen.len() < 4 {
                store.append_event(number(&other, 0))?;
            }
            Ok::<_, StoreError>(number(&mine, 1).into())
        })
        .unwrap();
    assert_eq!(seen, [0, 1, 2, 3]);
    assert_eq!(receipts[0].sequence, 4);

    let mut attempts = 0;
    let answer = store.decider(&region).attempts(3).decide(|_| {
        attempts += 1;
        store.append_event(number(&other, 0))?;
        Ok::<_, StoreError>(number(&mine, 1).into())
    });
    assert!(answer.unwrap_err().is_retryable());
    assert_eq!(attempts, 3);

    // What cannot be helped by trying again is not tried again, and nor is an error of the decision.
    let mut attempts = 0;
    let answer = store.decide(&region, |_| {
        attempts += 1;
        Ok::<_, StoreError>(Batch::from(number(&mine, 1)).expect(&mine, Expect::Empty))
    });
    assert!(matches!(answer, Err(StoreError::Conflict(_))));
    let answer = store.decide(&region, |_| Err::<Batch, _>(StoreError::EmptyBatch));
    assert!(matches!(answer, Err(StoreError::EmptyBatch)));
    assert_eq!(attempts, 1);
    let nothing = store.decide(&region, |_| Ok::<_, StoreError>(Batch::new()));
    assert_eq!(nothing.unwrap(), []);
    assert_eq!(store.revision(&mine).unwrap(), 1);
}

#[test]
fn a_decision_gives_up_once_the_same_stands_against_it_twice() {
    let dir = Dir::new();
    let store = dir.open();
    let (mine, other) = (coordinate("mine", "s"), coordinate("other", "s"));
    store.append_event(number(&other, 1)).unwrap();
    let read_before = Condition::new().fail_if_after(Region::stream(&other), 0);
    let mut attempts = 0;
    let answer = store.decide(&Region::stream(&mine), |_| {
        attempts += 1;
        Ok::<_, StoreError>(Batch::from(number(&mine, 1)).when(read_before.clone()))
    });
    assert!(matches!(answer, Err(StoreError::Conflict(_))));
    assert_eq!(attempts, 2);
}

#[test]
fn a_plain_batch_may_rest_on_what_was_observed_too() {
    #[derive(Debug, Default, Clone)]
    struct Count(u64);
    impl Projection for Count {
        const KINDS: &'static [EventKind] = &[KIND];
        const VERSION: u32 = 1;
        const NAME: &'static str = "Count";
        fn apply(&mut self, _: &RawEvent<'_>) -> Result<(), batpak::FoldError> {
            self.0 += 1;
            Ok(())
        }
    }
    let dir = Dir::new();
    let store = dir.open();
    let a = coordinate("a", "s");
    store.append_event(number(&a, 1)).unwrap();
    let count = store.observe::<Count>(&Region::stream(&a)).unwrap();
    assert_eq!(
        (count.get().0, count.position(), count.store()),
        (1, 1, store.id())
    );
    let doubled = count.clone().map(|count| count.0 * 2);
    assert_eq!((doubled.get(), doubled.region()), (&2, count.region()));
    let b = coordinate("b", "s");
    store
        .commit(Batch::from(number(&b, 1)).unchanged(&doubled))
        .unwrap();
    store.append_event(number(&a, 2)).unwrap();
    let error = store
        .commit(Batch::from(number(&b, 1)).unchanged(&count))
        .unwrap_err();
    assert!(error.is_retryable());
}
