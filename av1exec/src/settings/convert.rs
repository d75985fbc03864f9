//! Converts config values to settings and back, if that takes more than the general functions of `value` and `render`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use av1plan::{Micros, Ratio};

use crate::settings::concurrency::Concurrency;

use super::key::Present::{self, Set, Unset};
use super::render::quoted_path;
use super::value::{Read, Value, number, whole, wrong};

/// Stores a value that was read successfully.
pub(super) fn put<T>(place: &mut T, read: Read<T>) -> Read<()> {
    *place = read?;
    Ok(())
}

pub(super) fn ratio(value: &Value<'_>) -> Read<Ratio> {
    Ratio::from_f64(number(value, 0.0..=1.0)?).map_or_else(|| wrong(value), Ok)
}

pub(super) fn concurrency(value: &Value<'_>) -> Read<Concurrency> {
    if value.get_ref().as_str() == Some("auto") {
        Ok(Concurrency::Auto)
    } else {
        job_count(value).map(Concurrency::Fixed)
    }
}

pub(super) fn job_count(value: &Value<'_>) -> Read<NonZeroUsize> {
    let count = usize::try_from(whole(value, 1..=64)?).unwrap_or_default();
    NonZeroUsize::new(count).map_or_else(|| wrong(value), Ok)
}

pub(super) fn niceness(value: &Value<'_>) -> Read<u8> {
    u8::try_from(whole(value, 0..=19)?).map_or_else(|_| wrong(value), Ok)
}

pub(super) fn micros(duration: Duration) -> Micros {
    Micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

pub(super) fn program(path: Option<&Path>, example: &'static str) -> Present {
    path.map_or(Unset { example }, |path| Set(quoted_path(path)))
}

#[cfg(test)]
mod tests {
    use toml::de::DeValue;

    use super::super::keys::KEYS;
    use super::*;
    use crate::settings::Settings;

    // The converters are tested through the keys that use them, so that a key with the wrong converter is noticed.
    fn set(name: &str, value: &str) -> Result<Settings, Vec<String>> {
        let mut settings = Settings::default();
        let key = KEYS.iter().find(|key| key.name == name).unwrap();
        let value = DeValue::parse(value).unwrap();
        match (key.set)(&mut settings, &value) {
            Ok(()) => Ok(settings),
            Err(wrong) => Err(wrong.into_iter().map(|wrong| wrong.found).collect()),
        }
    }

    #[test]
    fn ranges_have_these_ends() {
        for (name, inside, outside) in [
            ("min_bytes", ["0", "0xffff_ffff_ffff"], ["-1", "1.5"]),
            ("max_size_ratio", ["0.0001", "1"], ["0", "1.00001"]),
            ("scan_interval_secs", ["1", "604800"], ["0.9", "604801"]),
            ("max_concurrent_jobs", ["1", "64"], ["0", "65"]),
            ("stable_secs", ["0", "86400"], ["-0.1", "86400.1"]),
            ("nice", ["0", "19"], ["-1", "20"]),
            ("duration_epsilon_secs", ["0", "60"], ["-1", "60.1"]),
        ] {
            for value in inside {
                assert!(set(name, value).is_ok(), "{name} = {value}");
            }
            for value in outside {
                assert_eq!(set(name, value).unwrap_err(), [format!("the number {value}")], "{name}");
            }
        }
    }

    #[test]
    fn texts_that_mean_something_are_read_and_others_refused() {
        for (name, good, bad) in [
            ("max_concurrent_jobs", ["'auto'", "2"], ["'Auto'", "'2'"]),
            ("active_hours", ["'22:00-07:00'", "'00:00-24:00'"], ["'22-7'", "'22:00-22:00'"]),
            ("metrics_listen", ["'127.0.0.1:9321'", "'[::]:1'"], ["'9321'", "'localhost:9321'"]),
        ] {
            for value in good {
                assert!(set(name, value).is_ok(), "{name} = {value}");
            }
            for value in bad {
                let found = format!("the string {}", value.replace('\'', "\""));
                assert_eq!(set(name, value).unwrap_err(), [found], "{name}");
            }
        }
    }

    #[test]
    fn lists_are_read_element_by_element() {
        type Row = (&'static str, &'static str, Result<&'static str, &'static [&'static str]>);
        let table: [Row; 10] = [
            ("extensions", "['.MKV', 'mp4', 'Mp4']", Ok(r#"["mkv", "mp4"]"#)),
            ("extensions", "[]", Err(&["an empty list"])),
            (
                "extensions",
                "['', '.', '*.mkv', 'mkv']",
                Err(&["the string \"\"", "the string \".\"", "the string \"*.mkv\""]),
            ),
            ("extensions", "'mkv'", Err(&["the string \"mkv\""])),
            ("library_roots", "['/a', 'b']", Err(&["the relative path \"b\""])),
            ("library_roots", "[]", Err(&["an empty list"])),
            ("drop_languages", "['Russian', 'tlh']", Ok(r#"["ru", "tlh"]"#)),
            ("drop_languages", "['ru-RU']", Err(&["the string \"ru-RU\""])),
            ("refuse_losses", "[]", Ok("[]")),
            ("refuse_losses", "['dolby-vision', 'hdr']", Err(&["the string \"hdr\""])),
        ];
        for (name, value, result) in table {
            let key = KEYS.iter().find(|key| key.name == name).unwrap();
            match result {
                Ok(shown) => assert_eq!((key.get)(&set(name, value).unwrap()), Set(shown.into()), "{value}"),
                Err(found) => assert_eq!(set(name, value).unwrap_err(), found, "{value}"),
            }
        }
    }
}
