//! Parts of the index, with blocks and pages that are not as they were written under right checksums.
//!
//! Who forges a block can make the index answer wrongly. But nothing panics, runs without end or reads outside of the
//! file; each event that comes of a question is one of the log, as it was written; and without the index all is as it
//! was, unless the summary was forged, which says where to go on in the log.

use std::sync::OnceLock;

use batpak::Store;
use batpak::testing::MemoryDisk;

use super::bytes::{Bytes, mutate};
use super::examine::{Seen, ask, check, see};
use super::files::{config, is_part, is_segment, pieces, repair_piece, valid};

fn expected() -> &'static Seen {
    static EXPECTED: OnceLock<Seen> = OnceLock::new();
    EXPECTED.get_or_init(|| see(&MemoryDisk::with_files(valid().clone()).open().unwrap()))
}

/// The bytes choose a piece of a part and what is done to it. Its length stays.
pub fn run(data: &[u8]) {
    let mut by = Bytes::new(data);
    let mut files = valid().clone();
    let names: Vec<_> = files.keys().filter(|path| is_part(path)).cloned().collect();
    let mut forged_summary = false;
    for _ in 0..1 + by.byte() % 2 {
        let part = files.get_mut(&names[by.below(names.len())]).unwrap();
        let pieces = pieces(&valid()[&names[0]]);
        if part.len() != valid()[&names[0]].len() {
            break;
        }
        let piece = pieces[by.below(pieces.len())].clone();
        // The footer comes last, and the summary before it.
        forged_summary |= piece.end + 48 >= part.len();
        let mut bytes = part[piece.clone()].to_vec();
        mutate(&mut bytes, &mut by);
        bytes.resize(piece.len(), 0);
        part[piece.clone()].copy_from_slice(&bytes);
        repair_piece(part, piece);
    }
    for is_writer in [false, true] {
        let disk = MemoryDisk::with_files(files.clone());
        let opened = match is_writer {
            true => Store::open(config(&disk)),
            false => Store::open_read_only(config(&disk)),
        };
        match opened {
            Ok(store) => {
                let seen = see(&store);
                let mut pairs = seen.iter().zip(expected());
                assert!(pairs.all(|(seen, expected)| seen.is_none() || seen == expected));
                ask(&store);
                store.close().unwrap();
            }
            Err(error) => check(&error),
        }
        if forged_summary && is_writer {
            continue;
        }
        let log = disk
            .files()
            .into_iter()
            .filter(|(path, _)| is_segment(path));
        let bare = MemoryDisk::with_files(log).open().unwrap();
        assert!(see(&bare) == *expected());
    }
}
