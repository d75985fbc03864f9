//! Undos on a real file system, interrupted after each step.

use std::fs;

use super::*;
use crate::library::size_terms::SizeTerms;
use crate::state::jobs::{OutcomeRecord, test_job};
use crate::sys::path::path_document;

const ORIGINAL: &str = "the original, byte for byte";
const REPLACEMENT: &str = "the replacement";

struct Stage {
    folder: tempfile::TempDir,
    store: JobStore,
    film: PathBuf,
    result: PathBuf,
}

impl Stage {
    /// A film that was replaced, and whose original was kept.
    fn new(film: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (films, state) = (folder.path().join("films"), folder.path().join("state"));
        fs::create_dir(&films).unwrap();
        let store = JobStore::open(&state).unwrap();
        let film = films.join(film);
        let result = names::renamed(&film).unwrap_or_else(|| film.clone());
        let backup = names::backup(&film);
        fs::write(&backup, ORIGINAL).unwrap();
        fs::write(&result, REPLACEMENT).unwrap();
        let source = Identity::of(&backup).unwrap();
        let time = fs::metadata(&backup).unwrap().modified().unwrap();
        fs::File::open(&result).unwrap().set_modified(time).unwrap();
        let commit = Commit {
            inode: Identity::of(&result).unwrap().inode,
            size: u64::try_from(REPLACEMENT.len()).unwrap(),
            hash: disk::hash(&result).unwrap().to_hex().to_string(),
        };
        let plan = test_job("1", "").document().unwrap();
        let mut job = Job::new(store.new_id(), &film, source, Path::new("/gone"), &plan);
        job.commit = Some(commit);
        job.outcome = Some(OutcomeRecord {
            code: "replaced".to_owned(),
            text: "3 GiB to 1 GiB".to_owned(),
            failed: false,
            lasting: true,
            size_after: Some(15),
            replaced_by: Some(path_document(&result)),
        });
        store.save(&job).unwrap();
        Self { folder, store, film, result }
    }

    /// Creates the undo anew, as another run of the program does.
    fn undo(&self) -> Undo<'_> {
        let jobs = self.store.of_film(std::slice::from_ref(&self.result)).unwrap();
        Undo::new(&self.store, job_of(&jobs, std::slice::from_ref(&self.film)).unwrap().clone()).unwrap()
    }

    fn job(&self) -> Job {
        self.store.of_film(std::slice::from_ref(&self.film)).unwrap().jobs.remove(0)
    }

    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.folder.path().join("films")).unwrap().map(Result::unwrap);
        let mut files: Vec<_> = entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    /// Asserts that the original has its own name and a marker beside it, and that no other file is left.
    #[track_caller]
    fn is_undone(&self) {
        let name = self.film.file_name().unwrap().to_str().unwrap();
        let files = self.files();
        assert_eq!(files.len(), 2, "{files:?}");
        assert_eq!(files[0], (name.to_owned(), ORIGINAL.to_owned()));
        assert_eq!(files[1].0, format!("{name}.av1skip"));
        assert!(files[1].1.starts_with("av1d: "), "{files:?}");
        let job = self.job();
        let outcome = job.outcome.unwrap();
        assert_eq!((outcome.code.as_str(), outcome.replaced_by), ("undone", None));
        assert!(job.undone.is_some() && outcome.text.contains("3 GiB to 1 GiB"), "{}", outcome.text);
        let mut again = self.undo();
        assert!(again.is_done());
        assert_eq!(again.run().unwrap(), []);
    }

    /// Asserts that one of the two visible paths holds the complete original or the complete result.
    #[track_caller]
    fn is_whole(&self) {
        let holds = |path: &Path, text| fs::read_to_string(path).is_ok_and(|found| found == text);
        assert!(holds(&self.film, ORIGINAL) || holds(&self.result, REPLACEMENT), "{:?}", self.files());
    }
}

#[test]
fn an_original_is_put_back_wherever_it_was_stopped() {
    for name in ["Film.mkv", "Film.avi"] {
        for naming in [Naming::Links, Naming::Renames] {
            let steps = {
                let stage = Stage::new(name);
                let mut undo = stage.undo();
                undo.naming = naming;
                let planned = undo.steps().unwrap();
                assert_eq!(stage.files().len(), 2, "only said");
                assert_eq!(undo.run().unwrap(), planned);
                stage.is_undone();
                planned.len()
            };
            for stop in 0..steps {
                let stage = Stage::new(name);
                let mut first = stage.undo();
                first.naming = naming;
                for _ in 0..stop {
                    first.step().unwrap();
                    stage.is_whole();
                    let marked = names::skip_marker(&stage.film).exists();
                    assert!(marked, "before anything else");
                }
                drop(first);
                stage.undo().run().unwrap();
                stage.is_undone();
            }
        }
    }
}

