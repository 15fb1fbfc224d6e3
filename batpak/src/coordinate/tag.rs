use std::fmt;

use serde::{Deserialize, Serialize};

/// A further address of an event, `name:value`, such as `course:c1`.
///
/// One fact can concern several entities; a [`Region`](crate::Region) finds it by any of its tags.
///
/// ```
/// use batpak::Tag;
///
/// let tag = Tag::new("course", "c1")?;
/// assert_eq!(tag.as_str(), "course:c1");
/// assert_eq!("course:c1".parse::<Tag>()?, tag);
/// assert!(Tag::new("course", "").is_err());
/// # Ok::<(), batpak::TagError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// The most bytes that a tag may have, the colon included. It belongs to the disk format.
    pub const MAX_BYTES: usize = 256;

    /// The tag `name:value`; the value may be anything that displays.
    ///
    /// # Errors
    /// [`TagError`] if the name or the value is empty, if the name has a colon, if there is a
    /// control character, or if the whole is longer than [`Self::MAX_BYTES`].
    pub fn new(name: &str, value: impl fmt::Display) -> Result<Self, TagError> {
        if name.contains(':') {
            return Err(TagError::Malformed(format!("{name}:{value}")));
        }
        Self::try_from(format!("{name}:{value}"))
    }

    /// A tag that was checked before it was written to the log.
    pub(crate) fn from_log(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The whole tag, `name:value`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Tag {
    type Error = TagError;

    fn try_from(text: String) -> Result<Self, TagError> {
        if text.len() > Self::MAX_BYTES {
            return Err(TagError::TooLong { bytes: text.len() });
        }
        match text.split_once(':') {
            Some((name, value))
                if !name.is_empty() && !value.is_empty() && !text.contains(char::is_control) =>
            {
                Ok(Self(text))
            }
            _ => Err(TagError::Malformed(text)),
        }
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

/// A text that cannot be a [`Tag`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// It is not a name, a colon and a value, or it has a control character.
    #[error(
        "{0:?} is not a tag; write `name:value`, neither of them empty, without control characters"
    )]
    Malformed(String),
    /// It is longer than [`Tag::MAX_BYTES`].
    #[error("a tag has {bytes} bytes; at most {} fit", Tag::MAX_BYTES)]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}
