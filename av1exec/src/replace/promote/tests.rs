//! Replacements on a real file system, and replacements that must not happen.

use std::fs;
use std::path::PathBuf;

use super::*;

struct Scene {
    folder: tempfile::TempDir,
    film: PathBuf,
    temporary: PathBuf,
    identity: Identity,
}

impl Scene {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join(name);
        let temporary = folder.path().join(".t.av1tmp");
        fs::write(&film, "original").unwrap();
        fs::write(&temporary, "result").unwrap();
        let identity = Identity::of(&film).unwrap();
        Self { folder, film, temporary, identity }
    }

    fn promotion<'a>(&'a self, target: &'a Path, backup: &'a Path) -> Promotion<'a> {
        Promotion {
            film: &self.film,
            identity: &self.identity,
            temporary: &self.temporary,
            target,
            backup,
            keep_original: false,
            foreign_owner: ForeignOwner::Skip,
            answered: &|| (),
        }
    }

    fn promote(&self, target: &str, keep_original: bool) -> (Result<(), PromoteError>, Vec<Step>) {
        let target = self.folder.path().join(target);
        let backup = crate::sys::names::backup(&self.film);
        let promotion = Promotion { keep_original, ..self.promotion(&target, &backup) };
        let mut steps = Vec::new();
        let result = promotion.carry_out(&mut |step, _| {
            steps.push(step);
            Ok(())
        });
        (result.map(drop), steps)
    }

    /// The names and contents of the files in the folder.
    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.folder.path()).unwrap().map(Result::unwrap);
        let mut files: Vec<_> = entries
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, fs::read_to_string(entry.path()).unwrap())
            })
            .collect();
        files.sort();
        files
    }
}

