//! Files of the index that are not as they were written.

use std::collections::BTreeMap;

use super::*;
use crate::support::files;

/// A store with several parts, and what it answers.
struct World {
    dir: Dir,
    list: List,
    index: BTreeMap<PathBuf, Vec<u8>>,
    answers: Vec<String>,
}

impl World {
    fn new() -> Self {
        let (dir, mut list, mut random) = (Dir::new(), List::default(), Random::new(3));
        for events in [600, 40, 7] {
            append(&dir, &mut list, &mut random, events);
        }
        let index = files(&dir.index());
        assert_eq!(index.len(), 3);
        let answers = answers(&list, &Store::open(dir.large()).unwrap()).unwrap();
        Self {
            dir,
            list,
            index,
            answers,
        }
    }

    /// What the store answers with its index as it was but for one file, which has these bytes or is not
    /// there.
    fn with(&self, name: &PathBuf, bytes: Option<&[u8]>) -> Result<Vec<String>, StoreError> {
        self.dir.forget_index();
        fs::create_dir(self.dir.index()).unwrap();
        for (other, bytes) in &self.index {
            fs::write(self.dir.index().join(other), bytes).unwrap();
        }
        let path = self.dir.index().join(name);
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        answers(&self.list, &Store::open(self.dir.large()).unwrap())
    }
}

/// What a store says to some of everything that it can be asked.
fn answers(list: &List, store: &Store) -> Result<Vec<String>, StoreError> {
    let mut answers = Vec::new();
    for listed in list.events().iter().step_by(20) {
        let event = store.get(listed.receipt.event_id)?;
        answers.push(format!("{event:?}"));
    }
    for stream in store.streams() {
        let stream = stream?;
        let revision = store.revision(&stream)?;
        let newest = store.stream_from(&stream, revision).next().transpose()?;
        answers.push(format!("{stream} {newest:?}"));
    }
    let mut random = Random::new(4);
    for asks in Asks::of_each_sort(&mut random, list) {
        let mut found = Vec::new();
        store.query(&asks.region()).for_each_raw(|event| {
            found.push(event.meta.header.sequence);
            Ok::<_, StoreError>(())
        })?;
        answers.push(format!("{asks:?} {found:?}"));
    }
    Ok(answers)
}

#[test]
fn a_file_of_the_index_that_is_cut_empty_or_missing_is_made_anew() {
    let world = World::new();
    for (name, bytes) in &world.index {
        let cuts = [0, 1, 40, bytes.len() / 2, bytes.len() - 1];
        for kept in cuts
            .map(|kept| Some(&bytes[..kept]))
            .into_iter()
            .chain([None])
        {
            assert!(world.with(name, kept).unwrap() == world.answers);
            let last = world.dir.parts().last().unwrap().2;
            assert_eq!(
                last,
                world.list.last(),
                "{name:?} {:?}",
                kept.map(<[u8]>::len)
            );
        }
        let grown = [bytes.as_slice(), &[0; 100]].concat();
        assert!(world.with(name, Some(&grown)).unwrap() == world.answers);
    }
}

#[test]
fn a_flipped_bit_in_the_index_hinders_no_opening_and_never_gives_a_wrong_answer() {
    let world = World::new();
    let (mut same, mut refused) = (0, 0);
    for (name, bytes) in &world.index {
        let places = bytes.len() / 60 + 1;
        for at in (0..bytes.len()).step_by(places) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            match world.with(name, Some(&flipped)) {
                Ok(answers) => {
                    assert!(answers == world.answers, "byte {at} of {name:?}");
                    same += 1;
                }
                Err(error) => {
                    let expected = world.dir.index().join(name);
                    assert!(
                        matches!(&error, StoreError::DamagedIndex { path, .. } if *path == expected),
                        "byte {at} of {name:?}: {error}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(same > 0 && refused > 0);
}
