//! Requests that work without a daemon: writing and removing markers, and forgetting failures. Programs use this if
//! [`Client::connect`](super::client::Client::connect) finds no daemon.

use std::path::Path;

use super::protocol::{RefusalCode, Reply, Request};
use crate::library::exclusion::{exclude, include};
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
    let done = match request {
        Request::Skip(_) => exclude(&path),
        Request::Unskip { foreign, .. } => include(&path, *foreign, &settings.library_roots),
        _ => return retry(&path, settings),
    };
    Ok(done.map_or_else(Reply::from, Reply::done))
}

fn retry(film: &Path, settings: &Settings) -> Result<Reply, Failure> {
    let state = &settings.job_state_dir;
    let forgotten = if state.is_dir() {
        // Another av1d may be writing the same job file.
        let _locks = Locks::take(state, &[], || ())?;
        forget_failure(state, film)
    } else {
        Ok(Forgotten::Nothing)
    };
    let marked = Film::look_below(film, &settings.library_roots, &settings.policy)
        .ok()
        .and_then(|film| film.marker)
        .map_or("", |_| ", but a marker excludes it: see `av1cli unskip`");
    let film = display(film);
    Ok(match forgotten {
        Ok(Forgotten::Failure) => Reply::done(format!("{film} is tried again by the next daemon{marked}")),
        Ok(Forgotten::Nothing) if marked.is_empty() => {
            Reply::refused(RefusalCode::NoSuchFilm, format!("no failure of {film} is remembered"))
        }
        Ok(Forgotten::Nothing) => {
            Reply::refused(RefusalCode::NoSuchFilm, format!("no failure of {film} is remembered{marked}"))
        }
        Err(error) => {
            Reply::refused(RefusalCode::Failed, format!("failed to forget the failure of {film}: {error}"))
        }
    })
}
