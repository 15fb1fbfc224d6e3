//! Tables against a sorted map, and what becomes of damaged ones.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::RwLock;

use super::layout::{BLOCK, MAX_KEY, MAX_VALUE};
use super::{BlockCache, Table, TableCursor, TableError, TableWriter, term_hash};
use crate::store::fs::DiskFile;

mod damage;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// A file in memory; clones are the same file.
#[derive(Debug, Clone, Default)]
struct MemoryFile(Arc<RwLock<Vec<u8>>>);

impl MemoryFile {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(RwLock::new(bytes)))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.read().clone()
    }
}

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.read().len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.0.read();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = from.checked_add(buffer.len());
        let found = end.and_then(|end| file.get(from..end));
        buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut file = self.0.write();
        assert_eq!(offset, file.len() as u64, "a table is written in order");
        assert!(bytes.len() <= 512 << 10, "a write is of bounded length");
        file.extend_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A generator of numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    /// Few different bytes, so that keys share much and meet each other.
    fn key(&mut self) -> Vec<u8> {
        let len = match self.below(40) {
            0 => 0,
            1 => self.below(MAX_KEY + 1),
            2..12 => 100 + self.below(50),
            _ => self.below(12),
        };
        let byte = self.below(3) as u8;
        let mut key = vec![[0, 7, 255][usize::from(byte)]; len.saturating_sub(4)];
        key.extend((key.len()..len).map(|_| [0, 1, 2, 255][self.below(4)]));
        key
    }

    fn value(&mut self) -> Vec<u8> {
        let len = match self.below(100) {
            0 => self.below(MAX_VALUE + 1),
            1..10 => self.below(1000),
            _ => self.below(40),
        };
        vec![self.below(256) as u8; len]
    }

    fn entries(&mut self, count: usize) -> Entries {
        (0..count).map(|_| (self.key(), self.value())).collect()
    }
}

const IDENTITY: u64 = 0x1234_5678_9abc_def0;

fn write(entries: &Entries, terms: &[u64], summary: &[u8]) -> Vec<u8> {
    let file = MemoryFile::default();
    let mut writer = TableWriter::new(Box::new(file.clone()), IDENTITY, terms.len() as u64);
    for (key, value) in entries {
        writer.add(key, value).unwrap();
    }
    for term in terms {
        writer.add_to_filter(*term);
    }
    let bytes = writer.finish(summary).unwrap();
    assert_eq!(bytes, file.len().unwrap());
    file.bytes()
}

fn open_with(bytes: Vec<u8>, cache: usize) -> Result<Arc<Table>, TableError> {
    let cache = Arc::new(BlockCache::new(cache));
    Table::open(Arc::new(MemoryFile::of(bytes)), &cache)
}

fn open(bytes: Vec<u8>) -> Arc<Table> {
    open_with(bytes, 1 << 20).unwrap()
}

fn here(cursor: &TableCursor) -> (&[u8], &[u8]) {
    (cursor.key(), cursor.value())
}

/// All entries, forward.
fn collect(mut cursor: TableCursor) -> Result<Entries, TableError> {
    let mut entries = Entries::new();
    while cursor.next()? {
        entries.insert(cursor.key().to_vec(), cursor.value().to_vec());
    }
    Ok(entries)
}

