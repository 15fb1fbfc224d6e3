//! What an editor with rust-analyzer offers while a machine is being typed.
//!
//! ```sh
//! cargo test -p batpak-ui-tests --test completion -- --ignored
//! ```
//!
//! Needs `rust-analyzer` on the `PATH`, or its path in `RUST_ANALYZER`, and the sources of the standard library:
//! the component `rust-src`, or its folder `library` in `RUST_SRC_PATH`. `ROWS` takes a part of a name: only rows
//! with it are asked.
//!
//! Each row types something into `pass/order.rs`, which rust-analyzer has open, and asks one question. The table of
//! all answers is printed; the test fails if one is not as expected.

mod rows;
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rows::{Expected, ROWS, Row};
use server::{Result, Server};

const ORDER: &str = include_str!("../pass/order.rs");

/// The cursor, in what a row types.
const CURSOR: &str = "$0";

#[test]
#[ignore = "needs rust-analyzer, and minutes"]
fn rust_analyzer_helps_while_a_machine_is_being_typed() -> Result<()> {
    let command = rust_analyzer()?;
    require_std_sources()?;
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("completion");
    let file = write_crate(&home)?;
    let mut server = Server::start(&command, &home, &file, ORDER)?;
    let part = std::env::var("ROWS").unwrap_or_default();
    let mut out = std::io::stdout();
    let (mut asked, mut failed) = (0, 0);
    for row in ROWS.iter().filter(|row| row.name.contains(&part)) {
        let answer = ask(&mut server, row)?;
        asked += 1;
        match (answer, row.lost) {
            (None, false) => writeln!(out, "ok     {}", row.name)?,
            (None, true) => writeln!(out, "gained {}", row.name)?,
            (Some(_), true) => writeln!(out, "lost   {} (known)", row.name)?,
            (Some(answer), false) => {
                failed += 1;
                writeln!(out, "LOST   {}: {answer}", row.name)?;
            }
        }
    }
    if asked == 0 {
        return Err(format!("no row has {part:?} in its name").into());
    }
    writeln!(out, "{} of {asked} as expected", asked - failed)?;
    assert_eq!(failed, 0, "what was expected of {failed} rows is lost");
    Ok(())
}

/// The command that starts rust-analyzer, if there is one that works.
fn rust_analyzer() -> Result<String> {
    let command = std::env::var("RUST_ANALYZER").unwrap_or_else(|_| "rust-analyzer".to_owned());
    // A toolchain may have a proxy of that name that only says that the component is missing.
    match Command::new(&command).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(command),
        _ => Err(format!(
            "`{command}` does not run: put rust-analyzer on the PATH, or its path into RUST_ANALYZER"
        )
        .into()),
    }
}

/// Without them, rust-analyzer would have rustup install them, which changes what rustc says about std and so
/// what the programs in `fail` are compared with.
fn require_std_sources() -> Result<()> {
    let sources = match std::env::var("RUST_SRC_PATH") {
        Ok(path) => PathBuf::from(path),
        Err(_) => {
            let output = Command::new("rustc")
                .args(["--print", "sysroot"])
                .output()?;
            let sysroot = String::from_utf8(output.stdout)?;
            Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library")
        }
    };
    if sources.is_absolute() && sources.join("core/Cargo.toml").is_file() {
        return Ok(());
    }
    Err(format!(
        "no sources of std in {}: `rustup component add rust-src`, or their folder `library` into RUST_SRC_PATH",
        sources.display()
    )
    .into())
}

/// A crate of its own around the order; returns the path of its one file.
fn write_crate(home: &Path) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    let batpak = workspace.join("batpak");
    let source = home.join("src");
    std::fs::create_dir_all(&source)?;
    let manifest = format!(
        "[package]\nname = \"order\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nbatpak = {{ path = {batpak:?} }}\n\n[workspace]\n"
    );
    std::fs::write(home.join("Cargo.toml"), manifest)?;
    std::fs::copy(workspace.join("Cargo.lock"), home.join("Cargo.lock"))?;
    let file = source.join("main.rs");
    std::fs::write(&file, ORDER)?;
    Ok(file)
}

/// What is missing from the answer, or in it and should not be; `None` if it is as expected.
fn ask(server: &mut Server, row: &Row) -> Result<Option<String>> {
    let (text, cursor) = typed(row)?;
    server.write(&text)?;
    Ok(match row.expected {
        Expected::Offers(wanted, unwanted) => {
            let names = server.completions(&text, cursor)?;
            let is_offered = |name: &&&str| names.iter().any(|offered| offered == *name);
            let missing: Vec<_> = wanted.iter().filter(|name| !is_offered(name)).collect();
            let wrong: Vec<_> = unwanted.iter().filter(is_offered).collect();
            let is_right = missing.is_empty() && wrong.is_empty();
            (!is_right).then(|| {
                let count = names.len();
                format!("{count} offered, {missing:?} missing, {wrong:?} too many")
            })
        }
        Expected::LeadsTo(wanted) => {
            let lines = server.definitions(&text, cursor)?;
            let lines: Vec<&str> = lines
                .iter()
                .filter_map(|line| text.lines().nth(*line))
                .collect();
            let is_right = lines.iter().any(|line| line.contains(wanted));
            (!is_right).then(|| format!("leads to {lines:?}"))
        }
        Expected::Shows(wanted) => {
            let shown = server.hover(&text, cursor)?;
            (!shown.contains(wanted)).then(|| format!("shows {shown:?}"))
        }
        Expected::ErrorsAt(places) => {
            let is_elsewhere = |(line, _): &(usize, String)| {
                let line = text.lines().nth(*line).unwrap_or_default();
                !places.iter().any(|place| line.contains(place))
            };
            let mut errors = server.errors()?;
            errors.retain(is_elsewhere);
            (!errors.is_empty()).then(|| format!("errors (by line, from 0) {errors:?}"))
        }
    })
}

/// The text after what the row types, and where the cursor is in it.
fn typed(row: &Row) -> Result<(String, usize)> {
    let mut text = ORDER.to_owned();
    for (old, new) in row.typed {
        if text.matches(old).count() != 1 {
            return Err(format!("{}: {old:?} is not in the order exactly once", row.name).into());
        }
        text = text.replace(old, new);
    }
    let cursor = text.find(CURSOR).unwrap_or(0);
    Ok((text.replace(CURSOR, ""), cursor))
}
