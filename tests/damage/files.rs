//! Damages to files as rows of bytes, and to their names.

use std::path::{Path, PathBuf};

use batpak::testing::Random;

use super::image::{Damage, Image, is_segment};
use crate::support::bodies;

type File<'i> = (&'i PathBuf, &'i Vec<u8>);

fn flip((path, bytes): File<'_>, bit: usize) -> Damage {
    let mut damaged = bytes.clone();
    damaged[bit / 8] ^= 1 << (bit % 8);
    Damage::of(path, format_args!("bit {bit} is flipped"), Some(damaged))
}

/// Each bit of a file; where there are but zeros, as in the room behind the log, one of each byte.
fn bits((path, bytes): File<'_>) -> impl Iterator<Item = Damage> + Send {
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 8;
    let bits = (0..8 * bytes.len()).filter(move |bit| *bit < 8 * end || bit % 9 == 0);
    bits.map(move |bit| flip((path, bytes), bit))
}

/// One bit of each byte of a file.
fn some_bits((path, bytes): File<'_>) -> impl Iterator<Item = Damage> + Send {
    (0..bytes.len()).map(move |at| flip((path, bytes), 8 * at + at % 8))
}

/// Each bit of each segment.
pub fn log_bits(image: &Image) -> impl Iterator<Item = Damage> + Send {
    image.segments().flat_map(bits)
}

/// One bit of each byte of each segment.
pub fn log_bytes(image: &Image) -> impl Iterator<Item = Damage> + Send {
    image.segments().flat_map(some_bits)
}

/// Each bit of the newest segment.
pub fn newest_bits(image: &Image) -> impl Iterator<Item = Damage> + Send {
    bits(image.newest())
}

/// Each bit of each other file.
pub fn derived_bits(image: &Image) -> impl Iterator<Item = Damage> + Send {
    image.derived().flat_map(bits)
}

/// Each file at each shorter length.
pub fn lengths(image: &Image) -> impl Iterator<Item = Damage> + Send {
    image.files.iter().flat_map(|(path, bytes)| {
        (0..bytes.len()).map(move |len| {
            let what = format_args!("cut to {len} bytes").to_string();
            Damage::of(path, what, Some(bytes[..len].to_vec()))
        })
    })
}

/// Each file gone.
pub fn missing(image: &Image) -> impl Iterator<Item = Damage> + Send {
    image
        .files
        .keys()
        .map(|path| Damage::of(path, "gone", None))
}

/// Each file in the place of each other, beside it, and swapped with it; and under the names of files that there might
/// be.
pub fn misnamed(image: &Image) -> impl Iterator<Item = Damage> + Send {
    let last = image.last();
    let free = (1..=last + 2).flat_map(move |first| {
        let segment = PathBuf::from(format!("/store/segments/{first:020}.seg"));
        let lasts = first..=last + 2;
        let parts = lasts.map(move |last| format!("/store/index/{first:020}-{last:020}.idx"));
        parts.map(PathBuf::from).chain([segment])
    });
    let free: Vec<_> = free
        .filter(|name| !image.files.contains_key(name))
        .collect();
    image.files.iter().flat_map(move |(path, bytes)| {
        let others = image.files.iter().filter(move |(other, _)| *other != path);
        let replaced = others.clone().map(move |(other, _)| {
            Damage::of(
                other,
                format_args!("replaced by {}", path.display()),
                Some(bytes.clone()),
            )
        });
        let swapped = others
            .filter(move |(other, _)| *other > path)
            .map(move |(other, theirs)| {
                let what = format_args!("swapped with {}", other.display()).to_string();
                Damage::of(path, what, Some(theirs.clone())).and(other, bytes.clone())
            });
        // A name that fits the file in form.
        let fits = |name: &&PathBuf| is_segment(name) == is_segment(path);
        let copied = free.iter().filter(fits).map(|name| {
            Damage::of(
                name,
                format_args!("copied from {}", path.display()),
                Some(bytes.clone()),
            )
        });
        let copied: Vec<_> = copied.collect();
        replaced.chain(swapped).chain(copied)
    })
}

/// Each file with something behind it.
pub fn longer(image: &Image) -> impl Iterator<Item = Damage> + Send {
    image.files.iter().flat_map(|(path, bytes)| {
        tails(path, bytes).into_iter().map(move |tail| {
            let what =
                format_args!("{} bytes longer, from {:?} on", tail.len(), tail.first()).to_string();
            Damage::of(path, what, Some([bytes.as_slice(), &tail].concat()))
        })
    })
}

fn tails(path: &Path, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut tails = Vec::new();
    let mut random = Random::new(bytes.len() as u64);
    for len in [1, 3, 4, 11, 12, 13, 80, 99, 100, 512, 4_096, 5_000] {
        tails.push(vec![0; len]);
        tails.push(vec![0xFF; len]);
        for _ in 0..8 {
            tails.push((0..len).map(|_| random.below(256) as u8).collect());
        }
    }
    if is_segment(path) {
        let frames = bodies(bytes).into_iter();
        let frames = frames.map(|(at, len)| bytes[at - 12..at + len].to_vec());
        tails.extend(frames);
    }
    // The file itself, and its own end.
    tails.push(bytes.to_vec());
    tails.push(bytes[bytes.len() / 2..].to_vec());
    tails
}
