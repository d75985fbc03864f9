//! A policy of your own on top of the planner's: a program may change the config before planning, and reject a plan
//! after it, because a plan is data.
//!
//! This program encodes only films that lose nothing but covers, and in the evening it uses a slower preset.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use av1plan::config::QualityTier;
use av1plan::plan::LossKind;
use av1plan::{Config, EncodePlan, FileFacts, MediaProbe, Source, Toolchain, Verdict};

const PROBE: &[u8] = br#"{"streams": [
    {"index": 0, "codec_type": "video", "codec_name": "hevc", "width": 3840, "height": 1600, "bit_rate": "40000000",
     "avg_frame_rate": "24000/1001"},
    {"index": 1, "codec_type": "audio", "codec_name": "truehd", "tags": {"language": "eng"}},
    {"index": 2, "codec_type": "data", "codec_name": "klv"}]}"#;

/// Whether the plan loses nothing that this program's users want to keep.
fn is_gentle(plan: &EncodePlan) -> bool {
    plan.losses.iter().all(|loss| loss.kind == LossKind::Cover)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let evening = true;
    let tier = if evening { QualityTier::VeryHigh } else { QualityTier::High };
    let config = Config::default().with_quality_tier(tier);
    let probe = MediaProbe::from_json(PROBE)?;
    let file = FileFacts::new("Film.2019.UHD.BluRay.mkv", 60 << 30);
    match av1plan::plan(&Source::new(&file, &probe), &Toolchain::assumed(), &config) {
        Verdict::Encode(plan) if is_gentle(&plan) => println!("encode with {}", plan.video.settings),
        Verdict::Encode(plan) => {
            let losses: Vec<String> = plan.losses.iter().map(ToString::to_string).collect();
            println!("left alone by our own policy: it would lose {}", losses.join(", "));
        }
        Verdict::Skip(skip) => println!("left alone: {}", skip.reason),
    }
    Ok(())
}
