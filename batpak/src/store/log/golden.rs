//! The bytes that `FORMAT.md` shows are the bytes that this code writes, and reads back.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::body::Body;
use super::segment::directory::{Directory, Founding, Reading};
use super::segment::frame::{self, Seed};
use super::segment::header::SegmentHeader;
use super::segment::reader::Segments;
use super::segment::seal::Sealer;
use super::segment::writer::{Row, SegmentWriter};
use super::segment::{file::segment_name, handles::Handles};
use crate::event::{
    Digest, EventFlags, EventHeader, EventId, EventKind, EventMeta, RawEvent, TagBytes, chain, hash,
};
use crate::store::fs::{DirLock, Disk, RealDisk};
use crate::store::index::{FramePlace, FrameSpan};

const STORE_ID: [u8; 16] = *b"a store's own id";

struct Example {
    header: EventHeader,
    scope: &'static str,
    causes: Vec<u8>,
    metadata: Vec<u8>,
    payload: Vec<u8>,
}

/// The events of the example: three in one batch over two streams of one entity, then one with
/// everything that an event may carry.
fn events() -> [Example; 4] {
    let event = |position: u64, revision: u64, scope, metadata: &[u8], payload: &[u8]| {
        let id =
            EventId::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 + u128::from(position));
        let mut header = EventHeader::new(id, EventKind::custom(0x1, position as u16), 1);
        header.sequence = position;
        header.revision = revision;
        header.time_us = 1_700_000_000_000_000 + position;
        Example {
            header,
            scope,
            causes: Vec::new(),
            metadata: metadata.to_vec(),
            payload: payload.to_vec(),
        }
    };
    let named = b"\x81\xABbatpak:name\xA8Enrolled";
    let first = event(1, 1, "school", named, b"\x81\xA4name\xA3Ada");
    let named = b"\x81\xABbatpak:name\xA8Archived";
    let second = event(2, 1, "archive", named, b"\x80");
    let named = b"\x81\xABbatpak:name\xA5Moved";
    let mut third = event(3, 2, "school", named, b"\x80");
    third.header.flags = EventFlags::COMMIT;
    let named = b"\x82\xABbatpak:name\xA8Examined\xA4user\xA5alice";
    let mut fourth = event(4, 3, "school", named, b"\x81\xA5score\xCD\x01\x00");
    fourth.header.flags = EventFlags::COMMIT;
    fourth.header.correlation = Some(first.header.event_id);
    fourth.causes = [first.header.event_id, third.header.event_id]
        .iter()
        .flat_map(|id| id.to_bytes())
        .collect();
    [first, second, third, fourth]
}

const ENTITY: &str = "student:s7";
const TAGS: &[u8] = b"\xA9course:c1\xAAstudent:s7";

fn row(dir: &Path) -> (Row, Arc<dyn DirLock>) {
    let disk = Handles::new(Arc::new(RealDisk));
    let lock = disk.lock_dir(dir.parent().unwrap()).unwrap().unwrap();
    let row = Row {
        lock: Arc::downgrade(&lock),
        disk,
        dir: dir.to_owned(),
    };
    (row, lock)
}

/// Writes the example into `dir`: a sealed segment of the first batch, and one with the second
/// and a mark.
fn write_example(dir: &Path) {
    let mut header = SegmentHeader {
        chained: true,
        store_id: STORE_ID,
        first: 1,
        previous: Digest::ZERO,
        nonce: *b"nonce, 1",
    };
    let (row, _lock) = row(dir);
    let segments = Segments::default();
    let mut writer = SegmentWriter::create(row.clone(), &header).unwrap();
    segments.push(Arc::clone(writer.segment()));
    let mut heads = HashMap::new();
    let mut scratch = Vec::new();
    let mut frames = Vec::new();
    let mut end = SegmentHeader::BYTES as u64;
    for example in &events() {
        let is_last = example.header.sequence == 4;
        if is_last {
            header.first = 4;
            header.nonce = *b"nonce, 2";
            header.previous = heads["school"];
            writer.begin(&header).unwrap();
            segments.push(Arc::clone(writer.segment()));
            end = SegmentHeader::BYTES as u64;
        }
        let tags = TagBytes {
            count: if is_last { 2 } else { 0 },
            strings: if is_last { TAGS } else { b"" },
        };
        let Example {
            scope,
            causes,
            metadata,
            payload,
            ..
        } = example;
        let mut meta = EventMeta::new(example.header, (ENTITY, scope), causes, tags, metadata);
        let head = heads.entry(*scope).or_insert(Digest::ZERO);
        *head = chain::of_event(&mut scratch, head, &meta, &hash::plain(payload));
        meta.header.digest = Some(*head);
        let body = Body {
            event: RawEvent::new(meta, payload),
            // The second batch knows of the first one's sync.
            durable: if is_last { 3 } else { 0 },
        };
        let offset = end + frames.len() as u64;
        frame::write(&mut frames, &Seed::of(&header), offset, |out| {
            body.write(out);
        });
        if example.header.flags.contains(EventFlags::COMMIT) {
            writer.write(&frames, end).unwrap();
            end += frames.len() as u64;
            frames.clear();
        }
    }
    writer.mark(end, 4).unwrap();
    Sealer::new(row.disk).step(&segments).unwrap();
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A hex dump as it stands in `FORMAT.md`.
fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{:04x}  {}", line * 16, hex.join(" ")).unwrap();
    }
    text
}

