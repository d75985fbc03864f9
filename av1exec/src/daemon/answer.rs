//! User requests to a running daemon, by the control socket or by signals.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::dispatcher::Dispatcher;
use super::effect::Effect;
use super::input::{CarriedOut, MarkerChange};
use super::signal::UserSignal;
use super::tasks::{Doing, Reloading};
use crate::pipeline::event::Event;
use crate::serve::control::protocol::{Refusal, RefusalCode, Reply, Request};
use crate::serve::control::server::Call;
use crate::settings::{Difference, Settings, Takes, differences};
use crate::state::index::Fingerprint;
use crate::sys::failure::Failure;
use crate::sys::path::path_of;
use crate::sys::sanitize::display;

/// How many requests to write or remove a marker may wait for disks that hang.
const CARRIED_OUT_AT_ONCE: usize = 16;

impl Dispatcher {
    /// Handles a request of a client. Most are answered at once; those that write or remove a marker when that is
    /// done.
    pub(super) fn answer(&mut self, call: Call) {
        let Call { request, reply } = call;
        let change = match &request {
            Request::Skip(_) => Some(MarkerChange::Skip),
            Request::Unskip { foreign, .. } => Some(MarkerChange::Unskip(*foreign)),
            Request::Retry(_) => Some(MarkerChange::Retry),
            _ => None,
        };
        if let Some((change, path)) = change.zip(request.path()) {
            if change == MarkerChange::Retry && self.tasks.is_busy(&path) {
                let answer = Reply::done(format!("{} is being worked on", display(&path)));
                return self.put(Effect::Reply(reply, answer));
            }
            return self.carry_out_beside(change, &path, reply);
        }
        let answer = self.carry_out(&request).unwrap_or_else(Reply::Refused);
        self.put(Effect::Reply(reply, answer));
    }

    fn carry_out(&mut self, request: &Request) -> Result<Reply, Refusal> {
        Ok(match request {
            Request::Status | Request::Subscribe => Reply::Status(Box::new(self.status())),
            Request::Pause => {
                self.pause(true);
                let encodes = self.tasks.count(Doing::Encode);
                Reply::done(format!("paused; {encodes} encode(s) hold still"))
            }
            Request::Resume => {
                self.pause(false);
                Reply::done("work goes on")
            }
            Request::Scan => {
                self.scan_now();
                Reply::done("the library is looked at now")
            }
            Request::Cancel { job } => self.cancel(job)?,
            // Those with a valid path were handled by `answer`: this path is invalid.
            Request::Retry(_) | Request::Skip(_) | Request::Unskip { .. } => {
                return Err(Refusal::new(RefusalCode::InvalidPath, "`path` is no absolute path"));
            }
        })
    }

    fn pause(&mut self, paused: bool) {
        self.admission.set_paused(paused);
        self.beat();
    }

    fn cancel(&mut self, job: &str) -> Result<Reply, Refusal> {
        let running = self.activity.running.get(job);
        let film = running.map(|running| path_of(&running.path));
        let Some(film) = film.filter(|film| self.tasks.of(film) == Some(Doing::Encode)) else {
            return Err(Refusal::new(RefusalCode::NoSuchJob, format!("no job {job} runs"))
                .hint("`av1cli status` lists those that do"));
        };
        let said = format!("the encode of {} is ended; the original is untouched", display(&film));
        self.put(Effect::Cancel(film));
        Ok(Reply::done(said))
    }

    /// Cancels the encode of a film, or of all films below a folder.
    fn cancel_below(&mut self, path: &Path) {
        let below: Vec<_> = self.tasks.encodes().filter(|film| film.starts_with(path)).collect();
        for film in below.into_iter().map(Path::to_owned).collect::<Vec<_>>() {
            self.put(Effect::Cancel(film));
        }
    }

    /// Forgets what came of a film, so that it is worked on again. `said` is the message if its marker was removed.
    fn retry(&mut self, path: &Path, said: Option<String>) -> Result<String, Refusal> {
        let is_known = self.tasks.is_busy(path) || self.catalog.forget(path);
        if !is_known && said.is_none() {
            let text = format!("nothing is known of {}", display(path));
            return Err(Refusal::new(RefusalCode::NoSuchFilm, text)
                .hint("name a film of the library by its whole path; new ones are found by themselves"));
        }
        self.catalog.flush();
        self.scan_now();
        Ok(said.unwrap_or_else(|| format!("{} is looked at again", display(path))))
    }

    /// Starts writing or removing a marker, unless too many such requests wait already.
    fn carry_out_beside(&mut self, change: MarkerChange, path: &Path, reply: oneshot::Sender<Reply>) {
        if self.tasks.carrying_out >= CARRIED_OUT_AT_ONCE {
            let refusal = Refusal::new(RefusalCode::Busy, "too much waits for a disk that doesn't answer");
            return self.put(Effect::Reply(reply, Reply::Refused(refusal)));
        }
        self.tasks.carrying_out += 1;
        self.put(Effect::CarryOut(change, path.to_owned(), reply));
    }

