//! What is saved of a store that does not open.

use std::fs;
use std::path::{Path, PathBuf};

use batpak::prelude::*;
use batpak::{Loss, Repair};

use crate::support::{Dir, bodies, contents, coordinate, files, fill, number};

/// A store of several segments, its contents, and where a saved one goes.
struct Whole {
    dir: Dir,
    contents: Vec<String>,
}

impl Whole {
    fn new() -> Self {
        let dir = Dir::new();
        let store = dir.open();
        fill(&store, 100);
        let contents = contents(&store);
        store.close().unwrap();
        assert!(dir.segments().len() > 4);
        Self { dir, contents }
    }

    fn saved(&self) -> PathBuf {
        self.dir.outside().join("saved")
    }

    /// Changes the bytes of the `n`th segment.
    fn change(&self, n: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.dir.segments().remove(n);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    /// Repairs what does not open, and sees that it is left as it was and what was kept is whole.
    fn repair(&self) -> Repair {
        let before = files(&self.dir.path());
        let repair = Store::repair(self.dir.config(), self.saved()).unwrap();
        assert_eq!(files(&self.dir.path()), before);
        let store = open(&self.saved());
        assert_eq!(store.position(), repair.position);
        assert_eq!(store.recovery().cut, None);
        assert_eq!(contents(&store), self.contents[..repair.position as usize]);
        assert_eq!(store.verify().unwrap().segments, repair.segments);
        // It goes on from there, and is closed as any other.
        fill(&store, 40);
        store.close().unwrap();
        let store = open(&self.saved());
        assert_eq!(store.verify().unwrap().events, repair.position + 120);
        assert_eq!(
            store.verify().unwrap().segments,
            store_segments(&self.saved())
        );
        repair
    }

    /// The positions of the first events of the segments.
    fn firsts(&self) -> Vec<u64> {
        let files = self.dir.segments();
        let stems = files
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap());
        stems.map(|stem| stem.parse().unwrap()).collect()
    }
}

fn open(dir: &Path) -> Store {
    Store::open(StoreConfig::new(dir).segment_bytes(4 << 10)).unwrap()
}

fn store_segments(dir: &Path) -> u64 {
    fs::read_dir(dir.join("segments")).unwrap().count() as u64
}

#[test]
fn a_whole_store_is_kept_whole() {
    let whole = Whole::new();
    let repair = whole.repair();
    assert_eq!(repair.position as usize, whole.contents.len());
    assert_eq!(repair.lost, []);
    assert_eq!(repair.mended_headers, Vec::<PathBuf>::new());
}

#[test]
fn of_damage_in_the_middle_everything_before_its_batch_is_kept_and_the_rest_lies_beside() {
    let whole = Whole::new();
    let firsts = whole.firsts();
    let mut frame = 0;
    whole.change(2, |bytes| {
        // The second event of the third batch.
        frame = bodies(bytes)[7].0;
        bytes[frame + 30] ^= 1;
    });
    assert!(
        Store::open(whole.dir.config()).is_ok(),
        "the index covers it"
    );
    whole.dir.forget_index();
    assert!(Store::open(whole.dir.config()).is_err());
    let originals: Vec<_> = whole
        .dir
        .segments()
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    let repair = whole.repair();
    assert_eq!((repair.position, repair.segments), (firsts[2] + 5, 3));
    let damaged = &repair.lost[0];
    assert_eq!(
        damaged.loss,
        Loss::Damaged("a frame's body has a wrong checksum")
    );
    assert_eq!(damaged.path, whole.dir.segments()[2]);
    assert!(damaged.offset < frame as u64);
    assert_eq!(damaged.first_position, repair.position + 1);
    assert_eq!(damaged.last_position, Some(firsts[3] - 1));
    assert_eq!(repair.lost.len(), 1 + originals.len() - 3);
    assert!(
        repair.lost[1..]
            .iter()
            .all(|lost| lost.loss == Loss::Behind)
    );
    // All that was left out is there to the byte.
    let mut lost = files(&whole.saved().join("lost")).into_values();
    assert_eq!(
        lost.next().unwrap(),
        originals[2][damaged.offset as usize..]
    );
    assert!(lost.eq(originals[3..].iter().cloned()));
}

