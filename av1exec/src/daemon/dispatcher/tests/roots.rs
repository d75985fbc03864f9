//! Roots that vanish, hang, are late or return, and unfinished jobs in them.

use super::super::scene::walked;
use super::*;
use crate::library::film::Film;
use crate::state::jobs::{Job, test_job};
use crate::sys::names;

/// An unfinished job of a film.
fn open_job(film: &Film) -> Job {
    let plan = test_job("", "").document().unwrap();
    Job::new("j1".to_owned(), &film.path, film.identity, &names::temporary(&film.path, "j1"), &plan)
}

#[test]
fn jobs_that_were_left_open_are_tidied_up_before_the_walk() {
    let one = film("/a/Film.mkv", 100);
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.list(&[open_job(&one), open_job(&one)]);
    assert_eq!(scene.wants(), ["tidy /a/Film.mkv"], "one job of a film at a time");
    scene.tidy();
    assert_eq!(scene.wants(), ["walk /a"]);
    scene.walk_all(&[]);
    scene.pass(scene.dispatcher.context.settings.scan_interval);
    assert_eq!(scene.wants(), ["list"], "the other one is the next round's");
}

#[test]
fn a_job_that_ended_after_it_was_listed_is_let_alone_and_one_that_runs_too() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    scene.started(&film, "j1");
    scene.dispatcher.may_be_open = true;
    scene.pass(scene.dispatcher.context.settings.scan_interval);
    scene.encoded(&film, by, Outcome::Cancelled);
    scene.list(&[open_job(&film)]);
    assert!(scene.take("tidy").is_empty());
}

#[test]
fn one_that_is_to_stop_tidies_nothing_up() {
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.give(Input::Stop);
    scene.list(&[open_job(&film("/a/Film.mkv", 100))]);
    assert!(scene.take("tidy").is_empty() && scene.dispatcher.may_be_open);
}

#[test]
fn a_tidying_that_hangs_is_not_waited_for() {
    let mut scene = Scene::new(Run::Forever, settings(&["/a", "/b"]));
    scene.list(&[open_job(&film("/a/Film.mkv", 100))]);
    let tidying = scene.take("tidy");
    scene.pass(NAMED_AFTER);
    assert_eq!(scene.wants(), ["walk /a", "walk /b"]);
    scene.walk_all(&[film("/a/Film.mkv", 100)]);
    assert!(scene.dispatcher.films.settling.is_empty(), "its film is passed over");
    scene.effects.extend(tidying);
    scene.tidy();
    scene.give(Input::Tick);
    assert!(
        scene.wants().iter().any(|want| want.starts_with("walk") || want == "list"),
        "and looked for again"
    );
}

#[test]
fn a_root_that_vanished_keeps_its_films_in_memory_and_returns() {
    let films = [film("/a/1.mkv", 100), film("/b/2.mkv", 200)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a", "/b"]), &films);
    scene.probe();
    let (first, by) = scene.encode().unwrap();
    assert_eq!(first.path, films[1].path, "the larger one");
    scene.encoded(&first, by, Outcome::Replaced { path: first.path.clone(), before: 2, after: 1 });
    let (second, by) = scene.encode().unwrap();
    scene.encoded(&second, by, Outcome::Skipped(SkipReason::FolderReadOnly));
    // The share of /b isn't mounted for two passes.
    for (found, queued) in [(&films[..1], 0), (&films[..1], 0), (&films[..], 0)] {
        scene.pass(scene.dispatcher.context.settings.scan_interval);
        scene.list(&[]);
        scene.walk_all(found);
        assert_eq!(scene.dispatcher.films.to_encode.len(), queued);
    }
    assert!(scene.take("probe").is_empty() && scene.take("look").is_empty(), "all is known of it still");
}

#[test]
fn a_root_that_hangs_holds_up_its_own_films_and_no_others() {
    let films = [film("/a/1.mkv", 300), film("/b/2.mkv", 100)];
    let mut scene = Scene::new(Run::Forever, settings(&["/a", "/b"]));
    scene.list(&[]);
    scene.walk_all(&films);
    scene.hanging = vec!["/a".into()];
    scene.settle(&films);
    assert_eq!(scene.wants(), ["probe /b/2.mkv"]);
    scene.probe();
    scene.pass(2 * MINUTE);
    assert_eq!(
        scene.take_first("encode").map(|effect| format!("{effect:?}").contains("/b/2.mkv")),
        Some(true)
    );
    let named = |event: &Event| matches!(event, Event::Warning { path, .. } if path == Path::new("/a"));
    assert!(scene.published.iter().any(named), "it is said which disk hangs");
    scene.hanging.clear();
    scene.give(Input::Tick);
    assert_eq!(scene.take("probe").len(), 1);
}

#[test]
fn an_encode_whose_disk_hangs_takes_no_others_place() {
    let films = [film("/a/1.mkv", 300), film("/b/2.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a", "/b"]), &films);
    scene.probe();
    let (stuck, _) = scene.encode().unwrap();
    scene.started(&stuck, "j1");
    assert!(scene.encode().is_none());
    scene.hanging = vec![names::temporary(&stuck.path, "j1")];
    scene.give(Input::Tick);
    assert_eq!(scene.encode().unwrap().0.path, films[1].path);
}

