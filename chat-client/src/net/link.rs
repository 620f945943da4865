//! The way to the server: a connection, or the attempts to have one again.
//!
//! Nothing here ever blocks. A connection is made in a thread, because finding
//! the address of a name can take seconds; the person types on meanwhile.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};

use crate::cli::Target;
use crate::net::backoff::{Backoff, asked_to_wait};
use crate::net::connect::connect_aside;
use crate::random::Random;

/// The way to one server.
pub struct Link {
    registry: Registry,
    token: Token,
    /// Woken when an attempt is over.
    waker: Arc<Waker>,
    state: State,
    /// Where to come back to, if at all.
    target: Option<Target>,
    backoff: Backoff,
    random: Random,
}

enum State {
    Connected(Connection),
    /// The next attempt is at this moment.
    Waiting(Instant),
    /// An attempt is on.
    Connecting(Receiver<Result<std::net::TcpStream, String>>),
}

struct Connection {
    socket: TcpStream,
    since: Instant,
    readable: bool,
    writable: bool,
    /// Nothing more is sent.
    closed: bool,
}

/// What there was to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// The end.
    End,
}

/// The connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

impl Link {
    /// A connection whose events come under `token`. Once lost it can be had
    /// again if there is a `target`.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn new(
        socket: std::net::TcpStream,
        target: Option<Target>,
        registry: Registry,
        token: Token,
        waker: Arc<Waker>,
    ) -> io::Result<Self> {
        let connection = Connection::new(socket, &registry, token)?;
        Ok(Self {
            registry,
            token,
            waker,
            state: State::Connected(connection),
            target,
            backoff: Backoff::default(),
            random: Random::new(),
        })
    }

    /// Whether a lost connection can be had again.
    pub fn returns(&self) -> bool {
        self.target.is_some()
    }

    /// Takes note of what the poll says of our token. It may still mean a
    /// connection before this one, which does no harm: a socket that is not
    /// ready says so.
    pub fn notice(&mut self, event: &Event) {
        if let State::Connected(connection) = &mut self.state {
            connection.readable |=
                event.is_readable() || event.is_read_closed() || event.is_error();
            connection.writable |= event.is_writable();
        }
    }

    /// Whether there is a connection, as far as is known.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected(_))
    }

    /// Whether there may be something to read.
    pub fn is_readable(&self) -> bool {
        matches!(&self.state, State::Connected(connection) if connection.readable)
    }

    /// Whether something can be sent.
    pub fn is_writable(&self) -> bool {
        matches!(&self.state, State::Connected(connection) if connection.writable)
    }

    /// Reads once.
    pub fn read(&mut self, buffer: &mut [u8]) -> Received {
        let State::Connected(connection) = &mut self.state else {
            return Received::Nothing;
        };
        while connection.readable {
            match connection.socket.read(buffer) {
                Ok(0) => return Received::End,
                Ok(count) => return Received::Bytes(count),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => connection.readable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => return Received::End,
                },
            }
        }
        Received::Nothing
    }

    /// Sends what can be sent of `output`, and takes it away there.
    ///
    /// # Errors
    ///
    /// When nobody will ever take it.
    pub fn write(&mut self, output: &mut Vec<u8>) -> Result<(), Lost> {
        let State::Connected(connection) = &mut self.state else {
            return Ok(());
        };
        while connection.writable && !output.is_empty() {
            match connection.socket.write(output) {
                Ok(count) => drop(output.drain(..count)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => connection.writable = false,
                    io::ErrorKind::Interrupted => {}
                    _ => {
                        connection.writable = false;
                        connection.readable = true;
                        return Err(Lost);
                    }
                },
            }
        }
        Ok(())
    }

    /// Tells the server that we say no more. Once: each time is an event of the
    /// socket, and the loop would go round and round.
    pub fn close_sending(&mut self) {
        if let State::Connected(connection) = &mut self.state
            && !std::mem::replace(&mut connection.closed, true)
        {
            let _ = connection.socket.shutdown(Shutdown::Write);
        }
    }

    /// Gives up the connection and begins to come back, not before `asked` has
    /// passed.
    pub fn lose(&mut self, asked: Duration, now: Instant) {
        let lived = match &mut self.state {
            State::Connected(connection) => {
                // Not left to the closing: not every system forgets it then.
                let _ = self.registry.deregister(&mut connection.socket);
                now.saturating_duration_since(connection.since)
            }
            _ => Duration::ZERO,
        };
        let wait = self.backoff.wait(lived, self.random.fraction());
        let asked = asked_to_wait(asked, self.random.fraction());
        self.state = State::Waiting(now + wait.max(asked));
    }

    /// Goes on with coming back; whether there is a connection now.
    pub fn come_back(&mut self, now: Instant) -> bool {
        match &self.state {
            State::Waiting(at) if *at <= now => {
                if let Some(target) = self.target.clone() {
                    let attempt = connect_aside(target, Arc::clone(&self.waker));
                    self.state = State::Connecting(attempt);
                }
                false
            }
            State::Connecting(attempt) => {
                let connection = match attempt.try_recv() {
                    Err(TryRecvError::Empty) => return false,
                    Ok(Ok(socket)) => Connection::new(socket, &self.registry, self.token).ok(),
                    Ok(Err(_)) | Err(TryRecvError::Disconnected) => None,
                };
                match connection {
                    Some(connection) => {
                        self.state = State::Connected(connection);
                        true
                    }
                    None => {
                        self.lose(Duration::ZERO, now);
                        false
                    }
                }
            }
            _ => false,
        }
    }

    /// It goes well: the next loss begins with short waits.
    pub fn progress(&mut self) {
        self.backoff.progress();
    }

    /// When [`Link::come_back`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(at) => Some(at),
            _ => None,
        }
    }
}

impl Connection {
    fn new(socket: std::net::TcpStream, registry: &Registry, token: Token) -> io::Result<Self> {
        // A keepalive would do no good here: a line to send finds out sooner.
        let _ = socket.set_nodelay(true);
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            socket,
            since: Instant::now(),
            readable: true,
            writable: true,
            closed: false,
        })
    }
}
