//! Writes events to the log: one line per event, with path, job, code and sizes as separate fields.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use av1exec::pipeline::event::Event;
use av1exec::state::outcome::Outcome;
use av1exec::sys::sanitize::display;
use av1plan::EncodePlan;
use av1plan::judge::Progress;
use tracing::{debug, info, warn};

use crate::output::logging::{PROGRESS, RESULT};
use crate::output::reporter::{cut_off, scanned};

/// Writes events to the log. The message is a complete sentence; the fields are for programs.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The description of the last scan. If the next scan has the same one, it isn't logged at INFO again.
    scanned: String,
    /// When each running encode's progress was last logged.
    told: HashMap<String, Instant>,
    /// Whether progress is logged at INFO.
    progress: bool,
}

/// How often the progress of an encode is logged.
const PROGRESS_INTERVAL: Duration = Duration::from_mins(1);

impl Log {
    /// Creates a log that writes progress at INFO if `progress` is set, and otherwise at DEBUG.
    pub(crate) fn new(progress: bool) -> Self {
        Self { progress, ..Self::default() }
    }

    /// Logs an event: work at INFO, problems that need a person's attention at WARN, scans that found nothing new at
    /// DEBUG.
    pub(crate) fn write(&mut self, event: &Event) {
        match event {
            Event::Scanned { films, stopped, passed_over } => {
                let text = scanned(*films, stopped, passed_over);
                if self.scanned == text {
                    debug!(event = "scanned", films, "{text}");
                } else {
                    info!(event = "scanned", films, "{text}");
                    self.scanned = text;
                }
            }
            Event::Settling { films, wait } => {
                let secs = wait.as_secs_f64();
                info!(
                    event = "settling",
                    films, secs, "wait: {secs} s, to see whether {films} film(s) hold still"
                );
            }
            Event::Unreadable { path, reason } => {
                let shown = display(path);
                warn!(event = "unreadable", path = %lossy(path), "{shown} can't be read and is passed over: {reason}");
            }
            Event::Recovered(recovered) => {
                info!(target: RESULT, event = "recovered", "{}", cut_off(recovered));
            }
            Event::Surveying { path } => {
                let shown = display(path);
                info!(event = "surveying", path = %lossy(path), "survey: {shown}");
            }
            Event::Surveyed { path, .. } => {
                let shown = display(path);
                debug!(event = "surveyed", path = %lossy(path), "survey: {shown} is done");
            }
            Event::Sampling { path, settings, windows } => {
                let shown = display(path);
                info!(event = "sampling", path = %lossy(path), windows, "sample: {shown}, {windows} windows with {settings}");
            }
            Event::Sampled { path, .. } => {
                let shown = display(path);
                debug!(event = "sampled", path = %lossy(path), "sample: {shown} is done");
            }
            Event::Skipped { path, reason } => {
                let (shown, code) = (display(path), reason.code());
                info!(event = "skipped", path = %lossy(path), code, "skip: {shown} [{code}]: {reason}");
            }
            Event::Started { job, path, plan } => self.started(job, path, plan),
            Event::Progressed { job, progress } => self.progressed(job, progress),
            Event::Judging { job, check } => {
                let check: &str = check.into();
                debug!(event = "judging", job, check, "check: the result");
            }
            Event::Finished { job, path, outcome } => self.finished(job.as_deref(), path, outcome),
            Event::Warning { path, message } => {
                let shown = display(path);
                warn!(event = "warning", path = %lossy(path), "{shown}: {message}");
            }
        }
    }

    fn started(&mut self, job: &str, path: &Path, plan: &EncodePlan) {
        self.told.insert(job.to_owned(), Instant::now());
        let losses: Vec<&str> = plan.losses.iter().map(|loss| loss.kind.code()).collect();
        let losses = (!losses.is_empty()).then(|| losses.join(","));
        let (shown, settings) = (display(path), plan.video.settings.to_string());
        let size = plan.contract.size.original;
        info!(
            target: RESULT,
            event = "started",
            path = %lossy(path),
            job,
            size,
            losses,
            settings,
            "encode: {shown} with {settings}"
        );
    }

    fn progressed(&mut self, job: &str, progress: &Progress) {
        let Some(told) = self.told.get_mut(job).filter(|told| told.elapsed() >= PROGRESS_INTERVAL) else {
            return;
        };
        *told = Instant::now();
        let Progress { frame, fps, speed, total_size: size, .. } = *progress;
        if self.progress {
            info!(target: PROGRESS, event = "progress", job, frame, fps, speed, size, "encode: at frame {frame}");
        } else {
            debug!(event = "progress", job, frame, fps, speed, size, "encode: at frame {frame}");
        }
    }

