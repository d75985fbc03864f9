//! The way to the elements: what is a Matroska file, order, seek heads, unknown sizes.

use std::slice::from_ref;

use crate::build::*;
use crate::{broken, read, read_with_cost, whole};

/// The names of the tracks that are found.
fn names(file: &[u8]) -> Vec<String> {
    whole(file).tracks.into_iter().filter_map(|track| track.name).collect()
}

#[test]
fn other_files_are_none() {
    let segment = with_size(0x1853_8067, &size(0), &[]);
    let ebml = |children: &[Vec<u8>]| [master(0x1A45_DFA3, children), segment.clone()].concat();
    let matroska = element(0x4282, "matroska");
    for file in [
        vec![],
        b"RIFF\0\0\0\0AVI LIST".to_vec(),
        head("matroska"),
        segment.clone(),
        ebml(&[]),
        ebml(&[element(0x4282, "something")]),
        ebml(&[matroska.clone(), number(0x42F2, 5)]),
        ebml(&[matroska.clone(), number(0x42F3, 9)]),
        [endless(0x1A45_DFA3, from_ref(&matroska)), segment.clone()].concat(),
    ] {
        assert_eq!(read(&file), None, "{file:x?}");
    }
    for file in [
        ebml(from_ref(&matroska)),
        ebml(&[element(0x4282, "webm\0\0")]),
        ebml(&[matroska, number(0x42F2, 4), number(0x42F3, 8)]),
        [head("webm"), element(VOID, [0; 9]), segment.clone()].concat(),
    ] {
        assert!(read(&file).is_some(), "{file:x?}");
    }
}

#[test]
fn padding_and_checksums_are_skipped() {
    let entry = [element(CRC_32, [1; 4]), number(TRACK_TYPE, 1), element(VOID, [0; 5]), element(NAME, "one")];
    let tracks = master(TRACKS, &[element(CRC_32, [1; 4]), master(TRACK_ENTRY, &entry)]);
    assert_eq!(names(&file(&[element(CRC_32, [1; 4]), element(VOID, [0; 200]), tracks])), ["one"]);
}

#[test]
fn clusters_are_not_read() {
    let (cluster, tags) = (element(CLUSTER, vec![0; 40 << 20]), tags("TITLE", "late"));
    let listed = file(&[seek_head(TAGS, cluster.len()), cluster.clone(), tags.clone()]);
    let (facts, cost) = read_with_cost(&listed);
    assert_eq!(facts.unwrap().tags.len(), 1);
    assert!(cost.reads <= 2 && cost.bytes <= 2 << 14, "{cost:?}");
    // Nothing says that there are tags.
    assert!(whole(&file(&[cluster, tags])).tags.is_empty());
}

#[test]
fn a_seek_head_may_list_another_one_behind_the_clusters() {
    let (cluster, tags) = (element(CLUSTER, [0; 99]), tags("TITLE", "late"));
    let second =
        |position| master(SEEK_HEAD, &[seek(TAGS, position), seek(CLUSTER, 1), seek(TAGS, position)]);
    let first = seek_head(SEEK_HEAD, cluster.len());
    let behind = first.len() + cluster.len() + second(0).len();
    let facts = whole(&file(&[first, cluster, second(behind as u64), tags]));
    assert_eq!(facts.tags.len(), 1);
}

#[test]
fn a_seek_head_that_lies_is_not_believed() {
    let (cluster, tags) = (element(CLUSTER, [0; 99]), tags("TITLE", "late"));
    // It lists the cluster as tags, a place within the cluster, a place behind the end, and itself.
    for (id, distance) in
        [(TAGS, 0), (TAGS, 50), (TAGS, 5000), (CHAPTERS, cluster.len()), (TAGS, usize::MAX / 2)]
    {
        let facts = broken(&file(&[seek_head(id, distance), cluster.clone(), tags.clone()]));
        assert!(facts.tags.is_empty() && facts.editions.is_empty(), "{id:x} {distance}");
    }
    // It lists tags where there are tracks that were read already.
    let facts = broken(&file(&[seek_head(TAGS, 0), tracks("one")]));
    assert!(facts.tags.is_empty() && facts.tracks.len() == 1);
    let far = master(SEEK_HEAD, &[seek(TAGS, u64::MAX)]);
    assert!(broken(&file(&[far, cluster])).tags.is_empty());
    assert!(whole(&file(&[master(SEEK_HEAD, &[seek(SEEK_HEAD, 0)])])).tags.is_empty());
}

