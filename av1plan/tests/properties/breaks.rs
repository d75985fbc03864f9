//! A list of changes to a result's probe, each of which breaks one promise of the contract. The judge must find every
//! one.

use av1plan::EncodePlan;
use proptest::sample::Index;
use serde_json::{Value, json};

/// Breaks one promise in the ffprobe document of a result that holds all of them. Returns false if the plan doesn't
/// make that promise.
pub(crate) type Break = fn(&mut Value, &EncodePlan, Index) -> bool;

/// One change for each promise, with its name.
pub(crate) const BREAKS: [(&str, Break); 26] = [
    ("a stream too few", |document, _, place| {
        let streams = document["streams"].as_array_mut().expect("a list");
        streams.remove(place.index(streams.len()));
        true
    }),
    ("a stream too many", |document, _, _| {
        let streams = document["streams"].as_array_mut().expect("a list");
        streams.push(json!({"index": 999, "codec_type": "subtitle", "codec_name": "subrip"}));
        true
    }),
    ("a second video", |document, _, place| {
        swap_other(document, place, &json!({"codec_type": "video", "codec_name": "av1"}))
    }),
    ("another kind of stream", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        index != video(plan) && set(document, index, "codec_type", &json!("nb"))
    }),
    ("no av1", |document, plan, _| set(document, video(plan), "codec_name", &json!("h264"))),
    ("another codec", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        !plan.contract.streams[index].codec.is_empty() && set(document, index, "codec_name", &json!("x"))
    }),
    ("another language", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        plan.contract.streams[index].language.is_some()
            && set(document, index, "tags", &json!({"language": "tlh"}))
    }),
    ("no title", |document, plan, place| {
        let expected = &plan.contract.streams[place.index(plan.contract.streams.len())];
        let tags = json!({"language": expected.language});
        expected.title.is_some() && set(document, place.index(plan.contract.streams.len()), "tags", &tags)
    }),
    ("another tag", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let tags = &plan.contract.streams[index].tags;
        let Some((name, _)) = tags.iter().next() else { return false };
        document["streams"][index]["tags"][name] = json!("x y z");
        true
    }),
    ("no tags of the film", |document, plan, _| {
        document["format"]["tags"] = json!({});
        !plan.contract.tags.is_empty()
    }),
    ("a flag too few", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let flag = plan.contract.streams[index].flags.flags().next();
        flag.is_some_and(|flag| set_flag(document, index, flag, false))
    }),
    ("no side data", |document, plan, _| {
        !plan.contract.picture.side_data.is_empty()
            && set(document, video(plan), "side_data_list", &json!([]))
    }),
    ("no title of the film", |document, plan, _| {
        document["format"]["tags"] = json!({});
        plan.contract.tags.get("title").is_some()
    }),
    ("other channels", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        plan.contract.streams[index].channels > 0 && set(document, index, "channels", &json!(77))
    }),
    ("another sample rate", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        plan.contract.streams[index].sample_rate > 0 && set(document, index, "sample_rate", &json!(77))
    }),
    ("another default", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let flag = plan.contract.streams[index].default;
        flag.is_some_and(|flag| set_flag(document, index, "default", !flag))
    }),
    ("another forced", |document, plan, place| {
        let index = place.index(plan.contract.streams.len());
        let flag = plan.contract.streams[index].forced;
        flag.is_some_and(|flag| set_flag(document, index, "forced", !flag))
    }),
    ("another width", |document, plan, _| set(document, video(plan), "width", &json!(3))),
    ("another height", |document, plan, _| set(document, video(plan), "height", &json!(3))),
    ("another pixel format", |document, plan, _| set(document, video(plan), "pix_fmt", &json!("yuv444p"))),
    ("another shape of pixels", |document, plan, _| {
        plan.contract.picture.sample_aspect_ratio.is_some()
            && set(document, video(plan), "sample_aspect_ratio", &json!("999:1"))
    }),
    ("no matrix", |document, plan, _| {
        plan.contract.picture.color.matrix.is_some()
            && set(document, video(plan), "color_space", &Value::Null)
    }),
    ("another transfer", |document, plan, _| {
        plan.contract.picture.color.transfer.is_some()
            && set(document, video(plan), "color_transfer", &json!("log316"))
    }),
    ("other primaries", |document, plan, _| {
        plan.contract.picture.color.primaries.is_some()
            && set(document, video(plan), "color_primaries", &json!("smpte240m"))
    }),
    ("a chapter too many", |document, _, _| {
        document["chapters"].as_array_mut().expect("a list").push(json!({}));
        true
    }),
    ("a duration beyond the tolerance, or none", |document, plan, _| {
        if plan.contract.is_measured() {
            document["format"] = json!({});
            return true;
        }
        let (promised, epsilon) = (plan.contract.duration, plan.contract.duration_epsilon);
        document["format"] = promised.map_or(Value::Null, |duration| {
            let micros = duration.0 + epsilon.0 + 1;
            json!({"duration": format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)})
        });
        promised.is_some()
    }),
];

/// The index of the video stream in the result.
pub(crate) fn video(plan: &EncodePlan) -> usize {
    let av1 = |stream: &av1plan::plan::ExpectedStream| stream.kind == av1plan::plan::StreamType::Video;
    plan.contract.streams.iter().position(av1).expect("a contract has a video")
}

fn set(document: &mut Value, index: usize, field: &str, value: &Value) -> bool {
    document["streams"][index][field] = value.clone();
    true
}

fn set_flag(document: &mut Value, index: usize, flag: &str, value: bool) -> bool {
    document["streams"][index]["disposition"][flag] = json!(u8::from(value));
    true
}

/// Replaces a stream that isn't video by `other`. Returns false if there is none.
fn swap_other(document: &mut Value, place: Index, other: &Value) -> bool {
    let streams = document["streams"].as_array_mut().expect("a list");
    let mut others: Vec<&mut Value> =
        streams.iter_mut().filter(|stream| stream["codec_type"] != "video").collect();
    if others.is_empty() {
        return false;
    }
    let count = others.len();
    *others[place.index(count)] = other.clone();
    true
}
