//! The loop: scan, wait for films to hold still, probe, plan, encode, and again.
//!
//! What decides is the `dispatcher`, as data: an `Input` comes in, `Effect`s come out. The loop itself only waits for the
//! next input and has the effects carried out (`perform`): walks, probes and encodes run beside it and are inputs when
//! they end.

mod activity;
mod admission;
mod answer;
mod beside;
mod catalog;
pub mod concurrency;
mod dispatcher;
mod effect;
mod films;
mod input;
mod keeper;
mod perform;
mod queue;
mod roots;
mod round;
pub mod serve;
pub mod signal;
mod status;
mod tally;
mod tasks;
mod walk;
mod work;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{Timestamp, Zoned};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::daemon::signal::UserSignal;
use crate::pipeline::Pipeline;
use crate::pipeline::event::{Event, Events};
use crate::serve::control::feed::Feed;
use crate::serve::control::server::Call;
use crate::serve::http::Publisher;
use crate::settings::Settings;
use crate::state::index::{Index, IndexError};
use crate::sys::failure::Failure;
use crate::sys::machine::{self, Meter};
use crate::sys::pause::{PauseSwitch, pause_switch};
use crate::sys::stop::StopSwitch;
use crate::sys::waits::{Care, NAMED_AFTER, Waits};
use activity::Activity;
use catalog::Catalog;
pub use dispatcher::Run;
use dispatcher::{Context, Dispatcher};
use input::{Input, Now};
use keeper::Keeper;
pub use tally::Summary;
use tasks::{Doing, Task};

/// Reads the config again; its disk may hang, so that it is called on a thread of its own.
pub type Reload = Arc<dyn Fn() -> Result<Settings, Failure> + Send + Sync>;

/// A root whose disk hasn't answered for this long isn't waited for.
const SILENT_AFTER: Duration = Duration::from_secs(20);

/// How long the end waits for what is still to be written down.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// The same, once something hangs anyway.
const OVERDUE_TIMEOUT: Duration = Duration::from_millis(500);

/// How a daemon is talked to, and to whom it talks besides its events.
struct Channels {
    /// What clients of the control socket ask.
    calls: Receiver<Call>,
    /// What signals ask.
    signals: UnboundedReceiver<UserSignal>,
    /// Who listens to events at the control socket.
    feed: Feed,
    /// Who wants to know how things stand.
    publisher: Publisher,
    /// Reads the config again.
    reload: Reload,
}

/// The daemon.
struct Daemon {
    pipeline: Pipeline,
    channels: Channels,
    /// What the pipeline tells, on its way to everybody else.
    pipeline_events: UnboundedReceiver<Event>,
    outgoing: Events,
    dispatcher: Dispatcher,
    keeper: Keeper,
    /// All that runs beside the loop.
    running: JoinSet<Input>,
    /// What each of them is about.
    tasks: HashMap<Id, Task>,
    /// What ends an encode, by its film.
    switches: HashMap<PathBuf, StopSwitch>,
    /// What ends a probe, by its film.
    probes: HashMap<PathBuf, AbortHandle>,
    /// What has all encodes hold still.
    hold: PauseSwitch,
    meter: Option<Meter>,
}

impl Daemon {
    /// A daemon that remembers what the index of the state folder tells of. What `pipeline` tells goes through it.
    async fn open(mut pipeline: Pipeline, channels: Channels, run: Run) -> Result<Self, IndexError> {
        let folder = pipeline.settings.job_state_dir.clone();
        let state = folder.clone();
        let opened = pipeline.waits.run(&folder, Care::Free, move |_| Index::open(&state)).await;
        let opened = opened.unwrap_or_else(|error| Err(IndexError::unopened(&folder, error)))?;
        let activity = Activity { totals: opened.totals, ..Activity::default() };
        let (inner, pipeline_events) = Events::channel();
        let outgoing = std::mem::replace(&mut pipeline.events, inner);
        if let Some((aside, reason)) = opened.damaged {
            let message =
                format!("the index was damaged ({reason}) and is begun anew; nothing but time is lost");
            outgoing.send(Event::Warning { path: aside, message });
        }
        let keeper = Keeper::new(opened.index, folder.clone(), pipeline.waits.clone());
        let keeper = keeper.map_err(|error| IndexError::unopened(&folder, error))?;
        let (hold, pause) = pause_switch();
        pipeline.pause = pause;
        let context = Context {
            settings: Arc::clone(&pipeline.settings),
            toolchain: pipeline.tools.toolchain.clone(),
            run,
            started: Timestamp::now(),
            cores: machine::cores(),
        };
        let dispatcher =
            Dispatcher::new(context, Catalog::new(opened.entries), activity, now(&pipeline.waits));
        Ok(Self {
            pipeline,
            channels,
            pipeline_events,
            outgoing,
            dispatcher,
            keeper,
            running: JoinSet::new(),
            tasks: HashMap::new(),
            switches: HashMap::new(),
            probes: HashMap::new(),
            hold,
            meter: None,
        })
    }

