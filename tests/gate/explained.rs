//! What a set says about its decision: every gate's answer, which set it was, and what it would decide.

use batpak::{Answer, Combinator, GateSetDigest, prelude::*};
use serde_json::json;

use super::{lucky, round};
use crate::support::{Dir, coordinate};

/// It is too much.
#[gate]
fn small(amount: &u64) -> bool {
    *amount < 100
}

/// It is nothing.
#[gate]
fn something(amount: &u64) -> bool {
    *amount > 0
}

/// It asks others.
#[gate(code = "OTHERS")]
fn others(amount: &u64) -> Result<(), Denial> {
    any_of("SMALL_OR_ROUND", (small::Gate, round::Gate)).evaluate(amount)
}

fn payments() -> GateSet<u64> {
    GateSet::named("payments/2")
        .with(something::Gate)
        .with(
            any_of(
                "PLAUSIBLE",
                (
                    all_of("USUAL", (round::Gate, not("SMALL_SUM", small::Gate))),
                    not("LUCKY", lucky::Gate),
                ),
            )
            .message("it looks wrong"),
        )
        .with(lucky::Gate)
}

#[test]
fn an_evaluation_displays_as_indented_text_with_a_line_per_gate() {
    assert_eq!(
        payments().explain(&250).to_string(),
        "\
payments/2: denied by PLAUSIBLE
  SOMETHING: permitted
  PLAUSIBLE (any of): denied, it looks wrong
    USUAL (all of): denied, not all of these permit
      NOT_ROUND: denied, 50 is left over (amount = 250)
      SMALL_SUM (not): not asked
        SMALL: not asked
    LUCKY (not): denied, what must not hold does (gate = LUCK)
      LUCK: permitted
  LUCK: not asked"
    );
    assert_eq!(
        payments().explain(&300).to_string(),
        "\
payments/2: permitted
  SOMETHING: permitted
  PLAUSIBLE (any of): permitted
    USUAL (all of): permitted
      NOT_ROUND: permitted
      SMALL_SUM (not): permitted
        SMALL: denied, It is too much.
    LUCKY (not): not asked
      LUCK: not asked
  LUCK: permitted"
    );
}

#[test]
fn a_denial_under_a_code_that_is_not_the_gates_displays_with_it_and_with_its_causes() {
    let gates = GateSet::new().with(others::Gate);
    assert_eq!(
        gates.explain(&101).to_string(),
        "\
gate set: denied by OTHERS
  OTHERS: denied, SMALL_OR_ROUND: none of these permits \
  [SMALL: It is too much., NOT_ROUND: 1 is left over (amount = 101)]"
    );
}

/// It is signed.
#[gate]
fn signed(name: &str) -> Verdict {
    ensure!(name == "ann", "not by {name}", who = name);
    Verdict::permit()
}

#[test]
fn what_a_gate_was_asked_about_adds_no_line_to_the_text() {
    let gates = GateSet::new().with(signed::Gate);
    assert_eq!(
        gates.explain("bob\n  OPEN: permitted\u{1b}").to_string(),
        r"gate set: denied by SIGNED
  SIGNED: denied, not by bob\n  OPEN: permitted\u{1b} (who = bob\n  OPEN: permitted\u{1b})"
    );
}

#[test]
fn an_evaluation_answers_as_the_set_does() {
    let gates = payments();
    let permitted = gates.explain(&300);
    assert!(permitted.is_permitted() && gates.evaluate(&300).is_ok());
    assert_eq!((permitted.denial(), permitted.denials().count()), (None, 0));
    let denied = gates.explain(&13);
    assert!(!denied.is_permitted());
    assert_eq!(denied.denial(), gates.evaluate(&13).as_ref().err());
    assert_eq!(denied.denials().count(), 1);
    let all = gates.explain_all(&113);
    assert!(all.denials().eq(&gates.evaluate_all(&113)));
}

