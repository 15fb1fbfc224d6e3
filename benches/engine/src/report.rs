//! What came out, as tables in Markdown and as JSON.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;

use crate::run::{Cell, Plan};
use crate::workloads::{Amount, Measured, Workload};

/// The whole of it.
#[derive(Serialize)]
pub(crate) struct Report {
    rounds: usize,
    cores: usize,
    amount: Amount,
    tables: Vec<Table>,
}

/// One workload.
#[derive(Serialize)]
struct Table {
    workload: &'static str,
    unit: &'static str,
    baseline: &'static str,
    rows: Vec<Row>,
}

/// One subject.
#[derive(Serialize)]
struct Row {
    subject: &'static str,
    values: Vec<f64>,
    median: Option<f64>,
    /// The median of the rounds' ratios to the baseline.
    ratio: Option<f64>,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    anonymous_mib: Option<f64>,
    first_ms: Option<f64>,
    writer_alone: Option<f64>,
    writer_followed: Option<f64>,
    /// What part of its speed the writer keeps when it is followed.
    writer_keeps: Option<f64>,
    note: Option<String>,
}

impl Report {
    /// Puts the cells together.
    pub(crate) fn new(plan: &Plan, cells: &[Cell]) -> Self {
        let tables = plan.workloads.iter().map(|&workload| {
            let row = |cell: &&Cell| cell.workload == workload;
            table(workload, &cells.iter().filter(row).collect::<Vec<_>>())
        });
        Self {
            rounds: plan.rounds,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            amount: plan.amount,
            tables: tables.collect(),
        }
    }

    /// The tables, to be read.
    pub(crate) fn markdown(&self) -> Result<String> {
        let mut out = String::new();
        let Amount {
            events,
            stored,
            seconds,
        } = self.amount;
        writeln!(
            out,
            "{} rounds on {} cores; at most {events} events per append that is not durable, {stored} events \
             stored, {seconds} s each.",
            self.rounds, self.cores
        )?;
        self.summary(&mut out)?;
        for table in &self.tables {
            table.markdown(&mut out)?;
        }
        Ok(out)
    }

    /// The ratios of all workloads in one table.
    fn summary(&self, out: &mut String) -> Result<()> {
        let Some(first) = self.tables.first() else {
            return Ok(());
        };
        let subjects: Vec<_> = first.rows.iter().map(|row| row.subject).collect();
        writeln!(
            out,
            "\n### ratios\n\nThose of times and bytes are better if they are less.\n"
        )?;
        writeln!(out, "| to | workload | {} |", subjects.join(" | "))?;
        writeln!(out, "| --- | --- |{}", " ---: |".repeat(subjects.len()))?;
        for table in &self.tables {
            let cells = table.rows.iter().map(|row| format!(" {} |", ratio(row)));
            let cells: String = cells.collect();
            writeln!(out, "| {} | {} |{cells}", table.baseline, table.workload)?;
        }
        Ok(())
    }

    /// All numbers.
    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

fn table(workload: Workload, cells: &[&Cell]) -> Table {
    let baseline = workload.baseline();
    let base = cells.iter().find(|cell| cell.subject == baseline);
    Table {
        workload: workload.name(),
        unit: workload.unit(),
        baseline,
        rows: cells.iter().map(|cell| row(cell, base)).collect(),
    }
}

fn row(cell: &Cell, base: Option<&&Cell>) -> Row {
    let median_of =
        |part: fn(&Measured) -> Option<f64>| median(cell.rounds.iter().filter_map(part).collect());
    let ratios = base.map_or(Vec::new(), |base| {
        let pairs = cell.rounds.iter().zip(&base.rounds);
        pairs.map(|(own, base)| own.value / base.value).collect()
    });
    Row {
        subject: cell.subject,
        values: cell.rounds.iter().map(|round| round.value).collect(),
        median: median_of(|round| Some(round.value)),
        ratio: median(ratios),
        p50_us: median_of(|round| round.p50_us),
        p99_us: median_of(|round| round.p99_us),
        anonymous_mib: median_of(|round| round.anonymous_mib),
        first_ms: median_of(|round| round.first_ms),
        writer_alone: median_of(|round| round.writer_alone),
        writer_followed: median_of(|round| round.writer_followed),
        writer_keeps: median_of(|round| Some(round.writer_followed? / round.writer_alone?)),
        note: cell.note.clone(),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    let even = values.len().is_multiple_of(2);
    Some(if even {
        f64::midpoint(values[middle - 1], upper)
    } else {
        upper
    })
}

/// A column that only some tables have.
type Extra = (&'static str, fn(&Row) -> Option<f64>);

const EXTRAS: [Extra; 7] = [
    ("p50 us", |row| row.p50_us),
    ("p99 us", |row| row.p99_us),
    ("anonymous MiB", |row| row.anonymous_mib),
    ("first ms", |row| row.first_ms),
    ("writer alone", |row| row.writer_alone),
    ("followed", |row| row.writer_followed),
    ("% of it", |row| Some(row.writer_keeps? * 100.0)),
];

impl Table {
    fn markdown(&self, out: &mut String) -> Result<()> {
        let has = |extra: &&Extra| self.rows.iter().any(|row| extra.1(row).is_some());
        let extras: Vec<_> = EXTRAS.iter().filter(has).collect();
        writeln!(out, "\n### {}\n\n{}.\n", self.workload, self.unit)?;
        write!(
            out,
            "| subject | median | min .. max | to {} |",
            self.baseline
        )?;
        for (title, _) in &extras {
            write!(out, " {title} |")?;
        }
        writeln!(
            out,
            "\n| --- | ---: | ---: | ---: |{}",
            " ---: |".repeat(extras.len())
        )?;
        for row in self.rows.iter().filter(|row| !row.values.is_empty()) {
            let spread = match (least(&row.values), most(&row.values)) {
                (Some(least), Some(most)) => format!("{} .. {}", number(least), number(most)),
                _ => String::new(),
            };
            let median = row.median.map(number).unwrap_or_default();
            let ratio = row
                .ratio
                .map(|ratio| format!("{ratio:.3}"))
                .unwrap_or_default();
            write!(out, "| {} | {median} | {spread} | {ratio} |", row.subject)?;
            for (_, extra) in &extras {
                write!(out, " {} |", extra(row).map(number).unwrap_or_default())?;
            }
            writeln!(out)?;
        }
        let notes = self
            .rows
            .iter()
            .filter_map(|row| Some((row.subject, row.note.as_ref()?)));
        let notes: Vec<_> = notes
            .map(|(subject, note)| format!("{subject}: {note}"))
            .collect();
        if !notes.is_empty() {
            writeln!(out, "\nEmpty: {}.", notes.join("; "))?;
        }
        Ok(())
    }
}

fn ratio(row: &Row) -> String {
    row.ratio
        .map(|ratio| format!("{ratio:.3}"))
        .unwrap_or_default()
}

fn least(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

fn most(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

/// With commas between thousands; with digits after the point only if it is small.
fn number(value: f64) -> String {
    if value < 1_000.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