#[track_caller]
fn refused(stage: &Stage, refusal: &str) {
    let before = stage.files();
    for error in [stage.undo().steps().unwrap_err(), stage.undo().run().unwrap_err()] {
        assert_eq!(error.code(), refusal, "{error}");
        assert!(!error.hint().is_empty());
    }
    assert_eq!(stage.files(), before, "nothing is touched, and no marker written");
}

#[test]
fn what_somebody_changed_is_not_lost() {
    for name in ["Film.mkv", "Film.avi"] {
        let stage = Stage::new(name);
        fs::write(&stage.result, "the replacement, edited").unwrap();
        refused(&stage, "replacement-changed");
        fs::write(&stage.result, REPLACEMENT.replace("repl", "REPL")).unwrap();
        refused(&stage, "replacement-changed");

        let stage = Stage::new(name);
        fs::remove_file(names::backup(&stage.film)).unwrap();
        refused(&stage, "no-original");
        fs::write(names::backup(&stage.film), "another film").unwrap();
        refused(&stage, "original-changed");
        // The same size, but another modification time.
        fs::write(names::backup(&stage.film), ORIGINAL.to_uppercase()).unwrap();
        refused(&stage, "original-changed");
    }
    let stage = Stage::new("Film.avi");
    fs::write(&stage.film, "another film").unwrap();
    refused(&stage, "name-taken");
    let stage = Stage::new("Film.mkv");
    fs::write(&stage.undo().aside, "another file").unwrap();
    refused(&stage, "name-taken");
}

/// Only the bytes of the result changed, which is damage: originals are kept for this case.
#[test]
fn what_rotted_is_told_from_what_was_edited_and_how_to_go_on_is_said() {
    for name in ["Film.mkv", "Film.avi"] {
        for (rotten, refusal, suffix) in
            [(true, "replacement-rotten", "broken"), (false, "replacement-changed", "edited")]
        {
            let stage = Stage::new(name);
            let time = fs::metadata(&stage.result).unwrap().modified().unwrap();
            let other = REPLACEMENT.replace('r', "R");
            fs::write(&stage.result, &other).unwrap();
            if rotten {
                fs::File::open(&stage.result).unwrap().set_modified(time).unwrap();
            }
            refused(&stage, refusal);
            let hint = stage.undo().run().unwrap_err().hint();
            let command = hint.split('`').nth(1).unwrap();
            assert!(std::process::Command::new("sh").args(["-c", command]).status().unwrap().success());
            let aside = stage.result.with_extension(format!("mkv.{suffix}"));
            assert_eq!(fs::read_to_string(&aside).unwrap(), other, "{hint}");
            stage.undo().run().unwrap();
            fs::remove_file(aside).unwrap();
            stage.is_undone();
        }
    }
}

#[test]
fn what_can_not_be_read_to_its_end_is_known_by_its_size_and_time() {
    let stage = Stage::new("Film.mkv");
    let undo = stage.undo();
    let (source, commit) = (&undo.job.source, &undo.commit);
    let result = Identity::of(&stage.result).unwrap();
    let original = Identity::of(&names::backup(&stage.film)).unwrap();
    let later = Identity { modified_ns: result.modified_ns + 1, ..result };
    let longer = Identity { size: result.size + 1, ..result };
    let table = [
        (original, Some(Content::Different), Held::Original),
        (original, Some(Content::Unreadable), Held::Unknown),
        (result, Some(Content::Committed), Held::Replacement),
        (result, Some(Content::Different), Held::Rotten),
        (result, Some(Content::Unreadable), Held::Rotten),
        (later, Some(Content::Committed), Held::Replacement),
        (later, Some(Content::Different), Held::Edited),
        (later, Some(Content::Unreadable), Held::Unknown),
        (longer, None, Held::Edited),
        (Identity { inode: 0, ..longer }, None, Held::Other),
    ];
    for (found, content, held) in table {
        assert_eq!(known(&Under::File(found), content, source, commit), held, "{found:?} {content:?}");
    }
}

