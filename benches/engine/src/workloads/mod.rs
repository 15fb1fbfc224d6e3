//! What is measured, and how.

mod append;
mod follow;
mod open;
mod project;
mod read;
mod submit;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::subject::{Durability, Settings, Subject};

pub(crate) use append::{append_until, close, commit_exactly, fill};

/// One row of questions to every subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Workload {
    /// Appends one at a time, which may stay in the process.
    AppendBuffered1,
    /// The same by four threads.
    AppendBuffered4,
    /// Appends one at a time, each in the kernel's hands when it is answered.
    AppendWritten1,
    /// Appends one at a time, each on the medium when it is answered.
    AppendDurable1,
    /// The same by 8 threads.
    AppendDurable8,
    /// The same by 32 threads.
    AppendDurable32,
    /// The same by 64 threads.
    AppendDurable64,
    /// One thread that has 1,024 durable appends in flight.
    SubmitDurable,
    /// Durable batches of 100 events.
    BatchDurable,
    /// Streams of 1,000 events, decoded.
    StreamRead,
    /// Single events by position.
    GetByPosition,
    /// Single events by id.
    GetById,
    /// All events, decoded.
    Scan,
    /// Opening after a close.
    OpenClean,
    /// Opening after SIGKILL.
    OpenKilled,
    /// What an event takes on disk.
    Size,
    /// Folding a stream of 10,000 events from nothing, one of several that take turns.
    ProjectCold,
    /// The same in a store that has no other.
    ProjectAlone,
    /// Asking for the state of such a stream after one more event.
    ProjectWarm,
    /// Eight subscribers on one writer.
    Subscribers8,
}

/// What a workload needs to be in its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Empty,
    /// Many events, closed.
    Closed,
    /// Many events, as a killed process left them.
    Killed,
}

/// How much is done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Amount {
    /// The most events of an append that is not durable.
    pub(crate) events: u64,
    /// How many events lie in the stores that are read and opened.
    pub(crate) stored: u64,
    /// For how long at most something is repeated, in seconds.
    pub(crate) seconds: f64,
}

impl Amount {
    /// How many entities there are in the stores that are read and opened: a stream has 1,000 events.
    pub(crate) fn stored_entities(self) -> usize {
        (self.stored / 1_000).max(1) as usize
    }

    fn time(self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// How many entities there are while appending.
pub(crate) const ENTITIES: usize = 1_000;
/// How many events a batch has.
pub(crate) const BATCH: usize = 100;

/// One number, and what was seen beside it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The number, in the workload's unit.
    pub(crate) value: f64,
    /// The median latency of a commit, in microseconds.
    pub(crate) p50_us: Option<f64>,
    /// The latency that one commit in a hundred exceeds, in microseconds.
    pub(crate) p99_us: Option<f64>,
    /// Anonymous memory of the process, in MiB.
    pub(crate) anonymous_mib: Option<f64>,
    /// How long it takes the first time, in milliseconds.
    pub(crate) first_ms: Option<f64>,
    /// How many events per second the writer appended whom nobody followed.
    pub(crate) writer_alone: Option<f64>,
    /// And whom the subscribers followed.
    pub(crate) writer_followed: Option<f64>,
}

impl Workload {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 20] = [
        Self::AppendBuffered1,
        Self::AppendBuffered4,
        Self::AppendWritten1,
        Self::AppendDurable1,
        Self::AppendDurable8,
        Self::AppendDurable32,
        Self::AppendDurable64,
        Self::SubmitDurable,
        Self::BatchDurable,
        Self::StreamRead,
        Self::GetByPosition,
        Self::GetById,
        Self::Scan,
        Self::OpenClean,
        Self::OpenKilled,
        Self::Size,
        Self::ProjectCold,
        Self::ProjectAlone,
        Self::ProjectWarm,
        Self::Subscribers8,
    ];

