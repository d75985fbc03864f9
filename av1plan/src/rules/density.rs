//! How many bits a source spends on a pixel: the measure of "a very low bitrate for its resolution".

use crate::number::Rational;
use crate::probe::{MediaProbe, Stream, StreamKind, Video};

/// What one bit of a codec is worth in bits of H.264 at equal quality, in percent.
///
/// The numbers are rounded from what the codecs claim to save over their predecessors: HEVC and VP9 a third to a half
/// over H.264, H.264 half over MPEG-2. They decide only between two neighbouring CRFs, so the rounding is harmless. A
/// codec that isn't listed counts 100.
const CODEC_WEIGHTS: [(&str, u64); 16] = [
    ("mpeg1video", 40),
    ("mpeg2video", 50),
    ("h263", 60),
    ("flv1", 60),
    ("mpeg4", 70),
    ("msmpeg4v3", 60),
    ("wmv2", 65),
    ("theora", 65),
    ("wmv3", 85),
    ("vc1", 85),
    ("vp8", 85),
    ("vp9", 140),
    ("hevc", 150),
    ("av1", 180),
    ("vvc", 200),
    ("mjpeg", 20),
];

/// What the main video spends on a pixel of a frame, in thousandths of a bit of H.264; `None` if the file doesn't say
/// enough. `size` is the file's, in bytes.
pub(crate) fn millibits(probe: &MediaProbe, stream: &Stream, video: &Video, size: u64) -> Option<u64> {
    let bits_per_second = video_bit_rate(probe, stream, size)?;
    let rate = frame_rate(stream, video)?;
    let pixels = u128::from(video.width) * u128::from(video.height);
    let millirate = u128::from(rate.thousandths());
    let weight = CODEC_WEIGHTS
        .iter()
        .find(|(codec, _)| *codec == stream.codec_name())
        .map_or(100, |(_, weight)| *weight);
    // bits/s * 1000 (for thousandths of a bit) * 1000 (the rate is in thousandths) * weight / 100
    let numerator = u128::from(bits_per_second) * 10_000 * u128::from(weight);
    let denominator = pixels.checked_mul(millirate).filter(|product| *product > 0)?;
    u64::try_from(numerator / denominator).ok()
}

/// The video's bits per second: what its packets have if they were looked at, otherwise its own number, otherwise what
/// the file's size and duration leave after the audio.
fn video_bit_rate(probe: &MediaProbe, stream: &Stream, size: u64) -> Option<u64> {
    let measured = || {
        let bytes = u128::from(probe.survey.as_ref()?.packets.get(&stream.index)?.bytes?);
        let micros = u128::from(probe.span(stream.index)?.length.0.unsigned_abs());
        u64::try_from((bytes * 8 * 1_000_000).checked_div(micros)?).ok()
    };
    measured().or(stream.bit_rate).or_else(|| {
        let duration = probe.duration().filter(|duration| duration.0 > 0)?;
        let total = u128::from(size) * 8 * 1_000_000 / u128::from(duration.0.unsigned_abs());
        let audio = probe.streams.iter().filter(|stream| matches!(stream.kind, StreamKind::Audio(_)));
        let audio: u128 = audio.filter_map(|stream| stream.bit_rate).map(u128::from).sum();
        u64::try_from(total.checked_sub(audio)?).ok().filter(|rate| *rate > 0)
    })
}

/// The video's frames per second: the average rate, otherwise the base rate, otherwise the declared number of frames
/// divided by the duration.
///
/// A rate above 1000 isn't used: it is a time base that a file declares as its rate (90000/1).
pub(crate) fn frame_rate(stream: &Stream, video: &Video) -> Option<Rational> {
    let believable = |rate: &Rational| (1_000..=1_000_000).contains(&rate.thousandths());
    let counted = || {
        let micros = u64::try_from(stream.duration?.0).ok()?;
        // In thousandths, so that both numbers are short: SVT-AV1 reads them as 32-bit numbers and cuts longer ones
        // off (measured).
        Rational::new(stream.frames?.checked_mul(1_000_000_000)?.checked_div(micros)?, 1000)
    };
    video
        .average_rate
        .filter(believable)
        .or_else(|| video.base_rate.filter(believable))
        .or_else(|| counted().filter(believable))
}

/// About how many frames the stream has: as many as it has packets if they were looked at, otherwise its duration times
/// its rate, otherwise the number that it declares.
pub(crate) fn frame_count(probe: &MediaProbe, stream: &Stream, video: &Video) -> Option<u64> {
    let by_duration = || {
        let micros = u128::from(probe.duration()?.0.unsigned_abs());
        let rate = frame_rate(stream, video)?;
        let frames = micros * u128::from(rate.thousandths()) / 1_000_000_000;
        u64::try_from(frames).ok().filter(|frames| *frames > 0)
    };
    let packets = probe.survey.as_ref().and_then(|survey| survey.packets.get(&stream.index));
    packets.map(|packets| packets.count).or_else(by_duration).or(stream.frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Micros;
    use crate::plan::LOW_MILLIBITS;

    fn probe(codec: &str, bit_rate: Option<u64>) -> MediaProbe {
        let json = alloc::format!(
            r#"{{"streams":[
                {{"index":0,"codec_type":"video","codec_name":"{codec}","width":1920,"height":1080,
                  "avg_frame_rate":"24/1","bit_rate":{}}},
                {{"index":1,"codec_type":"audio","codec_name":"ac3","bit_rate":"640000"}}],
              "format":{{"duration":"100.0"}}}}"#,
            bit_rate.map_or("null".into(), |rate| alloc::format!("\"{rate}\"")),
        );
        MediaProbe::from_json(json.as_bytes()).unwrap()
    }

    fn measured(probe: &MediaProbe, size: u64) -> Option<u64> {
        let (stream, video) = probe.main_video().unwrap();
        millibits(probe, stream, video, size)
    }

    #[test]
    fn the_threshold_is_1080p24_at_two_and_a_half_megabits() {
        assert_eq!(measured(&probe("h264", Some(2_500_000)), 0), Some(LOW_MILLIBITS));
        assert_eq!(measured(&probe("hevc", Some(2_500_000)), 0), Some(75));
        assert_eq!(measured(&probe("mpeg2video", Some(2_500_000)), 0), Some(25));
    }

    #[test]
    fn without_a_rate_the_size_less_the_audio_is_the_videos() {
        // 100 s of video with 2.5 Mb/s and audio with 0.64 Mb/s.
        assert_eq!(measured(&probe("h264", None), 39_250_000), Some(LOW_MILLIBITS));
        assert_eq!(measured(&probe("h264", None), 8_000_000), None);
    }

    #[test]
    fn a_time_base_is_not_taken_for_a_frame_rate() {
        let mut probe = probe("h264", Some(2_500_000));
        let StreamKind::Video(video) = &mut probe.streams[0].kind else { unreachable!() };
        video.average_rate = Rational::new(90_000, 1);
        assert_eq!(measured(&probe, 0), None);
        probe.streams[0].frames = Some(2400);
        probe.streams[0].duration = Some(Micros::from_secs(100));
        assert_eq!(measured(&probe, 0), Some(LOW_MILLIBITS));
    }
}
