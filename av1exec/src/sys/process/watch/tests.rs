//! Tests with small shell scripts that stay silent, print too much, or end.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::*;
use crate::sys::process::start;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_mins(1);

/// Runs a script. Returns how it ended and the lines of both outputs, after checking that no process of it is left.
async fn run(script: &str, pulse: Option<(Output, Duration)>) -> (Watched, Vec<String>, Vec<String>) {
    let child = start(Path::new("/bin/sh"), &["-c".into(), script.into()]).await.unwrap();
    let group = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let pulse = pulse.map(|(output, limit)| Pulse { output, limit });
    let watched = watch(child, pulse, |output, line| {
        let heard = if output == Output::Stdout { &mut stdout } else { &mut stderr };
        // Scripts without an end would fill the memory.
        if heard.len() < 100_000 {
            heard.push(line.to_owned());
        }
    });
    let watched = tokio::time::timeout(LONG, watched).await.expect("it is watched to its end").unwrap();
    // Processes that the script started now belong to init, which may need a moment to reap them.
    let gone = async {
        while rustix::process::test_kill_process_group(group).is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, gone).await.expect("nothing of it is left");
    (watched, stdout, stderr)
}

#[tokio::test]
async fn one_that_ends_is_reported_with_its_status_and_all_that_it_said() {
    for pulse in [None, Some((Output::Stdout, LONG)), Some((Output::Stderr, LONG))] {
        let (watched, stdout, stderr) = run("echo one; echo two >&2; printf three; exit 7", pulse).await;
        let status = watched.status("it").unwrap();
        assert_eq!((status.code(), stdout, stderr), (Some(7), words("one three"), words("two")));
    }
    let (watched, ..) = run("kill -9 $$", None).await;
    assert_eq!(watched, Watched::Ended(ExitStatus::from_raw(9)));
}

#[tokio::test]
async fn one_that_is_silent_is_ended_with_all_that_it_started() {
    for (output, script) in [
        (Output::Stdout, "echo one; sleep 600 & sleep 600"),
        (Output::Stderr, "echo one >&2; sleep 600 & sleep 600"),
        // Closing both outputs doesn't count as ending.
        (Output::Stdout, "echo one; exec >&- 2>&-; sleep 600"),
    ] {
        let (watched, stdout, stderr) = run(script, Some((output, SHORT))).await;
        assert_eq!(watched, Watched::Silent(SHORT), "{script}");
        assert_eq!([stdout, stderr].concat(), ["one"], "{script}");
    }
    let silent = Watched::Silent(Duration::from_secs(4)).status("a decode").unwrap_err();
    assert_eq!(silent.to_string(), "a decode showed no sign of life for 4 s");
}

#[tokio::test]
async fn one_that_shows_signs_of_life_may_take_any_time() {
    let limit = Duration::from_secs(1);
    let script = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done";
    // Without a pulse there is no limit.
    for pulse in [Some((Output::Stdout, limit)), None] {
        let (watched, stdout, _) = run(script, pulse).await;
        assert_eq!((watched, stdout.len()), (Watched::Ended(ExitStatus::from_raw(0)), 8));
    }
    let (watched, ..) = run(script, Some((Output::Stderr, limit))).await;
    assert_eq!(watched, Watched::Silent(limit), "only one of its outputs counts");
}

#[tokio::test]
async fn one_that_writes_without_end_blocks_nobody() {
    // More output than a pipe holds, before the first line that counts.
    let flood = "i=0; while [ $i -lt 20000 ]; do echo complaint; i=$((i + 1)); done";
    let (watched, stdout, stderr) =
        run(&format!("({flood}) >&2; echo done"), Some((Output::Stdout, LONG))).await;
    assert_eq!((watched, stdout), (Watched::Ended(ExitStatus::from_raw(0)), words("done")));
    assert_eq!(stderr.len(), 20_000);
    // A flood on the other output is no sign of life, with or without line breaks.
    for script in ["yes >&2", "exec cat /dev/zero >&2"] {
        let (watched, stdout, _) = run(script, Some((Output::Stdout, SHORT))).await;
        assert_eq!((watched, stdout), (Watched::Silent(SHORT), Vec::new()), "{script}");
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}
