//! Shows the plan of one film as a command, a table or a JSON document.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use av1exec::ffmpeg::argv::bind;
use av1exec::ffmpeg::probe::ProbeError;
use av1exec::ffmpeg::tools::Tools;
use av1exec::library::film::Film;
use av1exec::pipeline::look::Looked;
use av1exec::replace::refusals::Refusals;
use av1exec::settings::Settings;
use av1exec::state::index::peek_probe;
use av1exec::state::jobs::plan_document;
use av1exec::sys::names;
use av1exec::sys::sanitize::{display, sanitize};
use av1plan::command::{self, Audience};
use av1plan::config::ForeignOwner;
use av1plan::probe::Stability;
use av1plan::wire::Document;
use av1plan::{Config, Toolchain, Verdict, explain};

use super::Shown;
use super::sampling::Sampling;
use crate::args::PlanArgs;
use crate::commands::films::look;
use crate::output::console::{Reader, note, out};
use crate::output::quote::command_line;
use av1exec::sys::failure::{Exit, Failure};

/// Plans a film and prints the requested form.
pub(super) async fn show(
    file: &Path,
    args: &PlanArgs,
    tools: &Tools,
    settings: &Settings,
    program: &OsString,
) -> Result<Shown, Failure> {
    let film = look(file, settings)?;
    let probed = Probed::at(film, &Basis::of(args, tools, settings), &[&settings.policy]).await?;
    let planned = probed.plan(&tools.toolchain, &settings.policy);
    Ok(match planned.print(args, program)? {
        Reader::Listens => Shown::All(Exit::Done),
        Reader::Left => Shown::Enough,
    })
}

/// What films are planned from, besides the films themselves.
#[derive(Clone)]
pub(super) struct Basis {
    pub(super) tools: Tools,
    /// The state folder, whose index may have surveys.
    state: PathBuf,
    /// What rehearsals have shown.
    refusals: Refusals,
    /// Whether films without a survey are surveyed.
    survey: bool,
    /// Samples films that would be encoded.
    sampling: Arc<Sampling>,
    /// How long ffprobe may print nothing.
    stall: Duration,
}

impl Basis {
    pub(super) fn of(args: &PlanArgs, tools: &Tools, settings: &Settings) -> Self {
        let state = settings.job_state_dir.clone();
        let refusals = Refusals::read(&state);
        let survey = args.survey || args.sample.is_some();
        Self {
            tools: tools.clone(),
            state,
            refusals,
            survey,
            sampling: Arc::new(Sampling::of(
                args.sample.unwrap_or_default(),
                args.files.iter().all(|file| !file.is_dir()),
            )),
            stall: settings.stall,
        }
    }
}

/// A film with everything that its plan depends on.
pub(super) struct Probed {
    path: PathBuf,
    size: u64,
    looked: Looked,
}

impl Probed {
    /// Probes a film, unless a gate of each of `policies` stops it before that.
    pub(super) async fn at(film: Film, basis: &Basis, policies: &[&Config]) -> Result<Self, Failure> {
        let Basis { tools, state, refusals, survey, sampling, stall } = basis;
        let foreign_owner =
            policies.first().map_or_else(ForeignOwner::default, |policy| policy.foreign_owner);
        let film = refusals.apply(film, foreign_owner);
        let failed = |error: ProbeError| {
            let message = format!("failed to probe {}: {error}", display(&film.path));
            Failure::new(Exit::Failed, message).hint("is it whole, and is it a film?")
        };
        // The index may be that of another user, and a plan needs none.
        let known = peek_probe(state, &film.path, &film.identity).unwrap_or_default();
        let known = known.filter(|known| known.survey.is_some());
        // The stable-file gate isn't applied: planning doesn't change the film, so that a film that is still changing
        // does no harm.
        let looked = Looked::at(&film, Stability::Stable, known.as_ref(), tools, policies).await;
        let mut looked = looked.map_err(failed)?;
        if *survey && looked.lacks_survey() {
            looked.survey(&film, tools, *stall).await.map_err(failed)?;
        }
        for policy in policies {
            sampling.complete(&mut looked, &film.path, tools, policy, *stall).await?;
        }
        Ok(Self { path: film.path, size: film.identity.size, looked })
    }

    pub(super) fn plan(&self, toolchain: &Toolchain, policy: &Config) -> Planned {
        Planned { path: self.path.clone(), size: self.size, verdict: self.looked.plan(toolchain, policy) }
    }
}

/// A film with its verdict.
pub(super) struct Planned {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) verdict: Verdict,
}

impl Planned {
    pub(super) fn document(&self) -> Document {
        plan_document(&self.path, self.size, &self.verdict)
    }

    /// Returns a short description of the verdict, such as `libsvtav1 crf 24 preset 5` or `already-av1`.
    pub(super) fn summary(&self) -> String {
        match &self.verdict {
            Verdict::Encode(plan) => plan.video.settings.to_string(),
            Verdict::Skip(skip) => skip.reason.code().to_owned(),
        }
    }

    pub(super) fn print(&self, args: &PlanArgs, program: &OsString) -> Result<Reader, Failure> {
        if args.json {
            return out(self.document().to_json().as_bytes());
        }
        if args.explain {
            return out(self.explanation().as_bytes());
        }
        let path = display(&self.path);
        match &self.verdict {
            Verdict::Encode(plan) => {
                note(&format!("{path}: {} into {}", plan.video.settings, plan.container.muxer()));
                for line in self.reasons() {
                    note(&line);
                }
                let argv = bind(
                    &command::arguments(plan, Audience::Person),
                    &self.path,
                    &names::planned(&self.path),
                );
                out(&command_line(program, &argv))
            }
            Verdict::Skip(skip) => {
                note(&format!("{path}: skipped [{}]: {}", skip.reason.code(), skip.reason));
                Ok(Reader::Listens)
            }
        }
    }

    /// Returns every decision as a table, with the evidence for the source's class and the losses.
    fn explanation(&self) -> String {
        let head = match &self.verdict {
            Verdict::Encode(plan) => {
                format!("encode: {} into {}", plan.video.settings, plan.container.muxer())
            }
            Verdict::Skip(skip) => format!("skip [{}]: {}", skip.reason.code(), skip.reason),
        };
        let lines = [display(&self.path), head].into_iter().chain(self.reasons());
        lines.map(|line| sanitize(&line).into_owned()).collect::<Vec<_>>().join("\n")
    }

    fn reasons(&self) -> Vec<String> {
        let table = explain::table(self.verdict.decisions());
        let mut lines: Vec<String> = table.lines().map(|row| format!("  {row}")).collect();
        if let Verdict::Encode(plan) = &self.verdict {
            lines.extend(
                plan.source_class
                    .signals
                    .iter()
                    .map(|signal| format!("  signal  {:+}  {}", signal.weight, signal.what)),
            );
            lines.extend(plan.losses.iter().map(|loss| format!("  loss  {loss} [{}]", loss.kind)));
        }
        lines
    }
}
