//! How parts are written: from a tail here, from other parts by a merge.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use super::chunk::{MAX_IDS, MAX_POSITIONS, write_ids, write_positions};
use super::part::{IdRange, Part, PartDir, Summary, part_name};
use super::tail::StreamSlot;
use super::term::{Term, TermKey, filter_hash, id_filter_hash, id_key, name_key, split, time_key};
use super::{IndexError, Tail, failed};
use crate::event::EventId;
use crate::store::table::{TableError, TableWriter, term_hash};

/// A part that is being written, under a name that no part has. Dropped before it is finished, it
/// leaves nothing.
#[derive(Debug)]
pub(super) struct PartWriter {
    dir: PartDir,
    summary: Summary,
    path: PathBuf,
    /// `None` when it is finished.
    table: Option<TableWriter>,
    /// Whether the file has its part's name, and not that of `path`.
    is_named: bool,
    /// What the keys begin with of the term that chunks were added for last.
    prefix: Vec<u8>,
}

impl PartWriter {
    /// Begins the part with this summary, which will have at most about `terms` terms in its filter.
    ///
    /// What tells its table from all others is made of the summary and of the parts that it is merged
    /// from, so a part that is made anew of the same is the same to the byte.
    pub(super) fn create(
        dir: &PartDir,
        summary: Summary,
        merged: &[Arc<Part>],
        terms: u64,
    ) -> Result<Self, IndexError> {
        let mut made_of = summary.to_bytes();
        for part in merged {
            made_of.extend_from_slice(&part.table.identity().to_le_bytes());
        }
        let identity = term_hash(&made_of);
        let name = part_name(summary.first, summary.last) + ".tmp";
        let path = dir.dir.join(name);
        // One may be left from a process that ended while it wrote.
        let _ = dir.disk.remove(&path);
        let file = dir.disk.create(&path).or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
            // There is no index yet, or it was removed.
            dir.disk.create_dir(&dir.dir)?;
            dir.disk.create(&path)
        });
        let file = file.map_err(failed(&path, summary.first))?;
        Ok(Self {
            dir: dir.clone(),
            summary,
            path,
            table: Some(TableWriter::new(file, identity, terms)),
            is_named: false,
            prefix: Vec::new(),
        })
    }

    /// Adds the file offset of the next event's frame. All come before the first entry.
    pub(super) fn add_offset(&mut self, offset: u32) -> Result<(), IndexError> {
        match &mut self.table {
            Some(table) => table
                .add_word(offset)
                .map_err(failed(&self.path, self.summary.first)),
            None => Ok(()),
        }
    }

    /// Adds an entry, whose key is greater than that of the one before.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        match &mut self.table {
            Some(table) => table
                .add(key, value)
                .map_err(failed(&self.path, self.summary.first)),
            None => Ok(()),
        }
    }

    /// As [`Self::add`], of a chunk of positions.
    pub(super) fn add_chunk(&mut self, key: &[u8], value: &[u8]) -> Result<(), IndexError> {
        let (prefix, _) = split(key).unwrap_or_default();
        if self.prefix != prefix {
            self.prefix.clear();
            self.prefix.extend_from_slice(prefix);
            if let (Some(table), Some(hash)) = (&mut self.table, filter_hash(prefix)) {
                table.add_to_filter(hash);
            }
        }
        self.add(key, value)
    }

    /// As [`Self::add`], of a chunk of these ids, rising, with their positions. `value` is a buffer.
    pub(super) fn add_ids(
        &mut self,
        ids: &[(u128, u64)],
        value: &mut Vec<u8>,
    ) -> Result<(), IndexError> {
        if let Some(table) = &mut self.table {
            let hashes = ids.iter().filter_map(|(id, _)| id_filter_hash(*id));
            hashes.for_each(|hash| table.add_to_filter(hash));
        }
        value.clear();
        write_ids(value, ids);
        let first = ids.first().map_or(0, |(id, _)| *id);
        self.add(&id_key(first), value)
    }

    /// Makes the part durable and gives it its name.
    pub(super) fn finish(mut self) -> Result<Arc<Part>, IndexError> {
        let (first, last) = (self.summary.first, self.summary.last);
        let PartDir { disk, dir, .. } = &self.dir;
        let named = dir.join(part_name(first, last));
        let finished = match self.table.take() {
            Some(table) => table.finish(&self.summary.to_bytes()).map(|_| ()),
            None => Ok(()),
        };
        finished
            .and_then(|()| disk.rename(&self.path, &named))
            .map_err(failed(&self.path, first))?;
        self.is_named = true;
        disk.sync_dir(dir).map_err(failed(dir, first))?;
        Part::open(&self.dir, first, last)
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        if !self.is_named {
            // Opening removes it if this does not.
            let _ = self.dir.disk.remove(&self.path);
        }
    }
}

