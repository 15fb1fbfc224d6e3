//! Gates that are made of gates.

use std::sync::Arc;

use batpak::prelude::*;

use super::{Policy, daily_limit, half, lucky, open, round};

/// It is too much.
#[gate]
fn small(amount: &u64) -> bool {
    *amount < 100
}

/// A gate whose code and answer are chosen by the test.
#[derive(Debug, Clone)]
struct Fixed(&'static str, bool);

impl Gate<()> for Fixed {
    fn code(&self) -> &'static str {
        self.0
    }

    fn evaluate(&self, (): &()) -> Result<(), Denial> {
        self.1
            .then_some(())
            .ok_or_else(|| Denial::new(self.0, "no").with("from", self.0))
    }
}

fn causes(denial: &Denial) -> Vec<&str> {
    denial.causes().iter().map(Denial::code).collect()
}

#[test]
fn all_of_denies_with_its_own_code_because_of_the_first_that_does() {
    let gate = all_of("PAYABLE", (small::Gate, round::Gate, lucky::Gate)).message("not payable");
    assert_eq!(gate.evaluate(&0), Ok(()));
    let denial = gate.evaluate(&113).unwrap_err();
    assert_eq!(
        (denial.code(), denial.message()),
        ("PAYABLE", "not payable")
    );
    assert_eq!(causes(&denial), ["SMALL"]);
    assert_eq!(causes(&gate.evaluate(&13).unwrap_err()), ["NOT_ROUND"]);
}

#[test]
fn all_of_that_asks_all_denies_because_of_each_that_does() {
    let gate = all_of("PAYABLE", (small::Gate, round::Gate, lucky::Gate)).ask_all();
    assert_eq!(gate.evaluate(&0), Ok(()));
    let denial = gate.evaluate(&13).unwrap_err();
    assert_eq!(causes(&denial), ["NOT_ROUND", "THIRTEEN"]);
    assert_eq!(
        denial.to_string(),
        "PAYABLE: not all of these permit \
         [NOT_ROUND: 13 is left over (amount = 13), THIRTEEN: not that one]"
    );
}

#[test]
fn any_of_permits_if_one_does_and_denies_because_of_all() {
    let gate = any_of("PAYABLE", [Fixed("A", false), Fixed("B", true)]);
    assert_eq!(gate.evaluate(&()), Ok(()));
    let gate = any_of("PAYABLE", (small::Gate, round::Gate)).message("not payable");
    assert_eq!(gate.evaluate(&99), Ok(()));
    assert_eq!(gate.evaluate(&300), Ok(()));
    let denial = gate.evaluate(&301).unwrap_err();
    assert_eq!(
        (denial.code(), denial.message()),
        ("PAYABLE", "not payable")
    );
    assert_eq!(causes(&denial), ["SMALL", "NOT_ROUND"]);
    assert!(denial.causes()[1].context().eq([("amount", "301")]));
}

#[test]
fn not_denies_what_its_gate_permits_and_names_it() {
    let gate = not("TOO_SMALL", small::Gate).message("it is not worth it");
    assert_eq!(gate.evaluate(&100), Ok(()));
    let denial = gate.evaluate(&99).unwrap_err();
    assert_eq!(
        denial.to_string(),
        "TOO_SMALL: it is not worth it (gate = SMALL)"
    );
}

#[test]
fn without_gates_all_of_permits_and_any_of_denies() {
    assert!(all_of("ALL", Vec::<Fixed>::new()).evaluate(&()).is_ok());
    let denial = any_of("ANY", Vec::<Fixed>::new())
        .evaluate(&())
        .unwrap_err();
    assert_eq!(denial.to_string(), "ANY: none of these permits");
}

#[test]
fn combinations_are_gates_that_are_combined_again() {
    let gate = not(
        "OUTER",
        any_of(
            "MIDDLE",
            (
                all_of("INNER", (small::Gate, not("ODD", round::Gate))),
                lucky::Gate,
            ),
        ),
    );
    assert_eq!(Gate::<u64>::code(&gate), "OUTER");
    assert!(gate.evaluate(&99).is_err());
    assert!(gate.evaluate(&100).is_err());
    assert_eq!(gate.evaluate(&17), Err(outer_of("MIDDLE")));
    let strict = not("OUTER", all_of("INNER", (small::Gate, lucky::Gate)));
    assert_eq!(strict.evaluate(&13), Ok(()));
    assert_eq!(strict.evaluate(&1), Err(outer_of("INNER")));
}

fn outer_of(gate: &str) -> Denial {
    Denial::new("OUTER", "what must not hold does").with("gate", gate)
}

#[test]
fn combinations_stand_in_a_set_beside_plain_gates_and_have_one_code_there() {
    let gates = GateSet::new()
        .with(lucky::Gate)
        .with(any_of("PAYABLE", (small::Gate, round::Gate)))
        .with(not("TINY", small::Gate));
    assert!(gates.codes().eq(["LUCK", "PAYABLE", "TINY"]));
    assert_eq!(gates.evaluate(&200), Ok(()));
    assert_eq!(gates.evaluate(&99).unwrap_err().code(), "TINY");
    let codes = |amount| {
        let denials = gates.evaluate_all(&amount).into_iter();
        denials.map(|d| d.code().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(13), ["THIRTEEN", "TINY"]);
    assert_eq!(codes(101), ["PAYABLE"]);
}

#[test]
fn gates_that_a_program_chooses_while_it_runs_are_boxed_or_shared() {
    let chosen: Vec<Box<dyn Gate<u64> + Send + Sync>> = vec![
        Box::new(small::Gate),
        Box::new(not("UNLUCKY", lucky::Gate)),
        Box::new(all_of("BOTH", (round::Gate, lucky::Gate))),
    ];
    let shared: Arc<dyn Gate<u64> + Send + Sync> = Arc::new(any_of("CHOSEN", chosen));
    let gates = GateSet::new()
        .with(shared.clone())
        .with(not("NEITHER", shared.clone()));
    assert_eq!(shared.evaluate(&300), Ok(()));
    assert_eq!(gates.evaluate(&301).unwrap_err().code(), "CHOSEN");
    assert_eq!(gates.evaluate(&300).unwrap_err().code(), "NEITHER");
    // What is boxed or shared is still seen to be made of others.
    assert_eq!(gates.explain(&300).iter().count(), 7 + 8);
}

#[test]
fn a_combination_goes_with_each_context_that_all_of_its_gates_go_with() {
    let policy = Arc::new(Policy::usual());
    let gate = all_of(
        "OPEN",
        (
            open::Gate(policy.clone()),
            daily_limit::Gate(policy.clone()),
        ),
    );
    assert_eq!(gate.evaluate(&500), Ok(()));
    assert!(GateSet::<u64>::new().with(gate).evaluate(&501).is_err());

    let gate = any_of("FOR_ANN", (half::Gate(policy.clone()), half::Gate(policy)));
    let (amount, owner) = (251, String::from("bob"));
    assert!(gate.evaluate(&(&amount, &owner)).is_err());
    assert!(gate.evaluate(&(&251, "ann")).is_ok());
}