#[test]
fn the_gates_passed_are_those_on_which_the_permit_rests() {
    let passed = |amount| payments().explain(&amount).passed();
    let usual = [
        "SOMETHING",
        "PLAUSIBLE",
        "USUAL",
        "NOT_ROUND",
        "SMALL_SUM",
        "LUCK",
    ];
    assert_eq!(passed(300), usual);
    // Nothing rests on what was asked before the one that permits.
    let either = any_of("EITHER", (not("NEITHER", small::Gate), something::Gate));
    let set = GateSet::new().with(either);
    assert_eq!(set.explain(&5).passed(), ["EITHER", "SOMETHING"]);
    // Twice turned round, what permits is again what the permit rests on.
    let twice = GateSet::new().with(not(
        "OUTER",
        not("INNER", all_of("BOTH", (small::Gate, something::Gate))),
    ));
    assert_eq!(
        twice.explain(&5).passed(),
        ["OUTER", "BOTH", "SMALL", "SOMETHING"]
    );
    let denied = GateSet::new().with(not("OUTER", all_of("BOTH", (something::Gate, small::Gate))));
    assert_eq!(denied.explain(&500).passed(), ["OUTER"]);
}

#[test]
fn of_a_set_that_denies_the_gates_passed_are_those_that_permitted() {
    assert_eq!(
        payments().explain(&13).passed(),
        ["SOMETHING", "PLAUSIBLE", "LUCKY"]
    );
    assert_eq!(payments().explain(&0).passed(), ["SOMETHING"; 0]);
    let all = GateSet::new()
        .with(something::Gate)
        .with(small::Gate)
        .with(round::Gate);
    assert_eq!(all.explain_all(&200).passed(), ["SOMETHING", "NOT_ROUND"]);
}

#[test]
fn explaining_all_asks_each_gate_of_the_set_and_inside_of_one_until_it_is_decided() {
    let asked = |evaluation: &batpak::Evaluation| {
        let gates = evaluation.iter();
        let asked = gates.filter(|gate| *gate.answer() != Answer::NotAsked);
        asked.map(batpak::Explanation::code).collect::<Vec<_>>()
    };
    let gates = GateSet::new()
        .with(small::Gate)
        .with(any_of("EITHER", (something::Gate, round::Gate)));
    assert_eq!(asked(&gates.explain(&100)), ["SMALL"]);
    assert_eq!(
        asked(&gates.explain_all(&100)),
        ["SMALL", "EITHER", "SOMETHING"]
    );
}

#[test]
fn a_dry_run_asks_every_gate_at_any_depth_and_says_what_would_be_decided() {
    let dry_run = payments().dry_run(&250);
    assert!(!dry_run.would_permit());
    assert!(
        dry_run
            .iter()
            .all(|gate| *gate.answer() != Answer::NotAsked)
    );
    assert_eq!(
        dry_run.to_string(),
        "\
payments/2: would be denied by PLAUSIBLE
  SOMETHING: permitted
  PLAUSIBLE (any of): denied, it looks wrong
    USUAL (all of): denied, not all of these permit
      NOT_ROUND: denied, 50 is left over (amount = 250)
      SMALL_SUM (not): permitted
        SMALL: denied, It is too much.
    LUCKY (not): denied, what must not hold does (gate = LUCK)
      LUCK: permitted
  LUCK: permitted"
    );
    let permits = payments().dry_run(&300);
    assert!(permits.would_permit() && permits.denials().next().is_none());
    assert!(
        permits
            .to_string()
            .starts_with("payments/2: would be permitted\n")
    );
    assert_eq!(
        (permits.name(), permits.digest()),
        (Some("payments/2"), payments().digest())
    );
}

