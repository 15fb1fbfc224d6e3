//! Telling how far long work has come: to whom the configuration names, and as a span of `tracing`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use super::StoreConfig;
use super::index::{FramePlace, FrameSpan};
use super::log::segment::directory::Reading;
use super::trace::Span;
use crate::event::RawEvent;

/// How many events are worked on from one telling to the next.
const PACE: u64 = 4_096;

/// How far a long work of a store has come: see [`StoreConfig::on_progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done.
    pub work: Work,
    /// How much of it is done: events, unless the [`Work`] says otherwise. It never falls, and is never 0.
    pub done: u64,
    /// How much there is to do, as far as that is known. At the end it is what was done.
    pub total: Option<u64>,
}

/// A work of a store that may take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Work {
    /// The log is read to open the store, as far as the index on disk does not cover it. The total is what the last writer
    /// told of. A reader may have to read it twice, and counts that.
    Opening,
    /// A damaged part of the index is made anew from the log, on the store's own thread.
    Rebuilding,
    /// The log or a stream is verified.
    Verifying,
    /// [`Store::import`](crate::Store::import) takes in batches, and counts batches. The total is known if the iterator knows
    /// its length.
    Importing,
    /// The store is copied by [`Store::backup`](crate::Store::backup), segment by segment.
    BackingUp,
    /// [`Store::repair`](crate::Store::repair) reads what there is of a log. The total is what its last writer told of.
    Repairing,
    /// A projection reads events, more than a few thousand. Less than that is not told.
    Folding,
}

impl Work {
    /// Whether it mostly takes no time at all, so that it is told only once it does.
    fn is_mostly_short(self) -> bool {
        self == Self::Folding
    }
}

/// Whom the progress of long work is told.
#[derive(Clone, Default)]
pub(crate) struct Listener(Option<Arc<Hook>>);

type Hook = dyn Fn(&Progress) + Send + Sync;

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "none" })
    }
}

impl StoreConfig {
    /// Has `hook` told how far the long work of the store has come: every few thousand events, and once at the end of a
    /// work that has done anything.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use batpak::prelude::*;
    /// use batpak::{Progress, Work};
    /// # let dir = std::env::temp_dir().join(format!("batpak-progress-{}", std::process::id()));
    ///
    /// let percent = Arc::new(AtomicU64::new(0));
    /// let shown = Arc::clone(&percent);
    /// let config = StoreConfig::new(&dir).on_progress(move |progress: &Progress| {
    ///     if let (Work::Verifying, Some(total)) = (progress.work, progress.total) {
    ///         shown.store(100 * progress.done / total, Ordering::Relaxed);
    ///     }
    /// });
    /// let store = Store::open(config)?;
    /// let alice = Coordinate::new("player:alice", "room:dungeon")?;
    /// store.append(&alice, EventKind::custom(0xF, 1), &"north")?;
    ///
    /// store.verify()?;
    /// assert_eq!(percent.load(Ordering::Relaxed), 100);
    /// # drop(store);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// It is called on the thread that does the work, which waits for it, and under no lock: it may ask the store, but is not
    /// to append, for which the store's own thread may be needed. Works on several threads call it at the same time. A
    /// work that ends with an error tells no end. With the feature `tracing` each work is a span besides, with or without a hook.
    ///
    /// If it panics, that is the panic of whoever called for the work, and the store goes on. On a thread of the store's own
    /// the panic is caught, and that work tells nothing more.
    #[must_use]
    pub fn on_progress(mut self, hook: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.listener = Listener(Some(Arc::new(hook)));
        self
    }
}

/// Where the works of a store begin.
#[derive(Debug, Clone)]
pub(crate) struct Works {
    listener: Listener,
    dir: Arc<Path>,
}

impl Works {
    /// Those of the store that is configured so.
    pub(crate) fn of(config: &StoreConfig) -> Self {
        Self {
            listener: config.listener.clone(),
            dir: config.dir.as_path().into(),
        }
    }

    /// Begins a work of so much, if that is known, on the thread of a caller.
    pub(crate) fn begin(&self, work: Work, total: Option<u64>) -> Working {
        let mut working = Working {
            works: self.clone(),
            progress: Progress {
                work,
                done: 0,
                total,
            },
            worked: 0,
            tell_at: PACE,
            told: None,
            is_own: false,
            span: Span::none(),
        };
        if !work.is_mostly_short() {
            working.begin_span();
        }
        working
    }

    /// The same, on a thread of the store's own: there is nobody to whom a panic could be given.
    pub(crate) fn begin_own(&self, work: Work, total: Option<u64>) -> Working {
        let mut working = self.begin(work, total);
        working.is_own = true;
        working
    }
}

/// A work that was begun. Its span ends when this is dropped; only [`Self::end`] tells that it is done.
#[derive(Debug)]
#[must_use = "a work that does not end tells nothing of it"]
pub(crate) struct Working {
    works: Works,
    progress: Progress,
    /// How many events were worked on, and at how many it is told next.
    worked: u64,
    tell_at: u64,
    /// What was told last.
    told: Option<Progress>,
    /// Whether it is done on a thread of the store's own.
    is_own: bool,
    span: Span,
}

impl Working {
    /// So many more events are done. It is not to be called under a lock.
    pub(crate) fn did(&mut self, events: u64) {
        self.step(events, events);
    }

    /// So much more is done, with which so many events were worked on.
    pub(crate) fn step(&mut self, done: u64, events: u64) {
        self.progress.done += done;
        self.worked += events;
        if self.worked >= self.tell_at {
            self.tell_at = self.worked + PACE;
            self.tell();
        }
    }

    /// All of it is done.
    pub(crate) fn end(mut self) {
        self.progress.total = Some(self.progress.done);
        let is_long = self.told.is_some() || !self.progress.work.is_mostly_short();
        if is_long && self.worked > 0 && self.told != Some(self.progress) {
            self.tell();
        }
    }

    /// What happens on this thread is part of the work until this is dropped.
    pub(crate) fn enter(&self) -> impl Sized + use<> {
        self.span.enter()
    }

    /// Counts the events that `reading` takes.
    pub(crate) fn over<'w>(&'w mut self, reading: &'w mut dyn Reading) -> Over<'w> {
        Over {
            working: self,
            reading,
        }
    }

    fn begin_span(&mut self) {
        let Progress { work, total, .. } = self.progress;
        self.span = Span::begin(work, &self.works.dir, total);
    }

    fn tell(&mut self) {
        if self.told.is_none() && self.progress.work.is_mostly_short() {
            self.begin_span();
        }
        let progress = &mut self.progress;
        progress.total = progress.total.map(|total| total.max(progress.done));
        self.told = Some(*progress);
        let Some(hook) = &self.works.listener.0 else {
            return;
        };
        if !self.is_own {
            return hook(progress);
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| hook(progress))) {
            self.works.listener = Listener::default();
            // What it says may panic when it is dropped.
            std::mem::forget(panic);
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.span.end(self.progress.done);
    }
}

/// A [`Reading`] whose events are counted.
pub(crate) struct Over<'w> {
    working: &'w mut Working,
    reading: &'w mut dyn Reading,
}

impl Reading for Over<'_> {
    fn event(&mut self, event: &RawEvent<'_>, place: FramePlace) -> Result<(), &'static str> {
        self.reading.event(event, place)?;
        self.working.did(1);
        Ok(())
    }

    fn place(&self, position: u64) -> Option<FrameSpan> {
        self.reading.place(position)
    }
}
