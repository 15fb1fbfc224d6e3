//! The engines, one file each.

mod batpak;
mod batpak_0_10;
mod fjall;
mod lmdb;
mod raw;
mod raw_group;
mod record;
mod redb;
mod sqlite;
mod tephra;
mod umadb;

use anyhow::{Context, Result};

use crate::subject::Subject;

pub(crate) use batpak::{Grown, open_grown, read_only};

/// All subjects, in the order of the tables.
pub(crate) const SUBJECTS: [&dyn Subject; 12] = [
    &raw::BUFFERED,
    &raw::WRITTEN,
    &raw_group::RawGroup,
    &batpak::BATPAK,
    &batpak::WITH_REDB,
    &batpak_0_10::Batpak010,
    &tephra::Tephra,
    &umadb::UmaDb,
    &sqlite::Sqlite,
    &redb::Redb,
    &lmdb::Lmdb,
    &fjall::Fjall,
];

/// The subject with this name.
pub(crate) fn find(name: &str) -> Result<&'static dyn Subject> {
    let found = SUBJECTS.into_iter().find(|subject| subject.name() == name);
    found.with_context(|| format!("there is no subject `{name}`"))
}
