//! What a forger can do to a log who knows its format to the byte, and by what each forgery is found.
//!
//! Opening reads the whole log here, for a forger leaves no index behind. What it takes for whole, `verify` is
//! asked; and what that takes for whole, `verify_against` with a checkpoint that was kept elsewhere. So each row
//! says which of them is the first to see the forgery, and that those before it do not.

use std::thread::sleep;
use std::time::Duration;

use batpak::prelude::*;
use batpak::{Checkpoint, Divergence};

use crate::forger::{Event, Log};
use crate::support::{Dir, KIND, coordinate, fill, number};

/// The position of an event that has everything, and is the only one of its stream and of its batch.
const RICH: u64 = 2;

/// A log of several closed segments and one that is open, and its checkpoint.
fn honest() -> (Log, Checkpoint) {
    let dir = Dir::new();
    let store = dir.open();
    let cause = store.append(&coordinate("a", "s"), KIND, &0).unwrap();
    // Ids of one millisecond follow one another, and leave no room for others.
    sleep(Duration::from_millis(3));
    let rich = number(&coordinate("rich", "s"), 1)
        .tag("t:1".parse().unwrap())
        .cause(cause.event_id)
        .correlation(cause.event_id)
        .metadata("user", "alice");
    store.commit(Batch::new().event(rich)).unwrap();
    sleep(Duration::from_millis(3));
    while dir.segments().len() < 4 {
        fill(&store, 1);
    }
    fill(&store, 3);
    let checkpoint = store.checkpoint().unwrap();
    store.close().unwrap();
    let log = Log::read(&dir.path());
    assert!(log.0.len() > 3 && log.0.last().unwrap().events.len() > 6);
    (log, checkpoint)
}

#[derive(Debug, PartialEq)]
enum Finds {
    Open,
    Verify,
    Anchor(Divergence),
    Nobody,
}

/// Who is the first to find that this log is not the one that the checkpoint is of.
fn found_by(log: &Log, checkpoint: &Checkpoint) -> Finds {
    let dir = Dir::new();
    log.write(&dir.path());
    let Ok(store) = Store::open(dir.config()) else {
        return Finds::Open;
    };
    if let Err(error) = store.verify() {
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        return Finds::Verify;
    }
    match store.verify_against(checkpoint) {
        Err(StoreError::Diverged { divergence, .. }) => Finds::Anchor(divergence),
        Err(error) => panic!("{error}"),
        Ok(_) => Finds::Nobody,
    }
}

/// What an anchor says that sees another history, whatever its root.
fn is_other_history(found: &Finds) -> bool {
    matches!(found, Finds::Anchor(Divergence::OtherHistory(_)))
}

#[test]
fn a_log_that_is_taken_apart_and_put_together_is_the_same_to_the_byte() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 30);
    store.close().unwrap();
    let log = Log::read(&dir.path()).renumber().rechain();
    for (segment, path) in log.0.iter().zip(dir.segments()) {
        let (made, written) = (segment.bytes(), std::fs::read(path).unwrap());
        // The newest one has a mark behind its events.
        assert!(written.starts_with(&made));
        assert!(written.len() == made.len() || segment.footer.is_none());
    }
    let (log, checkpoint) = honest();
    assert_eq!(found_by(&log, &checkpoint), Finds::Nobody);
}

