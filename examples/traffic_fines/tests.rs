//! The example as its user meets it: as a process, with good and with bad input. The unit tests of
//! its modules run here too.

#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "`main` is run as a process")]
#[path = "main.rs"]
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The program, which `cargo test` builds beside the tests.
fn program() -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    let path = profile.join("examples/traffic_fines");
    assert!(path.exists(), "build it first: cargo build --examples");
    Command::new(path)
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("traffic_fines/sample.xes")
}

fn report(arguments: &[&str]) -> Value {
    let output = run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.is_empty(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The message of a run that fails.
fn failure(arguments: &[&str]) -> String {
    let output = run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(output.stdout.is_empty(), "a failed run reports nothing");
    errors
}

/// The report without what differs from run to run.
fn facts(mut report: Value) -> Value {
    for key in ["import_events_per_second", "projection_events_per_second"] {
        let speed = report.as_object_mut().unwrap().remove(key).unwrap();
        assert!(speed.as_f64().unwrap() > 0.0, "{key}");
    }
    report
}

/// Computed from the sample by another program than this one.
fn expected() -> Value {
    serde_json::from_str(include_str!("sample.report.json")).unwrap()
}

#[test]
fn the_report_of_the_sample_is_the_one_computed_by_other_means() {
    let mut expected = expected();
    expected["durability"] = json!("written, and one sync at the end");
    assert_eq!(facts(report(&["--json"])), expected);
}

#[test]
fn a_durable_import_reports_the_same() {
    let mut expected = expected();
    expected["durability"] = json!("durable: one sync per case");
    assert_eq!(facts(report(&["--json", "--durable"])), expected);
}

#[test]
fn a_compressed_log_reports_the_same() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("sample.xes.gz");
    let file = fs::File::create(&path).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &fs::read(sample()).unwrap()).unwrap();
    gzip.finish().unwrap();
    let mut expected = expected();
    expected["durability"] = json!("written, and one sync at the end");
    assert_eq!(facts(report(&["--json", path.to_str().unwrap()])), expected);
}

