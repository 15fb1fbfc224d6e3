//! The macros of [batpak](https://docs.rs/batpak). Use them through that crate, which re-exports them.
//!
//! Each macro is a folder or file of its own and a pipeline of its own: tokens are parsed into what
//! the user meant, that is checked as a whole, and only then expanded. All mistakes of one call are
//! reported at once, each at its span.

mod errors;
mod event;
mod gate;
mod keys;
mod machine;
mod names;
mod projection;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes an enum the payload of events, one variant per kind, or a struct the payload of one kind.
///
/// ```
/// use batpak::prelude::*;
/// use batpak::serde::Deserialize;
///
/// #[derive(Event, Debug, Clone)]
/// #[event(category = 0x1, reserved(0x003 = "Refunded", 0x010..=0x01F))]
/// pub enum TillEvent {
///     #[event(id = 0x001, version = 2, from(SoldV1))]
///     Sold {
///         #[event(tag)]
///         article: String,
///         cents: u64,
///     },
///     #[event(id = 0x002)]
///     Closed,
/// }
///
/// /// What the first version of the program wrote.
/// #[derive(Deserialize)]
/// # #[serde(crate = "batpak::serde")]
/// struct SoldV1 {
///     article: String,
///     euros: u64,
/// }
///
/// impl From<SoldV1> for TillEvent {
///     fn from(SoldV1 { article, euros }: SoldV1) -> Self {
///         Self::Sold { article, cents: 100 * euros }
///     }
/// }
///
/// /// One kind, as a struct.
/// #[derive(Event, Debug)]
/// #[event(category = 0x2, id = 0x001)]
/// pub struct Audited {
///     by: String,
/// }
/// assert_eq!(TillEvent::SOLD, EventKind::custom(0x1, 0x001));
/// assert_eq!(Audited::KIND, EventKind::custom(0x2, 0x001));
/// ```
///
/// On the type, `#[event(..)]` takes
/// - `category = 0x1`: the category of all its kinds, `0x1` to `0xC`, `0xE` or `0xF`; or `category = Orders`, the
///   path of a type that `batpak::category!` declares;
/// - `reserved(0x006 = "Refunded", 0x00A..=0x00F)`, on an enum: ids that must not be used (again); where they
///   are in old streams, a machine passes over them;
/// - `crate = path`: where batpak is, if not at `::batpak`.
///
/// On each variant, and on the type if that is a struct, it takes
/// - `id = 0x001`, 12 bits. An id is written to the log, so it is never assigned for you, and an event
///   keeps its id for ever;
/// - `version = 3`: the version of the payload as it is now, 1 if nothing is said;
/// - `from(PaidV1, PaidV2)`: the payload type of each earlier version, oldest first. Each implements
///   `DeserializeOwned` (a struct with the named fields of then) and becomes the next by `From`, the last one
///   the enum or struct itself. What was written under an earlier version is then read as the newest; a
///   version that is newer than the type is `DecodeError::UnknownVersion`;
/// - `shape = 0x9F31`: a fingerprint of the names and types of the fields as they are written. When it no
///   longer matches, the error says so, and what to do; `shape = 0` asks for it. A type is known by its
///   tokens: what it is made of may change unnoticed;
/// - `name = "Paid"`: the name in the table, where a variant was renamed. Nothing in the log depends on it.
///
/// A kind must mean one thing in all of a store. Two types with a category and an id in common read each
/// other's events; a category that is declared as a type makes that a compile error within a crate, and
/// `batpak::catalog!` across crates.
///
/// # Payloads
///
/// A payload is a msgpack map by field name. A variant or struct has named fields, none, or exactly one
/// without a name: `Paid(PaidBody)`, whose payload is that of the struct `PaidBody` itself, so that
/// `Paid { cents, by }` and `Paid(PaidBody { cents, by })` are the same bytes. The types of fields, and
/// payload structs, implement serde's `Serialize` and `DeserializeOwned`; the event type itself needs no
/// serde derive, and the crate no dependency on serde.
///
/// A field that is added later is an `Option`, which reads as `None` where it is missing, or has
/// `#[serde(default)]`; anything else is a new version. `#[event(tag)]` on a field makes `field:value` a tag of
/// the event, and `#[event(tag = "course")]` makes it `course:value`; the value is the field's `Display`. An `Option`,
/// `Vec`, array or set of std (by that name) gives a tag for each of its values. `EventPayload::tags` lists them, and a store records them with
/// the event; a value that cannot be part of a tag is an error of the append or commit.
///
/// Of serde's attributes on fields these are honoured, as serde does: `rename = ".."`, `alias = ".."`, `default`,
/// `default = "path"`, `with = "module"`, `skip` and `skip_serializing_if = "path"`, the last only where a
/// missing field can be read. All others are refused, and so is what would change the payload on a type or
/// variant, such as `rename_all` on a struct. What concerns only how serde would write the names of an enum
/// and its variants is left to a serde derive of your own: `rename`, `rename_all`, `tag`, `content`, `untagged`,
/// `crate` and `expecting` on the enum, `rename` and `alias` on a variant, `rename`, `crate` and `expecting` on
/// a struct.
///
/// # What it makes
///
/// `EventPayload`, and a constant per variant, its `EventKind`: `TillEvent::SOLD` (`SOLD_KIND` if the
/// variant is called `SOLD` itself). A struct has `KIND`.
#[proc_macro_derive(Event, attributes(event, serde))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    event::derive(input.into()).into()
}

