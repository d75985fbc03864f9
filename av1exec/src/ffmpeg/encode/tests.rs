//! Tests of stall detection: an encode that prints nothing counts as working while its output changes, whatever the
//! clock that stamps the output says.

use std::fs::File;

use super::*;

const DAY: Duration = Duration::from_hours(24);
const SHORT: Duration = Duration::from_secs(10);

/// An output whose modification time comes from a wrong clock, and the watch on it.
struct Silent {
    _folder: tempfile::TempDir,
    path: PathBuf,
    watch: Watch,
}

impl Silent {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.mp4");
        std::fs::write(&path, "0123456789").unwrap();
        let watch = Watch::new([path.clone(), path.clone()], Waits::default());
        Self { _folder: folder, path, watch }
    }

    fn stamp(&self, time: SystemTime) {
        File::options().write(true).open(&self.path).unwrap().set_modified(time).unwrap();
    }

    /// Whether a look finds that the output has changed.
    async fn moves(&mut self) -> bool {
        let before = self.watch.moved;
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.watch.look(SHORT).await;
        self.watch.moved != before
    }
}

#[tokio::test]
async fn an_output_moves_while_it_changes_whatever_the_clock_of_its_disk_says() {
    let now = SystemTime::now();
    for start in [now + DAY, now - DAY, now] {
        let mut silent = Silent::new();
        silent.stamp(start);
        assert!(!silent.moves().await, "the first look has nothing to be held against");
        assert!(!silent.moves().await, "a time ahead is no sign of life");
        silent.stamp(start + Duration::from_secs(1));
        assert!(silent.moves().await, "it was written to");
        assert!(!silent.moves().await);
        std::fs::write(&silent.path, "longer than it was").unwrap();
        silent.stamp(start + Duration::from_secs(1));
        assert!(silent.moves().await, "its size counts, too");
        silent.stamp(start);
        assert!(silent.moves().await, "a clock that was set back as well");
        std::fs::remove_file(&silent.path).unwrap();
        assert!(!silent.moves().await, "what is gone is written to by nobody");
    }
}

fn picture() -> ExpectedPicture {
    serde_json::from_str(r#"{"width": 64, "height": 48, "pixel_format": "yuv420p", "color": {}}"#).unwrap()
}

#[tokio::test]
async fn an_encode_whose_pictures_change_their_size_is_ended_at_once() {
    let line = "echo '[vf#0:0 @ 0x1] [info] Reconfiguring filter graph because video parameters changed to";
    let same = format!("{line} yuv420p(pc, bt709), 64x48' >&2; {line} yuv420p(tv), 63x47' >&2");
    let (ended_by_itself, _) = ended(&same, DAY).await;
    assert!(matches!(ended_by_itself, Ended::Run { .. }), "{ended_by_itself:?}");
    let (cut_short, _) = ended(&format!("{line} yuv420p(tv, bt709), 80x60' >&2; exec sleep 600"), DAY).await;
    assert!(matches!(cut_short, Ended::PictureChanged { width: 80, height: 60 }), "{cut_short:?}");
}

/// Runs an encode whose program prints nothing and runs the shell code `does` on its output.
async fn ended(does: &str, stall: Duration) -> (Ended, Duration) {
    let silent = Silent::new();
    silent.stamp(SystemTime::now() + DAY);
    let (switch, mut stop) = crate::sys::stop::stop_switch();
    let script = format!("output='{}'; {does}", silent.path.display());
    let (log, locks, waits) = (silent.path.with_extension("log"), Locks::default(), Waits::default());
    let encode = Encode {
        program: Path::new("/bin/sh"),
        args: &["-c".into(), script.into()],
        output: &silent.path,
        log: &log,
        job: "j1",
        locks: &locks,
        size_limit: u64::MAX,
        picture: &picture(),
        stall,
        priority: Priority::default(),
        pause: &Pause::never(),
        waits: &waits,
    };
    let began = Instant::now();
    let ended = encode.run(async |_| Ok(()), |_| (), &mut stop).await.unwrap();
    drop(switch);
    (ended, began.elapsed())
}

#[tokio::test]
async fn a_silent_rewrite_ahead_of_our_clock_is_no_stall_and_a_frozen_one_is() {
    let stall = Duration::from_secs(3);
    let frozen = ended("exec sleep 60", stall);
    // This takes longer than the stall limit, and each time stamp is a day and some seconds ahead.
    let rewriting = "for i in $(seq 1 30); do touch -d \"+1 day $i seconds\" \"$output\"; sleep 0.2; done";
    let ((frozen, after), (rewritten, took)) = tokio::join!(frozen, ended(rewriting, stall));
    assert!(matches!(frozen, Ended::Stalled), "{frozen:?}");
    assert!(after >= stall, "{after:?}");
    assert!(matches!(&rewritten, Ended::Run { report, .. } if report.exit_code == Some(0)), "{rewritten:?}");
    assert!(took > stall, "{took:?}");
}

#[tokio::test]
async fn a_look_that_never_comes_back_blames_the_disk_and_not_the_film() {
    let mut silent = Silent::new();
    silent.watch.look(SHORT).await;
    assert!(matches!(silent.watch.stalled(), Ended::Stalled));
    silent.watch.looking = Some(tokio::spawn(std::future::pending()));
    silent.watch.look(Duration::from_millis(20)).await;
    assert!(matches!(silent.watch.stalled(), Ended::DiskHangs));
}

#[tokio::test]
async fn who_is_to_stop_is_heard_while_the_state_folder_hangs() {
    let silent = Silent::new();
    let (switch, mut stop) = crate::sys::stop::stop_switch();
    let (log, locks, waits) = (silent.path.with_extension("log"), Locks::default(), Waits::default());
    let encode = Encode {
        program: Path::new("/bin/sh"),
        args: &["-c".into(), "exec sleep 60".into()],
        output: &silent.path,
        log: &log,
        job: "j1",
        locks: &locks,
        size_limit: u64::MAX,
        picture: &picture(),
        stall: Duration::from_mins(5),
        priority: Priority::default(),
        pause: &Pause::never(),
        waits: &waits,
    };
    switch.stop();
    let run = encode.run(async |_| std::future::pending().await, |_| (), &mut stop);
    let ended = tokio::time::timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
    assert!(matches!(ended, Ended::Stopped), "{ended:?}");
}
