//! File names that people, download programs and other systems give. A film with each of them must go through the whole
//! pipeline, and so must its sidecars.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use av1d_tests::Library;

use crate::check::defect;
use crate::stage::film_of;
use crate::table::{Case, Row, Violation};

/// The hostile file names, as bytes.
fn names() -> Vec<Vec<u8>> {
    let long = [vec![b'a'; 251], b".mkv".to_vec()].concat();
    let long_characters = ["\u{f6}".repeat(125).into_bytes(), b"x.mkv".to_vec()].concat();
    let mut names: Vec<Vec<u8>> = [
        &b"two\nlines.mkv"[..],
        b"\x1b[2J\x1b]0;title\x07escape.mkv",
        b"quotes ' \" `id` $(id).mkv",
        b"-i leading dash.mkv",
        b"frame%03d.mkv",
        b"a: colon.mkv",
        b"   .mkv",
        b"\xff\xfe not text.mkv",
        "\u{202e}vkm.bidi.mkv".as_bytes(),
        b"ends in dot..mkv",
        "caf\u{e9}.mkv".as_bytes(),
        "cafe\u{301}.mkv".as_bytes(),
        b"back\\slash\\n.mkv",
        b"glob [a-z]*?{x,y}.mkv",
        b"file:pipe:0.mkv",
        b"concat|two|three.mkv",
        "\u{1f3ac}\u{1f468}\u{200d}\u{1f469}.mkv".as_bytes(),
        b"tab\tand\rreturn.mkv",
    ]
    .map(<[u8]>::to_vec)
    .into();
    names.extend([long, long_characters]);
    names
}

pub(crate) fn rows() -> Vec<Row> {
    vec![Row::new("hostile names", |_| {
        let each = names().into_iter().map(|name| {
            let what = format!("{:.60}", String::from_utf8_lossy(&name).escape_debug().to_string());
            Case::new(what, move || whole_way(&name))
        });
        let mut cases: Vec<Case> = each.collect();
        cases.push(Case::new("all at once, with an .mkv that is only an extension", all_at_once));
        cases.push(Case::new("all at once, every result too big", too_big));
        Ok(cases)
    })]
}

fn library_of(names: &[Vec<u8>]) -> Result<(Library, Vec<u8>), String> {
    let mut library = Library::open().ok_or("ffmpeg 8 or newer is missing")?;
    library.hurry();
    let film = film_of(&library, "Film.mkv");
    for name in names {
        fs::write(library.path(OsString::from_vec(name.clone())), &film).unwrap();
    }
    fs::write(library.scratch().join("original.mkv"), &film).unwrap();
    Ok((library, film))
}

/// Each file's bytes, by the bytes of its name.
fn content(library: &Library) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let entries = fs::read_dir(library.root()).unwrap().flatten();
    let files = entries.map(|entry| (entry.file_name().into_vec(), fs::read(entry.path()).unwrap()));
    files.filter(|(name, _)| !name.starts_with(b".av1d")).collect()
}

fn whole_way(name: &[u8]) -> Vec<Violation> {
    let (library, _) = match library_of(&[name.to_vec()]) {
        Ok(set) => set,
        Err(why) => return vec![why],
    };
    let run = library.encode(OsString::from_vec(name.to_vec()));
    let mut found = replaced(&library, &[name.to_vec()]);
    if run.status.code() != Some(0) || !found.is_empty() {
        found.push(run.to_string());
    }
    if run.stderr.contains('\u{1b}') || run.stderr.contains('\u{202e}') {
        found.push(format!("a name's control characters reach the terminal: {:?}", run.stderr));
    }
    found
}

fn replaced(library: &Library, names: &[Vec<u8>]) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in names {
        let path = library.path(OsString::from_vec(name.clone()));
        if let Some(defect) = defect(&library.tools, &path, &library.scratch().join("original.mkv")) {
            found.push(format!("{path:?} isn't replaced: {defect}"));
        }
    }
    let files: Vec<Vec<u8>> = content(library).into_keys().collect();
    let mut expected = names.to_vec();
    expected.sort();
    if files != expected {
        let lossy: Vec<_> = files.iter().map(|name| String::from_utf8_lossy(name)).collect();
        found.push(format!("the files are {lossy:?}"));
    }
    found
}

fn all_at_once() -> Vec<Violation> {
    let names = names();
    let (library, film) = match library_of(&names) {
        Ok(set) => set,
        Err(why) => return vec![why],
    };
    fs::write(library.path(".mkv"), &film).unwrap();
    let run = library.watch_once();
    let mut found = Vec::new();
    if fs::read(library.path(".mkv")).unwrap() != film {
        found.push("a file called .mkv, which is hidden, was touched".to_owned());
    }
    fs::remove_file(library.path(".mkv")).unwrap();
    found.extend(replaced(&library, &names));
    if run.status.code() != Some(0) || !found.is_empty() {
        found.push(run.to_string());
    }
    let before = content(&library);
    let idle = library.watch_once();
    if content(&library) != before || library.jobs().len() != names.len() {
        found.push(format!("the next run isn't idle\n{idle}"));
    }
    found
}

fn too_big() -> Vec<Violation> {
    let names = names();
    let (mut library, film) = match library_of(&names) {
        Ok(set) => set,
        Err(why) => return vec![why],
    };
    library.set("max_size_ratio", 0.05);
    let run = library.watch_once();
    let mut found = Vec::new();
    let files = content(&library);
    for name in &names {
        if files.get(name) != Some(&film) {
            found.push(format!("{:?} is changed or gone", String::from_utf8_lossy(name)));
        }
    }
    let count = |suffix: &[u8]| files.keys().filter(|name| name.ends_with(suffix)).count();
    let (markers, texts) = (count(b".av1skip"), count(b".why.txt"));
    if (markers, texts, files.len()) != (names.len(), names.len(), 3 * names.len()) {
        found.push(format!("{markers} markers and {texts} texts in {} files", files.len()));
    }
    let texts = files.iter().filter(|(name, _)| name.ends_with(b".why.txt"));
    for (name, text) in texts {
        let text = String::from_utf8_lossy(text);
        if text.contains(|character: char| character.is_control() && character != '\n') {
            found.push(format!("{:?} holds control characters", String::from_utf8_lossy(name)));
        }
    }
    let before = content(&library);
    let idle = library.watch_once();
    if content(&library) != before {
        found.push(format!("the next run isn't idle\n{idle}"));
    }
    if run.status.code() != Some(0) || !found.is_empty() {
        found.push(run.to_string());
    }
    found
}
