//! When a film's turn comes: after it has stopped changing, in the configured order, and within the configured hours.

use std::fs;
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use av1d_tests::{PICTURE, Running, Script, Signal, signal, wait_until};

use crate::{encodes, quick, replaced, start_daemon, status, stop};

#[test]
fn a_film_that_grows_is_watched_until_it_holds_still() {
    let Some(mut library) = quick() else { return };
    library.set("stable_secs", 1);
    library.set("scan_interval_secs", 3600);
    let whole = fs::read(library.film("Film.mkv")).unwrap();
    let mut copy = fs::File::create(library.path("Film.mkv")).unwrap();
    let run = {
        copy.write_all(&whole[..1000]).unwrap();
        start_daemon(&library)
    };
    let rest = &whole[1000..];
    for part in rest.chunks(rest.len().div_ceil(15)) {
        sleep(Duration::from_millis(200));
        assert_eq!(library.jobs().len(), 0, "it still grows");
        copy.write_all(part).unwrap();
    }
    wait_until("it is replaced", || replaced(&library) == 1);
    stop(run);
    library.media("Film.mkv").is_av1();
    assert_eq!(library.jobs().len(), 1, "no attempt on a part of it");
}

#[test]
fn an_old_time_of_change_is_no_proof_of_rest() {
    let Some(mut library) = quick() else { return };
    library.set("stable_secs", 3600);
    let film = fs::File::options().append(true).open(library.film("Film.mkv")).unwrap();
    film.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    let run = start_daemon(&library);
    wait_until("it is watched", || status(&library)["settling"] == 1);
    stop(run);
    assert_eq!(library.jobs().len(), 0);
}

#[test]
fn films_are_encoded_in_the_order_that_was_asked_for() {
    for (order, expected) in [
        ("path", ["A.mkv", "B.mkv", "C.mkv"]),
        ("largest", ["B.mkv", "C.mkv", "A.mkv"]),
        ("oldest", ["C.mkv", "A.mkv", "B.mkv"]),
    ] {
        let Some(mut library) = quick() else { return };
        library.set("queue_order", order);
        library.replace_ffmpeg(Script { when: "-progress", does: "exit 1" });
        for (name, crf, modified) in [("A.mkv", 40, 20), ("B.mkv", 1, 30), ("C.mkv", 20, 10)] {
            let path = library.make(name, &PICTURE.replace("-crf 10", &format!("-crf {crf}")));
            let film = fs::File::options().append(true).open(path).unwrap();
            film.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000 + modified)).unwrap();
        }
        let run = library.watch_once().exits_with(1).says("3 failed");
        assert_eq!(encodes(&run), expected, "{order}\n{run}");
    }
}

#[test]
fn outside_the_active_hours_nothing_begins() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 3600);
    library.film("Film.mkv");
    let hour = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 3600;
    library.set("active_hours", format!("{:02}:00-{:02}:00", (hour + 3) % 24, (hour + 4) % 24));
    let run = Running::start(library.command(["watch"]).env("TZ", "UTC"), b"");
    wait_until("it waits", || run.has_said("scan: ") && status(&library)["queued"] == 1);
    sleep(Duration::from_secs(1));
    assert_eq!(status(&library)["state"], "quiet-hours");
    assert_eq!(library.jobs().len(), 0);

    library.set("active_hours", "00:00-24:00");
    signal(run.id(), Signal::HUP);
    wait_until("it is replaced", || replaced(&library) == 1);
    assert_eq!(status(&library)["state"], "running");
    stop(run);
}
