use super::{Illegal, Place, Refused};
use crate::event::{EncodeError, EventKind, EventPayload, KindEntry, RawEvent};
use crate::projection::{Fold, FoldError, Kept, Projection};

/// A state machine whose history is a stream: what `state_machine!` implements for the state enum.
///
/// `Default` is the initial state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state machine",
    note = "declare it with `state_machine!`; the machine is the enum of states, not one of them"
)]
pub trait Machine: Clone + Default {
    /// What can happen.
    type Event: EventPayload;
    /// What all states share: a fold over every event, or `()`.
    type Data: Clone + Default + Fold<Self::Event>;
    /// What gates may ask about besides state, event and data.
    type Context: ?Sized;
    /// The enum of committed machines, one variant per state.
    type Loaded;

    /// The machine's name in its declaration.
    const NAME: &'static str;
    /// What the names of its entities begin with, before a colon, if that is fixed.
    const ENTITY: Option<&'static str>;
    /// The version of its fold.
    const VERSION: u32;
    /// The kinds of its events.
    const KINDS: &'static [EventKind];
    /// Its table: one entry per pair of state and event and target, in the order of the arms.
    const TRANSITIONS: &'static [Transition];
    /// Its name with the module that it is declared in, which tells it from others of the name.
    const PATH: &'static str;
    /// What its states and arms say, as a number.
    const CODE: u64 = 0;
    /// How the fold of its stream is kept, if it may be: `#[machine(snapshot)]` says that it may.
    const SNAPSHOT: Option<Kept<Self>> = None;

    /// The name of this state.
    fn name(&self) -> &'static str;

    /// Whether the event may happen here and now: there is an arm for it, and its gates permit.
    ///
    /// # Errors
    /// [`Refused`] with the reason.
    fn admit(
        &self,
        data: &Self::Data,
        event: &Self::Event,
        ctx: &Self::Context,
    ) -> Result<(), Refused>;

    /// The state after the event, by the arms alone. `data` is as it was before the event.
    ///
    /// # Errors
    /// [`Illegal`] if there is no arm for it.
    fn advance(self, data: &Self::Data, event: Self::Event) -> Result<Self, Illegal>;

    /// Whether the `if` of an arm for this event looks at `data`.
    #[must_use]
    fn reads_data(_: &Self::Event) -> bool {
        false
    }

    /// The committed machine in this state. Only a store and the expansions have a [`Place`], so that
    /// nobody makes a committed state of a mere value.
    fn enter(self, place: Place, data: Self::Data) -> Self::Loaded;
}

/// One state of a machine, as a type of its own: what `state_machine!` implements for each.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state of this machine",
    note = "a state is one of the structs that `state_machine!` makes of the enum's variants"
)]
pub trait State: Clone {
    /// The machine that it is a state of.
    type Machine: Machine;

    /// The state's name in the machine's declaration.
    const NAME: &'static str;

    /// The same state as a value of the enum.
    fn into_any(self) -> Self::Machine;

    /// The value of the enum as this state.
    ///
    /// # Errors
    /// The value itself, if it is another state.
    fn from_any(any: Self::Machine) -> Result<Self, Self::Machine>;
}

/// One line of a machine's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The state that it leaves.
    pub from: &'static str,
    /// The event's name.
    pub event: &'static str,
    /// The event's kind.
    pub kind: EventKind,
    /// The state that it leads to.
    pub to: &'static str,
    /// Whether it is taken only if a condition holds.
    pub guarded: bool,
    /// The command that takes it, if one does.
    pub command: Option<&'static str>,
    /// The gates that are asked before, by name.
    pub gates: &'static [&'static str],
}

