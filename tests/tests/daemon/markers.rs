//! Markers beside films: the size gate's, a user's, and one that is created and removed again.

use std::fs;

use av1d_tests::{PICTURE, Script, Signal, signal, wait_until};

use crate::{encodes, quick, replaced, start_daemon, stop};

#[test]
fn the_size_gates_marker_holds_for_its_film_and_gate_only() {
    let Some(mut library) = quick() else { return };
    library.set("max_size_ratio", 0.01);
    library.film("Film.mkv");
    let marker = library.path("Film.mkv.av1skip");
    let tried = |what: &str| {
        let run = library.watch_once().exits_with(0).says("[too-big]");
        assert_eq!(encodes(&run), ["Film.mkv"], "{what}");
    };
    tried("the first time");
    fs::remove_file(&marker).unwrap();
    tried("the marker was removed at once");
    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    fs::remove_file(&marker).unwrap();
    tried("the marker was removed later");

    let bigger = library.make("Film.mkv", &PICTURE.replace("-crf 10", "-crf 1"));
    tried("another film of that name");
    let text = fs::read_to_string(&marker).unwrap();
    assert!(text.contains(&format!("of {} bytes", fs::metadata(bigger).unwrap().len())), "{text}");

    library.set("max_size_ratio", 0.9);
    library.watch_once().exits_with(0).says("1 replaced");
    assert_eq!(library.files(), ["Film.mkv"]);
}

#[test]
fn a_persons_own_marker_is_neither_overruled_nor_overwritten() {
    let Some(mut library) = quick() else { return };
    library.film("Film.mkv");
    let marker = library.path("Film.mkv.av1skip");
    fs::write(&marker, "").unwrap();
    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    library.make("Film.mkv", &PICTURE.replace("-crf 10", "-crf 1"));
    library.set("max_size_ratio", 0.01);
    library.watch_once().exits_with(0).says("[skip-marker]").says_no("encode: ");
    library.run(["encode", "--ignore", "skip-marker", "Film.mkv"]).exits_with(0).says("[too-big]");
    assert_eq!(fs::read(&marker).unwrap(), b"");
}

#[test]
fn a_marker_that_comes_and_goes_while_a_film_waits_leaves_nothing_behind() {
    let Some(mut library) = quick() else { return };
    library.set("scan_interval_secs", 3600);
    library.set("queue_order", "path");
    for name in ["A.mkv", "B.mkv"] {
        library.film(name);
    }
    let go = library.scratch().join("go");
    let does = format!("until test -e '{}'; do sleep 0.05; done", go.display());
    library.replace_ffmpeg(Script { when: "-progress", does: &does });
    let run = start_daemon(&library);
    wait_until("the first is encoded", || run.has_said("A.mkv with"));

    let marker = library.path("B.mkv.av1skip");
    fs::write(&marker, "").unwrap();
    fs::write(go, "").unwrap();
    wait_until("the second is passed over", || run.has_said("B.mkv [skip-marker]"));
    fs::remove_file(marker).unwrap();
    signal(run.id(), Signal::USR1);
    wait_until("both are replaced", || replaced(&library) == 2);
    stop(run);
}
