//! Reads jobs as they change: the files of running jobs, and the table of finished ones.
//!
//! A file is read again only if its size, time or inode has changed. The folder is listed again only if its own
//! modification time has changed, which happens at each write, because job files are written under another name and
//! renamed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use av1exec::state::jobs::{self, JobStore};
use av1exec::sys::sanitize;

use super::LOOK;
use super::finished::Finished;
use crate::job::{Job, State, Temporary};
use crate::message::{Changes, Folder, Msg};

/// At the first reading, jobs are sent at least this often, so that the newest are visible before the last one is read.
const BATCH: Duration = Duration::from_millis(300);

/// Sends the changes in the state folder until the receiver is gone.
pub(super) fn watch(sender: &SyncSender<Msg>, refresh: &Receiver<()>, folder: &Path) {
    let mut reader = Reader::default();
    let mut anew = false;
    loop {
        let mut listened = true;
        reader.look(folder, anew, &mut |msg| listened &= sender.send(msg).is_ok());
        if !listened {
            return;
        }
        anew = match refresh.recv_timeout(LOOK) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
    }
}

/// How long to wait for the size of a result. If it takes longer, the next look picks it up.
const MEASURE_TIMEOUT: Duration = Duration::from_millis(50);

/// What is known of the state folder.
#[derive(Debug, Default)]
struct Reader {
    /// The folder's modification time when it was last listed; `None` if it has to be listed again.
    gone_through: Option<SystemTime>,
    files: HashMap<OsString, File>,
    /// The results that are growing.
    growing: HashMap<String, Temporary>,
    /// Size measurements that haven't finished yet.
    measuring: HashMap<String, Receiver<Option<u64>>>,
    finished: Finished,
}

/// A file that was read.
#[derive(Debug)]
struct File {
    stamp: Stamp,
    job: Result<String, String>,
}

