//! The manual has a cure for whatever the compiler says in the UI tests.

use std::collections::BTreeSet;

use super::sources::{directory, files};

const MANUAL: &[&str] = &[
    include_str!("../../docs/state_machine_errors.md"),
    include_str!("../../docs/event_errors.md"),
    include_str!("../../docs/gate.md"),
    include_str!("../../docs/projection.md"),
];

#[test]
fn the_manual_has_every_message_of_the_ui_tests() {
    let manual = MANUAL.join("\n");
    let known: Vec<String> = manual.lines().map(words).collect();
    let mut missing = BTreeSet::new();
    let mut count = 0;
    for program in files(&directory("ui-tests").join("fail")) {
        let said = std::fs::read_to_string(program.with_extension("stderr")).unwrap();
        for message in said.lines().filter_map(message) {
            let stretch = longest_stretch(message);
            count += 1;
            if !known.iter().any(|line| line.contains(&stretch)) {
                missing.insert(message.to_owned());
            }
        }
    }
    assert!(count > 100, "only {count} messages were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The text of a line that begins an error.
fn message(line: &str) -> Option<&str> {
    let (head, message) = line.split_once(": ")?;
    (head == "error" || head.starts_with("error[")).then_some(message)
}

/// The longest part of a message that is the same for all programs: no name and no number.
fn longest_stretch(message: &str) -> String {
    let is_number = |word: &str| word.contains(|c: char| c.is_ascii_digit());
    let outside_of_quotes = message.split('`').step_by(2);
    let stretches = outside_of_quotes.flat_map(|part| {
        let part: Vec<&str> = part.split(' ').collect();
        let stretches = part.split(|word| is_number(word));
        stretches
            .map(|stretch| words(&stretch.join(" ")))
            .collect::<Vec<_>>()
    });
    stretches.max_by_key(String::len).unwrap_or_default()
}

/// The words in lower case, between which there is one space.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphabetic());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_lowercase()
}
