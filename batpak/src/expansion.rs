//! What the macros' expansions are made of, besides what programs use by themselves. It is public
//! because expansions lie in the crates of their users; nothing else need name it.

use std::fmt;

#[doc(hidden)]
pub use std::vec::Vec;

#[doc(hidden)]
pub use crate::__as_typed as as_typed;
pub use crate::event::{
    At, Claim, Claimant, Clash, Earlier, FieldReader, FieldWriter, Home, KindSlot, Kinds, Upcast,
    Value, ValueReader, ValueWriter, accepted_category, clash, entries, refused_category,
};
pub use crate::guard::{Asked, Decision};
pub use crate::projection::{Handled, Kept, Snapshot};
pub use crate::typestate::{In, Instance, Moved, Place};

use crate::{
    Chain, Committed, Coordinate, CoordinateError, Cursor, DecodeError, Denial, EventKind,
    EventPayload, Fold, KindEntry, Machine, NewEvent, Part, State, Step, Transition,
};

/// The coordinate of the entity `<prefix>:<id>` in `scope`.
///
/// # Errors
/// [`CoordinateError`] if the id is empty, or the names are not ones that a coordinate can have.
pub fn address(
    prefix: &str,
    id: &dyn fmt::Display,
    scope: &str,
) -> Result<Coordinate, CoordinateError> {
    let entity = format!("{prefix}:{id}");
    if entity.len() == prefix.len() + 1 {
        return Err(CoordinateError::Empty(Part::Entity));
    }
    Coordinate::new(entity, scope)
}

/// What all states of a machine share, after an event.
pub fn data_after<M: Machine>(before: &M::Data, event: &M::Event) -> M::Data {
    let mut after = before.clone();
    after.fold(event);
    after
}

/// Asks the gates of an arm, and gives what they did.
///
/// # Errors
/// The denial of the first gate that does not permit.
pub fn ask(gates: impl FnOnce() -> Result<(), Denial>) -> Result<Asked, Denial> {
    let (answer, asked) = Asked::by(gates);
    answer.map(|()| asked)
}

/// The step of a command that gates have permitted.
///
/// # Errors
/// What there is instead of a step.
pub fn permitted<F, T, D>(step: Result<Step<F, T>, D>, asked: Asked) -> Result<Step<F, T>, D> {
    step.map(|step| step.permitted(asked))
}

/// The step of a command whose gates have permitted it: over the event, to where the machine's table
/// leads.
///
/// # Panics
/// If the table does not lead to `T`: commands are emitted for lines of the table alone.
pub fn step<F, T, M>(from: F, event: M::Event) -> Step<F, T>
where
    F: Instance<State: State<Machine = M>>,
    T: Instance<State: State<Machine = M>, Phase = Committed>,
    M: Machine,
{
    Step::of(from, event)
}

/// The step of a guarded command: over one event, to what the command has found.
pub fn step_to<F, T>(from: F, event: NewEvent, to: T) -> Step<F, T> {
    Step::new(from, event, to)
}

/// A chain that begins with the machine in `state`.
pub fn chain<M: Machine>(cursor: Cursor, state: M, data: M::Data) -> Chain<M> {
    Chain::new(cursor, state, data)
}

/// The machine in `state`, where it was read.
pub fn enter<M: Machine>(state: M, cursor: Cursor, data: M::Data) -> M::Loaded {
    state.enter(Place::new(cursor), data)
}

/// Where a machine is, what its states share, and the name of its state.
pub fn parts<'m, I, S>(
    machine: &'m I,
) -> (&'m Cursor, &'m <S::Machine as Machine>::Data, &'static str)
where
    I: Instance<State = S>,
    S: State + 'm,
{
    let within = machine.within();
    (within.cursor(), within.data(), S::NAME)
}

/// Shows where a machine is and in which state.
///
/// # Errors
/// If `f` fails.
pub fn show(cursor: &Cursor, state: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    cursor.show_in(state, f)
}

/// Says in which state a machine is.
///
/// # Errors
/// If `f` fails.
pub fn tell(cursor: &Cursor, state: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} is in the state `{state}`", cursor.coordinate())
}

/// The lines of a table that leave the state; they stand together.
#[must_use]
pub fn leaving(table: &'static [Transition], state: &str) -> &'static [Transition] {
    let is_its = |line: &Transition| line.from == state;
    let begin = table.iter().position(is_its).unwrap_or(table.len());
    let rest = &table[begin..];
    let count = rest.iter().take_while(|line| is_its(line)).count();
    &rest[..count]
}

/// A machine in a known state as its parts, the state as a value of the enum.
pub fn into_parts<I, S>(machine: I) -> (Cursor, S::Machine, <S::Machine as Machine>::Data)
where
    I: Instance<State = S>,
    S: State,
{
    let (cursor, state, data) = machine.into_within().into_parts();
    (cursor, state.into_any(), data)
}

/// The kind that the table has under this name: that of the variant that `_is_it` matches.
///
/// # Panics
/// If there is none: at compile time, since the expansion asks in a constant.
#[must_use]
pub const fn kind_named<E>(table: &[KindEntry], name: &str, _is_it: fn(&E) -> bool) -> EventKind {
    table[KindEntry::position(table, name)].kind
}

/// The kind of a type that is one event.
///
/// # Panics
/// If it is several: at compile time, since the expansion asks in a constant.
#[must_use]
pub const fn only_kind<E>(table: &[KindEntry], _is_it: fn(&E) -> bool) -> EventKind {
    assert!(table.len() == 1, "the table of this type has not one event");
    table[0].kind
}

/// The kinds, each of which is there once.
///
/// # Panics
/// If one is there twice: at compile time, since the expansion asks in a constant.
#[must_use]
pub const fn distinct_kinds<const N: usize>(kinds: [EventKind; N]) -> [EventKind; N] {
    let mut i = 0;
    while i < N {
        let mut j = 0;
        while j < i {
            assert!(
                kinds[i].raw() != kinds[j].raw(),
                "two `#[on(..)]`s of this projection name events of the same kind"
            );
            j += 1;
        }
        i += 1;
    }
    kinds
}

/// How the fold of a machine's stream is kept.
#[must_use]
pub const fn kept<M: Machine<Data = D> + Snapshot, D: Snapshot>() -> Kept<M> {
    Kept::new()
}

/// That `version` is one that `E` reads for events of this kind.
///
/// # Errors
/// [`DecodeError::UnknownVersion`] or [`DecodeError::UnknownKind`] if not.
pub fn check_version<E: EventPayload>(kind: EventKind, version: u16) -> Result<(), DecodeError> {
    match E::entry(kind) {
        Some(entry) if (1..=entry.version).contains(&version) => Ok(()),
        Some(entry) if version == 0 => Err(DecodeError::Untyped {
            kind,
            event: entry.name,
        }),
        Some(entry) => Err(DecodeError::UnknownVersion {
            kind,
            event: entry.name,
            version,
            newest: entry.version,
        }),
        None => Err(DecodeError::UnknownKind(kind)),
    }
}
