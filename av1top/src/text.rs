//! Formats text to a given width: byte counts, times, and shortened names.
//!
//! The width is in terminal columns, not characters: `映` takes two columns. It is measured by ratatui, which also draws
//! the text.

use std::borrow::Cow;

use av1plan::explain::{Bytes, Seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::style::Style;
use ratatui::text::Span;

/// Returns the width of `text` in columns.
pub fn width(text: &str) -> usize {
    graphemes(text).map(|(_, columns)| columns).sum()
}

/// Splits text into graphemes, each with its width in columns.
fn graphemes(text: &str) -> impl DoubleEndedIterator<Item = (String, usize)> {
    let span = Span::raw(text);
    let found = span.styled_graphemes(Style::new()).map(|grapheme| grapheme.symbol.to_owned());
    found.map(|symbol| (symbol.clone(), Span::raw(symbol).width())).collect::<Vec<_>>().into_iter()
}

/// Returns as many of the graphemes as fit into `columns`.
fn fitting(graphemes: impl Iterator<Item = (String, usize)>, columns: usize) -> Vec<String> {
    let mut left = columns;
    let fits = |(symbol, columns): (String, usize)| {
        left = left.checked_sub(columns)?;
        Some(symbol)
    };
    graphemes.map_while(fits).collect()
}

/// Shortens `text` at its end if it takes more than `columns`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if short_ascii(text, columns) || width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else { return Cow::Borrowed("") };
    Cow::Owned(fitting(graphemes(text), room).concat() + "…")
}

/// Shortens `text` at its start if it takes more than `columns`, because the end of a path is the most informative
/// part.
pub fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if short_ascii(text, columns) || width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else { return Cow::Borrowed("") };
    let mut end = fitting(graphemes(text).rev(), room);
    end.push("…".into());
    end.reverse();
    Cow::Owned(end.concat())
}

/// A fast check that saves measuring most names.
fn short_ascii(text: &str, columns: usize) -> bool {
    text.len() <= columns && text.is_ascii()
}

/// Wraps `text` into lines of at most `columns`, at spaces if possible.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_inclusive(' ') {
        let needed = width(word.trim_end());
        if used > 0 && used + needed > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for (symbol, wide) in graphemes(word) {
            // A space at the end of a full line doesn't start a new one.
            if used + wide > columns && symbol != " " {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if used + wide <= columns {
                line.push_str(&symbol);
                used += wide;
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Formats a byte count in at most seven columns: `1.4G`, `1023.9M`.
pub fn short_bytes(bytes: u64) -> String {
    let shown = Bytes(bytes).to_string();
    match shown.split_once(' ') {
        Some((number, "bytes")) => format!("{number}B"),
        Some((number, unit)) => format!("{number}{}", unit.get(..1).unwrap_or_default()),
        None => shown,
    }
}

/// Formats a duration in at most seven columns: `0:07`, `12:34`, `3:02:01`, `12d 3h`.
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    Seconds::between(from.as_second(), to.as_second()).short().to_string()
}

/// Formats a time in at most six columns: `14:32` today, `21 Nov` in the same year, `2025` before.
pub fn when(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (time.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = match (then.date() == today.date(), then.year() == today.year()) {
        (true, _) => "%H:%M",
        (false, true) => "%e %b",
        (false, false) => "%Y",
    };
    then.strftime(format).to_string()
}

/// Formats a full time: `2026-11-22 14:32:34`.
pub fn moment(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%F %T").to_string()
}

/// Returns `part` of `whole` in percent, rounded down; it may exceed 100.
pub fn percent(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * 100 / u128::from(whole.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_cut_by_what_a_terminal_shows() {
        let table = [
            ("Film.mkv", 8, "Film.mkv", "Film.mkv"),
            ("Film.mkv", 5, "Film…", "….mkv"),
            ("千と千尋", 8, "千と千尋", "千と千尋"),
            // A wide character that doesn't fit completely is left out.
            ("千と千尋", 7, "千と千…", "…と千尋"),
            ("千と千尋", 6, "千と…", "…千尋"),
            ("e\u{301}te\u{301}", 2, "e\u{301}…", "…e\u{301}"),
            ("abc", 1, "…", "…"),
            ("abc", 0, "", ""),
        ];
        for (text, columns, at_end, at_start) in table {
            assert_eq!(cut(text, columns), at_end, "{text} {columns}");
            assert_eq!(cut_start(text, columns), at_start, "{text} {columns}");
        }
    }

    #[test]
    fn text_breaks_at_spaces_or_where_it_must() {
        let table: [(&str, usize, &[&str]); 6] = [
            ("the better end of the range", 12, &["the better", "end of the", "range"]),
            ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
            ("a abcdefgh", 4, &["a", "abcd", "efgh"]),
            ("千と千尋", 5, &["千と", "千尋"]),
            ("", 5, &[""]),
            ("abc   def", 3, &["abc", "def"]),
        ];
        for (text, columns, lines) in table {
            assert_eq!(wrap(text, columns), lines, "{text:?} {columns}");
        }
    }

    #[test]
    fn bytes_durations_and_times_are_short() {
        let bytes = [(0, "0B"), (1023, "1023B"), (1_500_000, "1.4M"), (u64::MAX, "15.9E")];
        for (number, shown) in bytes {
            assert_eq!(short_bytes(number), shown);
        }
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, shown) in [(754, "12:34"), (-5, "0:00")] {
            assert_eq!(duration(at(1000), at(1000 + seconds)), shown);
        }
        let now: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
        let times = [
            ("2026-11-22T14:32:34Z", "14:32"),
            ("2026-11-02T14:32:34Z", " 2 Nov"),
            ("2025-12-31T23:59:59Z", "2025"),
        ];
        for (time, shown) in times {
            assert_eq!(when(time.parse().unwrap(), now, &TimeZone::UTC), shown);
        }
        assert_eq!(moment(now, &TimeZone::UTC), "2026-11-22 20:00:00");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text in ".{0,40}", columns in 0_usize..30) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
            prop_assert!(width(&cut_start(&text, columns)) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns.max(2));
            }
        }
    }
}
