//! State machines: commands, gates, guarded arms, the table; chains and loading are beside it.

use std::convert::Infallible;

use batpak::FoldError;
use batpak::expansion::Moved;
use batpak::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::{Dir, coordinate};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Cents(i64);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(String);

/// What the shop allows.
pub struct Limits {
    daily: Cents,
}

/// A withdrawal may not exceed the balance.
#[gate(code = "INSUFFICIENT_FUNDS")]
fn covered(balance: &Cents, amount: &Cents) -> bool {
    amount <= balance
}

/// Refuses more than the daily limit.
#[gate(code = "DAILY_LIMIT")]
fn daily_limit(amount: &Cents, limits: &Limits) -> Verdict {
    ensure!(
        *amount <= limits.daily,
        "{amount:?} is over the limit",
        limit = limits.daily.0
    );
    Verdict::permit()
}

/// There must be something in the basket.
#[gate]
fn not_empty(lines: &[Line]) -> bool {
    !lines.is_empty()
}

state_machine!(
    /// A current account.
    #[machine(entity = "account", context = Limits, version = 1)]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Account {
        #[initial]
        Unopened,
        Open {
            owner: String,
            balance: Cents,
        },
        Frozen {
            owner: String,
            balance: Cents,
        },
        #[terminal]
        Closed,
    }

    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x2, reserved(0x006 = "Renamed", 0x010..=0x01F))]
    pub enum AccountEvent {
        #[event(id = 0x001)]
        Opened { owner: String },
        #[event(id = 0x002)]
        Deposited { amount: Cents },
        #[event(id = 0x003)]
        Withdrawn { amount: Cents },
        #[event(id = 0x004)]
        Frozen,
        #[event(id = 0x005)]
        Closed,
    }

    fn evolve(account: Account, event: AccountEvent) -> Account {
        match (account, event) {
            #[command(open)]
            (Unopened, Opened { owner }) => Open {
                owner,
                balance: Cents(0),
            },

            #[command(deposit)]
            (Open { owner, balance }, Deposited { amount }) => Open {
                owner,
                balance: Cents(balance.0 + amount.0),
            },

            #[command(withdraw)]
            #[gate(covered(balance, amount), daily_limit(amount, ctx))]
            (Open { owner, balance }, Withdrawn { amount }) => Open {
                owner,
                balance: Cents(balance.0 - amount.0),
            },

            #[command(freeze)]
            (Open { owner, balance }, Frozen) => Frozen { owner, balance },

            #[command(close)]
            (Open { balance, .. }, Closed) if balance == Cents(0) => Closed,
            (Open { owner, balance }, Closed) => Frozen { owner, balance },

            #[command(close)]
            (Frozen { .. }, Closed) => Closed,
        }
    }
);

mod chains;
mod loading;
mod steps;

mod order {
    //! Groups, same-state arms and shared data, in a module of their own: both machines have a `Closed`.

    use super::*;

    /// How much has been ordered, whatever state the order is in.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Tally {
        lines: usize,
    }

    #[projection]
    impl Tally {
        #[on(OrderEvent::LineAdded)]
        fn added(&mut self) {
            self.lines += 1;
        }

        pub fn lines(&self) -> usize {
            self.lines
        }
    }

    state_machine! {
        /// The life of an order.
        #[machine(data = Tally)]
        #[derive(Debug, Clone, PartialEq)]
        pub enum Order {
            #[initial]
            #[group(Going)]
            Draft { lines: Vec<Line> },
            #[group(Going)]
            Placed { lines: Vec<Line> },
            #[terminal]
            Closed { reason: String },
        }

        #[derive(Event, Debug, Clone, PartialEq)]
        #[event(category = 0x1)]
        pub enum OrderEvent {
            #[event(id = 0x001)]
            LineAdded { line: Line },
            #[event(id = 0x002)]
            Placed,
            #[event(id = 0x003)]
            Closed { reason: String },
            #[event(id = 0x004)]
            NoteAdded { text: String },
            #[event(id = 0x005)]
            Nudged,
        }

        fn evolve(order: Order, event: OrderEvent) -> Order {
            match (order, event) {
                #[command(add_line)]
                (Draft { mut lines }, LineAdded { line }) => {
                    lines.push(line);
                    Draft { lines }
                }
                #[command(place)]
                #[gate(not_empty(lines))]
                (Draft { lines }, Placed) => Placed { lines },
                #[command(close)]
                (Going, Closed { reason }) => Closed { reason: format!("because {reason}") },
                #[command(note)]
                (order, NoteAdded { .. }) => order,
                /// The third line places the order.
                #[command(nudge)]
                (Draft { lines }, Nudged) if data.lines() >= 3 => Placed { lines },
                (order @ Draft, Nudged) => order,
            }
        }
    }
}

