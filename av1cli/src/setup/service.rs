//! Notifies a service manager by the protocol of `sd_notify(3)`: datagrams with `KEY=value` lines to the socket that
//! the manager names.
//!
//! This is implemented here because the crates for it read the environment by themselves.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use av1exec::serve::http::Source;
use av1exec::serve::status::{State, Status};
use av1exec::sys::sanitize::sanitize;

/// What the environment says about the service manager that started this program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// `$NOTIFY_SOCKET`: the socket of the service manager.
    pub socket: Option<OsString>,
    /// The watchdog's timeout: `$WATCHDOG_USEC`, if `$WATCHDOG_PID` is this process or isn't set.
    pub watchdog: Option<Duration>,
    /// Whether `$JOURNAL_STREAM` is set, so that standard error may go to a journal.
    pub journal: bool,
}

impl Service {
    /// Calls `get` for each variable; a program passes `std::env::var_os`.
    pub fn from_vars(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let number = |name: &str| get(name).and_then(|value| value.to_str()?.parse::<u64>().ok());
        let ours = get("WATCHDOG_PID").is_none() || number("WATCHDOG_PID") == Some(std::process::id().into());
        Self {
            socket: get("NOTIFY_SOCKET"),
            watchdog: number("WATCHDOG_USEC").filter(|_| ours).map(Duration::from_micros),
            journal: get("JOURNAL_STREAM").is_some(),
        }
    }

    /// Opens the connection to the service manager. Without one, the notifier sends nothing.
    pub fn notifier(&self) -> io::Result<Notifier> {
        let Some(socket) = &self.socket else { return Ok(Notifier { to: None }) };
        let address = match socket.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(socket)?,
        };
        let from = UnixDatagram::unbound()?;
        // The daemon's loop must not wait for a service manager that doesn't read.
        from.set_nonblocking(true)?;
        Ok(Notifier { to: Some((from, address)) })
    }
}

/// The connection to a service manager. Failed sends are ignored: the work doesn't depend on them.
#[derive(Debug)]
pub struct Notifier {
    to: Option<(UnixDatagram, SocketAddr)>,
}

impl Notifier {
    /// Reports that the daemon is ready.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// Reports that the daemon is stopping.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Resets the watchdog and reports the status.
    pub fn alive(&self, status: &str) {
        self.send(&format!("WATCHDOG=1\nSTATUS={}", sanitize(status)));
    }

    fn send(&self, message: &str) {
        if let Some((from, address)) = &self.to {
            let _ = from.send_to_addr(message.as_bytes(), address);
        }
    }

    /// Sends a message for each beat of the daemon's loop, so that the manager notices a loop that hangs. Ends with the
    /// loop.
    pub async fn follow(&self, mut beats: Source) {
        while beats.changed().await.is_ok() {
            let Some(last) = beats.borrow_and_update().clone() else { continue };
            if last.status.state == State::Stopping {
                self.stopping();
            }
            self.alive(&status_line(&last.status));
        }
    }
}