    fn finished(&mut self, job: Option<&str>, path: &Path, outcome: &Outcome) {
        job.map(|job| self.told.remove(job));
        let (before, after) = match outcome {
            Outcome::Replaced { before, after, .. } | Outcome::TooBig { before, after, .. } => {
                (Some(*before), Some(*after))
            }
            _ => (None, None),
        };
        let (shown, code, path, hint) = (display(path), outcome.code(), lossy(path), outcome.hint());
        let heading = outcome.heading();
        let to_do = hint.map(|hint| format!("; hint: {hint}")).unwrap_or_default();
        if outcome.is_failure() {
            warn!(event = "finished", %path, job, code, before, after, "{heading}: {shown} [{code}]: {outcome}{to_do}");
        } else {
            info!(target: RESULT, event = "finished", %path, job, code, before, after, "{heading}: {shown} [{code}]: {outcome}{to_do}");
        }
    }
}

/// Returns a path as a log field. JSON output escapes it, and text output doesn't show it.
fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use av1plan::SkipReason;

    use super::*;
    use crate::output::logging::tests::lines;
    use crate::output::logging::{Format, Logging, SharedBuffer};
    use av1exec::library::passed_over::PassedOver;
    use av1exec::pipeline::event::Check;
    use std::collections::BTreeMap;

    fn events() -> Vec<Event> {
        let path = || PathBuf::from("/films/A \u{1b}[31m\n.mkv");
        let replaced = Outcome::Replaced { path: path(), before: 3 << 30, after: 1 << 30 };
        let stalled = Outcome::Stalled { seconds: 300 };
        vec![
            Event::Scanned { films: 2, stopped: BTreeMap::new(), passed_over: PassedOver::default() },
            Event::Scanned { films: 2, stopped: BTreeMap::new(), passed_over: PassedOver::default() },
            Event::Skipped { path: path(), reason: SkipReason::FolderReadOnly },
            Event::Judging { job: "j1".into(), check: Check::Contract },
            Event::Finished { job: Some("j1".into()), path: path(), outcome: replaced },
            Event::Finished { job: None, path: path(), outcome: stalled },
        ]
    }

    fn written(logging: Logging) -> Vec<String> {
        let kept = SharedBuffer::default();
        let mut log = Log::default();
        tracing::dispatcher::with_default(&logging.dispatch(kept.clone()), || {
            for event in &events() {
                log.write(event);
            }
        });
        lines(&kept)
    }

    #[test]
    fn a_journal_gets_a_line_an_event_with_its_priority_and_no_time() {
        let lines = written(Logging { format: Format::Text, level: 0, journal: true });
        assert_eq!(
            lines,
            [
                "<6>scan: 2 film(s) in the library films=2",
                "<6>skip: /films/A \\u{1b}[31m\\n.mkv [folder-read-only]: REASON",
                "<6>done: /films/A \\u{1b}[31m\\n.mkv [replaced]: 3.0 GiB to 1.0 GiB, 67 % saved job=j1 before=3221225472 after=1073741824",
                "<4>failed: /films/A \\u{1b}[31m\\n.mkv [stalled]: ffmpeg showed no sign of life for 5 min and was ended; hint: the original is untouched; see the job's log, and whether the disk is well",
            ]
            .map(|line| line.replace("REASON", &SkipReason::FolderReadOnly.to_string()))
        );
    }

    #[test]
    fn json_has_every_field_by_its_name() {
        let lines = written(Logging { format: Format::Json, level: 0, journal: true });
        let documents: Vec<serde_json::Value> =
            lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(documents.len(), 4);
        let done = &documents[2];
        for (field, value) in [
            ("level", "INFO"),
            ("event", "finished"),
            ("path", "/films/A \u{1b}[31m\n.mkv"),
            ("job", "j1"),
            ("code", "replaced"),
        ] {
            assert_eq!(done[field], value, "{done}");
        }
        assert_eq!((&done["before"], &done["after"]), (&(3_u64 << 30).into(), &(1_u64 << 30).into()));
        assert!(done["timestamp"].is_string() && done.get("hint").is_none(), "{done}");
        assert_eq!(documents[3]["level"], "WARN");
        assert!(documents[3].get("job").is_none(), "{}", documents[3]);
    }

    #[test]
    fn more_and_less_can_be_asked_for() {
        let count = |level| written(Logging { format: Format::Text, level, journal: false }).len();
        assert_eq!([-2, -1, 0, 1].map(count), [0, 1, 4, 6]);
    }
}
