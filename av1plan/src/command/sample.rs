//! The arguments with which ffmpeg encodes a sample of a film and shows pictures of it.

use alloc::format;
use alloc::vec::Vec;

use super::check::Side;
use super::{Arg, Args, KEEP_FILTERS, Placeholder, filter};
use crate::plan::{EncodePlan, Treatment, VideoPlan};
use crate::sample::SampleWindow;

/// The arguments with which ffmpeg encodes the picture of a window with the settings of `plan` to
/// [`Placeholder::Output`], a Matroska file. It prints the size of each packet in bytes to standard output, a line
/// each.
pub fn sample_arguments(plan: &EncodePlan, window: SampleWindow) -> Vec<Arg> {
    let mut args = Args(Vec::with_capacity(60));
    args.fixed(&["-nostdin", "-hide_banner", "-y", "-loglevel", "level+error"]);
    args.input_options(&plan.video, plan.timestamps);
    args.range(window);
    args.input(plan.probe_depth, Placeholder::Input);
    args.main_video(plan);
    args.video(&VideoPlan { held: None, ..plan.video.clone() });
    args.fixed(&["-enc_time_base", "demux", "-fps_mode", "passthrough"]);
    args.fixed(&["-stats_enc_post", "pipe:1", "-stats_enc_post_fmt", "{size}", "-f", "matroska"]);
    args.0.push(Arg::File(Placeholder::Output));
    args.0
}

/// The columns and rows around the middle of a picture that [`sample_pictures_arguments`] shows at most.
pub const SAMPLE_PICTURE: (u32, u32) = (1920, 1080);

/// Which pictures of a window are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureStep {
    /// The first one, counted from 0.
    pub first: u32,
    /// From then on one of this many; at least 1.
    pub every: u32,
}

/// The arguments with which ffmpeg writes pictures of a window to standard output, in RGB with 16 bits a sample, the
/// lower byte first. The result is a sample, of which all is read; the source's pictures pass the plan's filters.
///
/// Of a picture larger than [`SAMPLE_PICTURE`] only that much of its middle is shown: what an eye sees of a pixel
/// doesn't depend on how many there are.
pub fn sample_pictures_arguments(
    plan: &EncodePlan,
    side: Side,
    window: SampleWindow,
    step: PictureStep,
) -> Vec<Arg> {
    let mut args = Args(Vec::with_capacity(40));
    args.fixed(&["-nostdin", "-hide_banner", "-loglevel", "error", "-noautorotate"]);
    if side == Side::Source {
        args.source_times(plan.timestamps);
        if plan.video.keeps_filters {
            args.fixed(&KEEP_FILTERS);
        }
        args.range(window);
    }
    args.input(side.depth(plan), Placeholder::Input);
    let mut filters = Vec::new();
    match side {
        Side::Source => {
            args.main_video(plan);
            filters.extend(plan.video.filters.iter().map(filter));
        }
        Side::Result => args.fixed(&["-map", "0:v:0"]),
    }
    let (width, height) = SAMPLE_PICTURE;
    let PictureStep { first, every } = step;
    filters.push(format!("select=gte(n\\,{first})*not(mod(n-{first}\\,{}))", every.max(1)).into());
    filters.push(format!("crop=min(iw\\,{width}):min(ih\\,{height}):exact=1").into());
    args.option("-vf", filters.join(","));
    args.fixed(&["-fps_mode", "passthrough", "-pix_fmt", "rgb48le", "-f", "rawvideo", "-"]);
    args.0
}

impl Args {
    /// Reads this window only.
    pub(super) fn range(&mut self, SampleWindow { start, length }: SampleWindow) {
        self.option("-ss", format!("{start}"));
        self.option("-t", format!("{length}"));
    }

    /// Takes the film's picture, and nothing else.
    pub(super) fn main_video(&mut self, plan: &EncodePlan) {
        let encoded = plan.mapped().find(|(_, kept)| kept.treatment == Treatment::Encode);
        self.option("-map", encoded.map_or("0:v:0".into(), |(stream, _)| format!("0:{}", stream.index)));
    }
}
