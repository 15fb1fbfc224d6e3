//! Runs a log of road traffic fines (XES, IEEE 1849) through a state machine into a store, opens the
//! store again, and reports from it by projections alone.
//!
//! `cargo run --release --example traffic_fines` runs it on the small log beside this file;
//! `-- LOG.xes.gz` on a log of your own, such as the road traffic fine management log
//! (doi:10.4121/uuid:270fd440-1057-4fb9-89a9-b699b47990f5).

#![allow(clippy::print_stderr)]

mod activity;
mod cents;
mod fine;
mod import;
mod report;
mod xes;

use std::error::Error;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use batpak::prelude::*;
use clap::Parser;

use report::Report;
use xes::LogReader;

/// Drives every case of a log of road traffic fines through a state machine, and reports.
#[derive(Parser)]
#[command(name = "traffic_fines")]
struct Arguments {
    /// The log: XES, compressed if its name ends in .gz. A small one that comes with the example if left out.
    log: Option<PathBuf>,

    /// Keep the store in this directory, which must be new or empty. A temporary one if left out.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,

    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,

    /// Wait for the disk at every commit, that is once per case, instead of once at the end.
    #[arg(long)]
    durable: bool,

    /// Print the machine as a Mermaid state diagram, and do nothing else.
    #[arg(long)]
    diagram: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut last = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                let text = error.to_string();
                if !last.contains(&text) {
                    eprintln!("  because: {text}");
                }
                last = text;
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.diagram {
        return print(fine::Fine::DIAGRAM);
    }
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/traffic_fines/sample.xes");
    let log = arguments.log.clone().unwrap_or_else(|| sample.into());
    let temporary;
    let dir = match &arguments.store {
        Some(dir) => dir.clone(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().join("store")
        }
    };
    let (durability, name) = if arguments.durable {
        (Durability::Durable, "durable: one sync per case")
    } else {
        (Durability::Written, "written, and one sync at the end")
    };
    let config = StoreConfig::new(&dir).durability(durability);

    let reader = LogReader::open(&log)?;
    let store = Store::open(config.clone())?;
    if let Some(cut) = &store.recovery().cut {
        eprintln!(
            "warning: {} bytes at the end of {} were cut off",
            cut.bytes,
            cut.path.display()
        );
    }
    let imported = import::import(reader, &log, &store)?;
    store.close()?;

    let store = Store::open(config)?;
    let report = Report::of(&store, imported.events_per_second, name)?;
    for (activity, declared, found) in report.header_mismatches() {
        eprintln!(
            "warning: {}: the header says {declared} events of `{activity}`, and the log holds {found}",
            log.display()
        );
    }
    if arguments.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))
    } else {
        print(&format!("{report}\n"))
    }
}

/// Prints, and takes it as no mistake if the reader has had enough.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
