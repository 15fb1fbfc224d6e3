//! Checkpoints: a log's history in a few bytes that are kept elsewhere.

use batpak::prelude::*;

use crate::support::{Dir, fill};

#[cfg(feature = "blake3")]
mod chained {
    use batpak::{Checkpoint, Divergence};

    use super::*;
    use crate::forger::{Log, root_at};
    use crate::support::{KIND, coordinate, files};

    #[test]
    fn the_root_is_that_of_the_format_at_every_position_as_the_log_grows() {
        let dir = Dir::new();
        let store = dir.open();
        let empty = store.checkpoint().unwrap();
        assert_eq!((empty.position(), empty.root()), (0, batpak::Digest::ZERO));
        assert_eq!(empty.store_id(), store.id());
        let mut taken = vec![empty];
        while dir.segments().len() < 4 {
            fill(&store, 1);
            taken.push(store.checkpoint().unwrap());
        }
        store.close().unwrap();
        let log = Log::read(&dir.path());
        for checkpoint in &taken {
            let root = root_at(&log, checkpoint.position());
            assert_eq!(checkpoint.root().as_bytes(), &root[..], "{checkpoint}");
        }
        // Each holds in the log that has grown since, to whoever reads it.
        let store = dir.open();
        fill(&store, 60);
        let reader = Store::open_read_only(dir.config()).unwrap();
        for checkpoint in taken.iter().step_by(5) {
            let found = store.verify_against(checkpoint).unwrap();
            assert_eq!(found.events, store.position());
            // Footers and parts of the index may come in between.
            let by_reader = reader.verify_against(checkpoint).unwrap();
            assert_eq!(
                (by_reader.events, by_reader.streams),
                (found.events, found.streams)
            );
        }
        assert_eq!(reader.checkpoint().unwrap(), store.checkpoint().unwrap());
    }

    #[test]
    fn footers_make_a_checkpoint_quick_and_their_absence_makes_no_difference() {
        let dir = Dir::new();
        let store = dir.open();
        fill(&store, 50);
        let checkpoint = store.checkpoint().unwrap();
        fill(&store, 10);
        store.close().unwrap();
        for unsealed_from in [0, 2] {
            let mut log = Log::read(&dir.path());
            let footers = log.0.iter_mut().skip(unsealed_from);
            footers.for_each(|segment| segment.footer = None);
            let copy = Dir::new();
            log.write(&copy.path());
            let before = files(&copy.path());
            let store = Store::open_read_only(copy.config()).unwrap();
            let newest = store.checkpoint().unwrap();
            let root = root_at(&log, store.position());
            assert_eq!(newest.root().as_bytes(), &root[..]);
            let found = store.verify_against(&checkpoint).unwrap();
            assert_eq!(found.footers, unsealed_from as u64);
            assert_eq!(files(&copy.path()), before);
        }
    }

    #[test]
    fn a_checkpoint_is_read_back_from_its_bytes_its_text_and_what_serde_makes_of_it() {
        let dir = Dir::new();
        let store = dir.open();
        fill(&store, 2);
        let checkpoint = store.checkpoint().unwrap();
        let bytes = checkpoint.to_bytes();
        assert_eq!(Checkpoint::from_bytes(&bytes), Ok(checkpoint));
        let text = checkpoint.to_string();
        assert_eq!(text.parse(), Ok(checkpoint));
        let json = serde_json::to_string(&checkpoint).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(
            serde_json::from_str::<Checkpoint>(&json).unwrap(),
            checkpoint
        );
        let mut foreign = bytes;
        foreign[0] ^= 1;
        assert!(Checkpoint::from_bytes(&foreign).is_err());
        let upper = text.to_uppercase();
        for wrong in [
            "",
            "batpak-checkpoint-1",
            &text[1..],
            &text[..text.len() - 1],
            &upper,
        ] {
            assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong}");
        }
        // Any other bit is another checkpoint, which the log does not go on from.
        for at in (8..64).step_by(5) {
            let mut other = bytes;
            other[at] ^= 1;
            let other = Checkpoint::from_bytes(&other).unwrap();
            let error = store.verify_against(&other).unwrap_err();
            assert!(matches!(error, StoreError::Diverged { .. }), "{error}");
        }
    }

    #[test]
    fn the_fixture_has_the_checkpoint_that_format_md_shows() {
        let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store_v1");
        let store = Store::open_read_only(StoreConfig::new(fixture)).unwrap();
        let checkpoint = store.checkpoint().unwrap();
        let format = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../FORMAT.md");
        let format = std::fs::read_to_string(format).unwrap();
        assert!(
            format.contains(&format!("\n{checkpoint}\n")),
            "{checkpoint}"
        );
    }

    #[test]
    fn a_log_that_lost_what_was_not_durable_tells_so() {
        let dir = Dir::new();
        let config = || dir.config().durability(Durability::Written);
        let store = Store::open(config()).unwrap();
        fill(&store, 1);
        store.flush().unwrap();
        let copy = files(&dir.path());
        fill(&store, 1);
        let checkpoint = store.checkpoint().unwrap();
        drop(store);
        // As if the system had lost what was only written.
        for (name, bytes) in copy {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        dir.forget_index();
        let store = Store::open(config()).unwrap();
        let error = store.verify_against(&checkpoint).unwrap_err();
        let diverged = StoreError::Diverged {
            position: 6,
            divergence: Divergence::Rewound(3),
        };
        assert_eq!(error.to_string(), diverged.to_string());
        assert!(error.to_string().contains("ends at position 3"), "{error}");
    }

    #[test]
    fn a_checkpoint_taken_while_others_append_holds() {
        let dir = Dir::new();
        let store = dir.open();
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let store = &store;
                scope.spawn(move || {
                    let stream = coordinate(&format!("thread:{thread}"), "s");
                    for n in 0..100 {
                        store.append(&stream, KIND, &n).unwrap();
                    }
                });
            }
            let mut checkpoints = Vec::new();
            while store.position() < 300 {
                checkpoints.push(store.checkpoint().unwrap());
                if checkpoints.len().is_multiple_of(50) {
                    store.verify_against(&checkpoints[0]).unwrap();
                }
            }
            for checkpoint in checkpoints.iter().step_by(checkpoints.len().div_ceil(5)) {
                store.verify_against(checkpoint).unwrap();
            }
        });
    }
}

#[cfg(not(feature = "blake3"))]
#[test]
fn an_unchained_store_has_no_checkpoint_and_says_so() {
    let dir = Dir::new();
    let store = dir.open();
    fill(&store, 2);
    let error = store.checkpoint().unwrap_err();
    assert!(matches!(error, StoreError::Unchained(_)), "{error}");
    let checkpoint = format!(
        "batpak-checkpoint-1:{}:0:{}",
        store.id(),
        batpak::Digest::ZERO
    );
    let error = store
        .verify_against(&checkpoint.parse().unwrap())
        .unwrap_err();
    assert!(matches!(error, StoreError::Unchained(_)), "{error}");
    assert_eq!(
        store
            .backup(dir.outside().join("backup"))
            .unwrap()
            .checkpoint,
        None
    );
}
