use std::collections::HashMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use super::When;
use super::attempt::{Attempt, Outcome};
use crate::pipeline::EncodedEvent;
use crate::typestate::{Cursor, Place};
use crate::{
    Chain, Coordinate, EventFlags, EventHeader, EventId, EventPayload, Folded, Machine, NewEvent,
    Projection, RawEvent, StoreError, StoreId,
};

/// The events that a test begins with: the past of a machine or of a projection `T`.
///
/// They are typed events of any enums. Each is encoded, and decoded by the fold, as if a store had been
/// between; positions, revisions and ids are counted up.
///
/// # Over a machine
///
/// What is tried is a closure over the loaded machine, as [`Store::load`](crate::Store::load) gives it;
/// nothing is written anywhere.
///
/// ```
/// use batpak::prelude::*;
/// use batpak::testing::Given;
///
/// /// A withdrawal may not exceed the balance.
/// #[gate(code = "INSUFFICIENT_FUNDS")]
/// fn covered(balance: &u64, amount: &u64) -> bool {
///     amount <= balance
/// }
///
/// state_machine!(
///     #[derive(Debug, Clone, PartialEq)]
///     pub enum Account {
///         #[initial]
///         Open { balance: u64 },
///         #[terminal]
///         Closed,
///     }
///
///     #[derive(Event, Debug, Clone, PartialEq)]
///     #[event(category = 0x2)]
///     pub enum AccountEvent {
///         #[event(id = 0x001)]
///         Deposited { amount: u64 },
///         #[event(id = 0x002)]
///         Withdrawn { amount: u64 },
///         #[event(id = 0x003)]
///         Closed,
///     }
///
///     fn evolve(account: Account, event: AccountEvent) -> Account {
///         match (account, event) {
///             #[command(deposit)]
///             (Open { balance }, Deposited { amount }) => Open { balance: balance + amount },
///
///             #[command(withdraw)]
///             #[gate(covered(balance, amount))]
///             (Open { balance }, Withdrawn { amount }) => Open { balance: balance - amount },
///
///             #[command(close)]
///             (Open { .. }, Closed) => Closed,
///         }
///     }
/// );
/// use AccountEvent::{Deposited, Withdrawn};
///
/// // What may happen, and where it leads.
/// Given::<Account>::events([Deposited { amount: 500 }])
///     .when(|account| account.open().map(|open| open.withdraw(200)))
///     .then_events([Withdrawn { amount: 200 }])
///     .then_state(Account::Open { balance: 300 });
///
/// // What a gate denies.
/// Given::<Account>::events([Deposited { amount: 500 }])
///     .when(|account| account.open().map(|open| open.withdraw(501)))
///     .then_denied("INSUFFICIENT_FUNDS");
///
/// // What cannot happen: of the commands the compiler has seen to it, so it is about events that
/// // arrive as data, and about a state that is not there.
/// Given::<Account>::events([AccountEvent::Closed])
///     .when_event(Deposited { amount: 1 }, &())
///     .then_illegal();
/// Given::<Account>::events([AccountEvent::Closed])
///     .when(|account| account.open().map(|open| open.deposit(1)))
///     .then_illegal();
/// ```
///
/// # Over a projection
///
/// ```
/// # use batpak::prelude::*;
/// use batpak::testing::Given;
///
/// #[derive(Event, Debug, Clone, PartialEq)]
/// #[event(category = 0x3)]
/// pub enum Till {
///     #[event(id = 0x001)]
///     Sold { cents: u64 },
///     #[event(id = 0x002)]
///     Returned { cents: u64 },
/// }
///
/// #[derive(Debug, Default, PartialEq)]
/// struct Revenue {
///     cents: u64,
///     last_us: u64,
/// }
///
/// #[projection]
/// impl Revenue {
///     #[on(Till::Sold)]
///     fn sold(&mut self, cents: &u64, at: &EventMeta<'_>) {
///         self.cents += cents;
///         self.last_us = at.time_us;
///     }
///
///     #[on(Till::Returned)]
///     fn returned(&mut self, cents: &u64) {
///         self.cents -= cents;
///     }
/// }
///
/// Given::<Revenue>::events([Till::Sold { cents: 300 }, Till::Returned { cents: 300 }])
///     .at_us(1_700_000_000_000_000)
///     .and([Till::Sold { cents: 450 }])
///     .then_eq(Revenue { cents: 450, last_us: 1_700_000_000_000_000 });
/// ```
#[derive(Debug)]
#[must_use = "nothing is tried until .when(..), and nothing checked until .then_..(..)"]
pub struct Given<T> {
    events: Vec<Happened>,
    coordinate: Option<Coordinate>,
    time_us: u64,
    subject: PhantomData<fn() -> T>,
}

/// An event of the past.
#[derive(Debug)]
struct Happened {
    /// Its name, or its kind if it is untyped.
    name: String,
    event: EncodedEvent,
    time_us: u64,
}

/// In which scope the streams lie that a test does not name.
const SCOPE: &str = "test";

impl<T> Given<T> {
    /// No past: a machine in its initial state, a projection as it begins.
    pub fn nothing() -> Self {
        Self {
            events: Vec::new(),
            coordinate: None,
            time_us: 0,
            subject: PhantomData,
        }
    }

    /// These events, in this order, at a coordinate of the test's own.
    ///
    /// # Panics
    /// If one of them cannot be encoded.
    #[track_caller]
    pub fn events<E: EventPayload>(events: impl IntoIterator<Item = E>) -> Self {
        Self::nothing().and(events)
    }

