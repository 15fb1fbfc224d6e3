//! The gates of a machine's arms: they are told with the events too, and what they observe must hold.

use super::*;

/// What an account owner owes elsewhere.
pub struct Limits {
    owed: Observed<u64>,
}

/// Nobody who owes more than 100 gets anything.
#[gate]
fn solvent(ctx: &Limits) -> bool {
    *ctx.owed.get() <= 100
}

/// Something is lent.
#[gate]
fn positive(amount: &u64) -> bool {
    *amount > 0
}

state_machine!(
    #[machine(entity = "loan", context = Limits)]
    #[derive(Debug, Clone, PartialEq)]
    pub enum Loan {
        #[initial]
        Asked,
        Lent {
            amount: u64,
        },
        #[terminal]
        Repaid,
    }

    #[derive(Event, Debug, Clone, PartialEq)]
    #[event(category = 0x5)]
    pub enum LoanEvent {
        #[event(id = 0x001)]
        Lent { amount: u64 },
        #[event(id = 0x002)]
        Raised { by: u64 },
        #[event(id = 0x003)]
        Repaid,
    }

    fn evolve(loan: Loan, event: LoanEvent) -> Loan {
        match (loan, event) {
            #[command(lend)]
            #[gate(positive(amount), solvent(ctx))]
            (Asked, Lent { amount }) => Lent { amount },

            /// A raise of nothing changes nothing.
            #[command(raise)]
            #[gate(solvent(ctx))]
            (Lent { amount }, Raised { by }) if by > 0 => Lent {
                amount: amount + by,
            },
            (loan @ Lent, Raised { .. }) => loan,

            #[command(repay)]
            (Lent { .. }, Repaid) => Repaid,
        }
    }
);

fn debts() -> Region {
    Region::all().scope("debts")
}

fn limits(store: &Store) -> Limits {
    let owed = store.observe_with(&debts(), |events| {
        events
            .map(|event| Ok(event?.payload::<u64>()?))
            .sum::<Result<u64, StoreError>>()
    });
    Limits {
        owed: owed.unwrap(),
    }
}

fn asked(store: &Store) -> LoanIn<Asked> {
    let address = Loan::at(7, "bank").unwrap();
    match store.load::<Loan>(&address).unwrap() {
        AnyLoanIn::Asked(loan) => loan,
        other => panic!("{other:?}"),
    }
}

fn owe(store: &Store, cents: u64) {
    store
        .append_event(number(&coordinate("shop", "debts"), cents))
        .unwrap();
}

fn permits(store: &Store) -> Vec<Option<Vec<String>>> {
    let events = store.query(&Region::all().scope("bank"));
    let permits = events.map(|event| event.unwrap().permit().unwrap());
    permits
        .map(|permit| permit.map(|permit| permit.gates))
        .collect()
}

#[test]
fn a_command_tells_with_its_event_which_gates_have_permitted_it() {
    let dir = Dir::new();
    let store = dir.open();
    let ctx = limits(&store);
    let lent = asked(&store).lend(5, &ctx).unwrap().commit(&store).unwrap();
    let LoanRaise::Lent(lent) = lent.raise(1, &ctx).unwrap().commit(&store).unwrap() else {
        panic!("it was raised");
    };
    let Ok(step) = lent.repay();
    step.commit(&store).unwrap();
    let gates = |codes: &[&str]| Some(codes.iter().map(|code| (*code).to_owned()).collect());
    assert_eq!(
        permits(&store),
        [gates(&["POSITIVE", "SOLVENT"]), gates(&["SOLVENT"]), None]
    );
}

#[test]
fn a_step_whose_gates_saw_what_has_changed_since_is_a_conflict_and_gives_the_machine_back() {
    let dir = Dir::new();
    let store = dir.open();
    let ctx = limits(&store);
    let step = asked(&store).lend(5, &ctx).unwrap();
    owe(&store, 500);
    let error = step.commit(&store).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    // Asked anew, the gate has another answer.
    let denied = error.machine.lend(5, &limits(&store)).unwrap_err();
    assert_eq!(denied.denial.code(), "SOLVENT");
    // Nor is a step committed whose later part saw it.
    let dir = Dir::new();
    let store = dir.open();
    let ctx = limits(&store);
    let step = asked(&store)
        .lend(5, &ctx)
        .unwrap()
        .then(|lent| lent.raise(1, &ctx))
        .unwrap();
    owe(&store, 1);
    assert!(step.commit(&store).unwrap_err().is_retryable());
    assert_eq!(permits(&store).len(), 0);
}

#[test]
fn a_chain_tells_the_gates_of_each_of_its_events_and_rests_on_what_they_saw() {
    let dir = Dir::new();
    let store = dir.open();
    let record = |ctx: &Limits| {
        let mut chain = AnyLoanIn::from(asked(&store)).chain();
        chain.record(LoanEvent::Lent { amount: 5 }, ctx).unwrap();
        chain.record(LoanEvent::Raised { by: 1 }, ctx).unwrap();
        chain
            .record(LoanEvent::Lent { amount: 5 }, ctx)
            .unwrap_err();
        chain.record(LoanEvent::Repaid, ctx).unwrap();
        chain
    };
    let chain = record(&limits(&store));
    owe(&store, 1);
    assert!(chain.commit(&store).unwrap_err().is_retryable());
    record(&limits(&store)).commit(&store).unwrap();
    let told: Vec<_> = permits(&store)
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(told, [vec!["POSITIVE", "SOLVENT"], vec!["SOLVENT"], vec![]]);
}
