//! Where the socket is, however long the path of the state folder.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

/// The socket's name in a state folder.
pub const SOCKET: &str = "control.sock";

/// The address of a state folder's socket. It holds as long as this lives.
pub(super) struct Address {
    pub(super) unix: SocketAddrUnix,
    /// The open folder that a long path is reached by.
    _folder: Option<File>,
}

impl Address {
    /// The socket's own path where an address holds that (107 bytes, `unix(7)`), else one through the open folder in
    /// `/proc`, which is always short.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        if let Ok(unix) = SocketAddrUnix::new(folder.join(SOCKET)) {
            return Ok(Self { unix, _folder: None });
        }
        let path_only = i32::try_from(rustix::fs::OFlags::PATH.bits()).unwrap_or_default();
        let folder = File::options().read(true).custom_flags(path_only).open(folder)?;
        let short = format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd());
        Ok(Self { unix: SocketAddrUnix::new(short)?, _folder: Some(folder) })
    }
}

/// A stream socket that isn't bound to anything yet.
pub(super) fn socket(flags: SocketFlags) -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags | SocketFlags::CLOEXEC, None)?)
}
