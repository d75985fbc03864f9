//! Renders values as TOML. The `toml` crate's own writer would need serde, which nothing else here uses.

use std::path::Path;
use std::time::Duration;

use av1plan::Ratio;

/// Renders `text` as a TOML string, with the necessary escapes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            control if control.is_control() => {
                quoted.extend(format!("\\u{:04X}", u32::from(control)).chars());
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// Renders strings as a TOML list.
pub(super) fn quoted_list<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// Renders a path as a TOML string.
pub(super) fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// Renders seconds as a TOML number without trailing zeros.
pub(super) fn rendered_seconds(duration: Duration) -> String {
    let text = format!("{}.{:06}", duration.as_secs(), duration.subsec_micros());
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Renders a ratio with at least two decimal places, because people think of it as a percentage.
pub(super) fn rendered_ratio(ratio: Ratio) -> String {
    let parts = ratio.ten_thousandths();
    let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
    let (percent, rest) = text.split_at(text.len() - 2);
    format!("{percent}{}", rest.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeValue;

    #[test]
    fn strings_survive_their_quotes() {
        for plain in ["", "a b", "\"", "\\", "\n\r\t\u{0}\u{7f}\u{85}", "Фильм", "'''"] {
            assert_eq!(DeValue::parse(&quoted(plain)).unwrap().get_ref().as_str(), Some(plain));
        }
    }

    #[test]
    fn seconds_have_no_more_digits_than_they_need() {
        for (micros, text) in [(0, "0"), (10_000_000, "10"), (500_000, "0.5"), (1, "0.000001")] {
            assert_eq!(rendered_seconds(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_ratio_is_shown_in_per_cent_or_finer() {
        for (ten_thousandths, shown) in [(9000, "0.90"), (9050, "0.905"), (1, "0.0001"), (10_000, "1.00")] {
            assert_eq!(rendered_ratio(Ratio::from_ten_thousandths(ten_thousandths).unwrap()), shown);
        }
    }
}
