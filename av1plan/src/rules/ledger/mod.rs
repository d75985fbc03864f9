//! The ledger: whatever the source has is promised in the contract, may differ for a stated reason, or is named as a
//! loss.
//!
//! There is no list of things that are looked after. There are lists of things that the result may lack or have in
//! another form, each with its reason; everything else that isn't promised is a loss, also what a later version of
//! ffmpeg shows for the first time.

mod carried;
mod chapters;
mod language;
mod language_codes;
mod marks;
mod matroska;
mod matroska_tags;
mod mp4_tags;
mod side_data;
mod tags;

pub(crate) use tags::is_passed_over;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::plan::{Container, ExpectedHeaders, Reason, StreamPlan, Topic};
use crate::probe::{Disposition, MediaProbe, Stream, Tags, TrackFacts, Video};
use crate::rules::record::Record;

/// Something that the result may lack or have in another form: its name and the reason.
type MayDiffer = (&'static str, &'static str);

/// The film whose ledger it is, and what was decided about it.
#[derive(Clone, Copy)]
pub(crate) struct Film<'a> {
    pub(crate) probe: &'a MediaProbe,
    /// The main video, which is encoded.
    pub(crate) main: (&'a Stream, &'a Video),
    pub(crate) streams: &'a [StreamPlan],
    pub(crate) container: Container,
    /// Whether the result's Matroska headers can be edited after the encode.
    pub(crate) edits_headers: bool,
}

/// What the result must have, besides what other rules promise.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    /// Tags of the whole file.
    pub(crate) tags: Tags,
    /// Of each stream, by its index in the source.
    pub(crate) streams: BTreeMap<u32, StreamPromises>,
    /// The side data of the main video, by ffprobe's names.
    pub(crate) side_data: BTreeSet<String>,
    /// Whether MP4's muxer must store all tags by their own names.
    pub(crate) tags_by_name: bool,
    /// What the Matroska headers must say that ffmpeg can't write.
    pub(crate) headers: Option<ExpectedHeaders>,
}

/// What a stream of the result must have.
#[derive(Debug, Default)]
pub(crate) struct StreamPromises {
    pub(crate) language: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) flags: Disposition,
}

impl Film<'_> {
    /// Makes all entries: returns what is promised, and records what is lost.
    pub(crate) fn enter(&self, record: &mut Record) -> Promises {
        let tags_by_name = tags::go_by_name(self);
        if tags_by_name {
            record.decide(Topic::Tags, "by-name", Reason::TagsByName);
        }
        let mut promises = Promises { tags_by_name, ..Promises::default() };
        matroska::links(self, record);
        promises.side_data = side_data::enter(self, record);
        promises.tags = tags::of_file(self, tags_by_name, record);
        for (plan, kept) in crate::plan::mapped(self.streams) {
            let Some(stream) = self.probe.stream(plan.index) else { continue };
            let entry = StreamPromises {
                language: language::enter(self, stream, record),
                title: tags::title_of(self, stream),
                tags: tags::of_stream(self, stream, kept, record),
                flags: marks::enter(self, stream, kept, record),
            };
            promises.streams.insert(plan.index, entry);
        }
        matroska::enter(self, record);
        promises.headers = carried::enter(self, record);
        promises
    }

    /// What Matroska's own headers say of a stream.
    fn track(&self, stream: &Stream) -> Option<&TrackFacts> {
        self.probe.survey.as_ref()?.matroska.as_ref()?.track_of_stream(stream.index)
    }

    /// The index for a loss of the stream; `None` for the main video.
    fn place(&self, stream: &Stream) -> Option<u32> {
        Some(stream.index).filter(|index| *index != self.main.0.index)
    }
}

/// How many names a loss lists. A hostile file may have thousands.
const MOST_NAMES: usize = 8;

/// How many characters of a name are shown.
const MOST_CHARACTERS: usize = 60;

/// Names in words: `"A", "B" and 3 more`.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted = |name: &str| {
        let shown: String = name.chars().take(MOST_CHARACTERS).collect();
        let more = if name.chars().nth(MOST_CHARACTERS).is_some() { "..." } else { "" };
        alloc::format!("\"{shown}{more}\"")
    };
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(MOST_NAMES).map(quoted).collect();
    match names.count() {
        0 => shown.join(", "),
        more => alloc::format!("{} and {more} more", shown.join(", ")),
    }
}

/// Whether a table lists a name, in any case.
fn may_differ(table: &[MayDiffer], name: &str) -> bool {
    table.iter().any(|(listed, _)| listed.eq_ignore_ascii_case(name))
}
