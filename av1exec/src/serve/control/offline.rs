//! Requests that work without a daemon: writing and removing markers, and forgetting failures. Programs use this if
//! [`Client::connect`](super::client::Client::connect) finds no daemon.

use std::path::Path;

use av1plan::plan::Gate;
use av1plan::probe::Stability;

use super::protocol::{Refusal, RefusalCode, Reply, Request};
use crate::library::exclusion::{exclude_in_library, include_in_library, retract};
use crate::library::film::Film;
use crate::settings::Settings;
use crate::state::index::{Forgotten, forget_failure};
use crate::sys::failure::Failure;
use crate::sys::lock::Locks;
use crate::sys::sanitize::display;

/// Carries out a request as a daemon would. Fails if another av1d holds the lock of the state folder.
pub fn answer(request: &Request, settings: &Settings) -> Result<Reply, Failure> {
    let Some(path) = request.path() else {
        return Ok(Reply::refused(RefusalCode::Busy, "no daemon runs here"));
    };
    let (roots, policy) = (&settings.library_roots, &settings.policy);
    let done = match request {
        Request::Skip(_) => exclude_in_library(&path, roots, policy),
        Request::Unskip { foreign, .. } => include_in_library(&path, *foreign, roots, policy),
        _ => return retry(&path, settings),
    };
    Ok(done.map_or_else(Reply::from, |(message, _)| Reply::done(message)))
}

fn retry(film: &Path, settings: &Settings) -> Result<Reply, Failure> {
    let state = &settings.job_state_dir;
    // Another av1d may be writing the same job file or marker.
    let locks = if state.is_dir() { Some(Locks::take(state, &[], || ())?) } else { None };
    let unmarked = match retract(film, &settings.library_roots) {
        Ok(unmarked) => unmarked,
        Err(error) => return Ok(error.into()),
    };
    if let Some(refusal) = gate(film, settings) {
        return Ok(refusal.into());
    }
    let forgotten = if locks.is_some() { forget_failure(state, film) } else { Ok(Forgotten::Nothing) };
    let film = display(film);
    Ok(match forgotten {
        Ok(Forgotten::Nothing) if !unmarked => {
            Refusal::new(RefusalCode::NoSuchFilm, format!("no failure or skip of {film} is remembered"))
                .hint("name a film that failed or was skipped; all others are looked at anyway")
                .into()
        }
        Ok(_) => Reply::done(format!("{film} is tried again by the next daemon")),
        Err(error) => {
            Reply::refused(RefusalCode::Failed, format!("failed to forget the failure of {film}: {error}"))
        }
    })
}

/// Returns the refusal to try a film again that a gate stops which needs no ffprobe: it would be left alone again.
pub(crate) fn gate(film: &Path, settings: &Settings) -> Option<Refusal> {
    let looked = Film::look_below(film, &settings.library_roots, &settings.policy).ok()?;
    let reason = av1plan::before_probe(&looked.facts(Stability::Stable), &settings.policy)?;
    let code = reason.code();
    let refusal =
        Refusal::new(RefusalCode::Excluded, format!("{} is left alone [{code}]: {reason}", display(film)));
    Some(match code.parse::<Gate>() {
        Ok(_) => refusal.hint(format!("`av1cli encode --ignore {code}` encodes it all the same")),
        Err(_) => refusal,
    })
}
