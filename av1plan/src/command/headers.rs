//! The arguments and documents with which mkvextract and mkvpropedit carry over to Matroska's headers what ffmpeg
//! can't. All was tried with MKVToolNix 74.

use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

use super::{Arg, Placeholder};
use crate::plan::{EncodePlan, ExpectedHeaders, ExpectedTrack};
use crate::probe::MatroskaFacts;
use crate::probe::matroska::{SimpleTag, TagFacts};
use crate::rules::ledger::is_passed_over;

/// How many bytes the elements of an IETF language (without its text) and of a disabled track's mark take.
const ELEMENTS: usize = 8;

/// A language that ffmpeg writes in place of the right one, which mkvpropedit then sets. It is so long that the track's
/// entry doesn't grow. If it grew, mkvpropedit would move all tracks behind the pictures, where some players don't
/// look.
pub(super) fn with_room(track: &ExpectedTrack) -> String {
    let ietf = track.language_ietf.as_deref().unwrap_or_default();
    let length = ietf.len().saturating_add(ELEMENTS).saturating_add("und".len());
    format!("{ietf:.<length$}")
}

/// The arguments with which mkvextract writes the chapters of [`Placeholder::Input`] to [`Placeholder::Chapters`].
pub fn chapters_arguments() -> Vec<Arg> {
    vec![Arg::Path("", Placeholder::Input), "chapters".into(), Arg::Path("", Placeholder::Chapters)]
}

/// The arguments with which mkvpropedit writes into the headers of [`Placeholder::Output`] what the contract promises:
/// the chapters of [`Placeholder::Chapters`] and the tags of [`Placeholder::Tags`] if there are such. `None` if there
/// is nothing to write.
pub fn edit_arguments(plan: &EncodePlan) -> Option<Vec<Arg>> {
    let headers = plan.contract.headers.as_ref()?;
    let mut args = vec![Arg::Path("", Placeholder::Output)];
    for (position, track) in headers.tracks.iter().enumerate().filter(|(_, track)| !track.is_plain()) {
        args.extend([Arg::from("--edit"), Arg::from(format!("track:{}", position + 1))]);
        let mut set = |property: &str, value: &str| {
            args.extend([Arg::from("--set"), Arg::from(format!("{property}={value}"))]);
        };
        // ffmpeg wrote another language, to reserve room.
        let language = plan.contract.streams.get(position).and_then(|stream| stream.language.as_deref());
        set("language", language.unwrap_or("und"));
        if let Some(ietf) = &track.language_ietf {
            set("language-ietf", ietf);
        }
        if track.disabled {
            set("flag-enabled", "0");
        }
    }
    if !headers.editions.is_empty() {
        args.extend([Arg::from("--chapters"), Arg::Path("", Placeholder::Chapters)]);
    }
    if !headers.tags.is_empty() {
        args.extend([Arg::from("--tags"), Arg::Path("all:", Placeholder::Tags)]);
    }
    (args.len() > 1).then_some(args)
}

