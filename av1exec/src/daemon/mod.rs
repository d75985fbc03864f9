//! The loop: scan, wait for films to hold still, probe, plan, encode, and again.
//!
//! One task does all that decides, and never waits for more than one thing: walks, probes and encodes run beside it and
//! tell it when they end. What is to be done with a film is [`Entry::next`](crate::state::index::Entry::next)'s to say, when an
//! encode may start `pace`'s. The loop itself is here; `walk` takes in what a walk found, `work` what came of films,
//! `answer` what a person asks for.

mod activity;
mod admission;
mod answer;
mod asked;
mod catalog;
pub mod concurrency;
mod keeper;
mod queue;
mod roots;
pub mod signal;
mod walk;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use av1plan::explain::Seconds;
use av1plan::plan::Encoder;
use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::task::{JoinHandle, JoinSet};

use crate::daemon::signal::UserSignal;
use crate::ffmpeg::tools::encoder_version;
use crate::library::film::Film;
use crate::pipeline::Pipeline;
use crate::pipeline::event::{Event, Events};
use crate::serve::control::feed::Feed;
use crate::serve::control::server::Call;
use crate::serve::http::Publisher;
use crate::settings::Settings;
use crate::state::index::{Fingerprint, Index, IndexError};
use crate::sys::failure::Failure;
use crate::sys::stop::StopSwitch;
use crate::sys::waits::{Care, NAMED_AFTER};
use activity::Activity;
use admission::Admission;
use asked::Asked;
use catalog::Catalog;
use keeper::{Keeper, Written};
pub use queue::Queue;
use roots::Roots;
use walk::{Looked, Round};
use work::{Encoded, Explained, Probed, Refused, Texts};

/// What a run of the daemon did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Films that are AV1 now.
    pub replaced: usize,
    /// Films that are left alone, too big results included.
    pub skipped: usize,
    /// Films that failed.
    pub failed: usize,
    /// Roots and folders that couldn't be read.
    pub unreadable: usize,
    /// Bytes that were saved.
    pub saved: u64,
    /// Whether it was stopped before it was done.
    pub stopped: bool,
}

/// Reads the config again; its disk may hang, so that it is called on a thread of its own.
pub type Reload = Arc<dyn Fn() -> Result<Settings, Failure> + Send + Sync>;

/// Between two beats as long as somebody waits for a disk: one that hangs is to be named.
const WAITING_BEAT: Duration = Duration::from_secs(5);

/// So much trouble is remembered to have been told.
const NAMED_AT_MOST: usize = 10_000;

/// How long the end waits for what is still to be written down.
const FLUSH_PATIENCE: Duration = Duration::from_secs(3);
/// The same, once something hangs anyway.
const OVERDUE_PATIENCE: Duration = Duration::from_millis(500);

/// How a daemon is talked to, and to whom it talks besides its events.
pub struct Lines {
    /// What clients of the control socket ask.
    pub calls: Receiver<Call>,
    /// What signals ask.
    pub signals: UnboundedReceiver<UserSignal>,
    /// Who listens to events at the control socket.
    pub feed: Feed,
    /// Who wants to know how things stand.
    pub publisher: Publisher,
    /// Reads the config again.
    pub reload: Reload,
}

/// How long a daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    /// For one pass, in which films may hold still once.
    OnePass,
    /// Until it is stopped.
    Forever,
}

