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
    daemon.library.see(&film, &daemon.fingerprint.clone(), Duration::ZERO, Moment::now());
    let by = By { generation: daemon.generation, fingerprint: daemon.fingerprint };
    reload(&mut scene);
    let daemon = &mut scene.daemon;
    assert!(by.fingerprint != daemon.fingerprint, "the other config plans otherwise");

    daemon.explained(Ok((film.clone(), SkipReason::FolderReadOnly, by.generation)));
    assert!(daemon.library.verdict(&film.path).is_none() && daemon.next_walk.take().is_some());

    daemon.encoded(Ok((film.clone(), by, Came::StateDiskFull)));
    assert!(daemon.to_encode.is_empty() && daemon.next_walk.take().is_some());

    let outcome = Outcome::TooBig { before: 1, after: 1, limit: 1 };
    daemon.encoded(Ok((film.clone(), by, Came::Ended { outcome, now: None })));
    assert!(daemon.library.verdict(&film.path).unwrap().fingerprint == by.fingerprint);
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
