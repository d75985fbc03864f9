//! The contract that a result is checked against: that of its job, or one that is planned from the original now.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use av1plan::plan::{Container, Gate};
use av1plan::probe::FileFacts;
use av1plan::{EncodePlan, MediaProbe, Source, Verdict};

use super::{Finding, Request, failed, unreadable};
use crate::ffmpeg::probe;
use crate::ffmpeg::survey::survey;
use crate::replace::content::Content;
use crate::state::jobs::Job;
use crate::sys::disk::{self, Identity};
use crate::sys::failure::{Exit, Failure};
use crate::sys::sanitize::display;

/// What is known about how a result was produced.
pub(super) struct Basis {
    /// The job that produced it.
    pub(super) job: Option<Job>,
    /// The film that it was encoded from.
    pub(super) original: Option<Original>,
    /// The plan with the contract.
    pub(super) plan: Option<Box<EncodePlan>>,
    /// Whether the plan is the job's own.
    from_job: bool,
    /// Why there is no contract, or not that of the job.
    pub(super) note: Option<Finding>,
}

/// The film that a result was encoded from.
pub(super) struct Original {
    pub(super) path: PathBuf,
    pub(super) probe: MediaProbe,
}

impl Basis {
    pub(super) async fn of(request: &Request<'_>) -> Result<Self, Failure> {
        let jobs = request.jobs.of_film(request.names);
        let jobs = jobs.map_err(|error| failed(request.film, &error))?;
        let job = jobs.replacement(request.names).cloned();
        let (planned, unread) = match job.as_ref().map(planned_by) {
            Some(Ok(plan)) => (plan, None),
            Some(Err(note)) => (None, Some(note)),
            None => (None, None),
        };
        let Some(path) = request.original else {
            let note = unread.or_else(|| planned.is_none().then(|| {
                let text = "no job of this state folder made it, so that it is held against nothing but itself; \
                            --against ORIGINAL would tell more";
                Finding::new("no-contract", text)
            }));
            return Ok(Self { job, original: None, from_job: planned.is_some(), plan: planned, note });
        };
        let identity = Identity::of(path).map_err(|error| unreadable(path, &error))?;
        if Identity::of(request.film).is_ok_and(|film| film.same_file(&identity)) {
            let message = format!("{} is the same file as {}", display(path), display(request.film));
            return Err(Failure::new(Exit::Usage, message).hint("give the film that it was made from"));
        }
        disk::open(path).map_err(|error| unreadable(path, &error))?;
        let mut probe = probe::probe(request.tools, path).await.map_err(|error| {
            let message = format!("failed to probe {}: {error}", display(path));
            Failure::new(Exit::Failed, message).hint("is it whole, and is it a film?")
        })?;
        // The job's plan is preferred: the config may have changed since the encode, but the result has to keep
        // what was promised then.
        let is_its_source = job.as_ref().is_some_and(|job| job.source.same_content_stamp(&identity));
        let from_job = is_its_source && planned.is_some();
        let (plan, note) = if from_job {
            (planned, None)
        } else {
            let survey = survey(request.tools, path, &probe, request.stall).await;
            probe.add_survey(survey.map_err(|error| failed(path, &io::Error::other(error)))?);
            plan_anew(request, path, &identity, &probe)
        };
        let note = note.or(unread);
        let original = Original { path: path.to_owned(), probe };
        Ok(Self { job, original: Some(original), plan, from_job, note })
    }

    pub(super) fn name(&self) -> &'static str {
        match (&self.plan, self.from_job) {
            (None, _) => "nothing",
            (Some(_), true) => "job",
            (Some(_), false) => "original",
        }
    }
}

/// Returns the job's plan; `None` if the plan was to skip the film.
fn planned_by(job: &Job) -> Result<Option<Box<EncodePlan>>, Finding> {
    match job.document().and_then(|document| document.verdict()) {
        Ok(Verdict::Encode(plan)) => Ok(Some(plan)),
        Ok(Verdict::Skip(_)) => Ok(None),
        Err(why) => {
            let text =
                format!("the plan that job {} was made by can't be read, and isn't used: {why}", job.id);
            Err(Finding::new("plan-unread", text))
        }
    }
}

fn plan_anew(
    request: &Request<'_>,
    original: &Path,
    identity: &Identity,
    probe: &MediaProbe,
) -> (Option<Box<EncodePlan>>, Option<Finding>) {
    let file = FileFacts::new(name_of(original, request.film), identity.size);
    // All gates and refusals are switched off: the film has been encoded, so whether it should be encoded doesn't
    // matter.
    let policy = request.policy.clone();
    let policy = policy.with_ignore(Gate::ALL.iter().copied().collect()).with_refuse_losses(BTreeSet::new());
    match av1plan::plan(&Source::new(&file, probe), &request.tools.toolchain, &policy) {
        Verdict::Encode(plan) => (Some(plan), None),
        Verdict::Skip(skip) => {
            let text = format!("the original gives no contract [{}]: {}", skip.reason.code(), skip.reason);
            (None, Some(Finding::new("no-contract", text)))
        }
    }
}

/// Returns the name of the original before it was renamed to `NAME.orig`. If the result's container doesn't follow
/// from that name, the result's own extension is used, because a user chose that container.
fn name_of(original: &Path, result: &Path) -> String {
    let extension = |path: &Path| path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = match extension(original).as_str() {
        "orig" => original.with_extension(""),
        _ => original.to_owned(),
    };
    let own = Container::for_extension(&extension(&name)) == Container::for_extension(&extension(result));
    let name = if own { name } else { name.with_extension(extension(result)) };
    name.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The code of a file whose bytes changed although its size and time didn't.
pub(super) const CONTENT_CHANGED: &str = "content-changed";

/// Compares the file's bytes with those that the job produced; returns `None` if they are the same.
pub(super) async fn compare_bytes(film: &Path, job: &Job) -> io::Result<Option<Finding>> {
    let Some(commit) = job.commit.clone() else { return Ok(None) };
    let identity = Identity::of(film)?;
    let is_as_long = identity.size == commit.size;
    let same = if is_as_long {
        // If the file can't be opened, nothing is known about its bytes, and the check fails.
        let file = disk::open(film)?;
        let content = tokio::task::spawn_blocking(move || Content::read(file, &commit, &|| ()));
        // If the file can't be read to its end, its bytes count as different.
        content.await.map_err(io::Error::other)? == Content::Committed
    } else {
        false
    };
    if same {
        return Ok(None);
    }
    // A result gets its film's modification time.
    let untouched = is_as_long && identity.modified_ns == job.source.modified_ns;
    Ok(Some(if untouched {
        let text = format!(
            "its bytes aren't those of job {}, though neither its size nor its time changed: the disk may be failing",
            job.id
        );
        Finding::new(CONTENT_CHANGED, text)
    } else {
        Finding::new("edited", format!("it was changed since job {} put it there", job.id))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_original_is_planned_under_the_name_that_it_had() {
        let table = [
            ("/a/Film.mkv.orig", "/a/Film.mkv", "Film.mkv"),
            ("/a/Film.avi.orig", "/a/Film.mkv", "Film.avi"),
            ("/b/Source.mkv", "/a/Film.mkv", "Source.mkv"),
            ("/b/Source.mkv", "/a/Film.mp4", "Source.mp4"),
            ("/b/Source.mov", "/a/Film.webm", "Source.webm"),
            ("/b/noext", "/a/Film.mkv", "noext"),
        ];
        for (original, result, name) in table {
            assert_eq!(name_of(Path::new(original), Path::new(result)), name, "{original}");
        }
    }
}
