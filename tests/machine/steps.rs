//! Steps that chain, and machines that are narrowed to a state.

use super::*;

#[test]
fn a_chain_of_steps_is_one_batch() {
    let dir = Dir::new();
    let store = dir.open();
    let AnyAccountIn::Unopened(account) = store
        .load::<Account>(&Account::at(1, "bank").unwrap())
        .unwrap()
    else {
        panic!("the account is new");
    };
    let account = account
        .open("Ann".to_owned())
        .unwrap()
        .then(|account| account.deposit(Cents(500)))
        .unwrap()
        .then(|account| account.withdraw(Cents(200), &RICH))
        .unwrap();
    assert_eq!(store.position(), 0, "nothing is recorded before the commit");
    let account = account.commit(&store).unwrap();
    assert_eq!(account.balance(), &Cents(300));
    assert_eq!(account.cursor().revision(), 3);
    assert_eq!(store.position(), 3);
    let again = store
        .load::<Account>(account.cursor().coordinate())
        .unwrap();
    assert_eq!(again.open().unwrap().balance(), &Cents(300));
}

#[test]
fn a_denial_within_a_chain_gives_back_the_machine_that_the_chain_began_with() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    let denied = account
        .deposit(Cents(100))
        .unwrap()
        .then(|account| {
            assert_eq!(account.balance(), &Cents(600), "it is as it will be");
            account.withdraw(Cents(601), &RICH)
        })
        .unwrap_err();
    assert_eq!(denied.denial.code(), covered::CODE);
    assert_eq!(denied.machine.balance(), &Cents(500));
    let account = denied.machine.deposit(Cents(1)).unwrap();
    assert_eq!(account.commit(&store).unwrap().balance(), &Cents(501));
}

#[test]
fn a_conflict_commits_nothing_of_a_chain() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    let other = account.clone();
    other.deposit(Cents(1)).unwrap().commit(&store).unwrap();
    let position = store.position();
    let failed = account
        .deposit(Cents(10))
        .unwrap()
        .then(|account| account.freeze())
        .unwrap()
        .commit(&store)
        .unwrap_err();
    assert!(failed.is_retryable(), "{failed}");
    assert_eq!(failed.machine.balance(), &Cents(500));
    assert_eq!(store.position(), position);
}

#[test]
#[should_panic(expected = "a step goes on with the machine that its closure was given")]
fn a_step_goes_on_with_no_machine_but_its_own() {
    let dir = Dir::new();
    let store = dir.open();
    let mut stashed = None;
    let step = opened(&store, 1, 500).deposit(Cents(1)).unwrap();
    let _ = step.then(|account| {
        stashed = Some(account.clone());
        account.freeze()
    });
    let stashed = stashed.unwrap();
    let other = opened(&store, 2, 0).deposit(Cents(1)).unwrap();
    let _ = other.then(|_| stashed.withdraw(Cents(400), &RICH));
}

#[test]
fn a_guarded_command_may_end_a_chain() {
    let dir = Dir::new();
    let store = dir.open();
    let closed = opened(&store, 1, 500)
        .withdraw(Cents(500), &RICH)
        .unwrap()
        .then(|account| account.close())
        .unwrap()
        .commit(&store)
        .unwrap();
    assert!(matches!(closed, AccountClose::Closed(_)), "{closed:?}");
}

#[test]
fn a_loaded_machine_narrows_to_its_state_and_gives_itself_back_otherwise() {
    let dir = Dir::new();
    let store = dir.open();
    let coordinate = opened(&store, 1, 500).cursor().coordinate().clone();
    let any = store.load::<Account>(&coordinate).unwrap();
    let any = any.frozen().unwrap_err();
    let any = any.typed::<Closed>().unwrap_err();
    assert_eq!(any.to_string(), "account:1@bank is in the state `Open`");
    assert_eq!(any.cursor().coordinate(), &coordinate);
    let account: AccountIn<Open> = any.typed::<Open>().unwrap();
    assert_eq!(account.owner(), "alice");
    let any = AnyAccountIn::from(account);
    let account = any.open().unwrap();
    assert_eq!(account.balance(), &Cents(500));
}
