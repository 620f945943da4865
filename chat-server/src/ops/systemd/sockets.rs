//! Sockets that systemd has opened for the server: sd_listen_fds(3).
//!
//! | socket | what becomes of it |
//! | --- | --- |
//! | TCP, with any name but `control` | people come in there, in place of `--listen` |
//! | a Unix stream socket named `control` | the control socket, in place of `--control` |
//! | any other Unix stream socket | closed, with a warning |
//! | anything else, and a TCP socket that does not listen | an error: the unit is wrong |

use std::ffi::OsString;
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::net::UnixListener;

/// The sockets that are of use.
#[derive(Debug, Default)]
pub struct Passed {
    /// Where people come in.
    pub listeners: Vec<TcpListener>,
    /// Where operators come in.
    #[cfg(unix)]
    pub control: Option<UnixListener>,
    /// What the operator is to be told.
    pub notes: Vec<String>,
}

/// How many sockets were passed, and what they are called.
#[derive(Debug, PartialEq, Eq)]
struct Announced {
    count: usize,
    names: Vec<String>,
}

impl Announced {
    #[cfg_attr(not(unix), expect(dead_code, reason = "no sockets are passed"))]
    fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("unknown", String::as_str)
    }
}

/// What the environment says, if it is meant for the process `pid`.
fn announced(
    variable: impl Fn(&str) -> Option<OsString>,
    pid: u32,
) -> Result<Option<Announced>, String> {
    let text = |name| variable(name).and_then(|value| value.into_string().ok());
    if text("LISTEN_PID").and_then(|of| of.parse().ok()) != Some(pid) {
        // It was meant for a program that has started this one.
        return Ok(None);
    }
    let Some(count) = text("LISTEN_FDS") else {
        return Ok(None);
    };
    let Some(count) = count.parse().ok().filter(|count| *count <= MOST) else {
        return Err(format!("LISTEN_FDS={count} is no number from 0 to {MOST}"));
    };
    let names = text("LISTEN_FDNAMES").unwrap_or_default();
    let names = names.split(':').filter(|name| !name.is_empty());
    Ok(Some(Announced {
        count,
        names: names.map(str::to_owned).collect(),
    }))
}

impl Passed {
    /// Takes note of a TCP socket.
    #[cfg(unix)]
    fn add_listener(&mut self, listener: TcpListener, name: &str) -> Result<(), String> {
        if name == CONTROL {
            return Err(format!(
                "the socket named {CONTROL} has to be a Unix socket \
                 (ListenStream=/run/chat-server/ctl)"
            ));
        }
        // By Accept=yes a connection is passed, and no other person could come in.
        #[cfg(target_os = "linux")]
        if rustix::net::sockopt::socket_acceptconn(&listener) == Ok(false) {
            return Err(format!(
                "the socket {name} of systemd does not listen: leave Accept=yes out of the .socket \
                 unit"
            ));
        }
        self.listeners.push(listener);
        Ok(())
    }

    /// Takes note of a Unix stream socket.
    #[cfg(unix)]
    fn add_unix(&mut self, listener: UnixListener, name: &str) {
        if name == CONTROL && self.control.is_none() {
            self.control = Some(listener);
        } else {
            self.notes.push(format!(
                "the Unix socket {name} is not used: only one named {CONTROL} is \
                 (FileDescriptorName={CONTROL})"
            ));
        }
    }
}

/// Takes the sockets that systemd has opened for this process. Only the first call gets them,
/// and no other thread may run yet.
///
/// # Errors
///
/// Which of them is not what the server can use, and what to do.
#[cfg(unix)]
pub fn take() -> Result<Passed, String> {
    let announced = announced(|name| std::env::var_os(name), std::process::id())?;
    let Some(announced) = announced else {
        return Ok(Passed::default());
    };
    // It marks them, so that no child gets them, and removes the variables.
    let mut given = listenfd::ListenFd::from_env();
    let mut passed = Passed::default();
    for index in 0..announced.count {
        let name = announced.name(index);
        if let Ok(Some(listener)) = given.take_tcp_listener(index) {
            passed.add_listener(listener, name)?;
        } else if let Ok(Some(listener)) = given.take_unix_listener(index) {
            passed.add_unix(listener, name);
        } else {
            return Err(format!(
                "socket {} of systemd ({name}) is neither TCP nor a Unix stream socket: give \
                 ListenStream= in the .socket unit",
                index + 1
            ));
        }
    }
    Ok(passed)
}

/// There are none on this system.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn take() -> Result<Passed, String> {
    let _ = announced(|_| None, 0);
    Ok(Passed::default())
}

/// The name of the control socket.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no such socket"))]
const CONTROL: &str = "control";

/// More sockets than any unit has.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Announced>, String> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
        announced(|name| find(name).map(|(_, value)| value.into()), 7)
    }

    #[test]
    fn names_belong_to_sockets_in_their_order() {
        let some = [
            ("LISTEN_PID", "7"),
            ("LISTEN_FDS", "3"),
            ("LISTEN_FDNAMES", "chat:control"),
        ];
        let announced = of(&some).unwrap().unwrap();
        assert_eq!(announced.count, 3);
        let names: Vec<_> = (0..3).map(|index| announced.name(index)).collect();
        assert_eq!(names, ["chat", "control", "unknown"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_is_the_control_socket_if_it_is_called_so() {
        let unix = |name: &str| {
            let folder = tempfile::tempdir().unwrap();
            let mut passed = Passed::default();
            passed.add_unix(UnixListener::bind(folder.path().join("s")).unwrap(), name);
            passed
        };
        let passed = unix("control");
        assert!(passed.control.is_some() && passed.notes.is_empty());
        let passed = unix("chat");
        assert!(passed.control.is_none() && passed.notes.len() == 1);
        let mut passed = Passed::default();
        for (name, is_fine) in [("chat", true), ("unknown", true), ("control", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            assert_eq!(
                passed.add_listener(listener, name).is_ok(),
                is_fine,
                "{name}"
            );
        }
        assert_eq!(passed.listeners.len(), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_is_no_place_to_listen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let peer = std::net::TcpStream::connect(address).unwrap();
        let connection = TcpListener::from(std::os::fd::OwnedFd::from(peer));
        let mut passed = Passed::default();
        let why = passed.add_listener(connection, "connection").unwrap_err();
        assert!(why.contains("Accept=yes"), "{why}");
    }

    #[test]
    fn sockets_of_another_process_are_left_alone() {
        for variables in [
            &[("LISTEN_FDS", "1")][..],
            &[("LISTEN_PID", "8"), ("LISTEN_FDS", "1")],
            &[("LISTEN_PID", ""), ("LISTEN_FDS", "1")],
            &[("LISTEN_PID", "7")],
        ] {
            assert_eq!(of(variables), Ok(None), "{variables:?}");
        }
        for count in ["-1", "x", "", "257", "99999999999999999999"] {
            assert!(
                of(&[("LISTEN_PID", "7"), ("LISTEN_FDS", count)]).is_err(),
                "{count}"
            );
        }
    }
}
