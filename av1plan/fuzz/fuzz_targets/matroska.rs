//! Reads any bytes as a Matroska file. It costs little, and what is read can be written and read again. `make fuzz
//! TARGET=matroska` runs it, starting with the files of `tests/data/matroska`.
#![no_main]

use std::convert::Infallible;

use av1plan::probe::matroska::{MatroskaFacts, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let mut reads = 0;
    let facts = read(file.len() as u64, |offset, length| {
        reads += 1;
        let rest = usize::try_from(offset).ok().and_then(|offset| file.get(offset..)).unwrap_or_default();
        Ok::<_, Infallible>(rest.get(..length).unwrap_or(rest).to_vec())
    });
    assert!(reads <= 1024);
    let Ok(Some(facts)) = facts else { return };
    assert!(facts.chapters().count() <= 4096 && facts.chapters().all(|chapter| chapter.depth < 8));
    let written = serde_json::to_vec(&facts).expect("it can be written");
    assert_eq!(serde_json::from_slice::<MatroskaFacts>(&written).expect("and read"), facts);
});
