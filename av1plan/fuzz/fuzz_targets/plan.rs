//! Reads any bytes as a probe, plans it, renders the command, writes the document and reads it back. `make fuzz` runs
//! it, starting with the corpus.
#![no_main]

use av1plan::command::{Audience, arguments};
use av1plan::wire::Document;
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict, explain, plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut probe) = MediaProbe::from_json(bytes) else { return };
    let _ = probe.add_frame(bytes);
    let name = probe.format.filename.clone().unwrap_or("Film.mkv".into());
    let file = FileFacts::new(name, 8 << 30);
    let config = Config::default().with_min_bytes(0);
    let verdict = plan(&Source::new(&file, &probe), &Toolchain::assumed(), &config);
    let _ = explain::table(verdict.decisions());
    if let Verdict::Encode(plan) = &verdict {
        let _ = arguments(plan, Audience::Program);
    }
    let written = Document::new(b"/films/Film.mkv", 8 << 30, b"/films/.Film.mkv", &verdict).to_json();
    let read = Document::from_json(written.as_bytes()).expect("what is written can be read");
    assert_eq!(read.verdict().expect("and means the same"), verdict);
});
