//! The rounds: every subject does every workload once in each, in turning order.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::child::{Job, Task};
use crate::subject::Subject;
use crate::workloads::{Amount, Measured, Needs, Workload};

/// What takes longer than this in a round is done in three of them only.
const LONG: Duration = Duration::from_secs(6);

/// What to run.
pub(crate) struct Plan {
    /// How often.
    pub(crate) rounds: usize,
    /// Who.
    pub(crate) subjects: Vec<&'static dyn Subject>,
    /// What.
    pub(crate) workloads: Vec<Workload>,
    /// How much.
    pub(crate) amount: Amount,
    /// Where; it is there, and empty.
    pub(crate) directory: PathBuf,
}

/// What came out for one subject and one workload.
pub(crate) struct Cell {
    /// The question.
    pub(crate) workload: Workload,
    /// The subject's name.
    pub(crate) subject: &'static str,
    /// One number per round; empty if there is a note.
    pub(crate) rounds: Vec<Measured>,
    /// How long the last of them took, preparations included.
    last: Duration,
    /// Why there is no number.
    pub(crate) note: Option<String>,
}

impl Cell {
    /// Whether nothing more comes: it has a note, or three numbers that took long.
    fn is_done(&self) -> bool {
        self.note.is_some() || self.rounds.len() >= 3 && self.last > LONG
    }
}

/// Runs the plan. A subject that fails has a note, and the others go on.
pub(crate) fn run(plan: &Plan) -> Result<Vec<Cell>> {
    let mut stores = Stores::new(plan);
    let mut cells = Vec::new();
    for &workload in &plan.workloads {
        for subject in &plan.subjects {
            cells.push(Cell {
                workload,
                subject: subject.name(),
                rounds: Vec::new(),
                last: Duration::ZERO,
                note: subject.lacks(workload).map(str::to_owned),
            });
        }
    }
    let subjects = plan.subjects.len();
    for round in 0..plan.rounds {
        for row in cells.chunks_mut(subjects) {
            for turn in 0..subjects {
                let cell = &mut row[(round + turn) % subjects];
                if cell.is_done() {
                    continue;
                }
                let (name, subject) = (cell.workload.name(), cell.subject);
                eprint!(
                    "round {} of {}: {name}, {subject}: ",
                    round + 1,
                    plan.rounds
                );
                let start = Instant::now();
                match stores.measure(cell) {
                    Ok(measured) => {
                        eprintln!("{:.1}", measured.value);
                        cell.rounds.push(measured);
                        cell.last = start.elapsed();
                    }
                    Err(error) => {
                        eprintln!("{error:#}");
                        cell.note = Some(format!("failed: {error:#}"));
                    }
                }
            }
        }
    }
    Ok(cells)
}

/// The stores that are read and opened, made when they are first asked for.
struct Stores<'a> {
    plan: &'a Plan,
    made: HashMap<&'static str, Made>,
}

/// The directories of one subject's store, or why there are none.
type Made = Result<Pair, String>;

#[derive(Clone)]
struct Pair {
    killed: PathBuf,
    closed: PathBuf,
}

impl<'a> Stores<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            made: HashMap::new(),
        }
    }

    fn measure(&mut self, cell: &Cell) -> Result<Measured> {
        let task = Task::Measure(cell.workload, self.plan.amount);
        let needs = cell.workload.needs();
        if needs == Needs::Closed {
            let closed = self.pair(cell.subject)?.closed;
            return Job::new(task, cell.subject, &closed).run();
        }
        let fresh = self.plan.directory.join("fresh");
        if needs == Needs::Killed {
            copy(&self.pair(cell.subject)?.killed, &fresh)?;
        } else {
            fs::create_dir(&fresh)?;
        }
        let measured = Job::new(task, cell.subject, &fresh).run();
        fs::remove_dir_all(&fresh)?;
        measured
    }

    fn pair(&mut self, subject: &'static str) -> Result<Pair> {
        let plan = self.plan;
        let make = || make(subject, plan).map_err(|error| format!("{error:#}"));
        let made = self.made.entry(subject).or_insert_with(make);
        made.clone().map_err(anyhow::Error::msg)
    }
}

/// Has a store filled by a process that is then killed, and a copy of it opened and closed.
fn make(subject: &'static str, plan: &Plan) -> Result<Pair> {
    eprint!("filling .. ");
    let place = |state: &str| plan.directory.join(format!("{subject}-{state}"));
    let (killed, closed) = (place("killed"), place("closed"));
    fs::create_dir(&killed)?;
    let fill = Job::new(Task::Fill(plan.amount), subject, &killed);
    fill.run_and_kill().context("it could not be filled")?;
    copy(&killed, &closed)?;
    let close = Job::new(Task::Close(plan.amount), subject, &closed);
    close
        .run::<()>()
        .context("it could not be opened and closed")?;
    Ok(Pair { killed, closed })
}

/// Copies a directory, and waits until the copy is on the medium, so that no later sync has to.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}
