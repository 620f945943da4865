//! One client of a crowd, and its connection.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use chat_testkit::{Ledger, Target, Wire};
use mio::net::TcpStream;
use serde_json::json;
use socket2::SockRef;

/// One client, over all its connections.
pub(super) struct Client {
    pub(super) route: Route,
    pub(super) ledger: Ledger,
    pub(super) room: Option<String>,
    /// What an encrypted server has shown first: its next run shows the same.
    pub(super) certificate: Option<Vec<u8>>,
    /// The newest event that it has.
    pub(super) last: u64,
    pub(super) waiting: VecDeque<Message>,
    pub(super) said: u64,
    /// It reads nothing before this moment.
    pub(super) stopped: Option<Instant>,
    /// It has stopped reading, or lost a connection, since it said what waits.
    pub(super) excused: bool,
    pub(super) state: State,
}

/// How it connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) target: Target,
    /// Whether nothing happens on the way.
    pub(crate) is_good: bool,
}

pub(super) enum State {
    /// It tries again at this moment.
    Away(Instant),
    Connected(Connection),
}

pub(super) struct Connection {
    pub(super) wire: Wire<TcpStream>,
    pub(super) begun: Instant,
    pub(super) partial: Vec<u8>,
    pub(super) out: Vec<u8>,
    pub(super) welcomed: bool,
    pub(super) readable: bool,
    /// When something came, or it began to read again.
    pub(super) heard: Instant,
    /// It has stopped reading once, and takes little at a time since.
    pub(super) is_slow: bool,
}

pub(super) struct Message {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) sent: Option<Instant>,
}

impl Client {
    pub(super) fn is_welcomed(&self) -> bool {
        matches!(&self.state, State::Connected(connection) if connection.welcomed)
    }

    /// Whether it reads nothing, or read nothing before. What a killed server had sent
    /// takes minutes through its small buffer, and the end comes only after that.
    pub(super) fn is_behind(&self) -> bool {
        let is_slow = matches!(&self.state, State::Connected(connection) if connection.is_slow);
        self.stopped.is_some() || is_slow
    }

    pub(super) fn is_settled(&self, newest: u64) -> bool {
        let has_all = self.waiting.is_empty() && self.last == newest;
        has_all && self.is_welcomed() && self.stopped.is_none()
    }
}

impl Connection {
    pub(super) fn send(&mut self, waiting: &mut VecDeque<Message>) -> io::Result<()> {
        if self.welcomed {
            for message in waiting.iter_mut().filter(|message| message.sent.is_none()) {
                message.sent = Some(Instant::now());
                let Message { id, text, .. } = message;
                let object = json!({ "type": "message", "text": text, "id": id });
                self.out.extend(format!("{object}\n").into_bytes());
            }
        }
        while !self.out.is_empty() {
            match self.wire.write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.wire.flush()
    }
}

pub(super) fn connect(target: Target) -> io::Result<Wire<TcpStream>> {
    let Target { addr, carrier } = target;
    let stream = std::net::TcpStream::connect_timeout(&addr, Duration::from_secs(1))?;
    if stream.local_addr()? == addr {
        // Nothing listens there, and the system has connected the socket to itself. The
        // server could not bind the port again while this connection stands.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(Wire::new(carrier, TcpStream::from_std(stream)))
}
