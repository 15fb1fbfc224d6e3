use std::any::Any;
use std::fmt::{self, Write as _};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Denial, Gate, Gates};

/// What a gate answered, and what the gates answered that it is made of.
///
/// [`Gate::explain`] gives it of one gate, and an [`Evaluation`](crate::Evaluation) has one per gate of a
/// set. It displays as indented text, a line per gate, whatever the denials say.
///
/// ```
/// use batpak::prelude::*;
///
/// /// No auditor has seen it.
/// #[gate]
/// fn by_auditor(seen_by: &str) -> bool {
///     seen_by == "auditor"
/// }
///
/// /// No manager has seen it.
/// #[gate]
/// fn by_manager(seen_by: &str) -> bool {
///     seen_by == "manager"
/// }
///
/// let reviewed = any_of("REVIEWED", (by_auditor::Gate, by_manager::Gate)).message("nobody has seen it");
/// let explanation = reviewed.explain("ann");
/// assert_eq!(
///     explanation.to_string(),
///     "\
/// REVIEWED (any of): denied, nobody has seen it
///   BY_AUDITOR: denied, No auditor has seen it.
///   BY_MANAGER: denied, No manager has seen it."
/// );
/// assert!(reviewed.explain("manager").is_permitted());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    code: &'static str,
    combinator: Option<Combinator>,
    answer: Answer,
    parts: Vec<Self>,
}

/// How a gate is made of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Combinator {
    /// [`all_of`](crate::all_of).
    AllOf,
    /// [`any_of`](crate::any_of).
    AnyOf,
    /// [`not`](crate::not).
    Not,
}

/// What a gate answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It permits.
    Permitted,
    /// It denies, or has panicked.
    Denied(Denial),
    /// It was not asked, because something before it had decided.
    NotAsked,
}

impl From<Result<(), Denial>> for Answer {
    fn from(evaluated: Result<(), Denial>) -> Self {
        evaluated.map_or_else(Self::Denied, |()| Self::Permitted)
    }
}

impl Explanation {
    /// The answer of a gate that is not made of others. What it panics with is its denial.
    pub(super) fn of_gate<Ctx: ?Sized, G: Gate<Ctx> + ?Sized>(
        gate: &G,
        asking: Asking<'_, Ctx>,
    ) -> Self {
        let code = gate.code();
        let answer = asking.ctx().map_or(Answer::NotAsked, |ctx| {
            // A gate only reads: its panic leaves nothing half done.
            catch_unwind(AssertUnwindSafe(|| gate.evaluate(ctx)))
                .unwrap_or_else(|panic| Err(Denial::of_panic(code, &text(&*panic))))
                .into()
        });
        Self {
            code,
            combinator: None,
            answer,
            parts: Vec::new(),
        }
    }

    /// The answer of a gate that is made of others, which have answered this.
    pub(super) fn of_parts(
        code: &'static str,
        combinator: Combinator,
        answer: Answer,
        parts: Vec<Self>,
    ) -> Self {
        Self {
            code,
            combinator: Some(combinator),
            answer,
            parts,
        }
    }

    /// The gate's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// How the gate is made of others: `None` if it is not.
    #[must_use]
    pub const fn combinator(&self) -> Option<Combinator> {
        self.combinator
    }

    /// What the gate answered.
    #[must_use]
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Whether the gate was asked and permits.
    #[must_use]
    pub const fn is_permitted(&self) -> bool {
        matches!(self.answer, Answer::Permitted)
    }

    /// Why the gate does not permit: `None` if it does, or was not asked.
    #[must_use]
    pub const fn denial(&self) -> Option<&Denial> {
        match &self.answer {
            Answer::Denied(denial) => Some(denial),
            Answer::Permitted | Answer::NotAsked => None,
        }
    }

    pub(super) const fn is_denied(&self) -> bool {
        matches!(self.answer, Answer::Denied(_))
    }