    /// Its name in tables and arguments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AppendBuffered1 => "append-buffered-1t",
            Self::AppendBuffered4 => "append-buffered-4t",
            Self::AppendWritten1 => "append-written-1t",
            Self::AppendDurable1 => "append-durable-1t",
            Self::AppendDurable8 => "append-durable-8t",
            Self::AppendDurable32 => "append-durable-32t",
            Self::AppendDurable64 => "append-durable-64t",
            Self::SubmitDurable => "submit-durable-1024",
            Self::BatchDurable => "batch-durable-100",
            Self::StreamRead => "stream-read-1000",
            Self::GetByPosition => "get-by-position",
            Self::GetById => "get-by-id",
            Self::Scan => "scan-typed",
            Self::OpenClean => "open-clean-1m",
            Self::OpenKilled => "open-killed-1m",
            Self::Size => "bytes-per-event",
            Self::ProjectCold => "project-cold-10k",
            Self::ProjectAlone => "project-alone-10k",
            Self::ProjectWarm => "project-warm-1",
            Self::Subscribers8 => "subscribers-8",
        }
    }

    /// The workload with this name.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.with_context(|| format!("there is no workload `{name}`"))
    }

    /// What its numbers are, and which are the better ones.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::OpenClean | Self::OpenKilled => "ms, less is better",
            Self::Size => "bytes on disk per event, less is better",
            Self::ProjectCold | Self::ProjectAlone => "ms per fold, less is better",
            Self::ProjectWarm => "us, less is better",
            Self::Subscribers8 => "deliveries per second to all of them, more is better",
            _ => "events per second, more is better",
        }
    }

    /// The subject that the others are divided by.
    pub(crate) fn baseline(self) -> &'static str {
        match self {
            Self::AppendWritten1 => "raw-w",
            Self::AppendDurable8 | Self::AppendDurable32 | Self::AppendDurable64 => "raw+group",
            Self::Subscribers8 => "batpak-0.10",
            _ => "raw",
        }
    }

    /// What must be in its directory.
    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::StreamRead
            | Self::GetByPosition
            | Self::GetById
            | Self::Scan
            | Self::OpenClean
            | Self::Size => Needs::Closed,
            Self::OpenKilled => Needs::Killed,
            _ => Needs::Empty,
        }
    }

    /// What its appends survive.
    pub(crate) fn durability(self) -> Durability {
        match self {
            Self::AppendBuffered1 | Self::AppendBuffered4 | Self::Subscribers8 => {
                Durability::Buffered
            }
            // What is buffered need not be seen by who asks at once.
            Self::AppendWritten1 | Self::ProjectCold | Self::ProjectAlone | Self::ProjectWarm => {
                Durability::Written
            }
            _ => Durability::Durable,
        }
    }

    /// How many threads are asked to write.
    pub(crate) fn writers(self) -> usize {
        match self {
            Self::AppendBuffered4 => 4,
            Self::AppendDurable8 => 8,
            Self::AppendDurable32 => 32,
            Self::AppendDurable64 => 64,
            _ => 1,
        }
    }

    /// Whether it folds.
    pub(crate) fn projects(self) -> bool {
        matches!(
            self,
            Self::ProjectCold | Self::ProjectAlone | Self::ProjectWarm
        )
    }

    /// Whether it measures appends that do not wait for the medium.
    pub(crate) fn is_undurable_append(self) -> bool {
        self.durability() != Durability::Durable && !self.projects()
    }

    /// Whether it is about appends that wait for the medium.
    pub(crate) fn is_durable_append(self) -> bool {
        self.needs() == Needs::Empty && self.durability() == Durability::Durable
    }

    fn settings(self, subject: &dyn Subject, amount: Amount) -> Settings {
        let entities = match self.needs() {
            Needs::Empty if self == Self::ProjectAlone => 1,
            Needs::Empty if self.projects() => project::STREAMS,
            Needs::Empty => ENTITIES,
            Needs::Closed | Needs::Killed => amount.stored_entities(),
        };
        Settings {
            durability: self.durability(),
            entities,
            writers: subject.writers(self.writers()),
            tagged: false,
            keeps: self == Self::ProjectWarm,
        }
    }

    /// Measures it, once.
    pub(crate) fn measure(
        self,
        subject: &dyn Subject,
        directory: &Path,
        amount: Amount,
    ) -> Result<Measured> {
        let settings = self.settings(subject, amount);
        match self {
            Self::OpenClean | Self::OpenKilled => open::open(subject, directory, settings, amount),
            Self::Size => open::size(directory, amount),
            Self::SubmitDurable => submit::submit(subject, directory, settings, amount),
            Self::BatchDurable => append::batches(subject, directory, settings, amount),
            Self::StreamRead | Self::GetByPosition | Self::GetById | Self::Scan => {
                read::read(self, subject, directory, settings, amount)
            }
            Self::ProjectCold | Self::ProjectAlone => {
                project::cold(subject, directory, settings, amount)
            }
            Self::ProjectWarm => project::warm(subject, directory, settings, amount),
            Self::Subscribers8 => follow::follow(subject, directory, settings, amount),
            _ => append::singles(subject, directory, settings, amount),
        }
    }
}

fn rate(events: u64, time: Duration) -> Result<f64> {
    ensure!(events > 0, "nothing was done");
    Ok(events as f64 / time.as_secs_f64())
}

/// The latency that this part of them does not exceed, in microseconds, of sorted nanoseconds.
fn percentile(latencies: &[u64], part: f64) -> Option<f64> {
    let at = (latencies.len() as f64 * part) as usize;
    latencies.get(at).map(|&nanos| nanos as f64 / 1e3)
}