#[test]
fn an_edit_of_any_field_of_an_event_is_found_without_an_anchor() {
    let (log, checkpoint) = honest();
    type Edit = fn(&mut Event);
    let edits: [(&str, Edit, Finds); 17] = [
        ("the commit mark", |e| e.flags = 0, Finds::Verify),
        ("the position", |e| e.position += 1, Finds::Open),
        ("the revision", |e| e.revision += 1, Finds::Open),
        ("the kind", |e| e.kind ^= 1, Finds::Verify),
        ("the version", |e| e.version ^= 1, Finds::Verify),
        ("the time", |e| e.time += 1, Finds::Verify),
        ("a time long past", |e| e.time = 1, Finds::Open),
        ("the id", |e| e.id[15] ^= 1, Finds::Verify),
        ("an id long past", |e| e.id[0] = 0, Finds::Verify),
        ("the digest", |e| e.digest[7] ^= 1, Finds::Verify),
        ("the entity", |e| e.entity = "rick".into(), Finds::Verify),
        ("the scope", |e| e.scope = "t".into(), Finds::Verify),
        ("the correlation", |e| e.correlation = None, Finds::Verify),
        ("the causes", |e| e.causes = None, Finds::Verify),
        ("the tags", |e| e.tags[0].push('0'), Finds::Verify),
        ("the metadata", |e| e.metadata = None, Finds::Verify),
        ("the payload", |e| e.payload[0] ^= 1, Finds::Verify),
    ];
    for (name, edit, finds) in edits {
        let mut forged = log.clone();
        edit(forged.event(RICH));
        assert_eq!(found_by(&forged, &checkpoint), finds, "{name}");
    }
}

#[test]
fn what_is_about_the_writing_of_the_log_and_not_about_events_is_under_no_digest() {
    let (log, checkpoint) = honest();
    let mut lags = log.clone();
    lags.events().for_each(|event| event.lag = event.position);
    assert_eq!(found_by(&lags, &checkpoint), Finds::Nobody);
    let mut nonces = log;
    nonces
        .0
        .iter_mut()
        .for_each(|segment| segment.nonce[0] ^= 1);
    assert_eq!(found_by(&nonces, &checkpoint), Finds::Nobody);
}

#[test]
fn events_that_are_left_out_moved_or_given_to_other_streams_are_found_without_an_anchor() {
    let (log, checkpoint) = honest();
    let middle = log.0[1].first() + 4;
    let forge = |forge: &dyn Fn(&mut Log)| {
        let mut forged = log.clone();
        forge(&mut forged);
        forged
    };
    let without_event = forge(&|log| log.0[1].events.retain(|e| e.position != middle));
    let without_segment = forge(&|log| {
        log.0.remove(1);
    });
    let relinked = forge(&|log| {
        let event = log.event(middle);
        event.entity = if event.entity == "a" { "b" } else { "a" }.to_owned();
    });
    // The first two events of a batch are of two streams. Ids and times stay where they rise.
    let reordered = forge(&|log| {
        let at = log.0[1].events.iter().position(|e| e.flags == 1).unwrap() + 1;
        let [a, b] = &mut log.0[1].events[at..at + 2] else {
            panic!()
        };
        assert_ne!(a.entity, b.entity);
        std::mem::swap(a, b);
        std::mem::swap(&mut a.id, &mut b.id);
        std::mem::swap(&mut a.position, &mut b.position);
    });
    let swapped = forge(&|log| {
        log.0[1].events.swap(4, 7);
    });
    let foreign = forge(&|log| log.0[1] = honest().0.0[1].clone());
    for (name, forged, finds) in [
        ("an event is left out", &without_event, Finds::Open),
        ("a segment is left out", &without_segment, Finds::Open),
        ("a segment is another store's", &foreign, Finds::Open),
        ("two frames are swapped", &swapped, Finds::Open),
        ("an event is of another stream", &relinked, Finds::Open),
        (
            "two streams' events change places",
            &reordered,
            Finds::Verify,
        ),
    ] {
        assert_eq!(found_by(forged, &checkpoint), finds, "{name}");
    }
    // With all but the digests made anew, opening sees nothing.
    for (name, forged) in [
        ("an event is left out", &without_event),
        ("a segment is left out", &without_segment),
        ("an event is of another stream", &relinked),
        ("two streams' events change places", &reordered),
    ] {
        let forged = forged.clone().renumber().reseal();
        assert_eq!(found_by(&forged, &checkpoint), Finds::Verify, "{name}");
    }
}

