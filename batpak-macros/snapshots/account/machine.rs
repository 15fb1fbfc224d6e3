/// A current account.
#[derive(Debug, Clone, PartialEq)]
/**
# Transitions

| from | event | to | command | gates |
| --- | --- | --- | --- | --- |
| `Unopened` | `Opened` | `Open` | `open` |  |
| `Open` | `Deposited` | `Open` | `deposit` |  |
| `Open` | `Withdrawn` | `Open` | `withdraw` | `covered`, `daily_limit` |
| `Open` | `Frozen` | `Frozen` | `freeze` |  |
| `Open` | `Closed` if `balance == Cents(0)` | `Closed` | `close` |  |
| `Open` | `Closed` | `Frozen` | `close` |  |
| `Frozen` | `Closed` | `Closed` | `close` |  |

```mermaid
stateDiagram-v2
    [*] --> Unopened
    Unopened --> Open : Opened
    Open --> Open : Deposited
    Open --> Open : Withdrawn
    Open --> Frozen : Frozen
    Open --> Closed : Closed [balance == Cents(0)]
    Open --> Frozen : Closed
    Frozen --> Closed : Closed
    Closed --> [*]
```
*/
pub enum Account {
    Unopened,
    Open { owner: String, balance: Cents },
    Frozen { owner: String, balance: Cents },
    Closed,
}
/// [`Account`] in the state `Unopened`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unopened;
#[automatically_derived]
impl ::batpak::State for Unopened {
    type Machine = Account;
    const NAME: &'static ::core::primitive::str = "Unopened";
    fn into_any(self) -> Account {
        Account::Unopened
    }
    fn from_any(any: Account) -> ::core::result::Result<Self, Account> {
        match any {
            Account::Unopened => ::core::result::Result::Ok(Self),
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Account`] in the state `Open`.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// The field `owner` of the state.
    pub owner: String,
    /// The field `balance` of the state.
    pub balance: Cents,
}
#[automatically_derived]
impl ::batpak::State for Open {
    type Machine = Account;
    const NAME: &'static ::core::primitive::str = "Open";
    fn into_any(self) -> Account {
        let Self { owner, balance } = self;
        Account::Open { owner, balance }
    }
    fn from_any(any: Account) -> ::core::result::Result<Self, Account> {
        match any {
            Account::Open { owner, balance } => {
                ::core::result::Result::Ok(Self { owner, balance })
            }
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Account`] in the state `Frozen`.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// The field `owner` of the state.
    pub owner: String,
    /// The field `balance` of the state.
    pub balance: Cents,
}
#[automatically_derived]
impl ::batpak::State for Frozen {
    type Machine = Account;
    const NAME: &'static ::core::primitive::str = "Frozen";
    fn into_any(self) -> Account {
        let Self { owner, balance } = self;
        Account::Frozen { owner, balance }
    }
    fn from_any(any: Account) -> ::core::result::Result<Self, Account> {
        match any {
            Account::Frozen { owner, balance } => {
                ::core::result::Result::Ok(Self { owner, balance })
            }
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Account`] in the state `Closed`.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed;
#[automatically_derived]
impl ::batpak::State for Closed {
    type Machine = Account;
    const NAME: &'static ::core::primitive::str = "Closed";
    fn into_any(self) -> Account {
        Account::Closed
    }
    fn from_any(any: Account) -> ::core::result::Result<Self, Account> {
        match any {
            Account::Closed => ::core::result::Result::Ok(Self),
            other => ::core::result::Result::Err(other),
        }
    }
}
/**
[`Account`] in the state `S`, as it was read from a store or committed to one.

Its methods are the commands of that state, and the state's fields.*/
pub struct AccountIn<S: ::batpak::State<Machine = Account>, P = ::batpak::Committed>(
    ::batpak::expansion::In<S, P>,
);
#[automatically_derived]
impl<S: ::batpak::State<Machine = Account>, P> ::core::clone::Clone for AccountIn<S, P> {
    fn clone(&self) -> Self {
        Self(::core::clone::Clone::clone(&self.0))
    }
}
#[automatically_derived]
impl<S: ::batpak::State<Machine = Account>, P> ::core::fmt::Debug for AccountIn<S, P> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl<S: ::batpak::State<Machine = Account>, P> ::batpak::expansion::Instance
for AccountIn<S, P> {
    type State = S;
    type Phase = P;
    type Pending = AccountIn<S, ::batpak::Pending>;
    fn new(within: ::batpak::expansion::In<S, P>) -> Self {
        Self(within)
    }
    fn within(&self) -> &::batpak::expansion::In<S, P> {
        &self.0
    }
    fn into_within(self) -> ::batpak::expansion::In<S, P> {
        self.0
    }
}
#[automatically_derived]
#[allow(dead_code)]
impl<S: ::batpak::State<Machine = Account>, P> AccountIn<S, P> {
    /// The state.
    pub fn state(&self) -> &S {
        self.0.state()
    }
    /// What all states share.
    pub fn data(&self) -> &() {
        self.0.data()
    }
    /// The step over an event, to the state that the table leads to.
    fn leading_to<T: ::batpak::State<Machine = Account>, D>(
        self,
        event: AccountEvent,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountIn<T>>,
        ::batpak::Denied<Self, D>,
    > {
        ::core::result::Result::Ok(::batpak::expansion::step(self, event))
    }
}
#[automatically_derived]
#[allow(dead_code)]
impl<S: ::batpak::State<Machine = Account>> AccountIn<S> {
    /// Where it was read: store, stream, revision and position.
    pub fn cursor(&self) -> &::batpak::Cursor {
        self.0.cursor()
    }
}
/// [`Account`] in whatever state it was read in: match on it, narrow it, or begin a chain.
#[derive(::core::clone::Clone)]
pub enum AnyAccountIn {
    /// It is in the state [`Unopened`].
    Unopened(AccountIn<Unopened>),
    /// It is in the state [`Open`].
    Open(AccountIn<Open>),
    /// It is in the state [`Frozen`].
    Frozen(AccountIn<Frozen>),
    /// It is in the state [`Closed`].
    Closed(AccountIn<Closed>),
}
#[automatically_derived]
#[allow(dead_code)]
impl AnyAccountIn {
    /// Begins a chain of events that arrive as data, to be committed as one batch.
    pub fn chain(self) -> ::batpak::Chain<Account> {
        let (cursor, state, data) = self.into_parts();
        ::batpak::expansion::chain(cursor, state, data)
    }
    /// The machine in the state `S`.
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn typed<S: ::batpak::State<Machine = Account>>(
        self,
    ) -> ::core::result::Result<AccountIn<S>, Self> {
        let (cursor, state, data) = self.into_parts();
        match <S as ::batpak::State>::from_any(state) {
            ::core::result::Result::Ok(state) => {
                ::core::result::Result::Ok(
                    AccountIn(::batpak::expansion::In::new(cursor, state, data)),
                )
            }
            ::core::result::Result::Err(state) => {
                ::core::result::Result::Err(
                    ::batpak::expansion::enter(state, cursor, data),
                )
            }
        }
    }
    /// Where it was read: store, stream, revision and position.
    pub fn cursor(&self) -> &::batpak::Cursor {
        self.parts().0
    }
    /// What all states share.
    pub fn data(&self) -> &() {
        self.parts().1
    }
    fn parts(&self) -> (&::batpak::Cursor, &(), &'static ::core::primitive::str) {
        fn known<S: ::batpak::State<Machine = Account>>(
            found: &AccountIn<S>,
        ) -> (&::batpak::Cursor, &(), &'static ::core::primitive::str) {
            ::batpak::expansion::parts(found)
        }
        match self {
            Self::Unopened(found) => known(found),
            Self::Open(found) => known(found),
            Self::Frozen(found) => known(found),
            Self::Closed(found) => known(found),
        }
    }
    fn into_parts(self) -> (::batpak::Cursor, Account, ()) {
        fn known<S: ::batpak::State<Machine = Account>>(
            found: AccountIn<S>,
        ) -> (::batpak::Cursor, Account, ()) {
            ::batpak::expansion::into_parts(found)
        }
        match self {
            Self::Unopened(found) => known(found),
            Self::Open(found) => known(found),
            Self::Frozen(found) => known(found),
            Self::Closed(found) => known(found),
        }
    }
    /// The machine in the state [`Unopened`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn unopened(self) -> ::core::result::Result<AccountIn<Unopened>, Self> {
        self.typed()
    }
    /// The machine in the state [`Open`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn open(self) -> ::core::result::Result<AccountIn<Open>, Self> {
        self.typed()
    }
    /// The machine in the state [`Frozen`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn frozen(self) -> ::core::result::Result<AccountIn<Frozen>, Self> {
        self.typed()
    }
    /// The machine in the state [`Closed`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn closed(self) -> ::core::result::Result<AccountIn<Closed>, Self> {
        self.typed()
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for AnyAccountIn {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let (cursor, _, state) = self.parts();
        ::batpak::expansion::show(cursor, state, f)
    }
}
#[automatically_derived]
impl ::core::fmt::Display for AnyAccountIn {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let (cursor, _, state) = self.parts();
        ::batpak::expansion::tell(cursor, state, f)
    }
}
#[automatically_derived]
impl ::core::error::Error for AnyAccountIn {}
#[automatically_derived]
impl<S: ::batpak::State<Machine = Account>> ::core::convert::From<AccountIn<S>>
for AnyAccountIn {
    fn from(known: AccountIn<S>) -> Self {
        let (cursor, state, data) = ::batpak::expansion::into_parts(known);
        ::batpak::expansion::enter(state, cursor, data)
    }
}
#[automatically_derived]
#[allow(dead_code)]
impl Account {
    /// The table: one line per state, event and target.
    pub const TRANSITIONS: &'static [::batpak::Transition] = &::batpak::Transition::table(
        <AccountEvent as ::batpak::EventPayload>::TABLE,
        [
            ("Unopened", 0, "Open", false, "open", 0),
            ("Open", 1, "Open", false, "deposit", 0),
            ("Open", 2, "Open", false, "withdraw", 2),
            ("Open", 3, "Frozen", false, "freeze", 0),
            ("Open", 4, "Closed", true, "close", 0),
            ("Open", 4, "Frozen", false, "close", 0),
            ("Frozen", 4, "Closed", false, "close", 0),
        ],
        &["covered", "daily_limit"],
    );
    /// The graph as a Mermaid state diagram.
    pub const DIAGRAM: &'static ::core::primitive::str = "stateDiagram-v2\n    [*] --> Unopened\n    Unopened --> Open : Opened\n    Open --> Open : Deposited\n    Open --> Open : Withdrawn\n    Open --> Frozen : Frozen\n    Open --> Closed : Closed [balance == Cents(0)]\n    Open --> Frozen : Closed\n    Frozen --> Closed : Closed\n    Closed --> [*]\n";
    /// The graph in Graphviz's language.
    pub const fn dot() -> &'static ::core::primitive::str {
        "digraph Account {\n    node [shape=box, style=rounded];\n    Unopened;\n    \"\" [shape=point];\n    \"\" -> Unopened;\n    Open;\n    Frozen;\n    Closed [peripheries=2];\n    Unopened -> Open [label=\"Opened\"];\n    Open -> Open [label=\"Deposited\"];\n    Open -> Open [label=\"Withdrawn\"];\n    Open -> Frozen [label=\"Frozen\"];\n    Open -> Closed [label=\"Closed [balance == Cents(0)]\"];\n    Open -> Frozen [label=\"Closed\"];\n    Frozen -> Closed [label=\"Closed\"];\n}\n"
    }
    /// The coordinate of the entity `account:<id>` in `scope`.
    ///
    /// # Errors
    /// If the names are not ones that a coordinate can have.
    pub fn at(
        id: impl ::core::fmt::Display,
        scope: impl ::core::convert::AsRef<::core::primitive::str>,
    ) -> ::core::result::Result<::batpak::Coordinate, ::batpak::CoordinateError> {
        ::batpak::expansion::address(
            "account",
            &id,
            ::core::convert::AsRef::as_ref(&scope),
        )
    }
    /// The name of this state.
    pub fn name(&self) -> &'static ::core::primitive::str {
        match self {
            Self::Unopened => "Unopened",
            Self::Open { .. } => "Open",
            Self::Frozen { .. } => "Frozen",
            Self::Closed => "Closed",
        }
    }
    /// The lines of the table that leave this state.
    pub fn allowed(&self) -> &'static [::batpak::Transition] {
        ::batpak::expansion::leaving(Self::TRANSITIONS, self.name())
    }
    /// The state after `event`, by the table alone: no gate is asked.
    ///
    /// # Errors
    /// If the table has no line for this state and event.
    #[allow(unreachable_patterns)]
    pub fn evolve(
        self,
        event: AccountEvent,
    ) -> ::core::result::Result<Self, ::batpak::Illegal> {
        ::core::result::Result::Ok(
            match (self, event) {
                (Self::Unopened, AccountEvent::Opened { owner }) => {
                    ::batpak::State::into_any(Self::unopened_opened(owner))
                }
                (Self::Open { owner, balance }, AccountEvent::Deposited { amount }) => {
                    ::batpak::State::into_any(
                        Self::open_deposited(owner, balance, amount),
                    )
                }
                (Self::Open { owner, balance }, AccountEvent::Withdrawn { amount }) => {
                    ::batpak::State::into_any(
                        Self::open_withdrawn(owner, balance, amount),
                    )
                }
                (Self::Open { owner, balance }, AccountEvent::Frozen) => {
                    ::batpak::State::into_any(Self::open_frozen(owner, balance))
                }
                (
                    Self::Open { balance, .. },
                    AccountEvent::Closed,
                ) if balance == Cents(0) => Self::Closed,
                (Self::Open { owner, balance }, AccountEvent::Closed) => {
                    ::batpak::State::into_any(
                        Self::open_closed_to_frozen(owner, balance),
                    )
                }
                (Self::Frozen { .. }, AccountEvent::Closed) => Self::Closed,
                (state, event) => {
                    return ::core::result::Result::Err(
                        ::batpak::Illegal::new(
                            state.name(),
                            ::batpak::EventPayload::name(&event),
                            ::batpak::EventPayload::kind(&event),
                        ),
                    );
                }
            },
        )
    }
    fn unopened_opened(owner: String) -> Open {
        Open { owner, balance: Cents(0) }
    }
    fn open_deposited(owner: String, balance: Cents, amount: Cents) -> Open {
        Open {
            owner,
            balance: balance + amount,
        }
    }
    fn open_withdrawn(owner: String, balance: Cents, amount: Cents) -> Open {
        Open {
            owner,
            balance: balance - amount,
        }
    }
    #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]
    fn open_withdrawn_gates(
        balance: &Cents,
        amount: &Cents,
        ctx: &Limits,
    ) -> ::core::result::Result<(), ::batpak::Denial> {
        ::batpak::expansion::Decision::decide(
            covered(balance, amount),
            covered::CODE,
            covered::MESSAGE,
        )?;
        ::batpak::expansion::Decision::decide(
            daily_limit(amount, ctx),
            daily_limit::CODE,
            daily_limit::MESSAGE,
        )?;
        ::core::result::Result::Ok(())
    }
    fn open_frozen(owner: String, balance: Cents) -> Frozen {
        Frozen { owner, balance }
    }
    fn open_closed_to_frozen(owner: String, balance: Cents) -> Frozen {
        Frozen { owner, balance }
    }
}
#[automatically_derived]
impl ::core::default::Default for Account {
    fn default() -> Self {
        Self::Unopened
    }
}
#[automatically_derived]
impl ::batpak::Machine for Account {
    type Event = AccountEvent;
    type Data = ();
    type Context = Limits;
    type Loaded = AnyAccountIn;
    const NAME: &'static ::core::primitive::str = "Account";
    const ENTITY: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::Some(
        "account",
    );
    const VERSION: ::core::primitive::u32 = 1;
    const KINDS: &'static [::batpak::EventKind] = &[
        AccountEvent::OPENED,
        AccountEvent::DEPOSITED,
        AccountEvent::WITHDRAWN,
        AccountEvent::FROZEN,
        AccountEvent::CLOSED,
    ];
    const TRANSITIONS: &'static [::batpak::Transition] = Account::TRANSITIONS;
    const PATH: &'static ::core::primitive::str = ::core::concat!(
        ::core::module_path!(), "::Account"
    );
    const CODE: ::core::primitive::u64 = 0x3D53_1314_DC31_24D0;
    fn name(&self) -> &'static ::core::primitive::str {
        Account::name(self)
    }
    #[allow(unreachable_patterns, unused_variables)]
    fn admit(
        &self,
        data: &(),
        event: &AccountEvent,
        ctx: &Limits,
    ) -> ::core::result::Result<(), ::batpak::Refused> {
        match (self, event) {
            (Self::Unopened, AccountEvent::Opened { .. }) => {}
            (Self::Open { .. }, AccountEvent::Deposited { .. }) => {}
            (Self::Open { balance, .. }, AccountEvent::Withdrawn { amount }) => {
                Self::open_withdrawn_gates(balance, amount, ctx)?
            }
            (Self::Open { .. }, AccountEvent::Frozen) => {}
            (Self::Open { .. }, AccountEvent::Closed) => {}
            (Self::Frozen { .. }, AccountEvent::Closed) => {}
            _ => {
                return ::core::result::Result::Err(
                    ::batpak::Refused::Illegal(
                        ::batpak::Illegal::new(
                            self.name(),
                            ::batpak::EventPayload::name(event),
                            ::batpak::EventPayload::kind(event),
                        ),
                    ),
                );
            }
        }
        ::core::result::Result::Ok(())
    }
    fn advance(
        self,
        _: &(),
        event: AccountEvent,
    ) -> ::core::result::Result<Self, ::batpak::Illegal> {
        self.evolve(event)
    }
    fn enter(self, place: ::batpak::expansion::Place, data: ()) -> AnyAccountIn {
        fn known<S: ::batpak::State<Machine = Account>>(
            cursor: ::batpak::Cursor,
            state: S,
            data: (),
        ) -> AccountIn<S> {
            AccountIn(::batpak::expansion::In::new(cursor, state, data))
        }
        let cursor = place.into_cursor();
        match self {
            Self::Unopened => AnyAccountIn::Unopened(known(cursor, Unopened, data)),
            Self::Open { owner, balance } => {
                AnyAccountIn::Open(known(cursor, Open { owner, balance }, data))
            }
            Self::Frozen { owner, balance } => {
                AnyAccountIn::Frozen(known(cursor, Frozen { owner, balance }, data))
            }
            Self::Closed => AnyAccountIn::Closed(known(cursor, Closed, data)),
        }
    }
}
/// Where the command `close` of [`Account`] may lead.
#[derive(::core::fmt::Debug)]
pub enum AccountClose {
    /// To the state [`Closed`].
    Closed(AccountIn<Closed>),
    /// To the state [`Frozen`].
    Frozen(AccountIn<Frozen>),
}
#[automatically_derived]
impl ::batpak::expansion::Moved for AccountClose {
    fn moved(self, cursor: ::batpak::Cursor) -> Self {
        match self {
            Self::Closed(to) => {
                Self::Closed(::batpak::expansion::Moved::moved(to, cursor))
            }
            Self::Frozen(to) => {
                Self::Frozen(::batpak::expansion::Moved::moved(to, cursor))
            }
        }
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> AccountIn<Unopened, P> {
    /// `Unopened --Opened--> Open`.
    pub fn open(
        self,
        owner: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountIn<Open>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(AccountEvent::Opened { owner })
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> AccountIn<Open, P> {
    /// The field `owner` of the state.
    pub fn owner(&self) -> &String {
        &self.0.state().owner
    }
    /// The field `balance` of the state.
    pub fn balance(&self) -> &Cents {
        &self.0.state().balance
    }
    /// `Open --Deposited--> Open`.
    pub fn deposit(
        self,
        amount: Cents,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountIn<Open>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(AccountEvent::Deposited { amount })
    }
    /// `Open --Withdrawn--> Open`. Gates: `covered`, `daily_limit`.
    ///
    /// # Errors
    /// With the machine and the denial, if a gate does not permit it.
    pub fn withdraw(
        self,
        amount: Cents,
        ctx: &Limits,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountIn<Open>>,
        ::batpak::Denied<Self, ::batpak::Denial>,
    > {
        let asked = match ::batpak::expansion::ask(|| Account::open_withdrawn_gates(
            &self.0.state().balance,
            &amount,
            ctx,
        )) {
            ::core::result::Result::Ok(asked) => asked,
            ::core::result::Result::Err(denial) => {
                return ::core::result::Result::Err(::batpak::Denied::new(self, denial));
            }
        };
        ::batpak::expansion::permitted(
            self.leading_to(AccountEvent::Withdrawn { amount }),
            asked,
        )
    }
    /// `Open --Frozen--> Frozen`.
    pub fn freeze(
        self,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountIn<Frozen>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(AccountEvent::Frozen)
    }
    /// `Open --Closed--> Closed` if `balance == Cents(0)`, else `Open --Closed--> Frozen`.
    #[allow(unreachable_patterns, unused_variables)]
    pub fn close(
        self,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountClose>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        let event = AccountEvent::Closed;
        let recorded = ::batpak::NewEvent::of(self.0.cursor().coordinate(), &event);
        let (cursor, state, before) = ::core::clone::Clone::clone(&self.0).into_parts();
        let to = match (state, event) {
            (Open { balance, .. }, AccountEvent::Closed) if balance == Cents(0) => {
                AccountClose::Closed(
                    ::batpak::expansion::Instance::new(
                        ::batpak::expansion::In::new(cursor, Closed, before),
                    ),
                )
            }
            (Open { owner, balance }, AccountEvent::Closed) => {
                AccountClose::Frozen(
                    ::batpak::expansion::Instance::new(
                        ::batpak::expansion::In::new(
                            cursor,
                            Account::open_closed_to_frozen(owner, balance),
                            before,
                        ),
                    ),
                )
            }
            _ => ::core::unreachable!(),
        };
        ::core::result::Result::Ok(::batpak::expansion::step_to(self, recorded, to))
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> AccountIn<Frozen, P> {
    /// The field `owner` of the state.
    pub fn owner(&self) -> &String {
        &self.0.state().owner
    }
    /// The field `balance` of the state.
    pub fn balance(&self) -> &Cents {
        &self.0.state().balance
    }
    /// `Frozen --Closed--> Closed`.
    pub fn close(
        self,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, AccountIn<Closed>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(AccountEvent::Closed)
    }
}
