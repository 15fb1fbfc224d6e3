//! What a program may do with a store, against a list of its events.
//!
//! After each step the store has the events of the list, in order. After a crash, which may take any bytes from the end of
//! what was written since the last durable answer, it has all that was acknowledged as durable, no more than was
//! submitted, and whole batches only; the list is cut to that, and the program goes on.

use std::path::PathBuf;

use batpak::prelude::*;
use batpak::testing::MemoryDisk;

use super::bytes::Bytes;
use super::files::{KIND, bodies, config, coordinate, is_segment};

/// A store and the list.
struct Program {
    disk: MemoryDisk,
    store: Option<Store>,
    /// The stream and the payload of each event.
    events: Vec<(u8, u64)>,
    /// Where batches end.
    ends: Vec<u64>,
    /// The position up to which all was acknowledged as durable, and where its segment ended then.
    durable: (u64, PathBuf, usize),
    next: u64,
}

/// The bytes choose the steps.
pub fn run(data: &[u8]) {
    let (mut by, mut program) = (Bytes::new(data), Program::new());
    let mut steps = 0;
    while !by.is_empty() && steps < 60 {
        steps += 1;
        match by.byte() % 16 {
            0..8 => program.commit(&mut by),
            8 => program.flush(),
            9 | 10 => program.close(by.byte().is_multiple_of(2)),
            11 => program.forget_index(),
            12..15 => program.crash(&mut by),
            _ => program.check(),
        }
    }
    program.flush();
    program.check();
}

impl Program {
    fn new() -> Self {
        let disk = MemoryDisk::new();
        let store = Store::open(config(&disk)).unwrap();
        let mut program = Self {
            disk,
            store: Some(store),
            events: Vec::new(),
            ends: vec![0],
            durable: (0, PathBuf::new(), 0),
            next: 0,
        };
        program.remember();
        program
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn last(&self) -> u64 {
        self.events.len() as u64
    }

    fn newest(&self) -> (PathBuf, usize) {
        let files = self.disk.files();
        let (path, bytes) = files.iter().rfind(|(path, _)| is_segment(path)).unwrap();
        let end = bodies(bytes).last().map_or(80, |body| body.end);
        (path.clone(), end)
    }

    /// All that there is was acknowledged as durable.
    fn remember(&mut self) {
        let (path, end) = self.newest();
        self.durable = (self.last(), path, end);
    }

    fn commit(&mut self, by: &mut Bytes<'_>) {
        let durability = [
            Durability::Durable,
            Durability::Written,
            Durability::Buffered,
        ][by.below(3)];
        let mut batch = Batch::new().durability(durability);
        let size = 1 + by.below(6);
        for _ in 0..size {
            let stream = by.byte() % 3;
            self.next += 1;
            batch = batch.event(NewEvent::new(
                &coordinate(NAMES[usize::from(stream)]),
                KIND,
                &self.next,
            ));
            self.events.push((stream, self.next));
        }
        // Some are so large that segments end.
        if by.byte().is_multiple_of(8) {
            self.next += 1;
            let large = "x".repeat(3_000);
            batch = batch.event(NewEvent::new(&coordinate("a"), KIND, &(self.next, large)));
            self.events.push((0, self.next));
        }
        let receipts = self.store().commit(batch).unwrap();
        assert_eq!(receipts.last().unwrap().sequence, self.last());
        self.ends.push(self.last());
        if durability == Durability::Durable {
            self.remember();
        }
    }

    fn flush(&mut self) {
        self.store().flush().unwrap();
        self.remember();
    }

    fn close(&mut self, is_flushed: bool) {
        let store = self.store.take().unwrap();
        match is_flushed {
            true => store.close().unwrap(),
            false => drop(store),
        }
        self.open();
        assert_eq!(self.store().recovery().cut, None);
        assert_eq!(self.store().position(), self.last());
    }

    fn forget_index(&mut self) {
        self.store.take().unwrap().close().unwrap();
        let files = self.disk.files().into_iter();
        let log = files.filter(|(path, _)| !path.starts_with("/store/index"));
        self.disk = MemoryDisk::with_files(log);
        self.open();
        assert_eq!(self.store().position(), self.last());
    }

    /// Opening makes durable whatever it finds.
    fn open(&mut self) {
        self.store = Some(Store::open(config(&self.disk)).unwrap());
        self.remember();
    }

    fn crash(&mut self, by: &mut Bytes<'_>) {
        let mut files = self.disk.files();
        let (newest, bytes) = files
            .iter_mut()
            .rfind(|(path, _)| is_segment(path))
            .unwrap();
        // Whatever lies before a segment is durable when that is there.
        let start = if *newest == self.durable.1 {
            self.durable.2
        } else {
            80
        };
        let kept = start + by.below(bytes.len().saturating_sub(start) + 1);
        match by.byte() % 3 {
            0 => bytes.truncate(kept),
            1 => bytes[kept..].fill(0),
            _ => {
                let torn = by.some();
                bytes.truncate(kept);
                bytes.extend_from_slice(torn);
            }
        }
        if by.byte().is_multiple_of(4) {
            files.retain(|path, _| path.file_name().is_none_or(|name| name != "TAIL"));
        }
        self.store = None;
        self.disk = MemoryDisk::with_files(files);
        let durable = self.durable.0;
        self.store = Some(Store::open(config(&self.disk)).unwrap());
        let position = self.store().position();
        assert!(
            durable <= position && position <= self.last(),
            "{durable} <= {position} <= {}",
            self.last()
        );
        assert!(self.ends.contains(&position), "a batch is whole");
        self.events.truncate(position as usize);
        self.ends.retain(|end| *end <= position);
        self.remember();
        self.check();
    }

    /// That what is published is what the list has.
    fn check(&self) {
        let store = self.store();
        let mut revisions = [0; NAMES.len()];
        let position = store.position() as usize;
        let mut count = 0;
        for (event, (stream, number)) in store.query(&Region::all()).zip(&self.events) {
            let event = event.unwrap();
            let stream = usize::from(*stream);
            revisions[stream] += 1;
            count += 1;
            assert_eq!(event.coordinate.entity(), NAMES[stream]);
            assert_eq!(event.header.revision, revisions[stream]);
            let found = event
                .payload::<u64>()
                .or_else(|_| event.payload::<(u64, String)>().map(|it| it.0));
            assert_eq!(found.unwrap(), *number);
        }
        assert!(position <= count && count <= self.events.len());
        assert!(store.verify().unwrap().events >= position as u64);
    }
}

const NAMES: [&str; 3] = ["a", "b", "c"];
