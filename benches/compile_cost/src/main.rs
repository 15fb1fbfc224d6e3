//! What a state machine costs to compile, with batpak and with its peers.

mod graph;
mod measure;
mod peers;
mod table;
mod user;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use graph::SIZES;
use peers::{PEERS, Peer};
use user::Users;

const USAGE: &str = "\
What a state machine costs to compile, with batpak and with its peers.

  --runs N       measure each crate N times (5)
  --only NAMES   only these, with commas between: batpak, hand-written, smlang, statig, rust-fsm,
                 statum, typestate
  --keep DIR     write the crates into DIR, which must not exist, and leave them there";

/// What was asked for.
struct Arguments {
    runs: usize,
    peers: Vec<Peer>,
    keep: Option<PathBuf>,
}

fn main() -> Result<()> {
    let Some(arguments) = arguments(std::env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(());
    };
    let temporary = tempfile::tempdir().context("no temporary directory can be made")?;
    let directory = match &arguments.keep {
        Some(directory) => {
            std::fs::create_dir(directory)
                .with_context(|| format!("cannot make {}", directory.display()))?;
            directory
                .canonicalize()
                .with_context(|| format!("cannot find {}", directory.display()))?
        }
        None => temporary.path().to_owned(),
    };

    let mut rows = Vec::new();
    for peer in arguments.peers {
        let users = Users::write(&directory, peer)?;
        eprintln!("{}: building what it depends on", peer.name());
        let empty = users.measure(&users.empty(), arguments.runs);
        for size in SIZES {
            for fields in [false, true] {
                let machine = if fields && !peer.has_fields() {
                    None
                } else {
                    let name = users.machine(size, fields);
                    eprintln!("{}: {name}", peer.name());
                    Some(users.measure(&name, arguments.runs))
                };
                rows.push(table::Row {
                    peer,
                    size,
                    fields,
                    machine,
                    empty: empty.clone(),
                });
            }
        }
    }
    print!("{}", table::markdown(&rows));
    Ok(())
}

/// Reads the arguments; nothing if help is wanted.
fn arguments(mut words: impl Iterator<Item = String>) -> Result<Option<Arguments>> {
    let mut arguments = Arguments {
        runs: 5,
        peers: PEERS.to_vec(),
        keep: None,
    };
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} needs a value"))
        };
        match word.as_str() {
            "--help" | "-h" => return Ok(None),
            "--runs" => {
                let runs = value()?;
                arguments.runs = match runs.parse() {
                    Ok(runs) if runs > 0 => runs,
                    _ => bail!("--runs needs a number from 1, not `{runs}`"),
                };
            }
            "--only" => arguments.peers = value()?.split(',').map(peer).collect::<Result<_>>()?,
            "--keep" => arguments.keep = Some(value()?.into()),
            other => bail!("unknown argument `{other}`\n\n{USAGE}"),
        }
    }
    Ok(Some(arguments))
}

fn peer(name: &str) -> Result<Peer> {
    let found = PEERS.into_iter().find(|peer| peer.name() == name.trim());
    found.with_context(|| format!("unknown peer `{name}`\n\n{USAGE}"))
}
