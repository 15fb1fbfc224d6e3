//! What is typed, what is asked, and what the answer has to be.

/// One question to the server about a text that is being typed.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Replacements in the order's text, each of something that is there once. `$0` is the cursor.
    pub(crate) typed: &'static [(&'static str, &'static str)],
    pub(crate) expected: Expected,
    /// Whether it is known that this does not work.
    pub(crate) lost: bool,
}

pub(crate) enum Expected {
    /// Completions with these names, and none with those.
    Offers(&'static [&'static str], &'static [&'static str]),
    /// A definition on a line with this text.
    LeadsTo(&'static str),
    /// A hover with this text.
    Shows(&'static str),
    /// No error of the server's own, except on lines with one of these texts.
    ErrorsAt(&'static [&'static str]),
}

use Expected::{ErrorsAt, LeadsTo, Offers, Shows};

const PAY: &str = "(Placed { .. }, Paid { payment }) => Paid { payment },";
const SHIP: &str = "(Paid { .. }, Shipped { tracking }) => Shipped { tracking },";
const PLACE: &str = "(Draft { lines }, Placed { total }) => Placed { lines, total },";
const ADD: &str = "lines: with(lines, line),";
const GATES: &str = "#[gate(not_empty(lines), credit_limit(total, ctx))]";
const USE_DRAFT: &str = "let _ = draft.place(Cents(1), limits);";
const USE_PLACED: &str = "let _ = placed.pay(PaymentId(1));";
const USE_PAID: &str = "let _ = paid.ship(tracking);";

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "order: no errors",
        typed: &[],
        expected: ErrorsAt(&[]),
        lost: false,
    },
    Row {
        name: "order: no errors where a body calls `from`",
        typed: &[(
            ADD,
            "lines: Vec::from([line]).into_iter().chain(lines).collect(),",
        )],
        expected: ErrorsAt(&[]),
        lost: false,
    },
    Row {
        name: "body: no names of the macro's own",
        typed: &[(PAY, "(Placed { .. }, Paid { payment }) => a$0")],
        expected: Offers(&["payment"], &["arm_0", "arm_2", "ctx", "total"]),
        lost: false,
    },
    Row {
        name: "order: no errors but in an arm without a body",
        typed: &[(SHIP, "(Paid { .. }, Shipped { tracking }) => ")],
        expected: ErrorsAt(&["(Paid { .. }, Shipped { tracking }) =>"]),
        lost: false,
    },
    Row {
        name: "order: no errors but in an arm without an event",
        typed: &[(SHIP, "(Paid { .. }, )")],
        expected: ErrorsAt(&["(Paid { .. }, )"]),
        lost: false,
    },
    Row {
        name: "body: target state",
        typed: &[(PAY, "(Placed { .. }, Paid { payment }) => Pa$0")],
        expected: Offers(&["Paid", "payment"], &[]),
        lost: false,
    },
    Row {
        name: "body: target state, with its fields there",
        typed: &[(
            PAY,
            "(Placed { .. }, Paid { payment }) => Pa$0 { payment },",
        )],
        expected: Offers(&["Paid"], &[]),
        lost: false,
    },
    Row {
        name: "body: field of the target",
        typed: &[(
            PLACE,
            "(Draft { lines }, Placed { total }) => Placed { lines, to$0 },",
        )],
        expected: Offers(&["total"], &["lines", "tracking"]),
        lost: false,
    },
    Row {
        name: "body: binding as a field's value",
        typed: &[(
            PLACE,
            "(Draft { lines }, Placed { total }) => Placed { lines, total: to$0 },",
        )],
        expected: Offers(&["total", "lines"], &["payment"]),
        lost: false,
    },
    Row {
        name: "body: method of the user's type",
        typed: &[(ADD, "lines: with(lines, line.$0),")],
        expected: Offers(&["discounted", "article"], &[]),
        lost: false,
    },
    Row {
        name: "body: method of std's type",
        typed: &[(ADD, "lines: with(lines.pu$0, line),")],
        expected: Offers(&["push"], &[]),
        lost: false,
    },
    Row {
        name: "body: function in scope",
        typed: &[(ADD, "lines: wi$0(lines, line),")],
        expected: Offers(&["with"], &[]),
        lost: false,
    },
    Row {
        name: "body: argument of a call left open",
        typed: &[(ADD, "lines: with(li$0")],
        expected: Offers(&["lines", "line"], &[]),
        lost: false,
    },
    Row {
        name: "body: block with a statement begun",
        typed: &[(
            PAY,
            "(Placed { .. }, Paid { payment }) => { let paid = pay$0\n Paid { payment } }",
        )],
        expected: Offers(&["payment"], &[]),
        lost: false,
    },
    Row {
        name: "body: nothing typed yet",
        typed: &[(PAY, "(Placed { .. }, Paid { payment }) => $0")],
        expected: Offers(&["Paid", "payment"], &[]),
        lost: false,
    },
    Row {
        name: "condition: field of a binding",
        typed: &[(
            PLACE,
            "(Draft { lines }, Placed { total }) if lines.is_em$0 => Placed { lines, total },",
        )],
        expected: Offers(&["is_empty"], &[]),
        lost: false,
    },
    Row {
        name: "condition: binding",
        typed: &[(
            PLACE,
            "(Draft { lines }, Placed { total }) if to$0 => Placed { lines, total },",
        )],
        expected: Offers(&["total"], &["payment"]),
        lost: false,
    },
    Row {
        name: "gate: its name",
        typed: &[(GATES, "#[gate(not_em$0)]")],
        expected: Offers(&["not_empty"], &[]),
        lost: false,
    },
    Row {
        name: "gate: the name of a second",
        typed: &[(GATES, "#[gate(not_empty(lines), cre$0)]")],
        expected: Offers(&["credit_limit"], &[]),
        lost: false,
    },
    Row {
        name: "gate: argument",
        typed: &[(GATES, "#[gate(not_empty(li$0), credit_limit(total, ctx))]")],
        expected: Offers(&["lines", "total", "ctx"], &["payment"]),
        lost: false,
    },
    Row {
        name: "gate: second, nothing typed yet",
        typed: &[(GATES, "#[gate(not_empty(lines), $0)]")],
        expected: Offers(&["credit_limit"], &[]),
        lost: false,
    },
    Row {
        name: "gate: argument, nothing typed yet",
        typed: &[(GATES, "#[gate(not_empty($0))]")],
        expected: Offers(&["lines", "total", "ctx"], &["payment"]),
        lost: false,
    },
    Row {
        name: "gate: second argument, nothing typed yet",
        typed: &[(GATES, "#[gate(credit_limit(total, $0))]")],
        expected: Offers(&["lines", "ctx"], &["payment"]),
        lost: false,
    },
    Row {
        name: "gate: field of the context",
        typed: &[(
            GATES,
            "#[gate(not_empty(lines), credit_limit(ctx.cr$0, ctx))]",
        )],
        expected: Offers(&["credit"], &[]),
        lost: false,
    },
    Row {
        name: "attribute: its name",
        typed: &[("#[command(ship)]", "#[com$0(ship)]")],
        expected: Offers(&["command"], &[]),
        lost: true,
    },
    Row {
        name: "pattern: state, the arm whole",
        typed: &[(
            PLACE,
            "(Dra$0 { lines }, Placed { total }) => Placed { lines, total },",
        )],
        expected: Offers(&["Draft", "Placed"], &["LineAdded"]),
        lost: false,
    },
    Row {
        name: "pattern: state, nothing behind it",
        typed: &[(PLACE, "(Dra$0)")],
        expected: Offers(&["Draft", "Placed"], &["LineAdded"]),
        lost: false,
    },
    Row {
        name: "pattern: group",
        typed: &[(PLACE, "(Op$0, )")],
        expected: Offers(&["Open"], &[]),
        lost: false,
    },
    Row {
        name: "pattern: second state",
        typed: &[(PLACE, "(Draft { .. } | Pla$0, Placed { .. }) => Delivered,")],
        expected: Offers(&["Placed", "Paid"], &["LineAdded"]),
        lost: false,
    },
    Row {
        name: "pattern: state behind a name",
        typed: &[(PLACE, "(old @ Op$0, Placed { .. }) => old,")],
        expected: Offers(&["Open", "Placed"], &[]),
        lost: false,
    },
    Row {
        name: "pattern: state, in lower case",
        typed: &[(PLACE, "(dra$0, )")],
        expected: Offers(&["Draft"], &[]),
        lost: false,
    },
    Row {
        name: "pattern: group, in lower case",
        typed: &[(PLACE, "(op$0, )")],
        expected: Offers(&["Open"], &[]),
        lost: true,
    },
    Row {
        name: "pattern: field of the state",
        typed: &[(
            PLACE,
            "(Draft { li$0 }, Placed { total }) => Placed { lines, total },",
        )],
        expected: Offers(&["lines"], &["total"]),
        lost: false,
    },
    Row {
        name: "pattern: event",
        typed: &[(PLACE, "(Draft { lines }, Li$0) => Draft { lines },")],
        expected: Offers(&["LineAdded", "Placed"], &["Draft"]),
        lost: false,
    },
    Row {
        name: "pattern: event, the arm left open",
        typed: &[(PLACE, "(Draft { lines }, Pla$0")],
        expected: Offers(&["Placed"], &["Draft"]),
        lost: false,
    },
    Row {
        name: "pattern: event, nothing typed or behind it",
        typed: &[(PLACE, "(Draft { lines }, $0)")],
        expected: Offers(&["LineAdded", "Placed"], &["Draft"]),
        lost: false,
    },
    Row {
        name: "pattern: field of the event",
        typed: &[(PLACE, "(Draft { lines }, Placed { to$0 }) => ")],
        expected: Offers(&["total"], &["lines"]),
        lost: false,
    },
    Row {
        name: "enum: type of a state's field",
        typed: &[("tracking: Tracking,\n", "tracking: Tra$0,\n")],
        expected: Offers(&["Tracking"], &[]),
        lost: false,
    },
    Row {
        name: "enum: type of a state's field, nothing typed yet",
        typed: &[("tracking: Tracking,\n", "tracking: $0\n")],
        expected: Offers(&["Tracking"], &[]),
        lost: false,
    },
    Row {
        name: "enum: type of an event's field, nothing typed yet",
        typed: &[("Shipped { tracking: Tracking }", "Shipped { tracking: $0 }")],
        expected: Offers(&["Tracking"], &[]),
        lost: false,
    },
    Row {
        name: "enum: derive",
        typed: &[("#[derive(Event, ", "#[derive(Eve$0, ")],
        expected: Offers(&["Event"], &[]),
        lost: false,
    },
    Row {
        name: "enum: type of the context",
        typed: &[("context = Limits", "context = Lim$0")],
        expected: Offers(&["Limits"], &[]),
        lost: false,
    },
    Row {
        name: "enum: group",
        typed: &[(
            "#[group(Open)]\n        Paid",
            "#[group(Op$0)]\n        Paid",
        )],
        expected: Offers(&["Open"], &[]),
        lost: true,
    },
    Row {
        name: "use: commands of a draft",
        typed: &[(USE_DRAFT, "draft.$0")],
        expected: Offers(&["add_line", "place", "cancel", "note", "lines"], &["ship"]),
        lost: false,
    },
    Row {
        name: "use: commands of a placed order",
        typed: &[(USE_PLACED, "placed.$0")],
        expected: Offers(&["pay", "cancel", "note", "total"], &["ship", "add_line"]),
        lost: false,
    },
    Row {
        name: "use: through the result of a command",
        typed: &[(
            USE_DRAFT,
            "if let Ok(step) = draft.place(Cents(1), limits) { step.$0 }",
        )],
        expected: Offers(&["commit"], &[]),
        lost: false,
    },
    Row {
        name: "use: an arm without a body elsewhere",
        typed: &[
            (SHIP, "(Paid { .. }, Shipped { tracking }) => "),
            (USE_PLACED, "placed.$0"),
        ],
        expected: Offers(&["pay", "cancel", "note"], &["ship"]),
        lost: false,
    },
    Row {
        name: "use: the command of an arm without a body",
        typed: &[
            (SHIP, "(Paid { .. }, Shipped { tracking }) => "),
            (USE_PAID, "paid.$0"),
        ],
        expected: Offers(&["ship", "cancel", "note"], &["pay"]),
        lost: false,
    },
    Row {
        name: "use: the command of an arm with a name begun",
        typed: &[
            (SHIP, "(Paid { .. }, Shipped { tracking }) => Shi"),
            (USE_PAID, "paid.$0"),
        ],
        expected: Offers(&["ship", "cancel", "note"], &["pay"]),
        lost: false,
    },
    Row {
        name: "use: an arm with one pattern elsewhere",
        typed: &[(SHIP, "(Paid { .. }, )"), (USE_PLACED, "placed.$0")],
        expected: Offers(&["pay", "cancel", "note"], &["ship"]),
        lost: false,
    },
    Row {
        name: "use: an arm left open elsewhere, commands before it",
        typed: &[(SHIP, "(Paid { .. }, "), (USE_PLACED, "placed.$0")],
        expected: Offers(&["pay"], &["ship"]),
        lost: false,
    },
    Row {
        name: "use: an arm left open elsewhere, commands behind it",
        typed: &[(SHIP, "(Paid { .. }, "), (USE_PLACED, "placed.$0")],
        expected: Offers(&["cancel", "note"], &[]),
        lost: false,
    },
    Row {
        name: "use: an attribute begun elsewhere",
        typed: &[("#[command(ship)]", "#[comm]"), (USE_PLACED, "placed.$0")],
        expected: Offers(&["pay", "cancel", "note"], &[]),
        lost: false,
    },
    Row {
        name: "use: a state begun elsewhere",
        typed: &[
            ("        #[terminal]\n        Delivered,", "Delivered, Lo"),
            (USE_PLACED, "placed.$0"),
        ],
        expected: Offers(&["pay", "cancel", "note"], &[]),
        lost: false,
    },
    Row {
        name: "use: a field begun elsewhere",
        typed: &[
            ("tracking: Tracking,\n", "tracking: Tracking, wei\n"),
            (USE_PLACED, "placed.$0"),
        ],
        expected: Offers(&["pay", "cancel", "note"], &[]),
        lost: false,
    },
    Row {
        name: "use: an event begun elsewhere",
        typed: &[
            (
                "        NoteAdded { text: String },",
                "NoteAdded { text: String }, Lo",
            ),
            (USE_PLACED, "placed.$0"),
        ],
        expected: Offers(&["pay", "cancel", "note"], &[]),
        lost: false,
    },
    Row {
        name: "definition: of a command",
        typed: &[("paid.ship", "paid.sh$0ip")],
        expected: LeadsTo("#[command(ship)]"),
        lost: false,
    },
    Row {
        name: "definition: of a state in a body",
        typed: &[("Paid { payment }) => Paid", "Paid { payment }) => Pa$0id")],
        expected: LeadsTo("        Paid {"),
        lost: false,
    },
    Row {
        name: "definition: of a state in a pattern",
        typed: &[(
            "(Shipped { .. }, Delivered)",
            "(Ship$0ped { .. }, Delivered)",
        )],
        expected: LeadsTo("        Shipped {"),
        lost: false,
    },
    Row {
        name: "definition: of an event",
        typed: &[(
            "(Shipped { .. }, Delivered)",
            "(Shipped { .. }, Deli$0vered)",
        )],
        expected: LeadsTo("        Delivered,"),
        lost: false,
    },
    Row {
        name: "definition: of a group",
        typed: &[("(Open, Cancelled", "(Op$0en, Cancelled")],
        expected: LeadsTo("#[group(Open)]"),
        lost: false,
    },
    Row {
        name: "definition: of a binding",
        typed: &[("=> Paid { payment }", "=> Paid { pay$0ment }")],
        expected: LeadsTo("Paid { payment }) =>"),
        lost: false,
    },
    Row {
        name: "definition: of a gate",
        typed: &[("#[gate(not_empty(lines), ", "#[gate(not_em$0pty(lines), ")],
        expected: LeadsTo("fn not_empty"),
        lost: false,
    },
    Row {
        name: "hover: docs of a command",
        typed: &[("draft.place", "draft.pl$0ace")],
        expected: Shows("The customer confirms the basket."),
        lost: false,
    },
    Row {
        name: "hover: docs of a state",
        typed: &[("OrderIn<Draft>, limits", "OrderIn<Dra$0ft>, limits")],
        expected: Shows("The customer is still filling the basket."),
        lost: false,
    },
    Row {
        name: "hover: docs of a state in a pattern",
        typed: &[(
            "(Draft { lines }, LineAdded",
            "(Dra$0ft { lines }, LineAdded",
        )],
        expected: Shows("The customer is still filling the basket."),
        lost: false,
    },
    Row {
        name: "hover: type of a binding",
        typed: &[("=> Paid { payment }", "=> Paid { pay$0ment }")],
        expected: Shows("PaymentId"),
        lost: false,
    },
];
