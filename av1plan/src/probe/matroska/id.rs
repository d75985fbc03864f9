//! The IDs of the elements that are read, as RFC 8794 (EBML) and RFC 9559 (Matroska) write them. A constant has the
//! element's name in the specification.

pub(super) const EBML: u32 = 0x1A45_DFA3;
pub(super) const DOC_TYPE: u32 = 0x4282;
pub(super) const MAX_ID_LENGTH: u32 = 0x42F2;
pub(super) const MAX_SIZE_LENGTH: u32 = 0x42F3;

pub(super) const SEGMENT: u32 = 0x1853_8067;
pub(super) const CLUSTER: u32 = 0x1F43_B675;
pub(super) const CUES: u32 = 0x1C53_BB6B;

pub(super) const SEEK_HEAD: u32 = 0x114D_9B74;
pub(super) const SEEK: u32 = 0x4DBB;
pub(super) const SEEK_ID: u32 = 0x53AB;
pub(super) const SEEK_POSITION: u32 = 0x53AC;

pub(super) const INFO: u32 = 0x1549_A966;
pub(super) const SEGMENT_UUID: u32 = 0x73A4;
pub(super) const PREV_UUID: u32 = 0x3C_B923;
pub(super) const PREV_FILENAME: u32 = 0x3C_83AB;
pub(super) const NEXT_UUID: u32 = 0x3E_B923;
pub(super) const NEXT_FILENAME: u32 = 0x3E_83BB;
pub(super) const SEGMENT_FAMILY: u32 = 0x4444;

pub(super) const TRACKS: u32 = 0x1654_AE6B;
pub(super) const TRACK_ENTRY: u32 = 0xAE;
pub(super) const TRACK_NUMBER: u32 = 0xD7;
pub(super) const TRACK_UID: u32 = 0x73C5;
pub(super) const TRACK_TYPE: u32 = 0x83;
pub(super) const FLAG_ENABLED: u32 = 0xB9;
pub(super) const FLAG_DEFAULT: u32 = 0x88;
pub(super) const FLAG_FORCED: u32 = 0x55AA;
pub(super) const FLAG_HEARING_IMPAIRED: u32 = 0x55AB;
pub(super) const FLAG_VISUAL_IMPAIRED: u32 = 0x55AC;
pub(super) const FLAG_TEXT_DESCRIPTIONS: u32 = 0x55AD;
pub(super) const FLAG_ORIGINAL: u32 = 0x55AE;
pub(super) const FLAG_COMMENTARY: u32 = 0x55AF;
pub(super) const DEFAULT_DURATION: u32 = 0x23_E383;
pub(super) const NAME: u32 = 0x536E;
pub(super) const LANGUAGE: u32 = 0x22_B59C;
pub(super) const LANGUAGE_BCP47: u32 = 0x22_B59D;
pub(super) const CODEC_ID: u32 = 0x86;
pub(super) const CONTENT_ENCODINGS: u32 = 0x6D80;
pub(super) const CONTENT_ENCODING: u32 = 0x6240;
pub(super) const CONTENT_ENCODING_TYPE: u32 = 0x5033;

pub(super) const VIDEO: u32 = 0xE0;
pub(super) const FLAG_INTERLACED: u32 = 0x9A;
pub(super) const FIELD_ORDER: u32 = 0x9D;
pub(super) const STEREO_MODE: u32 = 0x53B8;
pub(super) const ALPHA_MODE: u32 = 0x53C0;
pub(super) const PIXEL_CROP_TOP: u32 = 0x54BB;
pub(super) const PIXEL_CROP_BOTTOM: u32 = 0x54AA;
pub(super) const PIXEL_CROP_LEFT: u32 = 0x54CC;
pub(super) const PIXEL_CROP_RIGHT: u32 = 0x54DD;
pub(super) const DISPLAY_WIDTH: u32 = 0x54B0;
pub(super) const DISPLAY_HEIGHT: u32 = 0x54BA;
pub(super) const DISPLAY_UNIT: u32 = 0x54B2;
pub(super) const PROJECTION: u32 = 0x7670;
pub(super) const PROJECTION_TYPE: u32 = 0x7671;

pub(super) const CHAPTERS: u32 = 0x1043_A770;
pub(super) const EDITION_ENTRY: u32 = 0x45B9;
pub(super) const EDITION_UID: u32 = 0x45BC;
pub(super) const EDITION_FLAG_HIDDEN: u32 = 0x45BD;
pub(super) const EDITION_FLAG_DEFAULT: u32 = 0x45DB;
pub(super) const EDITION_FLAG_ORDERED: u32 = 0x45DD;
pub(super) const CHAPTER_ATOM: u32 = 0xB6;
pub(super) const CHAPTER_UID: u32 = 0x73C4;
pub(super) const CHAPTER_TIME_START: u32 = 0x91;
pub(super) const CHAPTER_TIME_END: u32 = 0x92;
pub(super) const CHAPTER_FLAG_HIDDEN: u32 = 0x98;
pub(super) const CHAPTER_FLAG_ENABLED: u32 = 0x4598;
pub(super) const CHAPTER_SEGMENT_UUID: u32 = 0x6E67;
pub(super) const CHAPTER_DISPLAY: u32 = 0x80;
pub(super) const CHAP_STRING: u32 = 0x85;
pub(super) const CHAP_LANGUAGE: u32 = 0x437C;
pub(super) const CHAP_LANGUAGE_BCP47: u32 = 0x437D;

pub(super) const TAGS: u32 = 0x1254_C367;
pub(super) const TAG: u32 = 0x7373;
pub(super) const TARGETS: u32 = 0x63C0;
pub(super) const TARGET_TYPE_VALUE: u32 = 0x68CA;
pub(super) const TARGET_TYPE: u32 = 0x63CA;
pub(super) const TAG_TRACK_UID: u32 = 0x63C5;
pub(super) const TAG_EDITION_UID: u32 = 0x63C9;
pub(super) const TAG_CHAPTER_UID: u32 = 0x63C4;
pub(super) const TAG_ATTACHMENT_UID: u32 = 0x63C6;
pub(super) const SIMPLE_TAG: u32 = 0x67C8;
pub(super) const TAG_NAME: u32 = 0x45A3;
pub(super) const TAG_LANGUAGE: u32 = 0x447A;
pub(super) const TAG_LANGUAGE_BCP47: u32 = 0x447B;
pub(super) const TAG_DEFAULT: u32 = 0x4484;
pub(super) const TAG_STRING: u32 = 0x4487;
pub(super) const TAG_BINARY: u32 = 0x4485;

pub(super) const ATTACHMENTS: u32 = 0x1941_A469;
pub(super) const ATTACHED_FILE: u32 = 0x61A7;
pub(super) const FILE_NAME: u32 = 0x466E;
pub(super) const FILE_MEDIA_TYPE: u32 = 0x4660;
pub(super) const FILE_DESCRIPTION: u32 = 0x467E;
pub(super) const FILE_DATA: u32 = 0x465C;
pub(super) const FILE_UID: u32 = 0x46AE;

/// Whether an element is a child of the segment, or stands beside it. At such an element ends every element before it
/// whose size isn't known.
pub(super) const fn is_top_level(id: u32) -> bool {
    matches!(id, EBML | SEGMENT | SEEK_HEAD | INFO | TRACKS | CHAPTERS | TAGS | ATTACHMENTS | CUES | CLUSTER)
}
