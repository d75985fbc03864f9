//! Carries out each FUSE call in the real folder behind the mount.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, RenameFlags, Timespec, Timestamps, XattrFlags};

use super::wire::{Body, Call, INIT, MAX_WRITE, Request, UNKNOWN, kind, reply};

/// The inode number that the kernel uses for the mounted folder itself.
const ROOT: u64 = 1;
/// `ENOENT`.
const MISSING: i32 = 2;
/// `EBADF`.
const NOT_OPEN: i32 = 9;
/// `ERANGE`.
const TOO_SMALL: i32 = 34;
/// `EIO`.
const TROUBLE: i32 = 5;
/// The value of `tv_nsec` in [`Timespec`] that means "the current time" (`UTIME_NOW`).
const NOW: i64 = 0x3fff_ffff;
/// The value of `tv_nsec` in [`Timespec`] that means "leave unchanged" (`UTIME_OMIT`).
const OMIT: i64 = 0x3fff_fffe;

/// The real folder behind the mount. A file has its inode's number, so all its hard links are one file.
#[derive(Debug)]
pub(super) struct Behind {
    root: PathBuf,
    /// The paths at which each file was seen. Some may belong to another file by now.
    names: HashMap<u64, Vec<PathBuf>>,
    open: HashMap<u64, Opened>,
    last: u64,
}

#[derive(Debug)]
enum Opened {
    File(File),
    Folder(Vec<(OsString, PathBuf)>),
}

type Answer = Result<Body, i32>;

