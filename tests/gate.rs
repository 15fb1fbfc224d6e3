//! Gates: functions that can still be called, and values that decide.

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
fn gates_over_one_context_can_be_kept_together() {
    let gates: [&dyn Gate<u64>; 2] = [&round::Gate, &lucky::Gate];
    let codes = |amount: u64| {
        let denied = gates.iter().filter_map(|gate| gate.evaluate(&amount).err());
        denied
            .map(|denial| denial.code().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(100), [""; 0]);
    assert_eq!(codes(13), ["NOT_ROUND", "THIRTEEN"]);
}
