//! `av1cli undo`: kept originals are put back, and nobody's changes are lost.

#![cfg(test)]

use std::fs;

use av1d_tests::{Library, PICTURE};
use serde_json::Value;

/// A library that keeps originals, with one replaced film, and the original's bytes.
fn replaced(name: &str) -> Option<(Library, Vec<u8>)> {
    let codec = if name == "Film.avi" { "mpeg4 -q:v 1 -an" } else { "libx264 -preset ultrafast -crf 10" };
    replaced_as(codec, name)
}

fn replaced_as(codec: &str, name: &str) -> Option<(Library, Vec<u8>)> {
    let mut library = Library::open()?;
    library.hurry();
    library.set("keep_original", true);
    library.make(name, &PICTURE.replace("libx264 -preset ultrafast -crf 10", codec));
    let original = fs::read(library.path(name)).unwrap();
    library.encode(name).exits_with(0).says("[replaced]");
    Some((library, original))
}

const NAMES: [(&str, &str); 2] = [("Film.mkv", "Film.mkv"), ("Film.avi", "Film.mkv")];

#[test]
fn an_original_comes_back_and_is_left_alone() {
    for (name, result) in NAMES {
        let Some((library, original)) = replaced(name) else { return };
        let before = library.files();
        assert!(before.contains(&format!("{name}.orig")), "{before:?}");
        let dry = library.run(["undo", "--dry-run", result]).exits_with(0);
        assert!(dry.text().contains("would be put back"), "{dry}");
        assert_eq!(library.files(), before, "only said");
        library.media(result).is_av1();

        let run = library.run(["undo", result]).exits_with(0);

        assert!(run.text().contains("is the original again"), "{run}");
        assert!(fs::read(library.path(name)).unwrap() == original, "byte for byte");
        assert_eq!(library.files(), [name.to_owned(), format!("{name}.av1skip")]);
        let job = library.job();
        assert_eq!(job["outcome"]["code"], "undone");
        assert!(job["outcome"].get("replaced_by").is_none() && job["undone"].is_string(), "{job}");
        let status = library.run(["status", "--json"]).exits_with(0).documents().remove(0);
        assert_eq!(status["totals"]["jobs"]["undone"], 1);
        assert_eq!(status["totals"]["bytes_before"], 0, "it saves nothing any more: {status}");

        let again = library.run(["undo", name]).exits_with(0);
        assert!(again.text().contains("was put back already"), "{again}");
        library.watch_once().exits_with(0);
        assert_eq!(library.jobs().len(), 1, "it isn't encoded again");
        assert!(fs::read(library.path(name)).unwrap() == original);

        library.run(["unskip", name]).exits_with(0);
        library.watch_once().exits_with(0).says("[replaced]");
        assert_eq!(library.run(["undo", result]).exits_with(0).text().lines().count(), 1);
        assert!(fs::read(library.path(name)).unwrap() == original, "a second time, by the second job");
    }
}

#[test]
fn what_was_changed_since_is_refused_and_nothing_is_touched() {
    for (name, result) in NAMES {
        let Some((library, _)) = replaced(name) else { return };
        let before = library.files();
        let refuse = |code: &str| {
            let held = |name: &String| fs::read(library.path(name)).unwrap();
            let contents: Vec<Vec<u8>> = library.files().iter().map(held).collect();
            library
                .run(["undo", result])
                .exits_with(1)
                .prints_nothing()
                .says(format!("[{code}]"))
                .says("hint: ");
            assert_eq!(contents, library.files().iter().map(held).collect::<Vec<_>>());
        };
        let (path, kept) = (library.path(result), library.path(format!("{name}.orig")));
        let whole = fs::read(&path).unwrap();
        let mut edited = whole.clone();
        let middle = edited.len() / 2;
        edited[middle] ^= 1;
        fs::write(&path, edited).unwrap();
        refuse("replacement-changed");
        fs::write(&path, whole).unwrap();
        let aside = kept.with_extension("moved");
        fs::rename(&kept, &aside).unwrap();
        refuse("no-original");
        fs::copy(&path, &kept).unwrap();
        refuse("original-changed");
        fs::remove_file(&kept).unwrap();
        fs::rename(&aside, &kept).unwrap();
        assert_eq!(library.files(), before);
        assert_eq!(library.job()["outcome"]["code"], "replaced");
        library.run(["undo", &format!("{name}.orig")]).exits_with(0);
    }
}

