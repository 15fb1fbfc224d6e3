//! What concerns the index, which is made again.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// The offset of a byte in the first block of entries, which lies behind the header and a page of words.
const ENTRY: u64 = 24 + 4_096 + 6;

#[test]
fn a_segment_that_cannot_be_sealed_holds_up_no_part_and_no_merge() {
    let disk = RuledDisk::new();
    let config = || disk.config().segment_bytes(4 << 10);
    let first = "00000000000000000001.seg";
    disk.rule(move |ask, path| match ask {
        Ask::Write if path.ends_with(first) => refused(),
        _ => Ok(()),
    });
    // The first segment is written under the name that it was created with.
    let store = Store::open(config()).unwrap();
    while store.shared.segments.newest() == 1 {
        store.commit(one()).unwrap();
    }
    store.close().unwrap();
    for _ in 0..20 {
        let store = Store::open(config()).unwrap();
        store.commit(one()).unwrap();
        store.close().unwrap();
    }
    let store = Store::open(config()).unwrap();
    assert_eq!(store.shared.index.parts_end(), store.position());
    assert!(store.shared.index.parts().len() < 15);
}

#[test]
fn a_part_that_cannot_be_written_is_tried_ever_less_often_and_written_once_it_can_be() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let tries = Arc::new(AtomicUsize::new(0));
    let tried = Arc::clone(&tries);
    disk.rule(move |ask, path| match ask {
        Ask::Create if is_part(path) => {
            tried.fetch_add(1, Ordering::SeqCst);
            refused()
        }
        _ => Ok(()),
    });
    fill_a_tail(&store).unwrap();
    let start = Instant::now();
    while tries.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < Duration::from_secs(10));
        store.commit(one()).unwrap();
    }
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(500) {
        store.commit(one()).unwrap();
    }
    let tries = tries.load(Ordering::SeqCst);
    assert!(tries <= 4, "{tries} tries");
    disk.rule(|_, _| Ok(()));
    // Nobody appends meanwhile.
    let start = Instant::now();
    while store.shared.index.parts().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::yield_now();
    }
}

#[test]
fn a_damaged_part_that_cannot_be_made_anew_is_removed_on_closing_and_made_by_the_next_opening() {
    let disk = RuledDisk::new();
    let store = disk.open();
    store.commit(one()).unwrap();
    store.close().unwrap();
    let store = Store::open(disk.config().cache_bytes(0)).unwrap();
    let part = store.shared.index.parts()[0].path().to_owned();
    disk.rule(|ask, path| match ask {
        Ask::Create if is_part(path) => refused(),
        _ => Ok(()),
    });
    let open = |writable| Disk::open(&disk.disk, &part, writable);
    open(true).unwrap().write_all_at(&[0xFF], ENTRY).unwrap();
    let error = store.revision(&stream()).unwrap_err();
    assert!(matches!(error, StoreError::DamagedIndex { .. }), "{error}");
    drop(store);
    assert!(open(false).is_err());
    disk.rule(|_, _| Ok(()));
    let store = disk.open();
    assert_eq!(store.revision(&stream()).unwrap(), 1);
    drop(store);
    assert!(open(false).is_ok());
}

#[test]
fn a_part_that_the_system_does_not_let_be_read_is_an_error_of_the_opening_and_stays() {
    for refused_ask in [Ask::Open, Ask::Read] {
        let disk = RuledDisk::new();
        let store = disk.open();
        store.commit(one()).unwrap();
        store.close().unwrap();
        let before = disk.disk.files();
        disk.rule(move |ask, path| match ask {
            _ if ask == refused_ask && is_part(path) => refused(),
            _ => Ok(()),
        });
        let error = Store::open(disk.config()).unwrap_err();
        assert!(
            matches!(&error, StoreError::Io { path, .. } if is_part(path)),
            "{error}"
        );
        assert!(disk.disk.files() == before);
        disk.rule(|_, _| Ok(()));
        assert_eq!(disk.open().position(), 1);
    }
}

#[test]
fn memory_stays_bounded_while_the_index_cannot_be_written_and_appends_go_on_once_it_can_be() {
    let disk = RuledDisk::new();
    let store = disk.open();
    disk.rule(|ask, path| match ask {
        Ask::Write if is_part(path) => refused(),
        _ => Ok(()),
    });
    let error = (0..20).find_map(|_| fill_a_tail(&store).err()).unwrap();
    assert!(matches!(error, StoreError::IndexBehind(_)), "{error}");
    assert!(error.to_string().contains("as demanded"), "{error}");
    let index = &store.shared.index;
    assert!(index.is_behind() && index.parts().is_empty());
    store.flush().unwrap();
    let position = store.position();
    assert_eq!(store.revision(&stream()).unwrap(), position);
    let again = store.commit(one()).unwrap_err();
    assert!(matches!(again, StoreError::IndexBehind(_)), "{again}");
    disk.rule(|_, _| Ok(()));
    let start = Instant::now();
    while store.commit(one()).is_err() {
        assert!(start.elapsed() < Duration::from_secs(15));
    }
    assert_eq!(store.position(), position + 1);
}

