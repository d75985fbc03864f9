//! The library for the soak test: a film for each possible outcome, and files that the program must not touch.

use std::fs;
use std::time::{Duration, SystemTime};

use av1d_tests::{Library, PICTURE, SOUND, Snapshot};

/// The age of every film. A result gets its film's times shortly before it is put in place, so an old result shows that
/// this is about to happen.
pub(crate) const AGE: Duration = Duration::from_hours(24 * 365);

/// A film, and whether it is to become AV1.
struct Role {
    name: &'static str,
    becomes_av1: bool,
}

const ROLES: [Role; 8] = [
    Role { name: "Disc.mkv", becomes_av1: true },
    Role { name: "Old.avi", becomes_av1: true },
    Role { name: "Stream.ts", becomes_av1: true },
    Role { name: "Web.mp4", becomes_av1: true },
    Role { name: "Clip.webm", becomes_av1: true },
    Role { name: "Small already.mkv", becomes_av1: false },
    Role { name: "AV1 already.mkv", becomes_av1: false },
    Role { name: "Damaged.mkv", becomes_av1: false },
];

/// The original bytes of the films.
pub(crate) struct Cast {
    originals: Vec<(&'static Role, Vec<u8>)>,
}

impl Cast {
    /// Makes the films and the other files.
    pub(crate) fn gather(library: &Library) -> Self {
        library.write_scratch("a.srt", "1\n00:00:00,100 --> 00:00:00,900\nHello.\n");
        let subtitled = PICTURE.replace("-c:v", "-i a.srt -c:s srt -c:a aac -c:v");
        library.make("Disc.mkv", &format!("{SOUND} {subtitled}"));
        let noisy = |codecs: &str| {
            let picture = PICTURE.split(" -c:v").next().unwrap();
            format!("{SOUND} {picture} {codecs}")
        };
        library.make("Old.avi", &noisy("-c:v mpeg4 -q:v 2 -c:a libmp3lame"));
        library.make("Stream.ts", &noisy("-c:v mpeg2video -q:v 2 -pix_fmt yuv420p -c:a mp2"));
        library.make("Web.mp4", &format!("{SOUND} {PICTURE} -c:a aac -movflags +faststart"));
        library
            .make("Clip.webm", &noisy("-c:v libvpx-vp9 -b:v 4M -cpu-used 8 -pix_fmt yuv420p -c:a libopus"));
        library.make(
            "Small already.mkv",
            "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -c:v libx264 -preset veryslow -crf 51 -pix_fmt yuv420p",
        );
        library.make(
            "AV1 already.mkv",
            "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -c:v libsvtav1 -preset 12 -pix_fmt yuv420p",
        );
        let whole = fs::read(library.path("Disc.mkv")).unwrap();
        fs::write(library.path("Damaged.mkv"), &whole[..whole.len() * 2 / 3]).unwrap();
        for (name, text) in [("Disc.srt", "mine"), ("notes.txt", "mine too"), ("Old.nfo", "<movie/>")] {
            fs::write(library.path(name), text).unwrap();
        }
        let read = |role: &'static Role| (role, fs::read(library.path(role.name)).unwrap());
        let cast = Self { originals: ROLES.iter().map(read).collect() };
        for role in &ROLES {
            cast.put_back(library, role.name);
        }
        cast
    }

    /// Puts a film's original back as its owner would, by renaming another file into place, and removes the result.
    pub(crate) fn put_back(&self, library: &Library, name: &str) {
        let (role, original) = self.originals.iter().find(|(role, _)| role.name == name).unwrap();
        let path = library.path(role.name);
        let draft = library.path(".being-put-back");
        fs::write(&draft, original).unwrap();
        fs::File::open(&draft).unwrap().set_modified(SystemTime::now() - AGE).unwrap();
        if !matches!(path.extension().and_then(|extension| extension.to_str()), Some("mkv" | "mp4" | "webm"))
        {
            drop(fs::remove_file(path.with_extension("mkv")));
        }
        drop(fs::remove_file(library.path(format!("{name}.av1skip"))));
        fs::rename(draft, path).unwrap();
    }
}

/// The films whose work is done, which may be put back.
pub(crate) fn finished(library: &Library, before: &Snapshot) -> Vec<&'static str> {
    let marked = |name: &str| library.path(format!("{name}.av1skip")).exists();
    let done = |role: &&'static Role| {
        (role.becomes_av1 && !before.is_original(library, role.name)) || marked(role.name)
    };
    let open = open_jobs(library);
    let films = ROLES.iter().filter(done).map(|role| role.name);
    films.filter(|name| !open.iter().any(|job| job.film.ends_with(&format!("/{name}")))).collect()
}

/// The films that aren't in the state in which they must end.
pub(crate) fn unfinished(library: &Library, before: &Snapshot) -> Vec<&'static str> {
    let wrong = |role: &&'static Role| before.is_original(library, role.name) == role.becomes_av1;
    ROLES.iter().filter(wrong).map(|role| role.name).collect()
}

/// A job that was interrupted.
pub(crate) struct OpenJob {
    pub(crate) film: String,
    /// The last step in its journal.
    pub(crate) step: String,
}

/// The jobs without an outcome.
pub(crate) fn open_jobs(library: &Library) -> Vec<OpenJob> {
    let open = library.jobs().into_iter().filter(|job| job["outcome"].is_null());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let job = |job: serde_json::Value| {
        let step =
            job["journal"].as_array().and_then(|journal| journal.last()).map(|entry| text(&entry["step"]));
        OpenJob { film: text(&job["path"]), step: step.unwrap_or_default() }
    };
    open.map(job).collect()
}