    /// Handles the end of a marker's change, and replies to the client.
    pub(super) fn carried_out(&mut self, carried_out: CarriedOut) {
        let CarriedOut { change, path, said, reply } = carried_out;
        self.tasks.carrying_out = self.tasks.carrying_out.saturating_sub(1);
        let done = said.and_then(|said| match change {
            MarkerChange::Retry => self.retry(&path, said),
            MarkerChange::Skip => {
                self.cancel_below(&path);
                self.scan_now();
                Ok(said.unwrap_or_default())
            }
            MarkerChange::Unskip(_) => {
                // A user's request overrides the stored outcome.
                self.catalog.forget(&path);
                self.scan_now();
                Ok(said.unwrap_or_default())
            }
        });
        self.put(Effect::Reply(reply, done.map_or_else(Reply::Refused, Reply::done)));
    }

    /// Handles a signal.
    pub(super) fn signalled(&mut self, signal: UserSignal) {
        match signal {
            UserSignal::Scan => self.scan_now(),
            UserSignal::Reload if self.tasks.reloading != Reloading::No => {
                self.tasks.reloading = Reloading::Again;
            }
            UserSignal::Reload => {
                self.tasks.reloading = Reloading::Once;
                self.put(Effect::Reload);
            }
        }
    }

    /// Takes over the config that was read again, or keeps the old one if the new one has errors.
    pub(super) fn reloaded(&mut self, read: Result<Settings, Failure>) {
        match read {
            Ok(settings) => self.take_over(settings),
            Err(failure) => {
                let path = self.context.settings.job_state_dir.clone();
                let message = format!(
                    "the config isn't taken over, and the old one stays: {}",
                    failure.lines().join("; ")
                );
                self.publish(Event::Warning { path, message });
            }
        }
        self.reload_ended();
    }

    /// Notes that the reload has ended. Starts another if one was requested meanwhile.
    pub(super) fn reload_ended(&mut self) {
        if std::mem::take(&mut self.tasks.reloading) == Reloading::Again {
            self.signalled(UserSignal::Reload);
        }
    }

    /// Uses other settings from now on. Running encodes keep the settings that they started with.
    fn take_over(&mut self, new: Settings) {
        let old = Arc::clone(&self.context.settings);
        let message = reread(&differences(&old, &new));
        let path = old.job_state_dir.clone();
        let held = Arc::new(Settings {
            job_state_dir: old.job_state_dir.clone(),
            ffmpeg: old.ffmpeg.clone(),
            ffprobe: old.ffprobe.clone(),
            mkvtoolnix: old.mkvtoolnix.clone(),
            metrics_listen: old.metrics_listen,
            ..new
        });
        for refused in self.films.begin_anew(held.queue_order) {
            self.tasks.end(&refused.film.path);
        }
        self.timers.look = None;
        // Results of running tasks belong to the old config.
        self.generation += 1;
        self.round.give_up();
        self.fingerprint = Fingerprint::of_planning(&held.policy, &self.context.toolchain);
        self.context.settings = Arc::clone(&held);
        self.put(Effect::TakeOver(held));
        self.publish(Event::Warning { path, message });
        self.scan_now();
        self.beat();
    }
}

/// Says what a reload has changed, and what waits for a restart.
fn reread(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "the config was read again: nothing in it has changed".to_owned();
    }
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
    let change =
        |change: &Difference| format!("{}: {} -> {}", change.key, value(&change.old), value(&change.new));
    let changes: Vec<String> = differences.iter().map(change).collect();
    let waiting = differences.iter().filter(|difference| difference.takes == Takes::AtRestart);
    let waiting: Vec<&str> = waiting.map(|difference| difference.key).collect();
    let restart = match waiting.as_slice() {
        [] => String::new(),
        keys => format!("; a restart is needed for {}", keys.join(", ")),
    };
    format!("the config was read again: {}{restart}", changes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_says_what_has_changed_from_what_to_what() {
        let row = |key, old: Option<&str>, new: Option<&str>, takes| Difference {
            key,
            old: old.map(Into::into),
            new: new.map(Into::into),
            takes,
        };
        assert_eq!(reread(&[]), "the config was read again: nothing in it has changed");
        let at_once = row("min_bytes", Some("1"), Some("2"), Takes::AtOnce);
        assert_eq!(reread(std::slice::from_ref(&at_once)), "the config was read again: min_bytes: 1 -> 2");
        let later = row("ffmpeg", Some("\"/a\""), None, Takes::AtRestart);
        assert_eq!(
            reread(&[at_once, later]),
            "the config was read again: min_bytes: 1 -> 2, ffmpeg: \"/a\" -> not set; a restart is needed for ffmpeg"
        );
    }
}
