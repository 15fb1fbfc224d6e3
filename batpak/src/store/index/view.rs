use std::collections::BTreeSet;
use std::sync::Arc;

use super::part::Part;
use super::term::TermKey;
use super::{FrameSpan, IndexError, Postings, Shape, StreamHead, Streams, Tail, Term};
use crate::event::{EventId, EventKind};
use crate::store::table::WordPage;

/// The index as a reader sees it: it does not change, and knows of no event above a position.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(super) shape: Arc<Shape>,
    published: u64,
}

impl View {
    pub(super) fn new(shape: Arc<Shape>, published: u64) -> Self {
        Self { shape, published }
    }

    /// The position of the last event that it knows of.
    pub(crate) fn published(&self) -> u64 {
        self.published
    }

    /// The newest event of a stream.
    pub(crate) fn head(&self, entity: &str, scope: &str) -> Result<Option<StreamHead>, IndexError> {
        let hash = Tail::stream_hash(entity, scope);
        for tail in self.tails() {
            let head = tail
                .tail
                .read()
                .head_until(hash, (entity, scope), self.published);
            if head.is_some() {
                return Ok(head);
            }
        }
        let mut key = TermKey::of(&Term::Stream { entity, scope });
        let hash = key.filter_hash();
        for part in self.parts().rev() {
            let head = part.head(&mut key, hash, self.published)?;
            if head.is_some() {
                return Ok(head);
            }
        }
        Ok(None)
    }

    /// Where the event at `position` lies; `None` if there is none.
    pub(crate) fn locate(&self, position: u64) -> Result<Option<FrameSpan>, IndexError> {
        if position > self.published {
            return Ok(None);
        }
        match self.shape.part_at(position) {
            Some(part) => part.locate(position, &mut None).map(Some),
            None => Ok(self.locate_in_tail(position)),
        }
    }

    fn locate_in_tail(&self, position: u64) -> Option<FrameSpan> {
        let tail = self.shape.tail_at(position)?;
        tail.tail.read().locate(position)
    }

    /// As [`Self::locate`], for many positions that follow one another or lie close together.
    pub(crate) fn places(&self) -> Places {
        Places {
            view: self.clone(),
            open: None,
        }
    }

    /// The position of the event with this id.
    pub(crate) fn find_id(&self, id: EventId) -> Result<Option<u64>, IndexError> {
        for tail in self.tails() {
            if let Some(position) = tail.tail.read().find_id(id) {
                return Ok(Some(position).filter(|position| *position <= self.published));
            }
        }
        for part in self.parts().rev() {
            if let Some(position) = part.find_id(id.as_u128())? {
                return Ok(Some(position).filter(|position| *position <= self.published));
            }
        }
        Ok(None)
    }

    /// The positions of the events that have a term in common.
    pub(crate) fn postings(&self, term: &Term<'_>) -> Postings {
        Postings::new(self, term)
    }

    /// The streams whose entities begin with `prefix`, by entity and scope.
    pub(crate) fn streams(&self, prefix: &str) -> Streams {
        Streams::new(self.clone(), prefix)
    }

    /// The same up to an earlier position.
    pub(crate) fn until(&self, position: u64) -> Self {
        Self::new(Arc::clone(&self.shape), position.min(self.published))
    }

    /// The same up to the end of its last part: what is in a part is published.
    pub(crate) fn whole(&self) -> Self {
        let parts_end = self.shape.parts.last().map_or(0, |part| part.last());
        Self::new(Arc::clone(&self.shape), self.published.max(parts_end))
    }

    /// The position of the event of a stream that has this revision; that behind the last event if
    /// the stream has no such event.
    pub(crate) fn position_of(
        &self,
        entity: &str,
        scope: &str,
        revision: u64,
    ) -> Result<u64, IndexError> {
        // The event lies at or behind `low`, and `high` is behind it, if it is there.
        let (mut low, mut high) = (1, self.published + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let head = self.until(middle).head(entity, scope)?;
            match head.filter(|head| head.revision >= revision) {
                // Nothing of the stream lies between its head and the middle.
                Some(head) if head.revision == revision => return Ok(head.position),
                Some(head) => high = head.position,
                None => low = middle + 1,
            }
        }
        Ok(low)
    }

    /// The kinds of its events, and perhaps of some above it.
    pub(crate) fn kinds(&self) -> Result<Vec<EventKind>, IndexError> {
        let mut kinds = BTreeSet::new();
        for part in self.parts() {
            part.kinds(&mut kinds)?;
        }
        for tail in self.tails() {
            kinds.extend(tail.tail.read().kinds());
        }
        Ok(kinds.into_iter().collect())
    }

    /// A position at or before that of the first event whose time is at least `time_us`, and less
    /// than 256 before it; that behind the last event if all are older.
    pub(crate) fn first_position_at(&self, time_us: u64) -> Result<u64, IndexError> {
        let parts = &self.shape.parts;
        let older = parts.partition_point(|part| part.last_time_us() < time_us);
        let first = match parts.get(older) {
            Some(part) => part.first_position_at(time_us)?,
            None => self.first_in_tails_at(time_us),
        };
        Ok(first.min(self.published + 1))
    }

    fn first_in_tails_at(&self, time_us: u64) -> u64 {
        for tail in &self.shape.tails {
            let tail = tail.tail.read();
            let first = tail.first_position_at(time_us);
            if first <= tail.last() {
                return first;
            }
        }
        self.published + 1
    }

    /// The parts that begin with an event which the view knows of.
    pub(super) fn parts(&self) -> impl DoubleEndedIterator<Item = &Arc<Part>> {
        let parts = self.shape.parts.iter();
        parts.filter(|part| part.first() <= self.published)
    }

    /// The tails that begin so, the newest first.
    pub(super) fn tails(&self) -> impl Iterator<Item = &super::SharedTail> {
        let tails = self.shape.tails.iter().rev();
        tails.filter(|tail| tail.first <= self.published)
    }
}

/// Answers where events lie, and keeps at hand what it read last.
#[derive(Debug)]
pub(crate) struct Places {
    view: View,
    /// A part, and the page of offsets that was asked last.
    open: Option<(Arc<Part>, Option<WordPage>)>,
}

impl Places {
    /// What it answers from.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// Where the event at `position` lies; `None` if there is none.
    pub(crate) fn locate(&mut self, position: u64) -> Result<Option<FrameSpan>, IndexError> {
        if position > self.view.published {
            return Ok(None);
        }
        if let Some((part, page)) = &mut self.open
            && (part.first()..=part.last()).contains(&position)
        {
            return part.locate(position, page).map(Some);
        }
        match self.view.shape.part_at(position) {
            Some(part) => {
                let (part, page) = self.open.insert((Arc::clone(part), None));
                part.locate(position, page).map(Some)
            }
            None => Ok(self.view.locate_in_tail(position)),
        }
    }
}