/// Returns the status in one line, for `systemctl status`.
pub fn status_line(status: &Status) -> String {
    let Status { state, running, queued, settling, .. } = status;
    let doing = match state {
        State::Running if running.is_empty() && *queued == 0 => "idle".to_owned(),
        State::Running => format!("{} encoding", running.len()),
        State::Paused => format!("paused, {} encode(s) held", running.len()),
        State::QuietHours => format!("outside active hours, {} encode(s) under way", running.len()),
        State::StateDiskFull => "the disk of the state folder is full".to_owned(),
        State::Stopping => "stopping".to_owned(),
        // A daemon never reports this state about itself.
        State::Other => String::new(),
    };
    let saved = av1exec::state::outcome::Bytes(status.totals.savings.bytes());
    format!("{doing}; {queued} queued, {settling} settling; {saved} saved")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(socket: impl Into<OsString>) -> Service {
        Service { socket: Some(socket.into()), ..Service::default() }
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn messages_arrive_at_both_kinds_of_socket() {
        let folder = std::env::temp_dir().join(format!("av1d-notify-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let _ = std::fs::remove_file(&path);
        let name = format!("av1d-notify-{}", std::process::id());
        let hidden = SocketAddr::from_abstract_name(&name).unwrap();
        for (service, socket) in [
            (service(&path), UnixDatagram::bind(&path).unwrap()),
            (service(format!("@{name}")), UnixDatagram::bind_addr(&hidden).unwrap()),
        ] {
            let notifier = service.notifier().unwrap();
            notifier.ready();
            notifier.alive("1 queued\nREADY=0");
            notifier.stopping();
            assert_eq!(heard(&socket), "READY=1");
            assert_eq!(heard(&socket), "WATCHDOG=1\nSTATUS=1 queued\\nREADY=0");
            assert_eq!(heard(&socket), "STOPPING=1");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    fn status(state: &str, queued: u64) -> Status {
        let document = serde_json::json!({
            "state": state, "pid": 1, "version": "0", "started": "2026-01-01T00:00:00Z", "ffmpeg": "8.0",
            "encoder": "libsvtav1", "roots": [], "films": {}, "queued": queued, "settling": 1, "running": [],
            "totals": { "jobs": {}, "bytes_before": 3_u64 << 30, "bytes_after": 1_u64 << 30 },
        });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_line_says_how_things_stand() {
        for (state, queued, line) in [
            ("running", 0, "idle; 0 queued, 1 settling; 2.0 GiB saved"),
            ("running", 2, "0 encoding; 2 queued, 1 settling; 2.0 GiB saved"),
            ("paused", 2, "paused, 0 encode(s) held; 2 queued, 1 settling; 2.0 GiB saved"),
            (
                "quiet-hours",
                0,
                "outside active hours, 0 encode(s) under way; 0 queued, 1 settling; 2.0 GiB saved",
            ),
            ("stopping", 0, "stopping; 0 queued, 1 settling; 2.0 GiB saved"),
        ] {
            assert_eq!(status_line(&status(state, queued)), line);
        }
    }

    #[tokio::test]
    async fn each_beat_of_the_loop_keeps_the_watchdog_quiet() {
        let name = format!("av1d-beats-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let notifier = service(format!("@{name}")).notifier().unwrap();
        let (publisher, source) = av1exec::serve::http::publisher();
        let following = tokio::spawn(async move { notifier.follow(source).await });
        for (state, messages) in [("running", 1), ("running", 1), ("stopping", 2)] {
            publisher.publish(status(state, 0).into(), std::time::Instant::now());
            // The runtime has a single thread: yielding runs the task until it waits for the next beat.
            tokio::task::yield_now().await;
            let heard: Vec<String> = (0..messages).map(|_| heard(&socket)).collect();
            assert!(heard[messages - 1].starts_with("WATCHDOG=1\nSTATUS="), "{heard:?}");
            assert_eq!(heard[0] == "STOPPING=1", state == "stopping", "{heard:?}");
        }
        drop(publisher);
        following.await.unwrap();
    }

    #[test]
    fn without_a_manager_nothing_is_said_and_one_that_is_gone_harms_nobody() {
        Service::default().notifier().unwrap().ready();
        service("/nonexistent/socket").notifier().unwrap().ready();
    }

    #[test]
    fn the_watchdog_is_ours_where_nobody_else_is_named() {
        let own = std::process::id().to_string();
        for (pid, micros, watchdog) in [
            (None, Some("30000000"), Some(Duration::from_secs(30))),
            (Some(own.as_str()), Some("1"), Some(Duration::from_micros(1))),
            (Some("1"), Some("30000000"), None),
            (None, Some("soon"), None),
            (None, None, None),
        ] {
            let get = |name: &str| match name {
                "WATCHDOG_PID" => pid.map(OsString::from),
                "WATCHDOG_USEC" => micros.map(OsString::from),
                _ => None,
            };
            assert_eq!(Service::from_vars(get).watchdog, watchdog, "{pid:?} {micros:?}");
        }
    }
}
