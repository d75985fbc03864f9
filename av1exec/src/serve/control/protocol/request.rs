//! The requests of clients.

use std::path::{Path, PathBuf};

use av1plan::wire::PathDocument;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::{Refusal, RefusalCode};
use crate::library::exclusion::Foreign;
use crate::sys::path::{path_document, path_of};

/// A request, one per line: `{"request":"cancel","job":"20260101-120000-000000"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "request", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Request {
    /// Get the daemon's status.
    Status,
    /// Pause running encodes, and start none.
    Pause,
    /// Resume after a pause.
    Resume,
    /// Cancel a running encode.
    Cancel {
        /// The ID of its job.
        job: String,
    },
    /// Forget that a film failed, and try it again.
    Retry(PathDocument),
    /// Exclude a film, or all films below a folder. Running encodes of them are cancelled.
    Skip(PathDocument),
    /// Remove the marker that excludes a film or folder.
    Unskip {
        /// The film or folder.
        #[serde(flatten)]
        path: PathDocument,
        /// What to do with a marker that holds a user's own text.
        #[serde(default, skip_serializing_if = "Foreign::is_kept")]
        foreign: Foreign,
    },
    /// Scan the library now.
    Scan,
    /// Send events as they happen, until the client disconnects. The server handles this request itself.
    Subscribe,
}

impl Request {
    /// Creates a request to try the film at `path` again.
    pub fn retry(path: &Path) -> Self {
        Self::Retry(path_document(path))
    }

    /// Creates a request to exclude `path`.
    pub fn skip(path: &Path) -> Self {
        Self::Skip(path_document(path))
    }

    /// Creates a request to allow `path` again.
    pub fn unskip(path: &Path, foreign: Foreign) -> Self {
        Self::Unskip { path: path_document(path), foreign }
    }

    /// Returns the path that the request is about, if it has one.
    pub fn path(&self) -> Option<PathBuf> {
        self.path_document().map(path_of)
    }

    fn path_document(&self) -> Option<&PathDocument> {
        match self {
            Self::Retry(path) | Self::Skip(path) | Self::Unskip { path, .. } => Some(path),
            Self::Status
            | Self::Pause
            | Self::Resume
            | Self::Cancel { .. }
            | Self::Scan
            | Self::Subscribe => None,
        }
    }

    /// Parses a line. A path must be absolute and undamaged: the daemon's working directory must not matter to
    /// clients.
    pub fn parse(line: &[u8]) -> Result<Self, Refusal> {
        let value: serde_json::Value = serde_json::from_slice(line)
            .map_err(|error| Refusal::new(RefusalCode::InvalidJson, format!("it is no JSON: {error}")))?;
        let request: Self = serde_json::from_value(value).map_err(|error| {
            Refusal::new(RefusalCode::UnknownRequest, format!("it is no request: {error}"))
                .hint(r#"one JSON object a line, such as {"request":"status"}"#)
        })?;
        let Some(path) = request.path_document() else { return Ok(request) };
        let bytes = path.bytes().filter(|bytes| bytes.first() == Some(&b'/') && !bytes.contains(&0));
        match bytes {
            Some(_) => Ok(request),
            None => Err(Refusal::new(RefusalCode::InvalidPath, "`path` is no absolute path")
                .hint("`path_hex` holds the bytes in hexadecimal where they aren't UTF-8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::control::protocol::{MAX_REQUEST, line};
    use proptest::prelude::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    fn requests(path: &Path) -> [Request; 4] {
        [
            Request::retry(path),
            Request::skip(path),
            Request::unskip(path, Foreign::Keep),
            Request::unskip(path, Foreign::Remove),
        ]
    }

    proptest! {
        #[test]
        fn paths_of_any_bytes_arrive_as_they_are(name in prop::collection::vec(1_u8.., 0..300)) {
            let path = PathBuf::from(OsString::from_vec([b"/", &name[..]].concat()));
            for request in requests(&path) {
                let line = line(&request);
                prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
                let read = Request::parse(&line).unwrap();
                let arrived = read.path().unwrap();
                prop_assert_eq!(arrived.as_os_str().as_bytes(), path.as_os_str().as_bytes());
                prop_assert_eq!(read, request);
            }
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(Request::parse(&bytes));
        }
    }

    #[test]
    fn a_path_of_the_longest_kind_fits_a_request() {
        let longest = PathBuf::from(OsString::from_vec([b"/", &[0xff; 4095][..]].concat()));
        for request in requests(&longest) {
            assert!(line(&request).len() <= MAX_REQUEST);
        }
    }

    #[test]
    fn requests_are_written_as_the_documentation_says() {
        let table = [
            (r#"{"request":"status"}"#, Request::Status),
            (r#"{"request":"pause"}"#, Request::Pause),
            (r#"{"request":"resume"}"#, Request::Resume),
            (r#"{"request":"cancel","job":"7"}"#, Request::Cancel { job: "7".into() }),
            (r#"{"request":"retry","path":"/a.mkv"}"#, Request::retry(Path::new("/a.mkv"))),
            (r#"{"request":"skip","path":"/a.mkv"}"#, Request::skip(Path::new("/a.mkv"))),
            (r#"{"request":"unskip","path":"/a"}"#, Request::unskip(Path::new("/a"), Foreign::Keep)),
            (
                r#"{"request":"unskip","path":"/a","foreign":"remove"}"#,
                Request::unskip(Path::new("/a"), Foreign::Remove),
            ),
            (r#"{"request":"scan"}"#, Request::Scan),
            (r#"{"request":"subscribe"}"#, Request::Subscribe),
        ];
        for (text, request) in table {
            assert_eq!(serde_json::to_string(&request).unwrap(), text);
            assert_eq!(Request::parse(text.as_bytes()), Ok(request));
        }
        // A later version may add fields.
        assert_eq!(Request::parse(br#"{"more":1,"request":"scan"}"#), Ok(Request::Scan));
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_code() {
        let table: [(&[u8], RefusalCode); 12] = [
            (b"", RefusalCode::InvalidJson),
            (b"\xff\xfe\0", RefusalCode::InvalidJson),
            (b"{\"request\":\"sta", RefusalCode::InvalidJson),
            (b"{}{}", RefusalCode::InvalidJson),
            (b"[]", RefusalCode::UnknownRequest),
            (b"7", RefusalCode::UnknownRequest),
            (br#"{"request":"format-disk"}"#, RefusalCode::UnknownRequest),
            (br#"{"request":"cancel"}"#, RefusalCode::UnknownRequest),
            (br#"{"request":"skip","path":"a.mkv"}"#, RefusalCode::InvalidPath),
            (br#"{"request":"skip","path":""}"#, RefusalCode::InvalidPath),
            (br#"{"request":"skip","path":"/a","path_hex":"2fzz"}"#, RefusalCode::InvalidPath),
            (br#"{"request":"skip","path":"/a\u0000b"}"#, RefusalCode::InvalidPath),
        ];
        for (text, code) in table {
            let refusal = Request::parse(text).unwrap_err();
            assert_eq!(refusal.code, code, "{}: {refusal:?}", String::from_utf8_lossy(text));
        }
    }
}
