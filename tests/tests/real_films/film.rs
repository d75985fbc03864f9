//! One film: it is made, encoded by `av1cli`, and examined before and after.

use std::path::Path;

use av1d_tests::{Library, Media, Tools};
use serde_json::Value;

/// ffmpeg's input options for noise on a test card, which AV1 compresses better than any older encoder.
pub(crate) const NOISE: &str = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=0.6,noise=alls=25:allf=t";

/// Encoder options as for a disc or a camera.
pub(crate) const H264: &str = "-c:v libx264 -preset ultrafast -crf 5 -pix_fmt yuv420p";

/// Sound as long as [`NOISE`]; goes right after it.
pub(crate) const SINE: &str = "-f lavfi -i sine=duration=0.6:sample_rate=48000";

/// Options for a second audio track that is dropped: it makes a source so large that its AV1 is smaller.
pub(crate) const BALLAST: &str = "-metadata:s:a:0 language=eng -metadata:s:a:1 language=rus -c:a:1 pcm_s16le";

/// A library in which any film that AV1 makes smaller is replaced.
pub(crate) fn open() -> Option<Library> {
    Tools::find().as_ref().map(with)
}

/// Like [`open`], with these tools.
pub(crate) fn with(tools: &Tools) -> Library {
    let mut library = Library::with(tools);
    library.set("min_bytes", 0);
    library.set("max_size_ratio", 1.0);
    library
}

/// A film before and after its replacement.
#[derive(Debug)]
pub(crate) struct Film {
    /// The original.
    pub(crate) before: Media,
    /// The result.
    pub(crate) after: Media,
    /// The name of the result.
    pub(crate) name: String,
    /// The plan in the job file.
    pub(crate) plan: Value,
}

/// Encodes a film of the library, and asserts what must hold for every result: it is another file with a single AV1
/// video stream, and planning it again gives a skip.
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

/// The name of a film's result: it ends in `.mkv` if the original's container can't hold AV1.
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

/// Asserts that the plan for a film is a skip, and returns its code.
#[track_caller]
pub(crate) fn skipped(library: &Library, name: &str) -> String {
    let documents = library.run(["plan", "--json", "--", name]).exits_with(0).documents();
    let [document] = &documents[..] else { panic!("{documents:#?}") };
    assert_eq!(document["verdict"], "skip", "{document:#}");
    document["skip"]["code"].as_str().unwrap().to_owned()
}

/// Asserts that both the plan and an encode leave a film alone, byte for byte.
#[track_caller]
pub(crate) fn left_alone(library: &Library, name: &str, code: &str) {
    let content = std::fs::read(library.path(name)).unwrap();
    assert_eq!(skipped(library, name), code, "{name}");
    library.encode(name).exits_with(0).says(format!("[{code}]"));
    assert!(content == std::fs::read(library.path(name)).unwrap(), "{name} was changed");
}

impl Film {
    /// A field of the only video stream as text; empty if it is missing.
    #[track_caller]
    pub(crate) fn video(&self, field: &str) -> String {
        text(&self.after.video()[field])
    }

    /// The codes of the plan's losses.
    pub(crate) fn losses(&self) -> Vec<&str> {
        let losses = self.plan["encode"]["losses"].as_array().unwrap();
        losses.iter().map(|loss| loss["code"].as_str().unwrap()).collect()
    }

    /// The arguments of the ffmpeg command that was run.
    pub(crate) fn argv(&self) -> Vec<&str> {
        let argv = self.plan["encode"]["argv"].as_array().unwrap();
        argv.iter().map(|argument| argument.as_str().unwrap()).collect()
    }

    /// The plan's first choice on a topic.
    pub(crate) fn choice(&self, topic: &str) -> Option<&str> {
        let decisions = self.plan["decisions"].as_array().unwrap();
        decisions.iter().find(|decision| decision["topic"] == topic)?["choice"].as_str()
    }

    /// Asserts that every frame is there and has its time relative to the first frame. The times may differ by the
    /// rounding of the container: Matroska and FLV count milliseconds.
    #[track_caller]
    pub(crate) fn keeps_times(&self) -> &Self {
        let (before, after) = (self.before.times_from_zero(), self.after.times_from_zero());
        let same = |(before, after): (&i64, &i64)| before.abs_diff(*after) <= 1000;
        let all = before.len() == after.len() && before.iter().zip(&after).all(same);
        assert!(all, "{}: times were {before:?}\nand are {after:?}", self.name);
        self
    }

    /// Asserts that every packet of the streams of this type is unchanged in the result.
    #[track_caller]
    pub(crate) fn keeps_packets(&self, kind: &str) -> &Self {
        let hashes = |media: &Media| -> Vec<Vec<String>> {
            media.streams(kind).into_iter().map(|stream| media.hashes(stream)).collect()
        };
        assert_eq!(hashes(&self.before), hashes(&self.after), "{}: packets of the {kind}", self.name);
        self
    }

    /// Like [`Self::keeps_packets`], but only for the first stream of a type, when other streams are dropped.
    #[track_caller]
    pub(crate) fn keeps_packets_of_first(&self, kind: &str) {
        let [before, after] = [&self.before, &self.after].map(|media| media.hashes(media.streams(kind)[0]));
        assert_eq!(before, after, "{}: packets of the first {kind}", self.name);
    }

    /// One block of the result's video side data.
    pub(crate) fn side_data(&self, kind: &str) -> Option<&Value> {
        side_data(self.after.video(), kind)
    }
}

/// One block of a stream's side data.
pub(crate) fn side_data<'a>(stream: &'a Value, kind: &str) -> Option<&'a Value> {
    let blocks = stream["side_data_list"].as_array()?;
    blocks.iter().find(|block| block["side_data_type"] == kind)
}

/// A field as text; empty if it is missing.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
