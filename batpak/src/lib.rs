//! An embedded, synchronous event-sourcing engine with a macro language in front of it.
//!
//! A domain enum gets `#[derive(Event)]`, its lifecycle is declared by `state_machine!`, policies are
//! functions under `#[gate]`, read models are methods under `#[projection]`. The engine keeps the
//! log: durable, ordered, hash-chained, queryable.
//!
//! ```no_run
//! use batpak::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = StoreConfig::new("/tmp/my-store");
//! let store = Store::open(config)?;
//!
//! let coord = Coordinate::new("player:alice", "room:dungeon")?;
//! let kind = EventKind::custom(0xF, 1);
//!
//! let receipt = store.append(&coord, kind, &serde_json::json!({"x": 10, "y": 20}))?;
//! println!("Stored event {} at seq {}", receipt.event_id, receipt.sequence);
//! # Ok(())
//! # }
//! ```
//!
//! # A machine
//!
//! `evolve` is the fold that rebuilds the state from the log, and the macro reads its arms as the
//! table of transitions. Commands are methods of a state, so what cannot happen does not compile; a
//! new state is handed out only after its event is committed.
//!
//! ```
//! use batpak::prelude::*;
//!
//! /// A withdrawal may not exceed the balance.
//! #[gate(code = "INSUFFICIENT_FUNDS")]
//! fn covered(balance: &u64, amount: &u64) -> bool {
//!     amount <= balance
//! }
//!
//! state_machine!(
//!     /// A current account.
//!     #[machine(entity = "account")]
//!     #[derive(Debug, Clone, PartialEq)]
//!     pub enum Account {
//!         #[initial]
//!         Unopened,
//!         Open { balance: u64 },
//!         #[terminal]
//!         Closed,
//!     }
//!
//!     /// What can happen to it.
//!     #[derive(Event, Debug, Clone, PartialEq)]
//!     #[event(category = 0x2)]
//!     pub enum AccountEvent {
//!         #[event(id = 0x001)]
//!         Opened,
//!         #[event(id = 0x002)]
//!         Deposited { amount: u64 },
//!         #[event(id = 0x003)]
//!         Withdrawn { amount: u64 },
//!         #[event(id = 0x004)]
//!         Closed,
//!     }
//!
//!     fn evolve(account: Account, event: AccountEvent) -> Account {
//!         match (account, event) {
//!             #[command(open)]
//!             (Unopened, Opened) => Open { balance: 0 },
//!
//!             #[command(deposit)]
//!             (Open { balance }, Deposited { amount }) => Open { balance: balance + amount },
//!
//!             #[command(withdraw)]
//!             #[gate(covered(balance, amount))]
//!             (Open { balance }, Withdrawn { amount }) => Open { balance: balance - amount },
//!
//!             /// Only an empty account is closed; otherwise it stays open.
//!             #[command(close)]
//!             (Open { balance }, Closed) if balance == 0 => Closed,
//!             (account @ Open, Closed) => account,
//!         }
//!     }
//! );
//!
//! /// What lies in all accounts together.
//! #[derive(Debug, Default)]
//! struct Holdings {
//!     cents: u64,
//! }
//!
//! #[projection(version = 1)]
//! impl Holdings {
//!     #[on(AccountEvent::Deposited)]
//!     fn deposited(&mut self, amount: &u64) {
//!         self.cents += amount;
//!     }
//!
//!     #[on(AccountEvent::Withdrawn)]
//!     fn withdrawn(&mut self, amount: &u64) {
//!         self.cents -= amount;
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = std::env::temp_dir().join(format!("batpak-doc-{}", std::process::id()));
//! let store = Store::open(StoreConfig::new(&dir))?;
//! let address = Account::at(7, "bank")?;
//! let AnyAccountIn::Unopened(account) = store.load::<Account>(&address)? else {
//!     panic!("the account is new");
//! };
//! let account = account.open()?.commit(&store)?;
//! let account = account.deposit(500)?.commit(&store)?;
//! let denied = account.withdraw(501).unwrap_err();
//! assert_eq!(denied.denial.code(), "INSUFFICIENT_FUNDS");
//!
//! let account = denied.machine.withdraw(200)?.commit(&store)?;
//! let AccountClose::Unchanged(account) = account.close()?.commit(&store)? else {
//!     panic!("there is money in it");
//! };
//! assert_eq!(account.balance(), &300);
//! assert_eq!(store.fold::<Holdings>(&Region::all().scope("bank"))?.cents, 300);
//! # drop(store);
//! # std::fs::remove_dir_all(dir)?;
//! # Ok(())
//! # }
//! ```
//!
//! The manual of this language is the documentation of [`batpak_macros`]: the pages of [`state_machine!`],
//! [`derive(Event)`](macro@Event), [`#[gate]`](macro@gate) and [`#[projection]`](macro@projection) have every key, what is
//! generated, and each error message with its cure. Events have versions and tags; [`category!`] and
//! [`catalog!`] keep their kinds apart.
//!
//! # The log
//!
//! A commit is on the medium when it is answered, unless its batch or the store asks for less ([`Durability`]).
//! Threads that commit at the same time share one write and one sync; [`Store::submit`] lets one thread have
//! many commits on their way. Events are read lazily, forward or backward, by position, id, stream or [`Region`], and
//! found by an index on disk, which [`Store::explain`] tells about. Other processes read along
//! through [`Store::open_read_only`].
//!
//! # Decisions that hold
//!
//! A decision is valid at the moment it is stored, or it is not stored. Any append takes a [`Condition`]: what streams must
//! look like, and which regions must have no event, or none behind a position. [`Store::decide`] reads a region, decides, and
//! appends on condition that nothing has come to it since, anew if something has:
//!
//! ```
//! use batpak::prelude::*;
//! # let dir = std::env::temp_dir().join(format!("batpak-doc-decide-{}", std::process::id()));
//!
//! let store = Store::open(StoreConfig::new(&dir))?;
//! let joined = EventKind::custom(0x1, 1);
//! let latin = Tag::new("course", "latin")?;
//! let join = |student: &str| {
//!     store.decide(&Region::all().kinds([joined]).tag(latin.clone()), |students| {
//!         let students = students.collect::<Result<Vec<_>, _>>()?;
//!         if students.len() >= 2 {
//!             return Err(Box::<dyn std::error::Error>::from("the course is full"));
//!         }
//!         let student = Coordinate::new(student, "school")?;
//!         Ok(NewEvent::new(&student, joined, &()).tag(latin.clone()).into())
//!     })
//! };
//! assert!(join("student:1").is_ok() && join("student:2").is_ok());
//! assert_eq!(join("student:3").unwrap_err().to_string(), "the course is full");
//! # drop(store);
//! # std::fs::remove_dir_all(dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What gates learn from elsewhere in the log comes as [`Observed`], and what they permit is stored on condition that it still
//! holds: by a machine's command, or by a [`Pipeline`], whose [`Receipt`] is good for exactly one commit of exactly what
//! was proposed. Each event tells which gates have permitted it ([`StoredEvent::permit`]), or by whose [`Bypass`] none was asked.
//! Events under ids that their caller gives ([`NewEvent::id`]) are stored once, however often they are appended.
//!
//! Causes are kept with events and hand their correlation on; [`Store::lineage`] draws what led to what, and a [`Reactor`]
//! appends what follows from events, once for each. A [consumer](Store::consumer) hands them to code outside of the store, at least
//! once: it remembers where it was, tries again, and parks what fails. [`outcome`] is for steps of workflows that cannot be answered yes
//! or no yet.
//!
//! # Evidence and safety
//!
//! [`Store::verify`] reads everything back and finds what was changed. That the newest events are gone, or a
//! history was made anew with all of its digests, shows only beside something that was kept elsewhere:
//! [`Store::checkpoint`] gives 64 bytes for that, and [`Store::verify_against`] compares. [`Store::backup`] copies a
//! store while it is in use, and [`Store::repair`] saves what can be saved of one that does not open.
//!
//! # Features
//!
//! `blake3` (default) chains every event to the one before it in its stream. Without it new stores are
//! unchained, and chained ones can only be read.
//!
//! `testing` adds the module `testing`, for the tests of programs: given, when, then over machines and
//! projections, a store in memory, a scripted clock, and random histories; `proptest` adds those as
//! strategies of proptest.
//!
//! `tracing` emits an event of that crate when a store is opened (at the level `INFO`, or `WARN` with what was cut off
//! after a crash), when one fails and takes no more events or a reactor or consumer cannot go on (`ERROR`), and when something in the
//! background or a projection cache fails, a damaged part of the index was made anew or a consumer has parked an event (`WARN`). Each long
//! [`Work`] is a span (`INFO`) with the fields `dir`, `total` and `done`.
//!
//! `redb` and `lmdb` let a [`ProjectionCache`] keep states of projections on disk. `lmdb` compiles LMDB, which is C, and brings
//! the one module of this crate that has unsafe code; without it the crate forbids that.
//!
//! # Platforms
//!
//! Unix: the store locks a directory's handle and reads at offsets. It is tried on Linux.
//!
//! # The layers
//!
//! An event's way goes down this list, and each layer names only those above it:
//! 1. [`Coordinate`] and [`Tag`]: WHO and WHERE. One stream per coordinate.
//! 2. [`EventKind`], [`EventPayload`], [`StoredEvent`], [`Region`]: WHAT, and the predicate over it.
//! 3. [`Gate`], [`GateSet`], [`Denial`], [`Observed`], [`Receipt`]: MAY I? Asked once, before a commit, never on replay.
//! 4. [`Batch`], [`Condition`], [`Pipeline`]: COMMIT. All of it or nothing.
//! 5. [`Store`]: PERSIST. Append, read, fold, verify, back up.
//!
//! [`Projection`] and the typestate of [`state_machine!`] stand beside the store: both are folds. [`outcome`] names none of
//! them: it is for the steps of workflows, whose answer may be neither yes nor no yet.