/// Writes the events of a tail as a part.
pub(super) fn write_tail(dir: &PartDir, tail: &Tail) -> Result<Arc<Part>, IndexError> {
    let ids = tail.ids.sorted();
    let (Some(log_end), Some(last_id)) = (tail.log_end(), tail.last_id()) else {
        let nothing = TableError::Io(std::io::ErrorKind::InvalidInput.into());
        return Err(failed(&dir.dir, tail.first())(nothing));
    };
    let summary = Summary {
        store_id: dir.store_id,
        first: tail.first(),
        last: tail.last(),
        log_end,
        last_id,
        ids: IdRange::of(ids.iter().map(|(id, _)| *id)),
        first_time_us: tail.first_time_us(),
        last_time_us: tail.last_time_us(),
    };
    let streams = tail.streams_from(0);
    let in_filter = ids.iter().filter(|(id, _)| id_filter_hash(*id).is_some());
    let links = tail.tags.len() + tail.causes.len() + tail.correlations.len();
    let terms = streams.len() + links + in_filter.count();
    let mut freezer = Freezer {
        tail,
        part: PartWriter::create(dir, summary, &[], terms as u64)?,
        positions: Vec::new(),
        value: Vec::new(),
    };
    freezer.write(&ids)?;
    freezer.part.finish()
}

/// Writes what a tail has into a part, in the order of the keys.
struct Freezer<'t> {
    tail: &'t Tail,
    part: PartWriter,
    positions: Vec<u64>,
    value: Vec<u8>,
}

impl Freezer<'_> {
    fn write(&mut self, ids: &[(u128, u32)]) -> Result<(), IndexError> {
        let tail = self.tail;
        for offset in tail.offsets() {
            self.part.add_offset(*offset)?;
        }
        let by_id = |lists: &super::tail::Lists<u128>| {
            let mut lists: Vec<_> = lists.iter().map(|(id, list)| (*id, *list)).collect();
            lists.sort_unstable();
            lists
        };
        for (id, list) in by_id(&tail.causes) {
            self.list(&Term::Cause(EventId::from_u128(id)), list)?;
        }
        let mut scopes: Vec<_> = tail.scopes.iter().collect();
        scopes.sort_unstable();
        for (scope, list) in scopes {
            self.list(&Term::Scope(scope), *list)?;
        }
        self.ids(ids)?;
        let mut kinds: Vec<_> = tail.kinds.iter().collect();
        kinds.sort_unstable();
        for (kind, list) in kinds {
            self.list(&Term::Kind(*kind), *list)?;
        }
        let mut names: Vec<_> = tail.names.iter().collect();
        names.sort_unstable();
        for (kind, name) in names {
            self.part.add(&name_key(*kind), name.as_bytes())?;
        }
        for (id, list) in by_id(&tail.correlations) {
            self.list(&Term::Correlation(EventId::from_u128(id)), list)?;
        }
        self.streams()?;
        let mut tags: Vec<_> = tail.tags.iter().collect();
        tags.sort_unstable();
        for (tag, list) in tags {
            self.list(&Term::Tag(tag), *list)?;
        }
        for (time_us, position) in tail.times() {
            self.part.add(&time_key(time_us, position), &[])?;
        }
        Ok(())
    }

    fn streams(&mut self) -> Result<(), IndexError> {
        let mut slots: Vec<&StreamSlot> = self.tail.streams_from(0).iter().collect();
        slots.sort_unstable_by_key(|slot| (slot.coordinate.entity(), slot.coordinate.scope()));
        for slot in slots {
            let stream = Term::Stream {
                entity: slot.coordinate.entity(),
                scope: slot.coordinate.scope(),
            };
            let events = self.tail.places(slot.list).len() as u64;
            let revision = slot.head.revision - events + 1;
            self.chunks(&stream, slot.list, Some(revision))?;
        }
        Ok(())
    }

    fn list(&mut self, term: &Term<'_>, list: u32) -> Result<(), IndexError> {
        self.chunks(term, list, None)
    }

    fn chunks(
        &mut self,
        term: &Term<'_>,
        list: u32,
        mut revision: Option<u64>,
    ) -> Result<(), IndexError> {
        let mut key = TermKey::of(term);
        for places in self.tail.places(list).chunks(MAX_POSITIONS) {
            let position = |place: &u32| self.tail.first() + u64::from(*place);
            self.positions.clear();
            self.positions.extend(places.iter().map(position));
            self.value.clear();
            write_positions(&mut self.value, revision, &self.positions);
            self.part
                .add_chunk(key.at(self.positions[0]), &self.value)?;
            revision = revision.map(|revision| revision + places.len() as u64);
        }
        Ok(())
    }

    fn ids(&mut self, ids: &[(u128, u32)]) -> Result<(), IndexError> {
        let position = |place: u32| self.tail.first() + u64::from(place);
        for chunk in ids.chunks(MAX_IDS) {
            let chunk: Vec<_> = chunk.iter().map(|(id, at)| (*id, position(*at))).collect();
            self.part.add_ids(&chunk, &mut self.value)?;
        }
        Ok(())
    }
}