impl Behind {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), names: HashMap::new(), open: HashMap::new(), last: 0 }
    }

    /// The path that a request is about: the file itself, or the name in a folder.
    pub(super) fn path_of(&self, request: &Request<'_>) -> PathBuf {
        let node = self.path(request.node).unwrap_or_default();
        let at = match request.call {
            Some(Call::Lookup | Call::Unlink | Call::Rmdir | Call::Symlink) => 0,
            Some(Call::Mkdir | Call::Rename | Call::Link) => 8,
            Some(Call::Create | Call::Mknod | Call::Rename2) => 16,
            _ => return node,
        };
        node.join(request.name(at))
    }

    /// Carries out the request and returns the answer, or `None` if the request needs none.
    pub(super) fn answer(&mut self, request: &Request<'_>) -> Option<Vec<u8>> {
        if request.needs_no_answer() {
            return None;
        }
        let answer = match (request.code, request.call) {
            (INIT, _) => Ok(init()),
            (_, Some(call)) => self.carry_out(call, request),
            _ => Err(UNKNOWN),
        };
        Some(reply(request.unique, answer))
    }

    fn carry_out(&mut self, call: Call, request: &Request<'_>) -> Answer {
        match call {
            Call::Lookup => self.entry(&self.path_of(request)),
            Call::Getattr => {
                let by_handle = request.u32(0) & 1 != 0;
                self.attributes(request, by_handle.then(|| request.u64(8)))
            }
            Call::Setattr => self.set(request),
            Call::Readlink => {
                or_errno(fs::read_link(self.path(request.node)?)).map(|to| bytes(to.as_os_str().as_bytes()))
            }
            Call::Symlink => {
                let mut names = request.names(0);
                let (name, to) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
                let path = self.path(request.node)?.join(name);
                or_errno(std::os::unix::fs::symlink(to, &path))?;
                self.entry(&path)
            }
            Call::Mknod => {
                let path = self.path_of(request);
                let (kind, mode) =
                    (FileType::from_raw_mode(request.u32(0)), Mode::from_raw_mode(request.u32(0)));
                // It is mostly a socket.
                or_errno(rustix::fs::mknodat(CWD, &path, kind, mode, 0).map_err(Into::into))?;
                or_errno(fs::set_permissions(&path, fs::Permissions::from_mode(request.u32(0) & 0o7777)))?;
                self.entry(&path)
            }
            Call::Mkdir => {
                let path = self.path_of(request);
                or_errno(fs::create_dir(&path))?;
                or_errno(fs::set_permissions(&path, fs::Permissions::from_mode(request.u32(0) & 0o7777)))?;
                self.entry(&path)
            }
            Call::Unlink => or_errno(fs::remove_file(self.path_of(request))).map(|()| Body::default()),
            Call::Rmdir => or_errno(fs::remove_dir(self.path_of(request))).map(|()| Body::default()),
            Call::Rename => self.rename(request, 8, 0),
            Call::Rename2 => self.rename(request, 16, request.u32(8)),
            Call::Link => {
                let (from, to) = (self.path(request.u64(0))?, self.path_of(request));
                or_errno(fs::hard_link(from, &to))?;
                self.entry(&to)
            }
            Call::Open => {
                let path = self.path(request.node)?;
                let handle = self.open_file(&path, OpenOptions::new(), request.u32(0))?;
                Ok(opened(Body::default(), handle))
            }
            Call::Create => {
                let path = self.path_of(request);
                let mut options = OpenOptions::new();
                options.create(true).mode(request.u32(4) & !request.u32(8));
                // The kernel has already checked whether the file exists; `O_EXCL` is passed on all the same.
                if request.u32(0) & 0o200 != 0 {
                    options.create_new(true);
                }
                let handle = self.open_file(&path, options, request.u32(0))?;
                Ok(opened(self.entry(&path)?, handle))
            }
            Call::Read => {
                let mut buffer = vec![0; request.u32(16) as usize];
                let length = or_errno(self.file(request.u64(0))?.read_at(&mut buffer, request.u64(8)))?;
                Ok(bytes(&buffer[..length]))
            }
            Call::Write => {
                let data = &request.rest(40)[..request.u32(16) as usize];
                or_errno(self.file(request.u64(0))?.write_all_at(data, request.u64(8)))?;
                Ok(Body::default().u32(request.u32(16)).u32(0))
            }
            Call::Statfs => self.space(),
            Call::Release | Call::Releasedir => {
                self.open.remove(&request.u64(0));
                Ok(Body::default())
            }
            Call::Fsync => or_errno(self.file(request.u64(0))?.sync_all()).map(|()| Body::default()),
            Call::Fsyncdir => {
                or_errno(File::open(self.path(request.node)?).and_then(|folder| folder.sync_all()))
                    .map(|()| Body::default())
            }
            Call::Flush => Ok(Body::default()),
            Call::Setxattr | Call::Getxattr | Call::Listxattr | Call::Removexattr => {
                attribute(call, request, &self.path(request.node)?)
            }
            Call::Opendir => {
                let folder = self.path(request.node)?;
                let mut listed = vec![(".".into(), folder.clone()), ("..".into(), folder.clone())];
                for entry in or_errno(fs::read_dir(&folder))? {
                    let entry = or_errno(entry)?;
                    listed.push((entry.file_name(), entry.path()));
                }
                Ok(opened(Body::default(), self.remember(Opened::Folder(listed))))
            }
            Call::Readdir => self.list(request),
        }
    }

    /// Returns a path that still leads to the file.
    fn path(&self, node: u64) -> Result<PathBuf, i32> {
        if node == ROOT {
            return Ok(self.root.clone());
        }
        let is_it = |path: &&PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.ino() == node);
        self.names.get(&node).and_then(|names| names.iter().find(is_it)).cloned().ok_or(MISSING)
    }

    fn entry(&mut self, path: &Path) -> Answer {
        let found = or_errno(fs::symlink_metadata(path))?;
        let names = self.names.entry(found.ino()).or_default();
        if !names.iter().any(|name| name == path) {
            names.push(path.to_owned());
        }
        Ok(Body::default().entry(found.ino(), &found))
    }

    fn file(&self, handle: u64) -> Result<&File, i32> {
        match self.open.get(&handle) {
            Some(Opened::File(file)) => Ok(file),
            _ => Err(NOT_OPEN),
        }
    }

    fn remember(&mut self, opened: Opened) -> u64 {
        self.last += 1;
        self.open.insert(self.last, opened);
        self.last
    }

    fn open_file(&mut self, path: &Path, mut options: OpenOptions, flags: u32) -> Result<u64, i32> {
        // A newly created file is opened for reading and writing, whatever the flags say.
        let file = match flags & 0o3 {
            0 if flags & 0o100 == 0 => options.read(true).open(path),
            1 => options.write(true).open(path),
            _ => options.read(true).write(true).open(path),
        };
        Ok(self.remember(Opened::File(or_errno(file)?)))
    }

    fn metadata(&self, node: u64, handle: Option<u64>) -> Result<Metadata, i32> {
        match handle.map(|handle| self.file(handle)) {
            Some(Ok(file)) => or_errno(file.metadata()),
            _ => or_errno(fs::symlink_metadata(self.path(node)?)),
        }
    }

    fn attributes(&self, request: &Request<'_>, handle: Option<u64>) -> Answer {
        let found = self.metadata(request.node, handle)?;
        Ok(Body::default().u64(0).u32(0).u32(0).attributes(&found))
    }

    fn set(&mut self, request: &Request<'_>) -> Answer {
        let valid = request.u32(0);
        let has = |bit: u32| valid & (1 << bit) != 0;
        let handle = has(6).then(|| request.u64(8));
        let Ok(path) = self.path(request.node) else { return self.attributes(request, handle) };
        if has(3) {
            match handle.map(|handle| self.file(handle)) {
                Some(Ok(file)) => or_errno(file.set_len(request.u64(16)))?,
                _ => or_errno(
                    OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(request.u64(16))),
                )?,
            }
        }
        if has(1) || has(2) {
            let [owner, group] = [(1, 76), (2, 80)].map(|(bit, at)| has(bit).then(|| request.u32(at)));
            or_errno(std::os::unix::fs::lchown(&path, owner, group))?;
        }
        if has(0) {
            or_errno(fs::set_permissions(&path, fs::Permissions::from_mode(request.u32(68) & 0o7777)))?;
        }
        if has(4) || has(5) {
            let time = |given: u32, now: u32, seconds: usize, rest: usize| match () {
                () if has(now) => Timespec { tv_sec: 0, tv_nsec: NOW },
                () if has(given) => {
                    Timespec { tv_sec: request.u64(seconds).cast_signed(), tv_nsec: request.u32(rest).into() }
                }
                () => Timespec { tv_sec: 0, tv_nsec: OMIT },
            };
            let times = Timestamps { last_access: time(4, 7, 32, 56), last_modification: time(5, 8, 40, 60) };
            or_errno(
                rustix::fs::utimensat(CWD, &path, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(Into::into),
            )?;
        }
        self.attributes(request, handle)
    }

    fn rename(&mut self, request: &Request<'_>, at: usize, flags: u32) -> Answer {
        let mut names = request.names(at);
        let (old, new) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        let from = self.path(request.node)?.join(old);
        let to = self.path(request.u64(0))?.join(new);
        let flags = RenameFlags::from_bits_truncate(flags);
        or_errno(rustix::fs::renameat_with(CWD, &from, CWD, &to, flags).map_err(Into::into))?;
        for names in self.names.values_mut() {
            // Renaming a folder moves everything below it. A file that had the new name before is recognised by its
            // inode.
            let moved: Vec<PathBuf> =
                names.iter().filter_map(|name| Some(to.join(name.strip_prefix(&from).ok()?))).collect();
            names.extend(moved.into_iter().map(|path| path.components().collect()));
        }
        Ok(Body::default())
    }

    fn list(&self, request: &Request<'_>) -> Answer {
        let Some(Opened::Folder(listed)) = self.open.get(&request.u64(0)) else { return Err(NOT_OPEN) };
        let (start, limit) = (usize::try_from(request.u64(8)).unwrap(), request.u32(16) as usize);
        let mut body = Body::default();
        for (place, (name, path)) in listed.iter().enumerate().skip(start) {
            if body.len() + 24 + name.len().next_multiple_of(8) > limit {
                break;
            }
            let inode = fs::symlink_metadata(path).map_or(u64::MAX, |found| found.ino());
            body = body.folder_entry(inode, place as u64 + 1, kind(path), name);
        }
        Ok(body)
    }

    fn space(&self) -> Answer {
        let found = or_errno(rustix::fs::statvfs(&self.root).map_err(Into::into))?;
        let body =
            Body::default().u64(found.f_blocks).u64(found.f_bfree).u64(found.f_bavail).u64(found.f_files);
        let body = body.u64(found.f_ffree).u32(u32::try_from(found.f_bsize).unwrap()).u32(255);
        Ok((0..7).fold(body.u32(u32::try_from(found.f_frsize).unwrap()), |body, _| body.u32(0)))
    }
}

