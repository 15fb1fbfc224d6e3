//! States as bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::event::{EncodeError, decode_value, encode_value};
use crate::typestate::{Folded, Machine};

/// A state that can be kept: what serde can write, and read without borrowing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept as a snapshot",
    label = "needs `Serialize` and `DeserializeOwned`",
    note = "derive serde's `Serialize` and `Deserialize` for it, and for the types that it is made of",
    note = "`batpak::serde` is serde, re-exported"
)]
pub trait Snapshot: Sized {
    /// The state as bytes: msgpack, structs as maps by field name.
    ///
    /// # Errors
    /// [`EncodeError`] if its `Serialize` fails.
    fn save(&self) -> Result<Vec<u8>, EncodeError>;

    /// The state that [`Self::save`] gave the bytes of; `None` if they are not of such.
    fn restore(bytes: &[u8]) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Snapshot for T {
    fn save(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::new();
        encode_value(std::any::type_name::<T>(), &mut bytes, self)?;
        Ok(bytes)
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        decode_value(bytes).ok()
    }
}

/// How the fold of a machine's stream is kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept<M: Machine> {
    pub(crate) save: fn(&M, &M::Data) -> Result<Vec<u8>, EncodeError>,
    pub(crate) restore: fn(&[u8]) -> Option<Folded<M>>,
}

impl<M: Machine> Kept<M> {
    /// As the state, what all states share, and where that begins.
    pub(crate) const fn new() -> Self
    where
        M: Snapshot,
        M::Data: Snapshot,
    {
        Self {
            save: |state, data| {
                let mut bytes = state.save()?;
                let end = bytes.len() as u64;
                bytes.extend(data.save()?);
                bytes.extend(end.to_le_bytes());
                Ok(bytes)
            },
            restore: |bytes| {
                let (both, end) = bytes.split_last_chunk()?;
                let end = usize::try_from(u64::from_le_bytes(*end)).ok()?;
                let (state, data) = both.split_at_checked(end)?;
                Some(Folded {
                    state: M::restore(state)?,
                    data: M::Data::restore(data)?,
                })
            },
        }
    }
}
