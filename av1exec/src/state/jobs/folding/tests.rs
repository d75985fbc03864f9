//! Tests of folding with state folders of older versions, interruptions at every step, damaged files and concurrent
//! processes.

use std::fs;

use super::*;
use crate::state::index::{FILE_NAME, peek_jobs};
use crate::state::jobs::{OutcomeRecord, test_job};
use crate::sys::path::path_document;

/// Writes a job that replaced its film as a plain file, as av1d did before jobs were folded.
fn plain(folder: &Path, number: u32) -> Job {
    let id = format!("202611{:02}-134501-{number:06}", 1 + number % 20);
    let mut job = test_job(&id, &format!("/films/Film {number}.avi"));
    job.outcome = Some(OutcomeRecord {
        code: "replaced".to_owned(),
        text: "100 bytes to 40 bytes".to_owned(),
        failed: false,
        lasting: true,
        size_after: Some(40),
        replaced_by: Some(path_document(Path::new(&format!("/films/Film {number}.mkv")))),
    });
    fs::write(folder.join(format!("{id}.json")), serde_json::to_vec_pretty(&job).unwrap()).unwrap();
    job
}

/// Counts the files, except for the index's journal, which is empty between transactions.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file() && !path.ends_with("index.sqlite-journal")).count()
}

fn listed(folder: &Path) -> Option<u64> {
    let (totals, failures) = peek_jobs(folder, |table| Ok((table.totals()?, table.failures(1)?))).unwrap()?;
    assert_eq!(failures, []);
    assert_eq!(totals.savings.bytes(), 60 * totals.jobs["replaced"]);
    Some(totals.jobs["replaced"])
}

#[test]
fn an_older_state_folder_is_taken_over_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (state, count) = (folder.path(), u32::try_from(2 * BATCH + 1).unwrap());
    let store = JobStore::open(state).unwrap();
    let jobs: Vec<Job> = (0..count).map(|number| plain(state, number)).collect();
    store.save(&test_job("20261130-134501-000000", "/films/open.mkv")).unwrap();
    fs::write(state.join("20261130-134501-000001.json"), "{").unwrap();

    let mut looks = Vec::new();
    let folded = store.fold_finished(|done, all| {
        looks.push((done, all));
        looks.len() < 2
    });
    assert!(folded.unwrap().stopped);
    assert_eq!(listed(state), None, "half of it is not taken for the whole");
    let folded = store.fold_finished(|_, _| true).unwrap();
    assert_eq!((folded.stopped, folded.jobs), (false, u64::from(count) - 500));
    assert_eq!(folded.unread.len(), 1);
    assert_eq!(looks, [(0, 1003), (500, 1003)]);

    assert_eq!(listed(state), Some(count.into()));
    assert_eq!(files(state), 3, "the index, the open job, the damaged file");
    for job in &jobs {
        let kept = store.get(&job.id).unwrap();
        assert_eq!(serde_json::to_string(&kept).unwrap(), serde_json::to_string(job).unwrap());
    }
    assert_eq!(store.unfinished().unwrap().jobs.len(), 1);
    assert_eq!(store.fold_finished(|_, _| true).unwrap().jobs, 0, "once is enough");
}

#[test]
fn a_lost_or_damaged_index_is_made_anew_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    (0..5).for_each(|number| drop(plain(state, number)));
    store.fold_finished(|_, _| true).unwrap();
    fs::remove_file(state.join(FILE_NAME)).unwrap();
    // A process that creates a new index and writes only its own job doesn't make the table complete.
    plain(state, 5);
    store.fold("20261106-134501-000005").unwrap();
    assert_eq!(listed(state), None);
    let folded = store.fold_finished(|_, _| true).unwrap();
    assert_eq!((folded.jobs, listed(state)), (5, Some(6)));
}

#[test]
fn a_damaged_file_is_told_of_and_keeps_no_other_from_being_listed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    let jobs: Vec<Job> = (0..3).map(|number| plain(state, number)).collect();
    store.fold_finished(|_, _| true).unwrap();
    fs::remove_file(state.join(FILE_NAME)).unwrap();
    let damaged = archive::path(state, &jobs[1].id);
    fs::write(&damaged, "no gzip").unwrap();
    let folded = store.fold_finished(|_, _| true).unwrap();
    assert_eq!(folded.unread.iter().map(|(path, _)| path).collect::<Vec<_>>(), [&damaged]);
    assert_eq!(listed(state), Some(2));
    assert_eq!(fs::read_to_string(damaged).unwrap(), "no gzip", "it stays as it is");
}