#[test]
fn a_round_doesnt_wait_for_a_root_that_hangs_and_takes_it_in_when_it_comes() {
    let films = [film("/a/1.mkv", 300), film("/b/2.mkv", 100)];
    let mut scene = Scene::new(Run::Forever, settings(&["/a", "/b"]));
    scene.list(&[]);
    let hung = scene.take_first("walk /a").unwrap();
    scene.walk_all(&films);
    assert!(scene.dispatcher.films.settling.is_empty(), "the round isn't over");
    scene.hanging = vec!["/a".into()];
    scene.pass(NAMED_AFTER);
    assert_eq!(scene.dispatcher.films.settling.len(), 1);
    scene.pass(scene.dispatcher.context.settings.scan_interval);
    scene.list(&[]);
    assert_eq!(
        scene.wants().iter().filter(|want| want.starts_with("walk")).count(),
        1,
        "it isn't walked twice"
    );
    scene.hanging.clear();
    scene.walk_all(&films);
    scene.give(Input::Walked(walked(hung, &films)));
    assert_eq!(scene.dispatcher.films.present.len(), 2);
}

#[test]
fn a_root_that_comes_late_takes_nothing_from_the_others() {
    let (a, b) = (film("/a/Film.mkv", 100), film("/b/Film.mkv", 100));
    for queue in ["to_encode", "to_probe", "to_plan", "settling"] {
        let mut scene = Scene::new(Run::Forever, settings(&["/a", "/b"]));
        scene.list(&[]);
        let walks = scene.take("walk");
        let mut walks = walks.into_iter().map(|walk| walked(walk, &[a.clone(), b.clone()]));
        let (first, second) = (walks.next().unwrap(), walks.next().unwrap());
        let dispatcher = &mut scene.dispatcher;
        dispatcher.take_in(vec![first]);
        dispatcher.films.settling.clear();
        match queue {
            "to_encode" => dispatcher.films.to_encode.push(a.clone()),
            "to_probe" => dispatcher.films.to_probe.push(a.clone()),
            "to_plan" => dispatcher.films.to_plan.push_back(a.clone()),
            _ => drop(dispatcher.films.settling.insert(a.path.clone(), a.clone())),
        }
        dispatcher.films.gated.insert("/a/Gated.mkv".into(), "x");
        dispatcher.take_in(vec![second]);
        let films = &mut dispatcher.films;
        assert!(films.present.contains(&a.path) && films.gated.len() == 1, "{queue}");
        let waiting =
            films.to_encode.len() + films.to_probe.len() + films.to_plan.len() + films.settling.len();
        assert_eq!(waiting, 2, "{queue}");
    }
}

#[test]
fn what_a_walk_saw_before_something_was_done_with_a_film_is_old() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let (one, by) = scene.encode().unwrap();
    scene.pass(scene.dispatcher.context.settings.scan_interval);
    scene.list(&[]);
    let walk = scene.take_first("walk").unwrap();
    scene.pass(Duration::from_secs(1));
    scene.encoded(&one, by, Outcome::Replaced { path: one.path.clone(), before: 2, after: 1 });
    // The walk saw the film before it was replaced.
    let before = film("/a/Film.mkv", 999);
    scene.give(Input::Walked(walked(walk, &[before])));
    assert!(scene.dispatcher.films.settling.is_empty());
    let done = scene.dispatcher.catalog.last_outcome(&one.path).map(|last| last.code.clone());
    assert_eq!(done.as_deref(), Some("replaced"));
}
