//! Jobs that were interrupted between two system calls, on a real file system.

use std::fs;

use av1plan::plan::Skip;
use av1plan::{SkipReason, Verdict};

use super::*;
use crate::state::jobs::plan_document;

/// A film, its result, and an unfinished job that may have committed to the result.
struct Scene {
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
    job: Job,
}

impl Scene {
    fn new(name: &str) -> Self {
        let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let film = folder.path().join(name);
        let temporary = folder.path().join(".t.av1tmp");
        fs::write(&film, "the original").unwrap();
        fs::write(&temporary, "the result").unwrap();
        let verdict = Verdict::Skip(Skip::new(SkipReason::NoVideo));
        let document = plan_document(&film, 12, &verdict);
        let job = Job::new("1".into(), &film, Identity::of(&film).unwrap(), &temporary, &document);
        Self { folder, state, job }
    }

    fn committed(mut self) -> Self {
        let temporary = self.path(".t.av1tmp");
        let hash = disk::hash(&temporary).unwrap().to_hex().to_string();
        let found = Identity::of(&temporary).unwrap();
        self.job.commit = Some(Commit { inode: found.inode, size: found.size, hash });
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Recovers twice: the second recovery must find nothing to do.
    fn recover(&self) -> OutcomeOf {
        let jobs = JobStore::open(self.state.path()).unwrap();
        jobs.save(&self.job).unwrap();
        let draft = self.state.path().join(".2.json.av1new");
        fs::write(&draft, "{").unwrap();
        let recovery = recover(&jobs, &Settings::default(), false).unwrap();
        assert_eq!(recovery.jobs.len(), 1);
        let code = jobs.get(&self.job.id).unwrap().outcome.as_ref().map(|outcome| outcome.code.clone());
        assert!(!draft.exists(), "half a job file is of no use to anybody");
        let files = self.files();
        let again = recover(&jobs, &Settings::default(), false).unwrap();
        assert_eq!(
            again.jobs.is_empty(),
            code.is_some(),
            "an open job is looked at again, a closed one is not"
        );
        assert_eq!(self.files(), files, "the second run changes nothing");
        OutcomeOf { code, warned: recovery.warnings().next().is_some(), files }
    }

    /// The names and contents of the files in the folder.
    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
        let content = |path: PathBuf| fs::read_to_string(path).unwrap();
        let mut files: Vec<_> =
            entries.map(|entry| (entry.file_name().into_string().unwrap(), content(entry.path()))).collect();
        files.sort();
        files
    }
}

/// The outcome of a job, and the files in the folder afterwards.
struct OutcomeOf {
    code: Option<String>,
    warned: bool,
    files: Vec<(String, String)>,
}

impl OutcomeOf {
    fn is(&self, code: &str, files: &[(&str, &str)]) {
        let expected: Vec<_> =
            files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect();
        assert_eq!((self.code.as_deref(), &self.files, self.warned), (Some(code), &expected, false));
    }
}

/// A job's plan may have another version or be any text: recovery needs only the journal, the commitment and the
/// files.
#[test]
fn a_plan_that_cannot_be_read_is_in_nobodys_way() {
    for plan in [
        r#"{"format":"av1.plan","version":"9.0"}"#,
        r#"{"format":"av1.plan","version":"1.0","encode":{"crf":0,"filters":["bt709,movie=x"]}}"#,
        r#"["no","object"]"#,
        "null",
    ] {
        let mut scene = Scene::new("film.mkv");
        scene.job.plan = serde_json::from_str(plan).unwrap();
        assert!(scene.job.document().is_err(), "{plan}");
        scene.recover().is("interrupted", &[("film.mkv", "the original")]);

        let mut scene = Scene::new("film.mkv").committed();
        scene.job.plan = serde_json::from_str(plan).unwrap();
        scene.recover().is("replaced", &[("film.mkv", "the result")]);
        let written = JobStore::read_only(scene.state.path()).get("1").unwrap();
        assert_eq!(written.plan.get(), plan, "nothing of it is lost");
    }
}

#[test]
fn cut_off_while_it_was_encoded_the_original_stays_alone() {
    Scene::new("film.mkv").recover().is("interrupted", &[("film.mkv", "the original")]);
}

