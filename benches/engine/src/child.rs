//! Measuring in a process of its own: a fresh heap for each number, and one to kill.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::conditions::{self, Conditions};
use crate::growth::{self, Growth};
use crate::subjects;
use crate::workloads::{self, Amount, Measured, Workload};

/// The argument that makes this program the child.
pub(crate) const ARGUMENT: &str = "child";
/// What the line with the answer begins with: engines print, too.
const ANSWER: &str = "\u{1}answer ";

/// How long it may take, filling included.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// What a child is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Measure a workload once.
    Measure(Workload, Amount),
    /// Append the stored events, answer, and wait to be killed.
    Fill(Amount),
    /// Open the store and close it.
    Close(Amount),
    /// Commit so many times.
    Commit(Workload, u64),
    /// Measure how a store behaves that has grown.
    Grow(Growth),
    /// Measure what conditions cost, or fill a store for that.
    Condition(Conditions),
}

/// A task, by whom, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    /// What.
    pub(crate) task: Task,
    /// The subject's name.
    pub(crate) subject: String,
    /// The store's directory.
    pub(crate) directory: PathBuf,
}

impl Job {
    /// A task for a subject in a directory.
    pub(crate) fn new(task: Task, subject: &str, directory: &Path) -> Self {
        Self {
            task,
            subject: subject.to_owned(),
            directory: directory.to_owned(),
        }
    }

    /// The command that does it, with those words before it.
    pub(crate) fn command(&self, before: &[&str]) -> Result<Command> {
        let program = std::env::current_exe()?;
        let mut command = match before.split_first() {
            None => Command::new(&program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&program);
                command
            }
        };
        command.arg(ARGUMENT).arg(serde_json::to_string(self)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(command)
    }

    /// Does it in a process of its own, and gives its answer.
    pub(crate) fn run<T: DeserializeOwned>(&self) -> Result<T> {
        let mut child = self.command(&[])?.spawn()?;
        let answer = answer(&mut child);
        if answer.is_err() {
            // It has ended, or does not: it may hang.
            child.kill()?;
        }
        let status = child.wait()?;
        ensure!(status.success(), "it ended with {status}");
        answer
    }

    /// Does it in a process of its own, which is killed once it has answered.
    pub(crate) fn run_and_kill(&self) -> Result<()> {
        let mut child = self.command(&[])?.spawn()?;
        let answer = answer::<()>(&mut child);
        child.kill()?;
        child.wait()?;
        answer
    }
}

fn answer<T: DeserializeOwned>(child: &mut Child) -> Result<T> {
    let output = child.stdout.take().context("the child has no output")?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        if let Some(line) = lines.find(|line| line.starts_with(ANSWER)) {
            // Nobody listens any more if the time is up.
            let _unheard = send.send(line);
        }
    });
    let line = receive
        .recv_timeout(PATIENCE)
        .context("it gave no answer")?;
    Ok(serde_json::from_str(line.trim_start_matches(ANSWER))?)
}

/// What the child does.
pub(crate) fn main(job: &str) -> Result<()> {
    let job: Job = serde_json::from_str(job)?;
    let subject = subjects::find(&job.subject)?;
    let directory = &job.directory;
    match job.task {
        Task::Measure(workload, amount) => {
            let measured: Measured = workload.measure(subject, directory, amount)?;
            tell(&measured)
        }
        Task::Fill(amount) => {
            let _open = workloads::fill(subject, directory, amount)?;
            tell(&())?;
            // The parent kills this process; if it is gone itself, the input ends.
            std::io::stdin().lines().for_each(drop);
            Ok(())
        }
        Task::Close(amount) => {
            workloads::close(subject, directory, amount)?;
            tell(&())
        }
        Task::Commit(workload, commits) => {
            workloads::commit_exactly(workload, subject, directory, commits)?;
            tell(&())
        }
        Task::Grow(growth) => tell(&growth::measure(growth, directory)?),
        Task::Condition(what) => tell(&conditions::measure(what, subject, directory)?),
    }
}

fn tell<T: Serialize>(answer: &T) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{ANSWER}{}", serde_json::to_string(answer)?)?;
    Ok(output.flush()?)
}
