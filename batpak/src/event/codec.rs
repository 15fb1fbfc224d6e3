//! Payloads as msgpack maps by field name, written and read one field at a time.
//!
//! The code that `#[derive(Event)]` writes calls these instead of going through helper structs.

use rmp_serde::decode::ReadRefReader;
use serde::de::value::UnitDeserializer;
use serde::de::{self, DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::EventKind;

/// How deeply the values in a payload may nest.
const MAX_DEPTH: usize = 128;

/// A value that could not be written as msgpack.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode {what}: {source}")]
pub struct EncodeError {
    what: &'static str,
    source: Box<rmp_serde::encode::Error>,
}

/// A payload that could not be read as the type asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The kind is not in the type's table.
    #[error("kind {0} is not one of this type's events")]
    UnknownKind(EventKind),
    /// The event was appended untyped (version 0), by `append`, under a kind of this type.
    #[error(
        "an event of kind {kind}, which is `{event}`, was appended untyped; read it with `StoredEvent::payload`"
    )]
    Untyped {
        /// The kind.
        kind: EventKind,
        /// The name that the type has for it.
        event: &'static str,
    },
    /// The kind is known, but not in this version, such as one written by newer code.
    #[error(
        "version {version} of `{event}` ({kind}) is unknown; the newest known is {newest}: update this program"
    )]
    UnknownVersion {
        /// The kind.
        kind: EventKind,
        /// The event's name.
        event: &'static str,
        /// The version found.
        version: u16,
        /// The newest version that this program knows.
        newest: u16,
    },
    /// A field has no value, and its type has none to assume.
    #[error("field `{0}` is missing")]
    MissingField(&'static str),
    /// A field's value does not fit its type.
    #[error("field `{field}`: {source}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What did not fit.
        source: Box<rmp_serde::decode::Error>,
    },
    /// The bytes are not the msgpack that they should be.
    #[error("malformed payload: {0}")]
    Malformed(Box<rmp_serde::decode::Error>),
}

impl DecodeError {
    pub(super) fn malformed(reason: impl std::fmt::Display) -> Self {
        Self::Malformed(Box::new(de::Error::custom(reason)))
    }
}

/// Appends `value` to `out` as msgpack, structs as maps by field name.
pub(crate) fn encode_value<T: Serialize + ?Sized>(
    what: &'static str,
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), EncodeError> {
    rmp_serde::encode::write_named(out, value).map_err(|source| EncodeError {
        what,
        source: Box::new(source),
    })
}

/// That what was encoded does not nest deeper than anything could read back.
pub(crate) fn check_depth(what: &'static str, encoded: &[u8]) -> Result<(), EncodeError> {
    // Maps and arrays begin with a byte of these; where there are few, they cannot nest deeply.
    let may_open = |byte: &u8| u8::from(byte & 0xE0 == 0x80) | u8::from(byte & 0xFC == 0xDC);
    // Few enough at once for their number to fit a byte, which the compiler makes vectors of.
    let count = |bytes: &[u8]| usize::from(bytes.iter().map(may_open).sum::<u8>());
    if encoded.chunks(128).map(count).sum::<usize>() < MAX_DEPTH {
        return Ok(());
    }
    IgnoredAny::deserialize(&mut deserializer(encoded))
        .map(|_| ())
        .map_err(|error| EncodeError {
            what,
            source: Box::new(serde::ser::Error::custom(error)),
        })
}

/// Reads `bytes` as one msgpack value of type `T`, all of them.
pub(crate) fn decode_value<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut reader = deserializer(bytes);
    let value = T::deserialize(&mut reader);
    // Before the value is moved: what was written a moment ago is slow to read again in another width.
    if value.is_ok() {
        expect_end(&mut reader)?;
    }
    value.map_err(|error| DecodeError::Malformed(Box::new(error)))
}

fn deserializer(bytes: &[u8]) -> ValueReader<'_> {
    let mut reader = ValueReader::from_read_ref(bytes);
    reader.set_max_depth(MAX_DEPTH);
    reader
}

/// That nothing is left: then, and only then, there is no marker of a further value to read.
fn expect_end(reader: &mut ValueReader<'_>) -> Result<(), DecodeError> {
    match <()>::deserialize(reader) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(()),
        _ => Err(DecodeError::malformed("there are bytes behind the value")),
    }
}

/// Writes a payload field by field.
#[derive(Debug)]
pub struct FieldWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> FieldWriter<'a> {
    /// Begins a payload of exactly `count` fields at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>, count: u32) -> Self {
        // Writing into a `Vec` cannot fail.
        let _ = rmp::encode::write_map_len(out, count);
        Self { out }
    }

    /// Writes a payload of no fields at the end of `out`.
    ///
    /// # Errors
    /// None; it is the whole writing of an event, which may have some.
    pub fn none(out: &mut Vec<u8>) -> Result<(), EncodeError> {
        FieldWriter::new(out, 0);
        Ok(())
    }

    /// Writes one field.
    ///
    /// # Errors
    /// [`EncodeError`] if the value's `Serialize` fails.
    pub fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let _ = rmp::encode::write_str(self.out, name);
        encode_value(name, self.out, value)
    }

    /// Writes one field by a function of the user's.
    ///
    /// # Errors
    /// [`EncodeError`] if the function fails.
    pub fn field_with(
        &mut self,
        name: &'static str,
        write: impl FnOnce(&mut ValueWriter<'_>) -> Result<(), rmp_serde::encode::Error>,
    ) -> Result<(), EncodeError> {
        let _ = rmp::encode::write_str(self.out, name);
        let mut writer = rmp_serde::Serializer::new(&mut *self.out).with_struct_map();
        write(&mut writer).map_err(|source| EncodeError {
            what: name,
            source: Box::new(source),
        })
    }
}