/// Moves a cursor at random, and a model of it among the sorted entries: 0 is before the first.
fn compare(table: &Arc<Table>, entries: &Entries, random: &mut Random, steps: usize) {
    let sorted: Vec<(&[u8], &[u8])> = entries.iter().map(|(k, v)| (&k[..], &v[..])).collect();
    let behind = sorted.len() + 1;
    let mut cursor = if random.below(4) == 0 {
        table.scan()
    } else {
        table.cursor()
    };
    let mut at = 0;
    for step in 0..steps {
        let target = match sorted.len() {
            len if len > 0 && random.below(2) == 0 => sorted[random.below(len)].0.to_vec(),
            _ => random.key(),
        };
        let is_on = match random.below(6) {
            0 => {
                at = 1 + sorted.partition_point(|(key, _)| *key < &target[..]);
                cursor.seek(&target)
            }
            1 => {
                at = sorted.partition_point(|(key, _)| *key <= &target[..]);
                cursor.seek_back(&target)
            }
            2 | 3 => {
                at = (at + 1).min(behind);
                cursor.next()
            }
            _ => {
                at = at.saturating_sub(1);
                cursor.prev()
            }
        };
        let expected = at.checked_sub(1).and_then(|at| sorted.get(at)).copied();
        assert_eq!(is_on.unwrap(), expected.is_some(), "step {step}");
        assert_eq!(here(&cursor), expected.unwrap_or_default(), "step {step}");
    }
}

#[test]
fn a_table_answers_as_a_sorted_map() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let count = [0, 1, 2, 7, 8, 9, 100, 2000][random.below(8)];
        let entries = random.entries(count);
        let bytes = write(&entries, &[], b"");
        let cache = [0, 10_000, 1 << 20][random.below(3)];
        let table = open_with(bytes, cache).unwrap();
        assert_eq!(table.entries(), entries.len() as u64);
        assert_eq!(collect(table.cursor()).unwrap(), entries, "seed {seed}");
        assert_eq!(collect(table.scan()).unwrap(), entries, "seed {seed}");
        compare(&table, &entries, &mut random, 1000);
    }
}

#[test]
fn a_table_of_keys_that_part_late_has_many_levels_and_answers_the_same() {
    let entries: Entries = (0..300u32)
        .map(|number| {
            let mut key = vec![b'k'; MAX_KEY - 4];
            key.extend(number.to_be_bytes());
            (key, vec![number as u8; 3000])
        })
        .collect();
    let table = open(write(&entries, &[], b""));
    assert!(table.levels() >= 8, "{} levels", table.levels());
    assert_eq!(collect(table.cursor()).unwrap(), entries);
    compare(&table, &entries, &mut Random(1), 5000);
}

#[test]
fn an_empty_table_has_nothing_in_any_direction() {
    let table = open(write(&Entries::new(), &[], b"nothing"));
    let mut cursor = table.cursor();
    assert!(!cursor.seek(b"").unwrap() && !cursor.prev().unwrap());
    assert!(!cursor.seek_back(b"k").unwrap() && !cursor.next().unwrap());
    assert_eq!(here(&cursor), (&b""[..], &b""[..]));
    assert_eq!(table.summary(), b"nothing");
    assert_eq!(table.bytes_between(b"", b"k").unwrap(), 0);
}

#[test]
fn the_longest_key_and_the_longest_value_come_back() {
    let entries = Entries::from([
        (vec![1; MAX_KEY], vec![2; MAX_VALUE]),
        (vec![2; MAX_KEY], vec![3; MAX_VALUE]),
        (vec![3], vec![]),
    ]);
    let table = open(write(&entries, &[], b""));
    assert_eq!(collect(table.cursor()).unwrap(), entries);
    assert_eq!(collect(table.scan()).unwrap(), entries);
}

#[test]
fn the_writer_refuses_what_does_not_rise_or_is_too_long() {
    let mut writer = TableWriter::new(Box::new(MemoryFile::default()), IDENTITY, 0);
    writer.add(b"", b"the empty key comes first").unwrap();
    writer.add(b"b", b"").unwrap();
    let wrong: [(&[u8], &[u8]); 5] = [
        (b"b", b""),
        (b"a", b""),
        (b"", b""),
        (&[b'c'; MAX_KEY + 1], b""),
        (b"c", &[0; MAX_VALUE + 1]),
    ];
    for (key, value) in wrong {
        let error = writer.add(key, value).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
    writer.add(b"c", b"").unwrap();
}

#[test]
fn many_threads_read_one_table_through_a_small_cache() {
    let entries = Random(3).entries(2000);
    let table = open_with(write(&entries, &[], b""), 64 << 10).unwrap();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (table, entries) = (&table, &entries);
            scope.spawn(move || compare(table, entries, &mut Random(seed), 3000));
        }
    });
}

