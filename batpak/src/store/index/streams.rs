use std::sync::Arc;

use super::part::Part;
use super::term::{STREAM, split, stream_in};
use super::{IndexError, View};
use crate::coordinate::Coordinate;
use crate::store::table::TableCursor;

/// The streams whose entities begin with a prefix, by entity and scope, each once.
#[derive(Debug)]
pub(crate) struct Streams {
    view: View,
    /// What the keys of the streams' chunks begin with.
    prefix: Vec<u8>,
    /// The parts, each on the next stream that it has; `None` until they are first asked.
    parts: Option<Vec<PartStreams>>,
    /// The streams of the tails, the next one last.
    tails: Vec<Coordinate>,
}

/// A part, on the next stream.
#[derive(Debug)]
struct PartStreams {
    part: Arc<Part>,
    cursor: TableCursor,
    next: Coordinate,
}

/// How many streams of a tail are looked at under its lock.
const AT_ONCE: usize = 256;

impl Streams {
    pub(super) fn new(view: View, prefix: &str) -> Self {
        let key = [&[STREAM], prefix.as_bytes()].concat();
        let mut streams = Self {
            prefix: key,
            parts: None,
            tails: Vec::new(),
            view,
        };
        streams.read_tails(prefix);
        streams
    }

    /// The next stream.
    pub(crate) fn next(&mut self) -> Result<Option<Coordinate>, IndexError> {
        let mut parts = match self.parts.take() {
            Some(parts) => parts,
            None => self.seek_parts()?,
        };
        let in_parts = parts.iter().map(|part| &part.next);
        let least = in_parts.chain(self.tails.last()).min_by_key(|c| names(c));
        let Some(least) = least.cloned() else {
            self.parts = Some(parts);
            return Ok(None);
        };
        if self.tails.last() == Some(&least) {
            self.tails.pop();
        }
        let mut at = 0;
        while let Some(part) = parts.get_mut(at) {
            if part.next == least && !part.advance(&self.prefix, self.view.published())? {
                parts.swap_remove(at);
            } else {
                at += 1;
            }
        }
        self.parts = Some(parts);
        Ok(Some(least))
    }

    fn seek_parts(&self) -> Result<Vec<PartStreams>, IndexError> {
        let mut parts = Vec::new();
        for part in self.view.parts() {
            let mut streams = PartStreams {
                cursor: part.table.cursor(),
                part: Arc::clone(part),
                next: Coordinate::from_log("", ""),
            };
            let found = streams.cursor.seek(&self.prefix).map_err(part.failed())?;
            if streams.read(found, &self.prefix, self.view.published())? {
                parts.push(streams);
            }
        }
        Ok(parts)
    }

    /// Collects the streams of the tails, a few under a lock at a time, for writers wait for it.
    fn read_tails(&mut self, prefix: &str) {
        for tail in self.view.tails() {
            let mut from = 0;
            loop {
                let tail = tail.tail.read();
                let slots = tail.streams_from(from);
                if slots.is_empty() {
                    break;
                }
                let slots = &slots[..slots.len().min(AT_ONCE)];
                from += slots.len();
                for slot in slots {
                    let places = tail.places(slot.list);
                    if slot.coordinate.entity().starts_with(prefix)
                        && tail.count_until(&places[..1], self.view.published()) == 1
                    {
                        self.tails.push(slot.coordinate.clone());
                    }
                }
            }
        }
        self.tails.sort_unstable_by(|a, b| names(b).cmp(&names(a)));
        self.tails.dedup();
    }
}

impl PartStreams {
    /// Goes to the next stream; `false` if there is none.
    fn advance(&mut self, prefix: &[u8], published: u64) -> Result<bool, IndexError> {
        /// How many chunks are passed over before the rest of them is skipped by a seek.
        const STEPS: usize = 4;
        for _ in 0..STEPS {
            let found = self.cursor.next().map_err(self.part.failed())?;
            if !found || stream_in(self.cursor.key()) != Some(names(&self.next)) {
                return self.read(found, prefix, published);
            }
        }
        let found = self.skip()?;
        self.read(found, prefix, published)
    }

    /// Goes behind the stream that the cursor is on.
    fn skip(&mut self) -> Result<bool, IndexError> {
        let prefix = split(self.cursor.key()).map_or(&[][..], |(prefix, _)| prefix);
        let behind = behind(prefix);
        self.cursor.seek(&behind).map_err(self.part.failed())
    }

    /// Takes the stream that the cursor is on if it is one to give, or goes to the next such.
    fn read(&mut self, mut found: bool, prefix: &[u8], published: u64) -> Result<bool, IndexError> {
        while found && self.cursor.key().starts_with(prefix) {
            let key = self.cursor.key();
            let (Some((entity, scope)), Some((_, first))) = (stream_in(key), split(key)) else {
                return Err(self.part.damaged(&self.cursor)(
                    "the key of a stream is none",
                ));
            };
            if first <= published {
                self.next = Coordinate::from_log(entity, scope);
                return Ok(true);
            }
            found = self.skip()?;
        }
        Ok(false)
    }
}

/// A key that is greater than those of a stream's chunks, and not greater than those of the next: they
/// begin with `prefix`, which ends in a zero byte.
fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut key = prefix.to_vec();
    if let Some(end) = key.last_mut() {
        *end = 1;
    }
    key
}

/// What streams are sorted by.
fn names(coordinate: &Coordinate) -> (&str, &str) {
    (coordinate.entity(), coordinate.scope())
}
