//! Makes a value for each code, with made-up facts.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests; clippy's exemption covers test functions only"
)]

use serde_json::{Value, json};

/// The variant with this code, with made-up facts.
pub(crate) fn with_some_facts<T: serde::de::DeserializeOwned>(code: &str) -> T {
    written(code)
        .into_iter()
        .find_map(|value| serde_json::from_value(value).ok())
        .unwrap_or_else(|| panic!("no facts here fit {code}; add them to the candidates"))
}

/// The code as JSON, once with the facts of each variant that it could be.
fn written(code: &str) -> Vec<Value> {
    let gap = json!({"at": 1, "length": 1});
    let numbers = json!({
        "score": 1, "width": 1, "height": 1, "millibits": 1, "degrees": 90, "size": 1, "min_bytes": 1, "links": 2,
        "nominal": {"numerator": 300, "denominator": 1}, "from": 3, "frames": 1, "index": 1, "exit_code": 1, "count": 1,
        "dropped": 1, "duplicated": 1, "decoded": 1, "encoded": 1, "profile": 5, "source": 1, "read": [1, 1], "written": [1, 1],
        "expected": 1, "found": 1, "at": 1, "until": 2, "plane": "redness", "error": 1, "allowed": 1, "by": 1, "limit": 1,
        "packets": 1, "pictures": 1, "length": 1, "undecodable": 1, "to": 4, "kind": "audio", "gap": gap, "line": "x", "missing": ["decode"], "what": "a timecode track",
    });
    let samples = json!({
        "goals": "vmaf-neg 95", "ladder": 96, "predicted": 1, "level": 96, "windows": 24, "sampled": 1, "bytes": 1,
        "bytes_error": 1, "scores": [{"metric": "vmaf-neg", "score": 95000, "error": 200, "worst": 91000}],
    });
    let mut numbers = numbers;
    numbers.as_object_mut().unwrap().extend(samples.as_object().unwrap().clone());

    let mut words = numbers.clone();
    for field in [
        "wanted",
        "order",
        "tag",
        "to",
        "from",
        "extension",
        "text",
        "format",
        "tags",
        "property",
        "expected",
        "found",
    ] {
        words[field] = json!("word");
    }
    words["gates"] = json!(["too-small"]);
    words["marker"] = json!("file");
    let mut properties = words.clone();
    properties["property"] = json!("size");
    let mut lists = words.clone();
    lists["found"] = json!(["h264"]);
    let candidates = [Value::Null, words, properties, numbers, lists, json!([{"code": "unreadable"}])];
    let tagged = candidates.into_iter().map(|facts| match facts {
        Value::Null => json!({"code": code}),
        facts => json!({"code": code, "facts": facts}),
    });
    tagged.collect()
}
