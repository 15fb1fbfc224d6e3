//! What is left after a crash: all that was acknowledged as durable, whole batches only, or an error.

use std::fs;

use batpak::CutReason;
use batpak::prelude::*;

use crate::support::{Dir, KIND, contents, coordinate, fill, number, written};

/// A store of one segment: its bytes after each of its durable batches, and its contents then.
struct History {
    dir: Dir,
    /// The length of the file and the contents, from the empty store on.
    steps: Vec<(usize, Vec<String>)>,
    bytes: Vec<u8>,
    /// The bytes after the store was dropped.
    closed: Vec<u8>,
}

impl History {
    fn new(batches: u64) -> Self {
        let dir = Dir::new();
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        let path = dir.segments().remove(0);
        let mut steps = vec![(written(&path).len(), Vec::new())];
        for _ in 0..batches {
            fill(&store, 1);
            steps.push((written(&path).len(), contents(&store)));
        }
        // As a crash would leave it: without the mark of a clean close.
        let bytes = written(&path);
        drop(store);
        let closed = fs::read(&path).unwrap();
        Self {
            dir,
            steps,
            bytes,
            closed,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.segments().remove(0)
    }

    /// Opens a store whose only segment has these bytes, and which has no index.
    fn open(&self, bytes: &[u8]) -> Result<Store, StoreError> {
        self.dir.forget_index();
        fs::write(self.path(), bytes).unwrap();
        Store::open(StoreConfig::new(self.dir.path()))
    }

    fn last(&self) -> &[String] {
        &self.steps.last().unwrap().1
    }

    /// The newest batch is not known to be durable by anything that was written after it.
    fn before_last(&self) -> &[String] {
        &self.steps[self.steps.len() - 2].1
    }
}

#[test]
fn a_log_cut_at_any_byte_holds_whole_batches_or_is_refused() {
    let history = History::new(4);
    for len in 0..history.bytes.len() {
        let cut = &history.bytes[..len];
        let whole = history.steps.iter().rev().find(|(end, _)| *end <= len);
        match history.open(cut) {
            Ok(store) => {
                let (end, expected) = whole.unwrap();
                assert_eq!(&contents(&store), expected, "cut at {len}");
                let reason = store.recovery().cut.as_ref().map(|cut| cut.reason);
                match reason {
                    None => assert_eq!(*end, len),
                    Some(CutReason::Torn | CutReason::Unfinished) => assert!(*end < len),
                    Some(other) => panic!("{other:?} at {len}"),
                }
                // What was cut is gone, and the store goes on from there.
                fill(&store, 1);
                assert_eq!(store.position(), expected.len() as u64 + 3);
                drop(store);
                let again = Store::open(StoreConfig::new(history.dir.path())).unwrap();
                assert_eq!(again.recovery().cut, None);
                assert_eq!(again.verify().unwrap().events, expected.len() as u64 + 3);
            }
            Err(error) => {
                assert!(
                    matches!(error, StoreError::Corrupt { .. }),
                    "cut at {len}: {error}"
                );
                // Only the header, which is synced before the file gets its name, may not be cut.
                assert!(len < history.steps[0].0, "cut at {len}: {error}");
                assert_eq!(
                    fs::read(history.path()).unwrap(),
                    cut,
                    "a refusal changes nothing"
                );
            }
        }
    }
}

#[test]
fn a_log_cut_before_its_index_ends_is_refused_wherever_that_is() {
    let history = History::new(4);
    let (_, before_last) = history.steps.split_last().unwrap();
    for (end, _) in before_last {
        let cut = &history.closed[..*end];
        fs::write(history.path(), cut).unwrap();
        for opened in [Store::open, Store::open_read_only] {
            let error = opened(StoreConfig::new(history.dir.path())).unwrap_err();
            assert!(
                matches!(error, StoreError::Corrupt { .. }),
                "cut at {end}: {error}"
            );
            assert_eq!(
                fs::read(history.path()).unwrap(),
                cut,
                "a refusal changes nothing"
            );
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found_unless_it_looks_like_a_torn_newest_batch() {
    let history = History::new(3);
    let newest = history.steps[history.steps.len() - 2].0;
    for at in 0..history.bytes.len() {
        let mut bytes = history.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        match history.open(&bytes) {
            Ok(store) => {
                assert!(at >= newest, "a flip at {at} was not found");
                assert_eq!(contents(&store), history.before_last());
            }
            Err(StoreError::Corrupt { offset, .. }) => {
                assert!(
                    offset <= at as u64,
                    "the place {offset} lies behind the flip at {at}"
                );
                assert_eq!(
                    fs::read(history.path()).unwrap(),
                    bytes,
                    "a refusal changes nothing"
                );
            }
            Err(other) => panic!("a flip at {at}: {other}"),
        }
    }
}

#[test]
fn after_a_clean_close_a_flipped_bit_in_any_event_is_refused() {
    let history = History::new(3);
    assert!(
        history.closed.starts_with(&history.bytes) && history.closed.len() > history.bytes.len()
    );
    for at in 0..history.closed.len() {
        let mut bytes = history.closed.clone();
        bytes[at] ^= 1 << (at % 8);
        match history.open(&bytes) {
            // Without the mark the events are as they were before the close.
            Ok(store) => {
                assert!(at >= history.bytes.len(), "a flip at {at} was not found");
                assert_eq!(contents(&store), history.last());
            }
            Err(_) => assert!(at < history.bytes.len(), "a flip at {at}"),
        }
    }
}

#[test]
fn what_a_durable_commit_or_a_flush_covered_is_not_cut_however_it_was_written() {
    let covers: [fn(&Store); 2] = [
        |store| {
            let batch = Batch::new().event(number(&coordinate("a", "s"), 7));
            store.commit(batch.durability(Durability::Durable)).unwrap();
        },
        |store| store.flush().unwrap(),
    ];
    for cover in covers {
        let dir = Dir::new();
        let config = || StoreConfig::new(dir.path()).durability(Durability::Written);
        let store = Store::open(config()).unwrap();
        fill(&store, 50);
        cover(&store);
        assert_eq!(store.durable_position(), store.position());
        // As a crash would leave it.
        let path = dir.segments().remove(0);
        let mut bytes = fs::read(&path).unwrap();
        drop(store);
        bytes[500] ^= 1;
        fs::write(&path, &bytes).unwrap();
        dir.forget_index();
        let error = Store::open(config()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "a refusal changes nothing");
    }
}

#[test]
fn opening_and_closing_without_a_write_changes_nothing_on_disk() {
    let history = History::new(3);
    for bytes in [&history.bytes, &history.closed] {
        drop(history.open(bytes).unwrap());
        // The first opening may note that all is durable; no further one has anything to note.
        let after = fs::read(history.path()).unwrap();
        assert_eq!(after, history.closed);
        for _ in 0..3 {
            Store::open(StoreConfig::new(history.dir.path()))
                .unwrap()
                .close()
                .unwrap();
            assert_eq!(fs::read(history.path()).unwrap(), after);
        }
    }
}

#[test]
fn a_closed_segment_whose_successors_are_gone_is_refused() {
    let dir = Dir::new();
    fill(&dir.open(), 40);
    let files = dir.segments();
    files[1..]
        .iter()
        .for_each(|file| fs::remove_file(file).unwrap());
    let error = Store::open(dir.config()).unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");
    dir.forget_index();
    let error = Store::open(dir.config()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("the next is missing"), "{error}");
}

#[test]
fn a_flipped_bit_in_a_closed_segment_is_refused_or_does_not_matter() {
    let dir = Dir::new();
    fill(&dir.open(), 40);
    let before = contents(&dir.open());
    let files = dir.segments();
    assert!(files.len() > 2);
    let whole = fs::read(&files[0]).unwrap();
    // The footer is derived from the events.
    let footer = whole.len() - 99;
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&files[0], &bytes).unwrap();
        dir.forget_index();
        if at >= footer {
            assert_eq!(contents(&dir.open()), before, "a flip at {at}");
            continue;
        }
        let error = Store::open(dir.config()).expect_err(&format!("a flip at {at}"));
        assert!(
            error.to_string().contains(files[0].to_str().unwrap()),
            "{error}"
        );
    }
}

/// A crash may tear the write of a footer, and a reader may come while it is being written. Where nobody writes, nobody
/// writes it again.
#[test]
fn a_torn_footer_does_not_matter_to_who_reads_on_into_the_next_segment() {
    let dir = Dir::new();
    fill(&dir.open(), 40);
    let before = contents(&dir.open());
    let first = dir.segments().remove(0);
    let whole = fs::read(&first).unwrap();
    for torn in whole.len() - 99..whole.len() {
        for garbage in [0, 0xFF] {
            let mut bytes = whole.clone();
            bytes[torn..].fill(garbage);
            fs::write(&first, &bytes).unwrap();
            let reader = Store::open_read_only(dir.config()).unwrap();
            assert_eq!(contents(&reader), before, "torn at {torn}");
        }
    }
}

#[test]
fn a_damaged_header_of_a_segment_that_the_index_covers_is_found_by_whoever_reads_there() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 60);
    let last = store.position();
    drop(store);
    assert!(dir.segments().len() > 2);
    let second = dir.segments().remove(1);
    let first: u64 = second
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let whole = fs::read(&second).unwrap();
    for at in 0..80 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&second, &bytes).unwrap();
        let store = dir.open();
        assert!(store.get_at(first - 1).unwrap().is_some());
        assert!(store.get_at(last).unwrap().is_some());
        for error in [
            store.get_at(first).unwrap_err(),
            store.verify().unwrap_err(),
        ] {
            match error {
                StoreError::Corrupt { path, .. } | StoreError::NewerFormat { path, .. } => {
                    assert_eq!(path, second);
                }
                other => panic!("a flip at {at}: {other}"),
            }
        }
        drop(store);
        dir.forget_index();
        assert!(Store::open(dir.config()).is_err(), "a flip at {at}");
        fs::write(&second, &whole).unwrap();
        drop(dir.open());
    }
}

