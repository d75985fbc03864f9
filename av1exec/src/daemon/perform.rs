//! Carries out the dispatcher's effects: starts tasks concurrently with the loop, and waits for none of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use av1plan::probe::Stability;

use super::Daemon;
use super::beside::{carry_out, look, tidy_open, walk_root};
use super::effect::Effect;
use super::input::{ConfigVersion, Encoded, End, Explained, Input, Listed, Probed, Refused, Texts};
use super::tasks::{Doing, Task};
use crate::ffmpeg::probe;
use crate::ffmpeg::tools::encoder_version;
use crate::library::film::Film;
use crate::pipeline::Pipeline;
use crate::state::outcome::Outcome;
use crate::sys::disk::{self, Identity};
use crate::sys::machine::{self, Meter};
use crate::sys::waits::{Care, Wait};

impl Daemon {
    /// Carries out an effect. Returns its input if the result is available immediately.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::PublishEvent(event) => {
                self.channels.feed.publish(&event);
                self.outgoing.send(event);
            }
            // A client that has disconnected meanwhile is no error.
            Effect::Reply(to, reply) => drop(to.send(reply)),
            Effect::PublishStatus(status) => {
                self.channels.publisher.publish(Arc::new(*status), Instant::now());
            }
            Effect::Hold(true) => self.hold.pause(),
            Effect::Hold(false) => self.hold.resume(),
            Effect::ReadMachine => return Some(self.read_machine()),
            Effect::Write(write) => self.keeper.write(write),
            Effect::AbortProbes => self.probes.values().for_each(tokio::task::AbortHandle::abort),
            Effect::Cancel(film) => {
                if let Some(switch) = self.switches.get(&film) {
                    switch.stop();
                }
            }
            Effect::TakeOver(settings) => self.pipeline.settings = settings,
            Effect::Read(films, generation) => self.read(films, generation),
            Effect::Probe(film, generation) => self.probe(film, generation),
            Effect::Explain(refused, generation) => self.explain(*refused, generation),
            Effect::Encode(film, by) => self.encode(film, by),
            Effect::Look(..)
            | Effect::List(_)
            | Effect::Tidy(_)
            | Effect::Walk { .. }
            | Effect::CarryOut(..)
            | Effect::Reload => self.perform_on_thread(effect),
        }
        None
    }

    /// Carries out an effect on a thread of its own, since it waits for a disk.
    fn perform_on_thread(&mut self, effect: Effect) {
        let pipeline = self.pipeline.clone();
        let settings = Arc::clone(&pipeline.settings);
        match effect {
            Effect::Look(films, generation) => {
                let Some(root) = films.first().map(|film| Arc::clone(&film.root)) else { return };
                let paths = films.iter().map(|film| film.path.clone()).collect();
                let wait = pipeline.waits.begin(&root, Care::Free);
                self.on_thread(Task::Look(paths), move || {
                    Input::LookedAgain(look(films, generation, &settings, &wait))
                });
            }
            Effect::List(began) => {
                let wait = self.wait_for_state();
                self.on_thread(Task::List, move || {
                    let put_away = pipeline.fold_finished_jobs(&|| wait.answered());
                    let open = pipeline.jobs.unfinished().map(|unfinished| unfinished.jobs);
                    Input::Listed(Listed { began, open, put_away })
                });
            }
            Effect::Tidy(job) => {
                let film = job.film();
                let wait = pipeline.waits.begin(&film, Care::Finish);
                self.on_thread(Task::Film(film, Doing::Tidy), move || {
                    Input::Tidied(tidy_open(&job, &pipeline.jobs, &settings, &pipeline.events, &wait))
                });
            }
            Effect::Walk { root, generation, began } => {
                let wait = pipeline.waits.begin(&root, Care::Free);
                self.on_thread(Task::Walk(root.clone()), move || {
                    let by = (&*pipeline.locks, &pipeline.jobs, &*settings);
                    Input::Walked(walk_root(root, generation, began, by, &wait))
                });
            }
            Effect::CarryOut(change, path, reply) => {
                let wait = pipeline.waits.begin(&path, Care::Free);
                self.on_thread(Task::CarryOut, move || {
                    let _wait = wait;
                    Input::CarriedOut(carry_out(change, &path, &settings, reply))
                });
            }
            Effect::Reload => {
                let (reload, wait) = (Arc::clone(&self.channels.reload), self.wait_for_state());
                self.on_thread(Task::Reload, move || {
                    let _wait = wait;
                    Input::Reloaded(Box::new(reload()))
                });
            }
            // No other effect waits for a disk.
            _ => {}
        }
    }

    fn on_thread(&mut self, task: Task, work: impl FnOnce() -> Input + Send + 'static) {
        let running = self.running.spawn_blocking(work);
        self.tasks.insert(running.id(), task);
    }

    /// Registers a wait for the state folder's disk.
    fn wait_for_state(&self) -> Wait {
        self.pipeline.waits.begin(&self.pipeline.settings.job_state_dir, Care::Free)
    }

    fn read_machine(&mut self) -> Input {
        let reading = self.meter.as_mut().map(Meter::read);
        if self.meter.is_none() {
            // Load is measured between two points in time; this is the first one.
            self.meter = Meter::new();
        }
        Input::Machine { reading, cores: machine::cores() }
    }

    fn read(&mut self, films: Vec<Film>, generation: u64) {
        let reader = self.keeper.reader();
        let task = Task::Read(films.iter().map(|film| film.path.clone()).collect());
        let running = self.running.spawn(async move {
            let mut texts = reader.probes(films.iter().map(named).collect()).await;
            texts.resize_with(films.len(), || None);
            Input::Read(Texts { generation, films: films.into_iter().zip(texts).collect() })
        });
        self.tasks.insert(running.id(), task);
    }

    fn probe(&mut self, film: Film, generation: u64) {
        let (pipeline, path) = (self.pipeline.clone(), film.path.clone());
        let running = self.running.spawn(async move {
            let result = match probe::ask(&pipeline.tools, &film.path).await {
                Ok(probed) => Ok(probed),
                Err(error) => Err(pipeline.unprobed(&film, &error).await),
            };
            Input::Probed(Probed { film, generation, result })
        });
        self.tasks.insert(running.id(), Task::Film(path.clone(), Doing::Probe));
        self.probes.insert(path, running);
    }

    fn explain(&mut self, refused: Refused, generation: u64) {
        let pipeline = self.pipeline.clone();
        let task = Task::Film(refused.film.path.clone(), Doing::Explain);
        let running = self.running.spawn(async move {
            let Refused { film, reason, verdict } = refused;
            pipeline.explain_refusal(&film, &verdict).await;
            Input::Explained(Explained { film, reason, generation })
        });
        self.tasks.insert(running.id(), task);
    }

    fn encode(&mut self, film: Film, by: ConfigVersion) {
        let (switch, stop) = self.pipeline.stop.part();
        self.switches.insert(film.path.clone(), switch);
        let pipeline = Pipeline { stop, ..self.pipeline.clone() };
        let (reader, task) = (self.keeper.reader(), Task::Film(film.path.clone(), Doing::Encode));
        let running = self.running.spawn(async move {
            if !can_write_jobs(&pipeline).await {
                return Input::Encoded(Encoded { film, by, end: End::StateDiskFull });
            }
            let text = reader.probes(vec![named(&film)]).await.pop().flatten();
            let outcome = pipeline.run(&film, Stability::Stable, text.as_ref()).await;
            let path = match &outcome {
                Outcome::Replaced { path, .. } => path.clone(),
                _ => film.path.clone(),
            };
            let now = pipeline.look(&Film { path, ..film.clone() }).await;
            Input::Encoded(Encoded { film, by, end: End::Attempt { outcome, now: now.ok().map(Box::new) } })
        });
        self.tasks.insert(running.id(), task);
    }

    /// Asks the encoder for its version, which the status shows. Nothing waits for this task.
    pub(super) fn ask_encoder_version(&mut self) {
        let tools = Arc::clone(&self.pipeline.tools);
        let encoder = tools.toolchain.choose(self.pipeline.settings.policy.prefer_encoder);
        self.running.spawn(async move {
            match encoder_version(&tools.ffmpeg, encoder).await {
                Some(version) => Input::EncoderVersion(encoder, version),
                None => Input::Tick,
            }
        });
    }
}

/// A film's path and identity, the key of its stored ffprobe output.
fn named(film: &Film) -> (PathBuf, Identity) {
    (film.path.clone(), film.identity)
}

/// Whether the state folder has space for a job file. If the free space is unknown, returns `true`: a full disk
/// then shows when the file is written.
async fn can_write_jobs(pipeline: &Pipeline) -> bool {
    let folder = pipeline.settings.job_state_dir.clone();
    let space = pipeline.waits.run(&folder.clone(), Care::Free, move |_| disk::space(&folder)).await;
    space.flatten().map_or(true, |space| space.holds_a_job())
}
