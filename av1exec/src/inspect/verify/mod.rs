//! Verifies a result. All of it is decoded, and it is checked against the contract of its job if there is one. If
//! the original is available, the result's pictures are compared with it and scored.
//!
//! Nothing is written and nothing is locked: acting on the findings is left to a user or a script.

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

/// The `format` of a verification's JSON document.
pub const FORMAT: &str = "av1.verify";
/// The `version` of the document: `major.minor`.
pub const VERSION: &str = "1.0";

/// What to verify, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// ffmpeg and ffprobe.
    pub tools: &'a Tools,
    /// The jobs, one of which may have produced the result.
    pub jobs: &'a JobStore,
    /// The policy from which a contract is planned if no job has one.
    pub policy: &'a Config,
    /// The absolute path of the result.
    pub film: &'a Path,
    /// The paths by which the jobs may know the result: `film`, and the path that the user gave, which may contain
    /// symlinks.
    pub names: &'a [PathBuf],
    /// The absolute path of the original, if it is available.
    pub original: Option<&'a Path>,
    /// The metric by which pictures are scored; `None` for the best that ffmpeg has.
    pub metric: Option<MetricName>,
    /// How much of the film is scored.
    pub extent: Extent,
    /// How long ffmpeg may make no progress before it counts as stalled.
    pub stall: Duration,
}

/// The stage of a verification, for progress displays. Times are seconds of film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Stage {
    /// All packets are being read.
    Reading,
    /// The file's hash is being compared with the job's.
    Hashing,
    /// The whole file is being decoded.
    Decoding {
        /// Seconds done.
        done: u64,
        /// Seconds in total, if known.
        of: Option<u64>,
    },
    /// Parts are being compared with the original.
    Comparing,
    /// Pictures are being scored.
    Scoring {
        /// Seconds done.
        done: u64,
        /// Seconds in total, if known.
        of: Option<u64>,
    },
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// The document's version: `major.minor`.
    pub version: &'static str,
    /// The path of the verified file.
    #[serde(flatten)]
    pub path: PathDocument,
    /// Its size in bytes.
    pub size: u64,
    /// Whether no defect was found.
    pub good: bool,
    /// Where the contract came from: `job`, `original` (planned from the original) or `nothing` (there was none).
    pub contract: &'static str,
    /// The ID of the job that produced the file, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The defects of the file.
    pub defects: Vec<Finding>,
    /// What couldn't be checked, and other remarks.
    pub notes: Vec<Finding>,
    /// The scores of its pictures, if they were scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Summary>,
}

/// A defect or a remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The code, which stays the same over versions.
    pub code: &'static str,
    /// The text for users.
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

/// Verifies a result. Returns an error if a check couldn't be made, which says nothing about the result.
pub async fn verify(request: &Request<'_>, mut report: impl FnMut(Stage)) -> Result<Verification, Failure> {
    let size = Identity::of(request.film).map_err(|error| unreadable(request.film, &error))?.size;
    // A file that this user may not read isn't defective.
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
        report(Stage::Hashing);
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
    report(Stage::Reading);
    match gather.read().await.map_err(failed)? {
        Some(readable) => {
            let look = Look { request, basis: &basis, gather: &gather, readable: &readable };
            look.take(&mut verification, &mut report).await.map_err(failed)?;
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
