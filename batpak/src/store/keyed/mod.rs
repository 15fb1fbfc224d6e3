//! Keyed projections: one state per key that the events name, of which few need be in memory.

mod spilled;
mod states;

use std::fmt;
use std::sync::Arc;

use super::read::Events;
use super::shared::Shared;
use super::{Store, StoreError, Work};
use crate::event::{DecodeError, EventHeader, RawEvent, Region};
use crate::projection::cache::evidence;
use crate::projection::{FoldError, Projection};
use spilled::{Lost, Reached, Spilled};
use states::{State, States};

impl Store {
    /// Folds the events of a region into one state for each key, such as a read model over many entities: `key` gives
    /// the key of an event, or `None` if it is for no state. It is asked for events of the kinds that `P` reads.
    ///
    /// States are read from the store's [projection cache](crate::ProjectionCache) and spilled there if it has a directory and `P` may be kept
    /// (`#[projection(snapshot)]`): then so many bytes of them are in memory as the cache may take besides, and the next run goes on from there. What `key` does is
    /// not known to the cache: who changes it raises the version of `P`. Without such a cache all are in memory.
    ///
    /// ```
    /// use batpak::prelude::*;
    /// # let dir = std::env::temp_dir().join(format!("batpak-doc-keyed-{}", std::process::id()));
    ///
    /// #[derive(Event)]
    /// #[event(category = 0x1)]
    /// enum Account {
    ///     #[event(id = 1)]
    ///     Deposited { cents: u64 },
    /// }
    ///
    /// #[derive(Default)]
    /// struct Balance(u64);
    ///
    /// #[projection]
    /// impl Balance {
    ///     #[on(Account::Deposited)]
    ///     fn deposited(&mut self, cents: &u64) {
    ///         self.0 += cents;
    ///     }
    /// }
    ///
    /// let store = Store::open(StoreConfig::new(&dir))?;
    /// for (name, cents) in [("alice", 5), ("bob", 7), ("alice", 1)] {
    ///     store.append_typed(&Coordinate::new(name, "bank")?, &Account::Deposited { cents })?;
    /// }
    /// let bank = Region::all().scope("bank");
    /// let mut balances = store.keyed::<Balance>(&bank, |event| Ok(Some(event.meta.entity.to_owned())))?;
    /// assert_eq!(balances.len(), 2);
    /// assert_eq!(balances.get("alice")?.map(|balance| balance.0), Some(6));
    /// # drop((balances, store));
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Self::fold`]; an error of `key` is one, too.
    pub fn keyed<P: Projection>(
        &self,
        region: &Region,
        key: impl Fn(&RawEvent<'_>) -> Result<Option<String>, DecodeError> + Send + 'static,
    ) -> Result<Keyed<P>, StoreError> {
        let spilled = Spilled::open::<P>(&self.shared, region);
        let mut keyed = Keyed {
            shared: Arc::clone(&self.shared),
            region: region.clone(),
            key: Box::new(key),
            reached: Reached::default(),
            position: 0,
            states: States::default(),
            spilled,
            // It begins with what was written.
            failed: true,
        };
        keyed.refresh()?;
        Ok(keyed)
    }
}

type KeyOf = dyn Fn(&RawEvent<'_>) -> Result<Option<String>, DecodeError> + Send;

/// One state per key, as [`Store::keyed`] makes them. It shows the log as it was at the last [`Self::refresh`].
pub struct Keyed<P: Projection> {
    shared: Arc<Shared>,
    region: Region,
    key: Box<KeyOf>,
    /// What the states are of.
    reached: Reached,
    /// How far the log went when it was last read.
    position: u64,
    states: States<P>,
    /// Where the states are that are not in memory, if they need not be.
    spilled: Option<Spilled>,
    /// Whether the states are of no use, for a fold has failed on its way.
    failed: bool,
}

/// Why folding stopped.
enum Stop {
    Error(StoreError),
    /// What was spilled cannot be used.
    Lost,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

impl<P: Projection> Keyed<P> {
    /// Takes in the events that have come since.
    ///
    /// # Errors
    /// [`StoreError::Fold`] with the place of an event that cannot be folded or has no key that can be told, and whatever reading
    /// gives. Each further question then begins again, and gives the same unless the reason is gone.
    pub fn refresh(&mut self) -> Result<(), StoreError> {
        if self.failed {
            self.begin();
        }
        self.failed = true;
        loop {
            match self.advance() {
                Ok(()) => {
                    self.failed = false;
                    if self.spilled.as_ref().is_some_and(Spilled::is_due) {
                        self.save();
                    }
                    return Ok(());
                }
                Err(Stop::Error(error)) => return Err(error),
                Err(Stop::Lost) => self.begin_anew(),
            }
        }
    }

    /// The state of a key, if any event had it.
    ///
    /// # Errors
    /// If it cannot be read where it was spilled, all are folded anew: then as for [`Self::refresh`].
    pub fn get(&mut self, key: &str) -> Result<Option<&P>, StoreError> {
        self.check()?;
        while !self.states.has(key) {
            match self.load(key) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(Stop::Error(error)) => return Err(error),
                Err(Stop::Lost) => self.rebuild()?,
            }
        }
        Ok(self.states.get(key).map(|state| &state.value))
    }

    /// Gives each key with its state to `visit`, in the order of the keys.
    ///
    /// # Errors
    /// The first that `visit` gives; else as for [`Self::get`], before anything was visited or in the midst of it.
    pub fn for_each<E: From<StoreError>>(
        &mut self,
        mut visit: impl FnMut(&str, &P) -> Result<(), E>,
    ) -> Result<(), E> {
        self.check()?;
        let mut visited: Option<String> = None;
        loop {
            let after = visited.as_deref();
            let listed = match &self.spilled {
                Some(spilled) => spilled.list::<P>(after, &self.shared),
                None => Ok(Vec::new()),
            };
            let Ok(listed) = listed else {
                self.rebuild()?;
                continue;
            };
            // Behind the last of these there may be more, and before it none.
            let last = listed.last().map(|(key, _)| key.clone());
            let mut stored = listed.into_iter().peekable();
            for key in self.states.keys(after, last.as_deref()) {
                while let Some((other, state)) = stored.next_if(|(other, _)| **other < *key) {
                    visit(&other, &state.value)?;
                }
                stored.next_if(|(other, _)| *other == *key);
                if let Some(state) = self.states.peek(&key) {
                    visit(&key, &state.value)?;
                }
            }
            for (key, state) in stored {
                visit(&key, &state.value)?;
            }
            match last {
                Some(last) => visited = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.reached.keys).unwrap_or(usize::MAX)
    }

    /// Whether no event had a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reached.keys == 0
    }

    /// The position of the log that the states are of: everything up to there is in them.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Writes what the cache's directory has not got, as far as the log is durable, so that the next run goes on from there. Dropping it does
    /// so too. Without such a directory it does nothing.
    pub fn save(&mut self) {
        if !self.failed
            && let Some(spilled) = &mut self.spilled
        {
            spilled.save(&mut self.states, &self.reached, &self.shared);
        }
    }

    /// That the states may be shown.
    fn check(&mut self) -> Result<(), StoreError> {
        match self.failed {
            true => self.refresh(),
            false => Ok(()),
        }
    }

    /// Goes back to what was written.
    fn begin(&mut self) {
        self.states = States::default();
        let begun = self
            .spilled
            .as_mut()
            .map(|spilled| spilled.begin(&self.shared));
        self.reached = match begun {
            Some(Some(reached)) => reached,
            // Beside what cannot be removed nothing is written.
            Some(None) => {
                self.spilled = None;
                Reached::default()
            }
            None => Reached::default(),
        };
    }

    /// Goes back to nothing, for what was written cannot be used.
    fn begin_anew(&mut self) {
        if let Some(spilled) = self.spilled.take() {
            self.spilled = spilled.emptied();
        }
        self.begin();
    }

    fn rebuild(&mut self) -> Result<(), StoreError> {
        self.begin_anew();
        self.failed = true;
        self.refresh()
    }

    /// Folds what is new.
    fn advance(&mut self) -> Result<(), Stop> {
        let shared = Arc::clone(&self.shared);
        let view = shared.view();
        let published = view.published();
        let events = Events::of(&P::narrow(self.region.clone()), &shared, view);
        let events = events.skip_to(self.reached.position + 1);
        let mut work = events.begin(Work::Folding);
        events.for_each_raw(|event| {
            work.did(1);
            self.take(event)
        })?;
        work.end();
        self.position = published;
        Ok(())
    }

    /// Folds an event into the state of its key.
    fn take(&mut self, event: &RawEvent<'_>) -> Result<(), Stop> {
        let header = event.meta.header;
        if P::reads(header.kind) {
            let failed = |source| StoreError::Fold {
                position: header.sequence,
                coordinate: event.meta.coordinate(),
                source,
            };
            if let Some(key) = (self.key)(event).map_err(|error| failed(error.into()))? {
                self.fold(key, event, &header, failed)?;
            }
        }
        self.reached.position = header.sequence;
        self.reached.evidence = evidence(&header);
        if let Some(spilled) = &mut self.spilled {
            spilled.count();
            spilled.make_room(&mut self.states, &self.reached, &self.shared);
        }
        Ok(())
    }

    fn fold(
        &mut self,
        key: String,
        event: &RawEvent<'_>,
        header: &EventHeader,
        failed: impl FnOnce(FoldError) -> StoreError,
    ) -> Result<(), Stop> {
        if !self.states.has(&key) && !self.load(&key)? {
            self.states.insert(key.clone(), State::new(header.sequence));
        }
        let Some(state) = self.states.get(&key) else {
            return Ok(());
        };
        if state.first == header.sequence {
            self.reached.keys += 1;
        }
        // What was spilled may be ahead of the others, if the process ended between.
        if header.sequence <= state.position {
            return Ok(());
        }
        state.value.apply(event).map_err(failed)?;
        state.position = header.sequence;
        state.evidence = evidence(header);
        state.unwritten = true;
        if self.spilled.is_some() {
            self.states.measure(&key);
        }
        Ok(())
    }

    /// Reads the state of a key where it was spilled; whether there is one.
    fn load(&mut self, key: &str) -> Result<bool, Stop> {
        let Some(spilled) = &mut self.spilled else {
            return Ok(false);
        };
        let Some(state) = spilled
            .read(key, &self.shared)
            .map_err(|_: Lost| Stop::Lost)?
        else {
            return Ok(false);
        };
        spilled.make_room(&mut self.states, &self.reached, &self.shared);
        self.states.insert(key.to_owned(), state);
        Ok(true)
    }
}

impl<P: Projection> Drop for Keyed<P> {
    fn drop(&mut self) {
        self.save();
    }
}

impl<P: Projection> fmt::Debug for Keyed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("projection", &P::NAME)
            .field("position", &self.position)
            .field("keys", &self.reached.keys)
            .finish_non_exhaustive()
    }
}
