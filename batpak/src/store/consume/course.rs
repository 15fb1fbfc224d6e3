use std::error::Error;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::bookmark::Bookmark;
use super::consumer::Settings;
use super::ledger::Ledger;
use super::{ConsumerError, ConsumerFailure, Parked};
use crate::event::StoredEvent;
use crate::store::running::{Running, panic_message};
use crate::store::shared::Shared;
use crate::store::source::Source;
use crate::store::trace;
use crate::sync::{AtomicBool, AtomicU64, Mutex};

/// How many events may be in hand, or done with before one that is.
const IN_HAND: u64 = 1_024;

/// How much is kept of what an error says, in bytes.
const ERROR_BYTES: usize = 1_024;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What handles an event, and what does so on one thread alone.
pub(super) type Handler<'h> = dyn FnMut(&StoredEvent) -> Result<(), BoxError> + 'h;
pub(super) type OwnHandler = Box<dyn FnMut(&StoredEvent) -> Result<(), BoxError> + Send>;

/// An event that is to be handled.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) event: StoredEvent,
    pub(super) key: Option<u64>,
    /// Whether it is a parked one.
    pub(super) is_replay: bool,
}

/// What became of a job.
enum Came {
    Handled,
    Failed {
        attempts: u32,
        /// `None` if it was not tried, for this event of its key is parked.
        error: Result<ConsumerError, u64>,
    },
    /// The consumer is to end.
    Interrupted,
}

/// How a consumer gets on: what the thread that reads, those that handle and its handle share.
///
/// What is waited for is in atomics, and what belongs together in the ledger.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) running: Arc<Running<ConsumerError>>,
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Settings,
    source: Arc<dyn Source>,
    ledger: Mutex<Ledger>,
    /// How long the ledger's window is, and how many jobs are not settled.
    window: AtomicU64,
    in_hand: AtomicU64,
    /// How many events were handled or parked, and how many of them when the bookmark was stored last.
    handled: AtomicU64,
    kept: AtomicU64,
    /// The position of the bookmark as it is stored.
    stored: AtomicU64,
    has_failed: AtomicBool,
    /// How often it was asked to replay something, and how much of that it has done.
    rounds_asked: AtomicU64,
    rounds_done: AtomicU64,
}

impl Course {
    pub(super) fn new(
        (running, shared): (Arc<Running<ConsumerError>>, Arc<Shared>),
        settings: Settings,
        source: Arc<dyn Source>,
        bookmark: &Bookmark,
    ) -> Self {
        running.reach(bookmark.position);
        Self {
            running,
            shared,
            settings,
            source,
            ledger: Mutex::new(Ledger::of(bookmark)),
            window: AtomicU64::new(0),
            in_hand: AtomicU64::new(0),
            handled: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            stored: AtomicU64::new(bookmark.position),
            has_failed: AtomicBool::new(false),
            rounds_asked: AtomicU64::new(0),
            rounds_done: AtomicU64::new(0),
        }
    }

    /// What is asked of the ledger.
    pub(super) fn ledger<T>(&self, ask: impl FnOnce(&mut Ledger) -> T) -> T {
        ask(&mut self.ledger.lock())
    }

    /// Whether nothing more is to be handled.
    pub(super) fn is_over(&self) -> bool {
        !self.running.goes_on() || self.has_failed.load(Ordering::Acquire)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_hand.load(Ordering::Acquire) == 0
    }

    /// It ends by this, unless something else has come before.
    pub(super) fn fail(&self, error: ConsumerError) {
        // One that comes too late is dropped when nothing is locked.
        let _late = self.ledger(|ledger| match ledger.failure {
            Some(_) => Some(error),
            None => {
                ledger.failure = Some(error);
                None
            }
        });
        self.has_failed.store(true, Ordering::Release);
        self.running.notify();
        self.shared.watch.notify();
    }

    /// Waits until one more event may be given out.
    pub(super) fn wait_for_room(&self) {
        let has_room = || self.window.load(Ordering::Acquire) < IN_HAND;
        self.running.wait_inside(|| has_room() || self.is_over());
    }

    /// Waits until nothing is in hand.
    pub(super) fn wait_for_idle(&self) {
        self.running
            .wait_inside(|| self.is_idle() || self.is_over());
    }

    /// An event is about to be given out. Says whether it is to be: not if an earlier run is done with it.
    pub(super) fn begin(&self, job: &Job) -> bool {
        let begin = |ledger: &mut Ledger| {
            let is_new = ledger.begin(job.event.header.sequence);
            self.window.store(ledger.window(), Ordering::Release);
            self.running.reach(ledger.done_to());
            is_new
        };
        let is_given = job.is_replay || self.ledger(begin);
        self.in_hand
            .fetch_add(u64::from(is_given), Ordering::AcqRel);
        is_given
    }

    /// Up to this position there is nothing more to be given out.
    pub(super) fn pass(&self, position: u64) {
        self.ledger(|ledger| {
            ledger.pass(position);
            self.running.reach(ledger.done_to());
        });
    }

    /// Handles an event that was given out.
    pub(super) fn handle(&self, job: &Job, handler: &mut Handler<'_>) {
        let came = self.attempt(job, handler);
        self.settle(job, came);
        self.in_hand.fetch_sub(1, Ordering::AcqRel);
        self.running.notify();
    }

