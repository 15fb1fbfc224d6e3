//! The floor: what any log of such events must do, and nothing else. One thread.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use anyhow::{Context, Result, ensure};

use crate::event::{Item, Payload, decode, encode};
use crate::subject::{Durability, Engine, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

/// Length, checksum, digest, id, entity, scope, kind, number, and what fills up to 80.
pub(super) const HEADER_BYTES: usize = 80;
/// How much is gathered before it is written.
const BUFFER_BYTES: usize = 1 << 20;
/// How much of a stream's events that lie together is read at once, at most.
const WINDOW_BYTES: u64 = 256 << 10;

/// Appends are gathered; durable ones are written and synced at once.
pub(super) const BUFFERED: Raw = Raw { each: false };
/// Each append is written at once.
pub(super) const WRITTEN: Raw = Raw { each: true };

/// The bare log.
pub(crate) struct Raw {
    each: bool,
}

impl Subject for Raw {
    fn name(&self) -> &'static str {
        if self.each { "raw-w" } else { "raw" }
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::AppendWritten1 => (!self.each).then_some("that is `raw-w`"),
            _ if self.each => Some("only for `append-written-1t`"),
            Workload::Subscribers8 => Some("nobody can follow it"),
            Workload::AppendDurable8 | Workload::AppendDurable32 | Workload::AppendDurable64 => {
                Some("has one thread; several are `raw+group`")
            }
            _ => None,
        }
    }

    fn writers(&self, _asked: usize) -> usize {
        1
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let log = Log::open(directory, settings.entities)?;
        let durability = settings.durability;
        Ok(Box::new(Open {
            log: Mutex::new(log),
            durability,
        }))
    }
}

struct Open {
    log: Mutex<Log>,
    durability: Durability,
}

/// The lock of what no panic leaves half done, for after a panic the run is over.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    mutex.lock().ok().context("another thread panicked")
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        Ok(Box::new(Appender {
            log: lock(&self.log)?,
            durability: self.durability,
            payload: Vec::new(),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(LogReader {
            log: lock(&self.log)?,
            frame: Vec::new(),
        }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        lock(&self.log)?.sync()
    }
}

struct Appender<'a> {
    log: MutexGuard<'a, Log>,
    durability: Durability,
    payload: Vec<u8>,
}

impl Appender<'_> {
    fn stage(&mut self, item: Item) -> Result<()> {
        let payload = encode(item.payload(), &mut self.payload)?;
        self.log.append(item, payload)
    }

    fn finish(&mut self) -> Result<()> {
        match self.durability {
            Durability::Buffered => Ok(()),
            Durability::Written => self.log.write_out(),
            Durability::Durable => self.log.sync(),
        }
    }
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        self.stage(item)?;
        self.finish()
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        for item in items {
            self.stage(*item)?;
        }
        self.finish()
    }

    /// Without any sync: what submitted appends are measured by.
    fn submit(&mut self, item: Item) -> Result<()> {
        self.stage(item)
    }

    fn settle(&mut self) -> Result<()> {
        self.log.write_out()
    }
}

/// The file, and what is known of it in memory.
pub(super) struct Log {
    file: File,
    buffer: Vec<u8>,
    written: u64,
    digest: [u8; 32],
    /// Where each event begins.
    offsets: Vec<u64>,
    /// The positions of each entity's events.
    streams: Vec<Vec<u64>>,
    /// The position of each id.
    ids: HashMap<u128, u64>,
}

impl Log {
    /// Opens or makes the file, and reads all of it.
    pub(super) fn open(directory: &Path, entities: usize) -> Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let file = file.open(directory.join("log"))?;
        let mut log = Self {
            file,
            buffer: Vec::with_capacity(BUFFER_BYTES + (64 << 10)),
            written: 0,
            digest: [0; 32],
            offsets: Vec::new(),
            streams: vec![Vec::new(); entities],
            ids: HashMap::new(),
        };
        let file = log.file.try_clone()?;
        frames(&file, |frame| log.learn(frame))?;
        Ok(log)
    }

    /// Takes a frame that was read into the index.
    fn learn(&mut self, frame: &[u8]) -> Result<()> {
        let header = Header::read(frame)?;
        self.index(header.id, header.entity as usize);
        self.written += frame.len() as u64;
        self.digest = header.digest;
        Ok(())
    }

    fn index(&mut self, id: u128, entity: usize) {
        self.offsets.push(self.written + self.buffer.len() as u64);
        let position = self.offsets.len() as u64;
        self.streams[entity].push(position);
        self.ids.insert(id, position);
    }

    /// Adds an event to the buffer, and writes that if it is full.
    pub(super) fn append(&mut self, item: Item, payload: &[u8]) -> Result<()> {
        self.index(item.id(), item.entity);
        let frame = self.buffer.len();
        let mut header = Header::of(item, payload).bytes();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.digest);
        hasher.update(&header[40..]);
        hasher.update(payload);
        self.digest = hasher.finalize().into();
        header[8..40].copy_from_slice(&self.digest);
        self.buffer.extend_from_slice(&header);
        self.buffer.extend_from_slice(payload);
        let checksum = crc32fast::hash(&self.buffer[frame + 8..]);
        self.buffer[frame + 4..frame + 8].copy_from_slice(&checksum.to_le_bytes());
        if self.buffer.len() >= BUFFER_BYTES {
            self.write_out()?;
        }
        Ok(())
    }

    /// From where to where the frame of the event at a position lies.
    fn span(&self, position: u64) -> Result<(u64, u64)> {
        let at = (position as usize).checked_sub(1).context("no position")?;
        let start = *self.offsets.get(at).context("no such position")?;
        let end = self.offsets.get(at + 1).copied().unwrap_or(self.written);
        Ok((start, end))
    }

    /// Writes what is in the buffer with one call.
    pub(super) fn write_out(&mut self) -> Result<()> {
        self.file.write_all_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The same, and waits for the medium.
    pub(super) fn sync(&mut self) -> Result<()> {
        self.write_out()?;
        self.file.sync_data()?;
        Ok(())
    }
}