#[test]
fn cut_off_after_the_commitment_it_is_finished_wherever_it_stood() {
    type Stood = fn(&Scene);
    let table: [Stood; 4] = [
        |_| (),
        |scene| fs::hard_link(scene.path("film.mkv"), scene.path("film.mkv.orig")).unwrap(),
        |scene| fs::rename(scene.path("film.mkv"), scene.path("film.mkv.orig")).unwrap(),
        |scene| {
            fs::hard_link(scene.path("film.mkv"), scene.path("film.mkv.orig")).unwrap();
            fs::rename(scene.path(".t.av1tmp"), scene.path("film.mkv")).unwrap();
        },
    ];
    for stood in table {
        let scene = Scene::new("film.mkv").committed();
        stood(&scene);
        scene.recover().is("replaced", &[("film.mkv", "the result")]);
    }
}

#[test]
fn cut_off_on_the_way_to_a_new_name_it_is_finished_too() {
    type Stood = fn(&Scene);
    let link = |scene: &Scene| fs::hard_link(scene.path(".t.av1tmp"), scene.path("film.mkv")).unwrap();
    let table: [(bool, Stood); 3] = [
        (false, |_| ()),
        (true, |_| ()),
        (true, |scene| fs::rename(scene.path("film.avi"), scene.path("film.avi.orig")).unwrap()),
    ];
    for (linked, stood) in table {
        let scene = Scene::new("film.avi").committed();
        if linked {
            link(&scene);
        }
        stood(&scene);
        scene.recover().is("replaced", &[("film.mkv", "the result")]);
    }
}

#[test]
fn a_result_that_is_not_whole_gives_the_original_its_name_back() {
    let scene = Scene::new("film.mkv").committed();
    fs::write(scene.path(".t.av1tmp"), "the res").unwrap();
    fs::rename(scene.path("film.mkv"), scene.path("film.mkv.orig")).unwrap();
    scene.recover().is("interrupted", &[("film.mkv", "the original")]);
}

#[test]
fn a_broken_result_in_the_films_place_is_set_aside() {
    let scene = Scene::new("film.mkv").committed();
    fs::rename(scene.path("film.mkv"), scene.path("film.mkv.orig")).unwrap();
    fs::rename(scene.path(".t.av1tmp"), scene.path("film.mkv")).unwrap();
    fs::write(scene.path("film.mkv"), "the res").unwrap();
    let files = [("film.mkv", "the original"), ("film.mkv.broken", "the res")];
    scene.recover().is("interrupted", &files);
}

#[test]
fn an_original_that_was_emptied_takes_nothing_from_the_result() {
    // The result is in place, and the file under the backup path is emptied.
    let scene = Scene::new("film.mkv").committed();
    fs::rename(scene.path("film.mkv"), scene.path("film.mkv.orig")).unwrap();
    fs::rename(scene.path(".t.av1tmp"), scene.path("film.mkv")).unwrap();
    fs::write(scene.path("film.mkv.orig"), "").unwrap();
    scene.recover().is("replaced", &[("film.mkv", "the result"), ("film.mkv.orig", "")]);

    // The result isn't in place yet, or is under its new path. Then a user has to look.
    for (name, target) in [("film.mkv", ".t.av1tmp"), ("film.avi", "film.mkv")] {
        let scene = Scene::new(name).committed();
        if target != ".t.av1tmp" {
            fs::rename(scene.path(".t.av1tmp"), scene.path(target)).unwrap();
        }
        fs::write(scene.path(name), "").unwrap();
        let ended = scene.recover();
        assert_eq!((ended.code, ended.warned), (None, true), "{name}");
        let mut files = vec![(name.to_owned(), String::new()), (target.to_owned(), "the result".to_owned())];
        files.sort();
        assert_eq!(ended.files, files);
    }
}

#[test]
fn what_is_not_understood_is_left_alone_and_said() {
    let scene = Scene::new("film.mkv").committed();
    fs::remove_file(scene.path("film.mkv")).unwrap();
    let ended = scene.recover();
    assert_eq!((ended.code, ended.warned), (None, true));
    assert_eq!(ended.files, [(".t.av1tmp".to_owned(), "the result".to_owned())]);
}

