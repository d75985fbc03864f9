//! Tags of the file and of its streams. What each muxer keeps was measured with ffmpeg 8.0.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Film, MayDiffer, listed, may_differ, mp4_tags};
use crate::plan::{Container, Kept, LossKind, is_statistic};
use crate::probe::{Stream, Tags};
use crate::rules::record::Record;

/// Tags of a file or a stream that the result may lack or have with another value.
const MAY_DIFFER: [MayDiffer; 8] = [
    ("encoder", "each muxer and each encoder writes its own name"),
    ("encoding_tool", "another name for the same"),
    ("duration", "each muxer writes its own"),
    ("major_brand", "it names the type of the source's file"),
    ("minor_version", "it belongs to the brand"),
    ("compatible_brands", "they name the type of the source's file"),
    ("stereo_mode", "it is shown as side data, too"),
    ("rotate", "it is shown as side data, too"),
];

/// Tags of a stream that the result may lack or have with another value.
const STREAM_MAY_DIFFER: [MayDiffer; 7] = [
    ("language", "the contract has a field for it"),
    ("title", "the contract has a field for it"),
    ("creation_time", "it says when the track was written; the file's own is kept"),
    ("handler_name", "QuickTime's name for the type of the track"),
    ("vendor_id", "it names the program that wrote the track"),
    ("timecode", "the muxer writes a timecode track anew from it"),
    ("alpha_mode", "transparency is a loss of its own"),
];

/// What becomes of a tag.
enum Fate {
    /// The result has it, under this name, with the same value.
    Promised(String),
    /// The result may lack it or have it in another form.
    MayDiffer,
    Lost,
}

/// Whether MP4's muxer is to store all tags by their own names, as QuickTime and phones do, since `ilst` has no place
/// for some of them.
pub(super) fn go_by_name(film: &Film<'_>) -> bool {
    let tags = &film.probe.format.tags;
    film.container == Container::Mp4
        && !tags.iter().any(|(name, value)| mp4_tags::is_read_by_libraries(name) && !value.is_empty())
        && tags.iter().any(|(name, value)| matches!(file_tag(film, false, name, value), Fate::Lost))
}

/// The promised tags of the whole file. Records the others that are lost.
pub(super) fn of_file(film: &Film<'_>, by_name: bool, record: &mut Record) -> Tags {
    let (promised, lost) =
        sorted(&film.probe.format.tags, |name, value| file_tag(film, by_name, name, value));
    if !lost.is_empty() {
        record.lose(LossKind::Tags, None, alloc::format!("the file's tags {}", listed(lost)));
    }
    promised
}

/// The promised tags of a stream that is kept. Records the others that are lost.
pub(super) fn of_stream(film: &Film<'_>, stream: &Stream, kept: &Kept, record: &mut Record) -> Tags {
    let (promised, lost) = sorted(&stream.tags, |name, value| stream_tag(film, stream, kept, name, value));
    if !lost.is_empty() {
        record.lose(LossKind::Tags, film.place(stream), alloc::format!("its tags {}", listed(lost)));
    }
    promised
}

/// The title of a stream that is kept. MP4's demuxer doesn't show one.
pub(super) fn title_of(film: &Film<'_>, stream: &Stream) -> Option<String> {
    let title = stream.tags.get("title").filter(|_| film.container != Container::Mp4);
    title.filter(|title| is_comparable(title)).map(String::from)
}

/// The promised tags, and the names of those that are lost.
fn sorted(tags: &Tags, fate: impl Fn(&str, &str) -> Fate) -> (Tags, Vec<&str>) {
    let (mut promised, mut lost, names) = (Tags::default(), Vec::new(), Names::of(tags));
    for (name, value) in tags.iter() {
        match fate(name, value) {
            Fate::Promised(_) if names.is_contested(name) => lost.push(name),
            Fate::Promised(known)
                if promised.0.len() < MOST && is_comparable(value) && !names.has_languages(name) =>
            {
                promised.0.insert(known, String::from(value));
            }
            Fate::Promised(_) | Fate::MayDiffer => {}
            Fate::Lost => lost.push(name),
        }
    }
    (promised, lost)
}

/// The names of tags as Matroska and look-ups take them, without case, each with its values.
struct Names<'a>(BTreeMap<String, BTreeSet<&'a str>>);

impl<'a> Names<'a> {
    fn of(tags: &'a Tags) -> Self {
        let mut names = BTreeMap::<String, BTreeSet<&str>>::new();
        for (name, value) in tags.iter() {
            names.entry(Self::known(name)).or_default().insert(value);
        }
        Self(names)
    }

