//! Plans from a saved ffprobe document. The capabilities of ffmpeg are assumed, not queried.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use av1exec::settings::Settings;
use av1exec::sys::sanitize::display;
use av1plan::probe::FileFacts;
use av1plan::{MediaProbe, Source, Toolchain};

use super::film::Planned;
use crate::args::PlanArgs;
use av1exec::sys::failure::{Exit, Failure};

pub(super) fn plan_document(document: &Path, args: &PlanArgs, settings: &Settings) -> Result<Exit, Failure> {
    let failed = |why: String| {
        Failure::new(Exit::Failed, format!("failed to read {}: {why}", display(document)))
            .hint("make it with: ffprobe -v error -of json -show_format -show_streams -show_chapters FILE")
    };
    let bytes = read(document).map_err(|error| failed(error.to_string()))?;
    let probe = MediaProbe::from_json(&bytes).map_err(|error| failed(error.to_string()))?;
    let Some(size) = args.size.or(probe.format.size) else {
        return Err(Failure::new(Exit::Usage, "the document doesn't say how large the film is")
            .hint("give its bytes with --size"));
    };
    let own_name = probe.format.filename.as_deref().map(Path::new);
    let name = args.name.as_deref().map(Path::new).or(own_name).and_then(Path::file_name);
    let Some(name) = name else {
        return Err(Failure::new(Exit::Usage, "the document doesn't say what the film is called")
            .hint("give its name with --name"));
    };
    let facts = FileFacts::new(name.to_string_lossy(), size);
    let source = Source::new(&facts, &probe);
    let verdict = av1plan::plan(&source, &Toolchain::assumed(), &settings.policy);
    let planned = Planned { path: PathBuf::from(name), size, verdict };
    planned.print(args, &OsString::from("ffmpeg"))?;
    Ok(Exit::Done)
}

fn read(document: &Path) -> std::io::Result<Vec<u8>> {
    if document == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(document)
}