#[test]
fn an_explanation_tells_how_a_gate_is_made_and_lists_what_it_is_made_of() {
    let evaluation = payments().explain(&300);
    let plausible = &evaluation.gates()[1];
    assert_eq!(plausible.combinator(), Some(Combinator::AnyOf));
    assert!(plausible.is_permitted() && plausible.denial().is_none());
    let parts: Vec<_> = plausible
        .parts()
        .iter()
        .map(|part| part.combinator())
        .collect();
    assert_eq!(parts, [Some(Combinator::AllOf), Some(Combinator::Not)]);
    assert_eq!(evaluation.gates()[0].combinator(), None);
    let codes: Vec<_> = plausible.iter().map(|gate| gate.code()).collect();
    let expected = [
        "PLAUSIBLE",
        "USUAL",
        "NOT_ROUND",
        "SMALL_SUM",
        "SMALL",
        "LUCKY",
        "LUCK",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn an_evaluation_is_a_map_in_serde() {
    let gates = GateSet::named("n")
        .with(not("LARGE", small::Gate))
        .with(round::Gate);
    let evaluation = serde_json::to_value(gates.explain(&5)).unwrap();
    let denial = json!({
        "code": "LARGE",
        "message": "what must not hold does",
        "context": { "gate": "SMALL" },
        "causes": [],
    });
    assert_eq!(
        evaluation,
        json!({
            "set": "n",
            "digest": gates.digest().to_string(),
            "permitted": false,
            "gates": [
                {
                    "code": "LARGE",
                    "combinator": "not",
                    "answer": { "denied": denial },
                    "parts": [{ "code": "SMALL", "answer": "permitted" }],
                },
                { "code": "NOT_ROUND", "answer": "not_asked" },
            ],
        })
    );
    let dry_run = serde_json::to_value(gates.dry_run(&200)).unwrap();
    assert_eq!(dry_run["would_permit"], json!(true));
    assert_eq!(dry_run.get("permitted"), None);
}

/// A refusal, on record.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(category = 0x5)]
enum Refusal {
    #[event(id = 0x0F1)]
    Refused { denial: Denial, by: GateSetDigest },
}

#[test]
fn a_denial_and_the_digest_of_a_set_are_read_from_an_event_as_they_were() {
    let dir = Dir::new();
    let store = dir.open();
    let gates = payments();
    let denial = gates.evaluate(&250).unwrap_err();
    assert_eq!(denial.causes()[0].causes()[0].context().len(), 1);
    let refused = Refusal::Refused {
        denial: denial.clone().with("twice", 1).with("twice", 2),
        by: gates.digest(),
    };
    let stream = coordinate("payment:1", "bank");
    store
        .commit(Batch::new().event(NewEvent::of(&stream, &refused)))
        .unwrap();
    let event = store.query(&Region::all()).next().unwrap().unwrap();
    assert_eq!(event.event::<Refusal>().unwrap(), refused);

    let text = serde_json::to_string(&denial).unwrap();
    assert_eq!(serde_json::from_str::<Denial>(&text).unwrap(), denial);
}

#[test]
fn a_digest_is_the_same_in_every_build() {
    let empty = GateSet::<()>::new().digest();
    assert_eq!(empty.to_string(), "68830578f011267692465e60a74f63e6");
    let digest = payments().digest();
    assert_eq!(digest.to_string(), "0384b54481918db36acaa16710d844bd");
    assert_eq!(GateSetDigest::from_bytes(*digest.as_bytes()), digest);
    assert_eq!(payments().explain(&1).digest(), digest);
}

#[test]
fn a_digest_tells_names_codes_orders_and_forms_apart_and_nothing_else() {
    let of = |name: &'static str| GateSet::<u64>::named(name);
    let digests = [
        of("").digest(),
        of("a").digest(),
        of("").with(small::Gate).digest(),
        of("a").with(small::Gate).digest(),
        of("").with(round::Gate).digest(),
        of("").with(small::Gate).with(round::Gate).digest(),
        of("").with(round::Gate).with(small::Gate).digest(),
        of("").with(all_of("SMALL", (small::Gate,))).digest(),
        of("").with(any_of("SMALL", (small::Gate,))).digest(),
        of("").with(not("SMALL", small::Gate)).digest(),
        of("")
            .with(all_of("A", (small::Gate, round::Gate)))
            .digest(),
        of("")
            .with(all_of("A", (small::Gate,)))
            .with(round::Gate)
            .digest(),
        of("")
            .with(all_of("A", [not("SMALL", small::Gate)]))
            .digest(),
    ];
    for (i, digest) in digests.iter().enumerate() {
        let same = digests.iter().position(|other| other == digest);
        assert_eq!(same, Some(i));
    }
    let reworded = of("").with(all_of("SMALL", (small::Gate,)).message("else").ask_all());
    assert_eq!(reworded.digest(), digests[7]);
}

#[test]
fn a_text_that_is_no_digest_is_refused() {
    let parse = |text: &str| serde_json::from_value::<GateSetDigest>(json!(text));
    let digest = payments().digest();
    assert_eq!(parse(&digest.to_string()).unwrap(), digest);
    for text in [
        "",
        "+0000000000000000000000000000000",
        &"0".repeat(31),
        &"0".repeat(33),
        &"g".repeat(32),
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