    fn known(name: &str) -> String {
        name.replace(' ', "_").to_ascii_lowercase()
    }

    /// Whether there are two values for the name. The result has one of them.
    fn is_contested(&self, name: &str) -> bool {
        self.0.get(&Self::known(name)).is_some_and(|values| values.len() > 1)
    }

    /// Whether there are values for it in several languages, one of which ffprobe may show without its language.
    fn has_languages(&self, name: &str) -> bool {
        let known = Self::known(name);
        let longer = alloc::format!("{known}-");
        let in_language = |(other, values): (&String, &BTreeSet<&str>)| {
            matches!(other.len() - longer.len(), 2 | 3) && Some(values) != self.0.get(&known)
        };
        self.0.range(longer.clone()..).take_while(|(other, _)| other.starts_with(&longer)).any(in_language)
    }
}

fn file_tag(film: &Film<'_>, by_name: bool, name: &str, value: &str) -> Fate {
    if value.is_empty()
        || may_differ(&MAY_DIFFER, name)
        || is_shown_twice(&film.probe.format.tags, name, value)
    {
        return Fate::MayDiffer;
    }
    if name.eq_ignore_ascii_case("creation_time") {
        return time(film.container, name, value);
    }
    match film.container {
        Container::Matroska | Container::Webm => matroska_tag(name),
        Container::Mp4 if name.eq_ignore_ascii_case("location") => Fate::MayDiffer, // stored as numbers
        Container::Mp4 if by_name => Fate::Promised(String::from(name)),
        Container::Mp4 if mp4_tags::has_place(name, value) => Fate::Promised(String::from(name)),
        Container::Mp4 => Fate::Lost,
    }
}

fn stream_tag(film: &Film<'_>, stream: &Stream, kept: &Kept, name: &str, value: &str) -> Fate {
    let is_stale = kept.stale_tags.iter().any(|stale| stale.as_str() == name);
    if film.container == Container::Mp4 && name.eq_ignore_ascii_case("title") && !value.is_empty() {
        return Fate::Lost;
    }
    // ffprobe shows this layout of two views as a tag only.
    if name.eq_ignore_ascii_case("stereo_mode") && value.starts_with("anaglyph") {
        let is_held = film.container == Container::Matroska;
        return if is_held { Fate::Promised(String::from(name)) } else { Fate::Lost };
    }
    if value.is_empty()
        || is_stale
        || is_statistic(name)
        || may_differ(&MAY_DIFFER, name)
        || may_differ(&STREAM_MAY_DIFFER, name)
        || is_shown_twice(&stream.tags, name, value)
    {
        return Fate::MayDiffer;
    }
    match film.container {
        Container::Matroska | Container::Webm => matroska_tag(name),
        Container::Mp4 => Fate::Lost,
    }
}