#[test]
fn what_stays_beside_an_original_is_named() {
    let stage = Stage::new("Film.avi");
    fs::copy(names::backup(&stage.film), &stage.film).unwrap();
    let time = fs::metadata(names::backup(&stage.film)).unwrap().modified().unwrap();
    fs::File::open(&stage.film).unwrap().set_modified(time).unwrap();
    fs::write(&stage.result, "the replacement, edited").unwrap();
    let mut undo = stage.undo();
    let left = [names::backup(&stage.film), stage.result.clone()];
    assert_eq!(undo.left(), left, "before");
    undo.run().unwrap();
    assert_eq!(undo.left(), left, "and after");
    assert!(left.iter().all(|path| path.exists()));

    let stage = Stage::new("Film.avi");
    let mut undo = stage.undo();
    assert_eq!(undo.left(), Vec::<PathBuf>::new());
    undo.run().unwrap();
    assert_eq!(undo.left(), Vec::<PathBuf>::new());
}

/// Some network and union file systems report success for a hard link that they didn't create.
#[test]
fn a_link_that_was_only_said_to_be_made_is_done_without() {
    for name in ["Film.mkv", "Film.avi"] {
        let stage = Stage::new(name);
        let mut undo = stage.undo();
        undo.link = |_, _| Ok(());
        let done = undo.run().unwrap();
        assert!(!done.contains(&Move::SetAside) && !done.contains(&Move::DropBackup), "{done:?}");
        stage.is_undone();
    }
}

#[test]
fn what_a_newer_program_replaced_is_not_touched() {
    let stage = Stage::new("Film.mkv");
    let mut job = stage.job();
    job.version = "1.7".to_owned();
    let path = stage.folder.path().join("state").join(format!("{}.json", job.id));
    fs::write(&path, serde_json::to_string(&job).unwrap()).unwrap();
    refused(&stage, "newer-job");
}

#[test]
fn a_person_s_own_marker_stays_and_the_size_gate_s_is_replaced() {
    let stage = Stage::new("Film.mkv");
    let marker = names::skip_marker(&stage.film);
    fs::write(&marker, "grain").unwrap();
    stage.undo().run().unwrap();
    assert_eq!(fs::read_to_string(&marker).unwrap(), "grain");

    let stage = Stage::new("Film.mkv");
    let cause = MarkCause::TooBig {
        original: Identity::of(&names::backup(&stage.film)).unwrap(),
        terms: SizeTerms::of(&av1plan::Config::default()),
    };
    sidecars::mark(&stage.film, "too big", cause).unwrap();
    stage.undo().run().unwrap();
    stage.is_undone();
    assert!(sidecars::is_left_alone(&stage.film), "whatever the gate is by then");
}

#[test]
fn an_original_that_was_put_back_by_hand_is_noted() {
    for name in ["Film.mkv", "Film.avi"] {
        let stage = Stage::new(name);
        fs::rename(names::backup(&stage.film), &stage.film).unwrap();
        stage.undo().run().unwrap();
        stage.is_undone();
    }
}

#[test]
fn a_film_is_known_by_the_name_of_its_original_too() {
    // The last name is so long that part of its original's name is a hash.
    for name in ["Film.mkv", "Film.avi", &format!("{}.mkv", "ö".repeat(124))] {
        let stage = Stage::new(name);
        let found = |name: &Path| {
            let names = [name.to_owned()];
            job_of(&stage.store.of_film(&names).unwrap(), &names).is_some()
        };
        for name in [&stage.film, &stage.result, &names::backup(&stage.film)] {
            assert!(found(name), "{}", name.display());
        }
        for other in ["Other.mkv", "Other.mkv.orig", "öö~0123456789ab.orig"] {
            assert!(!found(&stage.film.with_file_name(other)), "{other}");
        }
    }
}

/// Success is judged by the disk: writing the marker reports success here, but somebody's symlink has its name.
#[test]
fn a_step_that_was_only_said_to_be_done_stops_it() {
    let stage = Stage::new("Film.mkv");
    std::os::unix::fs::symlink("/nonexistent", names::skip_marker(&stage.film)).unwrap();
    let error = stage.undo().step().unwrap_err();
    assert_eq!(error.code(), "failed", "{error}");
    assert_eq!(fs::read_to_string(&stage.film).unwrap(), REPLACEMENT);
    assert_eq!(fs::read_to_string(names::backup(&stage.film)).unwrap(), ORIGINAL);
}
