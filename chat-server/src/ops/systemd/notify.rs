//! Telling the service manager what becomes of the server: sd_notify(3).
//!
//! The protocol is a datagram of lines to a Unix socket. The crates for it do not know
//! abstract sockets, which systemd-nspawn and containers use, so these few lines are ours.

use std::ffi::OsString;
use std::time::Duration;

/// The way to the service manager, if there is one.
#[derive(Debug, Default)]
pub struct Manager {
    #[cfg(unix)]
    socket: Option<std::os::unix::net::UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Manager {
    /// As the environment says; `variable` gives its variables, and `pid` is this process.
    ///
    /// # Errors
    ///
    /// When the manager cannot be reached. The server can do without.
    pub fn of(
        variable: impl Fn(&str) -> Option<OsString>,
        pid: u32,
    ) -> Result<Self, std::io::Error> {
        let Some(address) = variable("NOTIFY_SOCKET") else {
            return Ok(Self::default());
        };
        let text = |name| variable(name).and_then(|value| value.into_string().ok());
        let watchdog = watchdog(text("WATCHDOG_USEC"), text("WATCHDOG_PID"), pid);
        #[cfg(unix)]
        return Ok(Self {
            socket: Some(connect(&address)?),
            watchdog,
        });
        #[cfg(not(unix))]
        {
            let _ = address;
            Ok(Self { watchdog })
        }
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        #[cfg(unix)]
        return self.socket.is_some();
        #[cfg(not(unix))]
        false
    }

    /// Within which time the manager wants to hear that the server is alive, if it does.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The server serves, or has read its configuration again.
    pub(crate) fn ready(&self) {
        self.send("READY=1");
    }

    /// The server is about to end.
    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// What `systemctl status` shows.
    pub(crate) fn status(&self, status: &str) {
        self.send(&format!("STATUS={status}"));
    }

    /// The server is alive.
    pub(crate) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// Tells that the configuration is read again while `reload` does so. The manager waits
    /// for the end of it.
    pub(crate) fn reload<T>(&self, reload: impl FnOnce() -> T) -> T {
        // The manager matches it with the signal that it has sent.
        #[cfg(unix)]
        if self.is_there() {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let (seconds, nanos) = (now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs());
            let micros = seconds * 1_000_000 + nanos / 1000;
            self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
        }
        let done = reload();
        self.ready();
        done
    }

    /// A manager that takes nothing has to find out by itself.
    fn send(&self, lines: &str) {
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            let _ = socket.send(lines.as_bytes());
        }
        #[cfg(not(unix))]
        let _ = lines;
    }
}

/// Connects to the socket that `NOTIFY_SOCKET` names: a path, or behind an `@` a name that is
/// in no folder.
#[cfg(unix)]
fn connect(address: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::UnixDatagram> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match address.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(address)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    // A manager that is stopped must not stop the server.
    socket.set_write_timeout(Some(WITHIN))?;
    Ok(socket)
}

/// The time of the watchdog, if there is one and it is for this process.
fn watchdog(micros: Option<String>, of: Option<String>, pid: u32) -> Option<Duration> {
    let micros: u64 = micros?.parse().ok().filter(|micros| *micros > 0)?;
    let is_ours = of.is_none_or(|of| of.parse() == Ok(pid));
    is_ours.then(|| Duration::from_micros(micros))
}

/// How long a word to the manager may take.
#[cfg(unix)]
const WITHIN: Duration = Duration::from_secs(1);

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 200];
        let count = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    fn assert_reaches(address: OsString, socket: &UnixDatagram) {
        let variable = |name: &str| (name == "NOTIFY_SOCKET").then(|| address.clone());
        let manager = Manager::of(variable, 7).unwrap();
        assert_eq!(manager.watchdog(), None);
        manager.ready();
        assert_eq!(heard(socket), "READY=1");
        manager.status("2 people, 1 ban");
        assert_eq!(heard(socket), "STATUS=2 people, 1 ban");
        let mut is_done = false;
        manager.reload(|| is_done = true);
        assert!(is_done);
        let reloading = heard(socket);
        let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        assert!(
            micros.is_some_and(|micros| micros.parse::<u64>().unwrap() > 0),
            "{reloading}"
        );
        assert_eq!(heard(socket), "READY=1");
    }

    #[test]
    fn a_path_and_an_abstract_name_are_reached() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        assert_reaches(path.into(), &socket);
        #[cfg(target_os = "linux")]
        {
            use std::os::linux::net::SocketAddrExt;
            use std::os::unix::net::SocketAddr;
            let name = format!("chat-server-test-{}", std::process::id());
            let address = SocketAddr::from_abstract_name(&name).unwrap();
            let socket = UnixDatagram::bind_addr(&address).unwrap();
            assert_reaches(format!("@{name}").into(), &socket);
        }
    }

    #[test]
    fn without_a_manager_nothing_is_said() {
        let manager = Manager::of(|_| None, 7).unwrap();
        assert!(!manager.is_there());
        manager.ready();
        let missing = |name: &str| (name == "NOTIFY_SOCKET").then(|| "/nowhere/notify".into());
        assert!(Manager::of(missing, 7).is_err());
    }

    #[test]
    fn the_watchdog_may_be_for_another_process() {
        let wanted = |micros: &str, pid: Option<&str>| {
            watchdog(Some(micros.to_owned()), pid.map(str::to_owned), 7)
        };
        let second = Some(Duration::from_secs(1));
        assert_eq!(wanted("1000000", None), second);
        assert_eq!(wanted("1000000", Some("7")), second);
        for (micros, pid) in [
            ("1000000", Some("8")),
            ("0", None),
            ("x", None),
            ("1000000", Some("")),
        ] {
            assert_eq!(wanted(micros, pid), None, "{micros} {pid:?}");
        }
        assert_eq!(watchdog(None, None, 7), None);
    }
}
