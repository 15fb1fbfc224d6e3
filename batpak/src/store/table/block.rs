//! A block: entries in the order of their keys, each without what its key shares with the one before.
//!
//! `[entry]* [hint u64]* [restart u16]* [restarts u16] [common u16] [level u8] [crc u32]`. An entry is
//! `[shared] [fresh] [value]`, the lengths of what its key shares, of the rest of its key and of its value, all
//! as varints, then the rest of the key and the value. Every eighth entry is a restart, whose key is whole.
//!
//! A search goes by the hints alone as far as it can: they are what tells the keys of restarts apart,
//! their first eight bytes behind those that all keys of the block have in common.

use std::ops::Range;

use super::layout::{CRC, MAX_KEY, MAX_VALUE, Seal};

/// From one restart to the next, in entries.
const RUN: usize = 8;

/// The bytes behind the restarts: how many they are, what keys have in common, level and checksum.
const TRAILER: usize = 5 + CRC;

/// The bytes of a restart: its hint, and the offset of its entry.
const RESTART: usize = HINT + 2;

/// The bytes of a hint.
const HINT: usize = 8;

/// The bytes that the three lengths of an entry take at most.
const MAX_LENGTHS: usize = 9;

/// The level of the blocks that have a table's entries; fences have their height above these.
pub(super) const DATA: u8 = 0;

/// Builds a block.
#[derive(Debug, Default)]
pub(super) struct BlockBuilder {
    bytes: Vec<u8>,
    restarts: Vec<Restart>,
    /// How many entries follow the last restart, itself included.
    run: usize,
    first: Vec<u8>,
    last: Vec<u8>,
}

/// Where an entry with a whole key begins, and where that key lies.
#[derive(Debug)]
struct Restart {
    at: u16,
    key: Range<usize>,
}

impl BlockBuilder {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The key that was added last, also to a block that was finished since.
    pub(super) fn last(&self) -> &[u8] {
        &self.last
    }

    /// Whether there is more than one entry.
    pub(super) fn has_several(&self) -> bool {
        self.restarts.len() > 1 || self.run > 1
    }

    /// How long the block would be at most with this entry in it.
    pub(super) fn bytes_with(&self, key: &[u8], value: &[u8]) -> usize {
        let restarts = RESTART * (self.restarts.len() + 1);
        self.bytes.len() + MAX_LENGTHS + key.len() + value.len() + restarts + TRAILER
    }

    /// Adds an entry whose key is greater than the last one.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        if self.is_empty() {
            self.first.clear();
            self.first.extend_from_slice(key);
        }
        let at = self.bytes.len();
        let is_restart = at == 0 || self.run == RUN;
        let shared = if is_restart {
            0
        } else {
            common_prefix(&self.last, key)
        };
        let fresh = &key[shared..];
        push_varint(&mut self.bytes, shared as u64);
        push_varint(&mut self.bytes, fresh.len() as u64);
        push_varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(fresh);
        if is_restart {
            let key = self.bytes.len() - key.len()..self.bytes.len();
            // What is not the only entry of a block begins within 4 KiB and a long key.
            self.restarts.push(Restart { at: at as u16, key });
            self.run = 0;
        }
        self.bytes.extend_from_slice(value);
        self.run += 1;
        self.last.truncate(shared);
        self.last.extend_from_slice(fresh);
    }

    /// Appends the block, which will lie at `offset`, and begins a new one. Returns its length.
    pub(super) fn finish(&mut self, level: u8, seal: Seal, offset: u64, out: &mut Vec<u8>) -> u32 {
        let start = out.len();
        let common = common_prefix(&self.first, &self.last);
        out.extend_from_slice(&self.bytes);
        for restart in &self.restarts {
            let key = &self.bytes[restart.key.clone()];
            out.extend_from_slice(&hint(&key[common..]).to_le_bytes());
        }
        for restart in &self.restarts {
            out.extend_from_slice(&restart.at.to_le_bytes());
        }
        out.extend_from_slice(&(self.restarts.len() as u16).to_le_bytes());
        out.extend_from_slice(&(common as u16).to_le_bytes());
        out.push(level);
        let crc = seal.crc(offset, &out[start..]);
        out.extend_from_slice(&crc.to_le_bytes());
        self.bytes.clear();
        self.restarts.clear();
        self.run = 0;
        (out.len() - start) as u32
    }
}

/// A block whose checksum is right. One that makes no sense nevertheless was forged: that is an error, or
/// gives entries that nobody wrote, but nothing outside of it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    entries: &'a [u8],
    hints: &'a [[u8; HINT]],
    restarts: &'a [[u8; 2]],
    /// How many bytes all keys begin with.
    common: usize,
}

