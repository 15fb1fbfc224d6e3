//! Whatever happens to a file: an error, or what was written.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::store::table::block::{Block, DATA};
use crate::store::table::filter::Shape;
use crate::store::table::layout::{Footer, Seal};

/// A small file that has everything: several blocks, a fence, two pages of a filter, a summary.
fn small() -> (Entries, Vec<u64>, Vec<u8>) {
    let entries: Entries = (0..60u8)
        .map(|number| (vec![b'k', b'e', b'y', number], vec![number; 100]))
        .collect();
    let terms = terms(0..4000);
    let bytes = write(&entries, &terms, b"the summary");
    (entries, terms, bytes)
}

/// Reads all of a table in every way that there is, and says whether all of it could be read. What could
/// is what was written.
fn is_whole(bytes: Vec<u8>, entries: &Entries, terms: &[u64]) -> bool {
    let table = match open_with(bytes, 1 << 20) {
        Ok(table) => table,
        Err(error) => return is_damage(&error),
    };
    assert_eq!(table.summary(), b"the summary");
    assert_eq!(table.entries(), entries.len() as u64);
    let mut is_whole = true;
    for cursor in [table.cursor(), table.scan()] {
        match collect(cursor) {
            Ok(found) => assert_eq!(&found, entries),
            Err(error) => is_whole = is_damage(&error),
        }
    }
    let mut cursor = table.cursor();
    for (key, value) in entries {
        match cursor.seek_back(key) {
            Ok(is_on) => assert!(is_on && here(&cursor) == (key, value)),
            Err(error) => is_whole = is_damage(&error),
        }
    }
    for term in terms {
        match table.may_hold(*term) {
            Ok(may_hold) => assert!(may_hold),
            Err(error) => is_whole = is_damage(&error),
        }
    }
    is_whole
}

/// False, for what is damaged is not whole; and no other error is given for damage.
fn is_damage(error: &TableError) -> bool {
    assert!(matches!(error, TableError::Damaged { .. }), "{error}");
    false
}

#[test]
fn every_single_bit_that_is_flipped_is_found() {
    let entries = Entries::from([(b"a".to_vec(), vec![1]), (b"b".to_vec(), vec![2; 20])]);
    let bytes = write(&entries, &[], b"the summary");
    assert!(is_whole(bytes.clone(), &entries, &[]));
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_whole(bytes, &entries, &[]), "bit {bit}");
    }
}

#[test]
fn a_byte_that_changed_anywhere_in_several_blocks_and_a_filter_is_found() {
    let (entries, terms, bytes) = small();
    // Terms in every page are enough.
    let few = &terms[..20];
    assert!(is_whole(bytes.clone(), &entries, few));
    for at in (0..bytes.len()).step_by(29) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 + (at % 255) as u8;
        assert!(!is_whole(bytes, &entries, few), "byte {at}");
    }
}

#[test]
fn a_byte_that_changed_in_a_page_of_words_is_found_and_spoils_no_other_page() {
    let bytes = write_words(2_000, true);
    for at in (24..24 + 2 * 4_096).step_by(61) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 + (at % 255) as u8;
        let table = open(bytes);
        let (first, second) = (table.page_of(0), table.page_of(1_999));
        assert_eq!(first.is_ok(), at >= 24 + 4_096, "byte {at}");
        assert_eq!(second.is_ok(), at < 24 + 4_096, "byte {at}");
        is_damage(&first.and(second).unwrap_err());
    }
}

#[test]
fn a_file_that_was_cut_or_is_longer_is_damaged() {
    let (_, _, bytes) = small();
    for len in (0..bytes.len()).rev() {
        is_damage(&open_with(bytes[..len].to_vec(), 0).unwrap_err());
    }
    for more in [&[0][..], &[0; 4096], &bytes] {
        is_damage(&open_with([&bytes, more].concat(), 0).unwrap_err());
    }
}

#[test]
fn a_file_that_is_cut_while_it_is_open_is_damaged() {
    let (_, _, bytes) = small();
    let file = MemoryFile::of(bytes);
    let cache = Arc::new(BlockCache::new(0));
    let table = Table::open(Arc::new(file.clone()), &cache).unwrap();
    file.0.write().truncate(100);
    is_damage(&collect(table.cursor()).unwrap_err());
    is_damage(&collect(table.scan()).unwrap_err());
}

#[test]
fn a_block_from_elsewhere_is_damage() {
    let (entries, _, bytes) = small();
    let other = {
        let file = MemoryFile::default();
        let mut writer = TableWriter::new(Box::new(file.clone()), IDENTITY + 1, 4000);
        for (key, value) in &entries {
            writer.add(key, value).unwrap();
        }
        terms(0..4000)
            .iter()
            .for_each(|term| writer.add_to_filter(*term));
        writer.finish(b"the summary").unwrap();
        file.bytes()
    };
    assert_eq!(bytes.len(), other.len());
    let mixed = [&bytes[..24], &other[24..4096], &bytes[4096..]].concat();
    is_damage(&collect(open(mixed).cursor()).unwrap_err());
}

