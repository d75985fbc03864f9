//! User requests by the control socket and by signals.

use tokio::sync::oneshot;

use super::*;
use crate::daemon::input::ConfigVersion;
use crate::daemon::input::{CarriedOut, MarkerChange};
use crate::daemon::signal::UserSignal;
use crate::library::exclusion::Foreign;
use crate::library::film::Film;
use crate::serve::control::protocol::{Refusal, RefusalCode, Reply, Request};
use crate::serve::control::server::Call;
use crate::serve::status::State;
use crate::sys::path::path_document;

/// Sends a request that is answered at once.
fn ask(scene: &mut Scene, request: Request) -> Reply {
    let (reply, mut answer) = oneshot::channel();
    scene.give(Input::Called(Call { request, reply }));
    answer.try_recv().unwrap()
}

fn status(scene: &mut Scene) -> crate::serve::status::Status {
    let Reply::Status(status) = ask(scene, Request::Status) else { unreachable!() };
    *status
}

/// A library of two films: one is being encoded by the job `j1`, the other is in the queue.
fn encoding() -> (Scene, Film, ConfigVersion) {
    let films = [film("/a/1.mkv", 300), film("/a/2.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    scene.started(&film, "j1");
    (scene, film, by)
}

#[test]
fn a_pause_holds_what_runs_and_begins_nothing_until_it_is_over() {
    let (mut scene, film, by) = encoding();
    assert!(
        matches!(ask(&mut scene, Request::Pause), Reply::Done { message } if message.contains("1 encode"))
    );
    assert_eq!(scene.take("hold").len(), 1);
    assert_eq!(status(&mut scene).state, State::Paused);
    scene.encoded(&film, by, Outcome::Cancelled);
    assert!(scene.encode().is_none());
    ask(&mut scene, Request::Resume);
    assert_eq!(scene.take("go on").len(), 1);
    assert!(scene.encode().is_some());
}

#[test]
fn an_encode_is_cancelled_by_its_job_and_no_other() {
    let (mut scene, film, _) = encoding();
    let refused = ask(&mut scene, Request::Cancel { job: "j2".to_owned() });
    assert!(matches!(refused, Reply::Refused(Refusal { code: RefusalCode::NoSuchJob, .. })));
    assert!(scene.take("cancel").is_empty());
    assert!(matches!(ask(&mut scene, Request::Cancel { job: "j1".to_owned() }), Reply::Done { .. }));
    assert_eq!(scene.wants(), [format!("cancel {}", film.path.display())]);
}

#[test]
fn a_skip_during_an_encode_is_written_down_and_ends_it() {
    let (mut scene, film, by) = encoding();
    let (reply, mut answer) = oneshot::channel();
    let request = Request::Skip(path_document(&film.path));
    scene.give(Input::Called(Call { request, reply }));
    assert!(answer.try_recv().is_err(), "first the marker, then the answer");
    let Some(Effect::CarryOut(change, path, reply)) = scene.take_first("carry out") else { unreachable!() };
    scene.give(Input::CarriedOut(CarriedOut { change, path, said: Ok(Some("done".to_owned())), reply }));
    assert!(matches!(answer.try_recv(), Ok(Reply::Done { .. })));
    assert_eq!(scene.take("cancel").len(), 1);
    scene.encoded(&film, by, Outcome::Cancelled);
    assert_eq!(scene.encode().unwrap().0.path, Path::new("/a/2.mkv"));
}

#[test]
fn too_many_marker_changes_that_wait_for_a_disk_are_refused() {
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    let unskip = Request::Unskip { path: path_document(Path::new("/a/x")), foreign: Foreign::Keep };
    let mut answers = Vec::new();
    for _ in 0..20 {
        let (reply, answer) = oneshot::channel();
        scene.give(Input::Called(Call { request: unskip.clone(), reply }));
        answers.push(answer);
    }
    assert_eq!(scene.take("carry out").len(), 16);
    let refused = |answer: &mut oneshot::Receiver<Reply>| matches!(answer.try_recv(), Ok(Reply::Refused(_)));
    assert_eq!(answers.iter_mut().filter_map(|answer| refused(answer).then_some(())).count(), 4);
    let (reply, _answer) = oneshot::channel();
    let (change, path) = (MarkerChange::Unskip(Foreign::Keep), "/a/x".into());
    scene.give(Input::CarriedOut(CarriedOut { change, path, said: Ok(None), reply }));
    let (reply, _answer) = oneshot::channel();
    scene.give(Input::Called(Call { request: unskip, reply }));
    assert_eq!(scene.take("carry out").len(), 1, "there is room for one more");
}

/// Sends a request to try a film again, of whose marker this is said.
fn retry(scene: &mut Scene, film: &Path, said: Result<Option<String>, Refusal>) -> Reply {
    let (reply, mut answer) = oneshot::channel();
    scene.give(Input::Called(Call { request: Request::Retry(path_document(film)), reply }));
    let Some(Effect::CarryOut(change, path, reply)) = scene.take_first("carry out") else { unreachable!() };
    scene.give(Input::CarriedOut(CarriedOut { change, path, said, reply }));
    answer.try_recv().unwrap()
}

#[test]
fn a_retry_forgets_what_came_of_a_film() {
    let films = [film("/a/Film.mkv", 100)];
    let mut scene = Scene::with(Run::Forever, settings(&["/a"]), &films);
    scene.probe();
    let (film, by) = scene.encode().unwrap();
    scene.encoded(&film, by, Outcome::Defective { defects: Vec::new(), words: String::new() });
    let unknown = retry(&mut scene, Path::new("/a/other.mkv"), Ok(None));
    assert!(matches!(unknown, Reply::Refused(Refusal { code: RefusalCode::NoSuchFilm, .. })));
    let marked = Refusal::new(RefusalCode::Excluded, "a person's marker");
    assert_eq!(retry(&mut scene, &film.path, Err(marked.clone())), Reply::Refused(marked));
    // A film with a marker isn't in the catalog.
    let unmarked = retry(&mut scene, Path::new("/a/other.mkv"), Ok(Some("its marker is removed".to_owned())));
    assert_eq!(unmarked, Reply::done("its marker is removed"));
    assert!(matches!(retry(&mut scene, &film.path, Ok(None)), Reply::Done { .. }));
    scene.give(Input::Tick);
    scene.list(&[]);
    scene.walk_all(&films);
    scene.probe();
    assert!(scene.encode().is_some());
}

#[test]
fn a_signal_has_the_library_looked_at_now_and_the_config_read_once_more() {
    let mut scene = Scene::new(Run::Forever, settings(&["/a"]));
    scene.list(&[]);
    scene.walk_all(&[]);
    scene.give(Input::Signal(UserSignal::Scan));
    scene.give(Input::Tick);
    assert_eq!(scene.take("walk").len(), 1);
    for _ in 0..3 {
        scene.give(Input::Signal(UserSignal::Reload));
    }
    assert_eq!(scene.take("reload").len(), 1, "one at a time");
    scene.give(Input::Reloaded(Box::new(Ok(settings(&["/a"])))));
    assert_eq!(scene.take("reload").len(), 1, "it may have changed while it was read");
    scene.give(Input::Lost { task: Task::Reload, reason: Some("a defect".to_owned()) });
    assert!(scene.take("reload").is_empty());
}
