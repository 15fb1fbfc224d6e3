//! The log is read from its files, whatever is known of them, and footers are compared with the events.

use std::fs;

use batpak::prelude::*;

#[cfg(feature = "blake3")]
use crate::support::written;
use crate::support::{Dir, KIND, bodies, coordinate, fill, soon};

#[test]
fn every_closed_segment_has_its_footer_compared() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 60);
    store.close().unwrap();
    let store = dir.open();
    let found = store.verify().unwrap();
    assert_eq!(found.segments, dir.segments().len() as u64);
    assert_eq!(found.footers, found.segments - 1);
    let reader = Store::open_read_only(dir.config()).unwrap();
    assert_eq!(reader.verify().unwrap(), found);
}

#[test]
fn a_flipped_bit_in_a_footer_is_found_unless_it_looks_like_one_that_is_yet_to_be_written() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 60);
    store.close().unwrap();
    let closed = dir.segments().len() - 1;
    for n in 0..closed {
        let path = dir.segments().remove(n);
        let whole = fs::read(&path).unwrap();
        for at in (whole.len() - 99..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            let reader = Store::open_read_only(dir.config()).unwrap();
            match reader.verify() {
                Err(error) => {
                    assert!(n + 1 < closed, "a flip at {at} of segment {n}: {error}");
                    assert!(error.to_string().contains(path.to_str().unwrap()));
                }
                Ok(found) => {
                    assert_eq!(n + 1, closed, "a flip at {at} of segment {n}");
                    assert_eq!(found.footers, closed as u64 - 1);
                }
            }
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_byte_behind_a_footer_is_found() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 60);
    store.close().unwrap();
    let path = dir.segments().remove(0);
    let whole = fs::read(&path).unwrap();
    for (byte, problem) in [(1, "follows the footer"), (0, "a later segment has one")] {
        fs::write(&path, [&whole[..], &[byte]].concat()).unwrap();
        let reader = Store::open_read_only(dir.config()).unwrap();
        let error = reader.verify().unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn any_flipped_bit_of_the_events_or_headers_is_found_in_a_store_that_is_open_already() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 40);
    store.close().unwrap();
    let store = dir.open();
    store.verify().unwrap();
    for path in dir.segments() {
        let whole = fs::read(&path).unwrap();
        let events = bodies(&whole);
        let is_event = |(at, _): &&(usize, usize)| !matches!(whole[*at], 0x91 | 0x94);
        let last = events.iter().rfind(is_event).unwrap();
        for at in (0..last.0 + last.1).step_by(37) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            fs::write(&path, &bytes).unwrap();
            let error = store.verify().expect_err(&format!("a flip at {at}"));
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
        fs::write(&path, &whole).unwrap();
        store.verify().unwrap();
    }
}

#[test]
fn a_store_is_verified_while_others_append_to_it() {
    let dir = Dir::new();
    let store = dir.open();
    let reader = Store::open_read_only(dir.config()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let store = &store;
            scope.spawn(move || {
                let stream = coordinate(&format!("thread:{thread}"), "s");
                for n in 0..300 {
                    let durability = [Durability::Durable, Durability::Buffered][n % 2];
                    let batch = Batch::new()
                        .event(NewEvent::new(&stream, KIND, &n))
                        .event(NewEvent::new(&stream, KIND, &n));
                    store.commit(batch.durability(durability)).unwrap();
                }
            });
        }
        while store.position() < 1_800 {
            let seen = store.position();
            assert!(store.verify().unwrap().events >= seen);
            let seen = reader.position();
            assert!(reader.verify().unwrap().events >= seen);
        }
    });
    soon("every closed segment gets its footer", || {
        let found = store.verify().unwrap();
        found.footers == found.segments - 1
    });
}

/// A medium that loses a write may show what it had there before: here an event that was cut. It is valid at its place,
/// so only the next event of its stream tells.
#[cfg(feature = "blake3")]
#[test]
fn an_event_that_was_cut_and_comes_back_in_the_place_of_another_is_found_by_verifying() {
    let (dir, stream) = (Dir::new(), coordinate("a", "s"));
    let open = || Store::open(StoreConfig::new(dir.path())).unwrap();
    let store = open();
    store.append(&stream, KIND, &1).unwrap();
    store.flush().unwrap();
    let path = dir.segments().remove(0);
    let kept = written(&path);
    store.append(&stream, KIND, &2).unwrap();
    let cut = written(&path)[kept.len()..].to_vec();
    drop(store);
    dir.forget_index();
    fs::write(&path, &kept).unwrap();
    let store = open();
    store.append(&stream, KIND, &3).unwrap();
    store.append(&stream, KIND, &4).unwrap();
    drop(store);
    dir.forget_index();
    let mut bytes = fs::read(&path).unwrap();
    bytes[kept.len()..][..cut.len()].copy_from_slice(&cut);
    fs::write(&path, bytes).unwrap();
    let error = open().verify().unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { position: 3, .. }),
        "{error}"
    );
}
