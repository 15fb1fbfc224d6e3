//! An event as bytes: one msgpack array, its payload last. `FORMAT.md`, "Event body", specifies it.

use rmp::decode::Bytes;
use rmp::{decode, encode};

use crate::coordinate::{Coordinate, Tag};
use crate::event::{
    Digest, EventFlags, EventHeader, EventId, EventKind, EventMeta, RawEvent, TagBytes,
};
use crate::pipeline::NewEvent;

/// How many elements the array has.
const ELEMENTS: u32 = 16;

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
        // Writing into a `Vec` cannot fail, so the results have nothing to say.
        let _ = encode::write_array_len(out, ELEMENTS);
        write_uint(out, u64::from(header.flags.bits()));
        write_uint(out, header.sequence);
        write_uint(out, header.sequence - self.durable);
        write_uint(out, header.revision);
        write_uint(out, u64::from(header.kind.raw()));
        write_uint(out, u64::from(header.version));
        write_uint(out, header.time_us);
        write_bin(out, &header.event_id.to_bytes());
        write_bin_or_nil(out, header.digest.as_ref().map(|d| d.as_bytes().as_slice()));
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
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let mut bytes = Bytes::new(bytes);
        let elements = decode::read_array_len(&mut bytes).map_err(|_| "the body is no array")?;
        if elements != ELEMENTS {
            return Err("the body has a wrong number of elements");
        }
        let flags = read_uint(&mut bytes)?;
        let sequence: u64 = read_uint(&mut bytes)?;
        let lag: u64 = read_uint(&mut bytes)?;
        let revision = read_uint(&mut bytes)?;
        let kind = read_uint(&mut bytes)?;
        let version = read_uint(&mut bytes)?;
        let time_us = read_uint(&mut bytes)?;
        let id = read_array(&mut bytes)?.ok_or("the event has no id")?;
        let digest = read_array(&mut bytes)?;
        let address = (read_str(&mut bytes)?, read_str(&mut bytes)?);
        let correlation = read_array(&mut bytes)?;
        let causes = read_bin_or_nil(&mut bytes)?.unwrap_or_default();
        if !causes.len().is_multiple_of(16) || causes.len() > 16 * NewEvent::MAX_CAUSES {
            return Err("the causes are no ids");
        }
        let tags = read_tags(&mut bytes)?;
        let metadata = read_bin_or_nil(&mut bytes)?.unwrap_or_default();
        let payload = read_bin_or_nil(&mut bytes)?.ok_or("the event has no payload")?;
        if flags & !EventFlags::COMMIT.bits() != 0 {
            return Err("the event has unknown flags");
        }
        if !bytes.remaining_slice().is_empty() {
            return Err("the body is longer than its event");
        }
        let limit = Coordinate::MAX_BYTES;
        if address.0.len() > limit || address.1.len() > limit {
            return Err("the coordinate is too long");
        }
        let mut header =
            EventHeader::new(EventId::from_bytes(id), EventKind::from_raw(kind), version);
        header.sequence = sequence;
        header.revision = revision;
        header.time_us = time_us;
        header.flags = EventFlags::from_bits(flags);
        header.correlation = correlation.map(EventId::from_bytes);
        header.digest = digest.map(Digest::from_bytes);
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
}

fn some_bytes(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn write_uint(out: &mut Vec<u8>, value: u64) {
    let _ = encode::write_uint(out, value);
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

fn read_uint<T: TryFrom<u64>>(bytes: &mut Bytes<'_>) -> Result<T, &'static str> {
    let value: u64 = decode::read_int(bytes).map_err(|_| "a number is missing")?;
    T::try_from(value).map_err(|_| "a number is too large")
}

fn read_str<'a>(bytes: &mut Bytes<'a>) -> Result<&'a str, &'static str> {
    let (text, rest) = decode::read_str_from_slice(bytes.remaining_slice())
        .map_err(|_| "a text is missing or no UTF-8")?;
    *bytes = Bytes::new(rest);
    Ok(text)
}

fn read_bin_or_nil<'a>(bytes: &mut Bytes<'a>) -> Result<Option<&'a [u8]>, &'static str> {
    const NIL: u8 = 0xC0;
    if bytes.remaining_slice().first() == Some(&NIL) {
        skip(bytes, 1)?;
        return Ok(None);
    }
    let len = decode::read_bin_len(bytes).map_err(|_| "a byte string is missing")? as usize;
    skip(bytes, len).map(Some)
}

fn read_array<const N: usize>(bytes: &mut Bytes<'_>) -> Result<Option<[u8; N]>, &'static str> {
    read_bin_or_nil(bytes)?
        .map(|found| {
            found
                .try_into()
                .map_err(|_| "a byte string has a wrong length")
        })
        .transpose()
}

fn read_tags<'a>(bytes: &mut Bytes<'a>) -> Result<TagBytes<'a>, &'static str> {
    let count = decode::read_array_len(bytes).map_err(|_| "the tags are missing")? as usize;
    if count > NewEvent::MAX_TAGS {
        return Err("there are too many tags");
    }
    let all = bytes.remaining_slice();
    for _ in 0..count {
        if read_str(bytes)?.len() > Tag::MAX_BYTES {
            return Err("a tag is too long");
        }
    }
    let strings = &all[..all.len() - bytes.remaining_slice().len()];
    Ok(TagBytes { count, strings })
}

fn skip<'a>(bytes: &mut Bytes<'a>, len: usize) -> Result<&'a [u8], &'static str> {
    let (skipped, rest) = bytes
        .remaining_slice()
        .split_at_checked(len)
        .ok_or("a byte string is cut off")?;
    *bytes = Bytes::new(rest);
    Ok(skipped)
}