use order::{AnyOrderIn, Order, OrderEvent, OrderFold, OrderNudge};

const RICH: Limits = Limits {
    daily: Cents(1_000_000),
};

fn opened(store: &Store, id: u32, balance: i64) -> AccountIn<Open> {
    let coordinate = Account::at(id, "bank").unwrap();
    let Ok(AnyAccountIn::Unopened(account)) = store.load::<Account>(&coordinate) else {
        panic!("the account {id} is new");
    };
    // A command without gates cannot be denied, and the compiler knows it.
    let step = account
        .open("alice".to_owned())
        .unwrap_or_else(|denied| match denied.denial {});
    let account = step.commit(store).unwrap();
    account
        .deposit(Cents(balance))
        .unwrap()
        .commit(store)
        .unwrap()
}

#[test]
fn commands_lead_from_state_to_state_and_are_recorded() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    assert_eq!(
        (account.owner().as_str(), *account.balance()),
        ("alice", Cents(500))
    );
    let account = account
        .withdraw(Cents(200), &RICH)
        .unwrap()
        .commit(&store)
        .unwrap();
    assert_eq!(
        account.state(),
        &Open {
            owner: "alice".to_owned(),
            balance: Cents(300)
        }
    );
    assert_eq!(
        (account.cursor().revision(), account.cursor().sequence()),
        (3, 3)
    );
    let events: Vec<AccountEvent> = store
        .stream(account.cursor().coordinate())
        .map(|event| event.unwrap().event().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            AccountEvent::Opened {
                owner: "alice".to_owned()
            },
            AccountEvent::Deposited { amount: Cents(500) },
            AccountEvent::Withdrawn { amount: Cents(200) },
        ]
    );
}

#[test]
fn nothing_is_recorded_until_the_step_is_committed() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    let _ = account.withdraw(Cents(1), &RICH).unwrap();
    assert_eq!(store.position(), 2);
}

#[test]
fn a_denied_command_gives_the_machine_back_with_the_reason() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    let denied = account.withdraw(Cents(501), &RICH).unwrap_err();
    assert_eq!(denied.denial.code(), "INSUFFICIENT_FUNDS");
    assert_eq!(
        denied.to_string(),
        "INSUFFICIENT_FUNDS: A withdrawal may not exceed the balance."
    );
    let poor = Limits { daily: Cents(10) };
    let denied = denied.machine.withdraw(Cents(11), &poor).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "DAILY_LIMIT: Cents(11) is over the limit (limit = 10)"
    );
    assert_eq!(denied.machine.balance(), &Cents(500));
    assert_eq!(store.position(), 2);
}

#[test]
fn a_guarded_command_says_where_it_led() {
    let dir = Dir::new();
    let store = dir.open();
    let full = opened(&store, 1, 5);
    let AccountClose::Frozen(frozen) = full.close().unwrap().commit(&store).unwrap() else {
        panic!("an account with a balance is frozen");
    };
    assert_eq!(
        (frozen.balance(), frozen.cursor().revision()),
        (&Cents(5), 3)
    );
    // From `Frozen` the command is not guarded, so its step leads to one state.
    let closed: AccountIn<Closed> = frozen.close().unwrap().commit(&store).unwrap();
    assert_eq!(closed.cursor().revision(), 4);
    let empty = opened(&store, 2, 0);
    assert!(matches!(
        empty.close().unwrap().commit(&store).unwrap(),
        AccountClose::Closed(_)
    ));
}

