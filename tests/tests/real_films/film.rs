//! One film: made, encoded by the command, looked at before and after.

use std::path::Path;

use av1d_tests::{Library, Media, Tools};
use serde_json::Value;

/// ffmpeg's arguments for a moving picture that no encoder of its time packs as well as AV1: noise on a test card.
pub(crate) const NOISE: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=0.6,noise=alls=25:allf=t";

/// What a disc or a camera would have made of it.
pub(crate) const H264: &str = "-c:v libx264 -preset ultrafast -crf 5 -pix_fmt yuv420p";

/// Sound as long as [`NOISE`], to stand right after it.
pub(crate) const SINE: &str = "-f lavfi -i sine=duration=0.6:sample_rate=48000";

/// A track that isn't kept, to come with another one: it makes a source large that AV1 can't make smaller.
pub(crate) const BALLAST: &str = "-metadata:s:a:0 language=eng -metadata:s:a:1 language=rus -c:a:1 pcm_s16le";

/// A library in which any film that AV1 makes smaller is replaced.
pub(crate) fn open() -> Option<Library> {
    Tools::find().as_ref().map(with)
}

/// The same with these tools.
pub(crate) fn with(tools: &Tools) -> Library {
    let mut library = Library::with(tools);
    library.set("min_bytes", 0);
    library.set("max_size_ratio", 1.0);
    library
}

/// A film before and after.
#[derive(Debug)]
pub(crate) struct Film {
    /// The original.
    pub(crate) before: Media,
    /// What took its place.
    pub(crate) after: Media,
    /// The name of what took its place.
    pub(crate) name: String,
    /// The plan, as the job file has it.
    pub(crate) plan: Value,
}

/// Encodes a film of the library, and asserts what holds of every result: the file is another one, has one video, is AV1,
/// and planning it again is a skip.
#[track_caller]
pub(crate) fn encoded(library: &Library, name: &str) -> Film {
    let before = library.media(name);
    library.encode(name).exits_with(0).says("[replaced]");
    let result = &renamed(name);
    assert!(name == result || !library.path(name).exists(), "{name} is still there");
    let after = library.media(result);
    after.is_av1();
    assert_eq!(skipped(library, result), "already-av1", "{result}: what is finished is left alone");
    let original = library.path(name);
    let job = library.jobs().into_iter().find(|job| job["path"] == original.to_str().unwrap());
    let plan = job.unwrap()["plan"].clone();
    Film { before, after, name: result.clone(), plan }
}

/// The name that a film's result has: Matroska's where AV1 has no place in the original's container.
pub(crate) fn renamed(name: &str) -> String {
    let path = Path::new(name);
    let keeps =
        path.extension().is_some_and(|own| ["mkv", "mp4", "m4v", "webm"].iter().any(|keeps| own == *keeps));
    let renamed = if keeps { path.to_owned() } else { path.with_extension("mkv") };
    renamed.to_str().unwrap().to_owned()
}

/// Makes a film and encodes it.
#[track_caller]
pub(crate) fn made(library: &Library, name: &str, arguments: &str) -> Film {
    library.make(name, arguments);
    encoded(library, name)
}

/// The code with which planning a film is a skip.
#[track_caller]
pub(crate) fn skipped(library: &Library, name: &str) -> String {
    let documents = library.run(["plan", "--json", "--", name]).exits_with(0).documents();
    let [document] = &documents[..] else { panic!("{documents:#?}") };
    assert_eq!(document["verdict"], "skip", "{document:#}");
    document["skip"]["code"].as_str().unwrap().to_owned()
}

/// Asserts that a film is left alone, by the plan and by an encode, byte for byte.
#[track_caller]
pub(crate) fn left_alone(library: &Library, name: &str, code: &str) {
    let content = std::fs::read(library.path(name)).unwrap();
    assert_eq!(skipped(library, name), code, "{name}");
    library.encode(name).exits_with(0).says(format!("[{code}]"));
    assert!(content == std::fs::read(library.path(name)).unwrap(), "{name} was changed");
}

impl Film {
    /// The only video's field, as text; empty where it has none.
    #[track_caller]
    pub(crate) fn video(&self, field: &str) -> String {
        text(&self.after.video()[field])
    }

    /// The plan's losses: their codes.
    pub(crate) fn losses(&self) -> Vec<&str> {
        let losses = self.plan["encode"]["losses"].as_array().unwrap();
        losses.iter().map(|loss| loss["code"].as_str().unwrap()).collect()
    }

    /// The command that was run.
    pub(crate) fn argv(&self) -> Vec<&str> {
        let argv = self.plan["encode"]["argv"].as_array().unwrap();
        argv.iter().map(|argument| argument.as_str().unwrap()).collect()
    }

    /// The plan's choices on a topic.
    pub(crate) fn choice(&self, topic: &str) -> Option<&str> {
        let decisions = self.plan["decisions"].as_array().unwrap();
        decisions.iter().find(|decision| decision["topic"] == topic)?["choice"].as_str()
    }

    /// Asserts that every frame is there and is shown when it was, but for the whole film's start and for what the
    /// container's clock rounds: Matroska and FLV count milliseconds.
    #[track_caller]
    pub(crate) fn keeps_times(&self) -> &Self {
        let (before, after) = (self.before.times_from_zero(), self.after.times_from_zero());
        let same = |(before, after): (&i64, &i64)| before.abs_diff(*after) <= 1000;
        let all = before.len() == after.len() && before.iter().zip(&after).all(same);
        assert!(all, "{}: times were {before:?}\nand are {after:?}", self.name);
        self
    }

    /// Asserts that every packet of these streams is in the result as it was.
    #[track_caller]
    pub(crate) fn keeps_packets(&self, kind: &str) -> &Self {
        let hashes = |media: &Media| -> Vec<Vec<String>> {
            media.streams(kind).into_iter().map(|stream| media.hashes(stream)).collect()
        };
        assert_eq!(hashes(&self.before), hashes(&self.after), "{}: packets of the {kind}", self.name);
        self
    }

    /// The same for the first stream of a type, where others are dropped.
    #[track_caller]
    pub(crate) fn keeps_packets_of_first(&self, kind: &str) {
        let [before, after] = [&self.before, &self.after].map(|media| media.hashes(media.streams(kind)[0]));
        assert_eq!(before, after, "{}: packets of the first {kind}", self.name);
    }

    /// A block of the video's side data.
    pub(crate) fn side_data(&self, kind: &str) -> Option<&Value> {
        side_data(self.after.video(), kind)
    }
}

/// A block of a stream's side data.
pub(crate) fn side_data<'a>(stream: &'a Value, kind: &str) -> Option<&'a Value> {
    let blocks = stream["side_data_list"].as_array()?;
    blocks.iter().find(|block| block["side_data_type"] == kind)
}

/// A field as text; empty where it is missing.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