/// Matroska's muxer keeps every tag, with the name in capitals and without spaces.
fn matroska_tag(name: &str) -> Fate {
    // It takes a name with a language behind it apart, and may spell the language otherwise. It has names of its own
    // for two tags, which ffprobe then shows by another name.
    let suffix = name.rsplit_once('-').map(|(_, suffix)| suffix);
    let is_language = |suffix: &str| {
        suffix != "eng"
            && matches!(suffix.len(), 2 | 3)
            && suffix.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    let is_renamed = ["LEAD_PERFORMER", "PART_NUMBER"].iter().any(|own| own.eq_ignore_ascii_case(name));
    let is_plain =
        !name.is_empty() && !name.chars().any(|letter| letter.is_control() || letter == '\u{fffd}');
    if is_renamed || !is_plain || suffix.is_some_and(is_language) {
        return Fate::MayDiffer;
    }
    Fate::Promised(name.replace(' ', "_"))
}

/// Whether ffprobe shows a tag with a language twice, as `location-eng` and `location`.
fn is_shown_twice(tags: &Tags, name: &str, value: &str) -> bool {
    let base = name.rsplit_once('-').filter(|(_, language)| language.len() == 3).map(|(base, _)| base);
    base.is_some_and(|base| {
        // The place is stored as numbers, and may be written otherwise.
        base.eq_ignore_ascii_case("location") || tags.get(base) == Some(value)
    })
}

/// The longest value in bytes that is written into a contract. Longer ones are kept (measured up to 70,000 bytes),
/// but not compared.
const LONGEST: usize = 1024;

/// How many tags of the file, or of a stream, are written into a contract. A hostile file may have thousands.
const MOST: usize = 64;

/// Whether a value can be compared with the result's. ffprobe shows bytes that are no text as `U+FFFD`.
fn is_comparable(value: &str) -> bool {
    !value.is_empty() && value.len() <= LONGEST && !value.contains('\u{fffd}')
}

/// The length of a time as ffmpeg writes it, and of one without fractions of a second.
const TIME: usize = "2001-02-03T04:05:06.000000Z".len();
const SHORT_TIME: usize = "2001-02-03T04:05:06Z".len();

/// Whether a tag may differ, whatever it belongs to.
pub(crate) fn is_passed_over(name: &str) -> bool {
    is_statistic(name) || may_differ(&MAY_DIFFER, name)
}

/// What becomes of the time when the file was made. All containers have these years; MP4 has whole seconds only.
fn time(container: Container, name: &str, value: &str) -> Fate {
    let fits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'.',
        26 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    let is_known = value.len() == TIME && value.bytes().enumerate().all(fits);
    let has_fraction = !value.ends_with(".000000Z");
    match value.get(..4).and_then(|year| year.parse::<u32>().ok()) {
        // A clock that nobody has set.
        Some(0..=1970) => Fate::MayDiffer,
        Some(1971..2040) if value.len() == SHORT_TIME => Fate::MayDiffer, // the muxer adds the fraction
        // ffmpeg corrects or leaves out a day or an hour that doesn't exist.
        Some(1971..2040) if is_known && !exists(value) => Fate::MayDiffer,
        Some(1971..2040) if is_known && has_fraction && container == Container::Mp4 => Fate::MayDiffer,
        Some(1971..2040) if is_known => Fate::Promised(String::from(name)),
        _ => Fate::Lost,
    }
}

/// Whether the day and the hour of a time exist in every year.
fn exists(time: &str) -> bool {
    let number = |from: usize| time.get(from..from + 2).and_then(|digits| digits.parse::<u32>().ok());
    let is_in = |from: usize, lowest: u32, highest: u32| {
        number(from).is_some_and(|number| (lowest..=highest).contains(&number))
    };
    let days = match number(5) {
        Some(2) => 28,
        Some(4 | 6 | 9 | 11) => 30,
        _ => 31,
    };
    is_in(5, 1, 12) && is_in(8, 1, days) && is_in(11, 0, 23) && is_in(14, 0, 59) && is_in(17, 0, 59)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(fate: &Fate) -> &str {
        match fate {
            Fate::Promised(name) => name,
            Fate::MayDiffer => "may differ",
            Fate::Lost => "lost",
        }
    }

    #[test]
    fn each_muxer_keeps_what_it_has_a_place_for() {
        for (name, fate) in [
            ("my tag", "my_tag"),
            ("SEASON/PART_NUMBER", "SEASON/PART_NUMBER"),
            ("com.apple.quicktime.spatial.format-version", "com.apple.quicktime.spatial.format-version"),
            ("COMMENT-eng", "COMMENT-eng"),
            ("COMMENT-ger", "may differ"),
            ("PART_NUMBER", "may differ"),
            ("\u{1b}[2J", "may differ"),
        ] {
            assert_eq!(word(&matroska_tag(name)), fate, "{name}");
        }
    }

    #[test]
    fn a_time_is_promised_as_exactly_as_the_container_has_it() {
        let (mkv, mp4) = (Container::Matroska, Container::Mp4);
        for (container, value, fate) in [
            (mp4, "2001-02-03T04:05:06.000000Z", "t"),
            (mkv, "1985-02-03T04:05:06.500000Z", "t"),
            (mp4, "2001-02-03T04:05:06.500000Z", "may differ"),
            (mp4, "2001-02-03T04:05:06Z", "may differ"),
            (mkv, "2001-13-01T04:05:06.000000Z", "may differ"),
            (mkv, "2001-02-30T04:05:06.000000Z", "may differ"),
            (mkv, "2001-02-03T24:05:06.000000Z", "may differ"),
            (mp4, "1970-01-01T00:00:00.000000Z", "may differ"),
            (mkv, "2101-02-03T04:05:06.000000Z", "lost"),
            (mkv, "2001-02-03 04:05:06.000000Z", "lost"),
            (mkv, "yesterday", "lost"),
        ] {
            assert_eq!(word(&time(container, "t", value)), fate, "{value}");
        }
    }
}
