//! Events for a person: progress bars on a terminal, plain lines elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use av1exec::event::{Check, Event};
use av1exec::outcome::{Bytes, Outcome};
use av1exec::progress::{Progress, projected, remaining};
use av1exec::sanitize::{display, sanitize};
use av1plan::EncodePlan;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

/// Writes what happens to standard error.
pub(crate) struct Reporter {
    bars: MultiProgress,
    running: HashMap<String, Running>,
    /// What was said of the last scan: the same again is no news.
    scanned: String,
}

/// An encode that is under way.
struct Running {
    path: PathBuf,
    bar: ProgressBar,
    frames: Option<u64>,
    started: Instant,
    /// When a plain line about it was last written.
    told: Instant,
}

/// How often an encode says how far it is where there is no terminal: a log is for reading.
const LINE_INTERVAL: Duration = Duration::from_mins(1);

impl Reporter {
    pub(crate) fn new() -> Self {
        Self {
            // Hidden by itself where standard error is no terminal.
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(4)),
            running: HashMap::new(),
            scanned: String::new(),
        }
    }

    /// Listens until nobody speaks any more.
    pub(crate) async fn listen(mut self, mut events: UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            self.show(event);
        }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Scanned { films, stopped } => {
                let text = scanned(films, &stopped);
                if self.scanned != text {
                    self.say(&text);
                    self.scanned = text;
                }
            }
            Event::Settling { films, wait } => {
                self.say(&format!("wait: whether {films} film(s) hold still for {} s", wait.as_secs_f64()));
            }
            Event::Unreadable { path, reason } => {
                self.say(&format!("warning: {} can't be read and is passed over: {reason}", display(&path)));
            }
            Event::Recovered(recovered) => self.say(&crate::recover::describe(&recovered)),
            Event::Skipped { path, reason } => {
                self.say(&format!("skip: {} [{}]: {reason}", display(&path), reason.code()));
            }
            Event::Started { job, path, plan } => self.start(job, path, &plan),
            Event::Progressed { job, progress } => self.progress(&job, &progress),
            Event::Judging { job, check } => {
                if let Some(running) = self.running.get(&job) {
                    running.bar.set_message(checking(check));
                }
            }
            Event::Finished { job, path, outcome } => self.finish(job.as_deref(), &path, &outcome),
            Event::Warning { path, message } => {
                self.say(&format!("warning: {}: {message}", display(&path)));
            }
        }
    }

    fn say(&self, line: &str) {
        let line = sanitize(line);
        if self.bars.is_hidden() {
            crate::console::note(&line);
        } else {
            // Above the bars; where that fails there is nobody to tell.
            let _ = self.bars.println(&line);
        }
    }

    fn start(&mut self, job: String, path: PathBuf, plan: &EncodePlan) {
        self.say(&format!("encode: {} with {} (job {job})", display(&path), plan.video.settings));
        for loss in &plan.losses {
            self.say(&format!("  loss: {loss} [{}]", loss.kind));
        }
        let bar = self.bars.add(ProgressBar::new(plan.video.frames.unwrap_or_default()));
        bar.set_style(style());
        bar.set_prefix(path.file_name().map(|name| display(Path::new(name))).unwrap_or_default());
        let now = Instant::now();
        self.running.insert(job, Running { path, bar, frames: plan.video.frames, started: now, told: now });
    }

    fn progress(&mut self, job: &str, progress: &Progress) {
        let Some(running) = self.running.get_mut(job) else { return };
        let elapsed = running.started.elapsed();
        let text = describe(progress, running.frames, elapsed);
        running.bar.set_position(progress.frame);
        running.bar.set_message(text.clone());
        if self.bars.is_hidden() && running.told.elapsed() >= LINE_INTERVAL {
            running.told = Instant::now();
            let line = format!("  {}: {text}", display(&running.path));
            self.say(&line);
        }
    }

    fn finish(&mut self, job: Option<&str>, path: &Path, outcome: &Outcome) {
        if let Some(running) = job.and_then(|job| self.running.remove(job)) {
            running.bar.finish_and_clear();
        }
        let word = if outcome.is_failure() { "failed" } else { "done" };
        self.say(&format!("{word}: {} [{}]: {outcome}", display(path), outcome.code()));
        if let Some(hint) = outcome.hint() {
            self.say(&format!("  hint: {hint}"));
        }
    }
}

/// `scan: 5 film(s) in the library, 2 of them left alone (1 skip-marker, 1 too-small)`.
pub(crate) fn scanned(films: usize, stopped: &BTreeMap<&'static str, usize>) -> String {
    let alone: usize = stopped.values().sum();
    if alone == 0 {
        return format!("scan: {films} film(s) in the library");
    }
    let codes: Vec<String> = stopped.iter().map(|(code, count)| format!("{count} {code}")).collect();
    format!("scan: {films} film(s) in the library, {alone} of them left alone ({})", codes.join(", "))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:<30!.bold} [{bar:16}] {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// `12 % 23.9 fps 0.9x ETA 0:12:30 about 1.2 GiB`.
fn describe(progress: &Progress, frames: Option<u64>, elapsed: Duration) -> String {
    let mut parts = Vec::new();
    if let Some(frames) = frames.filter(|frames| *frames > 0) {
        parts.push(format!("{} %", (progress.frame * 100 / frames).min(100)));
    }
    parts.extend(progress.fps.map(|fps| format!("{fps:.1} fps")));
    parts.extend(progress.speed.map(|speed| format!("{speed:.2}x")));
    if let Some(left) = frames.and_then(|frames| remaining(progress.frame, frames, elapsed)) {
        let seconds = left.as_secs();
        parts.push(format!("ETA {}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    let written = frames.zip(progress.total_size);
    if let Some(size) = written.and_then(|(frames, written)| projected(progress.frame, frames, written)) {
        parts.push(format!("about {}", Bytes(size)));
    }
    parts.join(" ")
}

/// What of the result is being checked.
fn checking(check: Check) -> String {
    match check {
        Check::Contract => "checking the result".to_owned(),
        Check::Decode { percent: Some(percent) } => format!("checking the result: decoded {percent} %"),
        Check::Decode { percent: None } => "checking the result: decoding it".to_owned(),
        Check::Picture => "checking the result: comparing pictures".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_what_is_known_and_nothing_else() {
        let halfway = Progress {
            frame: 50,
            fps: Some(5.0),
            speed: Some(0.2),
            total_size: Some(1 << 20),
            ..Progress::default()
        };
        let elapsed = Duration::from_secs(10);
        assert_eq!(describe(&halfway, Some(100), elapsed), "50 % 5.0 fps 0.20x ETA 0:00:10 about 2.0 MiB");
        assert_eq!(describe(&halfway, None, elapsed), "5.0 fps 0.20x");
        assert_eq!(describe(&Progress::default(), Some(100), elapsed), "0 %");
    }
}
