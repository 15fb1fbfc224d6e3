//! Gates: functions that can still be called, and values that decide.

mod combined;
mod explained;
mod panicking;
mod random;

use batpak::prelude::*;

struct Limits {
    daily: u64,
    open: bool,
}

/// The shop must be open.
///
/// It says nothing about the hours.
#[gate]
fn shop_is_open(limits: &Limits) -> bool {
    limits.open
}

#[gate(code = "TOO_MUCH", message = "that is too much")]
fn at_most(amount: &u64, limits: &Limits) -> bool {
    *amount <= limits.daily
}

/// Says why.
#[gate(code = "NOT_ROUND")]
fn round(amount: &u64) -> Verdict {
    let rest = amount % 100;
    ensure!(rest == 0, "{rest} is left over", amount = amount);
    Verdict::permit()
}

/// Gives a denial of its own.
#[gate(code = "LUCK")]
fn lucky(amount: &u64) -> Result<(), Denial> {
    if *amount == 13 {
        return Err(Denial::new("THIRTEEN", "not that one"));
    }
    ensure!(*amount != 17, "nor that one");
    Ok(())
}

const LIMITS: Limits = Limits {
    daily: 500,
    open: false,
};

#[test]
fn a_gate_is_still_a_function() {
    assert!(!shop_is_open(&LIMITS));
    assert!(at_most(&500, &LIMITS));
    assert!(round(&200).is_permit());
    assert!(lucky(&1).is_ok());
}

#[test]
fn a_gate_that_returns_bool_denies_with_its_message_or_the_first_line_of_its_doc() {
    let denial = shop_is_open::Gate.evaluate(&LIMITS).unwrap_err();
    assert_eq!(denial.to_string(), "SHOP_IS_OPEN: The shop must be open.");
    let denial = at_most::Gate.evaluate(&(&501, &LIMITS)).unwrap_err();
    assert_eq!(denial.to_string(), "TOO_MUCH: that is too much");
    assert!(at_most::Gate.evaluate(&(&500, &LIMITS)).is_ok());
    assert_eq!(
        (at_most::CODE, Gate::<u64>::code(&round::Gate)),
        ("TOO_MUCH", "NOT_ROUND")
    );
}

#[test]
fn a_gate_that_returns_a_verdict_says_why_and_what_it_looked_at() {
    let denial = round::Gate.evaluate(&250).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "NOT_ROUND: 50 is left over (amount = 250)"
    );
    assert_eq!(denial.context().collect::<Vec<_>>(), [("amount", "250")]);
}

#[test]
fn a_gate_may_give_a_denial_of_its_own_and_ensure_takes_the_gates_code() {
    assert_eq!(lucky::Gate.evaluate(&13).unwrap_err().code(), "THIRTEEN");
    assert_eq!(lucky::Gate.evaluate(&17).unwrap_err().code(), "LUCK");
}

#[test]
fn a_set_asks_its_gates_in_order_and_stops_at_the_first_denial() {
    let gates = GateSet::new().with(round::Gate).with(lucky::Gate);
    assert_eq!(gates.evaluate(&100), Ok(()));
    assert_eq!(gates.evaluate(&13).unwrap_err().code(), "NOT_ROUND");
    let reversed = GateSet::new().with(lucky::Gate).with(round::Gate);
    assert_eq!(reversed.evaluate(&13).unwrap_err().code(), "THIRTEEN");
}

