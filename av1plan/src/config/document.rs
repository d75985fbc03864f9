//! Reads and writes a policy as TOML or JSON, with the keys and units of av1d's config file.

use core::fmt;

use super::Config;

/// A share, as a number above 0 and at most 1.
pub(super) mod share {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::number::{NotARatio, Ratio};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(in crate::config) fn serialize<S: Serializer>(
        share: &Ratio,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(share.ten_thousandths()) / 10_000.0)
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Ratio, D::Error> {
        Ratio::from_f64(f64::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(NotARatio))
    }
}

/// A duration in seconds, which may have a fraction.
pub(super) mod seconds {
    use core::time::Duration;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::number::Micros;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(in crate::config) fn serialize<S: Serializer>(
        time: &Micros,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let time = Duration::from_micros(u64::try_from(time.0).unwrap_or_default());
        serializer.serialize_f64(time.as_secs_f64())
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Micros, D::Error> {
        let time = Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)?;
        i64::try_from(time.as_micros()).map(Micros).map_err(D::Error::custom)
    }
}

impl fmt::Display for Config {
    /// TOML: one line for each key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Numbers, strings and lists of strings have the same form in JSON and in TOML.
        let keys = serde_json::to_value(self).map_err(|_| fmt::Error)?;
        keys.as_object().into_iter().flatten().try_for_each(|(key, value)| writeln!(f, "{key} = {value}"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;
    use crate::config::{Extension, QualityTier};
    use crate::number::{Micros, Ratio};
    use crate::plan::{Gate, Preset};

    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_that_are_left_out_keep_their_defaults() {
        assert_eq!(read("{}"), Ok(Config::default()));
        let some = r#"{"max_size_ratio": 0.8, "duration_epsilon_secs": 2, "extensions": [".MKV", "mp4"],
            "quality_tier": "very_high", "testing_svt_preset": 12, "ignore": ["too-small"]}"#;
        let config = Config::default()
            .with_max_size_ratio(Ratio::from_f64(0.8).unwrap())
            .with_duration_epsilon(Micros::from_secs(2))
            .with_extensions(["mkv", "mp4"].map(|text| Extension::new(text).unwrap()).into())
            .with_quality_tier(QualityTier::VeryHigh)
            .with_svt_preset(Some(Preset::new(12)))
            .with_ignore([Gate::TooSmall].into());
        assert_eq!(read(some), Ok(config));
    }

    #[test]
    fn a_policy_is_read_from_toml_as_it_is_shown() {
        let config = Config::default().with_svt_preset(Some(Preset::new(3))).with_min_bytes(1);
        assert_eq!(toml::from_str::<Config>(&config.to_string()), Ok(config));
        let text = "max_size_ratio = 1\nduration_epsilon_secs = 2\ndrop_languages = ['ru', \"german\"]";
        let config = toml::from_str::<Config>(text).unwrap();
        assert_eq!(config.max_size_ratio, Ratio::from_f64(1.0).unwrap());
        assert_eq!((config.duration_epsilon, config.drop_languages.len()), (Micros::from_secs(2), 2));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let config =
            Config::default().with_svt_preset(Some(Preset::new(3))).with_ignore([Gate::ReadOnly].into());
        for config in [Config::default(), config] {
            assert_eq!(read(&serde_json::to_string(&config).unwrap()), Ok(config));
        }
    }

    #[test]
    fn a_policy_is_shown_as_toml() {
        let shown = Config::default().to_string();
        for line in [
            "bit_depth = \"10\"",
            "drop_languages = [\"ru\"]",
            "duration_epsilon_secs = 1.0",
            "max_size_ratio = 0.9",
            "min_bytes = 2147483648",
            "prefer_encoder = \"svt\"",
            "refuse_losses = [\"dolby-vision\",\"hdr10-plus\",\"extra-video\",\"linked\",\"extra-view\"]",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        for (json, part) in [
            (r#"{"min_byte": 1}"#, "unknown field `min_byte`, expected one of `min_bytes`"),
            (r#"{"min_bytes": -1}"#, "invalid value"),
            (r#"{"max_size_ratio": 0}"#, "a ratio is above 0 and at most 1"),
            (r#"{"duration_epsilon_secs": -1}"#, "negative"),
            (r#"{"extensions": ["*.mkv"]}"#, "a file name extension is made of letters and digits"),
            (r#"{"prefer_encoder": "x265"}"#, "the names are svt, aom, rav1e"),
            (r#"{"refuse_losses": ["hdr"]}"#, "\"hdr\" is not a kind of loss"),
            (r#"{"testing_svt_preset": 14}"#, "a preset is from 0 to 13"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
