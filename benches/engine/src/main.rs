//! How fast the engine is, beside a bare log and its peers.

mod arguments;
mod child;
mod conditions;
mod event;
mod fold;
mod growth;
mod memory;
mod report;
mod run;
mod subject;
mod subjects;
mod sync_check;
mod workloads;

use std::path::Path;

use anyhow::{Context, Result};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};

use arguments::{Arguments, Mode, USAGE};
use report::Report;
use run::Plan;
use subjects::SUBJECTS;
use workloads::Workload;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == child::ARGUMENT) {
        return child::main(&words.nth(1).context("the child has no job")?);
    }
    let arguments = Arguments::read(words)?;
    match arguments.mode {
        Mode::Help => println!("{USAGE}"),
        Mode::List => list(),
        Mode::Compare | Mode::CheckSync | Mode::Growth(..) | Mode::Conditions(_) => {
            work(arguments)?;
        }
    }
    Ok(())
}

fn work(arguments: Arguments) -> Result<()> {
    let directory = tempfile::Builder::new()
        .prefix("engine-bench-")
        .tempdir_in(&arguments.directory)
        .with_context(|| format!("cannot work below {}", arguments.directory.display()))?;
    warn_of_memory(directory.path())?;
    let plan = Plan {
        rounds: arguments.rounds,
        subjects: arguments.subjects,
        workloads: arguments.workloads,
        amount: arguments.amount,
        directory: directory.path().to_owned(),
    };
    match arguments.mode {
        Mode::CheckSync => return sync_check::run(&plan),
        Mode::Growth(sizes, streams, cache) => {
            let amount = (plan.amount.seconds, cache);
            return growth::run(&sizes, &streams, amount, directory.path());
        }
        Mode::Conditions(sizes) => return conditions::run(&plan, &sizes),
        Mode::Compare | Mode::List | Mode::Help => {}
    }
    let report = Report::new(&plan, &run::run(&plan)?);
    print!("{}", report.markdown()?);
    if let Some(file) = arguments.json {
        std::fs::write(&file, report.json()?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Nothing is durable in memory, and syncing there is free.
fn warn_of_memory(directory: &Path) -> Result<()> {
    if statfs(directory)?.filesystem_type() == TMPFS_MAGIC {
        eprintln!(
            "{} is in memory: durable rows mean nothing",
            directory.display()
        );
    }
    Ok(())
}

fn list() {
    println!("subjects:");
    for subject in SUBJECTS {
        println!("  {}", subject.name());
    }
    println!("\nworkloads, and who has no number there:");
    for workload in Workload::ALL {
        println!("  {}: {}", workload.name(), workload.unit());
        for subject in SUBJECTS {
            if let Some(why) = subject.lacks(workload) {
                println!("    {}: {why}", subject.name());
            }
        }
    }
}