/// What writes one value, structs as maps by field name.
pub type ValueWriter<'a> = rmp_serde::Serializer<
    &'a mut Vec<u8>,
    rmp_serde::config::StructMapConfig<rmp_serde::config::DefaultConfig>,
>;

/// What reads one value.
pub type ValueReader<'a> = rmp_serde::Deserializer<ReadRefReader<'a, [u8]>>;

/// Reads a payload field by field, in whatever order they were written.
pub struct FieldReader<'a> {
    reader: ValueReader<'a>,
    /// How many fields are still to come; `None` if the payload is not a map.
    remaining: Option<u32>,
}

impl<'a> FieldReader<'a> {
    /// Begins to read the payload `bytes`.
    pub fn new(mut bytes: &'a [u8]) -> Self {
        let remaining = rmp::decode::read_map_len(&mut bytes).ok();
        Self {
            reader: deserializer(bytes),
            remaining,
        }
    }

    /// The next field's name, or `None` after the last; its value must be read or skipped next.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the bytes are not a map, end early, go on too long or the name is not
    /// text.
    pub fn next_name(&mut self) -> Result<Option<&'a str>, DecodeError> {
        let remaining = self
            .remaining
            .as_mut()
            .ok_or_else(|| DecodeError::malformed("expected a map by field name"))?;
        if *remaining == 0 {
            expect_end(&mut self.reader)?;
            return Ok(None);
        }
        *remaining -= 1;
        <&str>::deserialize(&mut self.reader)
            .map(Some)
            .map_err(|e| DecodeError::Malformed(Box::new(e)))
    }

    /// Reads the value of the field just named into `slot`.
    ///
    /// # Errors
    /// [`DecodeError`] if it does not fit the type or was there before.
    pub fn value<T: DeserializeOwned>(
        &mut self,
        field: &'static str,
        slot: &mut Option<T>,
    ) -> Result<(), DecodeError> {
        self.value_with(field, slot, |reader| T::deserialize(reader))
    }

    /// Reads the value of the field just named into `slot`, by a function of the user's.
    ///
    /// # Errors
    /// [`DecodeError`] if the function fails or the field was there before.
    pub fn value_with<T>(
        &mut self,
        field: &'static str,
        slot: &mut Option<T>,
        read: impl FnOnce(&mut ValueReader<'a>) -> Result<T, rmp_serde::decode::Error>,
    ) -> Result<(), DecodeError> {
        if slot.is_some() {
            return Err(DecodeError::malformed(format_args!(
                "field `{field}` is there twice"
            )));
        }
        match read(&mut self.reader) {
            Ok(value) => {
                *slot = Some(value);
                Ok(())
            }
            Err(source) => Err(DecodeError::Field {
                field,
                source: Box::new(source),
            }),
        }
    }

    /// The event, which has no fields; skips those that newer code added to it.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the payload is not msgpack values by name.
    pub fn none<T>(bytes: &'a [u8], event: T) -> Result<T, DecodeError> {
        let mut fields = Self::new(bytes);
        while fields.next_name()?.is_some() {
            fields.skip()?;
        }
        Ok(event)
    }

    /// Skips the value of the field just named, such as one that newer code added.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it is not a msgpack value.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        IgnoredAny::deserialize(&mut self.reader)
            .map(|_| ())
            .map_err(|e| DecodeError::Malformed(Box::new(e)))
    }

    /// The field's value.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] if there is none.
    pub fn found<T>(field: &'static str, value: Option<T>) -> Result<T, DecodeError> {
        value.ok_or(DecodeError::MissingField(field))
    }

    /// The field's value, or what its type has for a missing one: `None` for an `Option`.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] if there is neither.
    pub fn required<T: DeserializeOwned>(
        field: &'static str,
        value: Option<T>,
    ) -> Result<T, DecodeError> {
        match value {
            Some(value) => Ok(value),
            None => T::deserialize(Missing).map_err(|_| DecodeError::MissingField(field)),
        }
    }
}

/// A type that can be part of an event: what serde can write and read without borrowing.
///
/// The derive calls these by the type, so that one that is neither is said to be so once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of an event",
    label = "needs `Serialize` and `DeserializeOwned`",
    note = "derive serde's `Serialize` and `Deserialize` for it, and for the types that it is made of",
    note = "`batpak::serde` is serde, re-exported"
)]
pub trait Value: Sized {
    /// Writes it as the field `name`.
    ///
    /// # Errors
    /// [`EncodeError`] if its `Serialize` fails.
    fn write(&self, name: &'static str, to: &mut FieldWriter<'_>) -> Result<(), EncodeError>;

