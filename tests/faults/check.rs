//! What must hold after a fault. The check uses no code of the product: it compares bytes and names, and asks ffprobe
//! and a decoder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use av1d_tests::{Media, Tools, with_argument};

use crate::stage::{Stage, Variant};
use crate::table::Violation;

/// How a run ended, as far as it decides which files may be left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It ended by itself, so it could clean up.
    End,
    /// It was killed at a system call.
    Kill,
}

/// What [`judged`] found for a result and its original, by the hashes of both.
type Verdicts = HashMap<(u64, u64), Option<String>>;

/// Each file's inode, modification time (seconds and nanoseconds) and bytes, by its path.
pub(crate) type Look = BTreeMap<String, (u64, i64, i64, Vec<u8>)>;

/// How long an ffmpeg may run on after its daemon has ended.
const ORPHAN: Duration = Duration::from_secs(15);

impl Stage {
    /// All violations: right after the fault, after the next run without the fault, and after one more run.
    pub(crate) fn violations(&self, after: After) -> Vec<Violation> {
        let mut found = self.now(after);
        // A failed film is only retried after a while. `retry` makes the next run take it up at once.
        let film = self.film();
        drop(self.library.run([OsStr::new("retry"), film.as_os_str()]));
        let next = self.library.watch_once();
        if next.status.code() != Some(0) {
            found.push(format!("the next run, without the fault, fails:\n{next}"));
        }
        found.extend(self.converged().into_iter().map(|violation| format!("after the next run {violation}")));
        let before = self.look();
        let idle = self.library.watch_once();
        if idle.status.code() != Some(0) {
            found.push(format!("the run after the next one fails:\n{idle}"));
        }
        found.extend(self.changed_since(&before));
        if !found.is_empty() {
            found.push(format!("files in the end: {:?}", self.library.files()));
        }
        found
    }

    /// What is wrong right after the fault.
    pub(crate) fn now(&self, after: After) -> Vec<Violation> {
        let mut found = Vec::new();
        found.extend(self.orphans());
        found.extend(self.film_is_lost(after));
        found.extend(self.foreign_changes());
        found.extend(self.strange_names());
        found.extend(self.permanent_marks());
        found
    }

