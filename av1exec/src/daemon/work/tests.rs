//! What was begun by an earlier config, and what becomes of films whose task went wrong.

use tokio::task::JoinSet;

use super::*;
use crate::daemon::Run;
use crate::daemon::scene::Scene;

/// Has the daemon go by another config.
fn reload(scene: &mut Scene) {
    let mut settings = (*scene.daemon.pipeline.settings).clone();
    settings.policy.min_bytes += 1;
    scene.daemon.reloaded(Some(Ok(settings)));
    scene.daemon.next_walk = None;
}

#[tokio::test]
async fn what_an_earlier_config_came_to_is_not_remembered_as_this_ones() {
    let mut scene = Scene::set(&["a"]).await;
    let film = scene.film("a");
    let daemon = &mut scene.daemon;
    daemon.catalog.see(&film, &daemon.fingerprint.clone(), Duration::ZERO, Moment::now());
    let by = By { generation: daemon.generation, fingerprint: daemon.fingerprint };
    reload(&mut scene);
    let daemon = &mut scene.daemon;
    assert!(by.fingerprint != daemon.fingerprint, "the other config plans otherwise");

    daemon.explained(Ok((film.clone(), SkipReason::FolderReadOnly, by.generation)));
    assert!(daemon.catalog.verdict(&film.path).is_none() && daemon.next_walk.take().is_some());

    daemon.encoded(Ok((film.clone(), by, Came::StateDiskFull)));
    assert!(daemon.to_encode.is_empty() && daemon.next_walk.take().is_some());

    let outcome = Outcome::TooBig { before: 1, after: 1, limit: 1 };
    daemon.encoded(Ok((film.clone(), by, Came::Ended { outcome, now: None })));
    assert!(daemon.catalog.verdict(&film.path).unwrap().fingerprint == by.fingerprint);
    assert!(daemon.next_walk.take().is_some());
}

#[tokio::test]
async fn films_that_wait_to_be_explained_are_free_again_by_another_config() {
    let mut scene = Scene::set(&["a"]).await;
    let film = scene.film("a");
    let probe = include_bytes!("../../../../tests/data/probes/mkv-h264-ac3.json");
    let probe = MediaProbe::from_json(probe).unwrap();
    let verdict = scene.daemon.pipeline.consider(&film, Stability::Stable, &probe);
    scene.daemon.busy.insert(film.path.clone(), None);
    scene.daemon.to_explain.push_back((film, SkipReason::FolderReadOnly, verdict));
    reload(&mut scene);
    assert!(scene.daemon.to_explain.is_empty() && scene.daemon.busy.is_empty());
}

#[tokio::test]
async fn films_whose_task_panicked_are_free_again() {
    let mut scene = Scene::set(&["a"]).await;
    let film = scene.film("a");
    let daemon = &mut scene.daemon;
    daemon.to_plan.push_back(film.clone());
    daemon.read_some();
    daemon.plan_some(None);
    assert!(daemon.busy.is_empty(), "read");

    daemon.settling.insert(film.path.clone(), film.clone());
    daemon.look_again();
    daemon.looking.abort_all();
    let mut panicking = JoinSet::new();
    let defect = panicking.spawn(async { panic!("the defect that this test is about") });
    let paths = daemon.looked_at.drain().next().unwrap().1;
    daemon.looked_at.insert(defect.id(), paths);
    daemon.looked_again(panicking.join_next_with_id().await.unwrap(), Run::Forever);
    assert!(daemon.busy.is_empty(), "looked at");

    daemon.busy.insert(film.path.clone(), None);
    let mut panicking = JoinSet::new();
    let defect = panicking.spawn(async { panic!("the defect that this test is about") });
    daemon.tasks.insert(defect.id(), film.path.clone());
    daemon.explained(panicking.join_next().await.unwrap());
    assert!(daemon.busy.is_empty(), "explained");
}

#[tokio::test]
async fn a_disk_that_hangs_holds_up_its_own_films_and_takes_no_encodes_place() {
    let mut scene = Scene::set(&["a", "b"]).await;
    let (a, b) = (scene.film("a"), scene.film("b"));
    let daemon = &mut scene.daemon;
    let root = Hanging(vec![a.root.to_path_buf()]);
    assert!(root.holds_up(&a) && !root.holds_up(&b));

    daemon.busy.insert(a.path.clone(), Some(crate::sys::stop::stop_switch().0));
    daemon.busy.insert(b.path.clone(), None);
    let result = names::temporary(&a.path, "j1");
    let by_its_result = Hanging(vec![result]);
    assert_eq!(daemon.stuck_encodes(&by_its_result), 0, "nobody's result");
    let document = include_bytes!("../../../../av1plan/tests/data/plan-1.0.json");
    let document = av1plan::wire::Document::from_json(document).unwrap();
    let av1plan::Verdict::Encode(plan) = document.verdict().unwrap() else { unreachable!() };
    let started =
        Event::Started { job: "j1".to_owned(), path: a.path.clone(), plan: Box::new((*plan).clone()) };
    daemon.activity.note(&started, jiff::Timestamp::now());
    assert_eq!(daemon.stuck_encodes(&by_its_result), 1);
    assert_eq!(daemon.stuck_encodes(&Hanging(vec![a.path.clone()])), 1);
    assert_eq!(daemon.stuck_encodes(&Hanging(vec![b.path.clone()])), 0, "a probe is no encode");
}

#[tokio::test]
async fn each_trouble_of_a_path_is_told_once() {
    let mut scene = Scene::set(&["a"]).await;
    let path = Path::new("/a");
    assert!(scene.daemon.is_news(path, "one") && !scene.daemon.is_news(path, "one"));
    assert!(scene.daemon.is_news(path, "another"), "another trouble of the same path");
}
