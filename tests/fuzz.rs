//! The fuzz targets, each run for a moment on bytes that look random: long runs are for `cargo fuzz`.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use batpak::testing::Random;

use crate::support::setting;

/// How many inputs each target gets, if `BATPAK_TEST_INPUTS` does not say otherwise; the seeds are those from
/// `BATPAK_TEST_SEED` (or 0) on, and the one that fails is printed.
fn run(target: fn(&[u8]), inputs: u64) {
    let first = setting("BATPAK_TEST_SEED", 0);
    for seed in first..first + setting("BATPAK_TEST_INPUTS", inputs) {
        let mut random = Random::new(seed);
        let len = random.below(400);
        let data: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
        // It is shown if the test fails.
        println!("the input of seed {seed}");
        target(&data);
    }
}

#[test]
fn any_body_of_a_frame_is_refused_or_read_again_as_it_was_read() {
    run(targets::bodies::run, 200);
}

#[test]
fn any_bytes_of_a_segment_are_refused_or_read_again_as_they_were_read() {
    run(targets::segments::run, 200);
}

#[test]
fn any_block_of_the_index_gives_events_of_the_log_or_an_error() {
    run(targets::index::run, 100);
}

#[test]
fn any_payload_decodes_to_an_event_or_an_error() {
    run(targets::payloads::run, 20_000);
}

#[test]
fn any_steps_of_a_program_and_any_crash_leave_what_was_acknowledged() {
    run(targets::operations::run, 100);
}
