//! An encode that is paused, resumed, cancelled, or run at low priority, with the real ffmpeg; the checks read the
//! kernel's view of the process.

#![cfg(test)]

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use av1d_tests::{Media, Signal, Tools, in_group, signal};
use av1exec::ffmpeg::encode::{Encode, Ended};
use av1exec::state::outcome::Outcome;
use av1exec::sys::lock::Locks;
use av1exec::sys::pause::{Pause, pause_switch};
use av1exec::sys::priority::{IoNice, Priority};
use av1exec::sys::stop::{Stop, stop_switch};
use av1exec::sys::waits::Waits;
use tokio::sync::oneshot;

/// Shorter than any pause in these tests, longer than a busy machine delays ffmpeg.
const STALL: Duration = Duration::from_secs(4);
const FRAMES: usize = 96;

/// A folder, and the ffmpeg arguments that encode a generated film of four seconds into it in about four seconds.
struct Bench {
    tools: Tools,
    folder: tempfile::TempDir,
    args: Vec<OsString>,
}

impl Bench {
    fn open() -> Option<Self> {
        let (tools, folder) = (Tools::find()?, tempfile::tempdir().unwrap());
        let options = "-nostdin -y -loglevel level+info -nostats -progress pipe:1 -readrate 1 -f lavfi \
                       -i testsrc2=size=160x120:rate=24:duration=4 -c:v libsvtav1 -preset 12 -f matroska";
        let mut args: Vec<OsString> = options.split_whitespace().map(Into::into).collect();
        args.push(folder.path().join("out.mkv").into());
        Some(Self { tools, folder, args })
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out.mkv")
    }

    /// Runs the encode. As soon as ffmpeg runs, `script` runs beside it with ffmpeg's process id.
    async fn run<T>(
        &self,
        pause: &Pause,
        stop: &Stop,
        priority: Priority,
        script: impl AsyncFnOnce(u32) -> T,
    ) -> (Ended, T) {
        let (log, output, locks) = (self.folder.path().join("log"), self.output(), Locks::default());
        let picture = r#"{"width": 160, "height": 120, "pixel_format": "yuv420p10le", "color": {}}"#;
        let picture: av1plan::plan::ExpectedPicture = serde_json::from_str(picture).unwrap();
        let encode = Encode {
            picture: &picture,
            program: &self.tools.ffmpeg,
            args: &self.args,
            output: &output,
            log: &log,
            job: "j1",
            locks: &locks,
            size_limit: u64::MAX,
            stall: STALL,
            priority,
            pause,
            waits: &Waits::default(),
        };
        let (sender, receiver) = oneshot::channel();
        let started = async |child: av1exec::sys::orphan::ProcessId| {
            let _ = sender.send(child.pid);
            Ok(())
        };
        let mut stop = stop.clone();
        let beside = async { script(receiver.await.unwrap()).await };
        let (ended, told) = tokio::join!(encode.run(started, |_| (), &mut stop), beside);
        (ended.unwrap(), told)
    }

    /// Asserts that the encode ended normally and that every frame is in the result.
    fn holds_all(&self, ended: &Ended) {
        let Ended::Run { report, .. } = ended else { panic!("{ended:?}") };
        assert_eq!(report.exit_code, Some(0));
        let media = Media::of(&self.tools, &self.output());
        assert_eq!(media.is_av1().times().len(), FRAMES);
    }
}

fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().map(str::to_owned).collect());
    fields.unwrap_or_default()
}

