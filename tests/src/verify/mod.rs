//! The independent check that a library has lost nothing. It uses no code of the product: originals are compared by
//! hash, and results by what the real ffprobe and ffmpeg read from them.
//!
//! ```text
//! let before = Snapshot::of(&library);
//! // the product works on it, is killed, loses power ...
//! assert_eq!(violations(&before, &library), [] as [String; 0]);
//! // ... and after the product has cleaned up, none of its own files is left
//! assert_eq!(leftovers(&before, &library), [] as [String; 0]);
//! ```

mod shown;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use blake3::Hash;

use crate::library::{Library, job_files};
use crate::tools::Tools;
use shown::Shown;

/// The extensions that make a file a film for the product; only those that the tests use.
const FILMS: [&str; 10] = ["mkv", "mp4", "m4v", "mov", "avi", "ts", "mpg", "webm", "wmv", "flv"];
/// The extension of the result if the film's own can't be kept.
const NEW: &str = "mkv";
/// The first bytes of every text file that the product writes beside a film.
const SIGNATURE: &[u8] = b"av1d: ";

/// A library before the product works on it: the hash and the decoded content of each film, and the hash of every other
/// file.
#[derive(Debug)]
pub struct Snapshot {
    tools: Tools,
    films: BTreeMap<String, Original>,
    foreign: BTreeMap<String, Hash>,
    /// What was wrong with each result, by film and hash. A check looks at each film hundreds of times, but a film has
    /// few different results, and decoding one is slow.
    looked_at: RefCell<HashMap<(String, Hash), Vec<String>>>,
}

#[derive(Debug)]
struct Original {
    hash: Hash,
    shown: Shown,
}

impl Snapshot {
    /// Reads and decodes every file in the library.
    pub fn of(library: &Library) -> Self {
        let tools = library.tools.clone();
        let (mut films, mut foreign) = (BTreeMap::new(), BTreeMap::new());
        for name in library.files() {
            let path = library.path(&name);
            let hash = hash(&path).unwrap_or_else(|| panic!("{name} can't be read"));
            if is_film(&name) {
                films.insert(name, Original { hash, shown: Shown::by(&tools, &path) });
            } else {
                foreign.insert(name, hash);
            }
        }
        Self { tools, films, foreign, looked_at: RefCell::default() }
    }

    /// The names of the films.
    pub fn films(&self) -> impl Iterator<Item = &str> {
        self.films.keys().map(String::as_str)
    }

    /// Whether ffmpeg decoded the original's whole picture without a complaint.
    pub fn is_whole(&self, film: &str) -> bool {
        self.films[film].shown.complaints.is_empty()
    }

    /// Whether the file under the film's name is still the original, byte for byte.
    pub fn is_original(&self, library: &Library, film: &str) -> bool {
        hash(&library.path(film)) == Some(self.films[film].hash)
    }

    /// Returns what is wrong with one film. Nothing is wrong if its name holds the original or an intact result, or its
    /// new name an intact result.
    fn faults_of_film(&self, library: &Library, name: &str, original: &Original) -> Vec<String> {
        let new = new_name(name);
        let beside = hash(&library.path(&new)).filter(|_| new != name);
        match (hash(&library.path(name)), beside) {
            (Some(hash), None) => self.faults_of_file(library, name, name, original, hash),
            (Some(hash), Some(beside)) => {
                let mut wrong = self.faults_of_file(library, name, name, original, hash);
                wrong.extend(self.faults_of_file(library, name, &new, original, beside));
                wrong
            }
            (None, Some(beside)) => self.faults_of_file(library, name, &new, original, beside),
            (None, None) => vec![format!("{name}: lost")],
        }
    }

    /// Returns what is wrong with the file at `place`, which must be the film `name` or an intact result of it.
    fn faults_of_file(
        &self,
        library: &Library,
        name: &str,
        place: &str,
        original: &Original,
        hash: Hash,
    ) -> Vec<String> {
        if hash == original.hash {
            return Vec::new();
        }
        let key = (name.to_owned(), hash);
        if let Some(known) = self.looked_at.borrow().get(&key) {
            return known.clone();
        }
        let path = library.path(place);
        let found = Shown::by(&self.tools, &path);
        let mut wrong = found.faults_as_result_of(&original.shown);
        if !wrong.is_empty() {
            let size = fs::metadata(&path).map_or(0, |found| found.len());
            wrong.insert(0, format!("{size} bytes that are neither the original nor a whole result"));
        }
        // A recording with the same damage before and after has lost nothing, and nobody has a better copy.
        let is_recording = Path::new(name).extension().is_some_and(|extension| extension == "ts");
        if !original.shown.complaints.is_empty() && !is_recording {
            let complaint = original.shown.complaints.lines().next().unwrap_or_default();
            wrong.push(format!("a damaged film was replaced: {complaint}"));
        }
        let wrong: Vec<String> = wrong.into_iter().map(|wrong| format!("{place}: {wrong}")).collect();
        self.looked_at.borrow_mut().insert(key, wrong.clone());
        wrong
    }
}

/// Returns what is wrong with the films only. It is empty if the original or an intact result of each film is there.
pub fn lost(before: &Snapshot, library: &Library) -> Vec<String> {
    before.films.iter().flat_map(|(name, original)| before.faults_of_film(library, name, original)).collect()
}

