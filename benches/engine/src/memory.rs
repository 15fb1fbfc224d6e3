//! How much memory this process has.

use std::fs;

use anyhow::{Context, Result};

/// The anonymous memory of this process (`RssAnon`): what is not backed by a file, in MiB.
pub(crate) fn anonymous_mib() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    let kib: f64 = kib.context("/proc/self/status has no RssAnon")?.parse()?;
    Ok(kib / 1024.0)
}
