//! Films on which a property once failed: kept by themselves, since a seed says nothing once the strategies change.

use av1plan::encode::EncoderSettings;
use av1plan::loss::LossKind;
use av1plan::plan::Filter;
use av1plan::{EncodePlan, FileFacts};
use serde_json::{Value, json};

use crate::argv::{options, values};
use crate::films::Film;
use crate::policy::Policy;

/// The plan of a film with these fields of its video, and these other streams.
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
    };
    crate::encoded(film.plan(&Policy::open())).expect("the film is encoded")
}

/// SVT-AV1 takes the lower 32 bits of longer numbers, and then another rate than it was told (measured, 8.0).
#[test]
fn a_rate_counted_from_frames_fits_what_svt_reads() {
    let counted = json!({"avg_frame_rate": "0/0", "r_frame_rate": "2000/1", "nb_frames": 129_600, "duration": "5400.1"});
    let EncoderSettings::Svt(svt) = plan(&counted, &[]).video.settings else {
        panic!("SVT-AV1 is preferred");
    };
    let rate = svt.nominal_rate.expect("2000 frames a second are refused");
    assert!(u32::try_from(rate.numerator).is_ok() && u32::try_from(rate.denominator.get()).is_ok(), "{rate}");
    assert_eq!(rate.thousandths(), 23_999);
}

/// The pad filter would part the metadata from its picture, and without it the result isn't of the promised size.
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

/// ffprobe prints no such tag, but a document from elsewhere may, and its plan may be run in a shell.
#[test]
fn a_colour_tag_is_no_way_into_the_filters() {
    let hostile = json!({"pix_fmt": "gbrp", "color_transfer": "bt709,movie=secret.mkv[x];[x]"});
    let options = options(&plan(&hostile, &[]));
    assert!(!values(&options, "-vf").concat().contains("movie"));
}

#[test]
fn the_order_of_two_dts_tracks_says_nothing_about_the_source() {
    let dts = |profile: &str| json!({"codec_type": "audio", "codec_name": "dts", "profile": profile});
    let (core, master) = (dts("DTS"), dts("DTS-HD MA"));
    let core_first = plan(&json!({}), &[core.clone(), master.clone()]);
    assert_eq!(core_first.source_class, plan(&json!({}), &[master, core]).source_class);
}

/// The name of a flag is ffmpeg's word in `-disposition`; an empty one made `+default` of it.
#[test]
fn a_flag_without_a_name_is_none() {
    let options = options(&plan(&json!({"disposition": {"": 1, "default": 1}}), &[]));
    assert_eq!(values(&options, "-disposition:0"), ["default"]);
}