#[test]
fn the_first_counts_and_all_tags_do() {
    let parts = [tracks("one"), tags("A", "1"), tracks("two"), tags("B", "2")];
    assert_eq!(names(&file(&parts)), ["one"]);
    assert_eq!(whole(&file(&parts)).tags.len(), 2);
    // Those of a seek head come after those before the cluster, and the same ones aren't read twice.
    let (first, cluster) = (tags("A", "1"), element(CLUSTER, [0; 9]));
    let entry = |position: usize| seek(TAGS, position as u64);
    let start = master(SEEK_HEAD, &[entry(0), entry(0)]).len();
    let seeks = master(SEEK_HEAD, &[entry(start), entry(start + first.len() + cluster.len())]);
    let facts = whole(&file(&[seeks, first, cluster, tags("B", "2")]));
    let names: Vec<_> = facts.tags.iter().map(|tag| tag.simple[0].name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
}

#[test]
fn an_element_of_unknown_size_ends_where_the_next_begins() {
    let entry = |name| master(TRACK_ENTRY, &[number(TRACK_TYPE, 2), element(NAME, name)]);
    let tracks = endless(TRACKS, &[entry("one"), entry("two")]);
    for rest in [tags("A", "1"), element(CLUSTER, [0; 9]), endless(CLUSTER, &[]), vec![]] {
        let parts = [tracks.clone(), rest].concat();
        let open = [head("matroska"), endless(0x1853_8067, from_ref(&parts))].concat();
        for file in [file(&[parts]), open] {
            assert_eq!(names(&file), ["one", "two"]);
            let tags = whole(&file).tags.len();
            assert_eq!(tags, usize::from(file.windows(4).any(|four| four == TAGS.to_be_bytes())));
        }
    }
    // Another file may follow in the same stream.
    let live = [head("webm"), endless(0x1853_8067, from_ref(&tracks))].concat();
    assert_eq!(names(&[live, file(&[tags("A", "1")])].concat()), ["one", "two"]);
    // Only a segment, a cluster and what is directly within a segment may have an unknown size.
    let nested = endless(TRACK_ENTRY, &[number(TRACK_TYPE, 2), element(NAME, "one")]);
    assert_eq!(broken(&file(&[master(TRACKS, &[nested])])).tracks.len(), 1);
}

#[test]
fn what_is_broken_hides_what_follows_it_only() {
    let parts = |middle: &[u8]| file(&[tracks("one"), middle.to_vec(), tags("A", "1")]);
    for middle in [&[0; 30][..], &[0xFF; 3], &with_size(VOID, &size(1 << 40), &[])] {
        let facts = broken(&parts(middle));
        assert_eq!((facts.tracks.len(), facts.tags.len()), (1, 0), "{middle:x?}");
    }
    // A seek head leads past it.
    let first = [tracks("one"), vec![0; 30]].concat();
    let facts = broken(&file(&[seek_head(TAGS, first.len()), first, tags("A", "1")]));
    assert_eq!((facts.tracks.len(), facts.tags.len()), (1, 1));
    // An element that reaches beyond its parent's end is cut there.
    let long = master(TRACKS, &[with_size(TRACK_ENTRY, &size(500), &number(TRACK_TYPE, 1))]);
    let facts = broken(&file(&[long, tags("A", "1")]));
    assert_eq!((facts.tracks.len(), facts.tags.len()), (1, 1));
}
