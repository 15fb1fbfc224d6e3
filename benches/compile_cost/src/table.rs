//! The table of results.

use std::fmt::Write;

use crate::graph::{SIZES, Size};
use crate::peers::Peer;
use crate::user::Measured;

/// What was measured of one peer at one size.
pub(crate) struct Row {
    pub(crate) peer: Peer,
    pub(crate) size: Size,
    pub(crate) fields: bool,
    /// The machine; nothing if the peer has no fields and they are asked for.
    pub(crate) machine: Option<Measured>,
    /// The empty crate with the same dependency.
    pub(crate) empty: Measured,
}

/// The rows as one Markdown table, all peers of one size together.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = "\
| states/transitions/events | fields | peer | min s | median s | to batpak | empty crate s | with cargo s | expansion s |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"
    .to_owned();
    for size in SIZES {
        for fields in [false, true] {
            let alike = |row: &&Row| row.size == size && row.fields == fields;
            let alike: Vec<&Row> = rows.iter().filter(alike).collect();
            let batpak = alike.iter().find(|row| row.peer == Peer::Batpak);
            let batpak = batpak.and_then(|row| row.least());
            for row in &alike {
                let cells = row.cells(batpak);
                let name = match row.peer.version() {
                    Some(version) => format!("{} {version}", row.peer.name()),
                    None => row.peer.name().to_owned(),
                };
                // Writing to a `String` does not fail.
                let _ = writeln!(
                    text,
                    "| {}/{}/{} | {} | {name} | {} |",
                    size.states,
                    size.transitions,
                    size.events,
                    if fields { "one each" } else { "none" },
                    cells.join(" | "),
                );
            }
        }
    }
    text
}

impl Row {
    fn least(&self) -> Option<f64> {
        let machine = self.machine.as_ref()?.as_ref().ok()?;
        Some(machine.check.least)
    }

    /// Least and median time, ratio, the empty crate's time, that with cargo, and that of the expansion.
    fn cells(&self, batpak: Option<f64>) -> [String; 6] {
        let none = || "-".to_owned();
        let seconds = |seconds: f64| format!("{seconds:.3}");
        let empty = match &self.empty {
            Ok(empty) => seconds(empty.check.least),
            Err(error) => failed(error),
        };
        match &self.machine {
            None => ["cannot".to_owned(), none(), none(), empty, none(), none()],
            Some(Err(error)) => [failed(error), none(), none(), empty, none(), none()],
            Some(Ok(machine)) => [
                seconds(machine.check.least),
                seconds(machine.check.median),
                batpak.map_or_else(none, |batpak| {
                    format!("{:.2}", machine.check.least / batpak)
                }),
                empty,
                seconds(machine.cargo.least),
                machine
                    .expansion
                    .map_or_else(none, |expansion| seconds(expansion.least)),
            ],
        }
    }
}

/// An error in a cell, where a bar would end it.
fn failed(error: &str) -> String {
    format!("failed: {}", error.replace('|', "\\|"))
}
