//! The values of a part: chunks of positions and of ids. `FORMAT.md`, "The index",
//! specifies them.
//!
//! What begins a chunk stands in its key. Bytes that no writer makes are refused with what does not
//! fit, and their lengths are bounded before anything is allocated.

/// The most positions in a chunk.
pub(super) const MAX_POSITIONS: usize = 256;
/// The most ids in a chunk.
pub(super) const MAX_IDS: usize = 64;

/// Why bytes are no chunk.
pub(super) type Problem = &'static str;

/// Positions of events that have a term in common, rising.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positions<'a> {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) count: usize,
    /// Of a stream, the revision of the first event; 0 otherwise.
    pub(super) revision: u64,
    /// Between each two but the last ones, how many positions lie between them.
    gaps: &'a [u8],
}

impl<'a> Positions<'a> {
    /// Reads the chunk that begins at `first`.
    pub(super) fn read(first: u64, mut bytes: &'a [u8], of_stream: bool) -> Result<Self, Problem> {
        let bytes = &mut bytes;
        let revision = if of_stream { read_varint(bytes)? } else { 0 };
        let count = read_varint(bytes)?.saturating_add(1);
        if count > MAX_POSITIONS as u64 {
            return Err("a chunk has too many positions");
        }
        let span = if count > 1 { read_varint(bytes)? } else { 0 };
        let last = first.checked_add(span);
        let last = last.filter(|_| span >= count - 1);
        let last = last.ok_or("a chunk ends before it can")?;
        if of_stream && (revision == 0 || revision.checked_add(count).is_none()) {
            return Err("a chunk has a revision that no event has");
        }
        Ok(Self {
            first,
            last,
            count: count as usize,
            revision,
            gaps: bytes,
        })
    }

    /// Appends the positions to `out`.
    pub(super) fn decode(&self, out: &mut Vec<u64>) -> Result<(), Problem> {
        const BAD: Problem = "a chunk's positions do not add up";
        let mut gaps = self.gaps;
        let mut position = self.first;
        out.reserve(self.count);
        out.push(position);
        for _ in 2..self.count {
            let gap = read_varint(&mut gaps)?;
            position = position
                .checked_add(gap)
                .filter(|position| *position < self.last)
                .ok_or(BAD)?
                + 1;
            out.push(position);
        }
        if self.count > 1 {
            if position >= self.last {
                return Err(BAD);
            }
            out.push(self.last);
        }
        if gaps.is_empty() { Ok(()) } else { Err(BAD) }
    }

    /// How many of the positions are at or before `bound`, and the last of those.
    pub(super) fn last_until(&self, bound: u64) -> Result<Option<(usize, u64)>, Problem> {
        if self.last <= bound {
            return Ok(Some((self.count, self.last)));
        }
        let mut all = Vec::new();
        self.decode(&mut all)?;
        let count = all.partition_point(|position| *position <= bound);
        Ok(count.checked_sub(1).map(|at| (count, all[at])))
    }
}

/// Appends the chunk of these positions, of which there is at least one, to `out`. Of a stream,
/// `revision` is that of the first.
pub(super) fn write_positions(out: &mut Vec<u8>, revision: Option<u64>, positions: &[u64]) {
    debug_assert!((1..=MAX_POSITIONS).contains(&positions.len()));
    if let Some(revision) = revision {
        write_varint(out, revision);
    }
    write_varint(out, positions.len() as u64 - 1);
    let [first, between @ .., last] = positions else {
        return;
    };
    write_varint(out, last - first);
    let mut before = *first;
    for position in between {
        write_varint(out, position - before - 1);
        before = *position;
    }
}

/// How an id and its position follow the ones before: bit 7 of the byte that says it.
const ELSEWHERE: u8 = 0x80;
/// The lowest of the other bits' values that tells a length, and not the difference itself.
const LONG: u8 = 112;

/// Appends the chunk of these ids, rising, with their positions, to `out`.
pub(super) fn write_ids(out: &mut Vec<u8>, ids: &[(u128, u64)]) {
    debug_assert!((1..=MAX_IDS).contains(&ids.len()));
    let Some(&(mut id_before, mut before)) = ids.first() else {
        return;
    };
    out.push(ids.len() as u8 - 1);
    write_varint(out, before);
    for &(id, position) in &ids[1..] {
        let difference = id - id_before;
        let expected = before.wrapping_add(1);
        let elsewhere = if position == expected { 0 } else { ELSEWHERE };
        if difference <= u128::from(LONG) {
            out.push(elsewhere | (difference as u8 - 1));
        } else {
            let length = 16 - difference.leading_zeros() as usize / 8;
            out.push(elsewhere | (LONG + length as u8 - 1));
            out.extend_from_slice(&difference.to_le_bytes());
            out.truncate(out.len() - 16 + length);
        }
        if elsewhere != 0 {
            write_varint(out, zigzag(position.wrapping_sub(expected)));
        }
        (id_before, before) = (id, position);
    }
}