    fn attempt(&self, job: &Job, handler: &mut Handler<'_>) -> Came {
        let position = job.event.header.sequence;
        let blocked = || self.ledger(|ledger| ledger.before(job.key, position));
        if self.settings.keeps_order
            && let Some(before) = blocked()
        {
            let (attempts, error) = (0, Err(before));
            return Came::Failed { attempts, error };
        }
        let mut attempts = 0;
        while !self.is_over() {
            attempts += 1;
            let Err(failure) = ask(&job.event, handler) else {
                return Came::Handled;
            };
            let error = ConsumerError::at(self.running.name(), position, failure);
            // The one before is dropped when nothing is locked.
            let _before = self.ledger(|ledger| ledger.last_error.replace(error.clone()));
            if job.is_replay || attempts >= self.settings.attempts {
                let error = Ok(error);
                return Came::Failed { attempts, error };
            }
            let delay = self.settings.backoff.delay(attempts);
            self.running.pause(delay, || self.is_over());
        }
        Came::Interrupted
    }

    fn settle(&self, job: &Job, came: Came) {
        let position = job.event.header.sequence;
        match came {
            Came::Interrupted => {}
            Came::Handled if job.is_replay => self.ledger(|ledger| ledger.unpark(position)),
            Came::Handled => {
                self.finish(|ledger| {
                    ledger.finish(position);
                    true
                });
            }
            Came::Failed { attempts, error } => {
                let said = match &error {
                    Ok(error) => cut(error.failure.to_string()),
                    Err(before) => format!("the event at position {before} is parked"),
                };
                let failed = Parked {
                    position,
                    attempts,
                    error: said,
                    time_us: self.source.now_us(),
                };
                self.put_aside(job, failed, error);
            }
        }
    }

    /// Parks an event, or ends the consumer if it cannot.
    fn put_aside(&self, job: &Job, failed: Parked, error: Result<ConsumerError, u64>) {
        if job.is_replay {
            return self.ledger(|ledger| ledger.fail_again(failed));
        }
        let limit = self.settings.park_at_most;
        let is_parked = self.finish(|ledger| {
            let has_room = ledger.parked().len() < limit;
            if has_room {
                ledger.finish(failed.position);
                ledger.park(failed.clone(), job.key);
            }
            has_room
        });
        match error {
            _ if is_parked => trace::parked(&self.shared.dir, self.running.name(), &failed),
            Ok(error) if limit == 0 => self.fail(error),
            _ => {
                let (position, failed) = (failed.position, failed.error.into());
                let failure = ConsumerFailure::TooManyParked { limit, failed };
                self.fail(ConsumerError::at(self.running.name(), position, failure));
            }
        }
    }

    /// One more event is done with, if `finish` says so.
    fn finish(&self, finish: impl FnOnce(&mut Ledger) -> bool) -> bool {
        let (is_done, is_first) = self.ledger(|ledger| {
            let is_done = finish(ledger);
            if is_done {
                self.window.store(ledger.window(), Ordering::Release);
                self.handled.fetch_add(1, Ordering::AcqRel);
                self.running.reach(ledger.done_to());
            }
            (is_done, self.unkept() == 1)
        });
        // The thread that reads counts the time from the first on.
        if is_first || self.is_due() {
            self.shared.watch.notify();
        }
        is_done
    }

    /// Whether the bookmark is to be stored by now, by the number of events.
    pub(super) fn is_due(&self) -> bool {
        self.unkept() >= self.settings.every
    }

    /// How many events were handled since the bookmark was stored.
    pub(super) fn unkept(&self) -> u64 {
        let handled = self.handled.load(Ordering::Acquire);
        handled.saturating_sub(self.kept.load(Ordering::Acquire))
    }

    pub(super) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Acquire)
    }

    /// The bookmark was stored, at this position, when so many events had been handled.
    pub(super) fn keep(&self, position: u64, handled: u64) {
        self.stored.store(position, Ordering::Release);
        self.kept.store(handled, Ordering::Release);
        self.running.notify();
    }

    pub(super) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Acquire)
    }

    /// Asks for what is parked at these positions to be replayed, and gives the round in which it will have been.
    pub(super) fn ask_for(&self, positions: (Bound<u64>, Bound<u64>)) -> u64 {
        let round = self.ledger(|ledger| {
            ledger.ask_for(positions);
            self.rounds_asked.fetch_add(1, Ordering::AcqRel) + 1
        });
        self.shared.watch.notify();
        round
    }

    pub(super) fn is_asked(&self) -> bool {
        self.rounds_asked.load(Ordering::Acquire) > self.rounds_done.load(Ordering::Acquire)
    }

    /// What is to be replayed by now, and which round that is.
    pub(super) fn take_asked(&self) -> (u64, Vec<u64>) {
        self.ledger(|ledger| {
            let round = self.rounds_asked.load(Ordering::Acquire);
            (round, ledger.take_asked())
        })
    }

    pub(super) fn finish_round(&self, round: u64) {
        self.rounds_done.store(round, Ordering::Release);
        self.running.notify();
    }

    pub(super) fn has_done(&self, round: u64) -> bool {
        self.rounds_done.load(Ordering::Acquire) >= round
    }
}

/// What the handler says of an event.
fn ask(event: &StoredEvent, handler: &mut Handler<'_>) -> Result<(), ConsumerFailure> {
    // It is the handler's own matter what a panic leaves of its state.
    match catch_unwind(AssertUnwindSafe(|| handler(event))) {
        Ok(handled) => handled.map_err(|error| ConsumerFailure::Handler(error.into())),
        Err(panic) => Err(panicked(panic.as_ref())),
    }
}

/// What has happened if code of the user's has panicked.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> ConsumerFailure {
    ConsumerFailure::Panicked(panic_message(panic).into())
}

/// As much of a text as is kept.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(ERROR_BYTES));
    text
}