#[test]
fn a_share_that_is_not_there_closes_no_job() {
    let scene = Scene::new("film.mkv");
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved");
    fs::rename(scene.folder.path(), &moved).unwrap();
    let jobs = JobStore::open(scene.state.path()).unwrap();
    jobs.save(&scene.job).unwrap();
    recover(&jobs, &Settings::default(), false).unwrap();
    assert!(jobs.get(&scene.job.id).unwrap().outcome.is_none());
    assert_eq!(fs::read_to_string(moved.join("film.mkv")).unwrap(), "the original");
}

/// The empty mount point of an unmounted share holds nothing but perhaps av1d's lock file, which doesn't mean that
/// the film was deleted.
#[test]
fn a_bare_mount_point_closes_no_job() {
    for committed in [false, true] {
        let scene = Scene::new("film.mkv");
        let scene = if committed { scene.committed() } else { scene };
        fs::remove_file(scene.path("film.mkv")).unwrap();
        fs::remove_file(scene.path(".t.av1tmp")).unwrap();
        fs::write(scene.path(crate::sys::lock::ROOT_LOCK), "").unwrap();
        let ended = scene.recover();
        assert_eq!((ended.code, ended.warned), (None, true), "{committed}");
        let look = CutOff::of(&scene.job, &[], &|| ()).look(&scene.job);
        assert_eq!((look.film, look.backup), (Found::Unknown, Found::Unknown));
    }
}

/// A power cut can leave an empty file under the film's path: then the result may be the only copy, even if it
/// isn't known to be complete.
#[test]
fn beside_an_empty_film_nothing_is_deleted() {
    let scene = Scene::new("film.mkv");
    // Create another file first, so that it can't reuse the inode of a deleted one.
    fs::write(scene.path("empty"), "").unwrap();
    fs::rename(scene.path("empty"), scene.path("film.mkv")).unwrap();
    let ended = scene.recover();
    assert_eq!((ended.code, ended.warned), (None, true));
    assert_eq!(ended.files.len(), 2, "{:?}", ended.files);
}

/// Only the same inode counts: a different file with the same size and time, or the same size and bytes, belongs to
/// somebody else.
#[test]
fn what_is_under_a_name_is_told_by_the_very_file_and_its_bytes() {
    let scene = Scene::new("film.mkv").committed();
    let (job, film, temporary) = (&scene.job, scene.path("film.mkv"), scene.path(".t.av1tmp"));
    let is = |path: &Path, expected: Found| {
        assert_eq!(found(path, &job.source, job.commit.as_ref(), &|| ()), expected, "{}", path.display());
    };
    let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let set_time = |path: &Path, time| fs::File::open(path).unwrap().set_modified(time).unwrap();
    is(&film, Found::Original);
    is(&temporary, Found::Result);
    is(&scene.path("none"), Found::Nothing);
    std::os::unix::fs::symlink(&film, scene.path("link")).unwrap();
    is(&scene.path("link"), Found::Other);
    is(&film.join("below"), Found::Unknown);

    let copy = scene.path("copy");
    fs::copy(&film, &copy).unwrap();
    set_time(&copy, time(&film));
    is(&copy, Found::Other);
    fs::copy(&temporary, &copy).unwrap();
    is(&copy, Found::Other);

    let before = time(&film);
    set_time(&film, before + std::time::Duration::from_secs(1));
    is(&film, Found::Changed);
    set_time(&film, before);
    is(&film, Found::Original);
    fs::write(&film, "changed").unwrap();
    is(&film, Found::Changed);
    fs::write(&film, "").unwrap();
    is(&film, Found::Broken);
    fs::write(&temporary, "THE result").unwrap();
    is(&temporary, Found::Broken);
    fs::write(&temporary, "the result, and more").unwrap();
    is(&temporary, Found::Broken);
}

/// Somebody has moved the film, as Radarr does, before anything was done to it.
#[test]
fn a_film_that_is_gone_closes_its_job_and_leaves_nothing() {
    let scene = Scene::new("film.mkv");
    fs::rename(scene.path("film.mkv"), scene.path("film (2020).mkv")).unwrap();
    scene.recover().is("film-gone", &[("film (2020).mkv", "the original")]);
    // Once a replacement has begun, nothing is deleted.
    let scene = Scene::new("film.mkv").committed();
    fs::rename(scene.path("film.mkv"), scene.path("film (2020).mkv")).unwrap();
    let ended = scene.recover();
    assert_eq!((ended.code, ended.files.len()), (None, 2));
}
