use std::sync::Arc;

use super::block::{Block, DATA, Entry};
use super::reader::{Ahead, Place};
use super::{Table, TableError};

/// A place in a table: on an entry, before the first or behind the last.
///
/// What moves it returns whether it is on an entry then. After an error it is before the first one.
#[derive(Debug)]
pub(crate) struct TableCursor {
    table: Arc<Table>,
    /// The way from the root to the block of the entry.
    way: Vec<Step>,
    stand: Stand,
    /// The key of the entry.
    key: Vec<u8>,
    /// What was read ahead, of a cursor that does not ask the cache for blocks of entries.
    ahead: Option<Ahead>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Before,
    On,
    Behind,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Forward,
    Backward,
}

impl TableCursor {
    pub(super) fn new(table: Arc<Table>, ahead: Option<Ahead>) -> Self {
        let mut way = Vec::with_capacity(usize::from(table.levels()) + 1);
        way.push(Step {
            offset: table.root_place().offset,
            level: table.levels(),
            block: Arc::clone(table.root()),
            entry: Entry::default(),
        });
        Self {
            table,
            way,
            stand: Stand::Before,
            key: Vec::new(),
            ahead,
        }
    }

    /// Goes to the first entry with this key or a greater one; behind the last if there is none.
    pub(crate) fn seek(&mut self, key: &[u8]) -> Result<bool, TableError> {
        self.stand = Stand::Before;
        if self.find(key)? == Some(true) {
            self.stand = Stand::On;
            return Ok(true);
        }
        self.step(Direction::Forward)
    }

    /// Goes to the last entry with this key or a smaller one; before the first if there is none.
    pub(crate) fn seek_back(&mut self, key: &[u8]) -> Result<bool, TableError> {
        self.stand = Stand::Before;
        if self.find(key)?.is_some() {
            self.stand = Stand::On;
            return Ok(true);
        }
        self.step(Direction::Backward)
    }

    /// Goes to the next entry; from before the first to the first.
    pub(crate) fn next(&mut self) -> Result<bool, TableError> {
        match std::mem::replace(&mut self.stand, Stand::Before) {
            Stand::Before => self.enter(Direction::Forward),
            Stand::On => self.step(Direction::Forward),
            Stand::Behind => {
                self.stand = Stand::Behind;
                Ok(false)
            }
        }
    }

    /// Goes to the entry before; from behind the last to the last.
    pub(crate) fn prev(&mut self) -> Result<bool, TableError> {
        match std::mem::replace(&mut self.stand, Stand::Before) {
            Stand::Before => Ok(false),
            Stand::On => self.step(Direction::Backward),
            Stand::Behind => self.enter(Direction::Backward),
        }
    }

    /// The key of the entry; empty if the cursor is on none.
    pub(crate) fn key(&self) -> &[u8] {
        match self.stand {
            Stand::On => &self.key,
            _ => &[],
        }
    }

    /// The value of the entry; empty if the cursor is on none.
    pub(crate) fn value(&self) -> &[u8] {
        match (self.stand, self.way.last()) {
            (Stand::On, Some(step)) => &step.block[step.entry.value()],
            _ => &[],
        }
    }

    /// Where in the file the block begins that the entry is in.
    pub(crate) fn offset(&self) -> u64 {
        self.way.last().map_or(0, |step| step.offset)
    }

    /// Finds the way to the last entry with this key or a smaller one that is in the block where the key
    /// would be, and whether it is equal. If there is none, the way ends before the first of the block.
    fn find(&mut self, key: &[u8]) -> Result<Option<bool>, TableError> {
        for depth in 0.. {
            let step = &mut self.way[depth];
            let found = step.find(key, &mut self.key)?;
            if step.level == DATA || found.is_none() {
                return Ok(found);
            }
            let place = step.child()?;
            self.load(depth + 1, place)?;
        }
        Ok(None)
    }

    /// Goes to the first or the last entry of the table.
    fn enter(&mut self, direction: Direction) -> Result<bool, TableError> {
        let is_on = self.way[0].enter(direction, &mut self.key)?;
        if is_on {
            self.descend(0, direction)?;
        }
        Ok(self.stop(is_on, direction))
    }

