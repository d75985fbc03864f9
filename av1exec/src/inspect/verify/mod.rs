//! Is a result what it should be? All of it is decoded, and held against the contract that it was made under, where there is one; with the
//! original, its pictures are compared and scored.
//!
//! Nothing is written and nothing locked: what is found is for a person or a script to act on.

mod basis;
mod look;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use av1plan::Config;
use av1plan::judge::{Defect, MetricName};
use av1plan::wire::PathDocument;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::ffmpeg::evidence::Gather;
pub use crate::ffmpeg::quality::Extent;
pub use crate::ffmpeg::scores::{Summary, Worst};
use crate::ffmpeg::tools::Tools;
use crate::state::jobs::JobStore;
use crate::sys::disk::{self, Identity};
use crate::sys::failure::{Exit, Failure};
use crate::sys::path::path_document;
use crate::sys::sanitize::display;
use basis::Basis;
use look::Look;

/// What the document of a verification calls itself.
pub const FORMAT: &str = "av1.verify";
/// Its version: `major.minor`.
pub const VERSION: &str = "1.0";

/// What is to be verified, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// ffmpeg and ffprobe.
    pub tools: &'a Tools,
    /// The jobs, one of which may have made it.
    pub jobs: &'a JobStore,
    /// By which the contract is drawn up where no job tells of one.
    pub policy: &'a Config,
    /// The result; its path is absolute.
    pub film: &'a Path,
    /// The names by which the jobs may know it: this one, and that by which it was named, through links.
    pub names: &'a [PathBuf],
    /// What it was made from, where that is there; absolute, too.
    pub original: Option<&'a Path>,
    /// How pictures are scored; the best there is without it.
    pub metric: Option<MetricName>,
    /// How much of them.
    pub extent: Extent,
    /// How long ffmpeg may show no sign of life.
    pub stall: Duration,
}

/// What is being done, for whoever waits. Times are seconds of film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// All packets are read.
    Reading,
    /// All bytes are held against the job's hash.
    Hashing,
    /// All of it is decoded.
    Decoding {
        /// How far.
        done: u64,
        /// Of how much, where that is known.
        of: Option<u64>,
    },
    /// Parts are compared with the original.
    Comparing,
    /// Pictures are scored.
    Scoring {
        /// How far.
        done: u64,
        /// Of how much, where that is known.
        of: Option<u64>,
    },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// `major.minor`.
    pub version: &'static str,
    /// The result.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its bytes.
    pub size: u64,
    /// Whether no defect was found.
    pub good: bool,
    /// What it was held against: `job`, `original` or `nothing`.
    pub contract: &'static str,
    /// The job that made it, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What is wrong with it.
    pub defects: Vec<Finding>,
    /// What couldn't be checked, and what is worth knowing.
    pub notes: Vec<Finding>,
    /// How its pictures score, where they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Summary>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code.
    pub code: &'static str,
    /// The sentence.
    pub text: String,
}

impl From<&Defect> for Finding {
    fn from(defect: &Defect) -> Self {
        Self { code: defect.code(), text: defect.to_string() }
    }
}

impl Finding {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Verifies a result. A check that couldn't be made is a failure, which is no verdict on it.
pub async fn verify(request: &Request<'_>, mut tell: impl FnMut(Stage)) -> Result<Verification, Failure> {
    let size = Identity::of(request.film).map_err(|error| unreadable(request.film, &error))?.size;
    // What this user may not read isn't broken.
    disk::open(request.film).map_err(|error| unreadable(request.film, &error))?;
    let basis = Basis::of(request).await?;
    let mut verification = Verification {
        format: FORMAT,
        version: VERSION,
        path: path_document(request.film),
        size,
        good: false,
        contract: basis.name(),
        job: basis.job.as_ref().map(|job| job.id.clone()),
        defects: Vec::new(),
        notes: basis.note.clone().into_iter().collect(),
        picture: None,
    };
    let failed = |error: io::Error| failed(request.film, &error);
    if let Some(job) = &basis.job {
        tell(Stage::Hashing);
        let found = basis::compare_bytes(request.film, job).await.map_err(failed)?;
        match found {
            Some(finding) if finding.code == basis::CONTENT_CHANGED => verification.defects.push(finding),
            found => verification.notes.extend(found),
        }
    }
    let gather = Gather {
        tools: request.tools,
        result: request.film,
        size,
        original: basis.original.as_ref().map(|original| original.path.as_path()),
        plan: basis.plan.as_deref(),
        stall: request.stall,
    };
    tell(Stage::Reading);
    match gather.read().await.map_err(failed)? {
        Some(readable) => {
            let look = Look { request, basis: &basis, gather: &gather, readable: &readable };
            look.take(&mut verification, &mut tell).await.map_err(failed)?;
        }
        None => verification.defects.push(Finding::from(&Defect::Unreadable)),
    }
    verification.good = verification.defects.is_empty();
    Ok(verification)
}

fn failed(film: &Path, error: &io::Error) -> Failure {
    let message = format!("failed to verify {}: {error}", display(film));
    Failure::new(Exit::Failed, message).hint("this says nothing of the film; try again once that is mended")
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Exit::Failed, format!("failed to look at {}: {error}", display(path)));
    failure.hint("give the path of a regular file that this user may read")
}
