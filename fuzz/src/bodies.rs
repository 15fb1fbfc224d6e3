//! The bodies of frames: one segment, some of whose bodies are not as they were written, all under right checksums.
//!
//! What must hold is in [`examine`]: opening or reading is refused with the file's name, and nothing is changed by that,
//! or what was read once is read again. Beside damaged bodies, those before them are as they were.

use super::bytes::{Bytes, mutate};
use super::examine::examine;
use super::files::{Files, bodies, is_segment, segment, valid};

/// The bytes choose the bodies that are damaged and how, and whether the index is there.
pub fn run(data: &[u8]) {
    let mut by = Bytes::new(data);
    let (path, whole) = valid().iter().find(|(path, _)| is_segment(path)).unwrap();
    let mut changed: Vec<Vec<u8>> = Vec::new();
    let frames = bodies(whole);
    // Without the footer, which no newest segment has.
    for body in &frames[..frames.len() - 1] {
        changed.push(whole[body.clone()].to_vec());
    }
    let mut first = changed.len();
    for _ in 0..1 + by.byte() % 2 {
        let at = by.below(changed.len());
        first = first.min(at);
        match by.byte() % 8 {
            0 => changed.insert(at, by.some().to_vec()),
            1 => drop(changed.remove(at)),
            2 => changed.swap(at, frames.len() / 2),
            _ => mutate(&mut changed[at], &mut by),
        }
    }
    first = first.min(frames.len() / 2);
    let files: Files = [(
        path.clone(),
        segment(whole, changed.iter().map(Vec::as_slice)),
    )]
    .into();
    let before: Files = [(path.clone(), whole[..frames[frames.len() - 2].end].to_vec())].into();
    let expected = examine(&before).unwrap();
    if let Some(seen) = examine(&files) {
        let len = first.min(seen.len());
        assert!(
            seen[..len] == expected[..len],
            "what lies before is as it was"
        );
    }
}