/// Size, times and inode of a file. If they are the same, the file is unchanged.
type Stamp = (u64, u64, i64, i64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

impl Reader {
    fn look(&mut self, folder: &Path, anew: bool, send: &mut impl FnMut(Msg)) {
        let modified = match fs::metadata(folder).and_then(|metadata| metadata.modified()) {
            Ok(modified) => modified,
            Err(error) => {
                *self = Self::default();
                let state = match error.kind() {
                    ErrorKind::NotFound => Folder::Missing,
                    _ => Folder::Unreadable(error.to_string()),
                };
                return send(Msg::Folder(state));
            }
        };
        if anew || self.gone_through != Some(modified) {
            let began = SystemTime::now();
            if let Err(error) = self.go_through(folder, send) {
                self.gone_through = None;
                return send(Msg::Folder(Folder::Unreadable(error.to_string())));
            }
            // The folder's time has a limited resolution: a change in the same tick as this listing would never be
            // noticed. So the listing counts only if the folder's time is more than a second old.
            let settled = began.duration_since(modified).is_ok_and(|age| age > Duration::from_secs(1));
            self.gone_through = settled.then_some(modified);
        }
        self.finished.look(folder, anew, send);
        self.measure(send);
    }

    fn go_through(&mut self, folder: &Path, send: &mut impl FnMut(Msg)) -> std::io::Result<()> {
        let mut names: Vec<OsString> = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .filter(|name| name.as_ref().map_or(true, is_job))
            .collect::<Result<_, _>>()?;
        // An id begins with the start time, and users want to see the newest jobs first.
        names.sort_unstable_by(|one, other| other.cmp(one));

        let mut changes = self.drop_missing(folder, &names);
        let mut told = Instant::now();
        let mut news = !changes.gone.is_empty() || !changes.changed.is_empty() || self.gone_through.is_none();
        for name in names {
            if self.take_in(folder, name, &mut changes) {
                news = true;
            }
            if told.elapsed() > BATCH && !changes.changed.is_empty() {
                send(Msg::Jobs(Changes { damaged: self.damaged(), ..std::mem::take(&mut changes) }));
                told = Instant::now();
            }
        }
        if news {
            send(Msg::Jobs(Changes { damaged: self.damaged(), ..changes }));
        }
        Ok(())
    }

    /// Returns what happened to the jobs whose files are gone: most of them are finished and were folded.
    fn drop_missing(&mut self, folder: &Path, names: &[OsString]) -> Changes {
        let there = |name: &OsString| names.binary_search_by(|other| name.cmp(other)).is_ok();
        let missing = self.files.extract_if(|name, _| !there(name)).filter_map(|(_, file)| file.job.ok());
        let mut changes = Changes::default();
        for id in missing {
            self.growing.remove(&id);
            match JobStore::read_only(folder).get(&id) {
                Ok(job) => changes.changed.push(Job::of_file(&job)),
                Err(_) => changes.gone.push(id),
            }
        }
        changes
    }

    /// Reads a file if it is new or changed. Returns whether it was.
    fn take_in(&mut self, folder: &Path, name: OsString, changes: &mut Changes) -> bool {
        let path = folder.join(&name);
        // If the file was deleted in the meantime, the next look notices.
        let Ok(metadata) = fs::symlink_metadata(&path) else { return false };
        let stamp = stamp(&metadata);
        if self.files.get(&name).is_some_and(|known| known.stamp == stamp) {
            return false;
        }
        let read = jobs::read(&path).map(|job| Job::of_file(&job)).map_err(|unread| unread.to_string());
        let job = read.as_ref().map(|job| job.id.clone()).map_err(Clone::clone);
        if let Ok(job) = read {
            match &job.temporary {
                Some(temporary) if job.state == State::Running => {
                    self.growing.insert(job.id.clone(), (**temporary).clone());
                }
                _ => drop(self.growing.remove(&job.id)),
            }
            changes.changed.push(job);
        }
        self.files.insert(name, File { stamp, job });
        true
    }

    fn damaged(&self) -> Vec<(String, String)> {
        let damaged = |(name, file): (&OsString, &File)| {
            Some((sanitize::display(Path::new(name)), file.job.as_ref().err()?.clone()))
        };
        let mut damaged: Vec<_> = self.files.iter().filter_map(damaged).collect();
        damaged.sort();
        damaged
    }

    /// Sends the sizes of growing results. Each is measured on a separate thread, because the library's disk may hang
    /// while the state folder answers. While a measurement hasn't finished, no other is started for that result.
    fn measure(&mut self, send: &mut impl FnMut(Msg)) {
        self.measuring.retain(|id, _| self.growing.contains_key(id));
        let mut sizes = Vec::new();
        for (id, temporary) in &mut self.growing {
            let look = match self.measuring.remove(id) {
                Some(look) => look,
                None => match measured(temporary.path.clone()) {
                    Ok(look) => look,
                    Err(_) => continue,
                },
            };
            match look.recv_timeout(MEASURE_TIMEOUT) {
                Ok(bytes) if bytes != temporary.bytes => {
                    temporary.bytes = bytes;
                    sizes.push((id.clone(), bytes));
                }
                Ok(_) | Err(RecvTimeoutError::Disconnected) => {}
                Err(RecvTimeoutError::Timeout) => drop(self.measuring.insert(id.clone(), look)),
            }
        }
        if !sizes.is_empty() {
            send(Msg::Sizes(sizes));
        }
    }
}

/// Starts measuring the size of a result.
fn measured(path: PathBuf) -> std::io::Result<Receiver<Option<u64>>> {
    let (size, look) = sync_channel(1);
    let measure = move || {
        let bytes = fs::symlink_metadata(path).ok().map(|metadata| metadata.len());
        // The receiver is gone if the job is.
        let _ = size.send(bytes);
    };
    std::thread::Builder::new().name("size".to_owned()).spawn(measure)?;
    Ok(look)
}

/// Whether this is the file of a running or interrupted job.
fn is_job(name: &OsString) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::script::File as JobFile;
    use av1exec::sys::path::path_document;

    /// A state folder, and the messages about it.
    struct Scene {
        folder: tempfile::TempDir,
        reader: Reader,
    }

    impl Scene {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap(), reader: Reader::default() }
        }

        fn write(&self, file: &JobFile) {
            let path = self.folder.path().join(format!("{}.json", file.0.id));
            let json = serde_json::to_vec(&file.0).unwrap();
            av1exec::sys::disk::write_whole(&path, &json).unwrap();
        }

        fn look(&mut self) -> Vec<Msg> {
            let mut told = Vec::new();
            self.reader.look(self.folder.path(), false, &mut |msg| told.push(msg));
            told
        }

        /// Returns the only message, as changed, deleted and damaged jobs.
        fn changes(&mut self) -> (Vec<String>, Vec<String>, usize) {
            match self.look().as_slice() {
                [Msg::Jobs(Changes { changed, gone, damaged })] => {
                    (changed.iter().map(|job| job.id.clone()).collect(), gone.clone(), damaged.len())
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn job(number: u32) -> JobFile {
        JobFile::new(number, std::ffi::OsStr::new("Film.mkv"), 10, 1000)
    }

    #[test]
    fn each_change_is_told_once() {
        let mut scene = Scene::new();
        // An empty folder causes a message, too, which says that it was read.
        assert_eq!(scene.changes(), (vec![], vec![], 0));
        let (one, two) = (job(1), job(2));
        scene.write(&one);
        scene.write(&two);
        fs::write(scene.folder.path().join("lock"), "process 1").unwrap();
        assert_eq!(scene.changes(), (vec![two.0.id.clone(), one.0.id.clone()], vec![], 0));
        let ended = job(1).ended(1, "failed", "x", None);
        scene.write(&ended);
        fs::remove_file(scene.folder.path().join(format!("{}.json", two.0.id))).unwrap();
        fs::write(scene.folder.path().join("broken.json"), "{").unwrap();
        assert_eq!(scene.changes(), (vec![one.0.id.clone()], vec![two.0.id], 1));
    }

    #[test]
    fn a_folder_at_rest_is_not_gone_through() {
        let mut scene = Scene::new();
        scene.write(&job(1));
        let past = SystemTime::now() - Duration::from_mins(1);
        fs::File::open(scene.folder.path()).unwrap().set_modified(past).unwrap();
        assert_eq!(scene.look().len(), 1);
        assert_eq!(scene.look().len(), 0);
        assert_eq!(scene.reader.gone_through, Some(past));
    }

    #[test]
    fn a_result_is_measured_as_it_grows() {
        let mut scene = Scene::new();
        let mut growing = job(1);
        let result = scene.folder.path().join("result.av1tmp");
        growing.0.temporary = path_document(&result);
        scene.write(&growing);
        scene.look();
        fs::write(&result, [0; 700]).unwrap();
        // A measurement may finish only after the next look.
        let mut looks = (0..200).map(|_| scene.look()).filter(|told| !told.is_empty());
        assert!(looks.any(|told| matches!(told.last(), Some(Msg::Sizes(sizes)) if sizes[0].1 == Some(700))));
        assert!(!scene.look().iter().any(|msg| matches!(msg, Msg::Sizes(_))));
    }

    #[test]
    fn a_look_that_hangs_holds_up_nothing_and_is_not_begun_twice() {
        let mut scene = Scene::new();
        let mut growing = job(1);
        let result = scene.folder.path().join("result.av1tmp");
        growing.0.temporary = path_document(&result);
        scene.write(&growing);
        scene.look();
        let (answer, hangs) = sync_channel(1);
        scene.reader.measuring.insert(growing.0.id.clone(), hangs);
        fs::write(&result, [0; 700]).unwrap();
        let told = scene.look();
        assert!(!told.iter().any(|msg| matches!(msg, Msg::Sizes(_))), "{told:?}");
        answer.send(Some(300)).unwrap();
        let told = scene.look();
        assert!(matches!(told.last(), Some(Msg::Sizes(sizes)) if sizes[0].1 == Some(300)), "{told:?}");
    }

    #[test]
    fn a_folder_that_goes_away_is_told() {
        let mut scene = Scene::new();
        scene.write(&job(1));
        scene.look();
        fs::remove_dir_all(scene.folder.path()).unwrap();
        let told = scene.look();
        assert!(matches!(told.as_slice(), [Msg::Folder(Folder::Missing)]), "{told:?}");
    }
}
