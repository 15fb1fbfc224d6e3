//! Documented types behind every lint that a careful crate denies.

#![deny(
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    unused,
    warnings
)]

use batpak::prelude::*;

/// What gates may ask.
#[derive(Debug)]
pub struct Limits {
    /// How often.
    pub times: u64,
}

/// How often the door was opened.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    count: u64,
}

#[projection(version = 1)]
impl Uses {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self) {
        self.count += 1;
    }

    /// How often.
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// When the door was opened last.
#[derive(Debug, Default)]
pub struct Last {
    by: Option<String>,
    at: u64,
}

#[projection]
impl Last {
    #[on(DoorEvent::Opened)]
    fn opened(&mut self, by: &str, meta: &EventMeta<'_>) {
        self.by = Some(by.to_owned());
        self.at = meta.sequence;
    }

    /// By whom and when.
    pub fn get(&self) -> (Option<&str>, u64) {
        (self.by.as_deref(), self.at)
    }
}

/// Somebody has to open it.
#[gate(code = "NAMED")]
pub fn named(by: &str) -> bool {
    !by.is_empty()
}

/// Only so often.
#[gate]
pub fn rarely(count: &u64, limits: &Limits) -> Verdict {
    ensure!(
        *count < limits.times,
        "{count} times is enough",
        most = limits.times
    );
    Verdict::permit()
}

/// Never on a bad day.
#[gate]
fn lucky(limits: &Limits) -> Result<(), Denial> {
    ensure!(limits.times != 13, "not today");
    Ok(())
}

#[gate]
impl Limits {
    /// Only so hard.
    #[gate(code = "TOO_HARD")]
    pub fn gently(&self, force: &u32) -> bool {
        u64::from(*force) < self.times
    }

    /// Only if it may be opened at all.
    #[gate]
    fn ever(&self) -> Verdict {
        ensure!(self.times > 0, "never");
        Verdict::permit()
    }
}

state_machine!(
    /// A door.
    #[machine(entity = "door", data = Uses, context = Limits, version = 2)]
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub enum Door {
        /// Nobody gets in.
        #[initial]
        #[group(Shuttable)]
        Closed,
        /// Everybody gets in.
        #[group(Shuttable)]
        Open {
            /// Who opened it.
            by: String,
        },
        /// It is gone.
        #[terminal]
        Broken {
            /// Who broke it.
            by: String,
            /// Why.
            why: Option<String>,
        },
    }

    /// What can happen to a door.
    #[derive(Event, Debug, Clone, PartialEq, Eq)]
    #[event(category = 0x1)]
    pub enum DoorEvent {
        /// It was opened.
        #[event(id = 0x001)]
        Opened {
            /// By whom.
            by: String,
        },
        /// It was shut.
        #[event(id = 0x002)]
        Shut,
        /// It was kicked.
        #[event(id = 0x003)]
        Kicked {
            /// By whom.
            by: String,
            /// How hard.
            force: u32,
        },
    }

    fn evolve(door: Door, event: DoorEvent) -> Door {
        match (door, event) {
            /// Opens it.
            #[command(open)]
            #[gate(named(by), rarely(data.count, ctx), lucky(ctx), ever(ctx))]
            (Closed, Opened { by }) => Open { by },
            (Open { .. }, Opened { by }) => Open { by },

            /// Shuts it.
            #[command(shut)]
            (Shuttable, Shut) => Closed,

            /// Kicks it.
            #[command(kick)]
            #[gate(gently(ctx, force))]
            (Closed | Open { .. }, Kicked { by, force }) if force > 9 || data.count() > 99 => {
                let why = Some("force".to_owned());
                Broken { by, why }
            }
            (door, Kicked { .. }) => door,
        }
    }
);

fn main() {}