#[test]
fn the_report_for_people_has_the_same_numbers() {
    let output = run(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    let expected = expected();
    let euros = |key: &str| {
        let cents = expected[key].as_u64().unwrap();
        format!("{}.{:02}", cents / 100, cents % 100)
    };
    for line in [
        "40 cases with 197 events in the log",
        "digest chain of every stream: whole",
        "header's totals: as the log holds them",
        "Settled / Payment",
        &format!(
            "{:>9}  Settled",
            expected["final_states"]["Settled"].as_u64().unwrap()
        ),
        &format!("collected   {:>14}", euros("recorded_paid_cents")),
        &format!("outstanding {:>14}", euros("outstanding_cents")),
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn a_header_that_names_an_activity_which_never_happens_is_right() {
    let text = fs::read_to_string(sample()).unwrap();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.xes");
    let total = r#"<int key="Payment" value="#;
    let more = format!(r#"<int key="Never" value="0"/>{total}"#);
    fs::write(&path, text.replacen(total, &more, 1)).unwrap();
    assert_eq!(
        report(&["--json", path.to_str().unwrap()])["header_totals_match"],
        true
    );
}

#[test]
fn the_readme_shows_the_diagram_that_the_macro_makes() {
    let diagram = String::from_utf8(run(&["--diagram"]).stdout).unwrap();
    assert!(diagram.contains("[*] --> Unissued") && diagram.contains("InCollection --> [*]"));
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"));
    assert!(
        readme.unwrap().contains(&diagram),
        "README.md does not show\n{diagram}"
    );
}

#[test]
fn a_kept_store_can_be_opened_and_is_not_imported_into_twice() {
    let dir = TempDir::new().unwrap();
    let store = dir.path().join("fines");
    let kept = ["--json", "--store", store.to_str().unwrap()];
    let first = facts(report(&kept));
    assert_eq!(first["recorded"], expected()["recorded"]);
    let error = failure(&kept);
    assert!(error.contains("already holds"), "{error}");
    let store = batpak::Store::open(batpak::StoreConfig::new(&store)).unwrap();
    assert!(store.verify().unwrap().digests_checked);
    let error = failure(&kept);
    assert!(error.contains("is in use"), "{error}");
}

#[test]
fn a_store_of_another_format_is_refused_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let note = dir.path().join("note.txt");
    fs::write(&note, "mine").unwrap();
    let error = failure(&["--store", dir.path().to_str().unwrap()]);
    assert!(
        error.contains("not a batpak store") && error.contains("note.txt"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&note).unwrap(), "mine");
}

/// Runs a log that is the sample with `from` replaced by `to` where it first stands in a case.
fn spoilt(from: &str, to: &str) -> String {
    let text = fs::read_to_string(sample()).unwrap();
    let (header, cases) = text.split_at(text.find("<trace>").unwrap());
    assert!(cases.contains(from), "{from:?} is not in the sample");
    broken([header, &cases.replacen(from, to, 1)].concat().as_bytes())
}

/// The message for a log of these bytes, whose store can be opened afterwards.
fn broken(log: &[u8]) -> String {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("broken.xes");
    fs::write(&path, log).unwrap();
    let store = dir.path().join("store");
    let error = failure(&[path.to_str().unwrap(), "--store", store.to_str().unwrap()]);
    assert!(error.starts_with("error: "), "{error}");
    assert!(
        error.contains("broken.xes"),
        "the file is not named: {error}"
    );
    let store = batpak::Store::open(batpak::StoreConfig::new(store)).unwrap();
    store.verify().unwrap();
    error
}

#[test]
fn bad_input_is_named_by_file_and_line_or_case_and_leaves_the_store_openable() {
    let missing = failure(&["/no/such/log.xes"]);
    assert!(
        missing.contains("/no/such/log.xes") && missing.contains("No such file"),
        "{missing}"
    );

    let text = fs::read_to_string(sample()).unwrap();
    let truncated = broken(&text.as_bytes()[..text.len() / 2]);
    assert!(truncated.contains("broken.xes:"), "no line: {truncated}");

    let cases = [
        (spoilt("</event>", "</evnt>"), "broken.xes:"),
        (
            spoilt(r#"value="Create Fine"/>"#, r#"value="Create Fined"/>"#),
            "unknown activity `Create Fined`",
        ),
        (
            spoilt(
                r#"key="amount" value="35.0""#,
                r#"key="amount" value="35.x""#,
            ),
            "`35.x` is not an amount",
        ),
        (
            spoilt(
                r#"key="amount" value="35.0""#,
                r#"key="amount" value="35.001""#,
            ),
            "`35.001` is not an amount",
        ),
        (
            spoilt(r#"<float key="amount""#, r#"<float key="amounted""#),
            "has no attribute `amount`",
        ),
        (spoilt("T00:00:00", "T25:00:00"), "is not a date and time"),
        (
            spoilt(r#"value="S02""#, r#"value="S01""#),
            "the case is there twice",
        ),
    ];
    for (error, part) in cases {
        assert!(error.contains(part), "{part:?} is not in {error}");
        let place = error.contains("(case \"S0") || error.contains("broken.xes:");
        assert!(place, "neither line nor case: {error}");
    }
}

#[test]
fn a_header_whose_totals_are_not_those_of_the_log_is_warned_of() {
    let text = fs::read_to_string(sample()).unwrap();
    let total = format!(
        r#"key="Create Fine" value="{}""#,
        expected()["events_by_activity"]["Create Fine"]
    );
    assert!(text.contains(&total), "{total}");
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.xes");
    fs::write(
        &path,
        text.replacen(&total, r#"key="Create Fine" value="9""#, 1),
    )
    .unwrap();
    let output = run(&["--json", path.to_str().unwrap()]);
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["header_totals_match"], false);
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(
        warning.contains("the header says 9 events of `Create Fine`"),
        "{warning}"
    );
}
