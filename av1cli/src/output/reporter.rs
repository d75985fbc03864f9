//! Shows events to a person: as progress bars on a terminal, and as plain lines elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1exec::library::passed_over::PassedOver;
use av1exec::pipeline::event::{Check, Event};
use av1exec::replace::recover::{Action, Recovered};
use av1exec::state::outcome::{Bytes, Outcome};
use av1exec::sys::failure::Failure;
use av1exec::sys::sanitize::display;
use av1plan::EncodePlan;
use av1plan::explain::Seconds;
use av1plan::judge::{Progress, projected_size, remaining_time};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::bars;
use crate::output::console::{STDERR, Weight, print_line, print_line_as, speak, words_of_loss};
use crate::output::sink::{Importance, Sink};

/// Shows events on standard error.
pub(crate) struct Reporter {
    bars: MultiProgress,
    sink: Sink,
    /// Whether plain lines report the progress of encodes.
    lines: bool,
    running: HashMap<String, Running>,
    /// The description of the last scan. If the next scan has the same one, it isn't shown again.
    scanned: String,
}

/// A running encode.
struct Running {
    path: PathBuf,
    bar: ProgressBar,
    frames: Option<u64>,
    started: Instant,
    /// When its progress was last written as a line.
    told: Instant,
    /// The last check of its result that was reported.
    checked: &'static str,
}

/// How often a line reports the progress of an encode, so that people can read along.
const LINE_INTERVAL: Duration = Duration::from_mins(1);

impl Reporter {
    /// Opens standard error at this level of detail, with or without bars.
    pub(crate) fn open(bars: bool, lines: bool, level: i8) -> Result<Self, Failure> {
        let sink = Sink::open(STDERR, std::io::stderr(), Box::new(words_of_loss(level)))?;
        let bars = bars::open(bars, &sink);
        speak(bars.clone(), sink.clone(), level);
        Ok(Self { bars, sink, lines, running: HashMap::new(), scanned: String::new() })
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: Event) {
        match event {
            Event::Scanned { films, stopped, passed_over } => {
                let text = scanned(films, &stopped, &passed_over);
                print_line(if self.scanned == text { Weight::Detail } else { Weight::News }, &text);
                self.scanned = text;
            }
            Event::Settling { films, wait } => {
                let secs = wait.as_secs_f64();
                print_line(
                    Weight::News,
                    &format!("wait: {secs} s, to see whether {films} film(s) hold still"),
                );
            }
            Event::Unreadable { path, reason } => {
                let path = display(&path);
                print_line(
                    Weight::Problem,
                    &format!("warning: {path} can't be read and is passed over: {reason}"),
                );
            }
            Event::Recovered(recovered) => {
                print_line_as(Importance::Result, Weight::News, &cut_off(&recovered));
            }
            Event::Surveying { path } => {
                let line = format!("survey: {}, all of which is read before its encode", display(&path));
                print_line(Weight::News, &line);
            }
            Event::Surveyed { .. } | Event::Sampled { .. } => {}
            Event::Sampling { path, settings, windows } => {
                let line = format!("sample: {}, {windows} windows with {settings}", display(&path));
                print_line(Weight::News, &line);
            }
            Event::Skipped { path, reason } => {
                let line = format!("skip: {} [{}]: {reason}", display(&path), reason.code());
                print_line(Weight::News, &line);
            }
            Event::Started { job, path, plan } => self.start(job, path, &plan),
            Event::Progressed { job, progress } => self.progress(&job, &progress),
            Event::Judging { job, check } => self.check(&job, check),
            Event::Finished { job, path, outcome } => self.finish(job.as_deref(), &path, &outcome),
            Event::Warning { path, message } => {
                print_line(Weight::Problem, &format!("warning: {}: {message}", display(&path)));
            }
        }
    }

    fn start(&mut self, job: String, path: PathBuf, plan: &EncodePlan) {
        let (shown, settings) = (display(&path), &plan.video.settings);
        let say = |line: String| print_line_as(Importance::Result, Weight::News, &line);
        say(format!("encode: {shown} with {settings} (job {job})"));
        for loss in &plan.losses {
            say(format!("  loss: {loss} [{}]", loss.kind));
        }
        let bar = self.bars.add(ProgressBar::new(plan.video.frames.unwrap_or_default()));
        bar.set_style(style());
        bar.set_prefix(path.file_name().map(|name| display(Path::new(name))).unwrap_or_default());
        let now = Instant::now();
        let frames = plan.video.frames;
        self.running.insert(job, Running { path, bar, frames, started: now, told: now, checked: "" });
    }

