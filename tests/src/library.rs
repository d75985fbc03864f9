//! A library of its own for each test, with its config and state, all gone when the test ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::media::Media;
use crate::processes::with_argument;
use crate::run::{Run, Running, av1cli};
use crate::stand_in::Script;
use crate::tools::Tools;

/// ffmpeg's arguments for a moving picture of one second that AV1 shrinks well: noise, stored at a disc's bitrate.
pub const PICTURE: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1,noise=alls=25:allf=t \
                           -c:v libx264 -preset ultrafast -crf 10 -pix_fmt yuv420p";

/// A second of sound, to stand before [`PICTURE`], which ends with options of the output.
pub const SOUND: &str = "-f lavfi -i sine=duration=1";

/// A folder with films, a config and a state folder.
#[derive(Debug)]
pub struct Library {
    home: TempDir,
    /// What holds the films and the state.
    place: PathBuf,
    settings: BTreeMap<&'static str, Value>,
    /// The real tools; what the config names may be stand-ins.
    pub tools: Tools,
}

impl Library {
    /// An empty library; nothing where there is no ffmpeg and the test is to be skipped.
    pub fn open() -> Option<Self> {
        Tools::find().as_ref().map(Self::with)
    }

    /// An empty library that these tools work on.
    pub fn with(tools: &Tools) -> Self {
        let home = home();
        let place = home.path().to_owned();
        Self::furnish(home, place, tools)
    }

    /// An empty library whose films and state are both in `place`: another file system. Only its config is elsewhere.
    pub fn within(place: &Path, tools: &Tools) -> Self {
        Self::furnish(home(), place.to_owned(), tools)
    }

    fn furnish(home: TempDir, place: PathBuf, tools: &Tools) -> Self {
        let mut library = Self { home, place, settings: BTreeMap::new(), tools: tools.clone() };
        for folder in [library.root(), library.scratch()] {
            fs::create_dir(folder).unwrap();
        }
        library.set("library_roots", vec![library.root().to_str().unwrap()]);
        library.set("job_state_dir", library.state().to_str().unwrap());
        library.set("min_bytes", 500);
        library.set("stable_secs", 0);
        library.set("ffmpeg", tools.ffmpeg.to_str().unwrap());
        library.set("ffprobe", tools.ffprobe.to_str().unwrap());
        library
    }

    /// The folder of films.
    pub fn root(&self) -> PathBuf {
        self.place.join("films")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.place.join("state")
    }

    /// A folder for what is no film: subtitles, stand-ins. ffmpeg runs in it when it makes a film.
    pub fn scratch(&self) -> PathBuf {
        self.home.path().join("scratch")
    }

