use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::chunk::{Ids, MAX_IDS, MAX_POSITIONS, Positions, Problem, write_positions};
use super::part::{Part, PartDir, Summary};
use super::term::{CAUSE, CORRELATION, KIND, NAME, SCOPE, STREAM, TAG, TIME, id_in, id_key, split};
use super::write::PartWriter;
use super::{IndexError, failed};
use crate::store::table::TableCursor;

/// Makes adjacent parts one, a step at a time.
///
/// The entries of all parts pass by in the order of their keys, so the chunks of a term come in the
/// order of their positions. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Merge {
    inputs: Vec<Input>,
    /// The input whose file offsets are taken next, and the position that is.
    next_offset: (usize, u64),
    /// The inputs that have entries left, as a heap by the next of them, the least first.
    heap: Vec<usize>,
    joint: Joint,
}

impl Merge {
    /// Begins to merge parts, at least one, that follow one another.
    pub(crate) fn new(dir: &PartDir, parts: &[Arc<Part>]) -> Result<Self, IndexError> {
        debug_assert!(
            parts
                .windows(2)
                .all(|two| two[0].last() + 1 == two[1].first())
        );
        let summaries = parts.iter().map(|part| *part.summary());
        let Some(summary) = summaries.reduce(joined) else {
            let nothing = io::Error::from(ErrorKind::InvalidInput);
            return Err(failed(&dir.dir, 0)(nothing));
        };
        let terms = parts.iter().map(|part| part.table.terms()).sum();
        let joint = Joint::new(PartWriter::create(dir, summary, parts, terms)?);
        let mut inputs = Vec::with_capacity(parts.len());
        for part in parts {
            let mut input = Input::new(part);
            input.advance()?;
            inputs.push(input);
        }
        let mut merge = Self {
            next_offset: (0, summary.first),
            heap: (0..inputs.len()).collect(),
            inputs,
            joint,
        };
        for at in (0..merge.heap.len()).rev() {
            merge.settle(at);
        }
        Ok(merge)
    }

    /// Goes on for about so many bytes of entries. Returns whether there are no more, so that it is
    /// to be finished.
    pub(crate) fn step(&mut self, budget: usize) -> Result<bool, IndexError> {
        let mut spent = self.take_offsets(budget)?;
        while spent < budget {
            let Some(least) = self.heap.first().copied() else {
                return Ok(true);
            };
            if !self.inputs[least].has_entry() {
                self.heap.swap_remove(0);
            } else if self.inputs[least].is_on_ids() {
                spent += self.take_ids(least, budget - spent)?;
            } else {
                let input = &mut self.inputs[least];
                spent += input.cursor.key().len() + input.cursor.value().len();
                self.joint.take(input)?;
                input.advance()?;
            }
            self.settle(0);
        }
        Ok(false)
    }