/// The ids of a chunk with their positions, which are decoded one by one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids<'a> {
    id: u128,
    position: u64,
    /// How many are to come, the first of which is `id`.
    left: usize,
    bytes: &'a [u8],
}

impl<'a> Ids<'a> {
    /// Reads the chunk that begins with `first`.
    pub(super) fn read(first: u128, mut bytes: &'a [u8]) -> Result<Self, Problem> {
        let more = usize::from(read_byte(&mut bytes)?);
        if more >= MAX_IDS {
            return Err("a chunk has too many ids");
        }
        Ok(Self {
            id: first,
            position: read_varint(&mut bytes)?,
            left: more + 1,
            bytes,
        })
    }

    /// The next id and its position.
    pub(super) fn next(&mut self) -> Result<Option<(u128, u64)>, Problem> {
        if self.left == 0 {
            return Ok(None);
        }
        let next = (self.id, self.position);
        self.left -= 1;
        if self.left > 0 {
            self.advance()?;
        } else if !self.bytes.is_empty() {
            return Err("a chunk of ids is longer than its ids");
        }
        Ok(Some(next))
    }

    fn advance(&mut self) -> Result<(), Problem> {
        let how = read_byte(&mut self.bytes)?;
        let difference = match how & !ELSEWHERE {
            short @ 0..LONG => u128::from(short) + 1,
            long => self.difference(usize::from(long - LONG) + 1)?,
        };
        let next = self.id.checked_add(difference);
        let next = next.filter(|next| *next > self.id);
        self.id = next.ok_or("a chunk's ids do not rise")?;
        self.position = self.position.wrapping_add(1);
        if how & ELSEWHERE != 0 {
            let beyond = unzigzag(read_varint(&mut self.bytes)?);
            self.position = self.position.wrapping_add(beyond);
        }
        Ok(())
    }

    /// Takes a number of `length` bytes, at most 16.
    fn difference(&mut self, length: usize) -> Result<u128, Problem> {
        let (low, rest) = self.bytes.split_at_checked(length).ok_or(CUT_OFF)?;
        let difference = match self.bytes.first_chunk() {
            // A load and a mask are quicker than a copy of an unknown length.
            Some(whole) => u128::from_le_bytes(*whole) & (u128::MAX >> (128 - 8 * length)),
            None => {
                let mut whole = [0; 16];
                whole[..length].copy_from_slice(low);
                u128::from_le_bytes(whole)
            }
        };
        self.bytes = rest;
        Ok(difference)
    }
}

const CUT_OFF: Problem = "a chunk is cut off";

fn read_byte(bytes: &mut &[u8]) -> Result<u8, Problem> {
    let (byte, rest) = bytes.split_first().ok_or(CUT_OFF)?;
    *bytes = rest;
    Ok(*byte)
}

/// Seven bits to a byte, the lowest first; the top bit says that more follow.
fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Result<u64, Problem> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = read_byte(bytes)?;
        let bits = u64::from(byte & 0x7F);
        if bits << shift >> shift != bits {
            break;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number in a chunk is too large")
}

