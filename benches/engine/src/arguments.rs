//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::subject::Subject;
use crate::subjects::{self, SUBJECTS};
use crate::workloads::{Amount, Workload};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
How fast the engine is, beside a bare log and its peers.

  --rounds N        do everything N times (7)
  --only NAMES      only these subjects, with commas between
  --workload NAMES  only these workloads
  --events N        the most events of an append that is not durable (500k)
  --stored N        how many events lie in the stores that are read and opened (1m)
  --seconds S       for how long at most something is repeated (2)
  --quick           one round of little, in about a minute
  --json FILE       write all numbers into FILE, too
  --dir DIR         work below DIR (the system's temporary directory)
  --list            print the subjects, the workloads, and which subject lacks which
  --check-sync      count the syncs of durable appends with strace instead
  --growth SIZES    measure batpak alone at these numbers of events instead, as in 1m,10m
  --streams NUMBERS in so many streams (1000)
  --cache MIB       with a cache of so much (256)
  --conditions SIZES  measure appends on condition in logs of these numbers of events instead, as in 10k,1m";

/// What is to be done.
pub(crate) enum Mode {
    /// Measure and report.
    Compare,
    /// Print what there is.
    List,
    /// Count syncs.
    CheckSync,
    /// Grow a store to these sizes, in these numbers of streams, with a cache of so many bytes.
    Growth(Vec<u64>, Vec<usize>, usize),
    /// Measure what conditions cost in logs of these sizes.
    Conditions(Vec<u64>),
    /// Print the usage.
    Help,
}

/// What was asked for.
pub(crate) struct Arguments {
    /// What is to be done.
    pub(crate) mode: Mode,
    /// How often.
    pub(crate) rounds: usize,
    /// By whom.
    pub(crate) subjects: Vec<&'static dyn Subject>,
    /// What.
    pub(crate) workloads: Vec<Workload>,
    /// How much.
    pub(crate) amount: Amount,
    /// Where the numbers go.
    pub(crate) json: Option<PathBuf>,
    /// Below which directory to work.
    pub(crate) directory: PathBuf,
}

impl Arguments {
    /// Reads them.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut read = Self {
            mode: Mode::Compare,
            rounds: 7,
            subjects: SUBJECTS.to_vec(),
            workloads: Workload::ALL.to_vec(),
            amount: Amount {
                events: 500_000,
                stored: 1_000_000,
                seconds: 2.0,
            },
            json: None,
            directory: std::env::temp_dir(),
        };
        let mut streams = vec![1_000];
        let mut cache = 256 << 20;
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--help" | "-h" => read.mode = Mode::Help,
                "--list" => read.mode = Mode::List,
                "--check-sync" => read.mode = Mode::CheckSync,
                "--growth" => {
                    read.mode = Mode::Growth(list(&value()?, number)?, Vec::new(), 0);
                }
                "--conditions" => read.mode = Mode::Conditions(list(&value()?, number)?),
                "--streams" => streams = list(&value()?, |word| Ok(number(word)? as usize))?,
                "--cache" => cache = (number(&value()?)? as usize) << 20,
                "--rounds" => read.rounds = number(&value()?)? as usize,
                "--only" => read.subjects = list(&value()?, subjects::find)?,
                "--workload" => read.workloads = list(&value()?, Workload::find)?,
                "--events" => read.amount.events = number(&value()?)?,
                "--stored" => read.amount.stored = number(&value()?)?,
                "--seconds" => read.amount.seconds = value()?.parse()?,
                "--quick" => read.quick(),
                "--json" => read.json = Some(value()?.into()),
                "--dir" => read.directory = value()?.into(),
                other => bail!("unknown argument `{other}`\n\n{USAGE}"),
            }
        }
        if let Mode::Growth(_, of, with) = &mut read.mode {
            (*of, *with) = (streams, cache);
        }
        let seconds = read.amount.seconds;
        ensure!(
            seconds.is_finite() && seconds > 0.0,
            "--seconds needs a positive number"
        );
        Ok(read)
    }

    fn quick(&mut self) {
        self.rounds = 1;
        self.amount = Amount {
            events: 20_000,
            stored: 100_000,
            seconds: 0.2,
        };
    }
}

fn list<T>(words: &str, read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    words.split(',').map(|word| read(word.trim())).collect()
}

/// A number from 1, which may end in k or m.
fn number(word: &str) -> Result<u64> {
    let (digits, unit) = match word.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match word.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1_000_000),
            None => (word, 1),
        },
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 => Ok(number * unit),
        _ => bail!("`{word}` is no number from 1"),
    }
}
