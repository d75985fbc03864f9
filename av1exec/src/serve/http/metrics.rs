//! A [`Status`] in Prometheus' text format, version 0.0.4.

use std::fmt::{self, Display, Write};

use jiff::Timestamp;

use crate::serve::status::{RunningJob, Stage, State, Status};

/// The content type of the text, for the HTTP header.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Renders all metrics. The number of lines is bounded, since labels are only codes, which are few and fixed, and
/// the IDs of running jobs.
pub fn render(status: &Status, now: Timestamp) -> String {
    let mut page = Page::default();
    let Status { state, version, ffmpeg, encoder, started, last_scan, films, queued, settling, .. } = status;
    let build: &[(&str, &str)] = &[("version", version), ("ffmpeg", ffmpeg), ("encoder", encoder)];
    page.family("av1d_build_info", "gauge", "What is running: always 1.", [(build, 1_u64)]);
    page.one(
        "av1d_start_time_seconds",
        "gauge",
        "When the daemon started, in Unix time.",
        started.as_second(),
    );
    let states = [State::Running, State::Paused, State::QuietHours, State::StateDiskFull, State::Stopping];
    let states: Vec<_> =
        states.into_iter().map(|one| ([("state", one.into())], u8::from(one == *state))).collect();
    page.family("av1d_state", "gauge", "1 for the state the daemon is in, 0 for the others.", rows(&states));
    let films: Vec<_> = films.iter().map(|(code, count)| ([("code", code.as_str())], count)).collect();
    page.family(
        "av1d_films",
        "gauge",
        "Films of the last scan, by the code of what became of them.",
        rows(&films),
    );
    page.one("av1d_queue_films", "gauge", "Films that wait for an encode.", queued);
    page.one("av1d_settling_films", "gauge", "Films that are watched until they hold still.", settling);
    if let Some(scan) = last_scan {
        let since = now.duration_since(scan.ended).as_secs().max(0);
        page.one("av1d_last_scan_age_seconds", "gauge", "Seconds since the last scan ended.", since);
        let took = Millis(scan.took_ms);
        page.one("av1d_last_scan_duration_seconds", "gauge", "How long the last scan took.", took);
        page.one("av1d_last_scan_films", "gauge", "Films that the last scan saw.", scan.films);
        let name = "av1d_last_scan_unreadable";
        page.one(
            name,
            "gauge",
            "Roots, folders and files that the last scan couldn't read.",
            scan.unreadable,
        );
    }
    totals(&mut page, status);
    jobs(&mut page, &status.running);
    page.0
}

fn totals(page: &mut Page, status: &Status) {
    let totals = &status.totals;
    let outcomes: Vec<_> =
        totals.jobs.iter().map(|(code, count)| ([("outcome", code.as_str())], count)).collect();
    // These are gauges, although they mostly grow: users may delete job files, and then the numbers fall.
    page.family("av1d_jobs", "gauge", "Jobs on record, by the code of their outcome.", rows(&outcomes));
    let name = "av1d_replaced_bytes_before";
    page.one(name, "gauge", "Bytes of the films that were replaced, before.", totals.savings.before);
    page.one("av1d_replaced_bytes_after", "gauge", "Bytes of what replaced them.", totals.savings.after);
}

/// Gets a number of a running job; `None` if it is unknown.
type Number = fn(&RunningJob) -> Option<f64>;

fn jobs(page: &mut Page, running: &[RunningJob]) {
    page.one("av1d_jobs_running", "gauge", "Encodes under way, paused ones too.", running.len());
    let families: [(&str, &str, Number); 6] = [
        ("av1d_job_frames_per_second", "Frames per second, by ffmpeg.", |job| job.fps),
        ("av1d_job_speed_ratio", "Seconds of film per second, by ffmpeg.", |job| job.speed),
        ("av1d_job_progress_ratio", "How much of the frames is encoded, 0 to 1.", progress),
        ("av1d_job_size_bytes", "Bytes written so far.", |job| job.size.map(float)),
        ("av1d_job_source_bytes", "Bytes of the original.", |job| Some(float(job.size_before))),
        ("av1d_job_paused", "1 where the encode is paused.", |job| {
            Some(f64::from(u8::from(job.stage == Stage::Paused)))
        }),
    ];
    for (name, help, value) in families {
        let values = running.iter().filter_map(|job| Some(([("job", job.job.as_str())], value(job)?)));
        let values: Vec<_> = values.collect();
        page.family(name, "gauge", help, rows(&values));
    }
}

fn progress(job: &RunningJob) -> Option<f64> {
    let frames = job.frames.filter(|frames| *frames > 0)?;
    Some((float(job.frame) / float(frames)).min(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "the format knows floats only")]
const fn float(number: u64) -> f64 {
    number as f64
}

fn rows<'a, V, const N: usize>(
    rows: &'a [([(&'a str, &'a str); N], V)],
) -> impl Iterator<Item = (&'a [(&'a str, &'a str)], &'a V)> {
    rows.iter().map(|(labels, value)| (labels.as_slice(), value))
}