#[test]
fn tables_that_share_a_cache_do_not_meet() {
    let cache = Arc::new(BlockCache::new(1 << 20));
    let tables = [1u8, 2].map(|number| {
        let file = MemoryFile::default();
        let mut writer = TableWriter::new(Box::new(file.clone()), number.into(), 0);
        writer.add(b"number", &[number]).unwrap();
        writer.finish(b"").unwrap();
        Table::open(Arc::new(file), &cache).unwrap()
    });
    for (number, table) in (1..).zip(&tables) {
        let mut cursor = table.cursor();
        assert!(cursor.seek(b"number").unwrap());
        assert_eq!(cursor.value(), [number]);
        assert_eq!(table.identity(), u64::from(number));
    }
}

#[test]
fn a_cursor_can_be_sent_to_another_thread() {
    fn assert_send<T: Send>(_: &T) {}
    assert_send(&open(write(&Entries::new(), &[], b"")).cursor());
}

fn terms(range: std::ops::Range<u32>) -> Vec<u64> {
    range.map(|term| term_hash(&term.to_le_bytes())).collect()
}

/// How many of these terms the table says that it may have.
fn held(table: &Table, terms: &[u64]) -> usize {
    let held = terms.iter().filter(|term| table.may_hold(**term).unwrap());
    held.count()
}

#[test]
fn a_filter_has_all_its_terms_and_passes_few_others() {
    for count in [1, 1000, 100_000] {
        let (inside, outside) = (terms(0..count), terms(1 << 20..(1 << 20) + 100_000));
        let table = open(write(&Entries::new(), &inside, b""));
        assert_eq!(held(&table, &inside), inside.len());
        let passed = held(&table, &outside);
        assert!(passed < 1500, "{passed} of 100000 pass, of {count} terms");
        assert!(table.terms().abs_diff(count.into()) <= u64::from(count / 50));
    }
    let without = open(write(&Entries::new(), &[], b""));
    assert!(without.may_hold(1).unwrap());
}

#[test]
fn a_filter_that_was_promised_too_many_terms_is_as_short_as_it_can_be() {
    let inside = terms(0..10_000);
    let promised = [10_000, 40_000, 1_000_000, 0, 10].map(|promised| {
        let file = MemoryFile::default();
        let mut writer = TableWriter::new(Box::new(file.clone()), IDENTITY, promised);
        // A term that comes again changes nothing.
        for term in inside.iter().chain(&inside) {
            writer.add_to_filter(*term);
        }
        let bytes = writer.finish(b"").unwrap();
        let table = open(file.bytes());
        assert_eq!(held(&table, &inside), inside.len(), "{promised} promised");
        assert!(held(&table, &terms(20_000..30_000)) < 150 || promised < 10_000);
        bytes
    });
    let [exact, fourfold, hundredfold, none, few] = promised;
    assert!(
        fourfold <= 2 * exact && hundredfold <= 2 * exact,
        "{promised:?}"
    );
    assert!(none < 4096 && few < 2 * 4096);
}

#[test]
fn the_bytes_between_two_keys_are_told_but_for_a_block_at_each_end() {
    let key = |number: u32| number.to_be_bytes();
    let entries: Entries = (0..50_000)
        .map(|number| (key(number).to_vec(), vec![0; 100]))
        .collect();
    let table = open(write(&entries, &[], b""));
    let each = table.bytes() / 50_000;
    let mut random = Random(9);
    for _ in 0..1000 {
        let (from, to) = (random.below(50_001) as u32, random.below(50_001) as u32);
        let told = table.bytes_between(&key(from), &key(to)).unwrap();
        let expected = u64::from(to.saturating_sub(from)) * each;
        let most = 3 * BLOCK as u64 + expected / 50;
        assert!(told.abs_diff(expected) < most, "{from} to {to}: {told}");
    }
    // Within one block they are counted.
    let told = |from, to| table.bytes_between(&key(from), &key(to)).unwrap();
    assert_eq!(told(5, 5), 0);
    assert!(told(5, 6) > 100 && told(5, 6) < 120);
    assert_eq!(told(5, 9), told(5, 7) + told(7, 9));
}

