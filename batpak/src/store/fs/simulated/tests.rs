use std::collections::BTreeSet;

use super::*;

/// A disk with an empty directory `/d` on it.
fn disk() -> SimulatedDisk {
    let image = Image {
        dirs: ["/", "/d"].map(PathBuf::from).into(),
        ..Image::default()
    };
    SimulatedDisk::with(&image)
}

/// What files may be found after a crash, as names and contents.
fn found(disk: &SimulatedDisk, loss: Loss) -> BTreeSet<String> {
    let medium = disk.trace().end();
    let (mut choices, mut found) = (Choices::first(), BTreeSet::new());
    loop {
        let image = medium.crash(loss, &mut choices);
        let files = image.files.iter().map(|(path, bytes)| {
            let name = path.file_name().unwrap().to_string_lossy();
            format!("{name}={}", String::from_utf8_lossy(bytes))
        });
        found.insert(files.collect::<Vec<_>>().join(" ").replace('\0', "_"));
        if !choices.next() {
            return found;
        }
    }
}

/// A file `/d/a` with these bytes, which is durable with its name.
fn durable(disk: &SimulatedDisk, bytes: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.create(Path::new("/d/a")).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new("/d")).unwrap();
    file
}

fn set(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|of| (*of).to_owned()).collect()
}

#[test]
fn what_was_synced_with_its_name_is_found_after_every_crash() {
    let disk = disk();
    durable(&disk, b"1234");
    for loss in Loss::ALL {
        assert_eq!(found(&disk, *loss), set(&["a=1234"]), "{loss}");
    }
}

#[test]
fn the_sync_of_a_file_does_not_make_its_name_durable_nor_that_of_a_directory_its_own() {
    let disk = disk();
    let file = disk.create(Path::new("/d/a")).unwrap();
    file.write_all_at(b"1", 0).unwrap();
    file.sync().unwrap();
    assert_eq!(found(&disk, Loss::Writes), set(&["", "a=1"]));
    disk.create_dir(Path::new("/d/e")).unwrap();
    disk.create(Path::new("/d/e/b")).unwrap();
    disk.sync_dir(Path::new("/d/e")).unwrap();
    assert_eq!(
        found(&disk, Loss::Writes),
        set(&["", "a=1", "b=", "a=1 b="])
    );
    assert_eq!(found(&disk, Loss::Everything), set(&[""]));
    assert_eq!(found(&disk, Loss::Nothing), set(&["a=1 b="]));
}

#[test]
fn a_name_is_lost_with_all_its_changes_from_some_one_on_or_with_any() {
    let disk = disk();
    let (a, b) = (Path::new("/d/a"), Path::new("/d/b"));
    disk.create(a).unwrap();
    disk.rename(a, b).unwrap();
    assert_eq!(found(&disk, Loss::Prefix), set(&["", "a=", "b="]));
    disk.sync_dir(Path::new("/d")).unwrap();
    disk.remove(b).unwrap();
    assert_eq!(found(&disk, Loss::Prefix), set(&["", "b="]));
}

#[test]
fn any_of_the_writes_are_lost_and_the_length_may_be_there_without_them() {
    let disk = disk();
    let file = durable(&disk, b"1");
    file.write_all_at(b"2", 1).unwrap();
    file.write_all_at(b"3", 2).unwrap();
    assert_eq!(
        found(&disk, Loss::Writes),
        set(&["a=1", "a=1__", "a=12", "a=12_", "a=1_3", "a=123"])
    );
    assert_eq!(
        found(&disk, Loss::Prefix),
        set(&["a=1", "a=1__", "a=12", "a=12_", "a=123"])
    );
    file.truncate(0).unwrap();
    assert_eq!(
        found(&disk, Loss::Prefix),
        set(&["a=", "a=1", "a=12", "a=123"])
    );
}

#[test]
fn a_write_is_lost_by_the_blocks_of_the_file_that_it_lies_in() {
    let disk = disk();
    let file = durable(&disk, &[b'1'; 500]);
    file.write_all_at(&[b'2'; 1_000], 500).unwrap();
    let lengths = |loss| -> BTreeSet<usize> {
        let found = found(&disk, loss);
        found.iter().map(|file| file.matches('2').count()).collect()
    };
    assert_eq!(
        lengths(Loss::Blocks(512)),
        [0, 12, 512, 524, 476, 488, 988, 1_000].into()
    );
    assert_eq!(lengths(Loss::Blocks(4_096)), [0, 1_000].into());
}

#[test]
fn a_torn_write_leaves_a_part_and_harms_nothing_that_it_does_not_change() {
    let disk = disk();
    let file = durable(&disk, b"abcd");
    file.write_all_at(b"bXdYY", 1).unwrap();
    let found = found(&disk, Loss::Torn);
    for state in ["a=abcd", "a=abXd", "a=abXdY", "a=ab_d__", "a=abXdY_"] {
        assert!(found.contains(state), "{state} in {found:?}");
    }
    assert!(found.iter().all(|state| state.starts_with("a=ab")));
}

#[test]
fn a_sync_that_fails_forgets_what_was_written_and_programs_read_it_until_the_crash() {
    let disk = disk();
    let file = durable(&disk, b"1");
    disk.fail(Fault {
        ask: Ask::Sync,
        nth: 1,
        error: io::ErrorKind::Other,
    });
    file.write_all_at(b"2", 1).unwrap();
    file.sync().unwrap_err();
    file.sync().unwrap();
    file.write_all_at(b"3", 2).unwrap();
    file.sync().unwrap();
    let mut read = [0; 3];
    file.read_exact_at(&mut read, 0).unwrap();
    assert_eq!(&read, b"123");
    assert_eq!(found(&disk, Loss::Nothing), set(&["a=123"]));
    for loss in &Loss::ALL[1..] {
        assert_eq!(found(&disk, *loss), set(&["a=1_3"]), "{loss}");
    }
    file.write_all_at(b"12", 0).unwrap();
    file.sync().unwrap();
    assert_eq!(found(&disk, Loss::Everything), set(&["a=123"]));
}

#[test]
fn a_write_that_fails_leaves_half_of_it() {
    let disk = disk();
    let file = durable(&disk, b"");
    disk.fail(Fault {
        ask: Ask::Write,
        nth: 2,
        error: io::ErrorKind::StorageFull,
    });
    file.write_all_at(b"12", 0).unwrap();
    file.write_all_at(b"3456", 2).unwrap_err();
    assert_eq!(found(&disk, Loss::Nothing), set(&["a=1234"]));
    assert_eq!(disk.failed(), Some((Ask::Write, "/d/a".into())));
}
