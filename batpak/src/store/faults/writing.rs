//! What concerns the log: nothing is written after a failure, and everyone hears of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::event::{DecodeError, EncodeError, EventPayload, KindEntry};
use crate::pipeline::Expect;
use crate::store::commit::IS_FORKED;
use crate::store::source::{Source, SystemSource};

/// Waits until this holds, or for as long as it may take if it never does.
fn wait_until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() && start.elapsed() < Duration::from_millis(300) {
        thread::yield_now();
    }
}

/// A clock that panics if it is told to.
#[derive(Debug, Default)]
struct PanickingClock(AtomicBool);

impl Source for PanickingClock {
    fn now_us(&self) -> u64 {
        assert!(!self.0.load(Ordering::SeqCst), "as demanded");
        SystemSource.now_us()
    }

    fn random(&self) -> u128 {
        SystemSource.random()
    }
}

/// Two types of events that share a kind.
macro_rules! event_named {
    ($name:ident) => {
        struct $name;

        impl EventPayload for $name {
            const TABLE: &'static [KindEntry] = &[KindEntry::new(
                EventKind::custom(0xF, 2),
                stringify!($name),
                1,
                &[],
                0,
            )];

            fn kind(&self) -> EventKind {
                Self::TABLE[0].kind
            }

            fn version(&self) -> u16 {
                1
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                out.push(0x80);
                Ok(())
            }

            fn decode(_: EventKind, _: u16, _: &[u8]) -> Result<Self, DecodeError> {
                Ok(Self)
            }
        }
    };
}

event_named!(Sent);
event_named!(Stamped);

#[test]
fn a_ticket_that_outlives_its_store_tells_of_a_write_that_failed() {
    let disk = RuledDisk::new();
    let store = disk.open();
    disk.rule(|ask, path| match ask {
        Ask::Write if is_segment(path) => refused(),
        _ => Ok(()),
    });
    let ticket = store.submit(one()).unwrap();
    drop(store);
    assert!(ticket.is_done());
    assert!(matches!(ticket.wait(), Err(StoreError::Poisoned(_))));
}

