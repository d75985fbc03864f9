//! The sentences for the reasons of decisions.

use core::fmt;

use super::Bytes;
use super::text::{Clock, Plain, Thousandths};
use crate::number::counted;
use crate::plan::{LOW_MILLIBITS, PredictedScore, Prediction, Reason, Sought};

impl fmt::Display for Reason {
    #[allow(clippy::too_many_lines, reason = "one line a reason")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(reason) => reason.fmt(f),
            Self::GatesIgnored { gates } => write!(f, "overruled for this run: {}", Plain(&gates.join(", "))),
            Self::EveryGatePassed => f.write_str("no gate was met"),
            Self::ToolchainRead => f.write_str("as it introduces itself"),
            Self::ToolchainAssumed => {
                f.write_str("no ffmpeg was asked; 8.0 with all three encoders is assumed")
            }

            Self::OnlyVideo => f.write_str("the only video stream that is no cover"),
            Self::DefaultVideo => f.write_str("the first video stream marked default"),
            Self::FirstVideo => f.write_str("the first video stream; none is marked default"),

            Self::Surveyed { packets, pictures } => {
                let (packets, pictures) =
                    (counted(*packets, "packet", "packets"), counted(*pictures, "picture", "pictures"));
                write!(f, "{packets} and {pictures} were looked at")
            }
            Self::NotSurveyed => {
                f.write_str("only its headers were looked at; before an encode all of it is")
            }

            Self::DamageOfRecording { packets, at, undecodable } => {
                f.write_str("a recording, with what recordings have:")?;
                if *undecodable > 0 {
                    write!(f, " {undecodable} pictures at its start lean on one that is missing")?;
                }
                if *packets > 0 {
                    let and = if *undecodable > 0 { "," } else { "" };
                    write!(f, "{and} {}", counted(*packets, "damaged packet", "damaged packets"))?;
                    at.map_or(Ok(()), |at| write!(f, " from {} on", Clock(at)))?;
                }
                Ok(())
            }
            Self::DamageAccepted { found } => {
                write!(f, "damaged, and encoded all the same (damaged = \"encode\"): {}", Plain(found))
            }

            Self::WebSignals { score } => write!(f, "signals of a web source outweigh (score {score:+})"),
            Self::DiscSignals { score } => write!(f, "signals of a disc outweigh (score {score:+})"),
            Self::FewSignals { score } => write!(f, "the signals say too little (score {score:+})"),
            Self::PictureSize { width, height } => write!(f, "the picture is {width}x{height}"),

            Self::PreferredEncoder => f.write_str("preferred by the config, and there"),
            Self::EncoderFallback { wanted } => write!(f, "the best there is; {} is missing", Plain(wanted)),

            Self::SizeBeyondEncoder { wanted, width, height } => {
                write!(f, "the best there is that takes {width}x{height}; {} doesn't", Plain(wanted))
            }

            Self::RangeLowEnd { millibits } => {
                write!(
                    f,
                    "the better end of the range; the source spends {} bits a pixel",
                    Thousandths(*millibits)
                )
            }
            Self::LowBitrate { millibits } => write!(
                f,
                "the source is very low in bitrate: {} bits a pixel, less than {}",
                Thousandths(*millibits),
                Thousandths(LOW_MILLIBITS)
            ),
            Self::DiscLike2160p => f.write_str("a disc's 2160p stays at the better end of the range"),
            Self::BitrateUnknown => {
                f.write_str("the better end of the range; the source's bitrate isn't known")
            }
            Self::TargetReached(Sought { goals, ladder }) => {
                write!(f, "samples reach {} with it; the ladder has {ladder}", Plain(goals))
            }
            Self::TargetBeyondLimits(Sought { goals, ladder }) => write!(
                f,
                "as far from the ladder's {ladder} as target_limits allows; {} is beyond",
                Plain(goals)
            ),
            Self::TargetNotFoundYet(Sought { goals, ladder }) => {
                write!(f, "the search for {} isn't at its end; the ladder has {ladder}", Plain(goals))
            }
            Self::NoScoreOfTarget => {
                f.write_str("the ladder's, since none of the target's metrics can be computed here")
            }
            Self::NotSampled => f.write_str("there are no samples of it; they are made before an encode"),
            Self::CannotBeSampled => f.write_str(
                "too short for samples, without reliable times, or of a format in which no place can be sought; the \
                 ladder's CRF is taken",
            ),
            Self::Predicted(prediction) => predicted(f, prediction),
            Self::Ladder => f.write_str("the ladder's step for this resolution"),
            Self::PresetForced => f.write_str("forced by the config, for tests"),
            Self::LadderVeryHigh => {
                f.write_str("one step slower than the ladder (quality_tier = \"very_high\")")
            }
            Self::SameForAll => f.write_str("the same for every film"),
            Self::AllCores => f.write_str("the encoder counts the cores itself"),
            Self::TinyPicture => f.write_str("on a picture this small several would wait for each other"),
            Self::FewestTiles => f.write_str("the fewest tiles that keep many threads busy at this size"),