/// The daemon.
pub struct Daemon {
    pipeline: Pipeline,
    lines: Lines,
    started: Timestamp,
    /// The encoder that was asked for its version, and what it said, once it has.
    encoder_version: Arc<OnceLock<(Encoder, String)>>,
    /// What the pipeline tells, on its way to everybody else.
    told: UnboundedReceiver<Event>,
    everybody: Events,
    fingerprint: Fingerprint,
    catalog: Catalog,
    activity: Activity,
    admission: Admission,
    /// Films whose probe is known, to be planned.
    to_plan: VecDeque<Film>,
    to_probe: Queue,
    to_encode: Queue,
    settling: BTreeMap<PathBuf, Film>,
    /// Counts the configs: what was begun by an earlier one doesn't count any more.
    generation: u64,
    round: Round,
    /// What the last walk of each root came to.
    roots: Roots,
    /// What ffprobe said of films that are to be planned is being read.
    reading: Option<JoinHandle<Texts>>,
    /// Those films.
    being_read: Vec<PathBuf>,
    /// Films that are refused, which is to be said beside them.
    to_explain: VecDeque<Refused>,
    explaining: JoinSet<Explained>,
    /// Films that were to hold still are looked at.
    looking: JoinSet<Looked>,
    /// Which films a task looks at.
    looked_at: HashMap<tokio::task::Id, Vec<PathBuf>>,
    /// Whether it was told that films are to hold still.
    is_settling: bool,
    /// What people asked for that takes a disk.
    asked: JoinSet<Asked>,
    reloading: Option<JoinHandle<Result<Settings, Failure>>>,
    /// Whether the config is to be read once more, since it may have changed while it was read.
    reload_again: bool,
    probing: JoinSet<Probed>,
    /// Since when probes have been outstanding.
    probing_since: Option<Instant>,
    encoding: JoinSet<Encoded>,
    /// Films that are probed or encoded right now, and what ends the encode.
    busy: HashMap<PathBuf, Option<StopSwitch>>,
    /// Which film a task works on.
    tasks: HashMap<tokio::task::Id, PathBuf>,
    /// When something was last done with a film: what a walk says of it that began earlier is old.
    left: HashMap<PathBuf, Instant>,
    /// Whether a job may have been left open: its folder was gone, or the disk didn't answer.
    may_be_open: bool,
    next_walk: Option<Instant>,
    next_look: Option<Instant>,
    next_beat: Instant,
    /// Films that a cheap gate stops, with its code: asked again at each pass, told once.
    gated: HashMap<PathBuf, &'static str>,
    /// How many films of the last walk each cheap gate stopped.
    stopped: BTreeMap<&'static str, usize>,
    /// Films of the last walk that no cheap gate stops.
    present: HashSet<PathBuf>,
    /// What can't be read or was found lying about, by path and sentence, told once.
    named: HashSet<(PathBuf, String)>,
    /// The state folder's disk was full when it was last looked at; when to look again.
    state_disk_full: Option<Instant>,
    /// Paths whose disk hangs, as was told.
    unanswered: BTreeSet<PathBuf>,
    /// Films that this run has counted.
    counted: HashSet<PathBuf>,
    summary: Summary,
}

impl Daemon {
    /// A daemon that remembers what the index of the state folder tells of. What `pipeline` tells goes through it.
    pub async fn open(mut pipeline: Pipeline, lines: Lines) -> Result<Self, IndexError> {
        let folder = pipeline.settings.job_state_dir.clone();
        let state = folder.clone();
        let opened = pipeline.waits.run(&folder, Care::Free, move |_| Index::open(&state)).await;
        let opened = opened.unwrap_or_else(|error| Err(IndexError::unopened(&folder, error)))?;
        let activity = Activity { totals: opened.totals, ..Activity::default() };
        let (inner, told) = Events::channel();
        let everybody = std::mem::replace(&mut pipeline.events, inner);
        if let Some((aside, reason)) = opened.damaged {
            let message =
                format!("the index was damaged ({reason}) and is begun anew; nothing but time is lost");
            everybody.send(Event::Warning { path: aside, message });
        }
        let keeper = Keeper::new(opened.index, folder.clone(), pipeline.waits.clone());
        let keeper = keeper.map_err(|error| IndexError::unopened(&folder, error))?;
        let catalog = Catalog::new(keeper, opened.entries);
        let order = pipeline.settings.queue_order;
        let (admission, pause) = Admission::new();
        pipeline.pause = pause;
        Ok(Self {
            fingerprint: work::fingerprint(&pipeline),
            pipeline,
            lines,
            started: Timestamp::now(),
            encoder_version: Arc::default(),
            told,
            everybody,
            catalog,
            activity,
            admission,
            to_plan: VecDeque::new(),
            to_probe: Queue::new(order),
            to_encode: Queue::new(order),
            settling: BTreeMap::new(),
            generation: 0,
            round: Round::default(),
            roots: Roots::default(),
            reading: None,
            being_read: Vec::new(),
            to_explain: VecDeque::new(),
            explaining: JoinSet::new(),
            looking: JoinSet::new(),
            looked_at: HashMap::new(),
            is_settling: false,
            asked: JoinSet::new(),
            reloading: None,
            reload_again: false,
            probing: JoinSet::new(),
            probing_since: None,
            encoding: JoinSet::new(),
            busy: HashMap::new(),
            tasks: HashMap::new(),
            left: HashMap::new(),
            may_be_open: true,
            next_walk: Some(Instant::now()),
            next_look: None,
            next_beat: Instant::now(),
            gated: HashMap::new(),
            stopped: BTreeMap::new(),
            present: HashSet::new(),
            named: HashSet::new(),
            state_disk_full: None,
            unanswered: BTreeSet::new(),
            counted: HashSet::new(),
            summary: Summary::default(),
        })
    }