#[test]
fn a_failed_sync_in_the_background_is_heard_before_any_later_sync_is_believed() {
    let disk = RuledDisk::new();
    let store = disk.open();
    let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&ended));
    disk.rule(move |ask, path| {
        if ask != Ask::Sync || !is_segment(path) {
            return Ok(());
        }
        // The system tells the first of two syncs that it has lost what was written, and the second that
        // all is well; the first hears of it last.
        let is_first = begins.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first {
            wait_until(|| ends.load(Ordering::SeqCst) > 0);
            return refused();
        }
        ends.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let committed = thread::scope(|scope| {
        scope.spawn(|| store.committer().unwrap().sync_published());
        wait_until(|| begun.load(Ordering::SeqCst) > 0);
        store.commit(one())
    });
    assert!(matches!(committed, Err(StoreError::Poisoned(_))));
    assert_eq!(store.position(), 0);
    assert_eq!(ended.load(Ordering::SeqCst), 0, "nothing is synced again");
}

#[test]
fn a_panic_while_a_batch_is_staged_poisons_the_store_and_nothing_of_the_batch_is_stored() {
    let disk = RuledDisk::new();
    let clock = Arc::new(PanickingClock::default());
    let config = StoreConfig {
        source: Arc::clone(&clock) as Arc<dyn Source>,
        ..disk.config()
    };
    let store = Store::open(config).unwrap();
    store.commit(one()).unwrap();
    clock.0.store(true, Ordering::SeqCst);
    assert!(catch_unwind(AssertUnwindSafe(|| store.commit(one()))).is_err());
    clock.0.store(false, Ordering::SeqCst);
    for durability in [Durability::Durable, Durability::Buffered] {
        let committed = store.commit(one().durability(durability));
        assert!(matches!(committed, Err(StoreError::Poisoned(_))));
    }
    assert!(matches!(store.flush(), Err(StoreError::Poisoned(_))));
    drop(store);
    assert_eq!(disk.open().position(), 1);
}

#[test]
fn a_panic_in_the_background_poisons_the_store() {
    let disk = RuledDisk::new();
    let store = disk.open();
    disk.rule(|_, path| {
        assert!(!is_part(path), "as demanded");
        Ok(())
    });
    // It may panic before all is written or after.
    let _ = fill_a_tail(&store);
    let start = Instant::now();
    let error = loop {
        if let Err(error) = store.commit(one().durability(Durability::Buffered)) {
            break error;
        }
        assert!(start.elapsed() < Duration::from_secs(10));
    };
    assert!(
        error.to_string().contains("a panic in the background"),
        "{error}"
    );
    let position = store.position();
    assert!(matches!(store.close(), Err(StoreError::Poisoned(_))));
    disk.rule(|_, _| Ok(()));
    assert!(disk.open().position() >= position);
}

#[test]
fn a_forked_process_is_refused_every_write_and_drops_the_store_without_touching_it() {
    let disk = RuledDisk::new();
    let store = disk.open();
    store.commit(one()).unwrap();
    let ticket = store.submit(one()).unwrap();
    let is_refused = |error: StoreError| {
        let is_poisoned = matches!(error, StoreError::Poisoned(_));
        assert!(
            is_poisoned && error.to_string().contains("forked"),
            "{error}"
        );
    };
    // A fork has but one thread, and finds the locks of the others held.
    let held = Arc::clone(store.committer().unwrap());
    let _held = held.hold();
    let forked = thread::spawn(move || {
        IS_FORKED.set(true);
        for durability in [
            Durability::Buffered,
            Durability::Written,
            Durability::Durable,
        ] {
            is_refused(store.commit(one().durability(durability)).unwrap_err());
            is_refused(store.submit(one().durability(durability)).unwrap_err());
        }
        is_refused(store.flush().unwrap_err());
        assert!(ticket.is_done());
        is_refused(ticket.wait().unwrap_err());
        is_refused(store.close().unwrap_err());
    });
    forked.join().unwrap();
}

#[test]
fn a_forked_process_soon_hears_that_nobody_writes_what_it_appends_buffered() {
    let disk = RuledDisk::new();
    let config = disk.config().durability(Durability::Buffered);
    let store = Store::open(config).unwrap();
    let append = |store: &Store| store.append(&stream(), EventKind::custom(0xF, 1), &1);
    append(&store).unwrap();
    let forked = thread::spawn(move || {
        IS_FORKED.set(true);
        let refused = (0..64).find_map(|_| append(&store).err()).unwrap();
        assert!(refused.to_string().contains("forked"), "{refused}");
        assert!(store.flush().is_err());
    });
    forked.join().unwrap();
}

#[test]
fn an_answer_that_rests_on_an_event_which_is_not_stored_yet_waits_for_it() {
    let other_name = || Batch::new().event(NewEvent::of(&stream(), &Stamped));
    let conflict = || one().expect(&stream(), Expect::Empty);
    for batch in [other_name(), conflict()] {
        let disk = RuledDisk::new();
        let store = disk.open();
        let is_released = Arc::new(AtomicBool::new(false));
        let released = Arc::clone(&is_released);
        disk.rule(move |ask, path| {
            if ask != Ask::Sync || !is_segment(path) {
                return Ok(());
            }
            while !released.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            refused()
        });
        let first = Batch::new().event(NewEvent::of(&stream(), &Sent));
        let ticket = store.submit(first).unwrap();
        let answer = thread::scope(|scope| {
            let answer = scope.spawn(|| store.commit(batch));
            wait_until(|| answer.is_finished());
            let is_early = answer.is_finished();
            is_released.store(true, Ordering::SeqCst);
            assert!(!is_early);
            answer.join().unwrap()
        });
        // What it would have rested on is not stored. It may have been the one to write that.
        let is_lost = matches!(answer, Err(StoreError::Poisoned(_) | StoreError::Io { .. }));
        assert!(is_lost, "{answer:?}");
        assert!(ticket.wait().is_err());
    }
}
