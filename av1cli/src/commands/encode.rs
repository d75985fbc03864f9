//! `av1cli encode`: encodes and replaces the named films.

mod settle;

use std::path::PathBuf;
use std::sync::Arc;

use av1exec::library::film::Film;
use av1exec::pipeline::Pipeline;
use av1exec::pipeline::event::Event;
use av1exec::settings::{Environment, Settings};
use av1exec::state::outcome::Outcome;
use av1exec::sys::waits::{Care, Wait};

use self::settle::Waiting;
use crate::args::EncodeArgs;
use crate::commands::films::look;
use crate::output::console::complain;
use crate::setup::session::open_pipeline;
use crate::setup::sinks::{Sinks, told};
use av1exec::sys::failure::{Exit, Failure};

/// Works on the named films, one after the other.
pub(crate) async fn encode(
    args: EncodeArgs,
    mut settings: Settings,
    environment: &Environment,
) -> Result<Exit, Failure> {
    settings.policy.ignore.extend(&args.ignore);
    let (pipeline, events) = open_pipeline(settings, environment).await?;
    let sinks = tokio::spawn(Sinks::to_person(args.output)?.listen(events));
    put_finished_jobs_away(&pipeline).await;
    let mut worst = Exit::Done;
    let mut films = Vec::new();
    for found in look_at_all(args.files, &pipeline).await {
        match found {
            Ok(film) => films.push(film),
            Err(failure) => {
                complain(&failure);
                worst = worst.max(failure.exit);
            }
        }
    }
    let mut waiting = Waiting::new(films, &pipeline.settings);
    'work: while !waiting.is_empty() && !pipeline.stop.is_asked() {
        for ready in waiting.next(&pipeline).await {
            if pipeline.stop.is_asked() {
                break 'work;
            }
            let outcome = tokio::select! {
                outcome = pipeline.run(&ready.film, ready.stability, None) => outcome,
                // The film's disk hangs. The next start cleans up.
                () = pipeline.waits.overdue(&pipeline.stop) => break 'work,
            };
            if let Some(failure) = ready.failure() {
                complain(&failure);
                worst = worst.max(failure.exit);
            }
            // Somebody asked for this very film, which has no result.
            let failed = outcome.is_failure() || outcome == Outcome::FilmGone;
            if failed && outcome != Outcome::Interrupted {
                worst = worst.max(Exit::Failed);
            }
        }
    }
    if pipeline.stop.is_asked() {
        worst = Exit::Interrupted;
    }
    // The event sinks end once the last sender of events is dropped.
    let stop = pipeline.stop.clone();
    drop(pipeline);
    told(sinks, &stop).await;
    Ok(worst)
}

/// Folds finished jobs, which takes a while if an older av1d has left many. Stops early if the program is asked to
/// stop.
async fn put_finished_jobs_away(pipeline: &Pipeline) {
    let (folding, state) = (pipeline.clone(), &pipeline.settings.job_state_dir);
    let fold = move |wait: &Wait| folding.fold_finished_jobs(&|| wait.answered());
    let put_away = tokio::select! {
        put_away = pipeline.waits.run(state, Care::Free, fold) => put_away.unwrap_or_default(),
        () = pipeline.waits.overdue(&pipeline.stop) => return,
    };
    for (path, message) in put_away.trouble {
        pipeline.events.send(Event::Warning { path, message });
    }
}

/// Examines the named files. Returns none of them if the program is asked to stop in the meantime.
async fn look_at_all(files: Vec<PathBuf>, pipeline: &Pipeline) -> Vec<Result<Film, Failure>> {
    let (settings, mut stop) = (Arc::clone(&pipeline.settings), pipeline.stop.clone());
    let looking = tokio::task::spawn_blocking(move || {
        files.iter().map(|file| look(file, &settings)).collect::<Vec<_>>()
    });
    tokio::select! {
        found = looking => found.unwrap_or_default(),
        () = stop.asked() => Vec::new(),
    }
}