#[test]
fn a_folder_that_isnt_mounted_is_waited_for_and_a_moved_month_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    let job = plain(state, 1);
    store.fold_finished(|_, _| true).unwrap();
    let (finished, moved) = (state.join("finished"), state.join("moved"));
    fs::remove_file(state.join(FILE_NAME)).unwrap();
    fs::rename(&finished, &moved).unwrap();
    std::os::unix::fs::symlink(state.join("nowhere"), &finished).unwrap();
    assert!(store.fold_finished(|_, _| true).is_err());
    assert_eq!(listed(state), None, "a disk that isn't there isn't an empty one");
    fs::remove_file(&finished).unwrap();
    fs::create_dir(&finished).unwrap();
    std::os::unix::fs::symlink(moved.join("2026-11"), finished.join("2026-11")).unwrap();
    assert_eq!(store.fold_finished(|_, _| true).unwrap().jobs, 1);
    assert_eq!((listed(state), store.get(&job.id).unwrap().id), (Some(1), job.id));
}

#[test]
fn a_finished_file_that_is_no_job_is_told_of_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    let job = plain(state, 1);
    let text = fs::read_to_string(store.plain(&job.id)).unwrap();
    for (name, content) in [
        ("20261126-134501-000002", text.clone()),
        ("20261126-134501-000003", text.replace(&job.id, "../../evil")),
        ("20261126-134501-000004", text.replace("\"started\": \"", "\"started\": \"x")),
    ] {
        fs::write(store.plain(name), &content).unwrap();
        let folded = store.fold_finished(|_, _| true).unwrap();
        assert!(matches!(folded.unread[0].1, Unread::Damaged(_)), "{name}: {:?}", folded.unread);
        assert_eq!(fs::read_to_string(store.plain(name)).unwrap(), content, "{name}");
        fs::remove_file(store.plain(name)).unwrap();
    }
    assert_eq!(listed(state), Some(1));
}

#[test]
fn a_cut_at_any_place_is_made_good_by_the_next_try() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    let job = plain(state, 1);
    let json = fs::read(store.plain(&job.id)).unwrap();
    let packed = archive::path(state, &job.id);
    store.fold(&job.id).unwrap();
    let whole = fs::read(&packed).unwrap();
    // The interrupted states: half of the compressed file, or all of it with or without its row. The plain file exists
    // in each of them.
    for (content, with_row) in [(&whole[..whole.len() / 2], false), (&whole, false), (&whole, true)] {
        fs::write(store.plain(&job.id), &json).unwrap();
        fs::write(&packed, content).unwrap();
        if !with_row {
            fs::remove_file(state.join(FILE_NAME)).unwrap();
        }
        assert_eq!(store.get(&job.id).unwrap().id, job.id);
        store.fold_finished(|_, _| true).unwrap();
        assert_eq!((listed(state), files(state)), (Some(1), 1));
        assert_eq!(archive::unpack(&packed).unwrap(), json);
    }
}

#[test]
fn jobs_that_end_while_others_are_folded_are_each_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    store.fold_finished(|_, _| true).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0..20 {
                    let mut job = plain(state, 100 * thread + number);
                    job.outcome = None;
                    store.save(&job).unwrap();
                    job.end(&crate::state::outcome::Outcome::Replaced {
                        path: job.film(),
                        before: 100,
                        after: 40,
                    });
                    store.save(&job).unwrap();
                }
            });
        }
        for _ in 0..20 {
            store.fold_finished(|_, _| true).unwrap();
        }
    });
    assert_eq!(listed(state), Some(60));
    assert_eq!((files(state), archive::list(state).unwrap().len()), (1, 60));
}

#[test]
fn a_finished_job_that_cant_be_folded_is_kept_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    fs::write(state.join(FILE_NAME), "no index").unwrap();
    let job = plain(state, 1);
    store.save(&job).unwrap();
    assert!(store.plain(&job.id).exists());
    assert!(store.fold_finished(|_, _| true).unwrap_err().to_string().contains("index.sqlite"));
    assert_eq!(store.get(&job.id).unwrap().id, job.id);
}

#[test]
fn what_a_newer_program_finished_is_kept_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let store = JobStore::open(state).unwrap();
    let job = plain(state, 1);
    let text = fs::read_to_string(store.plain(&job.id)).unwrap();
    let newer = text.replacen("\"version\": \"1.0\"", "\"version\": \"1.9\", \"what only it knows\": 1", 1);
    fs::write(store.plain(&job.id), &newer).unwrap();
    store.fold_finished(|_, _| true).unwrap();
    assert_eq!(archive::unpack(&archive::path(state, &job.id)).unwrap(), newer.as_bytes());
    let major = text.replacen("\"version\": \"1.0\"", "\"version\": \"2.0\"", 1);
    fs::write(store.plain(&job.id), &major).unwrap();
    let folded = store.fold_finished(|_, _| true).unwrap();
    assert_eq!(folded.unread[0].1, Unread::Newer("2.0".to_owned()));
    assert_eq!(fs::read_to_string(store.plain(&job.id)).unwrap(), major);
}