#[test]
fn of_a_missing_segment_everything_before_it_is_kept() {
    for missing in [1, 2] {
        let whole = Whole::new();
        let firsts = whole.firsts();
        fs::remove_file(&whole.dir.segments()[missing]).unwrap();
        whole.dir.forget_index();
        assert!(Store::open(whole.dir.config()).is_err());
        let repair = whole.repair();
        assert_eq!(repair.position, firsts[missing] - 1);
        let gap = &repair.lost[0];
        let positions = (gap.first_position, gap.last_position);
        assert_eq!(positions, (firsts[missing], Some(firsts[missing + 1] - 1)));
        assert_eq!(repair.lost[1].first_position, firsts[missing + 1]);
    }
    let whole = Whole::new();
    fs::remove_file(&whole.dir.segments()[0]).unwrap();
    let repair = Store::repair(whole.dir.config(), whole.saved()).unwrap();
    assert_eq!((repair.position, repair.segments), (0, 0));
    assert_eq!(repair.lost[0].loss, Loss::Missing);
}

#[test]
fn a_log_whose_newest_segments_are_gone_is_kept_as_far_as_it_goes_and_the_index_tells_what_is_lost()
{
    let whole = Whole::new();
    let firsts = whole.firsts();
    for path in &whole.dir.segments()[2..] {
        fs::remove_file(path).unwrap();
    }
    assert!(Store::open(whole.dir.config()).is_err());
    let repair = whole.repair();
    assert_eq!(repair.position, firsts[2] - 1);
    let last = repair.lost.last().unwrap();
    assert_eq!(last.first_position, firsts[2]);
}

#[test]
fn a_damaged_header_is_made_anew_if_the_events_behind_it_bear_it_out() {
    for (segment, at) in [(0, 3), (0, 30), (1, 0), (2, 13), (2, 40), (3, 70), (4, 77)] {
        let whole = Whole::new();
        whole.change(segment, |bytes| bytes[at] ^= 4);
        whole.dir.forget_index();
        assert!(Store::open(whole.dir.config()).is_err());
        let repair = whole.repair();
        assert_eq!(repair.lost, [], "byte {at} of segment {segment}");
        assert_eq!(
            repair.mended_headers,
            [whole.dir.segments().remove(segment)]
        );
    }
    // Of many bytes too, but for the nonce, which stands nowhere else.
    let whole = Whole::new();
    whole.change(2, |bytes| bytes[..68].fill(0xEE));
    let repair = whole.repair();
    assert_eq!((repair.lost.len(), repair.mended_headers.len()), (0, 1));
    let whole = Whole::new();
    whole.change(2, |bytes| bytes[60..76].fill(0xEE));
    let repair = whole.repair();
    assert_eq!(repair.position, whole.firsts()[2] - 1);
    assert_eq!(repair.lost[0].loss, Loss::Damaged("the header is damaged"));
    let whole = Whole::new();
    whole.change(0, |bytes| bytes[60..76].fill(0xEE));
    let error = Store::repair(whole.dir.config(), whole.saved()).unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { position: 1, .. }),
        "{error}"
    );
}

#[test]
fn a_torn_end_is_left_out_and_reported() {
    let whole = Whole::new();
    let last = whole.dir.segments().len() - 1;
    whole.change(last, |bytes| {
        bytes.truncate(bodies(bytes).last().unwrap().0 - 30)
    });
    whole.dir.forget_index();
    let repair = whole.repair();
    assert_eq!(repair.position as usize, whole.contents.len() - 3);
    assert!(matches!(repair.lost[0].loss, Loss::Unproven(_)));
    assert_eq!(repair.lost[0].last_position, None);
}

