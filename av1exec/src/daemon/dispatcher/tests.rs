//! The dispatcher's decisions over the life of a film: which effects each input leads to.

mod config;
mod persons;
mod property;
mod roots;

use std::time::Duration;

use av1plan::SkipReason;
use av1plan::judge::Defect;

use super::scene::{Scene, film, settings, text};
use super::*;
use crate::daemon::input::{ConfigVersion, Encoded, End, Probed};
use crate::daemon::tasks::Task;
use crate::library::film::Film;
use crate::settings::hours::OutsideHours;
use crate::settings::queue_order::QueueOrder;
use crate::state::outcome::{Outcome, Retry};

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_film_is_listed_walked_settled_probed_planned_and_encoded() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    assert_eq!(scene.wants(), ["list"], "jobs that were left open come first");
    scene.list(&[]);
    assert_eq!(scene.wants(), ["walk /a"]);
    scene.walk_all(&films);
    assert!(scene.wants().is_empty(), "it is to hold still");
    let stable = scene.dispatcher.context.settings.stable;
    scene.pass(stable.saturating_sub(Duration::from_secs(1)));
    assert!(scene.wants().is_empty());
    scene.pass(Duration::from_secs(1));
    assert_eq!(scene.wants(), ["look /a/Film.mkv"]);
    scene.look(&films);
    assert_eq!(scene.wants(), ["probe /a/Film.mkv"]);
    scene.probe();
    assert_eq!(scene.wants(), ["encode /a/Film.mkv"]);
    let (film, by) = scene.encode().unwrap();
    scene.encoded(&film, by, Outcome::Replaced { path: film.path.clone(), before: 100, after: 40 });
    let summary = scene.dispatcher.summary();
    assert_eq!((summary.replaced, summary.saved, summary.failed), (1, 60, 0));
    assert!(scene.wants().is_empty());
    scene.pass(scene.dispatcher.context.settings.scan_interval);
    assert_eq!(scene.wants(), ["walk /a"], "the next pass");
    scene.walk_all(&films);
    assert!(scene.wants().is_empty(), "it is AV1 now");
}

#[test]
fn a_film_that_still_moves_waits_for_as_long_again() {
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.list(&[]);
    scene.walk_all(&[film("/a/Film.mkv", 100)]);
    scene.settle(&[film("/a/Film.mkv", 200)]);
    assert!(scene.wants().is_empty(), "it has grown");
    scene.settle(&[film("/a/Film.mkv", 200)]);
    assert_eq!(scene.wants(), ["probe /a/Film.mkv"]);

    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.list(&[]);
    scene.walk_all(&[film("/a/Film.mkv", 100)]);
    scene.settle(&[]);
    assert!(scene.wants().is_empty(), "it is gone");
}

#[test]
fn films_are_encoded_in_the_order_that_was_asked_for() {
    let films = [film("/a/1.mkv", 100), film("/a/2.mkv", 300), film("/a/3.mkv", 200)];
    let table = [(QueueOrder::Largest, ["2", "3", "1"]), (QueueOrder::Path, ["1", "2", "3"])];
    for (queue_order, order) in table {
        let settings = Settings { queue_order, ..settings(&["/a"]) };
        let mut scene = Scene::with(Run::Forever, settings, &films);
        scene.probe();
        for name in order {
            assert_eq!(scene.wants(), [format!("encode /a/{name}.mkv")], "one at a time, {queue_order:?}");
            let (film, by) = scene.encode().unwrap();
            scene.encoded(&film, by, Outcome::Replaced { path: film.path.clone(), before: 2, after: 1 });
        }
    }
}

