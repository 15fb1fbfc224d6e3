//! All of several outcomes, both of two, and any of several.

use super::*;

/// How far from `Ok`, and which wait.
fn place(single: &Answer) -> (usize, Duration) {
    match single {
        Outcome::Ok(_) => (0, Duration::ZERO),
        Outcome::Pending { after, .. } => (1, *after),
        Outcome::Retry { after, .. } => (2, *after),
        Outcome::Err(_) => (3, Duration::ZERO),
        Outcome::Cancelled { .. } => (4, Duration::ZERO),
        Outcome::Batch(_) => unreachable!("it is single"),
    }
}

/// The first outcome with nothing worse beside it.
fn worst(all: &[Answer]) -> Option<&Answer> {
    let most = all.iter().map(place).max()?;
    all.iter().find(|single| place(single) == most)
}

fn several() -> impl Strategy<Value = Vec<Answer>> {
    prop::collection::vec(outcome(), 0..4)
}

/// The values if all is `Ok`.
fn all_ok(all: &[Answer]) -> Option<Vec<u8>> {
    let value = |single: &Answer| match single {
        Outcome::Ok(value) => Some(*value),
        _ => None,
    };
    all.iter().map(value).collect()
}

/// What is neither `Ok` nor a batch, of any type.
fn bare<T>(outcome: Outcome<T>) -> Answer {
    outcome.and_then(|_| panic!("it has a value"))
}

proptest! {
    #[test]
    fn all_of_several_is_every_value_in_order_or_the_worst(outcomes in several()) {
        let all = members(Outcome::Batch(outcomes.clone()));
        let joined = Outcome::join_all(outcomes);
        match all_ok(&all) {
            Some(values) => prop_assert_eq!(joined, Outcome::Ok(values)),
            None => prop_assert_eq!(Some(&bare(joined)), worst(&all)),
        }
    }

    #[test]
    fn all_of_some_and_all_of_the_others_is_all_of_all(left in several(), right in several()) {
        let parts = [Outcome::join_all(left.clone()), Outcome::join_all(right.clone())];
        let all = Outcome::join_all([left, right].concat());
        prop_assert_eq!(Outcome::join_all(parts).map(|values| values.concat()), all);
    }

    #[test]
    fn any_of_several_is_the_first_with_nothing_better_beside_it(outcomes in several()) {
        let all = members(Outcome::Batch(outcomes.clone()));
        let best = all.iter().map(place).min();
        let first = all.into_iter().find(|single| Some(place(single)) == best);
        let nothing = Outcome::Batch(Vec::new());
        prop_assert_eq!(Outcome::join_any(outcomes), first.unwrap_or(nothing));
    }

    #[test]
    fn any_of_some_or_any_of_the_others_is_any_of_all(left in several(), right in several()) {
        let parts = [Outcome::join_any(left.clone()), Outcome::join_any(right.clone())];
        prop_assert_eq!(Outcome::join_any(parts), Outcome::join_any([left, right].concat()));
    }

    #[test]
    fn a_batch_counts_as_its_members(outcomes in several()) {
        let batch = [Outcome::Batch(outcomes.clone())];
        prop_assert_eq!(Outcome::join_all(batch.clone()), Outcome::join_all(outcomes.clone()));
        prop_assert_eq!(Outcome::join_any(batch), Outcome::join_any(outcomes));
    }

    #[test]
    fn both_of_two_are_all_of_them(left in outcome(), right in outcome()) {
        let joined = Outcome::join_all([left.clone(), right.clone()]);
        let zipped = left.clone().zip(right.clone());
        if let Outcome::Ok(_) = joined {
            let pairs = left.and_then(|l| right.clone().map(|r| (l, r)));
            prop_assert_eq!(zipped, pairs);
        } else {
            prop_assert_eq!(bare(zipped), bare(joined));
        }
    }

    #[test]
    fn every_value_of_two_batches_is_paired_with_every_other(left in values(), right in values()) {
        let zipped = left.clone().zip(right.clone());
        let mut pairs = Vec::new();
        for l in members(left) {
            pairs.extend(members(right.clone()).into_iter().map(|r| (l.clone(), r)));
        }
        let pairs: Vec<_> = pairs.into_iter().map(|(l, r)| all_ok(&[l, r]).unwrap()).collect();
        prop_assert_eq!(Outcome::join_all([zipped.map(|(l, r)| vec![l, r])]), Outcome::Ok(pairs));
    }

    #[test]
    fn three_can_be_zipped_from_either_end(a in outcome(), b in outcome(), c in outcome()) {
        let from_left = a.clone().zip(b.clone()).zip(c.clone()).map(|((a, b), c)| (a, b, c));
        prop_assert_eq!(from_left, a.zip(b.zip(c)).map(|(a, (b, c))| (a, b, c)));
    }
}

#[test]
fn cancelled_comes_before_err_before_retry_before_pending_before_ok() {
    let mut all = vec![
        Answer::Ok(1),
        Answer::pending("a signature", millis(900)),
        Answer::retry(millis(5), "the bank is busy"),
        Answer::failed("NO_ROOM", "the hall is full"),
        Answer::cancelled("the order was withdrawn"),
    ];
    while let Some(worst) = all.pop() {
        if let Outcome::Ok(_) = worst {
            break;
        }
        // Wherever it is among the better ones.
        for at in 0..=all.len() {
            let mut others = all.clone();
            others.insert(at, worst.clone());
            assert_eq!(bare(Outcome::join_all(others)), worst);
        }
    }
}

#[test]
fn the_longest_wait_is_that_of_all_and_the_shortest_that_of_any() {
    let retries = [9, 3, 9, 3].map(|ms| Answer::retry(millis(ms), format!("{ms} ms")));
    assert_eq!(bare(Outcome::join_all(retries.clone())), retries[0]);
    assert_eq!(Outcome::join_any(retries.clone()), retries[1]);

    let pending = [9, 3, 9, 3].map(|ms| Answer::pending(format!("{ms} ms"), millis(ms)));
    assert_eq!(bare(Outcome::join_all(pending.clone())), pending[0]);
    assert_eq!(Outcome::join_any(pending.clone()), pending[1]);
}

#[test]
fn nobody_is_asked_any_more_once_one_is_ok() {
    let mut asked = Vec::new();
    let answers = [
        Answer::cancelled("too late"),
        Outcome::Batch(vec![Outcome::Ok(2)]),
        Outcome::Ok(3),
    ];
    let any = Outcome::join_any(
        answers
            .into_iter()
            .inspect(|answer| asked.push(answer.clone())),
    );
    assert_eq!((any, asked.len()), (Outcome::Ok(2), 2));
}

#[test]
fn nothing_at_all_is_ok_for_all_and_an_empty_batch_for_any() {
    assert_eq!(Answer::join_all([]), Outcome::Ok(Vec::new()));
    assert_eq!(Answer::join_any([]), Outcome::Batch(Vec::new()));
}

#[test]
fn outcomes_are_joined_whose_errors_cannot_be_cloned() {
    let failed = || Outcome::<u8, std::io::Error>::Err(std::io::ErrorKind::NotFound.into());
    assert!(matches!(failed().zip(Outcome::Ok(1)), Outcome::Err(_)));
    assert!(matches!(Outcome::join_all([failed()]), Outcome::Err(_)));
}