/// Waits until ffmpeg is stopped or, if `stopped` is false, until it is running again.
async fn until_stopped(pid: u32, stopped: bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while stat(pid).first().is_some_and(|state| state == "T") != stopped {
        assert!(Instant::now() < deadline, "ffmpeg is {:?}", stat(pid).first());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test]
async fn an_encode_that_is_paused_does_not_stall_and_goes_on() {
    let Some(bench) = Bench::open() else { return };
    let (switch, pause) = pause_switch();
    let (_stop_switch, stop) = stop_switch();
    let script = async |pid| {
        sleep(Duration::from_secs(1)).await;
        switch.pause();
        until_stopped(pid, true).await;
        let used = stat(pid)[11..13].to_vec();
        sleep(STALL + Duration::from_secs(2)).await;
        until_stopped(pid, true).await;
        assert_eq!(stat(pid)[11..13], used, "it used no processor time");
        switch.resume();
        until_stopped(pid, false).await;
        // A second pause works like the first.
        switch.pause();
        until_stopped(pid, true).await;
        switch.resume();
    };
    let (ended, ()) = bench.run(&pause, &stop, Priority::default(), script).await;
    bench.holds_all(&ended);
}

#[tokio::test]
async fn one_that_begins_paused_waits() {
    let Some(bench) = Bench::open() else { return };
    let (switch, pause) = pause_switch();
    let (_stop_switch, stop) = stop_switch();
    switch.pause();
    let script = async |pid| {
        until_stopped(pid, true).await;
        sleep(STALL + Duration::from_secs(1)).await;
        switch.resume();
    };
    let (ended, ()) = bench.run(&pause, &stop, Priority::default(), script).await;
    bench.holds_all(&ended);
}

#[tokio::test]
async fn one_that_is_stopped_from_outside_does_stall() {
    let Some(bench) = Bench::open() else { return };
    let (_stop_switch, stop) = stop_switch();
    let script = async |pid| {
        signal(pid, Signal::STOP);
        pid
    };
    let (ended, pid) = bench.run(&Pause::never(), &stop, Priority::default(), script).await;
    assert!(matches!(ended, Ended::Stalled), "{ended:?}");
    assert_eq!(in_group(pid.into()), [] as [u32; 0]);
}

#[tokio::test]
async fn one_job_is_cancelled_while_it_is_paused() {
    let Some(bench) = Bench::open() else { return };
    let (switch, pause) = pause_switch();
    let (_stop_switch, all) = stop_switch();
    let (cancel, one) = all.part();
    let script = async |pid| {
        switch.pause();
        until_stopped(pid, true).await;
        cancel.stop();
        (pid, Instant::now())
    };
    let (ended, (pid, cancelled)) = bench.run(&pause, &one, Priority::default(), script).await;
    assert!(matches!(ended, Ended::Stopped), "{ended:?}");
    // An ffmpeg that ignores SIGTERM is only killed after ten seconds.
    assert!(cancelled.elapsed() < Duration::from_secs(9), "it heard");
    assert_eq!(in_group(pid.into()), [] as [u32; 0]);
    assert_eq!(Outcome::stopped(&one), Outcome::Cancelled);
    assert!(!all.is_asked());
}

#[tokio::test]
async fn a_child_gives_way_as_it_is_told() {
    let Some(bench) = Bench::open() else { return };
    let own: i32 = stat(std::process::id())[16].parse().unwrap();
    for (nice, ionice, class) in [
        (10, IoNice::Idle, "idle"),
        (19, IoNice::BestEffort, "best-effort: prio 7"),
        (0, IoNice::None, "none: prio"),
    ] {
        let (cancel, stop) = stop_switch();
        let script = async |pid: u32| {
            let found = stat(pid)[16].clone();
            let asked = Command::new("ionice").args(["-p", &pid.to_string()]).output();
            cancel.stop();
            (found, asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()))
        };
        let priority = Priority { nice, ionice };
        let (_, (found, asked)) = bench.run(&Pause::never(), &stop, priority, script).await;
        assert_eq!(found, i32::from(nice).max(own).to_string(), "{priority:?}");
        match asked {
            Ok(asked) => assert!(asked.starts_with(class), "{priority:?}: {asked}"),
            Err(error) => av1d_tests::skipped(&format!("ionice can't be run: {error}")),
        }
    }
    let unchanged: i32 = stat(std::process::id())[16].parse().unwrap();
    assert_eq!(unchanged, own, "the parent keeps its own");
}
