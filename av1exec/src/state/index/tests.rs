//! Tests of what the index stores and forgets, and of damaged indexes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::*;
use crate::state::code::WANTED;

fn entry(size: u64) -> FilmEntry {
    let identity =
        Identity { device: u64::MAX, inode: 7, size, modified_ns: -5, changed_ns: i64::MAX, links: 1 };
    FilmEntry::new(identity, Timestamp::from_second(1_800_000_000).unwrap())
}

fn remember(index: &mut Index, path: &Path, entry: &FilmEntry) {
    index.write([&Write::Entries(vec![(path.to_owned(), entry.clone())])]).unwrap();
}

fn opened(folder: &Path) -> Index {
    let Opened { index, damaged, .. } = Index::open(folder).unwrap();
    assert!(damaged.is_none(), "{damaged:?}");
    index
}

#[test]
fn what_was_written_is_read_again_whatever_the_bytes_of_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let name = PathBuf::from(OsString::from_vec(b"/films/\xff\xfe\n'\"%.mkv".to_vec()));
    let now = Timestamp::from_second(1_800_000_123).unwrap();
    let rests = [RetryAfter::Now, RetryAfter::Until(now), RetryAfter::UntilReplanned, RetryAfter::UntilAsked];
    let mut written: BTreeMap<PathBuf, FilmEntry> = BTreeMap::new();
    for (number, retry_after) in rests.into_iter().enumerate() {
        let last_outcome = LastOutcome {
            code: "a-code".into(),
            fingerprint: Fingerprint([9; 16]),
            retry_after,
            spent: Spent { failures: 2, put_off: 4 },
        };
        written.insert(
            name.join(number.to_string()),
            FilmEntry { last_outcome: Some(last_outcome), ..entry(1 << 40) },
        );
    }
    written.insert(name, entry(0));
    opened(folder.path()).write([&Write::Entries(written.clone().into_iter().collect())]).unwrap();
    assert_eq!(opened(folder.path()).load().unwrap(), written);
}

#[test]
fn what_ffprobe_said_stays_until_the_film_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, probe) =
        (Path::new("/a.mkv"), ProbeText::new(b"{}".to_vec()).with_frame(Some(b"[]".to_vec())));
    let mut index = opened(folder.path());
    let probed = FilmEntry { is_probed: true, ..entry(5) };
    index.write([&Write::Probe(path.into(), Box::new(probed.clone()), probe.clone())]).unwrap();
    remember(&mut index, path, &probed);
    assert_eq!(index.load().unwrap()[path], probed);
    let (film, changed) = (entry(5).identity, entry(6).identity);
    assert_eq!(index.probe(path, &film).unwrap(), Some(probe));
    assert_eq!(index.probe(path, &changed).unwrap(), None, "it was said of another file");
    // Even if the entry claims that the film was probed: the probe of this file couldn't be written.
    remember(&mut index, path, &FilmEntry { is_probed: true, ..entry(6) });
    assert_eq!(index.probe(path, &changed).unwrap(), None);
    remember(&mut index, path, &entry(6));
    assert_eq!(index.probe(path, &changed).unwrap(), None);
    assert_eq!(index.load().unwrap()[path], entry(6));
    index.write([&Write::Forget(vec![path.into()])]).unwrap();
    assert!(index.load().unwrap().is_empty());
}

#[test]
fn a_film_that_is_asked_for_is_as_if_never_tried() {
    let folder = tempfile::tempdir().unwrap();
    let mut index = opened(folder.path());
    let path = Path::new("/a");
    let none = Spent { failures: 0, put_off: 0 };
    for (code, retry_after, spent, expected) in [
        ("x", RetryAfter::UntilAsked, Spent { failures: 0, put_off: 3 }, true),
        ("already-av1", RetryAfter::UntilReplanned, none, true),
        (WANTED, RetryAfter::Now, Spent { failures: 1, put_off: 0 }, true),
        (WANTED, RetryAfter::Now, none, false),
        ("replaced", RetryAfter::UntilAsked, none, false),
    ] {
        let last_outcome =
            LastOutcome { code: code.into(), fingerprint: Fingerprint([0; 16]), retry_after, spent };
        let known = FilmEntry { last_outcome: Some(last_outcome), ..entry(5) };
        remember(&mut index, path, &known);
        assert_eq!(index.forget_outcome(path).unwrap(), expected, "{code}");
        assert_eq!(index.load().unwrap()[path], if expected { entry(5) } else { known }, "{code}");
    }
    assert!(!index.forget_outcome(Path::new("/b")).unwrap());
}

