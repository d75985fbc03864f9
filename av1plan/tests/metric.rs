//! Tests of which metric a picture is scored with.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use av1plan::judge::{Metric, MetricName, Model};
use av1plan::{Config, FileFacts, MediaProbe, Source, Toolchain, Verdict};

const BOTH: &str = " .. libvmaf           VV->V      Calculate the VMAF between two video streams.\n T. xpsnr             VV->V      Calculate";
const XPSNR: &str = " T. xpsnr   VV->V  Like libvmaf\n";

fn among(filters: &str, asked: Option<MetricName>, width: u32, transfer: &str) -> Option<Metric> {
    let document = format!(
        r#"{{"streams": [{{"index": 0, "codec_type": "video", "codec_name": "vp9", "width": {width}, "height": 800,
            "color_transfer": "{transfer}"}}], "format": {{"duration": "10"}}}}"#
    );
    let probe = MediaProbe::from_json(document.as_bytes()).unwrap();
    let file = FileFacts::new("a.mkv", 9_000_000_000);
    let verdict = av1plan::plan(&Source::new(&file, &probe), &Toolchain::assumed(), &Config::default());
    let Verdict::Encode(plan) = verdict else { unreachable!("{verdict:?}") };
    Metric::among(filters, asked, &plan)
}

#[test]
fn vmaf_is_chosen_if_available_and_xpsnr_for_hdr() {
    let vmaf = |model| Some(Metric::Vmaf { model });
    assert_eq!(among(BOTH, None, 1920, "bt709"), vmaf(Model::Hd));
    assert_eq!(among(BOTH, None, 3840, "bt709"), vmaf(Model::Uhd));
    assert_eq!(among(BOTH, None, 3840, "smpte2084"), Some(Metric::Xpsnr));
    assert_eq!(among(BOTH, Some(MetricName::Vmaf), 1920, "arib-std-b67"), vmaf(Model::Hd));
    assert_eq!(among(XPSNR, None, 1920, "bt709"), Some(Metric::Xpsnr));
    assert_eq!(among(XPSNR, Some(MetricName::Vmaf), 1920, "bt709"), None);
    assert_eq!(among("", None, 1920, "bt709"), None);
}
