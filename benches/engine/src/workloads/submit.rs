//! One thread with many durable appends in flight.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::{Amount, ENTITIES, Measured, rate};
use crate::event::{Item, PAYLOADS};
use crate::subject::{Settings, Subject};

/// Submits appends for the given time, and then waits for those that are under way.
pub(super) fn submit(
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    const LOOKS_AT_CLOCK: u64 = 64;
    let _made = PAYLOADS.len();
    let engine = subject.open(directory, settings)?;
    let mut writer = engine.writer()?;
    let start = Instant::now();
    let mut number = 0;
    while number % LOOKS_AT_CLOCK != 0 || number == 0 || start.elapsed() < amount.time() {
        writer.submit(Item::nth(number, ENTITIES))?;
        number += 1;
    }
    writer.settle()?;
    let time = start.elapsed();
    drop(writer);
    engine.close()?;
    Ok(Measured {
        value: rate(number, time)?,
        ..Measured::default()
    })
}