/// Collects the text.
#[derive(Default)]
struct Page(String);

impl Page {
    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help, [(&[][..], value)]);
    }

    /// Writes a metric with a line for each set of labels. Without any it writes nothing.
    fn family<'a, V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl IntoIterator<Item = (&'a [(&'a str, &'a str)], V)>,
    ) {
        let Self(text) = self;
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        // Writing into a string can't fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{} {value}", Labels(labels));
        }
    }
}

/// Shown as `{code="too-small"}`; empty without labels.
struct Labels<'a>(&'a [(&'a str, &'a str)]);

impl Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "{" } else { "," })?;
            // The format has only these three escapes.
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(f, "{name}=\"{value}\"")?;
        }
        if self.0.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}

/// Milliseconds, shown as seconds.
struct Millis(u64);

impl Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::serve::status::ScanStatus;
    use crate::state::totals::{Savings, Totals};

    pub(in crate::serve::http) fn status() -> Status {
        let at = |second| Timestamp::from_second(second).unwrap();
        let path = |path: &str| crate::sys::path::path_document(Path::new(path));
        let job = |id: &str, stage| RunningJob {
            job: id.into(),
            path: path("/films/Secret.mkv"),
            started: at(1000),
            stage,
            frames: Some(200),
            frame: 50,
            fps: Some(23.5),
            speed: None,
            remaining_secs: None,
            size: Some(1 << 40),
            size_before: 3,
            size_limit: 2,
            settings: "svt".into(),
        };
        let counts = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
            counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
        };
        Status {
            state: State::QuietHours,
            pid: 1,
            version: "0.1.0".into(),
            started: at(900),
            ffmpeg: "8.0 \"x\"\\y\nz".into(),
            encoder: "libsvtav1".into(),
            encoder_version: Some("v3.1.0".into()),
            unanswered: Vec::new(),
            roots: vec![path("/films")],
            last_scan: Some(ScanStatus {
                ended: at(1000),
                took_ms: 1205,
                films: 7,
                unreadable: 1,
                ignored: 0,
                links: 0,
            }),
            films: counts(&[("already-av1", 5), ("too-small", 2)]),
            queued: 3,
            settling: 4,
            running: vec![job("a1", Stage::Encoding), job("b2", Stage::Paused)],
            totals: Totals { jobs: counts(&[("replaced", 9)]), savings: Savings { before: 10, after: 6 } },
        }
    }

    #[test]
    fn every_number_has_its_line() {
        let text = render(&status(), Timestamp::from_second(1065).unwrap());
        for line in [
            r#"av1d_build_info{version="0.1.0",ffmpeg="8.0 \"x\"\\y\nz",encoder="libsvtav1"} 1"#,
            "av1d_start_time_seconds 900",
            r#"av1d_state{state="running"} 0"#,
            r#"av1d_state{state="quiet-hours"} 1"#,
            r#"av1d_films{code="already-av1"} 5"#,
            r#"av1d_films{code="too-small"} 2"#,
            "av1d_queue_films 3",
            "av1d_settling_films 4",
            "av1d_last_scan_age_seconds 65",
            "av1d_last_scan_duration_seconds 1.205",
            "av1d_last_scan_films 7",
            "av1d_last_scan_unreadable 1",
            r#"av1d_jobs{outcome="replaced"} 9"#,
            "av1d_replaced_bytes_before 10",
            "av1d_replaced_bytes_after 6",
            "av1d_jobs_running 2",
            r#"av1d_job_frames_per_second{job="a1"} 23.5"#,
            r#"av1d_job_progress_ratio{job="b2"} 0.25"#,
            r#"av1d_job_size_bytes{job="a1"} 1099511627776"#,
            r#"av1d_job_source_bytes{job="a1"} 3"#,
            r#"av1d_job_paused{job="a1"} 0"#,
            r#"av1d_job_paused{job="b2"} 1"#,
            "# TYPE av1d_films gauge",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert!(!text.contains("speed"), "what nobody knows has no line:\n{text}");
        assert!(!text.contains("Secret"), "names of films are nobody's business:\n{text}");
    }

    #[test]
    fn each_line_is_help_type_or_a_sample_and_each_family_stands_together() {
        let mut idle = status();
        (idle.running, idle.last_scan) = (Vec::new(), None);
        for status in [status(), idle] {
            let text = render(&status, Timestamp::from_second(0).unwrap());
            assert!(text.ends_with('\n'));
            let mut families: Vec<String> = Vec::new();
            for line in text.lines() {
                if let Some(rest) = line.strip_prefix("# HELP ") {
                    let name = rest.split(' ').next().unwrap().to_owned();
                    assert!(!families.contains(&name), "{name} comes twice");
                    families.push(name);
                } else if !line.starts_with("# TYPE ") {
                    let name = line.split([' ', '{']).next().unwrap();
                    assert_eq!(families.last().map(String::as_str), Some(name), "{line}");
                    let value = line.rsplit(' ').next().unwrap();
                    assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
                }
            }
        }
    }
}
