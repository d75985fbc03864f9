//! Encodes a film by a plan that was stored before, and holds the result against it. All evidence is gathered that there is, each piece
//! by the arguments that `command` spells for it:
//!
//! ```sh
//! av1cli plan --json Film.mkv > plan.json
//! mkdir work
//! cargo run -p av1plan --example judge_output -- encode plan.json Film.mkv work
//! cargo run -p av1plan --example judge_output -- judge plan.json Film.mkv work
//! ```
//!
//! `work` then holds the result and what its run showed. A result that was touched in between is judged as it is now. Exit codes: 0 it
//! is accepted, 1 it isn't, 2 it couldn't be judged.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

use av1plan::command::{self, Arg, Audience, Reach, Side};
use av1plan::judge::picture::{Frames, Seen, Thumbnail, compare, windows};
use av1plan::judge::{
    Check, ClosingReport, Decode, Defect, Missing, Probed, RunReport, damage_in, frame_time, is_complaint,
};
use av1plan::plan::StreamType;
use av1plan::probe::PacketSummary;
use av1plan::wire::Document;
use av1plan::{EncodePlan, Evidence, Judgement, MediaProbe, Verdict, judge};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [action, plan, film, folder] = &args[..] else {
        return Err("usage: judge_output encode|judge PLAN.json FILM FOLDER".into());
    };
    let Verdict::Encode(plan) = Document::from_json(&fs::read(plan)?)?.verdict()? else {
        return Err("that plan was to skip the film".into());
    };
    let work = Work { plan: &plan, film: fs::canonicalize(film)?, folder: fs::canonicalize(folder)? };
    match action.as_str() {
        "encode" => work.encode().map(|()| true),
        "judge" => work.judge(),
        _ => Err("what it can do is `encode` and `judge`".into()),
    }
}

struct Work<'a> {
    plan: &'a EncodePlan,
    film: PathBuf,
    folder: PathBuf,
}