    /// One pass over the library, waiting once for films to hold still.
    pub async fn once(&mut self) -> Summary {
        self.run(Run::OnePass).await
    }

    /// Pass after pass until it is stopped.
    pub async fn forever(&mut self) -> Summary {
        self.ask_encoder_version();
        self.run(Run::Forever).await
    }

    /// Ends it: the index is closed, and who still works is left to the end of the program.
    pub async fn close(self) {
        self.catalog.close(OVERDUE_PATIENCE).await;
    }

    /// Asks the encoder for its version, for whoever asks how things stand. Nobody waits for it.
    fn ask_encoder_version(&self) {
        let (answer, tools) = (Arc::clone(&self.encoder_version), Arc::clone(&self.pipeline.tools));
        let encoder = tools.toolchain.choose(self.pipeline.settings.policy.prefer_encoder);
        drop(tokio::spawn(async move {
            if let Some(version) = encoder_version(&tools.ffmpeg, encoder).await {
                let _ = answer.set((encoder, version));
            }
        }));
    }

    async fn run(&mut self, run: Run) -> Summary {
        let mut stop = self.pipeline.stop.clone();
        let (waits, whole) = (self.pipeline.waits.clone(), stop.clone());
        let mut patience = FLUSH_PATIENCE;
        let mut overdue = std::pin::pin!(waits.overdue(&whole));
        loop {
            let stopping = stop.is_asked();
            if !stopping {
                self.begin();
            }
            if stopping {
                self.probing.abort_all();
            }
            if self.is_idle(run, stopping) && (stopping || (run == Run::OnePass && self.has_nothing_to_do()))
            {
                break;
            }
            tokio::select! {
                Some(event) = self.told.recv() => self.pass_on(event),
                Some(ended) = self.encoding.join_next() => self.encoded(ended),
                Some(ended) = self.probing.join_next() => self.probed(ended),
                listed = ended(&mut self.round.listing) => self.listed(listed),
                Some(tidied) = self.round.tidying.join_next_with_id() => self.tidied(tidied),
                Some(walked) = self.round.walks.join_next_with_id() => self.root_walked(walked, run),
                () = until(self.round.patience) => self.round_is_late(run),
                texts = ended(&mut self.reading) => self.plan_some(texts),
                Some(explained) = self.explaining.join_next() => self.explained(explained),
                Some(looked) = self.looking.join_next_with_id() => self.looked_again(looked, run),
                written = self.catalog.written() => self.written(written),
                Some(call) = self.lines.calls.recv() => self.answer(call),
                Some(asked) = self.asked.join_next() => self.carried_out(asked),
                Some(signal) = self.lines.signals.recv() => self.signalled(signal),
                read = ended(&mut self.reloading) => self.reloaded(read),
                () = until(Some(self.next_beat)) => self.beat(),
                () = until(self.next_walk), if !stopping && self.round.is_resting() => self.walk(),
                () = until(self.next_look), if !stopping => self.look_again(),
                () = stop.asked(), if !stopping => self.beat(),
                () = &mut overdue => {
                    patience = OVERDUE_PATIENCE;
                    break;
                }
            }
        }
        if let Err(error) = self.catalog.finish(patience).await {
            self.index_failed(&error);
        }
        while let Ok(event) = self.told.try_recv() {
            self.pass_on(event);
        }
        self.summary.stopped = stop.is_asked();
        self.summary.skipped += self.roots.passed_over();
        if self.state_disk_full.is_some() {
            self.summary.failed += self.to_encode.len();
        }
        self.summary
    }