    /// Reads the field `name` into `slot`.
    ///
    /// # Errors
    /// [`DecodeError`] if it does not fit the type or was there before.
    fn read(
        name: &'static str,
        slot: &mut Option<Self>,
        from: &mut FieldReader<'_>,
    ) -> Result<(), DecodeError>;

    /// The value of the field `name`, or what the type has for a missing one: `None` for an `Option`.
    ///
    /// # Errors
    /// [`DecodeError::MissingField`] if there is neither.
    fn required(name: &'static str, value: Option<Self>) -> Result<Self, DecodeError>;

    /// Writes it as the whole payload of the event `name`.
    ///
    /// # Errors
    /// [`EncodeError`] if its `Serialize` fails or gives no map, as it does unless it is a struct with
    /// named fields.
    fn write_payload(&self, name: &'static str, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Reads a whole payload.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it is not one of this type's.
    fn read_payload(bytes: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Value for T {
    fn write(&self, name: &'static str, to: &mut FieldWriter<'_>) -> Result<(), EncodeError> {
        to.field(name, self)
    }

    fn read(
        name: &'static str,
        slot: &mut Option<Self>,
        from: &mut FieldReader<'_>,
    ) -> Result<(), DecodeError> {
        from.value(name, slot)
    }

    fn required(name: &'static str, value: Option<Self>) -> Result<Self, DecodeError> {
        FieldReader::required(name, value)
    }

    fn write_payload(&self, name: &'static str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        encode_value(name, out, self)?;
        match out.get(start) {
            Some(0x80..=0x8F | 0xDE | 0xDF) => Ok(()),
            _ => Err(EncodeError {
                what: name,
                source: Box::new(serde::ser::Error::custom(
                    "its payload is not a struct with named fields",
                )),
            }),
        }
    }

    fn read_payload(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_value(bytes)
    }
}

/// The payload of an earlier version of an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read as the payload of an earlier version",
    label = "needs `DeserializeOwned`",
    note = "derive serde's `Deserialize` for it; `batpak::serde` is serde, re-exported"
)]
pub trait Earlier: Sized {
    /// Reads a whole payload.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if it is not one of that version.
    fn read(bytes: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Earlier for T {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_value(bytes).or_else(|error| match bytes {
            // An event without fields, whose type may be a unit struct.
            [0x80] => {
                T::deserialize(UnitDeserializer::<de::value::Error>::new()).map_err(|_| error)
            }
            _ => Err(error),
        })
    }
}

/// The step from the payload of one version to the next, or from the last one to the event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot become `{T}`: implement `From<{Self}> for {T}`",
    label = "no `From<{Self}> for {T}`"
)]
pub trait Upcast<T> {
    /// What the earlier version says, as the next one says it.
    fn upcast(self) -> T;
}

#[diagnostic::do_not_recommend]
#[doc(hidden)]
impl<S: Into<T>, T> Upcast<T> for S {
    fn upcast(self) -> T {
        self.into()
    }
}

/// Stands for the value of a field that is not there: only an `Option` can be read from it.
struct Missing;

impl<'de> de::Deserializer<'de> for Missing {
    type Error = de::value::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("missing"))
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Vec<u8> {
        let mut out = Vec::new();
        let mut fields = FieldWriter::new(&mut out, 2);
        fields.field("amount", &35_u64).unwrap();
        fields.field("note", "late").unwrap();
        out
    }

    fn amount(bytes: &[u8]) -> Result<u64, DecodeError> {
        let mut amount = None;
        let mut fields = FieldReader::new(bytes);
        while let Some(name) = fields.next_name()? {
            match name {
                "amount" => fields.value("amount", &mut amount)?,
                _ => fields.skip()?,
            }
        }
        FieldReader::required("amount", amount)
    }

    #[test]
    fn fields_unknown_to_the_reader_are_skipped() {
        assert_eq!(amount(&payload()).unwrap(), 35);
    }

    #[test]
    fn a_missing_field_is_named_unless_it_is_optional() {
        let error = amount(&[0x80]).unwrap_err();
        assert_eq!(error.to_string(), "field `amount` is missing");
        let none: Option<u64> = FieldReader::required("amount", None).unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn every_truncation_and_every_trailing_byte_is_an_error() {
        let whole = payload();
        for len in 0..whole.len() {
            assert!(amount(&whole[..len]).is_err(), "{len} bytes were enough");
        }
        let mut longer = whole;
        longer.push(0xC0);
        assert!(matches!(amount(&longer), Err(DecodeError::Malformed(_))));
    }

    #[test]
    fn nesting_beyond_the_limit_is_an_error_and_no_stack_overflow() {
        let mut deep = vec![0x81, 0xA1, b'x'];
        deep.extend(std::iter::repeat_n(0x91, 1_000_000));
        deep.push(0xC0);
        assert!(matches!(amount(&deep), Err(DecodeError::Malformed(_))));
    }
}
