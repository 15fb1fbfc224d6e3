//! The bare log behind a simple group commit, for several threads.

use std::path::Path;
use std::sync::{Condvar, Mutex};

use anyhow::{Context, Result, bail};

use super::raw::{Log, LogReader, lock};
use crate::event::{Item, encode};
use crate::subject::{Durability, Engine, Reader, Settings, Subject, Writer};
use crate::workloads::{Needs, Workload};

/// Followers queue what they encoded; one leader writes all that is queued with one write and one sync.
pub(crate) struct RawGroup;

impl Subject for RawGroup {
    fn name(&self) -> &'static str {
        "raw+group"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::AppendWritten1 => Some("that is `raw-w`"),
            Workload::SubmitDurable => Some("has no tickets"),
            Workload::BatchDurable | Workload::AppendBuffered1 => Some("that is `raw`"),
            Workload::Subscribers8 => Some("nobody can follow it"),
            _ if workload.projects() || workload.needs() != Needs::Empty => Some("that is `raw`"),
            _ => None,
        }
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Group {
            log: Mutex::new(Log::open(directory, settings.entities)?),
            queue: Mutex::default(),
            woken: Condvar::new(),
            durable: settings.durability == Durability::Durable,
        }))
    }
}

struct Group {
    log: Mutex<Log>,
    queue: Mutex<Queue>,
    woken: Condvar,
    durable: bool,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<(Item, Vec<u8>)>,
    /// How many events were ever queued, and how many of them are durable.
    queued: u64,
    durable: u64,
    /// Whether somebody is writing.
    led: bool,
}

impl Group {
    /// Queues an event, and returns when it is durable: because another thread wrote it, or this one did.
    fn commit(&self, item: Item, payload: Vec<u8>) -> Result<()> {
        let mut queue = lock(&self.queue)?;
        queue.waiting.push((item, payload));
        queue.queued += 1;
        let own = queue.queued;
        while queue.durable < own {
            if queue.led {
                let woken = self.woken.wait(queue);
                queue = woken.ok().context("another thread panicked")?;
                continue;
            }
            queue.led = true;
            let (group, end) = (std::mem::take(&mut queue.waiting), queue.queued);
            drop(queue);
            let written = self.write(&group);
            queue = lock(&self.queue)?;
            queue.led = false;
            queue.durable = end;
            self.woken.notify_all();
            written?;
        }
        Ok(())
    }

    fn write(&self, group: &[(Item, Vec<u8>)]) -> Result<()> {
        let mut log = lock(&self.log)?;
        for (item, payload) in group {
            log.append(*item, payload)?;
        }
        log.sync()
    }
}

impl Engine for Group {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        Ok(Box::new(Follower {
            group: self,
            payload: Vec::new(),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(LogReader {
            log: lock(&self.log)?,
            frame: Vec::new(),
        }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        lock(&self.log)?.sync()
    }
}

struct Follower<'a> {
    group: &'a Group,
    payload: Vec<u8>,
}

impl Writer for Follower<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        if self.group.durable {
            let mut payload = Vec::with_capacity(256);
            encode(item.payload(), &mut payload)?;
            return self.group.commit(item, payload);
        }
        let payload = encode(item.payload(), &mut self.payload)?;
        lock(&self.group.log)?.append(item, payload)
    }

    fn append_all(&mut self, _items: &[Item]) -> Result<()> {
        bail!("batches are `raw`")
    }
}
