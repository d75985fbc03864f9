//! The quality that a film is to have: scores by one or more metrics.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::number::Milli;
use crate::plan::MetricName;

/// The quality that a result must have: `high`, `transparent`, or scores like `vmaf-neg=95, ssimulacra2=80`, all of
/// which it must reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// What an average viewer doesn't tell from the original unless both are shown side by side: VMAF-NEG 93 and
    /// SSIMULACRA2 70; for HDR XPSNR 40 dB.
    High,
    /// What nobody tells from the original at a usual distance: VMAF-NEG 95 and SSIMULACRA2 80; for HDR XPSNR 43 dB.
    Transparent,
    /// These scores.
    Scores(Scores),
}

/// The lowest score that is wanted by each metric; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scores(BTreeMap<MetricName, Milli>);

impl Target {
    /// The scores, each with its metric. Metrics that are trained on films without HDR don't count for an HDR film.
    pub fn scores(&self, is_hdr: bool) -> Vec<(MetricName, Milli)> {
        use MetricName::{Ssimulacra2, VmafNeg, Xpsnr};
        let preset = |neg: i64, ssimulacra2: i64, hdr: i64| {
            if is_hdr {
                Vec::from([(Xpsnr, Milli::whole(hdr))])
            } else {
                Vec::from([(VmafNeg, Milli::whole(neg)), (Ssimulacra2, Milli::whole(ssimulacra2))])
            }
        };
        match self {
            Self::High => preset(93, 70, 40),
            Self::Transparent => preset(95, 80, 43),
            Self::Scores(Scores(scores)) => scores
                .iter()
                .filter(|(metric, _)| !is_hdr || metric.takes_hdr())
                .map(|(metric, score)| (*metric, *score))
                .collect(),
        }
    }
}

/// Error of parsing a [`Target`]: what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no quality; write high, transparent, or scores like \"vmaf-neg=95, ssimulacra2=80\"")]
pub struct NotATarget {
    found: String,
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let wrong = || NotATarget { found: text.chars().take(60).collect() };
        match text {
            "high" => return Ok(Self::High),
            "transparent" => return Ok(Self::Transparent),
            _ => {}
        }
        let mut scores = BTreeMap::new();
        for part in text.split(',') {
            let (metric, score) = part.split_once('=').ok_or_else(wrong)?;
            let metric: MetricName = metric.trim().parse().map_err(|_| wrong())?;
            let score: Milli = score.trim().parse().map_err(|_| wrong())?;
            let (least, most) = metric.range();
            let is_possible = (Milli::whole(least)..=Milli::whole(most)).contains(&score);
            if !MetricName::SAMPLED.contains(&metric)
                || !is_possible
                || scores.insert(metric, score).is_some()
            {
                return Err(wrong());
            }
        }
        Ok(Self::Scores(Scores(scores)))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::High => f.write_str("high"),
            Self::Transparent => f.write_str("transparent"),
            Self::Scores(Scores(scores)) => {
                for (position, (metric, score)) in scores.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{metric}={score}")?;
                }
                Ok(())
            }
        }
    }
}

impl TryFrom<String> for Target {
    type Error = NotATarget;

    fn try_from(text: String) -> Result<Self, NotATarget> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        alloc::format!("{target}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_target_is_read_as_it_is_shown() {
        for text in
            ["high", "transparent", "vmaf-neg=95", "vmaf-neg=95.5, ssimulacra2=80", "xpsnr=42, detail=85"]
        {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert_eq!(
            "ssimulacra2 = 80,vmaf-neg=95".parse::<Target>().unwrap().to_string(),
            "vmaf-neg=95, ssimulacra2=80"
        );
    }

    #[test]
    fn what_nobody_could_reach_or_compute_is_no_target() {
        for text in [
            "",
            "best",
            "95",
            "vmaf-neg",
            "vmaf-neg=0",
            "vmaf-neg=101",
            "vmaf=95",
            "psnr=40",
            "xpsnr=95",
            "detail=80,",
            "detail=80, detail=90",
            "vmaf-neg=-3",
            "vmaf-neg=95,ssimulacra2=80,",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn hdr_has_its_own_scores() {
        assert_eq!(Target::High.scores(true), [(MetricName::Xpsnr, Milli::whole(40))]);
        let given: Target = "vmaf-neg=95, detail=80".parse().unwrap();
        assert_eq!(given.scores(true), [(MetricName::Detail, Milli::whole(80))]);
        assert_eq!(given.scores(false).len(), 2);
    }
}
