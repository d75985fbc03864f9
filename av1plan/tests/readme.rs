//! Tests that the README and the schema say what the code says. With `AV1PLAN_UPDATE=1` the README is rewritten.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

mod facts;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use av1plan::SkipReason;
use av1plan::judge::{Defect, Judgement, Missing};
use av1plan::plan::{LossKind, Reason, Topic};
use facts::with_some_facts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// Asserts that a file has the content `expected`. With `AV1PLAN_UPDATE` set, writes it first.
#[track_caller]
fn is_as_the_code_says(name: &str, expected: &str) {
    if std::env::var_os("AV1PLAN_UPDATE").is_some() {
        fs::write(path(name), expected).unwrap();
    }
    let is = read(name);
    let line = is.lines().zip(expected.lines()).position(|(one, other)| one != other);
    assert!(is == expected, "{name} differs in line {line:?}: run this test with AV1PLAN_UPDATE=1");
}

/// Replaces the text between two markers.
fn between(text: &str, begin: &str, end: &str, inside: &str) -> String {
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{begin}{inside}{end}{after}")
}

#[test]
fn the_recipe_and_the_tables_of_codes_are_those_of_the_code() {
    let recipe = read("examples/encode_and_judge/recipe.rs");
    let (_, code) = recipe.split_once("\n\n").unwrap();
    let readme =
        between(&read("README.md"), "<!-- recipe -->\n```rust,no_run\n", "```\n<!-- recipe ends -->", code);
    let readme = between(&readme, "<!-- codes -->\n", "<!-- codes end -->", &tables());
    is_as_the_code_says("README.md", &readme);
}

fn tables() -> String {
    let own = |codes: &[&'static str], others: &[&str]| -> Vec<&'static str> {
        codes.iter().copied().filter(|code| !others.contains(code)).collect()
    };
    let (skips, losses) = (SkipReason::codes(), LossKind::codes());
    let mut text = String::new();
    text += &plain("Topics: what a decision is about", "Topic", "src/plan/decision.rs", Topic::codes());
    let reasons = own(Reason::codes(), skips);
    text += &with_facts::<Reason>("Reasons of decisions", "Reason", "src/plan/reason.rs", &reasons);
    text += "The decision on `gate` of a skipped film has the code of the skip.\n";
    let skips = own(skips, losses);
    text += &with_facts::<SkipReason>("Skips", "SkipReason", "src/plan/skip.rs", &skips);
    text += "A film that is skipped because of a loss has the code of that loss.\n";
    text += &plain("Losses", "LossKind", "src/plan/loss.rs", losses);
    text += &with_facts::<Judgement>("Judgements", "Judgement", "src/judge/mod.rs", Judgement::codes());
    text += &with_facts::<Defect>("Defects", "Defect", "src/judge/defect.rs", Defect::codes());
    text += &plain("Missing evidence", "Missing", "src/judge/evidence.rs", Missing::codes());
    text
}

/// A table of an enum whose variants have no fields.
fn plain(title: &str, of: &str, source: &str, codes: &[&str]) -> String {
    let meanings = meanings(of, source);
    let mut text = format!("\n### {title}\n\n| code | meaning |\n|---|---|\n");
    for code in codes {
        writeln!(text, "| `{code}` | {} |", meanings[*code]).unwrap();
    }
    text
}

/// A table of an enum whose variants have facts.
fn with_facts<T: DeserializeOwned + Serialize>(
    title: &str,
    of: &str,
    source: &str,
    codes: &[&str],
) -> String {
    let meanings = meanings(of, source);
    let mut text = format!("\n### {title}\n\n| code | facts | meaning |\n|---|---|---|\n");
    for code in codes {
        let facts = match facts_of::<T>(code) {
            Value::Object(facts) => {
                facts.keys().map(|fact| format!("`{fact}`")).collect::<Vec<_>>().join(", ")
            }
            Value::Array(_) => "a list".into(),
            _ => String::new(),
        };
        writeln!(text, "| `{code}` | {facts} | {} |", meanings[*code]).unwrap();
    }
    text + "\n"
}

fn facts_of<T: DeserializeOwned + Serialize>(code: &str) -> Value {
    serde_json::to_value(with_some_facts::<T>(code)).unwrap()["facts"].take()
}

/// The meaning of each code: the first paragraph of the doc comment on its variant.
fn meanings(of: &str, source: &str) -> BTreeMap<String, String> {
    let source = read(source);
    let name = |line: &str| line.trim().split([' ', ',', '(', '{']).next().unwrap_or_default().to_owned();
    let mut codes = BTreeMap::new();
    for line in source.lines() {
        if let Some((variant, code)) =
            line.trim().strip_suffix("\",").and_then(|line| line.split_once(" = \""))
        {
            codes.entry(variant.to_owned()).or_insert_with(Vec::new).push(code.to_owned());
        }
    }
    let from = source.find(&format!("pub enum {of}")).unwrap();
    let body = source[from..].split("\n}").next().unwrap();
    let (mut doc, mut whole, mut meanings) = (String::new(), false, BTreeMap::new());
    for line in body.lines().skip(1).map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            whole |= words.is_empty();
            if !whole {
                doc += words;
            }
        } else if !line.starts_with("#[") {
            for code in codes.get(&name(line)).into_iter().flatten().filter(|_| !doc.is_empty()) {
                let plain = doc.trim().replace("[`", "`").replace("`]", "`").replace('|', "\\|");
                meanings.insert(code.clone(), plain);
            }
            (doc, whole) = (String::new(), false);
        }
    }
    meanings
}

