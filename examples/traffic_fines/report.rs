//! The report: folded from the store alone, by projections.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use batpak::prelude::*;
use chrono::Datelike;
use serde::Serialize;

use super::cents::Cents;
use super::fine::{Fine, FineEvent, FineFold, SCOPE, Time};
use super::import::{DENIED_SCOPE, ImportEvent};

/// How many events of each kind were recorded.
#[derive(Debug, Default)]
struct Recorded {
    by_kind: BTreeMap<&'static str, u64>,
}

#[projection(version = 1)]
impl Recorded {
    #[on(
        FineEvent::CreateFine
            | FineEvent::SendFine
            | FineEvent::InsertFineNotification
            | FineEvent::AddPenalty
            | FineEvent::InsertDateAppealToPrefecture
            | FineEvent::SendAppealToPrefecture
            | FineEvent::ReceiveResultAppealFromPrefecture
            | FineEvent::NotifyResultAppealToOffender
            | FineEvent::AppealToJudge
            | FineEvent::SendForCreditCollection
            | FineEvent::Payment
    )]
    fn recorded(&mut self, meta: &EventMeta<'_>) {
        let entry = FineEvent::entry(meta.kind);
        *self
            .by_kind
            .entry(entry.map_or("", |entry| entry.name))
            .or_default() += 1;
    }

    fn total(&self) -> u64 {
        self.by_kind.values().sum()
    }
}

/// What was collected in each calendar year, in the time of the payments themselves.
#[derive(Debug, Default)]
struct Collected {
    cents_by_year: BTreeMap<i32, Cents>,
    payments: u64,
}

#[projection(version = 1)]
impl Collected {
    #[on(FineEvent::Payment)]
    fn paid(&mut self, at: &Time, amount: &Cents) {
        let year = self.cents_by_year.entry(at.year()).or_default();
        *year = *year + *amount;
        self.payments += 1;
    }
}

/// What the import has said: where cases ended early, and what the log holds.
#[derive(Debug, Default)]
struct Imports {
    deviations: BTreeMap<String, u64>,
    denied: u64,
    cases: u64,
    events: u64,
    events_by_activity: BTreeMap<String, u64>,
    declared: Option<BTreeMap<String, u64>>,
    not_recorded: u64,
    seen: u64,
}

#[projection(version = 1)]
impl Imports {
    #[on(ImportEvent::Deviated)]
    fn deviated(&mut self, state: &str, activity: &str, not_recorded: &u64) {
        *self
            .deviations
            .entry(format!("{state} / {activity}"))
            .or_default() += 1;
        self.not_recorded += not_recorded;
        self.seen += 1;
    }

    #[on(ImportEvent::Denied)]
    fn denied(&mut self, not_recorded: &u64) {
        self.denied += 1;
        self.not_recorded += not_recorded;
        self.seen += 1;
    }

    #[on(ImportEvent::Finished)]
    fn finished(
        &mut self,
        cases: &u64,
        events: &u64,
        events_by_activity: &BTreeMap<String, u64>,
        declared: &Option<BTreeMap<String, u64>>,
    ) {
        self.cases = *cases;
        self.events = *events;
        self.events_by_activity.clone_from(events_by_activity);
        self.declared.clone_from(declared);
        self.seen += 1;
    }
}

/// What the store says of the fines.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Cases in the log.
    cases: u64,
    /// Events in the log.
    events: u64,
    /// Events of fines in the store.
    recorded: u64,
    /// Cases all of whose events were recorded.
    conforming_cases: u64,
    /// Cases that ended at an event for which the machine has no arm.
    deviating_cases: u64,
    /// Cases that ended at a payment that the gate denied.
    denied: u64,
    final_states: BTreeMap<&'static str, u64>,
    deviations: BTreeMap<String, u64>,
    events_by_activity: BTreeMap<String, u64>,
    recorded_by_kind: BTreeMap<&'static str, u64>,
    recorded_paid_cents: Cents,
    outstanding_cents: Cents,
    collected_cents_by_year: BTreeMap<i32, Cents>,
    /// Whether the log holds what its header says, if that says anything.
    header_totals_match: Option<bool>,
    /// Whether the digest chain of every stream was computed anew and found whole.
    chain_verified: bool,
    import_events_per_second: f64,
    projection_events_per_second: f64,
    /// The durability that the import ran with.
    durability: &'static str,
    #[serde(skip)]
    declared: Option<BTreeMap<String, u64>>,
}

