//! Loading a machine from its stream, and what a stream may not hold.

use super::*;

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