#[test]
fn programs_get_a_document_a_film_whether_it_was_put_back_or_not() {
    let Some((library, _)) = replaced("Film.avi") else { return };
    fs::write(library.path("Other.mkv"), "x").unwrap();
    let job = library.job()["id"].clone();
    let ask = |arguments: &[&str], exit| {
        let run =
            library.run([&["undo", "--json", "Other.mkv", "Film.mkv"], arguments].concat()).exits_with(exit);
        assert!(run.stderr.is_empty(), "{run}");
        let documents = run.documents();
        assert_eq!(documents.len(), 2, "{run}");
        let head = (&documents[0]["format"], &documents[0]["version"], &documents[0]["code"]);
        assert_eq!(head, (&"av1.undo".into(), &"1.0".into(), &"no-job".into()));
        assert!(documents[0]["hint"].is_string() && documents[0].get("job").is_none());
        assert_eq!(documents[1]["job"], job);
        assert_eq!(documents[1]["path"], library.path("Film.avi").to_str().unwrap());
        documents[1].clone()
    };
    let steps = Value::from(vec!["mark", "put-back", "drop-backup", "delete-target", "record"]);
    let dry = ask(&["--dry-run"], 1);
    assert_eq!(
        (&dry["code"], &dry["steps"], &dry["left"]),
        (&"would-be-undone".into(), &steps, &Value::Array(vec![]))
    );

    let whole = fs::read(library.path("Film.mkv")).unwrap();
    fs::write(library.path("Film.mkv"), &whole[1..]).unwrap();
    let refused = ask(&[], 1);
    assert_eq!((&refused["code"], &refused["steps"]), (&"replacement-changed".into(), &Value::Array(vec![])));
    assert!(refused["hint"].as_str().unwrap().contains("`mv -n -- "), "{refused}");
    fs::write(library.path("Film.mkv"), whole).unwrap();

    let done = ask(&[], 1);
    assert_eq!((&done["code"], &done["steps"]), (&"undone".into(), &steps));
    assert_eq!(ask(&[], 1)["code"], "already-undone");
    assert_eq!(library.run(["undo", "--json", "Film.mkv"]).exits_with(0).documents().len(), 1);
}

#[test]
fn a_film_of_a_long_name_is_undone_by_its_originals_and_what_stays_is_named() {
    let name = format!("{}.avi", "ö".repeat(124));
    let Some((library, original)) = replaced_as("mpeg4 -q:v 1 -an", &name) else { return };
    let kept = library.files().into_iter().find(|name| name.contains('~')).unwrap();
    fs::rename(library.path(&kept), library.path(&name)).unwrap();
    let result = name.replace(".avi", ".mkv");
    fs::write(library.path(&result), "somebody's").unwrap();
    let run = library.run(["undo", &kept]).exits_with(0);
    assert!(run.text().contains("is the original again") && run.text().contains("; not deleted"), "{run}");
    assert!(run.text().trim_end().ends_with(&result), "{run}");
    assert!(fs::read(library.path(&name)).unwrap() == original);
    assert_eq!(fs::read(library.path(&result)).unwrap(), b"somebody's");
}

#[test]
fn a_film_that_nobody_replaced_is_refused_and_does_not_stop_the_others() {
    let Some((library, original)) = replaced("Film.mkv") else { return };
    fs::write(library.path("Other.mkv"), "x").unwrap();
    fs::write(library.path("Other.mkv.orig"), "y").unwrap();
    let run = library.run(["undo", "Other.mkv", "Film.mkv"]).exits_with(1);
    run.says("no job of this state folder replaced Other.mkv").says("hint: ");
    assert!(fs::read(library.path("Film.mkv")).unwrap() == original);
    assert_eq!(fs::read(library.path("Other.mkv")).unwrap(), b"x");
}

#[test]
fn two_of_us_do_not_work_on_one_library() {
    let Some((library, _)) = replaced("Film.mkv") else { return };
    let before = library.files();
    for lock in [library.root().join(".av1d.lock"), library.state().join("lock")] {
        // The lock file names no holder. If it named a process that is dead, `undo` would wait for the lock.
        let file = fs::File::create(&lock).unwrap();
        file.lock().unwrap();
        library.run(["undo", "Film.mkv"]).exits_with(4).prints_nothing().says("another av1d");
        drop(file);
    }
    assert_eq!(library.files(), before);
    assert_eq!(library.job()["outcome"]["code"], Value::from("replaced"));
    library.run(["undo", "Film.mkv"]).exits_with(0);
}

#[test]
fn a_job_whose_file_is_damaged_is_named_and_nothing_is_touched() {
    let Some((library, _)) = replaced("Film.mkv") else { return };
    let id = library.job()["id"].as_str().unwrap().to_owned();
    let file = library.state().join(format!("finished/{}-{}/{id}.json.gz", &id[..4], &id[4..6]));
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let before = library.files();
    library.run(["undo", "Film.mkv"]).exits_with(1).says("[unread-job]").says(file.to_str().unwrap());
    assert_eq!(library.files(), before);
    fs::write(&file, whole).unwrap();
    library.run(["undo", "Film.mkv"]).exits_with(0);
}
