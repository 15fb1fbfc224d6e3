//! What a reader makes of a record that is missing or wrong, and of files that vanish.

use std::time::Duration;

use super::*;

/// A store as a crash left it, and how many events are proven durable: all but the newest commit, for
/// nothing was written behind it.
fn crashed() -> (Dir, Vec<String>, u64) {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 40);
    let image = dir.image();
    (image, contents(&writer), 117)
}

/// That a reader of the store sees the first events, up to this position.
fn assert_sees(dir: &Dir, all: &[String], position: u64) {
    let seen = contents(&dir.reader());
    assert_eq!(seen.len() as u64, position);
    assert_eq!(seen, all[..seen.len()]);
}

#[test]
fn without_a_record_a_reader_sees_what_the_log_proves() {
    let (dir, all, proven) = crashed();
    assert_sees(&dir, &all, 120);
    fs::remove_file(dir.tail()).unwrap();
    assert_sees(&dir, &all, proven);
    assert!(!dir.tail().exists());
    // Without the index as well, and behind a clean close.
    dir.forget_index();
    assert_sees(&dir, &all, proven);
    drop(dir.open());
    fs::remove_file(dir.tail()).unwrap();
    assert_sees(&dir, &all, 120);
    dir.forget_index();
    assert_sees(&dir, &all, 120);
}

#[test]
fn a_record_that_is_damaged_in_any_bit_or_cut_off_is_none() {
    let (dir, all, proven) = crashed();
    let record = fs::read(dir.tail()).unwrap();
    assert_eq!(record.len(), 32);
    for bit in 0..8 * record.len() {
        let mut damaged = record.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(dir.tail(), damaged).unwrap();
        assert_eq!(dir.reader().position(), proven, "bit {bit}");
    }
    for len in 0..record.len() {
        fs::write(dir.tail(), &record[..len]).unwrap();
        assert_eq!(dir.reader().position(), proven, "{len} bytes");
    }
    fs::write(dir.tail(), [0; 32]).unwrap();
    assert_sees(&dir, &all, proven);
}

#[test]
fn the_record_of_another_store_is_none() {
    let (dir, all, proven) = crashed();
    let (other, ..) = crashed();
    fs::copy(other.tail(), dir.tail()).unwrap();
    assert_sees(&dir, &all, proven);
}

#[test]
fn a_record_that_is_ahead_of_the_log_counts_only_once_the_log_is_there() {
    let (dir, all, _) = crashed();
    let newest = dir.segments().pop().unwrap();
    let whole = written(&newest);
    // The newest commit, or the newest two, did not reach the medium.
    let lens = [whole.len() - 1, whole.len() - 400];
    for len in lens {
        fs::write(&newest, &whole[..len]).unwrap();
        let seen = dir.reader().position();
        assert!(seen < 120 && seen.is_multiple_of(3));
        assert_sees(&dir, &all, seen);
    }
    let reader = dir.reader();
    let before = reader.position();
    assert_eq!(reader.position(), before);
    fs::write(&newest, &whole).unwrap();
    soon("the log", || reader.position() == 120);
    assert_eq!(contents(&reader), all);
}

#[test]
fn what_the_next_writer_has_instead_of_a_lost_end_is_what_readers_see() {
    let (dir, all, _) = crashed();
    let newest = dir.segments().pop().unwrap();
    let whole = written(&newest);
    fs::write(&newest, &whole[..whole.len() - 1]).unwrap();
    let reader = dir.reader();
    assert!(reader.position() < 120);
    let writer = dir.open();
    let stream = coordinate("another", "s");
    for n in 0..30 {
        writer.append(&stream, KIND, &n).unwrap();
    }
    soon("the next writer's commits", || {
        reader.position() == writer.position()
    });
    assert_eq!(contents(&reader), contents(&writer));
    assert_eq!(contents(&reader)[..117], all[..117]);
}

#[test]
fn a_record_that_is_behind_the_log_hides_nothing_that_is_proven() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 10);
    let early = fs::read(dir.tail()).unwrap();
    fill(&writer, 30);
    let all = contents(&writer);
    let image = dir.image();
    fs::write(image.tail(), early).unwrap();
    assert_sees(&image, &all, 117);
    drop(image.open());
    assert_sees(&image, &all, 120);
}

#[test]
fn a_record_that_comes_back_is_followed() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 10);
    let reader = dir.reader();
    drop(writer);
    fs::remove_file(dir.tail()).unwrap();
    let writer = dir.open();
    fill(&writer, 10);
    soon("the next writer's commits", || reader.position() == 60);
    assert_eq!(contents(&reader), contents(&writer));
}