    pub(crate) fn orphans(&self) -> Option<Violation> {
        let deadline = Instant::now() + ORPHAN;
        let alive = || {
            let root = self.library.root();
            [with_argument("ffmpeg", &root), with_argument("ffprobe", &root)].concat()
        };
        while !alive().is_empty() {
            if Instant::now() > deadline {
                return Some(format!("ffmpeg is alive {} s after its daemon", ORPHAN.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// Whether the film is lost: its file is neither the original, byte for byte, nor an intact result.
    fn film_is_lost(&self, after: After) -> Option<Violation> {
        let original = |path: &Path| fs::read(path).is_ok_and(|bytes| bytes == self.original);
        if original(&self.film()) || self.defect(&self.target()).is_none() {
            return None;
        }
        // Without hard links, there is a moment in which no file has the film's name. Recovery restores the name first.
        if after == After::Kill && self.variant.is_without_links() && original(&self.backup()) {
            return None;
        }
        let defect = self.defect(&self.target()).unwrap_or_default();
        let copies: Vec<String> =
            self.library.files().into_iter().filter(|name| original(&self.library.path(name))).collect();
        Some(format!(
            "the film is neither its original nor a whole replacement ({defect}); copies: {copies:?}"
        ))
    }

    pub(crate) fn foreign_changes(&self) -> Vec<Violation> {
        let changed = self.foreign.iter().filter(|(name, content)| {
            fs::read(self.library.path(name)).map_or(true, |found| found != **content)
        });
        changed.map(|(name, _)| format!("{name}, which is somebody's own, is changed or gone")).collect()
    }

    /// Files whose names recovery wouldn't know what to do with.
    fn strange_names(&self) -> Vec<Violation> {
        let film = self.variant.film();
        let known = |name: &str| {
            let ours = ["", ".orig", ".broken", ".why.txt"].map(|suffix| format!("{film}{suffix}"));
            let hidden = |name: &str| [".av1tmp", ".av1new"].iter().any(|end| name.ends_with(end));
            let rehearsed = ["film", "result", "backup", "renamed"].map(|part| format!(".{part}."));
            ours.iter().any(|our| our == name)
                || name == "Film.mkv"
                || name.starts_with(".av1d")
                || name.starts_with(&format!(".{film}.")) && hidden(name)
                || rehearsed.iter().any(|part| name.starts_with(part)) && name.ends_with(".av1try")
        };
        let files = self.library.files();
        let strange = files.iter().filter(|name| !self.foreign.contains_key(*name) && !known(name));
        strange.map(|name| format!("{name:?} is a name that recovery doesn't know")).collect()
    }

    /// Marks that exclude the film permanently. A fault of the machine must not leave one.
    fn permanent_marks(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.library.files().iter().any(|name| name.ends_with(".av1skip")) {
            found.push("a fault of the machine left an .av1skip".to_owned());
        }
        for job in self.library.readable_jobs() {
            let outcome = &job["outcome"];
            if outcome["failed"] == true && outcome["lasting"] == true {
                found.push(format!("a fault of the machine is a lasting failure: {outcome}"));
            }
        }
        found
    }

    /// What is wrong after the fault is gone and a whole run without it has ended.
    pub(crate) fn converged(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        found.extend(self.foreign_changes());
        found.extend(self.permanent_marks());
        if let Some(defect) = self.defect(&self.target()) {
            found.push(format!("the film isn't replaced: {defect}"));
        }
        let mut expected: Vec<String> = self.foreign.keys().cloned().collect();
        expected.push("Film.mkv".to_owned());
        if self.variant == Variant::KeepOriginal {
            expected.push("Film.mkv.orig".to_owned());
            if fs::read(self.backup()).map_or(true, |bytes| bytes != self.original) {
                found.push("the original that was to be kept is changed or gone".to_owned());
            }
        }
        expected.sort();
        let mut files = self.library.files();
        // A writer of a small file that was killed leaves a hidden draft, which is removed later. It is no film.
        files.retain(|name| !name.starts_with(".av1d") && !name.ends_with(".av1new"));
        // Nor is the empty file with which a killed run tried out whether the file system can rename safely.
        let empty = |name: &str| fs::metadata(self.library.path(name)).is_ok_and(|found| found.len() == 0);
        let tried = |name: &str| name.ends_with(".av1tmp") || name.ends_with(".av1try");
        files.retain(|name| !(name.starts_with('.') && tried(name) && empty(name)));
        if files != expected {
            found.push(format!("the files are {files:?} instead of {expected:?}"));
        }
        found
    }

    /// The files that changed since `before`. A run with nothing to do must change none.
    pub(crate) fn changed_since(&self, before: &Look) -> Option<Violation> {
        let now = self.look();
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let changed: Vec<_> = names.into_iter().filter(|name| before.get(*name) != now.get(*name)).collect();
        (!changed.is_empty()).then(|| format!("the run after the next one still changes {changed:?}"))
    }

    /// Every file of the library and every job file, with its inode, modification time and bytes.
    pub(crate) fn look(&self) -> Look {
        let library = self.library.files().into_iter().map(|name| self.library.path(name));
        let look = |path: std::path::PathBuf| {
            let metadata = fs::symlink_metadata(&path).ok()?;
            let bytes = fs::read(&path).unwrap_or_default();
            let name = path.to_string_lossy().into_owned();
            // Every run writes to the lock file of a library root.
            let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".av1d"));
            (!ours).then_some((name, (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), bytes)))
        };
        library.chain(self.library.job_paths()).filter_map(look).collect()
    }

    /// Why the file isn't an intact AV1 result of the film, or `None` if it is one. The file is read from the disk.
    pub(crate) fn defect(&self, path: &Path) -> Option<String> {
        let template = self.library.scratch().join(format!("original-{}", self.variant.film()));
        fs::write(&template, &self.original).unwrap();
        defect(&self.library.tools, path, &template)
    }
}

/// Why the file at `path` isn't an intact AV1 result of `original`, or `None` if it is one. The file is read from the
/// disk.
pub(crate) fn defect(tools: &Tools, path: &Path, original: &Path) -> Option<String> {
    static KNOWN: Mutex<Option<Verdicts>> = Mutex::new(None);
    let Ok(file) = File::open(path) else { return Some("it isn't there".to_owned()) };
    // Drops the file from the page cache, so that it is read from the disk.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    let key = (stamp(&fs::read(path).unwrap()), stamp(&fs::read(original).unwrap()));
    if let Some(known) = KNOWN.lock().unwrap().get_or_insert_default().get(&key) {
        return known.clone();
    }
    let found = judged(tools, path, original);
    KNOWN.lock().unwrap().get_or_insert_default().insert(key, found.clone());
    found
}

fn stamp(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn judged(tools: &Tools, path: &Path, original: &Path) -> Option<String> {
    let of = |path: &Path| std::panic::catch_unwind(|| Media::of(tools, path)).ok();
    let (Some(result), Some(source)) = (of(path), of(original)) else {
        return Some("ffprobe can't read it".to_owned());
    };
    if result.codecs("video") != ["av1"] || result.codecs("audio") != source.codecs("audio") {
        return Some(format!("its streams are {:?}, {:?}", result.codecs("video"), result.codecs("audio")));
    }
    for kind in ["video", "audio"] {
        let packets = |media: &Media| {
            media.streams(kind).into_iter().map(|stream| media.packets(stream).len()).collect::<Vec<_>>()
        };
        if packets(&result) != packets(&source) {
            return Some(format!("{kind} packets: {:?} of {:?}", packets(&result), packets(&source)));
        }
    }
    let (picture, words) = decoded(tools, path);
    let (wanted, _) = decoded(tools, original);
    if !words.is_empty() {
        return Some(format!("a decoder says: {words}"));
    }
    if picture.len() != wanted.len() || picture.is_empty() {
        return Some(format!("{} bytes of picture instead of {}", picture.len(), wanted.len()));
    }
    let difference: u64 =
        picture.iter().zip(&wanted).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
    let mean = difference / u64::try_from(picture.len()).unwrap();
    (mean > 6).then(|| format!("its picture is another one: {mean} levels off"))
}

/// Every frame as a small grey picture, and what the decoder complained about.
fn decoded(tools: &Tools, path: &Path) -> (Vec<u8>, String) {
    let mut file = std::ffi::OsString::from("file:");
    file.push(path);
    let mut command = Command::new(&tools.ffmpeg);
    command.args(["-v", "error", "-nostdin", "-i"]).arg(file);
    command.args(["-map", "0", "-f", "null", "-", "-map", "0:v:0", "-fps_mode", "passthrough"]);
    command.args(["-vf", "scale=32:24,format=gray", "-f", "rawvideo", "pipe:1"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    (output.stdout, String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
