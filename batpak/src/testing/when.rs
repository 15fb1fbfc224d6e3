use std::fmt::{self, Debug, Write};

use super::attempt::Outcome;
use crate::pipeline::EncodedEvent;
use crate::typestate::{Cursor, Place};
use crate::{Denial, EventPayload, Folded, Illegal, Machine, NewEvent, StoreError};

/// What came of an attempt on a machine, to be compared with what should have.
///
/// All its methods panic if it is not so, and give it back for the next one.
pub struct When<M: Machine> {
    cursor: Cursor,
    /// The name of the state that the attempt was made in.
    tried_in: &'static str,
    came: Came,
    /// The machine after the attempt.
    now: Folded<M>,
}

/// What came of an attempt, with events as bytes.
enum Came {
    Events(Vec<EncodedEvent>),
    Denied(Denial),
    Illegal(Option<Illegal>),
}

impl<M: Machine> When<M> {
    /// Replays the events of the outcome, if it has any, as loading the machine would.
    #[track_caller]
    pub(super) fn new(cursor: Cursor, before: Folded<M>, outcome: Outcome) -> Self {
        let tried_in = before.state.name();
        let mut now = before;
        let came = match outcome {
            Outcome::Denied(denial) => Came::Denied(denial),
            Outcome::Illegal(illegal) => Came::Illegal(illegal),
            Outcome::Events(events) => {
                let finish = |event: NewEvent| match event.finish(false) {
                    Ok(event) => event,
                    Err(unfit) => panic!("{}", StoreError::from(unfit)),
                };
                Came::Events(events.into_iter().map(finish).collect())
            }
        };
        for event in came.events() {
            if let Err(illegal) = now.advance(decode::<M>(event)) {
                panic!("the event that came of it cannot be replayed: {illegal}");
            }
        }
        Self {
            cursor,
            tried_in,
            came,
            now,
        }
    }

    /// These events happen, and no others.
    ///
    /// What is compared are the events as they come back from the log.
    ///
    /// # Panics
    /// If other events came of it, or none.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoIterator<Item = M::Event>) -> Self
    where
        M::Event: PartialEq + Debug,
    {
        let expected: Vec<_> = expected.into_iter().collect();
        if !matches!(self.came, Came::Events(_)) {
            panic!("expected events, but {}", self.account());
        }
        let found: Vec<_> = self.came.events().iter().map(decode::<M>).collect();
        if found != expected {
            panic!(
                "other events came of it than expected\n{}",
                difference(&expected, &found)
            );
        }
        self
    }

    /// A gate denies it with this code.
    ///
    /// # Panics
    /// If none does, or one with another code.
    #[track_caller]
    pub fn then_denied(self, code: &str) -> Self {
        match &self.came {
            Came::Denied(denial) if denial.code() == code => self,
            _ => panic!("expected the denial {code}, but {}", self.account()),
        }
    }

    /// It cannot happen: the machine has no arm for the event, or is in another state than the one
    /// that the attempt is about.
    ///
    /// # Panics
    /// If it can.
    #[track_caller]
    pub fn then_illegal(self) -> Self {
        match &self.came {
            Came::Illegal(_) => self,
            _ => panic!("expected it to be illegal, but {}", self.account()),
        }
    }

    /// The machine is then in this state; after a refusal, still.
    ///
    /// # Panics
    /// If it is in another.
    #[track_caller]
    pub fn then_state(self, expected: M) -> Self
    where
        M: PartialEq + Debug,
    {
        let found = &self.now.state;
        assert!(
            *found == expected,
            "the machine is in another state than expected\n expected: {expected:?}\n    found: {found:?}"
        );
        self
    }

    /// Looks at the machine as it is then, as [`Store::load`](crate::Store::load) would give it.
    #[track_caller]
    pub fn then(self, look: impl FnOnce(M::Loaded)) -> Self {
        let Folded { state, data } = self.now.clone();
        look(state.enter(Place::new(self.cursor.clone()), data));
        self
    }

    /// What came of it, as the end of a sentence.
    fn account(&self) -> String {
        match &self.came {
            Came::Denied(denial) => format!("it was denied in state `{}`: {denial}", self.tried_in),
            Came::Illegal(Some(illegal)) => illegal.to_string(),
            Came::Illegal(None) => format!(
                "the machine is in state `{}`, which the attempt is not about",
                self.tried_in
            ),
            Came::Events(events) => {
                let name = |event: &EncodedEvent| {
                    M::Event::entry(event.kind).map_or("", |entry| entry.name)
                };
                let names: Vec<_> = events.iter().map(name).collect();
                format!(
                    "in state `{}` this happened: {}",
                    self.tried_in,
                    names.join(", ")
                )
            }
        }
    }
}

impl Came {
    /// The events, if any came.
    fn events(&self) -> &[EncodedEvent] {
        match self {
            Self::Events(events) => events,
            Self::Denied(_) | Self::Illegal(_) => &[],
        }
    }
}

impl<M: Machine> fmt::Debug for When<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When")
            .field("came", &self.account())
            .field("now", &self.now.state.name())
            .finish_non_exhaustive()
    }
}

/// The event as it comes back from the log.
#[track_caller]
fn decode<M: Machine>(event: &EncodedEvent) -> M::Event {
    match M::Event::decode(event.kind, event.version, &event.payload) {
        Ok(event) => event,
        Err(error) => panic!("the event that came of it cannot be read back: {error}"),
    }
}

/// Both rows line by line: what is in both, and where they differ, first what was expected.
fn difference<E: PartialEq + Debug>(expected: &[E], found: &[E]) -> String {
    let mut lines = String::new();
    for at in 0..expected.len().max(found.len()) {
        let (expected, found) = (expected.get(at), found.get(at));
        let number = at + 1;
        // Writing into a `String` cannot fail.
        if let Some(same) = expected.filter(|_| expected == found) {
            let _ = writeln!(lines, "{number:>4}            {same:?}");
            continue;
        }
        if let Some(expected) = expected {
            let _ = writeln!(lines, "{number:>4}  expected  {expected:?}");
        }
        if let Some(found) = found {
            let _ = writeln!(lines, "{number:>4}  found     {found:?}");
        }
    }
    lines
}
