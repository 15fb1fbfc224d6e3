use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a gate did not permit: a code for programs, a message for people, and the facts it looked at.
///
/// ```
/// use batpak::Denial;
///
/// let denial = Denial::new("INSUFFICIENT_FUNDS", "the balance is too low").with("balance", 12);
/// assert_eq!(denial.code(), "INSUFFICIENT_FUNDS");
/// assert_eq!(denial.to_string(), "INSUFFICIENT_FUNDS: the balance is too low (balance = 12)");
/// ```
///
/// In serde it is a struct of `code`, `message`, the map `context`, and the list `causes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Denial(Box<Content>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    #[serde(default, with = "facts")]
    context: Vec<Fact>,
    #[serde(default)]
    causes: Vec<Denial>,
}

type Fact = (Cow<'static, str>, String);

impl Denial {
    /// The code of the denial that stands for the panic of a gate. Its context has the code of the `gate`,
    /// and what the `panic` says.
    ///
    /// A [`GateSet`](crate::GateSet), a gate that is made of others, and [`Gate::explain`](crate::Gate::explain)
    /// catch the panics of the gates that they ask; [`Gate::evaluate`](crate::Gate::evaluate) of a gate that is not
    /// made of others does not, and nor does the command of a machine.
    /// - A panic is never a permit. [`not`](crate::not) gives the denial on as it is, and so do
    ///   [`all_of`](crate::all_of) and [`any_of`](crate::any_of) if it decides there. A denial with this code counts as
    ///   a panic wherever it comes from: also from a gate that gives on, with `?`, what a set answered.
    /// - A gate only reads, so its panic leaves nothing half done. A gate that does write, say to a cache
    ///   behind a lock, sees to that by itself: it is asked again.
    /// - The panic hook runs, and so prints what it prints. With `panic = "abort"` the program ends
    ///   there, and nothing is answered.
    pub const GATE_PANICKED: &'static str = "GATE_PANICKED";

    /// A denial with this code and message.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Content {
            code: code.into(),
            message: message.into(),
            context: Vec::new(),
            causes: Vec::new(),
        }))
    }

    /// The denial of the gate with this code, which has panicked and said this.
    pub(super) fn of_panic(gate: &'static str, panic: &str) -> Self {
        Self::new(Self::GATE_PANICKED, "the gate panicked")
            .with("gate", gate)
            .with("panic", panic)
    }

    /// Adds a fact that the gate looked at.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name.into(), value.to_string()));
        self
    }

    /// Adds denials from which this one follows.
    pub(super) fn because_of(mut self, causes: impl IntoIterator<Item = Self>) -> Self {
        self.0.causes.extend(causes);
        self
    }

    /// The same denial under `code`, unless it has one already.
    pub(super) fn or_code(mut self, code: &'static str) -> Self {
        if self.0.code.is_empty() {
            self.0.code = Cow::Borrowed(code);
        }
        self
    }

    /// The code, for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The message, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The facts that the gate looked at, as `(name, value)`.
    pub fn context(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let facts = self.0.context.iter();
        facts.map(|(name, value)| (&**name, value.as_str()))
    }

    /// The denials from which this one follows: those of the gates that a gate of
    /// [`all_of`](crate::all_of) or [`any_of`](crate::any_of) is made of.
    #[must_use]
    pub fn causes(&self) -> &[Self] {
        &self.0.causes
    }

    /// Whether it stands for a panic: its code is [`GATE_PANICKED`](Self::GATE_PANICKED).
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.code() == Self::GATE_PANICKED
    }

    /// The message and the context.
    pub(super) fn reason(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            f.write_str(self.message())?;
            for (i, (name, value)) in self.context().enumerate() {
                write!(f, "{}{name} = {value}", if i == 0 { " (" } else { ", " })?;
            }
            f.write_str(if self.0.context.is_empty() { "" } else { ")" })
        })
    }

    /// The causes in brackets, if there are any.
    pub(super) fn because(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            for (i, cause) in self.causes().iter().enumerate() {
                write!(f, "{}{cause}", if i == 0 { " [" } else { ", " })?;
            }
            f.write_str(if self.0.causes.is_empty() { "" } else { "]" })
        })
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.code(), self.reason(), self.because())
    }
}

impl std::error::Error for Denial {}

/// What a gate function decides: permit, or deny with a reason. The code is added by `#[gate]`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict that nobody looks at denies nothing"]
pub struct Verdict(Option<Denial>);

impl Verdict {
    /// The gate permits.
    pub const fn permit() -> Self {
        Self(None)
    }

    /// The gate denies, for this reason; the code is the gate's.
    pub fn deny(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Some(Denial::new("", message)))
    }

    /// Adds a fact that the gate looked at; a permit ignores it.
    pub fn with(self, name: &'static str, value: impl fmt::Display) -> Self {
        Self(self.0.map(|denial| denial.with(name, value)))
    }

    /// Whether the gate permits.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        self.0.is_none()
    }

    /// The denial, under this code, or `None` for a permit.
    #[must_use]
    pub fn into_denial(self, code: &'static str) -> Option<Denial> {
        self.0.map(|denial| denial.or_code(code))
    }
}

impl From<Verdict> for Result<(), Denial> {
    fn from(verdict: Verdict) -> Self {
        verdict.0.map_or(Ok(()), Err)
    }
}

/// Facts as a map, in their order; a name may be there twice.
mod facts {
    use std::fmt;

    use serde::de::{MapAccess, Visitor};
    use serde::ser::SerializeMap;
    use serde::{Deserializer, Serializer};

    use super::Fact;

    pub(super) fn serialize<S: Serializer>(facts: &[Fact], to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(facts.len()))?;
        for (name, value) in facts {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Fact>, D::Error> {
        struct Facts;

        impl<'de> Visitor<'de> for Facts {
            type Value = Vec<Fact>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut facts = Vec::new();
                while let Some(fact) = map.next_entry()? {
                    facts.push(fact);
                }
                Ok(facts)
            }
        }

        from.deserialize_map(Facts)
    }
}
