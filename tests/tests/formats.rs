//! Files of older versions of av1d: their state folder is taken over without loss, and the jobs that they began are
//! finished.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use av1d_tests::{Library, SmallDisk, copy_folder};
use av1exec::settings::{Settings, differences, parse};
use av1exec::state::history::History;
use av1exec::state::index::{Index, Opened, peek_jobs};
use av1exec::state::jobs::JobStore;
use av1exec::sys::disk::{Identity, hash};
use serde_json::{Value, json};

/// The folder of the films when the fixtures were made.
const FILMS: &str = "/srv/films";

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/formats").join(path)
}

/// Installs the state folder of the last version that kept each job as a plain file, with its films' paths changed to
/// this library.
fn older_state(library: &Library) {
    copy_folder(&fixture("2026-11-plain-jobs/state"), &library.state());
    for path in plain_jobs(library) {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(FILMS, library.root().to_str().unwrap())).unwrap();
    }
}

fn plain_jobs(library: &Library) -> Vec<PathBuf> {
    let entries = fs::read_dir(library.state()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

#[track_caller]
fn status(library: &Library) -> Value {
    library.run(["status", "--json"]).exits_with(0).documents().remove(0)
}

#[test]
fn a_folder_of_plain_job_files_is_taken_over_at_the_first_start() {
    let Some(library) = Library::open() else { return };
    older_state(&library);
    // The film of the interrupted job is already replaced, and its original is deleted.
    let job = open_job(&library, OPEN_JOBS[0].0);
    lay(&library, &job, Moment::Replaced);
    let before = status(&library);
    let mut jobs = json!({"replaced": 3, "too-big": 1, "damaged-source": 1, "undone": 1, "interrupted": 2});
    assert_eq!(before["totals"]["jobs"], jobs);
    assert_eq!(before["unfinished"][0]["job"], job["id"]);
    assert_eq!(before["failures"][0]["code"], "damaged-source");
    assert_eq!(plain_jobs(&library).len(), 9);

    library.watch_once().exits_with(0).says("recover: ");

    assert!(plain_jobs(&library).is_empty());
    let after = status(&library);
    jobs["replaced"] = 4.into();
    assert_eq!(after["totals"]["jobs"], jobs);
    assert_eq!((&after["unfinished"], &after["failures"]), (&json!([]), &before["failures"]));
    // The film is found by its old name and by its new name.
    for name in ["Renamed.avi", "Renamed.mkv"] {
        let told = library.run(["why", "--json", name]).documents().remove(0);
        assert_eq!(told["attempts"][0]["code"], "replaced", "{told}");
        assert_eq!(told["attempts"][0]["settings"], "libsvtav1 crf 24 preset 5", "{told}");
    }
    // Once more, after the index was deleted: the job files are still there.
    fs::remove_file(library.state().join("index.sqlite")).unwrap();
    assert_eq!(status(&library), after);
    library.watch_once().exits_with(0);
    assert_eq!(status(&library), after);
}

#[test]
fn a_folder_of_folded_jobs_is_read_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    copy_folder(&fixture("2026-11-folded-jobs/state"), state.path());
    let films = || Path::new(FILMS);
    let look = || {
        let store = JobStore::read_only(state.path());
        let renamed = store.of_film(&[films().join("Renamed.mkv")]).unwrap();
        assert_eq!(renamed.jobs[0].film(), films().join("Renamed.avi"));
        assert_eq!(store.of_film(&[films().join("Open2.mkv")]).unwrap().jobs.len(), 3);
        assert!(store.unfinished().unwrap().jobs[0].commit.is_some());
        History::read(state.path()).unwrap()
    };
    let history = look();
    let counts: Vec<(&str, u64)> =
        history.totals.jobs.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    assert_eq!(
        counts,
        [("damaged-source", 1), ("interrupted", 4), ("replaced", 4), ("too-big", 1), ("undone", 1)]
    );
    let listed = peek_jobs(state.path(), |table| Ok(table.before(None, 99)?.len()));
    assert_eq!(listed.unwrap(), Some(11), "the table is read, not the files");
    fs::remove_file(state.path().join("index.sqlite")).unwrap();
    assert_eq!(look(), history, "nor is anything missed without it");
}

/// How far a replacement had got when it was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// ffmpeg was encoding.
    Running,
    /// The result was found good.
    Committed,
    /// The original had its second name.
    Linked,
    /// The result had the film's name, and the original only its second name.
    Renamed,
    /// The result had the film's name, and the original was deleted.
    Replaced,
}

