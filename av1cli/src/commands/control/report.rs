//! Formats the text of `av1cli status`.

use std::path::Path;

use av1exec::serve::status::{RunningJob, ScanStatus, Stage, State, Status, Unanswered};
use av1exec::state::history::FailedJob;
use av1exec::state::outcome::{Bytes, Saved};
use av1exec::state::totals::{Savings, Totals};
use av1exec::sys::path::path_of;
use av1exec::sys::sanitize::{display, sanitize};
use av1plan::explain::Seconds;
use av1plan::judge::projected_size;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::status::Shown;

/// Returns the whole text; no line contains a control character.
pub(super) fn text(shown: &Shown, state: &Path, now: Timestamp) -> String {
    let Shown { daemon, totals, unfinished, failures } = shown;
    let mut lines = Vec::new();
    match daemon {
        Some(status) => daemon_lines(status, now, &mut lines),
        None => lines.push(format!("no daemon runs here (nobody listens in {})", display(state))),
    }
    for job in unfinished {
        let film = display(&path_of(&job.path));
        lines.push(format!("unfinished: {film} (job {}, since {})", job.job, clock(job.started)));
    }
    lines.extend(totals_lines(totals));
    if !failures.is_empty() {
        lines.push("failed lately:".to_owned());
    }
    for job in failures {
        failure_lines(job, &mut lines);
    }
    lines.iter().map(|line| sanitize(line)).collect::<Vec<_>>().join("\n")
}

fn daemon_lines(status: &Status, now: Timestamp, lines: &mut Vec<String>) {
    let word = match status.state {
        State::Running => "running",
        State::Paused => "paused",
        State::QuietHours => "quiet until its active hours",
        State::StateDiskFull => "waiting for room on the disk of the state folder",
        State::Stopping => "stopping",
        State::Other => "there (a newer av1d says of itself what this one doesn't know)",
    };
    let Status { pid, version, started, ffmpeg, encoder, encoder_version, queued, settling, .. } = status;
    let encoder_version = encoder_version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    lines.push(format!(
        "{word}: av1d {version} since {} (process {pid}), ffmpeg {ffmpeg}, {encoder}{encoder_version}",
        clock(*started)
    ));
    let roots: Vec<String> = status.roots.iter().map(|root| display(&path_of(root))).collect();
    lines.push(format!("watching: {}", roots.join(", ")));
    lines.push(scan_line(status.last_scan.as_ref(), now));
    for Unanswered { path, secs } in &status.unanswered {
        lines.push(format!(
            "waiting: the disk of {} hasn't answered for {}",
            display(&path_of(path)),
            Seconds(*secs)
        ));
    }
    let films: Vec<String> = status.films.iter().map(|(code, count)| format!("{count} {code}")).collect();
    if !films.is_empty() {
        lines.push(format!("films: {}", films.join(", ")));
    }
    lines.push(format!("waiting: {queued} for an encode, {settling} to hold still"));
    for job in &status.running {
        running_lines(job, lines);
    }
}

fn scan_line(scan: Option<&ScanStatus>, now: Timestamp) -> String {
    let Some(ScanStatus { ended, took_ms, films, unreadable, ignored, links }) = scan else {
        return "scan: none has ended yet".to_owned();
    };
    let ago = Seconds::between(ended.as_second(), now.as_second());
    let took = Seconds(took_ms.div_ceil(1000));
    let asides =
        [(unreadable, "can't be read"), (ignored, "folder(s) ignored"), (links, "link(s) not followed")];
    let asides =
        asides.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!(", {count} {what}"));
    format!("scan: {films} film(s) {ago} ago, took {took}{}", asides.collect::<String>())
}

fn running_lines(job: &RunningJob, lines: &mut Vec<String>) {
    let what = match job.stage {
        Stage::Encoding => "encoding",
        Stage::Paused => "paused",
        Stage::Judging => "checking the result of",
        Stage::Other => "working on",
    };
    lines.push(format!("{what}: {} (job {})", display(&path_of(&job.path)), job.job));
    lines.push(format!("  {}", job.settings));
    let mut parts = Vec::new();
    if let Some(frames) = job.frames.filter(|frames| *frames > 0) {
        parts.push(format!("{} %", (u128::from(job.frame) * 100 / u128::from(frames)).min(100)));
    }
    parts.extend(job.fps.map(|fps| format!("{fps:.1} fps")));
    parts.extend(job.speed.map(|speed| format!("{speed:.2}x")));
    parts.extend(job.remaining_secs.map(|secs| format!("ETA {}", Seconds(secs).clock())));
    if let Some(size) = job.size {
        parts.push(format!("{} so far", Bytes(size)));
        let projected = job.frames.and_then(|frames| projected_size(job.frame, frames, size));
        parts.extend(projected.map(|size| format!("about {} in the end", Bytes(size))));
    }
    parts.push(format!("of {} (too big from {})", Bytes(job.size_before), Bytes(job.size_limit)));
    lines.push(format!("  {}", parts.join(", ")));
}

fn totals_lines(totals: &Totals) -> Vec<String> {
    let Totals { jobs, savings } = totals;
    if jobs.is_empty() {
        return vec!["jobs: none yet".to_owned()];
    }
    let counts: Vec<String> = jobs.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let mut lines = vec![format!("jobs: {}", counts.join(", "))];
    let Savings { before, after } = *savings;
    if before > 0 {
        lines.push(format!(
            "saved: {} ({}): {} became {}",
            Bytes(savings.bytes()),
            Saved(before, after),
            Bytes(before),
            Bytes(after)
        ));
    }
    lines
}

fn failure_lines(job: &FailedJob, lines: &mut Vec<String>) {
    let FailedJob { job: id, path, ended, code, text, lasting } = job;
    lines.push(format!("  {} {} [{code}] (job {id})", clock(*ended), display(&path_of(path))));
    lines.push(format!("    {text}"));
    lines.push(if *lasting {
        "    it isn't tried again until its cause changes, or by `av1cli retry`".to_owned()
    } else {
        "    it is tried again by itself where that may help; `av1cli why FILE` says when".to_owned()
    });
}

/// Formats a time in the local time zone.
fn clock(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests;
