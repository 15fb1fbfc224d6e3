/// The life of an order, from basket to doorstep.
#[derive(Debug, Clone, PartialEq)]
/**
# Transitions

| from | event | to | command | gates |
| --- | --- | --- | --- | --- |
| `Draft` | `LineAdded` | `Draft` | `add_line` |  |
| `Draft` | `Placed` | `Placed` | `place` | `not_empty`, `credit_limit` |
| `Draft` | `Cancelled` | `Cancelled` | `cancel` |  |
| `Draft` | `NoteAdded` | `Draft` | `note` |  |
| `Placed` | `Paid` | `Paid` | `pay` |  |
| `Placed` | `Cancelled` | `Cancelled` | `cancel` |  |
| `Placed` | `NoteAdded` | `Placed` | `note` |  |
| `Paid` | `Shipped` | `Shipped` | `ship` |  |
| `Paid` | `Cancelled` | `Cancelled` | `cancel` |  |
| `Paid` | `NoteAdded` | `Paid` | `note` |  |
| `Shipped` | `Delivered` | `Delivered` | `deliver` |  |
| `Shipped` | `NoteAdded` | `Shipped` | `note` |  |
| `Delivered` | `NoteAdded` | `Delivered` | `note` |  |
| `Cancelled` | `NoteAdded` | `Cancelled` | `note` |  |

```mermaid
stateDiagram-v2
    [*] --> Draft
    Draft --> Draft : LineAdded
    Draft --> Placed : Placed
    Draft --> Cancelled : Cancelled
    Draft --> Draft : NoteAdded
    Placed --> Paid : Paid
    Placed --> Cancelled : Cancelled
    Placed --> Placed : NoteAdded
    Paid --> Shipped : Shipped
    Paid --> Cancelled : Cancelled
    Paid --> Paid : NoteAdded
    Shipped --> Delivered : Delivered
    Shipped --> Shipped : NoteAdded
    Delivered --> Delivered : NoteAdded
    Cancelled --> Cancelled : NoteAdded
    Delivered --> [*]
    Cancelled --> [*]
```
*/
pub enum Order {
    /// The customer is still filling the basket.
    Draft { lines: Vec<Line> },
    Placed { lines: Vec<Line>, total: Cents },
    Paid { payment: PaymentId },
    Shipped { tracking: Tracking },
    Delivered,
    Cancelled { reason: String },
}
/// The customer is still filling the basket.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The field `lines` of the state.
    pub lines: Vec<Line>,
}
#[automatically_derived]
impl ::batpak::State for Draft {
    type Machine = Order;
    const NAME: &'static ::core::primitive::str = "Draft";
    fn into_any(self) -> Order {
        let Self { lines } = self;
        Order::Draft { lines }
    }
    fn from_any(any: Order) -> ::core::result::Result<Self, Order> {
        match any {
            Order::Draft { lines } => ::core::result::Result::Ok(Self { lines }),
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Order`] in the state `Placed`.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The field `lines` of the state.
    pub lines: Vec<Line>,
    /// The field `total` of the state.
    pub total: Cents,
}
#[automatically_derived]
impl ::batpak::State for Placed {
    type Machine = Order;
    const NAME: &'static ::core::primitive::str = "Placed";
    fn into_any(self) -> Order {
        let Self { lines, total } = self;
        Order::Placed { lines, total }
    }
    fn from_any(any: Order) -> ::core::result::Result<Self, Order> {
        match any {
            Order::Placed { lines, total } => {
                ::core::result::Result::Ok(Self { lines, total })
            }
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Order`] in the state `Paid`.
#[derive(Debug, Clone, PartialEq)]
pub struct Paid {
    /// The field `payment` of the state.
    pub payment: PaymentId,
}
#[automatically_derived]
impl ::batpak::State for Paid {
    type Machine = Order;
    const NAME: &'static ::core::primitive::str = "Paid";
    fn into_any(self) -> Order {
        let Self { payment } = self;
        Order::Paid { payment }
    }
    fn from_any(any: Order) -> ::core::result::Result<Self, Order> {
        match any {
            Order::Paid { payment } => ::core::result::Result::Ok(Self { payment }),
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Order`] in the state `Shipped`.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipped {
    /// The field `tracking` of the state.
    pub tracking: Tracking,
}
#[automatically_derived]
impl ::batpak::State for Shipped {
    type Machine = Order;
    const NAME: &'static ::core::primitive::str = "Shipped";
    fn into_any(self) -> Order {
        let Self { tracking } = self;
        Order::Shipped { tracking }
    }
    fn from_any(any: Order) -> ::core::result::Result<Self, Order> {
        match any {
            Order::Shipped { tracking } => ::core::result::Result::Ok(Self { tracking }),
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Order`] in the state `Delivered`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered;
#[automatically_derived]
impl ::batpak::State for Delivered {
    type Machine = Order;
    const NAME: &'static ::core::primitive::str = "Delivered";
    fn into_any(self) -> Order {
        Order::Delivered
    }
    fn from_any(any: Order) -> ::core::result::Result<Self, Order> {
        match any {
            Order::Delivered => ::core::result::Result::Ok(Self),
            other => ::core::result::Result::Err(other),
        }
    }
}
/// [`Order`] in the state `Cancelled`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cancelled {
    /// The field `reason` of the state.
    pub reason: String,
}
#[automatically_derived]
impl ::batpak::State for Cancelled {
    type Machine = Order;
    const NAME: &'static ::core::primitive::str = "Cancelled";
    fn into_any(self) -> Order {
        let Self { reason } = self;
        Order::Cancelled { reason }
    }
    fn from_any(any: Order) -> ::core::result::Result<Self, Order> {
        match any {
            Order::Cancelled { reason } => ::core::result::Result::Ok(Self { reason }),
            other => ::core::result::Result::Err(other),
        }
    }
}
/**
[`Order`] in the state `S`, as it was read from a store or committed to one.

Its methods are the commands of that state, and the state's fields.*/
pub struct OrderIn<S: ::batpak::State<Machine = Order>, P = ::batpak::Committed>(
    ::batpak::expansion::In<S, P>,
);
#[automatically_derived]
impl<S: ::batpak::State<Machine = Order>, P> ::core::clone::Clone for OrderIn<S, P> {
    fn clone(&self) -> Self {
        Self(::core::clone::Clone::clone(&self.0))
    }
}
#[automatically_derived]
impl<S: ::batpak::State<Machine = Order>, P> ::core::fmt::Debug for OrderIn<S, P> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.0, f)
    }
}
#[automatically_derived]
impl<S: ::batpak::State<Machine = Order>, P> ::batpak::expansion::Instance
for OrderIn<S, P> {
    type State = S;
    type Phase = P;
    type Pending = OrderIn<S, ::batpak::Pending>;
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
impl<S: ::batpak::State<Machine = Order>, P> OrderIn<S, P> {
    /// The state.
    pub fn state(&self) -> &S {
        self.0.state()
    }
    /// What all states share.
    pub fn data(&self) -> &() {
        self.0.data()
    }
    /// The step over an event, to the state that the table leads to.
    fn leading_to<T: ::batpak::State<Machine = Order>, D>(
        self,
        event: OrderEvent,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<T>>,
        ::batpak::Denied<Self, D>,
    > {
        ::core::result::Result::Ok(::batpak::expansion::step(self, event))
    }
}
#[automatically_derived]
#[allow(dead_code)]
impl<S: ::batpak::State<Machine = Order>> OrderIn<S> {
    /// Where it was read: store, stream, revision and position.
    pub fn cursor(&self) -> &::batpak::Cursor {
        self.0.cursor()
    }
}
/// [`Order`] in whatever state it was read in: match on it, narrow it, or begin a chain.
#[derive(::core::clone::Clone)]
pub enum AnyOrderIn {
    /// It is in the state [`Draft`].
    Draft(OrderIn<Draft>),
    /// It is in the state [`Placed`].
    Placed(OrderIn<Placed>),
    /// It is in the state [`Paid`].
    Paid(OrderIn<Paid>),
    /// It is in the state [`Shipped`].
    Shipped(OrderIn<Shipped>),
    /// It is in the state [`Delivered`].
    Delivered(OrderIn<Delivered>),
    /// It is in the state [`Cancelled`].
    Cancelled(OrderIn<Cancelled>),
}
#[automatically_derived]
#[allow(dead_code)]
impl AnyOrderIn {
    /// Begins a chain of events that arrive as data, to be committed as one batch.
    pub fn chain(self) -> ::batpak::Chain<Order> {
        let (cursor, state, data) = self.into_parts();
        ::batpak::expansion::chain(cursor, state, data)
    }
    /// The machine in the state `S`.
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn typed<S: ::batpak::State<Machine = Order>>(
        self,
    ) -> ::core::result::Result<OrderIn<S>, Self> {
        let (cursor, state, data) = self.into_parts();
        match <S as ::batpak::State>::from_any(state) {
            ::core::result::Result::Ok(state) => {
                ::core::result::Result::Ok(
                    OrderIn(::batpak::expansion::In::new(cursor, state, data)),
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
        fn known<S: ::batpak::State<Machine = Order>>(
            found: &OrderIn<S>,
        ) -> (&::batpak::Cursor, &(), &'static ::core::primitive::str) {
            ::batpak::expansion::parts(found)
        }
        match self {
            Self::Draft(found) => known(found),
            Self::Placed(found) => known(found),
            Self::Paid(found) => known(found),
            Self::Shipped(found) => known(found),
            Self::Delivered(found) => known(found),
            Self::Cancelled(found) => known(found),
        }
    }
    fn into_parts(self) -> (::batpak::Cursor, Order, ()) {
        fn known<S: ::batpak::State<Machine = Order>>(
            found: OrderIn<S>,
        ) -> (::batpak::Cursor, Order, ()) {
            ::batpak::expansion::into_parts(found)
        }
        match self {
            Self::Draft(found) => known(found),
            Self::Placed(found) => known(found),
            Self::Paid(found) => known(found),
            Self::Shipped(found) => known(found),
            Self::Delivered(found) => known(found),
            Self::Cancelled(found) => known(found),
        }
    }
    /// The machine in the state [`Draft`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn draft(self) -> ::core::result::Result<OrderIn<Draft>, Self> {
        self.typed()
    }
    /// The machine in the state [`Placed`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn placed(self) -> ::core::result::Result<OrderIn<Placed>, Self> {
        self.typed()
    }
    /// The machine in the state [`Paid`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn paid(self) -> ::core::result::Result<OrderIn<Paid>, Self> {
        self.typed()
    }
    /// The machine in the state [`Shipped`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn shipped(self) -> ::core::result::Result<OrderIn<Shipped>, Self> {
        self.typed()
    }
    /// The machine in the state [`Delivered`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn delivered(self) -> ::core::result::Result<OrderIn<Delivered>, Self> {
        self.typed()
    }
    /// The machine in the state [`Cancelled`].
    ///
    /// # Errors
    /// The machine itself, if it is in another state.
    pub fn cancelled(self) -> ::core::result::Result<OrderIn<Cancelled>, Self> {
        self.typed()
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for AnyOrderIn {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let (cursor, _, state) = self.parts();
        ::batpak::expansion::show(cursor, state, f)
    }
}
#[automatically_derived]
impl ::core::fmt::Display for AnyOrderIn {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        let (cursor, _, state) = self.parts();
        ::batpak::expansion::tell(cursor, state, f)
    }
}
#[automatically_derived]
impl ::core::error::Error for AnyOrderIn {}
#[automatically_derived]
impl<S: ::batpak::State<Machine = Order>> ::core::convert::From<OrderIn<S>>
for AnyOrderIn {
    fn from(known: OrderIn<S>) -> Self {
        let (cursor, state, data) = ::batpak::expansion::into_parts(known);
        ::batpak::expansion::enter(state, cursor, data)
    }
}
#[automatically_derived]
#[allow(dead_code)]
impl Order {
    /// The table: one line per state, event and target.
    pub const TRANSITIONS: &'static [::batpak::Transition] = &::batpak::Transition::table(
        <OrderEvent as ::batpak::EventPayload>::TABLE,
        [
            ("Draft", 0, "Draft", false, "add_line", 0),
            ("Draft", 1, "Placed", false, "place", 2),
            ("Draft", 5, "Cancelled", false, "cancel", 0),
            ("Draft", 6, "Draft", false, "note", 0),
            ("Placed", 2, "Paid", false, "pay", 0),
            ("Placed", 5, "Cancelled", false, "cancel", 0),
            ("Placed", 6, "Placed", false, "note", 0),
            ("Paid", 3, "Shipped", false, "ship", 0),
            ("Paid", 5, "Cancelled", false, "cancel", 0),
            ("Paid", 6, "Paid", false, "note", 0),
            ("Shipped", 4, "Delivered", false, "deliver", 0),
            ("Shipped", 6, "Shipped", false, "note", 0),
            ("Delivered", 6, "Delivered", false, "note", 0),
            ("Cancelled", 6, "Cancelled", false, "note", 0),
        ],
        &["not_empty", "credit_limit"],
    );
    /// The graph as a Mermaid state diagram.
    pub const DIAGRAM: &'static ::core::primitive::str = "stateDiagram-v2\n    [*] --> Draft\n    Draft --> Draft : LineAdded\n    Draft --> Placed : Placed\n    Draft --> Cancelled : Cancelled\n    Draft --> Draft : NoteAdded\n    Placed --> Paid : Paid\n    Placed --> Cancelled : Cancelled\n    Placed --> Placed : NoteAdded\n    Paid --> Shipped : Shipped\n    Paid --> Cancelled : Cancelled\n    Paid --> Paid : NoteAdded\n    Shipped --> Delivered : Delivered\n    Shipped --> Shipped : NoteAdded\n    Delivered --> Delivered : NoteAdded\n    Cancelled --> Cancelled : NoteAdded\n    Delivered --> [*]\n    Cancelled --> [*]\n";
    /// The graph in Graphviz's language.
    pub const fn dot() -> &'static ::core::primitive::str {
        "digraph Order {\n    node [shape=box, style=rounded];\n    Draft;\n    \"\" [shape=point];\n    \"\" -> Draft;\n    Placed;\n    Paid;\n    Shipped;\n    Delivered [peripheries=2];\n    Cancelled [peripheries=2];\n    Draft -> Draft [label=\"LineAdded\"];\n    Draft -> Placed [label=\"Placed\"];\n    Draft -> Cancelled [label=\"Cancelled\"];\n    Draft -> Draft [label=\"NoteAdded\"];\n    Placed -> Paid [label=\"Paid\"];\n    Placed -> Cancelled [label=\"Cancelled\"];\n    Placed -> Placed [label=\"NoteAdded\"];\n    Paid -> Shipped [label=\"Shipped\"];\n    Paid -> Cancelled [label=\"Cancelled\"];\n    Paid -> Paid [label=\"NoteAdded\"];\n    Shipped -> Delivered [label=\"Delivered\"];\n    Shipped -> Shipped [label=\"NoteAdded\"];\n    Delivered -> Delivered [label=\"NoteAdded\"];\n    Cancelled -> Cancelled [label=\"NoteAdded\"];\n}\n"
    }
    /// The coordinate of the entity `order:<id>` in `scope`.
    ///
    /// # Errors
    /// If the names are not ones that a coordinate can have.
    pub fn at(
        id: impl ::core::fmt::Display,
        scope: impl ::core::convert::AsRef<::core::primitive::str>,
    ) -> ::core::result::Result<::batpak::Coordinate, ::batpak::CoordinateError> {
        ::batpak::expansion::address(
            "order",
            &id,
            ::core::convert::AsRef::as_ref(&scope),
        )
    }
    /// The name of this state.
    pub fn name(&self) -> &'static ::core::primitive::str {
        match self {
            Self::Draft { .. } => "Draft",
            Self::Placed { .. } => "Placed",
            Self::Paid { .. } => "Paid",
            Self::Shipped { .. } => "Shipped",
            Self::Delivered => "Delivered",
            Self::Cancelled { .. } => "Cancelled",
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
        event: OrderEvent,
    ) -> ::core::result::Result<Self, ::batpak::Illegal> {
        ::core::result::Result::Ok(
            match (self, event) {
                (Self::Draft { lines }, OrderEvent::LineAdded { line }) => {
                    ::batpak::State::into_any(Self::draft_line_added(lines, line))
                }
                (Self::Draft { lines }, OrderEvent::Placed { total }) => {
                    ::batpak::State::into_any(Self::draft_placed(lines, total))
                }
                (Self::Placed { .. }, OrderEvent::Paid { payment }) => {
                    ::batpak::State::into_any(Self::placed_paid(payment))
                }
                (Self::Paid { .. }, OrderEvent::Shipped { tracking }) => {
                    ::batpak::State::into_any(Self::paid_shipped(tracking))
                }
                (Self::Shipped { .. }, OrderEvent::Delivered) => Self::Delivered,
                (
                    Self::Draft { .. } | Self::Placed { .. } | Self::Paid { .. },
                    OrderEvent::Cancelled { reason },
                ) => ::batpak::State::into_any(Self::open_cancelled(reason)),
                (
                    state @ (Self::Draft { .. }
                    | Self::Placed { .. }
                    | Self::Paid { .. }
                    | Self::Shipped { .. }
                    | Self::Delivered
                    | Self::Cancelled { .. }),
                    OrderEvent::NoteAdded { .. },
                ) => state,
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
    fn draft_line_added(lines: Vec<Line>, line: Line) -> Draft {
        Draft { lines: with(lines, line) }
    }
    fn draft_placed(lines: Vec<Line>, total: Cents) -> Placed {
        Placed { lines, total }
    }
    #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]
    fn draft_placed_gates(
        lines: &Vec<Line>,
        total: &Cents,
        ctx: &Limits,
    ) -> ::core::result::Result<(), ::batpak::Denial> {
        ::batpak::expansion::Decision::decide(
            not_empty(lines),
            not_empty::CODE,
            not_empty::MESSAGE,
        )?;
        ::batpak::expansion::Decision::decide(
            credit_limit(total, ctx),
            credit_limit::CODE,
            credit_limit::MESSAGE,
        )?;
        ::core::result::Result::Ok(())
    }
    fn placed_paid(payment: PaymentId) -> Paid {
        Paid { payment }
    }
    fn paid_shipped(tracking: Tracking) -> Shipped {
        Shipped { tracking }
    }
    fn open_cancelled(reason: String) -> Cancelled {
        Cancelled { reason }
    }
}
#[automatically_derived]
impl ::core::default::Default for Order {
    fn default() -> Self {
        Self::Draft {
            lines: <Vec<Line> as ::core::default::Default>::default(),
        }
    }
}
#[automatically_derived]
impl ::batpak::Machine for Order {
    type Event = OrderEvent;
    type Data = ();
    type Context = Limits;
    type Loaded = AnyOrderIn;
    const NAME: &'static ::core::primitive::str = "Order";
    const ENTITY: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::Some(
        "order",
    );
    const VERSION: ::core::primitive::u32 = 1;
    const KINDS: &'static [::batpak::EventKind] = &[
        OrderEvent::LINE_ADDED,
        OrderEvent::PLACED,
        OrderEvent::PAID,
        OrderEvent::SHIPPED,
        OrderEvent::DELIVERED,
        OrderEvent::CANCELLED,
        OrderEvent::NOTE_ADDED,
    ];
    const TRANSITIONS: &'static [::batpak::Transition] = Order::TRANSITIONS;
    const PATH: &'static ::core::primitive::str = ::core::concat!(
        ::core::module_path!(), "::Order"
    );
    const CODE: ::core::primitive::u64 = 0x6247_AA98_E226_13A7;
    fn name(&self) -> &'static ::core::primitive::str {
        Order::name(self)
    }
    #[allow(unreachable_patterns, unused_variables)]
    fn admit(
        &self,
        data: &(),
        event: &OrderEvent,
        ctx: &Limits,
    ) -> ::core::result::Result<(), ::batpak::Refused> {
        match (self, event) {
            (Self::Draft { .. }, OrderEvent::LineAdded { .. }) => {}
            (Self::Draft { lines }, OrderEvent::Placed { total }) => {
                Self::draft_placed_gates(lines, total, ctx)?
            }
            (Self::Placed { .. }, OrderEvent::Paid { .. }) => {}
            (Self::Paid { .. }, OrderEvent::Shipped { .. }) => {}
            (Self::Shipped { .. }, OrderEvent::Delivered) => {}
            (
                Self::Draft { .. } | Self::Placed { .. } | Self::Paid { .. },
                OrderEvent::Cancelled { .. },
            ) => {}
            (
                Self::Draft { .. }
                | Self::Placed { .. }
                | Self::Paid { .. }
                | Self::Shipped { .. }
                | Self::Delivered
                | Self::Cancelled { .. },
                OrderEvent::NoteAdded { .. },
            ) => {}
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
        event: OrderEvent,
    ) -> ::core::result::Result<Self, ::batpak::Illegal> {
        self.evolve(event)
    }
    fn enter(self, place: ::batpak::expansion::Place, data: ()) -> AnyOrderIn {
        fn known<S: ::batpak::State<Machine = Order>>(
            cursor: ::batpak::Cursor,
            state: S,
            data: (),
        ) -> OrderIn<S> {
            OrderIn(::batpak::expansion::In::new(cursor, state, data))
        }
        let cursor = place.into_cursor();
        match self {
            Self::Draft { lines } => {
                AnyOrderIn::Draft(known(cursor, Draft { lines }, data))
            }
            Self::Placed { lines, total } => {
                AnyOrderIn::Placed(known(cursor, Placed { lines, total }, data))
            }
            Self::Paid { payment } => {
                AnyOrderIn::Paid(known(cursor, Paid { payment }, data))
            }
            Self::Shipped { tracking } => {
                AnyOrderIn::Shipped(known(cursor, Shipped { tracking }, data))
            }
            Self::Delivered => AnyOrderIn::Delivered(known(cursor, Delivered, data)),
            Self::Cancelled { reason } => {
                AnyOrderIn::Cancelled(known(cursor, Cancelled { reason }, data))
            }
        }
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> OrderIn<Draft, P> {
    /// The field `lines` of the state.
    pub fn lines(&self) -> &Vec<Line> {
        &self.0.state().lines
    }
    /// `Draft --LineAdded--> Draft`.
    pub fn add_line(
        self,
        line: Line,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Draft>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::LineAdded { line })
    }
    /// The customer confirms the basket.
    ///
    /// `Draft --Placed--> Placed`. Gates: `not_empty`, `credit_limit`.
    ///
    /// # Errors
    /// With the machine and the denial, if a gate does not permit it.
    pub fn place(
        self,
        total: Cents,
        ctx: &Limits,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Placed>>,
        ::batpak::Denied<Self, ::batpak::Denial>,
    > {
        let asked = match ::batpak::expansion::ask(|| Order::draft_placed_gates(
            &self.0.state().lines,
            &total,
            ctx,
        )) {
            ::core::result::Result::Ok(asked) => asked,
            ::core::result::Result::Err(denial) => {
                return ::core::result::Result::Err(::batpak::Denied::new(self, denial));
            }
        };
        ::batpak::expansion::permitted(
            self.leading_to(OrderEvent::Placed { total }),
            asked,
        )
    }
    /// `Draft --Cancelled--> Cancelled`.
    pub fn cancel(
        self,
        reason: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Cancelled>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::Cancelled { reason })
    }
    /// `Draft --NoteAdded--> Draft`.
    pub fn note(
        self,
        text: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Draft>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::NoteAdded { text })
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> OrderIn<Placed, P> {
    /// The field `lines` of the state.
    pub fn lines(&self) -> &Vec<Line> {
        &self.0.state().lines
    }
    /// The field `total` of the state.
    pub fn total(&self) -> &Cents {
        &self.0.state().total
    }
    /// `Placed --Paid--> Paid`.
    pub fn pay(
        self,
        payment: PaymentId,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Paid>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::Paid { payment })
    }
    /// `Placed --Cancelled--> Cancelled`.
    pub fn cancel(
        self,
        reason: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Cancelled>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::Cancelled { reason })
    }
    /// `Placed --NoteAdded--> Placed`.
    pub fn note(
        self,
        text: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Placed>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::NoteAdded { text })
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> OrderIn<Paid, P> {
    /// The field `payment` of the state.
    pub fn payment(&self) -> &PaymentId {
        &self.0.state().payment
    }
    /// `Paid --Shipped--> Shipped`.
    pub fn ship(
        self,
        tracking: Tracking,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Shipped>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::Shipped { tracking })
    }
    /// `Paid --Cancelled--> Cancelled`.
    pub fn cancel(
        self,
        reason: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Cancelled>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::Cancelled { reason })
    }
    /// `Paid --NoteAdded--> Paid`.
    pub fn note(
        self,
        text: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Paid>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::NoteAdded { text })
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> OrderIn<Shipped, P> {
    /// The field `tracking` of the state.
    pub fn tracking(&self) -> &Tracking {
        &self.0.state().tracking
    }
    /// `Shipped --Delivered--> Delivered`.
    pub fn deliver(
        self,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Delivered>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::Delivered)
    }
    /// `Shipped --NoteAdded--> Shipped`.
    pub fn note(
        self,
        text: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Shipped>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::NoteAdded { text })
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> OrderIn<Delivered, P> {
    /// `Delivered --NoteAdded--> Delivered`.
    pub fn note(
        self,
        text: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Delivered>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::NoteAdded { text })
    }
}
#[automatically_derived]
#[allow(dead_code, clippy::too_many_arguments)]
impl<P> OrderIn<Cancelled, P> {
    /// The field `reason` of the state.
    pub fn reason(&self) -> &String {
        &self.0.state().reason
    }
    /// `Cancelled --NoteAdded--> Cancelled`.
    pub fn note(
        self,
        text: String,
    ) -> ::core::result::Result<
        ::batpak::Step<Self, OrderIn<Cancelled>>,
        ::batpak::Denied<Self, ::core::convert::Infallible>,
    > {
        self.leading_to(OrderEvent::NoteAdded { text })
    }
}