#[test]
fn a_set_gives_every_denial_if_all_gates_are_to_be_asked() {
    let gates = GateSet::new().with(round::Gate).with(lucky::Gate);
    let codes = |amount: u64| {
        let denials = gates.evaluate_all(&amount).into_iter();
        denials
            .map(|denial| denial.code().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(100), [""; 0]);
    assert_eq!(codes(250), ["NOT_ROUND"]);
    assert_eq!(codes(13), ["NOT_ROUND", "THIRTEEN"]);
}

#[test]
fn a_set_lists_the_codes_of_its_gates_and_an_empty_one_permits_everything() {
    let gates = GateSet::<u64>::new().with(lucky::Gate).with(round::Gate);
    assert!(gates.codes().eq(["LUCK", "NOT_ROUND"]));
    assert_eq!(format!("{gates:?}"), r#"GateSet ["LUCK", "NOT_ROUND"]"#);
    let none = GateSet::<str>::default();
    assert_eq!((none.codes().len(), none.evaluate("x")), (0, Ok(())));
}

#[test]
fn a_set_is_kept_and_asked_by_several_threads() {
    static GATES: std::sync::LazyLock<GateSet<Limits>> =
        std::sync::LazyLock::new(|| GateSet::new().with(shop_is_open::Gate));
    let denied = std::thread::spawn(|| GATES.evaluate(&LIMITS).is_err());
    assert!(denied.join().unwrap());
}

/// What may be withdrawn.
#[derive(Debug)]
struct Policy {
    daily: u64,
    vip: Vec<String>,
    closed: bool,
}

#[gate]
impl Policy {
    const DAILY: u64 = 500;

    fn usual() -> Self {
        Self {
            daily: Self::DAILY,
            vip: vec!["ann".to_owned()],
            closed: false,
        }
    }

    /// Refuses more than the daily limit.
    #[gate(code = "DAILY")]
    fn daily_limit(&self, amount: &u64) -> Verdict {
        let daily = self.daily;
        ensure!(*amount <= daily, "at most {daily} a day", amount = amount);
        Verdict::permit()
    }

    /// Only some may take more than half of it.
    #[gate]
    fn half(&self, amount: &u64, owner: &str) -> bool {
        *amount <= self.daily / 2 || self.vip.iter().any(|name| name == owner)
    }

    /// It is closed.
    #[gate(code = "CLOSED", message = "come back tomorrow")]
    fn open(&self) -> bool {
        !self.closed
    }

    /// Another policy may be stricter.
    #[gate]
    fn strictest(&self, other: &Self) -> bool {
        self.daily <= other.daily
    }
}

#[test]
fn a_gate_of_a_policy_is_a_method_and_a_function_that_is_given_the_policy() {
    let policy = Policy::usual();
    assert!(policy.daily_limit(&500).is_permit());
    assert!(!daily_limit(&policy, &501).is_permit());
    assert!(half(&policy, &251, "ann") && !policy.half(&251, "bob"));
    assert!(open(&policy));
    assert!(strictest(&policy, &policy));
}

#[test]
fn a_gate_of_a_policy_holds_it_lent_shared_or_owned() {
    let policy = std::sync::Arc::new(Policy::usual());
    let lent = daily_limit::Gate(&*policy);
    let denial = lent.evaluate(&501).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "DAILY: at most 500 a day (amount = 501)"
    );
    let shared = half::Gate(policy.clone());
    let denial = shared.evaluate(&(&251, "bob")).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "HALF: Only some may take more than half of it."
    );
    assert_eq!(shared.evaluate(&(&251, "ann")), Ok(()));
    let owned = strictest::Gate(Policy::usual());
    assert_eq!(owned.evaluate(&policy), Ok(()));
    assert_eq!(
        (open::CODE, open::MESSAGE),
        ("CLOSED", "come back tomorrow")
    );
}

#[test]
fn gates_of_policies_and_functions_are_kept_in_one_set() {
    let policy = std::sync::Arc::new(Policy {
        closed: true,
        ..Policy::usual()
    });
    // A gate that looks at the policy alone goes with every context.
    let gates = GateSet::<u64>::new()
        .with(open::Gate(policy.clone()))
        .with(daily_limit::Gate(policy.clone()))
        .with(round::Gate);
    assert!(gates.codes().eq(["CLOSED", "DAILY", "NOT_ROUND"]));
    let denials = gates.evaluate_all(&550);
    assert_eq!(denials.len(), 3);
    assert_eq!(denials[0].to_string(), "CLOSED: come back tomorrow");
}

mod guarded {
    use super::*;

    state_machine!(
        #[machine(entity = "account", context = Policy)]
        #[derive(Debug, Clone)]
        pub(super) enum Account {
            #[initial]
            Open { owner: String, taken: u64 },
        }

        #[derive(Event, Debug, Clone)]
        #[event(category = 0x5)]
        pub(super) enum AccountEvent {
            #[event(id = 0x001)]
            Withdrawn { amount: u64 },
        }

        fn evolve(account: Account, event: AccountEvent) -> Account {
            match (account, event) {
                #[command(withdraw)]
                #[gate(open(ctx), daily_limit(ctx, amount), super::half(ctx, amount, owner))]
                (Open { owner, taken }, Withdrawn { amount }) => Open {
                    owner,
                    taken: taken + amount,
                },
            }
        }
    );
}

#[test]
fn a_gate_of_a_policy_stands_in_the_arm_of_a_machine_and_is_given_the_context() {
    use guarded::{Account, AnyAccountIn};

    let dir = crate::support::Dir::new();
    let store = dir.open();
    let address = Account::at(1, "bank").unwrap();
    let AnyAccountIn::Open(account) = store.load::<Account>(&address).unwrap();
    let policy = Policy::usual();
    let denied = account.withdraw(501, &policy).unwrap_err();
    assert_eq!(denied.denial.code(), "DAILY");
    let denied = denied.machine.withdraw(251, &policy).unwrap_err();
    assert_eq!(denied.denial.code(), "HALF");
    let step = denied.machine.withdraw(250, &policy).unwrap();
    assert_eq!(step.commit(&store).unwrap().taken(), &250);
    assert_eq!(
        Account::TRANSITIONS[0].gates,
        ["open", "daily_limit", "half"]
    );
}