    /// Makes the merged part durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<Arc<Part>, IndexError> {
        while !self.step(usize::MAX)? {}
        self.joint.flush()?;
        self.joint.out.finish()
    }

    /// Takes file offsets, all of which come before the first entry. Returns how many bytes they were.
    fn take_offsets(&mut self, budget: usize) -> Result<usize, IndexError> {
        let mut taken = 0;
        let mut page = None;
        while taken < budget
            && let (at, position) = self.next_offset
            && let Some(Input { part, .. }) = self.inputs.get(at)
        {
            let offset = part.locate(position, &mut page)?.offset;
            self.joint.out.add_offset(offset)?;
            taken += size_of::<u32>();
            self.next_offset.1 += 1;
            if position == part.last() {
                self.next_offset.0 += 1;
                page = None;
            }
        }
        Ok(taken)
    }

    /// Takes ids of the input for as long as no other has a lesser one, and about so many bytes of them.
    /// Returns how many bytes they were.
    fn take_ids(&mut self, least: usize, budget: usize) -> Result<usize, IndexError> {
        let others = self.heap[1..]
            .iter()
            .take(2)
            .map(|other| self.inputs[*other].key());
        let limit = others.filter(|key| !key.is_empty()).min().and_then(id_in);
        let input = &mut self.inputs[least];
        let mut taken = 0;
        while taken * ID_BYTES < budget
            && let Some((id, position)) = input.ids.get(input.next_id).copied()
        {
            if limit.is_some_and(|limit| id > limit) {
                break;
            }
            self.joint.take_id(id, position)?;
            taken += 1;
            input.next_id += 1;
            if input.next_id == input.ids.len() {
                input.advance()?;
            }
        }
        input.id_key = input.ids.get(input.next_id).map(|(id, _)| id_key(*id));
        Ok(taken * ID_BYTES)
    }

    /// Puts the input at `at` of the heap, whose next entry may be another one, in its place.
    fn settle(&mut self, mut at: usize) {
        let is_less = |a: usize, b: usize| {
            let (a_input, b_input) = (&self.inputs[a], &self.inputs[b]);
            let (a_key, b_key) = (a_input.key(), b_input.key());
            // An input without entries comes last.
            (a_key.is_empty(), a_key, a) < (b_key.is_empty(), b_key, b)
        };
        loop {
            let mut least = at;
            for below in [2 * at + 1, 2 * at + 2] {
                if let Some(input) = self.heap.get(below)
                    && is_less(*input, self.heap[least])
                {
                    least = below;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}

/// About how many bytes an id takes, for the budget.
const ID_BYTES: usize = 8;

/// The summary of both parts together.
fn joined(before: Summary, behind: Summary) -> Summary {
    Summary {
        first: before.first,
        ids: before.ids.and(behind.ids),
        first_time_us: before.first_time_us,
        ..behind
    }
}

/// A part that is merged, on its next entry.
#[derive(Debug)]
struct Input {
    part: Arc<Part>,
    cursor: TableCursor,
    /// The ids of the chunk that the cursor is on, and which of them is next. Chunks of ids are taken
    /// apart, for those of several parts may lie among one another.
    ids: Vec<(u128, u64)>,
    next_id: usize,
    id_key: Option<[u8; 17]>,
}

impl Input {
    fn new(part: &Arc<Part>) -> Self {
        Self {
            part: Arc::clone(part),
            cursor: part.table.scan(),
            ids: Vec::new(),
            next_id: 0,
            id_key: None,
        }
    }

    /// The key of the next entry, or of the next id; empty if there is none.
    fn key(&self) -> &[u8] {
        match &self.id_key {
            Some(key) => key,
            None => self.cursor.key(),
        }
    }

    fn has_entry(&self) -> bool {
        !self.cursor.key().is_empty()
    }

    fn is_on_ids(&self) -> bool {
        self.id_key.is_some()
    }

    /// For `map_err` on what its entry gives: no writer makes such an entry.
    fn damaged(&self) -> impl Fn(Problem) -> IndexError {
        self.part.damaged(&self.cursor)
    }

    /// Goes to the next entry.
    fn advance(&mut self) -> Result<(), IndexError> {
        self.ids.clear();
        (self.next_id, self.id_key) = (0, None);
        self.cursor.next().map_err(self.part.failed())?;
        if let Some(first) = id_in(self.cursor.key()) {
            let ids = Ids::read(first, self.cursor.value());
            let decoded = ids.and_then(|mut ids| {
                while let Some(next) = ids.next()? {
                    self.ids.push(next);
                }
                Ok(())
            });
            decoded.map_err(self.damaged())?;
            self.id_key = Some(id_key(first));
        }
        Ok(())
    }
}

/// Joins what is small, and writes what cannot be joined any further.
#[derive(Debug)]
struct Joint {
    out: PartWriter,
    held: Held,
    /// The key and the value of the first chunk of positions that is held.
    key: Vec<u8>,
    value: Vec<u8>,
    /// All the positions that are held.
    positions: Vec<u64>,
    /// Of a stream, the revision of the first.
    revision: Option<u64>,
    /// Whether they are of more chunks than one.
    is_joined: bool,
    ids: Vec<(u128, u64)>,
    last_id: Option<u128>,
    /// The key of the name that was written last.
    name: Vec<u8>,
}

/// What is held back, for what comes next may be joined with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    Positions,
    Ids,
}

impl Joint {
    fn new(out: PartWriter) -> Self {
        Self {
            out,
            held: Held::Nothing,
            key: Vec::new(),
            value: Vec::new(),
            positions: Vec::new(),
            revision: None,
            is_joined: false,
            ids: Vec::new(),
            last_id: None,
            name: Vec::new(),
        }
    }

    /// Takes the entry that the input is on.
    fn take(&mut self, input: &Input) -> Result<(), IndexError> {
        match input.cursor.key().first() {
            Some(&(CAUSE | SCOPE | KIND | CORRELATION | STREAM | TAG)) => {
                self.take_positions(input)
            }
            Some(&NAME) => self.take_name(input),
            Some(&TIME) => {
                self.flush()?;
                self.out.add(input.cursor.key(), input.cursor.value())
            }
            _ => Err(input.damaged()("an entry is of no known sort")),
        }
    }

    fn take_positions(&mut self, input: &Input) -> Result<(), IndexError> {
        let (key, value, damaged) = (input.cursor.key(), input.cursor.value(), input.damaged());
        let (prefix, first) = split(key).ok_or("a key is cut off").map_err(&damaged)?;
        let of_stream = prefix.starts_with(&[STREAM]);
        let chunk = Positions::read(first, value, of_stream).map_err(&damaged)?;
        let same_term = self.held == Held::Positions
            && split(&self.key).is_some_and(|(held, _)| held == prefix);
        if same_term && self.positions.last() >= Some(&chunk.first) {
            return Err(damaged("chunks of a term overlap"));
        }
        if same_term && self.positions.len() + chunk.count <= MAX_POSITIONS {
            self.is_joined = true;
            return chunk.decode(&mut self.positions).map_err(&damaged);
        }
        self.flush()?;
        self.positions.clear();
        chunk.decode(&mut self.positions).map_err(&damaged)?;
        self.held = Held::Positions;
        self.is_joined = false;
        self.revision = of_stream.then_some(chunk.revision);
        self.key.clear();
        self.key.extend_from_slice(key);
        self.value.clear();
        self.value.extend_from_slice(value);
        Ok(())
    }

    /// Takes the name of a kind, unless an earlier part told it.
    fn take_name(&mut self, input: &Input) -> Result<(), IndexError> {
        self.flush()?;
        let key = input.cursor.key();
        if self.name == key {
            return Ok(());
        }
        self.name = key.to_vec();
        self.out.add(key, input.cursor.value())
    }

    fn take_id(&mut self, id: u128, position: u64) -> Result<(), IndexError> {
        if self.held != Held::Ids || self.ids.len() == MAX_IDS {
            self.flush()?;
            self.held = Held::Ids;
        }
        if self.last_id != Some(id) {
            self.last_id = Some(id);
            self.ids.push((id, position));
        }
        Ok(())
    }

    /// Writes what is held.
    fn flush(&mut self) -> Result<(), IndexError> {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing => Ok(()),
            Held::Positions => {
                if self.is_joined {
                    self.value.clear();
                    write_positions(&mut self.value, self.revision, &self.positions);
                }
                self.out.add_chunk(&self.key, &self.value)
            }
            Held::Ids => {
                self.out.add_ids(&self.ids, &mut self.value)?;
                self.ids.clear();
                Ok(())
            }
        }
    }
}