/// Returns everything that must never be the case: a lost film, another file that was changed, a file that belongs to
/// nobody. It is empty if all is well.
pub fn violations(before: &Snapshot, library: &Library) -> Vec<String> {
    let mut found = lost(before, library);
    for (name, known) in &before.foreign {
        if hash(&library.path(name)) != Some(*known) {
            found.push(format!("{name}: a foreign file was changed"));
        }
    }
    let journaled = temporaries(library);
    for name in strangers(before, library) {
        match kind(before, library, &name) {
            Kind::Sidecar | Kind::Backup | Kind::Draft => {}
            Kind::Temporary if is_journaled(&journaled, library, &name) => {}
            // A replacement is tried out with small files that the state folder has a record of.
            Kind::Rehearsal
                if is_recorded(library, &name)
                    && fs::metadata(library.path(&name)).is_ok_and(|found| found.len() < 100) => {}
            Kind::Temporary => found.push(format!("{name}: a temporary file that no job knows")),
            Kind::Broken => found.push(format!("{name}: a broken result was in the film's place")),
            Kind::Rehearsal | Kind::Other => found.push(format!("{name}: nobody knows this file")),
        }
    }
    found
}

/// Whether a job file records this file as the job's temporary file.
fn is_journaled(journaled: &BTreeSet<String>, library: &Library, name: &str) -> bool {
    journaled.contains(library.path(name).to_str().unwrap_or_default())
}

/// Whether the state folder has a record of the rehearsal that made this file.
fn is_recorded(library: &Library, name: &str) -> bool {
    let stamp = name.trim_end_matches(".av1try").rsplit('.').next().unwrap_or_default();
    library.state().join("logs").join(format!("{stamp}.rehearsal")).exists()
}

/// Returns what the product must not leave behind after it has cleaned up: temporary files, backups, films under both
/// their names, jobs without an outcome.
pub fn leftovers(before: &Snapshot, library: &Library) -> Vec<String> {
    let mut found = Vec::new();
    for name in strangers(before, library) {
        match kind(before, library, &name) {
            Kind::Sidecar => {}
            Kind::Backup | Kind::Draft | Kind::Temporary | Kind::Rehearsal | Kind::Broken | Kind::Other => {
                found.push(format!("{name}: left behind"));
            }
        }
    }
    let doubled = |name: &&str| {
        let new = new_name(name);
        new != **name && library.path(name).exists() && library.path(new).exists()
    };
    found.extend(before.films().filter(doubled).map(|name| format!("{name}: there under both names")));
    for (file, job) in job_files(&library.state()) {
        match job {
            Some(job) if job["outcome"].is_null() => found.push(format!("{file}: a job without an end")),
            Some(_) => {}
            None => found.push(format!("{file}: a job that can't be read")),
        }
    }
    found
}

/// The kind of a file that the snapshot doesn't contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sidecar,
    Backup,
    Temporary,
    /// A small file whose writer died before it was finished.
    Draft,
    /// A small file with which the product tries out whether a film could be replaced.
    Rehearsal,
    Broken,
    Other,
}

fn kind(before: &Snapshot, library: &Library, name: &str) -> Kind {
    let path = library.path(name);
    let signed = || fs::read(&path).is_ok_and(|text| text.starts_with(SIGNATURE));
    let original = |film: &str| before.films.get(film).is_some_and(|film| hash(&path) == Some(film.hash));
    match name.rsplit_once('.') {
        Some((film, "orig")) if original(film) => Kind::Backup,
        Some((_, "av1tmp")) => Kind::Temporary,
        Some((_, "av1try")) => Kind::Rehearsal,
        Some((_, "av1new")) => Kind::Draft,
        Some((_, "broken")) => Kind::Broken,
        Some((_, "av1skip" | "txt")) if signed() => Kind::Sidecar,
        _ => Kind::Other,
    }
}

/// Files that are neither a film, nor a film's new name, nor any other file of the snapshot.
fn strangers(before: &Snapshot, library: &Library) -> Vec<String> {
    let new: BTreeSet<String> = before.films().map(new_name).collect();
    let ours = |name: &String| {
        before.films.contains_key(name) || before.foreign.contains_key(name) || new.contains(name)
    };
    library.files().into_iter().filter(|name| !ours(name)).collect()
}

/// The paths of the temporary files that job files record.
fn temporaries(library: &Library) -> BTreeSet<String> {
    let jobs = job_files(&library.state()).into_values().flatten();
    jobs.filter_map(|job| job["temporary"]["path"].as_str().map(str::to_owned)).collect()
}

fn is_film(name: &str) -> bool {
    !name.starts_with('.') && name.rsplit_once('.').is_some_and(|(_, extension)| FILMS.contains(&extension))
}

fn new_name(film: &str) -> String {
    let keeps = ["mkv", "mp4", "m4v", "webm"];
    match film.rsplit_once('.') {
        Some((stem, extension)) if !keeps.contains(&extension) => format!("{stem}.{NEW}"),
        _ => film.to_owned(),
    }
}

fn hash(path: &Path) -> Option<Hash> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(fs::File::open(path).ok()?).ok()?;
    Some(hasher.finalize())
}