#[test]
fn a_flipped_bit_that_appears_while_the_store_is_open_is_found_by_the_read() {
    let history = History::new(3);
    let store = history.open(&history.bytes).unwrap();
    let mut bytes = history.bytes.clone();
    let at = history.steps[1].0 + 60;
    bytes[at] ^= 1;
    fs::write(history.path(), &bytes).unwrap();
    let read: Vec<_> = store.query(&Region::all()).collect();
    let error = read.last().unwrap().as_ref().unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { position: 4, .. }),
        "{error}"
    );
    assert_eq!(read.len(), 4, "the iterator ends with the error");
}

#[test]
fn zeros_garbage_and_a_copy_of_a_frame_behind_the_log_are_cut_off() {
    let history = History::new(3);
    let copy = history.bytes[history.steps[1].0..history.steps[2].0].to_vec();
    let tails: [(&str, Vec<u8>); 4] = [
        ("zeros", vec![0; 5_000]),
        ("ones", vec![0xFF; 5_000]),
        (
            "garbage",
            (0..5_000_u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        ),
        ("a copied batch", copy),
    ];
    for (name, tail) in tails {
        let mut bytes = history.bytes.clone();
        bytes.extend(&tail);
        let store = history.open(&bytes).unwrap();
        assert_eq!(contents(&store), history.last(), "{name}");
        let cut = store.recovery().cut.clone().unwrap();
        assert_eq!(
            (cut.offset, cut.bytes),
            (history.bytes.len() as u64, tail.len() as u64)
        );
        let zeros = cut.reason == CutReason::Zeros;
        assert_eq!(zeros, name == "zeros", "{name}: {:?}", cut.reason);
        let now = fs::read(history.path()).unwrap();
        assert!(
            now.starts_with(&history.bytes) && now.len() < history.bytes.len() + 50,
            "{name}"
        );
    }
}

#[test]
fn the_room_that_is_reserved_behind_the_log_is_given_back_on_closing_and_after_a_crash() {
    let dir = Dir::new();
    let config = || StoreConfig::new(dir.path()).segment_bytes(256 << 10);
    let store = Store::open(config()).unwrap();
    fill(&store, 1);
    let segment = dir.segments().remove(0);
    let end = written(&segment).len();
    let crashed = fs::read(&segment).unwrap();
    assert!(crashed.len() > end, "there is room for the next commits");
    let before = contents(&store);
    drop(store);
    let closed = written(&segment);
    assert_eq!(fs::read(&segment).unwrap(), closed);
    dir.forget_index();
    fs::write(&segment, &crashed).unwrap();
    let store = Store::open(config()).unwrap();
    let cut = store.recovery().cut.clone().unwrap();
    assert_eq!((cut.reason, cut.offset), (CutReason::Zeros, end as u64));
    assert_eq!(contents(&store), before);
    // Room in a segment that was closed meanwhile goes before its footer is written.
    while dir.segments().len() < 3 {
        fill(&store, 10);
    }
    store.close().unwrap();
    for segment in dir.segments() {
        assert_eq!(fs::read(&segment).unwrap(), written(&segment));
    }
    let store = Store::open(config()).unwrap();
    store.verify().unwrap();
    assert_eq!(store.recovery().cut, None);
}

#[test]
fn a_torn_write_into_reserved_room_is_cut_off_and_takes_nothing_from_before() {
    let history = History::new(3);
    let newest = history.steps[history.steps.len() - 2].0;
    for torn in newest..history.bytes.len() {
        let mut bytes = history.bytes.clone();
        bytes[torn..].fill(0);
        bytes.resize(bytes.len() + 5_000, 0);
        if bytes[..history.bytes.len()] == history.bytes {
            continue;
        }
        let store = history.open(&bytes).unwrap();
        assert_eq!(contents(&store), history.before_last(), "torn at {torn}");
    }
}

#[test]
fn a_real_frame_inside_a_payload_is_never_taken_for_an_event() {
    let history = History::new(2);
    let frames = history.bytes[history.steps[0].0..].to_vec();
    let store = history.open(&history.bytes).unwrap();
    let stream = coordinate("c", "s");
    let batch = NewEvent::new(&stream, KIND, &frames);
    store.commit(Batch::new().event(batch)).unwrap();
    let whole = written(&history.path());
    drop(store);
    for len in history.bytes.len()..whole.len() {
        let store = history.open(&whole[..len]).unwrap();
        assert_eq!(contents(&store), history.last(), "cut at {len}");
    }
}

#[test]
fn damage_before_a_later_durable_commit_is_refused_and_not_cut() {
    let history = History::new(4);
    // Zeros over the second of four batches: the fourth proves that it was durable.
    let mut bytes = history.bytes.clone();
    bytes[history.steps[1].0..history.steps[2].0].fill(0);
    let error = history.open(&bytes).unwrap_err();
    match &error {
        StoreError::Corrupt {
            path,
            offset,
            position,
            ..
        } => {
            assert_eq!(path, &history.path());
            assert_eq!((*offset, *position), (history.steps[1].0 as u64, 4));
        }
        other => panic!("{other}"),
    }
    assert_eq!(fs::read(history.path()).unwrap(), bytes);
}

#[test]
fn a_hole_among_writes_that_were_never_synced_is_cut_from_there() {
    let dir = Dir::new();
    let config = || StoreConfig::new(dir.path()).durability(Durability::Written);
    let store = Store::open(config()).unwrap();
    let path = dir.segments().remove(0);
    fill(&store, 1);
    let (end, first) = (
        fs::metadata(&path).unwrap().len() as usize,
        contents(&store),
    );
    fill(&store, 3);
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[end + 5..end + 50].fill(0);
    fs::write(&path, &bytes).unwrap();
    let store = Store::open(config()).unwrap();
    assert_eq!(contents(&store), first);
    assert_eq!(
        store.recovery().cut.as_ref().unwrap().reason,
        CutReason::Hole
    );
}
