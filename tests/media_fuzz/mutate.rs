//! The ways in which disks, cables and interrupted copies damage files.

use fastrand::Rng;
use strum::{Display, EnumIter};

/// A way to damage a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Mutation {
    /// Single bits are flipped, anywhere.
    Flip,
    /// A block is zeroed, as after a failed write.
    Zero,
    /// The end is missing.
    Cut,
    /// A piece in the middle is missing.
    Hole,
    /// Random bytes are inserted.
    Garbage,
    /// Two blocks are swapped.
    Swap,
    /// Bytes in the first kilobyte are changed.
    Header,
    /// The file is appended to itself.
    Twice,
    /// A length field of the container is changed.
    Length,
}

/// Markers next to length fields: boxes of MP4, elements of Matroska, chunks of AVI, objects of WMV.
const MARKS: [&[u8]; 16] = [
    b"moov",
    b"mdat",
    b"trak",
    b"stsz",
    b"stco",
    b"stts",
    b"stsd",
    b"elst",
    b"RIFF",
    b"LIST",
    b"idx1",
    b"00dc",
    b"\x1f\x43\xb6\x75",
    b"\x16\x54\xae\x6b",
    b"\x1c\x53\xbb\x6b",
    b"\x30\x26\xb2\x75",
];

impl Mutation {
    /// Damages the file, and returns a description.
    pub(crate) fn apply(self, film: &mut Vec<u8>, chance: &mut Rng) -> String {
        let length = film.len();
        let at = chance.usize(..length);
        let block = chance.usize(1..(length / 4).clamp(2, 65_536));
        let end = (at + block).min(length);
        match self {
            Self::Flip => {
                let flips = chance.usize(1..40);
                for _ in 0..flips {
                    film[chance.usize(..length)] ^= 1 << chance.u8(..8);
                }
                format!("{flips} bits flipped")
            }
            Self::Zero => {
                film[at..end].fill(0);
                format!("zeros from {at} to {end}")
            }
            Self::Cut => {
                film.truncate(at.max(600));
                format!("cut to {} of {length}", film.len())
            }
            Self::Hole => {
                film.drain(at..end);
                format!("{at} to {end} taken out")
            }
            Self::Garbage => {
                let garbage: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(block).collect();
                film.splice(at..at, garbage);
                format!("{block} bytes put in at {at}")
            }
            Self::Swap => swap(film, block, chance),
            Self::Header => {
                let changed = chance.usize(1..12);
                for _ in 0..changed {
                    film[chance.usize(..length.min(1024))] = chance.u8(..);
                }
                format!("{changed} bytes of the header changed")
            }
            Self::Twice => {
                film.extend_from_within(..);
                "appended to itself".to_owned()
            }
            Self::Length => lengthen(film, chance),
        }
    }
}

fn swap(film: &mut [u8], block: usize, chance: &mut Rng) -> String {
    let block = block.min(film.len() / 2);
    let one = chance.usize(..=film.len() - 2 * block);
    let other = chance.usize(one + block..=film.len() - block);
    let (before, after) = film.split_at_mut(other);
    before[one..one + block].swap_with_slice(&mut after[..block]);
    format!("{block} bytes at {one} and {other} swapped")
}

/// Changes a length field next to a marker. MP4 has it before the marker, the other containers after it.
fn lengthen(film: &mut [u8], chance: &mut Rng) -> String {
    let marked: Vec<usize> = film
        .windows(4)
        .enumerate()
        .filter(|(at, window)| *at >= 4 && *at + 12 < film.len() && MARKS.contains(window))
        .map(|(at, _)| at)
        .collect();
    // Containers without such length fields (MPEG) get the number at a random place.
    let mark = chance.choice(&marked).copied().unwrap_or_else(|| chance.usize(4..film.len() - 12));
    let at = if chance.bool() { mark - 4 } else { mark + 4 };
    let small = chance.u32(..1000);
    let number = *chance.choice(&[0, 1, small, 0x7fff_ffff, 0xffff_ffff, 0x0100_0000]).unwrap();
    film[at..at + 4].copy_from_slice(&number.to_be_bytes());
    format!("the length at {at} is {number}")
}
