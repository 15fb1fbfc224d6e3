//! The bytes that a fuzzer gives, taken piece by piece, and what they do to others.

/// What is left of the bytes. Behind their end are zeros.
pub struct Bytes<'d>(&'d [u8]);

impl<'d> Bytes<'d> {
    pub fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `limit`, or 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let number = usize::from(self.byte()) | usize::from(self.byte()) << 8;
        number.checked_rem(limit).unwrap_or(0)
    }

    /// Some of the bytes themselves.
    pub fn some(&mut self) -> &'d [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (some, rest) = self.0.split_at(len);
        self.0 = rest;
        some
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'d [u8] {
        std::mem::take(&mut self.0)
    }
}

/// Damages `target` in a few places.
pub fn mutate(target: &mut Vec<u8>, by: &mut Bytes<'_>) {
    for _ in 0..1 + by.byte() % 4 {
        let at = by.below(target.len() + 1);
        let end = at + by.below(64).min(target.len() - at);
        match by.byte() % 8 {
            0 if at < target.len() => target[at] ^= 1 << (by.byte() % 8),
            1 if at < target.len() => target[at] = by.byte(),
            2 => target.truncate(at),
            3 => drop(target.drain(at..end)),
            4 => drop(target.splice(at..at, by.some().iter().copied())),
            5 => {
                let some = by.some();
                let len = some.len().min(target.len() - at);
                target[at..at + len].copy_from_slice(&some[..len]);
            }
            6 => {
                let piece = target[at..end].to_vec();
                let to = by.below(target.len() + 1);
                drop(target.splice(to..to, piece));
            }
            _ => target[at..end].fill(0xFF),
        }
    }
}