    /// The config file.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config.toml")
    }

    /// A path in the library.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// Lets encodes take a moment instead of seconds: for tests of what isn't the picture.
    pub fn hurry(&mut self) {
        self.set("testing_svt_preset", 12);
    }

    /// Sets a key of the config.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.settings.insert(key, value.into());
        // JSON's strings, numbers and lists are TOML's too.
        let lines = self.settings.iter().map(|(key, value)| format!("{key} = {value}\n"));
        fs::write(self.config(), lines.collect::<String>()).unwrap();
    }

    /// Lets a script take ffmpeg's place.
    pub fn replace_ffmpeg(&mut self, script: Script<'_>) {
        let program = script.install(&self.scratch(), &self.tools.ffmpeg);
        self.set("ffmpeg", program.to_str().unwrap());
    }

    /// Lets a script take ffprobe's place.
    pub fn replace_ffprobe(&mut self, script: Script<'_>) {
        let program = script.install(&self.scratch(), &self.tools.ffprobe);
        self.set("ffprobe", program.to_str().unwrap());
    }

    /// Writes a file for ffmpeg to read: it runs in the scratch folder.
    pub fn write_scratch(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.scratch().join(name), content).unwrap();
    }

    /// Makes a film with ffmpeg's arguments, which blanks part.
    pub fn make(&self, name: impl AsRef<Path>, arguments: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.tools.make(&self.scratch(), arguments, &path);
        path
    }

    /// Makes a film of one second without sound.
    pub fn film(&self, name: impl AsRef<Path>) -> PathBuf {
        self.make(name, PICTURE)
    }

    /// Makes a film of forty seconds, and chooses the slowest encoder: it takes minutes.
    pub fn long_film(&mut self, name: impl AsRef<Path>) -> PathBuf {
        self.set("prefer_encoder", "rav1e");
        let long = PICTURE.replace("160x120", "320x180").replace("duration=1", "duration=40");
        self.make(name, &long.replace(",noise=alls=25:allf=t", ""))
    }

    /// The ffmpegs that work in this library.
    pub fn encoders(&self) -> Vec<u32> {
        with_argument("ffmpeg", &self.root())
    }

    /// The command line on this library's config.
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = av1cli();
        command.current_dir(self.root()).arg("--config").arg(self.config()).args(arguments);
        command
    }

    /// Starts the command line on this library's config.
    pub fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        Running::start(&mut self.command(arguments), b"")
    }

    /// Runs the command line on this library's config, in the folder of films.
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.start(arguments).wait()
    }

    /// `av1cli watch --once`.
    pub fn watch_once(&self) -> Run {
        self.run(["watch", "--once"])
    }

    /// `av1cli encode` on one film, by its name in the library.
    pub fn encode(&self, name: impl AsRef<OsStr>) -> Run {
        self.run([OsStr::new("encode"), OsStr::new("--"), name.as_ref()])
    }

    /// What a film in the library holds.
    #[track_caller]
    pub fn media(&self, name: impl AsRef<Path>) -> Media {
        Media::of(&self.tools, &self.path(name))
    }

    /// Every file in the library, hidden ones too, by its path in it; but not the lock, which is in every library.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.root(), &mut found);
        let root = self.root();
        let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().as_os_str().as_bytes().to_vec();
        let mut names: Vec<String> =
            found.iter().map(|path| String::from_utf8_lossy(&name(path)).into_owned()).collect();
        names.retain(|name| name != ".av1d.lock");
        names.sort();
        names
    }

    /// The job files, in the order of their starts.
    pub fn jobs(&self) -> Vec<Value> {
        job_files(&self.state()).into_iter().map(|(id, job)| job.unwrap_or_else(|| panic!("{id}"))).collect()
    }

    /// The only job file.
    #[track_caller]
    pub fn job(&self) -> Value {
        let mut jobs = self.jobs();
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        jobs.remove(0)
    }

    /// The only job file of one film, by its name in the library.
    #[track_caller]
    pub fn job_of(&self, name: &str) -> Value {
        let mut jobs = self.jobs();
        jobs.retain(|job| job["path"] == self.path(name).to_str().unwrap());
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        jobs.remove(0)
    }

    /// The text beside a film that says why it wasn't replaced.
    #[track_caller]
    pub fn why(&self, name: &str) -> String {
        let path = self.path(format!("{name}.why.txt"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}; {:?}", self.files()))
    }
}

fn home() -> TempDir {
    tempfile::Builder::new().prefix("av1d-test-").tempdir().unwrap()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Copies all that is in a folder to another one, which is made where it isn't there.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in files_in(from) {
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, copy).unwrap();
        }
    }
}

/// Every job file of a state folder, by id, so in the order of their starts; nothing for one that can't be read. Those of finished jobs
/// are compressed.
pub(crate) fn job_files(state: &Path) -> BTreeMap<String, Option<Value>> {
    let mut jobs = BTreeMap::new();
    // The plain ones first, since one that is finished meanwhile is compressed then.
    let plain = files_in(state);
    let months = files_in(&state.join("finished"));
    for path in plain.into_iter().chain(months.iter().flat_map(|month| files_in(month))) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (id, packed) = match (name.strip_suffix(".json"), name.strip_suffix(".json.gz")) {
            (Some(id), _) => (id, false),
            (_, Some(id)) => (id, true),
            _ => continue,
        };
        match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            bytes => drop(jobs.entry(id.to_owned()).or_insert_with(|| document(&bytes.ok()?, packed))),
        }
    }
    jobs
}

fn document(bytes: &[u8], packed: bool) -> Option<Value> {
    if !packed {
        return serde_json::from_slice(bytes).ok();
    }
    serde_json::from_reader(flate2::read::GzDecoder::new(bytes)).ok()
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