    fn progress(&mut self, job: &str, progress: &Progress) {
        let Some(running) = self.running.get_mut(job) else { return };
        let text = describe(progress, running.frames, running.started.elapsed());
        if self.lines && running.told.elapsed() >= LINE_INTERVAL {
            running.told = Instant::now();
            let line = format!("  {}: {text}", display(&running.path));
            print_line_as(Importance::Progress, Weight::News, &line);
        }
        // If the terminal is too slow, the bars are drawn again once it has caught up.
        if self.sink.is_behind() {
            return;
        }
        running.bar.set_position(progress.frame);
        running.bar.set_message(text);
    }

    fn check(&mut self, job: &str, check: Check) {
        let Some(running) = self.running.get_mut(job) else { return };
        running.bar.set_message(checking(check));
        // One line per check, not one per percent.
        let code: &'static str = check.into();
        if running.checked != code {
            running.checked = code;
            print_line(Weight::Detail, &format!("check: {} [{code}]", display(&running.path)));
        }
    }

    fn finish(&mut self, job: Option<&str>, path: &Path, outcome: &Outcome) {
        if let Some(running) = job.and_then(|job| self.running.remove(job)) {
            running.bar.finish_and_clear();
        }
        let weight = if outcome.is_failure() { Weight::Problem } else { Weight::News };
        let say = |line: String| print_line_as(Importance::Result, weight, &line);
        say(format!("{}: {} [{}]: {outcome}", outcome.heading(), display(path), outcome.code()));
        if let Some(hint) = outcome.hint() {
            say(format!("  hint: {hint}"));
        }
    }
}

/// Describes a scan: `scan: 5 film(s) in the library, 2 of them left alone (1 skip-marker, 1 too-small)`.
pub(crate) fn scanned(
    films: usize,
    stopped: &BTreeMap<&'static str, usize>,
    passed_over: &PassedOver,
) -> String {
    let alone: usize = stopped.values().sum();
    let codes: Vec<String> = stopped.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let alone = match alone {
        0 => String::new(),
        _ => format!(", {alone} of them left alone ({})", codes.join(", ")),
    };
    let passed_over = passed_over.words().map_or(String::new(), |words| format!("; {words}"));
    format!("scan: {films} film(s) in the library{alone}{passed_over}")
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:<30!.bold} [{bar:16}] {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Describes progress: `12 % 23.9 fps 0.9x ETA 0:12:30 about 1.2 GiB`.
fn describe(progress: &Progress, frames: Option<u64>, elapsed: Duration) -> String {
    let mut parts = Vec::new();
    if let Some(frames) = frames.filter(|frames| *frames > 0) {
        parts.push(format!("{} %", (u128::from(progress.frame) * 100 / u128::from(frames)).min(100)));
    }
    parts.extend(progress.fps.map(|fps| format!("{fps:.1} fps")));
    parts.extend(progress.speed.map(|speed| format!("{speed:.2}x")));
    if let Some(left) = frames.and_then(|frames| remaining_time(progress.frame, frames, elapsed)) {
        parts.push(format!("ETA {}", Seconds::from(left).clock()));
    }
    let written = frames.zip(progress.total_size);
    if let Some(size) = written.and_then(|(frames, written)| projected_size(progress.frame, frames, written))
    {
        parts.push(format!("about {}", Bytes(size)));
    }
    parts.join(" ")
}

/// Describes the check that is running.
fn checking(check: Check) -> String {
    match check {
        Check::Preflight => "trying out a few seconds".to_owned(),
        Check::Contract => "checking the result".to_owned(),
        Check::Decode { percent: Some(percent) } => format!("checking the result: decoded {percent} %"),
        Check::Decode { percent: None } => "checking the result: decoding it".to_owned(),
        Check::Picture => "checking the result: comparing pictures".to_owned(),
    }
}

/// Describes an interrupted job in one line.
pub(crate) fn cut_off(recovered: &Recovered) -> String {
    let Recovered { job, film, scene, actions, .. } = recovered;
    let stage = if scene.committed { "while its result was put in place" } else { "while it was encoded" };
    let actions: Vec<&str> = actions.iter().map(|action: &Action| (*action).into()).collect();
    format!("recover: {} (job {job}) was cut off {stage}: {}", display(film), actions.join(", "))
}

#[cfg(test)]
mod tests {
    use av1plan::judge::ProgressReader;

    use super::*;

    #[test]
    fn progress_says_what_is_known_and_nothing_else() {
        let lines = ["frame=50", "fps=5.0", "speed=0.2x", "total_size=1048576", "progress=continue"];
        let mut reader = ProgressReader::default();
        let halfway = lines.iter().find_map(|line| reader.add_line(line)).unwrap();
        let elapsed = Duration::from_secs(10);
        assert_eq!(describe(&halfway, Some(100), elapsed), "50 % 5.0 fps 0.20x ETA 0:00:10 about 2.0 MiB");
        assert_eq!(describe(&halfway, None, elapsed), "5.0 fps 0.20x");
        assert_eq!(describe(&Progress::default(), Some(100), elapsed), "0 %");
    }
}
