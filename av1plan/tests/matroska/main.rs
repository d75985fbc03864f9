//! Tests of what is read of Matroska files: of files that the usual tools made, of bytes made by hand, and of hostile
//! ones.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

mod build;
mod by_hand;
mod files;
mod hostile;
mod properties;
mod segment;

use std::convert::Infallible;

use av1plan::probe::matroska::{self, MatroskaFacts};

/// What is read of a file that consists of these bytes.
#[track_caller]
fn read(file: &[u8]) -> Option<MatroskaFacts> {
    let (facts, cost) = read_with_cost(file);
    assert!(cost.is_bounded(), "{cost:?}");
    facts
}

/// How often, and how many bytes in all, a file was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cost {
    reads: u32,
    bytes: u64,
}

impl Cost {
    fn is_bounded(self) -> bool {
        self.reads <= 1024 && self.bytes <= 16 << 20
    }
}

fn read_with_cost(file: &[u8]) -> (Option<MatroskaFacts>, Cost) {
    let mut cost = Cost::default();
    let facts = matroska::read(file.len() as u64, |offset, length| {
        let rest = usize::try_from(offset).ok().and_then(|offset| file.get(offset..)).unwrap_or_default();
        let bytes = rest.get(..length).unwrap_or(rest);
        cost.reads += 1;
        cost.bytes += length as u64;
        Ok::<_, Infallible>(bytes.to_vec())
    });
    (facts.unwrap(), cost)
}

/// What is read of a file that must be Matroska, and readable without a gap.
#[track_caller]
fn whole(file: &[u8]) -> MatroskaFacts {
    let facts = read(file).unwrap();
    assert!(!facts.incomplete, "{facts:?}");
    facts
}

/// What is read of a file that must be Matroska, but has something that can't be read.
#[track_caller]
fn broken(file: &[u8]) -> MatroskaFacts {
    let facts = read(file).unwrap();
    assert!(facts.incomplete, "{facts:?}");
    facts
}