/// Creates the files of a job as they were at that moment, and its job file with their identities.
fn lay(library: &Library, job: &Value, moment: Moment) {
    let mut job = job.clone();
    let text = |value: &Value| PathBuf::from(value["path"].as_str().unwrap());
    let (film, temporary) = (text(&job), text(&job["temporary"]));
    let backup = film.with_extension("mkv.orig");
    fs::write(&film, "the original, byte for byte").unwrap();
    fs::write(&temporary, "the result").unwrap();
    let source = fs::File::open(&film).unwrap().metadata().unwrap().modified().unwrap();
    fs::File::open(&temporary).unwrap().set_modified(source).unwrap();
    let result = Identity::of(&temporary).unwrap();
    job["source"] = serde_json::to_value(Identity::of(&film).unwrap()).unwrap();
    job["commit"] = json!({"inode": result.inode, "size": result.size, "hash": hash(&temporary).unwrap().to_hex().to_string()});
    let steps = match moment {
        Moment::Running => 1,
        Moment::Committed | Moment::Linked | Moment::Renamed => 2,
        Moment::Replaced => 3,
    };
    job["journal"].as_array_mut().unwrap().truncate(steps);
    if moment == Moment::Running {
        job.as_object_mut().unwrap().remove("commit");
        fs::write(&temporary, "half a resu").unwrap();
    }
    if [Moment::Linked, Moment::Renamed].contains(&moment) {
        fs::hard_link(&film, &backup).unwrap();
    }
    if [Moment::Renamed, Moment::Replaced].contains(&moment) {
        fs::rename(&temporary, &film).unwrap();
    }
    let file = library.state().join(format!("{}.json", job["id"].as_str().unwrap()));
    fs::write(file, serde_json::to_string_pretty(&job).unwrap()).unwrap();
}

/// The interrupted job of each older version, and the name of its film.
const OPEN_JOBS: [(&str, &str); 2] = [
    ("2026-11-plain-jobs/state/20261126-014613-067540.json", "Open.mkv"),
    ("2026-11-folded-jobs/state/20261126-024341-676489.json", "Open2.mkv"),
];

/// A fixture's job, with its film's path changed to this library.
fn open_job(library: &Library, path: &str) -> Value {
    let text = fs::read_to_string(fixture(path)).unwrap();
    serde_json::from_str(&text.replace(FILMS, library.root().to_str().unwrap())).unwrap()
}

#[test]
fn a_job_that_an_older_version_began_is_finished_by_this_one() {
    for (moment, code, content) in [
        (Moment::Running, "interrupted", "the original, byte for byte"),
        (Moment::Committed, "replaced", "the result"),
        (Moment::Linked, "replaced", "the result"),
        (Moment::Renamed, "replaced", "the result"),
        (Moment::Replaced, "replaced", "the result"),
    ] {
        let Some(library) = Library::open() else { return };
        fs::create_dir(library.state()).unwrap();
        for (fixture, name) in OPEN_JOBS {
            lay(&library, &open_job(&library, fixture), moment);
            library.run(["recover"]).exits_with(0);
            assert_eq!(fs::read_to_string(library.path(name)).unwrap(), content, "{moment:?}");
            library.run(["recover"]).exits_with(0).prints_nothing();
        }
        assert_eq!(library.files(), OPEN_JOBS.map(|(_, name)| name), "{moment:?}");
        for job in library.jobs() {
            assert_eq!(job["outcome"]["code"], code, "{moment:?}");
        }
    }
}

#[test]
fn an_open_job_is_finished_though_its_plan_can_t_be_read() {
    for plan in [json!(null), json!({"format": "av1.plan", "version": "9.0"}), json!({"encode": {"crf": 0}})]
    {
        let Some(library) = Library::open() else { return };
        fs::create_dir(library.state()).unwrap();
        let mut job = open_job(&library, OPEN_JOBS[0].0);
        job["plan"] = plan.clone();
        lay(&library, &job, Moment::Linked);
        library.run(["recover"]).exits_with(0);
        assert_eq!(fs::read_to_string(library.path("Open.mkv")).unwrap(), "the result", "{plan}");
        assert_eq!(library.job()["plan"], plan, "what can't be read is kept");
        let told = library.run(["why", "--json", "Open.mkv"]).documents().remove(0);
        assert_eq!(told["attempts"][0]["code"], "replaced", "{told}");
    }
}