/// A table of so many words, and of an entry if there is to be one.
fn write_words(words: u64, has_entry: bool) -> Vec<u8> {
    let file = MemoryFile::default();
    let mut writer = TableWriter::new(Box::new(file.clone()), IDENTITY, 0);
    for number in 0..words {
        writer.add_word(word(number)).unwrap();
    }
    if has_entry {
        writer.add(b"key", b"value").unwrap();
    }
    writer.finish(b"").unwrap();
    file.bytes()
}

fn word(number: u64) -> u32 {
    (number as u32).wrapping_mul(0x9e37_79b9) | 1
}

#[test]
fn words_come_back_by_their_numbers_and_none_beyond_the_last() {
    for words in [0, 1, 1_022, 1_023, 1_024, 5_000] {
        for has_entry in [false, true] {
            let table = open(write_words(words, has_entry));
            assert_eq!(table.words(), words);
            for number in 0..words {
                let page = table.page_of(number).unwrap();
                assert_eq!(page.word(number), Some(word(number)), "{number}");
                let next = page.word(number + 1);
                let same_page = (number + 1) % 1_023 != 0;
                let expected = same_page.then(|| word(number + 1));
                assert!(next == expected || number + 1 == words, "{number}");
            }
            assert!(table.page_of(words).is_err());
            assert!(table.page_of(u64::MAX).is_err());
            let entries = collect(table.cursor()).unwrap();
            assert_eq!(entries.len(), usize::from(has_entry));
        }
    }
}

#[test]
fn a_word_behind_an_entry_is_refused() {
    let mut writer = TableWriter::new(Box::new(MemoryFile::default()), IDENTITY, 0);
    writer.add_word(7).unwrap();
    writer.add(b"key", b"").unwrap();
    assert!(writer.add_word(8).is_err());
}

/// The bytes of the example in FORMAT.md.
#[test]
fn the_bytes_of_a_small_table_are_those_of_the_format() {
    let entries = Entries::from([
        (b"course:c1".to_vec(), b"algebra".to_vec()),
        (b"course:c2".to_vec(), b"logic".to_vec()),
        (b"student:s7".to_vec(), b"Ada".to_vec()),
    ]);
    let bytes = write(&entries, &[], b"3 rows");
    let dump: Vec<String> = bytes
        .chunks(16)
        .map(|line| line.iter().map(|byte| format!("{byte:02x} ")).collect())
        .collect();
    let expected = [
        "42 41 54 50 41 4b 54 42 01 00 00 00 f0 de bc 9a ",
        "78 56 34 12 52 68 52 2f 00 09 07 63 6f 75 72 73 ",
        "65 3a 63 31 61 6c 67 65 62 72 61 08 01 05 32 6c ",
        "6f 67 69 63 00 0a 03 73 74 75 64 65 6e 74 3a 73 ",
        "37 41 64 61 63 3a 65 73 72 75 6f 63 00 00 01 00 ",
        "00 00 00 81 e5 60 94 00 00 02 18 3f 00 00 00 00 ",
        "00 00 00 00 00 00 01 00 00 00 01 a8 58 3f c9 33 ",
        "20 72 6f 77 73 b9 a7 5e ac 03 00 00 00 00 00 00 ",
        "00 00 00 00 00 00 00 00 00 18 00 00 00 01 00 00 ",
        "00 00 00 00 00 01 00 00 00 06 00 00 00 00 00 00 ",
        "00 00 00 00 00 83 54 68 82 ",
    ];
    assert_eq!(dump, expected);
}
