//! Tests that the crate is what its docs say: without side effects, and with few dependencies, which have no side
//! effects either.
#![allow(clippy::unwrap_used, reason = "helpers of tests; clippy's exemption covers test functions only")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The text of a file of this crate.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Without `std` the code has no name for a file, a process, a clock or the environment, and without `unsafe` it
/// can't get around that.
#[test]
fn the_compiler_proves_that_there_are_no_side_effects() {
    let root = read("src/lib.rs");
    let lines: Vec<&str> = root.lines().collect();
    assert!(lines.contains(&"#![no_std]"));
    assert!(lines.contains(&"#![forbid(unsafe_code)]"));
    let std = lines.iter().position(|line| line.starts_with("extern crate std"));
    let before = std.and_then(|line| lines.get(line.checked_sub(1)?));
    assert!(std.is_none() || before == Some(&"#[cfg(test)]"), "std is there for unit tests only");
}

#[test]
fn there_are_four_dependencies() {
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap();
    let names = section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty());
    assert_eq!(names.collect::<Vec<_>>(), ["libm", "serde", "serde_json", "thiserror"]);
}

/// The crates that become part of a program which uses this crate. Macros aren't listed, because they run at build
/// time.
#[test]
fn the_dependencies_bring_little_along() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "av1plan", "--edges", "normal,no-proc-macro"])
        .args(["--prefix", "none", "--format", "{lib} {f}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = str::from_utf8(&tree.stdout).unwrap();
    let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    let expected =
        ["av1plan", "itoa", "libm", "memchr", "serde", "serde_core", "serde_json", "thiserror", "zmij"];
    assert_eq!(names, expected);
    // The dependencies must be built without `std`, or they could do what this crate can't.
    let features = tree.lines().filter_map(|line| line.split_once(' ')).map(|(_, features)| features);
    assert!(!features.flat_map(|list| list.split(',')).any(|feature| feature == "std"), "{tree}");
}

/// Only the traits of serde may appear in the public API. Then any other crate can be replaced without a breaking
/// change.
#[test]
fn no_public_item_names_another_crate_than_serde() {
    let mut lines = 0;
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let items =
            code.lines().filter(|line| line.trim_start().starts_with("pub ") || line.starts_with("impl"));
        for line in items {
            lines += 1;
            // A tuple struct's field is private.
            let line = line.split("struct").next().unwrap();
            assert!(
                !line.contains("serde_json") && !line.contains("thiserror"),
                "{}: {line}",
                path.display()
            );
        }
        assert!(!code.contains("#[from]"), "{}: that makes a public conversion", path.display());
    }
    assert!(lines > 500, "only {lines} items were found");
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
