//! `av1cli encode`: the whole way, for films that are named.

use std::time::{Duration, Instant};

use av1exec::event::Event;
use av1exec::outcome::Outcome;
use av1exec::pipeline::Pipeline;
use av1exec::scan::Film;
use av1exec::settings::{Environment, Settings};
use av1exec::stable::Settling;
use av1plan::gates::{self, Gate, Stability};

use crate::args::EncodeArgs;
use crate::console::complain;
use crate::films::look;
use crate::session::Session;
use crate::telling::Telling;
use av1exec::failure::{Exit, Failure};

/// Works on named films, one after the other.
pub(crate) async fn encode(
    args: EncodeArgs,
    mut settings: Settings,
    environment: &Environment,
) -> Result<Exit, Failure> {
    settings.policy.ignore.extend(&args.ignore);
    let Session { pipeline, events } = Session::open(settings, environment).await?;
    let telling = tokio::spawn(Telling::to_person(args.output)?.listen(events));
    let folding = pipeline.clone();
    let put_away = tokio::task::spawn_blocking(move || folding.fold_finished_jobs()).await;
    for (path, message) in put_away.map(|put_away| put_away.trouble).unwrap_or_default() {
        pipeline.events.send(Event::Warning { path, message });
    }
    let mut worst = Exit::Done;
    let mut films = Vec::new();
    for file in &args.files {
        match look(file, &pipeline.settings) {
            Ok(film) => films.push(film),
            Err(failure) => {
                complain(&failure);
                worst = worst.max(failure.exit);
            }
        }
    }
    for (film, stability) in settle(films, &pipeline).await {
        if pipeline.stop.is_asked() {
            break;
        }
        let outcome = pipeline.run(&film, stability, None).await;
        if outcome.is_failure() && outcome != Outcome::Interrupted {
            worst = worst.max(Exit::Failed);
        }
    }
    if pipeline.stop.is_asked() {
        worst = Exit::Interrupted;
    }
    // The telling ends when the last sender is gone.
    drop(pipeline);
    let _ = telling.await;
    Ok(worst)
}

/// Watches those films that a cheap gate doesn't stop anyway, all at once, until they have held still or the wait is over.
async fn settle(films: Vec<Film>, pipeline: &Pipeline) -> Vec<(Film, Stability)> {
    let (settings, mut settling) = (&pipeline.settings, Settling::default());
    let wait =
        if settings.policy.ignore.contains(&Gate::NotStable) { Duration::ZERO } else { settings.stable };
    let wanted =
        |film: &Film| gates::before_probe(&film.facts(Stability::Stable), &settings.policy).is_none();
    let start = Instant::now();
    let watched = films.iter().filter(|film| wanted(film)).count();
    for film in &films {
        settling.observe(&film.path, film.identity, start, wait);
    }
    if watched > 0 && !wait.is_zero() {
        pipeline.events.send(Event::Settling { films: watched, wait });
        let mut stop = pipeline.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.asked() => {}
        }
    }
    let looked_again = films.into_iter().map(|film| {
        let now = look(&film.path, settings).unwrap_or(film);
        let stability = settling.observe(&now.path, now.identity, Instant::now(), wait);
        (now, stability)
    });
    looked_again.collect()
}