#[test]
fn appends_wait_for_an_index_that_is_slow_and_none_fails() {
    let disk = RuledDisk::new();
    let store = disk.open();
    disk.rule(|ask, path| {
        if ask == Ask::Create && is_part(path) {
            thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    });
    for _ in 0..12 {
        fill_a_tail(&store).unwrap();
    }
}

#[test]
fn an_opening_that_cannot_write_the_index_is_refused_when_it_would_take_too_much_memory() {
    let disk = RuledDisk::new();
    let config = || disk.config().segment_bytes(1 << 20);
    let opens_with = |tails: usize| {
        disk.rule(|_, _| Ok(()));
        let store = Store::open(config()).unwrap();
        (0..tails).for_each(|_| fill_a_tail(&store).unwrap());
        let dir = store.dir().join("index");
        store.close().unwrap();
        for part in disk.list(&dir).unwrap() {
            disk.remove(&dir.join(part)).unwrap();
        }
        disk.rule(|ask, path| match ask {
            Ask::Create if is_part(path) => refused(),
            _ => Ok(()),
        });
        Store::open(config()).map(drop)
    };
    opens_with(4).unwrap();
    let error = opens_with(8).unwrap_err();
    assert!(
        matches!(&error, StoreError::Io { path, .. } if is_part(path)),
        "{error}"
    );
}

#[test]
fn a_damaged_part_is_not_removed_where_the_log_is_damaged_too() {
    let disk = RuledDisk::new();
    let store = disk.open();
    store.commit(one()).unwrap();
    store.commit(one()).unwrap();
    store.close().unwrap();
    let store = Store::open(disk.config().cache_bytes(0)).unwrap();
    let part = store.shared.index.parts()[0].path().to_owned();
    let segment = store.shared.segments.get(1).unwrap().path.clone();
    let damage = |path: &Path, at| {
        let file = Disk::open(&disk.disk, path, true).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    };
    damage(&part, ENTRY);
    damage(&segment, 120);
    let error = store.revision(&stream()).unwrap_err();
    assert!(matches!(error, StoreError::DamagedIndex { .. }), "{error}");
    drop(store);
    assert!(Disk::open(&disk.disk, &part, false).is_ok());
}

#[test]
fn what_nobody_asked_to_be_durable_is_synced_before_a_part_is_made_of_it() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let is_synced = AtomicBool::new(true);
    let was_synced = Arc::new(OnceLock::new());
    let noted = Arc::clone(&was_synced);
    disk.rule(move |ask, path| {
        match ask {
            Ask::Write if is_segment(path) => is_synced.store(false, Ordering::SeqCst),
            Ask::Sync if is_segment(path) => is_synced.store(true, Ordering::SeqCst),
            Ask::Create if is_part(path) => {
                noted.get_or_init(|| is_synced.load(Ordering::SeqCst));
            }
            _ => {}
        }
        Ok(())
    });
    stage_a_tail(&store).unwrap();
    let start = Instant::now();
    while was_synced.get().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::yield_now();
    }
    assert_eq!(was_synced.get(), Some(&true));
}

/// Two parts were made of what nobody asked to be durable, and no frame says that it was synced for them. The event
/// that the first one ends with is damaged, so neither can be used; but they show that nothing there was torn.
#[test]
fn what_parts_prove_to_be_durable_is_not_cut_though_they_are_of_no_use() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let is_staged = Arc::new(AtomicUsize::new(0));
    let waits = Arc::clone(&is_staged);
    disk.rule(move |ask, path| {
        while ask == Ask::Sync && is_segment(path) && waits.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        Ok(())
    });
    stage_a_tail(&store).unwrap();
    stage_a_tail(&store).unwrap();
    is_staged.store(1, Ordering::SeqCst);
    let start = Instant::now();
    while store.shared.index.parts().len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(60));
        thread::yield_now();
    }
    let end = store.shared.index.parts()[0].last();
    let frame = store.shared.view().locate(end).unwrap().unwrap();
    let mut files = disk.disk.files();
    let segment = store.shared.segments.get(1).unwrap().path.clone();
    files.get_mut(&segment).unwrap()[frame.offset as usize + 40] ^= 1;
    let damaged = MemoryDisk::with_files(files.clone());
    // Also when somebody has tried before.
    for _ in 0..2 {
        let error = damaged.open().unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt { path, position, .. } if *path == segment && *position == end),
            "{error}"
        );
        assert!(damaged.files() == files, "a refusal changes nothing");
    }
}