/// The XML document with the tags for [`Placeholder::Tags`]: those that the contract promises, and those that ffmpeg
/// gave to the result (`result` is what its headers say) and that only describe the result.
pub fn tags_document(headers: &ExpectedHeaders, result: &MatroskaFacts) -> String {
    let mut document = Document(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Tags>\n"));
    let new_uid = |uid: &u64| {
        let stream = headers.tracks.iter().zip(0_u32..).find(|(track, _)| track.uid == Some(*uid));
        stream.and_then(|(_, index)| result.track_of_stream(index)).and_then(|track| track.uid)
    };
    for tag in &headers.tags {
        let mut tag = tag.clone();
        for uid in &mut tag.targets.tracks {
            *uid = new_uid(uid).unwrap_or(*uid);
        }
        document.tag(&tag);
    }
    for tag in &result.tags {
        // ffmpeg writes no tags below others.
        let is_own =
            |simple: &&SimpleTag| !tag.targets.attachments.is_empty() || is_passed_over(&simple.name);
        let simple: Vec<SimpleTag> = tag.simple.iter().filter(is_own).cloned().collect();
        if !simple.is_empty() {
            document.tag(&TagFacts { targets: tag.targets.clone(), simple });
        }
    }
    document.0.push_str("</Tags>\n");
    document.0
}

/// An XML document in the form of mkvextract's.
struct Document(String);

impl Document {
    fn tag(&mut self, tag: &TagFacts) {
        self.0.push_str("<Tag>\n<Targets>\n");
        if let Some(level) = tag.targets.type_value {
            self.text("TargetTypeValue", &format!("{level}"));
        }
        if let Some(level) = &tag.targets.type_name {
            self.text("TargetType", level);
        }
        for (element, uids) in [
            ("TrackUID", &tag.targets.tracks),
            ("EditionUID", &tag.targets.editions),
            ("ChapterUID", &tag.targets.chapters),
            ("AttachmentUID", &tag.targets.attachments),
        ] {
            for uid in uids {
                self.text(element, &format!("{uid}"));
            }
        }
        self.0.push_str("</Targets>\n");
        let mut open = 0;
        for simple in &tag.simple {
            self.close(&mut open, simple.depth);
            self.0.push_str("<Simple>\n");
            open += 1;
            self.simple(simple);
        }
        self.close(&mut open, 0);
        self.0.push_str("</Tag>\n");
    }

    /// Closes names until as many are open as the next one lies below.
    fn close(&mut self, open: &mut u32, depth: u32) {
        while *open > depth {
            self.0.push_str("</Simple>\n");
            *open -= 1;
        }
    }

    fn simple(&mut self, simple: &SimpleTag) {
        self.text("Name", &simple.name);
        self.text("String", simple.value.as_deref().unwrap_or_default());
        if let Some(language) = &simple.language {
            self.text("TagLanguage", language);
        }
        if let Some(language) = &simple.language_ietf {
            self.text("TagLanguageIETF", language);
        }
        if simple.default == Some(false) {
            self.text("DefaultLanguage", "0");
        }
    }

    fn text(&mut self, element: &str, text: &str) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        for part in ["<", element, ">", &escaped, "</", element, ">\n"] {
            self.0.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::matroska::Targets;

    fn simple(name: &str, value: &str, depth: u32) -> SimpleTag {
        SimpleTag { name: name.into(), value: Some(value.into()), depth, ..SimpleTag::default() }
    }

    #[test]
    fn tags_go_to_the_tracks_of_the_result_and_keep_their_levels() {
        let season = Targets { type_value: Some(60), tracks: [7].into(), ..Targets::default() };
        let promised =
            [simple("ACTOR", "Ann <a&b>", 0), simple("ROLE", "Bea", 1), simple("ACTOR", "Carl", 0)];
        let headers = ExpectedHeaders {
            tracks: [ExpectedTrack { uid: Some(7), ..ExpectedTrack::default() }].into(),
            editions: Vec::new(),
            tags: [TagFacts { targets: season, simple: promised.into() }].into(),
        };
        let mut track = crate::probe::TrackFacts::new(crate::probe::matroska::TrackType::Video);
        track.codec_id = Some("V_AV1".into());
        let result = MatroskaFacts {
            tracks: [crate::probe::TrackFacts { uid: Some(99), ..track }].into(),
            tags: [TagFacts {
                targets: Targets { tracks: [99].into(), ..Targets::default() },
                simple: [simple("ENCODER", "svt", 0), simple("ACTOR/ROLE", "Bea", 0)].into(),
            }]
            .into(),
            ..MatroskaFacts::default()
        };
        let written = tags_document(&headers, &result).replace('\n', "");
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Tags>\
            <Tag><Targets><TargetTypeValue>60</TargetTypeValue><TrackUID>99</TrackUID></Targets>\
            <Simple><Name>ACTOR</Name><String>Ann &lt;a&amp;b&gt;</String>\
            <Simple><Name>ROLE</Name><String>Bea</String></Simple></Simple>\
            <Simple><Name>ACTOR</Name><String>Carl</String></Simple></Tag>\
            <Tag><Targets><TrackUID>99</TrackUID></Targets>\
            <Simple><Name>ENCODER</Name><String>svt</String></Simple></Tag></Tags>";
        assert_eq!(written, expected);
    }

    #[test]
    fn a_reserved_language_is_as_long_as_what_takes_its_place() {
        for (language, disabled) in [(None, true), (Some("zh-Hant"), false), (Some("pt-BR"), true)] {
            let track = ExpectedTrack { uid: None, language_ietf: language.map(String::from), disabled };
            let needed = 3 + language.map_or(0, |ietf| 4 + ietf.len()) + if disabled { 3 } else { 0 };
            assert!(with_room(&track).len() >= needed, "{track:?}");
        }
    }
}