#[test]
fn without_a_record_a_reader_follows_what_the_log_proves() {
    // Also where all commits go into room that was there before.
    for segment_bytes in [4 << 10, 1 << 20] {
        let dir = Dir::new();
        let writer = Store::open(dir.config().segment_bytes(segment_bytes)).unwrap();
        fill(&writer, 10);
        fs::remove_file(dir.tail()).unwrap();
        let reader = dir.reader();
        let mut last = 27;
        for _ in 0..5 {
            fill(&writer, 10);
            soon("the commits", || reader.position() >= writer.position() - 3);
            assert!(reader.position() >= last);
            last = reader.position();
        }
        let seen = contents(&reader);
        assert_eq!(seen, contents(&writer)[..seen.len()]);
    }
}

#[test]
fn a_segment_that_vanishes_keeps_readers_where_they_are_until_it_is_back() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 1);
    let reader = dir.reader();
    fill(&writer, 60);
    let second = dir.segments().remove(1);
    let away = dir.outside().join("away");
    fs::rename(&second, &away).unwrap();
    for _ in 0..3 {
        assert_eq!(reader.position(), 3);
        assert_eq!(contents(&reader).len(), 3);
        std::thread::sleep(Duration::from_millis(60));
    }
    fs::rename(&away, &second).unwrap();
    soon("the segment", || reader.position() == 183);
    assert_eq!(contents(&reader), contents(&writer));
}

#[test]
fn damage_below_what_was_acknowledged_is_refused() {
    let (dir, ..) = crashed();
    dir.forget_index();
    let first = dir.segments().remove(0);
    let mut bytes = fs::read(&first).unwrap();
    bytes[300] ^= 1;
    fs::write(&first, bytes).unwrap();
    let error = Store::open_read_only(dir.config()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { path, .. } if *path == first),
        "{error}"
    );
}

#[test]
fn an_index_that_is_removed_or_damaged_takes_no_event_from_a_reader() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 60);
    drop(writer);
    let reader = dir.reader();
    let all = contents(&reader);
    let parts: Vec<_> = fs::read_dir(dir.path().join("index")).unwrap().collect();
    assert!(!parts.is_empty());
    for part in parts {
        let path = part.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        // Who has the part open goes on with it.
        fs::remove_file(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(contents(&reader), all);
    assert_eq!(contents(&dir.reader()), all);
    dir.forget_index();
    assert_eq!(contents(&dir.reader()), all);
    assert!(!dir.path().join("index").exists());
}

#[test]
fn a_well_formed_record_of_a_place_that_cannot_be_is_ahead_of_the_log() {
    let (dir, all, proven) = crashed();
    let record = fs::read(dir.tail()).unwrap();
    let newest = fs::read(dir.segments().pop().unwrap()).unwrap();
    for at in [4, 12, 20] {
        for number in [0, 1, 121, 1 << 33, u64::MAX - 1, u64::MAX] {
            let mut forged = record.clone();
            forged[at..at + 8].copy_from_slice(&number.to_le_bytes());
            if forged == record {
                continue;
            }
            let mut crc = crc32fast::Hasher::new();
            crc.update(&newest[12..28]);
            crc.update(&forged[..28]);
            let crc = crc.finalize().to_le_bytes();
            forged[28..].copy_from_slice(&crc);
            fs::write(dir.tail(), &record).unwrap();
            let reader = dir.reader();
            fs::write(dir.tail(), forged).unwrap();
            assert_eq!(reader.position(), 120);
            let seen = dir.reader().position();
            assert!(seen == proven || seen == 120, "{seen}");
            assert_sees(&dir, &all, seen);
        }
    }
}

/// A reader read a segment in part while later ones were there already. Before it read the rest, the index had
/// it, and the last event of the segment was said to be in none.
#[test]
fn a_reader_that_knows_a_segment_in_part_finds_the_rest_of_it_by_the_index() {
    let dir = Dir::new();
    let writer = dir.open();
    fill(&writer, 1);
    let reader = dir.reader();
    let fill_to = |segments: usize| {
        while dir.segments().len() < segments {
            fill(&writer, 1);
        }
        fill(&writer, 1);
    };
    fill_to(2);
    let (middle, told_middle) = (writer.position(), fs::read(dir.tail()).unwrap());
    fill_to(3);
    let (all, last) = (contents(&writer), writer.position());
    drop(writer);
    let told_last = fs::read(dir.tail()).unwrap();
    let (index, aside) = (dir.path().join("index"), dir.path().join("aside"));
    fs::rename(&index, &aside).unwrap();
    fs::write(dir.tail(), told_middle).unwrap();
    assert_eq!(reader.position(), middle);
    // The rest of the segment cannot be read for now.
    let second = dir.segments().remove(1);
    let whole = fs::read(&second).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() - 200] ^= 1;
    fs::write(&second, damaged).unwrap();
    fs::write(dir.tail(), told_last).unwrap();
    assert_eq!(reader.position(), middle);
    fs::write(&second, whole).unwrap();
    fs::rename(&aside, &index).unwrap();
    soon("the reader goes on", || reader.position() == last);
    assert_eq!(contents(&reader), all);
}
