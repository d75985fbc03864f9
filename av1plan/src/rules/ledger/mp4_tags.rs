//! The tags that MP4 has a place of their own for, in its box `ilst`. Measured with ffmpeg 8.0.

/// The texts for which MP4 has a place that players know. The place of each is in `ilst`.
const TEXTS: [&str; 17] = [
    "album",
    "album_artist",
    "artist",
    "comment",
    "composer",
    "copyright",
    "date",
    "description",
    "episode_id",
    "genre",
    "grouping",
    "keywords",
    "lyrics",
    "network",
    "show",
    "synopsis",
    "title",
];

/// The numbers for which MP4 has such a place.
const NUMBERS: [&str; 8] = [
    "compilation",
    "disc",
    "episode_sort",
    "gapless_playback",
    "hd_video",
    "media_type",
    "season_number",
    "track",
];

/// The tags of MP4 that programs for libraries read, and read in `ilst` only. Where a file has one of them, all tags
/// are stored there, and those that have no place there are lost.
const READ_BY_LIBRARIES: [&str; 19] = [
    "album",
    "album_artist",
    "artist",
    "composer",
    "description",
    "disc",
    "episode_id",
    "episode_sort",
    "genre",
    "grouping",
    "hd_video",
    "lyrics",
    "media_type",
    "network",
    "season_number",
    "show",
    "synopsis",
    "title",
    "track",
];

/// Whether programs for libraries read a tag of this name.
pub(super) fn is_read_by_libraries(name: &str) -> bool {
    is_one_of(&READ_BY_LIBRARIES, name)
}

/// Whether MP4 has a place that players know for a tag with this value.
pub(super) fn has_place(name: &str, value: &str) -> bool {
    // A number is stored in one to four bytes, and of two with a slash between them each in two.
    let is_number = |text: &str| text.parse::<u8>().is_ok_and(|number| alloc::format!("{number}") == text);
    let is_pair =
        |text: &str| text.split_once('/').is_some_and(|(one, all)| is_number(one) && is_number(all));
    // ffmpeg leaves out a track or disc 0, and the total of `3/0`.
    let is_counted = is_one_of(&["track", "disc"], name);
    let is_kept =
        if is_counted { !value.starts_with('0') && !value.ends_with("/0") } else { is_number(value) };
    is_one_of(&TEXTS, name) || (is_one_of(&NUMBERS, name) && is_kept && (is_number(value) || is_pair(value)))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_place_if_they_fit() {
        for (name, value, known) in [
            ("ARTIST", "A", true),
            ("track", "3/12", true),
            ("track", "03", false),
            ("track", "3/0", false),
            ("track", "0", false),
            ("disc", "0/2", false),
            ("season_number", "3/12", false),
            ("hd_video", "1/2", false),
            ("hd_video", "0", true),
            ("season_number", "2001", false),
            ("my.own", "1", false),
        ] {
            assert_eq!(has_place(name, value), known, "{name} {value}");
        }
    }
}
