//! Reading, of a store that was closed and opened again; every payload is decoded and checked.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{Amount, Measured, Workload, rate};
use crate::event::{Item, Random};
use crate::memory;
use crate::subject::{Reader, Settings, Subject};

/// How many ids are looked up in turn.
const IDS: usize = 20_000;

/// Reads for a quarter of the given time, which is thousands of steps, after a tenth of it to warm up; reading
/// all takes as long as it does, and is done once before. The system has the files in its memory, for some
/// subjects read all of theirs on opening.
pub(super) fn read(
    workload: Workload,
    subject: &dyn Subject,
    directory: &Path,
    settings: Settings,
    amount: Amount,
) -> Result<Measured> {
    memory::warm(directory)?;
    let engine = subject.open(directory, settings)?;
    let mut reader = engine.reader()?;
    let mut step = Step::new(workload, reader.as_mut(), amount)?;
    let start = Instant::now();
    while start.elapsed() < amount.time() / 10 {
        step.take()?;
    }
    let start = Instant::now();
    let mut events = 0;
    while events == 0 || start.elapsed() < amount.time() / 4 {
        events += step.take()?;
    }
    let time = start.elapsed();
    drop(step);
    drop(reader);
    engine.close()?;
    Ok(Measured {
        value: rate(events, time)?,
        ..Measured::default()
    })
}

/// What is repeated: about a thousand events, or all of them.
struct Step<'a> {
    workload: Workload,
    reader: &'a mut dyn Reader,
    amount: Amount,
    random: Random,
    /// Positions and what id the event there has.
    ids: Vec<(u64, u128)>,
}

impl<'a> Step<'a> {
    fn new(workload: Workload, reader: &'a mut dyn Reader, amount: Amount) -> Result<Self> {
        let mut random = Random::new(7);
        let mut ids = Vec::new();
        if workload == Workload::GetById {
            let positions = (0..IDS).map(|_| 1 + random.below(amount.stored));
            let positions: Vec<_> = positions.collect();
            ids.extend(positions.iter().copied().zip(reader.ids(&positions)?));
        }
        Ok(Self {
            workload,
            reader,
            amount,
            random,
            ids,
        })
    }

    /// Reads, and tells how many events.
    fn take(&mut self) -> Result<u64> {
        match self.workload {
            Workload::GetByPosition => self.positions(),
            Workload::GetById => self.by_ids(),
            Workload::StreamRead => self.stream(),
            _ => self.scan(),
        }
    }

    fn at(&self, position: u64) -> Item {
        Item::nth(position - 1, self.amount.stored_entities())
    }

    fn positions(&mut self) -> Result<u64> {
        const AT_ONCE: u64 = 256;
        for _ in 0..AT_ONCE {
            let position = 1 + self.random.below(self.amount.stored);
            let read = self.reader.get(position)?;
            self.at(position).check(&read)?;
        }
        Ok(AT_ONCE)
    }

    fn by_ids(&mut self) -> Result<u64> {
        const AT_ONCE: u64 = 256;
        for _ in 0..AT_ONCE {
            let (position, id) = self.ids[self.random.below(IDS as u64) as usize];
            let read = self.reader.get_by_id(id)?;
            self.at(position).check(&read)?;
        }
        Ok(AT_ONCE)
    }

    fn stream(&mut self) -> Result<u64> {
        let entities = self.amount.stored_entities() as u64;
        let entity = self.random.below(entities);
        let expected = (self.amount.stored - entity).div_ceil(entities);
        let (mut found, mut wrong) = (0, None);
        self.reader.stream(entity as usize, &mut |payload| {
            let item = Item::nth(found * entities + entity, entities as usize);
            found += 1;
            if let Err(error) = item.check(&payload) {
                wrong.get_or_insert(error);
            }
        })?;
        finish(found, expected, wrong)
    }

    fn scan(&mut self) -> Result<u64> {
        let entities = self.amount.stored_entities();
        let (mut found, mut wrong) = (0, None);
        self.reader.scan(&mut |payload| {
            let item = Item::nth(found, entities);
            found += 1;
            if let Err(error) = item.check(&payload) {
                wrong.get_or_insert(error);
            }
        })?;
        finish(found, self.amount.stored, wrong)
    }
}

fn finish(found: u64, expected: u64, wrong: Option<anyhow::Error>) -> Result<u64> {
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    ensure!(
        found == expected,
        "{found} events were read, not {expected}"
    );
    Ok(found)
}
