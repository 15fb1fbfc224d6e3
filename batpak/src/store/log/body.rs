//! An event as bytes: one msgpack array, its payload last. `FORMAT.md`, "Event body", specifies it.

use rmp::encode;

use crate::coordinate::{Coordinate, Tag};
use crate::event::{
    Digest, EventFlags, EventHeader, EventId, EventKind, EventMeta, RawEvent, TagBytes,
};
use crate::pipeline::NewEvent;

/// How many elements the array has.
const ELEMENTS: u16 = 16;

/// An event body, and the durable mark that it carries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    pub(crate) event: RawEvent<'a>,
    /// Every position up to this one was durable when the event was written.
    pub(crate) durable: u64,
}

impl<'a> Body<'a> {
    /// Appends the body to `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let RawEvent { meta, payload, .. } = &self.event;
        let header = &meta.header;
        let mut head = Head::default();
        head.put([0xDC]);
        head.put((ELEMENTS).to_be_bytes());
        head.uint(u64::from(header.flags.bits()));
        head.uint(header.sequence);
        head.uint(header.sequence - self.durable);
        head.uint(header.revision);
        head.uint(u64::from(header.kind.raw()));
        head.uint(u64::from(header.version));
        head.uint(header.time_us);
        head.put([0xC4, 16]);
        head.put(header.event_id.to_bytes());
        match &header.digest {
            Some(digest) => {
                head.put([0xC4, 32]);
                head.put(*digest.as_bytes());
            }
            None => head.put([0xC0]),
        }
        out.extend_from_slice(&head.bytes[..head.len]);
        // Writing into a `Vec` cannot fail, so the results have nothing to say.
        let _ = encode::write_str(out, meta.entity);
        let _ = encode::write_str(out, meta.scope);
        let correlation = header.correlation.map(EventId::to_bytes);
        write_bin_or_nil(out, correlation.as_ref().map(<[u8; 16]>::as_slice));
        write_bin_or_nil(out, some_bytes(meta.causes_bytes()));
        let tags = meta.tags();
        let _ = encode::write_array_len(out, tags.len() as u32);
        tags.for_each(|tag| {
            let _ = encode::write_str(out, tag);
        });
        write_bin_or_nil(out, some_bytes(meta.metadata_bytes()));
        write_bin(out, payload);
    }

    /// Reads the body that `bytes` are, all of them, or says what does not fit.
    #[inline]
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let mut bytes = Reader(bytes);
        if bytes.array_len().ok_or("the body is no array")? != usize::from(ELEMENTS) {
            return Err("the body has a wrong number of elements");
        }
        let flags = bytes.uint()?;
        let sequence: u64 = bytes.uint()?;
        let lag: u64 = bytes.uint()?;
        let revision = bytes.uint()?;
        let kind = bytes.uint()?;
        let version = bytes.uint()?;
        let time_us = bytes.uint()?;
        let id = bytes.array()?.ok_or("the event has no id")?;
        let digest = bytes.array()?;
        let address = (bytes.text()?, bytes.text()?);
        let correlation = bytes.array()?;
        let causes = bytes.bin_or_nil()?.unwrap_or_default();
        if !causes.len().is_multiple_of(16) || causes.len() > 16 * NewEvent::MAX_CAUSES {
            return Err("the causes are no ids");
        }
        let tags = bytes.tags()?;
        let metadata = bytes.bin_or_nil()?.unwrap_or_default();
        let payload = bytes.bin_or_nil()?.ok_or("the event has no payload")?;
        if flags & !EventFlags::COMMIT.bits() != 0 {
            return Err("the event has unknown flags");
        }
        if !bytes.0.is_empty() {
            return Err("the body is longer than its event");
        }
        let limit = Coordinate::MAX_BYTES;
        if address.0.len() > limit || address.1.len() > limit {
            return Err("the coordinate is too long");
        }
        let mut header =
            EventHeader::new(EventId::from_bytes(*id), EventKind::from_raw(kind), version);
        header.sequence = sequence;
        header.revision = revision;
        header.time_us = time_us;
        header.flags = EventFlags::from_bits(flags);
        header.correlation = correlation.map(|id| EventId::from_bytes(*id));
        header.digest = digest.map(|digest| Digest::from_bytes(*digest));
        Ok(Self {
            event: RawEvent::new(
                EventMeta::new(header, address, causes, tags, metadata),
                payload,
            ),
            durable: match sequence.checked_sub(lag) {
                Some(durable) if durable < sequence => durable,
                _ => return Err("the durable mark lies outside of the log before the event"),
            },
        })
    }

    /// Reads the position and the digest of the event whose body `bytes` are, and nothing else of it: for events
    /// that were read before.
    pub(crate) fn place_in_chain(bytes: &[u8]) -> Result<(u64, Option<Digest>), &'static str> {
        let mut bytes = Reader(bytes);
        if bytes.array_len() != Some(usize::from(ELEMENTS)) {
            return Err("the body has a wrong number of elements");
        }
        let _flags: u16 = bytes.uint()?;
        let position = bytes.uint()?;
        for _ in ["lag", "revision", "kind", "version", "time"] {
            bytes.uint::<u64>()?;
        }
        bytes.array::<16>()?;
        let digest = bytes.array()?;
        Ok((position, digest.map(|digest| Digest::from_bytes(*digest))))
    }
}