/// Where an entry lies among those of a block, which is far shorter than 4 GiB.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    at: u32,
    value: u32,
    end: u32,
}

impl Entry {
    /// Where its value lies in the block.
    #[inline]
    pub(super) fn value(&self) -> Range<usize> {
        self.value as usize..self.end as usize
    }
}

/// An entry that was read: its key is so many bytes of the one before, and those that are fresh.
struct Found<'a> {
    entry: Entry,
    shared: usize,
    fresh: &'a [u8],
}

impl<'a> Block<'a> {
    /// Reads a block of this level from its bytes.
    pub(super) fn read(bytes: &'a [u8], level: u8) -> Result<Self, &'static str> {
        let Some((rest, trailer)) = bytes.split_last_chunk::<TRAILER>() else {
            return Err("a block is too short");
        };
        let &[count, more, common, many, found, ..] = trailer;
        if found != level {
            return Err("a block is of another level");
        }
        let count = usize::from(u16::from_le_bytes([count, more]));
        let Some(entries) = rest.len().checked_sub(RESTART * count) else {
            return Err("a block has no room for its restarts");
        };
        let (entries, restarts) = rest.split_at(entries);
        let (hints, restarts) = restarts.split_at(HINT * count);
        Ok(Self {
            entries,
            hints: hints.as_chunks().0,
            restarts: restarts.as_chunks().0,
            common: usize::from(u16::from_le_bytes([common, many])),
        })
    }

    /// The entry at an offset.
    #[inline]
    fn entry(&self, at: u32) -> Result<Found<'a>, &'static str> {
        let rest = self.entries.get(at as usize..).unwrap_or_default();
        let (shared, fresh, value, lengths) = match *rest {
            [shared, fresh, value, ..] if (shared | fresh | value) < 0x80 => {
                (shared.into(), fresh.into(), value.into(), 3)
            }
            [shared, fresh, low, high, ..] if (shared | fresh | high) < 0x80 => {
                let value = usize::from(low & 0x7f) | usize::from(high) << 7;
                (shared.into(), fresh.into(), value, 4)
            }
            _ => read_lengths(rest)?,
        };
        let (key, end) = (lengths + fresh, lengths + fresh + value);
        if end > rest.len() {
            return Err("an entry is longer than its block");
        }
        Ok(Found {
            entry: Entry {
                at,
                value: at + key as u32,
                end: at + end as u32,
            },
            shared,
            fresh: &rest[lengths..key],
        })
    }

    /// The entry at a restart, whose key is whole.
    #[inline]
    fn restart_entry(&self, run: usize) -> Result<Found<'a>, &'static str> {
        let found = self.entry(u16::from_le_bytes(self.restarts[run]).into())?;
        if found.shared != 0 {
            return Err("a restart has no whole key");
        }
        Ok(found)
    }

    /// The last entry whose key is `target` or smaller, and whether it is equal.
    ///
    /// On the way `keep` is told of entries in a row that begins at a restart and ends at the one
    /// found: how many bytes of the key before to keep, and what to put behind them.
    #[inline]
    pub(super) fn find(
        &self,
        target: &[u8],
        mut keep: impl FnMut(usize, &[u8]),
    ) -> Result<Option<(Entry, bool)>, &'static str> {
        let Some(run) = self.find_run(target)? else {
            return Ok(None);
        };
        let restart = self.restart_entry(run)?;
        keep(0, restart.fresh);
        let mut found = restart.entry;
        let mut matched = common_prefix(restart.fresh, target);
        let mut is_equal = matched == restart.fresh.len() && matched == target.len();
        let end = match self.restarts.get(run + 1) {
            Some(next) => u16::from_le_bytes(*next).into(),
            None => self.entries.len() as u32,
        };
        while !is_equal && found.end < end {
            let next = self.entry(found.end)?;
            // All keys up to here are smaller, and differ from `target` at `matched`. One that shares
            // less with the key before is greater than that where `target` is not.
            if next.shared < matched {
                break;
            }
            if next.shared == matched {
                let rest = &target[matched..];
                let more = common_prefix(next.fresh, rest);
                if next.fresh.get(more) > rest.get(more) {
                    break;
                }
                matched += more;
                is_equal = more == next.fresh.len() && more == rest.len();
            }
            keep(next.shared, next.fresh);
            found = next.entry;
        }
        Ok(Some((found, is_equal)))
    }

