//! The daemon's loop: scan the library, wait until each film's file stops changing, probe, plan, encode, and start
//! again.
//!
//! The `dispatcher` makes all decisions and does no I/O: it takes an `Input` and returns `Effect`s. The loop itself
//! only waits for the next input and has its effects carried out (`perform`). Walks, probes and encodes run
//! concurrently with the loop; when one ends, its result is the next input.

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

/// Reads the config again. Called on a thread of its own, since the config's disk may hang.
pub type Reload = Arc<dyn Fn() -> Result<Settings, Failure> + Send + Sync>;

/// The loop stops waiting for a root whose disk hasn't answered for this long.
const SILENT_AFTER: Duration = Duration::from_secs(20);

/// How long a daemon that ends waits until the last changes are written to the index.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Replaces [`FLUSH_TIMEOUT`] when some disk hangs already.
const OVERDUE_TIMEOUT: Duration = Duration::from_millis(500);

/// Everything that connects a daemon to its surroundings, except its event channel.
struct Channels {
    /// Requests of control-socket clients.
    calls: Receiver<Call>,
    /// Requests that arrived as signals.
    signals: UnboundedReceiver<UserSignal>,
    /// Publishes events to the subscribers of the control socket.
    feed: Feed,
    /// Publishes the daemon's status, for the metrics and the health check.
    publisher: Publisher,
    /// Reads the config again.
    reload: Reload,
}

/// A running daemon.
struct Daemon {
    pipeline: Pipeline,
    channels: Channels,
    /// Events of the pipeline. They pass through the dispatcher, which updates its own view before it publishes
    /// them.
    pipeline_events: UnboundedReceiver<Event>,
    /// Where all events go in the end: whoever started the daemon receives them.
    outgoing: Events,
    dispatcher: Dispatcher,
    keeper: Keeper,
    /// All tasks that run concurrently with the loop.
    running: JoinSet<Input>,
    /// For each of these tasks, what it works on.
    tasks: HashMap<Id, Task>,
    /// The stop switch of each running encode, by film.
    switches: HashMap<PathBuf, StopSwitch>,
    /// The abort handle of each running probe, by film.
    probes: HashMap<PathBuf, AbortHandle>,
    /// The switch that pauses all running encodes.
    hold: PauseSwitch,
    /// Measures how busy the machine is; `None` before the first measurement.
    meter: Option<Meter>,
}

impl Daemon {
    /// Opens a daemon with what the index of the state folder knows. From now on the events of `pipeline` go
    /// through the daemon.
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

    /// Closes the index. Tasks that still run are left behind; they end with the process.
    async fn close(self) {
        // Writes that still hang are abandoned; SQLite keeps the index consistent.
        if self.keeper.outstanding() == 0 {
            drop(tokio::time::timeout(OVERDUE_TIMEOUT, self.keeper.close()).await);
        }
    }

    /// Runs for one pass, or until it is stopped.
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
        // Whatever isn't written in time is found out again by the next run.
        drop(tokio::time::timeout(timeout, self.write_rest()).await);
        while let Ok(event) = self.pipeline_events.try_recv() {
            self.take(Input::Event(event));
        }
        self.dispatcher.summary()
    }

    /// Passes an input to the dispatcher and carries out the effects. A stop request is handled before any other
    /// input.
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

    /// Turns the end of a task into an input for the dispatcher.
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
            // Tasks without an entry in the table, such as asking for the encoder's version, have nobody waiting
            // for them.
            (Err(_), None) => Input::Tick,
        }
    }

    /// Writes all outstanding changes into the index.
    async fn write_rest(&mut self) {
        self.dispatcher.end_run();
        self.take(Input::Tick);
        while self.keeper.outstanding() > 0 {
            let written = self.keeper.written().await;
            self.take(Input::Written(written));
        }
    }
}

/// Reads the clocks and lists the disks that don't respond now, to go with an [`Input`].
fn now(waits: &Waits) -> Now {
    Now {
        wall: Zoned::now(),
        here: Instant::now(),
        hanging: waits.longer_than(NAMED_AFTER),
        silent: waits.longer_than(SILENT_AFTER),
        is_waiting: !waits.is_empty(),
    }
}

/// Waits until `moment`; forever if it is `None`.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
