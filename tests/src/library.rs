//! A separate library for each test, with its own config and state. All of it is deleted when the test ends.

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

/// ffmpeg's arguments for one second of moving picture that AV1 makes much smaller: noise, encoded at the bitrate of a
/// disc.
pub const PICTURE: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1,noise=alls=25:allf=t \
                           -c:v libx264 -preset ultrafast -crf 10 -pix_fmt yuv420p";

/// ffmpeg's arguments for one second of sound. They go before [`PICTURE`], because that ends with output options.
pub const SOUND: &str = "-f lavfi -i sine=duration=1";

/// A folder with films, a config and a state folder.
#[derive(Debug)]
pub struct Library {
    home: TempDir,
    /// The folder that holds the films and the state folder.
    place: PathBuf,
    settings: BTreeMap<&'static str, Value>,
    /// The real ffmpeg and ffprobe; the config may name stand-in scripts instead.
    pub tools: Tools,
}

impl Library {
    /// Makes an empty library, or returns `None` if there is no ffmpeg; the test is then to be skipped.
    pub fn open() -> Option<Self> {
        Tools::find().as_ref().map(Self::with)
    }

    /// Makes an empty library whose config names these tools.
    pub fn with(tools: &Tools) -> Self {
        let home = home();
        let place = home.path().to_owned();
        Self::make_at(home, place, tools)
    }

    /// Makes an empty library with films and state in `place`, which is on another file system. Only its config is
    /// elsewhere.
    pub fn within(place: &Path, tools: &Tools) -> Self {
        Self::make_at(home(), place.to_owned(), tools)
    }

    fn make_at(home: TempDir, place: PathBuf, tools: &Tools) -> Self {
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

    /// The folder of the films.
    pub fn root(&self) -> PathBuf {
        self.place.join("films")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.place.join("state")
    }

    /// A folder for files that are not films, such as subtitles and stand-in scripts. It is ffmpeg's working folder
    /// when a film is made.
    pub fn scratch(&self) -> PathBuf {
        self.home.path().join("scratch")
    }

    /// The config file.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config.toml")
    }

    /// The path of a film or folder, by its name in the library.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// Chooses the fastest preset, so that an encode takes a moment instead of seconds. For tests that don't look at
    /// the picture.
    pub fn hurry(&mut self) {
        self.set("testing_svt_preset", 12);
    }

    /// Sets a key of the config.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.settings.insert(key, value.into());
        // A JSON string, number or list is also valid TOML.
        let lines = self.settings.iter().map(|(key, value)| format!("{key} = {value}\n"));
        fs::write(self.config(), lines.collect::<String>()).unwrap();
    }

    /// Makes the config name a script instead of ffmpeg.
    pub fn replace_ffmpeg(&mut self, script: Script<'_>) {
        let program = script.install(&self.scratch(), &self.tools.ffmpeg);
        self.set("ffmpeg", program.to_str().unwrap());
    }

    /// Makes the config name a script instead of ffprobe.
    pub fn replace_ffprobe(&mut self, script: Script<'_>) {
        let program = script.install(&self.scratch(), &self.tools.ffprobe);
        self.set("ffprobe", program.to_str().unwrap());
    }

    /// Writes a file into the scratch folder, from which ffmpeg can read it by its name.
    pub fn write_scratch(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.scratch().join(name), content).unwrap();
    }

    /// Makes a film with ffmpeg. `arguments` are separated by blanks.
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

    /// Makes a film of 40 seconds and chooses the slowest encoder, so that its encode takes minutes.
    pub fn long_film(&mut self, name: impl AsRef<Path>) -> PathBuf {
        self.set("prefer_encoder", "rav1e");
        let long = PICTURE.replace("160x120", "320x180").replace("duration=1", "duration=40");
        self.make(name, &long.replace(",noise=alls=25:allf=t", ""))
    }

    /// The process ids of the ffmpegs whose arguments name a path in this library.
    pub fn encoders(&self) -> Vec<u32> {
        with_argument("ffmpeg", &self.root())
    }

    /// Returns `av1cli` with these arguments and this library's config, in the folder of the films.
    pub fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = av1cli();
        command.current_dir(self.root()).arg("--config").arg(self.config()).args(arguments);
        command
    }

    /// Starts `av1cli` with these arguments and this library's config.
    pub fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        Running::start(&mut self.command(arguments), b"")
    }

    /// Runs `av1cli` with these arguments and this library's config, in the folder of the films.
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
        self.start(arguments).wait()
    }

    /// Runs `av1cli watch --once`.
    pub fn watch_once(&self) -> Run {
        self.run(["watch", "--once"])
    }

    /// Runs `av1cli encode` on one film, by its name in the library.
    pub fn encode(&self, name: impl AsRef<OsStr>) -> Run {
        self.run([OsStr::new("encode"), OsStr::new("--"), name.as_ref()])
    }

    /// Reads a film in the library with ffprobe.
    #[track_caller]
    pub fn media(&self, name: impl AsRef<Path>) -> Media {
        Media::of(&self.tools, &self.path(name))
    }

    /// Every file in the library including hidden ones, as paths relative to it. Leaves out the lock file, which every
    /// library has.
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

    /// The documents of all job files, in the order in which the jobs started.
    pub fn jobs(&self) -> Vec<Value> {
        job_files(&self.state()).into_iter().map(|(id, job)| job.unwrap_or_else(|| panic!("{id}"))).collect()
    }

    /// The documents of the job files that can be read.
    pub fn readable_jobs(&self) -> Vec<Value> {
        job_files(&self.state()).into_values().flatten().collect()
    }

    /// The paths of all job files, running and finished.
    pub fn job_paths(&self) -> Vec<PathBuf> {
        job_paths(&self.state()).collect()
    }

    /// The document of the only job file.
    #[track_caller]
    pub fn job(&self) -> Value {
        let mut jobs = self.jobs();
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        jobs.remove(0)
    }

    /// The document of the only job file of one film, by the film's name in the library.
    #[track_caller]
    pub fn job_of(&self, name: &str) -> Value {
        let mut jobs = self.jobs();
        jobs.retain(|job| job["path"] == self.path(name).to_str().unwrap());
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        jobs.remove(0)
    }

    /// The text of the film's `.why.txt`, which says why the film wasn't replaced.
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

/// Copies everything in a folder into another folder, which is created if it is missing.
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

/// Every job file of a state folder by job id, which is the order in which the jobs started. The value is `None` for a
/// file that can't be read. The files of finished jobs are compressed.
pub(crate) fn job_files(state: &Path) -> BTreeMap<String, Option<Value>> {
    let mut jobs = BTreeMap::new();
    for path in job_paths(state) {
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

fn job_paths(state: &Path) -> impl Iterator<Item = PathBuf> {
    // Plain files are listed first: a job that finishes in between is then found in the compressed files.
    let plain = files_in(state);
    let months = files_in(&state.join("finished"));
    let all = plain.into_iter().chain(months.into_iter().flat_map(|month| files_in(&month)));
    all.filter(|path| [".json", ".json.gz"].iter().any(|end| path.to_string_lossy().ends_with(end)))
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