/// Answers the calls on extended attributes.
fn attribute(call: Call, request: &Request<'_>, path: &Path) -> Answer {
    match call {
        Call::Setxattr => {
            let name = request.name(8);
            let value = &request.rest(8 + name.len() + 1)[..request.u32(0) as usize];
            let flags = XattrFlags::from_bits_truncate(request.u32(4));
            or_errno(rustix::fs::lsetxattr(path, name, value, flags).map_err(Into::into))?;
            Ok(Body::default())
        }
        Call::Getxattr => {
            sized(request.u32(0), |buffer| rustix::fs::lgetxattr(path, request.name(8), buffer))
        }
        Call::Listxattr => sized(request.u32(0), |buffer| rustix::fs::llistxattr(path, buffer)),
        _ => {
            or_errno(rustix::fs::lremovexattr(path, request.name(0)).map_err(Into::into))?;
            Ok(Body::default())
        }
    }
}

/// `fuse_init_out` without optional features, so that the kernel sends every call here.
fn init() -> Body {
    let body =
        Body::default().u32(7).u32(31).u32(MAX_WRITE).u32(1 << 5).u16(16).u16(12).u32(MAX_WRITE).u32(1);
    (0..8).fold(body, |body, _| body.u32(0)).u32(0)
}

/// Appends `fuse_open_out` to the answer.
fn opened(body: Body, handle: u64) -> Body {
    body.u64(handle).u32(0).u32(0)
}

fn bytes(bytes: &[u8]) -> Body {
    Body::default().bytes(bytes)
}

/// Answers a question for an attribute: with its length if `size` is 0, otherwise with the whole value.
fn sized(size: u32, read: impl Fn(&mut Vec<u8>) -> rustix::io::Result<usize>) -> Answer {
    let mut buffer = vec![0; 64 << 10];
    let length = or_errno(read(&mut buffer).map_err(Into::into))?;
    match size {
        0 => Ok(Body::default().u32(u32::try_from(length).unwrap()).u32(0)),
        size if (size as usize) < length => Err(TOO_SMALL),
        _ => Ok(bytes(&buffer[..length])),
    }
}

/// Converts an I/O error to the error number that the kernel expects.
fn or_errno<T>(result: io::Result<T>) -> Result<T, i32> {
    result.map_err(|error| error.raw_os_error().unwrap_or(TROUBLE))
}
