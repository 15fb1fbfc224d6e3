use std::borrow::Cow;
use std::fmt;

/// Why a gate did not permit: a code for programs, a message for people, and the facts it looked at.
///
/// ```
/// use batpak::Denial;
///
/// let denial = Denial::new("INSUFFICIENT_FUNDS", "the balance is too low").with("balance", 12);
/// assert_eq!(denial.code(), "INSUFFICIENT_FUNDS");
/// assert_eq!(denial.to_string(), "INSUFFICIENT_FUNDS: the balance is too low (balance = 12)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial(Box<Content>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    context: Vec<(&'static str, String)>,
}

impl Denial {
    /// A denial with this code and message.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Content {
            code: code.into(),
            message: message.into(),
            context: Vec::new(),
        }))
    }

    /// Adds a fact that the gate looked at.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
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
    pub fn context(&self) -> impl ExactSizeIterator<Item = (&'static str, &str)> {
        self.0
            .context
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())?;
        for (i, (name, value)) in self.context().enumerate() {
            write!(f, "{}{name} = {value}", if i == 0 { " (" } else { ", " })?;
        }
        f.write_str(if self.0.context.is_empty() { "" } else { ")" })
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
