//! The messages of the FUSE protocol, version 7.31 (`linux/fuse.h`), as far as showing a folder needs them.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The size of the largest message: a write of [`MAX_WRITE`] bytes and the headers before its data.
pub(super) const LARGEST: usize = 256 << 10;
/// The most data in one write, in bytes.
pub(super) const MAX_WRITE: u32 = 128 << 10;

/// `EINTR`: the call was given up because its process is being killed.
pub(super) const INTERRUPTED: i32 = 4;
/// `ENOSYS`: the kernel then does without this call, and doesn't send it again.
pub(super) const UNKNOWN: i32 = 38;

const HEADER: usize = 40;

macro_rules! calls {
    ($($name:ident = $code:literal),* $(,)?) => {
        /// A call that can be held back.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "they are the system calls that everybody knows")]
        pub enum Call { $($name),* }

        impl Call {
            /// All calls.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn of(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

calls! {
    Lookup = 1, Getattr = 3, Setattr = 4, Readlink = 5, Symlink = 6, Mknod = 8, Mkdir = 9, Unlink = 10, Rmdir = 11,
    Rename = 12, Link = 13, Open = 14, Read = 15, Write = 16, Statfs = 17, Release = 18, Fsync = 20, Setxattr = 21,
    Getxattr = 22, Listxattr = 23, Removexattr = 24, Flush = 25, Opendir = 27, Readdir = 28, Releasedir = 29,
    Fsyncdir = 30, Create = 35, Rename2 = 45,
}

/// `FUSE_INIT`.
pub(super) const INIT: u32 = 26;
/// `FUSE_INTERRUPT`.
const INTERRUPT: u32 = 36;
/// `FUSE_FORGET` and `FUSE_BATCH_FORGET`.
const FORGETS: [u32; 2] = [2, 42];

/// A request of the kernel.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) code: u32,
    pub(super) call: Option<Call>,
    pub(super) unique: u64,
    pub(super) node: u64,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Self> {
        let body = message.get(HEADER..)?;
        let header = Request { code: 0, call: None, unique: 0, node: 0, body: message };
        let code = header.u32(4);
        Some(Self { code, call: Call::of(code), unique: header.u64(8), node: header.u64(16), body })
    }

    pub(super) fn interrupts(&self) -> Option<u64> {
        (self.code == INTERRUPT).then(|| self.u64(0))
    }

    pub(super) fn needs_no_answer(&self) -> bool {
        FORGETS.contains(&self.code)
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.body[at..at + 4].try_into().unwrap())
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.body[at..at + 8].try_into().unwrap())
    }

    /// Everything in the body from offset `at` on.
    pub(super) fn rest(&self, at: usize) -> &'a [u8] {
        &self.body[at..]
    }

    /// The names in the body from offset `at` on. Each ends with a zero byte.
    pub(super) fn names(&self, at: usize) -> impl Iterator<Item = &'a OsStr> {
        self.body[at..].split(|byte| *byte == 0).map(OsStr::from_bytes)
    }

    pub(super) fn name(&self, at: usize) -> &'a OsStr {
        self.names(at).next().unwrap_or_default()
    }
}

/// The body of an answer, built field by field.
#[derive(Debug, Default)]
pub(super) struct Body(Vec<u8>);

impl Body {
    pub(super) fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// `fuse_attr`.
    pub(super) fn attributes(self, found: &Metadata) -> Self {
        let times = [found.atime(), found.mtime(), found.ctime()];
        let rest = [found.atime_nsec(), found.mtime_nsec(), found.ctime_nsec()];
        let mut body = self.u64(found.ino()).u64(found.size()).u64(found.blocks());
        for time in times {
            body = body.u64(time.cast_unsigned());
        }
        for part in rest {
            body = body.u32(u32::try_from(part).unwrap());
        }
        body.u32(found.mode())
            .u32(u32::try_from(found.nlink()).unwrap())
            .u32(found.uid())
            .u32(found.gid())
            .u32(0)
            .u32(4096)
            .u32(0)
    }

    /// `fuse_entry_out`. Its lifetimes are zero, so that the kernel caches nothing and asks for each name again.
    pub(super) fn entry(self, node: u64, found: &Metadata) -> Self {
        self.u64(node).u64(0).u64(0).u64(0).u32(0).u32(0).attributes(found)
    }

    /// `fuse_dirent`.
    pub(super) fn folder_entry(self, inode: u64, next: u64, kind: u32, name: &OsStr) -> Self {
        let length = name.as_bytes().len();
        let padding = length.next_multiple_of(8) - length;
        let body = self.u64(inode).u64(next).u32(u32::try_from(length).unwrap()).u32(kind);
        body.bytes(name.as_bytes()).bytes(&[0; 8][..padding])
    }
}

/// Builds the whole message: a header with the error number, then the body.
pub(super) fn reply(unique: u64, answer: Result<Body, i32>) -> Vec<u8> {
    let (error, body) = match answer {
        Ok(Body(body)) => (0, body),
        Err(number) => (-number, Vec::new()),
    };
    let length = u32::try_from(16 + body.len()).unwrap();
    Body::default().u32(length).u32(error.cast_unsigned()).u64(unique).bytes(&body).0
}

/// The type of a file, as `d_type` encodes it.
pub(super) fn kind(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).map_or(0, |found| found.mode() >> 12)
}
