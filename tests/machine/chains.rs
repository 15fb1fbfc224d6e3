//! Events that arrive as data, and what is committed together with a machine's own.

use super::*;

#[test]
fn events_that_arrive_as_data_run_the_same_arms_and_gates() {
    let dir = Dir::new();
    let store = dir.open();
    let coordinate = Account::at(9, "bank").unwrap();
    let mut chain = store.load::<Account>(&coordinate).unwrap().chain();
    let deposit = |cents| AccountEvent::Deposited {
        amount: Cents(cents),
    };
    let refused = chain.record(deposit(1), &RICH).unwrap_err();
    let Refused::Illegal(illegal) = refused else {
        panic!("{refused}")
    };
    assert_eq!(
        (illegal.state, illegal.event, illegal.kind),
        ("Unopened", "Deposited", AccountEvent::DEPOSITED)
    );
    assert_eq!(
        illegal.to_string(),
        "`Deposited` (0x2002) cannot happen in state `Unopened`"
    );
    chain
        .record(
            AccountEvent::Opened {
                owner: "bob".to_owned(),
            },
            &RICH,
        )
        .unwrap();
    chain.record(deposit(10), &RICH).unwrap();
    let withdraw = AccountEvent::Withdrawn { amount: Cents(11) };
    let refused = chain.record(withdraw, &RICH).unwrap_err();
    assert!(matches!(&refused, Refused::Denied(d) if d.code() == "INSUFFICIENT_FUNDS"));
    // What was taken before can still be committed, as one batch.
    assert_eq!(chain.len(), 2);
    assert_eq!(store.position(), 0);
    let AnyAccountIn::Open(account) = chain.commit(&store).unwrap() else {
        panic!("the account is open");
    };
    assert_eq!(
        (account.balance(), account.cursor().revision()),
        (&Cents(10), 2)
    );
}

#[test]
fn a_chain_commits_what_goes_to_other_streams_in_the_same_batch() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    let log = at.within("log").unwrap();
    let kind = EventKind::custom(0xE, 1);
    let with_log = |chain: Chain<Account>| {
        let more = Batch::new().event(NewEvent::new(&log, kind, &"opened"));
        chain.commit_with(&store, more.expect(&log, Expect::Empty))
    };
    let mut chain = store.load::<Account>(&at).unwrap().chain();
    chain
        .record(
            AccountEvent::Opened {
                owner: "bob".to_owned(),
            },
            &RICH,
        )
        .unwrap();
    let account = with_log(chain).unwrap();
    assert_eq!(
        (store.revision(&at).unwrap(), store.revision(&log).unwrap()),
        (1, 1)
    );
    // The other stream is no longer empty, so neither of the two is written to.
    let mut chain = account.chain();
    chain.record(AccountEvent::Frozen, &RICH).unwrap();
    let failed = with_log(chain).unwrap_err();
    assert!(
        matches!(*failed.machine, AnyAccountIn::Open(_)),
        "the machine as it was loaded"
    );
    assert_eq!(store.position(), 2);
    // Without events of its own a chain commits the others alone, and without any nothing.
    let chain = failed.machine.chain();
    let more = Batch::new().event(NewEvent::new(&log, kind, &"again"));
    let account = chain.commit_with(&store, more).unwrap();
    account.chain().commit(&store).unwrap();
    assert_eq!((store.position(), store.revision(&at).unwrap()), (3, 1));
}

#[test]
fn a_step_commits_what_goes_to_other_streams_in_the_same_batch() {
    let dir = Dir::new();
    let store = dir.open();
    let account = opened(&store, 1, 500);
    let ledger = coordinate("ledger", "bank");
    let entry = || Batch::new().event(NewEvent::new(&ledger, EventKind::custom(0xE, 1), &200));
    let step = account.withdraw(Cents(200), &RICH).unwrap();
    let more = entry().expect(&ledger, Expect::Empty);
    let account = step.commit_with(&store, more).unwrap();
    assert_eq!(
        (account.balance(), store.revision(&ledger).unwrap()),
        (&Cents(300), 1)
    );
    let step = account.withdraw(Cents(200), &RICH).unwrap();
    let more = entry().expect(&ledger, Expect::Empty);
    let failed = step.commit_with(&store, more).unwrap_err();
    assert_eq!(
        (failed.machine.balance(), store.position()),
        (&Cents(300), 4)
    );
}

#[test]
fn a_chain_refuses_further_events_for_its_own_stream_past_the_arms() {
    let dir = Dir::new();
    let store = dir.open();
    let at = Account::at(1, "bank").unwrap();
    let mut chain = store.load::<Account>(&at).unwrap().chain();
    let opened = AccountEvent::Opened {
        owner: "bob".to_owned(),
    };
    chain.record(opened.clone(), &RICH).unwrap();
    let more = Batch::new().event(NewEvent::of(&at, &opened));
    let failed = chain.commit_with(&store, more).unwrap_err();
    assert!(
        matches!(&failed.error, StoreError::OwnStream(stream) if *stream == at),
        "{failed}"
    );
    assert_eq!(store.position(), 0);
}
