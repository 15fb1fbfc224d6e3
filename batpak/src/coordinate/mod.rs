//! WHO and WHERE: the address of a stream, and the tags that give an event further addresses.

mod tag;

pub use tag::{Tag, TagError};

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The address of one stream: an entity (WHO) in a scope (WHERE).
///
/// There is one stream per coordinate, so the same entity in two scopes is two streams: two tenants
/// never share one. Cloning is cheap, for the text is shared.
///
/// ```
/// use batpak::Coordinate;
///
/// let alice = Coordinate::new("player:alice", "room:dungeon")?;
/// assert_eq!(alice.entity(), "player:alice");
/// assert_eq!(alice.to_string(), "player:alice@room:dungeon");
/// # Ok::<(), batpak::CoordinateError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Coordinate {
    /// The entity followed by the scope, without a separator.
    text: Arc<str>,
    entity_len: u16,
}

impl Coordinate {
    /// The most bytes that an entity or a scope may have. It belongs to the disk format.
    pub const MAX_BYTES: usize = 512;

    /// The coordinate of `entity` in `scope`.
    ///
    /// # Errors
    /// [`CoordinateError`] if either is empty, longer than [`Self::MAX_BYTES`] or has a control character.
    pub fn new(entity: impl AsRef<str>, scope: impl AsRef<str>) -> Result<Self, CoordinateError> {
        let (entity, scope) = (entity.as_ref(), scope.as_ref());
        check(Part::Entity, entity)?;
        check(Part::Scope, scope)?;
        Ok(Self::from_log(entity, scope))
    }

    /// A coordinate whose names were checked before they were written to the log.
    pub(crate) fn from_log(entity: &str, scope: &str) -> Self {
        // Short names are joined where no memory has to be asked for.
        let mut short = [0; 128];
        let len = entity.len() + scope.len();
        let text = match short.get_mut(..len) {
            Some(short) => {
                short[..entity.len()].copy_from_slice(entity.as_bytes());
                short[entity.len()..].copy_from_slice(scope.as_bytes());
                str::from_utf8(short).ok().map(Arc::from)
            }
            None => None,
        };
        Self {
            text: text.unwrap_or_else(|| [entity, scope].concat().into()),
            entity_len: entity.len() as u16,
        }
    }

    /// WHO: the thing whose history the stream is.
    #[must_use]
    pub fn entity(&self) -> &str {
        &self.text[..usize::from(self.entity_len)]
    }

    /// WHERE: the tenant, room or bounded context that the stream lives in.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.text[usize::from(self.entity_len)..]
    }

    /// The same entity in the scope `<scope>/<part>`, such as `/denied` for recorded denials.
    ///
    /// # Errors
    /// [`CoordinateError`] if the new scope is too long or `part` has a control character.
    ///
    /// ```
    /// use batpak::Coordinate;
    ///
    /// let fine = Coordinate::new("fine:A1", "road-traffic")?;
    /// assert_eq!(fine.within("denied")?.scope(), "road-traffic/denied");
    /// # Ok::<(), batpak::CoordinateError>(())
    /// ```
    pub fn within(&self, part: &str) -> Result<Self, CoordinateError> {
        Self::new(self.entity(), format!("{}/{part}", self.scope()))
    }
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.entity(), self.scope())
    }
}

impl fmt::Debug for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinate")
            .field("entity", &self.entity())
            .field("scope", &self.scope())
            .finish()
    }
}

/// How a coordinate is serialised: both names, spelled out.
#[derive(Serialize, Deserialize)]
struct Parts {
    entity: String,
    scope: String,
}

impl TryFrom<Parts> for Coordinate {
    type Error = CoordinateError;

    fn try_from(parts: Parts) -> Result<Self, CoordinateError> {
        Self::new(parts.entity, parts.scope)
    }
}

impl From<Coordinate> for Parts {
    fn from(coordinate: Coordinate) -> Self {
        Self {
            entity: coordinate.entity().to_owned(),
            scope: coordinate.scope().to_owned(),
        }
    }
}

/// The half of a coordinate that a [`CoordinateError`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// WHO.
    Entity,
    /// WHERE.
    Scope,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entity => "entity",
            Self::Scope => "scope",
        })
    }
}

/// A name that cannot be half of a [`Coordinate`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoordinateError {
    /// The name is empty.
    #[error("the {0} of a coordinate, or the id in it, is empty; give it a name")]
    Empty(Part),
    /// The name is longer than [`Coordinate::MAX_BYTES`].
    #[error(
        "the {part} of a coordinate has {bytes} bytes; at most {} fit",
        Coordinate::MAX_BYTES
    )]
    TooLong {
        /// Which half.
        part: Part,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The name has a control character.
    #[error("the {part} of a coordinate has the control character {found:?}; leave it out")]
    Control {
        /// Which half.
        part: Part,
        /// The first such character.
        found: char,
    },
}

/// Whether an entity or a scope can have this name.
pub(crate) fn is_name(name: &str) -> bool {
    check(Part::Entity, name).is_ok()
}

fn check(part: Part, name: &str) -> Result<(), CoordinateError> {
    if name.is_empty() {
        return Err(CoordinateError::Empty(part));
    }
    if name.len() > Coordinate::MAX_BYTES {
        return Err(CoordinateError::TooLong {
            part,
            bytes: name.len(),
        });
    }
    match name.chars().find(|c| c.is_control()) {
        Some(found) => Err(CoordinateError::Control { part, found }),
        None => Ok(()),
    }
}