#[test]
fn a_damaged_footer_costs_no_event() {
    let whole = Whole::new();
    whole.change(1, |bytes| {
        let end = bytes.len();
        bytes[end - 40] ^= 1;
    });
    assert!(dir_verify(&whole.dir).is_err());
    let repair = whole.repair();
    assert_eq!(repair.position as usize, whole.contents.len());
    assert_eq!(repair.lost, []);
}

fn dir_verify(dir: &Dir) -> Result<batpak::Verification, StoreError> {
    Store::open_read_only(dir.config()).unwrap().verify()
}

#[cfg(feature = "blake3")]
#[test]
fn an_altered_event_and_what_follows_it_are_left_out_though_the_store_opens() {
    let whole = Whole::new();
    let mut log = crate::forger::Log::read(&whole.dir.path());
    log.event(50).payload = vec![7];
    log.write(&whole.dir.path());
    dir_verify(&whole.dir).unwrap_err();
    let repair = whole.repair();
    assert_eq!(repair.position, 48);
    let problem = "the event's digest is not that of its contents and its stream's history";
    assert_eq!(repair.lost[0].loss, Loss::Damaged(problem));
}

#[test]
fn a_store_that_is_in_use_or_a_directory_that_is_not_empty_is_refused() {
    let whole = Whole::new();
    let store = whole.dir.open();
    let error = Store::repair(whole.dir.config(), whole.saved()).unwrap_err();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    drop(store);
    fs::create_dir_all(whole.saved().join("something")).unwrap();
    let error = Store::repair(whole.dir.config(), whole.saved()).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty(_)), "{error}");
    let nothing = StoreConfig::new(whole.saved());
    let error = Store::repair(nothing, whole.dir.outside().join("other")).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn a_store_with_one_event_is_repaired_with_all_it_has() {
    let dir = Dir::new();
    let store = dir.open();
    let batch = Batch::new().event(number(&coordinate("a", "s"), 1));
    store.commit(batch).unwrap();
    drop(store);
    let saved = dir.outside().join("saved");
    let repair = Store::repair(dir.config(), &saved).unwrap();
    assert_eq!((repair.position, repair.lost.len()), (1, 0));
    assert_eq!(open(&saved).position(), 1);
}

#[test]
fn a_file_that_is_of_another_segment_or_another_store_is_left_aside_and_costs_no_event() {
    let other = Whole::new();
    for (from, to) in [(2, 0), (3, 20), (0, 50)] {
        let whole = Whole::new();
        let stray = whole.dir.path().join(format!("segments/{to:020}.seg"));
        fs::copy(&whole.dir.segments()[from], &stray).unwrap();
        let foreign = whole
            .dir
            .path()
            .join(format!("segments/{:020}.seg", 10_000));
        fs::copy(&other.dir.segments()[0], &foreign).unwrap();
        let repair = whole.repair();
        assert_eq!(repair.position, 300);
        let lost: Vec<_> = repair
            .lost
            .iter()
            .map(|lost| (&lost.path, lost.loss))
            .collect();
        assert_eq!(lost, [(&stray, Loss::Stray), (&foreign, Loss::Stray)]);
        for path in [stray, foreign] {
            let aside = whole.saved().join("lost").join(path.file_name().unwrap());
            assert_eq!(fs::read(aside).unwrap(), fs::read(path).unwrap());
        }
    }
}

#[test]
fn the_first_segment_of_another_store_is_not_taken_for_the_store_that_is_saved() {
    let (whole, other) = (Whole::new(), Whole::new());
    let first = &whole.dir.segments()[0];
    fs::copy(&other.dir.segments()[0], first).unwrap();
    let repair = Store::repair(whole.dir.config(), whole.saved()).unwrap();
    assert_eq!((repair.position, repair.segments), (0, 0));
    let stray = repair.lost.last().unwrap();
    assert_eq!((&stray.path, stray.loss), (first, Loss::Stray));
    assert_eq!(repair.lost[0].loss, Loss::Missing);
}