#[test]
fn groups_names_and_shared_data_work_as_the_arms_say() {
    let dir = Dir::new();
    let store = dir.open();
    let at = coordinate("order:1", "shop");
    let AnyOrderIn::Draft(mut draft) = store.load::<Order>(&at).unwrap() else {
        panic!("a new order is a draft");
    };
    let denied = draft.clone().place().unwrap_err();
    assert_eq!(denied.denial.code(), "NOT_EMPTY");
    for n in 0..2 {
        draft = draft
            .add_line(Line(n.to_string()))
            .unwrap()
            .commit(&store)
            .unwrap();
    }
    let OrderNudge::Unchanged(draft) = draft.nudge().unwrap().commit(&store).unwrap() else {
        panic!("two lines do not place an order");
    };
    assert_eq!((draft.data().lines(), draft.cursor().revision()), (2, 3));
    let draft = draft
        .add_line(Line("2".to_owned()))
        .unwrap()
        .commit(&store)
        .unwrap();
    let OrderNudge::Placed(placed) = draft.nudge().unwrap().commit(&store).unwrap() else {
        panic!("three lines do");
    };
    assert_eq!((placed.lines().len(), placed.data().lines()), (3, 3));
    let placed = placed
        .note("soon".to_owned())
        .unwrap()
        .commit(&store)
        .unwrap();
    let closed = placed
        .close("it is late".to_owned())
        .unwrap()
        .commit(&store)
        .unwrap();
    assert_eq!(closed.reason(), "because it is late");
    // A bound name as the target covers terminal states too.
    closed
        .note("after the end".to_owned())
        .unwrap()
        .commit(&store)
        .unwrap();
    let fold: OrderFold = store.project(&at).unwrap();
    assert_eq!(
        fold.state,
        Order::Closed {
            reason: "because it is late".to_owned()
        }
    );
    assert_eq!(fold.data.lines(), 3);
}

#[test]
fn evolve_is_the_table_without_gates() {
    let open = Account::default()
        .evolve(AccountEvent::Opened {
            owner: "a".to_owned(),
        })
        .unwrap();
    // The gate would deny this; history does not ask it.
    let overdrawn = open
        .evolve(AccountEvent::Withdrawn { amount: Cents(5) })
        .unwrap();
    assert_eq!(
        overdrawn,
        Account::Open {
            owner: "a".to_owned(),
            balance: Cents(-5)
        }
    );
    let illegal = overdrawn
        .evolve(AccountEvent::Opened {
            owner: "b".to_owned(),
        })
        .unwrap_err();
    assert_eq!((illegal.state, illegal.event), ("Open", "Opened"));
}

#[test]
fn the_table_and_the_diagram_say_what_the_arms_say() {
    let lines: Vec<String> = Account::TRANSITIONS
        .iter()
        .map(|t| {
            let guard = if t.guarded { "?" } else { "" };
            format!(
                "{} {}{guard} {} {:?} {:?}",
                t.from, t.event, t.to, t.command, t.gates
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#"Unopened Opened Open Some("open") []"#,
            r#"Open Deposited Open Some("deposit") []"#,
            r#"Open Withdrawn Open Some("withdraw") ["covered", "daily_limit"]"#,
            r#"Open Frozen Frozen Some("freeze") []"#,
            r#"Open Closed? Closed Some("close") []"#,
            r#"Open Closed Frozen Some("close") []"#,
            r#"Frozen Closed Closed Some("close") []"#,
        ]
    );
    let frozen = Account::Frozen {
        owner: String::new(),
        balance: Cents(0),
    };
    assert_eq!(frozen.allowed(), &Account::TRANSITIONS[6..]);
    assert!(Account::Closed.allowed().is_empty());
    assert_eq!(
        Account::DIAGRAM,
        "stateDiagram-v2\n    \
         [*] --> Unopened\n    \
         Unopened --> Open : Opened\n    \
         Open --> Open : Deposited\n    \
         Open --> Open : Withdrawn\n    \
         Open --> Frozen : Frozen\n    \
         Open --> Closed : Closed [balance == Cents(0)]\n    \
         Open --> Frozen : Closed\n    \
         Frozen --> Closed : Closed\n    \
         Closed --> [*]\n"
    );
}

#[test]
fn an_event_enum_of_a_machine_is_an_event_enum_like_any_other() {
    assert_eq!(OrderEvent::TABLE.len(), 5);
    assert_eq!(OrderEvent::NOTE_ADDED, EventKind::custom(0x1, 0x004));
}