    /// What the gates answered that this one is made of, in order.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        &self.parts
    }

    /// This gate, and after it all those that it is made of, at any depth, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Self> {
        let mut ahead = vec![self];
        iter::from_fn(move || {
            let next = ahead.pop()?;
            ahead.extend(next.parts.iter().rev());
            Some(next)
        })
    }

    /// The answer of a gate that was asked.
    pub(super) fn into_result(self) -> Result<(), Denial> {
        match self.answer {
            Answer::Denied(denial) => Err(denial),
            Answer::Permitted | Answer::NotAsked => Ok(()),
        }
    }

    /// Adds the codes of the gates that permitted and on which this answer rests.
    pub(super) fn passed_into(&self, codes: &mut Vec<&'static str>) {
        if self.is_permitted() {
            codes.push(self.code);
        }
        let decisive = match (self.combinator, &self.answer) {
            (_, Answer::NotAsked) => return,
            (Some(Combinator::AllOf), Answer::Denied(_)) => {
                self.parts.iter().position(Self::is_denied)
            }
            (Some(Combinator::AnyOf), Answer::Permitted) => {
                self.parts.iter().position(Self::is_permitted)
            }
            _ => None,
        };
        let parts = decisive.map_or(&self.parts[..], |one| &self.parts[one..=one]);
        parts.iter().for_each(|part| part.passed_into(codes));
    }

    /// The line of this gate, and those of its parts, each with so many spaces before it.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.code)?;
        f.write_str(match self.combinator {
            None => ": ",
            Some(Combinator::AllOf) => " (all of): ",
            Some(Combinator::AnyOf) => " (any of): ",
            Some(Combinator::Not) => " (not): ",
        })?;
        match &self.answer {
            Answer::Permitted => f.write_str("permitted")?,
            Answer::NotAsked => f.write_str("not asked")?,
            Answer::Denied(denial) => self.write_denial(f, denial)?,
        }
        self.parts.iter().try_for_each(|part| {
            f.write_str("\n")?;
            part.write(f, indent + 2)
        })
    }

    /// The denial, without what the lines around it say.
    fn write_denial(&self, f: &mut fmt::Formatter<'_>, denial: &Denial) -> fmt::Result {
        f.write_str("denied, ")?;
        let mut line = OneLine(f);
        if denial.code() != self.code {
            write!(line, "{}: ", denial.code())?;
        }
        write!(line, "{}", denial.reason())?;
        if self.parts.is_empty() {
            write!(line, "{}", denial.because())?;
        }
        Ok(())
    }
}

/// Escapes control characters: what a gate was asked about must not look like the answer of another.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| {
            if char.is_control() {
                write!(self.0, "{}", char.escape_debug())
            } else {
                self.0.write_char(char)
            }
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// A map with `code` and `answer`, and with `combinator` and `parts` if the gate is made of others.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let made_of_others = self.combinator.is_some();
        let fields = if made_of_others { 4 } else { 2 };
        let mut map = serializer.serialize_map(Some(fields))?;
        map.serialize_entry("code", self.code)?;
        if made_of_others {
            map.serialize_entry("combinator", &self.combinator)?;
        }
        map.serialize_entry("answer", &self.answer)?;
        if made_of_others {
            map.serialize_entry("parts", &self.parts)?;
        }
        map.end()
    }
}

/// What gates are asked, and how many of them.
#[derive(Debug)]
pub enum Asking<'c, Ctx: ?Sized> {
    /// None: they only say how they are made.
    Nothing,
    /// Those that are needed to decide.
    UntilDecided(&'c Ctx),
    /// All, at any depth.
    Everything(&'c Ctx),
}

impl<Ctx: ?Sized> Clone for Asking<'_, Ctx> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Ctx: ?Sized> Copy for Asking<'_, Ctx> {}

impl<'c, Ctx: ?Sized> Asking<'c, Ctx> {
    /// What they are asked about.
    fn ctx(self) -> Option<&'c Ctx> {
        match self {
            Self::Nothing => None,
            Self::UntilDecided(ctx) | Self::Everything(ctx) => Some(ctx),
        }
    }

    /// Asks these in turn; an answer that `decides` is, unless everything is asked, the last.
    pub(super) fn each(
        self,
        gates: &(impl Gates<Ctx> + ?Sized),
        decides: fn(&Explanation) -> bool,
    ) -> Vec<Explanation> {
        let mut asking = self;
        let mut answered = Vec::new();
        gates.each(&mut |gate| {
            let answer = gate.ask(asking);
            if matches!(asking, Self::UntilDecided(_)) && decides(&answer) {
                asking = Self::Nothing;
            }
            answered.push(answer);
        });
        answered
    }
}

/// What the panic says.
fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text")
        .to_owned()
}
