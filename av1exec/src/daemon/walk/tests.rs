//! What is taken in of walks and listings that come late: what happened meanwhile counts for more.

use super::*;
use crate::daemon::scene::Scene;
use crate::state::jobs::OutcomeRecord;
use crate::state::outcome::Outcome;

/// What a walk of a root finds now that began then.
fn walked(scene: &Scene, root: &str, began: Instant) -> Walked {
    let pipeline = &scene.daemon.pipeline;
    let wait = pipeline.waits.begin(&scene.root(root), Care::Free);
    walk_root(
        scene.root(root),
        scene.daemon.generation,
        began,
        (&pipeline.locks, &pipeline.jobs, &pipeline.settings),
        &wait,
    )
}

/// A job of a root's film that was listed as an open one.
fn open_job(scene: &Scene, root: &str) -> Job {
    let film = scene.film(root);
    let plan = crate::state::jobs::test_job("", "").document().unwrap();
    let temporary = crate::sys::names::temporary(&film.path, "j1");
    let job = Job::new("j1".to_owned(), &film.path, film.identity, &temporary, &plan);
    scene.daemon.pipeline.jobs.save(&job).unwrap();
    job
}

async fn list(scene: &mut Scene, began: Instant, open: Vec<Job>) {
    scene.daemon.round.step = Step::Listing;
    scene.daemon.listed(Some(Listed { began, open: Ok(open), put_away: PutAway::default() }));
    while let Some(tidied) = scene.daemon.round.tidying.join_next_with_id().await {
        scene.daemon.tidied(tidied);
    }
}

#[tokio::test]
async fn a_job_that_ended_after_it_was_listed_keeps_its_end() {
    // Once the film was left in this very moment, once that isn't known any more.
    for is_left_known in [true, false] {
        let mut scene = Scene::set(&["a"]).await;
        let began = Instant::now();
        let stale = open_job(&scene, "a");
        let mut ended = stale.clone();
        ended.end(&Outcome::Replaced { path: stale.film(), before: 100, after: 40 });
        scene.daemon.pipeline.jobs.save(&ended).unwrap();
        if is_left_known {
            scene.daemon.left.insert(stale.film(), Instant::now());
        }
        list(&mut scene, began, vec![stale.clone()]).await;
        let outcome = scene.daemon.pipeline.jobs.get("j1").unwrap().outcome;
        assert!(matches!(outcome, Some(OutcomeRecord { code, .. }) if code == "replaced"));
        assert!(!scene.daemon.busy.contains_key(&stale.film()));
    }
}

#[tokio::test]
async fn a_job_that_is_open_is_tidied_up_and_nothing_is_begun_by_one_that_is_to_stop() {
    let mut scene = Scene::set(&["a"]).await;
    let job = open_job(&scene, "a");
    scene.stop.stop();
    list(&mut scene, Instant::now(), vec![job.clone()]).await;
    assert!(scene.daemon.pipeline.jobs.get("j1").unwrap().outcome.is_none() && scene.daemon.may_be_open);

    let mut scene = Scene::set(&["a"]).await;
    let job = open_job(&scene, "a");
    list(&mut scene, Instant::now(), vec![job]).await;
    assert_eq!(scene.daemon.pipeline.jobs.get("j1").unwrap().outcome.unwrap().code, "interrupted");
}

#[tokio::test]
async fn a_listing_outlives_another_config() {
    let mut scene = Scene::set(&["a"]).await;
    open_job(&scene, "a");
    let daemon = &mut scene.daemon;
    daemon.walk();
    assert!(!daemon.may_be_open);
    daemon.reloaded(Some(Ok((*daemon.pipeline.settings).clone())));
    assert!(!daemon.round.is_resting(), "there are never two of them");
    let listed = crate::daemon::ended(&mut daemon.round.listing).await;
    assert!(listed.is_some());
    daemon.listed(listed);
    let tidied = daemon.round.tidying.join_next_with_id().await.unwrap();
    daemon.tidied(tidied);
    assert_eq!(daemon.pipeline.jobs.get("j1").unwrap().outcome.unwrap().code, "interrupted");
}