impl Report {
    /// Folds the report from the store.
    pub(crate) fn of(
        store: &Store,
        import_events_per_second: f64,
        durability: &'static str,
    ) -> Result<Self, StoreError> {
        let begun = Instant::now();
        let fines = Region::all().scope(SCOPE);
        let recorded: Recorded = store.fold(&fines)?;
        let collected: Collected = store.fold(&fines)?;
        let imports: Imports = store.fold(&Region::all().scope(DENIED_SCOPE))?;
        let mut final_states: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut outstanding = Cents::default();
        let mut streams = 0;
        for coordinate in store.streams() {
            let coordinate = coordinate?;
            if coordinate.scope() != SCOPE {
                continue;
            }
            let fine: FineFold = store.project(&coordinate)?;
            *final_states.entry(fine.state.name()).or_default() += 1;
            outstanding = outstanding + fine.data.outstanding();
            streams += 1;
        }
        let seconds = begun.elapsed().as_secs_f64();
        // Every fine is folded by itself, all are once more for the totals.
        let folded = 2 * recorded.total() + collected.payments + imports.seen;
        let unissued = imports.cases.saturating_sub(streams);
        if unissued > 0 {
            *final_states.entry(Fine::Unissued.name()).or_default() += unissued;
        }
        let deviating_cases = imports.deviations.values().sum();
        let mut report = Self {
            cases: imports.cases,
            events: imports.events,
            recorded: recorded.total(),
            conforming_cases: imports
                .cases
                .saturating_sub(deviating_cases + imports.denied),
            deviating_cases,
            denied: imports.denied,
            final_states,
            deviations: imports.deviations,
            header_totals_match: None,
            events_by_activity: imports.events_by_activity,
            recorded_by_kind: recorded.by_kind,
            recorded_paid_cents: collected.cents_by_year.values().copied().sum(),
            outstanding_cents: outstanding,
            collected_cents_by_year: collected.cents_by_year,
            chain_verified: store.verify()?.digests_checked,
            import_events_per_second: import_events_per_second.round(),
            projection_events_per_second: (folded as f64 / seconds).round(),
            durability,
            declared: imports.declared,
        };
        report.header_totals_match = report
            .declared
            .as_ref()
            .map(|_| report.header_mismatches().is_empty());
        Ok(report)
    }

    /// Where the log does not hold what its header says: activity, header's total, log's total.
    pub(crate) fn header_mismatches(&self) -> Vec<(&str, u64, u64)> {
        let Some(declared) = &self.declared else {
            return Vec::new();
        };
        let activities = declared.keys().chain(self.events_by_activity.keys());
        let mut mismatches: Vec<_> = activities
            .map(|activity| {
                let total = |of: &BTreeMap<String, u64>| of.get(activity).copied().unwrap_or(0);
                (
                    activity.as_str(),
                    total(declared),
                    total(&self.events_by_activity),
                )
            })
            .filter(|(_, declared, found)| declared != found)
            .collect();
        mismatches.sort_unstable();
        mismatches.dedup();
        mismatches
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} cases with {} events in the log",
            self.cases, self.events
        )?;
        writeln!(f, "{} events recorded ({})", self.recorded, self.durability)?;
        writeln!(
            f,
            "{} cases conform, {} deviate, {} ended at a denied payment",
            self.conforming_cases, self.deviating_cases, self.denied
        )?;
        counts(f, "final states", &self.final_states)?;
        counts(f, "deviations: state / activity", &self.deviations)?;
        counts(f, "activities in the log", &self.events_by_activity)?;
        counts(f, "recorded kinds", &self.recorded_by_kind)?;
        writeln!(f, "\ncollected by year")?;
        for (year, cents) in &self.collected_cents_by_year {
            writeln!(f, "  {year}  {:>14}", cents.to_string())?;
        }
        writeln!(
            f,
            "\ncollected   {:>14}",
            self.recorded_paid_cents.to_string()
        )?;
        writeln!(f, "outstanding {:>14}", self.outstanding_cents.to_string())?;
        let header = match self.header_totals_match {
            Some(true) => "as the log holds them",
            Some(false) => "NOT as the log holds them",
            None => "none",
        };
        writeln!(f, "header's totals: {header}")?;
        let chain = if self.chain_verified {
            "whole"
        } else {
            "not there"
        };
        writeln!(f, "digest chain of every stream: {chain}")?;
        writeln!(f, "imported {:.0} events/s", self.import_events_per_second)?;
        write!(
            f,
            "folded   {:.0} events/s",
            self.projection_events_per_second
        )
    }
}

fn counts<N: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    counts: &BTreeMap<N, u64>,
) -> fmt::Result {
    writeln!(f, "\n{title}")?;
    counts
        .iter()
        .try_for_each(|(name, count)| writeln!(f, "  {count:>9}  {name}"))
}
