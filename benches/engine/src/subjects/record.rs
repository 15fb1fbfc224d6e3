//! How the key-value stores keep an event: a record by position, and keys for its stream and its id.

use anyhow::{Context, Result};

use crate::event::{Item, Payload, decode, encode, entity_name, scope_name, scope_of};

/// The names of all entities and their scopes, and room for one record.
pub(super) struct Records<'a> {
    names: &'a [(String, String)],
    payload: Vec<u8>,
    value: Vec<u8>,
    key: Vec<u8>,
}

/// The names of so many entities and their scopes.
pub(super) fn names(entities: usize) -> Vec<(String, String)> {
    let name = |entity| (entity_name(entity), scope_name(scope_of(entity)));
    (0..entities).map(name).collect()
}

impl<'a> Records<'a> {
    /// Records of entities with these names.
    pub(super) fn new(names: &'a [(String, String)]) -> Self {
        Self {
            names,
            payload: Vec::new(),
            value: Vec::new(),
            key: Vec::new(),
        }
    }

    /// An event's record: id, kind, entity and scope with their lengths, payload.
    pub(super) fn value(&mut self, item: Item) -> Result<&[u8]> {
        let (entity, scope) = &self.names[item.entity];
        let payload = encode(item.payload(), &mut self.payload)?;
        let value = &mut self.value;
        value.clear();
        value.extend_from_slice(&item.id().to_be_bytes());
        value.push(item.kind() as u8);
        for name in [entity, scope] {
            value.push(name.len() as u8);
            value.extend_from_slice(name.as_bytes());
        }
        value.extend_from_slice(payload);
        Ok(value)
    }

    /// The first and the last key that an event of a stream behind a position can have.
    pub(super) fn behind(&mut self, entity: usize, position: u64) -> (Vec<u8>, Vec<u8>) {
        let first = self.stream_key(entity, position + 1).to_vec();
        (first, self.stream_key(entity, u64::MAX).to_vec())
    }

    /// What the keys of a stream's events begin with.
    fn stream(&mut self, entity: usize) -> &[u8] {
        let (entity, scope) = &self.names[entity];
        self.key.clear();
        for name in [entity, scope] {
            self.key.extend_from_slice(name.as_bytes());
            self.key.push(0);
        }
        &self.key
    }

    /// The key of the event at a position in its stream.
    pub(super) fn stream_key(&mut self, entity: usize, position: u64) -> &[u8] {
        self.stream(entity);
        self.key.extend_from_slice(&position.to_be_bytes());
        &self.key
    }
}

/// The id in a record.
pub(super) fn id(value: &[u8]) -> Result<u128> {
    let bytes = value.first_chunk().context("the record is cut off")?;
    Ok(u128::from_be_bytes(*bytes))
}

/// The payload in a record.
pub(super) fn payload(value: &[u8]) -> Result<Payload> {
    let mut at = 17;
    for _ in 0..2 {
        let length = *value.get(at).context("the record is cut off")?;
        at += 1 + usize::from(length);
    }
    decode(value.get(at..).context("the record is cut off")?)
}

/// The position at the end of a stream's key, or in the value of an id.
pub(super) fn position(bytes: &[u8]) -> Result<u64> {
    let bytes = bytes.last_chunk().context("the key is cut off")?;
    Ok(u64::from_be_bytes(*bytes))
}