/// What waits, by its path.
fn waiting(daemon: &mut Daemon) -> Vec<PathBuf> {
    let mut films = Vec::new();
    while let Some(film) = daemon.to_encode.pop().or_else(|| daemon.to_probe.pop()) {
        films.push(film.path);
    }
    films.extend(daemon.to_plan.drain(..).map(|film| film.path));
    films.extend(std::mem::take(&mut daemon.settling).into_keys());
    films
}

#[tokio::test]
async fn a_root_that_comes_late_takes_nothing_from_the_others() {
    for queue in ["to_encode", "to_probe", "to_plan", "settling"] {
        let mut scene = Scene::set(&["a", "b"]).await;
        let now = Instant::now();
        let (a, b) = (walked(&scene, "a", now), walked(&scene, "b", now));
        scene.daemon.take_in(vec![a]);
        let (film, daemon) = (scene.film("a"), &mut scene.daemon);
        daemon.settling.clear();
        match queue {
            "to_encode" => daemon.to_encode.push(film.clone()),
            "to_probe" => daemon.to_probe.push(film.clone()),
            "to_plan" => daemon.to_plan.push_back(film.clone()),
            _ => drop(daemon.settling.insert(film.path.clone(), film.clone())),
        }
        daemon.gated.insert(scene.folder.path().canonicalize().unwrap().join("a/Gated.mkv"), "x");
        daemon.take_in(vec![b]);
        assert!(daemon.present.contains(&film.path) && daemon.gated.len() == 1, "{queue}");
        assert_eq!(waiting(daemon), [film.path, scene.root("b").join("Film.mkv")], "{queue}");

        // What a walk of its own doesn't find any more is gone.
        std::fs::remove_file(scene.root("a").join("Film.mkv")).unwrap();
        let a = walked(&scene, "a", now);
        scene.daemon.take_in(vec![a]);
        assert_eq!(scene.daemon.present.len(), 1, "{queue}");
        assert!(waiting(&mut scene.daemon).is_empty(), "{queue}");
    }
}

#[tokio::test]
async fn walks_of_another_config_that_come_back_end_the_round() {
    let mut scene = Scene::set(&["a"]).await;
    scene.daemon.begin_walks();
    let daemon = &mut scene.daemon;
    daemon.reloaded(Some(Ok((*daemon.pipeline.settings).clone())));
    // Its only root is being walked still.
    daemon.begin_walks();
    let old = daemon.round.walks.join_next_with_id().await.unwrap();
    daemon.root_walked(old, Run::Forever);
    assert!(daemon.round.is_resting() && daemon.next_walk.is_some_and(|next| next <= Instant::now()));
}

#[tokio::test]
async fn a_film_that_was_left_is_found_by_later_walks_though_a_root_hangs() {
    let mut scene = Scene::set(&["a"]).await;
    let path = scene.film("a").path;
    let early = Instant::now();
    // A root hangs whose walk began even earlier.
    let hung = walked(&scene, "a", early);
    let hanging = scene.daemon.round.walks.spawn_blocking(move || hung).id();
    let root = PathBuf::from("/hanging");
    scene.daemon.round.walked_by.insert(hanging, UnderWay { root, began: early });
    scene.daemon.leave(&path);
    let (old, new) = (walked(&scene, "a", early), walked(&scene, "a", Instant::now()));
    scene.daemon.take_in(vec![old]);
    assert!(waiting(&mut scene.daemon).is_empty(), "what is older than what was done is old");
    scene.daemon.begin_walks();
    scene.daemon.take_in(vec![new]);
    assert_eq!(waiting(&mut scene.daemon), std::slice::from_ref(&path));

    scene.daemon.round.walked_by.clear();
    scene.daemon.begin_walks();
    assert!(scene.daemon.left.is_empty(), "no walk is under way that could have seen it before");
}
