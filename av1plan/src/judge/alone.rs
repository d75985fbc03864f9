//! Judges a result by itself, without the plan that promised something of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::Defect;
use crate::number::Micros;
use crate::probe::{MediaProbe, PacketSummary, StreamKind};

/// Checks a file without its plan: it has exactly one video stream and that is AV1, every audio and video stream has
/// packets, and they last as long as the header says. `epsilon` is how much shorter than that they may be, in
/// microseconds. Returns the defects that it finds; an empty list means none.
pub fn judge_alone(probe: &MediaProbe, packets: &PacketSummary, epsilon: Micros) -> Vec<Defect> {
    let mut defects = Vec::new();
    let films = probe.streams.iter().filter(|stream| stream.moving_picture().is_some());
    let found: Vec<String> = films.map(|stream| String::from(stream.codec_name())).collect();
    if found != ["av1"] {
        defects.push(Defect::NotOneAv1 { found });
    }
    for stream in &probe.streams {
        let needed = matches!(stream.kind, StreamKind::Video(_) | StreamKind::Audio(_)) && !stream.is_cover();
        if needed && packets.stream(stream.index).is_none() {
            defects.push(Defect::EmptyStream { index: stream.index });
        }
    }
    let seen = || probe.streams.iter().filter_map(|stream| packets.stream(stream.index));
    let first = seen().filter_map(|stream| stream.first).min();
    let end = seen().filter_map(|stream| stream.end).max();
    let span = end.zip(first).map(|(end, first)| Micros(end.0.saturating_sub(first.0)));
    // Matroska's header has the expected duration from the start, so a file that was cut off still declares all of
    // it.
    if let Some(expected) = probe.duration()
        && span.is_none_or(|span| span.0.saturating_add(epsilon.0) < expected.0)
    {
        defects.push(Defect::Truncated { expected, found: span });
    }
    defects
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILM: &[u8] =
        br#"{"streams": [{"index": 0, "codec_type": "video", "codec_name": "av1", "width": 64, "height": 64},
        {"index": 1, "codec_type": "audio", "codec_name": "opus"}], "format": {"duration": "10"}}"#;

    fn codes(document: &[u8], lines: &[&str]) -> Vec<&'static str> {
        let mut packets = PacketSummary::default();
        for line in lines {
            packets.add_line(line);
        }
        let probe = MediaProbe::from_json(document).unwrap();
        judge_alone(&probe, &packets, Micros::from_secs(1)).iter().map(Defect::code).collect()
    }

    #[test]
    fn a_file_is_judged_by_its_own_header() {
        assert_eq!(codes(FILM, &["0,5,0.04", "0,14.6,0.04", "1,5,1"]), [] as [&str; 0], "wherever it starts");
        assert_eq!(codes(FILM, &["0,0,0.04", "0,6,0.04", "1,0,1"]), ["truncated"]);
        assert_eq!(codes(FILM, &["0,0,10"]), ["empty-stream"]);
        let other = String::from_utf8(FILM.to_vec()).unwrap().replace("av1", "h264");
        assert_eq!(codes(other.as_bytes(), &["0,0,10", "1,0,10"]), ["not-one-av1"]);
        assert_eq!(codes(FILM, &[]), ["empty-stream", "empty-stream", "truncated"]);
    }
}