/// Makes a function a policy that is asked before events are recorded, and never on replay.
///
/// ```
/// use batpak::prelude::*;
///
/// /// A withdrawal may not exceed the balance.
/// #[gate(code = "INSUFFICIENT_FUNDS")]
/// fn covered(balance: &u64, amount: &u64) -> bool {
///     amount <= balance
/// }
/// assert!(covered(&10, &5));
/// assert_eq!(covered::Gate.evaluate(&(&10, &50)).unwrap_err().code(), covered::CODE);
/// ```
///
/// The parameters are shared references. The function returns `bool`, `Verdict` or
/// `Result<(), Denial>`, and stays a plain function: what it decides, and what it reads, is all in its
/// signature. `code` defaults to the function's name in `SCREAMING_SNAKE_CASE`; the message of a
/// `bool` gate is `message = ".."`, or else the first line of the doc comment; `crate = path` says
/// where batpak is, if not at `::batpak`.
///
/// Beside the function there is a module of the same name, with `CODE`, `MESSAGE` and the unit
/// struct `Gate`. That implements the trait `Gate<T>` for one parameter `&T`, and
/// `Gate<(&A, &B)>` for several. Gates over one context can be kept in a `GateSet`.
///
/// # On an `impl`
/// Gates that share what they hold against the facts, such as limits, are the methods of a struct.
/// Then `#[gate]` also goes on the `impl`, since only there it can put something beside it:
///
/// ```
/// use batpak::prelude::*;
/// use std::sync::Arc;
///
/// struct Policy {
///     daily: u64,
/// }
///
/// #[gate]
/// impl Policy {
///     /// Refuses more than the daily limit.
///     #[gate(code = "DAILY_LIMIT")]
///     fn daily_limit(&self, amount: &u64) -> bool {
///         *amount <= self.daily
///     }
/// }
///
/// let policy = Arc::new(Policy { daily: 500 });
/// // Still a method; and beside the `impl` a function that is given the policy,
/// assert!(policy.daily_limit(&500));
/// assert!(!daily_limit(&policy, &501));
/// // and a gate that holds it: lent, shared or owned.
/// assert!(daily_limit::Gate(&*policy).evaluate(&501).is_err());
/// let gates = GateSet::<u64>::new().with(daily_limit::Gate(policy));
/// assert_eq!(gates.evaluate(&501).unwrap_err().code(), daily_limit::CODE);
/// ```
///
/// So in an arm of a machine with `context = Policy` it is `#[gate(daily_limit(ctx, amount))]`, as if it
/// had been declared as a function. The module's `Gate(policy)` decides on the parameters behind
/// `&self`; if there are none, it goes with every context. Methods without `#[gate]` are left alone.
#[proc_macro_attribute]
pub fn gate(attribute: TokenStream, item: TokenStream) -> TokenStream {
    gate::expand(attribute.into(), item.into()).into()
}

/// Makes the methods of an `impl` the handlers of a read model.
///
/// ```
/// # use batpak::prelude::*;
/// # #[derive(Event)]
/// # #[event(category = 0x1)]
/// # pub enum TillEvent {
/// #     #[event(id = 0x001)]
/// #     Sold { article: String, cents: u64 },
/// # }
/// /// What was sold at all tills.
/// #[derive(Debug, Default)]
/// struct Totals {
///     cents: u64,
///     last_us: u64,
/// }
///
/// #[projection(version = 1)]
/// impl Totals {
///     #[on(TillEvent::Sold)]
///     fn sold(&mut self, cents: &u64, at: &EventMeta<'_>) {
///         self.cents += cents;
///         self.last_us = at.time_us;
///     }
/// }
/// ```
///
/// Each method under `#[on(TillEvent::Sold | TillEvent::Returned)]` takes `&mut self`, then any of the
/// event's fields by name as references, then, if it likes, `&EventMeta`. It returns nothing. Methods
/// without `#[on]` are left alone. The type must be `Default`.
///
/// `#[projection(..)]` takes `version = 1`, to be raised with what the fold computes, and
/// `crate = path`, where batpak is, if not at `::batpak`.
///
/// An event is named
/// - as `Enum::Variant`, the enum always by the same path;
/// - as `Enum::Tuple(payload)`, if it is a tuple: the parameter of that name is its payload;
/// - as `Struct` or `module::Struct`, if it is a type of its own. What begins in lower case is taken for
///   a module, and what begins in upper case for an enum.
///
/// That each of them exists and has the fields that are asked for is checked when the program is
/// compiled, and so is that no event has two handlers. There is no wildcard: what is not named is
/// not even decoded.
///
/// # What it makes
/// The `impl` as it is written, without the `#[on]`s, and
/// - `Projection`, for `Store::project` and `Store::fold`: `KINDS` are those of the named events, in their
///   order, and `apply` decodes an event and calls its handler;
/// - `Fold<E>` for each event type `E` of whose handlers none takes `&EventMeta`: with it the type can be
///   the shared data of a machine.
#[proc_macro_attribute]
pub fn projection(attribute: TokenStream, item: TokenStream) -> TokenStream {
    projection::expand(attribute.into(), item.into()).into()
}