#[test]
fn a_history_in_which_everything_was_made_anew_is_found_by_an_anchor_alone() {
    let (log, checkpoint) = honest();
    let forge = |forge: &dyn Fn(&mut Log)| {
        let mut forged = log.clone();
        forge(&mut forged);
        forged.renumber().rechain()
    };
    let last = checkpoint.position();
    let edited = |position: u64| forge(&|log| log.event(position).payload = vec![7]);
    let reordered = forge(&|log| {
        let at = log.0[1].events.iter().position(|e| e.flags == 1).unwrap() + 1;
        let [a, b] = &mut log.0[1].events[at..at + 2] else {
            panic!()
        };
        std::mem::swap(&mut a.entity, &mut b.entity);
    });
    let resplit = forge(&|log| {
        let at = log.0[0].events.iter().rposition(|e| e.flags == 1).unwrap();
        let at = log.0[0].events[..at]
            .iter()
            .rposition(|e| e.flags == 1)
            .unwrap()
            + 1;
        let moved = log.0[0].events.split_off(at);
        log.0[1].events.splice(..0, moved);
    });
    let mut reissued = honest().0;
    reissued
        .0
        .iter_mut()
        .for_each(|segment| segment.store_id = log.0[0].store_id.clone());
    let inserted = forge(&|log| {
        let mut event = log.event(RICH).clone();
        event.id[15] ^= 1;
        let at = usize::from(event.id > log.event(RICH).id) + 1;
        log.0[0].events.insert(at, event);
    });
    for (name, forged) in [
        ("the first event", edited(1)),
        ("an event in the middle", edited(last / 2)),
        ("the last event", edited(last)),
        ("the order of two events", reordered),
        ("an event more", inserted),
        ("where the segments begin", resplit),
        ("another log under this store's id", reissued),
    ] {
        let found = found_by(&forged, &checkpoint);
        assert!(is_other_history(&found), "{name}: {found:?}");
    }
    let mut foreign = log.clone();
    foreign
        .0
        .iter_mut()
        .for_each(|segment| segment.store_id[0] ^= 1);
    let mut id = checkpoint.store_id().to_bytes();
    id[0] ^= 1;
    let other = Divergence::OtherStore(batpak::StoreId::from_bytes(id));
    assert_eq!(found_by(&foreign, &checkpoint), Finds::Anchor(other));
}

#[test]
fn a_log_that_ends_earlier_is_found_by_an_anchor_alone() {
    let (log, checkpoint) = honest();
    let last = checkpoint.position();
    let rewound = |position| Finds::Anchor(Divergence::Rewound(position));
    let mut without_batch = log.clone();
    without_batch
        .0
        .last_mut()
        .unwrap()
        .events
        .retain(|e| e.position <= last - 3);
    assert_eq!(found_by(&without_batch, &checkpoint), rewound(last - 3));
    // Half of a batch looks like one that a crash interrupted.
    let mut without_event = log.clone();
    without_event.0.last_mut().unwrap().events.pop();
    assert_eq!(found_by(&without_event, &checkpoint), rewound(last - 3));
    let mut without_segment = log.clone();
    let dropped = without_segment.0.pop().unwrap();
    assert_eq!(found_by(&without_segment, &checkpoint), Finds::Open);
    // A forger knows that the newest segment has no footer.
    without_segment.0.last_mut().unwrap().footer = None;
    let end = dropped.first() - 1;
    assert_eq!(found_by(&without_segment, &checkpoint), rewound(end));
}

