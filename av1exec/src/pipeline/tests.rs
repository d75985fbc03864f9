//! Jobs whose replacement panics, and films that can't be probed.

use std::fs;
use std::path::PathBuf;

use av1plan::MediaProbe;
use av1plan::Toolchain;

use super::*;
use crate::ffmpeg::probe::ProbeError;
use crate::replace::promote::{Journal, Promotion};
use crate::replace::recover::{Action, recover};
use crate::state::jobs::test_job;
use crate::sys::stop::stop_switch;

/// A film, its result, and its job, whose ffmpeg run has ended.
struct Scene {
    folder: tempfile::TempDir,
    film: Film,
    temporary: PathBuf,
    pipeline: Pipeline,
    job: Job,
}

impl Scene {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Film.mkv");
        fs::write(&path, "the original, which is long enough").unwrap();
        let settings = Settings { job_state_dir: folder.path().join("state"), ..Settings::default() };
        let jobs = JobStore::open(&settings.job_state_dir).unwrap();
        let film = Film::look(&path, &folder.path().into(), &settings.policy).unwrap();
        let id = jobs.new_id();
        let temporary = names::temporary(&path, &id);
        fs::write(&temporary, "the result").unwrap();
        let plan = test_job(&id, "").document().unwrap();
        let mut job = Job::new(id, &path, film.identity, &temporary, &plan);
        job.journal.push(JournalEntry { step: Step::Running, at: job.started });
        jobs.save(&job).unwrap();
        let toolchain = Toolchain::assumed();
        let tools = Tools { ffmpeg: PathBuf::new(), ffprobe: PathBuf::new(), editor: None, toolchain };
        let pipeline = Pipeline {
            settings: Arc::new(settings),
            tools: Arc::new(tools),
            rehearsals: Rehearsals::new(jobs.clone()),
            jobs,
            locks: Arc::default(),
            reservations: Reservations::default(),
            events: Events::channel().0,
            stop: stop_switch().1,
            stop_switch: stop_switch().0,
            pause: Pause::never(),
            waits: Waits::default().on_one_thread(),
        };
        Self { folder, film, temporary, pipeline, job }
    }

    /// Reads the job from its file.
    fn written(&self) -> Job {
        self.pipeline.jobs.get(&self.job.id).unwrap()
    }
}

/// Runs a replacement that panics after this many journaled steps.
async fn cut_off_after(steps: usize) -> (Scene, Lost) {
    let mut scene = Scene::set();
    let place = move |promotion: &Promotion<'_>, journal: &mut Journal<'_>| {
        let mut reached = 0;
        promotion.carry_out(&mut |step, commit| {
            journal(step, commit)?;
            reached += 1;
            assert!(reached < steps, "the defect that this test is about");
            Ok(())
        })
    };
    let before = scene.job.clone();
    let produced = scene.pipeline.promote(&scene.film, &scene.temporary, &mut scene.job, place).await;
    let lost = produced.unwrap_err();
    assert!(lost.reason.contains("panicked"), "{lost:?}");
    assert_eq!(scene.job.journal.len(), before.journal.len(), "what is in memory is older than the file");
    (scene, lost)
}

#[tokio::test]
async fn a_replacement_that_panics_leaves_its_journal_and_is_recovered() {
    for (steps, last) in [(1, Step::Commit), (2, Step::Replaced)] {
        let (scene, lost) = cut_off_after(steps).await;
        let probe = include_bytes!("../../../tests/data/probes/mkv-h264-ac3.json");
        let probe = MediaProbe::from_json(probe).unwrap();
        let Scene { film, temporary, job, pipeline, .. } = &scene;
        let verdict = Looked::of(film, Stability::Stable, probe)
            .plan(&pipeline.tools.toolchain, &pipeline.settings.policy);
        let outcome =
            pipeline.finish(film, Held::new(temporary.clone()), &verdict, job.clone(), Err(lost)).await;
        assert!(matches!(outcome, Outcome::Failed { retry: Retry::Costly, .. }), "{outcome:?}");

        let written = scene.written();
        assert!(written.outcome.is_none() && written.commit.is_some(), "{written:?}");
        assert_eq!(written.journal.last().unwrap().step, last);

        let recovery = recover(&scene.pipeline.jobs, &Settings::default(), false).unwrap();
        assert_eq!(recovery.jobs.len(), 1);
        assert!(
            recovery.warnings().next().is_none() && recovery.jobs[0].actions != [Action::LeaveAlone],
            "{recovery:?}"
        );
        assert_eq!(scene.written().outcome.unwrap().code, "replaced");
        assert_eq!(fs::read(&scene.film.path).unwrap(), b"the result");
        let left = fs::read_dir(scene.folder.path()).unwrap().count();
        assert_eq!(left, 2, "the film and the state folder");
    }
}

#[tokio::test]
async fn a_film_that_ffprobe_cant_read_is_to_blame_only_where_it_is_there_and_the_same() {
    let refused = || ProbeError::Refused { words: "No such file or directory".to_owned() };
    let scene = Scene::set();
    let outcome = scene.pipeline.unprobed(&scene.film, &refused()).await;
    assert!(matches!(outcome, Outcome::Unreadable { .. }), "{outcome:?}");

    fs::write(&scene.film.path, "another film of its name").unwrap();
    let outcome = scene.pipeline.unprobed(&scene.film, &refused()).await;
    assert_eq!(outcome, Outcome::SourceChanged);

    // Somebody has renamed the film.
    fs::rename(&scene.film.path, scene.folder.path().join("away")).unwrap();
    let outcome = scene.pipeline.unprobed(&scene.film, &refused()).await;
    assert_eq!(outcome, Outcome::FilmGone);

    // The film's root isn't mounted: the film is tried again once it is.
    let film = Film { path: "/nowhere/Film.mkv".into(), root: Path::new("/nowhere").into(), ..scene.film };
    let outcome = scene.pipeline.unprobed(&film, &refused()).await;
    let Outcome::Failed { reason, retry } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("Film.mkv") && *retry == Retry::Cheap, "{outcome:?}");
    assert!(!outcome.is_lasting());
}