fn files(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

const ALL_STEPS: [Step; 3] = [Step::Commit, Step::Replaced, Step::Done];

#[test]
fn a_result_takes_the_films_name_and_the_original_goes() {
    let scene = Scene::new("film.mkv");
    let (result, steps) = scene.promote("film.mkv", false);
    result.unwrap();
    assert_eq!(steps, ALL_STEPS);
    assert_eq!(scene.files(), files(&[("film.mkv", "result")]));
}

#[test]
fn the_original_stays_where_it_is_to_be_kept() {
    let scene = Scene::new("film.mkv");
    scene.promote("film.mkv", true).0.unwrap();
    assert_eq!(scene.files(), files(&[("film.mkv", "result"), ("film.mkv.orig", "original")]));
}

#[test]
fn a_result_of_a_new_name_takes_it_and_the_old_one_goes() {
    let scene = Scene::new("film.avi");
    let (result, steps) = scene.promote("film.mkv", false);
    result.unwrap();
    assert_eq!(steps, ALL_STEPS);
    assert_eq!(scene.files(), files(&[("film.mkv", "result")]));
}

#[test]
fn a_changed_film_is_not_replaced() {
    let scene = Scene::new("film.mkv");
    fs::write(&scene.film, "new version").unwrap();
    let (result, steps) = scene.promote("film.mkv", false);
    assert!(matches!(result, Err(PromoteError::SourceChanged { .. })), "{result:?}");
    assert_eq!(steps, []);
    assert_eq!(fs::read_to_string(&scene.film).unwrap(), "new version");
}

#[test]
fn somebodys_own_backup_is_not_touched() {
    let scene = Scene::new("film.mkv");
    fs::write(crate::sys::names::backup(&scene.film), "mine").unwrap();
    let (result, _) = scene.promote("film.mkv", false);
    assert!(matches!(result, Err(PromoteError::Taken { .. })), "{result:?}");
    let expected = [(".t.av1tmp", "result"), ("film.mkv", "original"), ("film.mkv.orig", "mine")];
    assert_eq!(scene.files(), files(&expected));
}

#[test]
fn somebodys_own_file_of_the_new_name_is_not_touched() {
    let scene = Scene::new("film.avi");
    fs::write(scene.folder.path().join("film.mkv"), "mine").unwrap();
    let (result, _) = scene.promote("film.mkv", false);
    assert!(matches!(result, Err(PromoteError::Taken { .. })), "{result:?}");
    assert_eq!(fs::read_to_string(&scene.film).unwrap(), "original");
    assert_eq!(fs::read_to_string(scene.folder.path().join("film.mkv")).unwrap(), "mine");
}

#[test]
fn a_taken_backup_name_leaves_no_second_film_behind() {
    let scene = Scene::new("film.avi");
    fs::write(crate::sys::names::backup(&scene.film), "mine").unwrap();
    let (result, _) = scene.promote("film.mkv", false);
    assert!(matches!(result, Err(PromoteError::Taken { .. })), "{result:?}");
    let expected = [(".t.av1tmp", "result"), ("film.avi", "original"), ("film.avi.orig", "mine")];
    assert_eq!(scene.files(), files(&expected));
}

#[test]
fn a_journal_that_fails_stops_before_anything_is_renamed() {
    let scene = Scene::new("film.mkv");
    let backup = crate::sys::names::backup(&scene.film);
    let promotion = scene.promotion(&scene.film, &backup);
    let result = promotion.carry_out(&mut |_, _| Err(io::Error::other("disk full")));
    assert!(matches!(result, Err(PromoteError::Disk { .. })));
    assert_eq!(scene.files(), files(&[(".t.av1tmp", "result"), ("film.mkv", "original")]));
}

#[test]
fn without_inode_numbers_files_are_told_by_size_time_and_content() {
    for target in ["film.avi", "film.mkv"] {
        let mut scene = Scene::new("film.avi");
        scene.identity = scene.identity.without_inode();
        let (result, _) = scene.promote(target, false);
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(scene.files(), files(&[(target, "result")]));
    }
    // A stranger's file of the result's size isn't the result.
    let mut scene = Scene::new("film.avi");
    scene.identity = scene.identity.without_inode();
    fs::write(scene.folder.path().join("film.mkv"), "RESULT").unwrap();
    let (result, _) = scene.promote("film.mkv", false);
    assert!(matches!(result, Err(PromoteError::Taken { .. })), "{result:?}");
    let expected = [(".t.av1tmp", "result"), ("film.avi", "original"), ("film.mkv", "RESULT")];
    assert_eq!(scene.files(), files(&expected));
}

#[test]
fn a_copy_that_somebody_made_meanwhile_is_never_taken_for_the_originals_second_name() {
    for (target, keeps_inodes) in [("film.avi", true), ("film.avi", false), ("film.mkv", false)] {
        let mut scene = Scene::new("film.avi");
        if !keeps_inodes {
            scene.identity = scene.identity.without_inode();
        }
        let (backup, time) = (crate::sys::names::backup(&scene.film), fs::metadata(&scene.film).unwrap());
        // The first answer of the disk is that the result is synced.
        let copy = || {
            fs::write(&backup, "ORIGINAL").unwrap();
            fs::File::open(&backup).unwrap().set_modified(time.modified().unwrap()).unwrap();
        };
        let target = scene.folder.path().join(target);
        let promotion = Promotion { answered: &copy, ..scene.promotion(&target, &backup) };
        let mut is_committed = false;
        let result = promotion.carry_out(&mut |_, _| {
            is_committed = true;
            Ok(())
        });
        assert!(matches!(result, Err(PromoteError::Taken { .. })) && !is_committed, "{result:?}");
        let expected = [(".t.av1tmp", "result"), ("film.avi", "original"), ("film.avi.orig", "ORIGINAL")];
        assert_eq!(scene.files(), files(&expected));
    }
}

#[test]
fn a_film_that_is_touched_between_two_steps_keeps_one_name() {
    for keeps_inodes in [true, false] {
        let mut scene = Scene::new("film.mkv");
        if !keeps_inodes {
            scene.identity = scene.identity.without_inode();
        }
        let backup = crate::sys::names::backup(&scene.film);
        let touch = || {
            if backup.exists() {
                fs::write(&scene.film, "edited").unwrap();
            }
        };
        let promotion = Promotion { answered: &touch, ..scene.promotion(&scene.film, &backup) };
        let result = promotion.carry_out(&mut |_, _| Ok(()));
        assert!(matches!(result, Err(PromoteError::SourceChanged { .. })), "{result:?}");
        assert_eq!(
            scene.files(),
            files(&[(".t.av1tmp", "result"), ("film.mkv", "edited")]),
            "{keeps_inodes}"
        );
    }
}
