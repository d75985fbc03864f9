//! Reads single TOML values into Rust types, or describes the wrong value in words.

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::render::quoted;

/// A value and its position in the file.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// The value that was read, or everything in it that its key doesn't allow.
pub(super) type Read<T> = Result<T, Vec<Wrong>>;

/// A value, or an element of a list, that its key doesn't allow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The byte range in the text.
    pub(super) at: Range<usize>,
    /// What was found there, in words: `the string "2GiB"`.
    pub(super) found: String,
}

/// Rejects a value with a description of it.
pub(super) fn wrong<T>(value: &Value<'_>) -> Read<T> {
    refuse(value, found(value.get_ref()))
}

fn refuse<T>(value: &Value<'_>, found: String) -> Read<T> {
    Err(vec![Wrong { at: value.span(), found }])
}

/// Reads `true` or `false`.
pub(super) fn truth(value: &Value<'_>) -> Read<bool> {
    value.get_ref().as_bool().map_or_else(|| wrong(value), Ok)
}

/// Reads an integer in any notation of TOML.
pub(super) fn whole(value: &Value<'_>, allowed: RangeInclusive<u64>) -> Read<u64> {
    integer(value.get_ref())
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| allowed.contains(number))
        .map_or_else(|| wrong(value), Ok)
}

/// Reads a number with or without a fraction. NaN is in no range and is therefore rejected.
pub(super) fn number(value: &Value<'_>, allowed: RangeInclusive<f64>) -> Read<f64> {
    let number = match value.get_ref() {
        DeValue::Float(float) => float.as_str().parse().ok(),
        // No key that uses this allows integers beyond 32 bits, and 32 bits fit into an `f64` without loss.
        other => integer(other).and_then(|number| i32::try_from(number).ok()).map(f64::from),
    };
    number.filter(|number| allowed.contains(number)).map_or_else(|| wrong(value), Ok)
}

fn integer(value: &DeValue<'_>) -> Option<i128> {
    let integer = value.as_integer()?;
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Reads seconds, rounded to microseconds.
pub(super) fn seconds(value: &Value<'_>, allowed: RangeInclusive<u32>) -> Read<Duration> {
    let seconds = number(value, f64::from(*allowed.start())..=f64::from(*allowed.end()))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was just checked")]
    Ok(Duration::from_micros((seconds * 1e6).round() as u64))
}

/// Reads a string that `read` can convert.
pub(super) fn text<T>(value: &Value<'_>, read: impl Fn(&str) -> Option<T>) -> Read<T> {
    value.get_ref().as_str().and_then(read).map_or_else(|| wrong(value), Ok)
}

/// Reads one of the names of an enum.
pub(super) fn choice<T: FromStr>(value: &Value<'_>) -> Read<T> {
    text(value, |name| name.parse().ok())
}

/// Reads an absolute path, which doesn't depend on the folder in which the program was started.
pub(super) fn absolute_path(value: &Value<'_>) -> Read<PathBuf> {
    let Some(path) = value.get_ref().as_str() else {
        return wrong(value);
    };
    if path.contains('\0') {
        // The system would cut the path at the NUL, or reject it with a message that doesn't name the key.
        return refuse(value, format!("{} with a NUL in it", found(value.get_ref())));
    }
    if path == "~" || path.starts_with("~/") {
        return refuse(value, format!("{} (`~` is not expanded here)", shortened(&quoted(path))));
    }
    if !Path::new(path).is_absolute() {
        return refuse(value, format!("the relative path {}", shortened(&quoted(path))));
    }
    Ok(PathBuf::from(path))
}

/// Reads a list, each element with `read`. The error names all wrong elements.
pub(super) fn list<T>(value: &Value<'_>, read: impl Fn(&Value<'_>) -> Read<T>) -> Read<Vec<T>> {
    let Some(elements) = value.get_ref().as_array() else {
        return wrong(value);
    };
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for element in elements {
        match read(element) {
            Ok(element) => good.push(element),
            Err(wrong) => bad.extend(wrong),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// Reads a list that must not be empty.
pub(super) fn filled_list<T>(value: &Value<'_>, read: impl Fn(&Value<'_>) -> Read<T>) -> Read<Vec<T>> {
    let list = list(value, read)?;
    if list.is_empty() { wrong(value) } else { Ok(list) }
}

/// Describes a value in words, short enough for a message.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {}", shortened(&quoted(text))),
        DeValue::Integer(number) => format!("the number {}", shortened(&number.to_string())),
        DeValue::Float(number) => format!("the number {}", shortened(number.as_str())),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(date) => format!("the date or time {date}"),
        DeValue::Array(list) if list.is_empty() => "an empty list".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// Shortens a text for a message.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value<'_> {
        DeValue::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn instead<T>(read: Read<T>) -> Option<String> {
        read.err().map(|wrong| wrong.into_iter().map(|wrong| wrong.found).collect::<Vec<_>>().join(" and "))
    }

    #[test]
    fn whole_numbers_come_in_each_notation_of_toml() {
        for (text, number) in [
            ("255", Some(255)),
            ("2_5_5", Some(255)),
            ("0xff", Some(255)),
            ("0o377", Some(255)),
            ("0b1111_1111", Some(255)),
            ("+255", Some(255)),
            ("0", Some(0)),
            ("-0", Some(0)),
            ("256", None),
            ("-1", None),
            ("255.0", None),
            ("99999999999999999999999999999999999999999999", None),
            ("\"255\"", None),
        ] {
            assert_eq!(whole(&value(text), 0..=255).ok(), number, "{text}");
        }
    }

    #[test]
    fn seconds_are_whole_or_fractional() {
        for (text, micros) in [
            ("1", Some(1_000_000)),
            ("0.5", Some(500_000)),
            ("1e-6", Some(1)),
            ("9.999_999", Some(9_999_999)),
            ("10", Some(10_000_000)),
            ("10.1", None),
            ("-0.1", None),
            ("nan", None),
            ("inf", None),
            ("9999999999", None),
            ("\"1s\"", None),
        ] {
            let read = seconds(&value(text), 0..=10).ok();
            assert_eq!(read, micros.map(Duration::from_micros), "{text}");
        }
    }

    #[test]
    fn paths_are_absolute() {
        for (text, instead_of_it) in [
            ("'/films'", None),
            ("'films'", Some("the relative path \"films\"")),
            ("''", Some("the relative path \"\"")),
            ("'~/films'", Some("\"~/films\" (`~` is not expanded here)")),
            (r#""/a\u0000b""#, Some("the string \"/a\\u0000b\" with a NUL in it")),
            ("1", Some("the number 1")),
        ] {
            assert_eq!(instead(absolute_path(&value(text))).as_deref(), instead_of_it, "{text}");
        }
    }

    #[test]
    fn every_kind_of_value_has_its_words_and_every_wrong_element_is_named() {
        for (text, words) in [
            ("'x'", "the string \"x\""),
            ("0x1F", "the number 0x1F"),
            ("1.5", "the number 1.5"),
            ("true", "`true`"),
            ("2024-01-01", "the date or time 2024-01-01"),
            ("[]", "an empty list"),
            ("{}", "a table"),
            ("['a', 1, 'b', [2]]", "the number 1 and a list"),
        ] {
            let read = filled_list(&value(text), text_of);
            assert_eq!(instead(read).as_deref(), Some(words), "{text}");
        }
        assert_eq!(found(&DeValue::String("ä".repeat(100).into())).chars().count(), "the string ".len() + 63);
    }

    fn text_of(value: &Value<'_>) -> Read<String> {
        text(value, |text| Some(text.into()))
    }
}
