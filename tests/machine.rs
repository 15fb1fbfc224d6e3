//! State machines: commands, gates, guarded arms, chains, loading.

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
fn a_conflict_gives_the_machine_back_to_be_loaded_again() {
    let dir = Dir::new();
    let store = dir.open();
    let first = opened(&store, 1, 500);
    let second = first.clone();
    first
        .withdraw(Cents(400), &RICH)
        .unwrap()
        .commit(&store)
        .unwrap();
    let failed = second
        .withdraw(Cents(400), &RICH)
        .unwrap()
        .commit(&store)
        .unwrap_err();
    assert!(failed.is_retryable(), "{failed}");
    assert_eq!(failed.machine.balance(), &Cents(500));
    let coordinate = failed.machine.cursor().coordinate().clone();
    let AnyAccountIn::Open(now) = store.load::<Account>(&coordinate).unwrap() else {
        panic!("the account is open");
    };
    assert_eq!(now.balance(), &Cents(100));
    assert!(now.withdraw(Cents(400), &RICH).is_err());
}

#[test]
fn a_machine_is_loaded_as_it_was_committed_also_by_another_store_value() {
    let dir = Dir::new();
    let coordinate = {
        let store = dir.open();
        let account = opened(&store, 7, 500)
            .freeze()
            .unwrap()
            .commit(&store)
            .unwrap();
        account.cursor().coordinate().clone()
    };
    let store = dir.open();
    let AnyAccountIn::Frozen(account) = store.load::<Account>(&coordinate).unwrap() else {
        panic!("the account is frozen");
    };
    assert_eq!(
        (account.balance(), account.cursor().revision()),
        (&Cents(500), 3)
    );
    let fold: Account = store.project(&coordinate).unwrap();
    assert_eq!(
        fold,
        Account::Frozen {
            owner: "alice".to_owned(),
            balance: Cents(500)
        }
    );
}

#[test]
fn a_machine_is_committed_only_to_the_store_and_address_that_it_is_from() {
    let (here, there) = (Dir::new(), Dir::new());
    let (here, there) = (here.open(), there.open());
    let account = opened(&here, 1, 500);
    let failed = account.freeze().unwrap().commit(&there).unwrap_err();
    assert!(
        matches!(failed.error, StoreError::OtherStore(_)),
        "{failed}"
    );
    assert_eq!(there.position(), 0);
    assert!(matches!(
        Account::at("", "bank"),
        Err(CoordinateError::Empty(_))
    ));
    for entity in ["order:1", "account", "account:", "accountant:1"] {
        let error = here
            .load::<Account>(&coordinate(entity, "bank"))
            .unwrap_err();
        assert!(
            matches!(error, StoreError::OtherMachine { .. }),
            "{entity}: {error}"
        );
    }
}

#[test]
fn events_that_arrive_as_data_run_the_same_arms_and_gates() {
    let dir = Dir::new();
    let store = dir.open();
    let coordinate = Account::at(9, "bank").unwrap();
    let mut chain = store.load::<Account>(&coordinate).unwrap().chain();
    let deposit = |cents| AccountEvent::Deposited {
        amount: Cents(cents),
    };
    let refused = chain.record(deposit(1), &RICH).unwrap_err();
    let Refused::Illegal(illegal) = refused else {
        panic!("{refused}")
    };
    assert_eq!(
        (illegal.state, illegal.event, illegal.kind),
        ("Unopened", "Deposited", AccountEvent::DEPOSITED)
    );
    assert_eq!(
        illegal.to_string(),
        "`Deposited` (0x2002) cannot happen in state `Unopened`"
    );
    chain
        .record(
            AccountEvent::Opened {
                owner: "bob".to_owned(),
            },
            &RICH,
        )
        .unwrap();
    chain.record(deposit(10), &RICH).unwrap();
    let withdraw = AccountEvent::Withdrawn { amount: Cents(11) };
    let refused = chain.record(withdraw, &RICH).unwrap_err();
    assert!(matches!(&refused, Refused::Denied(d) if d.code() == "INSUFFICIENT_FUNDS"));
    // What was taken before can still be committed, as one batch.
    assert_eq!(chain.len(), 2);
    assert_eq!(store.position(), 0);
    let AnyAccountIn::Open(account) = chain.commit(&store).unwrap() else {
        panic!("the account is open");
    };
    assert_eq!(
        (account.balance(), account.cursor().revision()),
        (&Cents(10), 2)
    );
}

