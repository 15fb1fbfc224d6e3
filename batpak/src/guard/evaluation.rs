use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Denial, Explanation, GateSetDigest};

/// What a [`GateSet`](crate::GateSet) decided, and why: every gate's answer.
///
/// [`GateSet::explain`](crate::GateSet::explain) gives it, and nothing else does. It displays as text that is
/// read by people, and is a map in serde.
///
/// ```
/// use batpak::prelude::*;
///
/// /// The shop is closed.
/// #[gate]
/// fn open(hour: &u8) -> bool {
///     (9..18).contains(hour)
/// }
///
/// /// The clerk is at lunch.
/// #[gate]
/// fn attended(hour: &u8) -> bool {
///     *hour != 12
/// }
///
/// let gates = GateSet::named("hours").with(open::Gate).with(attended::Gate);
/// let evaluation = gates.explain(&10);
/// assert!(evaluation.is_permitted());
/// assert_eq!(evaluation.passed(), ["OPEN", "ATTENDED"]);
/// assert_eq!(evaluation.digest(), gates.digest());
///
/// assert_eq!(
///     gates.explain(&20).to_string(),
///     "\
/// hours: denied by OPEN
///   OPEN: denied, The shop is closed.
///   ATTENDED: not asked"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an evaluation that nobody looks at denies nothing"]
pub struct Evaluation {
    name: Option<Cow<'static, str>>,
    digest: GateSetDigest,
    gates: Vec<Explanation>,
}

impl Evaluation {
    pub(super) const fn new(
        name: Option<Cow<'static, str>>,
        digest: GateSetDigest,
        gates: Vec<Explanation>,
    ) -> Self {
        Self {
            name,
            digest,
            gates,
        }
    }

    /// Whether no gate denies.
    #[must_use]
    pub fn is_permitted(&self) -> bool {
        self.denial().is_none()
    }

    /// Why the set does not permit: the first denial, which decided.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        self.denials().next()
    }

    /// The denials of the set's gates, in order. Those of the gates that one is made of are its
    /// [causes](Denial::causes).
    pub fn denials(&self) -> impl Iterator<Item = &Denial> {
        self.gates.iter().filter_map(Explanation::denial)
    }

    /// The codes of the gates that permitted, in order.
    ///
    /// Behind the code of a gate that is made of others stand those on which its permit rests: all of
    /// [`all_of`](crate::all_of), the first that permits of [`any_of`](crate::any_of), and what permits in that
    /// which [`not`](crate::not) turns round.
    #[must_use]
    pub fn passed(&self) -> Vec<&'static str> {
        let mut codes = Vec::new();
        let permitted = self.gates.iter().filter(|gate| gate.is_permitted());
        permitted.for_each(|gate| gate.passed_into(&mut codes));
        codes
    }

    /// The name of the set, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// By which set of gates it was decided.
    #[must_use]
    pub const fn digest(&self) -> GateSetDigest {
        self.digest
    }

    /// What the gates of the set answered, in order.
    #[must_use]
    pub fn gates(&self) -> &[Explanation] {
        &self.gates
    }

    /// What every gate answered, at any depth: behind each those that it is made of.
    pub fn iter(&self) -> impl Iterator<Item = &Explanation> {
        self.gates.iter().flat_map(Explanation::iter)
    }

    fn serialize<S: Serializer>(&self, verdict: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("set", &self.name)?;
        map.serialize_entry("digest", &self.digest)?;
        map.serialize_entry(verdict, &self.is_permitted())?;
        map.serialize_entry("gates", &self.gates)?;
        map.end()
    }

    /// The lines of the gates, below one that names the set and tells its decision.
    fn write(&self, f: &mut fmt::Formatter<'_>, permitted: &str, denied: &str) -> fmt::Result {
        f.write_str(self.name().unwrap_or("gate set"))?;
        match self.gates.iter().find(|gate| gate.is_denied()) {
            None => write!(f, ": {permitted}")?,
            Some(gate) => write!(f, ": {denied} by {}", gate.code())?,
        }
        self.gates.iter().try_for_each(|gate| {
            f.write_str("\n")?;
            gate.write(f, 2)
        })
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "permitted", "denied")
    }
}

/// A map of `set`, `digest`, `permitted` and `gates`.
impl Serialize for Evaluation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize("permitted", serializer)
    }
}

/// What a [`GateSet`](crate::GateSet) would decide, with the answer of every gate at any depth, also of
/// those that would not have been asked.
///
/// [`GateSet::dry_run`](crate::GateSet::dry_run) gives it. It permits nothing: what asks for a permit takes
/// an [`Evaluation`], and none can be made of it.
///
/// ```
/// use batpak::prelude::*;
///
/// #[gate(message = "the shop is closed")]
/// fn open(hour: &u8) -> bool {
///     (9..18).contains(hour)
/// }
///
/// #[gate(message = "nobody is there")]
/// fn attended(hour: &u8) -> bool {
///     *hour < 16
/// }
///
/// let gates = GateSet::named("hours").with(open::Gate).with(attended::Gate);
/// let dry_run = gates.dry_run(&20);
/// assert!(!dry_run.would_permit());
/// assert_eq!(
///     dry_run.to_string(),
///     "\
/// hours: would be denied by OPEN
///   OPEN: denied, the shop is closed
///   ATTENDED: denied, nobody is there"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun(Evaluation);

impl DryRun {
    pub(super) const fn new(evaluation: Evaluation) -> Self {
        Self(evaluation)
    }

    /// Whether no gate denies.
    #[must_use]
    pub fn would_permit(&self) -> bool {
        self.0.is_permitted()
    }

    /// The denials of the set's gates, in order: the first would be the one that decides.
    pub fn denials(&self) -> impl Iterator<Item = &Denial> {
        self.0.denials()
    }

    /// The name of the set, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// Which set of gates it was.
    #[must_use]
    pub const fn digest(&self) -> GateSetDigest {
        self.0.digest()
    }

    /// What the gates of the set answered, in order.
    #[must_use]
    pub fn gates(&self) -> &[Explanation] {
        self.0.gates()
    }

    /// What every gate answered, at any depth: behind each those that it is made of.
    pub fn iter(&self) -> impl Iterator<Item = &Explanation> {
        self.0.iter()
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, "would be permitted", "would be denied")
    }
}

/// A map of `set`, `digest`, `would_permit` and `gates`.
impl Serialize for DryRun {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize("would_permit", serializer)
    }
}