/// A signed difference as a number that is small if it is near zero.
fn zigzag(difference: u64) -> u64 {
    (difference << 1) ^ ((difference as i64 >> 63) as u64)
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(first: u64, bytes: &[u8], of_stream: bool) -> Result<Vec<u64>, Problem> {
        let mut out = Vec::new();
        Positions::read(first, bytes, of_stream)?.decode(&mut out)?;
        Ok(out)
    }

    fn ids(first: u128, bytes: &[u8]) -> Result<Vec<(u128, u64)>, Problem> {
        let (mut chunk, mut out) = (Ids::read(first, bytes)?, Vec::new());
        while let Some(found) = chunk.next()? {
            out.push(found);
        }
        Ok(out)
    }

    #[test]
    fn the_chunks_that_the_format_shows_are_the_bytes_that_are_written() {
        let written = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            write(&mut bytes);
            bytes
        };
        let of_stream = written(&|out| write_positions(out, Some(5), &[10, 12, 40]));
        assert_eq!(of_stream, [0x05, 0x02, 0x1e, 0x01]);
        let of_scope = written(&|out| write_positions(out, None, &[10, 12, 40]));
        assert_eq!(of_scope, [0x02, 0x1e, 0x01]);
        let of_one = written(&|out| write_positions(out, None, &[10]));
        assert_eq!(of_one, [0x00]);
        let of_ids = written(&|out| write_ids(out, &[(500, 7), (501, 8), (1_000, 3)]));
        assert_eq!(of_ids, [0x02, 0x07, 0x00, 0xf1, 0xf3, 0x01, 0x0b]);
    }

    #[test]
    fn positions_read_back_and_tell_their_ends_undecoded() {
        let dense: Vec<u64> = (1..=256).collect();
        let far = [1, 2, 300, 1 << 40, u64::MAX - 1, u64::MAX];
        for rising in [&dense[..], &far, &far[..2], &far[..1], &[0]] {
            for revision in [None, Some(1), Some(1 << 50)] {
                let mut bytes = Vec::new();
                write_positions(&mut bytes, revision, rising);
                let chunk = Positions::read(rising[0], &bytes, revision.is_some()).unwrap();
                assert_eq!(chunk.revision, revision.unwrap_or(0));
                assert_eq!(chunk.count, rising.len());
                assert_eq!(Some(&chunk.last), rising.last());
                assert_eq!(
                    positions(rising[0], &bytes, revision.is_some()).unwrap(),
                    rising
                );
            }
        }
    }

    #[test]
    fn the_last_position_until_a_bound_is_found_with_its_number() {
        let mut bytes = Vec::new();
        write_positions(&mut bytes, Some(5), &[10, 12, 40]);
        let chunk = Positions::read(10, &bytes, true).unwrap();
        for (bound, found) in [
            (9, None),
            (10, Some((1, 10))),
            (39, Some((2, 12))),
            (40, Some((3, 40))),
            (u64::MAX, Some((3, 40))),
        ] {
            assert_eq!(chunk.last_until(bound).unwrap(), found, "{bound}");
        }
    }

    #[test]
    fn chunks_of_positions_that_no_writer_makes_are_refused() {
        let mut whole = Vec::new();
        write_positions(&mut whole, None, &[10, 12, 40, 41]);
        for len in 0..whole.len() {
            assert!(positions(10, &whole[..len], false).is_err(), "cut to {len}");
        }
        for (problem, bytes) in [
            ("longer than its positions", &[3, 31, 1, 27, 0][..]),
            ("two that span nothing", &[1, 0]),
            ("a span too short", &[3, 2, 0, 0]),
            ("gaps beyond the span", &[3, 31, 1, 40]),
            ("the last one twice", &[3, 31, 1, 28]),
            ("too many", &[0x80, 2, 0]),
            ("no end of a number", &[0xFF; 12]),
            (
                "a number beyond 64 bits",
                &[1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
            ),
        ] {
            assert!(positions(10, bytes, false).is_err(), "{problem}");
        }
        assert!(positions(10, &[0, 0], true).is_err(), "revision 0");
        assert!(
            positions(u64::MAX, &[1, 1], false).is_err(),
            "beyond the end"
        );
    }

    #[test]
    fn ids_read_back_and_minted_ones_take_a_byte_each() {
        let minted: Vec<(u128, u64)> = (0..64).map(|n| (7 << 76 | n, 900 + n as u64)).collect();
        let chosen = [
            (0, u64::MAX),
            (112, 5),
            (225, 6),
            (1 << 77, 1),
            (u128::MAX - 1, 1 << 60),
            (u128::MAX, 0),
        ];
        for rising in [&minted[..], &chosen, &chosen[..1]] {
            let mut bytes = Vec::new();
            write_ids(&mut bytes, rising);
            assert_eq!(ids(rising[0].0, &bytes).unwrap(), rising);
        }
        let mut bytes = Vec::new();
        write_ids(&mut bytes, &minted);
        assert_eq!(bytes.len(), 1 + 2 + 63);
    }

    #[test]
    fn chunks_of_ids_that_no_writer_makes_are_refused() {
        let mut whole = Vec::new();
        write_ids(&mut whole, &[(5, 1), (500, 3), (501, 2)]);
        for len in 0..whole.len() {
            assert!(ids(5, &whole[..len]).is_err(), "cut to {len}");
        }
        whole.push(0);
        assert!(ids(5, &whole).is_err(), "longer than its ids");
        assert!(ids(5, &[1, 1, LONG, 0]).is_err(), "an id twice");
        assert!(ids(u128::MAX, &[1, 1, 0]).is_err(), "beyond the last id");
        assert!(ids(5, &[64, 1]).is_err(), "too many");
    }
}