#[test]
fn a_footer_that_tells_of_too_much_is_damage_though_its_checksum_is_right() {
    let (_, _, bytes) = small();
    let offset = bytes.len() - Footer::BYTES;
    let seal = Seal { identity: IDENTITY };
    let footer = || {
        let bytes = bytes.last_chunk().unwrap();
        Footer::from_bytes(bytes, seal, offset as u64).unwrap()
    };
    let max = u32::MAX;
    let wrong = [
        Footer {
            root_bytes: max,
            ..footer()
        },
        Footer {
            filter: Shape {
                slots: max,
                slots_per_page: 1,
            },
            ..footer()
        },
        Footer {
            summary_bytes: max,
            ..footer()
        },
        Footer {
            words: 1 << 20,
            ..footer()
        },
        Footer {
            words: u64::MAX,
            ..footer()
        },
        Footer {
            levels: max,
            ..footer()
        },
        Footer {
            levels: 0,
            ..footer()
        },
        Footer {
            levels: 2,
            ..footer()
        },
        Footer {
            filter: Shape {
                slots: 2,
                slots_per_page: 0,
            },
            ..footer()
        },
        Footer {
            filter: Shape {
                slots: max,
                slots_per_page: max,
            },
            ..footer()
        },
    ];
    for wrong in wrong {
        let mut bytes = bytes.clone();
        bytes[offset..].copy_from_slice(&wrong.to_bytes(seal, offset as u64));
        is_damage(&open_with(bytes, 0).unwrap_err());
    }
}

#[test]
fn bytes_that_make_no_block_are_an_error_and_no_panic() {
    let mut random = Random(5);
    let mut refused = 0;
    for _ in 0..200_000 {
        let len = random.below(80);
        let mut bytes: Vec<u8> = (0..len)
            .map(|_| match random.below(3) {
                0 => random.below(256) as u8,
                _ => random.below(6) as u8,
            })
            .collect();
        bytes.extend([
            random.below(4) as u8,
            0,
            random.below(3) as u8,
            0,
            DATA,
            0,
            0,
            0,
            0,
        ]);
        let Ok(block) = Block::read(&bytes, DATA) else {
            refused += 1;
            continue;
        };
        let key: Vec<u8> = (0..random.below(5))
            .map(|_| random.below(6) as u8)
            .collect();
        let found = block
            .find(&key, |_, _| {})
            .map(|found| found.map(|(entry, _)| entry));
        for entry in [found, block.first(|_, _| {}), block.last(|_, _| {})] {
            let mut next = entry;
            while let Ok(Some(entry)) = next {
                assert!(bytes.get(entry.value()).is_some());
                let _ = block.before(&entry, |_, _| {});
                next = block.after(&entry, |_, _| {});
            }
            refused += usize::from(next.is_err());
        }
    }
    assert!(refused > 100_000);
}

/// A file that cannot be read at times.
#[derive(Debug)]
struct Failing {
    file: MemoryFile,
    fails: Arc<AtomicBool>,
}

impl DiskFile for Failing {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.file.read_exact_at(buffer, offset)
    }

    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

#[test]
fn an_error_of_the_disk_is_passed_on_and_leaves_the_cursor_before_the_first_entry() {
    let (entries, _, bytes) = small();
    let fails = Arc::new(AtomicBool::new(false));
    let file = Failing {
        file: MemoryFile::of(bytes),
        fails: Arc::clone(&fails),
    };
    let cache = Arc::new(BlockCache::new(0));
    let table = Table::open(Arc::new(file), &cache).unwrap();
    for mut cursor in [table.cursor(), table.scan()] {
        fails.store(true, Ordering::Relaxed);
        let is_timeout = |error: &TableError| match error {
            TableError::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            TableError::Damaged { .. } => false,
        };
        assert!(is_timeout(&cursor.seek(b"key").unwrap_err()));
        assert_eq!(here(&cursor), (&b""[..], &b""[..]));
        assert!(!cursor.prev().unwrap());
        fails.store(false, Ordering::Relaxed);
        assert!(cursor.next().unwrap());
        assert_eq!(
            Some(cursor.key()),
            entries.keys().next().map(|key| &key[..])
        );
    }
}

#[test]
fn a_full_disk_is_an_error_of_the_writer() {
    let file = Failing {
        file: MemoryFile::default(),
        fails: Arc::default(),
    };
    let mut writer = TableWriter::new(Box::new(file), IDENTITY, 0);
    writer.add(b"key", b"value").unwrap();
    let error = writer.finish(b"").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