#[test]
fn an_encode_waits_for_all_probes_but_not_for_ever() {
    let films = [film("/a/1.mkv", 100), film("/a/2.mkv", 300)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    let Some(Effect::Probe(first, generation)) = scene.take_first("probe") else { unreachable!() };
    let probe = av1plan::MediaProbe::from_json(&text().probe).unwrap();
    scene.give(Input::Probed(Probed { film: first, generation, result: Ok((text(), probe)) }));
    assert!(!scene.wants().iter().any(|want| want.starts_with("encode")), "{:?}", scene.wants());
    scene.pass(2 * MINUTE);
    assert!(scene.wants().iter().any(|want| want.starts_with("encode")), "{:?}", scene.wants());
}

#[test]
fn outside_the_active_hours_nothing_begins_and_what_runs_holds_still_where_that_was_asked_for() {
    for (outside_hours, held) in [(OutsideHours::Pause, true), (OutsideHours::Finish, false)] {
        // The clock of these tests starts at twelve o'clock.
        let active_hours = "11:00-13:00".parse().ok();
        let settings = Settings { active_hours, outside_hours, ..settings(&["/a"]) };
        let mut scene = Scene::with(Run::Forever, settings, &[film("/a/1.mkv", 9), film("/a/2.mkv", 8)]);
        scene.probe();
        let (film, by) = scene.encode().unwrap();
        scene.pass(61 * MINUTE);
        assert_eq!(!scene.take("hold").is_empty(), held, "{outside_hours:?}");
        scene.encoded(&film, by, Outcome::Replaced { path: film.path.clone(), before: 2, after: 1 });
        scene.pass(20 * 60 * MINUTE);
        assert!(scene.encode().is_none(), "it is night");
        scene.pass(2 * 60 * MINUTE);
        assert!(scene.encode().is_some(), "it is eleven o'clock");
        assert_eq!(!scene.take("go on").is_empty(), held, "{outside_hours:?}");
    }
}

/// How many encodes of a film begin within ten hours, if each ends like this.
fn encodes_within_ten_hours(end: impl Fn(&mut Scene, Film, ConfigVersion)) -> u16 {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let mut encodes = 0;
    for _ in 0..600 {
        if let Some((film, by)) = scene.encode() {
            encodes += 1;
            end(&mut scene, film, by);
        }
        scene.pass(scene.dispatcher.context.settings.scan_interval);
        scene.list(&[]);
        scene.walk_all(&films);
        scene.read();
        scene.probe();
    }
    assert_eq!(scene.dispatcher.catalog.spent(&films[0].path).failures, encodes);
    encodes
}

#[test]
fn a_failure_is_tried_again_later_and_not_for_ever() {
    let ends_as = |outcome: Outcome| {
        encodes_within_ten_hours(move |scene, film, by| scene.encoded(&film, by, outcome.clone()))
    };
    let reason = "the rename was refused".to_owned();
    assert_eq!(ends_as(Outcome::Stalled { seconds: 1 }), 3, "then somebody has to ask");
    assert_eq!(ends_as(Outcome::Failed { reason: reason.clone(), retry: Retry::Costly }), 3);
    assert_eq!(ends_as(Outcome::Failed { reason, retry: Retry::Futile }), 1);
    let defect = Defect::Chapters { expected: 1, found: 0 };
    assert_eq!(ends_as(Outcome::defective(vec![defect], String::new())), 1);
    let panics = encodes_within_ten_hours(|scene, film, _| {
        let task = Task::Film(film.path, Doing::Encode);
        scene.give(Input::Lost { task, reason: Some("a defect".to_owned()) });
    });
    assert_eq!(panics, 3);
}

#[test]
fn a_full_disk_of_the_state_folder_is_said_once_and_looked_at_again() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    for _ in 0..3 {
        let (film, by) = scene.encode().unwrap();
        scene.give(Input::Encoded(Encoded { film, by, end: End::StateDiskFull }));
        assert!(scene.encode().is_none(), "not at once");
        scene.pass(MINUTE);
    }
    let full =
        |event: &&Event| matches!(event, Event::Warning { message, .. } if message.contains("is full"));
    assert_eq!(scene.published.iter().filter(full).count(), 1);
}

