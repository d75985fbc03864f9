//! What a marker about a result that was too big holds for, besides its film.

use av1plan::config::Quality;
use av1plan::{Config, Ratio};

/// The size limit and the settings of an encode: with others the result may be small enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeTerms {
    gate: Ratio,
    settings: u64,
}

/// The beginning of the line with the settings, which markers of older av1ds don't have.
const SETTINGS: &str = "Encoding settings: ";

impl SizeTerms {
    /// The terms of a policy.
    pub fn of(policy: &Config) -> Self {
        let Config {
            prefer_encoder,
            quality_tier,
            quality,
            target,
            target_limits,
            bit_depth,
            interlaced,
            drop_languages,
            svt_preset,
            ..
        } = policy;
        let sought = match quality {
            Quality::Target => format!("{target} {target_limits}"),
            _ => String::new(),
        };
        let settings = format!(
            "{prefer_encoder:?} {quality_tier:?} {quality:?} {sought} {bit_depth:?} {interlaced:?} {drop_languages:?} \
             {svt_preset:?}"
        );
        let hash = blake3::hash(settings.as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Self { gate: policy.max_size_ratio, settings: u64::from_be_bytes(*first) }
    }

    /// The end of the marker's line about the file.
    pub(super) fn gate(self) -> String {
        format!("and max_size_ratio = {}/10000.", self.gate.ten_thousandths())
    }

    /// The marker's line about the settings.
    pub(super) fn line(self) -> String {
        format!("{SETTINGS}{:016x}", self.settings)
    }

    /// Whether a marker with this text is about the same settings, or about any.
    pub(super) fn holds_for(self, text: &str) -> bool {
        let said = text.lines().find(|line| line.starts_with(SETTINGS));
        said.is_none_or(|said| said == self.line())
    }
}