/// The schema lists the codes of version 1 with their facts, and accepts unknown codes of later versions 1.x.
#[test]
fn the_schema_lists_every_code_with_its_facts() {
    let schema: Value = serde_json::from_str(&read("schema/plan-1.schema.json")).unwrap();
    let listed = |codes: &[&str], what: &str| json!({"description": what, "anyOf": [{"enum": codes}, {"$ref": "#/$defs/code"}]});
    let definitions = [
        ("topic", listed(Topic::codes(), "What a decision is about.")),
        ("reason", listed(Reason::codes(), "Why something was chosen, or why a film is skipped.")),
        ("skip_code", listed(SkipReason::codes(), "Why a film is skipped.")),
        ("loss_code", listed(LossKind::codes(), "What a film loses.")),
        (
            "facts",
            json!({"description": "The facts of each code.", "allOf": Reason::codes().iter().filter_map(rule).collect::<Vec<_>>()}),
        ),
    ];
    for (name, definition) in definitions {
        assert!(schema["$defs"][name] == definition, "the schema must have {name:?}: {definition}");
    }
    let decision = &schema["$defs"]["decision"];
    for (place, definition) in
        [("/properties/topic", "topic"), ("/properties/code", "reason"), ("/allOf/0", "facts")]
    {
        assert_eq!(
            decision.pointer(place),
            Some(&json!({"$ref": format!("#/$defs/{definition}")})),
            "{place}"
        );
    }
}

/// The schema's rule that a code comes with its facts; `None` for a code without facts.
fn rule(code: &&str) -> Option<Value> {
    let Value::Object(facts) = facts_of::<Reason>(code) else { return None };
    let kind = |value: &Value| match value {
        Value::String(_) => json!({"type": "string"}),
        Value::Array(_) => json!({"type": "array", "items": {"type": "string"}}),
        Value::Object(_) => json!({"$ref": "#/$defs/rational"}),
        _ => json!({"type": "integer"}),
    };
    let names: Vec<&String> = facts.keys().collect();
    let properties: Map<String, Value> =
        facts.iter().map(|(name, value)| (name.clone(), kind(value))).collect();
    Some(json!({
        "if": {"properties": {"code": {"const": code}}},
        "then": {"required": ["facts"], "properties": {"facts": {"required": names, "properties": properties}}},
    }))
}