#[test]
fn a_chain_commits_what_goes_to_other_streams_in_the_same_batch() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    let log = at.within("log").unwrap();
    let kind = EventKind::custom(0xE, 1);
    let with_log = |chain: Chain<Account>| {
        let more = Batch::new().event(NewEvent::new(&log, kind, &"opened"));
        chain.commit_with(&store, more.expect(&log, Expect::Empty))
    };
    let mut chain = store.load::<Account>(&at).unwrap().chain();
    chain
        .record(
            AccountEvent::Opened {
                owner: "bob".to_owned(),
            },
            &RICH,
        )
        .unwrap();
    let account = with_log(chain).unwrap();
    assert_eq!((store.revision(&at), store.revision(&log)), (1, 1));
    // The other stream is no longer empty, so neither of the two is written to.
    let mut chain = account.chain();
    chain.record(AccountEvent::Frozen, &RICH).unwrap();
    let failed = with_log(chain).unwrap_err();
    assert!(
        matches!(*failed.machine, AnyAccountIn::Open(_)),
        "the machine as it was loaded"
    );
    assert_eq!(store.position(), 2);
    // Without events of its own a chain commits the others alone, and without any nothing.
    let chain = failed.machine.chain();
    let more = Batch::new().event(NewEvent::new(&log, kind, &"again"));
    let account = chain.commit_with(&store, more).unwrap();
    account.chain().commit(&store).unwrap();
    assert_eq!((store.position(), store.revision(&at)), (3, 1));
}

#[test]
fn a_step_commits_what_goes_to_other_streams_in_the_same_batch() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    let ledger = coordinate("ledger", "bank");
    let entry = || Batch::new().event(NewEvent::new(&ledger, EventKind::custom(0xE, 1), &200));
    let step = account.withdraw(Cents(200), &RICH).unwrap();
    let more = entry().expect(&ledger, Expect::Empty);
    let account = step.commit_with(&store, more).unwrap();
    assert_eq!(
        (account.balance(), store.revision(&ledger)),
        (&Cents(300), 1)
    );
    let step = account.withdraw(Cents(200), &RICH).unwrap();
    let more = entry().expect(&ledger, Expect::Empty);
    let failed = step.commit_with(&store, more).unwrap_err();
    assert_eq!(
        (failed.machine.balance(), store.position()),
        (&Cents(300), 4)
    );
}

#[test]
fn a_chain_refuses_further_events_for_its_own_stream_past_the_arms() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    let mut chain = store.load::<Account>(&at).unwrap().chain();
    let opened = AccountEvent::Opened {
        owner: "bob".to_owned(),
    };
    chain.record(opened.clone(), &RICH).unwrap();
    let more = Batch::new().event(NewEvent::of(&at, &opened));
    let failed = chain.commit_with(&store, more).unwrap_err();
    assert!(
        matches!(&failed.error, StoreError::OwnStream(stream) if *stream == at),
        "{failed}"
    );
    assert_eq!(store.position(), 0);
}

#[test]
fn an_empty_stream_loads_as_the_initial_state_at_revision_0() {
    let dir = Dir::new();
    let store = dir.open();
    let AnyOrderIn::Draft(draft) = store
        .load::<Order>(&coordinate("any name", "shop"))
        .unwrap()
    else {
        panic!("a new order is a draft");
    };
    assert_eq!((draft.lines().len(), draft.cursor().revision()), (0, 0));
    assert_eq!(Order::default(), Order::Draft { lines: Vec::new() });
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
fn an_event_that_the_table_does_not_allow_makes_loading_fail_with_its_place() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    opened(&store, 1, 5);
    store
        .append_typed(
            &at,
            &AccountEvent::Opened {
                owner: "again".to_owned(),
            },
        )
        .unwrap();
    let error = store.load::<Account>(&at).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot fold the event at position 3 (account:1@bank): `Opened` (0x2001) cannot happen in \
         state `Open`"
    );
}

#[test]
fn a_reserved_kind_in_an_old_stream_is_passed_over() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    opened(&store, 1, 5);
    for id in [0x006, 0x010, 0x01F] {
        store
            .append(&at, EventKind::custom(0x2, id), &"as it was once")
            .unwrap();
    }
    let AnyAccountIn::Open(account) = store.load::<Account>(&at).unwrap() else {
        panic!("the account is open");
    };
    assert_eq!(
        (account.balance(), account.cursor().revision()),
        (&Cents(5), 5)
    );
}

#[test]
fn an_unknown_kind_of_the_machines_category_is_an_error_and_others_are_skipped() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    opened(&store, 1, 5);
    store
        .append(&at, EventKind::custom(0xE, 9), &"of no concern")
        .unwrap();
    assert!(
        matches!(store.load::<Account>(&at).unwrap(), AnyAccountIn::Open(a) if a.cursor().revision() == 3)
    );
    store
        .append(&at, EventKind::custom(0x2, 0x0FF), &"from the future")
        .unwrap();
    let error = store.load::<Account>(&at).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::Fold {
                position: 4,
                source: FoldError::UnknownKind {
                    machine: "Account",
                    ..
                },
                ..
            }
        ),
        "{error}"
    );
}

/// A step's target can only be reached through a commit: this is what the types say.
#[expect(dead_code, reason = "it is here to be compiled")]
fn types<F, T: Moved>(
    step: Step<AccountIn<Open>, T>,
    store: &Store,
) -> Result<T, CommitError<AccountIn<Open>>> {
    let _: Option<Denied<F, Infallible>> = None;
    step.commit(store)
}

#[test]
fn an_event_enum_of_a_machine_is_an_event_enum_like_any_other() {
    assert_eq!(OrderEvent::TABLE.len(), 5);
    assert_eq!(OrderEvent::NOTE_ADDED, EventKind::custom(0x1, 0x004));
}
