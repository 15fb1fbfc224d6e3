//! Whether durable appends really ask the kernel to sync: their system calls are counted.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::child::{Job, Task};
use crate::run::Plan;
use crate::subject::{IN_FLIGHT, Subject};
use crate::workloads::Workload;

/// What puts bytes onto the medium.
const CALLS: [&str; 4] = ["fsync", "fdatasync", "msync", "sync_file_range"];

/// Counts for every durable workload and subject of the plan, prints a table, and fails if something
/// syncs less than its promise takes.
///
/// Each is run twice, for some commits and for five times as many, so that what opening and closing ask
/// for cancels out. One sync can serve one commit of each thread, or all that are in flight: there must be
/// as many syncs as that.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let strace = Command::new("strace")
        .arg("-V")
        .stdout(Stdio::null())
        .status();
    ensure!(
        strace.is_ok_and(|status| status.success()),
        "strace is not there"
    );
    println!("| workload | subject | syncs per commit | at least | |");
    println!("| --- | --- | ---: | ---: | --- |");
    let mut failed = 0;
    for &workload in plan.workloads.iter().filter(|one| one.is_durable_append()) {
        for subject in &plan.subjects {
            let unsynced = workload == Workload::SubmitDurable && subject.name() == "raw";
            if unsynced || subject.lacks(workload).is_some() {
                continue;
            }
            let at_once = match workload {
                Workload::SubmitDurable => IN_FLIGHT,
                _ => subject.writers(workload.writers()),
            };
            let least = 1.0 / at_once as f64;
            let syncs = syncs_per_commit(workload, *subject, at_once, &plan.directory)?;
            // A few of the first run's syncs may be those of opening that came early.
            let holds = syncs >= least * 0.98;
            failed += usize::from(!holds);
            let verdict = if holds { "holds" } else { "DOES NOT SYNC" };
            let (workload, subject) = (workload.name(), subject.name());
            println!("| {workload} | {subject} | {syncs:.4} | {least:.4} | {verdict} |");
        }
    }
    if failed > 0 {
        bail!("{failed} do not sync as often as they must");
    }
    Ok(())
}

fn syncs_per_commit(
    workload: Workload,
    subject: &dyn Subject,
    at_once: usize,
    directory: &Path,
) -> Result<f64> {
    let writers = subject.writers(workload.writers());
    let few = (8 * at_once / writers).max(20) as u64;
    let [first, second] = [few, 5 * few].map(|commits| -> Result<f64> {
        let fresh = directory.join("sync-check");
        fs::create_dir(&fresh)?;
        let counted = count(workload, subject.name(), commits, &fresh, directory);
        fs::remove_dir_all(&fresh)?;
        Ok(counted? as f64)
    });
    Ok((second? - first?) / (4 * few * writers as u64) as f64)
}

fn count(
    workload: Workload,
    subject: &str,
    commits: u64,
    store: &Path,
    directory: &Path,
) -> Result<usize> {
    let calls = directory.join("calls");
    let trace = format!("trace={}", CALLS.join(","));
    let output = calls
        .to_str()
        .context("the directory's name is not UTF-8")?;
    let strace = [
        "strace",
        "--seccomp-bpf",
        "-f",
        "-qq",
        "-e",
        &trace,
        "-o",
        output,
    ];
    let job = Job::new(Task::Commit(workload, commits), subject, store);
    let status = job.command(&strace)?.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{subject} failed under strace: {status}");
    let lines = fs::read_to_string(&calls)?;
    let begun = |line: &&str| CALLS.iter().any(|call| line.contains(&format!(" {call}(")));
    Ok(lines.lines().filter(begun).count())
}