    /// The last restart whose key is `target` or smaller.
    #[inline]
    fn find_run(&self, target: &[u8]) -> Result<Option<usize>, &'static str> {
        if self.restarts.is_empty() {
            return Ok(None);
        }
        let first = self.restart_entry(0)?.fresh;
        let common = first.get(..self.common).ok_or("a block's keys are short")?;
        let same = common_prefix(common, target);
        if same < common.len() {
            let is_greater = target.get(same) > common.get(same);
            return Ok(is_greater.then_some(self.restarts.len() - 1));
        }
        let wanted = hint(&target[same..]);
        let hint_at = |restart: &[u8; HINT]| u64::from_le_bytes(*restart);
        let mut run = self.hints.partition_point(|hint| hint_at(hint) <= wanted);
        // Of those with the same hint, some may be greater.
        while let Some(last) = run.checked_sub(1)
            && hint_at(&self.hints[last]) == wanted
            && self.restart_entry(last)?.fresh > target
        {
            run = last;
        }
        Ok(run.checked_sub(1))
    }

    /// The first entry. `keep` is as for [`find`](Self::find).
    pub(super) fn first(
        &self,
        keep: impl FnMut(usize, &[u8]),
    ) -> Result<Option<Entry>, &'static str> {
        self.after(&Entry::default(), keep)
    }

    /// The entry behind this one. `keep` is told what to do with the key of this one.
    pub(super) fn after(
        &self,
        entry: &Entry,
        mut keep: impl FnMut(usize, &[u8]),
    ) -> Result<Option<Entry>, &'static str> {
        if entry.end as usize == self.entries.len() {
            return Ok(None);
        }
        let next = self.entry(entry.end)?;
        keep(next.shared, next.fresh);
        Ok(Some(next.entry))
    }

    /// The entry before this one. `keep` is as for [`find`](Self::find).
    pub(super) fn before(
        &self,
        entry: &Entry,
        keep: impl FnMut(usize, &[u8]),
    ) -> Result<Option<Entry>, &'static str> {
        self.ending_at(entry.at, keep)
    }

    /// The last entry. `keep` is as for [`find`](Self::find).
    pub(super) fn last(
        &self,
        keep: impl FnMut(usize, &[u8]),
    ) -> Result<Option<Entry>, &'static str> {
        self.ending_at(self.entries.len() as u32, keep)
    }

    fn ending_at(
        &self,
        end: u32,
        mut keep: impl FnMut(usize, &[u8]),
    ) -> Result<Option<Entry>, &'static str> {
        let is_before = |restart: &[u8; 2]| u32::from(u16::from_le_bytes(*restart)) < end;
        let Some(run) = self.restarts.partition_point(is_before).checked_sub(1) else {
            return Ok(None);
        };
        let restart = self.restart_entry(run)?;
        keep(0, restart.fresh);
        let mut found = restart.entry;
        while found.end < end {
            let next = self.entry(found.end)?;
            keep(next.shared, next.fresh);
            found = next.entry;
        }
        Ok(Some(found))
    }

    /// How many bytes of entries lie before the first one with this key or a greater one.
    pub(super) fn bytes_before(&self, key: &[u8]) -> Result<u32, &'static str> {
        Ok(match self.find(key, |_, _| {})? {
            None => 0,
            Some((entry, true)) => entry.at,
            Some((entry, false)) => entry.end,
        })
    }
}

/// The first bytes of what is left of a key, so that smaller ones come first.
fn hint(rest: &[u8]) -> u64 {
    match rest.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; HINT];
            bytes[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(bytes)
        }
    }
}

/// How many bytes both begin with.
#[inline]
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let ((a_words, _), (b_words, _)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut same = 0;
    for (a_word, b_word) in a_words.iter().zip(b_words) {
        let differ = u64::from_le_bytes(*a_word) ^ u64::from_le_bytes(*b_word);
        if differ != 0 {
            return same + (differ.trailing_zeros() / 8) as usize;
        }
        same += 8;
    }
    let rest = a[same..].iter().zip(&b[same..]);
    same + rest.take_while(|(a, b)| a == b).count()
}

pub(super) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a varint off the front of `bytes`.
#[inline]
pub(super) fn read_varint(bytes: &mut &[u8]) -> Result<u64, &'static str> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or("a number is cut off")?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err("a number is too long")
}

/// The lengths that an entry begins with, within their bounds, and how many bytes they take.
fn read_lengths(entry: &[u8]) -> Result<(usize, usize, usize, usize), &'static str> {
    let mut rest = entry;
    let mut length = |max: usize| {
        let length = read_varint(&mut rest)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= max);
        length.ok_or("an entry has a length that none has")
    };
    let (shared, fresh, value) = (length(MAX_KEY)?, length(MAX_KEY)?, length(MAX_VALUE)?);
    Ok((shared, fresh, value, entry.len() - rest.len()))
}
