//! The independent check: has a library lost anything? It owes nothing to the product: films are compared by hash, and
//! a result by what the real ffprobe and ffmpeg make of it.
//!
//! ```text
//! let before = Snapshot::of(&library);
//! // the product works on it, is killed, loses power ...
//! assert_eq!(violations(&before, &library), [] as [String; 0]);
//! // ... and once it has tidied up, nothing of its own is left either
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

/// What the product takes for films, as far as the tests make such.
const FILMS: [&str; 10] = ["mkv", "mp4", "m4v", "mov", "avi", "ts", "mpg", "webm", "wmv", "flv"];
/// What a film is called after its replacement, where it can't keep its name.
const NEW: &str = "mkv";
/// How every text begins that the product puts beside a film.
const SIGNATURE: &[u8] = b"av1d: ";

/// A library as it was before the product worked on it: each film by hash and by what it shows, every other file by hash.
#[derive(Debug)]
pub struct Snapshot {
    tools: Tools,
    films: BTreeMap<String, Original>,
    foreign: BTreeMap<String, Hash>,
    /// Results that were looked at already, by film and hash: a film is looked at hundreds of times, but is replaced by few.
    looked_at: RefCell<HashMap<(String, Hash), Vec<String>>>,
}

#[derive(Debug)]
struct Original {
    hash: Hash,
    shown: Shown,
}

impl Snapshot {
    /// Looks at every file in the library.
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

    /// Whether the film's picture still decodes from start to end without a complaint.
    pub fn is_whole(&self, film: &str) -> bool {
        self.films[film].shown.complaints.is_empty()
    }

    /// Whether the film's name holds its original, byte for byte.
    pub fn is_original(&self, library: &Library, film: &str) -> bool {
        hash(&library.path(film)) == Some(self.films[film].hash)
    }

    /// What is wrong with one film; nothing where its name holds the original or a whole result, or its new name a whole result.
    fn film(&self, library: &Library, name: &str, original: &Original) -> Vec<String> {
        let new = new_name(name);
        let beside = hash(&library.path(&new)).filter(|_| new != name);
        match (hash(&library.path(name)), beside) {
            (Some(hash), None) => self.holds(library, name, name, original, hash),
            (Some(hash), Some(beside)) => {
                let mut wrong = self.holds(library, name, name, original, hash);
                wrong.extend(self.holds(library, name, &new, original, beside));
                wrong
            }
            (None, Some(beside)) => self.holds(library, name, &new, original, beside),
            (None, None) => vec![format!("{name}: lost")],
        }
    }

    /// What is wrong with the file that `place` holds, which must be the film `name` or its result.
    fn holds(
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
        let mut wrong = found.instead_of(&original.shown);
        if !wrong.is_empty() {
            let size = fs::metadata(&path).map_or(0, |found| found.len());
            wrong.insert(0, format!("{size} bytes that are neither the original nor a whole result"));
        }
        if !original.shown.complaints.is_empty() {
            let complaint = original.shown.complaints.lines().next().unwrap_or_default();
            wrong.push(format!("a damaged film was replaced: {complaint}"));
        }
        let wrong: Vec<String> = wrong.into_iter().map(|wrong| format!("{place}: {wrong}")).collect();
        self.looked_at.borrow_mut().insert(key, wrong.clone());
        wrong
    }
}

/// What is wrong with the films alone: those that are lost. Empty where each film's name holds its original, or a whole result.
pub fn lost(before: &Snapshot, library: &Library) -> Vec<String> {
    before.films.iter().flat_map(|(name, original)| before.film(library, name, original)).collect()
}

/// Everything that must not be, at any moment: a film that is lost, a foreign file that was changed, a file that nobody
/// can tell whose it is. Empty where all is well.
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
            // What renaming is tried out with is empty, and beside the same job's temporary file.
            Kind::Rehearsal
                if is_journaled(&journaled, library, &name.replace(".av1try", ".av1tmp"))
                    && fs::metadata(library.path(&name)).is_ok_and(|found| found.len() == 0) => {}
            Kind::Temporary => found.push(format!("{name}: a temporary file that no job knows")),
            Kind::Broken => found.push(format!("{name}: a broken result was in the film's place")),
            Kind::Rehearsal | Kind::Other => found.push(format!("{name}: nobody knows this file")),
        }
    }
    found
}

/// Whether a job says that this is its temporary file.
fn is_journaled(journaled: &BTreeSet<String>, library: &Library, name: &str) -> bool {
    journaled.contains(library.path(name).to_str().unwrap_or_default())
}

/// What the product must not leave behind once it has tidied up: temporary files, second names, doubles, open jobs.
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

/// What a file is that wasn't there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sidecar,
    Backup,
    Temporary,
    /// A small file that was being written when the writer died.
    Draft,
    /// The second name of a file that renaming was tried out with.
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

/// Files that are neither a film, nor a film's new name, nor foreign.
fn strangers(before: &Snapshot, library: &Library) -> Vec<String> {
    let new: BTreeSet<String> = before.films().map(new_name).collect();
    let ours = |name: &String| {
        before.films.contains_key(name) || before.foreign.contains_key(name) || new.contains(name)
    };
    library.files().into_iter().filter(|name| !ours(name)).collect()
}

/// The temporary files that job files tell of.
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
