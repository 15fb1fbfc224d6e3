//! The index on disk: it is made of the log, and whatever becomes of it, answers stay the same.

mod damaged;
mod foreign;

use std::fs;
use std::path::PathBuf;

use batpak::prelude::*;
use batpak::testing::Random;

use crate::list::{Asks, List};
use crate::support::Dir;

impl Dir {
    fn index(&self) -> PathBuf {
        self.path().join("index")
    }

    /// The files of the index with the positions that their names tell, in order.
    fn parts(&self) -> Vec<(PathBuf, u64, u64)> {
        let mut parts: Vec<_> = fs::read_dir(self.index())
            .unwrap()
            .filter_map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_stem()?.to_str()?;
                let (first, last) = name.split_once('-')?;
                let range = (first.parse().ok()?, last.parse().ok()?);
                Some((path.clone(), range.0, range.1))
            })
            .collect();
        parts.sort();
        parts
    }

    /// The configuration for stores with many events.
    fn large(&self) -> StoreConfig {
        self.config().segment_bytes(256 << 10)
    }
}

/// Appends to a store that is opened for it, in batches.
fn append(dir: &Dir, list: &mut List, random: &mut Random, events: u64) {
    let store = Store::open(dir.large()).unwrap();
    let end = list.last() + events;
    while list.last() < end {
        let batch = 500.min(end - list.last());
        list.append(&store, random, batch, Durability::Buffered);
    }
    store.close().unwrap();
}

/// That a large store answers as the list does.
fn assert_same(store: &Store, list: &List, random: &mut Random) {
    list.assert_same_streams(store);
    for _ in 0..100 {
        list.assert_same_event(store, random);
    }
    for _ in 0..20 {
        list.assert_same_causality(store, random);
    }
    for _ in 0..4 {
        list.assert_same_stream(store, random);
    }
    for asks in Asks::of_each_sort(random, list) {
        list.assert_same_asked(store, &asks, random);
    }
}

#[test]
fn a_store_answers_the_same_with_its_index_without_it_and_with_it_made_anew() {
    let (dir, mut list, mut random) = (Dir::new(), List::default(), Random::new(1));
    // Parts of all sizes: one that is full, and eight and more that are merged.
    append(&dir, &mut list, &mut random, 33_000);
    for events in 1..20 {
        append(&dir, &mut list, &mut random, events);
    }
    let parts = dir.parts();
    assert!(parts.len() > 1, "there are several parts: {parts:?}");
    assert!(parts.len() < 20, "parts were merged: {parts:?}");
    assert!(dir.segments().len() > 10, "there are several segments");
    assert_same(&Store::open(dir.large()).unwrap(), &list, &mut random);
    dir.forget_index();
    let store = Store::open(dir.large()).unwrap();
    list.assert_same_events(&store);
    assert_same(&store, &list, &mut random);
    drop(store);
    assert_eq!(dir.parts().last().unwrap().2, list.last());
    assert_same(&Store::open(dir.large()).unwrap(), &list, &mut random);
}

#[test]
fn while_parts_are_written_and_merged_answers_stay_the_same() {
    let (dir, mut list, mut random) = (Dir::new(), List::default(), Random::new(2));
    for events in 1..8 {
        append(&dir, &mut list, &mut random, events);
    }
    let parts = dir.parts();
    let store = Store::open(dir.large()).unwrap();
    // A full tail becomes a part, and takes up all the small ones before it.
    while dir.parts().first() == parts.first() {
        let in_one = 1_000 * u64::from(list.last() < 34_000);
        list.append(&store, &mut random, 1 + in_one, Durability::Written);
        list.assert_same_event(&store, &mut random);
        if list.last() > 32_000 {
            store.flush().unwrap();
            list.assert_same_stream(&store, &mut random);
        }
    }
    store.flush().unwrap();
    list.assert_same_streams(&store);
}
