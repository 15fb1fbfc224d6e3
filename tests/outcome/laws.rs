//! The laws of a monad, twice: over values, and over errors.

use super::*;

/// A function from each number to any outcome, batches included.
#[derive(Debug, Clone)]
struct Table(Vec<Answer>);

impl Table {
    fn of(&self, value: u8) -> Answer {
        let answer = self.0[usize::from(value) % self.0.len()].clone();
        answer.map(|of| of.wrapping_add(value))
    }

    fn of_error(&self, error: &Failure) -> Answer {
        self.of(error.code().as_bytes()[0])
    }
}

fn table() -> impl Strategy<Value = Table> {
    prop::collection::vec(outcome(), 1..4).prop_map(Table)
}

proptest! {
    #[test]
    fn a_value_that_goes_on_gives_what_the_function_gives(value: u8, f in table()) {
        prop_assert_eq!(Answer::Ok(value).and_then(|v| f.of(v)), f.of(value));
    }

    #[test]
    fn going_on_with_the_value_itself_changes_nothing(m in outcome()) {
        prop_assert_eq!(m.clone().and_then(Outcome::Ok), m);
    }

    #[test]
    fn it_does_not_matter_what_goes_on_first(m in outcome(), f in table(), g in table()) {
        let in_turn = m.clone().and_then(|v| f.of(v)).and_then(|v| g.of(v));
        prop_assert_eq!(in_turn, m.and_then(|v| f.of(v).and_then(|v| g.of(v))));
    }

    #[test]
    fn an_error_that_is_seen_to_gives_what_the_function_gives(error in failure(), f in table()) {
        prop_assert_eq!(Answer::Err(error.clone()).or_else(|e| f.of_error(&e)), f.of_error(&error));
    }

    #[test]
    fn seeing_to_an_error_with_itself_changes_nothing(m in outcome()) {
        prop_assert_eq!(m.clone().or_else(Outcome::Err), m);
    }

    #[test]
    fn it_does_not_matter_which_errors_are_seen_to_first(m in outcome(), f in table(), g in table()) {
        let in_turn = m.clone().or_else(|e| f.of_error(&e)).or_else(|e| g.of_error(&e));
        prop_assert_eq!(in_turn, m.or_else(|e| f.of_error(&e).or_else(|e| g.of_error(&e))));
    }

    #[test]
    fn map_is_and_then_with_ok(m in outcome()) {
        let double = |v: u8| u16::from(v) * 2;
        prop_assert_eq!(m.clone().map(double), m.clone().and_then(|v| Outcome::Ok(double(v))));
        prop_assert_eq!(m.clone().map(|v| v), m);
    }

    #[test]
    fn mapping_twice_is_mapping_with_both(m in outcome()) {
        let (f, g) = (|v: u8| u16::from(v) + 1, |v: u16| v.to_string());
        prop_assert_eq!(m.clone().map(f).map(g), m.map(|v| g(f(v))));
    }

    #[test]
    fn map_err_is_or_else_with_err(m in outcome()) {
        let code = |e: Failure| e.code().to_owned();
        prop_assert_eq!(m.clone().map_err(code), m.clone().or_else(|e| Outcome::Err(code(e))));
        prop_assert_eq!(m.clone().map_err(|e| e), m);
    }

    #[test]
    fn flatten_after_map_is_and_then(m in outcome(), f in table()) {
        prop_assert_eq!(m.clone().map(|v| f.of(v)).flatten(), m.and_then(|v| f.of(v)));
    }

    #[test]
    fn a_batch_has_a_member_for_each_member(m in prop::collection::vec(outcome(), 0..5), f in table()) {
        let each = m.iter().cloned().map(|member| member.and_then(|v| f.of(v)));
        let each = Outcome::Batch(each.collect());
        prop_assert_eq!(Outcome::Batch(m).and_then(|v| f.of(v)), each);
    }

    #[test]
    fn inspect_sees_each_value_in_order_and_changes_nothing(m in outcome()) {
        let mut seen = Vec::new();
        prop_assert_eq!(m.clone().inspect(|v| seen.push(*v)), m.clone());
        let values = members(m).into_iter().filter_map(|single| match single {
            Outcome::Ok(value) => Some(value),
            _ => None,
        });
        prop_assert_eq!(seen, values.collect::<Vec<_>>());
    }

    #[test]
    fn a_result_comes_back_from_an_outcome(r in prop::result::maybe_ok(any::<u8>(), failure())) {
        prop_assert_eq!(Outcome::from(r.clone()).into_result(), Ok(r.clone()));
        prop_assert_eq!(Result::try_from(Outcome::from(r.clone())), Ok(r));
    }

    #[test]
    fn what_is_no_result_is_given_back(m in outcome()) {
        match m.clone().into_result() {
            Ok(result) => prop_assert_eq!(Outcome::from(result), m),
            Err(none) => {
                prop_assert!(!matches!(none.outcome, Outcome::Ok(_) | Outcome::Err(_)));
                prop_assert_eq!(none.outcome, m);
            }
        }
    }
}

#[test]
fn a_batch_that_comes_of_a_member_stays_one_within_the_other() {
    let batch = Outcome::<u8>::Batch(vec![Outcome::Ok(1), Outcome::Batch(vec![Outcome::Ok(2)])]);
    let twice = |v| Outcome::Batch(vec![Outcome::Ok(v), Outcome::Ok(v)]);
    let expected = Outcome::Batch(vec![
        Outcome::Batch(vec![Outcome::Ok(1), Outcome::Ok(1)]),
        Outcome::Batch(vec![Outcome::Batch(vec![Outcome::Ok(2), Outcome::Ok(2)])]),
    ]);
    assert_eq!(batch.and_then(twice), expected);
}

#[test]
fn what_has_neither_value_nor_error_passes_through_everything() {
    let day = Duration::from_secs(86_400);
    for outcome in [
        Answer::retry(day, "the bank is busy"),
        Answer::pending("a signature", day),
        Answer::cancelled("the order was withdrawn"),
    ] {
        let passed = outcome
            .clone()
            .and_then(|_| -> Answer { unreachable!() })
            .or_else(|_| -> Answer { unreachable!() });
        assert_eq!(passed, outcome);
    }
}

#[test]
fn an_outcome_that_is_no_result_says_which_it_is() {
    let text = |outcome: Answer| outcome.into_result().unwrap_err().to_string();
    let second = Duration::from_secs(1);
    assert_eq!(
        text(Outcome::retry(second, "the bank is busy")),
        "the outcome is neither ok nor an error: to be retried after 1s (the bank is busy)"
    );
    assert_eq!(
        text(Outcome::pending("a signature", second)),
        "the outcome is neither ok nor an error: pending on a signature for 1s or more"
    );
    assert_eq!(
        text(Outcome::cancelled("too late")),
        "the outcome is neither ok nor an error: cancelled (too late)"
    );
    assert_eq!(
        text(Outcome::Batch(vec![Outcome::Ok(1)])),
        "the outcome is neither ok nor an error: a batch of 1"
    );
}
