//! What a command costs the processor.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

/// Seconds of user and system time, of several runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) least: f64,
    pub(crate) median: f64,
}

impl Cost {
    /// Of one command, run `runs` times.
    pub(crate) fn of(runs: usize, command: impl Fn() -> Result<Command>) -> Result<Cost> {
        let once = |_| {
            let (seconds, output) = processor_time(&mut command()?)?;
            if !output.status.success() {
                bail!("a check fails that did not fail before");
            }
            Ok(seconds)
        };
        Cost::among((0..runs).map(once).collect::<Result<_>>()?)
    }

    /// Of one number per run.
    fn among(mut runs: Vec<f64>) -> Result<Cost> {
        runs.sort_by(f64::total_cmp);
        match runs.as_slice() {
            [] => bail!("nothing was measured"),
            runs => Ok(Cost {
                least: runs[0],
                median: runs[runs.len() / 2],
            }),
        }
    }
}

/// Runs a command to its end and tells what it, and all that it started, took.
pub(crate) fn processor_time(command: &mut Command) -> Result<(f64, Output)> {
    let before = children()?;
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    Ok((children()? - before, output))
}

/// Seconds that this process's children took so far, those that it has waited for.
fn children() -> Result<f64> {
    let usage: Usage =
        getrusage(UsageWho::RUSAGE_CHILDREN).context("the system tells no times of children")?;
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// The line by which cargo runs rustc for one crate, to be run again without cargo.
#[derive(Debug)]
pub(crate) struct Rustc<'a> {
    line: String,
    directory: &'a Path,
}

impl<'a> Rustc<'a> {
    /// Takes the line out of what `cargo check -v` said in `directory` about the crate `name`.
    pub(crate) fn from_verbose(said: &str, name: &str, directory: &'a Path) -> Result<Rustc<'a>> {
        let wanted = format!("--crate-name {name} ");
        let line = said.lines().find_map(|line| {
            let line = line.trim().strip_prefix("Running `")?.strip_suffix('`')?;
            line.contains(&wanted).then(|| line.to_owned())
        });
        let line = line.with_context(|| format!("cargo does not tell how it checks {name}"))?;
        Ok(Rustc { line, directory })
    }

    /// The command with further arguments. The shell is replaced by it, and adds nothing.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("exec env {} {arguments}", self.line))
            .current_dir(self.directory);
        command
    }

    /// What the pass takes that expands macros, `runs` times; nothing if this rustc does not tell.
    pub(crate) fn expansion(&self, runs: usize) -> Option<Cost> {
        let once = |_| {
            let mut command = self.command("-Z time-passes");
            let (_, output) = processor_time(command.env("RUSTC_BOOTSTRAP", "1")).ok()?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            let line = said
                .lines()
                .find(|line| line.ends_with("\tmacro_expand_crate"))?;
            line.trim_start()
                .strip_prefix("time:")?
                .split(';')
                .next()?
                .trim()
                .parse()
                .ok()
        };
        Cost::among((0..runs).map(once).collect::<Option<_>>()?).ok()
    }
}