fn in_scratch_dir(name: &str, test: impl FnOnce(&Path)) {
    let dir = std::env::temp_dir().join(format!("batpak-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    let segments = dir.join("segments");
    fs::create_dir_all(&segments).unwrap();
    test(&segments);
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn the_segments_of_the_example_are_byte_for_byte_those_of_the_fixture() {
    in_scratch_dir("golden", |dir| {
        write_example(dir);
        for first in [1, 4] {
            let name = segment_name(first);
            let fixture = repository()
                .join("tests/fixtures/store_v1/segments")
                .join(&name);
            assert_eq!(
                dump(&fs::read(dir.join(&name)).unwrap()),
                dump(&fs::read(fixture).unwrap())
            );
        }
    });
}

#[test]
fn format_md_shows_the_bytes_of_the_fixture() {
    let document = fs::read_to_string(repository().join("FORMAT.md")).unwrap();
    for first in [1, 4] {
        let name = segment_name(first);
        let fixture = repository()
            .join("tests/fixtures/store_v1/segments")
            .join(&name);
        let dump = dump(&fs::read(fixture).unwrap());
        assert!(
            document.contains(&dump),
            "FORMAT.md does not show {name}:\n{dump}"
        );
    }
}

#[test]
fn the_example_reads_back_as_it_was_written() {
    in_scratch_dir("read-back", |dir| {
        write_example(dir);
        let mut reading = Collecting::default();
        let directory = Directory::read(row(dir).0).unwrap();
        assert_eq!(
            directory.first_header().unwrap().unwrap().store_id,
            STORE_ID
        );
        let scan = directory.scan(None, &mut reading).unwrap();
        let founding = Founding {
            store_id: [0; 16],
            nonce: [0; 8],
            chained: true,
        };
        let opened = directory.resume(scan, (None, &founding), &reading);
        let opened = opened.unwrap();
        let read = reading.0;
        assert_eq!(opened.header.store_id, STORE_ID);
        assert_eq!((opened.recovery.cut, opened.proven), (None, 4));
        assert_eq!(read.len(), 4);
        for ((header, address, tags, causes, metadata, payload), event) in
            read.iter().zip(&events())
        {
            let mut expected = event.header;
            expected.digest = header.digest;
            assert_eq!(header, &expected);
            assert!(header.digest.is_some());
            assert_eq!(
                (address.0.as_str(), address.1.as_str()),
                (ENTITY, event.scope)
            );
            assert_eq!(
                (causes, metadata, payload),
                (&event.causes, &event.metadata, &event.payload)
            );
            let expected: &[&str] = match header.sequence {
                4 => &["course:c1", "student:s7"],
                _ => &[],
            };
            assert_eq!(tags, expected);
        }
    });
}

/// An event as it was read: its header, address, tags, causes, metadata and payload.
type Read = (
    EventHeader,
    (String, String),
    Vec<String>,
    Vec<u8>,
    Vec<u8>,
    Vec<u8>,
);

/// The events that an opening reads.
#[derive(Default)]
struct Collecting(Vec<Read>);

impl Reading for Collecting {
    fn event(&mut self, event: &RawEvent<'_>, _: FramePlace) -> Result<(), &'static str> {
        let meta = &event.meta;
        self.0.push((
            meta.header,
            (meta.entity.to_owned(), meta.scope.to_owned()),
            meta.tags().map(str::to_owned).collect(),
            meta.causes_bytes().to_vec(),
            meta.metadata_bytes().to_vec(),
            event.payload.to_vec(),
        ));
        Ok(())
    }

    fn place(&self, _: u64) -> Option<FrameSpan> {
        None
    }
}

/// Writes the fixture anew. The format is frozen by it, so this is run only to add a version:
/// `cargo test -p batpak write_the_fixture -- --ignored --nocapture`, which prints what `FORMAT.md` shows.
#[test]
#[ignore = "it overwrites the fixture"]
#[allow(clippy::print_stdout)]
fn write_the_fixture() {
    let dir = repository().join("tests/fixtures/store_v1/segments");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    write_example(&dir);
    for first in [1, 4] {
        println!(
            "{}",
            dump(&fs::read(dir.join(segment_name(first))).unwrap())
        );
    }
}