/// A line as `state_machine!` writes it: the state that it leaves, the event as its place in the table of
/// kinds, the state that it leads to, whether it is guarded, the command or nothing, how many gates it has.
type Row = (&'static str, usize, &'static str, bool, &'static str, usize);

impl Transition {
    /// The lines of a table, whose events are of `kinds`, and whose gates are those of the first line, then
    /// those of the next; `state_machine!` calls it.
    ///
    /// # Panics
    /// If an event is not among them, or there are fewer gates: at compile time, since the expansion asks in
    /// a constant.
    #[must_use]
    pub const fn table<const N: usize>(
        kinds: &[KindEntry],
        rows: [Row; N],
        mut gates: &'static [&'static str],
    ) -> [Self; N] {
        let mut lines = [Self {
            from: "",
            event: "",
            kind: EventKind::custom(0xF, 0),
            to: "",
            guarded: false,
            command: None,
            gates: &[],
        }; N];
        let mut i = 0;
        while i < N {
            let (from, event, to, guarded, command, asked) = rows[i];
            let entry = &kinds[event];
            if asked > 0 {
                (lines[i].gates, gates) = gates.split_at(asked);
            }
            lines[i] = Self {
                from,
                event: entry.declared,
                kind: entry.kind,
                to,
                guarded,
                // A pattern, for a constant's calls cost each check of the user's crate.
                command: match command.as_bytes() {
                    [] => None,
                    _ => Some(command),
                },
                ..lines[i]
            };
            i += 1;
        }
        lines
    }
}

/// The fold of a machine's stream: its state, and the data that all states share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded<M: Machine> {
    /// The state.
    pub state: M,
    /// The data.
    pub data: M::Data,
}

impl<M: Machine> Folded<M> {
    /// Takes the next event by the arms alone, as a replay does.
    ///
    /// # Errors
    /// [`Illegal`] if there is no arm for it. The state is then the initial one.
    pub fn advance(&mut self, event: M::Event) -> Result<(), Illegal> {
        let before = M::reads_data(&event).then(|| self.data.clone());
        self.data.fold(&event);
        let before = before.as_ref().unwrap_or(&self.data);
        self.state = std::mem::take(&mut self.state).advance(before, event)?;
        Ok(())
    }
}

impl<M: Machine> Projection for Folded<M> {
    const KINDS: &'static [EventKind] = M::KINDS;
    const VERSION: u32 = M::VERSION;
    const NAME: &'static str = M::PATH;
    /// The machine's own, so that a kind which it does not know is an error.
    const CATEGORY: Option<u8> = match M::KINDS {
        [first, ..] => Some(first.category()),
        [] => None,
    };
    /// Of the states and arms, and of the data's handlers.
    const CODE: u64 = M::CODE ^ <M::Data as Fold<M::Event>>::CODE.rotate_left(1);

    fn apply(&mut self, event: &RawEvent<'_>) -> Result<(), FoldError> {
        match M::Event::decode_if(event)? {
            Some(event) => Ok(self.advance(event)?),
            None if is_retired::<M>(event.meta.header.kind) => Ok(()),
            None => Err(FoldError::UnknownKind {
                kind: event.meta.header.kind,
                machine: M::NAME,
            }),
        }
    }

    fn save(&self) -> Option<Result<Vec<u8>, EncodeError>> {
        Some((M::SNAPSHOT?.save)(&self.state, &self.data))
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        (M::SNAPSHOT?.restore)(bytes)
    }
}

/// A machine whose states share nothing is itself the fold of its stream.
#[diagnostic::do_not_recommend]
impl<M: Machine<Data = ()>> Projection for M {
    const KINDS: &'static [EventKind] = M::KINDS;
    const VERSION: u32 = M::VERSION;
    const NAME: &'static str = M::PATH;
    const CATEGORY: Option<u8> = Folded::<M>::CATEGORY;
    const CODE: u64 = Folded::<M>::CODE;

    fn apply(&mut self, event: &RawEvent<'_>) -> Result<(), FoldError> {
        let mut folded = Folded {
            state: std::mem::take(self),
            data: (),
        };
        folded.apply(event)?;
        *self = folded.state;
        Ok(())
    }

    fn save(&self) -> Option<Result<Vec<u8>, EncodeError>> {
        Some((M::SNAPSHOT?.save)(self, &()))
    }

    fn restore(bytes: &[u8]) -> Option<Self> {
        Folded::restore(bytes).map(|folded| folded.state)
    }
}

/// Whether the machine's events had this kind once.
fn is_retired<M: Machine>(kind: EventKind) -> bool {
    let mut retired = M::Event::RETIRED.iter();
    retired.any(|(first, last)| (*first..=*last).contains(&kind))
}
