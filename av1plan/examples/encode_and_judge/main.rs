//! Plans a film, encodes it, and judges the result, in three steps. The plan and the report of the run are stored in
//! files between the steps, so each step may run in another process, or on another day:
//!
//! ```sh
//! encode_and_judge plan Film.mkv work && encode_and_judge encode Film.mkv work && encode_and_judge judge Film.mkv work
//! ```
//!
//! Exit codes: 0 if the step was done and the result accepted; 1 if the film is skipped or the result not accepted; 2
//! for an error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

#[allow(unreachable_pub, reason = "it is a module of its own wherever it is copied to")]
mod recipe;

use std::error::Error;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use av1plan::judge::RunReport;
use av1plan::wire::Document;
use av1plan::{Config, EncodePlan, FileFacts, Judgement, Source, Verdict};

fn main() -> ExitCode {
    match step() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn step() -> Result<bool, Box<dyn Error>> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [step, film, folder] = &args[..] else {
        return Err("usage: encode_and_judge plan|encode|judge FILM FOLDER".into());
    };
    let (film, folder) = (fs::canonicalize(film)?, fs::canonicalize(folder)?);
    let (result, report) = (folder.join("result"), folder.join("run.json"));
    match step.to_str() {
        Some("plan") => plan(&film, &folder),
        Some("encode") => {
            let plan = stored_plan(&folder)?;
            let run = recipe::encode(&plan, &film, &result)?;
            fs::write(report, serde_json::to_vec(&run)?)?;
            println!("{run}");
            Ok(true)
        }
        Some("judge") => {
            let run: RunReport = serde_json::from_slice(&fs::read(report)?)?;
            let plan = stored_plan(&folder)?;
            let judgement = recipe::check(&plan, &run, &film, &result)?;
            show(&judgement);
            Ok(judgement == Judgement::Accept)
        }
        _ => Err("the steps are plan, encode and judge".into()),
    }
}

/// Plans a film of any size in bytes, and stores the plan.
fn plan(film: &Path, folder: &Path) -> Result<bool, Box<dyn Error>> {
    let probe = recipe::probe_film(film)?;
    let name = film.file_name().unwrap_or_default().to_string_lossy();
    let file = FileFacts::new(name, fs::metadata(film)?.len());
    let config = Config::default().with_min_bytes(0);
    let verdict = av1plan::plan(&Source::new(&file, &probe), &recipe::toolchain()?, &config);
    let (source, output) = (film.as_os_str().as_bytes(), folder.join("result"));
    let document = Document::new(source, file.size, output.as_os_str().as_bytes(), &verdict);
    fs::write(folder.join("plan.json"), document.to_json())?;
    match verdict {
        Verdict::Encode(plan) => println!("{}", plan.video.settings),
        Verdict::Skip(skip) => {
            println!("{}: {}", skip.reason.code(), skip.reason);
            return Ok(false);
        }
    }
    Ok(true)
}

fn show(judgement: &Judgement) {
    match judgement {
        Judgement::Accept | Judgement::TooBig { .. } => println!("{}: {judgement}", judgement.code()),
        Judgement::Defective(defects) => {
            for defect in defects {
                println!("defect [{}]: {defect}", defect.code());
            }
        }
        Judgement::Incomplete { missing } => {
            for piece in missing {
                println!("missing [{}]: {piece}", piece.code());
            }
        }
    }
}

fn stored_plan(folder: &Path) -> Result<Box<EncodePlan>, Box<dyn Error>> {
    match Document::from_json(&fs::read(folder.join("plan.json"))?)?.verdict()? {
        Verdict::Encode(plan) => Ok(plan),
        Verdict::Skip(_) => Err("that plan is to skip the film".into()),
    }
}