#![cfg_attr(not(feature = "lmdb"), forbid(unsafe_code))]

mod coordinate;
mod event;
pub mod expansion;
mod guard;
pub mod outcome;
mod pipeline;
pub mod prelude;
mod projection;
mod store;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod typestate;

#[doc(inline)]
pub use batpak_macros::{Event, gate, projection, state_machine};
pub use coordinate::{Coordinate, CoordinateError, Part, Tag, TagError};
pub use event::{
    Category, DecodeError, Digest, EncodeError, EventFlags, EventHeader, EventId, EventIdError,
    EventKind, EventMeta, EventPayload, KindEntry, RawEvent, Region, StoreId, StoredEvent,
};
pub use flume;
pub use guard::{
    AllOf, Answer, AnyOf, Bypass, BypassError, Combinator, Denial, DenialRecord, DryRun,
    Evaluation, Explanation, Gate, GateSet, GateSetDigest, Gates, Not, Observed, Permit, Receipt,
    Verdict, all_of, any_of, not,
};
pub use outcome::{Backoff, Outcome};
pub use pipeline::{
    Batch, Clause, Condition, Conflict, Durability, Expect, NewEvent, NotPermitted, Pipeline,
    Proposal, Proposed,
};
pub use projection::{AsOf, CacheError, Fold, FoldError, Projection, ProjectionCache};
pub use serde;
pub use store::{
    Access, AppendReceipt, Backup, BackupError, BackupSegment, Checkpoint, CheckpointError,
    Consumer, ConsumerError, ConsumerFailure, Consuming, Criterion, Cut, CutReason, Decider,
    Divergence, Events, ImportError, ImportFailure, Imported, Keyed, Lineage, LineageEdge,
    LineageEvent, LiveView, Lookup, Loss, Lost, Parked, Plan, PlanItem, Progress, Reacting,
    Reactor, ReactorError, ReactorFailure, Recovery, Repair, Store, StoreConfig, StoreError,
    Subscription, Ticket, Verification, ViewError, ViewFailure, Work, reactor,
};
pub use typestate::{
    Chain, CommitError, Committed, Cursor, Denied, Folded, Illegal, Machine, Pending, Refused,
    State, Step, Transition,
};

/// The arms of a machine as they are typed: code that only rust-analyzer compiles.
///
/// A value `None::<T>` needs no name, which would turn up in completions, and nor does a constant. What
/// a gate is given is lent to it.
#[doc(hidden)]
#[macro_export]
macro_rules! __as_typed {
    (
        { $($declared:tt)* } $pair:tt $shared:tt $shared_types:tt
        $([$($pattern:tt)*] [$($guard:tt)*] [$($body:tt)*] [$($gate:tt)*])*
    ) => {
        $($declared)*
        $(const _: () = {
            if let ::core::option::Option::Some($($pattern)*) = ::core::option::Option::None::<$pair> {
                $($guard)*
                let _ = { $($body)* };
            }
            if let ::core::option::Option::Some($shared) = ::core::option::Option::None::<$shared_types> {
                if let ::core::option::Option::Some($($pattern)*) = ::core::option::Option::None::<&$pair> {
                    $(let _ = $gate;)*
                }
            }
        };)*
    };
}
