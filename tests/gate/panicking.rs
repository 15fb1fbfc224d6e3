//! Gates that panic: a denial with a code of its own, and never a permit.

use std::panic::panic_any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use batpak::prelude::*;

/// How the gate behaves that is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Calm,
    Strict,
    Text,
    Formatted(u8),
    Other,
}

/// It is too strict.
#[gate]
fn moody(mood: &Mood) -> bool {
    match mood {
        Mood::Calm => true,
        Mood::Strict => false,
        Mood::Text => panic!("out of order"),
        Mood::Formatted(n) => panic!("{n} is too many"),
        Mood::Other => panic_any(7),
    }
}

#[gate(message = "no")]
fn strict(mood: &Mood) -> bool {
    *mood == Mood::Calm
}

#[gate(message = "it is calm")]
fn upset(mood: &Mood) -> bool {
    *mood != Mood::Calm
}

/// Gives on what a set of gates answered.
#[gate(code = "SECOND_HAND")]
fn second_hand(mood: &Mood) -> Result<(), Denial> {
    GateSet::new().with(moody::Gate).evaluate(mood)?;
    Ok(())
}

#[test]
fn a_gate_of_a_set_that_panics_denies_with_a_code_of_its_own_and_what_it_said() {
    let gates = GateSet::new().with(moody::Gate);
    let denied = |mood| gates.evaluate(&mood).unwrap_err();
    let denial = denied(Mood::Text);
    assert!(denial.is_panic());
    assert_eq!(denial.code(), Denial::GATE_PANICKED);
    assert!(
        denial
            .context()
            .eq([("gate", "MOODY"), ("panic", "out of order")])
    );
    assert_eq!(
        denied(Mood::Formatted(9)).to_string(),
        "GATE_PANICKED: the gate panicked (gate = MOODY, panic = 9 is too many)"
    );
    let said = denied(Mood::Other);
    assert_eq!(
        said.context().nth(1),
        Some(("panic", "a value that is no text"))
    );
    assert!(!denied(Mood::Strict).is_panic());
}

#[test]
fn a_panic_ends_what_is_asked_until_one_denies_and_is_one_of_all_denials() {
    let gates = GateSet::new().with(moody::Gate).with(strict::Gate);
    let explanation = gates.explain(&Mood::Text);
    assert_eq!(
        explanation.to_string(),
        "gate set: denied by MOODY\n  \
         MOODY: denied, GATE_PANICKED: the gate panicked (gate = MOODY, panic = out of order)\n  \
         STRICT: not asked"
    );
    let codes: Vec<_> = gates.evaluate_all(&Mood::Text);
    let codes: Vec<_> = codes.iter().map(Denial::code).collect();
    assert_eq!(codes, [Denial::GATE_PANICKED, "STRICT"]);
}

#[test]
fn not_of_a_panic_is_the_panic_at_any_depth() {
    type Boxed = Box<dyn Gate<Mood> + Send + Sync>;
    let gates: [Boxed; 7] = [
        Box::new(not("N", moody::Gate)),
        Box::new(not("N", not("N", moody::Gate))),
        Box::new(not("N", any_of("A", (moody::Gate, strict::Gate)))),
        Box::new(not("N", any_of("A", (strict::Gate, moody::Gate)))),
        Box::new(not("N", all_of("A", (upset::Gate, moody::Gate)))),
        Box::new(not("N", all_of("A", (moody::Gate, strict::Gate)).ask_all())),
        Box::new(not("N", second_hand::Gate)),
    ];
    for (i, gate) in gates.iter().enumerate() {
        let denial = gate.evaluate(&Mood::Text).unwrap_err();
        assert!(denial.is_panic(), "{i}: {denial}");
        assert_eq!(denial.context().next(), Some(("gate", "MOODY")), "{i}");
    }
    // They are not all of them gates that always deny.
    assert!(gates[0].evaluate(&Mood::Strict).is_ok());
    assert!(gates[6].evaluate(&Mood::Strict).is_ok());
}

#[test]
fn a_panic_does_not_keep_any_of_from_asking_the_others() {
    let gate = any_of("EITHER", (moody::Gate, upset::Gate));
    assert_eq!(gate.evaluate(&Mood::Text), Ok(()));
    let explanation = gate.explain(&Mood::Text);
    assert!(
        explanation.parts()[0]
            .denial()
            .is_some_and(Denial::is_panic)
    );
}

#[test]
fn a_gate_that_denied_before_decides_and_the_panic_behind_it_is_one_cause() {
    let gate = all_of("BOTH", (strict::Gate, moody::Gate)).ask_all();
    let denial = gate.evaluate(&Mood::Text).unwrap_err();
    assert_eq!(denial.code(), "BOTH");
    assert!(denial.causes()[1].is_panic());
}

#[test]
fn a_gate_that_is_asked_by_itself_panics_as_a_function_does_and_is_caught_when_it_explains() {
    let panic = catch_unwind(AssertUnwindSafe(|| moody::Gate.evaluate(&Mood::Text))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"out of order"));
    let explanation = moody::Gate.explain(&Mood::Text);
    assert!(explanation.denial().is_some_and(Denial::is_panic));
}

#[test]
fn a_set_whose_gate_panicked_is_asked_again() {
    let gates = GateSet::new().with(moody::Gate);
    assert!(gates.evaluate(&Mood::Text).is_err());
    assert_eq!(gates.evaluate(&Mood::Calm), Ok(()));
}