    /// These events behind those before, of the same enum or another.
    ///
    /// # Panics
    /// If one of them cannot be encoded.
    #[track_caller]
    pub fn and<E: EventPayload>(mut self, events: impl IntoIterator<Item = E>) -> Self {
        let coordinate = self.coordinate("test");
        for event in events {
            self = self.and_event(NewEvent::of(&coordinate, &event));
        }
        self
    }

    /// This event behind those before, with all that it has: coordinate, tags, causes, metadata.
    ///
    /// # Panics
    /// If it cannot be encoded.
    #[track_caller]
    pub fn and_event(mut self, event: NewEvent) -> Self {
        let kind = event.kind();
        let name = event
            .kind_name()
            .map_or_else(|| kind.to_string(), str::to_owned);
        match event.finish(false) {
            Ok(event) => self.events.push(Happened {
                name,
                event,
                time_us: self.time_us,
            }),
            Err(unfit) => panic!(
                "given event {}, `{name}`: {}",
                self.events.len() + 1,
                StoreError::from(unfit)
            ),
        }
        self
    }

    /// The coordinate of the events that are given after this. A machine is at the last one.
    pub fn at(self, coordinate: &Coordinate) -> Self {
        Self {
            coordinate: Some(coordinate.clone()),
            ..self
        }
    }

    /// The time of the events that are given after this, in microseconds since 1970 UTC. Without it
    /// they are of 1970.
    pub fn at_us(self, time_us: u64) -> Self {
        Self { time_us, ..self }
    }

    /// The coordinate that was named last, or one of the test's own, whose entity has this prefix.
    fn coordinate(&self, entity: &str) -> Coordinate {
        self.coordinate
            .clone()
            .unwrap_or_else(|| Coordinate::from_log(&format!("{entity}:1"), SCOPE))
    }

    /// Folds the events, as a store does.
    #[track_caller]
    fn fold<P: Projection>(&self) -> P {
        let mut projection = P::default();
        let mut revisions: HashMap<&Coordinate, u64> = HashMap::new();
        for (position, happened) in (1_u64..).zip(&self.events) {
            let event = &happened.event;
            let revision = revisions.entry(&event.coordinate).or_default();
            *revision += 1;
            if !P::reads(event.kind) {
                continue;
            }
            let id = EventId::from_u128(FIRST_ID + u128::from(position));
            let mut header = EventHeader::new(id, event.kind, event.version);
            header.sequence = position;
            header.revision = *revision;
            header.time_us = happened.time_us;
            header.flags = EventFlags::COMMIT;
            let event = RawEvent::new(event.meta(header), &event.payload);
            if let Err(error) = projection.apply(&event) {
                panic!("given event {position}, `{}`: {error}", happened.name);
            }
        }
        projection
    }
}

/// The id before those of the given events, in the form that a store mints.
const FIRST_ID: u128 = 0x7000_8000_0000_0000_0000;

impl<M: Machine> Given<M> {
    /// Tries something on the machine: `attempt` gets it as [`Store::load`](crate::Store::load) gives
    /// it, and returns what its command returns, or the [`Chain`] that it made of it.
    ///
    /// # Panics
    /// If the given events cannot have happened to the machine, or what is tried gives an event that
    /// cannot be written and read back.
    #[track_caller]
    #[must_use = "nothing is checked until .then_..(..)"]
    pub fn when<A, K>(self, attempt: impl FnOnce(M::Loaded) -> A) -> When<M>
    where
        A: Attempt<M, K>,
    {
        let (cursor, before) = self.load();
        let loaded = before
            .state
            .clone()
            .enter(Place::new(cursor.clone()), before.data.clone());
        let outcome = attempt(loaded).outcome();
        When::new(cursor, before, outcome)
    }

    /// Tries an event that arrives as data, as [`Chain::record`] does: the same arms, the same gates. For
    /// a machine without a context `ctx` is `&()`.
    ///
    /// # Panics
    /// As [`Self::when`].
    #[track_caller]
    #[must_use = "nothing is checked until .then_..(..)"]
    pub fn when_event(self, event: M::Event, ctx: &M::Context) -> When<M> {
        let (cursor, before) = self.load();
        let mut chain = Chain::new(cursor.clone(), before.state.clone(), before.data.clone());
        let outcome = match chain.record(event, ctx) {
            Ok(()) => Outcome::Events(chain.into_events()),
            Err(refused) => super::Refusal::<M, _>::outcome(refused),
        };
        When::new(cursor, before, outcome)
    }

    /// The machine after the given events, and where it is.
    #[track_caller]
    fn load(&self) -> (Cursor, Folded<M>) {
        let mut streams = self
            .events
            .iter()
            .map(|happened| &happened.event.coordinate);
        if let Some(first) = streams.next()
            && let Some(other) = streams.find(|other| *other != first)
        {
            panic!(
                "the events of a machine are of one stream; given are some of {first} and some of {other}"
            );
        }
        let coordinate = self.coordinate(M::ENTITY.unwrap_or("test"));
        let newest = self.events.len() as u64;
        let cursor = Cursor::new(StoreId::from_bytes([0; 16]), coordinate, (newest, newest));
        (cursor, self.fold())
    }
}

impl<P: Projection> Given<P> {
    /// Looks at the projection of the given events.
    ///
    /// # Panics
    /// If the projection cannot take one of them.
    #[track_caller]
    pub fn then(self, look: impl FnOnce(&P)) {
        look(&self.fold());
    }

    /// Compares the projection of the given events.
    ///
    /// # Panics
    /// If it is another, or cannot take one of them.
    #[track_caller]
    pub fn then_eq(self, expected: P)
    where
        P: PartialEq + Debug,
    {
        let found: P = self.fold();
        assert!(
            found == expected,
            "the projection is not as expected\n expected: {expected:?}\n    found: {found:?}"
        );
    }
}
