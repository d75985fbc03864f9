//! Carries out a plan with ffmpeg, gathers all evidence for the judge, and asks it.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use av1plan::command::{self, Arg, Audience, Placeholder, SeekMode, Side};
use av1plan::judge::picture::{Comparison, Counted, ThumbnailSize, Thumbnails, compare, windows};
use av1plan::judge::{
    Check, Complaints, Decode, Defect, Missing, ProgressReader, ResultProbe, RunReport, frame_time,
};
use av1plan::probe::{PacketSummary, PictureSummary, ProbeDepth, Survey, asf, matroska};
use av1plan::{EncodePlan, Evidence, Judgement, MediaProbe, Toolchain, judge, wants_frame_probe};

/// Asks ffmpeg for its version, its encoders and its decoders.
pub fn toolchain() -> Result<Toolchain, Box<dyn Error>> {
    let ask = |args: Vec<Arg>| -> io::Result<String> {
        Ok(String::from_utf8_lossy(&run("ffmpeg", &args, Path::new(""))?.stdout).into_owned())
    };
    let version = ask(command::version_arguments())?;
    let (encoders, decoders) = (ask(command::encoders_arguments())?, ask(command::decoders_arguments())?);
    Ok(Toolchain::parse(&version, &encoders, &decoders)?)
}

/// Probes a file: its headers, and its first frame if `wants_frame` says so.
fn probe(file: &Path, wants_frame: impl Fn(&MediaProbe) -> bool) -> Result<MediaProbe, Box<dyn Error>> {
    let shallow = probe_at(file, ProbeDepth::Usual, &wants_frame)?;
    match shallow.needed_depth() {
        ProbeDepth::Usual => Ok(shallow),
        depth => probe_at(file, depth, &wants_frame),
    }
}

fn probe_at(
    file: &Path,
    depth: ProbeDepth,
    wants_frame: impl Fn(&MediaProbe) -> bool,
) -> Result<MediaProbe, Box<dyn Error>> {
    let said = run("ffprobe", &command::probe_arguments(depth), file)?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).trim().into());
    }
    let mut probe = MediaProbe::from_json(&said.stdout)?;
    if let Some((video, _)) = probe.main_video().filter(|_| wants_frame(&probe)) {
        let frame = run("ffprobe", &command::frame_probe_arguments(video.index, depth), file)?;
        probe.add_frame(&frame.stdout)?;
    }
    Ok(probe)
}

/// Probes a film that is to be planned, and surveys it: reads all of its packets, decodes its key frames, and reads the
/// headers of a Matroska file, of which ffprobe shows only a part.
pub fn probe_film(film: &Path) -> Result<MediaProbe, Box<dyn Error>> {
    let mut probe = probe(film, wants_frame_probe)?;
    let packets = PacketSummary::default().joining_clocks(probe.format.is_stream_of_packets());
    let mut packets = list(packets, &command::packet_probe_arguments(probe.needed_depth()), film)?;
    let mut pictures = PictureSummary::default();
    for looks in command::picture_probes(&probe) {
        let shown = run("ffprobe", &looks.arguments, film)?;
        String::from_utf8_lossy(&shown.stdout).lines().for_each(|line| pictures.add_line(line));
        if looks.tells_damage {
            let complaints = String::from_utf8_lossy(&shown.stderr);
            complaints.lines().for_each(|line| packets.add_unplaced_complaint(line));
        }
    }
    let mut file = fs::File::open(film)?;
    let headers = matroska::read(file.metadata()?.len(), |offset, length| -> io::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(offset))?;
        let mut piece = Vec::new();
        (&file).take(length as u64).read_to_end(&mut piece)?;
        Ok(piece)
    })?;
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    (&file).take(asf::HEADER_LENGTH as u64).read_to_end(&mut start)?;
    let mut survey =
        Survey::new(packets, pictures).with_matroska(headers).with_declared_size(asf::declared_size(&start));
    for index in probe.self_describing_sounds() {
        let heard = run("ffprobe", &command::sound_probe_arguments(index, probe.needed_depth()), film)?;
        let heard = String::from_utf8_lossy(&heard.stdout);
        heard.lines().for_each(|line| survey.add_channels(index, line));
    }
    probe.add_survey(survey);
    Ok(probe)
}

/// Encodes `film` to `result`. The frame times are written to a file beside the result, which is not deleted.
pub fn encode(plan: &EncodePlan, film: &Path, result: &Path) -> Result<RunReport, Box<dyn Error>> {
    let times = result.with_extension("times");
    let args = command::bind(&command::arguments(plan, Audience::Program), |file| match file {
        Placeholder::Input | Placeholder::Original => film.as_os_str(),
        Placeholder::Output => result.as_os_str(),
        Placeholder::FrameTimes => times.as_os_str(),
        // Only arguments for MKVToolNix have these, and the plan doesn't use it (`Toolchain::with_header_editor`).
        Placeholder::Chapters | Placeholder::Tags => OsStr::new(""),
    });
    let ffmpeg = Command::new("ffmpeg").args(args).stdin(Stdio::null()).output()?;
    let mut report = RunReport::new(ffmpeg.status.code());
    let mut progress = ProgressReader::default();
    for line in String::from_utf8_lossy(&ffmpeg.stdout).lines() {
        progress.add_line(line).iter().for_each(|progress| report.add_progress(progress));
    }
    report.add_log(&String::from_utf8_lossy(&ffmpeg.stderr));
    // If ffmpeg failed, it may not have written the frame times.
    let times = fs::read_to_string(times).ok();
    Ok(report.with_frame_times(times.and_then(|times| times.lines().map(frame_time).collect())))
}

