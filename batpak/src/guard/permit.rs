use serde::{Deserialize, Serialize};

use super::{Denial, GateSetDigest};
use crate::event::{DecodeError, Digest, EventMeta, StoredEvent};

/// Under which name the metadata of an event has its permit.
pub(crate) const PERMIT: &str = "batpak:permit";

/// Why an event was allowed, as it is stored with it: the gates that permitted it, or by whose word none was
/// asked.
///
/// [`StoredEvent::permit`](crate::StoredEvent::permit) reads it back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Permit {
    /// The codes of the gates that permitted, in the order in which they were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<String>,
    /// The fingerprint of the [`GateSet`](crate::GateSet) that was asked, or should have been; `None` if it was the gates of
    /// a machine's arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<GateSetDigest>,
    /// The name of that set, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why no gate was asked, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypass: Option<Bypass>,
}

impl Permit {
    pub(crate) fn of_gates(gates: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            gates: gates.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Whether it says anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.gates.is_empty() && self.set.is_none() && self.bypass.is_none()
    }
}

/// The word by which something is committed that no gate was asked about: stored with the event, and found again by
/// [`Region::bypassed`](crate::Region::bypassed).
///
/// ```
/// use batpak::Bypass;
///
/// let bypass = Bypass::new("COURT_ORDER", "case 4711/26, signed by the duty officer")?;
/// assert_eq!(bypass.reason(), "COURT_ORDER");
/// assert!(Bypass::new("COURT_ORDER", "  ").is_err());
/// # Ok::<(), batpak::BypassError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Bypass {
    reason: String,
    justification: String,
}

/// A bypass as it is read, of which it is not known whether it says anything.
#[derive(Deserialize)]
#[serde(rename = "Bypass")]
struct Unchecked {
    reason: String,
    justification: String,
}

impl TryFrom<Unchecked> for Bypass {
    type Error = BypassError;

    fn try_from(read: Unchecked) -> Result<Self, BypassError> {
        Self::new(read.reason, read.justification)
    }
}

/// A bypass without a reason or a justification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a bypass needs a reason, such as a code, and a justification in words: neither may be blank"
)]
pub struct BypassError;

impl Bypass {
    /// A bypass for this reason, such as a code that others have too, with a justification of this one in words.
    ///
    /// # Errors
    /// [`BypassError`] if one of them is blank.
    pub fn new(
        reason: impl Into<String>,
        justification: impl Into<String>,
    ) -> Result<Self, BypassError> {
        let (reason, justification) = (reason.into(), justification.into());
        if reason.trim().is_empty() || justification.trim().is_empty() {
            return Err(BypassError);
        }
        Ok(Self {
            reason,
            justification,
        })
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The justification.
    #[must_use]
    pub fn justification(&self) -> &str {
        &self.justification
    }
}

/// A denial as [`Store::record_denial`](crate::Store::record_denial) keeps it in the log: the payload of the events of
/// [`Region::denials`](crate::Region::denials).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DenialRecord {
    /// The denial's code.
    pub code: String,
    /// Its message.
    pub message: String,
    /// The facts that the gate looked at, as names and values.
    pub context: Vec<(String, String)>,
    /// The fingerprint of the [`GateSet`](crate::GateSet) that was asked, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<GateSetDigest>,
    /// The name of that set, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The digest of what was proposed ([`Receipt::digest`](crate::Receipt::digest)), if it is known; as text in serde.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_text")]
    pub proposal: Option<Digest>,
}

/// A digest as its 64 hexadecimal digits.
mod as_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::event::Digest;

    pub(super) fn serialize<S: Serializer>(
        digest: &Option<Digest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = digest.map(|digest| digest.to_string());
        text.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Digest>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let parse = |text: String| Digest::parse(&text);
        let digest = text.map(|text| parse(text).ok_or_else(|| Error::custom("not a digest")));
        digest.transpose()
    }
}

impl From<&Denial> for DenialRecord {
    fn from(denial: &Denial) -> Self {
        let context = denial.context();
        Self {
            code: denial.code().to_owned(),
            message: denial.message().to_owned(),
            context: context
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            set: None,
            name: None,
            proposal: None,
        }
    }
}

impl EventMeta<'_> {
    /// Why the event was allowed, if it is told: by the gates of a machine's arm, or of a
    /// [`Pipeline`](crate::Pipeline).
    ///
    /// # Errors
    /// [`DecodeError`] if a newer version wrote it in another form.
    pub fn permit(&self) -> Result<Option<Permit>, DecodeError> {
        self.metadata(PERMIT)
    }
}

impl StoredEvent {
    /// Why the event was allowed, if it is told: by the gates of a machine's arm, or of a
    /// [`Pipeline`](crate::Pipeline).
    ///
    /// # Errors
    /// [`DecodeError`] if a newer version wrote it in another form.
    pub fn permit(&self) -> Result<Option<Permit>, DecodeError> {
        self.metadata(PERMIT)
    }
}