#[test]
fn a_store_that_is_replaced_by_an_older_copy_of_itself_is_found_by_an_anchor_alone() {
    let (dir, copy) = (Dir::new(), Dir::new());
    let store = dir.open();
    fill(&store, 20);
    store.close().unwrap();
    let old = crate::support::files(&dir.path());
    let store = dir.open();
    fill(&store, 20);
    let checkpoint = store.checkpoint().unwrap();
    store.close().unwrap();
    for (name, bytes) in old {
        let path = copy.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let store = copy.open();
    assert_eq!(store.verify().unwrap().events, 60);
    let error = store.verify_against(&checkpoint).unwrap_err();
    assert!(error.to_string().contains("ends at position 60"), "{error}");
    // It goes on differently, beyond where the checkpoint was.
    fill(&store, 30);
    store.verify().unwrap();
    let error = store.verify_against(&checkpoint).unwrap_err();
    let divergence = match error {
        StoreError::Diverged { divergence, .. } => divergence,
        other => panic!("{other}"),
    };
    assert!(matches!(divergence, Divergence::OtherHistory(_)));
}

#[test]
fn headers_and_footers_that_are_not_those_of_the_events_are_found_without_an_anchor() {
    let (log, checkpoint) = honest();
    let found = |forge: &dyn Fn(&mut Log)| {
        let mut forged = log.clone();
        forge(&mut forged);
        found_by(&forged, &checkpoint)
    };
    let header = found(&|log| log.0[1].previous[3] ^= 1);
    assert_eq!(header, Finds::Open);
    let first = found(&|log| log.0[0].previous[3] ^= 1);
    assert_eq!(first, Finds::Verify);
    let root = found(&|log| log.0[1].footer.as_mut().unwrap().0[3] ^= 1);
    assert_eq!(root, Finds::Verify);
    let closing = found(&|log| log.0[1].footer.as_mut().unwrap().1[3] ^= 1);
    assert_eq!(closing, Finds::Verify);
    let missing = found(&|log| log.0[0].footer = None);
    assert_eq!(missing, Finds::Verify);
    let stale = found(&|log| {
        let honest = log.clone();
        log.event(RICH).payload = vec![7];
        *log = log.clone().rechain();
        for (forged, honest) in log.0.iter_mut().zip(honest.0) {
            forged.footer = honest.footer;
        }
    });
    assert_eq!(stale, Finds::Verify);
}

#[test]
fn files_that_change_names_and_a_header_without_events_are_found_without_an_anchor() {
    let (log, _) = honest();
    let dir = Dir::new();
    log.write(&dir.path());
    let files = dir.segments();
    let (first, second) = (
        std::fs::read(&files[1]).unwrap(),
        std::fs::read(&files[2]).unwrap(),
    );
    std::fs::write(&files[1], &second).unwrap();
    std::fs::write(&files[2], &first).unwrap();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(
        error.to_string().contains("name of another segment"),
        "{error}"
    );
    // A segment that was begun, and in which nothing is yet.
    let mut bytes = log.0[1].bytes();
    bytes.truncate(80);
    let last = log.0.last().unwrap().events.last().unwrap();
    bytes[28..36].copy_from_slice(&(last.position + 1).to_le_bytes());
    let begun = dir
        .path()
        .join(format!("segments/{:020}.seg", last.position + 1));
    for (previous, is_found) in [(&last.digest, false), (&log.0[1].previous, true)] {
        log.write(&dir.path());
        bytes[36..68].copy_from_slice(previous);
        let crc = crc32fast::hash(&bytes[..76]).to_le_bytes();
        bytes[76..].copy_from_slice(&crc);
        std::fs::write(&begun, &bytes).unwrap();
        let found = Store::open(dir.config()).and_then(|store| store.verify());
        assert_eq!(found.is_err(), is_found, "{found:?}");
    }
    // The index covers all events, so that opening reads no header but the first.
    log.write(&dir.path());
    Store::open(dir.config()).unwrap().close().unwrap();
    let store = Store::open(dir.config()).unwrap();
    drop(store);
    std::fs::write(&begun, &bytes).unwrap();
    let found = Store::open(dir.config()).and_then(|store| store.verify());
    assert!(
        matches!(found, Err(StoreError::Corrupt { .. })),
        "{found:?}"
    );
}