/// Declares a state machine: its states, its events, and the fold from one state to the next, whose
/// arms are the machine's table.
///
/// ```
/// use batpak::prelude::*;
///
/// state_machine!(
///     /// A door.
///     #[machine(entity = "door")]
///     #[derive(Debug, Clone, PartialEq)]
///     pub enum Door {
///         #[initial]
///         Closed,
///         Open { by: String },
///     }
///
///     #[derive(Event, Debug, Clone)]
///     #[event(category = 0x3)]
///     pub enum DoorEvent {
///         #[event(id = 0x001)]
///         Opened { by: String },
///         #[event(id = 0x002)]
///         Shut,
///     }
///
///     fn evolve(door: Door, event: DoorEvent) -> Door {
///         match (door, event) {
///             #[command(open)]
///             (Closed, Opened { by }) => Open { by },
///             #[command(shut)]
///             (Open { .. }, Shut) => Closed,
///         }
///     }
/// );
///
/// # fn use_it(store: &Store) -> Result<(), Box<dyn std::error::Error>> {
/// let AnyDoorIn::Closed(door) = store.load::<Door>(&Door::at("front", "house")?)? else {
///     return Ok(());
/// };
/// let door: DoorIn<Open> = door.open("Ann".to_owned())?.commit(store)?;
/// assert_eq!(door.by(), "Ann");
/// # Ok(())
/// # }
/// ```
///
/// # The parts
/// - **States**: the enum with `#[machine(..)]`, or else the first; it derives `Clone`. A state has
///   named fields or none, and may be `#[initial]` (exactly one), `#[terminal]` (nothing leaves it) and in `#[group(..)]`s.
/// - **Events**: the enum with `#[derive(Event)]`.
/// - **`evolve`**: one `match` over the pair. Each arm is `(state, event) => target`, where
///   - the state is a state, several with `|`, a group, `name @` either, or `_` or a lower-case name for
///     any state (terminal ones only if the target is that name);
///   - fields are bound by name; conditions go into an `if` over what is bound, and all arms of one
///     pair of state and event are tried in order, the last of them without an `if`;
///   - the target is a state's constructor, a block that ends in one, or the bound name: the state
///     stays.
/// - On an arm, **`#[command(name)]`** makes a method of the state, and **`#[gate(call(args), ..)]`**
///   names the functions under [`macro@gate`] that are asked first. Their arguments are bound names,
///   `data`, `ctx`, paths into them, and literals. On the first arm of a pair they hold for all its arms.
///
/// `#[machine(..)]` takes `entity = "door"` (entities are `door:<id>`; gives `Door::at(id, scope)`),
/// `data = Type` (a [`macro@projection`] over the events that all states share; an arm's `if` and
/// gate arguments see it as `data`, as it was before the event), `context = Type` (what gates get as
/// `ctx`), `version = 1`, and `crate = path`.
///
/// # What it makes
/// The two enums as they are written, and for a machine `Door`
/// - a struct per state, `Closed` and `Open { by }`, beside it: two machines with a state in common
///   go into two modules;
/// - `Door::evolve(self, event)` (`(self, &data, event)` with shared data): the table without gates;
///   `name()`, `allowed()` (the lines of the table that leave this state, whatever their conditions and
///   gates), `Door::TRANSITIONS`, `Door::DIAGRAM` (Mermaid), `Door::at(id, scope)`;
/// - `DoorIn<S>`: a machine in state `S` that was read from a store. It has the state's fields
///   (`door.by()`), `state()`, `data()`, `cursor()` (stream, revision, position), and the commands of that
///   state;
/// - `AnyDoorIn`: an enum of those, one variant per state, which `Store::load` gives. `chain()` begins a
///   `Chain` for events that arrive as data; `cursor()` and `data()` are as above;
/// - `DoorFold`, if there is shared data: the fold of its stream, a projection. Without, that is `Door` itself.
///
/// # Commands
/// A command takes the machine and the event's fields by value, in the order of their declaration, and
/// `ctx: &Context` behind them if one of its gates is given `ctx`. It gives
/// `Result<Step<DoorIn<Closed>, DoorIn<Open>>, Denied<DoorIn<Closed>, D>>`, where `D` is `Denial` if it has
/// gates and `Infallible` if it has none. `Step::commit(&store)` records the event and gives the machine
/// in its next state; `commit_with` also commits events of other streams in the same batch.
///
/// Where an `if` decides, the step leads to an enum named after machine and command, such as
/// `AccountClose`: a variant per state that it may lead to, and `Unchanged` if the state may stay.
/// (The event is recorded then too.)
#[proc_macro]
pub fn state_machine(input: TokenStream) -> TokenStream {
    machine::expand(input.into()).into()
}
