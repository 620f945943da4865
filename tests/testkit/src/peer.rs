//! Raw ends of a connection, encrypted or not: what a test says and hears byte by byte.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, SockRef, Socket, Type};

use crate::carrier::{Carrier, Target, Wire};
use crate::transcript::{End, Transcript};
use crate::{DEADLINE, until_some};

/// One end of a TCP connection, with Nagle's algorithm off.
///
/// It reads only while something is expected of it, so a peer of which
/// nothing is expected is a peer that has stopped reading.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    /// The same socket, for the bytes that go over it.
    wire: Arc<Mutex<Wire<TcpStream>>>,
    transcript: Transcript,
}

impl Peer {
    /// Connects to a server, and shakes hands with one that encrypts.
    #[track_caller]
    pub fn connect(target: impl Into<Target>) -> Self {
        let Target { addr, carrier } = target.into();
        let connected = until_in_time(|| {
            let stream = TcpStream::connect_timeout(&addr, DEADLINE)?;
            Self::new(stream, carrier).shake_hands()
        });
        connected.unwrap_or_else(|err| panic!("cannot connect to {addr}: {err}"))
    }

    /// Connects to a server from another address of this machine.
    #[track_caller]
    pub fn connect_from(from: [u8; 4], target: impl Into<Target>) -> Self {
        let target = target.into();
        let connected = until_in_time(|| Self::begin_from(from, target).shake_hands());
        connected.unwrap_or_else(|err| panic!("cannot connect to {target:?}: {err}"))
    }

    /// The same, and says hello to a server that encrypts, without waiting for its answer.
    #[track_caller]
    pub fn begin_from(from: [u8; 4], target: impl Into<Target>) -> Self {
        let Target { addr, carrier } = target.into();
        let connect = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SocketAddr::from((from, 0)).into())?;
            socket.connect_timeout(&addr.into(), DEADLINE)?;
            Ok::<_, io::Error>(socket.into())
        };
        let peer = match connect() {
            Ok(stream) => Self::new(stream, carrier),
            Err(err) => panic!("cannot connect to {addr} from {from:?}: {err}"),
        };
        if let Err(err) = lock(&peer.wire).flush() {
            panic!("cannot say hello to {addr}: {err}");
        }
        peer
    }

    /// Waits for a client to connect: the test is the server.
    #[track_caller]
    pub fn accept(listener: &TcpListener) -> Self {
        listener.set_nonblocking(true).expect("a socket of ours");
        let accepted = until_some("someone connects", || match listener.accept() {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => None,
            accepted => Some(accepted),
        });
        let (stream, _) = accepted.expect("a listener accepts");
        // Some systems hand the listener's mode down.
        stream.set_nonblocking(false).expect("a socket of ours");
        Self::new(stream, Carrier::Plain)
    }

    #[track_caller]
    fn new(stream: TcpStream, carrier: Carrier) -> Self {
        stream.set_nodelay(true).expect("a TCP socket of ours");
        // A handshake, and a write to a peer that does not read, have a deadline, too.
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&stream, Some(DEADLINE)).expect("a deadline that is not zero");
        }
        let wire = stream.try_clone().expect("descriptors are left");
        let wire = Arc::new(Mutex::new(Wire::new(carrier, wire)));
        let name = match stream.local_addr() {
            Ok(addr) => format!("peer {addr}"),
            Err(_) => "peer".to_owned(),
        };
        Self {
            stream,
            transcript: Transcript::of_socket(name, Arc::clone(&wire)),
            wire,
        }
    }

    /// Shakes hands with a server that encrypts. An error of the kind `InvalidData` may be
    /// a greeting in plain: the hello came too late.
    pub fn shake_hands(self) -> io::Result<Self> {
        lock(&self.wire).shake_hands()?;
        Ok(self)
    }

    #[track_caller]
    pub fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr().expect("a connected socket")
    }

    /// The socket itself, for options.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Replaces [`DEADLINE`] for the waits to come.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.transcript.set_deadline(deadline);
    }

    /// Sends bytes as they are, at once.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        if let Err(err) = self.try_send(bytes) {
            panic!(
                "cannot send: {err}; received so far:\n{}",
                self.transcript.text()
            );
        }
    }

    #[track_caller]
    pub fn send_str(&mut self, text: &str) {
        self.send(text.as_bytes());
    }

    /// Sends to a peer that may have closed or may not read: then the error is of kind
    /// `WouldBlock` or `TimedOut` after [`DEADLINE`], or after the socket's own write
    /// timeout if a test sets one.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        lock(&self.wire).write_all(bytes)
    }

    /// See [`Transcript::expect`].
    #[track_caller]
    pub fn expect(&mut self, needle: &str) -> String {
        self.transcript.expect(needle)
    }

    /// See [`Transcript::expect_line`].
    #[track_caller]
    pub fn expect_line(&mut self) -> String {
        self.transcript.expect_line()
    }

    /// See [`Transcript::expect_line_containing`].
    #[track_caller]
    pub fn expect_line_containing(&mut self, needle: &str) -> String {
        self.transcript.expect_line_containing(needle)
    }

    /// See [`Transcript::expect_not_before`].
    #[track_caller]
    pub fn expect_not_before(&mut self, unwanted: &str, then: &str) -> String {
        self.transcript.expect_not_before(unwanted, then)
    }

    /// See [`Transcript::expect_nothing_for`].
    #[track_caller]
    pub fn expect_nothing_for(&mut self, duration: Duration) {
        self.transcript.expect_nothing_for(duration);
    }

    /// See [`Transcript::expect_eof`].
    #[track_caller]
    pub fn expect_eof(&mut self) -> String {
        self.transcript.expect_eof()
    }

    /// See [`Transcript::expect_end`].
    #[track_caller]
    pub fn expect_end(&mut self) -> End {
        self.transcript.expect_end()
    }

    /// Everything that waiting has read so far, consumed or not.
    pub fn received(&self) -> &[u8] {
        self.transcript.received()
    }

    /// The part of [`Self::received`] that is not consumed.
    pub fn unread(&self) -> &[u8] {
        self.transcript.unread()
    }

    /// Sends the end of file and goes on reading.
    #[track_caller]
    pub fn half_close(&mut self) {
        if let Err(err) = self.stream.shutdown(Shutdown::Write) {
            panic!("cannot close for writing: {err}");
        }
    }

    /// Closes with a reset instead of an end of file.
    #[track_caller]
    pub fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .expect("a TCP socket of ours");
    }
}