    /// Whether nothing runs beside the loop that is to be waited for: one that stops waits for nothing that only looks.
    fn is_idle(&self, run: Run, stopping: bool) -> bool {
        let works = !(self.probing.is_empty() && self.encoding.is_empty() && self.round.tidying.is_empty());
        let looks = run == Run::OnePass
            && !(self.round.is_over()
                && self.looking.is_empty()
                && self.reading.is_none()
                && self.explaining.is_empty());
        !works && (stopping || !looks)
    }

    fn has_nothing_to_do(&self) -> bool {
        self.next_walk.is_none()
            && self.next_look.is_none()
            && self.to_plan.is_empty()
            && self.to_probe.is_empty()
            && self.to_explain.is_empty()
            && (self.to_encode.is_empty() || self.state_disk_full.is_some())
    }

    fn pass_on(&mut self, event: Event) {
        self.activity.note(&event, Timestamp::now());
        self.tell(event);
    }

    /// Tells everybody.
    fn tell(&self, event: Event) {
        self.lines.feed.tell(&event);
        self.everybody.send(event);
    }

    /// Shows that the loop lives, and looks at the clock and the machine.
    fn beat(&mut self) {
        self.tell_unanswered();
        let beat = self.admission.beat(&self.pipeline.settings);
        let beat = if self.pipeline.waits.is_empty() { beat } else { beat.min(WAITING_BEAT) };
        self.next_beat = Instant::now() + beat;
        self.lines.publisher.publish(Arc::new(self.status()), Instant::now());
    }

    /// Says which disk hangs, and when it is back.
    fn tell_unanswered(&mut self) {
        let now: BTreeSet<PathBuf> = self.pipeline.waits.longer_than(NAMED_AFTER).into_keys().collect();
        let before = std::mem::replace(&mut self.unanswered, now);
        for path in self.unanswered.difference(&before) {
            let time = Seconds::from(NAMED_AFTER);
            let message = format!("its disk hasn't answered for {time}; all else goes on without it");
            self.tell(Event::Warning { path: path.clone(), message });
        }
        for path in before.difference(&self.unanswered) {
            let message = "its disk answers again".to_owned();
            self.tell(Event::Warning { path: path.clone(), message });
        }
    }

    fn name_once(&mut self, path: PathBuf, reason: String) {
        if self.is_news(&path, &reason) {
            self.tell(Event::Unreadable { path, reason });
        }
    }

    fn warn_once(&mut self, path: &Path, message: String) {
        if self.is_news(path, &message) {
            self.tell(Event::Warning { path: path.to_owned(), message });
        }
    }

    /// Whether this wasn't told of this path yet, as far as that is remembered: after very much else it is told again.
    fn is_news(&mut self, path: &Path, message: &str) -> bool {
        if self.named.len() >= NAMED_AT_MOST {
            self.named.clear();
        }
        self.named.insert((path.to_owned(), message.to_owned()))
    }

    fn written(&mut self, written: Option<Written>) {
        let Some(written) = written else {
            let path = self.pipeline.settings.job_state_dir.join(crate::state::index::FILE_NAME);
            let message = "the thread that writes the index is gone, which is a defect of av1d: what isn't remembered is done again \
                           after a restart";
            return self.warn_once(&path, message.to_owned());
        };
        if let Err(error) = self.catalog.has_written(written) {
            self.index_failed(&error);
        }
    }

    /// The index can't be written: work goes on, and what isn't remembered is done again after a restart.
    fn index_failed(&mut self, error: &rusqlite::Error) {
        let path = self.pipeline.settings.job_state_dir.join(crate::state::index::FILE_NAME);
        let message =
            format!("the index can't be written, so that a restart will look at films again: {error}");
        self.warn_once(&path, message);
    }
}

/// Waits until a moment; for ever without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits until a task ends, and says nothing where it panicked; for ever where there is none.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> Option<T> {
    let Some(running) = task else { return std::future::pending().await };
    let ended = running.await.ok();
    *task = None;
    ended
}

#[cfg(test)]
mod scene;
