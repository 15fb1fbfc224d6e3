//! How much memory this process has, and what the system has of files in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

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

/// How many bytes this process had read from disks, and not from the system's memory.
pub(crate) fn read_from_disk() -> Result<u64> {
    let counts = fs::read_to_string("/proc/self/io")?;
    let mut lines = counts.lines();
    let bytes = lines.find_map(|line| line.strip_prefix("read_bytes: "));
    Ok(bytes.context("/proc/self/io has no read_bytes")?.parse()?)
}

/// Reads all files below a directory once, so that the system has of them what fits into its memory.
pub(crate) fn warm(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            warm(&path)?;
        } else {
            io::copy(&mut File::open(path)?, &mut io::sink())?;
        }
    }
    Ok(())
}
