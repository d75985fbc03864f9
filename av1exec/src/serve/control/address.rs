//! The address of the control socket, which works for state folders with a path of any length.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

/// The socket's file name in a state folder.
pub const SOCKET: &str = "control.sock";

/// The address of a state folder's socket. It is valid until this is dropped.
pub(super) struct Address {
    pub(super) unix: SocketAddrUnix,
    /// The open state folder, if the address refers to it by its file descriptor.
    _folder: Option<File>,
}

impl Address {
    /// Returns the socket's own path if it fits an address (107 bytes, see `unix(7)`), otherwise a path through the
    /// open folder in `/proc`, which is always short enough.
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

/// Creates a stream socket that isn't bound to an address.
pub(super) fn socket(flags: SocketFlags) -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags | SocketFlags::CLOEXEC, None)?)
}
