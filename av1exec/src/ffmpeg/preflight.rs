//! Encodes a few seconds of a film before the film itself, and judges them.

use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::command::preflight_arguments;
use av1plan::judge::preflight::{Sample, judge_preflight, samples};
use av1plan::judge::{Check, Defect, Evidence, ResultProbe, RunReport};
use av1plan::probe::{MatroskaFacts, is_error};
use av1plan::{EncodePlan, MediaProbe};

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::headers::{self, EditError, HeaderEdit};
use crate::ffmpeg::probe::{self, ProbeError};
use crate::ffmpeg::same_picture::PictureCheck;
use crate::ffmpeg::tools::{HeaderEditor, Tools};
use crate::sys::lock::Locks;
use crate::sys::pause::Pause;
use crate::sys::priority::Priority;
use crate::sys::process::{Output, Pulse, start_for, watch};

/// A film to try out.
pub struct Preflight<'a> {
    /// ffmpeg and ffprobe.
    pub tools: &'a Tools,
    /// The film.
    pub film: &'a Path,
    /// How it is to be encoded.
    pub plan: &'a EncodePlan,
    /// A file of this program that may be overwritten.
    pub temporary: &'a Path,
    /// How long ffmpeg may show no sign of life.
    pub stall: Duration,
    /// The job's id.
    pub job: &'a str,
    /// The locks that ffmpeg inherits, as for the encode.
    pub locks: &'a Locks,
    /// The CPU and disk priority of ffmpeg.
    pub priority: Priority,
    /// While this is asked for, no sample begins.
    pub pause: &'a Pause,
    /// The files for the chapters and the tags that are carried over. The caller removes them.
    pub scratch: (&'a Path, &'a Path),
}

/// What a preflight found.
#[derive(Debug, Default)]
pub struct Found {
    /// The defects of the first sample that has any; empty if all are well.
    pub defects: Vec<Defect>,
    /// All that ffmpeg printed about that sample.
    pub log: String,
    /// The last error in it; empty if there is none.
    pub words: String,
}

/// The most bytes of a sample's log. A broken film can make ffmpeg print the same line a million times.
const LOG_LIMIT: usize = 1 << 20;

impl Preflight<'_> {
    /// Encodes the samples, one after the other, and judges them. An error means that this couldn't be done; it says
    /// nothing about the film.
    ///
    /// # Errors
    ///
    /// If ffmpeg or ffprobe couldn't be run to their end.
    pub async fn run(&self) -> io::Result<Found> {
        for sample in samples(self.plan) {
            let found = self.try_out(sample).await?;
            if !found.defects.is_empty() {
                return Ok(found);
            }
        }
        Ok(Found::default())
    }

    async fn try_out(&self, sample: Sample) -> io::Result<Found> {
        let args = bind(&preflight_arguments(self.plan, sample), self.film, self.temporary);
        self.pause.clone().over().await;
        let child = start_for(self.job, &self.tools.ffmpeg, &args, self.locks, self.priority).await?;
        let pulse = Pulse { output: Output::Stdout, limit: self.stall };
        let (mut report, mut found) = (RunReport::default(), Found::default());
        let watched = watch(child, Some(pulse), |output, line| {
            if output == Output::Stderr {
                report.add_log_line(line);
                if is_error(line) {
                    line.trim().clone_into(&mut found.words);
                }
                if found.log.len() + line.len() < LOG_LIMIT {
                    found.log.push_str(line);
                    found.log.push('\n');
                }
            }
        });
        report.exit_code = watched.await?.status("ffmpeg")?.code();
        found.defects = self.judge(sample, &report).await?;
        Ok(found)
    }

    async fn judge(&self, sample: Sample, report: &RunReport) -> io::Result<Vec<Defect>> {
        let headers = match &self.tools.editor {
            Some(editor) if report.exit_code == Some(0) => match self.carry_over(editor).await {
                Ok(headers) => headers,
                Err(EditError::Refused(words)) => {
                    let what = format!("what was to be carried over ({words})");
                    return Ok(vec![Defect::Headers { what }]);
                }
                Err(EditError::Failed(error)) => return Err(error),
            },
            _ => None,
        };
        let probed = match probe::result(self.tools, self.temporary, self.plan).await {
            Ok(probe) => Some(probe),
            Err(error @ (ProbeError::Failed(_) | ProbeError::Headers(_))) => {
                return Err(io::Error::other(error));
            }
            Err(
                ProbeError::Refused { .. } | ProbeError::Document(_) | ProbeError::UnsupportedFormat { .. },
            ) => None,
        };
        let read = probed.as_ref().map_or(ResultProbe::Unreadable, ResultProbe::Read);
        let evidence =
            Evidence::new(0).with_run(Some(report)).with_probe(Some(read)).with_headers(headers.as_ref());
        let defects = judge_preflight(self.plan, sample, &evidence);
        // Behind a seek, source and sample may begin at different frames.
        let Some(probe) = probed.as_ref().filter(|_| defects.is_empty() && sample.start.0 == 0) else {
            return Ok(defects);
        };
        let differs = self.picture(probe, sample).await?;
        Ok(judge_preflight(self.plan, sample, &evidence.with_picture(Some(Check::from(differs.as_ref())))))
    }

    /// Edits the sample's headers and reads them.
    async fn carry_over(&self, editor: &HeaderEditor) -> Result<Option<MatroskaFacts>, EditError> {
        let (chapters, tags) = self.scratch;
        let (film, result, plan, limit) = (self.film, self.temporary, self.plan, self.stall);
        HeaderEdit { editor, film, result, plan, chapters, tags, limit }.carry_out().await?;
        Ok(if plan.contract.headers.is_some() { headers::read(result).await? } else { None })
    }

    async fn picture(&self, result: &MediaProbe, sample: Sample) -> io::Result<Option<Defect>> {
        let nothing = MediaProbe::default();
        let (source, result) = ((self.film, &nothing), (self.temporary, result));
        PictureCheck { tools: self.tools, plan: self.plan, source, result }.at_start(sample.length).await
    }
}