/// Judges the result of a run. The two slow checks, the decode and the comparison of pictures, are made only if
/// everything else is in order.
pub fn check(
    plan: &EncodePlan,
    report: &RunReport,
    film: &Path,
    result: &Path,
) -> Result<Judgement, Box<dyn Error>> {
    let probed = probe(result, |_| plan.contract.picture.needs_first_frame()).ok();
    let picture = probed.as_ref().and_then(|probe| probe.main_video()).map_or(0, |(stream, _)| stream.index);
    // All packets of the result with every timestamp of its video, and the packets of the source's first seconds.
    let packets = PacketSummary::with_times_of(picture);
    let packets = list(packets, &command::packet_probe_arguments(ProbeDepth::Usual), result)?;
    let opening = list(PacketSummary::default(), &command::opening_probe_arguments(plan.probe_depth), film)?;
    let evidence = Evidence::new(fs::metadata(result)?.len())
        .with_run(Some(report))
        .with_probe(Some(probed.as_ref().map_or(ResultProbe::Unreadable, ResultProbe::Read)))
        .with_packets(Some(&packets))
        .with_source_opening(Some(&opening));
    let judgement = judge(plan, &evidence);
    let Judgement::Incomplete { missing } = &judgement else { return Ok(judgement) };
    if !missing.iter().all(|piece| matches!(piece, Missing::Decode | Missing::Picture)) {
        return Ok(judgement);
    }
    let (decoded, seen) = (decode(plan, film, result)?, look(plan, film, result)?);
    let picture = match &seen {
        Comparison::Same => Some(Check::Passed),
        Comparison::Different(defect) => Some(Check::Failed(defect)),
        // Neither file has a picture in any of the windows, so nothing was compared.
        Comparison::NoPictures => None,
    };
    let evidence = evidence.with_decode(Decode::Made(Check::from(decoded.as_ref()))).with_picture(picture);
    Ok(judge(plan, &evidence))
}

/// Decodes the video and the audio of a result, and the audio of the source for comparison.
fn decode(plan: &EncodePlan, film: &Path, result: &Path) -> Result<Option<Defect>, Box<dyn Error>> {
    let complaints = |args: Option<Vec<Arg>>, file: &Path| -> Result<Complaints, Box<dyn Error>> {
        let mut complaints = Complaints::default();
        let Some(args) = args else { return Ok(complaints) };
        let decoded = run("ffmpeg", &args, file)?;
        String::from_utf8_lossy(&decoded.stderr).lines().for_each(|line| complaints.add_line(line));
        complaints.add_exit(decoded.status.code().ok_or("a signal ended ffmpeg")?);
        if complaints.lacks_decoder() { Err("this ffmpeg can't decode AV1".into()) } else { Ok(complaints) }
    };
    let pictures = complaints(Some(command::decode_video_arguments()), result)?;
    let sound = complaints(command::decode_audio_arguments(plan, Side::Result), result)?;
    let before = complaints(command::decode_audio_arguments(plan, Side::Source), film)?;
    Ok(pictures.in_picture().or(sound.in_sound(&before)))
}

/// Compares thumbnails of source and result in up to three windows.
fn look(plan: &EncodePlan, film: &Path, result: &Path) -> Result<Comparison, Box<dyn Error>> {
    let picture = &plan.contract.picture;
    let size = ThumbnailSize::of(picture.width, picture.height);
    let mut all = Comparison::NoPictures;
    for window in windows(plan.contract.duration) {
        let shown = |side, file| -> Result<Vec<u8>, Box<dyn Error>> {
            let args = command::picture_arguments(plan, side, window, SeekMode::FromStart, size);
            let shown = run("ffmpeg", &args, file)?;
            if shown.status.success() { Ok(shown.stdout) } else { Err("a part can't be decoded".into()) }
        };
        let (before, after) = (shown(Side::Source, film)?, shown(Side::Result, result)?);
        let (before, after) = (Thumbnails::new(&before, size), Thumbnails::new(&after, size));
        match compare(window.start, before, after, Counted::by(plan)) {
            Comparison::NoPictures => {}
            Comparison::Same => all = Comparison::Same,
            other @ Comparison::Different(_) => return Ok(other),
        }
    }
    Ok(all)
}

/// Adds all lines that ffprobe prints with these arguments to `packets`, and its complaints.
fn list(mut packets: PacketSummary, args: &[Arg], file: &Path) -> io::Result<PacketSummary> {
    let listed = run("ffprobe", args, file)?;
    String::from_utf8_lossy(&listed.stdout).lines().for_each(|line| packets.add_line(line));
    String::from_utf8_lossy(&listed.stderr).lines().for_each(|line| packets.add_complaint(line));
    Ok(packets)
}

/// Runs a program with `file` as its input file.
fn run(program: &str, args: &[Arg], file: &Path) -> io::Result<Output> {
    let args = command::bind(args, |_| file.as_os_str());
    let run = Command::new(program).args(args).stdin(Stdio::null()).output();
    run.map_err(|error| io::Error::new(error.kind(), format!("{program} can't be run: {error}")))
}
