//! Letting operators in.

use std::fs::File;
use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};

use super::file::SocketFile;
use super::user::is_operator;
use crate::clock::Now;
use crate::net::admit::turn_away;
use crate::net::remote::Remote;
use crate::net::wire::Wire;
use crate::ops::errors::{in_words, is_out_of_files};
use crate::ops::logger::{Record, Topic};
use crate::runtime::control::Shared;
use crate::runtime::counted::MAX_OPERATORS;
use crate::runtime::mailbox::Peer;
use chat_proto::text_form::GREETING;

/// The control socket. Its file is removed with it.
#[derive(Debug)]
pub struct ControlSocket {
    socket: UnixListener,
    path: PathBuf,
    /// Its file, unless systemd has made it, and removes it.
    _file: Option<SocketFile>,
    /// A peer may be waiting.
    is_ready: bool,
    /// No accept before this moment: the system had no descriptor.
    retry: Option<Instant>,
    /// A descriptor that is given up for an operator when there is no other one.
    reserve: Option<File>,
}

impl ControlSocket {
    /// Makes a socket there.
    ///
    /// # Errors
    ///
    /// Why there cannot be one, for people.
    pub fn open(path: PathBuf) -> anyhow::Result<Self> {
        let (socket, file) = SocketFile::bind(path)?;
        let path = file.path().to_owned();
        Ok(Self::of(socket.into(), path, Some(file)))
    }

    /// Takes a socket that systemd has opened.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn adopt(socket: StdListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let path = address.as_pathname().map(Path::to_owned);
        Ok(Self::of(socket, path.unwrap_or_default(), None))
    }

    fn of(socket: StdListener, path: PathBuf, file: Option<SocketFile>) -> Self {
        Self {
            socket: UnixListener::from_std(socket),
            path,
            _file: file,
            is_ready: true,
            retry: None,
            reserve: reserve(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Has the poll tell of peers under this token.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// The poll has told of a peer.
    pub(crate) fn note(&mut self) {
        self.is_ready = true;
    }

    /// Whether a peer may be waiting.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// When to try again, if there was no descriptor.
    pub(crate) fn retry(&self) -> Option<Instant> {
        self.retry
    }

    /// A descriptor may have become free.
    pub(crate) fn may_retry(&mut self) {
        self.is_ready |= self.retry.take().is_some();
    }

    /// Lets the operators in that wait.
    pub(crate) fn accept(&mut self, shared: &Shared, now: Now, take: &mut dyn FnMut(Peer)) {
        if self.retry.is_some_and(|at| at <= now.instant) {
            self.may_retry();
        }
        // Others have their turn, too, if one comes again and again.
        for _ in 0..MAX_OPERATORS {
            if !self.is_ready {
                return;
            }
            match self.accept_one() {
                Ok(socket) => match admit(&socket, shared) {
                    Ok(()) => take(Peer {
                        transport: Wire::Control(socket),
                        remote: Remote::Control,
                        refusal: None,
                    }),
                    Err(why) => {
                        let record = Record::new("refused at the control socket");
                        let record = record.with("reason", &why);
                        shared.logger.tell(Topic::Control, now, record);
                        turn_away(Wire::Control(socket), &format!("{}{why}", version()));
                    }
                },
                Err(error) => self.failed(&error, shared, now),
            }
            self.reserve = self.reserve.take().or_else(reserve);
        }
    }

    fn accept_one(&mut self) -> io::Result<UnixStream> {
        let accepted = match self.socket.accept() {
            Err(error) if is_out_of_files(&error) && self.reserve.take().is_some() => {
                self.socket.accept()
            }
            accepted => accepted,
        };
        accepted.map(|(socket, _)| socket)
    }

    fn failed(&mut self, error: &io::Error, shared: &Shared, now: Now) {
        match error.kind() {
            io::ErrorKind::WouldBlock => self.is_ready = false,
            // It concerns the one peer that is gone already.
            io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
            _ => {
                self.is_ready = false;
                self.retry = Some(now.instant + PAUSE);
                shared.wait_for_space();
                let record = Record::new("cannot accept at the control socket");
                let record = record.with("why", in_words(error));
                shared.logger.tell(Topic::Control, now, record);
            }
        }
    }
}

/// Why the peer is not let in, if it is not. Otherwise it counts.
fn admit(socket: &UnixStream, shared: &Shared) -> Result<(), String> {
    match is_operator(socket) {
        Ok(true) => {}
        Ok(false) => return Err("only the user who runs the server may come in here".to_owned()),
        Err(error) => return Err(format!("who you are is not known: {}", in_words(&error))),
    }
    let arrived = shared.operators.arrive();
    arrived.map_err(|_| format!("there are {MAX_OPERATORS} connections here already"))
}

/// The words that a program looks for, without the `-- ` of a notice.
fn version() -> String {
    format!("{} ", &GREETING["-- ".len()..])
}

/// Any descriptor will do.
fn reserve() -> Option<File> {
    File::open("/dev/null").ok()
}

/// How long nothing is accepted when there is no descriptor.
const PAUSE: Duration = Duration::from_secs(1);