    /// Goes one entry on, by the lowest block on the way that leads on.
    fn step(&mut self, direction: Direction) -> Result<bool, TableError> {
        for depth in (0..self.way.len()).rev() {
            if self.way[depth].step(direction, &mut self.key)? {
                self.descend(depth, direction)?;
                return Ok(self.stop(true, direction));
            }
        }
        Ok(self.stop(false, direction))
    }

    /// Goes from an entry of a fence down to the first or last entry below it.
    fn descend(&mut self, from: usize, direction: Direction) -> Result<(), TableError> {
        for depth in from..usize::from(self.table.levels()) {
            let place = self.way[depth].child()?;
            self.load(depth + 1, place)?;
            if !self.way[depth + 1].enter(direction, &mut self.key)? {
                return Err(TableError::damaged(place.offset)("a block has no entries"));
            }
        }
        Ok(())
    }

    fn stop(&mut self, is_on: bool, direction: Direction) -> bool {
        self.stand = match direction {
            _ if is_on => Stand::On,
            Direction::Forward => Stand::Behind,
            Direction::Backward => Stand::Before,
        };
        is_on
    }

    /// Puts the block at a place on the way, unless it is there already.
    fn load(&mut self, depth: usize, place: Place) -> Result<(), TableError> {
        if matches!(self.way.get(depth), Some(step) if step.offset == place.offset) {
            return Ok(());
        }
        let level = self.table.levels() - depth as u8;
        let step = Step {
            offset: place.offset,
            level,
            block: match &mut self.ahead {
                Some(ahead) if level == DATA => ahead.load(&self.table, place)?,
                _ => self.table.cached(place)?,
            },
            entry: Entry::default(),
        };
        match self.way.get_mut(depth) {
            Some(found) => *found = step,
            None => self.way.push(step),
        }
        Ok(())
    }
}

/// A block on the way, and the entry of it that the way goes through.
#[derive(Debug)]
struct Step {
    offset: u64,
    level: u8,
    block: Arc<[u8]>,
    entry: Entry,
}

impl Step {
    /// See [`TableCursor::find`].
    fn find(&mut self, target: &[u8], key: &mut Vec<u8>) -> Result<Option<bool>, TableError> {
        let found = self
            .read()
            .and_then(|block| block.find(target, keep(self.level, key)))
            .map_err(TableError::damaged(self.offset))?;
        self.entry = found.map_or_else(Entry::default, |(entry, _)| entry);
        Ok(found.map(|(_, is_equal)| is_equal))
    }

    /// Goes to the first or the last entry.
    fn enter(&mut self, direction: Direction, key: &mut Vec<u8>) -> Result<bool, TableError> {
        let entry = self.read().and_then(|block| match direction {
            Direction::Forward => block.first(keep(self.level, key)),
            Direction::Backward => block.last(keep(self.level, key)),
        });
        self.go(entry)
    }

    /// Goes to the next entry or the one before.
    fn step(&mut self, direction: Direction, key: &mut Vec<u8>) -> Result<bool, TableError> {
        let entry = self.read().and_then(|block| match direction {
            Direction::Forward => block.after(&self.entry, keep(self.level, key)),
            Direction::Backward => block.before(&self.entry, keep(self.level, key)),
        });
        self.go(entry)
    }

    fn go(&mut self, entry: Result<Option<Entry>, &'static str>) -> Result<bool, TableError> {
        let entry = entry.map_err(TableError::damaged(self.offset))?;
        self.entry = entry.unwrap_or(self.entry);
        Ok(entry.is_some())
    }

    fn read(&self) -> Result<Block<'_>, &'static str> {
        Block::read(&self.block, self.level)
    }

    /// Where the block lies that the entry leads to.
    fn child(&self) -> Result<Place, TableError> {
        Place::of(&self.block, &self.entry).map_err(TableError::damaged(self.offset))
    }
}

/// Keeps the key of the entry that is reached in a block of entries; nobody asks for those of fences.
fn keep(level: u8, key: &mut Vec<u8>) -> impl FnMut(usize, &[u8]) {
    move |shared, fresh| {
        if level == DATA {
            key.truncate(shared);
            key.extend_from_slice(fresh);
        }
    }
}