            Self::TenBitsAreBetter => {
                f.write_str("ten bits look better at the same size, for 8-bit sources too")
            }
            Self::DepthOfSource => f.write_str("the source's depth (bit_depth = \"source\")"),
            Self::ColorOfFrames => f.write_str("the frames' tags, which differ from the container's"),
            Self::ColorKept => f.write_str("colour passes as it is tagged"),
            Self::ColorUntagged => f.write_str("the source has no colour tags, and none are made up"),
            Self::ColorBeyondAv1 { tags } => {
                write!(f, "AV1 has no number, or ffmpeg no name, for {}", Plain(tags))
            }
            Self::ConvertedFromRgb => {
                f.write_str("RGB has no place in 4:2:0; converted with the matrix of HD")
            }
            Self::DynamicHdrCarried => f.write_str("the encoder carries the dynamic metadata over"),
            Self::DynamicHdrLost => f.write_str("the encoder can't carry the dynamic metadata"),

            Self::FieldsDeinterlaced { order } => {
                write!(f, "interlaced ({}): one frame out of each frame that is flagged so", Plain(order))
            }
            Self::FieldsKept { order } => {
                write!(f, "interlaced ({}) and kept woven (interlaced = \"keep\")", Plain(order))
            }
            Self::RateBeyondEncoder { nominal } => {
                write!(f, "the nominal rate {nominal} is more than the encoder takes")
            }

            Self::PadWebLike => f.write_str("web sources are padded to even sizes, whatever they claim"),
            Self::PadOddSize => f.write_str("its size is odd, which not every player takes"),
            Self::SquarePixels => f.write_str("pixels are square"),
            Self::ShapeKept => f.write_str("the source's pixels aren't square; their shape is kept"),
            Self::RotationKept { degrees } => write!(f, "players turn it by {degrees} degrees, as before"),
            Self::RotationOfFrames => f.write_str("the frames say how players turn them, as before"),

            Self::WebSafeTimestamps => f.write_str("guards for the odd timestamps of web sources"),
            Self::WebSafeWithoutGenerated => {
                f.write_str("guards for the odd timestamps of web sources, but AVI gets none made up")
            }
            Self::ExactTimestamps => f.write_str("the source's timestamps, exactly"),

            Self::ClockJumps { count, at } => {
                let times = counted(*count, "time", "times");
                write!(f, "its clock jumps {times}, first at {}; ffmpeg closes the gaps", Clock(*at))
            }

            Self::LastPictureHeld { length } => {
                write!(f, "it stands for {length} s, and an encoder would show it as briefly as any other")
            }

            Self::ContainerKept => f.write_str("AV1 has a place in the source's container"),
            Self::ContainerToMatroska => f.write_str("AV1 has no place in the source's container"),
            Self::ContainerByContent => f.write_str(
                "it is Matroska whatever its name says, and holds what the name's container can't",
            ),
            Self::TagsByName => f.write_str("MP4 has no place of its own for some of them"),
            Self::IndexFirst => f.write_str("a server can start to play it before it has read it whole"),
            Self::ChaptersKept => f.write_str("copied"),
            Self::CarriedOver { what } => write!(f, "it carries over {}, which ffmpeg can't", Plain(what)),
            Self::CaptionsInPicture => f.write_str("captions inside the picture don't survive a new encode"),
            Self::StatisticsAreStale => f.write_str("they describe the track that is replaced"),

            Self::MainPicture => f.write_str("the film"),
            Self::AttachedPicture => f.write_str("covers aren't kept"),
            Self::SecondVideo => f.write_str("a second film; the result holds exactly one"),
            Self::DroppedLanguage { tag } => write!(f, "its language, {}, is one to drop", Plain(tag)),
            Self::OnlyAudioLeft { tag } => {
                write!(f, "{} is one to drop, but at most commentary would be left", Plain(tag))
            }
            Self::Kept => f.write_str("kept as it is"),
            Self::ConvertedForContainer { to } => write!(f, "the container holds it as {}", Plain(to)),
            Self::ContainerCannotHold => f.write_str("the container can't hold it"),
            Self::WrittenByMuxer => f.write_str("written anew from the file's chapters and tags"),
            Self::NoPackets => f.write_str("it is announced but has no packets"),
            Self::UnknownType => f.write_str("a stream of a type that nobody knows"),
            Self::DefaultMoved { from } => write!(f, "stream {from}, which was the default, is dropped"),
        }
    }
}

/// The size and the scores that samples predict, with their errors.
fn predicted(f: &mut fmt::Formatter<'_>, prediction: &Prediction) -> fmt::Result {
    let Prediction { level: _, windows, sampled, bytes, bytes_error, scores, trials } = prediction;
    write!(f, "{} ± {}", Bytes(*bytes), Bytes(*bytes_error))?;
    for PredictedScore { metric, score, error, worst } in scores {
        let unit = metric.unit();
        write!(f, ", {metric} {score} ± {error} {unit}")?;
        worst.map_or(Ok(()), |worst| write!(f, " (worst {worst})"))?;
    }
    let seconds = sampled.0 / 1_000_000;
    write!(f, "; by {windows} windows, {seconds} s in all")?;
    match trials.len() {
        0 | 1 => Ok(()),
        count => write!(f, ", at {count} CRFs"),
    }
}
