//! The crates of a peer's users, on disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::graph::{SIZES, Size};
use crate::measure::{Cost, Rustc, processor_time};
use crate::peers::Peer;

/// A workspace with one crate per size, all with the same dependency.
pub(crate) struct Users {
    directory: PathBuf,
    target: PathBuf,
}

/// What was measured of one crate, or the first line of the error that it fails with.
pub(crate) type Measured = std::result::Result<Costs, String>;

/// What one crate costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    /// rustc alone.
    pub(crate) check: Cost,
    /// `cargo check`, with rustc in it.
    pub(crate) cargo: Cost,
    /// The pass of rustc that expands macros.
    pub(crate) expansion: Option<Cost>,
}

impl Users {
    /// Writes the workspace of a peer below `directory`.
    pub(crate) fn write(directory: &Path, peer: Peer) -> Result<Users> {
        let users = Users {
            directory: directory.join(peer.name()),
            target: directory.join("target"),
        };
        let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\nexclude = [\"target\"]\n";
        users.write_file("Cargo.toml", manifest)?;
        if peer == Peer::Batpak {
            // The dependencies of batpak in the versions that it is tested with.
            let lock = repository().join("Cargo.lock");
            let lock = fs::read_to_string(&lock)
                .with_context(|| format!("cannot read {}", lock.display()))?;
            users.write_file("Cargo.lock", &lock)?;
        }
        users.write_crate(&users.empty(), peer, &peer.empty())?;
        for size in SIZES {
            for fields in [false, true] {
                if !fields || peer.has_fields() {
                    let name = users.machine(size, fields);
                    users.write_crate(&name, peer, &peer.machine(size, fields))?;
                }
            }
        }
        Ok(users)
    }

    /// The name of the crate that needs the peer and does nothing.
    pub(crate) fn empty(&self) -> String {
        "empty".to_owned()
    }

    /// The name of the crate that is a machine.
    pub(crate) fn machine(&self, size: Size, fields: bool) -> String {
        let fields = if fields { "_with_fields" } else { "" };
        format!("machine_{}_{}{fields}", size.states, size.transitions)
    }

    fn write_crate(&self, name: &str, peer: Peer, source: &str) -> Result<()> {
        let dependency = match (peer, peer.version()) {
            (Peer::Batpak, _) => {
                format!("batpak = {{ path = {:?} }}\n", repository().join("batpak"))
            }
            (_, Some(version)) => format!("{} = \"={version}\"\n", peer.name()),
            (_, None) => String::new(),
        };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}"
        );
        self.write_file(&format!("{name}/Cargo.toml"), &manifest)?;
        self.write_file(&format!("{name}/src/lib.rs"), source)
    }

    fn write_file(&self, path: &str, text: &str) -> Result<()> {
        let path = self.directory.join(path);
        let written = match path.parent() {
            Some(parent) => fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)),
            None => fs::write(&path, text),
        };
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Checks a crate by cargo, which builds what it depends on, and then measures the check of the
    /// crate alone.
    pub(crate) fn measure(&self, name: &str, runs: usize) -> Measured {
        let words = |error: anyhow::Error| format!("{error:#}");
        let mut check = self.check(name).map_err(words)?;
        let (_, output) = processor_time(&mut check).map_err(words)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let first = said.lines().find(|line| line.starts_with("error"));
            return Err(first.unwrap_or("cargo gives no reason").to_owned());
        }
        let rustc = Rustc::from_verbose(&said, name, &self.directory).map_err(words)?;
        Ok(Costs {
            check: Cost::of(runs, || Ok(rustc.command(""))).map_err(words)?,
            cargo: Cost::of(runs, || self.check(name)).map_err(words)?,
            expansion: rustc.expansion(runs),
        })
    }

    /// `cargo check` of a crate whose source is newer than what was made of it.
    fn check(&self, name: &str) -> Result<Command> {
        let source = self.directory.join(name).join("src/lib.rs");
        File::options()
            .append(true)
            .open(&source)
            .and_then(|source| source.set_modified(SystemTime::now()))
            .with_context(|| format!("cannot touch {}", source.display()))?;
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .args(["check", "-v", "--package", name])
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", &self.target)
            // Without it, a second check of the same source would find its results again.
            .env("CARGO_INCREMENTAL", "0")
            // Not an empty one: cargo would then ask rustc three times more, at every check, who it is.
            .env_remove("RUSTC_WRAPPER")
            .env_remove("RUSTFLAGS");
        Ok(command)
    }
}

/// The root of the repository that this program is in.
fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
