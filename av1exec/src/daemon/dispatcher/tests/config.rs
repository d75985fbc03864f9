//! Reloads of the config: what becomes of tasks that started with the earlier one.

use super::super::scene::walked;
use super::*;
use crate::daemon::input::{ConfigVersion, Explained};
use crate::library::film::Film;

/// Reloads a config by which films are planned differently.
fn reload(scene: &mut Scene) {
    let mut settings = (*scene.dispatcher.context.settings).clone();
    settings.policy.min_bytes += 1;
    scene.give(Input::Reloaded(Box::new(Ok(settings))));
}

/// A library whose only film starts to be encoded.
fn planned() -> (Scene, Film, ConfigVersion) {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    (scene, film, by)
}

#[test]
fn what_is_begun_after_a_reload_goes_by_the_new_config_and_what_runs_by_its_own() {
    let (mut scene, film, by) = planned();
    reload(&mut scene);
    assert_eq!(scene.take("take over").len(), 1);
    assert_ne!(scene.dispatcher.fingerprint, by.fingerprint, "the other config plans otherwise");
    scene.encoded(&film, by, Outcome::TooBig { before: 1, after: 1, limit: 1 });
    let known = scene.dispatcher.catalog.last_outcome(&film.path).unwrap();
    assert_eq!(known.fingerprint, by.fingerprint, "that is what it is remembered for");
}

#[test]
fn a_film_that_wasnt_begun_is_found_anew_by_the_new_config() {
    let (mut scene, film, by) = planned();
    reload(&mut scene);
    scene.take("walk");
    scene.give(Input::Encoded(Encoded { film, by, end: End::StateDiskFull }));
    assert!(scene.dispatcher.films.to_encode.is_empty() && scene.dispatcher.timers.walk.is_some());
}

#[test]
fn a_refusal_of_an_earlier_config_is_none_of_this_one() {
    let (mut scene, film, _) = planned();
    let generation = scene.dispatcher.generation;
    reload(&mut scene);
    let reason = SkipReason::FolderReadOnly;
    scene.give(Input::Explained(Explained { film: film.clone(), reason, generation }));
    assert!(!scene.skipped().contains(film.path.as_path()));
    assert!(scene.dispatcher.timers.walk.is_some());
}

#[test]
fn a_probe_of_an_earlier_config_is_kept_and_planned_by_the_new_one() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    reload(&mut scene);
    scene.probe();
    assert!(scene.encode().is_none());
    scene.give(Input::Tick);
    scene.list(&[]);
    scene.walk_all(&films);
    assert!(scene.take("probe").is_empty(), "ffprobe isn't asked twice");
    scene.read();
    assert!(scene.encode().is_some());
}

#[test]
fn a_listing_outlives_another_config() {
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    reload(&mut scene);
    scene.give(Input::Tick);
    assert_eq!(scene.take("list").len(), 1, "there are never two of them");
}

#[test]
fn walks_of_another_config_that_come_back_end_the_round() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.list(&[]);
    let old = scene.take("walk");
    reload(&mut scene);
    scene.give(Input::Tick);
    assert!(scene.take("walk").is_empty(), "its only root is being walked still");
    for walk in old {
        scene.give(Input::Walked(walked(walk, &films)));
    }
    scene.give(Input::Tick);
    assert_eq!(scene.take("walk").len(), 1);
    assert!(scene.dispatcher.films.present.is_empty(), "what it found counts no more");
}

#[test]
fn a_config_that_cant_be_read_changes_nothing() {
    let (mut scene, _, by) = planned();
    let failure = crate::sys::failure::Failure::new(crate::sys::failure::Exit::Usage, "wrong");
    scene.give(Input::Reloaded(Box::new(Err(failure))));
    assert!(scene.take("take over").is_empty());
    assert_eq!(scene.dispatcher.fingerprint, by.fingerprint);
    let said = scene.published.iter().any(
        |event| matches!(event, Event::Warning { message, .. } if message.contains("the old one stays")),
    );
    assert!(said);
}