#[test]
fn a_film_whose_task_is_lost_is_free_again() {
    let films = [film("/a/Film.mkv", 100)];
    for step in ["look", "probe", "encode"] {
        let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
        scene.list(&[]);
        scene.walk_all(&films);
        scene.pass(scene.dispatcher.context.settings.stable);
        if step != "look" {
            scene.look(&films);
        }
        if step == "encode" {
            scene.probe();
        }
        let task = match scene.take_first(step) {
            Some(Effect::Look(..)) => Task::Look(vec![films[0].path.clone()]),
            Some(Effect::Probe(film, _)) => Task::Film(film.path, Doing::Probe),
            Some(Effect::Encode(film, _)) => Task::Film(film.path, Doing::Encode),
            other => unreachable!("{other:?}"),
        };
        scene.give(Input::Lost { task, reason: Some("a defect".to_owned()) });
        assert!(!scene.dispatcher.tasks.is_busy(&films[0].path), "{step}");
    }
}

#[test]
fn a_stop_begins_nothing_more_and_waits_for_encodes_alone() {
    let films = [film("/a/1.mkv", 100), film("/a/2.mkv", 300)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    for _ in 0..2 {
        scene.give(Input::Stop);
        assert!(!scene.dispatcher.is_done(), "the encode is ended by its own ear");
    }
    scene.encoded(&film, by, Outcome::Interrupted);
    assert!(scene.dispatcher.is_done() && scene.encode().is_none());
    assert!(scene.dispatcher.summary().stopped);
    scene.pass(100 * MINUTE);
    assert!(scene.take("walk").is_empty());

    // Tasks that only read are not waited for.
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.give(Input::Stop);
    assert!(scene.dispatcher.is_done());
    scene.list(&[]);
    assert!(scene.take("walk").is_empty());
}

#[test]
fn one_pass_lets_films_hold_still_once_and_ends() {
    let films = [film("/a/1.mkv", 100), film("/a/2.mkv", 300)];
    let mut scene = Scene::new(Run::OnePass, settings(&["/a"]));
    scene.list(&[]);
    scene.walk_all(&films);
    // The second film has grown meanwhile.
    scene.settle(&[films[0].clone(), film("/a/2.mkv", 400)]);
    assert_eq!(scene.wants(), ["probe /a/1.mkv"]);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    assert!(!scene.dispatcher.is_done());
    scene.encoded(&film, by, Outcome::Skipped(SkipReason::AlreadyAv1));
    assert!(scene.dispatcher.is_done(), "{:?}", scene.wants());
    assert_eq!(scene.dispatcher.summary().skipped, 1);
}

#[test]
fn one_pass_over_nothing_ends() {
    let mut scene = Scene::new(Run::OnePass, settings(&["/a"]));
    scene.list(&[]);
    assert!(!scene.dispatcher.is_done());
    scene.walk_all(&[]);
    assert!(scene.dispatcher.is_done());
}

#[test]
fn nothing_is_begun_once_the_run_is_over() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::OnePass, settings(&["/a"]), &films);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    scene.give(Input::Encoded(Encoded { film, by, end: End::StateDiskFull }));
    assert!(scene.dispatcher.is_done(), "one pass doesn't wait for room");
    scene.dispatcher.end_run();
    scene.pass(MINUTE);
    assert!(scene.encode().is_none());
    assert_eq!(scene.dispatcher.summary().failed, 1);
}

#[test]
fn what_ffprobe_says_is_written_down_before_anything_is_begun_that_reads_it() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    let Some(Effect::Probe(film, generation)) = scene.take_first("probe") else { unreachable!() };
    let probe = av1plan::MediaProbe::from_json(&text().probe).unwrap();
    let probed = Input::Probed(Probed { film, generation, result: Ok((text(), probe)) });
    let now = scene.now();
    let effects = scene.dispatcher.handle(probed, now);
    let place = |kind: fn(&Effect) -> bool| effects.iter().position(kind).unwrap();
    let written = place(|effect| matches!(effect, Effect::Write(_)));
    assert!(written < place(|effect| matches!(effect, Effect::Encode(..))), "{effects:?}");
}
