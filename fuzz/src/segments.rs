//! Whole files of the log and the record of how far readers may go, damaged in any way, with all, some or none of the
//! checksums repaired.
//!
//! What must hold is in [`examine`]. Without repaired checksums it is more: each event that is read is the one that was
//! written.

use super::bytes::{Bytes, mutate};
use super::examine::{examine, see};
use super::files::{config, is_part, is_segment, repair_segment, valid};
use batpak::testing::MemoryDisk;

/// The bytes choose a file, what is done to it, which checksums are repaired, and whether the index is there.
pub fn run(data: &[u8]) {
    let mut by = Bytes::new(data);
    let mut files = valid().clone();
    if by.byte().is_multiple_of(2) {
        files.retain(|path, _| !is_part(path));
    }
    let names: Vec<_> = files
        .keys()
        .filter(|path| !is_part(path))
        .cloned()
        .collect();
    let repairs = by.byte() % 4;
    for _ in 0..1 + by.byte() % 2 {
        let name = &names[by.below(names.len())];
        let bytes = files.get_mut(name).unwrap();
        match by.byte() {
            // A file that has nothing of what was there.
            0..8 => *bytes = by.some().to_vec(),
            _ => mutate(bytes, &mut by),
        }
        if repairs > 0 && is_segment(name) {
            repair_segment(bytes, || repairs < 3 || by.byte().is_multiple_of(2));
        }
    }
    let seen = examine(&files);
    if let Some(seen) = seen.filter(|_| repairs == 0) {
        let disk = MemoryDisk::with_files(valid().clone());
        let expected = see(&batpak::Store::open(config(&disk)).unwrap());
        assert!(seen.len() <= expected.len());
        let mut pairs = seen.iter().zip(&expected);
        assert!(pairs.all(|(seen, expected)| seen.is_none() || seen == expected));
    }
}