/// Calls back with every whole frame of the file; what follows the last is what a crash cut off.
fn frames(file: &File, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut left = file.metadata()?.len();
    let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut frame = Vec::new();
    while left >= HEADER_BYTES as u64 {
        frame.resize(HEADER_BYTES, 0);
        input.read_exact(&mut frame)?;
        let length = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        if length < HEADER_BYTES || length as u64 > left {
            break;
        }
        frame.resize(length, 0);
        input.read_exact(&mut frame[HEADER_BYTES..])?;
        if Header::read(&frame).is_err() {
            break;
        }
        each(&frame)?;
        left -= length as u64;
    }
    Ok(())
}

struct Header {
    length: u32,
    digest: [u8; 32],
    id: u128,
    entity: u32,
    scope: u16,
    kind: u16,
    number: u64,
}

impl Header {
    fn of(item: Item, payload: &[u8]) -> Self {
        Self {
            length: (HEADER_BYTES + payload.len()) as u32,
            digest: [0; 32],
            id: item.id(),
            entity: item.entity as u32,
            scope: item.scope() as u16,
            kind: item.kind() as u16,
            number: item.number,
        }
    }

    /// Its bytes without checksum and digest.
    fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut out = &mut bytes[..];
        let fields: [&[u8]; 8] = [
            &self.length.to_le_bytes(),
            &[0; 4],
            &self.digest,
            &self.id.to_le_bytes(),
            &self.entity.to_le_bytes(),
            &self.scope.to_le_bytes(),
            &self.kind.to_le_bytes(),
            &self.number.to_le_bytes(),
        ];
        for field in fields {
            let (head, rest) = out.split_at_mut(field.len());
            head.copy_from_slice(field);
            out = rest;
        }
        bytes
    }

    /// Reads what the index needs of a frame, and checks its checksum.
    fn read(frame: &[u8]) -> Result<Self> {
        let part = |from: usize| frame.get(from..).context("the frame is cut off");
        let u32_at = |from| Ok::<_, anyhow::Error>(u32::from_le_bytes(*first(part(from)?)?));
        let checksum = crc32fast::hash(part(8)?);
        ensure!(u32_at(4)? == checksum, "the checksum is wrong");
        Ok(Self {
            length: u32_at(0)?,
            digest: *first(part(8)?)?,
            id: u128::from_le_bytes(*first(part(40)?)?),
            entity: u32_at(56)?,
            scope: u16::from_le_bytes(*first(part(60)?)?),
            kind: u16::from_le_bytes(*first(part(62)?)?),
            number: u64::from_le_bytes(*first(part(64)?)?),
        })
    }
}

fn first<const N: usize>(bytes: &[u8]) -> Result<&[u8; N]> {
    bytes.first_chunk().context("the frame is cut off")
}

/// Reads of a log that nothing is appended to.
pub(super) struct LogReader<'a> {
    pub(super) log: MutexGuard<'a, Log>,
    pub(super) frame: Vec<u8>,
}

impl LogReader<'_> {
    fn read(&mut self, position: u64) -> Result<Payload> {
        let (start, end) = self.log.span(position)?;
        self.load(start, end)?;
        Header::read(&self.frame)?;
        decode(&self.frame[HEADER_BYTES..])
    }

    fn load(&mut self, start: u64, end: u64) -> Result<()> {
        self.frame.resize((end - start) as usize, 0);
        Ok(self.log.file.read_exact_at(&mut self.frame, start)?)
    }

    /// The last of the positions behind `position` whose events lie together with it and are of the same
    /// stream, which are those that `behind` begins with, and where its frame ends.
    fn together(&self, position: u64, behind: &[u64]) -> Result<(u64, u64)> {
        let (start, mut end) = self.log.span(position)?;
        let mut last = position;
        for &next in behind {
            let next_end = self.log.span(next)?.1;
            if next != last + 1 || next_end - start > WINDOW_BYTES {
                break;
            }
            (last, end) = (next, next_end);
        }
        Ok((last, end))
    }
}

impl Reader for LogReader<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        self.read(position)
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        self.read(position)?;
        Ok(Header::read(&self.frame)?.id)
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        let position = self.log.ids.get(&id).copied();
        self.read(position.context("no such id")?)
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let mut next = self.log.streams[entity].partition_point(|&position| position <= last);
        while let Some((&position, behind)) = self.log.streams[entity][next..].split_first() {
            let start = self.log.span(position)?.0;
            let end;
            (last, end) = self.together(position, behind)?;
            next += (last - position) as usize + 1;
            self.load(start, end)?;
            let mut frames = &self.frame[..];
            while !frames.is_empty() {
                let length = u32::from_le_bytes(*first(frames)?) as usize;
                let frame = frames.get(..length).context("the frame is cut off")?;
                Header::read(frame)?;
                each(decode(&frame[HEADER_BYTES..])?);
                frames = &frames[length..];
            }
        }
        Ok(last)
    }

    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        let mut file = self.log.file.try_clone()?;
        file.rewind()?;
        frames(&file, |frame| {
            each(decode(&frame[HEADER_BYTES..])?);
            Ok(())
        })
    }
}
