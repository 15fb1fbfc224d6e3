//! Valid files to start from, and checksums that are right for other contents, by the description in FORMAT.md.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use batpak::prelude::*;
use batpak::testing::{Clock, MemoryDisk};

pub type Files = BTreeMap<PathBuf, Vec<u8>>;

pub const KIND: EventKind = EventKind::custom(0xF, 1);

pub fn config(disk: &MemoryDisk) -> StoreConfig {
    disk.config().segment_bytes(4 << 10).cache_bytes(0)
}

pub fn coordinate(entity: &str) -> Coordinate {
    Coordinate::new(entity, "s").unwrap()
}

/// The files of a closed store of three segments and two parts of the index, the same in each run.
pub fn valid() -> &'static Files {
    static VALID: OnceLock<Files> = OnceLock::new();
    VALID.get_or_init(|| {
        let (disk, clock) = (MemoryDisk::new(), Clock::at_us(1_700_000_000_000_000));
        for opening in 0..2 {
            let store = Store::open(config(&disk).scripted(&clock, opening)).unwrap();
            let first = store.append(&coordinate("a"), KIND, &1).unwrap().event_id;
            for n in 0..12_u64 {
                let rich = NewEvent::new(&coordinate("a"), KIND, &n)
                    .tag(Tag::new("n", n).unwrap())
                    .cause(first)
                    .correlation(first)
                    .metadata("why", "a test");
                let plain = NewEvent::new(&coordinate("b"), KIND, &"plain".repeat(n as usize));
                store.commit(Batch::new().event(rich).event(plain)).unwrap();
            }
            store.close().unwrap();
        }
        disk.files()
    })
}

pub fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

pub fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "idx")
}

/// The length of a segment's header, and of what stands before a frame's body.
pub const HEADER: usize = 80;
pub const PREFIX: usize = 12;

/// The bodies of the frames of a segment, up to the first length that cannot be.
pub fn bodies(segment: &[u8]) -> Vec<Range<usize>> {
    let (mut bodies, mut at) = (Vec::new(), HEADER);
    while let Some(len) = segment.get(at..).and_then(<[u8]>::first_chunk) {
        let body = at + PREFIX..(at + PREFIX).saturating_add(u32::from_le_bytes(*len) as usize);
        if body.is_empty() || body.end > segment.len() {
            break;
        }
        at = body.end;
        bodies.push(body);
    }
    bodies
}

/// Makes the checksums right of the header, if that is there, and of the frames for which `is_chosen` holds.
pub fn repair_segment(segment: &mut [u8], mut is_chosen: impl FnMut() -> bool) {
    if segment.len() < HEADER {
        return;
    }
    let crc = crc32fast::hash(&segment[..76]).to_le_bytes();
    segment[76..HEADER].copy_from_slice(&crc);
    for body in bodies(segment) {
        if is_chosen() {
            repair_frame(segment, body);
        }
    }
}

fn repair_frame(segment: &mut [u8], body: Range<usize>) {
    let at = body.start - PREFIX;
    let mut seed = crc32fast::Hasher::new();
    for part in [&segment[12..28], &segment[28..36], &segment[68..76]] {
        seed.update(part);
    }
    seed.update(&(at as u64).to_le_bytes());
    let seed = seed.finalize();
    let seeded = |bytes: &[u8]| {
        let mut crc = crc32fast::Hasher::new_with_initial(seed);
        crc.update(bytes);
        crc.finalize().to_le_bytes()
    };
    let of_len = seeded(&segment[at..at + 4]);
    let of_body = seeded(&segment[body.clone()]);
    segment[at + 4..at + 8].copy_from_slice(&of_len);
    segment[at + 8..body.start].copy_from_slice(&of_body);
}

/// A segment with this header and these bodies.
pub fn segment<'b>(header: &[u8], bodies: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
    let mut segment = header[..HEADER].to_vec();
    for body in bodies {
        segment.extend_from_slice(&(body.len() as u32).to_le_bytes());
        segment.extend_from_slice(&[0; 8]);
        segment.extend_from_slice(body);
    }
    repair_segment(&mut segment, || true);
    segment
}

/// The seed of the checksum of what lies at an offset of a table.
fn seed_in(table: &[u8], offset: usize) -> u32 {
    let mut seed = table[12..20].to_vec();
    seed.extend_from_slice(&(offset as u64).to_le_bytes());
    crc32fast::hash(&seed)
}

/// The pieces of a valid table, each of which ends in its checksum.
pub fn pieces(table: &[u8]) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), 24);
    while start < table.len() {
        let mut crc = crc32fast::Hasher::new_with_initial(seed_in(table, start));
        let mut end = start;
        while table[end..end + 4] != crc.clone().finalize().to_le_bytes() {
            crc.update(&table[end..=end]);
            end += 1;
        }
        pieces.push(start..end + 4);
        start = end + 4;
    }
    pieces
}

/// Makes the checksum of a piece right.
pub fn repair_piece(table: &mut [u8], piece: Range<usize>) {
    let covered = piece.start..piece.end - 4;
    let mut crc = crc32fast::Hasher::new_with_initial(seed_in(table, piece.start));
    crc.update(&table[covered.clone()]);
    table[covered.end..piece.end].copy_from_slice(&crc.finalize().to_le_bytes());
}
