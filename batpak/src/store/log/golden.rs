//! The bytes that `FORMAT.md` shows are the bytes that this code writes, and reads back.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::body::Body;
use super::segment::directory::Opening;
use super::segment::header::SegmentHeader;
use super::segment::writer::{SegmentWriter, segment_name};
use crate::event::{
    Digest, EventFlags, EventHeader, EventId, EventKind, EventMeta, RawEvent, TagBytes, chain, hash,
};
use crate::store::fs::{Disk, RealDisk};

const STORE_ID: [u8; 16] = *b"a store's own id";

struct Example {
    header: EventHeader,
    causes: Vec<u8>,
    metadata: Vec<u8>,
    payload: Vec<u8>,
}

/// The events of the example: two in one batch, then one with everything that an event may carry.
fn events() -> Vec<Example> {
    let header = |position: u64, revision: u64, last: bool| {
        let id =
            EventId::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 + u128::from(position));
        let mut header = EventHeader::new(id, EventKind::custom(0x1, position as u16), 1);
        header.sequence = position;
        header.revision = revision;
        header.time_us = 1_700_000_000_000_000 + position;
        if last {
            header.flags = EventFlags::COMMIT;
        }
        header
    };
    let first = header(1, 1, false);
    let mut third = header(3, 3, true);
    third.correlation = Some(first.event_id);
    vec![
        Example {
            header: first,
            causes: Vec::new(),
            metadata: Vec::new(),
            payload: b"\x81\xA4name\xA3Ada".to_vec(),
        },
        Example {
            header: header(2, 2, true),
            causes: Vec::new(),
            metadata: Vec::new(),
            payload: b"\x80".to_vec(),
        },
        Example {
            header: third,
            causes: first.event_id.to_bytes().to_vec(),
            metadata: b"\x81\xA4user\xA5alice".to_vec(),
            payload: b"\x81\xA5score\xCD\x01\x00".to_vec(),
        },
    ]
}

const TAGS: &[u8] = b"\xA9course:c1\xAAstudent:s7";

/// Writes the example into `dir`: a sealed segment of the first batch, and one with the second.
fn write_example(dir: &Path) {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let header = SegmentHeader {
        chained: true,
        store_id: STORE_ID,
        first: 1,
        previous: Digest::ZERO,
    };
    let mut writer = SegmentWriter::create(disk, dir, 4 << 10, header).unwrap();
    let mut previous = Digest::ZERO;
    let mut scratch = Vec::new();
    for Example {
        header,
        causes,
        metadata,
        payload,
    } in events()
    {
        let tags = match header.sequence {
            3 => TagBytes {
                count: 2,
                strings: TAGS,
            },
            _ => TagBytes::default(),
        };
        let mut meta = EventMeta::new(header, ("student:s7", "school"), &causes, tags, &metadata);
        previous = chain::of_event(&mut scratch, &previous, &meta, &hash::plain(&payload));
        meta.header.digest = Some(previous);
        // The segment is full before the second batch, and that batch knows of the first one's sync.
        if header.sequence == 3 {
            assert!(writer.reserve(4 << 10).unwrap());
        }
        let durable = if header.sequence == 3 { 2 } else { 0 };
        let event = RawEvent::new(meta, &payload);
        writer.stage(&Body { event, durable });
        if header.flags.contains(EventFlags::COMMIT) {
            writer.write().unwrap();
            writer.sync().unwrap();
        }
    }
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
    fs::create_dir_all(&dir).unwrap();
    test(&dir);
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn the_segments_of_the_example_are_byte_for_byte_those_of_the_fixture() {
    in_scratch_dir("golden", |dir| {
        write_example(dir);
        for first in [1, 3] {
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
    for first in [1, 3] {
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
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let mut read = Vec::new();
        let opened = Opening {
            disk: &disk,
            dir,
            segment_bytes: 4 << 10,
            new_id: [0; 16],
            can_chain: true,
        }
        .run(|event| {
            let tags: Vec<_> = event.meta.tags().map(str::to_owned).collect();
            let causes: Vec<_> = event.meta.causes().collect();
            let meta = &event.meta;
            assert_eq!((meta.entity, meta.scope), ("student:s7", "school"));
            read.push((
                meta.header,
                tags,
                causes,
                meta.metadata_bytes().to_vec(),
                event.payload.to_vec(),
            ));
            Ok(())
        })
        .unwrap();
        assert_eq!(opened.store_id, STORE_ID);
        assert_eq!(opened.recovery.cut, None);
        let written = events();
        assert_eq!(read.len(), written.len());
        for ((header, tags, causes, metadata, payload), event) in read.iter().zip(&written) {
            let mut expected = event.header;
            expected.digest = header.digest;
            assert_eq!(header, &expected);
            assert!(header.digest.is_some());
            assert_eq!((metadata, payload), (&event.metadata, &event.payload));
            if header.sequence == 3 {
                assert_eq!(tags, &["course:c1", "student:s7"]);
                assert_eq!(causes, &[written[0].header.event_id]);
            } else {
                assert!(tags.is_empty() && causes.is_empty());
            }
        }
    });
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
    for first in [1, 3] {
        println!(
            "{}",
            dump(&fs::read(dir.join(segment_name(first))).unwrap())
        );
    }
}
