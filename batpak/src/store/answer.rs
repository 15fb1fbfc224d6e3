//! What the index answers to a plan.

use std::ops::RangeInclusive;

use super::StoreError;
use super::index::{Postings, Term, View};
use super::plan::{self, Cursor, Entities, Planned, Source};
use crate::coordinate::Coordinate;
use crate::event::{EventId, EventKind, Region};

/// Decides how the region is read.
pub(crate) fn plan_region(
    region: &Region,
    view: &View,
) -> Result<Planned<Answer<Postings>>, StoreError> {
    plan::plan(region, &Answer(view))
}

/// An answer of the index, as plans take it.
#[derive(Debug)]
pub(crate) struct Answer<T>(pub(crate) T);

impl Source for Answer<&View> {
    type Postings = Answer<Postings>;

    fn published(&self) -> u64 {
        self.0.published()
    }

    fn postings(&self, term: Term<'_>) -> Result<Self::Postings, StoreError> {
        Ok(Answer(self.0.postings(&term)))
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, StoreError> {
        Ok(self.0.find_id(id)?)
    }

    fn kinds(&self) -> Result<Vec<EventKind>, StoreError> {
        Ok(self.0.kinds()?)
    }

    fn streams(
        &self,
        entities: Entities<'_>,
    ) -> impl Iterator<Item = Result<Coordinate, StoreError>> {
        let (prefix, name) = match entities {
            Entities::Beginning(prefix) => (prefix, None),
            Entities::Named(name) => (name, Some(name.to_owned())),
        };
        let mut streams = self.0.streams(prefix);
        let next = std::iter::from_fn(move || streams.next().map_err(StoreError::from).transpose());
        next.take_while(move |stream| match (stream, &name) {
            (Ok(stream), Some(name)) => stream.entity() == name,
            _ => true,
        })
    }

    fn first_position_at(&self, time_us: u64) -> Result<RangeInclusive<u64>, StoreError> {
        let first = self.0.first_position_at(time_us)?;
        Ok(first..=(first + 256).min(self.0.published() + 1))
    }
}

impl Cursor for Answer<Postings> {
    fn seek(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        Ok(self.0.seek(at)?)
    }

    fn seek_back(&mut self, at: u64) -> Result<Option<u64>, StoreError> {
        Ok(self.0.seek_back(at)?)
    }

    fn estimate(&mut self) -> Result<u64, StoreError> {
        Ok(self.0.estimate()?)
    }
}