#[test]
fn a_damaged_index_is_set_aside_and_begun_anew() {
    let of_another_shape = |path: &Path| {
        let other = Connection::open(path).unwrap();
        other.execute_batch("CREATE TABLE films (a); PRAGMA user_version = 1;").unwrap();
    };
    let garbage = |path: &Path| std::fs::write(path, [b'x'; 5000]).unwrap();
    let cut = |path: &Path| {
        drop(opened(path.parent().unwrap()));
        let whole = std::fs::read(path).unwrap();
        let mut broken = whole[..whole.len() / 2].to_vec();
        broken[100..200].fill(0xff);
        std::fs::write(path, broken).unwrap();
    };
    // The first page, which describes the others, stays intact.
    let overwritten = |path: &Path| {
        remember(&mut opened(path.parent().unwrap()), Path::new("/b"), &entry(2));
        let mut whole = std::fs::read(path).unwrap();
        whole[4096..].fill(b'x');
        std::fs::write(path, whole).unwrap();
    };
    let damages: [&dyn Fn(&Path); 4] = [&of_another_shape, &garbage, &cut, &overwritten];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        damage(&folder.path().join(FILE_NAME));
        let Opened { mut index, damaged, .. } = Index::open(folder.path()).unwrap();
        let (aside, _) = damaged.unwrap();
        assert!(aside.exists());
        remember(&mut index, Path::new("/a"), &entry(1));
        drop(index);
        assert_eq!(opened(folder.path()).load().unwrap().len(), 1);
    }
}

#[test]
fn an_index_of_a_newer_program_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch("CREATE TABLE films (path); PRAGMA user_version = 2;").unwrap();
    drop(newer);
    let before = std::fs::read(&path).unwrap();
    for error in [Index::open(folder.path()).unwrap_err(), census(folder.path()).unwrap_err()] {
        let text = error.to_string();
        assert!(
            text.ends_with("it is of shape 2, and 1 is the latest that is known here: a newer av1d wrote it"),
            "{text}"
        );
        assert!(error.hint().starts_with("start the newer av1d"), "{}", error.hint());
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_folder_that_cant_be_written_to_is_an_error_and_no_damage() {
    let error = Index::open(Path::new("/proc/none")).unwrap_err();
    assert!(error.to_string().starts_with("the index /proc/none/index.sqlite can't be used: "), "{error}");
}

#[test]
fn films_are_counted_by_what_came_of_them_without_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(census(folder.path()).unwrap(), BTreeMap::new());
    let mut index = opened(folder.path());
    let codes = ["replaced", WANTED, "too-big", "too-big"].map(Some).into_iter().chain([None]);
    for (number, code) in codes.enumerate() {
        let last_outcome = code.map(|code| LastOutcome {
            code: code.into(),
            fingerprint: Fingerprint([0; 16]),
            retry_after: RetryAfter::Now,
            spent: Spent::default(),
        });
        let path = PathBuf::from(format!("/{number}"));
        remember(&mut index, &path, &FilmEntry { last_outcome, ..entry(5) });
    }
    // This also works while a daemon has the index open.
    let counted = census(folder.path()).unwrap();
    let expected = [("done", 1), ("queued", 1), ("too-big", 2)].map(|(word, count)| (word.to_owned(), count));
    assert_eq!(counted, BTreeMap::from(expected));
    // Nothing is left beside an index that is closed.
    drop(index);
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    assert_eq!((census(folder.path()).unwrap(), files()), (counted, before));
}

/// An av1d before samples wrote no table for them.
#[test]
fn what_an_index_without_samples_knows_stays_and_samples_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = PathBuf::from("/films/a.mkv");
    let entry = Box::new(FilmEntry { is_probed: true, ..entry(7) });
    let film = entry.identity;
    let text = ProbeText::new(b"probe".to_vec()).with_survey(Some(b"survey".to_vec()));
    let mut index = opened(folder.path());
    index.write([&Write::Probe(path.clone(), entry.clone(), text.clone())]).unwrap();
    index.connection.execute_batch("DROP TABLE samples").unwrap();
    drop(index);
    let mut index = opened(folder.path());
    assert_eq!(index.probe(&path, &film).unwrap(), Some(text.clone()));
    let text = text.with_samples(Some(b"samples".to_vec()));
    index.write([&Write::Probe(path.clone(), entry, text.clone())]).unwrap();
    assert_eq!(peek_probe(folder.path(), &path, &film).unwrap(), Some(text));
    index.write([&Write::Forget(vec![path.clone()])]).unwrap();
    assert_eq!(index.probe(&path, &film).unwrap(), None);
    let left: i64 = index.connection.query_row("SELECT count(*) FROM samples", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}
