//! Films for which a property failed once. They are kept as tests of their own, since a seed of proptest finds
//! another film as soon as the strategies change.

use av1plan::plan::{EncoderSettings, Filter, LossKind};
use av1plan::probe::{Primaries, Range};
use av1plan::wire::Document;
use av1plan::{EncodePlan, FileFacts, Micros, Rational};
use serde_json::{Value, json};

use crate::argv::{options, values};
use crate::films::Film;
use crate::policy::Policy;

/// The plan of a film with these fields in its video stream, and these other streams.
fn plan(video: &Value, others: &[Value]) -> EncodePlan {
    let mut stream = json!({"codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080});
    for (field, value) in video.as_object().expect("fields") {
        stream[field] = value.clone();
    }
    let streams: Vec<Value> = std::iter::once(stream).chain(others.iter().cloned()).collect();
    let film = Film {
        file: FileFacts::new("Film.mkv", 1 << 33),
        document: json!({"streams": streams}),
        hdr10_plus: None,
        survey: None,
    };
    crate::encoded(film.plan(&Policy::open())).expect("the film is encoded")
}

/// SVT-AV1 reads only the lower 32 bits of a longer number, and then uses a wrong rate (measured with ffmpeg 8.0).
#[test]
fn a_rate_counted_from_frames_fits_what_svt_reads() {
    let counted = json!({"avg_frame_rate": "0/0", "r_frame_rate": "2000/1", "nb_frames": 129_600, "duration": "5400.1"});
    let EncoderSettings::Svt(svt) = plan(&counted, &[]).video.settings else {
        panic!("SVT-AV1 is preferred");
    };
    let rate = svt.nominal_rate.expect("2000 frames a second are refused");
    assert_eq!(Rational::from(rate).thousandths(), 23_999);
}

/// The pad filter would separate the metadata from its picture, and without the filter the result isn't of the
/// promised size.
#[test]
fn dolby_vision_of_odd_size_is_a_loss() {
    let record = json!({"side_data_type": "DOVI configuration record", "dv_profile": 8,
                        "dv_bl_signal_compatibility_id": 1, "rpu_present_flag": 1, "el_present_flag": 0});
    let even = plan(&json!({"side_data_list": [record]}), &[]);
    assert!(even.video.dolby_vision);
    let odd = plan(&json!({"width": 1919, "side_data_list": [record]}), &[]);
    assert!(!odd.video.dolby_vision && odd.video.filters.contains(&Filter::PadToEven));
    assert_eq!(odd.losses[0].kind, LossKind::DolbyVision);
}

/// ffprobe prints no such tag, but a document from elsewhere may have it, and somebody may run its plan in a shell.
#[test]
fn a_colour_tag_is_no_way_into_the_filters() {
    let hostile = json!({"pix_fmt": "gbrp", "color_transfer": "bt709,movie=secret.mkv[x];[x]"});
    let plan = plan(&hostile, &[]);
    assert!(!values(&options(&plan), "-vf").concat().contains("movie"));
    assert_eq!(plan.losses[1].what, "the colour tags transfer bt709,movie=secret.mkv[x];[x]");
}

/// ffmpeg 9 has names for colour tags that AV1 has no number for. The result can't have such a tag (measured with
/// ffmpeg 9.0.2).
#[test]
fn a_colour_that_av1_has_no_number_for_is_a_loss_and_no_promise() {
    for format in ["yuv420p", "gbrp"] {
        let video = json!({"pix_fmt": format, "color_primaries": "vgamut", "color_transfer": "vlog", "color_range": "tv"});
        let plan = plan(&video, &[]);
        assert!(
            plan.losses.iter().any(|loss| loss.what == "the colour tags transfer vlog, primaries vgamut"),
            "{format}"
        );
        assert!(
            plan.decisions.iter().any(|decision| decision.reason.code() == "color-beyond-av1"),
            "{format}"
        );
        let promised = plan.contract.picture.color;
        let hd = (format == "gbrp").then_some(Primaries::Bt709);
        assert_eq!((promised.primaries, promised.range), (hd, Some(Range::Tv)), "{format}");
    }
}

/// ffmpeg reads a stream's number as an `int`, and -1 means every stream.
#[test]
fn an_index_that_ffmpeg_would_take_for_every_stream_is_ignored() {
    let options = options(&plan(&json!({"index": 4_294_967_295_u32}), &[]));
    assert_eq!(values(&options, "-map"), ["0:0"]);
}

/// A rate with numbers of more than 32 bits is given to the encoder in lowest terms.
#[test]
fn a_long_rate_is_given_in_lowest_terms() {
    let rates = json!({"avg_frame_rate": "24000000000000/1001000000000", "r_frame_rate": "2000/1"});
    let EncoderSettings::Svt(svt) = plan(&rates, &[]).video.settings else {
        panic!("SVT-AV1 is preferred");
    };
    assert_eq!(svt.nominal_rate.map(|rate| rate.to_string()).as_deref(), Some("24000/1001"));
}

/// A config file can't have a tolerance below 0, but a program can set one. The plan must still be one that its own
/// reader accepts.
#[test]
fn a_negative_tolerance_counts_as_zero() {
    let film = Film {
        file: FileFacts::new("Film.mkv", 1 << 33),
        document: json!({"streams": [{"codec_type": "video", "codec_name": "h264", "width": 64, "height": 64}]}),
        hdr10_plus: None,
        survey: None,
    };
    let mut policy = Policy::open();
    policy.config.duration_epsilon = Micros(-1);
    let verdict = film.plan(&policy);
    let document = Document::new(b"in", 1 << 33, b"out", &verdict).to_json();
    assert_eq!(Document::from_json(document.as_bytes()).unwrap().verdict().unwrap(), verdict);
}

/// The command removes a statistics tag by its name. A name that can't be put into a command stays.
#[test]
fn a_statistics_tag_that_cannot_be_put_into_a_command_stays() {
    let long = format!("BPS-{}", "x".repeat(300));
    let tags = json!({"tags": {"BPS": "1", "BPS-eng": "1", "BPS-\u{0}": "1", "BPS-a=b": "1", "title": "x", long: "1"}});
    let options = options(&plan(&tags, &[]));
    assert_eq!(values(&options, "-metadata:s:0"), ["BPS=", "BPS-eng="]);
}

#[test]
fn the_order_of_two_dts_tracks_says_nothing_about_the_source() {
    let dts = |profile: &str| json!({"codec_type": "audio", "codec_name": "dts", "profile": profile});
    let (core, master) = (dts("DTS"), dts("DTS-HD MA"));
    let core_first = plan(&json!({}), &[core.clone(), master.clone()]);
    assert_eq!(core_first.source_class, plan(&json!({}), &[master, core]).source_class);
}

/// A flag's name becomes part of `-disposition`. An empty name once made `+default` of it.
#[test]
fn a_flag_without_a_name_is_ignored() {
    let options = options(&plan(&json!({"disposition": {"": 1, "default": 1}}), &[]));
    assert_eq!(values(&options, "-disposition:0"), ["default"]);
}