fn some_bytes(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

/// The first nine elements in the making: they are short, and most of a body's.
struct Head {
    bytes: [u8; 112],
    len: usize,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            bytes: [0; 112],
            len: 0,
        }
    }
}

impl Head {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }

    #[inline]
    fn uint(&mut self, value: u64) {
        match value {
            0..=0x7F => self.put([value as u8]),
            0x80..=0xFF => self.put([0xCC, value as u8]),
            0x100..=0xFFFF => {
                self.put([0xCD]);
                self.put((value as u16).to_be_bytes());
            }
            0x1_0000..=0xFFFF_FFFF => {
                self.put([0xCE]);
                self.put((value as u32).to_be_bytes());
            }
            _ => {
                self.put([0xCF]);
                self.put(value.to_be_bytes());
            }
        }
    }
}

fn write_bin(out: &mut Vec<u8>, bytes: &[u8]) {
    let _ = encode::write_bin(out, bytes);
}

fn write_bin_or_nil(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => write_bin(out, bytes),
        None => {
            let _ = encode::write_nil(out);
        }
    }
}

/// What is left of a body. Every read of the log goes through here, so it reads by hand the few forms
/// that a body has, and always inline: a result that is given back by a call takes longer than the number in it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline(always)]
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline(always)]
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A number of `N` bytes.
    #[inline(always)]
    fn number<const N: usize>(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        let bytes = number.iter();
        Some(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    #[inline(always)]
    fn uint<T: TryFrom<u64>>(&mut self) -> Result<T, &'static str> {
        let number = match self.byte() {
            Some(small @ 0..=0x7F) => Some(u64::from(small)),
            Some(0xCC) => self.number::<1>(),
            Some(0xCD) => self.number::<2>(),
            Some(0xCE) => self.number::<4>(),
            Some(0xCF) => self.number::<8>(),
            _ => None,
        };
        T::try_from(number.ok_or("a number is missing")?).map_err(|_| "a number is too large")
    }

    #[inline(always)]
    fn array_len(&mut self) -> Option<usize> {
        match self.byte()? {
            short @ 0x90..=0x9F => Some(usize::from(short & 0xF)),
            0xDC => self.number::<2>().map(|len| len as usize),
            _ => None,
        }
    }

    #[inline(always)]
    fn text(&mut self) -> Result<&'a str, &'static str> {
        let len = match self.byte() {
            Some(short @ 0xA0..=0xBF) => Some(u64::from(short & 0x1F)),
            Some(0xD9) => self.number::<1>(),
            Some(0xDA) => self.number::<2>(),
            _ => None,
        };
        let text = len.and_then(|len| self.take(len as usize));
        let text = text.and_then(|text| str::from_utf8(text).ok());
        text.ok_or("a text is missing or no UTF-8")
    }

    #[inline(always)]
    fn bin_or_nil(&mut self) -> Result<Option<&'a [u8]>, &'static str> {
        let len = match self.byte() {
            Some(0xC0) => return Ok(None),
            Some(0xC4) => self.number::<1>(),
            Some(0xC5) => self.number::<2>(),
            Some(0xC6) => self.number::<4>(),
            _ => None,
        };
        let len = len.ok_or("a byte string is missing")?;
        let bytes = self.take(len as usize).ok_or("a byte string is cut off")?;
        Ok(Some(bytes))
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<Option<&'a [u8; N]>, &'static str> {
        match self.bin_or_nil()? {
            Some(found) => match found.as_array() {
                Some(array) => Ok(Some(array)),
                None => Err("a byte string has a wrong length"),
            },
            None => Ok(None),
        }
    }

    fn tags(&mut self) -> Result<TagBytes<'a>, &'static str> {
        let count = self.array_len().ok_or("the tags are missing")?;
        // One more may be the store's own.
        if count > NewEvent::MAX_TAGS + 1 {
            return Err("there are too many tags");
        }
        let all = self.0;
        for _ in 0..count {
            if self.text()?.len() > Tag::MAX_BYTES {
                return Err("a tag is too long");
            }
        }
        let strings = &all[..all.len() - self.0.len()];
        Ok(TagBytes { count, strings })
    }
}