/// Checks the size that the README gives for a state folder, and that the totals of `status` stay the same.
#[test]
fn a_state_folder_of_many_jobs_takes_little_room() {
    const JOBS: u64 = 500;
    let Some(library) = Library::open() else { return };
    let make = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/make-jobs");
    let made = Command::new("python3").arg(make).arg(library.state()).arg(JOBS.to_string()).status().unwrap();
    assert!(made.success());
    let before = status(&library);
    library.watch_once().exits_with(0);
    assert_eq!(status(&library), before);
    assert!(before["totals"]["bytes_before"].as_u64() > before["totals"]["bytes_after"].as_u64());
    let (mut bytes, mut blocks) = (0, 0);
    for month in fs::read_dir(library.state().join("finished")).unwrap() {
        for file in fs::read_dir(month.unwrap().path()).unwrap() {
            let file = file.unwrap().metadata().unwrap();
            (bytes, blocks) = (bytes + file.len(), blocks + 512 * file.blocks());
        }
    }
    let index = fs::metadata(library.state().join("index.sqlite")).unwrap().len();
    assert!(bytes / JOBS < 2500, "{bytes}");
    assert!(blocks / JOBS <= 4096, "{blocks}");
    assert!(index / JOBS < 1000, "{index}");
}

/// A compressed file exists beside its plain file for a moment. If the disk has no space for many of them, the files
/// are taken over a few at a time.
#[test]
fn a_folder_on_a_disk_that_is_nearly_full_is_taken_over() {
    let Some(library) = Library::open() else { return };
    let Some(disk) = SmallDisk::mount(&library.state(), 16 << 10) else { return };
    let make = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/make-jobs");
    let made = Command::new("python3").arg(make).arg(library.state()).arg("700").status().unwrap();
    assert!(made.success());
    let before = status(&library);
    disk.fill_but(600);
    library.watch_once();
    assert!(plain_jobs(&library).is_empty());
    assert_eq!(status(&library), before);
}

#[test]
fn markers_of_an_older_version_hold() {
    let Some(library) = Library::open() else { return };
    copy_folder(&fixture("2026-11-plain-jobs/films"), &library.root());
    let too_big = library.path("Too Big.mkv");
    for name in ["Skipped.mkv", "Undone.mkv", "Damaged.mkv"] {
        fs::write(library.path(name), [0; 1000]).unwrap();
    }
    fs::write(&too_big, vec![0; 16486]).unwrap();
    let outlook = |name: &str| {
        let told = library.run(["why", "--json", name]).documents().remove(0);
        told["outlook"]["code"].as_str().unwrap().to_owned()
    };
    assert_ne!(outlook("Too Big.mkv"), "skip-marker", "it is about another film of this name");
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_nanos(1_795_657_569_733_765_815);
    fs::File::open(&too_big).unwrap().set_modified(time).unwrap();
    for name in ["Skipped.mkv", "Undone.mkv", "Too Big.mkv"] {
        assert_eq!(outlook(name), "skip-marker", "{name}");
    }
    assert_ne!(outlook("Damaged.mkv"), "skip-marker");
}

#[test]
fn an_index_of_an_older_version_is_opened_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    copy_folder(&fixture("2026-11-plain-jobs/state"), state.path());
    let Opened { entries, damaged, .. } = Index::open(state.path()).unwrap();
    assert_eq!(damaged, None);
    let known = |name: &str| {
        let entry = &entries[&Path::new(FILMS).join(name)];
        (entry.last_outcome.as_ref().unwrap().code.as_str(), entry.spent().failures, entry.is_probed)
    };
    assert_eq!(entries.len(), 6);
    assert_eq!(known("Damaged.mkv"), ("damaged-source", 1, true));
    assert_eq!(known("Renamed.mkv"), ("replaced", 0, false));
    assert_eq!(known("Too Big.mkv"), ("too-big", 0, true));
    assert_eq!(known("Ünïcode – «x».mkv").0, "replaced");
}

#[test]
fn a_config_of_an_older_version_says_what_it_said() {
    let file = fixture("2026-11-plain-jobs/every-key.toml");
    let text = fs::read_to_string(&file).unwrap();
    let settings = parse(&text, &file).unwrap();
    let keys: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).collect();
    let changed: Vec<&str> =
        differences(&Settings::default(), &settings).iter().map(|difference| difference.key).collect();
    assert_eq!(keys.len(), 29);
    for key in &keys {
        assert!(changed.contains(key), "{key}");
    }
    assert_eq!(changed.len(), keys.len(), "{changed:?}");
}
