//! An event's metadata: a msgpack map, or nothing.

use std::io::Cursor;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{DecodeError, FieldReader};

/// The value that the map has under `name`, if any.
pub(super) fn metadata_value<T: DeserializeOwned>(
    map: &[u8],
    name: &str,
) -> Result<Option<T>, DecodeError> {
    if map.is_empty() {
        return Ok(None);
    }
    let mut fields = FieldReader::new(map);
    let mut value = None;
    while let Some(found) = fields.next_name()? {
        if found == name {
            fields.value("metadata", &mut value)?;
        } else {
            fields.skip()?;
        }
    }
    Ok(value)
}

/// The names of the map with the bytes of their values.
pub(crate) fn metadata_entries(map: &[u8]) -> Result<Vec<(&str, &[u8])>, DecodeError> {
    let mut rest = map;
    let count = match map.is_empty() {
        true => 0,
        false => rmp::decode::read_map_len(&mut rest).map_err(DecodeError::malformed)?,
    };
    let mut entries = Vec::new();
    for _ in 0..count {
        let (name, behind) =
            rmp::decode::read_str_from_slice(rest).map_err(DecodeError::malformed)?;
        let mut value = rmp_serde::Deserializer::new(Cursor::new(behind));
        IgnoredAny::deserialize(&mut value).map_err(DecodeError::malformed)?;
        let (value, behind) = behind.split_at(value.position() as usize);
        entries.push((name, value));
        rest = behind;
    }
    Ok(entries)
}
