//! UmaDB's core: an event store whose events are found by their types and tags, driven as its server
//! drives it, by a writer thread behind a channel.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, oneshot, watch};
use umadb_core::db::UmaDb as Database;
use umadb_core::mvcc::{Mvcc, StorageOptions};
use umadb_core::writer_thread_blocking::writer_thread_blocking;
use umadb_core::writer_thread_request::WriterThreadRequest as Request;
use umadb_dcb::{
    DcbAppendCondition, DcbEvent, DcbEventStoreSync, DcbQuery, DcbQueryItem, DcbResult,
};
use uuid::Uuid;

use crate::event::{Item, KIND_NAMES, Payload, decode, encode, entity_name, scope_name, scope_of};
use crate::subject::{Engine, IN_FLIGHT, On, Reader, Settings, Subject, Writer};
use crate::workloads::Workload;

/// As in its server.
const CHANNEL: usize = 1_024;
/// As in its server.
const MAX_BATCH_EVENTS: usize = 2_048;
const CACHE_MB: usize = 256;

/// The server's defaults, with a cache; entity, scope and id of an event are tags.
pub(crate) struct UmaDb;

impl Subject for UmaDb {
    fn name(&self) -> &'static str {
        "umadb"
    }

    fn lacks(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::Subscribers8 => Some("its core has none, and every append is durable"),
            _ => workload
                .is_undurable_append()
                .then_some("every append is durable"),
        }
    }

    fn has_conditions(&self) -> bool {
        true
    }

    fn open(&self, directory: &Path, settings: Settings) -> Result<Box<dyn Engine>> {
        let options = StorageOptions::default().db_path(directory);
        let mvcc = Arc::new(Mvcc::new(false, options.page_cache_max_mb(CACHE_MB))?);
        let database = Database::from_arc(Arc::clone(&mvcc));
        let (requests, taken) = mpsc::channel(CHANNEL);
        let (head, _) = watch::channel(database.head()?);
        let work = move || writer_thread_blocking(mvcc, taken, head, MAX_BATCH_EVENTS);
        let name = |entity| (entity_name(entity), scope_name(scope_of(entity)));
        Ok(Box::new(Open {
            database,
            requests,
            thread: std::thread::spawn(work),
            names: (0..settings.entities).map(name).collect(),
        }))
    }
}

struct Open {
    database: Database,
    requests: mpsc::Sender<Request>,
    thread: JoinHandle<()>,
    /// Of each entity, and its scope.
    names: Vec<(String, String)>,
}

impl Engine for Open {
    fn writer(&self) -> Result<Box<dyn Writer + '_>> {
        Ok(Box::new(Appender {
            open: self,
            payload: Vec::new(),
            under_way: VecDeque::new(),
        }))
    }

    fn reader(&self) -> Result<Box<dyn Reader + '_>> {
        Ok(Box::new(Look { open: self }))
    }

    fn close(self: Box<Self>) -> Result<()> {
        let sent = self.requests.blocking_send(Request::Shutdown);
        sent.ok().context("the writer thread is gone")?;
        self.thread
            .join()
            .ok()
            .context("the writer thread panicked")
    }
}

type Answer = oneshot::Receiver<DcbResult<u64>>;

struct Appender<'a> {
    open: &'a Open,
    payload: Vec<u8>,
    under_way: VecDeque<Answer>,
}

fn id_tag(id: u128) -> String {
    format!("id:{id:032x}")
}

impl Appender<'_> {
    fn event(&mut self, item: Item) -> Result<DcbEvent> {
        let (entity, scope) = &self.open.names[item.entity];
        Ok(DcbEvent {
            event_type: KIND_NAMES[item.kind()].to_owned(),
            tags: vec![entity.clone(), scope.clone(), id_tag(item.id())],
            data: encode(item.payload(), &mut self.payload)?.to_vec(),
            uuid: Some(Uuid::from_u128(item.id())),
            metadata: Vec::new(),
        })
    }

    fn send(&mut self, items: &[Item], condition: Option<DcbAppendCondition>) -> Result<Answer> {
        let events = items.iter().map(|item| self.event(*item));
        let (response_tx, answer) = oneshot::channel();
        let request = Request::Append {
            events: events.collect::<Result<_>>()?,
            condition,
            tracking_info: None,
            response_tx,
            cancel: None,
        };
        let sent = self.open.requests.blocking_send(request);
        sent.ok().context("the writer thread is gone")?;
        Ok(answer)
    }
}

fn wait(answer: Answer) -> Result<u64> {
    Ok(answer.blocking_recv()??)
}

impl Writer for Appender<'_> {
    fn append(&mut self, item: Item) -> Result<()> {
        wait(self.send(&[item], None)?)?;
        Ok(())
    }

    fn append_all(&mut self, items: &[Item]) -> Result<()> {
        wait(self.send(items, None)?)?;
        Ok(())
    }

    fn append_on(&mut self, item: Item, on: Option<On>) -> Result<u64> {
        let condition = match on {
            None => None,
            Some(On::NoneBehind(position)) => {
                let query = with(&self.open.names[item.entity].0);
                Some(DcbAppendCondition::new(query).after(Some(position)))
            }
            Some(On::NoneWithId) => Some(DcbAppendCondition::new(with(&id_tag(item.id())))),
        };
        wait(self.send(&[item], condition)?)
    }

    fn submit(&mut self, item: Item) -> Result<()> {
        if self.under_way.len() == IN_FLIGHT
            && let Some(oldest) = self.under_way.pop_front()
        {
            wait(oldest)?;
        }
        let answer = self.send(&[item], None)?;
        self.under_way.push_back(answer);
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.under_way
            .drain(..)
            .try_for_each(|answer| wait(answer).map(drop))
    }
}

struct Look<'a> {
    open: &'a Open,
}

fn with(tag: &str) -> DcbQuery {
    DcbQuery::new().item(DcbQueryItem::new().tags([tag]))
}

impl Look<'_> {
    fn one(&self, query: Option<DcbQuery>, start: Option<u64>) -> Result<DcbEvent> {
        let mut found = self.open.database.read(query, start, false, Some(1))?;
        Ok(found.next().context("no such event")??.event)
    }
}

impl Reader for Look<'_> {
    fn get(&mut self, position: u64) -> Result<Payload> {
        decode(&self.one(None, Some(position))?.data)
    }

    fn id_at(&mut self, position: u64) -> Result<u128> {
        let id = self.one(None, Some(position))?.uuid;
        Ok(id.context("no id")?.as_u128())
    }

    fn get_by_id(&mut self, id: u128) -> Result<Payload> {
        decode(&self.one(Some(with(&id_tag(id))), None)?.data)
    }

    fn stream_behind(
        &mut self,
        entity: usize,
        mut last: u64,
        each: &mut dyn FnMut(Payload),
    ) -> Result<u64> {
        let query = Some(with(&self.open.names[entity].0));
        let start = Some(last + 1);
        for found in self.open.database.read(query, start, false, None)? {
            let found = found?;
            each(decode(&found.event.data)?);
            last = found.position;
        }
        Ok(last)
    }

    /// By pages: a read has all its events in memory.
    fn scan(&mut self, each: &mut dyn FnMut(Payload)) -> Result<()> {
        const PAGE: u32 = 1_000;
        let mut next = 1;
        loop {
            let start = next;
            for found in self
                .open
                .database
                .read(None, Some(start), false, Some(PAGE))?
            {
                let found = found?;
                next = found.position + 1;
                each(decode(&found.event.data)?);
            }
            if next == start {
                return Ok(());
            }
        }
    }
}