    /// Ends it: the index is closed, and who still works is left to the end of the program.
    async fn close(self) {
        // One that hangs is left as it is, which loses nothing.
        if self.keeper.outstanding() == 0 {
            drop(tokio::time::timeout(OVERDUE_TIMEOUT, self.keeper.close()).await);
        }
    }

    /// Works for one pass, or until it is stopped.
    async fn run(&mut self) -> Summary {
        if self.dispatcher.context.run == Run::Forever {
            self.ask_encoder_version();
        }
        let mut stop = self.pipeline.stop.clone();
        let (waits, whole) = (self.pipeline.waits.clone(), stop.clone());
        let mut overdue = std::pin::pin!(waits.overdue(&whole));
        let mut timeout = FLUSH_TIMEOUT;
        self.take(Input::Tick);
        while !self.dispatcher.is_done() {
            let next_tick = self.dispatcher.next_tick();
            let input = tokio::select! {
                Some(event) = self.pipeline_events.recv() => Input::Event(event),
                Some(ended) = self.running.join_next_with_id() => self.ended(ended),
                written = self.keeper.written() => Input::Written(written),
                Some(call) = self.channels.calls.recv() => Input::Called(call),
                Some(signal) = self.channels.signals.recv() => Input::Signal(signal),
                () = until(next_tick) => Input::Tick,
                () = stop.asked(), if !self.dispatcher.is_stopping => Input::Stop,
                () = &mut overdue => {
                    timeout = OVERDUE_TIMEOUT;
                    break;
                }
            };
            self.take(input);
        }
        // What isn't remembered is found out again.
        drop(tokio::time::timeout(timeout, self.write_rest()).await);
        while let Ok(event) = self.pipeline_events.try_recv() {
            self.take(Input::Event(event));
        }
        self.dispatcher.summary()
    }

    /// Has an input handled, and what follows from it done. That work is to stop counts before anything else.
    fn take(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        if self.pipeline.stop.is_asked() && !self.dispatcher.is_stopping {
            inputs.push_front(Input::Stop);
        }
        while let Some(input) = inputs.pop_front() {
            for effect in self.dispatcher.handle(input, now(&self.pipeline.waits)) {
                inputs.extend(self.perform(effect));
            }
        }
    }

    /// What a task that ended is to the dispatcher.
    fn ended(&mut self, ended: Result<(Id, Input), JoinError>) -> Input {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let task = self.tasks.remove(&id);
        match &task {
            Some(Task::Film(film, Doing::Encode)) => drop(self.switches.remove(film)),
            Some(Task::Film(film, Doing::Probe)) => drop(self.probes.remove(film)),
            _ => {}
        }
        match (ended, task) {
            (Ok((_, input)), _) => input,
            (Err(error), Some(task)) => {
                Input::Lost { task, reason: (!error.is_cancelled()).then(|| error.to_string()) }
            }
            // Nobody waits for it.
            (Err(_), None) => Input::Tick,
        }
    }

    /// Has the rest written into the index.
    async fn write_rest(&mut self) {
        self.dispatcher.end_run();
        self.take(Input::Tick);
        while self.keeper.outstanding() > 0 {
            let written = self.keeper.written().await;
            self.take(Input::Written(written));
        }
    }
}

/// This moment, as the dispatcher is told of it.
fn now(waits: &Waits) -> Now {
    Now {
        wall: Zoned::now(),
        here: Instant::now(),
        hanging: waits.longer_than(NAMED_AFTER),
        silent: waits.longer_than(SILENT_AFTER),
        is_waiting: !waits.is_empty(),
    }
}

/// Waits until a moment; for ever without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