/// A client that speaks the JSON form.
#[derive(Debug)]
pub struct JsonPeer {
    /// The connection itself, for what JSON cannot say.
    pub peer: Peer,
    /// The server's answer to the hello.
    pub welcome: Value,
}

impl JsonPeer {
    /// Connects under a name and asserts that the server welcomes it.
    #[track_caller]
    pub fn connect(target: impl Into<Target>, name: &str) -> Self {
        let joined = Self::hello(target, &json!({ "protocol": 1, "name": name }));
        assert!(
            joined.welcome["type"] == "welcome",
            "no welcome for {name:?} but {}",
            joined.welcome
        );
        joined
    }

    /// Connects with any hello; `welcome` is the server's answer.
    #[track_caller]
    pub fn hello(target: impl Into<Target>, hello: &Value) -> Self {
        let mut peer = Peer::connect(target);
        peer.send_str(&format!("/hello {hello}\n"));
        Self::switched(peer)
    }

    /// A connection on which a hello was just sent. The lines before the
    /// first object are of the text form, and skipped.
    #[track_caller]
    pub fn switched(mut peer: Peer) -> Self {
        let first = loop {
            let line = peer.expect_line();
            if line.starts_with('{') {
                break line;
            }
        };
        Self {
            welcome: parse(&first),
            peer,
        }
    }

    /// Sends one object as one line.
    #[track_caller]
    pub fn send_json(&mut self, value: impl Into<Value>) {
        let line = format!("{}\n", value.into());
        self.peer.send_str(&line);
    }

    /// Says something under an id by which the answer can be known.
    #[track_caller]
    pub fn say(&mut self, text: &str, id: impl Into<Value>) {
        self.send_json(json!({ "type":"message", "text": text, "id": id.into() }));
    }

    /// Waits for the next object.
    #[track_caller]
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end, and would lose the caller's line"
    )]
    pub fn next(&mut self) -> Value {
        parse(&self.peer.expect_line())
    }

    /// Skips objects until one is of this type.
    #[track_caller]
    pub fn expect_type(&mut self, ty: &str) -> Value {
        self.skip_until(&format!("an object of type {ty:?}"), |value| {
            value["type"] == ty
        })
    }

    /// Skips objects until one is as wanted.
    #[track_caller]
    pub fn wait_for(&mut self, wanted: impl FnMut(&Value) -> bool) -> Value {
        self.skip_until("the wanted object", wanted)
    }

    /// One deadline for all of it: a server that pings for ever would
    /// otherwise keep a wait alive for ever.
    #[track_caller]
    fn skip_until(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let started = std::time::Instant::now();
        let mut skipped = String::new();
        while started.elapsed() < DEADLINE {
            let value = self.next();
            if wanted(&value) {
                return value;
            }
            skipped.push_str(&format!("{value}\n"));
        }
        panic!("waited for {what} in vain; skipped:\n{skipped}");
    }
}

/// Connects again for as long as the server greets in plain: on a busy machine a hello may
/// come too late for it.
#[track_caller]
fn until_in_time(connect: impl Fn() -> io::Result<Peer>) -> io::Result<Peer> {
    until_some("a hello comes in time", || match connect() {
        Err(err) if err.kind() == io::ErrorKind::InvalidData => None,
        connected => Some(connected),
    })
}

fn lock(wire: &Mutex<Wire<TcpStream>>) -> MutexGuard<'_, Wire<TcpStream>> {
    // A failed wait leaves the wire as it was.
    wire.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn parse(line: &str) -> Value {
    match serde_json::from_str(line) {
        Ok(value) => value,
        Err(err) => panic!("no JSON ({err}): {line:?}"),
    }
}

#[cfg(test)]
mod tests;
