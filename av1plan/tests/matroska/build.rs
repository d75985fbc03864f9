//! Makes EBML by hand.

/// The IDs of the elements of a segment, and of those within them that several tests need.
pub(crate) const CLUSTER: u32 = 0x1F43_B675;
pub(crate) const SEEK_HEAD: u32 = 0x114D_9B74;
pub(crate) const INFO: u32 = 0x1549_A966;
pub(crate) const TRACKS: u32 = 0x1654_AE6B;
pub(crate) const TRACK_ENTRY: u32 = 0xAE;
pub(crate) const TRACK_TYPE: u32 = 0x83;
pub(crate) const CODEC_ID: u32 = 0x86;
pub(crate) const NAME: u32 = 0x536E;
pub(crate) const CHAPTERS: u32 = 0x1043_A770;
pub(crate) const EDITION: u32 = 0x45B9;
pub(crate) const CHAPTER: u32 = 0xB6;
pub(crate) const CHAPTER_UID: u32 = 0x73C4;
pub(crate) const TAGS: u32 = 0x1254_C367;
pub(crate) const TAG: u32 = 0x7373;
pub(crate) const SIMPLE_TAG: u32 = 0x67C8;
pub(crate) const TAG_NAME: u32 = 0x45A3;
pub(crate) const TAG_STRING: u32 = 0x4487;
pub(crate) const ATTACHMENTS: u32 = 0x1941_A469;
pub(crate) const ATTACHED_FILE: u32 = 0x61A7;
pub(crate) const VOID: u32 = 0xEC;
pub(crate) const CRC_32: u32 = 0xBF;

/// The size that means that the size isn't known.
pub(crate) const UNKNOWN: [u8; 8] = [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// An element whose header has this size, whatever the body is.
pub(crate) fn with_size(id: u32, size: &[u8], body: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let id = &id[id.iter().take_while(|byte| **byte == 0).count()..];
    [id, size, body].concat()
}

/// The size of an element as its header stores it, in eight bytes.
pub(crate) fn size(bytes: u64) -> [u8; 8] {
    (bytes | 1 << 56).to_be_bytes()
}

/// An element.
pub(crate) fn element(id: u32, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    match u8::try_from(body.len()) {
        Ok(short @ 0..0x7F) => with_size(id, &[short | 0x80], body),
        _ => with_size(id, &size(body.len() as u64), body),
    }
}

/// An element with these within it.
pub(crate) fn master(id: u32, children: &[Vec<u8>]) -> Vec<u8> {
    element(id, children.concat())
}

/// An element with these within it, whose header says that its size isn't known.
pub(crate) fn endless(id: u32, children: &[Vec<u8>]) -> Vec<u8> {
    with_size(id, &UNKNOWN, &children.concat())
}

/// An element with a number, stored in as few bytes as it needs.
pub(crate) fn number(id: u32, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    element(id, &bytes[bytes.iter().take(7).take_while(|byte| **byte == 0).count()..])
}

/// An EBML header.
pub(crate) fn head(doc_type: &str) -> Vec<u8> {
    master(0x1A45_DFA3, &[element(0x4282, doc_type)])
}

/// A file with this segment, whose header is 12 bytes long.
pub(crate) fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    [head("matroska"), with_size(0x1853_8067, &size(body.len() as u64), &body)].concat()
}

/// An entry of a seek head: an element's ID, and its position in the segment. Each entry has the same length.
pub(crate) fn seek(id: u32, position: u64) -> Vec<u8> {
    let id = element(0x53AB, id.to_be_bytes());
    master(0x4DBB, &[id, element(0x53AC, position.to_be_bytes())])
}

/// A seek head with one entry for an element behind it, behind `distance` other bytes.
pub(crate) fn seek_head(id: u32, distance: usize) -> Vec<u8> {
    let length = master(SEEK_HEAD, &[seek(id, 0)]).len();
    master(SEEK_HEAD, &[seek(id, (length + distance) as u64)])
}

/// `Tracks` with one video track of this name.
pub(crate) fn tracks(name: &str) -> Vec<u8> {
    let entry = [number(TRACK_TYPE, 1), element(CODEC_ID, "V_AV1"), element(NAME, name)];
    master(TRACKS, &[master(TRACK_ENTRY, &entry)])
}

/// `Tags` with one tag.
pub(crate) fn tags(name: &str, value: &str) -> Vec<u8> {
    master(TAGS, &[master(TAG, &[simple(name, value, &[])])])
}

/// A name with a value, and others below it.
pub(crate) fn simple(name: &str, value: &str, below: &[Vec<u8>]) -> Vec<u8> {
    master(SIMPLE_TAG, &[element(TAG_NAME, name), element(TAG_STRING, value), below.concat()])
}
