//! Driving the cases of a log through the machine into a store.
//!
//! What the machine takes of a case is one commit. Where it refuses an event, that is recorded too:
//! in the same commit, under the same entity, in a scope of its own, so that a report can be made
//! from the store alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use batpak::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};

use super::activity::{self, BadActivity};
use super::fine::{Fine, SCOPE};
use super::xes::{Case, LogError, LogReader};

/// The scope of what was refused.
pub(crate) const DENIED_SCOPE: &str = "road-traffic/denied";

/// What an import has to say besides the events of the fines.
#[derive(Event, Debug, Clone, PartialEq, Eq)]
#[event(category = 0x2)]
pub(crate) enum ImportEvent {
    /// The machine has no arm for an event of the case, so that and what follows is not recorded.
    #[event(id = 0x001)]
    Deviated {
        state: String,
        activity: String,
        not_recorded: u64,
    },
    /// A gate denied an event of the case, so that and what follows is not recorded.
    #[event(id = 0x002)]
    Denied {
        code: String,
        reason: String,
        activity: String,
        not_recorded: u64,
    },
    /// The log has been read to its end.
    #[event(id = 0x003)]
    Finished {
        log: String,
        cases: u64,
        events: u64,
        events_by_activity: BTreeMap<String, u64>,
        /// The totals by activity that the log's header gives, if it does.
        declared: Option<BTreeMap<String, u64>>,
    },
}

/// Why an import ended early. What was committed before stays in the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("{log}:{line} (case \"{case}\"): {problem}")]
    Case {
        log: String,
        line: u64,
        case: String,
        problem: Box<Problem>,
    },
    #[error(transparent)]
    Store(#[from] Box<StoreError>),
    #[error("the store in {} already holds {events} events, of another import or of one that failed; give a new or empty directory", dir.display())]
    NotEmpty { dir: PathBuf, events: u64 },
}

/// What is wrong with a case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(transparent)]
    Activity(#[from] BadActivity),
    #[error("the case is there twice")]
    Repeated,
    #[error("its id cannot name a stream: {0}")]
    Name(#[from] CoordinateError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How fast the import went.
pub(crate) struct Imported {
    pub(crate) events_per_second: f64,
}

/// Reads the log, whose file is `path`, into the store.
pub(crate) fn import(
    mut log: LogReader,
    path: &Path,
    store: &Store,
) -> Result<Imported, ImportError> {
    if store.position() > 0 {
        return Err(ImportError::NotEmpty {
            dir: store.dir().to_owned(),
            events: store.position(),
        });
    }
    let begun = Instant::now();
    let name = path.display().to_string();
    let bar = progress_bar(log.bytes_total());
    let mut events_by_activity: BTreeMap<String, u64> = BTreeMap::new();
    let (mut cases, mut events) = (0, 0);
    while let Some(case) = log.next() {
        let case = case?;
        record(&case, store).map_err(|(line, problem)| ImportError::Case {
            log: name.clone(),
            line,
            case: case.id.clone(),
            problem: Box::new(problem),
        })?;
        cases += 1;
        events += case.events.len() as u64;
        for event in case.events {
            match events_by_activity.get_mut(&event.activity) {
                Some(count) => *count += 1,
                None => {
                    events_by_activity.insert(event.activity, 1);
                }
            }
        }
        bar.set_position(log.bytes_read());
    }
    bar.finish_and_clear();
    let finished = ImportEvent::Finished {
        log: name,
        cases,
        events,
        events_by_activity,
        declared: log.declared_totals().cloned(),
    };
    finish(store, &finished).map_err(Box::new)?;
    Ok(Imported {
        events_per_second: events as f64 / begun.elapsed().as_secs_f64(),
    })
}

/// Records that the log has been read to its end, and makes all of it durable.
fn finish(store: &Store, finished: &ImportEvent) -> Result<(), StoreError> {
    let coordinate = Coordinate::new("import:log", DENIED_SCOPE)?;
    store.append_typed(&coordinate, finished)?;
    store.flush()
}

/// Records a case up to the first event that the machine refuses, and the refusal, in one commit.
///
/// The error is what is wrong, and the line of the log.
fn record(case: &Case, store: &Store) -> Result<(), (u64, Problem)> {
    let at_case = |problem| (case.line, problem);
    let coordinate = Fine::at(&case.id, SCOPE).map_err(|e| at_case(e.into()))?;
    let denied = coordinate.within("denied").map_err(|e| at_case(e.into()))?;
    let is_known = |stream| store.revision(stream).map(|revision| revision > 0);
    if is_known(&coordinate).map_err(|e| at_case(e.into()))?
        || is_known(&denied).map_err(|e| at_case(e.into()))?
    {
        return Err(at_case(Problem::Repeated));
    }
    let fine = store
        .load::<Fine>(&coordinate)
        .map_err(|e| at_case(e.into()))?;
    let mut chain = fine.chain();
    let mut refused = None;
    for found in &case.events {
        let event = activity::event(found).map_err(|e| (found.line, e.into()))?;
        if refused.is_none()
            && let Err(refusal) = chain.record(event, &())
        {
            refused = Some((refusal, found.activity.clone()));
        }
    }
    let not_recorded = (case.events.len() - chain.len()) as u64;
    let refusal = refused.map(|(refusal, activity)| refusal_event(refusal, activity, not_recorded));
    let mut more = Batch::new();
    more.extend(refusal.map(|event| NewEvent::of(&denied, &event)));
    let committed = chain.commit_with(store, more);
    committed.map_err(|failed| at_case(failed.error.into()))?;
    Ok(())
}

fn refusal_event(refusal: Refused, activity: String, not_recorded: u64) -> ImportEvent {
    match refusal {
        Refused::Illegal(illegal) => ImportEvent::Deviated {
            state: illegal.state.to_owned(),
            activity,
            not_recorded,
        },
        Refused::Denied(denial) => ImportEvent::Denied {
            code: denial.code().to_owned(),
            reason: denial.to_string(),
            activity,
            not_recorded,
        },
    }
}

/// A bar over the bytes of the log, on a terminal; elsewhere it shows nothing.
fn progress_bar(bytes: u64) -> ProgressBar {
    let template = "{spinner} importing {wide_bar} {percent}% of {total_bytes}, {eta} left";
    let bar = ProgressBar::new(bytes);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
