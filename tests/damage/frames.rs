//! Frames that lie where others should.

use std::ops::Range;
use std::path::PathBuf;

use super::image::{Damage, Image};
use crate::support::bodies;

/// Where the frames of an image lie.
fn places(image: &Image) -> Vec<(&PathBuf, Range<usize>)> {
    let mut places = Vec::new();
    for (path, bytes) in image.segments() {
        let frames = bodies(bytes).into_iter();
        places.extend(frames.map(|(at, len)| (path, at - 12..at + len)));
    }
    places
}

/// Each frame of these images in the place of each frame of the first, over whatever follows that is shorter.
pub fn spliced<'i>(
    image: &'i Image,
    sources: &[&'i Image],
) -> impl Iterator<Item = Damage> + Send + use<'i> {
    let frames = sources.iter().flat_map(|source| {
        let places = places(source).into_iter();
        places.map(|(path, place)| &source.files[path][place])
    });
    let mut frames: Vec<&[u8]> = frames.collect();
    frames.sort_unstable();
    frames.dedup();
    places(image).into_iter().flat_map(move |(path, place)| {
        let whole = &image.files[path];
        let others: Vec<_> = frames
            .iter()
            .copied()
            .filter(|frame| *frame != &whole[place.clone()])
            .collect();
        others.into_iter().enumerate().map(move |(at, frame)| {
            let mut bytes = whole.clone();
            let end = place.start + frame.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[place.start..end].copy_from_slice(frame);
            Damage::of(
                path,
                format_args!("frame {at} of others at {}", place.start),
                Some(bytes),
            )
        })
    })
}

/// Any two frames of one length in each other's place.
pub fn swapped(image: &Image) -> impl Iterator<Item = Damage> + Send {
    let places = places(image);
    let mut swapped = Vec::new();
    for (at, (path, place)) in places.iter().enumerate() {
        for (other, theirs) in &places[at + 1..] {
            if place.len() != theirs.len() {
                continue;
            }
            let (mut bytes, mut others) = (image.files[*path].clone(), image.files[*other].clone());
            bytes[place.clone()].copy_from_slice(&image.files[*other][theirs.clone()]);
            others[theirs.clone()].copy_from_slice(&image.files[*path][place.clone()]);
            let what = format!("frames swapped, {} and {}", place.start, theirs.start);
            if path == other {
                bytes[theirs.clone()].copy_from_slice(&others[theirs.clone()]);
                swapped.push(Damage::of(path, what, Some(bytes)));
            } else {
                swapped.push(Damage::of(path, what, Some(bytes)).and(other, others));
            }
        }
    }
    assert!(!swapped.is_empty(), "there are frames of one length");
    swapped.into_iter()
}