impl Work<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs ffmpeg, and keeps what it prints and writes down.
    fn encode(&self) -> Result<()> {
        let status = Command::new("ffmpeg")
            .args(self.bind(command::arguments(self.plan, Audience::Program), &self.film))
            .stdin(Stdio::null())
            .stdout(File::create(self.file("progress"))?)
            .stderr(File::create(self.file("log"))?)
            .status()?;
        fs::write(self.file("exit"), status.code().map_or(String::new(), |code| code.to_string()))?;
        Ok(())
    }

    /// Arguments with their paths; `input` is the film or its result.
    fn bind(&self, args: Vec<Arg>, input: &Path) -> Vec<OsString> {
        let path = |path: &Path| {
            let mut bound = OsString::from("file:");
            bound.push(path);
            bound
        };
        let bind = |arg| match arg {
            Arg::Text(text) => OsString::from(&*text),
            Arg::Input => path(input),
            Arg::Output => path(&self.file("result")),
            Arg::FrameTimes => path(&self.file("times")),
            Arg::Original => path(&self.film),
        };
        args.into_iter().map(bind).collect()
    }

    fn ask(&self, program: &str, args: Vec<Arg>, input: &Path) -> io::Result<Output> {
        Command::new(program).args(self.bind(args, input)).stdin(Stdio::null()).output()
    }

    fn judge(&self) -> Result<bool> {
        let result = self.file("result");
        let run = self.run_report()?;
        let probe = self.probe(&result)?;
        let picture =
            probe.as_ref().and_then(|probe| probe.main_video()).map_or(0, |(stream, _)| stream.index);
        let packets = PacketSummary::with_times_of(picture);
        let packets = self.packets(packets, command::packet_probe_arguments(), &result)?;
        let opening =
            self.packets(PacketSummary::default(), command::opening_probe_arguments(), &self.film)?;
        let evidence = Evidence {
            run: Some(&run),
            probe: Some(probe.as_ref().map_or(Probed::Unreadable, Probed::Read)),
            packets: Some(&packets),
            opening: Some(&opening),
            size: fs::metadata(&result)?.len(),
            ..Evidence::default()
        };
        let mut judgement = judge(self.plan, &evidence);
        // What takes long is done for a result that is good as far as the rest can tell.
        if let Judgement::Incomplete { missing } = &judgement
            && missing.iter().all(|piece| matches!(piece, Missing::Decode | Missing::Picture))
        {
            let (decode, seen) = (self.decode(&result)?, self.compare(&result)?);
            let decode = Decode::Made(Check::from(decode.as_ref()));
            let picture = match &seen {
                Seen::Same => Some(Check::Passed),
                Seen::Other(defect) => Some(Check::Failed(defect)),
                // Where neither shows a picture nothing was compared.
                Seen::Nothing => None,
            };
            judgement = judge(self.plan, &Evidence { decode, picture, ..evidence });
        }
        Ok(tell(&judgement))
    }

    fn run_report(&self) -> Result<RunReport> {
        let log = fs::read(self.file("log"))?;
        let mut closing = ClosingReport::default();
        let mut damage = Vec::new();
        for line in String::from_utf8_lossy(&log).lines() {
            closing.add_line(line);
            if damage_in(line) {
                damage.push(line.to_owned());
            }
        }
        // The last of the reports, each of which ends with its `progress=`.
        let progress = fs::read_to_string(self.file("progress"))?;
        let number = |key: &str| {
            let values = progress.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            values.and_then(|value| value.trim().parse().ok())
        };
        let times = fs::read_to_string(self.file("times"))?;
        Ok(RunReport {
            exit_code: fs::read_to_string(self.file("exit"))?.parse().ok(),
            frames: number("frame"),
            damage,
            closing: Some(closing),
            dropped: number("drop_frames"),
            duplicated: number("dup_frames"),
            sent: times.lines().map(frame_time).collect(),
        })
    }

    /// What ffprobe says; nothing where it can't read the file.
    fn probe(&self, path: &Path) -> Result<Option<MediaProbe>> {
        let asked = self.ask("ffprobe", command::probe_arguments(), path)?;
        if !asked.status.success() {
            return Ok(None);
        }
        let mut probe = MediaProbe::from_json(&asked.stdout)?;
        if let Some((video, _)) = probe.main_video().filter(|_| self.plan.contract.picture.hdr10_plus) {
            let frame = self.ask("ffprobe", command::frame_probe_arguments(video.index), path)?;
            probe.add_frame(&frame.stdout)?;
        }
        Ok(Some(probe))
    }

    fn packets(&self, mut summary: PacketSummary, args: Vec<Arg>, path: &Path) -> Result<PacketSummary> {
        let listed = self.ask("ffprobe", args, path)?;
        String::from_utf8_lossy(&listed.stdout).lines().for_each(|line| summary.add_line(line));
        Ok(summary)
    }

    /// The first complaint of a decoder. One of sound is none that the source gives, too.
    fn decode(&self, result: &Path) -> Result<Option<Defect>> {
        let complaints = |args: Vec<Arg>, path: &Path| -> Result<Vec<String>> {
            let decoded = self.ask("ffmpeg", args, path)?;
            let words = String::from_utf8_lossy(&decoded.stderr).into_owned();
            let mut lines: Vec<String> =
                words.lines().filter(|line| is_complaint(line)).map(String::from).collect();
            if !decoded.status.success() {
                lines.push(format!("ffmpeg ended with {}", decoded.status));
            }
            Ok(lines)
        };
        let of = |side, path| match command::decode_audio_arguments(self.plan, side) {
            Some(args) => complaints(args, path),
            None => Ok(Vec::new()),
        };
        if let Some(line) = complaints(command::decode_video_arguments(), result)?.into_iter().next() {
            return Ok(Some(Defect::DecodeError { kind: StreamType::Video, line }));
        }
        let (before, after) = (of(Side::Source, &self.film)?, of(Side::Result, result)?);
        let worse = after.len() > before.len();
        let line = after.into_iter().next().filter(|_| worse);
        Ok(line.map(|line| Defect::DecodeError { kind: StreamType::Audio, line }))
    }

    /// What the parts of the film showed that are looked at. All before a part is decoded to reach it.
    fn compare(&self, result: &Path) -> Result<Seen> {
        let picture = &self.plan.contract.picture;
        let size = Thumbnail::of(picture.width, picture.height);
        let mut seen = Seen::Nothing;
        for window in windows(self.plan.contract.duration) {
            let thumbnails = |side, path| -> Result<Vec<u8>> {
                let args = command::sample_arguments(self.plan, side, window, Reach::FromStart, size);
                let shown = self.ask("ffmpeg", args, path)?;
                if shown.status.success() { Ok(shown.stdout) } else { Err("a part can't be shown".into()) }
            };
            let (before, after) = (thumbnails(Side::Source, &self.film)?, thumbnails(Side::Result, result)?);
            match compare(window.start, Frames::new(&before, size), Frames::new(&after, size)) {
                Seen::Other(defect) => return Ok(Seen::Other(defect)),
                Seen::Same => seen = Seen::Same,
                // A duration that says too much has windows beyond the end.
                Seen::Nothing => {}
            }
        }
        Ok(seen)
    }
}

/// Prints a judgement; whether the result may take the film's place.
fn tell(judgement: &Judgement) -> bool {
    match judgement {
        Judgement::Accept => println!("accept"),
        Judgement::TooBig { size, limit } => {
            println!("too big: {size} bytes, and less than {limit} was asked for");
        }
        Judgement::Defective(defects) => {
            for defect in defects {
                println!("defect [{}]: {defect}", defect.code());
            }
        }
        Judgement::Incomplete { missing } => {
            for piece in missing {
                println!("missing [{}]: {piece}", piece.code());
            }
        }
    }
    *judgement == Judgement::Accept
}
